"""What type checkers make of the public API. Nothing here runs: mypy and pyright read it, and each line must hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import assert_type

import rekvid
from rekvid.job import Job


def clients() -> None:
    """A client is made by the name of a backend, or from one."""
    assert_type(rekvid.Client("local"), rekvid.Client)
    assert_type(rekvid.Client(), rekvid.Client)
    assert_type(rekvid.Client(rekvid.LocalBackend()), rekvid.Client)
    assert_type(rekvid.Client(rekvid.AwsBackend(region_name="eu-west-1")), rekvid.Client)


def label_jobs(client: rekvid.Client) -> None:
    """A label job waits as itself, and gives labels, pages of them, and all at once."""
    job = client.start_label_detection("s3://media/street.mp4", min_confidence=70, include_labels=["Car"])
    assert_type(job, rekvid.LabelDetectionJob)
    assert_type(job.id, str)
    assert_type(job.status(), rekvid.VideoJobStatus | str)
    assert_type(job.done(), bool)
    assert_type(job.wait(timeout=600), rekvid.LabelDetectionJob)
    assert_type(client.label_detection_job("4f"), rekvid.LabelDetectionJob)
    for found in job.labels(sort_by="NAME", max_results=10):
        assert_type(found, rekvid.LabelDetection)
        assert_type(found.label, rekvid.Label)
        assert_type(found.label.instances, tuple[rekvid.Instance, ...])
        assert_type(found.timestamp, int | None)
        assert_type(found.time, dt.timedelta)
        assert_type(found.label.instances[0].bounding_box.to_pixels(640, 360), rekvid.PixelBox)
    for page in job.labels().pages():
        assert_type(page, rekvid.LabelDetectionPage)
        assert_type(page.next_token, str | None)
    result = job.result(sort_by=rekvid.LabelDetectionSortBy.NAME)
    assert_type(result, rekvid.LabelDetectionResult)
    assert_type(result.labels, tuple[rekvid.LabelDetection, ...])
    assert_type(result.frame(result.labels[0]), rekvid.LabelledFrame)
    assert_type(job.wait(progress=True), rekvid.LabelDetectionJob)
    assert_type(result.video_metadata, rekvid.VideoMetadata | None)


def segment_jobs(client: rekvid.Client) -> None:
    """A segment job waits as itself, and gives shots, cues, pages of them, and all at once."""
    job = client.start_segment_detection(Path("film.mp4"), segment_types=["SHOT", rekvid.SegmentType.TECHNICAL_CUE])
    assert_type(job, rekvid.SegmentDetectionJob)
    assert_type(job.wait(), rekvid.SegmentDetectionJob)
    assert_type(client.segment_detection_job("4f"), rekvid.SegmentDetectionJob)
    for shot in job.shots():
        assert_type(shot, rekvid.SegmentDetection)
        assert_type(shot.type, rekvid.SegmentType | str)
        assert_type(shot.shot_segment, rekvid.ShotSegment | None)
        assert_type(shot.start_timecode, rekvid.Timecode)
        assert_type(shot.confidence, float | None)
    for cue in job.technical_cues():
        assert_type(cue, rekvid.SegmentDetection)
    for page in job.segments().pages():
        assert_type(page, rekvid.SegmentDetectionPage)
        assert_type(page.video_metadata, tuple[rekvid.VideoMetadata, ...])
    result = job.result(timeout=60)
    assert_type(result, rekvid.SegmentDetectionResult)
    assert_type(result.shots, tuple[rekvid.SegmentDetection, ...])
    assert_type(result.video_metadata, rekvid.VideoMetadata | None)
    assert_type(result.audio_metadata, tuple[rekvid.AudioMetadata, ...])


def bare_operations(client: rekvid.Client) -> None:
    """The bare Get operations give the page of their operation."""
    assert_type(client.get_label_detection("4f", next_token="t", max_results=1000), rekvid.LabelDetectionPage)
    assert_type(client.get_segment_detection("4f"), rekvid.SegmentDetectionPage)


def any_job(job: rekvid.LabelDetectionJob) -> Job[rekvid.LabelDetectionPage, rekvid.LabelDetection]:
    """A label job is a job of label pages and labels, for code that is written for any job."""
    return job


def values(page: rekvid.LabelDetectionPage) -> None:
    """Values are made by keyword, and go to and from the shapes of boto3 as themselves."""
    assert_type(rekvid.BoundingBox(left=0, top=0, width=1, height=1), rekvid.BoundingBox)
    assert_type(rekvid.LabelDetectionPage.from_aws(page.to_aws()), rekvid.LabelDetectionPage)
    assert_type(rekvid.LabelDetectionPage.from_json(b"{}"), rekvid.LabelDetectionPage)
    assert_type(page.job_status, rekvid.VideoJobStatus | str | None)


def mistakes(client: rekvid.Client, page: rekvid.LabelDetectionPage) -> None:
    """What would fail when it runs is an error already when it is checked."""
    client.start_segment_detection("film.mp4")  # type: ignore[call-arg]  # segment_types is required
    client.start_label_detection("film.mp4", 70)  # type: ignore[call-arg]  # keyword-only
    client.get_label_detection(5)  # type: ignore[arg-type]  # an id is a string
    rekvid.Client("azure")  # type: ignore[arg-type]  # there is no such backend
    page.job_tag = "x"  # type: ignore[misc]  # values are frozen
    rekvid.Parent("Vehicle")  # type: ignore[call-arg]  # values are keyword-only


def failures() -> None:
    """What an error knows is typed."""
    try:
        rekvid.Client()
    except rekvid.WaitTimeoutError as error:
        assert_type(error.timeout, float)
        assert_type(error.next_token, str | None)
    except rekvid.JobFailedError as error:
        assert_type(error.status_message, str | None)
    except rekvid.ServiceError as error:
        assert_type(error.code, str)
        assert_type(error.request_id, str | None)
        assert_type(error.retryable, bool)
    except rekvid.ValidationError as error:
        assert_type(error.field, str)
        assert_type(error.value, object)
