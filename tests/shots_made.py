"""Shots with all their members, for tests that only care about frames."""

from __future__ import annotations

from fractions import Fraction

from rekvid.models import SegmentDetection, SegmentType, ShotSegment
from rekvid.timecode import Timecode, millis_of_frame


def shot(first: int, last: int, rate: Fraction, index: int = 0) -> SegmentDetection:
    """A shot from frame `first` to frame `last`, as the service states it."""
    return SegmentDetection(
        type=SegmentType.SHOT,
        start_timestamp_millis=millis_of_frame(first, rate),
        end_timestamp_millis=millis_of_frame(last, rate),
        duration_millis=millis_of_frame(last, rate) - millis_of_frame(first, rate),
        start_timecode_smpte=str(Timecode.of_frame(first, rate)),
        end_timecode_smpte=str(Timecode.of_frame(last, rate)),
        duration_smpte=str(Timecode.of_frame(last - first, rate)),
        shot_segment=ShotSegment(index=index, confidence=90.0),
        start_frame_number=first,
        end_frame_number=last,
        duration_frames=last - first,
    )
