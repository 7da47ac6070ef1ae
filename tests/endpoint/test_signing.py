"""Who may call: signatures of version 4."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rekvid.errors import ConfigurationError, ServiceError
from rekvid.testing import FakeBackend, ManualClock

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
from rekvid.endpoint import Key, Keys, Server, Settings
from rekvid.endpoint.signing import WINDOW, Signed

FULL = Key(name="full", access_key_id="AKIDFULL", secret_access_key="secret/+=")
READER = Key(name="reader", access_key_id="AKIDREAD", secret_access_key="other", allow=("Get*",))
SESSION = Key(name="session", access_key_id="ASIASESSION", secret_access_key="third", session_token="token")
KEYS = (FULL, READER, SESSION)


def signed(key: Key = FULL, *, service: str = "rekognition", body: bytes = b"{}", path: str = "/") -> Signed:
    """A request that botocore has signed, now."""
    request = AWSRequest(
        method="POST",
        url=f"http://127.0.0.1:4566{path}",
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.GetLabelDetection"},
        data=body,
    )
    SigV4Auth(Credentials(key.access_key_id, key.secret_access_key, key.session_token), service, "eu-west-1").add_auth(
        request
    )
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    return Signed(method="POST", target=path, headers={"host": "127.0.0.1:4566", **headers}, body=body)


def refusal(request: Signed, *, clock: ManualClock | None = None, operation: str = "GetLabelDetection") -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        Keys(KEYS, clock=clock).check(request, operation)
    return caught.value


def changed(request: Signed, **headers: str | None) -> Signed:
    """The request with other headers, of which None leaves one out."""
    new = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return dataclasses.replace(request, headers={name: value for name, value in new.items() if value is not None})


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
@pytest.mark.parametrize("path", ["/", "/?b=2&a=1", "/a%20b"])
def test_a_good_signature_passes(key: Key, path: str) -> None:
    """What botocore has signed is taken, with and without a session token."""
    Keys(KEYS).check(signed(key, path=path), "GetLabelDetection")


def test_no_signature() -> None:
    """A request without a signature, or with half of one, is refused as the service does."""
    assert refusal(changed(signed(), authorization=None)).code == "MissingAuthenticationTokenException"
    for header in ("", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=AKIDFULL/x", "AWS4-HMAC-SHA256"):
        assert refusal(changed(signed(), authorization=header)).code == "IncompleteSignatureException"


def test_an_unknown_key() -> None:
    """A key that is not in the file, and a session token that is not the key's, are not recognised."""
    stranger = dataclasses.replace(FULL, access_key_id="AKIDSTRANGER")
    for key in (
        stranger,
        dataclasses.replace(SESSION, session_token="old"),
        dataclasses.replace(FULL, session_token="x"),
    ):
        error = refusal(signed(key))
        assert error.code == "UnrecognizedClientException"
        assert error.message == "The security token included in the request is invalid."


def test_a_wrong_secret() -> None:
    """Another secret makes another signature."""
    error = refusal(signed(dataclasses.replace(FULL, secret_access_key="wrong")))
    assert error.code == "InvalidSignatureException"
    assert error.message.startswith("The request signature we calculated does not match")


def test_a_changed_request() -> None:
    """Body, path, method and every header that counts are covered by the signature."""
    request = signed()
    for other in (
        dataclasses.replace(request, body=b'{"JobId": "a"}'),
        dataclasses.replace(request, target="/?x=1"),
        dataclasses.replace(request, method="PUT"),
        changed(request, host="127.0.0.1:4567"),
        changed(request, x_amz_target="RekognitionService.StartLabelDetection"),
        changed(request, x_amz_security_token="added"),
        changed(request, content_type=None),
    ):
        assert refusal(other).code == "InvalidSignatureException"


def test_a_hash_of_another_body() -> None:
    """A signed hash of the body doesn't stand for the body itself."""
    request = AWSRequest(
        method="POST", url="http://127.0.0.1:4566/", headers={"X-Amz-Content-SHA256": "0" * 64}, data=b"{}"
    )
    SigV4Auth(Credentials(FULL.access_key_id, FULL.secret_access_key), "rekognition", "eu-west-1").add_auth(request)
    headers = {"host": "127.0.0.1:4566", **{name.lower(): str(value) for name, value in request.headers.items()}}
    assert refusal(Signed(method="POST", target="/", headers=headers, body=b"{}")).code == "InvalidSignatureException"


