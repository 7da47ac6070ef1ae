"""What a caller is told when something is refused or fails: one error of the service for each of ours."""

from __future__ import annotations

from rekvid import wire
from rekvid.errors import (
    InternalServerError,
    InvalidParameterError,
    ModelUnavailableError,
    RekvidError,
    ServiceError,
    ValidationError,
)

_STATUSES = {  # RFC 9110 and RFC 6585
    "RequestEntityTooLargeException": 413,
    "RequestHeaderFieldsTooLargeException": 431,
    "RequestTimeoutException": 408,
}
"""The codes whose status is not the protocol's 400 or 500: the caller is no SDK that does its work well."""


def translate(error: RekvidError, operation: str, request_id: str) -> ServiceError:
    """The error that `operation` answers with for `error`, which bears the id of the request."""
    if isinstance(error, ServiceError):
        code, message = error.code, error.message
    elif isinstance(error, ValidationError):
        code, message = InvalidParameterError.declared_code, f"Request has invalid parameters: {error}"
    elif isinstance(error, ModelUnavailableError):  # to an AWS SDK a matter of what was asked for
        code, message = InvalidParameterError.declared_code, str(error)
    else:  # What lies behind this endpoint is at fault, not the request.
        code, message = InternalServerError.declared_code, str(error)
    return ServiceError.of(code, message, operation=operation, request_id=request_id)


def unforeseen(operation: str, request_id: str) -> ServiceError:
    """The error for what nobody foresaw: a fault of the service's own, that tells nothing of our insides."""
    return InternalServerError("The server had a fault of its own", operation=operation, request_id=request_id)


def encode(error: ServiceError) -> tuple[int, bytes]:
    """The HTTP status and the body of a refusal."""
    status, body = wire.encode_error(error)
    return _STATUSES.get(error.code, status), body
