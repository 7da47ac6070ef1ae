"""A backend that does as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from rekvid.backends.base import Signal
from rekvid.backends.local.store import Store
from rekvid.errors import RekvidError, ValidationError
from rekvid.models import JobPage, NotificationChannel
from rekvid.operations import OPERATIONS, GetRequest, Operation, PageT, Request, StartRequest, operation_of_get
from rekvid.testing.clock import ManualClock


@dataclass(slots=True)
class _Script:
    """What becomes of one job."""

    page: JobPage | None
    failed: str | None
    in_progress: int  # how many Gets are still answered with IN_PROGRESS


@dataclass(slots=True)
class _Fault:
    """An error for one call to come."""

    error: RekvidError
    on: Literal["start", "get"]
    calls_before: int


class FakeBackend:
    """Scripted states, pages and faults, with the service's rules for tokens, pages and lifetimes.

    ::

        backend = FakeBackend()
        backend.will_return(SegmentDetectionPage(segments=shots), in_progress=2)
        backend.will_raise(ThrottlingError("Rate exceeded", operation="GetSegmentDetection"), on="get", at=3)
        client = rekvid.Client(backend, clock=backend.clock)

    Jobs take the scripts in the order in which these were given; a job for which none is left has no items.

    Args:
        clock: What tells the time; one that only tests move when absent.

    Attributes:
        clock: The clock. Give it to the client too, so that waiting takes no time.
        requests: Every request so far, those that raised included.
    """

    def __init__(self, *, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.requests: list[Request] = []
        self._store = Store(None, clock=self.clock, owner="fake")
        self._scripts: list[_Script] = []
        self._running: dict[str, _Script] = {}
        self._faults: list[_Fault] = []
        self._listeners: list[Callable[[str], None]] = []
        self._lock = threading.RLock()

    def will_return(self, page: JobPage, *, in_progress: int = 0) -> None:
        """Let the next job succeed with the items and metadata of `page`.

        Args:
            page: All items on one page; they are given out page by page as they are asked for. A job that detects
                something else fails, and says so.
            in_progress: How many Gets are answered with IN_PROGRESS first.
        """
        self._scripts.append(_Script(page, None, in_progress))

    def will_fail(self, status_message: str, *, in_progress: int = 0) -> None:
        """Let the next job fail, after `in_progress` Gets that are answered with IN_PROGRESS."""
        self._scripts.append(_Script(None, status_message, in_progress))

    def will_raise(self, error: RekvidError, *, on: Literal["start", "get"], at: int = 1) -> None:
        """Let a call to come raise `error`: the `at`-th `on` from now, counted from 1. Later calls go on as before."""
        if at < 1:
            raise ValidationError("at", at, "calls are counted from 1")
        self._faults.append(_Fault(error, on, at - 1))

    def start(self, request: StartRequest) -> str:
        """See `Backend.start`."""
        with self._lock:
            self._count(request, "start")
            job_id, is_new = self._store.create(request)
            if is_new:
                self._running[job_id] = self._scripts.pop(0) if self._scripts else _Script(None, None, 0)
            has_ended = is_new and self._end_if_due(job_id, _operation_of_start(request))
        if has_ended:
            self._tell(job_id)
        return job_id

    def get(self, request: GetRequest[PageT]) -> PageT:
        """See `Backend.get`."""
        with self._lock:
            self._count(request, "get")
            script = self._running.get(request.job_id)
            page = self._store.get(request)
            has_ended = False
            if script is not None:
                script.in_progress -= 1
                has_ended = self._end_if_due(request.job_id, operation_of_get(request))
        if has_ended:
            self._tell(request.job_id)
        return page

    def on_end(self, tell: Callable[[str], None]) -> None:
        """See `rekvid.backends.base.Announcer.on_end`.

        A job ends with the Get that is the last to be answered with IN_PROGRESS, or with its start where none is.
        """
        with self._lock:
            self._listeners.append(tell)

    def look(self, request: GetRequest[PageT]) -> PageT:
        """The page that `get` would give, without any part in the script."""
        with self._lock:
            return self._store.get(request)

    def signal(self, channel: NotificationChannel | None = None) -> Signal | None:
        """None: a fake is asked, as AWS is."""
        return None

    def close(self) -> None:
        """Forget all jobs."""
        self._store.close()

    def _count(self, request: Request, on: Literal["start", "get"]) -> None:
        self.requests.append(request)
        due = None
        for fault in [each for each in self._faults if each.on == on]:
            if fault.calls_before == 0 and due is None:
                due = fault
            elif fault.calls_before > 0:
                fault.calls_before -= 1
        if due is not None:
            self._faults.remove(due)
            raise due.error

    def _end_if_due(self, job_id: str, operation: Operation[Any, Any]) -> bool:
        """Let the job end if no more Gets are to be answered with IN_PROGRESS; whether it has."""
        if self._running[job_id].in_progress > 0:
            return False
        script = self._running.pop(job_id)
        if script.failed is not None:
            self._store.fail(job_id, script.failed)
            return True
        page = script.page or operation.page()
        if not isinstance(page, operation.page):
            told = f"the fake was told to return a {type(page).__name__}, and this job is a {operation.name}"
            self._store.fail(job_id, told)
            return True
        head = replace(operation.head_of(page), job_status=None, next_token=None)
        self._store.succeed(job_id, head.to_aws(), [item.to_aws() for item in operation.items_of(page)])
        return True

    def _tell(self, job_id: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for tell in listeners:  # not under the lock: they may ask for the job
            tell(job_id)


def _operation_of_start(request: StartRequest) -> Operation[Any, Any]:
    return next(operation for operation in OPERATIONS if operation.start is type(request))
