from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

pytest.importorskip("av")
import numpy as np

from patches import PatchDetector, paint_video
from rekvid.backends.local.labels.analysis import LabelAnalysis, analyse_labels
from rekvid.backends.local.labels.detectors import Detection, Detector, Fit, Picture
from rekvid.backends.local.labels.inference import DetectorError, Look, has_changed, looks
from rekvid.backends.local.labels.labelling import LabelFilter, cut, labels_of
from rekvid.backends.local.labels.orders import Orders
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.labels.stretches import Stretches
from rekvid.backends.local.video.media import UnreadableVideoError
from rekvid.backends.local.video.sampling import Sample
from rekvid.errors import ValidationError
from rekvid.models import BoundingBox, Label, LabelDetection

ANYTHING = LabelFilter()
BOX = BoundingBox(left=0.1, top=0.1, width=0.5, height=0.5)
SHOWN = [["dog"], ["dog"], [], ["dog", "car"], ["car"], [], [], [], ["dog"]]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_video(tmp_path_factory.mktemp("video") / "patches.mp4", SHOWN)


def analyse(
    video: Path,
    *detectors: Detector,
    settings: LabelSettings | None = None,
    asked: LabelFilter = ANYTHING,
) -> tuple[list[LabelDetection], LabelAnalysis]:
    items: list[LabelDetection] = []
    analysis = analyse_labels(
        video,
        detectors or [PatchDetector()],
        settings=settings or LabelSettings(),
        asked=asked,
        on_items=items.extend,
    )
    return items, analysis


def _at_times(items: Sequence[LabelDetection]) -> list[tuple[int | None, str]]:
    return [(item.timestamp, item.label.name) for item in items if item.duration_millis is None]


def test_labels_stand_at_their_samples_with_their_ancestors(video: Path) -> None:
    """Each sample's labels stand at a multiple of the cadence, and their ancestors, without boxes, beside them."""
    items, analysis = analyse(video)
    names = {"dog": ["Animal", "Canine", "Dog", "Mammal", "Pet"], "car": ["Car", "Transportation", "Vehicle"]}
    expected = [
        (200 * number, name)
        for number, shown in enumerate(SHOWN)
        for name in sorted(itertools.chain.from_iterable(names[each] for each in shown))
    ]
    assert _at_times(items) == expected
    for item in items:
        if item.duration_millis is None:
            assert bool(item.label.instances) == (item.label.name in {"Dog", "Car"})
    assert analysis.label_model_version == "patches@1"
    assert analysis.video_metadata.duration_millis == 1800


def test_label_carries_what_is_known_of_it(video: Path) -> None:
    """A label has parents, aliases and categories, and instances with boxes in ratios and their confidence."""
    items, _ = analyse(video)
    (car,) = [item.label for item in items if item.timestamp == 600 and item.label.name == "Car"][:1]
    assert [each.name for each in car.parents] == ["Vehicle", "Transportation"]
    assert [each.name for each in car.aliases] == ["Automobile"]
    assert [each.name for each in car.categories] == ["Vehicles and Automotive"]
    (instance,) = car.instances
    assert instance.confidence == car.confidence == 90.0
    box = instance.bounding_box
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0.25, 0, 0.25, 0.5), abs=0.03)


def test_stretches_bridge_what_is_missed(video: Path) -> None:
    """A stretch goes on over as many missed samples as set, and ends one cadence after its last sample."""
    items, _ = analyse(video)
    dogs = [item for item in items if item.duration_millis is not None and item.label.name == "Dog"]
    assert [(each.start_timestamp_millis, each.end_timestamp_millis) for each in dogs] == [(0, 800), (1600, 1800)]
    assert all(each.label.instances == () and each.timestamp == each.start_timestamp_millis for each in dogs)
    for missed, count in ((0, 3), (1, 2), (3, 2), (4, 1)):
        items, _ = analyse(video, settings=LabelSettings(missed_samples=missed))
        assert sum(each.label.name == "Dog" for each in items if each.duration_millis is not None) == count


def test_cadence_is_settable(video: Path) -> None:
    """Samples follow each other at the cadence that was set."""
    items, _ = analyse(video, settings=LabelSettings(cadence_millis=300))
    assert {item.timestamp for item in items if item.label.name == "Dog" and item.duration_millis is None} == {
        0,
        300,
        600,
    }


