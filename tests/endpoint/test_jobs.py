"""Jobs behind the endpoint: their limit, their ends, the notices, and what a restart keeps."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rekvid.errors import ConfigurationError
from rekvid.models import SegmentDetectionPage
from rekvid.testing import FakeBackend, ManualClock

pytest.importorskip("starlette")
from calls import SEGMENTS, call
from rekvid.endpoint import Limits, Settings, Topics
from rekvid.endpoint.notices import Notices, Publish
from rekvid.endpoint.service import Service

TOPIC = "arn:aws:sns:eu-west-1:123456789012:AmazonRekognitionDone"
CHANNEL = {"SNSTopicArn": TOPIC, "RoleArn": "arn:aws:iam::123456789012:role/Rekognition"}
ANNOUNCED: dict[str, Any] = {**SEGMENTS, "NotificationChannel": CHANNEL}


class Topic:
    """Takes what is published, after refusing the first `refuse` messages."""

    def __init__(self, refuse: int = 0) -> None:
        self.messages: list[dict[str, Any]] = []
        self._refuse = refuse
        self._changed = threading.Condition()

    def __call__(self, topic_arn: str, message: str) -> None:
        with self._changed:
            if self._refuse:
                self._refuse -= 1
                raise ConnectionError("nobody listens")
            assert topic_arn == TOPIC
            self.messages.append(json.loads(message))
            self._changed.notify_all()

    def wait(self, count: int) -> list[dict[str, Any]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, 20)
            return self.messages


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    fake = FakeBackend()
    yield fake
    fake.close()


def serve(
    fake: FakeBackend, publish: Publish | None = None, journal: Path | None = None, open_jobs: int = 20
) -> Service:
    limits = Limits(open_jobs=open_jobs)
    return Service(fake, Settings(publish=publish, journal=journal, limits=limits, clock=fake.clock))


def start(service: Service, parameters: dict[str, Any], **more: str) -> str:
    answer = call(service, "StartSegmentDetection", {**parameters, **more})
    assert answer.status == 200, answer
    return str(answer.body["JobId"])


def test_the_message_is_that_of_the_service(fake: FakeBackend) -> None:
    """A job's end is published once, in the form of the service's own messages."""
    topic = Topic()
    service = serve(fake, topic)
    job_id = start(service, ANNOUNCED, JobTag="tag")
    assert topic.wait(1) == [
        {
            "JobId": job_id,
            "Status": "SUCCEEDED",
            "API": "StartSegmentDetection",
            "JobTag": "tag",
            "Timestamp": int(fake.clock.time() * 1000),
            "Video": {"S3ObjectName": "film.mp4", "S3Bucket": "media"},
        }
    ]
    assert list(topic.messages[0]) == ["JobId", "Status", "API", "JobTag", "Timestamp", "Video"]
    service.close()
    assert len(topic.messages) == 1


def test_a_tag_that_is_not_set_is_left_out(fake: FakeBackend) -> None:
    """The message of a job without a tag has no JobTag, and that of a failed job says so."""
    topic = Topic()
    fake.will_fail("Unsupported codec/format.")
    service = serve(fake, topic)
    start(service, ANNOUNCED)
    [message] = topic.wait(1)
    assert message["Status"] == "FAILED"
    assert "JobTag" not in message
    service.close()


def test_a_replayed_token_publishes_nothing(fake: FakeBackend) -> None:
    """The same token gives the same job and no second message, while the job runs and after its end."""
    topic = Topic()
    fake.will_return(SegmentDetectionPage(), in_progress=1)
    service = serve(fake, topic, open_jobs=1)
    jobs = {start(service, ANNOUNCED, ClientRequestToken="token") for _ in range(3)}
    [job_id] = jobs
    call(service, "GetSegmentDetection", {"JobId": job_id})
    topic.wait(1)
    assert start(service, ANNOUNCED, ClientRequestToken="token") == job_id
    assert service.jobs.open_count() == 0
    service.close()
    assert len(topic.messages) == 1


def test_no_channel_no_message(fake: FakeBackend) -> None:
    """Without a NotificationChannel nothing is published."""
    topic = Topic()
    service = serve(fake, topic)
    start(service, SEGMENTS)
    service.close()
    assert topic.messages == []


def test_publishing_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """A message that can't be published is tried again until it goes through, and the log tells of it."""
    topic = Topic(refuse=3)
    notices = Notices(topic, first_pause=0.001)
    sent = threading.Event()
    with caplog.at_level(logging.WARNING, "rekvid.endpoint"):
        notices.send(TOPIC, '{"JobId": "a"}', sent.set)
        assert sent.wait(20)
    assert topic.messages == [{"JobId": "a"}]
    assert caplog.text.count("nobody listens") == 3
    notices.close()


