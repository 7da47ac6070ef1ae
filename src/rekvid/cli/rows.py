"""Results as rows of CSV, in the columns of the Arrow tables (`rekvid.export.tables`), with the standard library alone.

What is a list there is one cell here, with ``;`` between its items.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from rekvid.models import LabelDetection, SegmentDetection
from rekvid.results import LabelDetectionResult, SegmentDetectionResult

_Cell: TypeAlias = str | int | float | None

_DETECTIONS: Final = (
    *("timestamp", "name", "confidence", "instances", "parents", "aliases", "categories"),
    *("start_timestamp_millis", "end_timestamp_millis", "duration_millis"),
)
_BOXES: Final = ("timestamp", "name", "confidence", "left", "top", "width", "height")
_SEGMENTS: Final = (
    *("type", "cue_type", "shot_index", "confidence", "start_frame_number", "end_frame_number", "duration_frames"),
    *("start_timestamp_millis", "end_timestamp_millis", "duration_millis"),
    *("start_timecode_smpte", "end_timecode_smpte", "duration_smpte"),
)


def to_csv(result: LabelDetectionResult | SegmentDetectionResult, *, instances: bool = False) -> str:
    """A row for each detection or segment; with `instances` for each box of the labels."""
    if isinstance(result, SegmentDetectionResult):
        return _text(_SEGMENTS, map(_segment, result.segments))
    if instances:
        return _text(_BOXES, (row for each in result.labels for row in _boxes(each)))
    return _text(_DETECTIONS, map(_detection, result.labels))


def _text(columns: tuple[str, ...], rows: Iterable[list[_Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _detection(found: LabelDetection) -> list[_Cell]:
    label = found.label
    lists = (label.parents, label.aliases, label.categories)
    return [
        found.timestamp,
        label.name,
        label.confidence,
        len(label.instances),
        *(";".join(str(each.name) for each in items) for items in lists),
        found.start_timestamp_millis,
        found.end_timestamp_millis,
        found.duration_millis,
    ]


def _boxes(found: LabelDetection) -> Iterator[list[_Cell]]:
    for instance in found.label.instances:
        box = instance.bounding_box
        place = (box.left, box.top, box.width, box.height)
        yield [found.timestamp, found.label.name, instance.confidence, *place]


def _segment(segment: SegmentDetection) -> list[_Cell]:
    shot, cue = segment.shot_segment, segment.technical_cue_segment
    return [
        str(segment.type),
        None if cue is None else str(cue.type),
        None if shot is None else shot.index,
        *(getattr(segment, column) for column in _SEGMENTS[3:]),
    ]
