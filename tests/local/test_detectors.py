from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("av")
import numpy as np

import onnx_models as models
from onnx_models import painted
from rekvid.backends.local.labels.detectors import (
    Description,
    Detection,
    EdgeDistributions,
    Fit,
    GridCells,
    OnnxDetector,
    Preparation,
    Queries,
    d_fine,
    nanodet_plus,
    rf_detr,
    rt_detr,
    yolox,
)
from rekvid.backends.local.labels.detectors.decoding import Floats, decode, prepare
from rekvid.backends.local.labels.detectors.registry import make
from rekvid.errors import ModelUnavailableError, ValidationError
from rekvid.models import BoundingBox

CLASSES = ("Rose", "Leaf", "Sky")
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
ONE_STRIDE = (models.CELL,)


def _resized(description: Description, **decoding: object) -> Description:
    """A family's description for the size of the small models."""
    preparation = dataclasses.replace(description.preparation, width=models.WIDTH, height=models.HEIGHT)
    # Each kind of decoding has its own fields, which the caller knows.
    changed: GridCells | EdgeDistributions | Queries = dataclasses.replace(description.decoding, **decoding)  # type: ignore[arg-type]
    return dataclasses.replace(description, preparation=preparation, decoding=changed)


def _yolox(folder: Path) -> OnnxDetector:
    description = _resized(yolox(416), strides=ONE_STRIDE)
    return OnnxDetector(models.grid_model(folder / "grid.onnx"), classes=CLASSES, description=description)


def _nanodet(folder: Path) -> OnnxDetector:
    description = _resized(nanodet_plus(416), strides=ONE_STRIDE)
    return OnnxDetector(models.distribution_model(folder / "nanodet.onnx"), classes=CLASSES, description=description)


def _rt_detr(folder: Path, family: Callable[[], Description] = rt_detr) -> OnnxDetector:
    path = models.query_model(folder / "detr.onnx", logits="logits", boxes="pred_boxes", classes=3, scale=1.0)
    return OnnxDetector(path, classes=CLASSES, description=_resized(family()))


def _d_fine(folder: Path) -> OnnxDetector:
    return _rt_detr(folder, d_fine)


def _rf_detr(folder: Path) -> OnnxDetector:
    path = models.query_model(folder / "rf.onnx", logits="labels", boxes="dets", classes=91, scale=0.225, shift=0.45)
    return OnnxDetector(path, classes=(*CLASSES, *[None] * 88), description=_resized(rf_detr(384)))


FAMILIES = [_yolox, _nanodet, _rt_detr, _d_fine, _rf_detr]


