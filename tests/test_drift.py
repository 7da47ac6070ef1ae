"""Our values, requests and rules against botocore's service model, both ways.

When AWS adds a member, or we make one up, a test here says which. `differences` compares with any model, so that
doctored ones can show that it sees what it is there to see.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import botocore.loaders
import pytest
from botocore.model import ListShape, OperationModel, ServiceModel, StructureShape
from botocore.model import Shape as ModelShape

from rekvid import Client
from rekvid.models import JobProgress, PixelBox, S3Object, Shape, Video
from rekvid.models._rules import Items, Number, OneOf, Text, Whole
from rekvid.models._shape import aws_name
from rekvid.operations import _S3_RULES, OPERATIONS, Request, _paths, _required
from strategies import REQUESTS, SHAPES, enum_in, hints_of, item_of, parts_of, rule_of, shape_in

KINDS = {"string": str, "integer": int, "long": int, "float": float, "double": float}


def raw_model() -> dict[str, Any]:
    """A copy of the service model as botocore has it on disk."""
    return copy.deepcopy(botocore.loaders.Loader().load_service_model("rekognition", "service-2"))


def differences(raw: dict[str, Any]) -> list[str]:
    """All that a model has and we lack, that we have and it lacks, or that is of another kind or limit."""
    model = ServiceModel(raw, "rekognition")
    found: list[str] = []
    for operation in OPERATIONS:
        start = model.operation_model(operation.start.operation_name())
        get = model.operation_model(operation.get.operation_name())
        found += _fields("StartResponse", output_of(start), {"JobId": str})
        found += _structure(operation.page.__name__, output_of(get), operation.page)
        found += _request(operation.start, input_of(start))
        found += _request(operation.get, input_of(get))
    return found


def output_of(operation: OperationModel) -> StructureShape:
    """The structure that an operation answers with."""
    assert isinstance(operation.output_shape, StructureShape)
    return operation.output_shape


def input_of(operation: OperationModel) -> StructureShape:
    """The structure that an operation takes."""
    assert isinstance(operation.input_shape, StructureShape)
    return operation.input_shape


def _structure(path: str, shape: StructureShape, cls: type[Shape]) -> Iterator[str]:
    return _fields(path, shape, {aws_name(field): hint for field, hint in hints_of(cls).items()})


def _fields(path: str, shape: StructureShape, ours: dict[str, object]) -> Iterator[str]:
    for name in shape.members.keys() - ours.keys():
        yield f"{path}.{name}: we lack it"
    for name in ours.keys() - shape.members.keys():
        yield f"{path}.{name}: the model lacks it"
    for name in shape.members.keys() & ours.keys():
        yield from _member(f"{path}.{name}", shape.members[name], ours[name])


def _member(path: str, shape: ModelShape, hint: object) -> Iterator[str]:
    """Compare one member of an answer; a structure bears the model's name for it."""
    if isinstance(shape, ListShape) and (item := item_of(hint)) is not None:
        yield from _member(f"{path}[]", shape.member, item)
    elif isinstance(shape, StructureShape) and item_of(hint) is None and (cls := shape_in(hint)) is not None:
        if cls.__name__ != shape.name:
            yield f"{path}: is a {cls.__name__}, in the model a {shape.name}"
        yield from _structure(path, shape, cls)
    elif choices := shape.metadata.get("enum"):
        ours = enum_in(hint)
        if ours is None or {choice.value for choice in ours} != set(choices):
            yield f"{path}: the model's values are {', '.join(choices)}"
    elif KINDS.get(shape.type_name) is not parts_of(hint)[0]:
        yield f"{path}: is {hint}, in the model a {shape.type_name}"


def _request(cls: type[Request], shape: StructureShape) -> Iterator[str]:
    """Compare the leaves of a request, each with all its rules, and what is required."""
    name = cls.__name__
    ours, theirs = dict(leaves_of_ours(cls)), dict(leaves_of_model(shape))
    for path in theirs.keys() - ours.keys():
        yield f"{name}.{path}: we lack it"
    for path in ours.keys() - theirs.keys():
        yield f"{name}.{path}: the model lacks it"
    for path in theirs.keys() & ours.keys():
        if ours[path] != theirs[path]:
            yield f"{name}.{path}: our rules are {ours[path]}, the model's {theirs[path]}"
    required = {_paths(cls)[field][0] for field in _required(cls)}
    if required != set(shape.required_members):
        yield f"{name}: we require {sorted(required)}, the model {sorted(shape.required_members)}"


