"""The AWS JSON 1.1 protocol of the four operations: JSON bytes to values and back.

Source: Smithy, AWS JSON 1.1 protocol. Answers become values in one step (`rekvid.models.Shape.from_json`);
the rest of this file is what the endpoint needs: requests in, pages and errors out.
"""

from __future__ import annotations

import json
from typing import Final

from rekvid.errors import ResponseError, ServiceError, ValidationError
from rekvid.models import JobPage
from rekvid.operations import OPERATIONS, PageT, Request

CONTENT_TYPE: Final = "application/x-amz-json-1.1"
TARGET_PREFIX: Final = "RekognitionService."
_FAULTS = frozenset({"InternalServerError", "ThrottlingException"})  # the two that the service answers with a 500

REQUESTS: dict[str, type[Request]] = {
    request.operation_name(): request for operation in OPERATIONS for request in (operation.start, operation.get)
}
"""Every request by the name of its operation: ``StartLabelDetection``."""


def decode_page(page: type[PageT], body: bytes) -> PageT:
    """Read an answer of a Get operation.

    Raises:
        ResponseError: `body` can't be read as a `page`; the error names the path.
    """
    return page.from_json(body)


def encode_page(page: JobPage) -> bytes:
    """Write an answer of a Get operation."""
    return _dump(page.to_aws())


def encode_job_id(job_id: str) -> bytes:
    """Write an answer of a Start operation."""
    return _dump({"JobId": job_id})


def decode_request(operation: str, body: bytes) -> Request:
    """Read the body of a request for `operation`, one of `REQUESTS`.

    Raises:
        ResponseError: `body` is not a JSON object.
        ValidationError: A parameter is missing, of another type, or breaks its rule.
    """
    return REQUESTS[operation].from_aws(decode_object(body))


def decode_object(body: bytes) -> dict[str, object]:
    """Read the body of any request; an empty one is an empty object.

    Raises:
        ResponseError: `body` is not a JSON object.
    """
    try:
        data = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ResponseError(f"the body is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ResponseError("the body is not a JSON object")
    return data


def encode_error(error: ServiceError | ValidationError) -> tuple[int, bytes]:
    """Write a refusal: the HTTP status and the body."""
    if isinstance(error, ServiceError):
        return status_of(error.code), encode_refusal(error.code, error.message, error.request_id)
    return 400, encode_refusal("InvalidParameterException", f"Request has invalid parameters: {error}")


def encode_refusal(code: str, message: str, logref: str | None = None) -> bytes:
    """Write the body of a refusal, with the members that the developer guide shows under "Error components".

    Args:
        code: The code: ``InvalidS3ObjectException``.
        message: What people read.
        logref: What the service's people would look for in their logs: the id of the request.
    """
    return _dump({"__type": code, "Code": code, **({"Logref": logref} if logref else {}), "Message": message})


def status_of(code: str) -> int:
    """The HTTP status that the service sends `code` with."""
    return 500 if code in _FAULTS else 400


def _no_constant(name: str) -> object:
    # Python reads NaN and Infinity, which are not JSON (RFC 8259, section 6).
    raise ValueError(f"{name} is not JSON")


def _dump(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
