from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.backends.aws.notices import MalformedNoticeError, Notice, read_notice

JOB = "a" * 64
BARE: dict[str, object] = {
    "JobId": JOB,
    "Status": "SUCCEEDED",
    "API": "StartLabelDetection",
    "JobTag": "street",
    "Timestamp": 1_700_000_000_123,
    "Video": {"S3ObjectName": "street.mp4", "S3Bucket": "media"},
}


def _enveloped(message: object, kind: str = "Notification") -> str:
    return json.dumps(
        {
            "Type": kind,
            "MessageId": "5f3c9a7e-0000-0000-0000-000000000000",
            "TopicArn": "arn:aws:sns:eu-west-1:111122223333:AmazonRekognitionVideo",
            "Message": message,
            "Timestamp": "2026-01-01T00:00:00.000Z",
        }
    )


@pytest.mark.parametrize("body", [json.dumps(BARE), _enveloped(json.dumps(BARE))], ids=["raw delivery", "envelope"])
def test_notice_is_read_from_both_deliveries(body: str) -> None:
    """A notice means the same bare and in an SNS envelope."""
    assert read_notice(body) == Notice(
        job_id=JOB, status="SUCCEEDED", api="StartLabelDetection", job_tag="street", timestamp=1_700_000_000_123
    )


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ERROR", "PARTIALLY_SUCCEEDED"])
def test_every_status_is_kept(status: str) -> None:
    """A status is kept word for word, one that the service has added since too."""
    assert read_notice(json.dumps({**BARE, "Status": status})).status == status


@pytest.mark.parametrize("absent", ["API", "JobTag", "Timestamp"])
@pytest.mark.parametrize("null", [True, False])
def test_job_and_status_are_enough(absent: str, null: bool) -> None:
    """What the service may leave out is None, whether the key is missing or null."""
    fields: dict[str, object] = {key: value for key, value in BARE.items() if key != absent}
    if null:
        fields[absent] = None
    notice = read_notice(json.dumps(fields))
    assert {"API": notice.api, "JobTag": notice.job_tag, "Timestamp": notice.timestamp}[absent] is None
    assert notice.job_id == JOB


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param("", "the body is not JSON", id="empty"),
        pytest.param("done!", "the body is not JSON", id="words"),
        pytest.param(json.dumps(BARE)[:-9], "the body is not JSON", id="cut off"),
        pytest.param('"\ud800"', "the body is not JSON", id="half a surrogate pair"),
        pytest.param('{"JobId": NaN}', "the body is not JSON", id="NaN"),
        pytest.param("[]", "the body is a JSON list", id="list"),
        pytest.param("null", "the body is a JSON NoneType", id="null"),
        pytest.param('{"a":' * 5_000 + "1" + "}" * 5_000, "nested too deeply", id="deep"),
        pytest.param(json.dumps({**BARE, "JobTag": "x" * 70_000}), "has 70", id="oversized"),
        pytest.param("{}", "JobId is not", id="no job"),
        pytest.param(json.dumps({**BARE, "JobId": 5}), "JobId is a int", id="job a number"),
        pytest.param(json.dumps({**BARE, "JobId": ""}), "JobId is not", id="job empty"),
        pytest.param(json.dumps({**BARE, "JobId": "a" * 65}), "JobId is not", id="job too long"),
        pytest.param(json.dumps({**BARE, "JobId": "a b"}), "JobId is not", id="job with a space"),
        pytest.param(json.dumps({**BARE, "JobId": "a\n"}), "JobId is not", id="job with a line break"),
        pytest.param(json.dumps({"JobId": JOB}), "Status is missing", id="no status"),
        pytest.param(json.dumps({**BARE, "Status": {}}), "Status is a dict", id="status an object"),
        pytest.param(json.dumps({**BARE, "API": []}), "API is a list", id="API a list"),
        pytest.param(json.dumps({**BARE, "JobTag": 1}), "JobTag is a int", id="tag a number"),
        pytest.param(json.dumps({**BARE, "Timestamp": "now"}), "Timestamp is a str", id="time a text"),
        pytest.param(json.dumps({**BARE, "Timestamp": True}), "Timestamp is a bool", id="time a truth"),
        pytest.param(_enveloped(BARE), "Message is a dict", id="Message not a text"),
        pytest.param(_enveloped(None), "Message is a NoneType", id="Message null"),
        pytest.param('{"Type": "Notification"}', "Message is a NoneType", id="no Message"),
        pytest.param(_enveloped("hello"), "Message is not JSON", id="Message words"),
        pytest.param(_enveloped("[" * 9_000), "Message is not JSON, or is nested", id="Message deep"),
        pytest.param(_enveloped("{}"), "JobId is not", id="Message without a job"),
        pytest.param(
            _enveloped("You have chosen to subscribe", "SubscriptionConfirmation"), "not that of a", id="subscription"
        ),
        pytest.param('{"Records": [{"eventSource": "aws:s3"}]}', "JobId is not", id="event of S3"),
    ],
)
def test_anything_else_is_malformed(body: str, complaint: str) -> None:
    """What is no notice raises the one error for that, with the reason."""
    with pytest.raises(MalformedNoticeError, match=complaint):
        read_notice(body)


def test_complaint_quotes_nothing() -> None:
    """A complaint goes to the log, so it holds nothing of a body, which may be anybody's secret."""
    for body in ('{"JobId": "hunter two"}', '{"JobId": "x", "Status": ["hunter two"]}', "hunter two"):
        with pytest.raises(MalformedNoticeError) as caught:
            read_notice(body)
        assert "hunter" not in str(caught.value)
        assert caught.value.__cause__ is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["JobId", "Status", "API", "JobTag", "Timestamp", "Message", "Type"]), inner)
    ),
    max_leaves=8,
)


@given(st.text() | _JSON.map(json.dumps) | _JSON.map(json.dumps).map(_enveloped))
def test_no_body_does_harm(body: str) -> None:
    """Whatever stands in a body, it is a notice or malformed: no other error comes up."""
    try:
        notice = read_notice(body)
    except MalformedNoticeError:
        return
    assert 1 <= len(notice.job_id) <= 64
    assert notice.status
