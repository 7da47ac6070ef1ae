"""Requests: every parameter lands where AWS wants it, and every broken rule is named before anything is sent."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import StructureShape
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from rekvid.errors import ValidationError
from rekvid.models import (
    BlackFrame,
    LabelDetectionAggregateBy,
    LabelDetectionFeatureName,
    LabelDetectionSortBy,
    NotificationChannel,
    S3Object,
    SegmentType,
    Video,
)
from rekvid.operations import (
    GetLabelDetectionRequest,
    GetRequest,
    GetSegmentDetectionRequest,
    Request,
    StartLabelDetectionRequest,
    StartRequest,
    StartSegmentDetectionRequest,
    video_of,
)
from strategies import REQUESTS, any_request, json_values, paths, replaced, requests, s3_objects, spots

TOPIC = "arn:aws:sns:eu-west-1:123456789012:AmazonRekognitionDone"
ROLE = "arn:aws:iam::123456789012:role/rekognition"
MODEL = botocore.session.get_session().get_service_model("rekognition")


def _with(fields: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    return defaults | fields


def start_labels(**fields: Any) -> StartLabelDetectionRequest:
    """A request for labels with these fields, as users hand them in: of any type."""
    return StartLabelDetectionRequest(**_with(fields, video="s3://media/street.mp4"))


def start_segments(**fields: Any) -> StartSegmentDetectionRequest:
    """A request for segments with these fields, as users hand them in: of any type."""
    return StartSegmentDetectionRequest(**_with(fields, video="s3://media/film.mp4", segment_types=["SHOT"]))


def get_labels(**fields: Any) -> GetLabelDetectionRequest:
    """A request for a page of labels with these fields, as users hand them in: of any type."""
    return GetLabelDetectionRequest(**_with(fields, job_id="4f"))


def get_segments(**fields: Any) -> GetSegmentDetectionRequest:
    """A request for a page of segments with these fields, as users hand them in: of any type."""
    return GetSegmentDetectionRequest(**_with(fields, job_id="4f"))


def test_all_parameters_of_start_label_detection_land() -> None:
    """Every parameter of StartLabelDetection stands where the API reference has it."""
    request = start_labels(
        video="s3://media/street.mp4?versionId=v1",
        client_request_token="token-1",
        notification_channel=NotificationChannel(sns_topic_arn=TOPIC, role_arn=ROLE),
        job_tag="tag",
        min_confidence=70,
        include_labels=["Car", "Bus"],
        exclude_labels=("Train",),
        include_categories=["Vehicles and Automotive"],
        exclude_categories=["Animals and Pets"],
        features=[LabelDetectionFeatureName.GENERAL_LABELS],
    )

    assert request.to_aws() == {
        "Video": {"S3Object": {"Bucket": "media", "Name": "street.mp4", "Version": "v1"}},
        "ClientRequestToken": "token-1",
        "NotificationChannel": {"SNSTopicArn": TOPIC, "RoleArn": ROLE},
        "JobTag": "tag",
        "MinConfidence": 70,
        "Features": ["GENERAL_LABELS"],
        "Settings": {
            "GeneralLabels": {
                "LabelInclusionFilters": ["Car", "Bus"],
                "LabelExclusionFilters": ["Train"],
                "LabelCategoryInclusionFilters": ["Vehicles and Automotive"],
                "LabelCategoryExclusionFilters": ["Animals and Pets"],
            }
        },
    }


def test_all_parameters_of_start_segment_detection_land() -> None:
    """Every parameter of StartSegmentDetection stands where the API reference has it."""
    request = start_segments(
        video=S3Object(bucket="media", name="film.mp4"),
        segment_types=["SHOT", SegmentType.TECHNICAL_CUE],
        min_shot_confidence=60,
        min_technical_cue_confidence=90.5,
        black_frame=BlackFrame(max_pixel_threshold=0.1, min_coverage_percentage=98),
    )

    assert request.to_aws() == {
        "Video": {"S3Object": {"Bucket": "media", "Name": "film.mp4"}},
        "SegmentTypes": ["SHOT", "TECHNICAL_CUE"],
        "Filters": {
            "ShotFilter": {"MinSegmentConfidence": 60},
            "TechnicalCueFilter": {
                "MinSegmentConfidence": 90.5,
                "BlackFrame": {"MaxPixelThreshold": 0.1, "MinCoveragePercentage": 98},
            },
        },
    }


def test_all_parameters_of_the_get_operations_land() -> None:
    """Every parameter of GetLabelDetection and GetSegmentDetection stands where the API reference has it."""
    labels = get_labels(max_results=10, next_token="t", sort_by="NAME", aggregate_by=LabelDetectionAggregateBy.SEGMENTS)

    assert labels.to_aws() == {
        "JobId": "4f",
        "MaxResults": 10,
        "NextToken": "t",
        "SortBy": "NAME",
        "AggregateBy": "SEGMENTS",
    }
    assert labels.sort_by is LabelDetectionSortBy.NAME
    assert get_segments(max_results=10, next_token="t").to_aws() == {"JobId": "4f", "MaxResults": 10, "NextToken": "t"}


def test_what_is_not_given_is_not_sent() -> None:
    """A parameter that is not given, or an empty filter, is left to the service's default."""
    video = {"Video": {"S3Object": {"Bucket": "media", "Name": "street.mp4"}}}

    assert start_labels().to_aws() == video
    assert start_labels(include_labels=[], features=()).to_aws() == video
    assert get_segments().to_aws() == {"JobId": "4f"}


