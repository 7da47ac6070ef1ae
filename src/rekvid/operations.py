"""The operations: requests with all their validation, and one descriptor for each pair of Start and Get.

Field names are the AWS names in snake_case, flattened where the nesting of the API says nothing; `At` notes
where a flattened field stands in the request. The rules are those of botocore's service model
(``rekognition/2016-06-27``); a test compares the two, member by member. The prose is in the API reference under
the name of each operation.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Generic, Optional, Self, TypeVar, cast, get_args, get_type_hints

from rekvid.errors import ValidationError
from rekvid.models import (
    ABSENT,
    BlackFrame,
    JobPage,
    JsonValue,
    LabelDetection,
    LabelDetectionAggregateBy,
    LabelDetectionFeatureName,
    LabelDetectionPage,
    LabelDetectionSortBy,
    NotificationChannel,
    S3Object,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    Shape,
    Video,
)
from rekvid.models._rules import Checked, Items, Number, OneOf, Text, Whole, check_members
from rekvid.models._shape import Value, aws_name, value

PageT = TypeVar("PageT", bound=JobPage)
ItemT = TypeVar("ItemT", bound=Shape)

VideoSource = str | os.PathLike[str] | S3Object | Video
"""What users may name a video by: ``s3://bucket/key?versionId=...``, an `S3Object`, a `Video`, or a path."""

MAX_RESULTS = 1000
"""The most items that a page holds; the service takes a larger number for this one."""


@dataclasses.dataclass(frozen=True, slots=True)
class At:
    """Where a field stands in the AWS request: the keys from the outside in."""

    path: tuple[str, ...]


_Filter = Annotated[
    tuple[Annotated[str, Text(0, 50, r"[A-Za-z0-9àâèçñó'-_(). ]*", "the name of a label or category")], ...],
    Items(0, 100),
]
_PLAIN = "letters, digits, - and _"
_GENERAL = ("Settings", "GeneralLabels")
_S3_RULES: Mapping[str, object] = {
    "bucket": Annotated[str, Text(3, 255, r"[0-9A-Za-z\.\-_]*", "letters, digits, . - and _")],
    "name": Annotated[str, Text(1, 1024)],
    "version": Optional[Annotated[str, Text(1, 1024)]],  # noqa: UP045  # `|` on Annotated is no type to pyright
}


class Request(Checked, Value):
    """The base of all requests: checked when made, and able to go to and from the AWS shape."""

    __slots__ = ()

    @classmethod
    def operation_name(cls) -> str:
        """The AWS name of the operation: ``StartLabelDetection``."""
        return cls.__name__.removesuffix("Request")

    def to_aws(self) -> dict[str, JsonValue]:
        """The parameters as boto3 takes them.

        Raises:
            ValidationError: The video is a local file, which AWS can't read.
        """
        result: dict[str, JsonValue] = {}
        for field, path in _paths(type(self)).items():
            member = getattr(self, field)
            if member is None or member == ():
                continue
            inner = result
            for key in path[:-1]:
                inner = cast("dict[str, JsonValue]", inner.setdefault(key, {}))
            inner[path[-1]] = _to_aws(field, member)
        return result

    @classmethod
    def from_aws(cls, data: Mapping[str, object]) -> Self:
        """Make the request from the parameters as they stand on the wire. Unknown keys are ignored.

        Raises:
            ValidationError: A member is missing, of another type, or breaks its rule.
        """
        fields: dict[str, Any] = {}
        for field, path in _paths(cls).items():
            member: object = data
            for key in path:
                if member is None:
                    break
                if not isinstance(member, Mapping):
                    raise ValidationError(field, member, f"{key} must stand in an object")
                member = member.get(key)
            if member is not None:
                shape = _nested(cls).get(field)
                fields[field] = member if shape is None else _revive(shape, field, member)
        for required in _required(cls):
            if required not in fields:
                raise ValidationError(required, None, f"{cls.operation_name()} requires it")
        return cls(**fields)


@value
class StartRequest(Request):
    """What every Start request has.

    Attributes:
        video: The video: in S3, or a path on this machine.
        client_request_token: 1-64 letters, digits, ``-`` and ``_``. The same token with the same parameters gives the
            same job for 7 days.
        notification_channel: Where to publish that the job has ended.
        job_tag: 1-1024 characters that come back with the notification.
    """

    video: Video | Path = dataclasses.field(metadata={"unchecked": "video_of has checked it"})
    client_request_token: Annotated[str, Text(1, 64, "^[a-zA-Z0-9-_]+$", _PLAIN)] | None = None
    notification_channel: NotificationChannel | None = None
    job_tag: Annotated[str, Text(1, 1024, r"[a-zA-Z0-9_.\-:+=\/]+", "letters, digits and _ . - : + = /")] | None = None

    def __post_init__(self) -> None:
        """Check every field, and make `video` a `Video` or a `Path`."""
        object.__setattr__(self, "video", video_of(self.video))
        Checked.__post_init__(
            self
        )  # not super(): the dataclass with slots is another class than the one it was made of


