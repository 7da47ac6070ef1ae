"""Hypothesis strategies for values and requests, built from the type hints and rules of their fields.

Nothing here names a field: a new member or a new operation is generated as soon as it exists.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

import rekvid.models
from rekvid.models import ABSENT, JobPage, JsonValue, S3Object, Shape, Video
from rekvid.models._rules import Items, Number, OneOf, Text, Whole
from rekvid.operations import _S3_RULES, OPERATIONS, Request

ShapeT = TypeVar("ShapeT", bound=Shape)
RequestT = TypeVar("RequestT", bound=Request)
AnyStrategy: TypeAlias = "st.SearchStrategy[Any]"

_RULES = (Items, Number, OneOf, Text, Whole)
_LONGEST = 4  # items in a list, and the least that shows order and repetition

SHAPES: list[type[Shape]] = [
    cls
    for name in rekvid.models.__all__
    if isinstance(cls := getattr(rekvid.models, name), type) and issubclass(cls, Shape) and cls not in (Shape, JobPage)
]
"""Every structure that AWS knows."""

REQUESTS: list[type[Request]] = [request for operation in OPERATIONS for request in (operation.start, operation.get)]
"""Every request."""

finite = st.floats(allow_nan=False, allow_infinity=False)

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON can say, if it is no text that UTF-8 can't."""


def parts_of(hint: object) -> tuple[object, tuple[object, ...]]:
    """A hint as users know it, without None, and the marks that it was annotated with."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        bare, more = parts_of(inner)
        return bare, (*more, *marks)
    if get_origin(hint) in (Union, types.UnionType):
        rest = [each for each in get_args(hint) if each is not type(None)]
        if len(rest) == 1:
            return parts_of(rest[0])
        return Union[tuple(rest)], ()  # noqa: UP007  # the members are only known at run time
    return hint, ()


def rule_of(hint: object) -> Items | Number | OneOf | Text | Whole | None:
    """The rule among the marks of `hint`, if it has one."""
    return next((mark for mark in parts_of(hint)[1] if isinstance(mark, _RULES)), None)


def shape_in(hint: object) -> type[Shape] | None:
    """The structure that `hint` stands for, alone or beside other types."""
    bare = parts_of(hint)[0]
    return next((each for each in (bare, *get_args(bare)) if isinstance(each, type) and issubclass(each, Shape)), None)


def enum_in(hint: object) -> type[enum.StrEnum] | None:
    """The open enum that `hint` stands for."""
    options = get_args(parts_of(hint)[0])
    return next((each for each in options if isinstance(each, type) and issubclass(each, enum.StrEnum)), None)


def item_of(hint: object) -> object | None:
    """The hint of the items, if `hint` is a list."""
    bare = parts_of(hint)[0]
    return get_args(bare)[0] if get_origin(bare) is tuple else None


def hints_of(cls: type) -> dict[str, object]:
    """The hints of all fields of a dataclass that AWS knows, with their marks."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields_of(cls)}


