"""Files that are put into moto's S3, and what S3 may answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.config import Config

from rekvid.backends.aws.staging import Staging
from rekvid.models import S3Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-west-1"
MIB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, preferred_transfer_client="classic")


def client_of(url: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


def no_client() -> S3Client:
    raise AssertionError("a client was made although one was given")


def stage(staging: Staging, path: Path, region: str = REGION) -> S3Object:
    return staging.stage(path, region=region, make_client=no_client)


def keys_in(s3: S3Client) -> list[str]:
    return [each.get("Key", "") for each in s3.list_objects_v2(Bucket="media").get("Contents", [])]


def calls_of(s3: S3Client) -> list[str]:
    """The operations that `s3` calls from now on."""
    called: list[str] = []
    s3.meta.events.register("before-call.s3", lambda model, **_: called.append(model.name))
    return called


class Body(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def answer_with(s3: S3Client, operation: str, status: int, body: bytes = b"", **headers: str) -> None:
    """Let `operation` be answered so."""
    names = HTTPHeaders.from_dict({name.replace("_", "-"): value for name, value in headers.items()})

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(str(request.url), status, names, Body(body))

    # What a handler of this event gives is the answer, which the stubs don't know.
    s3.meta.events.register(f"before-send.s3.{operation}", answer)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
