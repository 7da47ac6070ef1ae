"""Where the local backend finds videos: files, folders that stand for buckets, and S3 itself."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from rekvid.backends.local.video.sizes import ObjectName, VideoLimits, opened_object
from rekvid.errors import InvalidS3ObjectError
from rekvid.models import S3Object, Video

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOWHERE = Path(os.devnull)  # no regular file, so it is refused
# The service's message, word for word (developer guide, "Error components").
_NO_METADATA = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


class Sources:
    """Finds videos.

    Args:
        buckets: Folders that stand for buckets, by the name of the bucket. Nothing outside a folder can be read.
        s3: Client that fetches the objects of all other buckets; made from boto3's default chain when first needed.
        fetch: Whether buckets that are no folders are fetched from S3 at all.
        limits: How large a video may be; None for as large as can be read.
    """

    def __init__(
        self,
        buckets: Mapping[str, Path],
        s3: S3Client | None = None,
        *,
        fetch: bool = True,
        limits: VideoLimits | None = None,
    ) -> None:
        self._folders = {name: folder.resolve() for name, folder in buckets.items()}
        self._s3 = s3
        self._fetch = fetch
        self._limits = limits
        self._lock = threading.Lock()

    def check(self, video: Video | Path, operation: str) -> None:
        """Look whether `video` is there, reading no more of it than its head.

        Raises:
            InvalidS3ObjectError: It isn't, or it may not be read.
            VideoTooLargeError: It is larger than the limits.
        """
        if isinstance(video, Path):
            self._check_file(video, operation, str(video))
            return
        s3_object = video.s3_object or S3Object()
        file = self._mapped(s3_object)
        if file is not None:
            try:
                self._check_file(file, operation, "")
            except InvalidS3ObjectError:  # where the folder lies is not the caller's to know
                hint = f"{s3_object.uri} is no file in the folder that stands for the bucket"
                raise InvalidS3ObjectError(_NO_METADATA, operation=operation, hint=hint) from None
            return
        self._check_object(s3_object, operation)

    def _check_file(self, file: Path, operation: str, name: str) -> None:
        _check_readable(file, operation, name)
        if self._limits is not None:
            self._limits.check_file(file, operation)

    def _check_object(self, s3_object: S3Object, operation: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # only those who read from S3 wait for boto3

        name = ObjectName(Bucket=s3_object.bucket or "", Key=s3_object.name or "", **_version(s3_object))
        try:
            size = self._client().head_object(**name)["ContentLength"]
            if self._limits is not None:
                with opened_object(self._client(), name, size) as file:
                    self._limits.check(file, size, operation)
        except (ClientError, BotoCoreError) as error:
            hint = f"{s3_object.uri}: {error}"
            raise InvalidS3ObjectError(_NO_METADATA, operation=operation, hint=hint) from error

    @contextmanager
    def file(self, video: Video | Path, check: Callable[[], None] = lambda: None) -> Iterator[Path]:
        """The file of `video` while the context lasts; an object in S3 is fetched for that long.

        `check` is called while it is fetched, and gives up by raising.
        """
        if isinstance(video, Path):
            yield video
            return
        s3_object = video.s3_object or S3Object()
        mapped = self._mapped(s3_object)
        if mapped is not None:
            yield mapped
            return
        with tempfile.TemporaryDirectory(prefix="rekvid-") as folder:
            fetched = Path(folder, "video")
            self._client().download_file(
                s3_object.bucket or "",
                s3_object.name or "",
                str(fetched),
                ExtraArgs=dict(_version(s3_object)),
                Callback=lambda _: check(),
            )
            yield fetched

    def _mapped(self, s3_object: S3Object) -> Path | None:
        """The file that stands for `s3_object`; None if its bucket is not mapped to a folder.

        What can't be there is the folder itself, which fails to be read as a file like any other missing one.
        """
        folder = self._folders.get(s3_object.bucket or "")
        if folder is None:
            return None if self._fetch else _NOWHERE
        if s3_object.version is not None:  # files have no versions
            return folder
        try:
            # Resolved, so that neither `..` nor an absolute key nor a link leads out of the folder.
            file = (folder / (s3_object.name or "")).resolve()
        except (OSError, ValueError, RuntimeError):  # a NUL in the key; a circle of links, before Python 3.13
            return folder
        return file if file.is_relative_to(folder) else folder

    def _client(self) -> S3Client:
        with self._lock:
            if self._s3 is None:
                import boto3

                self._s3 = boto3.session.Session().client("s3")
            return self._s3


def _check_readable(file: Path, operation: str, name: str) -> None:
    try:
        if stat.S_ISREG(file.stat().st_mode) or file.is_dir():
            with file.open("rb"):  # a folder says here what it is
                return
        reason: object = "it is no regular file"  # a pipe, say, which would be waited for
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
    raise InvalidS3ObjectError(f"{name} can't be read: {reason}", operation=operation)


class _Version(TypedDict, total=False):
    VersionId: str


def _version(s3_object: S3Object) -> _Version:
    return _Version() if s3_object.version is None else _Version(VersionId=s3_object.version)
