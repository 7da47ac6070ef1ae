"""A list of scenes in the columns of PySceneDetect, for whatever reads those."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from fractions import Fraction

from rekvid.export.spans import checked_rate, spans_of
from rekvid.models import SegmentDetection

_COLUMNS = (
    "Scene Number",
    "Start Frame",
    "Start Timecode",
    "Start Time (seconds)",
    "End Frame",
    "End Timecode",
    "End Time (seconds)",
    "Length (frames)",
    "Length (timecode)",
    "Length (seconds)",
)


def to_scenedetect_csv(segments: Iterable[SegmentDetection], rate: float | Fraction | None) -> str:
    """A CSV in the columns that PySceneDetect 0.6 and 0.7 write with ``list-scenes``, a row for each segment.

    As there, frames are counted from 1, the end frame is the last frame of the scene, the end's time is that of the
    frame after it, and times are rounded to milliseconds.

    Args:
        segments: The segments, such as ``result.shots``.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.

    Raises:
        ValidationError: `rate` is no frame rate.
    """
    exact = checked_rate(rate)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for number, span in enumerate(spans_of(segments, exact), start=1):
        row: list[int | str] = [number]
        for frame, moment in ((span.first + 1, span.first), (span.after, span.after), (span.length, span.length)):
            row += [frame, *_times(moment, exact)]
        writer.writerow(row)
    return text.getvalue()


def _times(frame: int, rate: Fraction) -> tuple[str, str]:
    """The time of `frame` as ``hh:mm:ss.mmm`` and in seconds, both rounded to the nearest millisecond."""
    all_seconds, millis = divmod(round(frame * 1000 / rate), 1000)
    minutes, seconds = divmod(all_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}", f"{all_seconds}.{millis:03}"
