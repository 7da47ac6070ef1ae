from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server import ModelServer, serving
from rekvid.backends.local import fetching, weights
from rekvid.backends.local.fetching import PAUSES
from rekvid.backends.local.weights import ModelFolder, ModelInfo, ModelState
from rekvid.errors import ConfigurationError, ModelUnavailableError, ValidationError
from rekvid.testing import ManualClock

pytest.importorskip("filelock")
platformdirs = pytest.importorskip("platformdirs")

CONTENT = random.Random(5).randbytes(300_000)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting and no proxy of the machine that runs the tests."""
    for name in ("REKVID_MODEL_DIR", "REKVID_MODEL_MIRROR", "REKVID_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server with the file of `model_at`."""
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    """A model folder that doesn't exist yet."""
    return ModelFolder(tmp_path / "models")


def model_at(url: str) -> ModelInfo:
    return ModelInfo(
        name="tiny",
        url=url,
        file_name="tiny.onnx",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        licence="Apache-2.0",
        classes=("dog",),
        about="",
    )


def part_of(folder: ModelFolder) -> Path:
    return folder.path / "tiny.onnx.part"


def leave_part(folder: ModelFolder, content: bytes) -> None:
    folder.path.mkdir()
    part_of(folder).write_bytes(content)


def test_pull_brings_the_file_and_tells_how_far_it_is(server: ModelServer, folder: ModelFolder) -> None:
    """A pull makes the folder, tells of every byte in order, and leaves the file and nothing half done."""
    told: list[tuple[int, int]] = []
    model = model_at(f"{server.url}/tiny.onnx")
    path = folder.pull(model, on_progress=lambda done, total: told.append((done, total)), clock=ManualClock())
    assert path == folder.path / "tiny.onnx" == folder.require(model)
    assert path.read_bytes() == CONTENT
    assert told == sorted(told)
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 3
    assert not part_of(folder).exists()
    assert folder.state_of(model) is ModelState.PRESENT


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


def test_cut_connections_fetch_no_byte_twice(server: ModelServer, folder: ModelFolder) -> None:
    """After a cut the fetch goes on with the first byte that is missing, and the pauses begin anew."""
    server.cuts = [100_000, 0, 0, 50_000, 0, 0]
    clock = ManualClock()
    folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=clock)
    assert server.sent == len(CONTENT)
    assert [wanted for _, wanted in server.asked] == [None, *["bytes=100000-"] * 3, *["bytes=150000-"] * 3]
    assert clock.slept == [*PAUSES, *PAUSES]


def test_cut_chunks_go_on_too(server: ModelServer, folder: ModelFolder) -> None:
    """An answer in chunks that breaks off is gone on with like any other."""
    server.chunked = True
    server.cuts = [100_000]
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=ManualClock()).read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_silent_server_is_asked_anew(server: ModelServer, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops sending without a word is left after a while, and asked for the rest."""
    monkeypatch.setattr(fetching, "TIMEOUT", 0.1)
    asked_anew = threading.Event()

    def fall_silent(sent: int) -> None:
        if len(server.asked) > 1:
            asked_anew.set()
        elif sent >= 100_000:
            asked_anew.wait(60)

    server.before_body = fall_silent
    clock = ManualClock()
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=clock).read_bytes() == CONTENT
    assert clock.slept == [PAUSES[0]]
    assert [wanted for _, wanted in server.asked] == [None, "bytes=100000-"]


def test_server_that_sends_nothing_is_given_up(server: ModelServer, folder: ModelFolder) -> None:
    """Attempts that bring nothing end after the pauses, and what was fetched before is kept."""
    server.cuts = [100_000, *[0] * 9]
    clock = ManualClock()
    with pytest.raises(ModelUnavailableError, match="ended after 100000 of 300000 bytes"):
        folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=clock)
    assert clock.slept == list(PAUSES)
    assert part_of(folder).read_bytes() == CONTENT[:100_000]


def test_interrupted_pull_goes_on_later(server: ModelServer, folder: ModelFolder) -> None:
    """What Ctrl-C left is not fetched again by the next pull."""

    def interrupt(done: int, _total: int) -> None:
        if done >= 100_000:
            raise KeyboardInterrupt

    model = model_at(f"{server.url}/tiny.onnx")
    with pytest.raises(KeyboardInterrupt):
        folder.pull(model, on_progress=interrupt)
    had = part_of(folder).stat().st_size
    assert folder.state_of(model) is ModelState.MISSING
    assert folder.pull(model).read_bytes() == CONTENT
    assert had > 0
    assert server.asked[-1] == ("/tiny.onnx", f"bytes={had}-")


def test_server_without_ranges_is_asked_for_all(server: ModelServer, folder: ModelFolder) -> None:
    """A server that ignores Range sends all of the file, and what was here before is not put in front of it."""
    server.ranges = False
    leave_part(folder, CONTENT[:1000])
    assert folder.pull(model_at(f"{server.url}/tiny.onnx")).read_bytes() == CONTENT
    assert server.asked == [("/tiny.onnx", "bytes=1000-")]


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(b"?" * 1000, id="other bytes"),
        pytest.param(b"?" * len(CONTENT), id="other bytes, all of them"),
        pytest.param(CONTENT + b"?", id="too many"),
    ],
)
def test_spoilt_part_is_fetched_again(server: ModelServer, folder: ModelFolder, left: bytes) -> None:
    """What an earlier run left is not trusted: where it spoils the file, all of it is fetched once more."""
    leave_part(folder, left)
    assert folder.pull(model_at(f"{server.url}/tiny.onnx")).read_bytes() == CONTENT
    assert server.asked[-1] == ("/tiny.onnx", None)


def test_refused_range_is_fetched_from_the_start(server: ModelServer, folder: ModelFolder) -> None:
    """A server that finds the range unsatisfiable is asked for all of the file."""
    server.statuses = [416]
    leave_part(folder, CONTENT[:1000])
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=ManualClock()).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", None]


def test_other_range_than_asked_for_is_not_taken(server: ModelServer, folder: ModelFolder) -> None:
    """Bytes from another position than the missing one never end up in the file."""
    server.shift = 10
    leave_part(folder, CONTENT[:1000])
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=ManualClock()).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", None]


def test_wrong_digest_is_no_model(server: ModelServer, folder: ModelFolder) -> None:
    """A file of the right size with other bytes is never seen under the model's name, nor gone on with."""
    server.content = CONTENT[:-1] + b"?"
    model = model_at(f"{server.url}/tiny.onnx")
    with pytest.raises(ModelUnavailableError, match=f"SHA-256 is .* instead of {model.sha256}") as caught:
        folder.pull(model)
    assert caught.value.hint is not None
    assert str(folder.path / "tiny.onnx") in caught.value.hint
    assert {path.name for path in folder.path.iterdir()} <= {"tiny.onnx.lock"}
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("content", "how"),
    [
        pytest.param(CONTENT[:-1], "with its length", id="shorter"),
        pytest.param(CONTENT + b"?", "with its length", id="longer"),
        pytest.param(b"<html>Sign in to the network</html>", "with its length", id="a page"),
        pytest.param(b"<html>Sign in to the network</html>", "in chunks", id="a page in chunks"),
        pytest.param(CONTENT + b"?" * 100_000, "until the end", id="longer, without a length"),
    ],
)
def test_wrong_size_is_refused_at_once(server: ModelServer, folder: ModelFolder, content: bytes, how: str) -> None:
    """A file of another size is not fetched to its end, and not asked for again."""
    server.content = content
    server.lengths = how == "with its length"
    server.chunked = how == "in chunks"
    clock = ManualClock()
    with pytest.raises(ModelUnavailableError, match="is another file"):
        folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=clock)
    assert not (folder.path / "tiny.onnx").exists()
    assert len(server.asked) == 1
    assert clock.slept == []


