"""The one place where botocore's errors become ours."""

from __future__ import annotations

from botocore import exceptions as botocore_errors
from botocore.parsers import ResponseParserError

from rekvid.errors import ConfigurationError, RekvidError, ResponseError, ServiceError, TransportError, ValidationError

_NO_ANSWER = (
    botocore_errors.HTTPClientError,
    botocore_errors.ConnectionError,
    botocore_errors.IncompleteReadError,
    botocore_errors.EventStreamError,
)


def translate(error: Exception, operation: str, *, job_id: str | None = None) -> RekvidError:
    """The error of ours for one that a boto3 call raised; the caller raises it from `error`.

    Args:
        error: A `ClientError`, a `BotoCoreError` or a `ResponseParserError`.
        operation: The AWS name of the operation that was called.
        job_id: The job that it was called for, where known.
    """
    if isinstance(error, botocore_errors.ClientError):
        return _refusal(error, operation, job_id)
    if isinstance(error, ResponseParserError):
        return ResponseError(f"{operation}: {error}")
    if isinstance(error, _NO_ANSWER):
        return TransportError(str(error), operation=operation)
    if isinstance(error, botocore_errors.ParamValidationError):
        return ValidationError("parameters", operation, str(error))
    # All that is left is found before anything is sent: credentials, region, profile, endpoint, config.
    unset = ConfigurationError(f"{operation}: {error}")
    if isinstance(error, botocore_errors.NoCredentialsError | botocore_errors.PartialCredentialsError):
        unset.hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or run `aws configure`"
    return unset


def _refusal(error: botocore_errors.ClientError, operation: str, job_id: str | None) -> ServiceError:
    detail = error.response.get("Error", {})
    request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
    message = detail.get("Message") or str(error)
    code = detail.get("Code", "")
    return ServiceError.of(code, message, operation=operation, request_id=request_id, job_id=job_id)
