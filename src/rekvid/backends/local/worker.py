"""The program of a worker process: one job, then the end.

It reads one line of JSON, a `Task`, from standard input, and writes lines of JSON: ``{"progress": 0.4}`` any number of
times, then ``{"head": {...}, "items": [...]}`` or ``{"failed": "why"}``. A worker that ends without the last
line has crashed; the runner sees that and fails the job. Labels, of which there may be a great many, go ahead of
that line: ``{"items": [...]}`` and ``{"order": "...", "positions": [...]}``, any number of times each.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, TypeAlias

from rekvid.backends.local.labels.analysis import analyse_labels
from rekvid.backends.local.labels.detectors.base import Detector, DetectorSpec
from rekvid.backends.local.labels.detectors.registry import make
from rekvid.backends.local.labels.inference import DetectorError
from rekvid.backends.local.labels.labelling import LabelFilter
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.segments import SegmentSettings, analyse_segments
from rekvid.backends.local.task import DetectorTask, LabelTask, SegmentTask, Task
from rekvid.backends.local.video.media import UnreadableVideoError
from rekvid.models import JsonValue, LabelDetection, LabelDetectionPage, SegmentDetectionPage, SegmentType

_AT_ONCE: Final = 500  # items in a line
_POSITIONS_AT_ONCE: Final = 10_000

Say: TypeAlias = Callable[[dict[str, object]], None]


def main() -> None:
    """Do the task that stands on standard input."""
    with _private_output() as output:

        def say(message: dict[str, object]) -> None:
            output.write(json.dumps(message) + "\n")
            output.flush()

        task: Task = json.loads(sys.stdin.readline())
        threading.Thread(target=_end_with_parent, name="rekvid-parent", daemon=True).start()
        try:
            say(_find_labels(task, say) if task["kind"] == "labels" else _find_segments(task, say))
        except (UnreadableVideoError, DetectorError) as error:
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


def _find_segments(task: SegmentTask, say: Say) -> dict[str, object]:
    settings = SegmentSettings(
        segment_types=tuple(SegmentType(each) for each in task["segment_types"]),
        min_shot_confidence=task["min_shot_confidence"],
        min_technical_cue_confidence=task["min_technical_cue_confidence"],
        max_pixel_threshold=task["max_pixel_threshold"],
        min_coverage_percentage=task["min_coverage_percentage"],
        shot_detector=task["shot_detector"],
    )
    analysis = analyse_segments(Path(task["path"]), settings, lambda fraction: say({"progress": fraction}))
    head = SegmentDetectionPage(
        video_metadata=(analysis.video_metadata,),
        audio_metadata=analysis.audio_metadata,
        selected_segment_types=analysis.selected_segment_types,
    )
    return {"head": head.to_aws(), "items": [segment.to_aws() for segment in analysis.segments]}


def _find_labels(task: LabelTask, say: Say) -> dict[str, object]:
    waiting: list[dict[str, JsonValue]] = []

    def store(items: Sequence[LabelDetection]) -> None:
        waiting.extend(item.to_aws() for item in items)
        if len(waiting) >= _AT_ONCE:
            say({"items": waiting})
            waiting.clear()

    analysis = analyse_labels(
        Path(task["path"]),
        [_detector(each) for each in task["detectors"]],
        settings=LabelSettings(
            cadence_millis=task["cadence_millis"],
            missed_samples=task["missed_samples"],
            unchanged_below=task["unchanged_below"],
        ),
        asked=LabelFilter(
            min_confidence=task["min_confidence"],
            include_labels=frozenset(task["include_labels"]),
            exclude_labels=frozenset(task["exclude_labels"]),
            include_categories=frozenset(task["include_categories"]),
            exclude_categories=frozenset(task["exclude_categories"]),
        ),
        on_items=store,
        on_progress=lambda fraction: say({"progress": fraction}),
    )
    for name, positions in analysis.orders:
        for start in range(0, len(positions), _POSITIONS_AT_ONCE):
            say({"order": name, "positions": positions[start : start + _POSITIONS_AT_ONCE]})
    head = LabelDetectionPage(video_metadata=analysis.video_metadata, label_model_version=analysis.label_model_version)
    return {"head": head.to_aws(), "items": waiting}


def _detector(spec: DetectorTask) -> Detector:
    try:
        return make(DetectorSpec(factory=spec["factory"], parameters=spec["parameters"]))
    except Exception as error:
        raise DetectorError(f"The detector {spec['factory']} can't be made: {error}") from error


if __name__ == "__main__":
    main()
