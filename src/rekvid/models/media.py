"""Videos, where they lie, and what their streams are."""

from __future__ import annotations

import enum
from typing import Annotated
from urllib.parse import quote, unquote

from rekvid.models._shape import FirstMatch, Shape, value


class VideoColorRange(enum.StrEnum):
    """The range of luma values in use: FULL 0-255, LIMITED 16-235 (API reference, VideoMetadata)."""

    FULL = "FULL"
    LIMITED = "LIMITED"


@value
class S3Object(Shape):
    """An object in Amazon S3 (API reference, S3Object).

    Attributes:
        bucket: Name of the bucket; it must lie in the region of the endpoint.
        name: Key of the object.
        version: Version of the object in a versioned bucket; None for the newest.
    """

    bucket: str | None = None
    name: str | None = None
    version: str | None = None

    @classmethod
    def from_uri(cls, uri: str) -> S3Object:
        """Read ``s3://bucket/key``, or ``s3://bucket/key?versionId=...``. The key is taken as it stands, undecoded.

        Raises:
            ValueError: `uri` has another form.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        name, mark, version = key.rpartition("?versionId=") if "?versionId=" in key else (key, "", "")
        if scheme != "s3" or not bucket or not name or (mark and not version):
            raise ValueError(f"uri={uri!r}: an S3 URI reads s3://bucket/key or s3://bucket/key?versionId=...")
        return cls(bucket=bucket, name=name, version=unquote(version) if mark else None)

    @property
    def uri(self) -> str:
        """``s3://bucket/key``, with ``?versionId=...`` where a version is set."""
        suffix = f"?versionId={quote(self.version, safe='')}" if self.version else ""
        return f"s3://{self.bucket}/{self.name}{suffix}"


@value
class Video(Shape):
    """The video of a job (API reference, Video).

    Attributes:
        s3_object: Where it lies in S3; None for a file that was analysed on this machine.
    """

    s3_object: S3Object | None = None


@value
class VideoMetadata(Shape):
    """What the service found out about the video stream (API reference, VideoMetadata).

    Attributes:
        codec: Short name of the codec as FFmpeg has it: ``h264``.
        duration_millis: Length in milliseconds.
        format: Long name of the container as FFmpeg has it: ``QuickTime / MOV``.
        frame_rate: Frames a second, as the single-precision number that the service sends; `rekvid.timecode.exact_rate`
            gives the fraction behind it.
        frame_height: Height in pixels.
        frame_width: Width in pixels.
        color_range: Range of luma values; old model versions don't tell.
    """

    codec: str | None = None
    duration_millis: int | None = None
    format: str | None = None
    frame_rate: float | None = None
    frame_height: int | None = None
    frame_width: int | None = None
    color_range: Annotated[VideoColorRange | str, FirstMatch()] | None = None


@value
class AudioMetadata(Shape):
    """What the service found out about an audio stream (API reference, AudioMetadata).

    Attributes:
        codec: Short name of the codec as FFmpeg has it: ``aac``.
        duration_millis: Length in milliseconds.
        sample_rate: Samples a second.
        number_of_channels: Number of channels.
    """

    codec: str | None = None
    duration_millis: int | None = None
    sample_rate: int | None = None
    number_of_channels: int | None = None
