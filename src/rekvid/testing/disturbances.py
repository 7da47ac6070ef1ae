"""What happens in a scene that looks like a boundary and is none.

These change the picture that a scene has painted, whatever the scene; those that move a camera are in
`rekvid.testing.camera`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from rekvid.testing.pictures import Picture, Plane, Stage
from rekvid.testing.transitions import smoothstep
from rekvid.testing.truth import DisturbanceKind

Effect: TypeAlias = Callable[[int, Picture], Picture]
"""Changes a picture; the number counts frames from the start of the disturbance, and goes on past its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """The base of all disturbances.

    Attributes:
        start: Seconds from the start of its scene.
        seconds: How long it lasts; at least one frame.
    """

    start: float
    seconds: float

    @property
    def kind(self) -> DisturbanceKind:
        """What the truth of a reel calls it."""
        raise NotImplementedError

    def effect(self, stage: Stage) -> Effect:  # most that move the camera change nothing else
        """Make what changes the pictures on `stage`."""
        return lambda _, picture: picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Flash(Disturbance):
    """One flash or several, as of photographers.

    Attributes:
        count: How many, spread evenly over the time; each lasts half of its part of it, and at least a frame.
        strength: How far luma is lifted towards white, 0-1.
    """

    count: int = 1
    strength: float = 0.7

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.FLASH

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        part = max(self.seconds * float(stage.rate) / self.count, 1.0)
        lit = {round(number * part) + more for number in range(self.count) for more in range(max(1, int(part / 2)))}

        def flash(number: int, picture: Picture) -> Picture:
            return _lit(picture, self.strength) if number in lit else picture

        return flash


@dataclass(frozen=True, slots=True, kw_only=True)
class Strobe(Disturbance):
    """A lamp that goes on and off.

    Attributes:
        hertz: How often a second.
        strength: How far luma is lifted towards white, 0-1; below 0, the share of the light that is taken away.
    """

    hertz: float = 8.0
    strength: float = 0.6

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.STROBE

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        rate, length = float(stage.rate), frames_of(self.seconds, stage)

        def strobe(number: int, picture: Picture) -> Picture:
            if number >= length or (number * self.hertz / rate) % 1 >= 0.5:
                return picture
            return _lit(picture, self.strength) if self.strength > 0 else _gained(picture, 1 + self.strength)

        return strobe


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker(Disturbance):
    """Light that is not steady, as of a neon tube or old film.

    Attributes:
        depth: By which share the light goes up or down at most, 0-1.
    """

    depth: float = 0.15

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.FLICKER

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        gains = 1 + stage.generator.uniform(-self.depth, self.depth, frames_of(self.seconds, stage))

        def flicker(number: int, picture: Picture) -> Picture:
            return _gained(picture, float(gains[number])) if number < len(gains) else picture

        return flicker


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp(Disturbance):
    """A lamp that is switched, dimmed or turned up, or a camera that adjusts its exposure; it stays so.

    Attributes:
        seconds: How long the change takes; 0 for a switch.
        gain: By what all light is multiplied from then on, above 0.
    """

    seconds: float = 0.0
    gain: float = 1.6

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.LAMP

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        length = frames_of(self.seconds, stage)

        def lamp(number: int, picture: Picture) -> Picture:
            return _gained(picture, 1 + (self.gain - 1) * min((number + 1) / length, 1))

        return lamp


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerThird(Disturbance):
    """A plate with lines of writing slides in from the left, stays, and slides out.

    Attributes:
        slide: Seconds that it takes to slide in, and again to slide out.
    """

    slide: float = 0.3

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.LOWER_THIRD

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        plate = _plate(stage)
        length, slide = frames_of(self.seconds, stage), frames_of(self.slide, stage)
        top = stage.height * 7 // 20 * 2

        def lower_third(number: int, picture: Picture) -> Picture:
            shown = smoothstep(min(1.0, (number + 1) / slide, (length - number) / slide)) if number < length else 0.0
            visible = _even(plate[0].shape[1] * shown) if shown else 0
            return _over(picture, plate, visible - plate[0].shape[1], top) if visible else picture

        return lower_third


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing(Disturbance):
    """Something big goes by close to the camera, from left to right.

    Attributes:
        width: Its width as a share of the picture's.
        height: Its height as a share of the picture's; it stands on the lower edge.
    """

    width: float = 0.6
    height: float = 0.9

    @property
    def kind(self) -> DisturbanceKind:
        """See `Disturbance.kind`."""
        return DisturbanceKind.CROSSING

    def effect(self, stage: Stage) -> Effect:
        """See `Disturbance.effect`."""
        width, height = _even(stage.width * self.width), _even(stage.height * self.height)
        shades = np.linspace(-25, 25, width) + stage.generator.uniform(40, 200) + stage.generator.normal(0, 4, width)
        luma = np.broadcast_to(np.clip(shades, 16, 235).astype(np.uint8), (height, width))
        front = _tinted(luma, stage)
        length = frames_of(self.seconds, stage)

        def crossing(number: int, picture: Picture) -> Picture:
            if number >= length:
                return picture
            left = _even((number + 0.5) / length * (stage.width + width)) - width
            return _over(picture, front, left, stage.height - height)

        return crossing


