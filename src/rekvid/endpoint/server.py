"""The application on a port, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from rekvid.backends.base import Backend
from rekvid.endpoint.app import create_app
from rekvid.errors import ConfigurationError

_START_LIMIT = 10  # seconds


class Server:
    """Serves `backend` while the context lasts. The backend stays the caller's to close.

    ::

        with Server(backend) as server:
            boto3.client("rekognition", endpoint_url=server.url, ...)

    Args:
        backend: What does the work.
        host: Address to listen on. Signatures are not checked, so only loopback is safe.
        port: Port to listen on; 0 takes a free one.
    """

    def __init__(self, backend: Backend, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._backend = backend
        self._address = (host, port)
        self._running: tuple[socket.socket, _Uvicorn, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """What to give as ``endpoint_url``.

        Raises:
            ConfigurationError: The server doesn't run.
        """
        if self._running is None:
            raise ConfigurationError("the endpoint has an address while it runs: with Server(...) as server")
        host, port = self._running[0].getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        listener = socket.create_server(self._address)
        # lifespan off: the application has nothing to start; access logs are the user's to turn on.
        config = uvicorn.Config(create_app(self._backend), lifespan="off", log_config=None, access_log=False)
        server = _Uvicorn(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="rekvid-endpoint", daemon=True
        )
        thread.start()
        self._running = listener, server, thread
        if not server.is_up.wait(_START_LIMIT):
            self.__exit__(None, None, None)
            raise ConfigurationError(f"the endpoint did not come up at {self._address} within {_START_LIMIT} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            listener, server, thread = self._running
            self._running = None
            server.should_exit = True
            thread.join()
            listener.close()


class _Uvicorn(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
