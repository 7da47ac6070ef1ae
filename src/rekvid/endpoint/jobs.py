"""The jobs that the endpoint has started: how many are open, when each ends, and who is told of it."""

from __future__ import annotations

import logging
import threading

from rekvid.backends.base import Announcer, Backend
from rekvid.clock import Clock
from rekvid.endpoint.journal import Entry, Journal
from rekvid.endpoint.notices import Notices, message_of
from rekvid.errors import LimitExceededError, RekvidError, ServiceError
from rekvid.models import VideoJobStatus
from rekvid.operations import OPERATIONS, StartRequest

_log = logging.getLogger("rekvid.endpoint")


class Jobs:
    """Starts jobs within their limit, and announces their ends.

    Over a backend that doesn't tell when its jobs end (it is no `Announcer`), both are that backend's own matter.

    Args:
        backend: What does the work.
        journal: Where jobs are noted. What was open or due in it from before is taken up.
        most_open: How many jobs may be open at once.
        notices: What sends messages; None sends none.
        clock: What tells the time.
    """

    def __init__(
        self, backend: Backend, journal: Journal, *, most_open: int, notices: Notices | None, clock: Clock
    ) -> None:
        self._backend = backend
        self._announcer = backend if isinstance(backend, Announcer) else None
        self._journal = journal
        self._most_open = most_open
        self._notices = notices
        self._clock = clock
        self._changed = threading.Condition()
        self._starting = 0
        self._open: set[str] = set()
        self._draining = False
        self._closed = False
        if self._announcer is not None:
            self._open = {entry.job_id for entry in journal.open_jobs()}
            self._announcer.on_end(self._settle)
            for entry in journal.open_jobs():
                self._settle_if_ended(entry)
            for entry in journal.unsent():
                self._send(entry, entry.notice)

    def start(self, request: StartRequest) -> str:
        """Start a job and give its id.

        Raises:
            LimitExceededError: Too many jobs are open.
            ServiceError: The backend refuses, or the endpoint is about to end.
        """
        if self._draining:
            message = "The endpoint is shutting down: start the job again when it is back"
            raise ServiceError.of("ThrottlingException", message, operation=request.operation_name())
        if self._announcer is None or self._journal.knows_token(request):
            return self._backend.start(request)
        self._reserve(request)
        try:
            job_id = self._backend.start(request)
            is_new = self._journal.add(job_id, request)
            with self._changed:
                if is_new:
                    self._open.add(job_id)
        finally:
            with self._changed:
                self._starting -= 1
        entry = self._journal.find(job_id) if is_new else None
        if entry is not None:  # it may have ended before it was noted
            self._settle_if_ended(entry)
        return job_id

    def drain(self, timeout: float) -> bool:
        """Start no more jobs, and wait up to `timeout` seconds for the open ones; whether all have ended."""
        self._draining = True
        with self._changed:
            return self._changed.wait_for(lambda: not self._open and not self._starting, timeout)

    def close(self) -> None:
        """Take note of no more ends: the journal is about to be closed."""
        self._closed = True

    def open_count(self) -> int:
        """How many jobs are open."""
        with self._changed:
            return len(self._open)

    def _reserve(self, request: StartRequest) -> None:
        with self._changed:
            count = len(self._open) + self._starting
            if count >= self._most_open:
                message = f"{count + 1} open Jobs. Maximum limit: {self._most_open}"
                raise LimitExceededError(message, operation=request.operation_name())
            self._starting += 1

    def _settle_if_ended(self, entry: Entry) -> None:
        if self._status(entry) is not VideoJobStatus.IN_PROGRESS:
            self._settle(entry.job_id)

    def _settle(self, job_id: str) -> None:
        """Note the end of a job, and have it announced, once. Called from the backend's threads, so it never raises."""
        if self._closed:  # the next endpoint on this journal will find that the job has ended
            return
        try:
            entry = self._journal.find(job_id)
            if entry is None:
                return
            notice = self._message(entry) if self._notices is not None and entry.topic_arn is not None else None
            if self._journal.end(job_id, notice):
                self._send(entry, notice)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("the end of job %s could not be noted", job_id, extra={"job_id": job_id})
        finally:
            with self._changed:
                self._open.discard(job_id)
                self._changed.notify_all()

    def _message(self, entry: Entry) -> str:
        return message_of(
            job_id=entry.job_id,
            status=self._status(entry),
            operation=entry.operation,
            job_tag=entry.job_tag,
            timestamp=self._clock.time(),
            video=entry.video,
        )

    def _send(self, entry: Entry, notice: str | None) -> None:
        if self._notices is not None and entry.topic_arn is not None and notice is not None:
            self._notices.send(entry.topic_arn, notice, lambda: self._journal.sent(entry.job_id))

    def _status(self, entry: Entry) -> VideoJobStatus:
        assert self._announcer is not None
        get = next(each.get for each in OPERATIONS if each.start.operation_name() == entry.operation)
        try:
            page = self._announcer.look(get(job_id=entry.job_id, max_results=1))
        except RekvidError as error:  # its results are gone
            _log.warning("job %s can't be found any more: %s", entry.job_id, error, extra={"job_id": entry.job_id})
            return VideoJobStatus.FAILED
        return VideoJobStatus(page.job_status or VideoJobStatus.FAILED)
