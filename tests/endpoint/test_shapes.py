"""Every answer has the shape of the service's model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekvid.models import (
    Label,
    LabelDetection,
    LabelDetectionPage,
    SegmentDetection,
    SegmentDetectionPage,
    ShotSegment,
    VideoMetadata,
)
from rekvid.testing import FakeBackend
from strategies import shapes

pytest.importorskip("starlette")
from calls import SEGMENTS, VIDEO, call, faults_of
from rekvid.endpoint import Settings
from rekvid.endpoint.service import Service

LABELS = LabelDetectionPage(
    labels=tuple(LabelDetection(timestamp=at, label=Label(name="Car", confidence=90.0)) for at in range(5)),
    video_metadata=VideoMetadata(codec="h264", duration_millis=1000),
)
SHOTS = SegmentDetectionPage(
    segments=tuple(
        SegmentDetection(
            type="SHOT",
            start_timestamp_millis=at * 1000,
            end_timestamp_millis=at * 1000 + 960,
            duration_millis=960,
            start_timecode_smpte=f"00:00:0{at}:00",
            end_timecode_smpte=f"00:00:0{at}:24",
            duration_smpte="00:00:00:24",
            shot_segment=ShotSegment(index=at, confidence=90.0),
        )
        for at in range(5)
    ),
    video_metadata=(VideoMetadata(codec="h264"),),
)
JOBS: list[tuple[str, dict[str, Any], LabelDetectionPage | SegmentDetectionPage]] = [
    ("LabelDetection", {"Video": VIDEO, "JobTag": "tag"}, LABELS),
    ("SegmentDetection", {**SEGMENTS, "JobTag": "tag"}, SHOTS),
]


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    fake = FakeBackend()
    yield fake
    fake.close()


@pytest.fixture
def service(fake: FakeBackend) -> Iterator[Service]:
    service = Service(fake, Settings())
    yield service
    service.close()


@pytest.mark.parametrize(("name", "parameters", "page"), JOBS)
def test_answers_of_a_job(
    service: Service,
    fake: FakeBackend,
    name: str,
    parameters: dict[str, Any],
    page: LabelDetectionPage | SegmentDetectionPage,
) -> None:
    """The start, a job in progress, each page and a failed job are answered in the shape of the model."""
    items = "Labels" if name == "LabelDetection" else "Segments"
    fake.will_return(page, in_progress=1)
    fake.will_fail("Unsupported codec/format.")
    started = call(service, f"Start{name}", parameters)
    assert faults_of(f"Start{name}", started.body) == []
    job_id = started.body["JobId"]

    running = call(service, f"Get{name}", {"JobId": job_id}).body
    assert faults_of(f"Get{name}", running) == []
    assert (running["JobStatus"], running[items]) == ("IN_PROGRESS", [])
    assert "VideoMetadata" not in running

    read, token = [], ""
    while True:
        got = call(service, f"Get{name}", {"JobId": job_id, "MaxResults": 2, "NextToken": token}).body
        assert faults_of(f"Get{name}", got) == []
        assert (got["JobTag"], got["JobId"], got["Video"]) == ("tag", job_id, VIDEO)
        assert isinstance(got["VideoMetadata"], dict if name == "LabelDetection" else list)
        read += got[items]
        token = got.get("NextToken", "")
        if not token:
            break
    assert len(read) == 5

    failed = call(service, f"Get{name}", {"JobId": call(service, f"Start{name}", parameters).body["JobId"]}).body
    assert faults_of(f"Get{name}", failed) == []
    assert (failed["JobStatus"], failed["StatusMessage"]) == ("FAILED", "Unsupported codec/format.")


@settings(max_examples=40)
@given(shapes(LabelDetection), st.sampled_from(["NAME", "TIMESTAMP"]))
def test_any_label_is_answered_as_it_is(label: LabelDetection, order: str) -> None:
    """Whatever a backend's label holds, the answer holds the same, with the order that was asked for."""
    fake = FakeBackend()
    fake.will_return(LabelDetectionPage(labels=(label,)))
    service = Service(fake, Settings())
    job_id = call(service, "StartLabelDetection", {"Video": VIDEO}).body["JobId"]

    answer = call(service, "GetLabelDetection", {"JobId": job_id, "SortBy": order}).body

    assert answer["Labels"] == [label.to_aws()]
    assert answer["GetRequestMetadata"] == {"SortBy": order, "AggregateBy": "TIMESTAMPS"}
    service.close()
    fake.close()


def test_refusals_have_the_members_of_the_guide(service: Service) -> None:
    """A refusal has code, request and message, as the developer guide shows under "Error components"."""
    answer = call(service, "GetLabelDetection", {"JobId": "nobody's"[:6]})
    assert answer.status == 400
    assert answer.body == {
        "__type": "ResourceNotFoundException",
        "Code": "ResourceNotFoundException",
        "Logref": "request-id",
        "Message": "Could not find JobId nobody",
    }
