"""The service over HTTP: AWS JSON 1.1 over POST / (Smithy, AWS JSON 1.1 protocol), and two routes beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from rekvid import wire
from rekvid._version import __version__
from rekvid.backends.base import Backend
from rekvid.endpoint import faults
from rekvid.endpoint.hosts import Hosts
from rekvid.endpoint.limits import Limits, too_large
from rekvid.endpoint.service import Service
from rekvid.endpoint.settings import Settings
from rekvid.endpoint.signing import Signed
from rekvid.errors import ServiceError


def create_app(backend: Backend, settings: Settings | None = None, *, host: str = "localhost") -> Starlette:
    """An ASGI application that answers the operations of `rekvid.operations` with `backend`.

    The backend stays the caller's to close. What the endpoint itself holds is freed at the end of the application's
    lifespan, so run it in a server that supports that.

    Args:
        backend: What does the work.
        settings: How the endpoint is set up.
        host: The name or address by which callers know the server; see also `Settings.allowed_hosts`.

    Raises:
        ConfigurationError: The settings contradict each other or this machine.
    """
    settings = settings or Settings()
    service = Service(backend, settings)
    http = _Http(service, settings.limits, Hosts(host, settings.allowed_hosts))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.close)

    routes = [
        Route("/", http.answer, methods=["POST"]),
        Route("/health", http.health, methods=["GET"]),
        Route("/version", http.version, methods=["GET"]),
        Route("/{path:path}", http.unknown, methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.jobs = service.jobs
    return app


class _Http:
    """The routes."""

    def __init__(self, service: Service, limits: Limits, hosts: Hosts) -> None:
        self._service = service
        self._limits = limits
        self._hosts = hosts

    async def answer(self, http: Request) -> Response:
        """A call of an operation."""
        request_id = str(uuid.uuid4())
        refusal = self._refuse(http)
        if refusal is None:
            try:
                signed = Signed(
                    method=http.method,
                    target=_target(http),
                    headers={name: http.headers[name] for name in http.headers.keys()},  # noqa: SIM118  # it is a multidict
                    body=await self._body(http),
                )
            except ServiceError as error:
                refusal = error
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            else:
                return _response(request_id, *await run_in_threadpool(self._service.answer, signed, request_id))
        return _response(request_id, *faults.encode(faults.translate(refusal, refusal.operation, request_id)))

    async def unknown(self, http: Request) -> Response:
        """A call of something else."""
        request_id = str(uuid.uuid4())
        error = ServiceError.of(
            "UnknownOperationException", "Operations are called by POST /", operation="", request_id=request_id
        )
        return _response(request_id, 404, faults.encode(error)[1])

    async def health(self, http: Request) -> Response:
        """Whether the endpoint answers, and how many jobs are open."""
        return self._plain(http, {"status": "ok", "open_jobs": self._service.jobs.open_count()})

    async def version(self, http: Request) -> Response:
        """The version of rekvid."""
        return self._plain(http, {"name": "rekvid", "version": __version__})

    def _plain(self, http: Request, data: dict[str, object]) -> Response:
        refusal = self._refuse(http)
        if refusal is not None:
            return Response(refusal.message, status_code=faults.encode(refusal)[0], media_type="text/plain")
        return Response(json.dumps(data), media_type="application/json")

    def _refuse(self, http: Request) -> ServiceError | None:
        """Why a request is not looked at any further; None if it is."""
        most = self._limits.header_bytes
        if sum(len(name) + len(value) for name, value in http.headers.raw) + len(_target(http)) > most:
            message = f"The line and the headers of a request may have at most {most} bytes"
            return ServiceError.of("RequestHeaderFieldsTooLargeException", message, operation="")
        host = http.headers.get("host")
        if not self._hosts.allow(host):
            message = f"The host {(host or '')[:255]!r} is not served here: call 127.0.0.1, or allow the name"
            return ServiceError.of("AccessDeniedException", message, operation="")
        return None

    async def _body(self, http: Request) -> bytes:
        most = self._limits.body_bytes
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in http.stream():
                    body += chunk
                    if len(body) > most:
                        raise too_large(most, "")
        except TimeoutError:
            message = f"The body of the request did not arrive within {self._limits.body_seconds:g} s"
            raise ServiceError.of("RequestTimeoutException", message, operation="") from None
        return bytes(body)


def _target(http: Request) -> str:
    """Path and query as they were sent, so that a signature over them can be checked."""
    path: bytes = http.scope.get("raw_path") or http.scope["path"].encode()
    query: bytes = http.scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _response(request_id: str, status: int, body: bytes) -> Response:
    return Response(body, status_code=status, headers={"x-amzn-RequestId": request_id}, media_type=wire.CONTENT_TYPE)