def test_rest_of_a_file_of_another_size_is_refused(server: ModelServer, folder: ModelFolder) -> None:
    """A server that says that the whole has another size has another file."""
    server.total = len(CONTENT) + 1
    leave_part(folder, CONTENT[:1000])
    with pytest.raises(ModelUnavailableError, match="it has 300001 bytes instead of 300000"):
        folder.pull(model_at(f"{server.url}/tiny.onnx"))


def test_refusal_is_final(server: ModelServer, folder: ModelFolder) -> None:
    """A missing page is not asked for again, and the hint says which file belongs where."""
    server.statuses = [404]
    clock = ManualClock()
    model = model_at(f"{server.url}/tiny.onnx")
    with pytest.raises(ModelUnavailableError, match="answers 404") as caught:
        folder.pull(model, clock=clock)
    assert clock.slept == []
    assert caught.value.hint == f"by hand: put the file from {model.url} (300000 bytes) at {folder.path / 'tiny.onnx'}"


def test_busy_server_is_asked_again(server: ModelServer, folder: ModelFolder) -> None:
    """Answers that may change are waited out."""
    server.statuses = [503, 429]
    clock = ManualClock()
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=clock).read_bytes() == CONTENT
    assert clock.slept == [*PAUSES[:2]]


def test_no_connection_is_told_with_what_to_do(folder: ModelFolder) -> None:
    """Where nobody answers, the error says so after the pauses, and names the file to put there by hand."""
    with serving(CONTENT) as gone:
        url = f"{gone.url}/tiny.onnx"
    clock = ManualClock()
    with pytest.raises(ModelUnavailableError, match=r"can't be fetched: .*refused") as caught:
        folder.pull(model_at(url), clock=clock)
    assert clock.slept == list(PAUSES)
    assert str(folder.path / "tiny.onnx") in str(caught.value)


def test_redirect_keeps_the_range(server: ModelServer, folder: ModelFolder) -> None:
    """A server that sends elsewhere, as GitHub does, is followed, and asked there for the same part."""
    server.statuses = [302]
    leave_part(folder, CONTENT[:1000])
    assert folder.pull(model_at(f"{server.url}/tiny.onnx")).read_bytes() == CONTENT
    assert server.asked == [("/tiny.onnx", "bytes=1000-"), ("/elsewhere", "bytes=1000-")]


def test_proxy_of_the_environment_is_used(
    server: ModelServer, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reaches the world through a proxy needs no other setting."""
    monkeypatch.setenv("http_proxy", server.url)
    folder.pull(model_at("http://models.invalid/tiny.onnx"))
    assert server.asked == [("http://models.invalid/tiny.onnx", None)]


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
from rekvid.backends.local.weights import ModelFolder, ModelInfo
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