def _places(found: list[Detection]) -> dict[str, tuple[float, float, float, float]]:
    boxes = {each.class_name: each.box for each in found}
    return {
        name: tuple(round(edge, 3) for edge in (box.left, box.top, box.width, box.height))  # type: ignore[misc]  # four
        for name, box in boxes.items()
        if box is not None
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_read_as_described(family: Callable[[Path], OnnxDetector], tmp_path: Path) -> None:
    """Each family finds the squares of a frame, of the right class and in their places, and nothing else."""
    frame = painted((1, 1, RED), (4, 2, GREEN), (7, 3, BLUE))
    (found,) = family(tmp_path).detect([frame])
    assert _places(found) == {
        "Rose": (0.125, 0.25, 0.125, 0.25),
        "Leaf": (0.5, 0.5, 0.125, 0.25),
        "Sky": (0.875, 0.75, 0.125, 0.25),
    }
    assert all(each.confidence > 90 for each in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_spec_makes_the_same_detector(family: Callable[[Path], OnnxDetector], tmp_path: Path) -> None:
    """What a detector says of itself is enough to make its like in another process."""
    detector = family(tmp_path)
    again = make(detector.spec())
    assert isinstance(again, OnnxDetector)
    assert (again.name, again.version, again.fit) == (detector.name, detector.version, detector.fit)
    frame = painted((3, 1, GREEN))
    assert again.detect([frame]) == detector.detect([frame])


@pytest.mark.parametrize("description", [yolox(416), nanodet_plus(320), rt_detr(), rf_detr(560)])
def test_descriptions_survive_json(description: Description) -> None:
    """A description that goes to JSON and back is the same."""
    assert Description.from_json(description.to_json()) == description


@pytest.mark.parametrize("data", [{}, {"preparation": {}, "decoding": {"kind": "Magic"}, "min_confidence": 1}])
def test_other_json_is_no_description(data: dict[str, object]) -> None:
    """JSON that is something else is refused."""
    with pytest.raises(ValidationError, match="description"):
        Description.from_json(data)  # type: ignore[arg-type]  # that is the point


def test_letterboxed_frame_lies_at_the_top_left(tmp_path: Path) -> None:
    """A frame smaller than the input gives boxes in its own ratios, and grey padding is no thing."""
    description = dataclasses.replace(_resized(yolox(416), strides=ONE_STRIDE), min_confidence=50.0)
    detector = _grid(tmp_path, description=description)
    (found,) = detector.detect([painted((1, 1, RED), width=32, height=16)])
    assert _places(found) == {"Rose": (0.25, 0.5, 0.25, 0.5)}


def test_many_frames_are_like_one_after_the_other(tmp_path: Path) -> None:
    """A model that takes any number of frames gives each what it gives it alone."""
    path = models.grid_model(tmp_path / "any.onnx", batch="batch")
    detector = OnnxDetector(path, classes=CLASSES, description=_resized(yolox(416), strides=ONE_STRIDE))
    assert detector.batch_size > 1
    frames = [painted((column, 0, RED), (0, 3, BLUE)) for column in range(1, 5)]
    assert detector.detect(frames) == [detector.detect([frame])[0] for frame in frames]


def test_version_names_the_weights(tmp_path: Path) -> None:
    """The version is the name with the digest of the file."""
    detector = _yolox(tmp_path)
    digest = hashlib.sha256((tmp_path / "grid.onnx").read_bytes()).hexdigest()
    assert detector.version == f"grid@sha256:{digest[:12]}"
    assert detector.fit == Fit(width=models.WIDTH, height=models.HEIGHT)


def _grid(folder: Path, **changes: object) -> OnnxDetector:
    given: dict[str, object] = {
        "classes": CLASSES,
        "description": _resized(yolox(416), strides=ONE_STRIDE),
        "path": folder / "grid.onnx",
    }
    models.grid_model(folder / "grid.onnx")
    return OnnxDetector(**{**given, **changes})  # type: ignore[arg-type]  # what is wrong is what is tested


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("threads", -3),
        ("classes", "x" * 80),
        ("classes", ["Rose", 4]),
        ("description", {}),
        ("name", 3),
        ("path", 3),
        ("sha256", "c789"),
    ],
)
def test_arguments_are_checked(field: str, wrong: object, tmp_path: Path) -> None:
    """An argument that breaks its rule is named with its value."""
    with pytest.raises(ValidationError, match=rf"^{field}(\[1\])?=") as caught:
        _grid(tmp_path, **{field: wrong})
    assert caught.value.rule


@pytest.mark.parametrize(
    ("part", "changes", "field"),
    [
        (yolox(416), {"min_confidence": 500}, "min_confidence=500"),
        (yolox(416), {"decoding": {}}, "decoding={}"),
        (yolox(416), {"preparation": None}, "preparation=None"),
        (GridCells(), {"strides": (0, 16)}, r"strides\[0\]=0"),
        (GridCells(), {"strides": ()}, r"strides=\(\)"),
        (GridCells(), {"overlap": 45}, "overlap=45"),
        (EdgeDistributions(), {"bins": 0}, "bins=0"),
        (Queries(), {"boxes": ""}, "boxes=''"),
        (yolox(416).preparation, {"width": 0}, "width=0"),
        (yolox(416).preparation, {"channels": "GBR"}, "channels='GBR'"),
        (yolox(416).preparation, {"deviation": (1, 0, 1)}, r"deviation\[1\]=0"),
        (Fit(width=1, height=1), {"height": -1}, "height=-1"),
    ],
)
def test_descriptions_are_checked(part: Any, changes: dict[str, object], field: str) -> None:
    """A part of a description that breaks its rule is named with its value."""
    with pytest.raises(ValidationError, match=f"^{field}: "):
        dataclasses.replace(part, **changes)


