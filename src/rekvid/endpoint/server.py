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
        self._socket = socket.create_server((host, port))
        # lifespan off: the application has nothing to start; access logs are the user's to turn on.
        config = uvicorn.Config(create_app(backend), lifespan="off", log_config=None, access_log=False)
        self._server = _Uvicorn(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="rekvid-endpoint", daemon=True
        )

    @property
    def url(self) -> str:
        """What to give as ``endpoint_url``."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.is_up.wait(_START_LIMIT):
            raise ConfigurationError(f"the endpoint did not come up at {self.url} within {_START_LIMIT} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
