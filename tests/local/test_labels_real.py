"""The default model on real clips; skipped where the folder of assets is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("av")
pytest.importorskip("onnxruntime")
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rekvid.backends.local.labels.analysis import analyse_labels
from rekvid.backends.local.labels.detectors import Detection, OnnxDetector, Picture, yolox
from rekvid.backends.local.labels.labelling import LabelFilter
from rekvid.backends.local.labels.registry import COCO_CLASSES
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.models import BoundingBox, LabelDetection
from rekvid.tracks import tracks_of

pytestmark = pytest.mark.assets

SIDE = 416
# Marked by eye on the samples at 5 a second: from the first to the last sample with head and shoulders, or half of the
# body, in view. Between these and EMPTY a bit of hair or a leg is to be seen, which may count or not.
PERSON = ((6.4, 19.2), (23.0, 44.2), (50.6, 69.2), (74.8, 86.2), (92.8, 119.2), (123.8, 135.4))
EMPTY = ((0.0, 5.8), (20.0, 22.6), (45.2, 50.0), (70.2, 74.4), (87.2, 92.0), (120.4, 123.2), (136.0, 139.2))


@pytest.fixture(scope="module")
def model(assets: Path) -> Path:
    return assets / "models" / "yolox_nano.onnx"


@pytest.fixture(scope="module")
def detector(model: Path) -> OnnxDetector:
    return OnnxDetector(model, classes=COCO_CLASSES, description=yolox(SIDE), name="yolox-nano")


class Recorder:
    """A detector that keeps each frame with what was seen in it, so that the clips are looked at once for all tests."""

    def __init__(self, inner: OnnxDetector) -> None:
        self.inner = inner
        self.name, self.version, self.fit = inner.name, inner.version, inner.fit
        self.batch_size, self.concurrency = inner.batch_size, inner.concurrency
        self.kept: list[tuple[Picture, list[Detection]]] = []

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        """See `Detector.detect`."""
        found = self.inner.detect(frames)
        self.kept += zip(frames, found, strict=True)
        return found


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip that was looked at: its labels by timestamp, and the frames that the detector got."""

    labels: list[LabelDetection]
    kept: list[tuple[Picture, list[Detection]]]


def _look_at(video: Path, detector: OnnxDetector, cadence: int) -> Clip:
    recorder = Recorder(detector)
    found: list[LabelDetection] = []
    settings = LabelSettings(cadence_millis=cadence)
    analyse_labels(video, [recorder], settings=settings, asked=LabelFilter(), on_items=found.extend)
    return Clip(labels=[item for item in found if item.duration_millis is None], kept=recorder.kept)


@pytest.fixture(scope="module")
def dog(assets: Path, detector: OnnxDetector) -> Clip:
    return _look_at(assets / "videos" / "torchcodec_dog_eating.mp4", detector, 200)


@pytest.fixture(scope="module")
def bottle(assets: Path, detector: OnnxDetector) -> Clip:
    return _look_at(assets / "videos" / "intel_bottle-detection.mp4", detector, 1000)


@pytest.fixture(scope="module")
def person(assets: Path, detector: OnnxDetector) -> Clip:
    return _look_at(assets / "videos" / "intel_one-by-one-person-detection.mp4", detector, 1000)


def test_dog_is_seen_throughout(dog: Clip) -> None:
    """Of the clip with a dog at least 90 % of the samples have Dog, and its ancestors beside it."""
    times = {
        name: {each.timestamp for each in dog.labels if each.label.name == name} for name in ("Dog", "Pet", "Animal")
    }
    assert len(times["Dog"]) >= 0.9 * 69
    assert times["Dog"] <= times["Pet"] <= times["Animal"]


def test_bottle_is_seen_whenever_one_is_there(bottle: Clip) -> None:
    """Of the clip in which one to three bottles are always in view (by eye) each sample has Bottle."""
    assert [each.timestamp for each in bottle.labels if each.label.name == "Bottle"] == list(range(0, 40_000, 1000))


def test_person_comes_and_goes(person: Clip) -> None:
    """Person is seen in nearly all samples with somebody in view, in none of the empty ones, and is six tracks."""
    seen = {(each.timestamp or 0) / 1000 for each in person.labels if each.label.name == "Person"}
    samples = list(range(140))
    there = [each for each in samples if _within(each, PERSON)]
    assert len(there) > 100
    assert sum(_contains(seen, each) for each in there) >= 0.98 * len(there)
    assert not [each for each in samples if _within(each, EMPTY) and _contains(seen, each)]
    tracks = tracks_of(person.labels, max_gap_millis=2000, min_instances=3)
    assert sum(track.label == "Person" for track in tracks) == len(PERSON)


def _within(moment: float, stretches: Sequence[tuple[float, float]]) -> bool:
    return any(start - 1e-6 <= moment <= end + 1e-6 for start, end in stretches)


def _contains(moments: set[float], moment: float) -> bool:
    return any(math.isclose(each, moment, abs_tol=1e-6) for each in moments)


def test_boxes_are_those_of_a_plain_decoding(model: Path, dog: Clip, bottle: Clip, person: Clip) -> None:
    """On 100 real frames the detector found what a plain loop over the model's output finds: the same boxes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    looked_at = [*dog.kept[::3][:22], *bottle.kept[:38], *person.kept[::3][:40]]
    assert len(looked_at) == 100
    boxes = 0
    for frame, seen in looked_at:
        found = [each for each in seen if each.confidence >= 30]
        expected = _plainly(session, frame, 0.30)
        assert sorted(each.class_name for each in found) == sorted(each.class_name for each in expected)
        for each in expected:
            assert any(
                other.class_name == each.class_name
                and _overlap(each, other) >= 0.99
                and abs(other.confidence - each.confidence) <= 0.5
                for other in found
            )
        boxes += len(expected)
    assert boxes > 100


def _overlap(one: Detection, other: Detection) -> float:
    assert one.box is not None
    assert other.box is not None
    return one.box.overlap(other.box)


def _plainly(session: onnxruntime.InferenceSession, frame: Picture, min_score: float) -> list[Detection]:
    """YOLOX as its paper and its demo have it, cell by cell."""
    height, width = frame.shape[:2]
    image = np.full((1, 3, SIDE, SIDE), 114, np.float32)
    for channel in range(3):
        image[0, channel, :height, :width] = frame[:, :, 2 - channel]
    (output,) = cast("list[NDArray[np.float32]]", session.run(None, {"images": image}))
    found: list[Detection] = []
    cell = 0
    for stride in (8, 16, 32):
        for row in range(SIDE // stride):
            for column in range(SIDE // stride):
                values: NDArray[np.float32] = output[0, cell]
                cell += 1
                if values[4] < min_score:
                    continue
                number = int(values[5:].argmax())
                score = float(values[4] * values[5 + number])
                if score >= min_score:
                    x, y = (float(values[0]) + column) * stride, (float(values[1]) + row) * stride
                    w, h = math.exp(values[2]) * stride, math.exp(values[3]) * stride
                    box = BoundingBox(
                        left=(x - w / 2) / width, top=(y - h / 2) / height, width=w / width, height=h / height
                    )
                    found.append(Detection(class_name=COCO_CLASSES[number], confidence=100 * score, box=box))
    kept: list[Detection] = []
    for each in sorted(found, key=lambda one: -one.confidence):
        if not any(each.class_name == other.class_name and _overlap(each, other) > 0.45 for other in kept):
            kept.append(each)
    return kept
