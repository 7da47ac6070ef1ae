from __future__ import annotations

import hashlib
import io
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HTTPHeaders
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handmade import avi, mp4, track
from rekvid.backends.aws.files import UploadProgress
from rekvid.backends.aws.staging import Staging, bucket_region, check_video
from rekvid.errors import ConfigurationError, ServiceError, TransportError, ValidationError
from rekvid.models import S3Object

server = pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-west-1"
MIB = 1024 * 1024
PARTS = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, preferred_transfer_client="classic")


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The address of moto's server."""
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


def _client(url: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def s3(s3_url: str) -> Iterator[S3Client]:
    """A client of moto's S3, with an empty bucket."""
    client = _client(s3_url)
    client.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield client
    for key in _keys(client):
        client.delete_object(Bucket="media", Key=key)
    client.delete_bucket(Bucket="media")
    client.close()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "Film.MP4"
    path.write_bytes(mp4())
    return path


@pytest.fixture
def long_film(tmp_path: Path) -> Path:
    """One that is sent in three parts."""
    path = tmp_path / "long.mp4"
    path.write_bytes(mp4(media=os.urandom(11 * MIB)))
    return path


def _never() -> S3Client:
    raise AssertionError("a client was made although one was given")


def _stage(staging: Staging, path: Path, region: str = REGION) -> S3Object:
    return staging.stage(path, region=region, make_client=_never)


def _keys(s3: S3Client) -> list[str]:
    return [each.get("Key", "") for each in s3.list_objects_v2(Bucket="media").get("Contents", [])]


def _calls(s3: S3Client) -> list[str]:
    """The operations that `s3` calls from now on."""
    called: list[str] = []
    s3.meta.events.register("before-call.s3", lambda model, **_: called.append(model.name))
    return called


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _answer(s3: S3Client, operation: str, status: int, body: bytes = b"", **headers: str) -> None:
    """Let `operation` be answered so."""
    names = HTTPHeaders.from_dict({name.replace("_", "-"): value for name, value in headers.items()})

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return AWSResponse(str(request.url), status, names, _Body(body))

    # What a handler of this event gives is the answer, which the stubs don't know.
    s3.meta.events.register(f"before-send.s3.{operation}", answer)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


def test_key_is_the_hash_of_the_content(s3: S3Client, film: Path) -> None:
    """A file is uploaded whole, under the prefix, by the SHA-256 of its content and its ending in small letters."""
    staged = _stage(Staging("s3://media/some/prefix", client=s3), film)
    key = f"some/prefix/{hashlib.sha256(film.read_bytes()).hexdigest()}.mp4"
    assert staged == S3Object(bucket="media", name=key)
    assert s3.get_object(Bucket="media", Key=key)["Body"].read() == film.read_bytes()


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
    assert _stage(Staging(uri, client=s3), path).name == key.format(hashlib.sha256(mp4()).hexdigest())


@pytest.mark.parametrize("uri", ["media/prefix", "http://media/", "s3://", "s3://a/b", "s3://me dia/", "s3:///p"])
def test_place_has_to_be_one_in_s3(uri: str) -> None:
    """A place that is no bucket and prefix is refused when it is given, not at the first upload."""
    with pytest.raises(ValidationError) as caught:
        Staging(uri)
    assert caught.value.field == "staging"


def test_same_content_is_uploaded_once(s3: S3Client, film: Path, tmp_path: Path) -> None:
    """A second start sends nothing, also by another staging and under another name of the file."""
    first = _stage(Staging("s3://media/p/", client=s3), film)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(film.read_bytes())
    called = _calls(s3)
    assert _stage(Staging("s3://media/p/", client=s3), copy) == first
    assert called == ["HeadBucket", "HeadObject"]


def test_object_of_another_size_is_replaced(s3: S3Client, film: Path) -> None:
    """What has the key but not the size is not taken for the file."""
    staged = _stage(Staging("s3://media/", client=s3), film)
    s3.put_object(Bucket="media", Key=str(staged.name), Body=b"half")
    _stage(Staging("s3://media/", client=s3), film)
    assert s3.head_object(Bucket="media", Key=str(staged.name))["ContentLength"] == film.stat().st_size


def test_large_file_goes_in_parts(s3: S3Client, long_film: Path) -> None:
    """A file over the threshold is sent in parts, and is whole in the bucket."""
    called = _calls(s3)
    staged = _stage(Staging("s3://media/", client=s3, config=PARTS), long_film)
    assert called.count("UploadPart") == 3
    assert s3.get_object(Bucket="media", Key=str(staged.name))["Body"].read() == long_film.read_bytes()


def test_progress_is_told(s3: S3Client, long_film: Path) -> None:
    """Hashing and sending are told as they go on, up to the whole; what is there already is hashed alone."""
    told: list[UploadProgress] = []
    staging = Staging("s3://media/", client=s3, config=PARTS, on_progress=told.append)
    _stage(staging, long_film)
    size = long_film.stat().st_size
    assert {(each.path, each.bytes_total) for each in told} == {(long_film, size)}
    hashing = [each.bytes_hashed for each in told if each.bytes_sent == 0]
    assert hashing == sorted(hashing)
    assert len(hashing) >= 11
    assert (told[-1].bytes_hashed, told[-1].bytes_sent) == (size, size)
    told.clear()
    _stage(staging, long_film)
    assert (told[-1].bytes_hashed, told[-1].bytes_sent) == (size, 0)


def test_who_is_told_can_end_the_upload(s3: S3Client, long_film: Path) -> None:
    """What the callback raises in the middle of an upload is raised from it, and nothing is left in the bucket."""

    class EnoughError(Exception):
        pass

    def stop(progress: UploadProgress) -> None:
        if progress.bytes_sent:
            raise EnoughError

    with pytest.raises(EnoughError):
        _stage(Staging("s3://media/", client=s3, config=PARTS, on_progress=stop), long_film)
    assert _keys(s3) == []
    assert s3.list_multipart_uploads(Bucket="media").get("Uploads", []) == []


def test_upload_args_go_with_the_upload(s3: S3Client, film: Path) -> None:
    """Encryption and the like can be asked for."""
    staging = Staging("s3://media/", client=s3, upload_args={"ServerSideEncryption": "AES256"})
    staged = _stage(staging, film)
    assert s3.head_object(Bucket="media", Key=str(staged.name))["ServerSideEncryption"] == "AES256"


def test_threads_upload_a_file_once(s3: S3Client, film: Path) -> None:
    """However many threads start the same file at once, one uploads it and the others wait for that."""
    called = _calls(s3)
    together = threading.Barrier(8)

    def start(_: int) -> S3Object:
        together.wait(timeout=60)
        return _stage(Staging("s3://media/", client=s3), film)

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
        staged = _stage(staging, path)
        assert staged.name == f"{hashlib.sha256(path.read_bytes()).hexdigest()}.mp4", "it was hashed as it now is"
        return
    with pytest.raises(ValidationError, match="changed while it was uploaded") as caught:
        _stage(staging, path)
    assert caught.value.field == "video"
    assert len(changed) == 1
    assert _keys(s3) == []
    assert s3.list_multipart_uploads(Bucket="media").get("Uploads", []) == []


def test_object_goes_after_the_last_job(s3: S3Client, film: Path) -> None:
    """An uploaded object stays for as long as a job of this process reads it, by whichever staging, and then goes."""
    one = Staging("s3://media/", client=s3, remove_after_job=True)
    two = Staging("s3://media/", client=s3, remove_after_job=True)
    staged = _stage(one, film)
    assert _stage(one, film) == _stage(two, film) == staged
    two.remove(staged)
    one.remove(staged)
    assert _keys(s3) == [staged.name]
    one.remove(staged)
    assert _keys(s3) == []
    assert _stage(one, film) == staged
    assert _keys(s3) == [staged.name], "it is uploaded again when it is needed again"
    one.remove(staged)


def test_only_what_was_uploaded_here_is_removed(s3: S3Client, film: Path) -> None:
    """What others had uploaded, or what this staging never saw, is left in the bucket."""
    theirs = _stage(Staging("s3://media/", client=s3), film)
    s3.put_object(Bucket="media", Key="other.mp4", Body=b"x")
    staging = Staging("s3://media/", client=s3, remove_after_job=True)
    assert _stage(staging, film) == theirs
    for each in (theirs, theirs, S3Object(bucket="media", name="other.mp4"), S3Object(bucket="else", name="x")):
        staging.remove(each)
    assert sorted(_keys(s3)) == sorted([str(theirs.name), "other.mp4"])


def test_objects_stay_unless_it_is_said(s3: S3Client, film: Path) -> None:
    """Without the wish to remove, nothing is removed."""
    staging = Staging("s3://media/", client=s3)
    staged = _stage(staging, film)
    staging.remove(staged)
    assert _keys(s3) == [staged.name]


def test_removal_that_fails_is_only_logged(s3: S3Client, film: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An object that may not be deleted costs a line in the log, not the job's results."""
    denied = _client(s3.meta.endpoint_url)
    _answer(denied, "DeleteObject", 403, DENIED)
    staging = Staging("s3://media/", client=denied, remove_after_job=True)
    staged = _stage(staging, film)
    with caplog.at_level(logging.WARNING, logger="rekvid.aws"):
        staging.remove(staged)
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert (record.name, vars(record)["s3_uri"]) == ("rekvid.aws", staged.uri)
    denied.close()


def test_client_is_made_once_and_closed(s3_url: str, s3: S3Client, film: Path) -> None:
    """Without a client one is made at the first file, kept, and closed at the end; one that was given stays open."""
    made: list[S3Client] = []

    def make() -> S3Client:
        made.append(_client(s3_url))
        return made[-1]

    staging = Staging("s3://media/")
    for _ in range(2):
        staging.stage(film, region=REGION, make_client=make)
    assert len(made) == 1
    staging.close()
    given_one = Staging("s3://media/", client=s3)
    given_one.close()
    assert _stage(given_one, film).bucket == "media"


def test_staging_is_logged(s3: S3Client, film: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log tells what became of the file, in fields of the record, without signatures."""
    staging = Staging("s3://media/", client=s3)
    with caplog.at_level(logging.INFO, logger="rekvid.aws"):
        staged = _stage(staging, film)
        _stage(staging, film)
    records = [each for each in caplog.records if each.name == "rekvid.aws"]
    assert [vars(each)["uploaded"] for each in records] == [True, False]
    assert {vars(each)["s3_uri"] for each in records} == {staged.uri}
    assert "Signature" not in caplog.text


def test_bucket_of_another_region_is_refused(s3: S3Client, film: Path) -> None:
    """A bucket that the service can't read from is refused before anything is sent, with both regions named."""
    called = _calls(s3)
    with pytest.raises(ConfigurationError, match=r"media lies in eu-west-1.* us-east-1"):
        _stage(Staging("s3://media/", client=s3), film, "us-east-1")
    assert called == ["HeadBucket"]


def test_missing_bucket_is_refused(s3: S3Client, film: Path) -> None:
    """A bucket that doesn't exist is named."""
    with pytest.raises(ConfigurationError, match="nobodys-bucket"):
        _stage(Staging("s3://nobodys-bucket/", client=s3), film)


def test_region_is_known_from_a_refusal_too(s3: S3Client) -> None:
    """S3 tells the region also to those who may not look into the bucket."""
    _answer(s3, "HeadBucket", 403, x_amz_bucket_region="ap-south-1")
    assert bucket_region(s3, "media") == "ap-south-1"


@pytest.mark.parametrize(
    ("location", "region"), [(b"", "us-east-1"), (b"EU", "eu-west-1"), (b"eu-central-1", "eu-central-1")]
)
def test_region_is_asked_for_where_no_header_tells(s3: S3Client, location: bytes, region: str) -> None:
    """Servers without the header are asked for the location, whose old names are understood."""
    _answer(s3, "HeadBucket", 200)
    body = b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' + location + b"</LocationConstraint>"
    _answer(s3, "GetBucketLocation", 200, body)
    assert bucket_region(s3, "media") == region


def test_unknown_region_is_no_obstacle(s3: S3Client, film: Path) -> None:
    """Who may not know the region goes on: the service will say."""
    _answer(s3, "HeadBucket", 403)
    _answer(s3, "GetBucketLocation", 403, DENIED)
    assert bucket_region(s3, "media") is None
    assert _stage(Staging("s3://media/", client=s3), film, "us-east-1").bucket == "media"


def test_right_to_write_is_enough(s3: S3Client, film: Path) -> None:
    """Where looking is forbidden the file is uploaded, as it may not be there."""
    _answer(s3, "HeadObject", 403)
    called = _calls(s3)
    _stage(Staging("s3://media/", client=s3), film)
    assert called[-1] == "PutObject"


def test_refused_upload_says_what_to_check(s3: S3Client, film: Path) -> None:
    """Where S3 refuses, the error has its code and message, and names the place and the right that may be missing."""
    _answer(s3, "PutObject", 403, DENIED)
    with pytest.raises(ServiceError) as caught:
        _stage(Staging("s3://media/p", client=s3), film)
    assert (caught.value.code, caught.value.message) == ("AccessDenied", "Access Denied")
    assert caught.value.operation == "PutObject"
    assert "s3://media/p/ (s3:PutObject" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_fault_of_s3_is_translated(s3: S3Client, film: Path) -> None:
    """A fault of S3 that is no question of rights is an error of ours, too."""
    _answer(s3, "HeadObject", 500)
    with pytest.raises(ServiceError) as caught:
        _stage(Staging("s3://media/", client=s3), film)
    assert caught.value.operation == "HeadObject"


def test_unreachable_s3_is_a_transport_error(film: Path) -> None:
    """Where nobody listens the error says so."""
    client = _client("http://127.0.0.1:1")
    with pytest.raises(TransportError) as caught:
        _stage(Staging("s3://media/", client=client), film)
    assert caught.value.operation == "HeadBucket"
    client.close()


HOUR = 60 * 60


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "the file is empty"),
        (b"text", "unknown kind"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "Matroska or WebM, not MP4, MOV or AVI; the service takes H.264"),
        (mp4(track(b"hvc1")), "the codec is 'hevc'; the service takes H.264 in MP4 or MOV"),
        (avi(b"XVID"), "the codec is 'mpeg4'"),
        (mp4(track(b"mp4a", b"soun")), "no video track"),
        (mp4(media=bytes(1000))[:-500], "500 bytes are missing"),
        (mp4(seconds=6 * HOUR + 1, version=1), "lasts 21,601 s, and the service takes at most 6 hours"),
    ],
)
def test_what_the_service_would_not_take_is_refused(s3: S3Client, tmp_path: Path, data: bytes, rule: str) -> None:
    """A file that would end as a failed job is refused at once, with its path and the rule, and nothing is sent."""
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    called = _calls(s3)
    with pytest.raises(ValidationError) as caught:
        _stage(Staging("s3://media/", client=s3), path)
    assert (caught.value.field, caught.value.value) == ("video", str(path))
    assert rule in caught.value.rule
    assert called == []


