"""Colour bars by the published levels, as they stand at the head of a programme."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.models import TechnicalCueType
from rekvid.testing.colours import HD_LINES, Colour, Overlay, lay_over, limited_range
from rekvid.testing.drawing import BLACK, Canvas, choose_font, text_width
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.scenes import Scene
from rekvid.timecode import Timecode


class BarPattern(enum.StrEnum):
    """The patterns that `BarsScene` knows.

    EBU's names give, in per cent, the levels of white, of black, and the highest and the lowest of the coloured bars
    (ITU-R BT.471).
    """

    SMPTE_EG_1 = "SMPTE EG 1"
    """75 % bars over a row of reversed blue bars, over -I, white, +Q and PLUGE: the classic picture."""

    SMPTE_75 = "SMPTE full field 75 %"
    """Seven bars of 75 %, from white to blue."""

    SMPTE_100 = "SMPTE full field 100 %"
    """Eight bars of 100 %, from white to black."""

    EBU_75 = "EBU 75/0/75/0"
    EBU_100_75 = "EBU 100/0/75/0"
    EBU_100 = "EBU 100/0/100/0"

    SMPTE_RP_219 = "SMPTE RP 219"
    """The HD pattern, the same as ARIB STD-B28: bars of 75 % between grey sides, a ramp and PLUGE beneath."""


Levels: TypeAlias = tuple[float, float, float]
"""Y'CbCr for 8 bits, limited range."""

Row: TypeAlias = Sequence[tuple[Fraction, Callable[[float], Levels] | Levels]]
"""Shares of the width with what is in them; a ramp is a function of the place 0-1 in its share."""

_ORDER: tuple[Colour, ...] = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))
"""White, yellow, cyan, green, magenta, red, blue, black: luma falls from bar to bar."""


def bar_levels(colour: Colour, amplitude: float, *, hd: bool) -> Levels:
    """Luma and chroma of a bar: its colour at `amplitude` 0-1 by BT.601, or by BT.709 for `hd`, not rounded."""
    luma, blue, red = limited_range(amplitude * np.array(colour, np.float64), hd=hd)
    return float(luma), float(blue), float(red)


def _grey(share: float) -> Levels:
    """A grey by its share of the way from black to white; SMPTE's PLUGE goes below black and so below 16."""
    return 16 + 219 * share, 128.0, 128.0


def _subcarrier(degrees: float) -> Levels:
    """A bar of -I (303 degrees) or +Q (33 degrees) on a luma of black.

    SMPTE EG 1 gives them 20 IRE of amplitude, of the 92.5 IRE between black and white with set-up. U and V
    become Cb and Cr by the factors of SMPTE 170M, whose greatest values are 0.436 and 0.615.
    """
    amplitude = 20 / 92.5
    blue = amplitude * math.cos(math.radians(degrees)) / (2 * 0.436)
    red = amplitude * math.sin(math.radians(degrees)) / (2 * 0.615)
    return 16.0, 128 + 224 * blue, 128 + 224 * red


def _plain_bars(amplitudes: Sequence[float], *, hd: bool) -> list[tuple[Fraction, Row]]:
    width = Fraction(1, len(amplitudes))
    row = [(width, bar_levels(colour, share, hd=hd)) for colour, share in zip(_ORDER, amplitudes, strict=False)]
    return [(Fraction(1), row)]


def _eg_1(*, hd: bool) -> list[tuple[Fraction, Row]]:
    seventh = Fraction(1, 7)
    bars = [bar_levels(colour, 0.75, hd=hd) for colour in _ORDER]
    black = _grey(0)
    reversed_blue = [bars[6], black, bars[4], black, bars[2], black, bars[0]]
    wide, third = Fraction(5, 28), Fraction(1, 21)
    foot: Row = [
        *((wide, each) for each in (_subcarrier(303), _grey(1), _subcarrier(33), black)),
        *((third, _grey(share)) for share in (-0.04, 0, 0.04)),
        (seventh, black),
    ]
    return [
        (Fraction(2, 3), [(seventh, each) for each in bars[:7]]),
        (Fraction(1, 12), [(seventh, each) for each in reversed_blue]),
        (Fraction(1, 4), foot),
    ]


