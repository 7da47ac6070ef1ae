"""A finished job's results as one value, and its views."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex, TypeVar

from rekvid.errors import ResponseError
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
    VideoJobStatus,
    VideoMetadata,
)
from rekvid.models._shape import Shape, Value, value
from rekvid.tracks import Track, tracks_of

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from rekvid.export.coco import Coco
    from rekvid.report.moments import LabelledFrame

_ItemT = TypeVar("_ItemT", bound=Shape)


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
        video_file: The file that was given to the start of the job, as an absolute path, for `frame`. It says nothing
            about what was found: results are compared without it, and `to_jsonl` leaves it out.
    """

    job_id: str
    labels: tuple[LabelDetection, ...]
    video_metadata: VideoMetadata | None = None
    label_model_version: str | None = None
    video: Video | None = None
    job_tag: str | None = None
    get_request_metadata: GetLabelDetectionRequestMetadata | None = None
    video_file: Path | None = dataclasses.field(default=None, compare=False)

    @classmethod
    def of(
        cls, job_id: str, pages: Iterable[LabelDetectionPage], *, video_file: Path | None = None
    ) -> LabelDetectionResult:
        """Gather `pages`, at least one, of the job of `video_file`, where that is known."""
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
            video_file=video_file,
        )

    def frame(
        self, at: SupportsIndex | LabelDetection, *, video: str | os.PathLike[str] | None = None
    ) -> LabelledFrame:
        """A frame with its boxes, which a notebook shows: ``result.frame(5200)``, ``result.frame(result.labels[3])``.

        The video is read when the frame is shown or `LabelledFrame.picture` is called, which needs the extra
        ``report``; until then nothing can be wrong with it.

        Args:
            at: Milliseconds from the first frame, 0 or more, for all that holds then, as the report has it; or a
                detection, for that alone at its start.
            video: The file; `video_file` when absent.

        Raises:
            ValidationError: `at` is no detection and no whole number of 0 or more.
        """
        from rekvid.report.moments import LabelledFrame, labels_at

        millis, labels = labels_at(self.labels, at)
        return LabelledFrame(video=self.video_file if video is None else Path(video), timestamp=millis, labels=labels)

    def tracks(
        self, *, max_gap_millis: int = 1000, min_overlap: float = 0.2, min_instances: int = 1
    ) -> tuple[Track, ...]:
        """The things that are followed through the video, for those who count; see `rekvid.tracks.tracks_of`.

        Needs the labels at timestamps; those aggregated to stretches have no instances.
        """
        return tracks_of(
            self.labels, max_gap_millis=max_gap_millis, min_overlap=min_overlap, min_instances=min_instances
        )

    def to_page(self) -> LabelDetectionPage:
        """All of it as one answer of GetLabelDetection."""
        return LabelDetectionPage(
            job_status=VideoJobStatus.SUCCEEDED,
            video_metadata=self.video_metadata,
            labels=self.labels,
            label_model_version=self.label_model_version,
            job_id=self.job_id,
            video=self.video,
            job_tag=self.job_tag,
            get_request_metadata=self.get_request_metadata,
        )

    def to_arrow(self, *, instances: bool = False) -> pa.Table:
        """A table of Arrow: a row for each detection, or with `instances` for each box.

        The columns are those of `rekvid.export.tables.detections_table` and `instances_table`.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import detections_table, instances_table

        return instances_table(self.labels) if instances else detections_table(self.labels)

    def to_pandas(self, *, instances: bool = False) -> pd.DataFrame:
        """`to_arrow` as a DataFrame of pandas, with Arrow dtypes.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import to_pandas

        return to_pandas(self.to_arrow(instances=instances))

    def to_polars(self, *, instances: bool = False) -> pl.DataFrame:
        """`to_arrow` as a DataFrame of polars.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import to_polars

        return to_polars(self.to_arrow(instances=instances))

    def to_coco(self) -> Coco:
        """The boxes as a data set of COCO, see `rekvid.export.coco.to_coco`.

        Raises:
            ValidationError: The video's metadata doesn't tell the size of its frames.
        """
        from rekvid.export.coco import to_coco

        return to_coco(self.labels, self.video_metadata)

    def _repr_html_(self) -> str:
        """What a notebook shows: counts, a timeline, and the labels seen most often."""
        from rekvid.report.cards import labels_card

        return labels_card(self.labels, self.video_metadata, self.job_id)

    def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to `path`, a detection on each line; `rekvid.read_jsonl` reads it back."""
        _write(path, "Labels", self.to_page(), self.labels)


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

    def to_page(self) -> SegmentDetectionPage:
        """All of it as one answer of GetSegmentDetection."""
        return SegmentDetectionPage(
            job_status=VideoJobStatus.SUCCEEDED,
            video_metadata=(self.video_metadata,) if self.video_metadata else (),
            audio_metadata=self.audio_metadata,
            segments=self.segments,
            selected_segment_types=self.selected_segment_types,
            job_id=self.job_id,
            video=self.video,
            job_tag=self.job_tag,
        )

    def to_arrow(self) -> pa.Table:
        """A table of Arrow with a row for each segment; see `rekvid.export.tables.segments_table` for its columns.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import segments_table

        return segments_table(self.segments)

    def to_pandas(self) -> pd.DataFrame:
        """`to_arrow` as a DataFrame of pandas, with Arrow dtypes.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import to_pandas

        return to_pandas(self.to_arrow())

    def to_polars(self) -> pl.DataFrame:
        """`to_arrow` as a DataFrame of polars.

        Raises:
            MissingExtraError: The extra ``tables`` is not installed.
        """
        from rekvid.export.tables import to_polars

        return to_polars(self.to_arrow())

    def _repr_html_(self) -> str:
        """What a notebook shows: counts and a timeline."""
        from rekvid.report.cards import segments_card

        return segments_card(self.segments, self.video_metadata, self.job_id)

    def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to `path`, a segment on each line; `rekvid.read_jsonl` reads it back."""
        _write(path, "Segments", self.to_page(), self.segments)


def read_jsonl(path: str | os.PathLike[str]) -> LabelDetectionResult | SegmentDetectionResult:
    """Read what `LabelDetectionResult.to_jsonl` or `SegmentDetectionResult.to_jsonl` wrote, without a loss.

    Raises:
        ResponseError: The file holds something else, or a line of it can't be read; the error names the line.
        OSError: The file can't be opened.
    """
    from rekvid.export.jsonl import reading_jsonl

    with reading_jsonl(path) as (items_name, head, lines):
        match items_name:
            case "Labels":
                labels = LabelDetectionPage.from_aws(head)
                labels = dataclasses.replace(labels, labels=tuple(_items(path, LabelDetection, lines)))
                return LabelDetectionResult.of(labels.job_id or "", [labels])
            case "Segments":
                segments = SegmentDetectionPage.from_aws(head)
                segments = dataclasses.replace(segments, segments=tuple(_items(path, SegmentDetection, lines)))
                return SegmentDetectionResult.of(segments.job_id or "", [segments])
            case _:
                raise ResponseError(f"{os.fspath(path)} holds {items_name}, which this rekvid doesn't know")


def _write(
    path: str | os.PathLike[str],
    items_name: str,
    page: LabelDetectionPage | SegmentDetectionPage,
    items: Iterable[Shape],
) -> None:
    from rekvid.export.jsonl import write_jsonl

    head = page.to_aws()
    del head[items_name]
    write_jsonl(path, items_name, head, (item.to_aws() for item in items))


def _items(path: str | os.PathLike[str], cls: type[_ItemT], lines: Iterable[bytes]) -> Iterator[_ItemT]:
    for number, line in enumerate(lines, start=2):
        try:
            yield cls.from_json(line)
        except ResponseError as error:
            raise ResponseError(f"{os.fspath(path)}, line {number}: {error}", path=error.path) from error
