"""``rekvid demo``: a reel that is made here, and what is found in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from rekvid.cli.display import job_bar, segments_table, spinner
from rekvid.cli.exits import exit_codes
from rekvid.client import Client
from rekvid.errors import ValidationError
from rekvid.models import SegmentType

if TYPE_CHECKING:
    from rekvid.testing.reels import ReelTruth


def demo(
    keep: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the reel as this file (.mp4).")] = None,
) -> None:
    """Make a 20 s reel with cuts, a dissolve, black and sound, detect its segments here, and show them."""
    messages = Console(stderr=True)
    with exit_codes(), tempfile.TemporaryDirectory(prefix="rekvid-demo-") as folder:
        from rekvid.backends.local import LocalBackend

        backend = LocalBackend(store=":memory:")
        from rekvid.testing.reels import make_reel  # after the backend has said what is missing, if anything is

        path = keep or Path(folder, "reel.mp4")
        if path.suffix.lower() not in (".mp4", ".mov") or not path.parent.is_dir():
            raise ValidationError("--keep", str(path), "must be an .mp4 or .mov file in a folder that exists")
        with spinner(messages, f"Making a reel: {path}"):
            truth = make_reel(path)
        with job_bar(messages, "Detecting segments") as bar, Client(backend) as client:
            job = client.start_segment_detection(path, segment_types=list(SegmentType))
            result = job.result(on_progress=bar.waiting)
    Console().print(segments_table(result, "Segments of the reel"))
    Console().print(
        f"Made with cuts at frames {', '.join(map(str, truth.cuts))}; a shot begins at each of them.\n"
        f"Gradual transitions: {_gradual(truth)}.\n\n"
        "Try next:\n"
        "  rekvid segments YOUR_VIDEO.mp4            the same for a file of yours\n"
        "  rekvid segments YOUR_VIDEO.mp4 --json     as the service would answer\n"
        '  python -c "import rekvid; print(rekvid.__doc__)"   the same from Python',
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _gradual(truth: ReelTruth) -> str:
    return ", ".join(f"{each.kind} at frames {each.first}-{each.last}" for each in truth.gradual) or "none"
