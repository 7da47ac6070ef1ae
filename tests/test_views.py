"""What values give beside their members: boxes in pixels, times, and S3 objects as URIs."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.models import (
    BoundingBox,
    Label,
    LabelDetection,
    S3Object,
    SegmentDetection,
    SegmentType,
    ShotSegment,
    TechnicalCueSegment,
    TechnicalCueType,
)
from rekvid.timecode import Timecode
from strategies import shapes

ratios = st.floats(0, 1)


def segment(**members: object) -> SegmentDetection:
    """A segment, with other members where given."""
    wire = {
        "Type": "SHOT",
        "StartTimestampMillis": 1001,
        "EndTimestampMillis": 60060,
        "DurationMillis": 59059,
        "StartTimecodeSMPTE": "00:00:01;00",
        "EndTimecodeSMPTE": "00:01:00;02",
        "DurationSMPTE": "00:00:59;00",
    }
    return SegmentDetection.from_aws(wire | members)


@pytest.mark.parametrize(
    ("box", "size", "pixels"),
    [
        ((0.0, 0.0, 1.0, 1.0), (1920, 1080), (0, 0, 1920, 1080)),
        ((0.25, 0.5, 0.25, 0.25), (640, 360), (160, 180, 320, 270)),
        ((0.101, 0.109, 0.5, 0.5), (10, 10), (1, 1, 6, 6)),
        ((0.17, 0.0, 0.5, 1.0), (10, 10), (2, 0, 7, 10)),
        ((-0.2, -0.1, 0.5, 0.5), (100, 100), (0, 0, 30, 40)),
        ((0.8, 0.9, 0.5, 0.5), (100, 100), (80, 90, 100, 100)),
        ((1.5, 0.0, 0.5, 1.0), (100, 100), (100, 0, 100, 100)),
        ((0.00032824, 0.14018427, 0.12686761, 0.79939824), (1280, 720), (0, 101, 163, 676)),
    ],
)
def test_known_boxes_in_pixels(
    box: tuple[float, float, float, float], size: tuple[int, int], pixels: tuple[int, int, int, int]
) -> None:
    """Edges are rounded to the nearest pixel and cut to the frame."""
    left, top, width, height = box

    result = BoundingBox(left=left, top=top, width=width, height=height).to_pixels(*size)

    assert (result.left, result.top, result.right, result.bottom) == pixels
    assert (result.width, result.height) == (pixels[2] - pixels[0], pixels[3] - pixels[1])


@given(shapes(BoundingBox), st.integers(1, 8192), st.integers(1, 8192))
def test_boxes_in_pixels_lie_inside_the_frame(box: BoundingBox, width: int, height: int) -> None:
    """However far the service's box reaches, its pixels are inside the frame, in order."""
    pixels = dataclasses.replace(box, width=abs(box.width), height=abs(box.height)).to_pixels(width, height)

    assert 0 <= pixels.left <= pixels.right <= width
    assert 0 <= pixels.top <= pixels.bottom <= height


@given(st.tuples(ratios, ratios), st.tuples(ratios, ratios), st.integers(1, 8192), st.integers(1, 8192))
def test_edges_in_pixels_are_the_nearest(
    start: tuple[float, float], end: tuple[float, float], width: int, height: int
) -> None:
    """Inside the frame, no edge moves by more than half a pixel, so that boxes side by side share their edge."""
    box = BoundingBox(left=start[0], top=start[1], width=end[0] - start[0], height=end[1] - start[1])
    pixels = box.to_pixels(width, height)

    for pixel, exact in (
        (pixels.left, start[0] * width),
        (pixels.top, start[1] * height),
        (pixels.right, end[0] * width),
        (pixels.bottom, end[1] * height),
    ):
        assert abs(pixel - exact) <= 0.5 + 1e-6


def test_time_of_a_label() -> None:
    """A label's time is its timestamp; of a stretch that has none, its start; else zero."""
    found = LabelDetection(label=Label(name="Car", confidence=90.5))

    assert dataclasses.replace(found, timestamp=0, start_timestamp_millis=9).time == dt.timedelta()
    assert dataclasses.replace(found, timestamp=1500).time == dt.timedelta(seconds=1.5)
    assert dataclasses.replace(found, start_timestamp_millis=225).time == dt.timedelta(milliseconds=225)
    assert found.time == dt.timedelta()


def test_views_of_a_segment() -> None:
    """Start and end of a segment are also given as timedeltas and as timecodes."""
    shot = segment()

    assert (shot.start, shot.end) == (dt.timedelta(milliseconds=1001), dt.timedelta(seconds=60, milliseconds=60))
    assert shot.start_timecode == Timecode(0, 0, 1, 0, drop_frame=True)
    assert shot.end_timecode == Timecode(0, 1, 0, 2, drop_frame=True)


def test_confidence_of_a_segment() -> None:
    """A segment's confidence is that of its shot or its cue; a segment of an unknown type has none."""
    shot = segment(ShotSegment={"Index": 0, "Confidence": 99.5})
    cue = segment(Type="TECHNICAL_CUE", TechnicalCueSegment={"Type": "BlackFrames", "Confidence": 0.0})

    assert shot.shot_segment == ShotSegment(index=0, confidence=99.5)
    assert shot.confidence == 99.5
    assert shot.type is SegmentType.SHOT
    assert cue.technical_cue_segment == TechnicalCueSegment(type=TechnicalCueType.BLACK_FRAMES, confidence=0.0)
    assert cue.confidence == 0.0
    assert segment(Type="SCENE").confidence is None


@pytest.mark.parametrize(
    ("uri", "bucket", "name", "version"),
    [
        ("s3://media/street.mp4", "media", "street.mp4", None),
        ("s3://media/a/b//c d%20e+ü.mp4", "media", "a/b//c d%20e+ü.mp4", None),
        ("s3://media/a.mp4?versionId=abc", "media", "a.mp4", "abc"),
        ("s3://media/a.mp4?versionId=a%2Fb%3F", "media", "a.mp4", "a/b?"),
        ("s3://media/a?versionId=b?versionId=c", "media", "a?versionId=b", "c"),
        ("s3://media/a.mp4?x=1", "media", "a.mp4?x=1", None),
        ("s3://media//", "media", "/", None),
    ],
)
def test_known_s3_uris(uri: str, bucket: str, name: str, version: str | None) -> None:
    """An S3 URI gives bucket, key as it stands, and version; and comes back from them."""
    read = S3Object.from_uri(uri)

    assert read == S3Object(bucket=bucket, name=name, version=version)
    assert read.uri == uri


@given(
    st.text(min_size=1).filter(lambda bucket: "/" not in bucket),
    st.text(min_size=1).filter(lambda name: "?versionId=" not in name),
    st.none() | st.text(min_size=1),
)
def test_s3_uris_round_trip(bucket: str, name: str, version: str | None) -> None:
    """The URI of an object names that object, whatever the characters."""
    stored = S3Object(bucket=bucket, name=name, version=version)

    assert S3Object.from_uri(stored.uri) == stored


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "media/a",
        "s3:/media/a",
        "s3://",
        "s3://media",
        "s3://media/",
        "s3:///a",
        "https://media/a",
        "S3://media/a",
        "s3://media/?versionId=a",
        "s3://media/a?versionId=",
    ],
)
def test_other_uris_are_refused(uri: str) -> None:
    """What is no S3 URI, or lacks bucket, key or the version that it announces, is refused."""
    with pytest.raises(ValueError, match="an S3 URI reads"):
        S3Object.from_uri(uri)
