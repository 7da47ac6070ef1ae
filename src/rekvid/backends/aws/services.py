"""The AWS services beside Rekognition that a notification channel is made of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rekvid._version import __version__
from rekvid.backends.aws.faults import translate
from rekvid.errors import AccessDeniedError, ConfigurationError, ServiceError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from botocore.client import BaseClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

_P = ParamSpec("_P")
_T = TypeVar("_T")
_ClientT = TypeVar("_ClientT", bound="BaseClient")
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5}, user_agent_extra=f"rekvid/{__version__} provisioning"
)
# Each service has its own word for the same.
_DENIED: Final = frozenset(
    {"AccessDenied", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}
)
_MISSING: Final = frozenset(
    {"NotFound", "NotFoundException", "NoSuchEntity", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
)


def call(method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call a method of a boto3 client.

    Raises:
        AccessDeniedError: The caller may not do this.
        ServiceError: The service refused for another reason.
        TransportError: No answer came.
        ConfigurationError: Credentials or another setting is missing.
    """
    # botocore names the methods after the operations.
    with _translated("".join(part.capitalize() for part in getattr(method, "__name__", "call").split("_"))):
        return method(*args, **kwargs)


def find(method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
    """Like `call`, but None if the service says that there is no such thing."""
    try:
        return call(method, *args, **kwargs)
    except ServiceError as error:
        if error.code in _MISSING:
            return None
        raise


def list_subscriptions(sns: SNSClient, topic_arn: str, queue_arn: str) -> list[str]:
    """The queue's subscriptions to the topic: their ARNs, or ``PendingConfirmation``."""
    return [
        each.get("SubscriptionArn", "")
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        for each in page["Subscriptions"]
        if each.get("Protocol") == "sqs" and each.get("Endpoint") == queue_arn
    ]


@contextlib.contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        if isinstance(error, ClientError):
            operation = error.operation_name  # what was called may have been a helper of several operations
        ours = translate(error, operation)
        if isinstance(ours, ServiceError) and ours.code in _DENIED:
            ours = AccessDeniedError(ours.message, code=ours.code, operation=operation, request_id=ours.request_id)
        raise ours from error


class Services:
    """Clients, made when they are first needed and closed together.

    Args:
        session: Where credentials and region come from; boto3's default chain when absent.
        region_name: Region, over the session's.
        endpoint_url: One address for all services instead of AWS's, such as that of a test server.

    Raises:
        ConfigurationError: No region is known, or the profile doesn't exist.
    """

    def __init__(
        self, session: boto3.session.Session | None, region_name: str | None, endpoint_url: str | None
    ) -> None:
        try:
            self._session = session or boto3.session.Session()
            region = region_name or self._session.region_name
        except BotoCoreError as error:
            raise ConfigurationError(str(error)) from error
        if not region:
            raise ConfigurationError("no region is known: give region_name=, or set AWS_DEFAULT_REGION")
        self.region: Final = region
        self._endpoint_url = endpoint_url
        self._open = contextlib.ExitStack()

    def sns(self, region: str | None = None) -> SNSClient:
        """A client of SNS in `region`, or in the region of all."""
        with _translated("sns"):
            made = self._session.client("sns", region or self.region, endpoint_url=self._endpoint_url, config=_CONFIG)
        return self._keep(made)

    def sqs(self, region: str | None = None) -> SQSClient:
        """A client of SQS in `region`, or in the region of all."""
        with _translated("sqs"):
            made = self._session.client("sqs", region or self.region, endpoint_url=self._endpoint_url, config=_CONFIG)
        return self._keep(made)

    def kms(self, region: str | None = None) -> KMSClient:
        """A client of KMS in `region`, or in the region of all."""
        with _translated("kms"):
            made = self._session.client("kms", region or self.region, endpoint_url=self._endpoint_url, config=_CONFIG)
        return self._keep(made)

    def iam(self) -> IAMClient:
        """A client of IAM, which is the same in all regions."""
        with _translated("iam"):
            made = self._session.client("iam", self.region, endpoint_url=self._endpoint_url, config=_CONFIG)
        return self._keep(made)

    def sts(self) -> STSClient:
        """A client of STS, which says who calls."""
        with _translated("sts"):
            made = self._session.client("sts", self.region, endpoint_url=self._endpoint_url, config=_CONFIG)
        return self._keep(made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def _keep(self, client: _ClientT) -> _ClientT:
        self._open.callback(client.close)
        return client
