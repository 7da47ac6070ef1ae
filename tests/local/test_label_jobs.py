from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("av")
import rekvid
from patches import PatchDetector, paint_video
from rekvid.backends.local import LabelSettings, LocalBackend
from rekvid.backends.local.labels import weights
from rekvid.backends.local.labels.detectors import Detector, DetectorSpec, yolox
from rekvid.backends.local.labels.detectors.registry import _DESCRIPTIONS, make, names, specs_of
from rekvid.errors import JobFailedError, ModelUnavailableError, ValidationError

if TYPE_CHECKING:
    from rekvid.backends.local.labels.detectors import OnnxDetector

WAIT = 60


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_video(tmp_path_factory.mktemp("video") / "patches.mp4", [["dog"], ["dog"], ["car"]])


def _client(**arguments: Any) -> rekvid.Client:
    return rekvid.Client(LocalBackend(store=":memory:", **arguments))


def _colours(folder: Path) -> OnnxDetector:
    """A detector by a small model in `folder`."""
    import onnx_models as models
    from rekvid.backends.local.labels.detectors import GridCells, OnnxDetector

    description = dataclasses.replace(
        yolox(416),
        preparation=dataclasses.replace(yolox(416).preparation, width=models.WIDTH, height=models.HEIGHT),
        decoding=GridCells(strides=(models.CELL,)),
    )
    path = models.grid_model(folder / "colours.onnx")
    return OnnxDetector(path, classes=("dog", "cat", "mouse"), description=description)


def test_model_of_ones_own(tmp_path: Path) -> None:
    """A detector that is handed in as an object works in the worker process, with its weights named in the result."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    import av

    import onnx_models as models

    detector = _colours(tmp_path)
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"crf": "1"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = models.WIDTH, models.HEIGHT, "yuv444p"
        for _ in range(3):
            picture = models.painted((2, 1, (255, 0, 0)), (5, 3, (0, 0, 255)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with _client(detectors=[detector]) as client:
        result = client.start_label_detection(tmp_path / "x.mp4", include_labels=["Dog", "Computer Hardware"]).result(
            WAIT
        )
    assert result.label_model_version == detector.version
    assert [(each.timestamp, each.label.name) for each in result.labels] == [
        (timestamp, name) for timestamp in (0, 200, 400) for name in ("Computer Hardware", "Dog")
    ]
    box = result.labels[1].label.instances[0].bounding_box
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0.25, 0.25, 0.125, 0.25), abs=1e-5)


def test_detector_that_fails_fails_its_job(video: Path) -> None:
    """A detector's error fails the job with the detector's name and reason."""
    spec = DetectorSpec(factory="patches:PatchDetector", parameters={"fails_at": 1})
    reason = "detector patches failed: the patches are gone"
    with _client(detectors=[spec]) as client, pytest.raises(JobFailedError, match=reason):
        client.start_label_detection(video).wait(WAIT)


def test_job_runs_no_other_file_than_the_backend_was_given(video: Path, tmp_path: Path) -> None:
    """A model file that is another one when the job begins fails the job, with both digests."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    detector = _colours(tmp_path)
    with _client(detectors=[detector]) as client:
        with (tmp_path / "colours.onnx").open("ab") as file:
            file.write(b"\n")
        with pytest.raises(JobFailedError, match=r"can't be made: .*colours\.onnx is not .*: its SHA-256"):
            client.start_label_detection(video).wait(WAIT)


def test_settings_reach_the_worker(video: Path) -> None:
    """The cadence that the backend was made with is that of its jobs, and objects with a spec are detectors."""
    settings = LabelSettings(cadence_millis=100)
    with _client(detectors=[PatchDetector(confidence=61.0)], label_settings=settings) as client:
        labels = client.start_label_detection(video, include_labels=["Dog"]).result(WAIT).labels
    assert [each.timestamp for each in labels] == [0, 100, 200, 300]
    assert {each.label.confidence for each in labels} == {61.0}


@pytest.mark.parametrize("name", ["yolox-nano", "yolox-s"])
def test_missing_weights_are_told_when_the_backend_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that names a model whose weights aren't here is not made; the error says how to get them."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("REKVID_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelUnavailableError, match=f"rekvid models pull {name}"):
        LocalBackend(store=":memory:", detectors=[name])