def leaves_of_model(shape: ModelShape, path: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Path and rules of each member of a request that is no structure; a list is a leaf, and its items another."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from leaves_of_model(member, f"{path}.{name}".lstrip("."))
        return
    rules: dict[str, object] = {key: shape.metadata.get(key) for key in ("max", "pattern")}
    rules |= {
        "min": shape.metadata.get("min"),
        "kind": "list" if isinstance(shape, ListShape) else KINDS[shape.type_name],
    }
    if rules["kind"] in ("list", str):
        rules["min"] = rules["min"] or 0  # no limit is the same as 0 there
    if choices := shape.metadata.get("enum"):
        rules["enum"] = set(choices)
    yield path, rules
    if isinstance(shape, ListShape):
        yield from leaves_of_model(shape.member, f"{path}[]")


def leaves_of_ours(cls: type[Request]) -> Iterator[tuple[str, dict[str, object]]]:
    """The same for a request of ours."""
    hints = hints_of(cls)
    for field, path in _paths(cls).items():
        yield from _leaves_of_hint(hints[field], ".".join(path))


def _leaves_of_hint(hint: object, path: str) -> Iterator[tuple[str, dict[str, object]]]:
    shape = shape_in(hint)
    if shape is not None:
        # The rules for S3 names stand by themselves: answers that break them are still read.
        hints = _S3_RULES if shape is S3Object else hints_of(shape)
        for field, inner in hints.items():
            yield from _leaves_of_hint(inner, f"{path}.{aws_name(field)}")
        return
    rules: dict[str, object] = {"min": None, "max": None, "pattern": None}
    match rule_of(hint):
        case Number(minimum=minimum, maximum=maximum):
            rules |= {"kind": float, "min": minimum, "max": maximum}
        case Whole(minimum=minimum):
            rules |= {"kind": int, "min": minimum}
        case Text(minimum=minimum, maximum=maximum, pattern=pattern):
            rules |= {"kind": str, "min": minimum, "max": maximum, "pattern": pattern}
        case OneOf(choices=choices):
            rules |= {"kind": str, "min": 0, "enum": {choice.value for choice in choices}}
        case Items(minimum=minimum, maximum=maximum):
            rules |= {"kind": "list", "min": minimum, "max": maximum}
            yield from _leaves_of_hint(item_of(hint), f"{path}[]")
        case None:
            rules |= {"kind": f"without a rule: {hint}"}
    yield path, rules


def test_nothing_has_drifted() -> None:
    """Every member and limit of the four operations is ours too, and we have none that the model lacks."""
    assert differences(raw_model()) == []


def _add(shape: str, member: str, kind: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw["shapes"][shape]["members"][member] = {"shape": kind}

    return change


def _remove(shape: str, member: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        del raw["shapes"][shape]["members"][member]

    return change


def _set(shape: str, key: str, limit: object) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw["shapes"][shape][key] = limit

    return change


def _retype(shape: str, member: str, kind: str) -> Callable[[dict[str, Any]], None]:
    def change(raw: dict[str, Any]) -> None:
        raw["shapes"][shape]["members"][member]["shape"] = kind

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_add("Instance", "Pose", "String"), "LabelDetectionPage.Labels[].Label.Instances[].Pose: we lack it"),
        (_add("GetSegmentDetectionResponse", "Scenes", "String"), "SegmentDetectionPage.Scenes: we lack it"),
        (_add("S3Object", "Region", "String"), "SegmentDetectionPage.Video.S3Object.Region: we lack it"),
        (_add("StartLabelDetectionResponse", "Eta", "Timestamp"), "StartResponse.Eta: we lack it"),
        (_remove("ShotSegment", "Index"), "SegmentDetectionPage.Segments[].ShotSegment.Index: the model lacks it"),
        (_remove("GetLabelDetectionResponse", "JobTag"), "LabelDetectionPage.JobTag: the model lacks it"),
        (_retype("Label", "Confidence", "String"), "LabelDetectionPage.Labels[].Label.Confidence: is <class 'float'>"),
        (_retype("VideoMetadata", "FrameWidth", "Float"), "SegmentDetectionPage.VideoMetadata[].FrameWidth: is "),
        (_retype("Label", "Parents", "LabelAliases"), "LabelDetectionPage.Labels[].Label.Parents[]: is a Parent"),
        (_retype("Label", "Parents", "Parent"), "LabelDetectionPage.Labels[].Label.Parents: is "),
        (
            _set("TechnicalCueType", "enum", ["Content"]),
            "SegmentDetectionPage.Segments[].TechnicalCueSegment.Type: the",
        ),
        (
            _add("GeneralLabelsSettings", "Depth", "Percent"),
            "StartLabelDetectionRequest.Settings.GeneralLabels.Depth: we",
        ),
        (_add("GetLabelDetectionRequest", "Locale", "String"), "GetLabelDetectionRequest.Locale: we lack it"),
        (_remove("StartSegmentDetectionRequest", "JobTag"), "StartSegmentDetectionRequest.JobTag: the model lacks it"),
        (
            _remove("BlackFrame", "MaxPixelThreshold"),
            "StartSegmentDetectionRequest.Filters.TechnicalCueFilter.BlackFrame.M",
        ),
        (_set("Percent", "max", 1), "StartLabelDetectionRequest.MinConfidence: our rules are"),
        (
            _set("SegmentConfidence", "min", 0),
            "StartSegmentDetectionRequest.Filters.ShotFilter.MinSegmentConfidence: our",
        ),
        (
            _set("MaxPixelThreshold", "max", 2),
            "StartSegmentDetectionRequest.Filters.TechnicalCueFilter.BlackFrame.MaxP",
        ),
        (_set("MaxResults", "max", 1000), "GetSegmentDetectionRequest.MaxResults: our rules are"),
        (_set("ClientRequestToken", "pattern", ".*"), "StartLabelDetectionRequest.ClientRequestToken: our rules are"),
        (_set("JobTag", "max", 256), "StartLabelDetectionRequest.JobTag: our rules are"),
        (_set("S3Bucket", "min", 1), "StartLabelDetectionRequest.Video.S3Object.Bucket: our rules are"),
        (_set("RoleArn", "pattern", "arn:.*"), "StartLabelDetectionRequest.NotificationChannel.RoleArn: our rules are"),
        (
            _set("GeneralLabelsFilterList", "max", 10),
            "StartLabelDetectionRequest.Settings.GeneralLabels.LabelInclusionF",
        ),
        (_set("LabelDetectionSortBy", "enum", ["NAME"]), "GetLabelDetectionRequest.SortBy: our rules are"),
        (_set("GetLabelDetectionRequest", "required", []), "GetLabelDetectionRequest: we require ['JobId']"),
    ],
)
def test_drift_is_seen(change: Callable[[dict[str, Any]], None], expected: str) -> None:
    """A member that is added, removed or retyped and a rule that is changed are each reported by their path."""
    raw = raw_model()
    change(raw)

    found = differences(raw)

    assert any(line.startswith(expected) for line in found), found


