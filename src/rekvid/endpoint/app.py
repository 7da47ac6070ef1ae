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
from rekvid.errors import InternalServerError, ModelUnavailableError, ResponseError, ServiceError, ValidationError
from rekvid.operations import GetRequest, StartRequest

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
    if not target.startswith(wire.TARGET_PREFIX) or operation not in wire.REQUESTS:
        return 400, wire.encode_refusal("UnknownOperationException", f"The operation {target!r} is not known here")
    try:
        return 200, _serve(backend, operation, body)
    except ResponseError as error:
        return 400, wire.encode_refusal("SerializationException", str(error))
    except (ServiceError, ValidationError) as error:
        return wire.encode_error(error)
    except ModelUnavailableError as error:
        return 400, wire.encode_refusal("InvalidParameterException", str(error))
    except Exception:  # noqa: BLE001  # a fault of ours is the service's kind of fault, and never the end of the server
        _log.exception("%s failed", operation, extra={"operation": operation, "request_id": request_id})
        return wire.encode_error(InternalServerError("The server had a fault of its own", operation=operation))


def _serve(backend: Backend, operation: str, body: bytes) -> bytes:
    request = wire.decode_request(operation, body)
    if isinstance(request, StartRequest):
        return wire.encode_job_id(backend.start(request))
    assert isinstance(request, GetRequest)
    return wire.encode_page(backend.get(request))
