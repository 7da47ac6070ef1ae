"""The frozen values: lossless both ways, forgiving to what is new, exact about what is wrong."""

from __future__ import annotations

import copy
import dataclasses
import enum
import gc
import json
import pickle
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rekvid.models
from rekvid.errors import ResponseError
from rekvid.models import (
    ABSENT,
    DominantColor,
    Instance,
    JobProgress,
    JsonValue,
    Label,
    LabelDetectionPage,
    Parent,
    PixelBox,
    S3Object,
    SegmentDetectionPage,
    Shape,
    Video,
    VideoColorRange,
    VideoJobStatus,
    VideoMetadata,
)
from rekvid.models._gc import paused_gc
from rekvid.models._shape import Value, aws_name
from strategies import (
    SHAPES,
    any_request,
    any_shape,
    enum_in,
    finite,
    hints_of,
    json_values,
    replaced,
    shapes,
    spots,
)

VALUES: list[type[Value]] = [*SHAPES, PixelBox, JobProgress]
ENUMS: list[type[enum.StrEnum]] = [
    cls
    for name in rekvid.models.__all__
    if isinstance(cls := getattr(rekvid.models, name), type) and issubclass(cls, enum.StrEnum)
]
OPEN_ENUMS = [
    (cls, field, choices) for cls in SHAPES for field, hint in hints_of(cls).items() if (choices := enum_in(hint))
]

progress = st.builds(JobProgress, job_id=st.text(), status=st.text(), elapsed=finite, fraction=st.none() | finite)
boxes_in_pixels = st.builds(PixelBox, left=st.integers(), top=st.integers(), right=st.integers(), bottom=st.integers())
values = any_shape() | progress | boxes_in_pixels


def label(**members: object) -> dict[str, object]:
    """A label on the wire, with other members where given."""
    return {"Name": "Car", "Confidence": 90.5} | members


def strangers(choices: type[enum.StrEnum]) -> st.SearchStrategy[str]:
    """Strings that `choices` doesn't know."""
    known = {choice.value for choice in choices}
    return st.text().filter(lambda text: text not in known)


@settings(max_examples=300)
@given(any_shape())
def test_from_aws_inverts_to_aws(value: Shape) -> None:
    """A value that goes to boto3's shape and back is equal, and gives the identical shape again."""
    shape = value.to_aws()
    back = type(value).from_aws(shape)

    assert back == value
    assert back.to_aws() == shape


@settings(max_examples=300)
@given(any_shape(), st.booleans())
def test_from_json_inverts_to_aws(value: Shape, escaped: bool) -> None:
    """A value that goes to JSON bytes and back is equal, and gives the identical shape again."""
    back = type(value).from_json(json.dumps(value.to_aws(), ensure_ascii=escaped).encode())

    assert back == value
    assert back.to_aws() == value.to_aws()


@given(any_shape())
def test_to_aws_is_plain(value: Shape) -> None:
    """boto3's shape is made of dicts, lists, strings and numbers alone, with no None and no enum in it."""

    def look(member: JsonValue) -> None:
        assert type(member) in (dict, list, str, int, float)
        for inner in member.values() if isinstance(member, dict) else member if isinstance(member, list) else ():
            look(inner)

    look(value.to_aws())


@given(st.sampled_from(SHAPES), st.data())
def test_unknown_keys_and_nulls_are_ignored(cls: type[Shape], data: st.DataObject) -> None:
    """Keys of tomorrow, at any depth, and nulls for what is not set change nothing."""
    value = data.draw(shapes(cls))
    new = data.draw(st.dictionaries(st.text().map(lambda key: f"new{key}"), json_values, max_size=2))

    def grown(member: JsonValue) -> JsonValue:
        if isinstance(member, dict):
            return {key: grown(inner) for key, inner in member.items()} | new
        if isinstance(member, list):
            return [grown(inner) for inner in member]
        return member

    unset = {aws_name(field.name): None for field in dataclasses.fields(cls) if field.default in (None, ABSENT)}
    body = {**unset, **new, **{key: grown(member) for key, member in value.to_aws().items()}}

    assert cls.from_json(json.dumps(body).encode()).to_aws() == value.to_aws()


def test_absent_and_empty_lists_are_told_apart() -> None:
    """A list that the response lacks stays out of to_aws, an empty one stays in; both read as empty and are equal."""
    lacking, empty = Label.from_aws(label()), Label.from_aws(label(Instances=[]))

    assert lacking.to_aws() == label()
    assert empty.to_aws() == label(Instances=[])
    assert lacking == empty
    assert lacking.instances == empty.instances == ()
    assert hash(lacking) == hash(empty)


