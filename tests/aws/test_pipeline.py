"""From a file on this machine to its segments at AWS: staged in S3, started, announced through SQS, read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

import rekvid
from rekvid.backends.aws import AwsBackend, Staging
from rekvid.errors import LimitExceededError, ResourceNotFoundError
from rekvid.operations import GetSegmentDetectionRequest, StartSegmentDetectionRequest
from rekvid.testing import FakeBackend, ManualClock

pytest.importorskip("moto.server")
pytest.importorskip("starlette")
pytest.importorskip("av")
from rekvid.endpoint import Server
from rekvid.testing.reels import TextureScene, make_reel

moto = pytest.importorskip("moto.server")
TOPIC = "arn:aws:sns:us-east-1:123456789012:AmazonRekognitionDone"
ROLE = "arn:aws:iam::123456789012:role/AmazonRekognitionDone"
NO_RETRIES = Config(retries={"total_max_attempts": 1, "mode": "standard"})
WAIT = 50  # seconds: less than the poll beneath a signal, so that only the notice can end the wait in time


class Aws:
    """S3 and SQS by moto's server, Rekognition by the endpoint over a fake."""

    def __init__(self, address: str, endpoint: Server, fake: FakeBackend) -> None:
        self.fake = fake
        self.endpoint = endpoint
        self.session = boto3.session.Session(
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
        )
        self.s3 = self.session.client("s3", endpoint_url=address)
        self.sqs = self.session.client("sqs", endpoint_url=address)
        self.s3.create_bucket(Bucket="staging")
        self.queue = self.sqs.create_queue(QueueName="done")["QueueUrl"]

    def client(self, **settings: object) -> rekvid.Client:
        """A client with all its parts on this machine."""
        channel = rekvid.NotificationChannel(sns_topic_arn=TOPIC, role_arn=ROLE, queue_url=self.queue)
        backend = AwsBackend(session=self.session, endpoint_url=self.endpoint.url, sqs=self.sqs, **settings)  # type: ignore[arg-type]  # settings of the tests below
        return rekvid.Client(backend, notification_channel=channel)

    def close(self) -> None:
        self.s3.close()
        self.sqs.close()


@pytest.fixture
def aws() -> Iterator[Aws]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    fake = FakeBackend()
    with Server(fake) as endpoint:
        aws = Aws(f"http://{host}:{port}", endpoint, fake)
        yield aws
        aws.close()
    fake.close()
    server.stop()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_reel(path, (TextureScene(seconds=1),), width=128, height=72, rate=Fraction(25))
    return path


def test_file_goes_the_whole_way(aws: Aws, film: Path) -> None:
    """A file is uploaded, its job is waited for by its notice with two Gets, and the object is removed behind it."""
    aws.fake.will_return(rekvid.SegmentDetectionPage(), in_progress=1)
    staging = Staging("s3://staging/films/", client=aws.s3, remove_after_job=True)
    with aws.client(staging=staging) as client:
        job = client.start_segment_detection(film, segment_types=["SHOT"])
        [start] = aws.fake.requests
        assert isinstance(start, StartSegmentDetectionRequest)
        assert isinstance(start.video, rekvid.Video)
        assert start.video.s3_object is not None
        [staged] = aws.s3.list_objects_v2(Bucket="staging").get("Contents", [])
        assert start.video.s3_object.name == staged.get("Key")
        assert start.notification_channel == rekvid.NotificationChannel(sns_topic_arn=TOPIC, role_arn=ROLE)
        notice = {"JobId": job.id, "Status": "SUCCEEDED", "API": "StartSegmentDetection", "Timestamp": 1}
        aws.sqs.send_message(QueueUrl=aws.queue, MessageBody=json.dumps(notice))
        job.wait(WAIT)
    attributes = aws.sqs.get_queue_attributes(QueueUrl=aws.queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0", "the notice was deleted"
    gets = [request for request in aws.fake.requests if isinstance(request, GetSegmentDetectionRequest)]
    assert len(gets) == 2
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="staging")


def test_quota_is_waited_out(aws: Aws) -> None:
    """A start that meets the limit of jobs waits and tries again with the same token, once there is one job."""
    clock = ManualClock()
    for _ in range(40):
        aws.fake.will_raise(LimitExceededError("21 open Jobs", operation="StartSegmentDetection"), on="start")
    heard: list[object] = []
    with aws.client(start_timeout=3600, on_wait=heard.append, clock=clock, config=NO_RETRIES) as client:
        job = client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"])
        assert job.wait(WAIT).done()
    assert len(heard) == 40
    starts = [request for request in aws.fake.requests if isinstance(request, StartSegmentDetectionRequest)]
    assert len({start.client_request_token for start in starts}) == 1


def test_refusal_names_its_job(aws: Aws) -> None:
    """The error of a Get carries the job that it was about."""
    with aws.client() as client, pytest.raises(ResourceNotFoundError) as caught:
        client.segment_detection_job("unknown").status()
    assert caught.value.job_id == "unknown"
