"""AWS on this machine, for a test: S3, SNS and SQS by moto's server, Rekognition by an endpoint."""

from __future__ import annotations

import functools
import importlib.util
import json
import urllib.request
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rekvid.client import Client
from rekvid.errors import MissingExtraError
from rekvid.models import NotificationChannel
from rekvid.testing.endpoint import TestedEndpoint
from rekvid.testing.fake import FakeBackend

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION: Final = "us-east-1"
"""The region of everything here."""

_ACCOUNT: Final = "123456789012"  # moto's
_KEYS: Final = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}  # checked by nobody


class MotoServer:
    """moto's server on a free port, while the context lasts.

    Raises:
        MissingExtraError: The extra ``pytest`` is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
            raise MissingExtraError("pytest", "AWS on this machine")
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    @functools.cached_property
    def url(self) -> str:
        """What to give as ``endpoint_url``."""
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def reset(self) -> None:
        """Forget all buckets, topics and queues."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310  # our own address
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310  # likewise
            pass

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class LocalAws:
    """Clients for an endpoint and a moto server; what the fixture ``rekvid_aws`` gives.

    The endpoint publishes to moto's SNS while the context lasts.

    Args:
        endpoint: Rekognition.
        moto: S3, SNS and SQS.

    Attributes:
        endpoint: Rekognition: its backend, and what it published.
        session: A boto3 session with a region and keys.
        s3: A client of S3.
        sns: A client of SNS.
        sqs: A client of SQS.
        rekognition: A client of Rekognition.
    """

    def __init__(self, endpoint: TestedEndpoint, moto: MotoServer) -> None:
        import boto3

        self.endpoint = endpoint
        self._moto = moto
        self.session: boto3.session.Session = boto3.session.Session(
            aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
        )
        self.s3: S3Client = self.session.client("s3", endpoint_url=moto.url)
        self.sns: SNSClient = self.session.client("sns", endpoint_url=moto.url)
        self.sqs: SQSClient = self.session.client("sqs", endpoint_url=moto.url)
        self.rekognition: RekognitionClient = self.session.client("rekognition", endpoint_url=endpoint.url)

    @property
    def fake(self) -> FakeBackend:
        """The endpoint's backend, to be told what to do; see `TestedEndpoint.fake`."""
        return self.endpoint.fake

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which all AWS tools and SDKs find these servers."""
        return environment_of(self.endpoint) | {
            f"AWS_ENDPOINT_URL_{service}": self._moto.url for service in ("S3", "SNS", "SQS")
        }

    def put_video(self, key: str, body: bytes = b"", *, bucket: str = "media") -> dict[str, dict[str, str]]:
        """Put an object into a bucket, which is made if missing; gives ``Video`` as boto3 takes it.

        A fake doesn't read it, so that without a body it is a name for a video.
        """
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return {"S3Object": {"Bucket": bucket, "Name": key}}

    def channel(self, name: str = "AmazonRekognitionDone") -> NotificationChannel:
        """A topic with a queue that is subscribed to it, both called `name`; made if missing."""
        topic_arn = self.sns.create_topic(Name=name)["TopicArn"]
        queue_url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
        role_arn = f"arn:aws:iam::{_ACCOUNT}:role/{name}"
        return NotificationChannel(sns_topic_arn=topic_arn, role_arn=role_arn, queue_url=queue_url)

    def messages(self, channel: NotificationChannel, *, wait: int = 5) -> list[dict[str, object]]:
        """Take what Rekognition has sent to the channel's queue, after up to `wait` seconds, 0-20, for the first."""
        assert channel.queue_url is not None
        answer = self.sqs.receive_message(QueueUrl=channel.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
        found = []
        for each in answer.get("Messages", []):
            found.append(json.loads(json.loads(each.get("Body", ""))["Message"]))
            self.sqs.delete_message(QueueUrl=channel.queue_url, ReceiptHandle=each.get("ReceiptHandle", ""))
        return found

    def client(self, channel: NotificationChannel | None = None) -> Client:
        """A client of rekvid's own; who asks closes it."""
        from rekvid.backends.aws import AwsBackend

        backend = AwsBackend(session=self.session, endpoint_url=self.endpoint.url, sqs=self.sqs)
        return Client(backend, notification_channel=channel)

    def __enter__(self) -> Self:
        self.endpoint.deliver_with(lambda topic, message: self.sns.publish(TopicArn=topic, Message=message))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.endpoint.deliver_with(None)
        for client in (self.s3, self.sns, self.sqs, self.rekognition):
            client.close()


def environment_of(endpoint: TestedEndpoint) -> dict[str, str]:
    """Variables by which all AWS tools and SDKs take `endpoint` for Rekognition, with keys and a region."""
    return {
        **_KEYS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,  # the name that other SDKs than boto3 know
        "AWS_ENDPOINT_URL_REKOGNITION": endpoint.url,
    }