@pytest.mark.parametrize(
    ("detector", "reason"),
    [
        ("yolo-900", "no detector of that name"),
        ("no_such_module:Detector", "can't be imported"),
        ("patches:NoSuchDetector", "can't be imported"),
        ("patches:COLOURS", "is not callable"),
        ("os:fspath", "can't be made: .*path"),
    ],
)
def test_unknown_detectors_are_told_when_the_backend_is_made(detector: str, reason: str) -> None:
    """A name that stands for nothing, or for what can't be imported, is refused with the reason."""
    with pytest.raises(ModelUnavailableError, match=reason):
        LocalBackend(store=":memory:", detectors=[detector])


@pytest.mark.parametrize(
    ("detectors", "field"),
    [
        ("yolox-nano", "detectors='yolox-nano'"),
        ([], r"detectors=\[\]"),
        ([3], r"detectors\[0\]=3"),
        (["patches:PatchDetector", PatchDetector], r"detectors\[1\]"),
        ([DetectorSpec(factory="patches:PatchDetector", parameters={"x": object()})], r"detectors\[0\].parameters"),  # type: ignore[dict-item]  # that is the point
    ],
)
def test_what_is_no_detector_is_refused(detectors: Any, field: str) -> None:
    """What no detector can be named by is refused with its place."""
    with pytest.raises(ValidationError, match=field):
        LocalBackend(store=":memory:", detectors=detectors)


def test_factory_that_makes_something_else_is_refused() -> None:
    """What is made instead of a detector is refused with what it lacks, when the backend is made."""
    with pytest.raises(ValidationError, match=r"detectors\[0\].factory='os:getcwd': .* has no name, .*, fit, detect"):
        LocalBackend(store=":memory:", detectors=["os:getcwd"])
    spec = DetectorSpec(factory="patches:PatchDetector", parameters={"batch_size": 0})
    with pytest.raises(ValidationError, match=r"detectors\[0\].factory=.* breaks a rule: detector.batch_size=0"):
        LocalBackend(store=":memory:", detectors=[spec])


def needing_weights() -> PatchDetector:
    """What a package gives whose weights aren't here."""
    raise FileNotFoundError("no such file: faces.bin")


def test_detector_that_cannot_be_made_is_told_when_the_backend_is_made() -> None:
    """A factory that fails, as for want of its weights, or that doesn't take its parameters fails the backend."""
    for spec, reason in (
        (f"{__name__}:needing_weights", "needing_weights can't be made: no such file: faces.bin"),
        (DetectorSpec(factory="patches:PatchDetector", parameters={"colour": "blue"}), "can't be made: .*colour"),
    ):
        with pytest.raises(ModelUnavailableError, match=rf"detectors\[0\]: .*{reason}"):
            LocalBackend(store=":memory:", detectors=[spec])


def test_default_detector_says_where_its_file_goes(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the default model a start of labels names the two commands, and which file to put where by hand."""
    monkeypatch.setenv("REKVID_MODEL_DIR", str(tmp_path))
    with _client() as client, pytest.raises(ModelUnavailableError) as caught:
        client.start_label_detection(video)
    model = weights.find(weights.DEFAULT_MODEL)
    for part in (
        'pip install "rekvid[onnx]"',
        f"rekvid models pull {model.name}",
        f"by hand: put the file from {model.url}",
        f"at {tmp_path / model.file_name}",
    ):
        assert part in str(caught.value)


def test_every_known_model_is_described() -> None:
    """Each model that can be fetched by name is a detector of that name, and there is no other."""
    assert set(_DESCRIPTIONS) == {model.name for model in weights.known()}


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Another package that is installed, with a detector."""
    folder = tmp_path / "plug_in-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[rekvid.detectors]\nmottles = patches:PatchDetector\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "mottles"


def test_detectors_of_other_packages_go_by_their_names(plug_in: str) -> None:
    """A detector under the entry point `rekvid.detectors` is one like those that come along."""
    assert plug_in in names()
    assert {"yolox-nano", "yolox-s", "text"} <= set(names())
    (spec,) = specs_of([plug_in])
    assert isinstance(make(spec), PatchDetector)


def test_patches_are_a_detector() -> None:
    """What the tests use follows the protocol, to a type checker too."""
    detector: Detector = PatchDetector()
    assert detector.name == "patches"
