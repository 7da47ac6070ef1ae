"""Instances of a label joined over time to tracks: things that are followed through the video, for those who count.

Works on the labels of any backend. The joining is greedy: at each timestamp the pairs of a track and an instance that
overlap most are joined first. A box is expected where the motion of its track leads, so that things which move by
their own width between two samples are still followed. A track goes on across a gap as long as it is short.

A tracker library would bring appearance models and filters that pay at 25 frames a second; samples come at 2 to 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rekvid.models import BoundingBox, Instance, LabelDetection
from rekvid.models._shape import Value, value


@value
class TrackedInstance(Value):
    """An instance at a time.

    Attributes:
        timestamp: Milliseconds from the start of the video.
        instance: The instance.
    """

    timestamp: int
    instance: Instance


@value
class Track(Value):
    """One thing of a label, over time.

    Attributes:
        label: Name of the label.
        index: Number of the track among those of its label, from 0, by the time of its start.
        instances: Where it was seen, in order of time; at least one.
    """

    label: str
    index: int
    instances: tuple[TrackedInstance, ...]

    @property
    def start_timestamp_millis(self) -> int:
        """When it was first seen, in milliseconds."""
        return self.instances[0].timestamp

    @property
    def end_timestamp_millis(self) -> int:
        """When it was last seen, in milliseconds."""
        return self.instances[-1].timestamp

    @property
    def confidence(self) -> float:
        """The highest confidence of its instances, 0-100."""
        return max(each.instance.confidence for each in self.instances)


def tracks_of(
    labels: Iterable[LabelDetection], *, max_gap_millis: int = 1000, min_overlap: float = 0.2, min_instances: int = 1
) -> tuple[Track, ...]:
    """Join the instances of each label over time.

    Args:
        labels: Labels at timestamps, in any order. Those of stretches have no instances, and give no tracks.
        max_gap_millis: The longest time between two instances of a track.
        min_overlap: The intersection over union, 0-1, of an instance with where its track is expected, at least.
        min_instances: Tracks of fewer instances are left out.

    Returns:
        The tracks by label and start.
    """
    found: list[Track] = []
    with_boxes = [each for each in labels if each.label.instances]
    with_boxes.sort(key=lambda each: (each.label.name, each.timestamp or 0))
    for name, detections in groupby(with_boxes, key=lambda each: each.label.name):
        joined = _joined(detections, max_gap_millis, min_overlap)
        kept = [each for each in joined if len(each) >= min_instances]
        found += [Track(label=name, index=number, instances=tuple(each)) for number, each in enumerate(kept)]
    return tuple(found)


def _joined(detections: Iterable[LabelDetection], max_gap: int, min_overlap: float) -> list[list[TrackedInstance]]:
    """The instances of one label, in order of time, as lists that belong together, by the time of their start."""
    every: list[list[TrackedInstance]] = []
    active: list[list[TrackedInstance]] = []
    for timestamp, group in groupby(detections, key=lambda each: each.timestamp or 0):
        new = [TrackedInstance(timestamp=timestamp, instance=one) for each in group for one in each.label.instances]
        active = [track for track in active if timestamp - track[-1].timestamp <= max_gap]
        joined: set[int] = set()
        for number, track in _best_pairs(active, new, timestamp, min_overlap):
            track.append(new[number])
            joined.add(number)
        begun = [[each] for number, each in enumerate(new) if number not in joined]
        every += begun
        active += begun
    return every


def _best_pairs(
    active: list[list[TrackedInstance]], new: list[TrackedInstance], timestamp: int, min_overlap: float
) -> Iterator[tuple[int, list[TrackedInstance]]]:
    """Pairs of an instance and a track, each at most once, those that overlap most first."""
    expected = [_expected(track, timestamp) for track in active]
    pairs = [
        (box.overlap(each.instance.bounding_box), place, number)
        for place, box in enumerate(expected)
        for number, each in enumerate(new)
    ]
    taken_tracks: set[int] = set()
    taken_instances: set[int] = set()
    for overlap, place, number in sorted(pairs, key=lambda pair: -pair[0]):
        if overlap < min_overlap:
            return
        if place not in taken_tracks and number not in taken_instances:
            taken_tracks.add(place)
            taken_instances.add(number)
            yield number, active[place]


def _expected(track: list[TrackedInstance], timestamp: int) -> BoundingBox:
    """Where the thing is at `timestamp` if it moves on as it did between its last two instances."""
    last = track[-1].instance.bounding_box
    if len(track) == 1:
        return last
    before = track[-2].instance.bounding_box
    steps = (timestamp - track[-1].timestamp) / (track[-1].timestamp - track[-2].timestamp)
    across = last.left + last.width / 2 - before.left - before.width / 2
    down = last.top + last.height / 2 - before.top - before.height / 2
    return BoundingBox(
        left=last.left + steps * across, top=last.top + steps * down, width=last.width, height=last.height
    )
