from __future__ import annotations

import hashlib
import io
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boto3.s3.transfer import TransferConfig

from handmade import mp4
from rekvid.backends.aws.files import UploadProgress
from rekvid.backends.aws.staging import Staging
from rekvid.errors import ValidationError
from rekvid.models import S3Object
from s3_answers import DENIED, MIB, PARTS, REGION, answer_with, calls_of, client_of, keys_in, stage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def long_film(tmp_path: Path) -> Path:
    """One that is sent in three parts."""
    path = tmp_path / "long.mp4"
    path.write_bytes(mp4(media=os.urandom(11 * MIB)))
    return path


def test_key_is_the_hash_of_the_content(s3: S3Client, handmade_film: Path) -> None:
    """A file is uploaded whole, under the prefix, by the SHA-256 of its content and its ending in small letters."""
    staged = stage(Staging("s3://media/some/prefix", client=s3), handmade_film)
    key = f"some/prefix/{hashlib.sha256(handmade_film.read_bytes()).hexdigest()}.mp4"
    assert staged == S3Object(bucket="media", name=key)
    assert s3.get_object(Bucket="media", Key=key)["Body"].read() == handmade_film.read_bytes()


@pytest.mark.parametrize(
    ("uri", "name", "key"),
    [
        ("s3://media", "a.mp4", "{}.mp4"),
        ("s3://media/", "a", "{}"),
        ("s3://media/p", "a.mp4", "p/{}.mp4"),
        ("s3://media/p/q/", "a.b c", "p/q/{}"),
    ],
)
def test_prefix_and_ending(s3: S3Client, tmp_path: Path, uri: str, name: str, key: str) -> None:
    """A prefix may be missing, and end with a slash or not; an ending that is none is left out."""
    path = tmp_path / name
    path.write_bytes(mp4())
    assert stage(Staging(uri, client=s3), path).name == key.format(hashlib.sha256(mp4()).hexdigest())


@pytest.mark.parametrize("uri", ["media/prefix", "http://media/", "s3://", "s3://a/b", "s3://me dia/", "s3:///p"])
def test_place_has_to_be_one_in_s3(uri: str) -> None:
    """A place that is no bucket and prefix is refused when it is given, not at the first upload."""
    with pytest.raises(ValidationError) as caught:
        Staging(uri)
    assert caught.value.field == "staging"


def test_same_content_is_uploaded_once(s3: S3Client, handmade_film: Path, tmp_path: Path) -> None:
    """A second start sends nothing, also by another staging and under another name of the file."""
    first = stage(Staging("s3://media/p/", client=s3), handmade_film)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(handmade_film.read_bytes())
    called = calls_of(s3)
    assert stage(Staging("s3://media/p/", client=s3), copy) == first
    assert called == ["HeadBucket", "HeadObject"]


def test_object_of_another_size_is_replaced(s3: S3Client, handmade_film: Path) -> None:
    """What has the key but not the size is not taken for the file."""
    staged = stage(Staging("s3://media/", client=s3), handmade_film)
    s3.put_object(Bucket="media", Key=str(staged.name), Body=b"half")
    stage(Staging("s3://media/", client=s3), handmade_film)
    assert s3.head_object(Bucket="media", Key=str(staged.name))["ContentLength"] == handmade_film.stat().st_size


def test_large_file_goes_in_parts(s3: S3Client, long_film: Path) -> None:
    """A file over the threshold is sent in parts, and is whole in the bucket."""
    called = calls_of(s3)
    staged = stage(Staging("s3://media/", client=s3, config=PARTS), long_film)
    assert called.count("UploadPart") == 3
    assert s3.get_object(Bucket="media", Key=str(staged.name))["Body"].read() == long_film.read_bytes()


def test_progress_is_told(s3: S3Client, long_film: Path) -> None:
    """Hashing and sending are told as they go on, up to the whole; what is there already is hashed alone."""
    told: list[UploadProgress] = []
    staging = Staging("s3://media/", client=s3, config=PARTS, on_progress=told.append)
    stage(staging, long_film)
    size = long_film.stat().st_size
    assert {(each.path, each.bytes_total) for each in told} == {(long_film, size)}
    hashing = [each.bytes_hashed for each in told if each.bytes_sent == 0]
    assert hashing == sorted(hashing)
    assert len(hashing) >= 11
    assert (told[-1].bytes_hashed, told[-1].bytes_sent) == (size, size)
    told.clear()
    stage(staging, long_film)
    assert (told[-1].bytes_hashed, told[-1].bytes_sent) == (size, 0)


