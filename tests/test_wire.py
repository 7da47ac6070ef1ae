"""The JSON protocol: requests and pages through bytes, refusals as botocore reads them, and garbage."""

from __future__ import annotations

import json

import botocore.loaders
import botocore.parsers
import botocore.session
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekvid.errors import ResponseError, ServiceError, ValidationError
from rekvid.models import LabelDetectionPage, SegmentDetectionPage
from rekvid.operations import OPERATIONS, Request
from rekvid.wire import (
    CONTENT_TYPE,
    REQUESTS,
    TARGET_PREFIX,
    decode_page,
    decode_request,
    encode_error,
    encode_job_id,
    encode_page,
    encode_refusal,
    status_of,
)
from strategies import any_request, json_values, replaced, requests, shapes, spots

MODEL = botocore.session.get_session().get_service_model("rekognition")
PARSER = botocore.parsers.create_parser("json")
PAGES = [LabelDetectionPage, SegmentDetectionPage]

any_text = st.text(st.characters())  # lone surrogates too: JSON can escape what UTF-8 can't say
errors = st.builds(
    ServiceError.of,
    st.sampled_from([cls.declared_code for cls in ServiceError.__subclasses__()])
    | st.from_regex(r"\A[A-Za-z]{1,40}\Z"),
    st.text(),
    operation=st.sampled_from(sorted(REQUESTS)),
)


def test_the_protocol_is_that_of_the_model() -> None:
    """Content type, target prefix and the operations are those that botocore's clients use."""
    assert f"{MODEL.metadata['targetPrefix']}." == TARGET_PREFIX
    assert f"application/x-amz-json-{MODEL.metadata['jsonVersion']}" == CONTENT_TYPE
    assert set(REQUESTS) <= set(MODEL.operation_names)
    assert len(REQUESTS) == 2 * len(OPERATIONS)


@given(any_request())
def test_requests_come_through_bytes(request: Request) -> None:
    """The body that boto3's serialiser would send for a request is read as that request."""
    body = json.dumps(request.to_aws()).encode()

    assert decode_request(request.operation_name(), body) == request


@settings(max_examples=200)
@given(st.sampled_from(PAGES).flatmap(shapes))
def test_pages_come_through_bytes(page: LabelDetectionPage | SegmentDetectionPage) -> None:
    """A page that is written is read as itself, by us and by botocore's own parser."""
    body = encode_page(page)
    shape = MODEL.operation_model(f"Get{type(page).__name__.removesuffix('Page')}").output_shape
    assert shape is not None

    again = decode_page(type(page), body)
    by_botocore = PARSER.parse({"body": body, "headers": {}, "status_code": 200}, shape)
    del by_botocore["ResponseMetadata"]

    assert again == page
    assert again.to_aws() == page.to_aws() == by_botocore


@pytest.mark.parametrize("operation", ["StartLabelDetection", "StartSegmentDetection"])
def test_a_job_id_is_read_by_botocore(operation: str) -> None:
    """The answer of a Start operation is one that botocore reads."""
    shape = MODEL.operation_model(operation).output_shape
    assert shape is not None

    answer = PARSER.parse({"body": encode_job_id("4f-_"), "headers": {}, "status_code": 200}, shape)

    assert answer["JobId"] == "4f-_"


def refused(status: int, body: bytes) -> tuple[str, str, int]:
    """Code, message and status that botocore makes of a refusal."""
    shape = MODEL.operation_model("GetLabelDetection").output_shape
    assert shape is not None
    answer = PARSER.parse({"body": body, "headers": {}, "status_code": status}, shape)
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


@given(errors)
def test_refusals_are_understood_by_botocore(error: ServiceError) -> None:
    """Botocore reads code, message and status of every refusal, whatever the characters of the message."""
    assert refused(*encode_error(error)) == (error.code, error.message, status_of(error.code))


@given(any_text, any_text.filter(lambda text: text.isprintable()))
def test_a_broken_rule_is_refused_as_the_service_does(value: str, field: str) -> None:
    """A ValidationError is InvalidParameterException to botocore, with field and rule in the message."""
    error = ValidationError(field, value, "must be shorter")

    code, message, status = refused(*encode_error(error))

    assert (code, status) == ("InvalidParameterException", 400)
    assert str(error) in message


def test_a_code_of_the_front_is_understood() -> None:
    """A refusal without an error of ours, such as an unknown operation, reads the same way."""
    body = encode_refusal("UnknownOperationException", "no such operation")

    assert refused(404, body) == ("UnknownOperationException", "no such operation", 404)


def test_status_of_every_declared_code() -> None:
    """The codes that the model marks as faults of the service come with a 500, all others with a 400."""
    raw = botocore.loaders.Loader().load_service_model("rekognition", "service-2")["shapes"]
    codes = [cls.declared_code for cls in ServiceError.__subclasses__()]

    assert {code for code in codes if status_of(code) == 500} == {code for code in codes if raw[code].get("fault")}
    assert {status_of(code) for code in codes} == {400, 500}


def read(operation: str, body: bytes) -> Request | None:
    """The request, or None where the body is refused; any other exception comes through and fails the test."""
    try:
        return decode_request(operation, body)
    except (ResponseError, ValidationError) as error:
        assert str(error)  # noqa: PT017  # when nothing is raised all is well
        if isinstance(error, ValidationError):
            encode_error(error)
        return None


@pytest.mark.parametrize("operation", sorted(REQUESTS))
@given(body=st.binary() | json_values.map(lambda data: json.dumps(data).encode()))
@example(body=b"")
@example(body=b"\xff\xfe{\x00}\x00")
@example(body=b'{"JobId":NaN}')
@example(body=b'{"JobId":"\\ud800"}')
@example(body=b'{"MaxResults":1e999,"JobId":"x"}')
@example(body=b'{"JobId":' + b"9" * 5000 + b"}")
@example(body=b"[" * 100_000)
def test_garbage_is_refused_in_order(operation: str, body: bytes) -> None:
    """Any bytes are a request, a ResponseError or a ValidationError, and never another exception."""
    request = read(operation, body)

    assert request is None or isinstance(request, REQUESTS[operation])


@settings(max_examples=200)
@given(st.sampled_from(sorted(REQUESTS)), st.data())
def test_damaged_requests_are_refused_in_order(operation: str, data: st.DataObject) -> None:
    """A request with anything in the place of any member, lone surrogates too, is read or refused by one of the two."""
    wire = data.draw(requests(REQUESTS[operation])).to_aws()
    spot = data.draw(st.sampled_from(list(spots(wire))))
    broken = replaced(wire, spot, data.draw(json_values | any_text | st.lists(any_text)))

    request = read(operation, json.dumps(broken).encode())

    assert request is None or read(operation, json.dumps(request.to_aws()).encode()) == request


@pytest.mark.parametrize("depth", range(900, 1000))
def test_depth_is_refused_in_order(depth: int) -> None:
    """Lists in lists, as deep as the JSON reader just allows or not, are refused like any other value."""
    assert read("GetLabelDetection", b'{"JobId":' + b"[" * depth + b"]" * depth + b"}") is None


@given(st.sampled_from(PAGES), st.binary() | json_values.map(lambda data: json.dumps(data).encode()))
def test_garbage_answers_are_refused_in_order(
    page: type[LabelDetectionPage | SegmentDetectionPage], body: bytes
) -> None:
    """Any bytes in the place of an answer are a page or a ResponseError, and never another exception."""
    try:
        decode_page(page, body)
    except ResponseError as error:
        assert str(error)  # noqa: PT017  # when nothing is raised all is well
