from __future__ import annotations

import inspect
import typing

import pytest

import rekvid
import rekvid.errors
import rekvid.models
from rekvid.errors import RekvidError


def test_all_names_exist() -> None:
    """Every public name can be had from the package, and the list is sorted and without doubles."""
    assert rekvid.__all__ == sorted(set(rekvid.__all__))
    assert [name for name in rekvid.__all__ if not hasattr(rekvid, name)] == []


def test_every_value_and_error_is_public() -> None:
    """No value that users get, and no error that they catch, has to be fetched from an inner module."""
    inner = {"ABSENT", "JobPage", "JsonValue", "Shape"}
    assert set(rekvid.models.__all__) - inner <= set(rekvid.__all__)
    errors = {
        name for name, each in vars(rekvid.errors).items() if inspect.isclass(each) and issubclass(each, RekvidError)
    }
    assert errors <= set(rekvid.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that doesn't exist is reported as Python does."""
    with pytest.raises(AttributeError, match="'rekvid' has no attribute 'Foo'"):
        _ = rekvid.Foo  # type: ignore[attr-defined]  # the mistake under test


def _documented(cls: type) -> typing.Iterator[tuple[str, object]]:
    yield cls.__name__, cls
    for name, member in vars(cls).items():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property | classmethod)):
            yield f"{cls.__name__}.{name}", member


def test_public_classes_are_documented() -> None:
    """Each public class and each public method has a docstring."""
    missing = [
        name
        for public in rekvid.__all__
        if inspect.isclass(each := getattr(rekvid, public))
        for name, member in _documented(each)
        if not inspect.getdoc(member)
    ]
    assert missing == []


def test_public_signatures_hold_no_any() -> None:
    """No public method takes or gives Any."""
    found = []
    for cls in (rekvid.Client, rekvid.LabelDetectionJob, rekvid.SegmentDetectionJob, rekvid.AwsBackend):
        for name, member in vars(cls).items():
            if inspect.isfunction(member) and (not name.startswith("_") or name == "__init__"):
                found += [f"{cls.__name__}.{name}" for each in member.__annotations__.values() if "Any" in str(each)]
    assert found == []
