"""The handle of a job: its state, the wait for its end, and its results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, Self

from rekvid.backends.base import Backend
from rekvid.clock import Clock
from rekvid.errors import JobFailedError, ValidationError
from rekvid.models import (
    JobPage,
    JobProgress,
    LabelDetection,
    LabelDetectionAggregateBy,
    LabelDetectionPage,
    LabelDetectionSortBy,
    NotificationChannel,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    VideoJobStatus,
)
from rekvid.operations import (
    LABEL_DETECTION,
    SEGMENT_DETECTION,
    GetLabelDetectionRequest,
    GetRequest,
    GetSegmentDetectionRequest,
    ItemT,
    Operation,
    PageT,
)
from rekvid.paging import Paginated
from rekvid.results import LabelDetectionResult, SegmentDetectionResult
from rekvid.waiting import Wait

OnProgress = Callable[[JobProgress], object]


class Job(Generic[PageT, ItemT]):
    """A job that was started, by whomever. Handles are cheap: any number may look at one job, in any process.

    Args:
        backend: Where the job runs.
        operation: What it detects.
        job_id: Its id.
        clock: What tells the time while waiting.
        channel: What the job notifies, to wait by; None where it isn't known.
    """

    def __init__(
        self,
        backend: Backend,
        operation: Operation[PageT, ItemT],
        job_id: str,
        *,
        clock: Clock,
        channel: NotificationChannel | None = None,
    ) -> None:
        self._backend = backend
        self._operation = operation
        self._id = operation.get(job_id=job_id).job_id  # checked like any parameter
        self._clock = clock
        self._channel = channel
        self._ended: PageT | None = None

    @property
    def id(self) -> str:
        """The id: keep it to come back to the job from another process within 7 days."""
        return self._id

    def status(self) -> VideoJobStatus | str:
        """The state of the job. A job that has ended is not asked again.

        Raises:
            ResourceNotFoundError: There is no such job, or it is older than 7 days.
            ServiceError: The backend refuses.
        """
        if self._ended is not None:
            return _status(self._ended)
        page = self._backend.get(self._operation.get(job_id=self._id, max_results=1))
        self._note(page)
        return _status(page)

    def done(self) -> bool:
        """Whether the job has ended, well or badly. See `status` for what this raises."""
        return self.status() != VideoJobStatus.IN_PROGRESS

    def wait(
        self, timeout: float | None = None, *, on_progress: OnProgress | None = None, progress: bool = False
    ) -> Self:
        """Wait for the end of the job.

        The backend's signal wakes the wait where there is one, with a poll every 60 s beneath it, so that a lost
        signal costs time and no more. Elsewhere the poll begins at 1 s and grows to 15 s. Ctrl-C ends the wait and
        leaves the job as it is.

        Args:
            timeout: Seconds, 0 or more; None waits as long as it takes.
            on_progress: Called with a `JobProgress` at the start, at the end and about four times a second between.
            progress: Show a bar of tqdm, in a terminal or a notebook.

        Returns:
            The job itself.

        Raises:
            JobFailedError: The job ended as FAILED.
            WaitTimeoutError: It had not ended in time; it goes on.
            ServiceError: The backend refuses. One that may pass is waited out, up to ten in a row.
            TransportError: No answer came, ten times in a row.
            ValidationError: `timeout` is not a number of seconds.
            MissingExtraError: `progress` needs the extra ``notebook``, which is not installed.
        """
        if progress:
            from rekvid.progress import ProgressBar

            with ProgressBar(f"job {self._id[:8]}") as bar:
                return self.wait(timeout, on_progress=bar.following(on_progress))
        if timeout is not None and (isinstance(timeout, bool | str) or not timeout >= 0):
            raise ValidationError("timeout", timeout, "a time limit is a number of seconds, 0 or more, or None")
        begun = self._clock.monotonic()
        signal = self._backend.signal(self._channel)

        def report() -> None:
            if on_progress is not None:
                status = VideoJobStatus.IN_PROGRESS if self._ended is None else _status(self._ended)
                running = None if signal is None else signal.progress(self._id)
                fraction = 1.0 if status == VideoJobStatus.SUCCEEDED else running
                elapsed = self._clock.monotonic() - begun
                on_progress(JobProgress(job_id=self._id, status=status, elapsed=elapsed, fraction=fraction))

        report()
        follow = report if on_progress else None
        Wait(self._id, self.done, signal=signal, clock=self._clock, timeout=timeout, report=follow).run()
        report()
        assert self._ended is not None
        self._raise_if_failed(self._ended)
        return self

    def _paginated(
        self, request: GetRequest[PageT], items_of: Callable[[PageT], tuple[ItemT, ...]], what: str
    ) -> Paginated[PageT, ItemT]:
        def get(token: str | None) -> PageT:
            asked = request.with_token(token)
            page = self._backend.get(asked)
            if _status(page) == VideoJobStatus.IN_PROGRESS:
                self.wait()
                page = self._backend.get(asked)
            self._note(page)
            self._raise_if_failed(page)
            return page

        return Paginated(get, items_of, what=f"{what} of job {self._id}", next_token=request.next_token)

    def _note(self, page: PageT) -> None:
        """Remember the end, in a page without items, so that a handle stays small."""
        if _status(page) != VideoJobStatus.IN_PROGRESS and self._ended is None:
            self._ended = self._operation.page(
                job_status=page.job_status, status_message=page.status_message, job_id=self._id
            )

    def _raise_if_failed(self, page: PageT) -> None:
        if _status(page) == VideoJobStatus.FAILED:
            raise JobFailedError(self._id, page.status_message)

    def _repr_html_(self) -> str:
        """What a notebook shows: the id and the state, as far as it is known. Nothing is asked for it."""
        from rekvid.models._html import members_table

        if self._ended is None:
            state = "not known to have ended; status() asks"
        else:
            state = ": ".join(filter(None, (str(_status(self._ended)), self._ended.status_message)))
        return members_table(type(self).__name__, [("id", self._id), ("status", state)])

    def __repr__(self) -> str:
        state = "not known to have ended" if self._ended is None else _status(self._ended)
        return f"<{type(self).__name__} {self._id}: {state}>"


class LabelDetectionJob(Job[LabelDetectionPage, LabelDetection]):
    """A label detection job.

    Args:
        backend: Where the job runs.
        job_id: Its id.
        clock: What tells the time while waiting.
        channel: What the job notifies, to wait by; None where it isn't known.
        video_file: The file that it looks at, for pictures of its results; None where it isn't known.
    """

    def __init__(
        self,
        backend: Backend,
        job_id: str,
        *,
        clock: Clock,
        channel: NotificationChannel | None = None,
        video_file: Path | None = None,
    ) -> None:
        super().__init__(backend, LABEL_DETECTION, job_id, clock=clock, channel=channel)
        self._video_file = video_file

    def labels(
        self,
        *,
        sort_by: LabelDetectionSortBy | str | None = None,
        aggregate_by: LabelDetectionAggregateBy | str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Paginated[LabelDetectionPage, LabelDetection]:
        """The labels; iterating waits for the end of the job, then fetches page by page.

        Args:
            sort_by: TIMESTAMP, the default, or NAME.
            aggregate_by: TIMESTAMPS, the default, or SEGMENTS.
            max_results: Labels a page, 1-1000; 1000 when absent.
            next_token: Where to begin: the ``next_token`` of an error or of a page.

        Raises:
            ValidationError: A parameter breaks its rule. Iterating raises as `wait` does.
        """
        request = GetLabelDetectionRequest(
            job_id=self.id, max_results=max_results, next_token=next_token, sort_by=sort_by, aggregate_by=aggregate_by
        )
        return self._paginated(request, LABEL_DETECTION.items_of, "labels")

    def result(
        self,
        timeout: float | None = None,
        *,
        sort_by: LabelDetectionSortBy | str | None = None,
        aggregate_by: LabelDetectionAggregateBy | str | None = None,
        on_progress: OnProgress | None = None,
        progress: bool = False,
    ) -> LabelDetectionResult:
        """Wait as `wait` does, and read all pages.

        Raises:
            JobFailedError: The job ended as FAILED.
            WaitTimeoutError: It had not ended in time; it goes on.
            ServiceError: The backend refuses.
            MissingExtraError: `progress` needs the extra ``notebook``, which is not installed.
        """
        self.wait(timeout, on_progress=on_progress, progress=progress)
        pages = self.labels(sort_by=sort_by, aggregate_by=aggregate_by).pages()
        return LabelDetectionResult.of(self.id, pages, video_file=self._video_file)


class SegmentDetectionJob(Job[SegmentDetectionPage, SegmentDetection]):
    """A segment detection job."""

    def __init__(
        self, backend: Backend, job_id: str, *, clock: Clock, channel: NotificationChannel | None = None
    ) -> None:
        super().__init__(backend, SEGMENT_DETECTION, job_id, clock=clock, channel=channel)

    def segments(
        self, *, max_results: int | None = None, next_token: str | None = None
    ) -> Paginated[SegmentDetectionPage, SegmentDetection]:
        """Shots and technical cues; iterating waits for the end of the job, then fetches page by page.

        Args:
            max_results: Segments a page, 1-1000; 1000 when absent.
            next_token: Where to begin: the ``next_token`` of an error or of a page.

        Raises:
            ValidationError: A parameter breaks its rule. Iterating raises as `wait` does.
        """
        return self._of_type(None, "segments", max_results, next_token)

    def shots(
        self, *, max_results: int | None = None, next_token: str | None = None
    ) -> Paginated[SegmentDetectionPage, SegmentDetection]:
        """The segments that are shots; see `segments`. Their pages are those of all segments."""
        return self._of_type(SegmentType.SHOT, "shots", max_results, next_token)

    def technical_cues(
        self, *, max_results: int | None = None, next_token: str | None = None
    ) -> Paginated[SegmentDetectionPage, SegmentDetection]:
        """The segments that are technical cues; see `segments`. Their pages are those of all segments."""
        return self._of_type(SegmentType.TECHNICAL_CUE, "technical cues", max_results, next_token)

    def result(
        self, timeout: float | None = None, *, on_progress: OnProgress | None = None, progress: bool = False
    ) -> SegmentDetectionResult:
        """Wait as `wait` does, and read all pages.

        Raises:
            JobFailedError: The job ended as FAILED.
            WaitTimeoutError: It had not ended in time; it goes on.
            ServiceError: The backend refuses.
            MissingExtraError: `progress` needs the extra ``notebook``, which is not installed.
        """
        self.wait(timeout, on_progress=on_progress, progress=progress)
        return SegmentDetectionResult.of(self.id, self.segments().pages())

    def _of_type(
        self, type_: SegmentType | None, what: str, max_results: int | None, next_token: str | None
    ) -> Paginated[SegmentDetectionPage, SegmentDetection]:
        def items_of(page: SegmentDetectionPage) -> tuple[SegmentDetection, ...]:
            return tuple(segment for segment in page.segments if type_ is None or segment.type == type_)

        request = GetSegmentDetectionRequest(job_id=self.id, max_results=max_results, next_token=next_token)
        return self._paginated(request, items_of, what)


def _status(page: JobPage) -> VideoJobStatus | str:
    # The oldest pages lack the state; they were only given for jobs that had ended.
    return page.job_status or VideoJobStatus.SUCCEEDED