def test_publishing_that_fails_for_good_fails_no_job(fake: FakeBackend, caplog: pytest.LogCaptureFixture) -> None:
    """A topic that refuses for ever costs the message, which is logged, and nothing else."""
    topic = Topic(refuse=1000)
    notices = Notices(topic, first_pause=0.0001)
    notices.send(TOPIC, '{"JobId": "lost"}', lambda: pytest.fail("it was not sent"))
    notices._senders.shutdown(wait=True)
    assert "could not be published" in caplog.text
    assert '{"JobId": "lost"}' in caplog.text
    service = serve(fake, topic)
    job_id = start(service, ANNOUNCED)
    assert call(service, "GetSegmentDetection", {"JobId": job_id}).body["JobStatus"] == "SUCCEEDED"
    service.close()


def test_a_message_outlives_a_restart(fake: FakeBackend, tmp_path: Path) -> None:
    """What could not be published before the endpoint ended is published by the next one, once."""
    journal = tmp_path / "state" / "endpoint.sqlite3"
    first = serve(fake, Topic(refuse=1000), journal)
    job_id = start(first, ANNOUNCED)
    first.close()
    topic = Topic()
    second = serve(fake, topic, journal)
    assert [message["JobId"] for message in topic.wait(1)] == [job_id]
    second.close()
    third = serve(fake, topic, journal)
    third.close()
    assert len(topic.messages) == 1


def test_an_end_that_was_missed_is_told_after_a_restart(fake: FakeBackend, tmp_path: Path) -> None:
    """A job that ended while no endpoint ran is announced by the next one; one that runs on is not."""
    journal = tmp_path / "endpoint.sqlite3"
    fake.will_return(SegmentDetectionPage(), in_progress=1)
    fake.will_return(SegmentDetectionPage(), in_progress=5)
    topic = Topic()
    first = serve(fake, topic, journal)
    ended, running = start(first, ANNOUNCED), start(first, ANNOUNCED)
    first.close()
    between = serve(fake)
    page = call(between, "GetSegmentDetection", {"JobId": ended})
    assert page.body["JobStatus"] == "IN_PROGRESS", "this was the last of them"
    between.close()
    second = serve(fake, topic, journal)
    assert [message["JobId"] for message in topic.wait(1)] == [ended]
    assert second.jobs.open_count() == 1
    for _ in range(5):
        call(second, "GetSegmentDetection", {"JobId": running})
    assert [message["JobId"] for message in topic.wait(2)] == [ended, running]
    second.close()


def test_tokens_are_known_after_a_restart(fake: FakeBackend, tmp_path: Path) -> None:
    """A token that is replayed after a restart publishes nothing either."""
    topic = Topic()
    jobs = set()
    for _ in range(2):
        service = serve(fake, topic, tmp_path / "endpoint.sqlite3")
        jobs.add(start(service, ANNOUNCED, ClientRequestToken="token"))
        topic.wait(1)
        service.close()
    assert len(jobs) == len(topic.messages) == 1


def test_one_endpoint_a_journal(fake: FakeBackend, tmp_path: Path) -> None:
    """A second endpoint on the same journal is refused, as both would announce the same jobs."""
    first = serve(fake, journal=tmp_path / "endpoint.sqlite3")
    with pytest.raises(ConfigurationError, match="another endpoint uses it"):
        serve(fake, journal=tmp_path / "endpoint.sqlite3")
    first.close()
    serve(fake, journal=tmp_path / "endpoint.sqlite3").close()