@pytest.mark.parametrize("field", ["cadence_millis", "missed_samples", "unchanged_below"])
def test_settings_are_checked(field: str) -> None:
    """A setting out of its range is refused with its name."""
    with pytest.raises(ValidationError, match=field):
        LabelSettings(**{field: -1})


def test_filters_leave_out_labels(video: Path) -> None:
    """Labels are asked for by name and by category, and left out likewise; leaving out wins."""

    def names(**asked: object) -> set[str]:
        items, _ = analyse(video, asked=LabelFilter(**asked))  # type: ignore[arg-type]  # each field in turn
        return {item.label.name for item in items}

    every = {"Animal", "Canine", "Dog", "Mammal", "Pet", "Car", "Transportation", "Vehicle"}
    assert names() == every
    assert names(include_labels=frozenset({"Dog", "Vehicle"})) == {"Dog", "Vehicle"}
    assert names(include_categories=frozenset({"Animals and Pets"})) == {"Animal", "Canine", "Dog", "Mammal", "Pet"}
    both = {"include_labels": frozenset({"Car"}), "include_categories": frozenset({"Animals and Pets"})}
    assert names(**both) == {"Animal", "Canine", "Dog", "Mammal", "Pet", "Car"}
    assert names(**both, exclude_labels=frozenset({"Pet"})) == {"Animal", "Canine", "Dog", "Mammal", "Car"}
    assert names(exclude_categories=frozenset({"Animals and Pets"})) == {"Car", "Transportation", "Vehicle"}
    assert names(include_labels=frozenset({"dog"})) == set()


def test_unsure_things_are_left_out(video: Path) -> None:
    """What is less sure than asked for is no instance, and without one no label."""
    assert analyse(video, PatchDetector(confidence=49.9))[0] == []
    assert analyse(video, PatchDetector(confidence=49.9), asked=LabelFilter(min_confidence=40))[0]


def test_several_detectors_share_a_job(video: Path) -> None:
    """What detectors see is joined; a thing that two of them box is one instance, the surer."""
    items, analysis = analyse(video, PatchDetector(confidence=70), PatchDetector(name="again", confidence=80))
    assert analysis.label_model_version == "patches@1+again@1"
    dogs = [item.label for item in items if item.label.name == "Dog" and item.duration_millis is None]
    assert [[each.confidence for each in label.instances] for label in dogs] == [[80.0]] * len(dogs)


def test_alike_frames_are_looked_at_once(video: Path) -> None:
    """A frame like the last that was looked at is not looked at again, with the same result; 0 looks at each."""
    thrifty, thorough = PatchDetector(), PatchDetector()
    assert analyse(video, thrifty)[0] == analyse(video, thorough, settings=LabelSettings(unchanged_below=0))[0]
    assert thorough.frames == len(SHOWN)
    assert thrifty.frames == 6  # as often as something comes or goes


def test_small_change_counts() -> None:
    """A change in one block counts however large the rest is, and noise below the level doesn't."""
    before = np.random.default_rng(1).integers(0, 250, (50, 70, 3), dtype=np.uint8)
    now = before.copy()
    assert not has_changed(before, now, 0.5)
    assert has_changed(before, now, 0.0)
    now[48:50, 64:70] += 5
    assert has_changed(before, now, 4.0)  # the block in the corner is cut off by the edges
    assert not has_changed(before, before + 1, 2.0)
    assert has_changed(before, before[:40], 2.0)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_change_nothing(video: Path, batch_size: int) -> None:
    """However many frames a detector takes at once, the results are the same."""
    detector = PatchDetector(batch_size=batch_size)
    assert analyse(video, detector)[0] == analyse(video)[0]
    assert detector.calls <= math.ceil(6 / batch_size) + 1


class Tallying(PatchDetector):
    """Notes how many frames each call has, with as many threads as it is told."""

    def __init__(self, *, batch_size: int, concurrency: int) -> None:
        super().__init__(batch_size=batch_size)
        self.concurrency = concurrency
        self.sizes: list[int] = []

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        self.sizes.append(len(frames))
        return super().detect(frames)


def test_batches_are_filled() -> None:
    """A detector gets as many frames at once as it takes, all the way, beside one that takes other numbers."""
    four, three = Tallying(batch_size=4, concurrency=2), Tallying(batch_size=3, concurrency=1)
    seen = list(looks(itertools.islice(Counting(four.fit), 100), [four, three], unchanged_below=2.0))
    assert [each.index for each in seen] == list(range(100))
    assert four.sizes == [4] * 25
    assert sorted(three.sizes) == [1, *[3] * 33]


