from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore import exceptions as botocore_errors
from botocore.config import Config
from botocore.parsers import ResponseParserError

import rekvid
from rekvid.backends.aws import AwsBackend
from rekvid.backends.aws.faults import translate
from rekvid.errors import (
    ConfigurationError,
    RekvidError,
    ResponseError,
    ServiceError,
    ThrottlingError,
    TransportError,
    ValidationError,
)
from rekvid.models import LabelDetectionPage
from rekvid.testing import ManualClock

NO_RETRIES = Config(retries={"total_max_attempts": 1, "mode": "standard"})


class Service:
    """A server that gives the answers it was told, over HTTP on loopback."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.requests: list[tuple[str, dict[str, object]]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.requests.append((self.headers["X-Amz-Target"], json.loads(body)))
                status, answer = service.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("x-amzn-RequestId", "request-1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def will_answer(self, body: object, status: int = 200) -> None:
        self.answers.append((status, body if isinstance(body, bytes) else json.dumps(body).encode()))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture
def session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
    )


@pytest.fixture
def backend(service: Service, session: boto3.session.Session) -> Iterator[AwsBackend]:
    backend = AwsBackend(session=session, endpoint_url=service.url, config=NO_RETRIES)
    yield backend
    backend.close()


@pytest.fixture
def client(backend: AwsBackend) -> rekvid.Client:
    return rekvid.Client(backend, clock=ManualClock())


def test_start_sends_the_parameters(client: rekvid.Client, service: Service) -> None:
    """A start reaches the service under its target, with nested AWS parameters and a token, and gives the job."""
    service.will_answer({"JobId": "a" * 64})
    job = client.start_label_detection("s3://media/street.mp4?versionId=7", min_confidence=70, include_labels=["Car"])
    assert job.id == "a" * 64
    [(target, parameters)] = service.requests
    assert target == "RekognitionService.StartLabelDetection"
    assert len(str(parameters.pop("ClientRequestToken"))) == 32
    assert parameters == {
        "Video": {"S3Object": {"Bucket": "media", "Name": "street.mp4", "Version": "7"}},
        "MinConfidence": 70.0,
        "Settings": {"GeneralLabels": {"LabelInclusionFilters": ["Car"]}},
    }


def test_page_is_decoded_from_the_bytes(client: rekvid.Client, service: Service) -> None:
    """An answer becomes a page of frozen values, and its parameters reach the service."""
    service.will_answer(
        {"JobStatus": "SUCCEEDED", "Labels": [{"Timestamp": 5, "Label": {"Name": "Car", "Confidence": 99.5}}]}
    )
    page = client.get_label_detection("job", max_results=7, sort_by="NAME")
    assert isinstance(page, LabelDetectionPage)
    assert page.labels[0].label.name == "Car"
    assert service.requests == [
        ("RekognitionService.GetLabelDetection", {"JobId": "job", "MaxResults": 7, "SortBy": "NAME"})
    ]


def test_polls_until_the_job_has_ended(client: rekvid.Client, service: Service) -> None:
    """A wait asks until the state is no longer IN_PROGRESS."""
    for status in ("IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"):
        service.will_answer({"JobStatus": status})
    assert client.segment_detection_job("job").wait().done()
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"<html>", ""),
        (b'{"Labels": [{"Label": {"Name": "Car", "Conf', ""),
        (b'{"Labels": [{"Label": {"Name": 5, "Confidence": 1}}]}', "labels[0].label.name"),
    ],
)
def test_unreadable_answer_names_the_path(client: rekvid.Client, service: Service, body: bytes, path: str) -> None:
    """An answer that is not what the service promises is a ResponseError that says where."""
    service.will_answer(body)
    with pytest.raises(ResponseError) as caught:
        client.get_label_detection("job")
    assert caught.value.path == path


def test_start_without_job_id_is_an_error(client: rekvid.Client, service: Service) -> None:
    """A start that was answered without a job id is a ResponseError, not a job without a name."""
    service.will_answer({})
    with pytest.raises(ResponseError, match="JobId"):
        client.start_segment_detection("s3://media/street.mp4", segment_types=["SHOT"])


def test_refusal_carries_what_the_service_said(client: rekvid.Client, service: Service) -> None:
    """A refusal becomes the class of its code, with message, operation and request id, and keeps botocore's error."""
    service.will_answer({"__type": "ThrottlingException", "Message": "Rate exceeded"}, status=400)
    with pytest.raises(ThrottlingError) as caught:
        client.get_label_detection("job")
    error = caught.value
    assert (error.code, error.message, error.operation) == ("ThrottlingException", "Rate exceeded", "GetLabelDetection")
    assert error.request_id == "request-1"
    assert error.retryable
    assert isinstance(error.__cause__, botocore_errors.ClientError)


