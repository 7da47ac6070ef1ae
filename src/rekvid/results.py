"""A finished job's results as one value."""

from __future__ import annotations

from collections.abc import Iterable

from rekvid.models import (
    AudioMetadata,
    GetLabelDetectionRequestMetadata,
    LabelDetection,
    LabelDetectionPage,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    SegmentTypeInfo,
    Video,
    VideoMetadata,
)
from rekvid.models._shape import Value, value


@value
class LabelDetectionResult(Value):
    """All labels of a job.

    Attributes:
        job_id: The job.
        labels: The labels, in the order asked for.
        video_metadata: The video stream.
        label_model_version: Version of the model.
        video: The video in S3; None for a file on this machine.
        job_tag: The tag given at the start.
        get_request_metadata: The order and grouping asked for.
    """

    job_id: str
    labels: tuple[LabelDetection, ...]
    video_metadata: VideoMetadata | None = None
    label_model_version: str | None = None
    video: Video | None = None
    job_tag: str | None = None
    get_request_metadata: GetLabelDetectionRequestMetadata | None = None

    @classmethod
    def of(cls, job_id: str, pages: Iterable[LabelDetectionPage]) -> LabelDetectionResult:
        """Gather `pages`, at least one."""
        gathered = list(pages)
        first = gathered[0]
        return cls(
            job_id=job_id,
            labels=tuple(label for page in gathered for label in page.labels),
            video_metadata=first.video_metadata,
            label_model_version=first.label_model_version,
            video=first.video,
            job_tag=first.job_tag,
            get_request_metadata=first.get_request_metadata,
        )


@value
class SegmentDetectionResult(Value):
    """All segments of a job.

    Attributes:
        job_id: The job.
        segments: The segments, by type as asked for, then by time.
        video_metadata: The video stream; the service's list of one.
        audio_metadata: The audio streams.
        selected_segment_types: What was asked for, with model versions.
        video: The video in S3; None for a file on this machine.
        job_tag: The tag given at the start.
    """

    job_id: str
    segments: tuple[SegmentDetection, ...]
    video_metadata: VideoMetadata | None = None
    audio_metadata: tuple[AudioMetadata, ...] = ()
    selected_segment_types: tuple[SegmentTypeInfo, ...] = ()
    video: Video | None = None
    job_tag: str | None = None

    @classmethod
    def of(cls, job_id: str, pages: Iterable[SegmentDetectionPage]) -> SegmentDetectionResult:
        """Gather `pages`, at least one."""
        gathered = list(pages)
        first = gathered[0]
        return cls(
            job_id=job_id,
            segments=tuple(segment for page in gathered for segment in page.segments),
            video_metadata=first.video_metadata[0] if first.video_metadata else None,
            audio_metadata=first.audio_metadata,
            selected_segment_types=first.selected_segment_types,
            video=first.video,
            job_tag=first.job_tag,
        )

    @property
    def shots(self) -> tuple[SegmentDetection, ...]:
        """The segments that are shots."""
        return tuple(segment for segment in self.segments if segment.type == SegmentType.SHOT)

    @property
    def technical_cues(self) -> tuple[SegmentDetection, ...]:
        """The segments that are technical cues."""
        return tuple(segment for segment in self.segments if segment.type == SegmentType.TECHNICAL_CUE)
