from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

pytest.importorskip("typer")

from rekvid.cli.checkup import Health, Remark, look_at_everything

if TYPE_CHECKING:
    from commands import Rekvid


@pytest.fixture(autouse=True)
def _machine(
    rekvid_command: Rekvid,  # noqa: ARG001  # it sets the folders of rekvid's own
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A machine with no settings for AWS, on which every connection is a failure of the test."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the doctor called somebody")

    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(socket.socket, "connect", refuse)


def _remarks() -> dict[str, Remark]:
    return {each.subject: each for each in look_at_everything()}


def test_what_is_absent_has_a_remedy_and_is_no_failure(rekvid_command: Rekvid) -> None:
    """Each absent or broken thing comes with what to do; absent ones leave the exit code at 0."""
    pytest.importorskip("av")
    remarks = _remarks()
    assert all(each.remedy for each in remarks.values() if each.health is not Health.GOOD)
    assert remarks["extra cli"].health is Health.GOOD
    assert remarks["model yolox-nano"].remedy == "rekvid models pull yolox-nano"
    assert remarks["decoders"].found.startswith("libavcodec")
    answer = rekvid_command("doctor")
    assert answer.exit_code == 0, answer.stdout
    for each in remarks.values():
        assert each.subject in answer.stdout


def test_settings_for_aws_are_found_without_a_call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials are named by where they come from; a server or a program that gives some is not asked."""
    remarks = _remarks()
    assert remarks["region"].health is remarks["credentials"].health is Health.ABSENT
    config = tmp_path / "AWS_CONFIG_FILE"
    config.write_text(f"[default]\nregion = eu-west-1\ncredential_process = touch {tmp_path}/started\n")
    remarks = _remarks()
    assert remarks["region"].found == "eu-west-1"
    assert "which was not started" in remarks["credentials"].found
    assert not (tmp_path / "started").exists()
    config.write_text("")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/")
    assert "container's role" in _remarks()["credentials"].found
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    remarks = _remarks()
    assert remarks["credentials"].found.startswith("from env")
    assert not any("AKID" in each.found or "secret" in each.found for each in remarks.values())
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert _remarks()["settings"].health is Health.BROKEN


def test_what_is_broken_is_an_exit_code(
    rekvid_command: Rekvid, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A damaged model and a store that can't be used are told, with exit code 1."""
    pytest.importorskip("av")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/yolox_nano.onnx").write_bytes(b"?")
    (tmp_path / "file").touch()
    monkeypatch.setenv("REKVID_STATE_DIR", str(tmp_path / "file"))
    remarks = _remarks()
    assert remarks["model yolox-nano"].health is remarks["store"].health is Health.BROKEN
    assert "REKVID_STATE_DIR" in remarks["store"].remedy
    assert rekvid_command("doctor").exit_code == 1
