"""From what detectors saw in a frame to labels in the service's words, with their ancestors and under the filters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rekvid.backends.local.labels.detectors.base import Detection
from rekvid.backends.local.labels.taxonomy import LabelEntry, entry_of
from rekvid.backends.local.video.media import single_precision
from rekvid.models import BoundingBox, Instance, Label, LabelAlias, LabelCategory, Parent

_SAME = 0.7
"""The intersection over union from which on boxes that two detectors give to one label are one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFilter:
    """Which labels a job asks for (API reference, StartLabelDetection and GeneralLabelsSettings).

    A label passes that is named or whose category is named for inclusion, or any where nothing is, unless it or one of
    its categories is named for exclusion. Names are compared as they are written.

    Attributes:
        min_confidence: 0-100; labels and instances below it are left out.
        include_labels: Names of labels.
        exclude_labels: Names of labels.
        include_categories: Names of categories.
        exclude_categories: Names of categories.
    """

    min_confidence: float = 50.0
    include_labels: frozenset[str] = frozenset()
    exclude_labels: frozenset[str] = frozenset()
    include_categories: frozenset[str] = frozenset()
    exclude_categories: frozenset[str] = frozenset()

    def passes(self, entry: LabelEntry) -> bool:
        """Whether labels of that name and those categories are asked for."""
        categories = set(entry.categories)
        if entry.name in self.exclude_labels or categories & self.exclude_categories:
            return False
        if not self.include_labels and not self.include_categories:
            return True
        return entry.name in self.include_labels or bool(categories & self.include_categories)


def labels_of(seen: Iterable[Sequence[Detection]], asked: LabelFilter) -> tuple[Label, ...]:
    """The labels of one frame, by name.

    A label is as sure as the surest of its instances, and an ancestor as the surest label below it; so a parent is
    never less sure than its child (as in all answers of the service that were seen).

    Args:
        seen: What each detector saw. Where two of them box the same thing under one label, the surer box stays.
        asked: Which labels are wanted.
    """
    found: dict[str, _Found] = {}
    for number, detections in enumerate(seen):
        for detection in detections:
            if asked.min_confidence <= detection.confidence and math.isfinite(detection.confidence):
                _add(found, detection, number)
    return tuple(found[name].label(name) for name in sorted(found) if asked.passes(entry_of(name)))


@dataclass(slots=True)
class _Found:
    """What was seen of one label: each box with its confidence and the number of its detector."""

    confidence: float = 0.0
    boxes: list[tuple[float, BoundingBox, int]] = field(default_factory=list)

    def label(self, name: str) -> Label:
        entry = entry_of(name)
        return Label(
            name=name,
            confidence=single_precision(self.confidence),
            instances=tuple(
                Instance(bounding_box=box, confidence=single_precision(confidence))
                for confidence, box in self._distinct_boxes()
            ),
            parents=tuple(Parent(name=each) for each in entry.parents),
            aliases=tuple(LabelAlias(name=each) for each in entry.aliases),
            categories=tuple(LabelCategory(name=each) for each in entry.categories),
        )

    def _distinct_boxes(self) -> list[tuple[float, BoundingBox]]:
        kept: list[tuple[float, BoundingBox, int]] = []
        for confidence, box, number in sorted(self.boxes, key=lambda each: -each[0]):
            if not any(number != other and box.overlap(before) >= _SAME for _, before, other in kept):
                kept.append((confidence, box, number))
        return [(confidence, box) for confidence, box, _ in kept]


def _add(found: dict[str, _Found], detection: Detection, detector: int) -> None:
    confidence = min(detection.confidence, 100.0)
    box = None if detection.box is None else cut(detection.box)
    if detection.box is not None and box is None:
        return
    entry = entry_of(detection.class_name)
    for name in (entry.name, *entry.parents):
        label = found.setdefault(name, _Found())
        label.confidence = max(label.confidence, confidence)
    if box is not None:
        found[entry.name].boxes.append((confidence, box, detector))


def cut(box: BoundingBox) -> BoundingBox | None:
    """The part of `box` that lies in the frame, all its edges in [0, 1]; None if there is none."""
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right, bottom = min(box.left + box.width, 1.0), min(box.top + box.height, 1.0)
    if not (left < right and top < bottom):  # also what is no number
        return None
    left, top = single_precision(left), single_precision(top)
    # Of the rounded edges, so that they add up to no more than 1, and a box too thin for single precision is none.
    width, height = _within(left, right), _within(top, bottom)
    return BoundingBox(left=left, top=top, width=width, height=height) if width > 0 and height > 0 else None


def _within(start: float, end: float) -> float:
    """The length from `start` to `end` in single precision, with a sum that doesn't pass 1."""
    length = single_precision(end - start)
    return length if start + length <= 1 else 1 - start
