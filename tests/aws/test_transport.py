"""Faults of the connection: pages arrive whole, once each and in order, or an error says that they don't."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.config import Config

import rekvid
from rekvid.backends.aws import AwsBackend
from rekvid.errors import InternalServerError, RekvidError, ThrottlingError, TransportError
from rekvid.models import Label, LabelDetection, LabelDetectionPage

PAGES = 6
Fault = Callable[[socket.socket, bytes], None]


def _label(number: int) -> LabelDetection:
    return LabelDetection(timestamp=number, label=Label(name="Car", confidence=90.0))


def _answer(status: int, body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


def reset_in_the_body(connection: socket.socket, body: bytes) -> None:
    """Send half the body, then reset."""
    connection.sendall(_answer(200, body)[:-20])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_in_the_body(connection: socket.socket, body: bytes) -> None:
    """Send half the body, then close as if that were all."""
    connection.sendall(_answer(200, body)[:-20])


def stop_in_the_body(connection: socket.socket, body: bytes) -> None:
    """Send half the body, then nothing until the client gives up."""
    connection.sendall(_answer(200, body)[:-20])
    connection.recv(1)


def say_nothing(connection: socket.socket, body: bytes) -> None:  # as all faults
    """Take the request and close."""


def throttle(connection: socket.socket, body: bytes) -> None:  # noqa: ARG001  # as all faults
    """Refuse as the service does when there are too many requests."""
    connection.sendall(_answer(400, b'{"__type": "ThrottlingException", "Message": "Rate exceeded"}'))


def fail(connection: socket.socket, body: bytes) -> None:  # noqa: ARG001  # as all faults
    """Fail as the service does."""
    connection.sendall(_answer(500, b'{"__type": "InternalServerError", "Message": "oh"}'))


FAULTS = (reset_in_the_body, close_in_the_body, stop_in_the_body, say_nothing, throttle, fail)


class Line:
    """A server of pages, one connection a request, with faults for the requests to come."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection:
                self._handle(connection)

    def _handle(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as request:
            length = 0
            while (line := request.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            asked = json.loads(request.read(length) or b"{}")
        self.asked += 1
        number = int(asked.get("NextToken") or 0)
        token = str(number + 1) if number + 1 < PAGES else None
        page = LabelDetectionPage(labels=(_label(2 * number), _label(2 * number + 1)), next_token=token)
        body = json.dumps(page.to_aws()).encode()
        fault = self.faults.pop(self.asked, None)
        if fault is None:
            connection.sendall(_answer(200, body))
        else:
            fault(connection, body)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def _client(line: Line, attempts: int) -> rekvid.Client:
    session = boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
    )
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=0.3)
    return rekvid.Client(AwsBackend(session=session, endpoint_url=line.url, config=config))


ALL = [_label(number) for number in range(2 * PAGES)]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_that_passes_is_not_noticed(line: Line, fault: Fault) -> None:
    """A fault in the middle of the pages is tried again, and the labels are whole, once each and in order."""
    line.faults = {3: fault}
    with _client(line, attempts=3) as client:
        assert list(client.label_detection_job("job").labels()) == ALL
    assert line.asked == PAGES + 1


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_that_stays_is_an_error_that_leads_on(line: Line, fault: Fault) -> None:
    """A fault that outlasts the retries is an error of its kind; the same iterator reads on behind it."""
    line.faults = {3: fault}
    refusals: dict[Fault, type[RekvidError]] = {throttle: ThrottlingError, fail: InternalServerError}
    expected = refusals.get(fault, TransportError)
    with _client(line, attempts=1) as client:
        labels = iter(client.label_detection_job("job").labels())
        read = [next(labels) for _ in range(4)]
        with pytest.raises(expected) as caught:
            next(labels)
        assert caught.value.next_token == "2"
        assert [*read, *labels] == ALL
