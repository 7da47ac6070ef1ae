"""What scenes are painted on, and in what form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.uint8]
Picture: TypeAlias = tuple[Plane, Plane, Plane]
"""Luma, Cb and Cr of a picture in 4:2:0 and limited range; chroma has half the width and height."""

Painter: TypeAlias = Callable[[int], Picture]
"""Gives the picture at a frame number that counts from the start of the scene, and goes on past its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a scene is painted on.

    Attributes:
        width: Width in pixels, even.
        height: Height in pixels, even.
        rate: Frames a second.
        generator: The scene's own source of chance.
    """

    width: int
    height: int
    rate: Fraction
    generator: np.random.Generator


def plain_picture(stage: Stage, *, luma: int = 16, blue: int = 128, red: int = 128) -> Picture:
    """One colour all over, black if nothing is given."""
    half = (stage.height // 2, stage.width // 2)
    return (
        np.full((stage.height, stage.width), luma, np.uint8),
        np.full(half, blue, np.uint8),
        np.full(half, red, np.uint8),
    )


def sampled(plane: Plane, rows: NDArray[np.floating], columns: NDArray[np.floating]) -> Plane:
    """`plane` at places between its samples, bilinear; past an edge it begins anew at the other."""
    return _between(_between(plane, rows).T, columns).T


def _between(plane: Plane, places: NDArray[np.floating]) -> Plane:
    """The rows of `plane` at `places`."""
    below = np.floor(places).astype(np.intp)
    share = np.round((places - below) * 256).astype(np.uint16)[:, None]
    first: Plane = plane.take(below % len(plane), axis=0)
    if not share.any():
        return first
    second: Plane = plane.take((below + 1) % len(plane), axis=0)
    mixed = first.astype(np.uint16) * (256 - share) + second.astype(np.uint16) * share + 128
    between: Plane = (mixed >> 8).astype(np.uint8)
    return between
