from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from model_server import CONTENT, ModelServer, model_at, part_of
from rekvid.backends.local.labels import weights
from rekvid.backends.local.labels.weights import ModelFolder, ModelInfo, ModelState
from rekvid.errors import ConfigurationError, ModelUnavailableError, ValidationError
from rekvid.testing import ManualClock

pytest.importorskip("filelock")
platformdirs = pytest.importorskip("platformdirs")


def test_file_that_is_there_is_not_fetched(server: ModelServer, folder: ModelFolder) -> None:
    """A file that was put there by hand is as good as a fetched one."""
    folder.path.mkdir()
    (folder.path / "tiny.onnx").write_bytes(CONTENT)
    assert folder.pull(model_at(server.url)).read_bytes() == CONTENT
    assert server.asked == []


def test_damaged_file_is_fetched_anew(server: ModelServer, folder: ModelFolder) -> None:
    """A pull replaces a file that isn't the model."""
    folder.path.mkdir()
    (folder.path / "tiny.onnx").write_bytes(CONTENT[:-1] + b"?")
    assert folder.pull(model_at(f"{server.url}/tiny.onnx")).read_bytes() == CONTENT


def test_mirror_stands_in_for_the_publisher(
    server: ModelServer, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a mirror the file comes from there, under its name, and from nowhere else."""
    monkeypatch.setenv("REKVID_MODEL_MIRROR", f"{server.url}/models/")
    model = model_at("http://127.0.0.1:9/never")
    assert folder.pull(model).read_bytes() == CONTENT
    assert server.asked == [("/models/tiny.onnx", None)]


@pytest.mark.parametrize(
    "mirror",
    [
        "file:///srv/models",
        "models.example",
        "https://",
        "ftp://models.example",
        "https://[models/",
        "https://models.example:x",
        "http://a b/",
    ],
)
def test_mirror_that_is_no_address_is_refused(
    folder: ModelFolder, monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    """A mirror is an HTTP address; files that lie elsewhere are put into the folder."""
    monkeypatch.setenv("REKVID_MODEL_MIRROR", mirror)
    with pytest.raises(ConfigurationError, match="is no address to fetch from"):
        folder.pull(model_at("http://127.0.0.1:9/never"), clock=ManualClock())


def test_offline_nothing_is_asked(server: ModelServer, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the offline switch no server is asked; a file that is there is still found."""
    model = model_at(f"{server.url}/tiny.onnx")
    monkeypatch.setenv("REKVID_OFFLINE", "1")
    with pytest.raises(ModelUnavailableError, match="REKVID_OFFLINE is set") as caught:
        folder.pull(model)
    assert str(folder.path / "tiny.onnx") in str(caught.value)
    assert server.asked == []
    monkeypatch.setenv("REKVID_OFFLINE", "0")
    folder.pull(model)
    monkeypatch.setenv("REKVID_OFFLINE", "true")
    assert folder.pull(model).read_bytes() == CONTENT
    assert len(server.asked) == 1


PROGRAM = """
import sys
from pathlib import Path
from rekvid.backends.local.labels.weights import ModelFolder, ModelInfo
folder, url, size, sha256 = sys.argv[1:]
model = ModelInfo(
    name="tiny", url=url, file_name="tiny.onnx", size=int(size), sha256=sha256, licence="", classes=(), about=""
)
told = set()
def tell(done, total):
    if done >= total // 3 and not told:
        told.add("a third is here")
        print(*told, flush=True)
print("ready", flush=True)
print(ModelFolder(Path(folder)).pull(model, on_progress=tell))
"""


def start_pull(folder: ModelFolder, model: ModelInfo) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, folder.path, model.url, str(model.size), model.sha256],
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_processes_fetch_once(server: ModelServer, folder: ModelFolder) -> None:
    """Of two processes that pull at once, one fetches and both have the file."""
    both_run = threading.Event()

    def wait_for_both(_sent: int) -> None:
        both_run.wait(60)

    server.before_body = wait_for_both
    model = model_at(f"{server.url}/tiny.onnx")
    with start_pull(folder, model) as first, start_pull(folder, model) as second:
        assert line_of(first) == line_of(second) == "ready"
        both_run.set()
        answers = sorted([first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]])
    path = folder.path / "tiny.onnx"
    assert answers == [f"{path}\n", f"a third is here\n{path}\n"]
    assert len(server.asked) == 1
    assert folder.require(model).read_bytes() == CONTENT


