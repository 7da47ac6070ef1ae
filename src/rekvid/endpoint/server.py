"""The application on a port, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from rekvid.backends.base import Backend
from rekvid.endpoint.app import create_app
from rekvid.endpoint.hosts import is_loopback
from rekvid.endpoint.jobs import Jobs
from rekvid.endpoint.settings import Settings
from rekvid.errors import ConfigurationError

_START_LIMIT = 10  # seconds
_STOP_LIMIT = 10  # seconds for the answers that are under way


class Server:
    """Serves `backend` while the context lasts. The backend stays the caller's to close.

    ::

        with Server(backend) as server:
            boto3.client("rekognition", endpoint_url=server.url, ...)

    Args:
        backend: What does the work.
        host: Address to listen on; without keys only one of loopback will do.
        port: Port to listen on; 0 takes a free one.
        settings: How the endpoint is set up.

    Raises:
        ConfigurationError: `host` can be reached from elsewhere, and no keys are given.
    """

    def __init__(
        self, backend: Backend, *, host: str = "127.0.0.1", port: int = 0, settings: Settings | None = None
    ) -> None:
        self._backend = backend
        self._settings = settings or Settings()
        if self._settings.keys is None and not is_loopback(host):
            raise ConfigurationError(
                f"host={host!r} can be reached from other machines, so callers have to sign: give keys, "
                "or listen on 127.0.0.1"
            )
        self._address = (host, port)
        self._running: tuple[socket.socket, _Uvicorn, threading.Thread, Jobs] | None = None

    @property
    def url(self) -> str:
        """What to give as ``endpoint_url``.

        Raises:
            ConfigurationError: The server doesn't run.
        """
        if self._running is None:
            raise ConfigurationError("the endpoint has an address while it runs: with Server(...) as server")
        host, port = self._running[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def drain(self, timeout: float) -> bool:
        """Refuse new jobs, and wait up to `timeout` seconds for the open ones; whether all have ended.

        Results can be read meanwhile.
        """
        return self._running is None or self._running[3].drain(timeout)

    def __enter__(self) -> Self:
        listener = _listen(self._address)
        try:
            app = create_app(self._backend, self._settings, host=self._address[0])
        except BaseException:
            listener.close()
            raise
        config = uvicorn.Config(
            app,
            lifespan="on",
            http="h11",  # not httptools where that happens to be installed, which reads headers without end
            h11_max_incomplete_event_size=self._settings.limits.header_bytes,
            ws="none",
            server_header=False,
            proxy_headers=False,
            log_config=None,
            access_log=False,  # the user's to turn on
            timeout_graceful_shutdown=_STOP_LIMIT,
        )
        server = _Uvicorn(config)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="rekvid-endpoint", daemon=True
        )
        thread.start()
        self._running = listener, server, thread, app.state.jobs
        if not server.is_up.wait(_START_LIMIT):
            self.__exit__(None, None, None)
            raise ConfigurationError(f"the endpoint did not come up at {self._address} within {_START_LIMIT} s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            listener, server, thread, _ = self._running
            self._running = None
            server.should_exit = True
            thread.join()
            listener.close()


def _listen(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        raise ConfigurationError(f"can't listen at {address[0]} port {address[1]}: {error}") from error


class _Uvicorn(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