@settings(max_examples=300)
@given(any_request())
def test_from_aws_inverts_to_aws(request: Request) -> None:
    """A request that goes to AWS's shape and back is equal, also by way of JSON."""
    shape = request.to_aws()

    assert type(request).from_aws(shape) == request
    assert type(request).from_aws(json.loads(json.dumps(shape))) == request


@settings(max_examples=300)
@given(any_request())
def test_boto3_accepts_what_we_send(request: Request) -> None:
    """Every request that we let through is one that boto3's own validation lets through."""
    shape = MODEL.operation_model(request.operation_name()).input_shape
    assert isinstance(shape, StructureShape)

    report = ParamValidator().validate(request.to_aws(), shape)

    assert not report.has_errors(), report.generate_report()


@given(st.sampled_from(REQUESTS), st.data())
def test_any_damage_is_accepted_or_named(cls: type[Request], data: st.DataObject) -> None:
    """Any JSON in the place of any member makes a request that keeps to the rules, or a ValidationError."""
    wire = data.draw(requests(cls)).to_aws()
    spot = data.draw(st.sampled_from(list(spots(wire))))
    broken = replaced(wire, spot, data.draw(json_values))

    try:
        request = cls.from_aws(broken)
    except ValidationError as error:
        assert error.field.split(".")[0].split("[")[0] in set(cls.__dataclass_fields__)  # noqa: PT017
    else:
        assert cls.from_aws(request.to_aws()) == request


@given(paths, st.sampled_from([start_labels, start_segments]))
def test_a_local_video_is_kept_and_never_sent_to_aws(path: Path, start: Any) -> None:
    """A path on this machine is a valid video, given as a string or a Path, but has no AWS shape."""
    request = start(video=path)

    assert request.video == path
    assert start(video=str(path)) == request
    with pytest.raises(ValidationError, match="AWS reads videos from S3 only") as caught:
        request.to_aws()
    assert caught.value.field == "video"


@given(s3_objects)
def test_a_video_in_s3_may_be_named_in_three_ways(stored: S3Object) -> None:
    """An S3Object, the Video around it and its URI mean the same video."""
    video = Video(s3_object=stored)

    assert video_of(stored) == video_of(video) == video
    if "?versionId=" not in (stored.name or ""):
        assert video_of(stored.uri) == video


BAD_TOKENS: list[object] = ["", "x" * 65, "a b", "a\n", "\na", "ä", "a/b", 5, b"token", ["token"], True]