def test_killed_process_leaves_what_it_had(server: ModelServer, folder: ModelFolder) -> None:
    """A process that was killed blocks nobody, and the next one goes on with what it left."""
    killed = threading.Event()

    def hold(sent: int) -> None:
        if sent >= 150_000:
            killed.wait(60)

    server.before_body = hold
    model = model_at(f"{server.url}/tiny.onnx")
    with start_pull(folder, model) as process:
        assert line_of(process) == "ready"
        assert line_of(process) == "a third is here"
        process.kill()
        process.wait(60)
        killed.set()
    server.before_body = lambda _sent: None
    had = part_of(folder).stat().st_size
    assert folder.pull(model).read_bytes() == CONTENT
    assert had > 0
    assert server.asked[-1] == ("/tiny.onnx", f"bytes={had}-")


def test_folder_that_is_none_is_told(tmp_path: Path, server: ModelServer) -> None:
    """A model folder that can't be made is an error that names the setting."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ConfigurationError, match="REKVID_MODEL_DIR"):
        ModelFolder(tmp_path / "models").pull(model_at(server.url))
    assert server.asked == []


def test_missing_and_damaged_files_are_told_apart(folder: ModelFolder) -> None:
    """What is wrong with a model's file is said, with the command that mends it and the way without a connection."""
    model = model_at("https://models.example/tiny.onnx")
    folder.path.mkdir()
    path = folder.path / "tiny.onnx"
    for content, state, words in (
        (None, ModelState.MISSING, "not on this machine: there is no "),
        (b"", ModelState.DAMAGED, "it has 0 bytes instead of 300000"),
        (CONTENT[:-1] + b"?", ModelState.DAMAGED, f"instead of {model.sha256}"),
    ):
        if content is not None:
            path.write_bytes(content)
        assert folder.state_of(model) is state
        with pytest.raises(ModelUnavailableError) as caught:
            folder.require(model)
        assert words in str(caught.value)
        assert "`rekvid models pull tiny` fetches it" in str(caught.value)
        assert f"put the file from {model.url} (300000 bytes) at {path}" in str(caught.value)
    path.unlink()
    path.mkdir()
    assert folder.state_of(model) is ModelState.DAMAGED


def test_folder_is_that_of_the_setting_or_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REKVID_MODEL_DIR names the folder; without it, it lies with the user's data."""
    assert ModelFolder.of_user().path == Path(platformdirs.user_data_dir("rekvid", appauthor=False)) / "models"
    monkeypatch.setenv("REKVID_MODEL_DIR", str(tmp_path))
    assert ModelFolder.of_user().path == tmp_path
    monkeypatch.setenv("REKVID_MODEL_DIR", "~/models")
    assert ModelFolder.of_user().path == Path.home() / "models"


def test_known_models_are_fully_described() -> None:
    """Each model has a name, a file and an address of its own, a full digest and distinct classes."""
    models = weights.known()
    assert models[0].name == weights.DEFAULT_MODEL == "yolox-nano"
    assert len({model.name for model in models}) == len({model.file_name for model in models}) == len(models)
    for model in models:
        assert weights.find(model.name) is model
        assert model.url.startswith("https://")
        assert model.url.endswith(f"/{model.file_name}")
        assert model.file_name.endswith(".onnx")
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.size > 1_000_000
        assert model.licence == "Apache-2.0"
        assert len(set(model.classes)) == len(model.classes) == 80


def test_docs_list_the_known_models() -> None:
    """The how-to has a row for each model, with its size and licence."""
    page = (Path(__file__).parents[2] / "docs/weights.md").read_text(encoding="utf-8")
    for model in weights.known():
        assert f"| {model.name} | {model.size / 1e6:.1f} MB | {model.licence} |" in page


def test_unknown_name_is_told_with_the_known() -> None:
    """A name that no model has is a mistake in the call, and the error lists the names."""
    for use in (weights.path_of, weights.pull):
        with pytest.raises(ValidationError, match="must be one of yolox-nano, yolox-s"):
            use("yolox-xl")


@pytest.mark.assets
def test_real_weights_are_those_of_the_registry(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published file has the size and digest that the registry names."""
    monkeypatch.setenv("REKVID_MODEL_DIR", str(assets / "models"))
    assert weights.path_of("yolox-nano") == assets / "models" / "yolox_nano.onnx"
    assert weights.pull("yolox-nano") == assets / "models" / "yolox_nano.onnx"
