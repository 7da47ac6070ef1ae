"""Content that has something of colour bars, logos or black in it and is none of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekvid.testing.colours import HD_LINES, Colour, lay_over, picture_of
from rekvid.testing.drawing import Canvas
from rekvid.testing.grounds import Gradient, Ground, ground_painter
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.scenes import Scene

_SKY = Gradient(first=(0.02, 0.02, 0.06), last=(0.05, 0.05, 0.12))
_TABLE = Gradient(first=(0.9, 0.9, 0.92), last=(0.7, 0.7, 0.74))


class Stripes(enum.StrEnum):
    """What is striped."""

    FLAG = "flag"
    """Two to five upright bands of the height of the picture, which wave."""

    BANDS = "bands"
    """Three to seven upright bands of unequal widths and any colours, which stand still, as a graphic has them."""

    SHIRT = "shirt"
    """Narrow slanted stripes in two to four colours, which move a little."""

    RAINBOW = "rainbow"
    """All hues from left to right without a step between them."""

    BLOCKS = "blocks"
    """Squares of bright colours beside and above one another, as in an abstract painting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripesScene(Scene):
    """Coloured stripes that are no colour bars.

    Attributes:
        stripes: What is striped.
    """

    seconds: float = 3.0
    stripes: Stripes = Stripes.FLAG

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        down, across = np.meshgrid(np.linspace(0, 1, stage.height), np.linspace(0, 1, stage.width), indexing="ij")
        count = int(stage.generator.integers(2, 6))
        dyes = stage.generator.uniform(0, 1, size=(8, 3))
        blocks = stage.generator.integers(0, 8, size=(4, 6))
        edges = np.sort(stage.generator.uniform(0.05, 0.95, size=count + 1))
        hd = stage.height >= HD_LINES

        def colours(seconds: float) -> NDArray[np.float64]:
            dyed: NDArray[np.float64]
            match self.stripes:
                case Stripes.FLAG:
                    wave = 0.02 * np.sin(2 * np.pi * (2 * down + 0.6 * seconds))
                    shade = 0.85 + 0.15 * np.sin(2 * np.pi * (1.5 * across - 0.6 * seconds))
                    dyed = dyes[np.clip((across + wave) * count, 0, count - 1).astype(int)] * shade[..., None]
                case Stripes.BANDS:
                    dyed = dyes[np.searchsorted(edges, across)]
                case Stripes.SHIRT:
                    place = across * 22 + 5 * down + 0.4 * np.sin(2 * np.pi * (0.3 * seconds + down))
                    dyed = dyes[place.astype(int) % min(count, 4)]
                case Stripes.RAINBOW:
                    hue = (across + 0.1 * seconds)[..., None] + np.array([0, 1 / 3, 2 / 3])
                    dyed = 0.5 + 0.5 * np.cos(2 * np.pi * hue)
                case Stripes.BLOCKS:
                    rows, columns = (down * 3.999).astype(int), ((across + 0.03 * seconds) * 5.5).astype(int) % 6
                    dyed = dyes[blocks[rows, columns]]
            return dyed

        return lambda number: picture_of(colours(number / float(stage.rate)), hd=hd)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductScene(Scene):
    """An object that turns and wanders on a plain ground, as in a commercial.

    Attributes:
        ground: What it lies on.
        colour_of_object: Its colour.
        size: Its height as a share of the picture's.
        speed: Turns a second.
        wander: How far it moves from the middle, as a share of the picture's width.
    """

    seconds: float = 3.0
    ground: Ground = _TABLE
    colour_of_object: Colour = (0.7, 0.2, 0.1)
    size: float = 0.6
    speed: float = 0.15
    wander: float = 0.15

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        side = self.size * stage.height
        canvas = Canvas(side * 1.5, side * 1.5, fineness=2)
        middle = side * 0.75
        dark = (self.colour_of_object[0] * 0.6, self.colour_of_object[1] * 0.6, self.colour_of_object[2] * 0.6)
        # A bottle: body, neck, cap and a gleam.
        canvas.rectangle(middle - 0.18 * side, middle - 0.2 * side, middle + 0.18 * side, middle + 0.5 * side,
                         colour=self.colour_of_object)  # fmt: skip
        canvas.ellipse(middle, middle - 0.2 * side, 0.18 * side, 0.12 * side, colour=self.colour_of_object)
        canvas.rectangle(
            middle - 0.07 * side, middle - 0.45 * side, middle + 0.07 * side, middle - 0.2 * side, colour=dark
        )
        canvas.rectangle(middle - 0.12 * side, middle - 0.1 * side, middle - 0.07 * side, middle + 0.4 * side,
                         colour=(0.95, 0.95, 0.95))  # fmt: skip
        phase = float(stage.generator.uniform(0, 1))

        def paint(number: int) -> Picture:
            turn = self.speed * number / float(stage.rate) + phase
            thing = canvas.overlay(stage, turned=25 * float(np.sin(2 * np.pi * turn)))
            left = (stage.width - thing.width) / 2 + self.wander * stage.width * float(np.sin(2 * np.pi * 0.7 * turn))
            return lay_over(ground(number), thing, left=round(left), top=(stage.height - thing.height) // 2)

        return paint


@dataclass(frozen=True, slots=True, kw_only=True)
class NightScene(Scene):
    """A night sky with stars that twinkle and drift, and perhaps a moon.

    Attributes:
        ground: The sky.
        stars: How many there are.
        moon: Whether there is a moon.
    """

    seconds: float = 3.0
    ground: Ground = _SKY
    stars: int = 120
    moon: bool = True

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        generator = stage.generator
        rows = generator.integers(0, stage.height, self.stars)
        columns = generator.uniform(0, stage.width, self.stars)
        levels, phases = generator.uniform(60, 220, self.stars), generator.uniform(0, 2 * np.pi, self.stars)
        radius = 0.09 * stage.height
        canvas = Canvas(2.2 * radius, 2.2 * radius, fineness=2)
        canvas.ellipse(1.1 * radius, 1.1 * radius, radius, colour=(0.95, 0.93, 0.85))
        moon = canvas.overlay(stage)

        def paint(number: int) -> Picture:
            seconds = number / float(stage.rate)
            picture = ground(number)
            luma = picture[0].copy()
            places = (columns + 0.004 * stage.width * seconds).astype(int) % stage.width
            luma[rows, places] = np.clip(levels * (0.85 + 0.15 * np.sin(5 * seconds + phases)), 16, 235).astype(
                np.uint8
            )
            picture = luma, picture[1], picture[2]
            if not self.moon:
                return picture
            return lay_over(
                picture, moon, left=round(stage.width * (0.7 - 0.004 * seconds)), top=round(0.15 * stage.height)
            )

        return paint
