"""The stretches of time in which labels are seen: what GetLabelDetection gives with ``AggregateBy=SEGMENTS``.

The service says that a stretch is time in which a label is "continuously detected", and not how long a gap may be. Here
a stretch goes on across samples without the label as long as there are no more than a set number of them in a row. It
begins with its first sample and ends where the time of its last one does, one cadence later or at the end of the video.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from rekvid.models import ABSENT, Label, LabelDetection


@dataclasses.dataclass(slots=True)
class _Stretch:
    """A stretch that may go on: the numbers of its first and last sample, and the surest label in it."""

    first: int
    last: int
    label: Label


class Stretches:
    """Joins samples to stretches.

    Args:
        cadence: Milliseconds between two samples.
        missed: How many samples in a row may lack a label within a stretch of it.
    """

    def __init__(self, cadence: int, missed: int) -> None:
        self._cadence = cadence
        self._missed = missed
        self._open: dict[str, _Stretch] = {}

    def add(self, index: int, labels: Iterable[Label]) -> list[LabelDetection]:
        """Take in the labels of the sample `index`; give back the stretches that have ended before it."""
        ended = [name for name, each in self._open.items() if index - each.last > self._missed + 1]
        rows = [self._row(self._open.pop(name), None) for name in ended]
        for label in labels:
            stretch = self._open.get(label.name)
            if stretch is None:
                self._open[label.name] = _Stretch(index, index, label)
                continue
            stretch.last = index
            if label.confidence > stretch.label.confidence:
                stretch.label = label
        return rows

    def finish(self, end: int) -> list[LabelDetection]:
        """The stretches that were open when the video ended, at `end` milliseconds."""
        rows = [self._row(each, end) for each in self._open.values()]
        self._open.clear()
        return rows

    def _row(self, stretch: _Stretch, end: int | None) -> LabelDetection:
        start = stretch.first * self._cadence
        until = (stretch.last + 1) * self._cadence
        if end is not None:
            until = max(min(until, end), stretch.last * self._cadence)
        return LabelDetection(
            timestamp=start,
            label=dataclasses.replace(stretch.label, instances=ABSENT),
            start_timestamp_millis=start,
            end_timestamp_millis=until,
            duration_millis=until - start,
        )
