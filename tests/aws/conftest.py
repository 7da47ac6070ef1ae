"""What tests of AWS share: a queue in memory, and moto's server with an account."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from aws_account import Account
from fake_queue import FakeQueue, ended


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
