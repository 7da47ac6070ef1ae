"""Hostile requests and broken videos: a few hundred in the suite, as many as `nox -s fuzz` says there.

A failure names the seed and the number of the request or the video; REKVID_FUZZ_SEED gives the same ones again.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import random
import socket
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from rekvid.errors import RekvidError
from rekvid.models import Label, LabelDetection, LabelDetectionPage, VideoJobStatus
from rekvid.testing import FakeBackend

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
import rekvid
from hostile import TARGETS, Hostile, mutated, spoilt
from rekvid.endpoint import Limits, Server, Settings

REQUESTS = int(os.environ.get("REKVID_FUZZ_REQUESTS", "250"))
VIDEOS = int(os.environ.get("REKVID_FUZZ_VIDEOS", "3"))
SEED = int(os.environ.get("REKVID_FUZZ_SEED", "6"))
ALLOWED = {200, 400, 403, 404, 405, 408, 413, 431}
"""What hostile requests may be answered with: no 500, which the service has for its own faults and for throttling."""

LABELS = tuple(LabelDetection(timestamp=at, label=Label(name="Car", confidence=90.0)) for at in range(30))


def send(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send any bytes for a request; gives status and body of the answer, or 0 where the server closes without one."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        # Closed without a farewell, as thousands of ports would have to wait for theirs otherwise.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            wire.sendall(request)
            answer = http.client.HTTPResponse(wire, method="HEAD" if request.startswith(b"HEAD ") else "POST")
            answer.begin()
            return answer.status, answer.read()
        except (ConnectionError, http.client.HTTPException):
            return 0, b""


@contextmanager
def prepared() -> Iterator[tuple[FakeBackend, Server, Hostile]]:
    """An endpoint with two finished jobs, and what attacks it."""
    fake = FakeBackend()
    client = rekvid.Client(fake, clock=fake.clock)
    fake.will_return(LabelDetectionPage(labels=LABELS))
    fake.will_fail("Unsupported codec/format.")
    jobs = [client.start_label_detection("s3://media/street.mp4").id for _ in range(2)]
    tokens = [client.get_label_detection(jobs[0], max_results=size).next_token or "" for size in (1, 10)]
    limits = Limits(body_seconds=0.1, header_bytes=8192, body_bytes=64 * 1024, open_jobs=10_000)
    with Server(fake, settings=Settings(limits=limits)) as server:
        host = server.url.removeprefix("http://")
        yield fake, server, Hostile(SEED, job_ids=[*jobs, "nobody"], tokens=tokens, host=host)
    fake.close()


def test_hostile_requests(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is sent, the endpoint answers as the protocol allows or closes, goes on, and keeps its memory level."""
    caplog.set_level(logging.ERROR, "uvicorn.error")  # it warns of each, and pytest keeps them all
    seen: Counter[str] = Counter()
    levels: list[float] = []
    with prepared() as (fake, server, hostile):
        for number in range(REQUESTS):
            request = hostile.request()
            status, body = send(server, request)
            assert status in ALLOWED or status == 0, (SEED, number, status, request[:2000], body[:500])
            seen[_kind(status, body)] += 1
            if number % max(1, REQUESTS // 10) == 0:
                fake.requests.clear()  # a fake keeps them all, for tests to look at
                levels.append(_resident())
        good = f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {TARGETS[1]}\r\nContent-Length: 14\r\n\r\n"
        assert _kind(*send(server, good.encode() + b'{"JobId": "a"}')) == "400 ResourceNotFoundException"
    assert [record for record in caplog.records if record.levelname == "ERROR" and not _is_uvicorns(record)] == []
    assert len(seen) > 8, "the requests reach many parts of the endpoint"
    _report(f"{REQUESTS} requests: {dict(seen.most_common())}; resident MB: {[round(level) for level in levels]}")
    if REQUESTS >= 10_000:
        assert levels[-1] < levels[2] * 1.15 + 10


def _kind(status: int, body: bytes) -> str:
    """The status, with the code of a refusal."""
    try:
        return f"{status} {json.loads(body)['__type']}"
    except (ValueError, KeyError, TypeError):
        return str(status)


def _is_uvicorns(record: logging.LogRecord) -> bool:
    """Whether uvicorn has answered a body whose framing is broken by itself, and then complains of our answer."""
    return record.exc_info is not None and type(record.exc_info[1]).__name__ == "LocalProtocolError"


def _report(found: str) -> None:
    """Tell what came of it, to those who ask pytest to show it (-s)."""
    sys.stderr.write(f"\nseed {SEED}, {found}\n")


def _resident() -> float:
    """Resident memory of this process, in MB; the endpoint runs in it."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if statm.exists() else 0.0


def test_broken_videos(tmp_path: Path) -> None:
    """Jobs over broken videos end, each with results or a reason, and leave no worker and no file behind."""
    pytest.importorskip("av")
    from rekvid.backends.local import LocalBackend, VideoLimits
    from rekvid.testing.reels import TextureScene, make_reel

    media = tmp_path / "media"
    media.mkdir()
    make_reel(tmp_path / "film.mp4", (TextureScene(seconds=0.5),), width=128, height=72, rate=Fraction(25))
    film = (tmp_path / "film.mp4").read_bytes()
    chance = random.Random(SEED)
    seen: Counter[str] = Counter()
    backend = LocalBackend(store=":memory:", workers=2, buckets={"media": media}, video_limits=VideoLimits())
    client = rekvid.Client(backend)
    for first in range(0, VIDEOS, 10):
        jobs = []
        for number in range(first, min(first + 10, VIDEOS)):
            broken = spoilt(film, chance) if chance.random() < 0.7 else mutated(film, chance)
            (media / f"{number}.mp4").write_bytes(broken)
            try:
                job = client.start_segment_detection(
                    f"s3://media/{number}.mp4", segment_types=["SHOT", "TECHNICAL_CUE"]
                )
                jobs.append((number, job))
            except RekvidError as error:
                seen[type(error).__name__] += 1
        for number, job in jobs:
            assert backend.signal().wait(job.id, 300), (SEED, number, "it doesn't end")
            page = client.get_segment_detection(job.id)
            assert page.job_status in (VideoJobStatus.SUCCEEDED, VideoJobStatus.FAILED), (SEED, number)
            assert page.job_status == VideoJobStatus.SUCCEEDED or page.status_message, (SEED, number)
            seen[(page.status_message or "SUCCEEDED").replace(f"{number}.mp4", "it")] += 1
            (media / f"{number}.mp4").unlink()
    assert backend._runner.processes() == []
    client.close()
    _report(f"{VIDEOS} videos: {dict(seen.most_common())}")
    assert sum(seen.values()) == VIDEOS
