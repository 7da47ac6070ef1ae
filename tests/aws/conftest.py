"""What tests of AWS share: moto's server with an account and a bucket, and a queue in memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aws_account import Account
from fake_queue import FakeQueue, ended
from handmade import mp4
from s3_answers import REGION, client_of, keys_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Address of moto's server."""
    server = pytest.importorskip("moto.server")
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def account(moto_url: str) -> Iterator[Account]:
    """An empty account."""
    made = Account(moto_url)
    made.reset()
    yield made
    made.open.close()


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Iterator[FakeQueue]:
    """A queue in memory, which no reader may outlive."""
    fake = FakeQueue(request.node.name)
    yield fake
    assert ended(fake.url), "a reader lives although nobody waits"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to wait in."""
    with ThreadPoolExecutor(20) as pool:
        yield pool


@pytest.fixture
def s3(moto_url: str) -> Iterator[S3Client]:
    """A client of moto's S3, with an empty bucket."""
    client = client_of(moto_url)
    client.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield client
    for key in keys_in(client):
        client.delete_object(Bucket="media", Key=key)
    client.delete_bucket(Bucket="media")
    client.close()


@pytest.fixture
def handmade_film(tmp_path: Path) -> Path:
    """A file that passes for a video."""
    path = tmp_path / "Film.MP4"
    path.write_bytes(mp4())
    return path
