"""What the commands show: a progress bar while a job runs, and its segments as a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rekvid.job import OnProgress
from rekvid.models import JobProgress, SegmentDetection
from rekvid.results import SegmentDetectionResult


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[OnProgress]:
    """A bar on `console` that follows `Job.wait`; nothing where the console is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None, state="")

        def follow(now: JobProgress) -> None:
            if now.fraction is not None:
                progress.update(task, total=1.0, completed=now.fraction, state=f"{now.fraction:4.0%}")
            else:
                progress.update(task, state=str(now.status))

        yield follow


def segments_table(result: SegmentDetectionResult, title: str) -> Table:
    """The segments, a row each, under a line about the video."""
    # Text, not markup: a file may be called "film [1080p].mp4".
    table = Table(title=Text(title), title_justify="left", caption=Text(_about(result)), caption_justify="left")
    for heading in ("what", "start", "end", "frames", "confidence"):
        table.add_column(heading, justify="right" if heading in ("frames", "confidence") else "left", no_wrap=True)
    for segment in result.segments:
        frames = f"{segment.start_frame_number}-{segment.end_frame_number}"
        confidence = "" if segment.confidence is None else f"{segment.confidence:.1f}"
        start, end = segment.start_timecode_smpte, segment.end_timecode_smpte
        table.add_row(_what(segment), start, end, frames, confidence)
    return table


def _what(segment: SegmentDetection) -> str:
    if segment.shot_segment is not None:
        return f"shot {segment.shot_segment.index}"
    if segment.technical_cue_segment is not None:
        return str(segment.technical_cue_segment.type)
    return ""


def _about(result: SegmentDetectionResult) -> str:
    video = result.video_metadata
    if video is None:
        return ""
    seconds = (video.duration_millis or 0) / 1000
    size = f"{video.frame_width}x{video.frame_height}"
    sound = ", ".join(f"{audio.codec} {audio.sample_rate} Hz" for audio in result.audio_metadata) or "no sound"
    return f"{video.format}, {video.codec} {size} at {video.frame_rate:.6g} frames a second, {seconds:g} s, {sound}"