BROKEN: list[tuple[Any, str, str, list[object]]] = [
    # ranges, both ends
    (start_labels, "min_confidence", "min_confidence", [-0.1, 100.01, -1, 101, 1e9]),
    (start_segments, "min_shot_confidence", "min_shot_confidence", [49.9, 100.1, 0]),
    (start_segments, "min_technical_cue_confidence", "min_technical_cue_confidence", [49, 101]),
    (get_labels, "max_results", "max_results", [0, -1]),
    # types: neither a bool nor a string is a number, no float a whole number
    (start_labels, "min_confidence", "min_confidence", [True, "70", [70], {}, b"70"]),
    (start_labels, "min_confidence", "min_confidence", [math.nan, math.inf, -math.inf, 1j]),
    (start_segments, "min_shot_confidence", "min_shot_confidence", [True, "60", math.nan]),
    (get_segments, "max_results", "max_results", [True, "10", 10.0, 10.5, math.nan, [10]]),
    # tokens and ids: 1-64 letters, digits, - and _, and nothing after them
    (start_labels, "client_request_token", "client_request_token", BAD_TOKENS),
    (start_segments, "client_request_token", "client_request_token", BAD_TOKENS),
    (get_labels, "job_id", "job_id", [*BAD_TOKENS, None]),
    (get_segments, "job_id", "job_id", [*BAD_TOKENS, None]),
    (start_labels, "job_tag", "job_tag", ["", "x" * 1025, "a b", "tag\n", "ä", "a,b", 7]),
    (get_labels, "next_token", "next_token", ["x" * 256, 5, b"t", True]),
    # lists: a string is none, and each item is looked at
    (start_labels, "include_labels", "include_labels", ["Car", b"Car", 5, {"Car": 1}, None]),
    (start_labels, "exclude_categories", "exclude_categories", ["Car", ["x"] * 101]),
    (
        start_labels,
        "include_labels",
        "include_labels[1]",
        [["a", bad] for bad in ("x" * 51, 5, None, "a\n", "{", "日")],
    ),
    (start_labels, "exclude_labels", "exclude_labels[0]", [["x" * 51]]),
    (start_labels, "include_categories", "include_categories[2]", [["ok", "ok", "{"]]),
    (start_labels, "features", "features", [["GENERAL_LABELS"] * 2, "GENERAL_LABELS"]),
    (start_labels, "features", "features[0]", [["IMAGE_PROPERTIES"], [1]]),
    # enums of requests are closed
    (get_labels, "sort_by", "sort_by", ["name", "", "SIZE", 1, ["NAME"]]),
    (get_labels, "aggregate_by", "aggregate_by", ["SEGMENT", LabelDetectionSortBy.NAME]),
    (start_segments, "segment_types", "segment_types", [[], (), "SHOT", None, {"SHOT": 1}]),
    (start_segments, "segment_types", "segment_types[1]", [["SHOT", bad] for bad in ("shot", "", 5, None, "SHOT\n")]),
    # nested values
    (start_segments, "black_frame", "black_frame", [0.2, "0.2", []]),
    (start_labels, "notification_channel", "notification_channel", [TOPIC, [TOPIC, ROLE], 5]),
    # videos
    (start_labels, "video", "video", ["", None, 5, b"street.mp4", ["street.mp4"], "a\0b", Path("a\0b")]),
    (start_labels, "video", "video", [f"{scheme}://media/a" for scheme in ("http", "https", "file", "S3", "gs")]),
    (start_segments, "video", "video", ["s3://", "s3://media", "s3://media/", "s3:///a", "s3://media/?versionId=a"]),
    (start_segments, "video", "video.s3_object", [Video()]),
    (start_labels, "video", "video.s3_object.bucket", [f"s3://{bad}/a" for bad in ("ab", "x" * 256, "a b c", "abc\n")]),
    (start_labels, "video", "video.s3_object.bucket", [S3Object(name="a")]),
    (start_labels, "video", "video.s3_object.name", ["s3://media/" + "x" * 1025, S3Object(bucket="media")]),
    (start_segments, "video", "video.s3_object.name", [Video(s3_object=S3Object(bucket="media", name=""))]),
    (start_labels, "video", "video.s3_object.version", ["s3://media/a?versionId=" + "x" * 1025]),
    (start_segments, "video", "video.s3_object.version", [S3Object(bucket="media", name="a", version="")]),
]


@pytest.mark.parametrize(
    ("make", "field", "named", "given_value"), [(*row, bad) for *row, all_bad in BROKEN for bad in all_bad]
)
def test_a_broken_rule_is_named(make: Any, field: str, named: str, given_value: object) -> None:
    """Each rule broken raises a ValidationError that names field, value and rule, with the place inside a list."""
    with pytest.raises(ValidationError) as caught:
        make(**{field: given_value})

    error = caught.value
    assert error.field == named
    assert error.rule
    assert str(error).startswith(f"{named}=")
    assert str(error).endswith(f": {error.rule}")
    shown = repr(error.value)
    assert (shown if len(shown) <= 80 else shown[:77] + "...") in str(error)


@pytest.mark.parametrize(
    ("make", "field", "good"),
    [
        *[(start_labels, "min_confidence", good) for good in (0, 100, 0.0, 99.99)],
        *[(start_segments, "min_shot_confidence", good) for good in (50, 100)],
        *[(get_labels, "max_results", good) for good in (1, 1000, 100_000)],
        *[(get_labels, "job_id", good) for good in ("x", "x" * 64, "a-B_9")],
        *[(get_labels, "next_token", good) for good in ("", "x" * 255, "any thing/+=\n")],
        *[(start_labels, "job_tag", good) for good in ("x" * 1024, "a.b-c:d+e=f/g_h")],
        *[(start_labels, "include_labels", good) for good in (["x" * 50] * 100, ("Crème (à la) niño's_-.",), [""])],
        *[(start_segments, "segment_types", good) for good in (["SHOT", "TECHNICAL_CUE"], ("SHOT",))],
        *[(start_labels, "video", f"s3://{good}/a") for good in ("abc", "x" * 255)],
        *[(start_labels, "video", "s3://media/" + good) for good in ("x" * 1024, "a b", "ü?x")],
    ],
)
def test_the_last_good_value_is_accepted(make: Any, field: str, good: object) -> None:
    """Values at the very edge of a rule keep to it."""
    assert isinstance(make(**{field: good}), Request)


