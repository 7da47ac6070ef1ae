"""Real clients at a live endpoint: a whole pipeline, every kind of error, and signatures."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

import rekvid
from rekvid.errors import ServiceError
from rekvid.models import Label, LabelDetection, LabelDetectionPage
from rekvid.operations import OPERATIONS
from rekvid.testing import FakeBackend

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("moto.server")
from clients.drivers import AwsCli, Boto3, Driver, JavaScript, Refused
from pages import blocks
from rekvid.endpoint import Key, Keys, Settings
from rekvid.testing.endpoint import TestedEndpoint
from rekvid.wire import status_of

if TYPE_CHECKING:
    from rekvid.testing.local_aws import LocalAws

LABELS = tuple(LabelDetection(timestamp=at, label=Label(name="Car", confidence=90.0)) for at in range(2500))
VIDEO = {"S3Object": {"Bucket": "media", "Name": "street.mp4"}}
DRIVERS = [Boto3, AwsCli, JavaScript]
DECLARED = sorted({cls.declared_code for cls in ServiceError.__subclasses__()})


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.__name__)
def driver(request: pytest.FixtureRequest, rekvid_aws: LocalAws) -> Iterator[Driver]:
    driver: Driver = request.param(rekvid_aws.environment)
    yield driver
    driver.close()


def test_a_pipeline(driver: Driver, rekvid_aws: LocalAws) -> None:
    """A client starts a job, hears of its end through SNS and SQS, and reads all pages, with every label once."""
    rekvid_aws.fake.will_return(LabelDetectionPage(labels=LABELS))
    channel = rekvid_aws.channel()
    parameters: dict[str, Any] = {
        "Video": VIDEO,
        "MinConfidence": 70.5,
        "JobTag": "tag",
        "NotificationChannel": {"SNSTopicArn": channel.sns_topic_arn, "RoleArn": channel.role_arn},
        "Settings": {"GeneralLabels": {"LabelInclusionFilters": ["Car"]}},
    }
    job_id = driver.call("StartLabelDetection", parameters)["JobId"]
    assert channel.queue_url is not None
    [body] = driver.receive(channel.queue_url)
    notice = json.loads(json.loads(body)["Message"])
    assert (notice["JobId"], notice["Status"], notice["JobTag"]) == (job_id, "SUCCEEDED", "tag")
    read: list[dict[str, Any]] = []
    token = None
    for _ in range(3):
        page = driver.call("GetLabelDetection", {"JobId": job_id, **({} if token is None else {"NextToken": token})})
        assert page["JobStatus"] == "SUCCEEDED"
        read += page["Labels"]
        token = page.get("NextToken")
    assert token is None
    assert [each["Timestamp"] for each in read] == list(range(2500))
    [start] = rekvid_aws.fake.requests[:1]
    assert start.to_aws() == parameters


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_both_pairs(driver: Driver, rekvid_aws: LocalAws, operation: Any) -> None:
    """Both pairs of operations answer a client, for a job in progress and a failed one."""
    rekvid_aws.fake.will_fail("Unsupported codec/format.", in_progress=1)
    types = {"SegmentTypes": ["SHOT"]} if operation.name == "SegmentDetection" else {}
    job_id = driver.call(operation.start.operation_name(), {"Video": VIDEO, **types})["JobId"]
    pages = [driver.call(operation.get.operation_name(), {"JobId": job_id}) for _ in range(2)]
    assert [page["JobStatus"] for page in pages] == ["IN_PROGRESS", "FAILED"]
    assert pages[1]["StatusMessage"] == "Unsupported codec/format."


def test_every_declared_error(driver: Driver, rekvid_aws: LocalAws) -> None:
    """Each code that the operations declare reaches the client under its name, with message and status."""
    for code in DECLARED:
        rekvid_aws.fake.will_raise(ServiceError.of(code, "the reason", operation="GetLabelDetection"), on="get")
        with pytest.raises(Refused) as caught:
            driver.call("GetLabelDetection", {"JobId": "a"})
        assert caught.value.code == code
        assert caught.value.message.startswith("the reason")
        assert caught.value.status in (None, status_of(code))


def test_errors_of_the_protocol(driver: Driver, rekvid_aws: LocalAws) -> None:
    """What no operation declares reaches the client too: bad values and operations that are not served."""
    del rekvid_aws
    for operation, parameters, code in (
        ("GetLabelDetection", {"JobId": "no such id!"}, "ValidationException"),
        ("GetLabelDetection", {"JobId": "a", "SortBy": "SIZE"}, "ValidationException"),
        ("ListCollections", {}, "UnknownOperationException"),
    ):
        with pytest.raises(Refused) as caught:
            driver.call(operation, parameters)
        assert caught.value.code == code


@pytest.mark.parametrize("kind", DRIVERS, ids=lambda driver: driver.__name__)
def test_signatures(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client signs is found good by a recomputation, and not with another secret or an unknown key."""
    fake = FakeBackend()
    keys = Keys([Key(name="ci", access_key_id="AKIDCI", secret_access_key="secret")])
    with TestedEndpoint(fake, Settings(keys=keys)) as endpoint:
        for key, secret, code in (
            ("AKIDCI", "secret", "ResourceNotFoundException"),
            ("AKIDCI", "wrong", "InvalidSignatureException"),
            ("AKIDX", "secret", "UnrecognizedClientException"),
        ):
            environment = {
                "AWS_ACCESS_KEY_ID": key,
                "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_REGION": "eu-west-1",
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL_REKOGNITION": endpoint.url,
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            boto3.DEFAULT_SESSION = None  # it keeps the keys of its first use
            driver: Driver = kind(environment)
            with closing(driver), pytest.raises(Refused) as caught:
                driver.call("GetLabelDetection", {"JobId": "a"})
            assert caught.value.code == code
    boto3.DEFAULT_SESSION = None
    fake.close()


def test_rekvid_itself(rekvid_aws: LocalAws) -> None:
    """Rekvid's own client does all of that: start, notice, pages, errors."""
    rekvid_aws.fake.will_return(LabelDetectionPage(labels=LABELS))
    with rekvid_aws.client(rekvid_aws.channel()) as client:
        job = client.start_label_detection("s3://media/street.mp4", job_tag="tag").wait(30)
        assert tuple(job.labels()) == LABELS
    config = Config(retries={"total_max_attempts": 1})
    backend = rekvid.AwsBackend(session=rekvid_aws.session, endpoint_url=rekvid_aws.endpoint.url, config=config)
    with rekvid.Client(backend) as client:
        for code in DECLARED:
            error = ServiceError.of(code, "the reason", operation="StartLabelDetection")
            rekvid_aws.fake.will_raise(error, on="start")
            with pytest.raises(type(error)) as caught:
                client.start_label_detection("s3://media/street.mp4")
            assert (caught.value.code, caught.value.message) == (code, "the reason")


@pytest.mark.parametrize("command", [line for block in blocks("run", "clients", "bash") for line in block.commands])
def test_commands_of_the_pages(command: str, rekvid_aws: LocalAws) -> None:
    """A call of the AWS CLI that a page shows starts a job."""
    with closing(AwsCli(rekvid_aws.environment)) as cli:
        answer = cli.run(shlex.split(command.replace("http://127.0.0.1:8124", rekvid_aws.endpoint.url))[1:])
    assert answer["JobId"]
