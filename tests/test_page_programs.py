"""The Python of README and docs runs as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import LABELS
from pages import ROOT, Block, blocks, parts
from rekvid.testing.local_aws import LocalAws

PYTEST = ["-m", "pytest", "-q", "-W", "error", "-o", "faulthandler_timeout=60"]
JOBS = 4  # no program of a page starts more


def _run(arguments: list[str], folder: Path) -> str:
    """What a program prints, in a folder with a film and jobs of its own."""
    try:
        answer = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "REKVID_STATE_DIR": str(folder / "state")},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"{late}\n{late.stdout!r}\n{late.stderr!r}")
    assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.fixture
def folder(film: Path, tmp_path: Path) -> Path:
    """A folder with a film, under the names that pages give it."""
    for name in ("film.mp4", "street.mp4"):
        (tmp_path / name).write_bytes(film.read_bytes())
    return tmp_path


@pytest.fixture
def aws(all_of_aws: LocalAws) -> LocalAws:
    """AWS on this machine, with a bucket with a video, in which every job finds labels."""
    all_of_aws.put_video("street.mp4")
    for _ in range(JOBS):
        all_of_aws.fake.will_return(LABELS)
    return all_of_aws


def _named(found: list[Block]) -> list[object]:
    return [pytest.param(block.code, id=block.name) for block in found]


@pytest.mark.parametrize("code", _named(blocks("run", "local", "python")))
def test_programs_on_this_machine(code: str, folder: Path) -> None:
    """A program of a page runs by itself, in a folder with a film of two shots."""
    assert _run(["-c", code], folder)


@pytest.mark.parametrize("code", _named(blocks("run", "aws", "python")))
@pytest.mark.usefixtures("aws")
def test_programs_at_aws(code: str, folder: Path) -> None:
    """A program of a page runs by itself, where boto3 finds AWS on this machine."""
    assert _run(["-c", code], folder)


@pytest.mark.assets
@pytest.mark.parametrize("code", _named(blocks("run", "model", "python")))
def test_programs_with_a_model(code: str, folder: Path, assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of a page runs by itself, where the model is."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("REKVID_MODEL_DIR", str(assets / "models"))
    assert _run(["-c", code], folder)


@pytest.mark.parametrize("code", _named(blocks("run", "pytest", "python")))
def test_tests_of_a_user(code: str, folder: Path) -> None:
    """Tests that a page shows pass as tests of a user."""
    for module in ("starlette", "moto.server"):
        pytest.importorskip(module)
    (folder / "test_page.py").write_text(code)
    assert "passed" in _run([*PYTEST, "test_page.py"], folder)


@pytest.mark.usefixtures("aws")
def test_both_sides_of_the_migration_do_the_same(folder: Path) -> None:
    """The program with boto3 alone and the one with rekvid, shown part by part, print the same labels."""
    page = ROOT / "docs" / "migration.md"
    programs = {name: code for (where, name), code in parts().items() if where == page}
    assert programs.keys() == {"boto3", "rekvid"}

    printed = {name: _run(["-c", code], folder) for name, code in programs.items()}

    assert printed["boto3"] == printed["rekvid"]
    assert "Car [old]" in printed["rekvid"]
    assert len(programs["rekvid"].splitlines()) < len(programs["boto3"].splitlines()) / 2
