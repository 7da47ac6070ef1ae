"""The short programs of examples/ do what they say."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rekvid
from rekvid.errors import ThrottlingError
from rekvid.models import Label, LabelDetection, LabelDetectionPage
from rekvid.testing import FakeBackend

ROOT = Path(__file__).parent.parent
LABELS = tuple(
    LabelDetection(timestamp=each * 200, label=Label(name="Car" if each % 3 else "Dog", confidence=90.0))
    for each in range(2500)
)


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    fake = FakeBackend()
    yield fake
    fake.close()


@pytest.fixture
def aws(fake: FakeBackend) -> Iterator[dict[str, str]]:
    """An environment in which boto3 finds the endpoint over `fake` for AWS."""
    pytest.importorskip("starlette")
    from rekvid.endpoint import Server

    with Server(fake) as server:
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }


def _run(program: list[str], folder: Path, environment: dict[str, str]) -> str:
    answer = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_shots_of_a_file(film: Path, tmp_path: Path) -> None:
    """The example prints a line for each shot of the film."""
    environment = {**os.environ, "REKVID_STATE_DIR": str(tmp_path)}
    printed = _run([str(ROOT / "examples" / "shots_of_a_file.py"), str(film)], tmp_path, environment)
    assert printed.splitlines() == ["00:00:00:00 00:00:00:24 0.96 s", "00:00:01:00 00:00:01:24 0.96 s"]


def test_labels_on_aws(fake: FakeBackend, aws: dict[str, str], tmp_path: Path) -> None:
    """The example counts the labels of all pages."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    printed = _run([str(ROOT / "examples" / "labels_on_aws.py"), "s3://media/street.mp4"], tmp_path, aws)
    assert printed.split()[-4:] == ["1666", "Car", "834", "Dog"]


def test_read_on_later(fake: FakeBackend, tmp_path: Path) -> None:
    """A second run of the example reads on after an error, and the file holds every label once."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    fake.will_raise(ThrottlingError("Rate exceeded", operation="GetLabelDetection"), on="get", at=2)
    job = rekvid.Client(fake, clock=fake.clock).start_label_detection("s3://media/street.mp4")
    save = _load("read_on_later").save
    with pytest.raises(ThrottlingError):
        save(job, tmp_path / "labels.jsonl")
    assert save(job, tmp_path / "labels.jsonl") == 2
    assert save(job, tmp_path / "labels.jsonl") == 0, "nothing is left to read"
    assert len((tmp_path / "labels.jsonl").read_text().splitlines()) == len(LABELS)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_examples_say_how_they_are_run(name: str, tmp_path: Path) -> None:
    """An example without its arguments says how it is run, and is under 60 lines."""
    program = ROOT / "examples" / name
    answer = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert answer.returncode == 1
    assert f"Run: python examples/{name}" in answer.stderr
    assert len(program.read_text().splitlines()) < 60
