"""Local files for the service, which reads videos from S3 only: checked, uploaded once, and removed if so wished.

An object's key is the SHA-256 of its content, so the same film is uploaded once, whoever starts it under whatever
name, and a start that is made again with the same ``client_request_token`` has the same parameters.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import re
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from rekvid.backends.aws.faults import translate
from rekvid.container import UnknownContainerError, read_container
from rekvid.errors import ConfigurationError, RekvidError, ServiceError, ValidationError
from rekvid.models import S3Object
from rekvid.operations import video_of

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger("rekvid.aws")

# Developer guide, "Working with stored video analysis". Its 10 GB are taken for the larger of the two readings.
_MOST_BYTES: Final = 10 * 1024**3
_MOST_SECONDS: Final = 6 * 60 * 60
_TAKES: Final = "the service takes H.264 in MP4 or MOV"
_PIECE: Final = 1024 * 1024  # bytes that are hashed at once


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
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


class Staging:
    """Where local files are uploaded for the service to read. May be shared between threads.

    Args:
        uri: Bucket and prefix of the keys: ``s3://bucket/prefix/``. The bucket has to lie in the region of the
            Rekognition client.
        client: S3 client to use instead of one made from the backend's session.
        on_progress: Called with an `UploadProgress` from the threads that upload, one call at a time. What it raises
            ends the upload and is raised from the start.
        remove_after_job: Whether an object is deleted when all jobs of this process that read it have ended. Where
            other processes stage the same files, let a lifecycle rule of the bucket do it instead.
        upload_args: What goes with each upload: ``{"ServerSideEncryption": "aws:kms"}`` (boto3, S3Transfer,
            ``ALLOWED_UPLOAD_ARGS``).
        config: Sizes of the parts, and how many are sent at once; boto3's defaults when absent.

    Raises:
        ValidationError: `uri` has another form.
    """

    def __init__(
        self,
        uri: str,
        *,
        client: S3Client | None = None,
        on_progress: OnUpload | None = None,
        remove_after_job: bool = False,
        upload_args: Mapping[str, str] | None = None,
        config: TransferConfig | None = None,
    ) -> None:
        self._bucket, self._prefix = _bucket_and_prefix(uri)
        self._client = client
        self._owns_client = client is None
        self._on_progress = on_progress
        self._remove_after_job = remove_after_job
        self._upload_args = dict(upload_args or {})
        self._config = config
        self._bucket_region: str | None = None
        self._uploaded: set[_Name] = set()
        self._lock = threading.Lock()

    def stage(self, path: Path, *, region: str, make_client: Callable[[], S3Client]) -> S3Object:
        """See to it that the content of `path` is in the bucket.

        Args:
            path: The file.
            region: The region of the Rekognition client.
            make_client: Makes the S3 client, if none was given; called once at most.

        Returns:
            The object to start with. Hand it to `remove` when the job has ended, or could not be started.

        Raises:
            ValidationError: `path` can't be read, the service would not take it, or it changed meanwhile.
            ConfigurationError: The bucket doesn't exist or lies in another region; or credentials are missing.
            ServiceError: S3 refuses.
            TransportError: S3 can't be reached.
        """
        with _opened(path) as file:
            size = _check(path, file)
            client = self._connected(make_client)
            self._check_region(client, region)
            progress = _Progress(path, size, self._on_progress)
            digest = _hash(path, file, size, progress)
            key = f"{self._prefix}{digest}{_suffix(path)}"
            name = (client.meta.endpoint_url, self._bucket, key)
            with _alone(name) as shared:
                uploads = not self._is_there(client, key, size)
                if uploads:
                    self._upload(client, key, _Unchanged(path, file, size=size, digest=digest), progress)
                if self._remove_after_job:
                    shared.jobs += 1
                    if uploads:
                        with self._lock:
                            self._uploaded.add(name)
        staged = S3Object(bucket=self._bucket, name=key)
        _log.info(
            "%s is staged as %s",
            path.name,
            staged.uri,
            extra={"path": str(path), "s3_uri": staged.uri, "bytes": size, "uploaded": uploads},
        )
        return staged

    def remove(self, staged: S3Object) -> None:
        """Note that a job is done with `staged`, and delete it after the last one.

        Only an object that this staging uploaded itself, under ``remove_after_job``, is deleted; for any other, one
        that was in the bucket before included, nothing happens. Call it once for each `stage`. A refusal of S3 is
        logged, not raised: the job's results don't depend on it.
        """
        client = self._client
        if not self._remove_after_job or client is None or staged.bucket != self._bucket or not staged.name:
            return
        name = (client.meta.endpoint_url, self._bucket, staged.name)
        with _alone(name) as shared:
            shared.jobs = max(0, shared.jobs - 1)
            with self._lock:
                if shared.jobs or name not in self._uploaded:
                    return
                self._uploaded.remove(name)
            try:
                client.delete_object(Bucket=self._bucket, Key=staged.name)
            except (ClientError, BotoCoreError) as error:
                _log.warning("%s stays: %s", staged.uri, error, extra={"s3_uri": staged.uri})

    def close(self) -> None:
        """Close the connections, unless the client was handed in. Objects stay."""
        with self._lock:
            if self._owns_client and self._client is not None:
                self._client.close()

    def _connected(self, make_client: Callable[[], S3Client]) -> S3Client:
        with self._lock:
            if self._client is None:
                self._client = make_client()
            return self._client

    def _check_region(self, client: S3Client, region: str) -> None:
        if self._bucket_region is None:
            self._bucket_region = bucket_region(client, self._bucket)
        if self._bucket_region not in {None, region}:
            raise ConfigurationError(
                f"the staging bucket {self._bucket} lies in {self._bucket_region}, and the Rekognition client in "
                f"{region}: the service reads videos of its own region only"
            )

    def _is_there(self, client: S3Client, key: str, size: int) -> bool:
        try:
            return client.head_object(Bucket=self._bucket, Key=key)["ContentLength"] == size
        except ClientError as error:
            # To who may not list the bucket, what isn't there is forbidden. If even writing is, the upload says so.
            if _status(error) in {403, 404}:
                return False
            raise self._translated(error) from error
        except BotoCoreError as error:
            raise translate(error, "HeadObject") from error

    def _upload(self, client: S3Client, key: str, content: _Unchanged, progress: _Progress) -> None:
        try:
            client.upload_fileobj(
                cast("IO[bytes]", content),  # of a file's methods s3transfer asks for no other than read
                self._bucket,
                key,
                ExtraArgs=self._upload_args,
                Callback=progress.sent,
                Config=self._config or _transfer_config(),
            )
        except ClientError as error:
            raise self._translated(error) from error
        except BotoCoreError as error:
            raise translate(error, "PutObject") from error

    def _translated(self, error: ClientError) -> RekvidError:
        translated = translate(error, error.operation_name)
        if isinstance(translated, ServiceError) and _status(error) == 403:
            translated.hint = (
                f"check that the credentials may write to s3://{self._bucket}/{self._prefix} (s3:PutObject, and "
                "kms:GenerateDataKey where the bucket encrypts with a key)"
            )
        return translated

    def __repr__(self) -> str:
        return f"Staging('s3://{self._bucket}/{self._prefix}')"


def check_video(path: Path) -> None:
    """Check a file as far as that is possible at once: what it is, its codec, its size, its length.

    Raises:
        ValidationError: The file can't be read, or the service would not take it.
    """
    with _opened(path) as file:
        _check(path, file)


def bucket_region(client: S3Client, bucket: str) -> str | None:
    """The region of `bucket`; None where the caller may not know.

    Raises:
        ConfigurationError: There is no such bucket, or credentials are missing.
        TransportError: S3 can't be reached.
    """
    try:
        headers: Mapping[str, str] = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        if _status(error) == 404:
            raise ConfigurationError(f"there is no bucket {bucket}") from error
        # A refusal tells the region too.
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    except BotoCoreError as error:
        raise translate(error, "HeadBucket") from error
    if region := headers.get("x-amz-bucket-region"):
        return region
    try:  # other servers than AWS's may lack the header
        location: str | None = client.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    except ClientError:
        return None
    except BotoCoreError as error:
        raise translate(error, "GetBucketLocation") from error
    # S3's API reference, GetBucketLocation: null for the first region, and an old name for the second.
    return {None: "us-east-1", "EU": "eu-west-1"}.get(location, location)


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _transfer_config() -> TransferConfig:
    from boto3.s3.transfer import TransferConfig

    # The other one, which boto3 takes where it finds it, has no limit on the memory for parts of a stream.
    return TransferConfig(preferred_transfer_client="classic")


def _bucket_and_prefix(uri: str) -> tuple[str, str]:
    prefix = uri if uri.endswith("/") else f"{uri}/"
    bucket, _, keys = prefix.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://"):
        raise ValidationError("staging", uri, "a place for uploads reads s3://bucket/prefix/")
    try:
        video_of(S3Object(bucket=bucket, name=f"{keys}{'0' * 64}.suffix"))
    except ValidationError as error:
        raise ValidationError("staging", uri, f"{error.field}: {error.rule}") from None
    return bucket, keys


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""


@contextmanager
def _opened(path: Path) -> Iterator[io.FileIO]:
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


def _check(path: Path, file: io.FileIO) -> int:
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


def _hash(path: Path, file: io.FileIO, size: int, progress: _Progress) -> str:
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


class _Unchanged:
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


class _Progress:
    """Counts, and tells."""

    def __init__(self, path: Path, size: int, tell: OnUpload | None) -> None:
        self._path = path
        self._size = size
        self._tell = tell
        self._hashed = 0
        self._sent = 0
        self._lock = threading.Lock()

    def hashed(self, amount: int) -> None:
        self._count(amount, 0)

    def sent(self, amount: int) -> None:
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


_Name = tuple[str, str, str]  # endpoint, bucket, key


@dataclass(slots=True)
class _Shared:
    """What the stagings of this process share about an object."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    threads: int = 0  # that are at it, or wait to be
    jobs: int = 0  # that read it, under stagings that remove it afterwards


_shared: dict[_Name, _Shared] = {}
_shared_lock = threading.Lock()


@contextmanager
def _alone(name: _Name) -> Iterator[_Shared]:
    """Let one thread of this process at a time look after an object."""
    with _shared_lock:
        shared = _shared.setdefault(name, _Shared())
        shared.threads += 1
    try:
        with shared.lock:
            yield shared
    finally:
        with _shared_lock:
            shared.threads -= 1
            if not shared.threads and not shared.jobs:
                del _shared[name]