def _reached(cls: type[Shape], seen: set[type[Shape]]) -> set[type[Shape]]:
    if cls not in seen:
        seen.add(cls)
        for hint in hints_of(cls).values():
            inner = shape_in(item_of(hint) or hint)
            if inner is not None:
                _reached(inner, seen)
    return seen


def test_every_structure_of_ours_was_compared() -> None:
    """No structure stands aside: each is reached from a page or a request. JobProgress and PixelBox are ours alone."""
    reached: set[type[Shape]] = set()
    for operation in OPERATIONS:
        _reached(operation.page, reached)
        for cls in (operation.start, operation.get):
            for hint in hints_of(cls).values():
                if (shape := shape_in(hint)) is not None:
                    _reached(shape, reached)

    assert reached == set(SHAPES)
    assert not issubclass(JobProgress, Shape)
    assert not issubclass(PixelBox, Shape)
    assert Video in reached


@pytest.mark.parametrize("cls", REQUESTS, ids=lambda cls: cls.__name__)
def test_client_methods_offer_every_field(cls: type[Request]) -> None:
    """A method of the client has a parameter for each field of its request, all but the first keyword-only."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in cls.operation_name()).lstrip("_")
    parameters = list(inspect.signature(getattr(Client, name)).parameters.values())[1:]

    assert {parameter.name for parameter in parameters} == {field.name for field in dataclasses.fields(cls)}
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])
