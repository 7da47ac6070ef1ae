"""The emblem of a production company on a plain ground."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rekvid.models import TechnicalCueType
from rekvid.testing.colours import Colour, Overlay, fade_strength, faded, lay_over
from rekvid.testing.drawing import BLACK, WHITE, Canvas, choose_font, text_width
from rekvid.testing.grounds import Ground, ground_painter, length_of
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.scenes import Scene
from rekvid.testing.wording import LANGUAGES, Wording


class Emblem(enum.StrEnum):
    """The emblems that `LogoScene` knows."""

    RINGS = "rings"
    TRIANGLES = "triangles"
    SHIELD = "shield"
    STAR = "star"
    GLOBE = "globe"
    HEXAGON = "hexagon"
    MOUNTAIN = "mountain"
    SUN = "sun"
    WAVES = "waves"
    MONOGRAM = "monogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoScene(Scene):
    """An emblem that fades in, stands, and fades out.

    Attributes:
        emblem: Which.
        word_mark: Whether the company's name stands beneath.
        ground: What is behind it.
        colours: The emblem's two colours; the name has the first.
        size: The emblem's height as a share of the picture's.
        fade_in: Seconds.
        fade_out: Seconds.
        ground_fades: Whether the ground comes from black and goes to black with the emblem, or is there all the time.
        zoom: By which share the emblem grows from first to last.
        shine: Whether a gleam passes over the emblem half-way through.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
    """

    seconds: float = 4.0
    emblem: Emblem = Emblem.RINGS
    word_mark: bool = True
    ground: Ground = BLACK
    colours: tuple[Colour, Colour] = (WHITE, (0.95, 0.7, 0.1))
    size: float = 0.42
    fade_in: float = 0.7
    fade_out: float = 0.7
    ground_fades: bool = True
    zoom: float = 0.0
    shine: bool = False
    fonts: tuple[Path, ...] = ()

    @property
    def cue(self) -> TechnicalCueType:
        """See `Scene.cue`."""
        return TechnicalCueType.STUDIO_LOGO

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        canvas = self._drawn(stage)
        still = canvas.overlay(stage)
        left, top = (stage.width - still.width) // 4 * 2, (stage.height - still.height) // 4 * 2
        length = length_of(self, stage)
        frames_in, frames_out = (round(seconds * stage.rate) for seconds in (self.fade_in, self.fade_out))

        def paint(number: int) -> Picture:
            done = min(1.0, number / length)
            emblem = canvas.overlay(stage, scale=1 + self.zoom * (done - 0.5)) if self.zoom else still
            if self.shine:
                emblem = _gleaming(emblem, 4 * (done - 0.375))
            strength = fade_strength(min(number, length - 1), length, frames_in, frames_out)
            if self.ground_fades:
                return faded(lay_over(ground(number), emblem, left=left, top=top), strength)
            return lay_over(ground(number), emblem, left=left, top=top, strength=strength)

        return paint

    def _drawn(self, stage: Stage) -> Canvas:
        radius = stage.height * self.size / 2
        size = radius * 0.55
        face = choose_font(stage.generator, self.fonts)
        name = Wording(LANGUAGES["en"], stage.generator).company()
        size *= min(1.0, stage.width * 0.8 / text_width(name, face, size))
        width = max(2.6 * radius, text_width(name, face, size) * 1.25 if self.word_mark else 0.0)
        canvas = Canvas(width, radius * (3.6 if self.word_mark else 2.6), fineness=2)
        x, y = canvas.width / 2, radius * 1.3
        if self.emblem is Emblem.MONOGRAM:
            canvas.ellipse(x, y, radius, colour=self.colours[1])
            canvas.text(name[0], x, y, size=radius * 1.4, colour=self.colours[0], face=face, anchor="mm")
        else:
            _SHAPES[self.emblem](canvas, (x, y), radius, self.colours)
        if self.word_mark:
            canvas.text(name, x, radius * 2.9, size=size, colour=self.colours[0], face=face, anchor="mm")
        return canvas


def _gleaming(emblem: Overlay, place: float) -> Overlay:
    """The emblem with a slanted band of light, which comes in on the left at place 0 and is out on the right at 1."""
    height, width = emblem.cover.shape
    slant = np.linspace(0, 0.3, height)[:, None] + np.linspace(0, 0.7, width)[None, :]
    light = np.clip(1 - np.abs(slant - place) / 0.12, 0, 1) * emblem.cover / 256
    luma = emblem.picture[0] + light * 0.7 * (235.0 * emblem.cover - emblem.picture[0])
    return Overlay(
        picture=(np.rint(luma).astype(np.uint16), *emblem.picture[1:]),
        cover=emblem.cover,
        chroma_cover=emblem.chroma_cover,
    )


_Point = tuple[float, float]
_Colours = tuple[Colour, Colour]


def _regular(middle: _Point, radius: float, corners: int, turned: float = 0.0) -> list[_Point]:
    """The corners of a regular polygon, the first of them at the top when it is not turned."""
    angles = 2 * np.pi * (np.arange(corners) / corners + turned)
    return [(middle[0] + radius * float(np.sin(each)), middle[1] - radius * float(np.cos(each))) for each in angles]


def _rings(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    for share, colour in ((1.0, colours[0]), (0.72, colours[1]), (0.44, colours[0])):
        canvas.ellipse(*middle, radius * share, line=colour, line_width=radius * 0.14)


def _triangles(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    canvas.polygon(_regular(middle, radius, 3), colour=colours[1])
    canvas.polygon(_regular((middle[0], middle[1] + radius * 0.25), radius * 0.5, 3, 0.5), colour=colours[0])


def _shield(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    for share, colour in ((1.0, colours[0]), (0.84, colours[1])):
        down = np.linspace(0, 1, 12)
        side = 0.8 * share * radius * np.sqrt(1 - down**2)
        depths = middle[1] + share * radius * down
        right = [(middle[0] + float(x), float(y)) for x, y in zip(side, depths, strict=True)]
        left = [(2 * middle[0] - x, y) for x, y in reversed(right)]
        brow = middle[1] - 0.9 * share * radius
        canvas.polygon([(left[-1][0], brow), (right[0][0], brow), *right, *left], colour=colour)
    canvas.rectangle(middle[0] - radius * 0.1, middle[1] - radius * 0.7, middle[0] + radius * 0.1,
                     middle[1] + radius * 0.75, colour=colours[0])  # fmt: skip


def _star(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    outer, inner = _regular(middle, radius, 5), _regular(middle, radius * 0.4, 5, 0.1)
    canvas.polygon([point for pair in zip(outer, inner, strict=True) for point in pair], colour=colours[1])
    canvas.ellipse(*middle, radius, line=colours[0], line_width=radius * 0.07)


def _globe(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    canvas.ellipse(*middle, radius, colour=colours[1])
    for share in (1.0, 0.62, 0.22):
        canvas.ellipse(*middle, radius * share, radius, line=colours[0], line_width=radius * 0.05)
    for height in (-0.5, 0.0, 0.5):
        half = radius * float(np.sqrt(1 - height**2))
        y = middle[1] + height * radius
        canvas.line([(middle[0] - half, y), (middle[0] + half, y)], colour=colours[0], width=radius * 0.05)


def _hexagon(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    canvas.polygon(_regular(middle, radius, 6), colour=colours[0])
    canvas.polygon(_regular(middle, radius * 0.78, 6), colour=colours[1])
    corners = _regular(middle, radius * 0.78, 6)
    for corner in corners[::2]:
        canvas.line([middle, corner], colour=colours[0], width=radius * 0.12)


def _mountain(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    x, y = middle
    foot = y + radius * 0.7
    canvas.ellipse(x, y - radius * 0.35, radius * 0.6, colour=colours[1])
    canvas.polygon([(x - radius * 1.1, foot), (x - radius * 0.35, y - radius * 0.4), (x + radius * 0.35, foot)],
                   colour=colours[0])  # fmt: skip
    canvas.polygon([(x - radius * 0.4, foot), (x + radius * 0.4, y - radius * 0.1), (x + radius * 1.1, foot)],
                   colour=colours[0])  # fmt: skip


def _sun(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    canvas.ellipse(*middle, radius * 0.5, colour=colours[1])
    for near, far in zip(_regular(middle, radius * 0.62, 12), _regular(middle, radius, 12), strict=True):
        canvas.line([near, far], colour=colours[0], width=radius * 0.11)


def _waves(canvas: Canvas, middle: _Point, radius: float, colours: _Colours) -> None:
    across = np.linspace(-1, 1, 40)
    for row in range(4):
        depths = middle[1] + radius * (0.45 * row - 0.68 + 0.17 * np.sin(across * 2 * np.pi))
        points = [(middle[0] + radius * float(x), float(y)) for x, y in zip(across, depths, strict=True)]
        canvas.line(points, colour=colours[row % 2], width=radius * 0.17)


_SHAPES: dict[Emblem, Callable[[Canvas, _Point, float, _Colours], None]] = {
    Emblem.RINGS: _rings,
    Emblem.TRIANGLES: _triangles,
    Emblem.SHIELD: _shield,
    Emblem.STAR: _star,
    Emblem.GLOBE: _globe,
    Emblem.HEXAGON: _hexagon,
    Emblem.MOUNTAIN: _mountain,
    Emblem.SUN: _sun,
    Emblem.WAVES: _waves,
}
