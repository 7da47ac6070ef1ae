"""What a runner tells its worker, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from rekvid.models import BlackFrame
from rekvid.operations import StartSegmentDetectionRequest


class Task(TypedDict):
    """A segment detection, with all defaults filled in.

    The defaults are those of the API reference, StartSegmentDetection and BlackFrame.
    """

    path: str
    segment_types: list[str]
    min_shot_confidence: float
    min_technical_cue_confidence: float
    max_pixel_threshold: float
    min_coverage_percentage: float


def task_of(request: StartSegmentDetectionRequest, path: Path) -> Task:
    """The task that `request` stands for, once its video lies at `path`."""
    black = request.black_frame or BlackFrame()
    return Task(
        path=str(path),
        segment_types=[str(each) for each in request.segment_types],
        min_shot_confidence=_default(request.min_shot_confidence, 50),
        min_technical_cue_confidence=_default(request.min_technical_cue_confidence, 50),
        max_pixel_threshold=_default(black.max_pixel_threshold, 0.2),
        min_coverage_percentage=_default(black.min_coverage_percentage, 99),
    )


def _default(given: float | None, default: float) -> float:
    return default if given is None else given