def frames_of(seconds: float, stage: Stage) -> int:
    """How many frames `seconds` are, at least one."""
    return max(1, round(seconds * float(stage.rate)))


def _lit(picture: Picture, strength: float) -> Picture:
    """Luma lifted towards white, and colours paled, by the share `strength`."""
    luma, blue, red = (plane.astype(np.int16) for plane in picture)
    share = round(256 * strength)
    return (
        (luma + ((235 - luma).clip(0) * share >> 8)).astype(np.uint8),
        (blue + ((128 - blue) * share >> 8)).astype(np.uint8),
        (red + ((128 - red) * share >> 8)).astype(np.uint8),
    )


def _gained(picture: Picture, gain: float) -> Picture:
    """All light multiplied by `gain`."""
    levels = np.arange(256)
    luma = np.clip(np.round((levels - 16) * gain) + 16, 16, 235).astype(np.uint8)
    chroma = np.clip(np.round((levels - 128) * gain) + 128, 16, 240).astype(np.uint8)
    return luma[picture[0]], chroma[picture[1]], chroma[picture[2]]


def _plate(stage: Stage) -> Picture:
    """The plate of a lower third, with two lines of bars that stand for words."""
    height, width = _even(stage.height * 0.16), _even(stage.width * 0.6)
    ground = int(stage.generator.choice((28, 60, 210)))
    luma = np.full((height, width), ground, np.uint8)
    for top, bottom in ((0.15, 0.5), (0.62, 0.85)):
        place = width // 16
        while place < width * 7 // 8:
            end = place + max(2, int(stage.generator.uniform(0.02, 0.12) * width))
            luma[int(top * height) : int(bottom * height), place:end] = 225 if ground < 128 else 30
            place = end + max(2, width // 60)
    return _tinted(luma, stage)


def _tinted(luma: Plane, stage: Stage) -> Picture:
    """`luma` in one colour, which chance chooses."""
    blue, red = stage.generator.integers(90, 166, 2)
    half = (luma.shape[0] // 2, luma.shape[1] // 2)
    return luma, np.full(half, blue, np.uint8), np.full(half, red, np.uint8)


def _over(picture: Picture, front: Picture, left: int, top: int) -> Picture:
    """`front` laid over the picture at an even place, which may lie partly outside at the left or right."""
    planes = tuple(plane.copy() for plane in picture)
    for plane, part, share in zip(planes, front, (1, 2, 2), strict=True):
        start, above = left // share, top // share
        shown = part[:, max(0, -start) : plane.shape[1] - start]
        plane[above : above + shown.shape[0], max(0, start) : max(0, start) + shown.shape[1]] = shown
    luma, blue, red = planes
    return luma, blue, red


def _even(length: float) -> int:
    return max(2, int(length) // 2 * 2)