class Counting:
    """Samples without end that say how far they were read."""

    def __init__(self, fit: Fit) -> None:
        self.read = 0
        self._fit = fit

    def __iter__(self) -> Iterator[Sample]:
        for index in itertools.count():
            self.read += 1
            picture = np.full((8, 8, 3), index % 2 * 255, np.uint8)
            yield Sample(index=index, pictures={self._fit: picture})


class Held(PatchDetector):
    """Looks at nothing before it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        assert self.may.wait(60)
        return super().detect(frames)


def test_samples_are_not_read_far_ahead() -> None:
    """A slow detector holds the reading up, so that memory stays bounded; results come in order all the same."""
    detector = Held()
    samples = Counting(detector.fit)
    seen: list[Look] = []

    def take() -> None:
        seen.extend(itertools.islice(looks(samples, [detector], unchanged_below=2.0), 50))

    thread = threading.Thread(target=take)
    thread.start()
    detector.may.set()
    thread.join(60)
    assert [each.index for each in seen] == list(range(50))
    assert samples.read <= 50 + 2 * detector.concurrency * detector.batch_size


def test_failing_detector_is_named(video: Path) -> None:
    """An error of a detector ends the analysis with its name and reason."""
    with pytest.raises(DetectorError, match="detector patches failed: the patches are gone"):
        analyse(video, PatchDetector(fails_at=3))


class Short(PatchDetector):
    """Forgets a frame."""

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        return super().detect(frames)[1:]


def test_detector_that_forgets_a_frame_is_named(video: Path) -> None:
    """A detector that answers for fewer frames than it was given is an error, not a shift of all results."""
    with pytest.raises(DetectorError, match="gave 0 results for 1 frames"):
        analyse(video, Short())


def test_progress_goes_up_to_the_end(video: Path) -> None:
    """Progress never goes back, and is 1 at the end only."""
    heard: list[float] = []
    analyse_labels(
        video,
        [PatchDetector()],
        settings=LabelSettings(cadence_millis=20),
        asked=ANYTHING,
        on_items=lambda _: None,
        on_progress=heard.append,
    )
    assert heard == sorted(heard)
    assert len(heard) > 5
    assert heard[-1] == 1.0 > heard[-2]


def test_bad_files_are_refused(tmp_path: Path) -> None:
    """What is no video is an error that says so."""
    (tmp_path / "words.mp4").write_text("these are words" * 100)
    with pytest.raises(UnreadableVideoError, match="not a video"):
        analyse(tmp_path / "words.mp4")
    with pytest.raises(UnreadableVideoError, match="no file"):
        analyse(tmp_path / "nothing.mp4")


def test_parents_are_as_sure_as_their_surest_child() -> None:
    """A parent has the confidence of the surest label below it, its own included."""
    seen = [
        Detection(class_name="dog", confidence=60, box=BOX),
        Detection(class_name="cat", confidence=75, box=BOX),
        Detection(class_name="Pet", confidence=70, box=BOX),
    ]
    found = {label.name: label for label in labels_of([seen], ANYTHING)}
    assert found["Pet"].confidence == found["Animal"].confidence == 75
    assert found["Canine"].confidence == 60
    assert [each.confidence for each in found["Pet"].instances] == [70]


def test_instances_are_ordered_by_confidence() -> None:
    """The surest instance comes first, and the label is as sure as it is; one detector's boxes may overlap."""
    seen = [Detection(class_name="cup", confidence=each, box=BOX) for each in (60, 90, 70)]
    (label,) = labels_of([seen], LabelFilter(include_labels=frozenset({"Cup"})))
    assert [each.confidence for each in label.instances] == [90, 70, 60]
    assert label.confidence == 90


def test_scene_has_no_box() -> None:
    """A detection without a box makes a label without instances."""
    (label,) = labels_of([[Detection(class_name="Harbour of nowhere", confidence=80)]], ANYTHING)
    assert (label.name, label.instances, label.parents) == ("Harbour of nowhere", (), ())


_ratio = st.floats(-2, 2)


