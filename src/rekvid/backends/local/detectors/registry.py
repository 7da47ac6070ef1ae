"""Detectors by name: those that come along, and those of other packages under the entry point ``rekvid.detectors``."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Final, TypeAlias, cast

from rekvid.backends.local import weights
from rekvid.backends.local.detectors.base import Detector, DetectorSpec, HasSpec
from rekvid.backends.local.detectors.descriptions import Description, yolox
from rekvid.errors import MissingExtraError, ModelUnavailableError, ValidationError

ENTRY_POINTS: Final = "rekvid.detectors"
TEXT: Final = "text"
_DESCRIPTIONS: Final[Mapping[str, Description]] = {weights.DEFAULT_MODEL: yolox(416), "yolox-s": yolox(640)}
_ONNX: Final = "rekvid.backends.local.detectors.onnx:of_spec"
_RULE: Final = (
    "a detector is a name, 'package.module:callable', a DetectorSpec, or an object with a spec() like OnnxDetector"
)

DetectorSource: TypeAlias = str | DetectorSpec | HasSpec
"""What users may name a detector by: its name, ``package.module:callable``, a `DetectorSpec`, or an object with one."""


def names() -> tuple[str, ...]:
    """The names of all detectors that are known here, whether or not their weights are."""
    return tuple(sorted({*_DESCRIPTIONS, TEXT, *(each.name for each in metadata.entry_points(group=ENTRY_POINTS))}))


def specs_of(detectors: Sequence[DetectorSource]) -> tuple[DetectorSpec, ...]:
    """How to make each of `detectors`, once what they need is known to be there.

    Raises:
        ValidationError: One is nothing that a detector can be named by.
        ModelUnavailableError: A name is unknown, or its weights or its module are not on this machine.
        MissingExtraError: What it runs on is not installed.
    """
    given: object = detectors
    if not isinstance(given, list | tuple) or not given:
        raise ValidationError("detectors", given, "must be a list of one detector or more")
    return tuple(_spec_of(each, f"detectors[{number}]") for number, each in enumerate(given))


def make(spec: DetectorSpec) -> Detector:
    """The detector that `spec` stands for.

    Raises:
        ModelUnavailableError: It can't be imported. Else what its factory raises.
    """
    return cast("Detector", _factory(spec.factory)(**spec.parameters))


def _spec_of(detector: object, field: str) -> DetectorSpec:
    if isinstance(detector, str):
        spec = _spec_of_name(detector, field)
    elif isinstance(detector, DetectorSpec):
        spec = detector
    elif isinstance(detector, HasSpec) and not isinstance(detector, type):
        spec = detector.spec()
    else:
        raise ValidationError(field, detector, _RULE)
    try:
        json.dumps(dict(spec.parameters))
    except (TypeError, ValueError) as error:
        raise ValidationError(f"{field}.parameters", spec.parameters, f"must be what JSON can hold: {error}") from error
    _factory(spec.factory)
    return spec


def _spec_of_name(name: str, field: str) -> DetectorSpec:
    if name in _DESCRIPTIONS:
        return _spec_of_weights(name)
    if name == TEXT:
        from rekvid.backends.local.detectors.text import TextDetector

        return TextDetector().spec()
    for each in metadata.entry_points(group=ENTRY_POINTS):
        if each.name == name:
            return DetectorSpec(factory=each.value)
    if ":" in name:
        return DetectorSpec(factory=name)
    raise ModelUnavailableError(
        f"{field}={name!r}: there is {', '.join(names())}, and no detector of that name; {_RULE}"
    )


def _spec_of_weights(name: str) -> DetectorSpec:
    if importlib.util.find_spec("onnxruntime") is None:
        raise MissingExtraError("onnx", "detecting objects")
    model = weights.find(name)
    return DetectorSpec(
        factory=_ONNX,
        parameters={
            "path": str(weights.path_of(name)),
            "classes": list(model.classes),
            "description": _DESCRIPTIONS[name].to_json(),
            "name": name,
        },
    )


def _factory(name: str) -> Callable[..., object]:
    module, _, attribute = name.partition(":")
    try:
        factory: object = importlib.import_module(module)
        for part in attribute.split("."):
            factory = getattr(factory, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelUnavailableError(f"the detector {name!r} can't be imported: {error}") from error
    if not callable(factory):
        raise ModelUnavailableError(f"the detector {name!r} is not callable")
    return factory
