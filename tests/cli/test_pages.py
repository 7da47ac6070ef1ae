"""The command lines of README and docs do what they say, and the page about them holds the same exit codes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("typer")
pytest.importorskip("av")

from commands import LABELS
from pages import ROOT, blocks, is_install
from rekvid import SegmentDetectionPage
from rekvid.cli.exits import ExitCode

if TYPE_CHECKING:
    from commands import Rekvid
    from rekvid.testing.local_aws import LocalAws


def _parameters(where: str) -> list[object]:
    """The command lines of each block of a place."""
    return [pytest.param(block.commands, id=block.name) for block in blocks("run", where, "console", "bash")]


@pytest.fixture(autouse=True)
def _film_here(rekvid_command: Rekvid, film: Path, tmp_path: Path) -> None:  # noqa: ARG001  # it changes the folder
    for name in ("film.mp4", "street.mp4"):
        shutil.copy(film, tmp_path / name)


def _run(command: Rekvid, lines: list[str]) -> None:
    assert lines
    for line in lines:
        if not is_install(line):
            program, *arguments = shlex.split(os.path.expandvars(line))
            assert program == "rekvid"
            answer = command(*arguments)
            assert answer.exit_code == 0, f"{line}\n{answer.stderr}"


@pytest.mark.parametrize("lines", _parameters("cli"))
def test_commands_on_this_machine(rekvid_command: Rekvid, lines: list[str]) -> None:
    """A block of commands runs in a folder with a film."""
    pytest.importorskip("opentimelineio")
    pytest.importorskip("pyarrow")
    _run(rekvid_command, lines)


@pytest.mark.parametrize("lines", _parameters("cli-aws"))
def test_commands_at_aws(
    rekvid_command: Rekvid, all_of_aws: LocalAws, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of commands runs against an AWS on this machine, with a job that has ended."""
    all_of_aws.put_video("street.mp4")
    all_of_aws.fake.will_return(SegmentDetectionPage())
    job = all_of_aws.client().start_segment_detection("s3://media/street.mp4", segment_types=["SHOT"])
    monkeypatch.setenv("JOB_ID", job.id)
    all_of_aws.fake.will_return(LABELS)
    _run(rekvid_command, lines)


@pytest.mark.assets
@pytest.mark.parametrize("lines", _parameters("cli-model"))
def test_commands_with_a_model(
    rekvid_command: Rekvid, assets: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of commands runs where the model is."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("REKVID_MODEL_DIR", str(assets / "models"))
    _run(rekvid_command, lines)


def test_exit_codes_are_documented() -> None:
    """The table of docs/cli.md has a row for each exit code."""
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs/cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(row) for row in rows] == [code.value for code in ExitCode]


def test_every_command_is_documented(rekvid_command: Rekvid) -> None:
    """docs/cli.md names each command that the help lists."""
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    listed = re.findall(r"^│ (\w+) {2,}", rekvid_command("--help").stdout, re.MULTILINE)
    assert len(listed) > 9
    for command in listed:
        assert f"`rekvid {command}" in page or f"`{command}`" in page, command
