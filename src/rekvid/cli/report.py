"""``rekvid report``: a page to look at results with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rekvid.cli.exits import exit_codes
from rekvid.cli.output import check_target
from rekvid.errors import ValidationError
from rekvid.models import LabelDetection, SegmentDetection
from rekvid.report import write_html
from rekvid.results import LabelDetectionResult, SegmentDetectionResult, read_jsonl

_RESULT_ENDING = ".jsonl"


def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[VIDEO] RESULT.jsonl...",
            help="The video, a file or an https:// URL, and what --jsonl or to_jsonl() wrote of it. "
            "Without VIDEO the page shows boxes and times alone.",
        ),
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The page to write.")] = Path("report.html"),
    title: Annotated[str, typer.Option(help="What the page is about. Default: the name of VIDEO.")] = "",
) -> None:
    """Write one HTML page with a player, boxes over the picture, a timeline, filters and tables.

    The page loads nothing from a network and refers to VIDEO where it lies: move both together.
    """
    with exit_codes():
        video, paths = _split(files)
        check_target(output)
        if output.exists() and any(Path(each).exists() and output.samefile(each) for each in files):
            raise ValidationError("--output", str(output), "is one of the files that are read: name another")
        results = [read_jsonl(path) for path in paths]
        write_html(
            output,
            _labels(results),
            _segments(results),
            next((result.video_metadata for result in results if result.video_metadata), None),
            video=video,
            title=title or ("" if video else Path(paths[0]).stem),
        )
    typer.echo(output)


def _split(files: Sequence[str]) -> tuple[str | None, list[str]]:
    """The video, if the first of `files` is one, and the results."""
    video = None if files[0].lower().endswith(_RESULT_ENDING) else files[0]
    paths = list(files if video is None else files[1:])
    if not paths:
        raise ValidationError("RESULT.jsonl", None, "name at least one file of results after the video")
    for path in paths:
        if not path.lower().endswith(_RESULT_ENDING):
            raise ValidationError("RESULT.jsonl", path, "must end in .jsonl; one video is named, and comes first")
    return video, paths


def _segments(results: Sequence[LabelDetectionResult | SegmentDetectionResult]) -> list[SegmentDetection]:
    return [each for result in results if isinstance(result, SegmentDetectionResult) for each in result.segments]


def _labels(results: Sequence[LabelDetectionResult | SegmentDetectionResult]) -> list[LabelDetection]:
    return [each for result in results if isinstance(result, LabelDetectionResult) for each in result.labels]
