"""Where the endpoint's videos come from, and which are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rekvid.errors import ValidationError, VideoTooLargeError

pytest.importorskip("av")
pytest.importorskip("starlette")
pytest.importorskip("moto.server")
from calls import Answer, call, faults_of
from rekvid.backends.local import LocalBackend, VideoLimits
from rekvid.backends.local.sources import Sources
from rekvid.endpoint import Settings
from rekvid.endpoint.service import Service
from rekvid.models import S3Object, Video
from rekvid.testing.reels import TextureScene, make_reel

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

moto = pytest.importorskip("moto.server")
NO_METADATA = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of one second, in a folder of its own."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    make_reel(path, (TextureScene(seconds=1),), width=128, height=72, rate=Fraction(25))
    return path


@pytest.fixture(scope="module")
def s3(film: Path) -> Iterator[S3Client]:
    """A client of moto's S3, with the film in a bucket."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="films")
    client.put_object(Bucket="films", Key="a b/film.mp4", Body=film.read_bytes())
    yield client
    client.close()
    server.stop()


def start(service: Service, key: str, bucket: str = "media", version: str | None = None) -> Answer:
    s3_object: dict[str, Any] = {"Bucket": bucket, "Name": key, **({} if version is None else {"Version": version})}
    return call(service, "StartSegmentDetection", {"Video": {"S3Object": s3_object}, "SegmentTypes": ["SHOT"]})


@pytest.fixture
def service(film: Path, tmp_path: Path) -> Iterator[Service]:
    """An endpoint with a folder for a bucket; the film lies beside it, and is linked to from inside."""
    folder = tmp_path / "media"
    folder.mkdir()
    (tmp_path / "outside.mp4").write_bytes(film.read_bytes())
    (tmp_path / "media-too").mkdir()
    (tmp_path / "media-too" / "film.mp4").write_bytes(film.read_bytes())
    (folder / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "deep").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    backend = LocalBackend(store=":memory:", buckets={"media": folder})
    service = Service(backend, Settings())
    yield service
    service.close()
    backend.close()


@pytest.mark.parametrize(
    "key",
    [
        "missing.mp4",
        "../outside.mp4",
        "deep/../../outside.mp4",
        "../media-too/film.mp4",
        "/etc/passwd",
        "//etc/passwd",
        "{folder}/outside.mp4",
        "link.mp4",
        "up/outside.mp4",
        "loop",
        "loop/film.mp4",
        "pipe.mp4",
        "deep",
        ".",
        "..",
        "/",
        "film.mp4\0",
        "..\0/outside.mp4",
        "%2e%2e/outside.mp4",
        "..%2foutside.mp4",
        "%252e%252e/outside.mp4",
        "..%c0%afoutside.mp4",
        "\u2025/outside.mp4",
        "\uff0e\uff0e/outside.mp4",
        "..\\outside.mp4",
        "..\u2215outside.mp4",
        "film.mp4/../../outside.mp4",
        "C:\\outside.mp4",
        "file:///etc/passwd",
        "~/outside.mp4",
        "deep/" * 200,
        "x" * 1024,
        "\U0001f3ac" * 1024,
        "/dev/stdin",
        "/proc/self/environ",
    ],
)
def test_nothing_outside_the_folder_is_read(service: Service, tmp_path: Path, key: str) -> None:
    """Whatever the key says, what is not a file in the bucket's folder is an object that S3 doesn't have."""
    answer = start(service, key.replace("{folder}", str(tmp_path)))
    assert (answer.status, answer.code, answer.body["Message"]) == (400, "InvalidS3ObjectException", NO_METADATA)


def test_versions_and_other_buckets(service: Service, tmp_path: Path, film: Path) -> None:
    """A folder has no versions, and beside it there are no other buckets."""
    (tmp_path / "media" / "film.mp4").write_bytes(film.read_bytes())
    assert start(service, "film.mp4").status == 200
    assert start(service, "film.mp4", version="1").body["Message"] == NO_METADATA
    assert start(service, "film.mp4", bucket="other").body["Message"] == NO_METADATA


def test_names_of_other_alphabets(service: Service, tmp_path: Path, film: Path) -> None:
    """A key may have any characters that a file's name may."""
    for name in ("фильм 1080p.mp4", "a+b&c=d%20.mp4", "\U0001f3ac.mp4", "deep/new\nline.mp4"):
        (tmp_path / "media" / name).write_bytes(film.read_bytes())
        assert start(service, name).status == 200


def test_a_video_from_s3(s3: S3Client) -> None:
    """A video in S3 is looked at when the job starts, and read when it runs."""
    backend = LocalBackend(store=":memory:", s3=s3, video_limits=VideoLimits())
    service = Service(backend, Settings())
    job_id = start(service, "a b/film.mp4", bucket="films").body["JobId"]
    signal = backend.signal()
    assert signal.wait(job_id, 60)
    page = call(service, "GetSegmentDetection", {"JobId": job_id}).body
    assert (page["JobStatus"], len(page["Segments"])) == ("SUCCEEDED", 1)
    assert faults_of("GetSegmentDetection", page) == [], "what was really found has the shape of the model too"
    assert page["Video"] == {"S3Object": {"Bucket": "films", "Name": "a b/film.mp4"}}
    for bucket, key in (("films", "missing.mp4"), ("nobodys", "film.mp4")):
        answer = start(service, key, bucket=bucket)
        assert (answer.code, answer.body["Message"]) == ("InvalidS3ObjectException", NO_METADATA)
    service.close()
    backend.close()


def _video(key: str) -> Video:
    return Video(s3_object=S3Object(bucket="films", name=key))


@pytest.mark.parametrize(
    ("limits", "words"), [(VideoLimits(size=100), "bytes"), (VideoLimits(seconds=0.9), "1 s long")]
)
def test_a_video_over_the_limits(s3: S3Client, film: Path, limits: VideoLimits, words: str) -> None:
    """A video that is too large or too long is refused at the start, in a folder and in S3."""
    for sources, key in (
        (Sources({"films": film.parent}, limits=limits), "film.mp4"),
        (Sources({}, s3, limits=limits), "a b/film.mp4"),
    ):
        with pytest.raises(VideoTooLargeError, match=words) as caught:
            sources.check(_video(key), "StartSegmentDetection")
        assert caught.value.code == "VideoTooLargeException"


def test_the_limits_are_the_services(tmp_path: Path) -> None:
    """10 GB and 6 hours; one byte more is refused without being read."""
    assert VideoLimits() == VideoLimits(size=10 * 1024**3, seconds=21600)
    with pytest.raises(ValidationError, match="size=0"):
        VideoLimits(size=0)
    large = tmp_path / "large.mp4"
    for size in (10 * 1024**3, 10 * 1024**3 + 1):
        with large.open("wb") as file:
            file.truncate(size)  # takes no room: it is all hole
        sources = Sources({"films": tmp_path}, limits=VideoLimits())
        if size == 10 * 1024**3:
            sources.check(_video("large.mp4"), "StartSegmentDetection")
        else:
            with pytest.raises(VideoTooLargeError):
                sources.check(_video("large.mp4"), "StartSegmentDetection")


def test_what_a_file_does_not_say_is_no_reason(tmp_path: Path) -> None:
    """A file whose length can't be told is taken; its job will say what is wrong with it."""
    (tmp_path / "odd.mp4").write_bytes(b"not a video")
    Sources({"films": tmp_path}, limits=VideoLimits()).check(_video("odd.mp4"), "StartSegmentDetection")
