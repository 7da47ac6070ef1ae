"""Letters and shapes for scenes, drawn by Pillow: the only module that knows it.

A thing is drawn once, made an overlay, and moved by numpy from frame to frame.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rekvid.errors import MissingExtraError
from rekvid.testing.colours import HD_LINES, Colour, Overlay, overlay_of
from rekvid.testing.pictures import Stage

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError as missing:
    raise MissingExtraError("testing", "drawing text and emblems") from missing

WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)

_LATIN = "AaGgQ09:;&"

_THINNEST = 0.13
"""The least share of "Hamburg" that is ink: thinner fonts are for posters, and vanish in small pictures."""


@functools.cache
def _font(face: Path | None, size: int) -> ImageFont.FreeTypeFont:
    if face is not None:
        return ImageFont.truetype(face, size)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise MissingExtraError("testing", "drawing text in any size (this Pillow was built without FreeType)")
    return font


def fonts_here() -> tuple[Path, ...]:
    """The font files of this machine that can write English, sorted by their names; there may be none.

    Hairline fonts are left out, as nobody sets credits in them. Files are looked for where the system keeps them: in
    the folders of fontconfig on Linux, and in those of macOS and Windows.
    """
    found = {path.name: path for folder in _font_folders() for path in sorted(folder.rglob("*")) if _is_font(path)}
    return tuple(found[name] for name in sorted(found))


def _font_folders() -> Iterator[Path]:
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts")
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


def _is_font(path: Path) -> bool:
    if path.suffix.lower() not in {".ttf", ".otf", ".ttc"} or not carries(path, _LATIN):
        return False
    return float(np.asarray(_printed("Hamburg", _font(path, 64))).mean()) >= _THINNEST * 255


@functools.cache
def carries(face: Path | None, text: str) -> bool:
    """Whether a font has a shape for each letter of `text`; a file that is no font has none.

    Args:
        face: The font's file; None is the font that comes with Pillow, which has English letters only.
        text: The letters that are needed.
    """
    try:
        font = _font(face, 20)
    except OSError:
        return False

    # No font maps this noncharacter of Unicode, so it shows what the font draws for letters that it lacks.
    lacking = _printed("\uffff", font)
    return all(_printed(letter, font) != lacking for letter in set(text) if not letter.isspace())


def _printed(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """The text in white on black, cut out as closely as possible."""
    _, _, right, bottom = font.getbbox(text)
    image = Image.new("L", (math.ceil(right) + 1, math.ceil(bottom) + 1))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return image.crop(image.getbbox())


def choose_font(generator: np.random.Generator, fonts: Sequence[Path]) -> Path | None:
    """One of `fonts` by chance; None, for the font that comes with Pillow, when there are none."""
    return fonts[int(generator.integers(len(fonts)))] if fonts else None


def text_width(text: str, face: Path | None, size: float) -> float:
    """The width of one line of text in pixels."""
    return _font(face, max(6, round(size))).getlength(text)


class Canvas:
    """A transparent sheet to draw on; coordinates are in pixels of the picture, from its upper left corner.

    Args:
        width: In pixels; made even.
        height: In pixels; made even.
        fineness: Pixels that are drawn for each pixel of the picture in both directions; shapes get smooth edges by
            it, letters have them anyway.
    """

    def __init__(self, width: float, height: float, fineness: int = 1) -> None:
        self.width = 2 * math.ceil(width / 2)
        self.height = 2 * math.ceil(height / 2)
        self._fineness = fineness
        self._image = Image.new("RGBA", (self.width * fineness, self.height * fineness), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._image)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float,
        colour: Colour = WHITE,
        face: Path | None = None,
        anchor: str = "la",
        shadow: float = 0.0,
        outline: float = 0.0,
    ) -> None:
        """Write one line.

        Args:
            text: The line.
            x: Where its anchor is.
            y: Where its anchor is.
            size: Height of the font in pixels; 6 at least.
            colour: The letters' colour.
            face: A font's file; None for the font that comes with Pillow.
            anchor: Pillow's two letters for the point of the line that lies at x and y: ``l``, ``m`` or ``r`` and
                ``a`` (top), ``m`` or ``s`` (base line).
            shadow: How far a black shadow falls to the lower right, as a share of the size.
            outline: Width of a black outline, as a share of the size.
        """
        font = _font(face, max(6, round(size)) * self._fineness)
        x, y, full = x * self._fineness, y * self._fineness, size * self._fineness
        if shadow:
            drop = max(1.0, shadow * full)
            self._draw.text((x + drop, y + drop), text, fill=_fill(BLACK), font=font, anchor=anchor)
        width = max(1, round(outline * full)) if outline else 0
        self._draw.text(
            (x, y), text, fill=_fill(colour), font=font, anchor=anchor, stroke_width=width, stroke_fill=_fill(BLACK)
        )

    def rectangle(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        *,
        colour: Colour | None = None,
        opacity: float = 1.0,
        line: Colour | None = None,
        line_width: float = 1.0,
    ) -> None:
        """A rectangle up to, and without, `right` and `bottom`; filled with a colour, framed by a line, or both."""
        fine = self._fineness
        corners = (left * fine, top * fine, max(left, right) * fine - 1, max(top, bottom) * fine - 1)
        self._draw.rectangle(
            corners, fill=_fill(colour, opacity), outline=_fill(line), width=max(1, round(line_width * fine))
        )

    def polygon(self, points: Sequence[tuple[float, float]], *, colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * self._fineness, y * self._fineness) for x, y in points], fill=_fill(colour))

    def line(self, points: Sequence[tuple[float, float]], *, colour: Colour, width: float) -> None:
        """A line through all the points."""
        fine = [(x * self._fineness, y * self._fineness) for x, y in points]
        self._draw.line(fine, fill=_fill(colour), width=max(1, round(width * self._fineness)), joint="curve")

    def ellipse(
        self,
        x: float,
        y: float,
        across: float,
        down: float | None = None,
        *,
        colour: Colour | None = None,
        line: Colour | None = None,
        line_width: float = 1.0,
    ) -> None:
        """An ellipse about x and y, given by its half axes, or a circle when `down` is None."""
        fine, down = self._fineness, across if down is None else down
        corners = ((x - across) * fine, (y - down) * fine, (x + across) * fine, (y + down) * fine)
        self._draw.ellipse(corners, fill=_fill(colour), outline=_fill(line), width=max(1, round(line_width * fine)))

    def overlay(self, stage: Stage, *, turned: float = 0.0, scale: float = 1.0) -> Overlay:
        """What was drawn, to be laid over pictures.

        Args:
            stage: Its height says by which matrix colours are turned into luma and chroma.
            turned: Degrees against the clock by which it is turned about its middle; corners are cut off.
            scale: How much larger it gets, about its middle; what leaves the sheet is cut off.
        """
        if turned or scale != 1:
            image = self._image.transform(
                (self.width, self.height),
                Image.Transform.AFFINE,
                self._source(turned, scale),
                Image.Resampling.BILINEAR,
            )
        else:
            image = self._image.reduce(self._fineness) if self._fineness > 1 else self._image
        return overlay_of(np.asarray(image), hd=stage.height >= HD_LINES)

    def _source(self, turned: float, scale: float) -> tuple[float, float, float, float, float, float]:
        """The matrix that says from where in the drawing each pixel of the overlay comes."""
        reach = self._fineness / scale
        along, aslant = reach * math.cos(math.radians(turned)), reach * math.sin(math.radians(turned))
        x, y = self.width / 2, self.height / 2
        left, top = self._fineness * x - along * x + aslant * y, self._fineness * y - aslant * x - along * y
        return along, -aslant, left, aslant, along, top


def _fill(colour: Colour | None, opacity: float = 1.0) -> tuple[int, int, int, int] | None:
    if colour is None:
        return None
    red, green, blue = (round(255 * part) for part in colour)
    return red, green, blue, round(255 * opacity)
