"""Segments as spans of frames, which is what all formats are written from."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from rekvid.errors import ValidationError
from rekvid.models import SegmentDetection
from rekvid.timecode import Timecode, exact_rate, frame_of_millis, uses_drop_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Frames with a name.

    Attributes:
        first: The first frame, from 0.
        after: The frame after the last one.
        name: What is in it, on one line: ``Shot 3``, ``BlackFrames``.
        segment: Where it comes from.
    """

    first: int
    after: int
    name: str
    segment: SegmentDetection

    @property
    def length(self) -> int:
        """Number of frames, at least 1."""
        return self.after - self.first


def spans_of(segments: Iterable[SegmentDetection], rate: Fraction) -> list[Span]:
    """The spans of `segments`, in order of time.

    Frame numbers are taken where the answer has them. Those of model 1.0 lack them; there the timestamps are turned
    into frame numbers, which is exact (see `rekvid.timecode.frame_of_millis`).
    """
    spans = [_span(segment, rate) for segment in segments]
    return sorted(spans, key=lambda span: (span.first, span.after))


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """`spans`, which are in order, each beginning after the one before; what is covered whole is left out."""
    kept: list[Span] = []
    reached = 0
    for span in spans:
        if span.after > reached:
            kept.append(dataclasses.replace(span, first=max(span.first, reached)))
            reached = span.after
    return kept


def checked_rate(rate: float | Fraction | None) -> Fraction:
    """The exact rate that is meant.

    Raises:
        ValidationError: `rate` is missing or no frame rate.
    """
    if rate is None:
        raise ValidationError("rate", rate, "the frame rate of the video is needed: pass video_metadata.frame_rate")
    try:
        return exact_rate(rate)
    except (TypeError, ValueError) as error:
        raise ValidationError("rate", rate, "must be frames a second, above 0 and at most 1000") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How frame numbers of the video become timecodes.

    Attributes:
        rate: Frames a second.
        start: The frame number that the first frame of the video has on the clock of its timecode.
        drop_frame: Whether timecodes are counted in drop-frame.
    """

    rate: Fraction
    start: int
    drop_frame: bool

    @classmethod
    def of(cls, rate: Fraction, start_timecode: str | Timecode | None) -> Address:
        """Count from `start_timecode`, and as it is written; None is 00:00:00:00, in drop-frame at 29.97 and 59.94.

        Raises:
            ValidationError: `start_timecode` is no timecode, or doesn't exist at `rate`.
        """
        if start_timecode is None:
            return cls(rate=rate, start=0, drop_frame=uses_drop_frame(rate))
        try:
            timecode = start_timecode if isinstance(start_timecode, Timecode) else Timecode.parse(start_timecode)
            return cls(rate=rate, start=timecode.to_frame(rate), drop_frame=timecode.drop_frame)
        except (TypeError, ValueError) as error:
            raise ValidationError("start_timecode", str(start_timecode), str(error).partition(": ")[2]) from error

    def timecode(self, frame: int) -> str:
        """The timecode of the video's frame `frame`."""
        return str(Timecode.of_frame(self.start + frame, self.rate, drop_frame=self.drop_frame))


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, which would end a line of a file early."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _span(segment: SegmentDetection, rate: Fraction) -> Span:
    first, last = segment.start_frame_number, segment.end_frame_number
    if first is None:
        first = frame_of_millis(segment.start_timestamp_millis, rate)
    if last is None:
        last = frame_of_millis(segment.end_timestamp_millis, rate)
    if not 0 <= first <= last:
        raise ValidationError("segments", (first, last), "a segment starts at frame 0 or later and ends after that")
    return Span(first=first, after=last + 1, name=_name(segment), segment=segment)


def _name(segment: SegmentDetection) -> str:
    if segment.shot_segment is not None:
        return f"Shot {segment.shot_segment.index + 1}"
    if segment.technical_cue_segment is not None:
        return one_line(str(segment.technical_cue_segment.type))
    return one_line(str(segment.type))
