"""``rekvid serve``: the endpoint over the local backend, until it is told to end."""

from __future__ import annotations

import importlib.util
import logging
import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rekvid.cli.exits import exit_codes
from rekvid.errors import ConfigurationError, MissingExtraError, ValidationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from rekvid.backends.local import LocalBackend
    from rekvid.endpoint import Server

_LOOK: Final = 0.1  # seconds between two looks whether a signal has come


def serve(
    *,
    bucket: Annotated[
        list[str] | None, typer.Option("--bucket", metavar="NAME=FOLDER", help="Let a folder be a bucket; repeatable.")
    ] = None,
    s3_endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Read all other buckets from the S3 at this address.")
    ] = None,
    sns_endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Publish to the SNS at this address when a job has ended.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback's need --credentials.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8124,
    allowed_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name that callers may use; repeatable.")
    ] = None,
    credentials: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check signatures with these keys, as in ~/.aws/credentials.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where jobs are kept. Default: the user's state folder.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Jobs that run at once.")] = 1,
    open_jobs: Annotated[int, typer.Option(min=1, help="Jobs that may be open; one more is refused.")] = 20,
    requests_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Throttle more requests than these.")
    ] = None,
    drain: Annotated[float, typer.Option(min=0, help="Seconds that open jobs are given when the server ends.")] = 30,
) -> None:
    """Answer any AWS SDK as Rekognition Video does, with jobs that run on this machine."""
    with exit_codes():
        if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
            raise MissingExtraError("serve", "the endpoint")
        from rekvid.backends.local import LocalBackend, VideoLimits
        from rekvid.endpoint import Keys, Limits, Server, Settings, Topics

        buckets = _folders(bucket or [])
        if not buckets and s3_endpoint_url is None:
            raise ConfigurationError("there are no videos to serve: give --bucket NAME=FOLDER or --s3-endpoint-url URL")
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
        s3 = _s3(s3_endpoint_url) if s3_endpoint_url is not None else None
        backend = LocalBackend(store=state, workers=workers, buckets=buckets, s3=s3, video_limits=VideoLimits())
        try:
            assert backend.folder is not None
            settings = Settings(
                keys=Keys.read(credentials) if credentials is not None else None,
                limits=Limits(open_jobs=open_jobs, requests_per_second=requests_per_second),
                allowed_hosts=tuple(allowed_host or ()),
                publish=Topics(sns_endpoint_url) if sns_endpoint_url is not None else None,
                journal=backend.folder / "endpoint.sqlite3",
            )
            with Server(backend, host=host, port=port, settings=settings) as server:
                _run(server, backend, drain)
        finally:
            backend.close()


def _run(server: Server, backend: LocalBackend, drain: float) -> None:
    """Wait for a signal, then for the open jobs; a second signal doesn't wait for them."""
    told = 0

    def tell(_number: int, _frame: FrameType | None) -> None:
        nonlocal told  # no lock or event: a handler may come in while their own locks are held
        told += 1

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    typer.echo(f"rekvid answers as Rekognition Video at {server.url}; end it with Ctrl-C")
    while not told:
        time.sleep(_LOOK)
    end = time.monotonic() + drain
    if not server.drain(0):
        typer.echo(f"rekvid waits up to {drain:g} s for open jobs; Ctrl-C again ends them", err=True)
    while not server.drain(_LOOK) and time.monotonic() < end and told == 1:
        continue
    backend.close()  # while the endpoint still stands, so that the ends of jobs that this cuts short are announced


def _folders(buckets: list[str]) -> dict[str, str]:
    """The folders of ``NAME=FOLDER``."""
    folders = {}
    for each in buckets:
        name, equals, folder = each.partition("=")
        if not (name and equals and folder):
            raise ValidationError("--bucket", each, "must read NAME=FOLDER: media=/srv/media")
        folders[name] = folder
    return folders


def _s3(endpoint_url: str) -> S3Client:
    import boto3
    from botocore.config import Config

    session = boto3.session.Session()
    if session.get_credentials() is None:
        raise ConfigurationError(
            "no credentials to read from S3 with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
            "servers such as moto's take any"
        )
    # By path, as bucket.127.0.0.1 is no name.
    config = Config(s3={"addressing_style": "path"})
    region = session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)
