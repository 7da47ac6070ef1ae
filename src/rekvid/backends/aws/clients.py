"""The boto3 clients of a backend: Rekognition's at once, those of S3 and SQS when they are first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from rekvid._version import __version__
from rekvid.errors import ConfigurationError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_DEFAULTS = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=50,  # a connection for each of many jobs that fetch ahead at once
    tcp_keepalive=True,
    user_agent_extra=f"rekvid/{__version__}",
)


class Clients:
    """Clients of one session, in one region. Those that were handed in are used as they are, and left open.

    Args:
        session: Where credentials and region come from; boto3's default chain when absent.
        client: A Rekognition client.
        config: Merged over our defaults.
        region_name: Region, over the session's.
        endpoint_url: Address of Rekognition.
        sqs: An SQS client.

    Raises:
        ConfigurationError: No region is known, the profile doesn't exist, or settings contradict each other.
    """

    def __init__(
        self,
        *,
        session: boto3.session.Session | None,
        client: BaseClient | None,
        config: Config | None,
        region_name: str | None,
        endpoint_url: str | None,
        sqs: SQSClient | None,
    ) -> None:
        if client is not None and (session or config or region_name or endpoint_url):
            message = "client= is used as it is, so session=, config=, region_name= and endpoint_url= don't go with it"
            raise ConfigurationError(message)
        self._config = _DEFAULTS.merge(config) if config else _DEFAULTS
        self._lock = threading.Lock()
        self._own: list[BaseClient] = []
        self._sqs: SQSClient | None = sqs
        try:
            self._session = session or boto3.session.Session()
            if client is None:
                client = self._session.client(
                    "rekognition", region_name=region_name, endpoint_url=endpoint_url, config=self._config
                )
                self._own.append(client)
        except (BotoCoreError, ValueError) as error:
            hint = "give region_name=, set AWS_DEFAULT_REGION, or work offline with rekvid.Client('local')"
            raise ConfigurationError(f"no Rekognition client could be made: {error} ({hint})") from error
        self.rekognition: BaseClient = client

    @property
    def region(self) -> str:
        """The region of the Rekognition client."""
        return str(self.rekognition.meta.region_name)

    def make_s3(self) -> S3Client:
        """A new S3 client in the region of Rekognition; who asks closes it."""
        return self._session.client("s3", region_name=self.region, config=self._config)

    def sqs(self) -> SQSClient:
        """The SQS client, in the region of Rekognition."""
        with self._lock:
            if self._sqs is None:
                self._sqs = self._session.client("sqs", region_name=self.region, config=self._config)
                self._own.append(self._sqs)
            return self._sqs

    def close(self) -> None:
        """Close the clients that were made here."""
        with self._lock:
            for client in self._own:
                client.close()
