"""A real HTTP server on loopback with one file, which does as badly as it is told."""

from __future__ import annotations

import hashlib
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rekvid.backends.local.labels.weights import ModelFolder, ModelInfo

CONTENT = random.Random(5).randbytes(300_000)
"""What `model_at` stands for."""


def model_at(url: str) -> ModelInfo:
    """A model that lies at `url`, with `CONTENT` as its file."""
    return ModelInfo(
        name="tiny",
        url=url,
        file_name="tiny.onnx",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        licence="Apache-2.0",
        classes=("dog",),
        about="",
    )


def part_of(folder: ModelFolder) -> Path:
    """Where the beginning of that model's file is kept."""
    return folder.path / "tiny.onnx.part"


class ModelServer(ThreadingHTTPServer):
    """Serves `content` at every path.

    Attributes:
        content: The file.
        cuts: For the next requests, one each: how many bytes of the answer come before the connection is closed.
        statuses: For the next requests, one each: a status to answer with instead.
        ranges: Whether a Range is heeded.
        shift: How many bytes later than asked for an answer to a Range begins.
        total: The size that an answer to a Range claims for the whole file; None for the true one.
        lengths: Whether an answer says how long it is; otherwise it ends with the connection.
        chunked: Whether an answer comes in chunks, without its length.
        asked: Path and Range of each request.
        sent: Bytes of the file that were sent.
        before_body: Called before each block of a body is sent, with the number of bytes that were.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.ranges = True
        self.shift = 0
        self.total: int | None = None
        self.lengths = True
        self.chunked = False
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0
        self.before_body: Callable[[int], None] = lambda _sent: None

    def handle_error(self, request: object, client_address: object) -> None:
        """Be quiet about clients that hang up, which is what many tests have them do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # typeshed's types are private

    @property
    def url(self) -> str:
        """The address of the server's top."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # chunks need it

    def do_GET(self) -> None:
        self.close_connection = True
        server = self._told()
        wanted = self.headers["Range"]
        server.asked.append((self.path, wanted))
        if server.statuses:
            self._refuse(server.statuses.pop(0))
            return
        start = 0
        if server.ranges and (found := re.fullmatch(r"bytes=(\d+)-", wanted or "")):
            start = int(found[1]) + server.shift
        if start > 0 and start >= len(server.content):
            self._refuse(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Connection", "close")
        if start:
            total = len(server.content) if server.total is None else server.total
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{total}")
        if server.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif server.lengths:
            self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        body = server.content[start:]
        cut = server.cuts.pop(0) if server.cuts else None
        self._send(body[:cut])
        if server.chunked and cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, body: bytes) -> None:
        server = self._told()
        for position in range(0, len(body), 10_000):
            server.before_body(position)
            block = body[position : position + 10_000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if server.chunked else block)
            server.sent += len(block)

    def _told(self) -> ModelServer:
        assert isinstance(self.server, ModelServer)
        return self.server

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        """Be quiet."""


@contextmanager
def serving(content: bytes) -> Iterator[ModelServer]:
    """A running server with `content`."""
    with ModelServer(content) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
