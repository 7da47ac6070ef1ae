"""Over which time a detection holds, so that boxes can be drawn on the frames between two samples.

Label detection looks at a few frames a second. What was found in one sample is taken to hold until the next one.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.timecode import exact_rate, millis_of_frame

LONE_SAMPLE = 500
"""Milliseconds for which a detection holds where there is one sample only, which tells no interval."""

_TOLERANCE = 1.5  # samples lie on frames, so their distances vary by a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStretch:
    """A detection with the time over which it holds.

    Attributes:
        start: Milliseconds from the start of the video.
        end: Milliseconds; the first moment at which it no longer holds, after `start`.
        detection: What was found.
    """

    start: int
    end: int
    detection: LabelDetection


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStretch:
    """A segment with the time that it covers and a name.

    Attributes:
        start: Milliseconds from the start of the video.
        end: Milliseconds; the first moment after its last frame.
        name: ``Shot 3``, or the kind of the technical cue.
        segment: The segment.
    """

    start: int
    end: int
    name: str
    segment: SegmentDetection


def label_stretches(labels: Iterable[LabelDetection]) -> list[LabelStretch]:
    """The detections with the time over which they hold, in order of their starts.

    An aggregated detection names both its ends. Any other holds until the next sample; where that is missing, because
    nothing was found in it, for the usual distance of two samples (their median).
    """
    found = list(labels)
    samples = sorted({_start(each) for each in found if each.end_timestamp_millis is None})
    ends = _ends(samples)
    stretches = []
    for each in found:
        start = _start(each)
        end = each.end_timestamp_millis if each.end_timestamp_millis is not None else ends[start]
        stretches.append(LabelStretch(start=start, end=max(end, start + 1), detection=each))
    stretches.sort(key=lambda stretch: stretch.start)
    return stretches


def segment_stretches(segments: Iterable[SegmentDetection], rate: Fraction | None) -> list[SegmentStretch]:
    """The segments with the time that they cover, in order.

    A segment's end is its last frame (`rekvid.timecode`), so a frame is added to it where `rate` is known.
    """
    stretches = [
        SegmentStretch(
            start=each.start_timestamp_millis, end=_after(each, rate), name=_segment_name(each), segment=each
        )
        for each in segments
    ]
    stretches.sort(key=lambda stretch: (stretch.start, stretch.end))
    return stretches


class Holding:
    """Tells quickly which of many stretches hold at a time."""

    def __init__(self, stretches: Iterable[LabelStretch]) -> None:
        """Make it for `stretches`, which are in order of their starts."""
        self._stretches = list(stretches)
        self._starts = [stretch.start for stretch in self._stretches]
        self._reach: list[int] = []  # the latest end so far, at which a search backwards can stop
        latest = 0
        for stretch in self._stretches:
            latest = max(latest, stretch.end)
            self._reach.append(latest)

    def at(self, millis: int) -> list[LabelDetection]:
        """The detections that hold at `millis`, in order of their starts."""
        found = []
        for number in range(bisect_right(self._starts, millis) - 1, -1, -1):
            if self._reach[number] <= millis:
                break
            if self._stretches[number].end > millis:
                found.append(self._stretches[number].detection)
        return found[::-1]


def rate_of(metadata: VideoMetadata | None) -> Fraction | None:
    """The exact frame rate that `metadata` means; None where it tells none."""
    if metadata is None or not metadata.frame_rate:
        return None
    return exact_rate(metadata.frame_rate)


def duration_of(
    metadata: VideoMetadata | None, labels: Iterable[LabelStretch], segments: Iterable[SegmentStretch]
) -> int:
    """Length of the video in milliseconds, at least 1: what `metadata` says, or where it doesn't, the last end."""
    if metadata is not None and metadata.duration_millis:
        return metadata.duration_millis
    return max([1, *(each.end for each in labels), *(each.end for each in segments)])


def _start(detection: LabelDetection) -> int:
    # Aggregated, the service leaves the timestamp out at times.
    for millis in (detection.start_timestamp_millis, detection.timestamp):
        if millis is not None:
            return millis
    return 0


def _ends(samples: list[int]) -> dict[int, int]:
    distances = [later - earlier for earlier, later in pairwise(samples)]
    usual = round(statistics.median(distances)) if distances else LONE_SAMPLE
    ends = {earlier: later for earlier, later in pairwise(samples) if later - earlier <= usual * _TOLERANCE}
    return {sample: ends.get(sample, sample + usual) for sample in samples}


def _after(segment: SegmentDetection, rate: Fraction | None) -> int:
    if rate is None:
        return max(segment.end_timestamp_millis, segment.start_timestamp_millis + 1)
    if segment.end_frame_number is not None:
        return millis_of_frame(segment.end_frame_number + 1, rate)
    return segment.end_timestamp_millis + round(1000 / rate)


def _segment_name(segment: SegmentDetection) -> str:
    if segment.shot_segment is not None:
        return f"Shot {segment.shot_segment.index + 1}"
    if segment.technical_cue_segment is not None:
        return str(segment.technical_cue_segment.type)
    return str(segment.type)