def _rp_219(*, hd: bool) -> list[tuple[Fraction, Row]]:
    """SMPTE RP 219-2002, figure 1, with 75 % white at the place *2 and black at *3."""
    side, bar = Fraction(1, 8), Fraction(3, 28)

    def full(colour: Colour) -> Levels:
        return bar_levels(colour, 1, hd=hd)

    white, yellow, cyan, _, _, red, blue, _ = _ORDER
    tops = [(bar, bar_levels(colour, 0.75, hd=hd)) for colour in _ORDER[:7]]
    ramp = (5 * bar, _grey)
    pluge = [(bar / 3, _grey(share)) for share in (-0.02, 0, 0.02, 0, 0.04)]
    edge = (side, _grey(0.15))
    return [
        (Fraction(7, 12), [(side, _grey(0.4)), *tops, (side, _grey(0.4))]),
        (Fraction(1, 12), [(side, full(cyan)), (7 * bar, bar_levels(white, 0.75, hd=hd)), (side, full(blue))]),
        (Fraction(1, 12), [(side, full(yellow)), (bar, _grey(0)), ramp, (bar, _grey(1)), (side, full(red))]),
        (
            Fraction(1, 4),
            [
                edge,
                (bar * 3 / 2, _grey(0)),
                (2 * bar, _grey(1)),
                (bar * 5 / 6, _grey(0)),
                *pluge,
                (bar, _grey(0)),
                edge,
            ],
        ),
    ]


def _rows(pattern: BarPattern, *, hd: bool) -> list[tuple[Fraction, Row]]:
    match pattern:
        case BarPattern.SMPTE_EG_1:
            return _eg_1(hd=hd)
        case BarPattern.SMPTE_RP_219:
            return _rp_219(hd=hd)
        case BarPattern.SMPTE_75:
            return _plain_bars([0.75] * 7, hd=hd)
        case BarPattern.EBU_75:
            return _plain_bars([0.75] * 8, hd=hd)
        case BarPattern.EBU_100_75:
            return _plain_bars([1.0, *[0.75] * 7], hd=hd)
        case BarPattern.SMPTE_100 | BarPattern.EBU_100:
            return _plain_bars([1.0] * 8, hd=hd)


def paint_bars(pattern: BarPattern, width: int, height: int, *, hd: bool) -> Picture:
    """The whole picture of a pattern.

    Args:
        pattern: Which.
        width: In pixels, even.
        height: In pixels, even.
        hd: Whether the colours are those of BT.709 rather than BT.601.
    """
    samples = np.empty((height, width, 3))
    top = Fraction(0)
    for share, row in _rows(pattern, hd=hd):
        line = _line(row, width)
        samples[round(top * height) : round((top + share) * height)] = line
        top += share
    luma, blue, red = (np.clip(np.rint(samples[..., plane]), 1, 254).astype(np.uint8) for plane in range(3))
    return luma, blue[::2, ::2], red[::2, ::2]


