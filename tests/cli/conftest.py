"""What the tests of the commands share."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from commands import Rekvid


@pytest.fixture
def rekvid_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rekvid:
    """Calls ``rekvid`` in this process, in a folder of its own, on a wide terminal that is none."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from rekvid.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("REKVID_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("REKVID_MODEL_DIR", str(tmp_path / "models"))
    return lambda *arguments, **more: CliRunner().invoke(app, arguments, prog_name="rekvid", **more)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two shots, of 25 frames each."""
    pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_reel(path, (TextureScene(seconds=1), TextureScene(seconds=1)), width=128, height=72, rate=Fraction(25))
    return path