def test_unknown_code_is_a_plain_service_error(client: rekvid.Client, service: Service) -> None:
    """A code that no operation declares is kept in a ServiceError."""
    service.will_answer({"__type": "com.amazon#ExpiredTokenException", "message": "expired"}, status=400)
    with pytest.raises(ServiceError) as caught:
        client.get_label_detection("job")
    assert type(caught.value) is ServiceError
    assert caught.value.code == "ExpiredTokenException"


def test_throttling_is_retried_by_botocore(service: Service, session: boto3.session.Session) -> None:
    """By default a throttled call is tried again before anybody hears of it."""
    backend = AwsBackend(session=session, endpoint_url=service.url)
    service.will_answer({"__type": "ThrottlingException", "Message": "Rate exceeded"}, status=400)
    service.will_answer({"JobStatus": "SUCCEEDED"})
    assert rekvid.Client(backend).get_label_detection("job").job_status == "SUCCEEDED"
    backend.close()


def test_throttled_start_is_tried_again_with_its_token(service: Service, session: boto3.session.Session) -> None:
    """A throttled start is tried again with the same token, so that it is one job."""
    client = rekvid.Client(AwsBackend(session=session, endpoint_url=service.url))
    service.will_answer({"__type": "ThrottlingException", "Message": "Rate exceeded"}, status=400)
    service.will_answer({"JobId": "a" * 64})
    assert client.start_segment_detection("s3://media/film.mp4", segment_types=["SHOT"]).id == "a" * 64
    assert len({str(parameters["ClientRequestToken"]) for _, parameters in service.requests}) == 1
    client.close()


def test_refused_connection_is_a_transport_error(session: boto3.session.Session) -> None:
    """Where nobody listens the error says so, and that trying again may help."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = rekvid.Client(AwsBackend(session=session, endpoint_url=url, config=NO_RETRIES))
    with pytest.raises(TransportError) as caught:
        client.get_label_detection("job")
    assert caught.value.operation == "GetLabelDetection"
    assert caught.value.retryable
    client.close()


def test_handed_in_client_keeps_its_own_ways(service: Service, session: boto3.session.Session) -> None:
    """A client that was handed in serves pages to us, and plain dictionaries to its owner as before."""
    theirs = session.client("rekognition", endpoint_url=service.url, config=NO_RETRIES)
    client = rekvid.Client(AwsBackend(client=theirs))
    body = {"JobStatus": "SUCCEEDED", "Labels": [{"Timestamp": 5, "Label": {"Name": "Car", "Confidence": 99.5}}]}
    for _ in range(2):
        service.will_answer(body)
    page = client.get_label_detection("job")
    answer = theirs.get_label_detection(JobId="job")
    assert {key: answer[key] for key in body} == body  # type: ignore[literal-required]  # keys of the body above
    assert page.to_aws() == body
    client.close()
    service.will_answer(body)
    assert theirs.get_label_detection(JobId="job")["JobStatus"] == "SUCCEEDED", "close() left their client open"
    theirs.close()


def test_client_goes_with_no_other_setting(session: boto3.session.Session) -> None:
    """client= together with a setting for making one is refused, rather than one of the two ignored."""
    theirs = session.client("rekognition")
    with pytest.raises(ConfigurationError, match="client="):
        AwsBackend(client=theirs, region_name="us-east-1")
    theirs.close()


def test_missing_region_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the error names the ways to give one, and the offline way."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ConfigurationError, match=r"region_name=.*local"):
        rekvid.Client()


def test_missing_credentials_are_a_configuration_error(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing is sent, and the error says what is missing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = rekvid.Client(AwsBackend(region_name="eu-west-1", endpoint_url=service.url))
    with pytest.raises(ConfigurationError, match="credentials"):
        client.get_label_detection("job")
    assert service.requests == []
    client.close()


def test_local_file_is_refused_with_a_way_out(client: rekvid.Client, service: Service) -> None:
    """A path can't be read by AWS: the error says what to do instead, and nothing is sent."""
    with pytest.raises(ValidationError, match="s3://bucket/key"):
        client.start_segment_detection("film.mp4", segment_types=["SHOT"])
    assert service.requests == []


def _all_subclasses(cls: type[Exception]) -> set[type[Exception]]:
    return {cls} | {each for child in cls.__subclasses__() for each in _all_subclasses(child)}


def test_every_botocore_error_has_one_of_ours() -> None:
    """No error class of botocore is left untranslated, and none of the connection kind is taken for a setting."""
    for cls in _all_subclasses(botocore_errors.BotoCoreError):
        error = cls.__new__(cls)
        Exception.__init__(error, cls.__name__)
        translated = translate(error, "GetLabelDetection")
        assert isinstance(translated, RekvidError)
        if issubclass(cls, botocore_errors.HTTPClientError | botocore_errors.ConnectionError):
            assert isinstance(translated, TransportError), cls
    assert isinstance(translate(ResponseParserError("not XML"), "GetLabelDetection"), ResponseError)


def test_repr_names_the_endpoint(backend: AwsBackend, service: Service) -> None:
    """The backend's repr tells where calls go."""
    assert repr(backend) == f"AwsBackend({service.url})"
