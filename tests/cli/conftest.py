"""What the tests of the commands share."""

from __future__ import annotations

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
