"""What the tests of model files share: a server that has one, and a folder for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server import CONTENT, ModelServer, serving
from rekvid.backends.local.labels.weights import ModelFolder


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server with the file of `model_at`."""
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFolder:
    """A model folder that doesn't exist yet, with no setting and no proxy of the machine that runs the tests."""
    for name in ("REKVID_MODEL_DIR", "REKVID_MODEL_MIRROR", "REKVID_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return ModelFolder(tmp_path / "models")
