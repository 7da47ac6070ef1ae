"""Each tutorial is done from its first block to its last, in one folder, and prints what it says it prints."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("typer")
pytest.importorskip("av")

from commands import LABELS
from pages import BLOCKS, ROOT, Block, blocks_of, is_install

if TYPE_CHECKING:
    from commands import Rekvid
    from rekvid.testing.local_aws import LocalAws

TUTORIALS = ROOT / "docs" / "tutorials"
PROGRAMS = {
    "python": [sys.executable],
    "pytest": [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider"],
}
"""How the programs of command lines are found, besides our own; others have to be on the PATH."""


class Tutorial:
    """A tutorial that is followed in a folder."""

    def __init__(self, page: str, folder: Path, rekvid: Rekvid) -> None:
        self._page = TUTORIALS / page
        self._folder = folder
        self._rekvid = rekvid

    def follow(self, place: str) -> str:
        """Do all steps of a place in their order, and give all that they print."""
        steps = [
            each for each in blocks_of(self._page) if each.kind == "file" or (each.kind, each.place) == ("step", place)
        ]
        assert len(steps) > 3
        return "".join(map(self._do, steps))

    def _do(self, block: Block) -> str:
        if block.kind == "file":
            (self._folder / block.place).write_text(block.code, encoding="utf-8")
            return ""
        if block.language == "python":
            return self._program([sys.executable, "-c", block.code])
        printed = "".join(map(self._command, block.commands))
        if block.language == "console":
            expected = [line for line in block.code.replace("\\\n", "").splitlines() if not line.startswith("$ ")]
            for line in filter(None, map(str.strip, expected)):
                assert line in printed, f"{block.name} says {line!r}, and not\n{printed}"
        return printed

    def _command(self, line: str) -> str:
        program, *arguments = shlex.split(line)
        if is_install(line):
            return ""
        if program == "export":
            for name, value in (each.split("=", 1) for each in arguments):
                os.environ[name] = value  # the fixture puts it back
            return ""
        if program == "rekvid":
            answer = self._rekvid(*arguments)
            assert answer.exit_code == 0, f"{line}\n{answer.stderr}"
            return answer.stdout
        found = PROGRAMS.get(program) or [shutil.which(program) or pytest.skip(f"{program} isn't installed")]
        return self._program([*found, *arguments])

    def _program(self, command: list[str]) -> str:
        answer = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ)
        )
        assert answer.returncode == 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tutorial exports is forgotten after it."""
    for block in BLOCKS:
        for line in block.commands:
            if block.kind == "step" and line.startswith("export "):
                for each in shlex.split(line)[1:]:
                    monkeypatch.setenv(each.partition("=")[0], "")
                    monkeypatch.delenv(each.partition("=")[0])


@pytest.fixture
def folder(film: Path, rekvid_command: Rekvid, tmp_path: Path) -> Path:  # noqa: ARG001  # it changes the folder
    """A folder with a film of two shots."""
    shutil.copy(film, tmp_path / "film.mp4")
    return tmp_path


def test_from_a_bucket_to_a_table(folder: Path, rekvid_command: Rekvid, all_of_aws: LocalAws) -> None:
    """The pipeline at AWS labels each video once, however often it runs, and leaves nothing but the table."""
    pytest.importorskip("polars")
    for name in ("incoming/dog.mp4", "incoming/street.mp4"):
        all_of_aws.put_video(name)
        all_of_aws.fake.will_return(LABELS)
    all_of_aws.put_video("incoming/notes.txt")

    Tutorial("aws-pipeline.md", folder, rekvid_command).follow("aws")

    starts = [each.to_aws()["ClientRequestToken"] for each in all_of_aws.fake.requests if "Video" in each.to_aws()]
    assert len(starts) == 4, "it ran twice"
    assert len(set(starts)) == 2
    assert all_of_aws.sns.list_topics()["Topics"] == []


def test_offline(folder: Path, rekvid_command: Rekvid, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the offline tutorial needs a connection: every proxy leads nowhere."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    Tutorial("offline.md", folder, rekvid_command).follow("local")

    assert (folder / "report.html").exists()


def test_in_ci(folder: Path, rekvid_command: Rekvid) -> None:
    """The tests that the tutorial writes pass, with their warnings as errors."""
    for module in ("starlette", "moto.server"):
        pytest.importorskip(module)

    Tutorial("ci.md", folder, rekvid_command).follow("local")


def test_cutting_a_film(folder: Path, rekvid_command: Rekvid) -> None:
    """The parts of the film have the frames of its shots, by the command line and in Python."""
    pytest.importorskip("opentimelineio")

    Tutorial("cut-a-film.md", folder, rekvid_command).follow("local")

    assert len(list(folder.glob("shots/shot-*.mp4"))) == 2


def test_every_tutorial_is_followed() -> None:
    """No tutorial is left out here."""
    source = Path(__file__).read_text(encoding="utf-8")
    pages = [page.name for page in TUTORIALS.glob("*.md")]
    assert len(pages) == 4
    assert [page for page in pages if f'"{page}"' not in source] == []
