"""What a runner tells its worker, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.models import BlackFrame, JsonValue
from rekvid.operations import StartLabelDetectionRequest, StartSegmentDetectionRequest

if TYPE_CHECKING:
    from rekvid.backends.local.labels.detectors.base import DetectorSpec


class SegmentTask(TypedDict):
    """A segment detection, with all defaults filled in.

    The defaults are those of the API reference, StartSegmentDetection and BlackFrame.
    """

    kind: Literal["segments"]
    path: str
    segment_types: list[str]
    min_shot_confidence: float
    min_technical_cue_confidence: float
    max_pixel_threshold: float
    min_coverage_percentage: float
    shot_detector: str | None


class DetectorTask(TypedDict):
    """A `DetectorSpec`."""

    factory: str
    parameters: dict[str, JsonValue]


class LabelTask(TypedDict):
    """A label detection, with all defaults filled in: those of the API reference, StartLabelDetection."""

    kind: Literal["labels"]
    path: str
    detectors: list[DetectorTask]
    cadence_millis: int
    missed_samples: int
    unchanged_below: float
    min_confidence: float
    include_labels: list[str]
    exclude_labels: list[str]
    include_categories: list[str]
    exclude_categories: list[str]


Task: TypeAlias = SegmentTask | LabelTask


def segment_task(request: StartSegmentDetectionRequest, path: Path, shot_detector: str | None) -> SegmentTask:
    """The task that `request` stands for, once its video lies at `path`."""
    black = request.black_frame or BlackFrame()
    return SegmentTask(
        kind="segments",
        path=str(path),
        segment_types=[str(each) for each in request.segment_types],
        min_shot_confidence=_default(request.min_shot_confidence, 50),
        min_technical_cue_confidence=_default(request.min_technical_cue_confidence, 50),
        max_pixel_threshold=_default(black.max_pixel_threshold, 0.2),
        min_coverage_percentage=_default(black.min_coverage_percentage, 99),
        shot_detector=shot_detector,
    )


def label_task(
    request: StartLabelDetectionRequest, path: Path, detectors: Sequence[DetectorSpec], settings: LabelSettings
) -> LabelTask:
    """The task that `request` stands for, once its video lies at `path`."""
    return LabelTask(
        kind="labels",
        path=str(path),
        detectors=[DetectorTask(factory=each.factory, parameters=dict(each.parameters)) for each in detectors],
        cadence_millis=settings.cadence_millis,
        missed_samples=settings.missed_samples,
        unchanged_below=settings.unchanged_below,
        min_confidence=_default(request.min_confidence, 50),
        include_labels=list(request.include_labels),
        exclude_labels=list(request.exclude_labels),
        include_categories=list(request.include_categories),
        exclude_categories=list(request.exclude_categories),
    )


def _default(given: float | None, default: float) -> float:
    return default if given is None else given