@pytest.mark.parametrize(
    ("make", "given_value", "named"),
    [
        (BlackFrame, {"max_pixel_threshold": 1.1}, "max_pixel_threshold"),
        (BlackFrame, {"max_pixel_threshold": -0.1}, "max_pixel_threshold"),
        (BlackFrame, {"max_pixel_threshold": True}, "max_pixel_threshold"),
        (BlackFrame, {"min_coverage_percentage": 100.5}, "min_coverage_percentage"),
        (BlackFrame, {"min_coverage_percentage": "99"}, "min_coverage_percentage"),
        (NotificationChannel, {"sns_topic_arn": "AmazonRekognitionDone"}, "sns_topic_arn"),
        (NotificationChannel, {"sns_topic_arn": TOPIC + "\n"}, "sns_topic_arn"),
        (NotificationChannel, {"sns_topic_arn": "arn:aws:sqs:eu-west-1:123456789012:q"}, "sns_topic_arn"),
        (NotificationChannel, {"role_arn": "arn:aws:iam::12345:role/x"}, "role_arn"),
        (NotificationChannel, {"role_arn": ROLE + " "}, "role_arn"),
        (NotificationChannel, {"role_arn": None}, "role_arn"),
    ],
)
def test_nested_values_are_checked_when_made(make: Any, given_value: dict[str, Any], named: str) -> None:
    """BlackFrame and NotificationChannel keep to their rules by themselves."""
    good: dict[str, Any] = {"sns_topic_arn": TOPIC, "role_arn": ROLE} if make is NotificationChannel else {}

    with pytest.raises(ValidationError) as caught:
        make(**good | given_value)

    assert caught.value.field == named


@pytest.mark.parametrize(
    ("cls", "wire", "named"),
    [
        (StartLabelDetectionRequest, {}, "video"),
        (StartLabelDetectionRequest, {"Video": None}, "video"),
        (StartLabelDetectionRequest, {"Video": "s3://media/a"}, "video"),
        (StartLabelDetectionRequest, {"Video": {}}, "video.s3_object"),
        (StartLabelDetectionRequest, {"Video": {"S3Object": "a"}}, "video.s3_object"),
        (StartLabelDetectionRequest, {"Video": {"S3Object": {"Bucket": "media"}}}, "video.s3_object.name"),
        (StartLabelDetectionRequest, {"Video": {"S3Object": {"Bucket": 5, "Name": "a"}}}, "video.s3_object.bucket"),
        (StartLabelDetectionRequest, {"Settings": "all"}, "include_labels"),
        (StartLabelDetectionRequest, {"Settings": {"GeneralLabels": ["Car"]}}, "include_labels"),
        (StartLabelDetectionRequest, {"NotificationChannel": {"SNSTopicArn": TOPIC}}, "notification_channel.role_arn"),
        (
            StartLabelDetectionRequest,
            {"NotificationChannel": {"SNSTopicArn": TOPIC, "RoleArn": "x"}},
            "notification_channel.role_arn",
        ),
        (StartSegmentDetectionRequest, {"Filters": {"ShotFilter": 5}}, "min_shot_confidence"),
        (StartSegmentDetectionRequest, {"Filters": []}, "min_shot_confidence"),
        (
            StartSegmentDetectionRequest,
            {"Filters": {"TechnicalCueFilter": {"BlackFrame": {"MaxPixelThreshold": 2}}}},
            "black_frame.max_pixel_threshold",
        ),
        (GetLabelDetectionRequest, {}, "job_id"),
        (GetLabelDetectionRequest, {"JobId": "4f", "MaxResults": "10"}, "max_results"),
        (GetSegmentDetectionRequest, {"JobId": ""}, "job_id"),
    ],
)
def test_a_broken_rule_on_the_wire_is_named(cls: type[Request], wire: dict[str, object], named: str) -> None:
    """What comes over the wire is held to the same rules, and nothing of another type is passed over."""
    with pytest.raises(ValidationError) as caught:
        cls.from_aws(wire)

    assert caught.value.field == named


def test_unknown_keys_on_the_wire_are_ignored() -> None:
    """A parameter of tomorrow doesn't stop a request of today."""
    assert GetSegmentDetectionRequest.from_aws({"JobId": "4f", "Locale": "de"}) == get_segments()


@given(any_request(), st.none() | st.text(max_size=255))
def test_with_token_changes_the_token_alone(request: Request, token: str | None) -> None:
    """The request for another page differs in its token, and in nothing else."""
    if isinstance(request, GetRequest):
        moved = request.with_token(token)

        assert moved.next_token == token
        assert moved.with_token(request.next_token) == request
    else:
        assert isinstance(request, StartRequest)
