"""Files on their way to S3: opened, checked, hashed, and read only as long as they stay what they were."""

from __future__ import annotations

import hashlib
import io
import math
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rekvid.container import UnknownContainerError, read_container
from rekvid.errors import ValidationError
from rekvid.models._shape import Value, value

# Developer guide, "Working with stored video analysis". Its 10 GB are taken for the larger of the two readings.
_MOST_BYTES: Final = 10 * 1024**3
_MOST_SECONDS: Final = 6 * 60 * 60
_TAKES: Final = "the service takes H.264 in MP4 or MOV"
_PIECE: Final = 1024 * 1024  # bytes that are hashed at once


@value
class UploadProgress(Value):
    """How far a file has come. It is hashed first, and then sent unless it is in the bucket already.

    Attributes:
        path: The file.
        bytes_hashed: Of these, so many are hashed.
        bytes_sent: Of these, so many are sent; a part that has to be sent again is taken off first.
        bytes_total: Size of the file in bytes.
    """

    path: Path
    bytes_hashed: int
    bytes_sent: int
    bytes_total: int


OnUpload = Callable[[UploadProgress], object]


@contextmanager
def opened(path: Path) -> Iterator[io.FileIO]:
    """The file, unbuffered, while the context lasts.

    Raises:
        ValidationError: It can't be read, or is no regular file.
    """
    try:
        # Opening a pipe would wait for somebody to write to it. No buffer, so that what is sent was read anew.
        file = path.open("rb", buffering=0) if stat.S_ISREG(path.stat().st_mode) else None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from error
    if file is None:
        raise ValidationError("video", str(path), "a folder or a device is no video file")
    with file:
        yield file


def _unreadable(path: Path, error: OSError | ValueError) -> ValidationError:
    return ValidationError("video", str(path), f"can't be read: {getattr(error, 'strerror', None) or error}")


def check(path: Path, file: io.FileIO) -> int:
    """Check the file and give its size in bytes."""
    try:
        size = file.seek(0, io.SEEK_END)
        if size == 0:
            raise ValidationError("video", str(path), "the file is empty")
        if size > _MOST_BYTES:
            rule = f"the file has {size:,} bytes, and the service takes at most 10 GB"
            raise ValidationError("video", str(path), rule)
        found = read_container(file)
    except UnknownContainerError as error:
        raise ValidationError("video", str(path), f"the file {error}; {_TAKES}") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if found.codec != "h264":
        raise ValidationError("video", str(path), f"the codec is {found.codec.strip()!r}; {_TAKES}")
    if found.seconds is not None and found.seconds > _MOST_SECONDS:
        rule = f"the video lasts {math.ceil(found.seconds):,} s, and the service takes at most 6 hours"
        raise ValidationError("video", str(path), rule)
    return size


def hash_of(path: Path, file: io.FileIO, size: int, progress: Progress) -> str:
    """The SHA-256 of the file, which is of `size` bytes."""
    digest = hashlib.sha256()
    left = size
    file.seek(0)
    while piece := _read(path, file, min(_PIECE, left + 1)):
        digest.update(piece)
        left -= len(piece)
        progress.hashed(len(piece))
        if left < 0:
            break
    if left:
        raise _changed(path)
    return digest.hexdigest()


def _changed(path: Path) -> ValidationError:
    return ValidationError("video", str(path), "the file changed while it was uploaded; start when it is finished")


def _read(path: Path, file: io.FileIO, amount: int) -> bytes:
    """Up to `amount` bytes; fewer only at the end of the file."""
    pieces: list[bytes] = []
    try:
        while amount > 0 and (piece := file.read(amount)):
            pieces.append(piece)
            amount -= len(piece)
    except OSError as error:
        raise _unreadable(path, error) from error
    return b"".join(pieces)


class Unchanged:
    """A file for s3transfer to read from start to end, which fails before its last byte where its content changed.

    s3transfer reads what can't seek in order, into parts in memory, and completes an upload only after it could read
    all of them. So no object ever has a key that its content doesn't match.
    """

    def __init__(self, path: Path, file: io.FileIO, *, size: int, digest: str) -> None:
        self._path = path
        self._file = file
        self._left = size
        self._expected = digest
        self._digest = hashlib.sha256()
        file.seek(0)

    def read(self, amount: int = -1) -> bytes:
        """Up to `amount` bytes, all that is left when it is negative.

        Raises:
            ValidationError: The file changed.
        """
        wanted = self._left if amount < 0 else min(amount, self._left)
        data = _read(self._path, self._file, wanted)
        self._digest.update(data)
        self._left -= len(data)
        at_end = self._left == 0
        if len(data) < wanted or (
            at_end and (self._digest.hexdigest() != self._expected or _read(self._path, self._file, 1))
        ):
            raise _changed(self._path)
        return data


class Progress:
    """Counts, and tells."""

    def __init__(self, path: Path, size: int, tell: OnUpload | None) -> None:
        self._path = path
        self._size = size
        self._tell = tell
        self._hashed = 0
        self._sent = 0
        self._lock = threading.Lock()

    def hashed(self, amount: int) -> None:
        """So many bytes more are hashed."""
        self._count(amount, 0)

    def sent(self, amount: int) -> None:
        """So many bytes more are sent; fewer when a part has to be sent again."""
        self._count(0, amount)

    def _count(self, hashed: int, sent: int) -> None:
        with self._lock:
            self._hashed += hashed
            self._sent += sent
            if self._tell is not None:
                self._tell(
                    UploadProgress(
                        path=self._path, bytes_hashed=self._hashed, bytes_sent=self._sent, bytes_total=self._size
                    )
                )
