"""``rekvid labels`` and ``rekvid segments``: start a job, wait for it, give what it found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console

from rekvid.cli import output, places
from rekvid.cli.display import job_bar
from rekvid.cli.exits import exit_codes
from rekvid.cli.output import Output
from rekvid.cli.places import BackendName, Place
from rekvid.errors import JobFailedError, ValidationError, WaitTimeoutError
from rekvid.job import LabelDetectionJob, SegmentDetectionJob
from rekvid.models import (
    BlackFrame,
    LabelDetectionAggregateBy,
    LabelDetectionSortBy,
    SegmentType,
)

_Video = Annotated[str, typer.Argument(metavar="VIDEO", help="A file, or s3://bucket/key.")]
_Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Wait no longer than this; at AWS the job goes on.")
]
_NoWait = Annotated[bool, typer.Option("--no-wait", help="At AWS: print the job's id and don't wait for it.")]
_Tag = Annotated[str | None, typer.Option("--job-tag", metavar="TAG", help="Comes back with the results.")]
_CUES: Final = "Technical cues"


def labels(
    video: _Video,
    *,
    min_confidence: Annotated[
        float | None, typer.Option(metavar="0-100", help="Leave out labels below. Default: 50.")
    ] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="LABEL", help="Only this label; repeatable.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(metavar="LABEL", help="Not this label; repeatable.")] = None,
    include_category: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only labels of this category; repeatable.")
    ] = None,
    exclude_category: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="No labels of this category; repeatable.")
    ] = None,
    sort_by: Annotated[LabelDetectionSortBy | None, typer.Option(help="Order of what is found.")] = None,
    aggregate_by: Annotated[
        LabelDetectionAggregateBy | None, typer.Option(help="Labels at moments, or over stretches of time.")
    ] = None,
    job_tag: _Tag = None,
    timeout: _Timeout = None,
    no_wait: _NoWait = False,
    backend: places.BackendOption = BackendName.LOCAL,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
    staging: places.StagingOption = None,
    start_timeout: places.StartTimeoutOption = None,
    channel: places.ChannelOption = None,
    detector: places.DetectorOption = None,
    cadence: places.CadenceOption = None,
    store: places.StoreOption = None,
    as_table: output.TableOption = False,
    as_json: output.JsonOption = False,
    as_jsonl: output.JsonlOption = False,
    as_csv: output.CsvOption = False,
    file: output.FileOption = None,
) -> None:
    """Detect what can be seen in VIDEO."""
    messages = Console(stderr=True)
    with exit_codes():
        out = Output.of(as_table=as_table, as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv, path=file)
        place = Place(
            backend=backend,
            region=region,
            profile=profile,
            endpoint_url=endpoint_url,
            staging=staging,
            start_timeout=start_timeout,
            channel=channel,
            detectors=detector,
            cadence_millis=cadence,
            store=store,
        )
        _check_no_wait(no_wait, backend)
        with job_bar(messages, "Detecting labels") as bar, place.client(bar) as client:
            job = client.start_label_detection(
                video,
                min_confidence=min_confidence,
                include_labels=include or (),
                exclude_labels=exclude or (),
                include_categories=include_category or (),
                exclude_categories=exclude_category or (),
                job_tag=job_tag,
            )
            if no_wait:
                typer.echo(job.id)
                return
            _tell_id(job, place)
            with _ends_here(place):
                result = job.result(timeout, sort_by=sort_by, aggregate_by=aggregate_by, on_progress=bar.waiting)
        out.write(result, f"Labels of {video}")


def segments(
    video: _Video,
    *,
    segment_type: Annotated[
        list[SegmentType] | None, typer.Option("--type", help="What to detect; repeatable. Default: both.")
    ] = None,
    min_shot_confidence: Annotated[
        float | None, typer.Option(metavar="50-100", help="Leave out shots below. Default: 50.")
    ] = None,
    min_technical_cue_confidence: Annotated[
        float | None, typer.Option(metavar="50-100", help="Leave out cues below. Default: 50.", rich_help_panel=_CUES)
    ] = None,
    max_pixel_threshold: Annotated[
        float | None,
        typer.Option(metavar="0-1", help="Luma up to which a pixel is black. Default: 0.2.", rich_help_panel=_CUES),
    ] = None,
    min_coverage_percentage: Annotated[
        float | None,
        typer.Option(metavar="0-100", help="Share of a black frame that is black. Default: 99.", rich_help_panel=_CUES),
    ] = None,
    job_tag: _Tag = None,
    timeout: _Timeout = None,
    no_wait: _NoWait = False,
    backend: places.BackendOption = BackendName.LOCAL,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
    staging: places.StagingOption = None,
    start_timeout: places.StartTimeoutOption = None,
    channel: places.ChannelOption = None,
    store: places.StoreOption = None,
    as_table: output.TableOption = False,
    as_json: output.JsonOption = False,
    as_jsonl: output.JsonlOption = False,
    as_csv: output.CsvOption = False,
    file: output.FileOption = None,
) -> None:
    """Detect the shots and technical cues of VIDEO."""
    messages = Console(stderr=True)
    with exit_codes():
        out = Output.of(as_table=as_table, as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv, path=file)
        place = Place(
            backend=backend,
            region=region,
            profile=profile,
            endpoint_url=endpoint_url,
            staging=staging,
            start_timeout=start_timeout,
            channel=channel,
            store=store,
        )
        _check_no_wait(no_wait, backend)
        with job_bar(messages, "Detecting segments") as bar, place.client(bar) as client:
            job = client.start_segment_detection(
                video,
                segment_types=segment_type or list(SegmentType),
                min_shot_confidence=min_shot_confidence,
                min_technical_cue_confidence=min_technical_cue_confidence,
                black_frame=_black_frame(max_pixel_threshold, min_coverage_percentage),
                job_tag=job_tag,
            )
            if no_wait:
                typer.echo(job.id)
                return
            _tell_id(job, place)
            with _ends_here(place):
                result = job.result(timeout, on_progress=bar.waiting)
        out.write(result, f"Segments of {video}")


def _black_frame(max_pixel_threshold: float | None, min_coverage_percentage: float | None) -> BlackFrame | None:
    if max_pixel_threshold is None and min_coverage_percentage is None:
        return None
    return BlackFrame(max_pixel_threshold=max_pixel_threshold, min_coverage_percentage=min_coverage_percentage)


def _check_no_wait(no_wait: bool, backend: BackendName) -> None:
    if no_wait and backend is BackendName.LOCAL:
        raise ValidationError("--no-wait", no_wait, "a job on this machine ends with the command that started it")


def _tell_id(job: LabelDetectionJob | SegmentDetectionJob, place: Place) -> None:
    """Name the job on standard error where it can be come back to, so that Ctrl-C loses nothing."""
    if place.backend is BackendName.AWS or place.store is not None:
        typer.echo(f"rekvid: job {job.id}", err=True)


@contextmanager
def _ends_here(place: Place) -> Iterator[None]:
    """Tell of a time that was up as it is: a job on this machine doesn't go on without its command."""
    try:
        yield
    except WaitTimeoutError as error:
        if place.backend is BackendName.AWS:
            raise
        reason = f"it had not ended after {error.timeout:g} s, and a job on this machine ends with its command"
        raise JobFailedError(error.job_id, reason) from error