@pytest.mark.parametrize("data", [mp4(), mp4(brand=b"qt  "), avi(), mp4(seconds=6 * HOUR, version=1), mp4(seconds=0)])
def test_what_the_service_takes_passes(tmp_path: Path, data: bytes) -> None:
    """H.264 in MP4, MOV and AVI passes, up to 6 hours, and where the length isn't told."""
    path = tmp_path / "film"
    path.write_bytes(data)
    check_video(path)


def test_size_has_a_limit(tmp_path: Path) -> None:
    """10 GB pass, one byte more doesn't."""
    path = tmp_path / "film.mp4"
    path.write_bytes(mp4())
    with path.open("r+b") as file:
        file.truncate(10 * 1024**3)  # zeros behind the last box, which take no room on the disk
    check_video(path)
    with path.open("r+b") as file:
        file.truncate(10 * 1024**3 + 1)
    with pytest.raises(ValidationError, match="10,737,418,241 bytes"):
        check_video(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe and a name that none can have are refused, and none is waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.mp4", tmp_path, tmp_path / "pipe", Path("a\0b")):
        with pytest.raises(ValidationError) as caught:
            check_video(path)
        assert caught.value.field == "video"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_refused(film: Path) -> None:
    """A file that may not be read is refused with the system's reason."""
    film.chmod(0)
    with pytest.raises(ValidationError, match="Permission denied"):
        check_video(film)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(), st.binary(max_size=300).map(lambda tail: mp4()[:60] + tail)))
def test_no_content_breaks_the_check(tmp_path: Path, data: bytes) -> None:
    """Whatever is in the file, it passes or is refused as a parameter."""
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    try:
        check_video(path)
    except ValidationError as error:
        assert error.field == "video"  # noqa: PT017  # when nothing is raised all is well


@pytest.mark.parametrize("name", ["reel.mp4", "reel.mov"])
def test_real_reel_is_staged(s3: S3Client, tmp_path: Path, name: str) -> None:
    """What an encoder writes passes the check and is in the bucket, byte for byte."""
    pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    path = make_reel(tmp_path / name, [TextureScene(seconds=0.4)], width=128, height=72).path
    staged = _stage(Staging("s3://media/", client=s3), path)
    assert s3.get_object(Bucket="media", Key=str(staged.name))["Body"].read() == path.read_bytes()


def test_repr_names_the_place() -> None:
    """The repr tells where files go."""
    assert repr(Staging("s3://media/p")) == "Staging('s3://media/p/')"