@hypothesis.given(left=_ratio, top=_ratio, width=st.floats(-1, 3), height=st.floats(-1, 3))
@hypothesis.example(left=0.6, top=0.0, width=2e-16, height=1.0)
def test_boxes_lie_in_the_frame(left: float, top: float, width: float, height: float) -> None:
    """A box is cut to the frame: its edges are in [0, 1], and one outside, inside out or without an area is none."""
    box = cut(BoundingBox(left=left, top=top, width=width, height=height))
    if box is None:
        assert min(left + width, 1) <= max(left, 0) + 1e-7 or min(top + height, 1) <= max(top, 0) + 1e-7
        return
    assert 0 <= box.left < box.left + box.width <= 1
    assert 0 <= box.top < box.top + box.height <= 1
    if min(width, height) > 1e-3 and min(left, top) >= 0 and max(left + width, top + height) <= 1:
        assert box.overlap(BoundingBox(left=left, top=top, width=width, height=height)) > 0.999


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_no_label(value: float) -> None:
    """Confidences and boxes that are no numbers are left out."""
    broken = BoundingBox(left=value, top=0.0, width=0.5, height=0.5)
    seen = [
        Detection(class_name="dog", confidence=value, box=BOX),
        Detection(class_name="dog", confidence=80, box=broken),
    ]
    assert labels_of([seen], ANYTHING) == ()


_found = st.lists(
    st.tuples(st.sampled_from(["Dog", "Car", "Cat"]), st.integers(0, 5), st.floats(50, 100, width=32), st.booleans()),
    max_size=30,
)


@hypothesis.given(_found)
def test_orders_are_those_of_the_service(found: list[tuple[str, int, float, bool]]) -> None:
    """TIMESTAMP goes by time and name, NAME by name and falling confidence; stretches have orders of their own."""
    orders = Orders()
    items = [
        LabelDetection(
            timestamp=timestamp, label=Label(name=name, confidence=confidence), duration_millis=1 if whole else None
        )
        for name, timestamp, confidence, whole in found
    ]
    for item in items:
        orders.note(item)
    given = {name: [items[position] for position in positions] for name, positions in orders.all()}
    assert set(given) == {"TIMESTAMPS/TIMESTAMP", "TIMESTAMPS/NAME", "SEGMENTS/TIMESTAMP", "SEGMENTS/NAME"}
    for name, ordered in given.items():
        is_stretch = name.startswith("SEGMENTS")
        assert len(ordered) == sum(whole == is_stretch for *_, whole in found)
        keys = [
            (each.label.name, -each.label.confidence, each.timestamp)
            if name.endswith("NAME")
            else (each.timestamp, each.label.name)
            for each in ordered
        ]
        assert keys == sorted(keys)


@hypothesis.given(st.lists(st.booleans(), max_size=40), st.integers(0, 4))
def test_stretches_cover_what_was_seen(seen: list[bool], missed: int) -> None:
    """Stretches hold every sample with the label, none is closer to the next than a bridged gap, and none overlap."""
    stretches = Stretches(100, missed)
    label = Label(name="Dog", confidence=60.0)
    rows = [row for index, here in enumerate(seen) for row in stretches.add(index, [label] if here else [])]
    rows += stretches.finish(100 * len(seen))
    covered = [
        any((row.start_timestamp_millis or 0) <= 100 * index < (row.end_timestamp_millis or 0) for row in rows)
        for index in range(len(seen))
    ]
    assert all(not here or there for here, there in zip(seen, covered, strict=True))
    for before, after in itertools.pairwise(rows):
        assert after.start_timestamp_millis is not None
        assert before.end_timestamp_millis is not None
        assert after.start_timestamp_millis - before.end_timestamp_millis > 100 * missed
    for row in rows:
        assert row.duration_millis is not None
        assert seen[(row.start_timestamp_millis or 0) // 100]
        assert seen[(row.end_timestamp_millis or 0) // 100 - 1]


def test_stretch_is_as_sure_as_its_surest_sample() -> None:
    """A stretch has the highest confidence in it, and the label of that sample."""
    stretches = Stretches(200, 0)
    for index, confidence in enumerate((60.0, 95.0, 70.0)):
        assert stretches.add(index, [Label(name="Dog", confidence=confidence)]) == []
    (row,) = stretches.finish(550)
    assert (row.label.confidence, row.start_timestamp_millis, row.end_timestamp_millis) == (95.0, 0, 550)