def test_who_is_told_can_end_the_upload(s3: S3Client, long_film: Path) -> None:
    """What the callback raises in the middle of an upload is raised from it, and nothing is left in the bucket."""

    class EnoughError(Exception):
        pass

    def stop(progress: UploadProgress) -> None:
        if progress.bytes_sent:
            raise EnoughError

    with pytest.raises(EnoughError):
        stage(Staging("s3://media/", client=s3, config=PARTS, on_progress=stop), long_film)
    assert keys_in(s3) == []
    assert s3.list_multipart_uploads(Bucket="media").get("Uploads", []) == []


def test_upload_args_go_with_the_upload(s3: S3Client, handmade_film: Path) -> None:
    """Encryption and the like can be asked for."""
    staging = Staging("s3://media/", client=s3, upload_args={"ServerSideEncryption": "AES256"})
    staged = stage(staging, handmade_film)
    assert s3.head_object(Bucket="media", Key=str(staged.name))["ServerSideEncryption"] == "AES256"


def test_threads_upload_a_file_once(s3: S3Client, handmade_film: Path) -> None:
    """However many threads start the same file at once, one uploads it and the others wait for that."""
    called = calls_of(s3)
    together = threading.Barrier(8)

    def start(_: int) -> S3Object:
        together.wait(timeout=60)
        return stage(Staging("s3://media/", client=s3), handmade_film)

    with ThreadPoolExecutor(8) as pool:
        staged = set(pool.map(start, range(8)))
    assert len(staged) == 1
    assert called.count("PutObject") == 1


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _change_last_byte(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, io.SEEK_END)
        file.write(b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as when the clock of files ticks slowly


@pytest.mark.parametrize("change", [_append, _cut, _empty, _change_last_byte])
@pytest.mark.parametrize(
    ("size", "when"),
    [
        (1000, "after it was hashed"),
        (23 * MIB, "while it is hashed"),
        (23 * MIB, "after it was hashed"),
        (23 * MIB, "while it is sent"),
    ],
)
def test_file_that_changes_is_refused(
    s3: S3Client, tmp_path: Path, change: Callable[[Path], None], size: int, when: str
) -> None:
    """A file that changes under the upload, however little, is an error, and nothing is in the bucket afterwards."""
    path = tmp_path / "film.mp4"
    path.write_bytes(mp4(media=bytes(size)))
    total = path.stat().st_size
    changed: list[UploadProgress] = []

    def on_progress(progress: UploadProgress) -> None:
        due = {
            "while it is hashed": progress.bytes_hashed < total,
            "after it was hashed": progress.bytes_hashed == total,
            "while it is sent": progress.bytes_sent > 0,
        }
        if due[when] and not changed:
            changed.append(progress)
            change(path)

    # One part at a time, so that parts are left to be read when the first is on its way.
    one_by_one = TransferConfig(
        multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, use_threads=False, preferred_transfer_client="classic"
    )
    staging = Staging("s3://media/", client=s3, config=one_by_one, on_progress=on_progress)
    if when == "while it is hashed" and change is _change_last_byte:
        staged = stage(staging, path)
        assert staged.name == f"{hashlib.sha256(path.read_bytes()).hexdigest()}.mp4", "it was hashed as it now is"
        return
    with pytest.raises(ValidationError, match="changed while it was uploaded") as caught:
        stage(staging, path)
    assert caught.value.field == "video"
    assert len(changed) == 1
    assert keys_in(s3) == []
    assert s3.list_multipart_uploads(Bucket="media").get("Uploads", []) == []


def test_object_goes_after_the_last_job(s3: S3Client, handmade_film: Path) -> None:
    """An uploaded object stays for as long as a job of this process reads it, by whichever staging, and then goes."""
    one = Staging("s3://media/", client=s3, remove_after_job=True)
    two = Staging("s3://media/", client=s3, remove_after_job=True)
    staged = stage(one, handmade_film)
    assert stage(one, handmade_film) == stage(two, handmade_film) == staged
    two.remove(staged)
    one.remove(staged)
    assert keys_in(s3) == [staged.name]
    one.remove(staged)
    assert keys_in(s3) == []
    assert stage(one, handmade_film) == staged
    assert keys_in(s3) == [staged.name], "it is uploaded again when it is needed again"
    one.remove(staged)


def test_only_what_was_uploaded_here_is_removed(s3: S3Client, handmade_film: Path) -> None:
    """What others had uploaded, or what this staging never saw, is left in the bucket."""
    theirs = stage(Staging("s3://media/", client=s3), handmade_film)
    s3.put_object(Bucket="media", Key="other.mp4", Body=b"x")
    staging = Staging("s3://media/", client=s3, remove_after_job=True)
    assert stage(staging, handmade_film) == theirs
    for each in (theirs, theirs, S3Object(bucket="media", name="other.mp4"), S3Object(bucket="else", name="x")):
        staging.remove(each)
    assert sorted(keys_in(s3)) == sorted([str(theirs.name), "other.mp4"])


def test_objects_stay_unless_it_is_said(s3: S3Client, handmade_film: Path) -> None:
    """Without the wish to remove, nothing is removed."""
    staging = Staging("s3://media/", client=s3)
    staged = stage(staging, handmade_film)
    staging.remove(staged)
    assert keys_in(s3) == [staged.name]


def test_removal_that_fails_is_only_logged(s3: S3Client, handmade_film: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An object that may not be deleted costs a line in the log, not the job's results."""
    denied = client_of(s3.meta.endpoint_url)
    answer_with(denied, "DeleteObject", 403, DENIED)
    staging = Staging("s3://media/", client=denied, remove_after_job=True)
    staged = stage(staging, handmade_film)
    with caplog.at_level(logging.WARNING, logger="rekvid.aws"):
        staging.remove(staged)
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert (record.name, vars(record)["s3_uri"]) == ("rekvid.aws", staged.uri)
    denied.close()


def test_client_is_made_once_and_closed(moto_url: str, s3: S3Client, handmade_film: Path) -> None:
    """Without a client one is made at the first file, kept, and closed at the end; one that was given stays open."""
    made: list[S3Client] = []

    def make() -> S3Client:
        made.append(client_of(moto_url))
        return made[-1]

    staging = Staging("s3://media/")
    for _ in range(2):
        staging.stage(handmade_film, region=REGION, make_client=make)
    assert len(made) == 1
    staging.close()
    given_one = Staging("s3://media/", client=s3)
    given_one.close()
    assert stage(given_one, handmade_film).bucket == "media"


def test_staging_is_logged(s3: S3Client, handmade_film: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log tells what became of the file, in fields of the record, without signatures."""
    staging = Staging("s3://media/", client=s3)
    with caplog.at_level(logging.INFO, logger="rekvid.aws"):
        staged = stage(staging, handmade_film)
        stage(staging, handmade_film)
    records = [each for each in caplog.records if each.name == "rekvid.aws"]
    assert [vars(each)["uploaded"] for each in records] == [True, False]
    assert {vars(each)["s3_uri"] for each in records} == {staged.uri}
    assert "Signature" not in caplog.text


@pytest.mark.parametrize("name", ["reel.mp4", "reel.mov"])
def test_real_reel_is_staged(s3: S3Client, tmp_path: Path, name: str) -> None:
    """What an encoder writes passes the check and is in the bucket, byte for byte."""
    pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    path = make_reel(tmp_path / name, [TextureScene(seconds=0.4)], width=128, height=72).path
    staged = stage(Staging("s3://media/", client=s3), path)
    assert s3.get_object(Bucket="media", Key=str(staged.name))["Body"].read() == path.read_bytes()


def test_repr_names_the_place() -> None:
    """The repr tells where files go."""
    assert repr(Staging("s3://media/p")) == "Staging('s3://media/p/')"
