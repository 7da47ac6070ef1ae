from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rekvid.errors import ModelUnavailableError, ResponseError, ServiceError, ThrottlingError, TransportError
from rekvid.models import Label, LabelDetection, LabelDetectionPage, VideoMetadata
from rekvid.operations import OPERATIONS, GetRequest, PageT
from rekvid.testing import FakeBackend

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from rekvid.endpoint import Server

LABELS = tuple(LabelDetection(timestamp=each, label=Label(name="Car", confidence=90.0)) for each in range(25))


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    fake = FakeBackend()
    yield fake
    fake.close()


@pytest.fixture
def server(fake: FakeBackend) -> Iterator[Server]:
    with Server(fake) as server:
        yield server


@pytest.fixture
def session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
    )


def test_plain_boto3_runs_a_job(server: Server, fake: FakeBackend, session: boto3.session.Session) -> None:
    """A boto3 client starts a job, polls it and reads all its pages from the endpoint, by nothing but its address."""
    fake.will_return(LabelDetectionPage(labels=LABELS, video_metadata=VideoMetadata(codec="h264")), in_progress=1)
    client = session.client("rekognition", endpoint_url=server.url)
    video = {"S3Object": {"Bucket": "media", "Name": "street.mp4"}}
    job_id = client.start_label_detection(Video=video, JobTag="tag", ClientRequestToken="token")["JobId"]  # type: ignore[arg-type]  # boto3's stubs want a TypedDict here
    assert client.start_label_detection(Video=video, JobTag="tag", ClientRequestToken="token")["JobId"] == job_id  # type: ignore[arg-type]  # likewise
    first = client.get_label_detection(JobId=job_id)
    assert (first["JobStatus"], first["Labels"]) == ("IN_PROGRESS", [])
    read, token = [], ""
    while True:
        page = client.get_label_detection(JobId=job_id, MaxResults=10, NextToken=token)
        assert page["JobTag"] == "tag"
        assert page["Video"] == video
        assert page["VideoMetadata"] == {"Codec": "h264"}
        assert page["ResponseMetadata"]["RequestId"]
        read += page["Labels"]
        token = page.get("NextToken", "")
        if not token:
            break
    assert read == [label.to_aws() for label in LABELS]
    client.close()


@pytest.mark.parametrize(
    "code", sorted({code for cls in ServiceError.__subclasses__() for code in [cls.declared_code]})
)
def test_every_refusal_reaches_boto3(
    server: Server, fake: FakeBackend, session: boto3.session.Session, code: str
) -> None:
    """What the backend refuses arrives in boto3 as the exception of that code, with message and HTTP status."""
    fake.will_raise(ServiceError.of(code, "the reason", operation="GetLabelDetection"), on="get")
    client = session.client("rekognition", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError) as caught:
        client.get_label_detection(JobId="job")
    error = caught.value.response.get("Error", {})
    assert (error.get("Code"), error.get("Message")) == (code, "the reason")
    status = 500 if code in ("InternalServerError", "ThrottlingException") else 400
    assert caught.value.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == status
    client.close()


def _post(server: Server, target: str, body: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/", body, {"X-Amz-Target": target} if target else {})
    answer = connection.getresponse()
    result = (answer.status, dict(answer.getheaders()), json.loads(answer.read()))
    connection.close()
    return result


@pytest.mark.parametrize("target", ["", "RekognitionService.CreateCollection", "Other.StartLabelDetection", "é"])
def test_unknown_operation(server: Server, target: str) -> None:
    """A target that is none of the operations is refused as unknown."""
    status, headers, body = _post(server, target.encode().decode("latin-1"), b"{}")
    assert (status, body["__type"]) == (400, "UnknownOperationException")
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-requestid"]


@pytest.mark.parametrize("operation", [each.get.operation_name() for each in OPERATIONS])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"\xff", "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        (b'{"JobId": NaN}', "SerializationException"),
        (b'{"JobId": 5}', "SerializationException"),
        (b"", "ValidationException"),
        (b'{"JobId": "a", "MaxResults": 0}', "ValidationException"),
        (b'{"JobId": "a"}', "ResourceNotFoundException"),
    ],
)
def test_bad_bodies(server: Server, operation: str, body: bytes, code: str) -> None:
    """A body that is not JSON, or whose parameters break a rule, is refused with the kind of error the service has."""
    status, _, answer = _post(server, f"RekognitionService.{operation}", body)
    assert (status, answer["__type"]) == (400, code)


def test_refusals_of_the_local_kind(server: Server, fake: FakeBackend) -> None:
    """A backend without a detector is a matter of parameters for an AWS SDK."""
    fake.will_raise(ModelUnavailableError("no label detector is installed"), on="start")
    body = b'{"Video": {"S3Object": {"Bucket": "media", "Name": "street.mp4"}}}'
    status, _, answer = _post(server, "RekognitionService.StartLabelDetection", body)
    assert (status, answer["__type"]) == (400, "InvalidParameterException")
    assert "no label detector" in str(answer["Message"])


def test_fault_behind_the_endpoint_is_a_500_that_says_which(server: Server, fake: FakeBackend) -> None:
    """What goes wrong behind the endpoint is not put down to the caller's request."""
    for error in (ResponseError("unreadable"), TransportError("refused", operation="GetLabelDetection")):
        fake.will_raise(error, on="get")
        status, _, answer = _post(server, "RekognitionService.GetLabelDetection", b'{"JobId": "a"}')
        assert (status, answer["__type"]) == (500, "InternalServerError")
        assert str(error) in str(answer["Message"])


class Broken(FakeBackend):
    """A backend with a mistake."""

    def get(self, request: GetRequest[PageT]) -> PageT:
        raise ZeroDivisionError("secret")


def test_unforeseen_error_is_a_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw is the service's own fault to the caller, is logged, and the server goes on."""
    broken = Broken()
    with Server(broken) as server:
        for _ in range(2):
            status, _, answer = _post(server, "RekognitionService.GetLabelDetection", b'{"JobId": "a"}')
            assert (status, answer["__type"]) == (500, "InternalServerError")
            assert "secret" not in str(answer["Message"])
    assert "ZeroDivisionError" in caplog.text
    broken.close()


def test_other_routes_are_not_there(server: Server) -> None:
    """Only POST / is served."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 405
    connection.close()


def test_endpoint_throttles_and_boto3_retries(
    server: Server, fake: FakeBackend, session: boto3.session.Session
) -> None:
    """A throttled call is tried again by boto3, and succeeds."""
    fake.will_return(LabelDetectionPage(labels=LABELS))
    fake.will_raise(ThrottlingError("Rate exceeded", operation="GetLabelDetection"), on="get")
    client = session.client("rekognition", endpoint_url=server.url)
    job_id = client.start_label_detection(Video={"S3Object": {"Bucket": "media", "Name": "street.mp4"}})["JobId"]
    assert len(client.get_label_detection(JobId=job_id)["Labels"]) == len(LABELS)
    client.close()
