from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import rekvid
from rekvid.backends.local.runner import Runner
from rekvid.backends.local.task import SegmentTask, Task
from rekvid.errors import (
    ConfigurationError,
    IdempotentParameterMismatchError,
    InvalidS3ObjectError,
    JobFailedError,
    ModelUnavailableError,
    ValidationError,
)
from rekvid.models import JobProgress, JsonValue

pytest.importorskip("av")
from rekvid.backends.local import LocalBackend
from rekvid.testing.reels import TextureScene, make_reel

WAIT = 60


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reel") / "reel.mp4"
    make_reel(path, (TextureScene(seconds=1), TextureScene(seconds=1)), width=128, height=72, rate=Fraction(25))
    return path


@pytest.fixture
def backend() -> Iterator[LocalBackend]:
    backend = LocalBackend(store=":memory:")
    yield backend
    backend.close()


@pytest.fixture
def client(backend: LocalBackend) -> rekvid.Client:
    return rekvid.Client(backend)


def test_job_on_a_path(client: rekvid.Client, reel: Path) -> None:
    """A path given as a string or a Path gives shots, and the progress goes up to the end."""
    heard: list[JobProgress] = []
    job = client.start_segment_detection(str(reel), segment_types=["SHOT"])
    result = job.result(WAIT, on_progress=heard.append)
    assert [shot.start_frame_number for shot in result.shots] == [0, 25]
    assert result.technical_cues == ()
    assert result.video is None
    fractions = [each.fraction for each in heard if each.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    again = client.start_segment_detection(reel, segment_types=["SHOT"]).result(WAIT)
    assert again.shots == result.shots


def test_labels_need_a_detector(
    client: rekvid.Client, reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a detector a backend works for segments, and a label detection says at the start what to install."""
    monkeypatch.setenv("REKVID_MODEL_DIR", str(tmp_path))
    with pytest.raises(ModelUnavailableError, match=r"rekvid\[onnx\].*rekvid models pull yolox-nano"):
        client.start_label_detection(reel)


@pytest.mark.parametrize("name", ["missing.mp4", "."])
def test_unreadable_path_raises_at_start(client: rekvid.Client, tmp_path: Path, name: str) -> None:
    """A missing file or a folder is refused before there is a job, with the path and the reason."""
    path = tmp_path / name
    with pytest.raises(InvalidS3ObjectError, match=r"can't be read: (No such file|Is a directory)") as caught:
        client.start_segment_detection(path, segment_types=["SHOT"])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"these are words, not pictures\n" * 100, "not a video")]
)
def test_bad_file_fails_its_job(client: rekvid.Client, reel: Path, tmp_path: Path, content: bytes, reason: str) -> None:
    """A file that is no video fails its job with a message that says which; jobs done before stay readable."""
    good = client.start_segment_detection(reel, segment_types=["SHOT"]).wait(WAIT)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(content)
    with pytest.raises(JobFailedError, match=reason):
        client.start_segment_detection(bad, segment_types=["SHOT"]).wait(WAIT)
    assert len(list(good.shots())) == 2


def test_truncated_file_fails_its_job(client: rekvid.Client, reel: Path, tmp_path: Path) -> None:
    """A file that breaks off fails its job."""
    whole = reel.read_bytes()
    (tmp_path / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JobFailedError) as caught:
        client.start_segment_detection(tmp_path / "truncated.mp4", segment_types=["SHOT"]).wait(WAIT)
    assert caught.value.status_message


def test_results_are_read_by_another_process(reel: Path, tmp_path: Path) -> None:
    """A job that was started here is read there, from the store in the same folder."""
    with rekvid.Client(LocalBackend(store=tmp_path)) as client:
        job = client.start_segment_detection(reel, segment_types=["SHOT"]).wait(WAIT)
        program = (
            "import sys, rekvid; client = rekvid.Client(rekvid.LocalBackend(store=sys.argv[1]));"
            "print([shot.start_frame_number for shot in client.segment_detection_job(sys.argv[2]).shots()])"
        )
        answer = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), job.id], capture_output=True, text=True, check=True
        )
    assert answer.stdout.strip() == "[0, 25]"


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_process_leaves_no_job_hanging(reel: Path, tmp_path: Path) -> None:
    """A job whose process was killed is FAILED for the next one that asks, and doesn't stay IN_PROGRESS for ever."""
    program = (
        "import os, signal, sys, rekvid; client = rekvid.Client(rekvid.LocalBackend(store=sys.argv[1]));"
        "print(client.start_segment_detection(sys.argv[2], segment_types=['SHOT']).id, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(reel)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with rekvid.Client(LocalBackend(store=tmp_path)) as client, pytest.raises(JobFailedError, match="process that ran"):
        client.segment_detection_job(killed.stdout.strip()).wait(WAIT)


def test_close_ends_running_jobs(reel: Path, tmp_path: Path) -> None:
    """Closing the backend ends its jobs, queued ones too, as FAILED with that reason, and frees the threads."""
    backend = LocalBackend(store=tmp_path)
    client = rekvid.Client(backend)
    jobs = [client.start_segment_detection(reel, segment_types=["SHOT"]).id for _ in range(5)]
    backend.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rekvid-job-")]
    with rekvid.Client(LocalBackend(store=tmp_path)) as later:
        states = {later.segment_detection_job(job).status() for job in jobs}
        assert states <= {"FAILED", "SUCCEEDED"}
        page = later.get_segment_detection(jobs[-1])
    assert page.status_message == "The backend that ran this job was closed before the job ended."
    with pytest.raises(ConfigurationError, match="closed"):
        client.start_segment_detection(reel, segment_types=["SHOT"])
    with pytest.raises(ConfigurationError, match="closed"):
        client.get_segment_detection(jobs[0])
    backend.close()


def test_bucket_folders(reel: Path, tmp_path: Path) -> None:
    """A folder stands for a bucket, and nothing outside it can be read, by whatever key."""
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    (bucket / "reel.mp4").symlink_to(reel)
    (bucket / "inside.mp4").write_bytes(reel.read_bytes())
    (tmp_path / "outside.mp4").write_bytes(reel.read_bytes())
    with rekvid.Client(LocalBackend(store=":memory:", buckets={"media": bucket})) as client:
        shots = client.start_segment_detection("s3://media/inside.mp4", segment_types=["SHOT"]).result(WAIT).shots
        assert len(shots) == 2
        keys = ["../outside.mp4", str(tmp_path / "outside.mp4"), "reel.mp4", "missing.mp4", "x/../../outside.mp4", "."]
        for key in [*keys, "inside.mp4\0", "inside.mp4?versionId=1"]:
            with pytest.raises(InvalidS3ObjectError, match="Unable to get object metadata from S3"):
                client.start_segment_detection(f"s3://media/{key}", segment_types=["SHOT"])


def test_workers_must_be_at_least_one() -> None:
    """No job could ever run with no worker."""
    with pytest.raises(ValidationError, match="workers=0"):
        LocalBackend(store=":memory:", workers=0)


def test_state_folder_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """REKVID_STATE_DIR names the folder of the default store."""
    monkeypatch.setenv("REKVID_STATE_DIR", str(tmp_path / "state"))
    backend = LocalBackend()
    assert repr(backend) == f"LocalBackend(store={str(tmp_path / 'state')!r})"
    assert (tmp_path / "state" / "jobs.sqlite3").exists()
    backend.close()


class Ends:
    """Notes how jobs end."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.succeeded: dict[str, list[JsonValue]] = {}

    def add_items(self, job_id: str, items: list[JsonValue]) -> None:
        raise AssertionError("a segment job gives all its items at its end")

    def add_order(self, job_id: str, name: str, positions: list[int]) -> None:
        raise AssertionError("segments have one order")

    def succeed(self, job_id: str, head: dict[str, JsonValue], items: list[JsonValue]) -> None:
        assert "VideoMetadata" in head
        self.succeeded[job_id] = items

    def fail(self, job_id: str, message: str) -> None:
        self.failed[job_id] = message


def _task(path: Path) -> AbstractContextManager[Task]:
    return nullcontext(
        SegmentTask(
            kind="segments",
            path=str(path),
            segment_types=["SHOT"],
            min_shot_confidence=50,
            min_technical_cue_confidence=50,
            max_pixel_threshold=0.2,
            min_coverage_percentage=99,
            shot_detector=None,
        )
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_crash_of_a_worker_fails_its_job_alone(reel: Path) -> None:
    """A worker that dies, as in a codec's crash, fails its job with the signal's name; the next job runs."""
    ends = Ends()
    runner = Runner(ends, workers=1)
    runner.submit("crash", lambda: _task(reel))
    while not runner.processes():
        assert not runner.wait("crash", 0.01)
    runner.processes()[0].send_signal(signal.SIGSEGV)
    assert runner.wait("crash", WAIT)
    assert ends.failed == {"crash": "The worker process was ended by SIGSEGV before the job was done."}
    runner.submit("next", lambda: _task(reel))
    assert runner.wait("next", WAIT)
    assert len(ends.succeeded["next"]) == 2
    runner.close()


def test_job_that_can_not_be_prepared_fails(caplog: pytest.LogCaptureFixture) -> None:
    """An error before the worker starts, such as a lost connection to S3, fails the job with its message."""
    ends = Ends()
    runner = Runner(ends, workers=1)

    def prepare() -> AbstractContextManager[Task]:
        raise OSError("no route to the bucket")

    runner.submit("job", prepare)
    assert runner.wait("job", WAIT)
    assert ends.failed == {"job": "The job could not be run: no route to the bucket"}
    assert "no route to the bucket" in caplog.text
    runner.close()


def test_waiting_for_an_unknown_job_takes_its_time() -> None:
    """A job of another process wakes nobody here: the wait ends by its time, and promises nothing."""
    runner = Runner(Ends(), workers=1)
    assert runner.wait("elsewhere", 0.01) is False
    assert runner.progress("elsewhere") is None
    runner.close()


def test_worker_speaks_json_lines(reel: Path) -> None:
    """The worker's output is progress, then one line with everything; what libraries print doesn't get between."""
    with _task(reel) as task:
        command = [sys.executable, "-m", "rekvid.backends.local.worker"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(json.dumps(task) + "\n")
            worker.stdin.flush()
            lines = [json.loads(line) for line in worker.stdout]
    assert all(set(line) == {"progress"} for line in lines[:-1])
    assert set(lines[-1]) == {"head", "items"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
def test_pipe_is_refused_at_start(client: rekvid.Client, tmp_path: Path) -> None:
    """A named pipe, whose opening would wait for ever, is refused."""
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InvalidS3ObjectError, match="no regular file"):
        client.start_segment_detection(tmp_path / "pipe.mp4", segment_types=["SHOT"])


def test_relative_path_is_that_of_the_start(reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the file it named when the job was started, for the worker and for replayed tokens."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "reel.mp4").write_bytes(reel.read_bytes())
    with rekvid.Client(LocalBackend(store=":memory:")) as client:
        monkeypatch.chdir(reel.parent)
        jobs = [client.start_segment_detection("reel.mp4", segment_types=["SHOT"]) for _ in range(3)]
        first = client.start_segment_detection("reel.mp4", segment_types=["SHOT"], client_request_token="token")
        monkeypatch.chdir(other)
        for job in jobs:
            assert len(job.result(WAIT).shots) == 2
        with pytest.raises(IdempotentParameterMismatchError):
            client.start_segment_detection("reel.mp4", segment_types=["SHOT"], client_request_token="token")
        first.wait(WAIT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_leaves_the_parents_jobs_alone(reel: Path, tmp_path: Path) -> None:
    """A forked child that ends closes nothing of its parent's, and is told to make a backend of its own."""
    program = """
import os, sys, rekvid
backend = rekvid.LocalBackend(store=sys.argv[1])
client = rekvid.Client(backend)
job = client.start_segment_detection(sys.argv[2], segment_types=["SHOT"])
child = os.fork()
if child == 0:
    try:
        job.status()
    except rekvid.ConfigurationError as error:
        sys.exit(7 if "fork" in str(error) else 8)
    sys.exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
with rekvid.Client(rekvid.LocalBackend(store=sys.argv[1])) as other:
    assert other.segment_detection_job(job.id).status() != "FAILED"
print(len(list(job.shots())))
"""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path), str(reel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.strip() == "2", answer.stderr


def test_worker_does_not_outlive_a_killed_parent(reel: Path) -> None:
    """A worker whose runner is gone, so that its input has ended, ends in the middle of its work."""
    with _task(reel) as task:
        answer = subprocess.run(
            [sys.executable, "-m", "rekvid.backends.local.worker"],
            input=json.dumps(task) + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 1
    assert "head" not in answer.stdout


class FullDisk(Ends):
    """Can't note anything until there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = True

    def succeed(self, job_id: str, head: dict[str, JsonValue], items: list[JsonValue]) -> None:
        if self.is_full:
            raise OSError("no space left on device")
        super().succeed(job_id, head, items)

    def fail(self, job_id: str, message: str) -> None:
        if self.is_full:
            raise OSError("no space left on device")
        super().fail(job_id, message)


def test_end_that_could_not_be_stored_is_stored_later(reel: Path) -> None:
    """Where neither results nor failure could be stored, waiters wake, and the failure is stored when asked for."""
    ends = FullDisk()
    runner = Runner(ends, workers=1)
    runner.submit("job", lambda: _task(reel))
    assert runner.wait("job", WAIT)
    with pytest.raises(OSError, match="no space"):
        runner.store_what_is_left()
    ends.is_full = False
    runner.store_what_is_left()
    assert ends.failed == {"job": "The job could not be run: no space left on device"}
    runner.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"workers": "2"}, "workers='2'"),
        ({"workers": 1.5}, "workers=1.5"),
        ({"store": ""}, "store=''"),
        ({"buckets": "media"}, "buckets='media'"),
        ({"buckets": {"media": "/nonexistent"}}, "no such folder"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], words: str) -> None:
    """An argument that makes no sense is refused with its name, value and rule."""
    in_memory: dict[str, Any] = {"store": ":memory:"}
    with pytest.raises(ValidationError, match=words):
        LocalBackend(**{**in_memory, **arguments})


def test_store_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    """A folder that is a file, and a file that is no database, are errors that name the store."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="file"):
        LocalBackend(store=tmp_path / "file")
    (tmp_path / "jobs.sqlite3").write_text("no database" * 100)
    with pytest.raises(ConfigurationError, match=r"jobs\.sqlite3 can't be used"):
        LocalBackend(store=tmp_path)


def test_other_buckets_are_not_fetched(reel: Path) -> None:
    """Where folders stand for buckets, S3 itself is not asked with this process's credentials."""
    backend = LocalBackend(store=":memory:", buckets={"media": reel.parent})
    with (
        rekvid.Client(backend) as client,
        pytest.raises(InvalidS3ObjectError, match="Unable to get object metadata"),
    ):
        client.start_segment_detection("s3://somebodys-bucket/film.mp4", segment_types=["SHOT"])
