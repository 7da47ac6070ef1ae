"""How large and how long a video may be, where the service's limits are to hold here too."""

from __future__ import annotations

import dataclasses
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypedDict, cast

from rekvid.container import UnknownContainerError, read_container
from rekvid.errors import VideoTooLargeError
from rekvid.models._rules import Checked, Number, Whole

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VideoLimits(Checked):
    """The largest videos that are taken. The defaults are the service's.

    Attributes:
        size: In bytes: 10 GB, taken for the larger of the two readings (developer guide, "Working with stored video
            analysis").
        seconds: Length: 6 hours. What a file doesn't say of itself is not held against it.

    Raises:
        ValidationError: A field is out of its range.
    """

    size: Annotated[int, Whole(1)] = 10 * 1024**3
    seconds: Annotated[float, Number(0, 1e9)] = 6 * 60 * 60

    def check(self, file: BinaryIO, size: int, operation: str) -> None:
        """Look at `file`, which has `size` bytes and can seek.

        Raises:
            VideoTooLargeError: It is too large or too long.
            OSError: It can't be read.
        """
        if size > self.size:
            message = f"The video has {size} bytes, and may have at most {self.size}."
            raise VideoTooLargeError(message, operation=operation)
        try:
            seconds = read_container(file).seconds
        except UnknownContainerError:  # the job will say what it is
            return
        if seconds is not None and seconds > self.seconds:
            message = f"The video is {math.ceil(seconds)} s long, and may be at most {self.seconds:g} s."
            raise VideoTooLargeError(message, operation=operation)

    def check_file(self, path: Path, operation: str) -> None:
        """The same for a file on this machine."""
        with path.open("rb") as file:
            self.check(file, path.stat().st_size, operation)


class ObjectName(TypedDict, total=False):
    """What names an object to an S3 client."""

    Bucket: str
    Key: str
    VersionId: str


def opened_object(client: S3Client, name: ObjectName, size: int) -> BinaryIO:
    """An object in S3 as a file to read from; only the parts that are read are fetched."""
    return cast("BinaryIO", io.BufferedReader(_Object(client, name, size), buffer_size=64 * 1024))


class _Object(io.RawIOBase):
    """The bytes of an object, each read a request of its own."""

    def __init__(self, client: S3Client, name: ObjectName, size: int) -> None:
        self._client = client
        self._name = name
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._size)
        if end <= self._position:
            return 0
        piece = f"bytes={self._position}-{end - 1}"
        answer = self._client.get_object(**self._name, Range=piece)
        with answer["Body"] as body:
            data = body.read()
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
