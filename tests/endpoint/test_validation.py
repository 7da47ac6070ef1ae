"""What is wrong with a request is told as the service tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekvid.errors import ServiceError
from rekvid.operations import Request
from rekvid.wire import REQUESTS
from strategies import any_request, json_values

pytest.importorskip("starlette")
from calls import VIDEO
from rekvid.endpoint.validation import check


def refusal(operation: str, data: dict[str, Any]) -> tuple[str, str]:
    """Code and message."""
    with pytest.raises(ServiceError) as caught:
        check(operation, data)
    return caught.value.code, caught.value.message


@settings(max_examples=40)
@given(any_request())
def test_a_request_of_ours_is_valid(request: Request) -> None:
    """What rekvid sends is never refused by the rules of the model."""
    check(request.operation_name(), request.to_aws())


@pytest.mark.parametrize(
    ("operation", "data", "message"),
    [
        (
            "GetLabelDetection",
            {},
            "1 validation error detected: Value null at 'jobId' failed to satisfy constraint: Member must not be null",
        ),
        (
            "GetLabelDetection",
            {"JobId": "a", "MaxResults": 0},
            "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            "GetLabelDetection",
            {"JobId": "a", "SortBy": "SIZE"},
            "1 validation error detected: Value 'SIZE' at 'sortBy' failed to satisfy constraint: "
            "Member must satisfy enum value set: [NAME, TIMESTAMP]",
        ),
        (
            "StartLabelDetection",
            {"Video": {"S3Object": {"Bucket": "b ", "Name": ""}}},
            "3 validation errors detected: Value 'b ' at 'video.s3Object.bucket' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3; Value 'b ' at 'video.s3Object.bucket' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [0-9A-Za-z\\.\\-_]*; Value '' at "
            "'video.s3Object.name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "StartSegmentDetection",
            {"Video": VIDEO, "SegmentTypes": ["SHOT", "WIPE"]},
            "1 validation error detected: Value '[SHOT, WIPE]' at 'segmentTypes' failed to satisfy constraint: Member "
            "must satisfy constraint: [Member must satisfy enum value set: [TECHNICAL_CUE, SHOT]]",
        ),
        (
            "StartSegmentDetection",
            {"Video": VIDEO, "SegmentTypes": []},
            "1 validation error detected: Value '[]' at 'segmentTypes' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "StartSegmentDetection",
            {
                "Video": VIDEO,
                "SegmentTypes": ["SHOT"],
                "Filters": {"TechnicalCueFilter": {"BlackFrame": {"MaxPixelThreshold": 1.5}}},
            },
            "1 validation error detected: Value '1.5' at 'filters.technicalCueFilter.blackFrame.maxPixelThreshold' "
            "failed to satisfy constraint: Member must have value less than or equal to 1",
        ),
        (
            "StartLabelDetection",
            {"Video": VIDEO, "NotificationChannel": {"SNSTopicArn": "arn:aws:sns:eu-west-1:123456789012:done"}},
            "1 validation error detected: Value null at 'notificationChannel.roleArn' failed to satisfy constraint: "
            "Member must not be null",
        ),
    ],
)
def test_broken_rules(operation: str, data: dict[str, Any], message: str) -> None:
    """All members that break a rule are named, by their place, their value and the rule."""
    assert refusal(operation, data) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("operation", "data", "message"),
    [
        ("GetLabelDetection", {"JobId": 5}, "NUMBER_VALUE can not be converted to a String"),
        ("GetLabelDetection", {"JobId": "a", "MaxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ("GetLabelDetection", {"JobId": "a", "MaxResults": True}, "TRUE_VALUE can not be converted to an Integer"),
        ("GetLabelDetection", {"JobId": "a", "MaxResults": 2**31}, "NUMBER_VALUE is out of the range of an Integer"),
        ("GetLabelDetection", {"JobId": "\ud800"}, "A string holds a lone surrogate"),
        ("StartLabelDetection", {"Video": "film.mp4"}, "STRING_VALUE can not be converted to a structure"),
        ("StartLabelDetection", {"Video": VIDEO, "Features": {}}, "Start of structure or map can not be converted"),
        ("StartLabelDetection", {"Video": VIDEO, "MinConfidence": "9"}, "STRING_VALUE can not be converted to a Float"),
        ("StartLabelDetection", {"Video": VIDEO, "MinConfidence": 10**400}, "NUMBER_VALUE is out of the range"),
        ("StartSegmentDetection", {"Video": VIDEO, "SegmentTypes": [None]}, "A list must not hold null"),
        ("StartSegmentDetection", {"Video": VIDEO, "SegmentTypes": ["WIPE", 1]}, "NUMBER_VALUE can not be converted"),
    ],
)
def test_wrong_types(operation: str, data: dict[str, Any], message: str) -> None:
    """A member of another JSON type is a SerializationException, whatever else is wrong."""
    code, said = refusal(operation, data)
    assert code == "SerializationException"
    assert said.startswith(message)


@settings(max_examples=40)
@given(st.sampled_from(sorted(REQUESTS)), st.dictionaries(st.text(), json_values, max_size=4))
def test_whatever_passes_makes_a_request(operation: str, data: dict[str, Any]) -> None:
    """Any body either is refused as the service would, or makes a request that keeps rekvid's own rules."""
    members = {"JobId": "a", "Video": VIDEO, "SegmentTypes": ["SHOT"], **data}
    try:
        check(operation, members)
    except ServiceError as error:
        refused = error
    else:
        REQUESTS[operation].from_aws(members)
        return
    assert refused.code in {"SerializationException", "ValidationException"}
    assert json.dumps(refused.message, ensure_ascii=False).encode()


def test_a_long_value_is_told_in_part() -> None:
    """A message doesn't send back all of a value that is too long."""
    _, message = refusal("GetLabelDetection", {"JobId": "x" * 100_000})
    assert len(message) < 2000


def test_a_pattern_can_not_be_made_to_cost_much() -> None:
    """The topic's pattern takes quadratic time: a long value would keep this test busy until its time limit."""
    channel = {"SNSTopicArn": "arn:aws:sns:" + ":aaaaaaaaaaaa:" * 20_000 + "\n", "RoleArn": "x"}
    code, _ = refusal("StartLabelDetection", {"Video": VIDEO, "NotificationChannel": channel})
    assert code == "ValidationException"
