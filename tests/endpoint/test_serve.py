"""`rekvid serve` as a process: it comes up, answers, keeps its jobs over restarts, and ends in good order."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

import rekvid

pytest.importorskip("av")
pytest.importorskip("starlette")
pytest.importorskip("typer")
from typer.testing import CliRunner

from pages import Block, blocks, is_install
from rekvid.cli.app import app
from rekvid.testing.reels import TextureScene, make_reel

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

WAIT = 60
SERVE = [sys.executable, "-c", "from rekvid.cli import main; main()", "serve", "--port", "0"]
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket with a film."""
    folder = tmp_path_factory.mktemp("media")
    make_reel(folder / "film.mp4", (TextureScene(seconds=1),), width=128, height=72, rate=Fraction(25))
    return folder


def served_in_pages() -> list[Block]:
    """The blocks of README and docs that start a server."""
    found = blocks("run", "serve", "bash")
    assert found
    return found


class Served:
    """A running `rekvid serve`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        session = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
        self.client: RekognitionClient = session.client("rekognition", endpoint_url=url)
        self.rekvid = rekvid.Client(rekvid.AwsBackend(session=session, endpoint_url=url))

    def start(self, name: str) -> str:
        video = {"S3Object": {"Bucket": "media", "Name": name}}
        return self.client.start_segment_detection(Video=video, SegmentTypes=["SHOT"])["JobId"]  # type: ignore[arg-type]  # boto3's stubs want a TypedDict here

    def failure_of(self, job_id: str) -> str:
        page = self.client.get_segment_detection(JobId=job_id)
        assert page["JobStatus"] == "FAILED"
        return page["StatusMessage"]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(WAIT)


@contextmanager
def served(*arguments: str) -> Iterator[Served]:
    with subprocess.Popen(
        [*SERVE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert "http://" in line, process.stderr and process.stderr.read()
            up = Served(process, line.split(" at ")[1].split(";")[0])
            yield up
            up.client.close()
            up.rekvid.close()
        finally:
            process.kill()


def test_jobs_live_through_restarts(folder: Path, tmp_path: Path) -> None:
    """SIGTERM waits for open jobs, results outlive the server, and a job that was cut short is FAILED and says why."""
    state = ("--state", str(tmp_path), "--bucket", f"media={folder}")
    with served(*state) as first:
        done = first.start("film.mp4")
        shots = list(first.rekvid.segment_detection_job(done).wait(WAIT).segments())
        drained = first.start("film.mp4")
        assert first.end(signal.SIGTERM) == 0
    with served(*state, "--drain", "0") as second:
        assert list(second.rekvid.segment_detection_job(done).segments()) == shots
        assert list(second.rekvid.segment_detection_job(drained).segments()) == shots
        cut = second.start("film.mp4")
        assert second.end(signal.SIGINT) == 0
    with served(*state) as third:
        assert third.failure_of(cut) == "The backend that ran this job was closed before the job ended."
        orphan = third.start("film.mp4")
        third.end(signal.SIGKILL)
    with served(*state) as fourth:
        assert fourth.failure_of(orphan) == "The process that ran this job ended before the job did."


@pytest.mark.parametrize("commands", [pytest.param(each.commands, id=each.name) for each in served_in_pages()])
def test_servers_of_the_pages_come_up(
    commands: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that a page starts comes up on a free port, and ends when it is told to; what it needs is exported."""
    serve = None
    for line in commands:
        program, *words = shlex.split(line)
        if program == "export":
            for name, value in (word.split("=", 1) for word in words):
                monkeypatch.setitem(ENVIRONMENT, name, value)
        elif program == "rekvid":
            serve = [word.replace("/srv/media", str(folder)) for word in words[1:]]
        else:
            assert is_install(line) or program == "moto_server"
    assert serve is not None
    with served(*serve, "--state", str(tmp_path)) as up:
        assert up.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 1, "--bucket NAME=FOLDER"),
        (("--bucket", "media"), 2, "must read NAME=FOLDER"),
        (("--bucket", "media=/no/such/folder"), 2, "there is no such folder"),
        (("--bucket", "media=/tmp", "--credentials", "/no/such/file"), 1, "can't be read"),
        (("--bucket", "media=/tmp", "--host", "0.0.0.0"), 1, "give keys"),
    ],
)
def test_what_is_wrong_is_said_at_once(arguments: tuple[str, ...], code: int, words: str, tmp_path: Path) -> None:
    """A server that can't be run says why in a sentence, with an exit code, and doesn't come up."""
    answer = CliRunner().invoke(app, ["serve", "--port", "0", "--state", str(tmp_path), *arguments])
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert words in answer.stderr
