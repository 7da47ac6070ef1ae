"""Detectors by name: those that come along, and those of other packages under the entry point ``rekvid.detectors``."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Annotated, Final, TypeAlias, cast

from rekvid.backends.local.labels import weights
from rekvid.backends.local.labels.detectors.base import Detector, DetectorSpec, Fit, HasSpec
from rekvid.backends.local.labels.detectors.descriptions import Description, yolox
from rekvid.errors import MissingExtraError, ModelUnavailableError, RekvidError, ValidationError
from rekvid.models._rules import Text, Whole, check_members

ENTRY_POINTS: Final = "rekvid.detectors"
TEXT: Final = "text"
_DESCRIPTIONS: Final[Mapping[str, Description]] = {weights.DEFAULT_MODEL: yolox(416), "yolox-s": yolox(640)}
_ONNX: Final = "rekvid.backends.local.labels.detectors.onnx:of_spec"
_TEXT: Final = "rekvid.backends.local.labels.detectors.text:TextDetector"
_RULES: Final[Mapping[str, object]] = {
    "name": Annotated[str, Text(1)],
    "version": Annotated[str, Text(1)],
    "batch_size": Annotated[int, Whole(1)],
    "concurrency": Annotated[int, Whole(1)],
}
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

    Each that doesn't come along with rekvid is made once here, and given up again: what is wrong with it is told to
    whoever names it, not to a job.

    Raises:
        ValidationError: One is nothing that a detector can be named by, or what its factory gives is no detector.
        ModelUnavailableError: A name is unknown, its weights or its module are not on this machine, or its factory
            fails.
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
        ValidationError: What the factory gives is no detector.
    """
    made = _factory(spec.factory)(**spec.parameters)
    if fault := _fault_of(made):
        raise ValidationError("factory", spec.factory, f"must give a Detector; what it gives {fault}")
    return cast("Detector", made)


def _fault_of(made: object) -> str:
    """What keeps `made` from being a `Detector`, in words; empty if nothing does."""
    if lacking := [member for member in (*_RULES, "fit", "detect") if not hasattr(made, member)]:
        return f"has no {', '.join(lacking)}"
    try:
        check_members(_RULES, made, "detector")
    except ValidationError as error:
        return f"breaks a rule: {error}"
    fit, detect = (getattr(made, member) for member in ("fit", "detect"))
    if not isinstance(fit, Fit):
        return f"has fit={fit!r}, which is no Fit"
    return "" if callable(detect) else "has a detect that can't be called"


def _spec_of(detector: object, field: str) -> DetectorSpec:
    if isinstance(detector, str):
        if detector in _DESCRIPTIONS:
            return _spec_of_weights(detector)
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
    try:
        make(spec)
    except ValidationError as error:
        raise ValidationError(f"{field}.{error.field}", error.value, error.rule) from error
    except RekvidError:
        raise
    except Exception as error:  # anybody's code may be at work here
        raise ModelUnavailableError(f"{field}: the detector {spec.factory} can't be made: {error}") from error
    return spec


def _spec_of_name(name: str, field: str) -> DetectorSpec:
    if name == TEXT:
        return DetectorSpec(factory=_TEXT)
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
            "sha256": model.sha256,
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
