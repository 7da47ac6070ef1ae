"""What stands before the protocol: hosts, limits, routes."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping

import pytest

from rekvid import __version__
from rekvid.errors import ConfigurationError
from rekvid.testing import FakeBackend, ManualClock

pytest.importorskip("starlette")
from calls import call

pytest.importorskip("uvicorn")
from rekvid.endpoint import Key, Keys, Limits, Server, Settings
from rekvid.endpoint.hosts import Hosts
from rekvid.endpoint.service import Service

TARGET = "RekognitionService.GetLabelDetection"


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeBackend]:
    fake = FakeBackend()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def server(fake: FakeBackend) -> Iterator[Server]:
    settings = Settings(limits=Limits(body_bytes=1000, header_bytes=4096, body_seconds=0.2))
    with Server(fake, settings=settings) as server:
        yield server


def ask(
    server: Server, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body, dict(headers or {}))
    answer = connection.getresponse()
    result = answer.status, answer.read()
    connection.close()
    return result


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost", "LOCALHOST:80", "[::1]:4566", "127.9.9.9"])
def test_names_of_loopback_are_allowed(host: str) -> None:
    """A server on loopback goes by all of loopback's names."""
    assert Hosts("127.0.0.1").allow(host)


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::1", "a:b"],
)
def test_other_names_are_not(host: str | None) -> None:
    """No other name will do, so that a web page whose name stands for 127.0.0.1 gets no answer."""
    assert not Hosts("127.0.0.1").allow(host)


def test_names_can_be_allowed() -> None:
    """Names that were given are allowed, in any case of letters; a star allows all."""
    assert Hosts("0.0.0.0", ["rekvid.test"]).allow("Rekvid.Test:8080")
    assert Hosts("192.168.1.5").allow("192.168.1.5:8080")
    assert Hosts("0.0.0.0", ["*"]).allow("anything")


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/health"), ("GET", "/version")])
def test_a_strange_host_is_refused(server: Server, method: str, path: str) -> None:
    """A request under a strange name is answered with nothing but a refusal, on every route."""
    status, body = ask(server, method, path, b"{}", {"Host": "evil.example", "X-Amz-Target": TARGET})
    assert status in (400, 403)
    assert b"evil.example" in body
    assert b"JobId" not in body


def test_health_and_version(server: Server) -> None:
    """Two routes beside the protocol tell that the endpoint is up, and what it is."""
    status, body = ask(server, "GET", "/health")
    assert (status, json.loads(body)) == (200, {"status": "ok", "open_jobs": 0})
    status, body = ask(server, "GET", "/version")
    assert (status, json.loads(body)) == (200, {"name": "rekvid", "version": __version__})


def test_another_path_is_no_operation(server: Server) -> None:
    """Operations are called at the root only."""
    status, body = ask(server, "POST", "/rekognition", b"{}", {"X-Amz-Target": TARGET})
    assert (status, json.loads(body)["__type"]) == (404, "UnknownOperationException")


def test_a_large_body_is_refused(server: Server) -> None:
    """A body over the limit is refused with 413, whether its length was announced or not."""
    status, body = ask(server, "POST", "/", b"x" * 1001, {"X-Amz-Target": TARGET})
    assert (status, json.loads(body)["__type"]) == (413, "RequestEntityTooLargeException")
    status, _ = ask(server, "POST", "/", b"{" + b" " * 999, {"X-Amz-Target": TARGET})
    assert status == 400, "this one is read, and found to be no JSON"


def test_long_headers_are_refused(server: Server) -> None:
    """Headers over the limit are refused before anything is done for them."""
    for size in (4096, 60_000):
        assert ask(server, "GET", "/health", headers={"X-Filler": "x" * size})[0] == 431
        assert ask(server, "GET", "/health?" + "x" * size)[0] == 431
    address = server.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as endless:
        endless.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + b"x" * 10_000)
        assert endless.recv(4096).startswith(b"HTTP/1.1 400"), "and headers that don't end are not waited for"


def test_a_body_that_does_not_come_is_given_up(server: Server) -> None:
    """A body that takes too long to arrive is answered with 408, and holds nothing up."""
    address = server.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=10) as slow:
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {TARGET}\r\nContent-Length: 100\r\n\r\n{{"
        slow.sendall(head.encode())
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_requests_over_the_rate_are_throttled(fake: FakeBackend) -> None:
    """After as many requests as a second has, calls are throttled with a 500, until time has passed."""
    clock = ManualClock()
    service = Service(fake, Settings(limits=Limits(requests_per_second=2), clock=clock))

    def codes(count: int) -> list[str]:
        return [call(service, "GetLabelDetection", {"JobId": "a"}).code for _ in range(count)]

    assert codes(3) == ["ResourceNotFoundException", "ResourceNotFoundException", "ThrottlingException"]
    assert call(service, "GetLabelDetection", {"JobId": "a"}).status == 500
    clock.advance(0.5)
    assert codes(2) == ["ResourceNotFoundException", "ThrottlingException"]
    clock.advance(3600)
    assert codes(3).count("ThrottlingException") == 1, "a long rest doesn't save up more than a second's worth"
    service.close()


def test_an_open_door_needs_keys(fake: FakeBackend) -> None:
    """A server that other machines can reach must be given keys."""
    with pytest.raises(ConfigurationError, match="give keys"):
        Server(fake, host="0.0.0.0")
    Server(
        fake, host="0.0.0.0", settings=Settings(keys=Keys([Key(name="a", access_key_id="a", secret_access_key="b")]))
    )


def test_a_port_in_use_is_named(server: Server, fake: FakeBackend) -> None:
    """A port that is taken is an error of ours, which names it."""
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=str(port)), Server(fake, port=port):
        pass


def test_ipv6_loopback() -> None:
    """The endpoint can listen on IPv6's loopback, and says so in its address."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    fake = FakeBackend()
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with Server(fake, host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert ask(server, "GET", "/health")[0] == 200
    fake.close()


def test_the_server_leaves_no_thread() -> None:
    """A server that was left is gone, with its threads."""
    before = set(threading.enumerate())
    fake = FakeBackend()
    with Server(fake) as server:
        ask(server, "GET", "/health")
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("rekvid")]
    fake.close()