def fields_of(cls: type) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass that AWS knows: all but those that are ours alone, and are never sent."""
    return [field for field in dataclasses.fields(cls) if "ours" not in field.metadata]


@cache
def _alphabet(pattern: str) -> str:
    """The characters that `pattern` allows by themselves; empty if it wants more than one kind in some order."""
    return "".join(chr(code) for code in range(0x180) if re.fullmatch(pattern, chr(code)) and chr(code) != "\n")


def texts(rule: Text) -> st.SearchStrategy[str]:
    """Strings that keep to `rule`."""
    if rule.pattern is None:
        return st.text(min_size=rule.minimum, max_size=min(rule.maximum or 40, 40))
    if letters := _alphabet(rule.pattern):
        return st.text(letters, min_size=rule.minimum, max_size=min(rule.maximum or 40, 40))
    return st.from_regex(re.compile(rule.pattern, re.ASCII), fullmatch=True).filter(lambda text: "\n" not in text)


def _by_rule(hint: object) -> AnyStrategy:
    match rule_of(hint):
        case Number(minimum=minimum, maximum=maximum):
            return st.floats(minimum, maximum) | st.integers(int(minimum), int(maximum))
        case Whole(minimum=minimum):
            return st.integers(minimum, 2**31 - 1)
        case OneOf(choices=choices):
            return st.sampled_from(choices)
        case Text() as rule:
            return texts(rule)
        case Items(minimum=minimum, maximum=maximum):
            longest = min(maximum or _LONGEST, _LONGEST)
            return st.lists(_by_rule(item_of(hint)), min_size=minimum, max_size=longest).map(tuple)
        case None:
            return _of_hint(hint)


def _of_hint(hint: object) -> AnyStrategy:
    """Values of the type `hint`, None left out."""
    if rule_of(hint) is not None:
        return _by_rule(hint)
    if (item := item_of(hint)) is not None:
        # The empty list and no list at all are two things on the wire, so both are wanted often.
        return st.just(ABSENT) | st.just(()) | st.lists(_of_hint(item), max_size=_LONGEST).map(tuple)
    if (choices := enum_in(hint)) is not None:
        return st.sampled_from(choices) | st.text().filter(lambda text: text not in set(choices))
    if (shape := shape_in(hint)) is not None:
        return shapes(shape)
    scalars: Mapping[object, AnyStrategy] = {
        str: st.text(),
        int: st.integers(-(2**63), 2**63 - 1),
        float: finite,
    }
    return scalars[parts_of(hint)[0]]


def shapes(cls: type[ShapeT]) -> st.SearchStrategy[ShapeT]:
    """Values of `cls`, with every field that may be unset now set and now not."""
    if cls not in _BUILT:
        _BUILT[cls] = _built(cls)
    return cast("st.SearchStrategy[ShapeT]", _BUILT[cls])


# A plain dictionary: functools.cache takes no class under mypy --strict.
_BUILT: dict[type[Shape], AnyStrategy] = {}


def _built(cls: type[Shape]) -> AnyStrategy:
    hints = hints_of(cls)
    fields = {}
    for field in fields_of(cls):
        values = _of_hint(hints[field.name])
        fields[field.name] = st.none() | values if field.default is None else values
    return st.builds(cls, **fields)


def any_shape() -> st.SearchStrategy[Shape]:
    """Values of all structures."""
    return st.sampled_from(SHAPES).flatmap(shapes)


s3_objects: st.SearchStrategy[S3Object] = st.builds(
    S3Object,
    **{name: _by_rule(rule) | (st.none() if name == "version" else st.nothing()) for name, rule in _S3_RULES.items()},
)
"""Objects in S3 with names that requests allow."""

s3_videos: st.SearchStrategy[Video] = st.builds(Video, s3_object=s3_objects)
"""Videos in S3 that requests allow."""

paths: st.SearchStrategy[Path] = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
    .filter(lambda text: "://" not in text)
    .map(Path)
)
"""Paths of files, also odd ones."""


def requests(cls: type[RequestT], *, videos: AnyStrategy = s3_videos) -> st.SearchStrategy[RequestT]:
    """Requests of `cls` that keep to all rules."""
    hints = hints_of(cls)
    fields = {}
    for field in fields_of(cls):
        values = videos if shape_in(hints[field.name]) is Video else _by_rule(hints[field.name])
        if field.default is None:
            values = st.none() | values
        elif field.default == ():
            values = st.just(()) | values
        fields[field.name] = values
    return st.builds(cls, **fields)


def any_request() -> st.SearchStrategy[Request]:
    """Requests of all operations."""
    return st.sampled_from(REQUESTS).flatmap(requests)


def spots(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside JSON `data`, `data` itself left out."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    for step, member in inner:
        yield (*path, step)
        yield from spots(member, (*path, step))


def replaced(data: object, path: tuple[str | int, ...], by: object) -> Any:
    """A copy of JSON `data` with another value at `path`."""
    if not path:
        return by
    first, *rest = path
    if isinstance(data, dict):
        return {key: replaced(member, tuple(rest), by) if key == first else member for key, member in data.items()}
    assert isinstance(data, list)
    return [replaced(member, tuple(rest), by) if spot == first else member for spot, member in enumerate(data)]
