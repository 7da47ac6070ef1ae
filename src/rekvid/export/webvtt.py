"""WebVTT tracks: chapters that a player lists, and metadata that a page's script reads (W3C, WebVTT)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction

from rekvid.export.spans import Span, checked_rate, spans_of
from rekvid.models import SegmentDetection
from rekvid.timecode import millis_of_frame


def to_webvtt_chapters(segments: Iterable[SegmentDetection], rate: float | Fraction | None) -> str:
    """A track of kind ``chapters``, with the name of each segment.

    A chapter ends where the next one begins, if they overlap: overlapping chapters would be nested ones.

    Args:
        segments: The segments, such as ``result.shots``.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.

    Raises:
        ValidationError: `rate` is no frame rate.
    """
    exact = checked_rate(rate)
    spans = spans_of(segments, exact)
    ends = [*(span.first for span in spans[1:]), None]
    cues = (
        _cue(span, span.after if end is None else min(span.after, max(end, span.first + 1)), exact, _escaped(span.name))
        for span, end in zip(spans, ends, strict=True)
    )
    return _track(cues)


def to_webvtt_metadata(segments: Iterable[SegmentDetection], rate: float | Fraction | None) -> str:
    """A track of kind ``metadata``, with each segment as JSON in the service's shape.

    Args:
        segments: The segments; they may overlap.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.

    Raises:
        ValidationError: `rate` is no frame rate.
    """
    exact = checked_rate(rate)
    # "-->" would end the cue, so no ">" stands as itself; in JSON it can only stand in a string.
    return _track(
        _cue(span, span.after, exact, json.dumps(span.segment.to_aws()).replace(">", "\\u003e"))
        for span in spans_of(segments, exact)
    )


def _track(cues: Iterable[str]) -> str:
    return "\n".join(["WEBVTT\n", *cues])


def _cue(span: Span, after: int, rate: Fraction, text: str) -> str:
    return f"{_time(span.first, rate)} --> {_time(after, rate)}\n{text}\n"


def _time(frame: int, rate: Fraction) -> str:
    seconds, millis = divmod(millis_of_frame(frame, rate), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"


def _escaped(text: str) -> str:
    return "".join(_entities(text))


def _entities(text: str) -> Iterator[str]:
    names = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    return (names.get(each, each) for each in text)
