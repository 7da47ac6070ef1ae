"""What the commands show: bars while work goes on, and results as tables."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from rekvid.models import JobProgress, LabelDetection, SegmentDetection, VideoMetadata
from rekvid.results import LabelDetectionResult, SegmentDetectionResult

if TYPE_CHECKING:
    from rekvid.backends.aws import UploadProgress

PATIENCE: Final = 1.0  # seconds; what takes less has no bar

_Show: TypeAlias = Callable[[str, float | None, float | None, str], None]


@dataclasses.dataclass(frozen=True, slots=True)
class JobBar:
    """A bar that follows a file on its way to the service, and then the job."""

    _title: str
    _show: _Show

    def uploading(self, now: UploadProgress) -> None:
        """Follow an upload. Hashing is half of it: of a file that is in the bucket already there is nothing else."""
        done = now.bytes_hashed + now.bytes_sent
        megabytes = f"{now.bytes_sent / 1e6:.1f} of {now.bytes_total / 1e6:.1f} MB sent"
        self._show("Uploading", done, 2 * now.bytes_total, megabytes)

    def waiting(self, now: JobProgress) -> None:
        """Follow `Job.wait`."""
        if now.fraction is not None:
            self._show(self._title, now.fraction, 1.0, f"{now.fraction:4.0%}")
        else:
            self._show(self._title, None, None, str(now.status))


@contextmanager
def job_bar(console: Console, title: str, *, after: float = PATIENCE) -> Iterator[JobBar]:
    """A bar on `console` from `after` seconds on, for all of a job; nothing where the console is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with _bar(console, columns, after) as show:
        yield JobBar(title, show)


@contextmanager
def bytes_bar(console: Console, title: str, *, after: float = PATIENCE) -> Iterator[Callable[[int, int], None]]:
    """A bar that is told the bytes done and those of the whole, likewise."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with _bar(console, columns, after) as show:
        yield lambda done, total: show(title, done, total, "")


@contextmanager
def spinner(console: Console, title: str) -> Iterator[None]:
    """Something that turns on a terminal, for work whose end can't be told."""
    if not console.is_interactive:
        yield
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as progress:
        progress.add_task(title, total=None)
        yield


@contextmanager
def _bar(console: Console, columns: Sequence[ProgressColumn], after: float) -> Iterator[_Show]:
    if not console.is_interactive:
        yield lambda _title, _done, _total, _state: None
        return
    begun = time.monotonic()
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task("", total=None, state="")

    def show(title: str, done: float | None, total: float | None, state: str) -> None:
        task_now = progress.tasks[0]
        if (title, total) != (task_now.description, task_now.total):
            progress.reset(task, total=total, description=title)
            task_now.total = total  # `reset` takes None for no change
        progress.update(task, completed=done, state=state)
        if time.monotonic() - begun >= after:
            progress.start()

    try:
        yield show
    finally:
        progress.stop()


def segments_table(result: SegmentDetectionResult, title: str) -> Table:
    """The segments, a row each, over a line about the video."""
    table = _table(title, _about_segments(result), "what", "start", "end", "frames", "confidence")
    for segment in result.segments:
        frames = f"{segment.start_frame_number}-{segment.end_frame_number}"
        confidence = "" if segment.confidence is None else f"{segment.confidence:.1f}"
        start, end = segment.start_timecode_smpte, segment.end_timecode_smpte
        table.add_row(_what(segment), start, end, frames, confidence)
    return table


def labels_table(result: LabelDetectionResult, title: str) -> Table:
    """A row for each label, those seen most often first, over a line about the video.

    A row tells how often the label was found, from when to when, how many were seen at most at once, and the highest
    confidence.
    """
    found: dict[str, list[LabelDetection]] = {}
    for detection in result.labels:
        found.setdefault(detection.label.name, []).append(detection)
    about = f"{len(result.labels)} detections. {_about(result.video_metadata)}"
    table = _table(title, about, "label", "times", "first", "last", "at once", "confidence")
    for name, rows in sorted(found.items(), key=lambda each: (-len(each[1]), each[0])):
        starts = [row.time for row in rows]
        most = max(len(row.label.instances) for row in rows)
        best = max(row.label.confidence for row in rows)
        table.add_row(
            Text(name),
            str(len(rows)),
            _time(min(starts)),
            _time(max(starts)),
            str(most or ""),
            f"{best:.1f}",
        )
    return table


def _table(title: str, caption: str, *headings: str) -> Table:
    # Text, not markup: a file may be called "film [1080p].mp4".
    table = Table(title=Text(title), title_justify="left", caption=Text(caption), caption_justify="left")
    for heading in headings:
        numeric = heading in ("frames", "confidence", "times", "at once")
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=heading != "label")
    return table


def _time(time: dt.timedelta) -> str:
    seconds, millis = divmod(round(time / dt.timedelta(milliseconds=1)), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"


def _what(segment: SegmentDetection) -> str:
    if segment.shot_segment is not None:
        return f"shot {segment.shot_segment.index}"
    if segment.technical_cue_segment is not None:
        return str(segment.technical_cue_segment.type)
    return ""


def _about_segments(result: SegmentDetectionResult) -> str:
    sound = ", ".join(f"{audio.codec} {audio.sample_rate} Hz" for audio in result.audio_metadata) or "no sound"
    about = _about(result.video_metadata)
    return f"{about}, {sound}" if about else ""


def _about(video: VideoMetadata | None) -> str:
    if video is None:
        return ""
    seconds = (video.duration_millis or 0) / 1000
    size = f"{video.frame_width}x{video.frame_height}"
    return f"{video.format}, {video.codec} {size} at {video.frame_rate:.6g} frames a second, {seconds:g} s"
