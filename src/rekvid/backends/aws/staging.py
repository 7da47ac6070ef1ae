"""Local files for the service, which reads videos from S3 only: checked, uploaded once, and removed if so wished.

An object's key is the SHA-256 of its content, so the same film is uploaded once, whoever starts it under whatever
name, and a start that is made again with the same ``client_request_token`` has the same parameters.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from rekvid.backends.aws.faults import translate
from rekvid.backends.aws.files import OnUpload, Progress, Unchanged, check, hash_of, opened
from rekvid.errors import ConfigurationError, RekvidError, ServiceError, ValidationError
from rekvid.models import S3Object
from rekvid.operations import video_of

if TYPE_CHECKING:
    from boto3.s3.transfer import TransferConfig
    from mypy_boto3_s3 import S3Client

_log = logging.getLogger("rekvid.aws")


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
        with opened(path) as file:
            size = check(path, file)
            client = self._connected(make_client)
            self._check_region(client, region)
            progress = Progress(path, size, self._on_progress)
            digest = hash_of(path, file, size, progress)
            key = f"{self._prefix}{digest}{_suffix(path)}"
            name = (client.meta.endpoint_url, self._bucket, key)
            with _alone(name) as shared:
                uploads = not self._is_there(client, key, size)
                if uploads:
                    self._upload(client, key, Unchanged(path, file, size=size, digest=digest), progress)
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

    def _upload(self, client: S3Client, key: str, content: Unchanged, progress: Progress) -> None:
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
    with opened(path) as file:
        check(path, file)


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