def test_jobs_are_forgotten_after_a_week(fake: FakeBackend, tmp_path: Path) -> None:
    """After 7 days a token begins a new job, as at the service."""
    service = serve(fake, journal=tmp_path / "endpoint.sqlite3")
    first = start(service, SEGMENTS, ClientRequestToken="token")
    fake.clock.advance(7 * 24 * 3600 + 1)
    assert start(service, SEGMENTS, ClientRequestToken="token") != first
    service.close()


def test_the_limit_of_open_jobs(fake: FakeBackend) -> None:
    """One job more than the limit is refused, a replay of an open one is not, and an ended one makes room."""
    for _ in range(2):
        fake.will_return(SegmentDetectionPage(), in_progress=1)
    service = serve(fake, open_jobs=2)
    first = start(service, SEGMENTS, ClientRequestToken="first")
    start(service, SEGMENTS)
    answer = call(service, "StartSegmentDetection", SEGMENTS)
    assert (answer.status, answer.code) == (400, "LimitExceededException")
    assert answer.body["Message"] == "3 open Jobs. Maximum limit: 2"
    assert start(service, SEGMENTS, ClientRequestToken="first") == first
    call(service, "GetSegmentDetection", {"JobId": first})
    start(service, SEGMENTS)
    service.close()


def test_a_start_that_is_refused_takes_no_room(fake: FakeBackend) -> None:
    """Starts that the backend refuses don't count as open jobs."""
    service = serve(fake, open_jobs=1)
    wrong = {**SEGMENTS, "ClientRequestToken": "token"}
    start(service, wrong)
    for _ in range(3):
        other = call(service, "StartSegmentDetection", {**wrong, "JobTag": "other"})
        assert other.code == "IdempotentParameterMismatchException"
    assert service.jobs.open_count() == 0
    start(service, SEGMENTS)
    service.close()


def test_the_limit_holds_for_starts_at_once(fake: FakeBackend) -> None:
    """Of many starts at the same time no more than the limit get through."""
    for _ in range(40):
        fake.will_return(SegmentDetectionPage(), in_progress=1)
    service = serve(fake, open_jobs=5)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(call(service, "StartSegmentDetection", SEGMENTS).status))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 5 + [400] * 35
    service.close()


def test_draining(fake: FakeBackend) -> None:
    """While the endpoint drains no job can be started, results can be read, and the last end ends it."""
    fake.will_return(SegmentDetectionPage(), in_progress=1)
    service = serve(fake)
    job_id = start(service, SEGMENTS)
    assert not service.jobs.drain(0)
    refused = call(service, "StartSegmentDetection", SEGMENTS)
    assert (refused.status, refused.code) == (500, "ThrottlingException")
    assert call(service, "GetSegmentDetection", {"JobId": job_id}).status == 200
    assert service.jobs.drain(0)
    service.close()


def test_the_manual_clock_is_the_fakes() -> None:
    """An endpoint can go by a clock of a test's own."""
    clock = ManualClock(0)
    fake = FakeBackend(clock=clock)
    topic = Topic()
    service = serve(fake, topic)
    clock.advance(1.5)
    start(service, ANNOUNCED)
    assert topic.wait(1)[0]["Timestamp"] == 1500
    service.close()
    fake.close()


def test_topics_are_published_to_in_their_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message goes to the SNS at the address that was given, in the region of the topic, and reaches its queue."""
    pytest.importorskip("moto.server")
    from rekvid.testing.local_aws import MotoServer

    session = boto3.session.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    with MotoServer() as moto:
        sns = session.client("sns", endpoint_url=moto.url)
        sqs = session.client("sqs", endpoint_url=moto.url)
        topic_arn = sns.create_topic(Name="done")["TopicArn"]
        queue_url = sqs.create_queue(QueueName="done")["QueueUrl"]
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:done")
        topics = Topics(moto.url, session=boto3.session.Session("AKIDEXAMPLE", "secret", region_name="us-east-1"))
        topics(topic_arn, '{"JobId": "a"}')
        [message] = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5).get("Messages", [])
        assert json.loads(message.get("Body", ""))["Message"] == '{"JobId": "a"}'
        for client in (sns, sqs, topics):
            client.close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such/file")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="no credentials to publish"):
        Topics(moto.url)
