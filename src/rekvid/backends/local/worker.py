"""The program of a worker process: one job, then the end.

It reads one line of JSON, a `Task`, from standard input, and writes lines of JSON: ``{"progress": 0.4}`` any number of
times, then ``{"head": {...}, "items": [...]}`` or ``{"failed": "why"}``. A worker that ends without the last
line has crashed; the runner sees that and fails the job.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from rekvid.backends.local.media import UnreadableVideoError
from rekvid.backends.local.segments import SegmentSettings, analyse_segments
from rekvid.backends.local.task import Task
from rekvid.models import SegmentDetectionPage, SegmentType


def main() -> None:
    """Do the task that stands on standard input."""
    with _private_output() as output:

        def say(message: dict[str, object]) -> None:
            output.write(json.dumps(message) + "\n")
            output.flush()

        task: Task = json.loads(sys.stdin.readline())
        threading.Thread(target=_end_with_parent, name="rekvid-parent", daemon=True).start()
        try:
            say(_analyse(task, lambda fraction: say({"progress": fraction})))
        except UnreadableVideoError as error:
            say({"failed": str(error)})


def _end_with_parent() -> None:
    """End when the runner does: its end of the pipe closes then, however it ended."""
    while os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold when the interpreter ends
        continue
    os._exit(1)


def _private_output() -> IO[str]:
    """The pipe to the runner; what a library prints goes to standard error instead."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return output


def _analyse(task: Task, on_progress: Callable[[float], None]) -> dict[str, object]:
    settings = SegmentSettings(
        segment_types=tuple(SegmentType(each) for each in task["segment_types"]),
        min_shot_confidence=task["min_shot_confidence"],
        min_technical_cue_confidence=task["min_technical_cue_confidence"],
        max_pixel_threshold=task["max_pixel_threshold"],
        min_coverage_percentage=task["min_coverage_percentage"],
    )
    analysis = analyse_segments(Path(task["path"]), settings, on_progress)
    head = SegmentDetectionPage(
        video_metadata=(analysis.video_metadata,),
        audio_metadata=analysis.audio_metadata,
        selected_segment_types=analysis.selected_segment_types,
    )
    return {"head": head.to_aws(), "items": [segment.to_aws() for segment in analysis.segments]}


if __name__ == "__main__":
    main()