def test_the_target_has_to_be_signed() -> None:
    """A header that says what to do but that the signature doesn't cover is refused."""
    request = signed()
    authorization = request.headers["authorization"].replace("x-amz-target", "content-type")
    assert refusal(changed(request, authorization=authorization)).code == "InvalidSignatureException"


def test_another_service() -> None:
    """A signature for another service doesn't count here."""
    error = refusal(signed(service="s3"))
    assert (error.code, error.message) == (
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'rekognition'.",
    )


@pytest.mark.parametrize(("offset", "words"), [(WINDOW + 5, "Signature expired"), (-WINDOW - 5, "not yet current")])
def test_the_window(offset: float, words: str) -> None:
    """A request can be sent, and sent again, within five minutes of its time, and no longer."""
    request = signed()
    Keys(KEYS, clock=ManualClock(time.time() + offset / 2)).check(request, "GetLabelDetection")
    error = refusal(request, clock=ManualClock(time.time() + offset))
    assert error.code == "InvalidSignatureException"
    assert words in error.message


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-11-21T10:00:00Z", "20261321T100000Z"])
def test_a_time_that_is_none(stamp: str) -> None:
    """A time that can't be read is refused, not guessed."""
    assert refusal(changed(signed(), x_amz_date=stamp)).code == "IncompleteSignatureException"


def test_what_a_key_may_call() -> None:
    """A key can be held to some of the operations."""
    Keys(KEYS).check(signed(READER), "GetLabelDetection")
    error = refusal(signed(READER), operation="StartLabelDetection")
    assert (error.code, error.message) == (
        "AccessDeniedException",
        "User: reader is not authorized to perform: rekognition:StartLabelDetection",
    )


def test_secrets_are_not_shown() -> None:
    """A key's repr holds neither its secret nor its token."""
    assert "third" not in repr(SESSION)
    assert "token='" not in repr(SESSION)


FILE = """
[full]
aws_access_key_id = AKIDFULL
aws_secret_access_key = secret/+=%

[reader]
aws_access_key_id = AKIDREAD
aws_secret_access_key = other
rekvid_allow = Get* StartSegmentDetection
"""


def test_a_file_of_keys(tmp_path: Path) -> None:
    """Keys are read from a file like those of the AWS tools."""
    path = tmp_path / "credentials"
    path.write_text(FILE)
    keys = Keys.read(path)
    keys.check(signed(dataclasses.replace(FULL, secret_access_key="secret/+=%")), "StartLabelDetection")
    keys.check(signed(READER), "StartSegmentDetection")
    with pytest.raises(ServiceError, match="not authorized"):
        keys.check(signed(READER), "StartLabelDetection")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no key"),
        ("[a]\naws_access_key_id = x", "aws_secret_access_key"),
        ("nonsense", "can't be read"),
        (None, "No such"),
    ],
)
def test_a_bad_file_of_keys(tmp_path: Path, text: str | None, words: str) -> None:
    """A file without keys, or that can't be read, is an error that says why, before anybody can call."""
    path = tmp_path / "credentials"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        Keys.read(path)


@pytest.fixture
def guarded() -> Iterator[Server]:
    fake = FakeBackend()
    with Server(fake, settings=Settings(keys=Keys(KEYS))) as server:
        yield server
    fake.close()


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("AKIDFULL", "secret/+=", "ResourceNotFoundException"),
        ("AKIDFULL", "wrong", "InvalidSignatureException"),
        ("AKIDNOBODY", "secret/+=", "UnrecognizedClientException"),
    ],
)
def test_boto3_at_a_guarded_endpoint(guarded: Server, key: str, secret: str, code: str) -> None:
    """A boto3 client with a key gets through, one without is told what the service would tell it."""
    client = boto3.client(
        "rekognition",
        endpoint_url=guarded.url,
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        client.get_label_detection(JobId="a")
    assert caught.value.response.get("Error", {}).get("Code") == code
    client.close()
