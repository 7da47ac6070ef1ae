"""``rekvid provision``, ``check`` and ``teardown``: the notification channel of a pipeline at AWS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rekvid.cli import places
from rekvid.cli.exits import ExitCode, exit_codes
from rekvid.cli.output import check_target, write_text
from rekvid.cli.places import channel_text, read_channel, session_of
from rekvid.errors import ValidationError

_Name = Annotated[
    str, typer.Argument(metavar="NAME", help="What the parts are called; AmazonRekognition comes before.")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


def provision(
    name: _Name,
    *,
    kms_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Id, ARN or alias of a key of yours to encrypt with.")
    ] = None,
    dry_run: _DryRun = False,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the channel to FILE, for --channel.")
    ] = None,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
) -> None:
    """Make the topic, queue and role by which AWS tells that a job has ended; running it again changes nothing."""
    with exit_codes():
        if file is not None:
            check_target(file)
        import rekvid.aws

        made = rekvid.aws.provision(
            name,
            session=session_of(profile),
            region_name=region,
            endpoint_url=endpoint_url,
            kms_key=kms_key,
            dry_run=dry_run,
        )
        typer.echo(made)
        if file is not None and not dry_run:
            write_text(channel_text(made.channel), file)


def check(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="As given to `rekvid provision`.")] = None,
    *,
    channel: Annotated[
        Path | None, typer.Option("--channel", metavar="FILE", help="A channel's file, instead of NAME.")
    ] = None,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
) -> None:
    """Say what keeps a channel's notifications from arriving. Nothing is changed.

    The exit code is 1 if there is an error among the findings.
    """
    with exit_codes():
        if (name is None) == (channel is None):
            raise ValidationError("NAME", name, "give either a name or --channel FILE")
        import rekvid.aws

        session = session_of(profile)
        if channel is not None:
            looked_at = read_channel(channel)
        else:
            assert name is not None
            # A dry run knows what the parts of that name are called, whether or not they are there.
            looked_at = rekvid.aws.provision(
                name, session=session, region_name=region, endpoint_url=endpoint_url, dry_run=True
            ).channel
        findings = rekvid.aws.check(looked_at, session=session, region_name=region, endpoint_url=endpoint_url)
        for finding in findings:
            typer.echo(finding)
        if not findings:
            typer.echo(f"all is well with {looked_at.sns_topic_arn}")
        if not all(finding.is_warning for finding in findings):
            raise typer.Exit(ExitCode.FAILED)


def teardown(
    name: _Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: _DryRun = False,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
) -> None:
    """Remove what `rekvid provision` made, with the messages in its queues. It shows what that is, and asks."""
    with exit_codes():
        if not yes and not dry_run and not sys.stdin.isatty():
            raise ValidationError("--yes", yes, "there is no terminal to ask at: give --yes, or --dry-run to look")
        import rekvid.aws

        session = session_of(profile)
        if not yes or dry_run:
            typer.echo(
                rekvid.aws.teardown(name, session=session, region_name=region, endpoint_url=endpoint_url, dry_run=True)
            )
            if dry_run:
                return
            typer.confirm("Remove all of this?", abort=True)
        typer.echo(rekvid.aws.teardown(name, session=session, region_name=region, endpoint_url=endpoint_url))
