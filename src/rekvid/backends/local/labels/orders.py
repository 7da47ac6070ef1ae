"""The orders in which labels can be asked for (API reference, GetLabelDetection, SortBy and AggregateBy).

An order is the positions of the items to be given out, so that each item is stored once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np

from rekvid.backends.local.store import order_name
from rekvid.models import LabelDetection, LabelDetectionAggregateBy, LabelDetectionSortBy


class Orders:
    """Takes note of items as they are stored, and puts them in order at the end; 32 bytes an item."""

    def __init__(self) -> None:
        self._count = 0
        self._names: dict[str, int] = {}
        self._rows = {each: _Rows() for each in LabelDetectionAggregateBy}

    def note(self, item: LabelDetection) -> None:
        """Take note of the next item: a label at a time, or over a stretch of time."""
        is_stretch = item.duration_millis is not None
        rows = self._rows[LabelDetectionAggregateBy.SEGMENTS if is_stretch else LabelDetectionAggregateBy.TIMESTAMPS]
        rows.positions.append(self._count)
        rows.names.append(self._names.setdefault(item.label.name, len(self._names)))
        rows.confidences.append(item.label.confidence)
        rows.timestamps.append(item.timestamp or 0)
        self._count += 1

    def all(self) -> Iterator[tuple[str, list[int]]]:
        """Each order by its name.

        TIMESTAMP goes by time and then by name. NAME goes by name, the surest first within a name, and then by time.
        """
        ranks = np.zeros(len(self._names), np.int64)
        for rank, name in enumerate(sorted(self._names)):
            ranks[self._names[name]] = rank
        for aggregate_by, rows in self._rows.items():
            positions = np.array(rows.positions, np.int64)
            names = ranks[np.array(rows.names, np.int64)]
            confidences, timestamps = np.array(rows.confidences), np.array(rows.timestamps)
            by_time = np.lexsort((names, timestamps))
            by_name = np.lexsort((timestamps, -confidences, names))
            yield order_name(LabelDetectionSortBy.TIMESTAMP, aggregate_by), positions[by_time].tolist()
            yield order_name(LabelDetectionSortBy.NAME, aggregate_by), positions[by_name].tolist()


class _Rows:
    """What counts for the order, of items of one kind."""

    def __init__(self) -> None:
        self.positions = array("Q")
        self.names = array("L")
        self.confidences = array("d")
        self.timestamps = array("q")
