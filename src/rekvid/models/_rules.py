"""Rules for what users hand in, as annotations: ``Annotated[float, Number(0, 100)]``.

pydantic checks them, and is only imported when the first value is checked.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast, get_type_hints

from rekvid.errors import ValidationError

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import CoreSchema


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """A finite number from `minimum` to `maximum`, both included. Neither a string nor a bool will do."""

    minimum: float
    maximum: float

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        return _with(handler(source), strict=True, ge=self.minimum, le=self.maximum, allow_inf_nan=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of at least `minimum`."""

    minimum: int

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        return _with(handler(source), strict=True, ge=self.minimum)


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A string of `minimum` to `maximum` characters that `pattern`, written as in botocore's model, matches whole.

    `says` tells people what the pattern asks for: "letters, digits, - and _".
    """

    minimum: int = 0
    maximum: int | None = None
    pattern: str | None = None
    says: str = ""

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        schema = _with(handler(source), strict=True, min_length=self.minimum)
        if self.maximum is not None:
            schema = _with(schema, max_length=self.maximum)
        if self.pattern is not None:
            # The model's patterns are Java's and meant for the whole string; Python's `re` reads all of them.
            matching = _with(handler(source), pattern=rf"\A(?:{self.pattern})\Z", regex_engine="python-re")
            message = f"must be {self.says}" if self.says else f"must match {self.pattern}"
            worded = core_schema.custom_error_schema(matching, "characters", custom_error_message=message)
            schema = core_schema.chain_schema([schema, worded])
        return schema


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A list or a tuple of `minimum` to `maximum` items, kept as a tuple. A set has no order, a string is one item."""

    minimum: int = 0
    maximum: int | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError, core_schema

        def ordered(given: object) -> object:
            if not isinstance(given, list | tuple):
                raise PydanticCustomError("ordered", "must be a list or a tuple")
            return given

        schema = _with(handler(source), min_length=self.minimum)
        if self.maximum is not None:
            schema = _with(schema, max_length=self.maximum)
        return core_schema.no_info_before_validator_function(ordered, schema)


@dataclasses.dataclass(frozen=True, slots=True)
class OneOf:
    """A member of `choices`, or the string that it stands for."""

    choices: type[enum.StrEnum]

    def __get_pydantic_core_schema__(self, source: object, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(self.choices)


def _with(schema: CoreSchema, **rules: object) -> CoreSchema:
    # A union of many TypedDicts, of which the one at hand has these keys.
    return cast("CoreSchema", {**schema, **rules})


class Checked:
    """A dataclass that checks its fields against their annotations when it is made, and normalises them."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValidationError: A field breaks its rule.
        """
        for name, adapter in _adapters(type(self)).items():
            # The instance is frozen for everybody else.
            object.__setattr__(self, name, _checked(adapter, name, getattr(self, name)))


def check_members(rules: Mapping[str, object], values: object, path: str) -> None:
    """Check attributes of `values`, which bear no rules of their own, against `rules` (name to annotation).

    Raises:
        ValidationError: One breaks its rule; the field is named as ``path.name``.
    """
    for name, rule in rules.items():
        check_value(rule, getattr(values, name), f"{path}.{name}")


def check_value(rule: object, given: object, field: str) -> None:
    """Check one value against `rule`, an annotation.

    Raises:
        ValidationError: It breaks the rule.
    """
    _checked(_adapter_of(rule), field, given)


@functools.cache
def _adapter_of(rule: object) -> pydantic.TypeAdapter[object]:
    import pydantic

    return pydantic.TypeAdapter[object](cast("Any", rule))


_ADAPTERS: dict[type[Checked], dict[str, pydantic.TypeAdapter[object]]] = {}


def _adapters(cls: type[Checked]) -> dict[str, pydantic.TypeAdapter[object]]:
    import pydantic

    if cls not in _ADAPTERS:
        hints = get_type_hints(cls, include_extras=True)
        names = [field.name for field in dataclasses.fields(cls) if "unchecked" not in field.metadata]
        _ADAPTERS[cls] = {name: pydantic.TypeAdapter(hints[name]) for name in names}
    return _ADAPTERS[cls]


def _checked(adapter: pydantic.TypeAdapter[object], field: str, given: object) -> object:
    import pydantic

    try:
        return adapter.validate_python(given)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        steps = "".join(f"[{step}]" for step in first["loc"] if isinstance(step, int))
        raise ValidationError(field + steps, first["input"], first["msg"]) from None
