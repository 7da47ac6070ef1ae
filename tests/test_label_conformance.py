"""The conformance suite for labels over the local backend, and AWS backend -> botocore -> endpoint -> local backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from rekvid.backends.aws import AwsBackend
from rekvid.backends.base import Backend
from rekvid.client import Client
from rekvid.clock import SystemClock
from rekvid.models import S3Object
from rekvid.operations import VideoSource
from rekvid.testing.label_conformance import LabelConformance

DETECTOR = "patches:PatchDetector"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good video and a broken one."""
    pytest.importorskip("av")
    from patches import paint_video

    folder = tmp_path_factory.mktemp("media")
    paint_video(folder / "good.mp4", [["dog"], ["dog", "car"], ["car"], [], [], [], [], ["dog"], ["remote"]])
    (folder / "broken.mp4").write_bytes(b"not a video")
    return folder


class TestLocalBackend(LabelConformance):
    """The local backend, on files, with a detector that is named by where it can be imported from."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
        pytest.importorskip("av")
        from rekvid.backends.local import LocalBackend

        backend = LocalBackend(store=tmp_path_factory.mktemp("store"), workers=2, detectors=[DETECTOR])
        yield backend
        backend.close()

    @pytest.fixture(scope="class")
    @classmethod
    def video(cls, media: Path) -> VideoSource:
        return media / "good.mp4"

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls, media: Path) -> VideoSource:
        return media / "broken.mp4"


class FastClock(SystemClock):
    """Runs ten times as fast as the machine's, as polls that are meant for jobs of minutes are too far apart here."""

    def monotonic(self) -> float:
        return 10 * super().monotonic()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 10)


class TestWholePath(LabelConformance):
    """The AWS backend through botocore and HTTP to the endpoint, and from there to the local backend."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, media: Path) -> Iterator[Backend]:
        pytest.importorskip("av")
        pytest.importorskip("starlette")
        from rekvid.backends.local import LocalBackend
        from rekvid.endpoint import Server

        local = LocalBackend(store=":memory:", workers=2, buckets={"media": media}, detectors=[DETECTOR])
        session = boto3.session.Session(
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
        )
        with Server(local) as server:
            backend = AwsBackend(session=session, endpoint_url=server.url)
            yield backend
            backend.close()
        local.close()

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, backend: Backend) -> Client:
        return Client(backend, clock=FastClock())

    @pytest.fixture(scope="class")
    @classmethod
    def video(cls) -> VideoSource:
        return S3Object(bucket="media", name="good.mp4")

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls) -> VideoSource:
        return "s3://media/broken.mp4"
