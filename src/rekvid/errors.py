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
        hint: One sentence on what to check, where the usual cause is known; it ends the error's text, in brackets.
    """

    next_token: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} ({self.hint})" if self.hint else text

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
        if operation.startswith("Start"):
            self.hint = "the job may have begun all the same: a start with the same client_request_token gives that job"
        else:
            self.hint = "check the network, the proxy settings, and that the region has this service"


class ResponseError(RekvidError):
    """What came back can't be read.

    Attributes:
        path: Where in the response, in our field names: ``labels[3].label.confidence``; empty for the whole.
        items_read: How many items were given before, from the first on, where results changed while they were read.
    """

    def __init__(self, message: str, *, path: str = "", items_read: int | None = None) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.items_read = items_read


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
        # Word for word: a backend that goes on to say what it lacks is the better informed.
        if (status_message or "").strip() == "Unsupported codec/format.":
            self.hint = "the service takes H.264 in MP4 or MOV: encode the video anew"


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
        job_id: The job that the call was about, where it is known.
        retryable: Whether the same call may succeed later.
        usual_cause: What `hint` is when an error of this class is made without one; ``{operation}`` stands for the
            operation.
    """

    declared_code: ClassVar[str] = ""
    retryable: ClassVar[bool] = False
    usual_cause: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        code: str | None = None,
        request_id: str | None = None,
        job_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.code = code or self.declared_code
        self.message = message
        self.operation = operation
        self.request_id = request_id
        self.job_id = job_id
        self.hint = hint or self._usual_hint()
        super().__init__(f"{operation}: {self.code}: {message}")

    @staticmethod
    def of(
        code: str,
        message: str,
        *,
        operation: str,
        request_id: str | None = None,
        job_id: str | None = None,
        hint: str | None = None,
    ) -> ServiceError:
        """Make the error of the class that stands for `code`."""
        cls = _BY_CODE.get(code, ServiceError)
        return cls(message, code=code, operation=operation, request_id=request_id, job_id=job_id, hint=hint)

    def _usual_hint(self) -> str | None:
        return self.usual_cause.replace("{operation}", self.operation) or None


class AccessDeniedError(ServiceError):
    """The caller may not do this: check the policy of the credentials in use."""

    declared_code = "AccessDeniedException"
    usual_cause = (
        "check that the policy of the credentials allows rekognition:{operation} and, for a start with a notification "
        "channel, iam:PassRole on its role"
    )


class IdempotentParameterMismatchError(ServiceError):
    """The same ``client_request_token`` came with other parameters within 7 days."""

    declared_code = "IdempotentParameterMismatchException"
    usual_cause = "a client_request_token belongs to the parameters it first came with, for 7 days: take a new one"


class InternalServerError(ServiceError):
    """The service had a fault of its own."""

    declared_code = "InternalServerError"
    retryable = True


class InvalidPaginationTokenError(ServiceError):
    """The token is not of this job and request, or is older than 24 hours."""

    declared_code = "InvalidPaginationTokenException"
    usual_cause = "a token is good for 24 hours, for its own job, order and aggregation: read again from the first page"


class InvalidParameterError(ServiceError):
    """The service found a parameter invalid that the rules of its model allow."""

    declared_code = "InvalidParameterException"


class InvalidS3ObjectError(ServiceError):
    """The video can't be read: check key, region and permissions; on the local backend, the path."""

    declared_code = "InvalidS3ObjectException"
    usual_cause = (
        "check bucket, key and version, that the bucket lies in the client's region, and that the credentials may read "
        "the object (s3:GetObject, and kms:Decrypt where it is encrypted with a key)"
    )

    def _usual_hint(self) -> str | None:
        # The local backend raises this class for files too, of which none of that is true.
        return super()._usual_hint() if "S3" in self.message else None


class LimitExceededError(ServiceError):
    """Too many jobs at once: AWS runs 20 in an account. A later start succeeds."""

    declared_code = "LimitExceededException"
    usual_cause = (
        "AWS runs 20 jobs at once in an account: wait until some have ended, or let the start wait with start_timeout"
    )
    retryable = True


class ProvisionedThroughputExceededError(ServiceError):
    """More requests than the account's quota allows."""

    declared_code = "ProvisionedThroughputExceededException"
    usual_cause = "call less often: a notification channel wakes any number of waiters with hardly a call"
    retryable = True


class ResourceNotFoundError(ServiceError):
    """No such job: results are kept for 7 days, in the account and region that started it."""

    declared_code = "ResourceNotFoundException"
    usual_cause = (
        "check the job's id: results are kept for 7 days, for the operation, account and region that started the job"
    )


class ThrottlingError(ServiceError):
    """Too many requests in too short a time."""

    declared_code = "ThrottlingException"
    usual_cause = "call less often: a notification channel wakes any number of waiters with hardly a call"
    retryable = True


class VideoTooLargeError(ServiceError):
    """The video is over 10 GB or 6 hours."""

    declared_code = "VideoTooLargeException"
    usual_cause = "at most 10 GB and 6 hours: split the video, or encode it at a lower rate"


_BY_CODE = {cls.declared_code: cls for cls in ServiceError.__subclasses__()}
