"""The protocol: AWS JSON 1.1 over POST / (Smithy, AWS JSON 1.1 protocol; API reference, Common Errors)."""

from __future__ import annotations

import logging
import uuid

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from rekvid import wire
from rekvid.backends.base import Backend
from rekvid.errors import (
    InternalServerError,
    InvalidParameterError,
    ModelUnavailableError,
    RekvidError,
    ResponseError,
    ServiceError,
    ValidationError,
)
from rekvid.operations import GetRequest, Request, StartRequest

_log = logging.getLogger("rekvid.endpoint")


def create_app(backend: Backend) -> Starlette:
    """An ASGI application that answers the operations of `rekvid.operations` with `backend`.

    Signatures are not checked: serve it on loopback only. The backend stays the caller's to close.
    """

    async def answer(http: HttpRequest) -> Response:
        request_id = str(uuid.uuid4())
        target = http.headers.get("x-amz-target", "")
        status, body = await run_in_threadpool(_answer, backend, target, await http.body(), request_id)
        headers = {"x-amzn-RequestId": request_id}
        return Response(body, status_code=status, headers=headers, media_type=wire.CONTENT_TYPE)

    return Starlette(routes=[Route("/", answer, methods=["POST"])])


def _answer(backend: Backend, target: str, body: bytes, request_id: str) -> tuple[int, bytes]:
    operation = target.removeprefix(wire.TARGET_PREFIX)
    try:
        if operation == target or operation not in wire.REQUESTS:
            message = f"The operation {target!r} is not known here"
            return wire.encode_error(ServiceError.of("UnknownOperationException", message, operation=operation))
        return 200, _serve(backend, _decode(operation, body))
    except RekvidError as error:
        return _refusal(error, operation)
    except Exception:  # noqa: BLE001  # a fault of ours is the service's kind of fault, and never the end of the server
        _log.exception("%s failed", operation, extra={"operation": operation, "request_id": request_id})
        return wire.encode_error(InternalServerError("The server had a fault of its own", operation=operation))


def _decode(operation: str, body: bytes) -> Request:
    try:
        return wire.decode_request(operation, body)
    except ResponseError as error:
        raise ServiceError.of("SerializationException", str(error), operation=operation) from error


def _serve(backend: Backend, request: Request) -> bytes:
    if isinstance(request, StartRequest):
        return wire.encode_job_id(backend.start(request))
    assert isinstance(request, GetRequest)
    return wire.encode_page(backend.get(request))


def _refusal(error: RekvidError, operation: str) -> tuple[int, bytes]:
    if isinstance(error, ServiceError | ValidationError):
        return wire.encode_error(error)
    if isinstance(error, ModelUnavailableError):  # to an AWS SDK a matter of what was asked for
        return wire.encode_error(InvalidParameterError(str(error), operation=operation))
    # What lies behind this endpoint is at fault, not the request.
    return wire.encode_error(InternalServerError(str(error), operation=operation))
