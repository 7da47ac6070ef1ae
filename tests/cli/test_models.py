from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from model_server import ModelServer, serving
from rekvid.backends.local.labels import registry

if TYPE_CHECKING:
    from typer.testing import Result

for module in ("filelock", "platformdirs", "rich", "typer"):
    pytest.importorskip(module)

CONTENT = b"no real model, but as good as one to those who only fetch it" * 1000
Run: TypeAlias = "Callable[..., Result]"


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of the known names, with files that take no time."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    small = tuple(dataclasses.replace(each, size=len(CONTENT), sha256=digest) for each in registry.known())
    monkeypatch.setattr(registry, "_KNOWN", small)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The model folder of `run`; it doesn't exist yet."""
    return tmp_path / "models"


@pytest.fixture
def run(folder: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls ``rekvid models``, with `server` as its mirror."""
    from typer.testing import CliRunner

    from rekvid.cli.app import app

    monkeypatch.setenv("REKVID_MODEL_DIR", str(folder))
    monkeypatch.setenv("REKVID_MODEL_MIRROR", server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("REKVID_OFFLINE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["models", *arguments])


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server with the models' file."""
    with serving(CONTENT) as running:
        yield running


def test_list_shows_each_model_with_its_state(run: Run, folder: Path) -> None:
    """The table has a row for each model, with its state here, and names the folder."""
    folder.mkdir()
    (folder / "yolox_nano.onnx").write_bytes(CONTENT)
    (folder / "object_detection_yolox_2022nov.onnx").write_bytes(b"?")
    answer = run("list")
    assert answer.exit_code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:5]] for line in answer.stdout.splitlines() if "yolox-" in line]
    assert rows == [
        ["yolox-nano", "present", "0.1 MB", "Apache-2.0"],
        ["yolox-s", "damaged", "0.1 MB", "Apache-2.0"],
    ]
    assert f"Folder: {folder}" in answer.stdout
    (folder / "yolox_nano.onnx").unlink()
    assert "missing" in run("list").stdout


def test_pull_prints_where_the_file_lies(run: Run, folder: Path) -> None:
    """Standard output has the path of each model that was asked for, and nothing else: scripts read it."""
    answer = run("pull", "yolox-s", "yolox-nano")
    assert answer.exit_code == 0
    paths = [folder / "object_detection_yolox_2022nov.onnx", folder / "yolox_nano.onnx"]
    assert answer.stdout.splitlines() == [str(path) for path in paths]
    assert all(path.read_bytes() == CONTENT for path in paths)


def test_pull_without_a_name_fetches_the_default(run: Run, folder: Path, server: ModelServer) -> None:
    """The model that label detection uses needs no name."""
    assert run("pull").stdout == f"{folder / 'yolox_nano.onnx'}\n"
    assert server.asked == [("/yolox_nano.onnx", None)]


def test_path_is_printed_whether_or_not_the_file_is_there(run: Run, folder: Path, server: ModelServer) -> None:
    """The path is where the file would be put by hand; nothing is fetched."""
    answer = run("path", "yolox-nano")
    assert (answer.exit_code, answer.stdout) == (0, f"{folder / 'yolox_nano.onnx'}\n")
    assert server.asked == []


def test_verify_tells_of_each_model(run: Run, folder: Path) -> None:
    """Good models are named on standard output, others on standard error, and one of these is enough for a 1."""
    run("pull")
    answer = run("verify")
    assert (answer.exit_code, answer.stdout) == (0, f"yolox-nano: good, {folder / 'yolox_nano.onnx'}\n")
    answer = run("verify", "yolox-s", "yolox-nano")
    assert answer.exit_code == 1
    assert "yolox-nano: good" in answer.stdout
    assert "yolox-s is not on this machine" in answer.stderr
    (folder / "yolox_nano.onnx").write_bytes(b"?" * len(CONTENT))
    answer = run("verify")
    assert answer.exit_code == 1
    assert "its SHA-256 is" in answer.stderr


def test_failures_are_a_sentence_and_an_exit_code(
    run: Run, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong is a line on standard error and maybe a hint, with code 1; names that no model has, with 2."""
    server.content = b"<html>"
    cases = [
        (("pull", "yolox-xl"), 2, "must be one of yolox-nano, yolox-s"),
        (("path", "yolox-xl"), 2, "must be one of yolox-nano, yolox-s"),
        (("verify", "yolox-xl"), 2, "must be one of yolox-nano, yolox-s"),
        (("verify",), 1, "`rekvid models pull` fetches one"),
        (("pull",), 1, "it has 6 bytes instead of 60000"),
    ]
    for arguments, code, words in cases:
        answer = run(*arguments)
        assert (answer.exit_code, answer.stdout) == (code, ""), arguments
        assert words in answer.stderr
        assert [line.partition(" ")[0] for line in answer.stderr.splitlines()] in (["rekvid:"], ["rekvid:", "hint:"])
    monkeypatch.setenv("REKVID_OFFLINE", "1")
    answer = run("pull")
    assert answer.exit_code == 1
    assert "as REKVID_OFFLINE is set" in answer.stderr


def test_help_says_what_each_command_does(run: Run) -> None:
    """Every command is explained where the commands are listed."""
    words = run("--help").stdout
    for command in ("list", "pull", "verify", "path"):
        assert f"│ {command} " in words


def everything_on(terminal: int) -> str:
    """What is written to the other side of a terminal until that is closed."""
    shown = b""
    with contextlib.suppress(OSError):  # what Linux ends a terminal with
        while block := os.read(terminal, 4096):
            shown += block
    return shown.decode()


@pytest.mark.assets
def test_real_weights_are_fetched_with_a_bar_on_the_terminal(assets: Path, folder: Path) -> None:
    """On a terminal a bar tells how far the fetch of the real file is; the path alone goes to standard output."""
    terminal, side = pty.openpty()
    with serving((assets / "models/yolox_nano.onnx").read_bytes()) as server:
        settings = {"REKVID_MODEL_DIR": str(folder), "REKVID_MODEL_MIRROR": server.url}
        process = subprocess.Popen(
            [sys.executable, "-c", "from rekvid.cli import main; main()", "models", "pull"],
            stdout=subprocess.PIPE,
            stderr=side,
            text=True,
            env={"PATH": "", "TERM": "xterm", "COLUMNS": "120", **settings},
        )
        os.close(side)
        shown = everything_on(terminal)
        printed, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 0, shown
    assert printed == f"{folder / 'yolox_nano.onnx'}\n"
    assert "Fetching yolox-nano" in shown
    assert "3.7/3.7 MB" in shown
