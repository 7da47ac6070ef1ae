from __future__ import annotations

from collections.abc import Sequence

import hypothesis
import hypothesis.strategies as st
import pytest

from rekvid.models import BoundingBox, Instance, Label, LabelDetection
from rekvid.results import LabelDetectionResult
from rekvid.tracks import Track, tracks_of


def _box(left: float, top: float = 0.4) -> BoundingBox:
    return BoundingBox(left=left, top=top, width=0.2, height=0.2)


def _seen(timestamp: int, *boxes: BoundingBox, name: str = "Person") -> LabelDetection:
    instances = tuple(Instance(bounding_box=box, confidence=60 + timestamp / 1000) for box in boxes)
    return LabelDetection(timestamp=timestamp, label=Label(name=name, confidence=90, instances=instances))


def _lefts(track: Track) -> list[float]:
    return [round(each.instance.bounding_box.left, 3) for each in track.instances]


def test_thing_that_moves_is_one_track() -> None:
    """Boxes that overlap from one sample to the next are one thing, with its time and its highest confidence."""
    (track,) = tracks_of([_seen(200 * number, _box(0.05 * number)) for number in range(8)])
    assert (track.label, track.index, len(track.instances)) == ("Person", 0, 8)
    assert (track.start_timestamp_millis, track.end_timestamp_millis) == (0, 1400)
    assert track.confidence == pytest.approx(61.4)


def test_steady_motion_is_followed_without_overlap() -> None:
    """A thing that speeds past by more than its own width a sample is followed where its motion leads."""
    lefts = [0.0, 0.1, 0.25, 0.45, 0.7]
    labels = [_seen(200 * number, _box(left)) for number, left in enumerate(lefts)]
    assert [_lefts(track) for track in tracks_of(labels)] == [lefts]


def test_two_that_pass_each_other_keep_apart() -> None:
    """Two that walk past each other in two lanes are two tracks, each in its own lane."""
    labels = [_seen(200 * n, _box(0.1 * n, 0.3), _box(0.7 - 0.1 * n, 0.5)) for n in range(8)]
    first, second = tracks_of(labels)
    assert {each.instance.bounding_box.top for each in first.instances} == {0.3}
    assert {each.instance.bounding_box.top for each in second.instances} == {0.5}
    assert (first.index, second.index) == (0, 1)


def test_short_gap_is_bridged_and_long_one_is_not() -> None:
    """A thing that is missed for less than the longest gap stays one, and is another after more."""
    labels = [_seen(timestamp, _box(0.3)) for timestamp in (0, 200, 1200, 2400)]
    assert [len(track.instances) for track in tracks_of(labels)] == [3, 1]
    assert [len(track.instances) for track in tracks_of(labels, max_gap_millis=500)] == [2, 1, 1]
    assert [len(track.instances) for track in tracks_of(labels, max_gap_millis=2000)] == [4]
    assert [len(track.instances) for track in tracks_of(labels, max_gap_millis=500, min_instances=2)] == [2]


def test_labels_are_kept_apart() -> None:
    """Boxes of different labels are never one thing, and tracks come by label, whatever the order of the labels."""
    labels = [_seen(200 * n, _box(0.3), name=name) for name in ("Person", "Dog") for n in (2, 0, 1)]
    assert [(track.label, len(track.instances)) for track in tracks_of(labels)] == [("Dog", 3), ("Person", 3)]


def test_result_has_tracks() -> None:
    """Tracks are a view of a result; stretches have no boxes and give none."""
    stretch = LabelDetection(
        timestamp=0, label=Label(name="Person", confidence=90), start_timestamp_millis=0, end_timestamp_millis=9
    )
    result = LabelDetectionResult(job_id="job", labels=(_seen(0, _box(0.1), _box(0.6)), stretch))
    assert [_lefts(track) for track in result.tracks()] == [[0.1], [0.6]]


_boxes = st.lists(st.builds(_box, st.floats(0, 0.8), st.floats(0, 0.8)), max_size=4)


@hypothesis.given(st.lists(_boxes, max_size=8))
def test_every_instance_is_in_one_track(samples: Sequence[Sequence[BoundingBox]]) -> None:
    """Whatever is seen, each instance is in exactly one track, and no track has two of one time."""
    labels = [_seen(200 * number, *boxes) for number, boxes in enumerate(samples)]
    tracks = tracks_of(labels)
    assert sum(len(track.instances) for track in tracks) == sum(len(boxes) for boxes in samples)
    for track in tracks:
        times = [each.timestamp for each in track.instances]
        assert times == sorted(set(times))


def test_overlap_is_intersection_over_union() -> None:
    """The overlap of a box with itself is 1, with one half beside it a third, and with one apart 0."""
    assert _box(0.1).overlap(_box(0.1)) == pytest.approx(1)
    assert _box(0.1).overlap(_box(0.2)) == pytest.approx(1 / 3)
    assert _box(0.1).overlap(_box(0.5)) == 0
