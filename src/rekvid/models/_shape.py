"""How a value maps to the shape that boto3 and the wire use.

The one rule that turns a field's name into AWS's lives here, below everything that needs it, so that values
can have `to_aws` and `from_aws` without reaching up into the wire. Decoding is pydantic's, which compiles each
class's annotations to one validator that goes from JSON bytes to frozen values in a single step.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias, TypeVar, cast, dataclass_transform

from rekvid.errors import ResponseError
from rekvid.models._gc import paused_gc

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import CoreSchema

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

_T = TypeVar("_T")
_ShapeT = TypeVar("_ShapeT", bound="Shape")
_ACRONYMS = frozenset({"css", "smpte", "sns"})


def aws_name(field: str) -> str:
    """The AWS member name of a field: ``start_timecode_smpte`` is ``StartTimecodeSMPTE``."""
    return "".join(part.upper() if part in _ACRONYMS else part.capitalize() for part in field.split("_"))


class _Absent(tuple[()]):
    """An empty tuple that remembers that the response had no such list at all."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "ABSENT"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


ABSENT: Final = _Absent()
"""The default of every list: empty, equal to ``()``, but `Shape.to_aws` leaves it out where ``()`` becomes ``[]``."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make `cls` a frozen, slotted, keyword-only dataclass whose repr leaves out what is not set."""
    return dataclasses.dataclass(frozen=True, slots=True, kw_only=True, repr=False)(cls)


class FirstMatch:
    """Marks an open enum, ``Annotated[SomeEnum | str, FirstMatch()]``: unknown strings are kept as strings."""

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        assert schema["type"] == "union"
        # An error of its own, or the path would end in a name for each of the two.
        return {**schema, "mode": "left_to_right", "custom_error_type": "string_type"}


class Value:
    """The base of what `value` makes: a repr that leaves out what is not set."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]  # set by `value`

    def __repr__(self) -> str:
        members = ((field, getattr(self, field.name)) for field in dataclasses.fields(self))
        shown = (f"{field.name}={member!r}" for field, member in members if member != field.default)
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of what is set."""
        from rekvid.models._html import members_table

        members = ((field, getattr(self, field.name)) for field in dataclasses.fields(self))
        shown = [(field.name, member) for field, member in members if member != field.default]
        return members_table(type(self).__name__, shown)


class Shape(Value):
    """The base of all values that AWS knows: the way to and from the shape that boto3 uses."""

    __slots__ = ()
    # A pydantic.ConfigDict, whose type would have to be imported for readers of type hints.
    __pydantic_config__: ClassVar[Mapping[str, object]] = {
        "alias_generator": aws_name,
        "extra": "ignore",
        "strict": True,
        "loc_by_alias": False,
    }

    def to_aws(self) -> dict[str, JsonValue]:
        """This value as boto3 gives it: AWS names, plain strings for enums, nothing for what is not set."""
        result: dict[str, JsonValue] = {}
        for field, key in _members(type(self)):
            member = getattr(self, field)
            if member is not None and member is not ABSENT:
                result[key] = _plain(member)
        return result

    @classmethod
    def from_aws(cls, data: Mapping[str, object]) -> Self:
        """Make the value from the shape that boto3 gives. Unknown keys are ignored.

        Raises:
            ResponseError: A member is missing or of another type; the error names its path.
        """
        from pydantic_core import PydanticSerializationError, to_json

        try:
            body = to_json(data)
        except PydanticSerializationError as error:
            raise ResponseError(str(error)) from error
        return cls.from_json(body)

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Make the value from JSON bytes as the service sends them. Unknown keys and nulls are ignored.

        Raises:
            ResponseError: `body` is not JSON, or a member is missing or of another type; the error names its path.
        """
        from pydantic_core import ValidationError, from_json, to_json

        validator = _adapter(cls)
        try:
            with paused_gc():
                return validator.validate_json(body)
        except ValidationError as error:
            # The AWS JSON protocol asks readers to treat null as absent. No answer of the service was seen to
            # have one, so only what failed is looked at again.
            if not any(detail["input"] is None for detail in error.errors(include_url=False)):
                raise _unreadable(cls, error) from error
        try:
            return validator.validate_json(to_json(_without_nulls(from_json(body))))
        except ValidationError as error:
            raise _unreadable(cls, error) from error


# Plain dictionaries: functools.cache takes no class under mypy --strict.
_MEMBERS: dict[type[Shape], tuple[tuple[str, str], ...]] = {}
_ADAPTERS: dict[type[Shape], object] = {}


def _members(cls: type[Shape]) -> tuple[tuple[str, str], ...]:
    if cls not in _MEMBERS:
        fields = [field for field in dataclasses.fields(cls) if "ours" not in field.metadata]
        _MEMBERS[cls] = tuple((field.name, aws_name(field.name)) for field in fields)
    return _MEMBERS[cls]


def _adapter(cls: type[_ShapeT]) -> pydantic.TypeAdapter[_ShapeT]:
    import pydantic  # here, as it takes longer to import than the whole of rekvid

    adapter = _ADAPTERS.get(cls)
    if adapter is None:
        adapter = _ADAPTERS[cls] = pydantic.TypeAdapter(cls)
    return cast("pydantic.TypeAdapter[_ShapeT]", adapter)


def _plain(member: object) -> JsonValue:
    if isinstance(member, Shape):
        return member.to_aws()
    if isinstance(member, tuple):
        return [_plain(each) for each in member]
    if isinstance(member, enum.Enum):
        return str(member.value)
    assert isinstance(member, str | int | float)
    return member


def _without_nulls(data: object) -> object:
    if isinstance(data, dict):
        return {key: _without_nulls(member) for key, member in data.items() if member is not None}
    if isinstance(data, list):
        return [_without_nulls(member) for member in data if member is not None]
    return data


def _unreadable(cls: type[Shape], error: pydantic.ValidationError) -> ResponseError:
    first = error.errors(include_url=False)[0]
    path = ""
    for step in first["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return ResponseError(f"{cls.__name__} can't be read from this response: {first['msg']}", path=path.lstrip("."))
