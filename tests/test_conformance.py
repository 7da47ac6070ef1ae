"""The conformance suite over the fake, the local backend, and AWS backend -> botocore -> endpoint -> local backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import boto3
import pytest

from rekvid.backends.aws import AwsBackend
from rekvid.backends.base import Backend
from rekvid.models import (
    S3Object,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    ShotSegment,
    TechnicalCueSegment,
    VideoMetadata,
)
from rekvid.operations import VideoSource
from rekvid.testing import FakeBackend, ManualClock
from rekvid.testing.conformance import BackendConformance
from rekvid.timecode import Timecode, millis_of_frame

RATE = Fraction(25)


def _segment(type_: SegmentType, index: int, start: int, end: int) -> SegmentDetection:
    shot = ShotSegment(index=index, confidence=99.0) if type_ is SegmentType.SHOT else None
    cue = None if shot else TechnicalCueSegment(type="Content", confidence=99.0)
    return SegmentDetection(
        type=type_,
        start_timestamp_millis=millis_of_frame(start, RATE),
        end_timestamp_millis=millis_of_frame(end, RATE),
        duration_millis=millis_of_frame(end, RATE) - millis_of_frame(start, RATE),
        start_timecode_smpte=str(Timecode.of_frame(start, RATE)),
        end_timecode_smpte=str(Timecode.of_frame(end, RATE)),
        duration_smpte=str(Timecode.of_frame(end - start, RATE)),
        shot_segment=shot,
        technical_cue_segment=cue,
        start_frame_number=start,
        end_frame_number=end,
        duration_frames=end - start,
    )


class TestFakeBackend(BackendConformance):
    """The fake, scripted like a backend that analyses."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, clock: ManualClock) -> Iterator[FakeBackend]:
        backend = FakeBackend(clock=clock)
        yield backend
        backend.close()

    @pytest.fixture(scope="class")
    @classmethod
    def video(cls) -> VideoSource:
        return "s3://media/good.mp4"

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls) -> VideoSource:
        return "s3://media/broken.mp4"

    @classmethod
    def prepare(cls, backend: Backend, video: VideoSource, segment_types: Sequence[SegmentType]) -> None:
        assert isinstance(backend, FakeBackend)
        if "broken" in str(video):
            backend.will_fail("Unsupported codec/format.")
            return
        found = {
            SegmentType.SHOT: [_segment(SegmentType.SHOT, each, each * 50, each * 50 + 49) for each in range(4)],
            SegmentType.TECHNICAL_CUE: [_segment(SegmentType.TECHNICAL_CUE, each, each * 99, 198) for each in range(2)],
        }
        segments = tuple(segment for type_ in segment_types for segment in found[type_])
        backend.will_return(SegmentDetectionPage(segments=segments, video_metadata=(VideoMetadata(frame_rate=25.0),)))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good video and a broken one."""
    pytest.importorskip("av")
    from rekvid.testing.reels import BlackScene, TextureScene, make_reel

    folder = tmp_path_factory.mktemp("media")
    scenes = (TextureScene(seconds=1.2), TextureScene(seconds=1.2), BlackScene(seconds=0.8), TextureScene(seconds=1.2))
    make_reel(folder / "good.mp4", scenes, width=128, height=72, rate=RATE)
    (folder / "broken.mp4").write_bytes(b"not a video")
    return folder


class TestLocalBackend(BackendConformance):
    """The local backend, on files."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, clock: ManualClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
        pytest.importorskip("av")
        from rekvid.backends.local import LocalBackend

        backend = LocalBackend(store=tmp_path_factory.mktemp("store"), clock=clock)
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


class TestWholePath(BackendConformance):
    """The AWS backend through botocore and HTTP to the endpoint, and from there to the local backend."""

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, clock: ManualClock, media: Path) -> Iterator[Backend]:
        pytest.importorskip("av")
        pytest.importorskip("starlette")
        from rekvid.backends.local import LocalBackend
        from rekvid.endpoint import Server

        local = LocalBackend(store=":memory:", clock=clock, buckets={"media": media})
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
    def video(cls) -> VideoSource:
        return S3Object(bucket="media", name="good.mp4")

    @pytest.fixture(scope="class")
    @classmethod
    def broken_video(cls) -> VideoSource:
        return "s3://media/broken.mp4"
