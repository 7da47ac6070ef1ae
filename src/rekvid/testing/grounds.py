"""What lies behind letters and emblems, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from rekvid.testing.colours import HD_LINES, Colour, picture_of, solid
from rekvid.testing.pictures import Painter, Stage
from rekvid.testing.scenes import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """A ground that passes from one colour to another.

    Attributes:
        first: The colour at the top, or in the middle.
        last: The colour at the bottom, or in the corners.
        round: Whether it passes from the middle outwards rather than from top to bottom.
    """

    first: Colour
    last: Colour
    round: bool = False


Ground: TypeAlias = Colour | Gradient | Scene
"""A colour, a gradient, or another scene that plays behind."""


def ground_painter(ground: Ground, stage: Stage) -> Painter:
    """What paints a ground."""
    if isinstance(ground, Scene):
        return ground.painter(stage)
    if isinstance(ground, Gradient):
        down = np.linspace(-1, 1, stage.height)[:, None]
        across = np.linspace(-1, 1, stage.width)[None, :]
        share = np.sqrt((down**2 + across**2) / 2) if ground.round else (down + 1) / 2 + 0 * across
        colours = np.array(ground.first) * (1 - share[..., None]) + np.array(ground.last) * share[..., None]
        picture = picture_of(colours, hd=stage.height >= HD_LINES)
    else:
        picture = solid(ground, stage.width, stage.height)
    return lambda _: picture


def length_of(scene: Scene, stage: Stage) -> int:
    """The number of frames that a reel gives to a scene."""
    return max(1, round(Fraction(scene.seconds) * stage.rate))
