"""``rekvid job``: the state and the results of a job that was started before."""

from __future__ import annotations

import enum
from typing import Annotated

import typer
from rich.console import Console

from rekvid.cli import output, places
from rekvid.cli.display import job_bar
from rekvid.cli.exits import ExitCode, exit_codes
from rekvid.cli.output import Output, Result
from rekvid.cli.places import BackendName, Place
from rekvid.client import Client
from rekvid.errors import InvalidParameterError, ResourceNotFoundError
from rekvid.job import LabelDetectionJob, SegmentDetectionJob
from rekvid.models import LabelDetectionAggregateBy, LabelDetectionSortBy, VideoJobStatus


class Kind(enum.StrEnum):
    """What a job detects."""

    LABELS = "labels"
    SEGMENTS = "segments"


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The job's id.")],
    *,
    kind: Annotated[Kind | None, typer.Option(help="What it detects. Default: both are tried.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the job.")] = False,
    results: Annotated[
        bool, typer.Option("--results", help="Wait, and give what was found; so do the options for output.")
    ] = False,
    timeout: Annotated[float | None, typer.Option(metavar="SECONDS", help="Wait no longer than this.")] = None,
    sort_by: Annotated[LabelDetectionSortBy | None, typer.Option(help="Order of labels.")] = None,
    aggregate_by: Annotated[
        LabelDetectionAggregateBy | None, typer.Option(help="Labels at moments, or over stretches of time.")
    ] = None,
    backend: places.BackendOption = BackendName.LOCAL,
    region: places.RegionOption = None,
    profile: places.ProfileOption = None,
    endpoint_url: places.EndpointOption = None,
    channel: places.ChannelOption = None,
    store: places.StoreOption = None,
    as_table: output.TableOption = False,
    as_json: output.JsonOption = False,
    as_jsonl: output.JsonlOption = False,
    as_csv: output.CsvOption = False,
    file: output.FileOption = None,
) -> None:
    """Print the state of a job that was started before, or wait for its end, or give its results.

    Results are kept for 7 days. The exit code is 3 while the job is in progress, and 1 if it has failed.
    """
    messages = Console(stderr=True)
    with exit_codes():
        out = Output.of(as_table=as_table, as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv, path=file)
        gives = results or as_table or as_json or as_jsonl or as_csv or file is not None
        place = Place(
            backend=backend,
            region=region,
            profile=profile,
            endpoint_url=endpoint_url,
            channel=channel,
            store=store,
            reads_store=True,
        )
        with job_bar(messages, f"Waiting for {job_id}") as bar, place.client(bar) as client:
            found = _find(client, job_id, kind)
            if not gives and not wait:
                _print_state(found)
                return
            found.wait(timeout, on_progress=bar.waiting)
            if not gives:
                _print_state(found)
                return
            result = _result(found, sort_by, aggregate_by)
        out.write(result, f"Job {job_id}")


def _print_state(found: LabelDetectionJob | SegmentDetectionJob) -> None:
    status = found.status()
    typer.echo(status)
    if status == VideoJobStatus.IN_PROGRESS:
        raise typer.Exit(ExitCode.GOING_ON)
    found.wait()  # it has ended: this raises if it ended badly, with the reason


def _result(
    found: LabelDetectionJob | SegmentDetectionJob,
    sort_by: LabelDetectionSortBy | None,
    aggregate_by: LabelDetectionAggregateBy | None,
) -> Result:
    if isinstance(found, SegmentDetectionJob):
        return found.result()
    return found.result(sort_by=sort_by, aggregate_by=aggregate_by)


def _find(client: Client, job_id: str, kind: Kind | None) -> LabelDetectionJob | SegmentDetectionJob:
    """The job of that id; an id doesn't tell what the job detects, so both are asked for.

    Raises:
        ResourceNotFoundError: There is none.
    """
    if kind is Kind.SEGMENTS:
        return client.segment_detection_job(job_id)
    labels = client.label_detection_job(job_id)
    if kind is Kind.LABELS:
        return labels
    try:
        labels.status()
    except (ResourceNotFoundError, InvalidParameterError) as error:
        segments = client.segment_detection_job(job_id)
        try:
            segments.status()
        except (ResourceNotFoundError, InvalidParameterError):
            raise error from None
        return segments
    return labels
