"""What the page is told: columns of numbers that its script lays into typed arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypeAlias

from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.report.colours import colour_of
from rekvid.report.stretches import (
    LabelStretch,
    SegmentStretch,
    duration_of,
    label_stretches,
    rate_of,
    segment_stretches,
)
from rekvid.timecode import nominal_rate, uses_drop_frame

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"


def page_data(
    labels: Iterable[LabelDetection],
    segments: Iterable[SegmentDetection],
    metadata: VideoMetadata | None,
    *,
    title: str,
    video: str | None,
) -> str:
    """The data of a page as JSON that can stand in a ``<script>``: no ``<`` is in it.

    Args:
        labels: The detections, in any order.
        segments: The segments, in any order.
        metadata: The video stream; None where nothing is known of it.
        title: What the page is about.
        video: The URL of the video, relative to the page or absolute; None for a page without one.
    """
    rate = rate_of(metadata)
    timed_labels = label_stretches(labels)
    timed_segments = segment_stretches(segments, rate)
    names = list(dict.fromkeys(stretch.detection.label.name for stretch in timed_labels))
    kinds = list(dict.fromkeys(stretch.name for stretch in timed_segments if stretch.segment.shot_segment is None))
    data: dict[str, Json] = {
        "title": title,
        "video": video,
        "width": metadata.frame_width if metadata else None,
        "height": metadata.frame_height if metadata else None,
        "codec": metadata.codec if metadata else None,
        "rate": _rate(rate),
        "duration": duration_of(metadata, timed_labels, timed_segments),
        "names": names,
        "colours": {name: colour_of(name) for name in (*names, *kinds)},
        "detections": _detections(timed_labels, names),
        "segments": [_segment(stretch) for stretch in timed_segments],
    }
    # `<` only stands in strings; as an escape it ends no script, whatever the strings hold.
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def _rate(rate: Fraction | None) -> Json:
    if rate is None:
        return None
    return {
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "nominal": nominal_rate(rate),
        "dropFrame": uses_drop_frame(rate),
    }


def _detections(stretches: list[LabelStretch], names: list[str]) -> Json:
    number = {name: index for index, name in enumerate(names)}
    instances = [instance for stretch in stretches for instance in stretch.detection.label.instances]
    first_box = [0]
    for stretch in stretches:
        first_box.append(first_box[-1] + len(stretch.detection.label.instances))
    boxes = [instance.bounding_box for instance in instances]
    return {
        "start": [stretch.start for stretch in stretches],
        "end": [stretch.end for stretch in stretches],
        "name": [number[stretch.detection.label.name] for stretch in stretches],
        "confidence": [round(stretch.detection.label.confidence, 2) for stretch in stretches],
        "firstBox": first_box,  # those of detection i are firstBox[i] up to, not with, firstBox[i + 1]
        # A hundred-thousandth of the frame is a tenth of a pixel in 8K.
        "boxes": [round(ratio, 5) for box in boxes for ratio in (box.left, box.top, box.width, box.height)],
        "boxConfidence": [round(instance.confidence, 2) for instance in instances],
    }


def _segment(stretch: SegmentStretch) -> Json:
    segment = stretch.segment
    return {
        "isShot": segment.shot_segment is not None,
        "name": stretch.name,
        "start": stretch.start,
        "end": stretch.end,
        "startTimecode": segment.start_timecode_smpte,
        "endTimecode": segment.end_timecode_smpte,
        "firstFrame": segment.start_frame_number,
        "lastFrame": segment.end_frame_number,
        "confidence": None if segment.confidence is None else round(segment.confidence, 2),
    }
