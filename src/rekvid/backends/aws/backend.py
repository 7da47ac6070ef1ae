"""The backend that calls the service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rekvid._version import __version__
from rekvid.backends.aws import decoding
from rekvid.backends.aws.faults import translate
from rekvid.backends.base import Signal
from rekvid.errors import ConfigurationError, ResponseError, TransportError
from rekvid.models import NotificationChannel
from rekvid.operations import GetRequest, PageT, Request, StartRequest, operation_of_get

if TYPE_CHECKING:
    from botocore.client import BaseClient

_DEFAULTS = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=50,  # a connection for each of many jobs that fetch ahead at once
    tcp_keepalive=True,
    user_agent_extra=f"rekvid/{__version__}",
)


class AwsBackend:
    """Amazon Rekognition Video.

    Args:
        session: Where credentials and region come from; boto3's default chain when absent.
        client: A Rekognition client to use as it is, instead of making one. Its other users see no difference.
        config: Merged over our defaults (standard retries, five attempts, 50 connections).
        region_name: Region, over the session's.
        endpoint_url: Another address than AWS's, such as a rekvid endpoint on this machine.

    Raises:
        ConfigurationError: No region is known, the profile doesn't exist, or settings contradict each other.
    """

    def __init__(
        self,
        *,
        session: boto3.session.Session | None = None,
        client: BaseClient | None = None,
        config: Config | None = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        if client is None:
            client = _make_client(session, config, region_name, endpoint_url)
            self._owns_client = True
        elif session or config or region_name or endpoint_url:
            raise ConfigurationError(
                "client= is used as it is, so session=, config=, region_name= and endpoint_url= don't go with it"
            )
        else:
            self._owns_client = False
        decoding.install(client)
        self._client = client

    def start(self, request: StartRequest) -> str:
        """See `Backend.start`."""
        job_id = self._call(request).get("JobId")
        if not isinstance(job_id, str):
            raise ResponseError(f"{request.operation_name()} gave no JobId", path="job_id")
        return job_id

    def get(self, request: GetRequest[PageT]) -> PageT:
        """See `Backend.get`."""
        token = decoding.asking_for_page.set(True)
        try:
            answer = self._call(request)
        finally:
            decoding.asking_for_page.reset(token)
        if "Error" in answer:
            raise TransportError(answer["Error"]["Message"], operation=request.operation_name())
        if decoding.PAGE_KEY not in answer:  # nothing came over the wire, as with botocore's Stubber
            return operation_of_get(request).page.from_aws(answer)
        page: PageT = answer[decoding.PAGE_KEY]
        return page

    def signal(self, channel: NotificationChannel | None = None) -> Signal | None:
        """None: the service is asked."""
        return None

    def close(self) -> None:
        """Close the connections, unless the client was handed in."""
        if self._owns_client:
            self._client.close()

    def _call(self, request: Request) -> dict[str, Any]:
        operation = request.operation_name()
        parameters = request.to_aws()
        try:
            # botocore adds the methods at run time, named after the operations in snake_case.
            answer: dict[str, Any] = getattr(self._client, _snake_case(operation))(**parameters)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise translate(error, operation) from error
        return answer

    def __repr__(self) -> str:
        return f"AwsBackend({self._client.meta.endpoint_url})"


def _make_client(
    session: boto3.session.Session | None, config: Config | None, region_name: str | None, endpoint_url: str | None
) -> BaseClient:
    try:
        made = session or boto3.session.Session()
        merged = _DEFAULTS.merge(config) if config else _DEFAULTS
        return made.client("rekognition", region_name=region_name, endpoint_url=endpoint_url, config=merged)
    except (BotoCoreError, ValueError) as error:
        hint = "give region_name=, set AWS_DEFAULT_REGION, or work offline with rekvid.Client('local')"
        raise ConfigurationError(f"no Rekognition client could be made: {error} ({hint})") from error


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
