from __future__ import annotations

import threading

import pytest

from model_server import CONTENT, ModelServer, model_at, part_of, serving
from rekvid.backends.local.labels import fetching
from rekvid.backends.local.labels.fetching import PAUSES
from rekvid.backends.local.labels.weights import ModelFolder, ModelState
from rekvid.errors import ModelUnavailableError
from rekvid.testing import ManualClock

pytest.importorskip("filelock")


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
    monkeypatch.setattr(fetching, "TIMEOUT", 0.5)
    asked_anew = threading.Event()

    def fall_silent(sent: int) -> None:
        if len(server.asked) > 1:
            asked_anew.set()
        elif sent >= 100_000:
            asked_anew.wait(60)

    server.before_body = fall_silent
    assert folder.pull(model_at(f"{server.url}/tiny.onnx"), clock=ManualClock()).read_bytes() == CONTENT
    assert len(server.asked) > 1


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