def test_other_digest(tmp_path: Path) -> None:
    """A file with another digest than asked for is refused with both; one with that digest is taken."""
    _grid(tmp_path, sha256=hashlib.sha256((models.grid_model(tmp_path / "grid.onnx")).read_bytes()).hexdigest())
    with pytest.raises(ModelUnavailableError, match=f"its SHA-256 is .* instead of {'0' * 64}"):
        _grid(tmp_path, sha256="0" * 64)


def test_missing_file(tmp_path: Path) -> None:
    """A model that isn't there is named."""
    with pytest.raises(ModelUnavailableError, match=r"other\.onnx can't be read: No such file"):
        _grid(tmp_path, path=tmp_path / "other.onnx")


def test_no_onnx(tmp_path: Path) -> None:
    """A file that is no model is named."""
    (tmp_path / "words.onnx").write_text("these are words")
    with pytest.raises(ValidationError, match=r"words\.onnx.*is no ONNX model"):
        _grid(tmp_path, path=tmp_path / "words.onnx")


def test_other_input(tmp_path: Path) -> None:
    """An input of another size than described is an error with both sizes."""
    description = _resized(yolox(416), strides=ONE_STRIDE)
    preparation = dataclasses.replace(description.preparation, width=416)
    with pytest.raises(ValidationError, match=r"\(batch, 3, 32, 416\); the model has images.*\[1, 3, 32, 64\]"):
        _grid(tmp_path, description=dataclasses.replace(description, preparation=preparation))


def test_other_classes(tmp_path: Path) -> None:
    """Another number of classes than the model has is an error with both shapes."""
    with pytest.raises(ValidationError, match=r"with 2 classes .* \(1, 32, 7\); it has \(1, 32, 8\): name other"):
        _grid(tmp_path, classes=CLASSES[:2])


def test_other_outputs(tmp_path: Path) -> None:
    """A model without the outputs that are described is an error that names them."""
    with pytest.raises(ValidationError, match=r"outputs \['logits', 'pred_boxes'\]; it has \['output'\]"):
        _grid(tmp_path, description=_resized(rt_detr()))
    path = models.query_model(tmp_path / "two.onnx", logits="logits", boxes="pred_boxes", classes=3, scale=1.0)
    with pytest.raises(ValidationError, match=r"one output; it has \['logits', 'pred_boxes'\]"):
        _grid(tmp_path, path=path)


def test_batch_of_another_size(tmp_path: Path) -> None:
    """A model that takes four frames and no fewer is refused with what to do."""
    path = models.grid_model(tmp_path / "four.onnx", batch=4)
    with pytest.raises(ValidationError, match="batch is fixed to 4; export it"):
        _grid(tmp_path, path=path)


def _boxes(*rows: tuple[float, float, float, float, float, int]) -> Floats:
    """Queries with corners in pixels, a score and a class, as logits and boxes of an input of 100 by 100."""
    return np.array(rows, np.float32)


def _through_queries(rows: Floats, overlap: float) -> list[tuple[float, int]]:
    """What remains of boxes that come from cells of one pixel, as scores and classes."""
    cells = np.zeros((100, 5 + 3), np.float32)
    for number, (left, top, right, bottom, score, class_) in enumerate(rows):
        column, row = number % 10, number // 10
        cells[number, :2] = (left + right) / 20 - column, (top + bottom) / 20 - row
        cells[number, 2:4] = np.log((right - left) / 10), np.log((bottom - top) / 10)
        cells[number, 4], cells[number, 5 + int(class_)] = 1.0, score
    how = GridCells(strides=(10,), overlap=overlap)
    _, scores, classes = decode({"": cells}, how, Preparation(width=100, height=100), 0.1)
    return [(round(float(score), 3), int(class_)) for score, class_ in zip(scores, classes, strict=True)]


def test_weaker_box_of_the_same_class_is_dropped() -> None:
    """Of two boxes of a class that overlap the surer stays; one of another class and one apart stay too."""
    rows = _boxes(
        (10, 10, 50, 50, 0.6, 0), (12, 10, 52, 50, 0.9, 0), (11, 10, 51, 50, 0.5, 1), (60, 60, 90, 90, 0.4, 0)
    )
    assert _through_queries(rows, 0.45) == [(0.9, 0), (0.5, 1), (0.4, 0)]
    assert _through_queries(rows, 0.99) == [(0.9, 0), (0.6, 0), (0.5, 1), (0.4, 0)]


