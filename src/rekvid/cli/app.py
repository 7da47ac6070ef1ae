"""The commands; `rekvid.cli.exits` says how they end."""

from __future__ import annotations

import enum
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rekvid._version import __version__
from rekvid.backends.base import Backend
from rekvid.cli import models
from rekvid.cli.display import progress_bar, segments_table
from rekvid.cli.exits import exit_codes, show_tracebacks
from rekvid.cli.serve import serve
from rekvid.client import Client
from rekvid.errors import ValidationError
from rekvid.models import SegmentType
from rekvid.results import SegmentDetectionResult

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Amazon Rekognition Video, on AWS or offline on this machine.",
)
app.add_typer(models.app, name="models")
app.command()(serve)


class BackendName(enum.StrEnum):
    """Where jobs run."""

    LOCAL = "local"
    AWS = "aws"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rekvid {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001  # the callback acts on it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What all commands share."""
    show_tracebacks(debug)


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep the reel as this file (.mp4).")] = None,
) -> None:
    """Make a 20 s reel with cuts, a dissolve, black and sound, detect its segments here, and show them."""
    messages = Console(stderr=True)
    with exit_codes(), tempfile.TemporaryDirectory(prefix="rekvid-demo-") as folder:
        backend = _backend(BackendName.LOCAL)
        from rekvid.testing.reels import make_reel  # after the backend has said what is missing, if anything is

        path = keep or Path(folder, "reel.mp4")
        if path.suffix.lower() not in (".mp4", ".mov") or not path.parent.is_dir():
            raise ValidationError("--keep", str(path), "must be an .mp4 or .mov file in a folder that exists")
        with messages.status(f"Making a reel: {path}"):
            truth = make_reel(path)
        result = _segments(backend, str(path), list(SegmentType), messages)
    Console().print(segments_table(result, "Segments of the reel"))
    Console().print(
        f"Made with cuts at frames {', '.join(map(str, truth.cuts))}; a shot begins at each of them.\n\n"
        "Try next:\n"
        "  rekvid segments YOUR_VIDEO.mp4            the same for a file of yours\n"
        "  rekvid segments YOUR_VIDEO.mp4 --json     as the service would answer\n"
        '  python -c "import rekvid; print(rekvid.__doc__)"   the same from Python',
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


@app.command()
def segments(
    video: Annotated[str, typer.Argument(help="A file, or s3://bucket/key.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as GetSegmentDetection answers.")] = False,
    backend: Annotated[BackendName, typer.Option(help="Where the job runs.")] = BackendName.LOCAL,
    segment_type: Annotated[
        list[SegmentType] | None, typer.Option("--type", help="What to detect; may be repeated. Default: both.")
    ] = None,
) -> None:
    """Detect the shots and technical cues of VIDEO."""
    with exit_codes():
        result = _segments(_backend(backend), video, segment_type or list(SegmentType), Console(stderr=True))
    if as_json:
        typer.echo(json.dumps(result.to_page().to_aws(), indent=2, ensure_ascii=False))
    else:
        Console().print(segments_table(result, f"Segments of {video}"))


def _segments(backend: Backend, video: str, types: list[SegmentType], messages: Console) -> SegmentDetectionResult:
    with Client(backend) as client, progress_bar(messages, "Detecting segments") as follow:
        return client.start_segment_detection(video, segment_types=types).result(on_progress=follow)


def _backend(name: BackendName) -> Backend:
    if name is BackendName.AWS:
        from rekvid.backends.aws import AwsBackend

        return AwsBackend()
    from rekvid.backends.local import LocalBackend

    return LocalBackend(store=":memory:")
