"""The fixtures that rekvid gives to its users' tests; tests/test_examples.py runs those of docs/testing.md too."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

import rekvid
from rekvid.errors import ConfigurationError, JobFailedError, ThrottlingError
from rekvid.models import Label, LabelDetection, LabelDetectionPage, SegmentDetectionPage
from rekvid.testing import FakeBackend

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from rekvid.testing.endpoint import TestedEndpoint
    from rekvid.testing.local_aws import LocalAws

LABELS = tuple(LabelDetection(timestamp=at, label=Label(name="Car", confidence=90.0)) for at in range(3))


def test_a_client_of_the_code_under_test_finds_the_endpoint(rekvid_endpoint: TestedEndpoint) -> None:
    """Code that makes its own boto3 client, with no word of an address, talks to the endpoint."""
    rekvid_endpoint.fake.will_return(LabelDetectionPage(labels=LABELS))
    client = boto3.client("rekognition")
    job_id = client.start_label_detection(Video={"S3Object": {"Bucket": "media", "Name": "street.mp4"}})["JobId"]
    assert [each.get("Timestamp") for each in client.get_label_detection(JobId=job_id)["Labels"]] == [0, 1, 2]
    client.close()


def test_scripted_faults_arrive(rekvid_endpoint: TestedEndpoint) -> None:
    """The third Get is throttled, and rekvid's own client gets over it; the next job fails."""
    fake = rekvid_endpoint.fake
    fake.will_return(LabelDetectionPage(labels=LABELS))
    fake.will_fail("Unsupported codec/format.")
    fake.will_raise(ThrottlingError("Rate exceeded", operation="GetLabelDetection"), on="get", at=3)
    with rekvid.Client() as client:
        job = client.start_label_detection("s3://media/street.mp4").wait(30)
        assert len(list(job.labels(max_results=1))) == 3
        with pytest.raises(JobFailedError, match="Unsupported codec"):
            client.start_label_detection("s3://media/street.mp4").wait(30)


def test_a_pipeline_with_a_queue(rekvid_aws: LocalAws) -> None:
    """A job's end comes through moto's SNS and SQS, in the service's envelope, and wakes rekvid's waiter."""
    rekvid_aws.fake.will_return(SegmentDetectionPage())
    video = rekvid_aws.put_video("film.mp4")
    channel = rekvid_aws.channel()
    sent = {"SNSTopicArn": channel.sns_topic_arn, "RoleArn": channel.role_arn}
    job_id = rekvid_aws.rekognition.start_segment_detection(
        Video=video,  # type: ignore[arg-type]  # boto3's stubs want a TypedDict here
        SegmentTypes=["SHOT"],
        NotificationChannel=sent,  # type: ignore[arg-type]  # likewise
    )["JobId"]
    [message] = rekvid_aws.messages(channel)
    assert (message["JobId"], message["Status"]) == (job_id, "SUCCEEDED")
    rekvid_aws.fake.will_return(SegmentDetectionPage())
    with rekvid_aws.client(channel) as client:
        assert client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"]).wait(30).done()


def test_messages_can_be_lost_and_repeated(rekvid_aws: LocalAws) -> None:
    """A message that is to be lost was published and never arrives; one can arrive twice."""
    channel = rekvid_aws.channel()
    rekvid_aws.endpoint.lose_notice()
    rekvid_aws.endpoint.repeat_notice(2)
    with rekvid_aws.client(channel) as client:
        jobs = [client.start_label_detection("s3://media/street.mp4").id]
        rekvid_aws.endpoint.wait_published(1)
        jobs.append(client.start_label_detection("s3://media/street.mp4").id)
        assert [each["JobId"] for each in rekvid_aws.endpoint.wait_published(2)] == jobs
    assert [each["JobId"] for each in rekvid_aws.messages(channel)] == [jobs[1], jobs[1]]


def test_each_test_begins_with_an_empty_aws(rekvid_aws: LocalAws) -> None:
    """What other tests put into S3, SNS and SQS is gone."""
    assert rekvid_aws.s3.list_buckets()["Buckets"] == []
    assert "QueueUrls" not in rekvid_aws.sqs.list_queues()
    assert "AWS_ENDPOINT_URL_SQS" in os.environ


@pytest.mark.rekvid_local
def test_a_real_video_through_the_whole_of_it(rekvid_aws: LocalAws, tmp_path: Path) -> None:
    """Under the marker the endpoint stands over the local backend, which reads a real video from moto's S3."""
    pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    make_reel(tmp_path / "film.mp4", (TextureScene(seconds=1),) * 2, width=128, height=72, rate=Fraction(25))
    rekvid_aws.put_video("film.mp4", (tmp_path / "film.mp4").read_bytes())
    with rekvid_aws.client(rekvid_aws.channel()) as client:
        job = client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"])
        assert [shot.start_frame_number for shot in job.wait(60).shots()] == [0, 25]
    with pytest.raises(ConfigurationError, match="real backend"):
        rekvid_aws.endpoint.fake.will_fail("never")


def test_the_fake_is_the_backend(rekvid_endpoint: TestedEndpoint, rekvid_backend: object) -> None:
    """The fixtures share one backend, which a project may override."""
    assert isinstance(rekvid_backend, FakeBackend)
    assert rekvid_endpoint.fake is rekvid_backend
