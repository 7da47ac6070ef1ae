"""The facade: start jobs, come back to jobs, and the bare Get operations."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from rekvid.backends.base import Backend
from rekvid.clock import Clock, SystemClock
from rekvid.errors import ValidationError
from rekvid.job import LabelDetectionJob, SegmentDetectionJob
from rekvid.models import (
    BlackFrame,
    LabelDetectionAggregateBy,
    LabelDetectionFeatureName,
    LabelDetectionPage,
    LabelDetectionSortBy,
    NotificationChannel,
    SegmentDetectionPage,
    SegmentType,
)
from rekvid.operations import (
    GetLabelDetectionRequest,
    GetSegmentDetectionRequest,
    StartLabelDetectionRequest,
    StartSegmentDetectionRequest,
    VideoSource,
)


class Client:
    """Rekognition Video, on AWS or on this machine. May be shared between threads.

    Args:
        backend: ``"aws"`` (credentials and region as boto3 finds them), ``"local"`` (this machine's CPU), or a backend.
        notification_channel: The channel of every start that is given none, and of the jobs that are come back to.
        clock: What tells the time while waiting.
        new_token: Makes the ``client_request_token`` of a start that was given none.

    Raises:
        ConfigurationError: The backend lacks a setting, such as a region.
        MissingExtraError: The backend needs packages that are not installed.
        ValidationError: There is no backend of that name.
    """

    def __init__(
        self,
        backend: Backend | Literal["aws", "local"] = "aws",
        *,
        notification_channel: NotificationChannel | None = None,
        clock: Clock | None = None,
        new_token: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self._backend = _backend_of(backend)
        self._channel = notification_channel
        self._clock = clock or SystemClock()
        self._new_token = new_token

    @property
    def backend(self) -> Backend:
        """What does the work."""
        return self._backend

    def start_label_detection(
        self,
        video: VideoSource,
        *,
        min_confidence: float | None = None,
        include_labels: Sequence[str] = (),
        exclude_labels: Sequence[str] = (),
        include_categories: Sequence[str] = (),
        exclude_categories: Sequence[str] = (),
        features: Sequence[LabelDetectionFeatureName | str] = (),
        client_request_token: str | None = None,
        notification_channel: NotificationChannel | None = None,
        job_tag: str | None = None,
    ) -> LabelDetectionJob:
        """Start to detect labels (API reference, StartLabelDetection).

        Args:
            video: ``s3://bucket/key?versionId=...``, an `S3Object`, a `Video`, or the path of a file.
            min_confidence: 0-100; the service takes 50 when absent. Labels below it are left out.
            include_labels: Only these labels; at most 100 of at most 50 characters.
            exclude_labels: Not these labels; likewise.
            include_categories: Only labels of these categories; likewise.
            exclude_categories: No labels of these categories; likewise.
            features: What to detect; GENERAL_LABELS when absent.
            client_request_token: 1-64 letters, digits, ``-`` and ``_``; a fresh one is made when absent, so a retry
                inside this call can't begin a second job.
            notification_channel: Where the service publishes that the job has ended; the client's when absent.
            job_tag: 1-1024 characters that come back with the notification.

        Raises:
            ValidationError: A parameter breaks its rule. Nothing was sent.
            ModelUnavailableError: The local backend has no detector for labels.
            ServiceError: The backend refuses.
        """
        request = StartLabelDetectionRequest(
            video=video,  # type: ignore[arg-type]  # the request turns every VideoSource into a Video or a Path
            min_confidence=min_confidence,
            include_labels=include_labels,  # type: ignore[arg-type]  # made a tuple; a string is refused
            exclude_labels=exclude_labels,  # type: ignore[arg-type]  # likewise
            include_categories=include_categories,  # type: ignore[arg-type]  # likewise
            exclude_categories=exclude_categories,  # type: ignore[arg-type]  # likewise
            features=features,  # type: ignore[arg-type]  # likewise
            client_request_token=self._new_token() if client_request_token is None else client_request_token,
            notification_channel=notification_channel or self._channel,
            job_tag=job_tag,
        )
        file = request.video.absolute() if isinstance(request.video, Path) else None  # the folder may change later
        job_id = self._backend.start(request)
        channel = request.notification_channel
        return LabelDetectionJob(self._backend, job_id, clock=self._clock, channel=channel, video_file=file)

    def get_label_detection(
        self,
        job_id: str,
        *,
        next_token: str | None = None,
        max_results: int | None = None,
        sort_by: LabelDetectionSortBy | str | None = None,
        aggregate_by: LabelDetectionAggregateBy | str | None = None,
    ) -> LabelDetectionPage:
        """One page of labels, as the service gives it (API reference, GetLabelDetection).

        Args:
            job_id: The job.
            next_token: Token of the page; None for the first.
            max_results: Labels on the page, at least 1; over 1000, the default, counts as 1000.
            sort_by: TIMESTAMP, the default, or NAME.
            aggregate_by: TIMESTAMPS, the default, or SEGMENTS.

        Raises:
            ValidationError: A parameter breaks its rule. Nothing was sent.
            ServiceError: The backend refuses.
        """
        request = GetLabelDetectionRequest(
            job_id=job_id, next_token=next_token, max_results=max_results, sort_by=sort_by, aggregate_by=aggregate_by
        )
        return self._backend.get(request)

    def label_detection_job(self, job_id: str) -> LabelDetectionJob:
        """The handle of a label detection job that was started before. Nothing is sent.

        Raises:
            ValidationError: `job_id` is not 1-64 letters, digits, ``-`` and ``_``.
        """
        return LabelDetectionJob(self._backend, job_id, clock=self._clock, channel=self._channel)

    def start_segment_detection(
        self,
        video: VideoSource,
        *,
        segment_types: Sequence[SegmentType | str],
        min_shot_confidence: float | None = None,
        min_technical_cue_confidence: float | None = None,
        black_frame: BlackFrame | None = None,
        client_request_token: str | None = None,
        notification_channel: NotificationChannel | None = None,
        job_tag: str | None = None,
    ) -> SegmentDetectionJob:
        """Start to detect shots and technical cues (API reference, StartSegmentDetection).

        Args:
            video: ``s3://bucket/key?versionId=...``, an `S3Object`, a `Video`, or the path of a file.
            segment_types: SHOT, TECHNICAL_CUE or both. The service bills each.
            min_shot_confidence: 50-100, default 50. Shots below it are left out.
            min_technical_cue_confidence: 50-100, default 50. Cues below it are left out.
            black_frame: What counts as a black frame.
            client_request_token: 1-64 letters, digits, ``-`` and ``_``; a fresh one is made when absent, so a retry
                inside this call can't begin a second job.
            notification_channel: Where the service publishes that the job has ended; the client's when absent.
            job_tag: 1-1024 characters that come back with the notification.

        Raises:
            ValidationError: A parameter breaks its rule. Nothing was sent.
            ServiceError: The backend refuses.
        """
        request = StartSegmentDetectionRequest(
            video=video,  # type: ignore[arg-type]  # the request turns every VideoSource into a Video or a Path
            segment_types=segment_types,  # type: ignore[arg-type]  # made a tuple; a string is refused
            min_shot_confidence=min_shot_confidence,
            min_technical_cue_confidence=min_technical_cue_confidence,
            black_frame=black_frame,
            client_request_token=self._new_token() if client_request_token is None else client_request_token,
            notification_channel=notification_channel or self._channel,
            job_tag=job_tag,
        )
        job_id = self._backend.start(request)
        return SegmentDetectionJob(self._backend, job_id, clock=self._clock, channel=request.notification_channel)

    def get_segment_detection(
        self, job_id: str, *, next_token: str | None = None, max_results: int | None = None
    ) -> SegmentDetectionPage:
        """One page of segments, as the service gives it (API reference, GetSegmentDetection).

        Args:
            job_id: The job.
            next_token: Token of the page; None for the first.
            max_results: Segments on the page, at least 1; over 1000, the default, counts as 1000.

        Raises:
            ValidationError: A parameter breaks its rule. Nothing was sent.
            ServiceError: The backend refuses.
        """
        request = GetSegmentDetectionRequest(job_id=job_id, next_token=next_token, max_results=max_results)
        return self._backend.get(request)

    def segment_detection_job(self, job_id: str) -> SegmentDetectionJob:
        """The handle of a segment detection job that was started before. Nothing is sent.

        Raises:
            ValidationError: `job_id` is not 1-64 letters, digits, ``-`` and ``_``.
        """
        return SegmentDetectionJob(self._backend, job_id, clock=self._clock, channel=self._channel)

    def close(self) -> None:
        """Free what the backend holds; on the local backend, jobs that still run are ended."""
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _repr_html_(self) -> str:
        """What a notebook shows: what does the work."""
        from rekvid.models._html import members_table

        return members_table(type(self).__name__, [("backend", type(self._backend).__name__)])

    def __repr__(self) -> str:
        return f"Client({self._backend!r})"


def _backend_of(backend: Backend | str) -> Backend:
    if isinstance(backend, type) or not (isinstance(backend, str) or hasattr(backend, "start")):
        rule = "must be 'aws', 'local' or a backend, such as rekvid.AwsBackend(client=...) for a client of boto3"
        raise ValidationError("backend", backend, rule)
    if not isinstance(backend, str):
        return backend
    if backend == "aws":
        from rekvid.backends.aws import AwsBackend

        return AwsBackend()
    if backend == "local":
        from rekvid.backends.local import LocalBackend

        return LocalBackend()
    raise ValidationError("backend", backend, "must be 'aws', 'local' or a backend")