@pytest.mark.parametrize(("cls", "field", "choices"), OPEN_ENUMS, ids=lambda part: getattr(part, "__name__", part))
@settings(max_examples=15)  # for each enum of each structure
@given(data=st.data())
def test_enums_are_open(cls: type[Shape], field: str, choices: type[enum.StrEnum], data: st.DataObject) -> None:
    """A known string becomes the enum's member, an unknown one stays the plain string that it is."""
    wire = data.draw(shapes(cls)).to_aws()
    known, unknown = data.draw(st.sampled_from(choices)), data.draw(strangers(choices))

    assert getattr(cls.from_aws(wire | {aws_name(field): known.value}), field) is known
    kept = getattr(cls.from_aws(wire | {aws_name(field): unknown}), field)
    assert (type(kept), kept) == (str, unknown)


def test_every_enum_is_open_somewhere_or_only_asked_for() -> None:
    """The test of open enums saw all enums, but for those that only requests and people have."""
    unseen = set(ENUMS) - {choices for _, _, choices in OPEN_ENUMS}

    # A category's name is a plain string in answers; its enum is for those who write filters.
    assert {cls.__name__ for cls in unseen} == {"LabelDetectionFeatureName", "LabelCategoryName"}


SQUARE = {"Width": 0.5, "Height": 0.5, "Left": 0, "Top": 0}


def fourth(**members: object) -> object:
    """A page whose fourth label has one instance, with these members."""
    return {"Labels": [*[{"Label": label()}] * 3, {"Label": label(Instances=[members])}]}


BROKEN = [
    (fourth(BoundingBox=SQUARE, Confidence="high"), "labels[3].label.instances[0].confidence"),
    (fourth(BoundingBox=SQUARE), "labels[3].label.instances[0].confidence"),
    (fourth(BoundingBox={}, Confidence=1), "labels[3].label.instances[0].bounding_box.width"),
    ({"Labels": [{"Label": label(Name=5)}]}, "labels[0].label.name"),
    ({"Labels": [{"Label": {"Name": "Car"}}]}, "labels[0].label.confidence"),
    ({"Labels": [{"Label": None}]}, "labels[0].label"),
    ({"Labels": [{"Label": label(), "Timestamp": 0.5}]}, "labels[0].timestamp"),
    ({"Labels": [{"Label": label(), "Timestamp": "0"}]}, "labels[0].timestamp"),
    ({"Labels": [{"Label": label(), "Timestamp": True}]}, "labels[0].timestamp"),
    ({"Labels": {}}, "labels"),
    ({"Labels": "Car"}, "labels"),
    ({"JobStatus": 5}, "job_status"),
    ({"VideoMetadata": {"ColorRange": ["FULL"]}}, "video_metadata.color_range"),
    ({"VideoMetadata": {"FrameRate": True}}, "video_metadata.frame_rate"),
    ({"GetRequestMetadata": {"SortBy": 1}}, "get_request_metadata.sort_by"),
    ({"Video": {"S3Object": []}}, "video.s3_object"),
    ([], ""),
    (None, ""),
    ("page", ""),
]


@pytest.mark.parametrize(("body", "path"), BROKEN, ids=lambda part: part if isinstance(part, str) else None)
def test_what_is_wrong_is_named(body: object, path: str) -> None:
    """What can't be read is refused with the path to it, in our field names."""
    with pytest.raises(ResponseError) as caught:
        LabelDetectionPage.from_json(json.dumps(body).encode())

    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: LabelDetectionPage" if path else "LabelDetectionPage")


@settings(max_examples=300)
@given(st.data(), st.sampled_from([LabelDetectionPage, SegmentDetectionPage]))
def test_any_damage_is_read_or_named(data: st.DataObject, cls: type[Shape]) -> None:
    """Any JSON in the place of any member is read, or refused with a path that leads there or above."""
    wire = data.draw(shapes(cls)).to_aws()
    spot = data.draw(st.sampled_from([(), *spots(wire)]))
    body = json.dumps(replaced(wire, spot, data.draw(json_values))).encode()

    try:
        cls.from_json(body)
    except ResponseError as error:
        named = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in spot).lower().lstrip(".")
        assert error.path.replace("_", "").lower().startswith(named)  # noqa: PT017  # when nothing is raised all is well


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"JobTag": "\\ud800"}', b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Bytes that are no JSON, cut off, no UTF-8 or without end are refused with an empty path."""
    with pytest.raises(ResponseError) as caught:
        LabelDetectionPage.from_json(body)

    assert caught.value.path == ""


