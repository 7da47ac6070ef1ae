"""The messages that tell an SNS topic that a job has ended, each sent until it has gone through.

The form is that of two captured messages of the service: ``API`` is the name of the Start operation, ``JobTag``
is left out when it is not set, and ``Timestamp`` is in milliseconds since the epoch.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import tenacity

from rekvid.errors import ConfigurationError
from rekvid.models import Video, VideoJobStatus

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_sns import SNSClient

_log = logging.getLogger("rekvid.endpoint")
_ATTEMPTS: Final = 6
_SENDERS: Final = 4  # threads: a topic that hangs must not hold up the others for long

Publish = Callable[[str, str], object]
"""Publishes to the topic of this ARN this message; raises where that fails."""


def message_of(
    *, job_id: str, status: VideoJobStatus, operation: str, job_tag: str | None, timestamp: float, video: Video
) -> str:
    """The message for a job that was started by `operation` and ended at `timestamp`, in seconds since the epoch."""
    s3_object = video.s3_object
    return json.dumps(
        {
            "JobId": job_id,
            "Status": status.value,
            "API": operation,
            **({} if job_tag is None else {"JobTag": job_tag}),
            "Timestamp": int(timestamp * 1000),
            "Video": {
                "S3ObjectName": s3_object.name if s3_object else None,
                "S3Bucket": s3_object.bucket if s3_object else None,
            },
        },
        separators=(",", ":"),
    )


class Notices:
    """Sends messages in the background.

    Args:
        publish: What sends one.
        first_pause: Seconds before the second attempt; each further pause is twice as long.
    """

    def __init__(self, publish: Publish, *, first_pause: float = 0.5) -> None:
        self._publish = publish
        self._closing = threading.Event()
        self._first_pause = first_pause
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="rekvid-notice")

    def send(self, topic_arn: str, message: str, sent: Callable[[], None]) -> None:
        """Send `message` soon, and call `sent` when it has gone through. What can't be sent is logged."""
        self._senders.submit(self._send, topic_arn, message, sent)

    def close(self) -> None:
        """Wait for the attempts that are under way, and make no more."""
        self._closing.set()
        self._senders.shutdown(wait=True)

    def _send(self, topic_arn: str, message: str, sent: Callable[[], None]) -> None:
        attempts = tenacity.Retrying(
            stop=tenacity.stop_any(tenacity.stop_after_attempt(_ATTEMPTS), tenacity.stop_when_event_set(self._closing)),
            wait=tenacity.wait_exponential(multiplier=self._first_pause),
            sleep=tenacity.sleep_using_event(self._closing),
            before_sleep=tenacity.before_sleep_log(_log, logging.WARNING),
            reraise=True,
        )
        try:
            attempts(self._publish, topic_arn, message)
            sent()
        except Exception:  # noqa: BLE001  # whatever a topic's fault is, the job has ended well or not without it
            _log.exception("the notice could not be published to %s: %s", topic_arn, message)


class Topics:
    """Publishes to SNS topics, each in the region that its ARN names; call it as a `Publish`.

    Args:
        endpoint_url: Address of SNS; AWS itself when absent.
        session: Where credentials come from; boto3's default chain when absent.

    Raises:
        ConfigurationError: There are no credentials.
    """

    def __init__(self, endpoint_url: str | None = None, *, session: boto3.session.Session | None = None) -> None:
        import boto3
        from botocore.config import Config

        # Impatient, as `Notices` tries again by itself, and a server that ends waits for the attempts under way.
        self._config = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1, "mode": "standard"})
        self._session = session or boto3.session.Session()
        if self._session.get_credentials() is None:
            raise ConfigurationError(
                "no credentials to publish notices with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "servers such as moto's take any"
            )
        self._endpoint_url = endpoint_url
        self._clients: dict[str, SNSClient] = {}
        self._lock = threading.Lock()

    def __call__(self, topic_arn: str, message: str) -> None:
        """Publish `message` to the topic `topic_arn`."""
        region = topic_arn.split(":")[3]
        with self._lock:
            if region not in self._clients:
                self._clients[region] = self._session.client("sns", region_name=region, endpoint_url=self._endpoint_url)
            client = self._clients[region]
        client.publish(TopicArn=topic_arn, Message=message)

    def close(self) -> None:
        """Close the clients."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
