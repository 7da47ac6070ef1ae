"""Everything that rekvid raises on purpose.

::

    RekvidError
    ├── ValidationError (ValueError)       a parameter breaks a rule; nothing was sent
    ├── ConfigurationError                 credentials, region or a setting is missing
    ├── MissingExtraError (ImportError)    an optional dependency is not installed
    ├── ModelUnavailableError              a detector or its weights are not there
    ├── TransportError                     no answer came: connection refused, reset, timed out
    ├── ResponseError                      an answer came that can't be read
    ├── JobFailedError                     the job ended as FAILED
    ├── WaitTimeoutError (TimeoutError)    the job had not ended when the time was up
    └── ServiceError                       the service refused; one class for each declared code
        ├── AccessDeniedError
        ├── IdempotentParameterMismatchError
        ├── InternalServerError
        ├── InvalidPaginationTokenError
        ├── InvalidParameterError
        ├── InvalidS3ObjectError
        ├── LimitExceededError
        ├── ProvisionedThroughputExceededError
        ├── ResourceNotFoundError
        ├── ThrottlingError
        └── VideoTooLargeError
"""

from __future__ import annotations

from typing import ClassVar


class RekvidError(Exception):
    """The root of all errors that rekvid raises.

    Attributes:
        next_token: Set when the error came up while results were read: the token of the page that
            failed. Pass it as ``next_token`` to read on from there without a duplicate or a gap;
            None means the first page.
    """

    next_token: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own reduce calls the class with `args` alone, which keyword-only constructors refuse;
        # errors have to survive a process pool.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[RekvidError], args: tuple[object, ...], state: dict[str, object]) -> RekvidError:
    error = cls.__new__(cls, *args)
    # OSError and ImportError keep their arguments in __init__, not in __new__.
    super(RekvidError, error).__init__(*args)
    error.__dict__.update(state)
    return error


class ValidationError(RekvidError, ValueError):
    """A parameter breaks a rule. Raised before anything is sent.

    Attributes:
        field: The parameter, with the position inside it: ``include_labels[3]``.
        value: What was given.
        rule: The rule that it breaks, as a sentence.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        try:
            shown = repr(value)
        except Exception:  # noqa: BLE001  # one that can't be shown, such as a list in 1000 lists, is still refused
            shown = f"<{type(value).__name__}>"
        if len(shown) > 80:
            shown = f"{shown[:77]}..."
        super().__init__(f"{field}={shown}: {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class ConfigurationError(RekvidError):
    """Credentials, a region or another setting is missing or contradicts itself."""


class MissingExtraError(RekvidError, ImportError):
    """An optional dependency is not installed.

    Attributes:
        extra: The extra to install: ``pip install "rekvid[<extra>]"``.
    """

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f'{needed_for} needs packages that are not installed: pip install "rekvid[{extra}]"')
        self.extra = extra


class ModelUnavailableError(RekvidError):
    """A detector is not installed, or its weights are not on this machine."""


class TransportError(RekvidError):
    """No answer came from the service: refused, reset, timed out, or a proxy or TLS failure.

    Attributes:
        operation: The AWS name of the operation, such as ``GetLabelDetection``.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, *, operation: str) -> None:
        super().__init__(f"{operation}: {message}")
        self.operation = operation


class ResponseError(RekvidError):
    """What came back can't be read.

    Attributes:
        path: Where in the response, in our field names: ``labels[3].label.confidence``; empty for the whole.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


class JobFailedError(RekvidError):
    """The job ended as FAILED.

    Attributes:
        job_id: The job.
        status_message: The reason that the backend gave, word for word; None if it gave none.
    """

    def __init__(self, job_id: str, status_message: str | None) -> None:
        super().__init__(f"job {job_id} failed: {status_message or 'the service gave no reason'}")
        self.job_id = job_id
        self.status_message = status_message


class WaitTimeoutError(RekvidError, TimeoutError):
    """The job had not ended when the time was up. The job goes on; wait again whenever you like.

    Attributes:
        job_id: The job.
        timeout: The time limit that was given, in seconds.
    """

    def __init__(self, job_id: str, timeout: float) -> None:
        super().__init__(f"job {job_id} had not ended after {timeout:g} s; it goes on, so wait() can be called again")
        self.job_id = job_id
        self.timeout = timeout


class ServiceError(RekvidError):
    """The service refused a call. A code without a class of its own is raised as this class.

    Attributes:
        code: The service's code, such as ``ThrottlingException``.
        message: The service's message, word for word.
        operation: The AWS name of the operation, such as ``StartLabelDetection``.
        request_id: The service's request id, for a support case; None if the answer had none.
        retryable: Whether the same call may succeed later.
    """

    declared_code: ClassVar[str] = ""
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, operation: str, code: str | None = None, request_id: str | None = None) -> None:
        self.code = code or self.declared_code
        self.message = message
        self.operation = operation
        self.request_id = request_id
        super().__init__(f"{operation}: {self.code}: {message}")

    @staticmethod
    def of(code: str, message: str, *, operation: str, request_id: str | None = None) -> ServiceError:
        """Make the error of the class that stands for `code`."""
        cls = _BY_CODE.get(code, ServiceError)
        return cls(message, code=code, operation=operation, request_id=request_id)


class AccessDeniedError(ServiceError):
    """The caller may not do this: check the policy of the credentials in use."""

    declared_code = "AccessDeniedException"


class IdempotentParameterMismatchError(ServiceError):
    """The same ``client_request_token`` came with other parameters within 7 days."""

    declared_code = "IdempotentParameterMismatchException"


class InternalServerError(ServiceError):
    """The service had a fault of its own."""

    declared_code = "InternalServerError"
    retryable = True


class InvalidPaginationTokenError(ServiceError):
    """The token is not of this job and request, or is older than 24 hours."""

    declared_code = "InvalidPaginationTokenException"


class InvalidParameterError(ServiceError):
    """The service found a parameter invalid that the rules of its model allow."""

    declared_code = "InvalidParameterException"


class InvalidS3ObjectError(ServiceError):
    """The video can't be read: check key, region and permissions; on the local backend, the path."""

    declared_code = "InvalidS3ObjectException"


class LimitExceededError(ServiceError):
    """Too many jobs at once: AWS runs 20 in an account. A later start succeeds."""

    declared_code = "LimitExceededException"
    retryable = True


class ProvisionedThroughputExceededError(ServiceError):
    """More requests than the account's quota allows."""

    declared_code = "ProvisionedThroughputExceededException"
    retryable = True


class ResourceNotFoundError(ServiceError):
    """No such job: results are kept for 7 days, in the account and region that started it."""

    declared_code = "ResourceNotFoundException"


class ThrottlingError(ServiceError):
    """Too many requests in too short a time."""

    declared_code = "ThrottlingException"
    retryable = True


class VideoTooLargeError(ServiceError):
    """The video is over 10 GB or 6 hours."""

    declared_code = "VideoTooLargeException"


_BY_CODE = {cls.declared_code: cls for cls in ServiceError.__subclasses__()}