@value
class GetRequest(Request, Generic[PageT]):
    """What every Get request has; PageT is what the backend answers with.

    Attributes:
        job_id: The job, 1-64 letters, digits, ``-`` and ``_``.
        max_results: Items a page, at least 1; over 1000, the default, counts as 1000.
        next_token: Token of the page, at most 255 characters; None for the first.
    """

    job_id: Annotated[str, Text(1, 64, "^[a-zA-Z0-9-_]+$", _PLAIN)]
    max_results: Annotated[int, Whole(1)] | None = None
    next_token: Annotated[str, Text(0, 255)] | None = None

    def with_token(self, next_token: str | None) -> Self:
        """The same request for the page of another token."""
        return dataclasses.replace(self, next_token=next_token)


def video_of(source: object) -> Video | Path:
    """The video that `source` names (see `VideoSource`): in S3, or a path on this machine.

    Raises:
        ValidationError: `source` is of another type, a URL of another scheme, or breaks the rules for S3 names.
    """
    try:
        if isinstance(source, str) and source.startswith("s3://"):
            source = S3Object.from_uri(source)
    except ValueError as error:
        raise ValidationError("video", source, str(error)) from None
    if isinstance(source, S3Object):
        source = Video(s3_object=source)
    if isinstance(source, Video):
        if source.s3_object is None:
            raise ValidationError("video.s3_object", None, "a video in S3 needs its S3 object")
        check_members(_S3_RULES, source.s3_object, "video.s3_object")
        return source
    if isinstance(source, str | os.PathLike) and source != "":
        path = os.fspath(source)
        if isinstance(path, str) and "://" not in path and "\0" not in path and not path.startswith("s3:/"):
            return Path(path)
    rule = "a video is 's3://bucket/key' (a string, no Path), an S3Object, a Video, or the path of a file"
    raise ValidationError("video", source, rule)


@value
class StartLabelDetectionRequest(StartRequest):
    """Parameters of StartLabelDetection (API reference, StartLabelDetection), besides those of `StartRequest`.

    Attributes:
        min_confidence: 0-100; the service takes 50 when absent. Labels below it are left out.
        include_labels: Only these labels; at most 100 of at most 50 characters.
        exclude_labels: Not these labels; likewise.
        include_categories: Only labels of these categories; likewise.
        exclude_categories: No labels of these categories; likewise.
        features: What to detect; GENERAL_LABELS when absent.

    Raises:
        ValidationError: A field breaks its rule.
    """

    min_confidence: Annotated[float, Number(0, 100)] | None = None
    include_labels: Annotated[_Filter, At((*_GENERAL, "LabelInclusionFilters"))] = ()
    exclude_labels: Annotated[_Filter, At((*_GENERAL, "LabelExclusionFilters"))] = ()
    include_categories: Annotated[_Filter, At((*_GENERAL, "LabelCategoryInclusionFilters"))] = ()
    exclude_categories: Annotated[_Filter, At((*_GENERAL, "LabelCategoryExclusionFilters"))] = ()
    features: Annotated[
        tuple[Annotated[LabelDetectionFeatureName | str, OneOf(LabelDetectionFeatureName)], ...], Items(0, 1)
    ] = ()


@value
class GetLabelDetectionRequest(GetRequest[LabelDetectionPage]):
    """Parameters of GetLabelDetection (API reference, GetLabelDetection), besides those of `GetRequest`.

    Attributes:
        sort_by: TIMESTAMP, the default, or NAME.
        aggregate_by: TIMESTAMPS, the default, or SEGMENTS.

    Raises:
        ValidationError: A field breaks its rule.
    """

    sort_by: Annotated[LabelDetectionSortBy | str, OneOf(LabelDetectionSortBy)] | None = None
    aggregate_by: Annotated[LabelDetectionAggregateBy | str, OneOf(LabelDetectionAggregateBy)] | None = None


@value
class StartSegmentDetectionRequest(StartRequest):
    """Parameters of StartSegmentDetection (API reference, StartSegmentDetection), besides those of `StartRequest`.

    Attributes:
        segment_types: SHOT, TECHNICAL_CUE or both; at least one. The service bills each.
        min_shot_confidence: 50-100, default 50. Shots below it are left out.
        min_technical_cue_confidence: 50-100, default 50. Cues below it are left out.
        black_frame: What counts as a black frame.

    Raises:
        ValidationError: A field breaks its rule.
    """

    segment_types: Annotated[tuple[Annotated[SegmentType | str, OneOf(SegmentType)], ...], Items(1)]
    min_shot_confidence: Annotated[
        Annotated[float, Number(50, 100)] | None, At(("Filters", "ShotFilter", "MinSegmentConfidence"))
    ] = None
    min_technical_cue_confidence: Annotated[
        Annotated[float, Number(50, 100)] | None, At(("Filters", "TechnicalCueFilter", "MinSegmentConfidence"))
    ] = None
    black_frame: Annotated[BlackFrame | None, At(("Filters", "TechnicalCueFilter", "BlackFrame"))] = None


