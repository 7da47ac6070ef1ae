from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from rekvid.backends.local.sources import Sources
from rekvid.errors import InvalidS3ObjectError
from rekvid.models import S3Object, Video

server = pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    """A client of moto's S3, with a versioned bucket."""
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="media")
    client.put_bucket_versioning(Bucket="media", VersioningConfiguration={"Status": "Enabled"})
    yield client
    client.close()
    moto.stop()


def _video(key: str, version: str | None = None) -> Video:
    return Video(s3_object=S3Object(bucket="media", name=key, version=version))


def test_object_is_there_for_as_long_as_it_is_needed(s3: S3Client) -> None:
    """An object in S3 is a file while the job works on it, and is removed behind it."""
    s3.put_object(Bucket="media", Key="a b/film.mp4", Body=b"pictures")
    sources = Sources({}, s3)
    sources.check(_video("a b/film.mp4"), "StartSegmentDetection")
    with sources.file(_video("a b/film.mp4")) as path:
        assert path.read_bytes() == b"pictures"
    assert not path.exists()
    assert not list(Path(tempfile.gettempdir()).glob(f"{path.parent.name}*"))


def test_version_is_carried(s3: S3Client) -> None:
    """The version that was asked for is fetched, not the newest."""
    old = s3.put_object(Bucket="media", Key="film.mp4", Body=b"old")["VersionId"]
    s3.put_object(Bucket="media", Key="film.mp4", Body=b"new")
    sources = Sources({}, s3)
    for version, content in ((old, b"old"), (None, b"new")):
        with sources.file(_video("film.mp4", version)) as path:
            assert path.read_bytes() == content


@pytest.mark.parametrize(
    "missing",
    [
        _video("missing.mp4"),
        _video("film.mp4", "no-such-version"),
        Video(s3_object=S3Object(bucket="nobodys-bucket", name="film.mp4")),
    ],
)
def test_missing_object_is_refused_at_the_start(s3: S3Client, missing: Video) -> None:
    """What is not in S3 raises before there is a job, in the service's words and with the address."""
    with pytest.raises(InvalidS3ObjectError, match="Unable to get object metadata from S3") as caught:
        Sources({}, s3).check(missing, "StartSegmentDetection")
    assert missing.s3_object is not None
    assert missing.s3_object.uri in str(caught.value)
    assert caught.value.operation == "StartSegmentDetection"


def test_mapped_bucket_hides_the_one_in_s3(s3: S3Client, tmp_path: Path) -> None:
    """A folder that stands for a bucket is read, whatever S3 has under that name."""
    s3.put_object(Bucket="media", Key="only-in-s3.mp4", Body=b"pictures")
    (tmp_path / "film.mp4").write_bytes(b"local")
    sources = Sources({"media": tmp_path}, s3)
    with sources.file(_video("film.mp4")) as path:
        assert path == tmp_path / "film.mp4"
    with pytest.raises(InvalidS3ObjectError):
        sources.check(_video("only-in-s3.mp4"), "StartSegmentDetection")