_edge = st.integers(0, 90)
_row = st.tuples(
    _edge,
    _edge,
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from([each / 50 for each in range(10, 51)]),
    st.integers(0, 2),
)


@hypothesis.given(st.lists(_row, max_size=30))
def test_suppression_is_greedy(rows: list[tuple[int, int, int, int, float, int]]) -> None:
    """Suppression gives what a plain loop over the boxes, the surest first, gives."""
    boxes = [(x, y, x + width, y + height, score, class_) for x, y, width, height, score, class_ in rows]
    kept: list[tuple[float, float, float, float, float, int]] = []
    for box in sorted(boxes, key=lambda each: -each[4]):
        if not any(other[5] == box[5] and _overlap(box, other) > 0.5 + 1e-4 for other in kept):
            kept.append(box)
    near = any(abs(_overlap(a, b) - 0.5) < 1e-3 for a in boxes for b in boxes)
    hypothesis.assume(not near)  # rounding decides there
    assert _through_queries(_boxes(*boxes).reshape(-1, 6), 0.5) == [
        (round(float(np.float32(box[4])), 3), box[5]) for box in kept
    ]


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    sizes = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (sizes - shared)


def test_what_is_no_number_is_no_box() -> None:
    """Infinite and undefined boxes and scores, as a broken model gives them, are left out."""
    cells = np.zeros((4, 6), np.float32)
    cells[:, 4:] = 1.0
    cells[0, 0], cells[1, 2], cells[2, 4] = np.nan, np.inf, np.nan
    corners, scores, _ = decode({"": cells}, GridCells(strides=(8,)), Preparation(width=16, height=16), 0.1)
    assert corners.tolist() == [[4.0, 4.0, 12.0, 12.0]]
    assert scores.tolist() == [1.0]


_any_float = st.floats(width=32) | st.sampled_from([3e38, -3e38, 88.0, 200.0, 1.0])


@hypothesis.given(st.lists(_any_float, min_size=4 * 38, max_size=4 * 38))
@hypothesis.settings(max_examples=50)
def test_no_output_makes_decoding_stumble(numbers: list[float]) -> None:
    """Whatever a model gives out, there is no warning, and what remains has edges and scores that are numbers."""
    values = np.array(numbers, np.float32).reshape(4, 38)
    input_ = Preparation(width=16, height=16)
    for outputs, how in (
        ({"": values}, GridCells(strides=(8,))),
        ({"": values}, EdgeDistributions(strides=(8,))),
        ({"logits": values[:, 4:], "pred_boxes": values[:, :4]}, Queries()),
    ):
        corners, scores, _ = decode(outputs, how, input_, 0.1)
        assert np.isfinite(corners).all()
        assert np.isfinite(scores).all()


def test_input_is_normalised_as_described() -> None:
    """Mean and deviation count in the order of the channels, for what is padding too."""
    how = Preparation(width=2, height=1, channels="BGR", mean=(1.0, 2.0, 3.0), deviation=(1.0, 2.0, 4.0), padding=11)
    tensor = prepare([np.array([[[7, 6, 5]]], np.uint8)], how)
    assert tensor[0, :, 0, 0].tolist() == [4.0, 2.0, 1.0]
    assert tensor[0, :, 0, 1].tolist() == [10.0, 4.5, 2.0]


def test_classes_that_stand_for_nothing(tmp_path: Path) -> None:
    """A class without a name is never found."""
    (found,) = _grid(tmp_path, classes=("Rose", None, "Sky")).detect([painted((1, 1, GREEN), (3, 1, BLUE))])
    assert [each.class_name for each in found] == ["Sky"]


def test_box_is_a_value() -> None:
    """A detection without a place has no box."""
    assert Detection(class_name="Sky", confidence=50.0).box is None
    assert Detection(class_name="Sky", confidence=50.0, box=BoundingBox(left=0, top=0, width=1, height=1)).box