def test_from_aws_refuses_what_is_no_json() -> None:
    """A shape that JSON can't say is refused like one that is wrong."""
    endless: list[object] = []
    endless.append(endless)

    for odd in (object(), "\ud800", endless):
        with pytest.raises(ResponseError):
            Parent.from_aws({"Name": odd})


@given(values)
def test_values_are_frozen_and_slotted(value: Value) -> None:
    """No field can be set or deleted, and there is no __dict__ to put another one into."""
    name = dataclasses.fields(value)[0].name

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(value, name)
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("cls", VALUES, ids=lambda cls: cls.__name__)
def test_fields_are_keyword_only(cls: type[Value]) -> None:
    """No field can be given by position, so that members can be added anywhere."""
    assert all(field.kw_only for field in dataclasses.fields(cls))
    with pytest.raises(TypeError, match="positional"):
        cls(*[None for _ in dataclasses.fields(cls)])


@given(values | any_request())
def test_values_hash_and_copy(value: Value) -> None:
    """A value can be a key, and copying, pickling and replacing nothing give an equal one with the same repr."""
    carried = [copy.copy(value), copy.deepcopy(value), dataclasses.replace(value), pickle.loads(pickle.dumps(value))]

    for other in carried:
        assert (other, hash(other), repr(other)) == (value, hash(value), repr(value))
        if isinstance(value, Shape):
            assert other.to_aws() == value.to_aws()


def test_absent_stays_the_one_it_is() -> None:
    """ABSENT is the same object after pickle, copy, deepcopy and replace, so that to_aws goes on leaving it out."""
    page = LabelDetectionPage()

    assert [pickle.loads(pickle.dumps(ABSENT, protocol)) is ABSENT for protocol in range(2, 6)] == [True] * 4
    assert copy.copy(ABSENT) is copy.deepcopy(ABSENT) is ABSENT
    assert dataclasses.replace(page, job_tag="x").labels is ABSENT
    assert copy.deepcopy(page).labels is ABSENT


def test_repr_leaves_out_what_is_not_set() -> None:
    """A repr shows the fields that are set, in order, and no other."""
    assert repr(LabelDetectionPage()) == "LabelDetectionPage()"
    assert repr(Label(name="Car", confidence=90.5, parents=(Parent(name="Vehicle"),))) == (
        "Label(name='Car', confidence=90.5, parents=(Parent(name='Vehicle'),))"
    )
    assert repr(VideoMetadata(color_range="FULL")) == "VideoMetadata(color_range='FULL')"


@given(shapes(VideoMetadata) | shapes(DominantColor) | shapes(S3Object))
def test_repr_can_be_evaluated(value: Shape) -> None:
    """A repr is the call that makes the value again."""
    names = {"VideoMetadata": VideoMetadata, "DominantColor": DominantColor, "S3Object": S3Object}
    text = repr(value)
    for member in VideoColorRange:
        text = text.replace(repr(member), f"VideoColorRange.{member.name}")

    assert eval(text, {**names, "VideoColorRange": VideoColorRange}) == value


def test_old_names_of_states_are_strings_too() -> None:
    """An enum's member equals and prints as the string that it stands for."""
    page = LabelDetectionPage.from_aws({"JobStatus": "SUCCEEDED", "Video": {"S3Object": {"Bucket": "media"}}})

    assert page.job_status is VideoJobStatus.SUCCEEDED
    assert page.job_status == "SUCCEEDED" == f"{page.job_status}"
    assert page.video == Video(s3_object=S3Object(bucket="media"))


def test_an_instance_without_its_box_is_refused_when_made() -> None:
    """What AWS always sends is required when a value is made by hand, too."""
    with pytest.raises(TypeError, match="bounding_box"):
        Instance(confidence=1.0)  # type: ignore[call-arg]  # that is the mistake


def test_decoding_leaves_the_garbage_collector_as_it_was() -> None:
    """The collector is paused while a page is decoded, and afterwards as it was, also after errors and over threads."""
    states: list[bool] = []

    with paused_gc():
        states.append(gc.isenabled())
        with paused_gc():
            states.append(gc.isenabled())
        states.append(gc.isenabled())
    assert states == [False, False, False]
    assert gc.isenabled()
    with pytest.raises(ResponseError):
        LabelDetectionPage.from_json(b"{")
    assert gc.isenabled()
    gc.disable()
    try:
        LabelDetectionPage.from_json(b"{}")
        assert not gc.isenabled(), "a collector that was off stays off"
    finally:
        gc.enable()
    threads = [threading.Thread(target=LabelDetectionPage.from_json, args=(b"{}",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()
