"""How one scene of a reel passes into the next.

The frames of a transition are those that show something of both scenes, or nothing of either. They are counted from
the start of the new scene, while the old one goes on past its end.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.testing.pictures import Picture, Plane, Stage, plain_picture
from rekvid.testing.truth import TransitionKind

HOLD_LIMIT = 1.0
"""Seconds of uniform picture that are a shot of their own.

A shorter hold is part of the transition that it lies in. Our choice; the service's rule is not published.
"""

Mixer: TypeAlias = Callable[[int, int, Picture, Picture], Picture]
"""Gives the frame of a transition from its number, the number of its frames, the old picture and the new one."""


class WipeShape(enum.StrEnum):
    """Where the new picture comes in, and the way its edge goes from there."""

    RIGHT = "right"  # from the left edge to the right
    LEFT = "left"
    DOWN = "down"
    UP = "up"
    DIAGONAL = "diagonal"  # from the upper left corner
    IRIS = "iris"  # from the middle
    CLOCK = "clock"  # around the middle, from twelve o'clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """The base of all transitions.

    Attributes:
        seconds: Length; rounded to whole frames, of which there is at least one.
    """

    seconds: float = 1.0

    @property
    def kind(self) -> TransitionKind:
        """What the truth of a reel calls it."""
        raise NotImplementedError

    def mixer(self, stage: Stage) -> Mixer:
        """Make what mixes the pictures on `stage`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissolve(Transition):
    """The new picture appears through the old one. To or from a uniform scene it is a fade.

    Attributes:
        eased: Whether it begins and ends slowly (smoothstep) rather than at one speed.
    """

    eased: bool = False

    @property
    def kind(self) -> TransitionKind:
        """See `Transition.kind`."""
        return TransitionKind.DISSOLVE

    def mixer(self, stage: Stage) -> Mixer:  # it is the same at every size
        """See `Transition.mixer`."""

        def mix(number: int, length: int, old: Picture, new: Picture) -> Picture:
            progress = (number + 1) / (length + 1)
            return blend(old, new, smoothstep(progress) if self.eased else progress)

        return mix


@dataclass(frozen=True, slots=True, kw_only=True)
class Wipe(Transition):
    """An edge crosses the picture, with the new scene behind it.

    Attributes:
        shape: The form of the edge.
        softness: Width of the edge as a share of its way, 0-1; 0 for a hard edge.
    """

    shape: WipeShape = WipeShape.RIGHT
    softness: float = 0.0

    @property
    def kind(self) -> TransitionKind:
        """See `Transition.kind`."""
        return TransitionKind.WIPE

    def mixer(self, stage: Stage) -> Mixer:
        """See `Transition.mixer`."""
        turns = _turns(self.shape, stage.width, stage.height)
        softness = max(self.softness, 1 / 1024)

        def mix(number: int, length: int, old: Picture, new: Picture) -> Picture:
            edge = (number + 1) / (length + 1) * (1 + softness)
            share = (np.clip((edge - turns) / softness, 0, 1) * 256).astype(np.uint16)
            small = share[::2, ::2]
            return _mixed(old[0], new[0], share), _mixed(old[1], new[1], small), _mixed(old[2], new[2], small)

        return mix


@dataclass(frozen=True, slots=True, kw_only=True)
class FadeThrough(Transition):
    """The old scene fades to a uniform picture, and the new one in from it.

    Attributes:
        seconds: Length of all three parts.
        hold: Seconds of it that are uniform, less than 1: a longer hold is a scene of its own, entered and left by
            a `Dissolve`.
        luma: The luma of the uniform picture, 16 for black to 235 for white.

    Raises:
        ValueError: `hold` is out of its range, or longer than the whole.
    """

    hold: float = 0.0
    luma: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.hold < HOLD_LIMIT or self.hold > self.seconds:
            raise ValueError(
                f"hold is {self.hold}, and has to be at least 0, less than {HOLD_LIMIT} and no longer than the "
                f"{self.seconds} seconds of the whole; for a longer one put a BlackScene or PlainScene between"
            )

    @property
    def kind(self) -> TransitionKind:
        """See `Transition.kind`."""
        return TransitionKind.FADE

    def mixer(self, stage: Stage) -> Mixer:
        """See `Transition.mixer`."""
        uniform = plain_picture(stage, luma=self.luma)

        def mix(number: int, length: int, old: Picture, new: Picture) -> Picture:
            held = min(round(Fraction(self.hold) * stage.rate), length)
            going = (length - held) // 2
            coming = length - held - going
            if number < going:
                return blend(old, uniform, (number + 1) / (going + 1))
            if number < going + held:
                return uniform
            return blend(uniform, new, (number - going - held + 1) / (coming + 1))

        return mix


def blend(old: Picture, new: Picture, weight: float) -> Picture:
    """The two pictures over each other, the new one with `weight` 0-1."""
    share = np.uint16(round(256 * weight))
    return _mixed(old[0], new[0], share), _mixed(old[1], new[1], share), _mixed(old[2], new[2], share)


def smoothstep(progress: float) -> float:
    """The cubic with level ends, 0-1 for 0-1."""
    return progress * progress * (3 - 2 * progress)


def _mixed(one: Plane, two: Plane, share: np.uint16 | NDArray[np.uint16]) -> Plane:
    """`two` with `share` of 256, `one` with the rest; the sum stays within 16 bits."""
    rest = np.uint16(256) - share
    mixed: Plane = ((one.astype(np.uint16) * rest + two.astype(np.uint16) * share + 128) >> 8).astype(np.uint8)
    return mixed


def _turns(shape: WipeShape, width: int, height: int) -> NDArray[np.float32]:
    """At which moment of the wipe, 0-1, each sample turns into the new picture."""
    x: NDArray[np.floating] = np.broadcast_to((np.arange(width, dtype=np.float32) + 0.5) / width, (height, width))
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None] + 0 * x
    turns: dict[WipeShape, NDArray[np.floating]] = {
        WipeShape.RIGHT: x,
        WipeShape.LEFT: 1 - x,
        WipeShape.DOWN: y,
        WipeShape.UP: 1 - y,
        WipeShape.DIAGONAL: (x + y) / 2,
        WipeShape.IRIS: np.hypot(x - 0.5, y - 0.5) * np.float32(np.sqrt(2)),
        WipeShape.CLOCK: np.arctan2(x - 0.5, 0.5 - y) / np.float32(2 * np.pi) % 1,
    }
    return turns[shape].astype(np.float32)
