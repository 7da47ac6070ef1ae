"""The commands; `rekvid.cli.exits` says how they end."""

from __future__ import annotations

from typing import Annotated

import typer

from rekvid._version import __version__
from rekvid.cli import models
from rekvid.cli.channels import check, provision, teardown
from rekvid.cli.demo import demo
from rekvid.cli.detect import labels, segments
from rekvid.cli.doctor import doctor
from rekvid.cli.exits import EXPLAINED, show_tracebacks
from rekvid.cli.export import export
from rekvid.cli.jobs import job
from rekvid.cli.report import report
from rekvid.cli.serve import serve

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Amazon Rekognition Video, on AWS or offline on this machine.",
    epilog="Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in EXPLAINED.items()) + ".",
)
_VIDEOS, _AWS, _MACHINE = "Videos", "Notification channels at AWS", "This machine"
for command, panel in (
    *((each, _VIDEOS) for each in (labels, segments, job, export, report)),
    *((each, _AWS) for each in (provision, check, teardown)),
    *((each, _MACHINE) for each in (demo, doctor, serve)),
):
    app.command(rich_help_panel=panel)(command)
app.add_typer(models.app, name="models", rich_help_panel=_MACHINE)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rekvid {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="REKVID_DEBUG", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001  # the callback acts on it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What all commands share."""
    show_tracebacks(debug)
