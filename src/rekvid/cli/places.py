"""Where jobs run, as the commands' options say it: at AWS, or on this machine."""

from __future__ import annotations

import dataclasses
import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rekvid.backends.base import Backend
from rekvid.cli.display import JobBar
from rekvid.client import Client
from rekvid.errors import ConfigurationError, ValidationError
from rekvid.models import NotificationChannel

if TYPE_CHECKING:
    import boto3

    from rekvid.backends.aws import StartWait


class BackendName(enum.StrEnum):
    """Where jobs run."""

    LOCAL = "local"
    AWS = "aws"


_AWS: Final = "At AWS"
_LOCAL: Final = "On this machine"

BackendOption = Annotated[BackendName, typer.Option("--backend", envvar="REKVID_BACKEND", help="Where the job runs.")]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="NAME", rich_help_panel=_AWS, help="Region. Default: as boto3 finds it."),
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", rich_help_panel=_AWS, help="Profile of the AWS settings.")
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint-url", metavar="URL", rich_help_panel=_AWS, help="Another address than AWS's.")
]
StagingOption = Annotated[
    str | None,
    typer.Option(
        "--staging", metavar="s3://BUCKET/PREFIX/", rich_help_panel=_AWS, help="Where a local file is uploaded to."
    ),
]
StartTimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--start-timeout",
        metavar="SECONDS",
        rich_help_panel=_AWS,
        help="Wait so long for room among the account's jobs.",
    ),
]
ChannelOption = Annotated[
    Path | None,
    typer.Option(
        "--channel",
        metavar="FILE",
        rich_help_panel=_AWS,
        help="Notification channel, as `rekvid provision -o` writes it.",
    ),
]
DetectorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--detector",
        metavar="NAME",
        rich_help_panel=_LOCAL,
        help="What finds labels; repeatable. `rekvid doctor` names them. Default: yolox-nano.",
    ),
]
CadenceOption = Annotated[
    int | None,
    typer.Option("--cadence", metavar="MS", rich_help_panel=_LOCAL, help="Milliseconds between samples. Default: 200."),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="FOLDER", rich_help_panel=_LOCAL, help="Keep the job here for 7 days, for `rekvid job`."
    ),
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where jobs run.

    Attributes:
        backend: At AWS or on this machine.
        region: AWS's region.
        profile: Profile of the AWS settings.
        endpoint_url: Another address than AWS's.
        staging: Where local files are uploaded for AWS.
        start_timeout: Seconds that a start waits for room among the account's jobs.
        channel: File of the notification channel.
        detectors: What finds labels on this machine.
        cadence_millis: Milliseconds between samples on this machine.
        store: Folder of the jobs of this machine.
        reads_store: Whether jobs of before are looked for, so that the store is by default the user's one.

    Raises:
        ValidationError: An option belongs to the other backend.
    """

    backend: BackendName
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    staging: str | None = None
    start_timeout: float | None = None
    channel: Path | None = None
    detectors: list[str] | None = None
    cadence_millis: int | None = None
    store: Path | None = None
    reads_store: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be left unread."""
        aws = {
            "--region": self.region,
            "--profile": self.profile,
            "--endpoint-url": self.endpoint_url,
            "--staging": self.staging,
            "--start-timeout": self.start_timeout,
            "--channel": self.channel and str(self.channel),
        }
        local = {
            "--detector": self.detectors,
            "--cadence": self.cadence_millis,
            "--store": self.store and str(self.store),
        }
        unread, other = (aws, "aws") if self.backend is BackendName.LOCAL else (local, "local")
        for option, given in unread.items():
            if given:
                raise ValidationError(option, given, f"is for --backend {other}, and this is --backend {self.backend}")

    def client(self, bar: JobBar) -> Client:
        """A client; `bar` follows its uploads."""
        channel = None if self.channel is None else read_channel(self.channel)
        if self.backend is BackendName.LOCAL:
            return Client(self._local())
        from rekvid.backends.aws import AwsBackend, Staging

        backend = AwsBackend(
            session=session_of(self.profile),
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            staging=None if self.staging is None else Staging(self.staging, on_progress=bar.uploading),
            start_timeout=self.start_timeout,
            on_wait=_tell_wait,
        )
        return Client(backend, notification_channel=channel)

    def _local(self) -> Backend:
        from rekvid.backends.local import LabelSettings, LocalBackend

        settings = None if self.cadence_millis is None else LabelSettings(cadence_millis=self.cadence_millis)
        store = self.store if self.reads_store else self.store or ":memory:"
        return LocalBackend(store=store, detectors=self.detectors or None, label_settings=settings)


def _tell_wait(wait: StartWait) -> None:
    typer.echo(f"rekvid: too many jobs run; the next try is in {wait.next_try_in:.0f} s", err=True)


def session_of(profile: str | None) -> boto3.session.Session | None:
    """The session of a profile; None where none was named.

    Raises:
        ConfigurationError: There is no such profile.
    """
    if profile is None:
        return None
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.session.Session(profile_name=profile)
    except BotoCoreError as error:
        raise ConfigurationError(f"--profile {profile}: {error}") from error


def read_channel(path: Path) -> NotificationChannel:
    """The notification channel that `write_channel` wrote.

    Raises:
        ValidationError: The file holds no channel, or one that breaks a rule.
        OSError: The file can't be read.
    """
    rule = "must hold a channel as `rekvid provision -o` writes it: sns_topic_arn, role_arn and queue_url"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return NotificationChannel(**held)
    except (TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValidationError("--channel", str(path), rule) from error


def channel_text(channel: NotificationChannel) -> str:
    """What `read_channel` reads."""
    return json.dumps(dataclasses.asdict(channel), indent=2) + "\n"
