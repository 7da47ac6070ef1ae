from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import boto3
import botocore.endpoint
import pytest
from botocore.config import Config

import rekvid
from rekvid.backends.aws.starting import start_within_quota
from rekvid.errors import LimitExceededError, TransportError
from rekvid.operations import StartLabelDetectionRequest, StartRequest, video_of
from rekvid.testing import FakeBackend, ManualClock

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from rekvid.endpoint import Server


class Recorder(FakeBackend):
    """A fake that notes which job each start was given, before the answer goes out."""

    def __init__(self) -> None:
        super().__init__()
        self.job_ids: list[str] = []

    def start(self, request: StartRequest) -> str:
        job_id = super().start(request)
        self.job_ids.append(job_id)
        return job_id

    @property
    def tokens(self) -> list[str | None]:
        return [each.client_request_token for each in self.requests if isinstance(each, StartRequest)]


class Proxy:
    """A TCP proxy that resets a connection when an answer comes, and passes all else on.

    Args:
        url: Where it passes on to.

    Attributes:
        url: Its own address.
        reset_at: Which answer it resets at, counted from 1 over all connections.
        answers: How many have come.
    """

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._target = (host, int(port))
        self.reset_at = 1
        self.answers = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = ExitStack()
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def _run(self, target: object, *args: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # close() ends it
            while True:
                client = self._open.enter_context(self._listener.accept()[0])
                server = self._open.enter_context(socket.create_connection(self._target))
                self._run(self._pass_on, client, server)
                self._run(self._pass_back, server, client)

    @staticmethod
    def _pass_on(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self.answers += data.startswith(b"HTTP/")
                if self.answers == self.reset_at:
                    # With no time to linger, closing sends RST (socket(7), SO_LINGER); the other thread's recv has
                    # to end first, or the socket stays open beneath it.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.shutdown(socket.SHUT_RD)
                    client.close()
                    return
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(timeout=60)
        self._open.close()


@pytest.fixture
def fake() -> Iterator[Recorder]:
    fake = Recorder()
    yield fake
    fake.close()


@pytest.fixture
def proxy(fake: Recorder) -> Iterator[Proxy]:
    """The endpoint over the fake, whose first answer never arrives."""
    with Server(fake) as server:
        proxy = Proxy(server.url)
        yield proxy
        proxy.close()


def _client(proxy: Proxy, attempts: int) -> rekvid.Client:
    session = boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
    )
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return rekvid.Client(rekvid.AwsBackend(session=session, endpoint_url=proxy.url, config=config))


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore sleeps between its attempts; here that takes no time."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))


def test_lost_answer_begins_no_second_job(proxy: Proxy, fake: Recorder) -> None:
    """A start whose connection dies after the request was taken is sent again by botocore, and is one job."""
    client = _client(proxy, attempts=3)
    job = client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"])
    assert proxy.answers == 2
    assert len(fake.tokens) == 2
    assert set(fake.tokens) == {fake.tokens[0]} != {None}
    assert fake.job_ids == [job.id, job.id]
    client.close()


def test_lost_answer_can_be_asked_for_again(proxy: Proxy, fake: Recorder) -> None:
    """Without botocore's retries the start is an error, and the same token brings the job that had begun."""
    client = _client(proxy, attempts=1)

    def start() -> rekvid.LabelDetectionJob:
        return client.start_label_detection("s3://media/film.mp4", client_request_token="film-1")

    with pytest.raises(TransportError, match="the same client_request_token gives that job"):
        start()
    assert len(fake.job_ids) == 1
    assert start().id == fake.job_ids[0]
    assert fake.tokens == ["film-1", "film-1"]
    assert len(set(fake.job_ids)) == 1
    client.close()


def test_other_starts_are_other_jobs(proxy: Proxy, fake: Recorder) -> None:
    """Each start of its own has a token of its own, so that the one job above is no accident of the fake."""
    client = _client(proxy, attempts=3)
    jobs = {client.start_label_detection("s3://media/film.mp4").id for _ in range(3)}
    assert len(jobs) == 3
    assert len(fake.job_ids) == 4
    assert set(fake.job_ids) == jobs
    client.close()


def test_refused_start_and_lost_answer_are_one_job(proxy: Proxy, fake: Recorder) -> None:
    """Where the limit of jobs is met first and the connection dies after, one token stands for one job all the same."""
    for attempt in (1, 2):  # botocore, which makes two here, tries again at the limit too
        refusal = LimitExceededError("22 open Jobs", operation="StartLabelDetection")
        fake.will_raise(refusal, on="start", at=attempt)
    proxy.reset_at = 3
    clock = ManualClock()
    backend = _client(proxy, attempts=2).backend
    request = StartLabelDetectionRequest(video=video_of("s3://media/film.mp4"), client_request_token="film-1")
    job_id = start_within_quota(lambda: backend.start(request), start_timeout=60, clock=clock)
    assert len(clock.slept) == 1
    assert fake.tokens == ["film-1"] * 4
    assert fake.job_ids == [job_id] * 2
    backend.close()