@value
class GetSegmentDetectionRequest(GetRequest[SegmentDetectionPage]):
    """Parameters of GetSegmentDetection, those of `GetRequest` alone (API reference, GetSegmentDetection).

    Raises:
        ValidationError: A field breaks its rule.
    """


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[PageT, ItemT]):
    """A pair of Start and Get: all that backends, jobs and the endpoint need to know of it.

    Attributes:
        start: Class of the Start request.
        get: Class of the Get request.
        page: Class of the page that Get answers with.
        items: Name of the page's field that holds the items.
        item: Class of an item.
    """

    start: type[StartRequest]
    get: type[GetRequest[PageT]]
    page: type[PageT]
    items: str
    item: type[ItemT]

    @property
    def name(self) -> str:
        """What the pair detects: ``LabelDetection``."""
        return self.start.operation_name().removeprefix("Start")

    def items_of(self, page: PageT) -> tuple[ItemT, ...]:
        """The items of `page`."""
        return cast("tuple[ItemT, ...]", getattr(page, self.items))

    def head_of(self, page: PageT) -> PageT:
        """`page` without its items."""
        no_items: dict[str, Any] = {self.items: ABSENT}
        return dataclasses.replace(page, **no_items)


LABEL_DETECTION = Operation(
    start=StartLabelDetectionRequest,
    get=GetLabelDetectionRequest,
    page=LabelDetectionPage,
    items="labels",
    item=LabelDetection,
)
SEGMENT_DETECTION = Operation(
    start=StartSegmentDetectionRequest,
    get=GetSegmentDetectionRequest,
    page=SegmentDetectionPage,
    items="segments",
    item=SegmentDetection,
)
OPERATIONS: tuple[Operation[Any, Any], ...] = (LABEL_DETECTION, SEGMENT_DETECTION)
"""All pairs."""


def operation_of_get(request: GetRequest[PageT]) -> Operation[PageT, Any]:
    """The pair that `request` reads from."""
    return next(operation for operation in OPERATIONS if operation.get is type(request))


_PATHS: dict[type[Request], dict[str, tuple[str, ...]]] = {}


def _paths(cls: type[Request]) -> dict[str, tuple[str, ...]]:
    """Where each field stands in the AWS request."""
    if cls in _PATHS:
        return _PATHS[cls]
    hints = get_type_hints(cls, include_extras=True)
    paths = {}
    for field in dataclasses.fields(cls):
        at = [mark for mark in getattr(hints[field.name], "__metadata__", ()) if isinstance(mark, At)]
        paths[field.name] = at[0].path if at else (aws_name(field.name),)
    _PATHS[cls] = paths
    return paths


def _required(cls: type[Request]) -> list[str]:
    return [field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING]


def _to_aws(field: str, member: object) -> JsonValue:
    if isinstance(member, Shape):
        return member.to_aws()
    if isinstance(member, tuple):
        return [str(each) for each in member]
    if isinstance(member, Path):
        rule = "AWS reads videos from S3 only; give s3://bucket/key, or use the local backend for files"
        raise ValidationError(field, str(member), rule)
    assert isinstance(member, str | int | float)
    return str(member) if isinstance(member, str) else member


_NESTED: dict[type, dict[str, type[Shape]]] = {}


def _nested(cls: type) -> dict[str, type[Shape]]:
    """The fields of a request or a shape that hold a shape, with its class."""
    if cls not in _NESTED:
        options = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(cls).items()}
        _NESTED[cls] = {
            name: shape
            for name, hints in options.items()
            for shape in hints
            if isinstance(shape, type) and issubclass(shape, Shape)
        }
    return _NESTED[cls]


def _revive(shape: type[Shape], path: str, member: object) -> Shape:
    """Make the shape that stands on the wire; what is in it is left to the rules."""
    if not isinstance(member, Mapping):
        raise ValidationError(path, member, f"must be an object of the members of {shape.__name__}")
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(shape):
        given = member.get(aws_name(field.name))
        inner = _nested(shape).get(field.name)
        if given is not None:
            fields[field.name] = given if inner is None else _revive(inner, f"{path}.{field.name}", given)
        elif field.default is dataclasses.MISSING:
            raise ValidationError(f"{path}.{field.name}", None, f"{shape.__name__} requires it")
    try:
        return shape(**fields)
    except ValidationError as error:
        raise ValidationError(f"{path}.{error.field}", error.value, error.rule) from None