def _line(row: Row, width: int) -> NDArray[np.float64]:
    line = np.empty((width, 3))
    left = Fraction(0)
    for share, what in row:
        first, end = round(left * width), round((left + share) * width)
        if callable(what):
            line[first:end] = [what(place) for place in np.linspace(0, 1, end - first)]
        else:
            line[first:end] = what
        left += share
    return line


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsScene(Scene):
    """Colour bars; the tone that goes with them is `sound`.

    Attributes:
        pattern: Which bars.
        hd: Whether the colours are those of BT.709 rather than BT.601; None takes BT.709 from 720 lines on.
        margins: Black left and right, and above and below, each as a share of the whole picture.
        timecode: Whether the running time is burnt in, in white digits on a black box.
        ident: A line of text on a black box, such as a channel's name; empty for none.
        noise: The standard deviation of noise in levels of luma.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
    """

    seconds: float = 4.0
    pattern: BarPattern = BarPattern.SMPTE_EG_1
    hd: bool | None = None
    margins: tuple[float, float] = (0.0, 0.0)
    timecode: bool = False
    ident: str = ""
    noise: float = 0.0
    fonts: tuple[Path, ...] = ()

    @property
    def cue(self) -> TechnicalCueType:
        """See `Scene.cue`."""
        return TechnicalCueType.COLOR_BARS

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        face = choose_font(stage.generator, self.fonts)
        picture = self._bars(stage)
        if self.ident:
            label = _boxed(self.ident, stage, face)
            row = stage.height * float(stage.generator.choice([0.1, 0.4, 0.72]))
            picture = lay_over(picture, label, left=(stage.width - label.width) // 4 * 2, top=int(row) // 2 * 2)
        clock = BurntInClock(stage, face) if self.timecode else None
        sheet = np.rint(stage.generator.normal(0, self.noise, size=(2 * stage.height, 2 * stage.width))).astype(
            np.int16
        )

        def paint(number: int) -> Picture:
            painted = picture if clock is None else clock.lay_over(picture, number)
            if not self.noise:
                return painted
            # One sheet of noise at another place each time; two primes keep the places from coming round soon.
            top, left = number * 211 % stage.height, number * 307 % stage.width
            luma = painted[0] + sheet[top : top + stage.height, left : left + stage.width]
            return np.clip(luma, 1, 254).astype(np.uint8), painted[1], painted[2]

        return paint

    def _bars(self, stage: Stage) -> Picture:
        """The bars inside of their margins."""
        across, down = (2 * round(margin * side / 2) for margin, side in zip(self.margins, _sides(stage), strict=True))
        hd = stage.height >= HD_LINES if self.hd is None else self.hd
        bars = paint_bars(self.pattern, stage.width - 2 * across, stage.height - 2 * down, hd=hd)
        luma = np.pad(bars[0], ((down, down), (across, across)), constant_values=16)
        half = ((down // 2, down // 2), (across // 2, across // 2))
        blue, red = (np.pad(plane, half, constant_values=128) for plane in bars[1:])
        return luma, blue, red


def _sides(stage: Stage) -> tuple[int, int]:
    return stage.width, stage.height


def _boxed(text: str, stage: Stage, face: Path | None) -> Overlay:
    size = stage.height * 0.08
    canvas = Canvas(text_width(text, face, size) + size, size * 1.4)
    canvas.rectangle(0, 0, canvas.width, canvas.height, colour=BLACK)
    canvas.text(text, canvas.width / 2, canvas.height / 2, size=size, face=face, anchor="mm")
    return canvas.overlay(stage)


class BurntInClock:
    """A running timecode in a black box near the foot of the picture.

    Args:
        stage: What it is laid on; its generator chooses where the count begins.
        face: A font's file, None for the font that comes with Pillow.
        size: Height of the digits as a share of the picture's.
    """

    def __init__(self, stage: Stage, face: Path | None, size: float = 0.085) -> None:
        self._rate = stage.rate
        self._start = int(stage.generator.integers(0, 24)) * 3600 * round(stage.rate)
        height = stage.height * size
        self._glyphs = {glyph: _cell(glyph, height, stage, face) for glyph in "0123456789:;"}
        self._advance = self._glyphs["0"].width
        self._left = (stage.width - 11 * self._advance) // 4 * 2
        self._top = int(stage.height * 0.84) // 2 * 2

    def lay_over(self, picture: Picture, number: int) -> Picture:
        """The picture with the time of the frame `number` on it."""
        for place, glyph in enumerate(str(Timecode.of_frame(self._start + number, self._rate))):
            left = self._left + place * self._advance
            picture = lay_over(picture, self._glyphs[glyph], left=left, top=self._top)
        return picture


def _cell(glyph: str, height: float, stage: Stage, face: Path | None) -> Overlay:
    canvas = Canvas(height * 0.75, height * 1.3)
    canvas.rectangle(0, 0, canvas.width, canvas.height, colour=BLACK)
    canvas.text(glyph, canvas.width / 2, canvas.height / 2, size=height, face=face, anchor="mm")
    return canvas.overlay(stage)
