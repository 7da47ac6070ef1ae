"""Checks the members of a request against the service's own model, and words what is wrong as the service does.

The rules are those of botocore's service model (``rekognition/2016-06-27``). The wording is that of AWS services:
``1 validation error detected: Value 'x' at 'jobId' failed to satisfy constraint: Member must ...``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from rekvid.errors import ServiceError

_SHOWN: Final = 512  # characters of a value that are told back
_LONGEST: Final = 4096  # characters that are held against a pattern
_BELOW: Final = {"integer": 2**31, "long": 2**63, "float": 2**128, "double": 2**1024}
_NAMES: Final = {
    "structure": "a structure",
    "list": "a list",
    "string": "a String",
    "boolean": "a Boolean",
    "float": "a Float",
    "double": "a Double",
    "integer": "an Integer",
    "long": "a Long",
}


class _WrongTypeError(Exception):
    """A member is of another JSON type than the model's."""


def check(operation: str, data: Mapping[str, object]) -> None:
    """Check the body of a request for `operation`. Members that the model doesn't know are ignored.

    Raises:
        ServiceError: ``SerializationException`` when a member is of the wrong type, ``ValidationException`` when
            members are missing or break their rules; it names all of these.
    """
    shape = service_model().operation_model(operation).input_shape
    assert shape is not None
    try:
        found = [
            f"Value {_shown(value)} at '{path}' failed to satisfy constraint: {rule}"
            for path, value, rule in _violations(shape, data, "")
        ]
    except _WrongTypeError as error:
        raise ServiceError.of("SerializationException", str(error), operation=operation) from None
    if found:
        head = f"{len(found)} validation error{'' if len(found) == 1 else 's'} detected: "
        raise ServiceError.of("ValidationException", head + "; ".join(found), operation=operation)


@functools.cache
def service_model() -> ServiceModel:
    """The service's model, as botocore has it."""
    return ServiceModel(Loader().load_service_model("rekognition", "service-2"), "rekognition")


def _violations(shape: Shape, value: object, path: str) -> Iterator[tuple[str, object, str]]:
    """What is wrong with `value` and all that is in it: where, what stands there, and the rule.

    Raises:
        _WrongTypeError: Something is of another type, which ends the look.
    """
    _check_type(shape, value)
    for rule in _broken_rules(shape, value):
        yield path, value, rule
    if isinstance(shape, StructureShape):
        assert isinstance(value, Mapping)
        for name in shape.required_members:
            if value.get(name) is None:
                yield _join(path, name), None, "Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _violations(member, value[name], _join(path, name))
    elif isinstance(shape, ListShape):
        assert isinstance(value, list)
        if [found for item in value for found in _violations(shape.member, item, path)]:
            # A list is told as a whole, with all the rules of its items.
            yield path, value, f"Member must satisfy constraint: [{', '.join(_rules(shape.member))}]"


def _join(path: str, name: str) -> str:
    own = name[0].lower() + name[1:]
    return f"{path}.{own}" if path else own


def _shown(value: object) -> str:
    if value is None:
        return "null"
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return f"'{text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}'"


def _rules(shape: Shape) -> list[str]:
    """The rules of a scalar or a list, in the service's words."""
    return [rule for rule, _ in _CHECKS(shape)]


def _broken_rules(shape: Shape, value: object) -> list[str]:
    return [rule for rule, holds in _CHECKS(shape) if not holds(value)]


def _checks(shape: Shape) -> list[tuple[str, Callable[[object], bool]]]:
    rules = shape.metadata
    checks: list[tuple[str, Callable[[object], bool]]] = []
    what, size = ("value", _number) if shape.type_name in _BELOW else ("length", _length)
    if "max" in rules:
        most = rules["max"]
        checks.append((f"Member must have {what} less than or equal to {most}", lambda value: size(value) <= most))
    if "min" in rules:
        least = rules["min"]
        checks.append((f"Member must have {what} greater than or equal to {least}", lambda value: size(value) >= least))
    if "enum" in rules:
        names = rules["enum"]
        checks.append((f"Member must satisfy enum value set: [{', '.join(names)}]", lambda value: value in names))
    if "pattern" in rules:
        whole = re.compile(rf"(?:{rules['pattern']})\Z")
        text = f"Member must satisfy regular expression pattern: {rules['pattern']}"
        checks.append((text, lambda value: isinstance(value, str) and _matches(whole, value)))
    return checks


_CHECKS = functools.cache(_checks)


def _matches(whole: re.Pattern[str], value: str) -> bool:
    # The pattern of topics takes quadratic time, and no ARN, key or token is anywhere near as long.
    return len(value) <= _LONGEST and whole.match(value) is not None


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _length(value: object) -> int:
    assert isinstance(value, str | list)
    return len(value)


def _check_type(shape: Shape, value: object) -> None:
    """Raise unless `value` is of the JSON type that stands for `shape`."""
    match shape.type_name, value:
        case ("structure", Mapping()) | ("boolean", bool()):
            return
        case "list", list():
            if None in value:
                raise _WrongTypeError("A list must not hold null")
        case "string", str():
            try:
                value.encode()
            except UnicodeEncodeError:  # half of a surrogate pair, which no UTF-8 can stand for
                raise _WrongTypeError("A string holds a lone surrogate") from None
        case ("float" | "double", int() | float()) | ("integer" | "long", int()) if not isinstance(value, bool):
            assert isinstance(value, int | float)
            if abs(value) >= _BELOW[shape.type_name]:
                raise _WrongTypeError(f"NUMBER_VALUE is out of the range of {_NAMES[shape.type_name]}")
        case _:
            raise _WrongTypeError(f"{_kind(value)} can not be converted to {_NAMES[shape.type_name]}")


def _kind(value: object) -> str:
    """The JSON type of `value`, in the words of the service's parser."""
    match value:
        case True:
            return "TRUE_VALUE"
        case False:
            return "FALSE_VALUE"
        case int() | float():
            return "NUMBER_VALUE"
        case str():
            return "STRING_VALUE"
        case list():
            return "Start of list"
        case _:
            return "Start of structure or map"
