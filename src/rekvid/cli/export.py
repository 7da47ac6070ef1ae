"""``rekvid export``: a file of results in the form that other programs read."""

from __future__ import annotations

import dataclasses
import enum
import json
import shlex
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final

import typer

from rekvid.cli.exits import exit_codes
from rekvid.cli.output import Result, check_target, write_text
from rekvid.cli.rows import to_csv
from rekvid.errors import ConfigurationError, ValidationError
from rekvid.export import (
    to_edl,
    to_ffmpeg_chapters,
    to_ffmpeg_concat,
    to_ffmpeg_split,
    to_otio,
    to_scenedetect_csv,
    to_webvtt_chapters,
    to_webvtt_metadata,
    write_otio,
)
from rekvid.models import SegmentDetection, SegmentType
from rekvid.results import LabelDetectionResult, SegmentDetectionResult, read_jsonl


class Target(enum.StrEnum):
    """What results can be written as."""

    EDL = "edl"
    OTIO = "otio"
    WEBVTT = "webvtt"
    WEBVTT_METADATA = "webvtt-metadata"
    FFMPEG_CHAPTERS = "ffmpeg-chapters"
    FFMPEG_CONCAT = "ffmpeg-concat"
    FFMPEG_SPLIT = "ffmpeg-split"
    SCENEDETECT_CSV = "scenedetect-csv"
    COCO = "coco"
    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What the options say, for the formats of editors and players."""

    rate: float | Fraction | None
    video: str
    title: str
    reel: str
    start_timecode: str | None


_Write = Callable[[tuple[SegmentDetection, ...], _Options], str]

_SEGMENT_TARGETS: Final[Mapping[Target, _Write]] = {
    Target.EDL: lambda segments, of: to_edl(
        segments,
        of.rate,
        title=of.title,
        clip_name=Path(of.video).name or None,
        reel=of.reel,
        start_timecode=of.start_timecode,
    ),
    Target.OTIO: lambda segments, of: to_otio(
        segments, of.rate, video=of.video, title=of.title, start_timecode=of.start_timecode
    ),
    Target.WEBVTT: lambda segments, of: to_webvtt_chapters(segments, of.rate),
    Target.WEBVTT_METADATA: lambda segments, of: to_webvtt_metadata(segments, of.rate),
    Target.FFMPEG_CHAPTERS: lambda segments, of: to_ffmpeg_chapters(segments, of.rate, title=of.title),
    Target.FFMPEG_CONCAT: lambda segments, of: to_ffmpeg_concat(segments, of.rate, _needed(of.video)),
    Target.FFMPEG_SPLIT: lambda segments, of: shlex.join(to_ffmpeg_split(segments, of.rate, _needed(of.video))) + "\n",
    Target.SCENEDETECT_CSV: lambda segments, of: to_scenedetect_csv(segments, of.rate),
}


def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT.jsonl", help="What --jsonl or to_jsonl() wrote.")],
    *,
    to: Annotated[Target, typer.Option("--to", help="The format.")],
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; else to standard output.")
    ] = None,
    segment_type: Annotated[
        SegmentType | None, typer.Option("--type", help="Which segments, for editors' formats. Default: SHOT.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="N[/D]", help="Frames a second, where the result doesn't tell: 30000/1001.")
    ] = None,
    video: Annotated[str, typer.Option(metavar="FILE", help="The video, for formats that name it.")] = "",
    title: Annotated[str | None, typer.Option(help="A title. Default: the name of RESULT.jsonl.")] = None,
    reel: Annotated[str, typer.Option(help="Name of the source reel in an EDL.")] = "AX",
    start_timecode: Annotated[
        str | None, typer.Option(metavar="HH:MM:SS:FF", help="Timecode of the video's first frame, for edl and otio.")
    ] = None,
    boxes: Annotated[bool, typer.Option("--boxes", help="For csv and parquet: a row for each box of a label.")] = False,
) -> None:
    """Write results as a file of editors, players, FFmpeg or data tools.

    The formats of editors and players take segments; coco takes labels; parquet, csv and json take both.
    """
    with exit_codes():
        if file is not None:
            check_target(file)
        read = read_jsonl(result)
        if boxes and not (to in (Target.CSV, Target.PARQUET) and isinstance(read, LabelDetectionResult)):
            raise ValidationError("--boxes", boxes, "goes with labels, and --to csv or parquet")
        if to in _SEGMENT_TARGETS:
            options = _Options(
                rate=_rate(rate, read),
                video=video,
                title=title if title is not None else result.stem,
                reel=reel,
                start_timecode=start_timecode,
            )
            _export_segments(to, _segments(read, to, segment_type), options, file)
        elif to is Target.PARQUET:
            _write_parquet(read, file, boxes=boxes)
        else:
            write_text(_text(read, to, boxes=boxes), file)


def _export_segments(to: Target, segments: tuple[SegmentDetection, ...], options: _Options, file: Path | None) -> None:
    if to is Target.OTIO and file is not None:  # by its ending, for the adapters that are installed
        write_otio(
            file,
            segments,
            options.rate,
            video=options.video,
            title=options.title,
            start_timecode=options.start_timecode,
        )
    else:
        write_text(_SEGMENT_TARGETS[to](segments, options), file)


def _segments(read: Result, to: Target, segment_type: SegmentType | None) -> tuple[SegmentDetection, ...]:
    if not isinstance(read, SegmentDetectionResult):
        raise ValidationError("--to", str(to), "takes segments, and the file holds labels: coco, parquet, csv or json")
    wanted = segment_type or SegmentType.SHOT
    chosen = read.shots if wanted is SegmentType.SHOT else read.technical_cues
    if not chosen and read.segments:
        other = SegmentType.TECHNICAL_CUE if wanted is SegmentType.SHOT else SegmentType.SHOT
        raise ValidationError("--type", str(wanted), f"the file has no such segments; it has some of --type {other}")
    return chosen


def _rate(given: str | None, read: Result) -> float | Fraction | None:
    if given is None:
        return None if read.video_metadata is None else read.video_metadata.frame_rate
    try:
        return Fraction(given)
    except (ValueError, ZeroDivisionError):
        raise ValidationError("--rate", given, "must be frames a second: 25, 29.97 or 30000/1001") from None


def _needed(video: str) -> str:
    if not video:
        raise ValidationError("--video", video, "this format names the video file: give it")
    return video


def _text(read: Result, to: Target, *, boxes: bool) -> str:
    if to is Target.CSV:
        return to_csv(read, instances=boxes)
    if to is Target.JSON:
        return json.dumps(read.to_page().to_aws(), indent=2, ensure_ascii=False) + "\n"
    if not isinstance(read, LabelDetectionResult):
        raise ValidationError("--to", str(to), "takes labels, and the file holds segments")
    return json.dumps(read.to_coco(), indent=2, ensure_ascii=False) + "\n"


def _write_parquet(read: Result, file: Path | None, *, boxes: bool) -> None:
    if file is None:
        raise ValidationError("--output", None, "parquet is no text: name a file with -o")
    table = read.to_arrow(instances=boxes) if isinstance(read, LabelDetectionResult) else read.to_arrow()
    import pyarrow.parquet

    try:
        pyarrow.parquet.write_table(table, file)
    except pyarrow.ArrowException as error:
        raise ConfigurationError(f"{file} can't be written: {error}") from error
