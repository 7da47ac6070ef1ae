"""What FFmpeg reads: chapters, a list for the concat demuxer, and a command that cuts a video at its segments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from rekvid.errors import ValidationError
from rekvid.export.spans import checked_rate, one_line, spans_of, without_overlaps
from rekvid.models import SegmentDetection


def to_ffmpeg_chapters(segments: Iterable[SegmentDetection], rate: float | Fraction | None, *, title: str = "") -> str:
    """An FFMETADATA file with a chapter for each segment, exact to the frame.

    ``ffmpeg -i film.mp4 -i chapters.txt -map_metadata 1 -codec copy with-chapters.mp4`` puts it into a file. A frame
    is the unit of the time base, so nothing is rounded (FFmpeg documentation, Metadata).

    Args:
        segments: The segments, such as ``result.shots``.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.
        title: The title of the whole; empty for none.

    Raises:
        ValidationError: `rate` is no frame rate.
    """
    exact = checked_rate(rate)
    lines = [";FFMETADATA1"]
    if title:
        lines.append(f"title={_escaped(title)}")
    for span in spans_of(segments, exact):
        lines += [
            "[CHAPTER]",
            f"TIMEBASE={exact.denominator}/{exact.numerator}",
            f"START={span.first}",
            f"END={span.after}",
            f"title={_escaped(span.name)}",
        ]
    return "\n".join(lines) + "\n"


def to_ffmpeg_concat(segments: Iterable[SegmentDetection], rate: float | Fraction | None, video: str | Path) -> str:
    """A list for FFmpeg's concat demuxer that plays the segments one after another.

    ``ffmpeg -f concat -safe 0 -i list.txt out.mp4``. The in point is sought by keyframes (FFmpeg documentation,
    concat): with pictures that are all keyframes (ProRes, DNxHD, MJPEG) the list is exact to the frame; with others
    each part begins at the keyframe before. `to_ffmpeg_split` is exact with all of them.

    Args:
        segments: The segments, such as ``result.shots``.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.
        video: The file, as FFmpeg is to find it.

    Raises:
        ValidationError: `rate` is no frame rate, or `video` holds a line break.
    """
    exact = checked_rate(rate)
    lines = ["ffconcat version 1.0"]
    for span in spans_of(segments, exact):
        lines += [
            f"file {_quoted(str(video))}",
            f"inpoint {_seconds(Fraction(span.first) / exact)}",
            # Half a frame early: a frame at the out point itself, rounded to a microsecond, may be in or out.
            f"outpoint {_seconds((span.after - Fraction(1, 2)) / exact)}",
        ]
    return "\n".join(lines) + "\n"


def to_ffmpeg_split(
    segments: Iterable[SegmentDetection],
    rate: float | Fraction | None,
    video: str | Path,
    *,
    output: str = "part-%03d.mp4",
    options: Iterable[str] = ("-codec:v", "libx264", "-crf", "18", "-codec:a", "aac"),
) -> list[str]:
    """A command that cuts a video at its segments, exact to the frame, whatever its keyframes.

    It is a list of arguments for `subprocess.run`, so that no name needs a shell's quotes. The video is encoded anew,
    since a copied stream can only begin at a keyframe, in one pass for all parts (FFmpeg documentation, segment).
    Frames that belong to no segment, such as those of a dissolve between two shots, make parts of their own.

    Args:
        segments: The segments, such as ``result.shots``. Where they overlap, the later one begins after the earlier.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.
        video: The file.
        output: Name of the parts; ``%03d`` becomes their number, from 0.
        options: How the parts are encoded.

    Raises:
        ValidationError: `rate` is no frame rate, or `output` has no place for the number.
    """
    spans = without_overlaps(spans_of(segments, checked_rate(rate)))
    if not re.search(r"%0?\d*d", output):
        raise ValidationError("output", output, "must have a place for the number of the part: part-%03d.mp4")
    edges = sorted({edge for span in spans for edge in (span.first, span.after)} - {0})
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", _as_file(str(video)), "-fps_mode", "passthrough"]
    arguments += [*options, "-f", "segment", "-reset_timestamps", "1"]
    if edges:
        forced = "+".join(f"eq(n,{edge})" for edge in edges)
        arguments += ["-force_key_frames", f"expr:{forced}", "-segment_frames", ",".join(map(str, edges))]
    else:
        arguments += ["-segment_time", "1000000000"]  # nothing to cut at
    return [*arguments, _as_file(output)]


def _seconds(seconds: Fraction) -> str:
    """Seconds with the microseconds that FFmpeg keeps, rounded to the nearest."""
    micros = round(seconds * 10**6)
    return f"{micros // 10**6}.{micros % 10**6:06}"


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\])", r"\\\1", one_line(text))


def _quoted(path: str) -> str:
    if "\n" in path or "\r" in path or "\0" in path:
        raise ValidationError("video", path, "a name in a list for FFmpeg can't hold a line break or null")
    # A quote can't stand inside quotes (FFmpeg documentation, Quoting and escaping).
    return "'" + path.replace("'", r"'\''") + "'"


def _as_file(name: str) -> str:
    """`name` so that FFmpeg takes it for neither an option nor a protocol."""
    return name if Path(name).is_absolute() else f"./{name}"
