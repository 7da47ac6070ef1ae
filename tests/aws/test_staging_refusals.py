from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handmade import avi, mp4, track
from rekvid.backends.aws.staging import Staging, bucket_region, check_video
from rekvid.errors import ConfigurationError, ServiceError, TransportError, ValidationError
from s3_answers import DENIED, answer_with, calls_of, client_of, stage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_bucket_of_another_region_is_refused(s3: S3Client, handmade_film: Path) -> None:
    """A bucket that the service can't read from is refused before anything is sent, with both regions named."""
    called = calls_of(s3)
    with pytest.raises(ConfigurationError, match=r"media lies in eu-west-1.* us-east-1"):
        stage(Staging("s3://media/", client=s3), handmade_film, "us-east-1")
    assert called == ["HeadBucket"]


def test_missing_bucket_is_refused(s3: S3Client, handmade_film: Path) -> None:
    """A bucket that doesn't exist is named."""
    with pytest.raises(ConfigurationError, match="nobodys-bucket"):
        stage(Staging("s3://nobodys-bucket/", client=s3), handmade_film)


def test_region_is_known_from_a_refusal_too(s3: S3Client) -> None:
    """S3 tells the region also to those who may not look into the bucket."""
    answer_with(s3, "HeadBucket", 403, x_amz_bucket_region="ap-south-1")
    assert bucket_region(s3, "media") == "ap-south-1"


@pytest.mark.parametrize(
    ("location", "region"), [(b"", "us-east-1"), (b"EU", "eu-west-1"), (b"eu-central-1", "eu-central-1")]
)
def test_region_is_asked_for_where_no_header_tells(s3: S3Client, location: bytes, region: str) -> None:
    """Servers without the header are asked for the location, whose old names are understood."""
    answer_with(s3, "HeadBucket", 200)
    body = b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' + location + b"</LocationConstraint>"
    answer_with(s3, "GetBucketLocation", 200, body)
    assert bucket_region(s3, "media") == region


def test_unknown_region_is_no_obstacle(s3: S3Client, handmade_film: Path) -> None:
    """Who may not know the region goes on: the service will say."""
    answer_with(s3, "HeadBucket", 403)
    answer_with(s3, "GetBucketLocation", 403, DENIED)
    assert bucket_region(s3, "media") is None
    assert stage(Staging("s3://media/", client=s3), handmade_film, "us-east-1").bucket == "media"


def test_right_to_write_is_enough(s3: S3Client, handmade_film: Path) -> None:
    """Where looking is forbidden the file is uploaded, as it may not be there."""
    answer_with(s3, "HeadObject", 403)
    called = calls_of(s3)
    stage(Staging("s3://media/", client=s3), handmade_film)
    assert called[-1] == "PutObject"


def test_refused_upload_says_what_to_check(s3: S3Client, handmade_film: Path) -> None:
    """Where S3 refuses, the error has its code and message, and names the place and the right that may be missing."""
    answer_with(s3, "PutObject", 403, DENIED)
    with pytest.raises(ServiceError) as caught:
        stage(Staging("s3://media/p", client=s3), handmade_film)
    assert (caught.value.code, caught.value.message) == ("AccessDenied", "Access Denied")
    assert caught.value.operation == "PutObject"
    assert "s3://media/p/ (s3:PutObject" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_fault_of_s3_is_translated(s3: S3Client, handmade_film: Path) -> None:
    """A fault of S3 that is no question of rights is an error of ours, too."""
    answer_with(s3, "HeadObject", 500)
    with pytest.raises(ServiceError) as caught:
        stage(Staging("s3://media/", client=s3), handmade_film)
    assert caught.value.operation == "HeadObject"


def test_unreachable_s3_is_a_transport_error(handmade_film: Path) -> None:
    """Where nobody listens the error says so."""
    client = client_of("http://127.0.0.1:1")
    with pytest.raises(TransportError) as caught:
        stage(Staging("s3://media/", client=client), handmade_film)
    assert caught.value.operation == "HeadBucket"
    client.close()


HOUR = 60 * 60


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "the file is empty"),
        (b"text", "unknown kind"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "Matroska or WebM, not MP4, MOV or AVI; the service takes H.264"),
        (mp4(track(b"hvc1")), "the codec is 'hevc'; the service takes H.264 in MP4 or MOV"),
        (avi(b"XVID"), "the codec is 'mpeg4'"),
        (mp4(track(b"mp4a", b"soun")), "no video track"),
        (mp4(media=bytes(1000))[:-500], "500 bytes are missing"),
        (mp4(seconds=6 * HOUR + 1, version=1), "lasts 21,601 s, and the service takes at most 6 hours"),
    ],
)
def test_what_the_service_would_not_take_is_refused(s3: S3Client, tmp_path: Path, data: bytes, rule: str) -> None:
    """A file that would end as a failed job is refused at once, with its path and the rule, and nothing is sent."""
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    called = calls_of(s3)
    with pytest.raises(ValidationError) as caught:
        stage(Staging("s3://media/", client=s3), path)
    assert (caught.value.field, caught.value.value) == ("video", str(path))
    assert rule in caught.value.rule
    assert called == []


@pytest.mark.parametrize("data", [mp4(), mp4(brand=b"qt  "), avi(), mp4(seconds=6 * HOUR, version=1), mp4(seconds=0)])
def test_what_the_service_takes_passes(tmp_path: Path, data: bytes) -> None:
    """H.264 in MP4, MOV and AVI passes, up to 6 hours, and where the length isn't told."""
    path = tmp_path / "film"
    path.write_bytes(data)
    check_video(path)


def test_size_has_a_limit(tmp_path: Path) -> None:
    """10 GB pass, one byte more doesn't."""
    path = tmp_path / "film.mp4"
    path.write_bytes(mp4())
    with path.open("r+b") as file:
        file.truncate(10 * 1024**3)  # zeros behind the last box, which take no room on the disk
    check_video(path)
    with path.open("r+b") as file:
        file.truncate(10 * 1024**3 + 1)
    with pytest.raises(ValidationError, match="10,737,418,241 bytes"):
        check_video(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe and a name that none can have are refused, and none is waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.mp4", tmp_path, tmp_path / "pipe", Path("a\0b")):
        with pytest.raises(ValidationError) as caught:
            check_video(path)
        assert caught.value.field == "video"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_refused(handmade_film: Path) -> None:
    """A file that may not be read is refused with the system's reason."""
    handmade_film.chmod(0)
    with pytest.raises(ValidationError, match="Permission denied"):
        check_video(handmade_film)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(), st.binary(max_size=300).map(lambda tail: mp4()[:60] + tail)))
def test_no_content_breaks_the_check(tmp_path: Path, data: bytes) -> None:
    """Whatever is in the file, it passes or is refused as a parameter."""
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    try:
        check_video(path)
    except ValidationError as error:
        assert error.field == "video"  # noqa: PT017  # when nothing is raised all is well
