"""Slates: cards that say what the programme is, and the clapper boards of single takes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rekvid.models import TechnicalCueType
from rekvid.testing.colours import Colour, Overlay, lay_over
from rekvid.testing.drawing import BLACK, WHITE, Canvas, choose_font, text_width
from rekvid.testing.grounds import Ground, ground_painter, length_of
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.places import PlaceScene
from rekvid.testing.scenes import Scene
from rekvid.testing.wording import Wording, language_for


class SlateLayout(enum.StrEnum):
    """How the lines of a slate are set."""

    TABLE = "table"
    """Names of fields on the left, their values in a second column."""

    CENTRED = "centred"
    """Each line in the middle, the title the largest."""

    BOXED = "boxed"
    """A table in a frame with lines between the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlateScene(Scene):
    """A card with what the programme is; the words are made up from the seed.

    Attributes:
        layout: How the lines are set.
        fields: How many lines there are, 4-10, the title and the company among them.
        ground: What is behind the letters.
        ink: The letters' colour.
        countdown: Whether a number counts the seconds down to the end of the scene.
        clock: Whether a clock's face shows the same with a hand that goes round once in the whole scene.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
        languages: Codes of `rekvid.testing.wording.LANGUAGES` for the title and people; none for any that the font
            can write.
    """

    seconds: float = 5.0
    sound: bool = False
    layout: SlateLayout = SlateLayout.TABLE
    fields: int = 8
    ground: Ground = BLACK
    ink: Colour = WHITE
    countdown: bool = False
    clock: bool = False
    fonts: tuple[Path, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def cue(self) -> TechnicalCueType:
        """See `Scene.cue`."""
        return TechnicalCueType.SLATE

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        face = choose_font(stage.generator, self.fonts)
        wording = Wording(language_for(face, stage.generator, self.languages), stage.generator)
        ground = ground_painter(self.ground, stage)
        card = self._card(stage, wording, face).overlay(stage)
        dial = self._dials(stage, face)

        def paint(number: int) -> Picture:
            picture = lay_over(ground(number), card)
            return lay_over(picture, dial(number)) if self.countdown or self.clock else picture

        return paint

    def _dials(self, stage: Stage, face: Path | None) -> Callable[[int], Overlay]:
        """What gives the clock and the number at a frame."""
        length = length_of(self, stage)
        drawn: dict[int, Overlay] = {}

        def dial(number: int) -> Overlay:
            # The hand moves four times a second, so that there are few pictures to draw.
            step = int(min(number, length - 1) / stage.rate * 4)
            if step not in drawn:
                drawn[step] = self._dial(stage, step / 4, face).overlay(stage)
            return drawn[step]

        return dial

    def _card(self, stage: Stage, wording: Wording, face: Path | None) -> Canvas:
        lines = programme_lines(wording)[: self.fields]
        # What is in sight of the clock gets the left two thirds only.
        width = stage.width * (0.68 if self.countdown or self.clock else 1.0)
        canvas = Canvas(stage.width, stage.height)
        if self.layout is SlateLayout.CENTRED:
            _centred(canvas, lines, width, self.ink, face)
        else:
            _table(canvas, lines, width, self.ink, face, boxed=self.layout is SlateLayout.BOXED)
        return canvas

    def _dial(self, stage: Stage, seconds: float, face: Path | None) -> Canvas:
        """The clock and the number at `seconds` after the start."""
        canvas = Canvas(stage.width, stage.height, fineness=2)
        x, y, radius = stage.width * 0.84, stage.height * 0.5, stage.height * 0.19
        if self.clock:
            canvas.ellipse(x, y, radius, line=self.ink, line_width=radius * 0.06)
            for mark in range(12):
                canvas.line(
                    [_around(x, y, radius * share, mark / 12) for share in (0.85, 0.97)],
                    colour=self.ink, width=radius * 0.05,
                )  # fmt: skip
            canvas.line(
                [(x, y), _around(x, y, radius * 0.8, seconds / self.seconds)], colour=self.ink, width=radius * 0.07
            )
        if self.countdown:
            left = max(0, int(np.ceil(self.seconds - seconds)))
            below = radius * 1.45 if self.clock else 0.0
            canvas.text(str(left), x, y + below, size=radius * 0.7, colour=self.ink, face=face, anchor="mm")
        return canvas


def programme_lines(wording: Wording) -> list[tuple[str, str]]:
    """Names of fields and their values, as a slate has them, the most needed first."""
    aspect = wording.one(("16:9", "4:3", "2.39:1", "1.85:1", "16:9 FF", "14:9 LB"))
    audio = wording.one(("Stereo", "CH1/2 Stereo Mix", "5.1 + Stereo", "Mono", "CH1 L  CH2 R", "M&E 3/4"))
    minutes, seconds = wording.number(0, 94), wording.number(0, 59)
    rest = [
        (("EPISODE", "PART", "EP"), f"{wording.number(1, 24)} of {wording.number(24, 48)}"),
        (
            ("DURATION", "TRT", "LENGTH"),
            f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}:{wording.number(0, 23):02}",
        ),
        (("DATE", "TX DATE", "MASTERED"), wording.date()),
        (("ASPECT RATIO", "ASPECT", "AR"), aspect),
        (("AUDIO", "SOUND"), audio),
        (("DIRECTOR", "PRODUCER", "EDITOR"), wording.person()),
        (
            ("CLOCK NUMBER", "PROG NO", "TAPE ID", "HOUSE NO"),
            f"{wording.number(100, 999)}/{wording.number(1000, 99999)}",
        ),
        (("FORMAT", "STANDARD"), wording.one(("1080i/25", "1080p/23.98", "HDCAM SR", "PAL", "NTSC", "ProRes 422 HQ"))),
    ]
    title = (wording.one(("TITLE", "PROGRAMME", "PROGRAM", "SERIES")), wording.title())
    company = (wording.one(("PRODUCTION", "COMPANY", "CLIENT", "PROD CO")), wording.company())
    return [title, company, *((wording.one(names), value) for names, value in rest)]


def _fitting(texts: Sequence[str], width: float, size: float, face: Path | None) -> float:
    """The size, `size` at most, at which the longest of the texts is at most `width` wide."""
    longest = max(text_width(text, face, size) for text in texts)
    return size * min(1.0, width / max(1.0, longest))


def _table(
    canvas: Canvas, lines: list[tuple[str, str]], width: float, ink: Colour, face: Path | None, *, boxed: bool
) -> None:
    margin = width * 0.08
    pitch = min(canvas.height * 0.84 / len(lines), canvas.height * 0.13)
    size = _fitting([name + ":" for name, _ in lines], width * 0.32, pitch * 0.62, face)
    size = _fitting([value for _, value in lines], width * 0.48, size, face)
    top = (canvas.height - pitch * len(lines)) / 2
    middle = width * 0.43
    rule = max(1.0, canvas.height / 240)
    for number, (name, value) in enumerate(lines):
        y = top + pitch * (number + 0.5)
        canvas.text(name if boxed else f"{name}:", margin + size / 2, y, size=size, colour=ink, face=face, anchor="lm")
        canvas.text(value, middle + size / 2, y, size=size, colour=ink, face=face, anchor="lm")
        if boxed:
            above = top + pitch * number
            canvas.rectangle(margin, above, width - margin, above + pitch + rule, line=ink, line_width=rule)
    if boxed:
        canvas.rectangle(middle, top, middle + rule, top + pitch * len(lines), colour=ink)


def _centred(canvas: Canvas, lines: list[tuple[str, str]], width: float, ink: Colour, face: Path | None) -> None:
    texts = [lines[0][1], lines[1][1], *(f"{name}: {value}" for name, value in lines[2:])]
    pitch = min(canvas.height * 0.84 / (len(texts) + 0.6), canvas.height * 0.14)
    size = _fitting(texts[1:], width * 0.88, pitch * 0.64, face)
    y = (canvas.height - pitch * (len(texts) + 0.6)) / 2 + pitch * 0.7
    large = _fitting(texts[:1], width * 0.88, pitch, face)
    canvas.text(texts[0], width / 2, y, size=large, colour=ink, face=face, anchor="mm")
    for number, text in enumerate(texts[1:], 1):
        canvas.text(text, width / 2, y + pitch * (number + 0.2), size=size, colour=ink, face=face, anchor="mm")


def _around(x: float, y: float, radius: float, turn: float) -> tuple[float, float]:
    """The point on a circle after `turn` of the way round, from the top and with the clock."""
    return x + radius * float(np.sin(2 * np.pi * turn)), y - radius * float(np.cos(2 * np.pi * turn))


_STILL = PlaceScene(contrast=40.0, movers=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClapperScene(Scene):
    """A clapper board held before the camera; its stick claps once, half-way through.

    Attributes:
        ground: What is behind it.
        board: The board's colour: black with white letters, or white with black ones.
        shake: How far the board trembles, as a share of the picture's height.
        size: The board's width as a share of the picture's.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
    """

    seconds: float = 3.0
    ground: Ground = _STILL
    board: Colour = (0.05, 0.05, 0.06)
    shake: float = 0.01
    size: float = 0.66
    fonts: tuple[Path, ...] = ()

    @property
    def cue(self) -> TechnicalCueType:
        """See `Scene.cue`."""
        return TechnicalCueType.SLATE

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        face = choose_font(stage.generator, self.fonts)
        wording = Wording(language_for(face, stage.generator, ("en",)), stage.generator)
        lines = _take_lines(wording)
        open_by = float(stage.generator.uniform(6, 14))
        boards = {
            degrees: self._board(stage, lines, face, degrees).overlay(stage) for degrees in (open_by, open_by / 2, 0)
        }
        length = length_of(self, stage)
        pace, phases = stage.generator.uniform(0.5, 1.3, size=2), stage.generator.uniform(0, 2 * np.pi, size=2)

        def paint(number: int) -> Picture:
            after = number - length // 2
            board = boards[open_by if after < 0 or after > 8 else open_by / 2 if after == 0 else 0]
            sway = self.shake * stage.height * np.sin(2 * np.pi * pace * number / float(stage.rate) + phases)
            left, top = (stage.width - board.width) // 2, round(stage.height * 0.95) - board.height
            return lay_over(ground(number), board, left=left + round(sway[0]), top=top + round(sway[1]))

        return paint

    def _board(self, stage: Stage, lines: list[list[tuple[str, str]]], face: Path | None, degrees: float) -> Canvas:
        ink = BLACK if sum(self.board) > 1.5 else WHITE
        width = stage.width * self.size
        # The board fits the picture; the end of the open stick may leave it.
        slab = min(stage.height * 0.72, width * 0.56)
        stick, rise = slab * 0.16, width * 0.25
        top = rise + 2 * stick
        height = top + slab
        canvas = Canvas(width, height, fineness=2)
        canvas.rectangle(0, top, width, height, colour=self.board)
        _stick(canvas, (0, top - stick), width, stick, 0)
        _stick(canvas, (0, top - 2 * stick), width * 0.98, stick, degrees)
        pitch = (height - top) / len(lines)
        rule = max(1.0, slab / 110)
        for row, cells in enumerate(lines):
            across = width / len(cells)
            for column, (name, value) in enumerate(cells):
                x, y = column * across, top + row * pitch
                canvas.rectangle(x, y, x + across, y + pitch, line=ink, line_width=rule)
                canvas.text(name, x + pitch * 0.12, y + pitch * 0.08, size=pitch * 0.24, colour=ink, face=face)
                size = _fitting([value], across * 0.85, pitch * 0.5, face)
                canvas.text(value, x + across / 2, y + pitch * 0.66, size=size, colour=ink, face=face, anchor="mm")
        return canvas


def _take_lines(wording: Wording) -> list[list[tuple[str, str]]]:
    scene = f"{wording.number(1, 140)}{wording.one(('', 'A', 'B', 'C'))}"
    return [
        [("PRODUCTION", wording.title())],
        [("ROLL", f"A{wording.number(1, 90):03}"), ("SCENE", scene), ("TAKE", str(wording.number(1, 19)))],
        [("DIRECTOR", wording.person())],
        [("DATE", wording.date()), ("CAMERA", wording.person())],
    ]


def _stick(canvas: Canvas, corner: tuple[float, float], length: float, thickness: float, degrees: float) -> None:
    """A striped stick that is turned about its left end."""
    turn = np.radians(degrees)

    def place(along: float, across: float) -> tuple[float, float]:
        x, y = along, across - thickness
        return (
            corner[0] + float(x * np.cos(turn) + y * np.sin(turn)),
            corner[1] + thickness + float(y * np.cos(turn) - x * np.sin(turn)),
        )

    canvas.polygon([place(0, 0), place(length, 0), place(length, thickness), place(0, thickness)], colour=BLACK)
    stripe = length / 9
    for number in range(4):
        left = stripe * (2 * number + 0.6)
        slant = thickness * 0.8
        canvas.polygon(
            [
                place(left + slant, 0), place(left + stripe + slant, 0),
                place(left + stripe, thickness), place(left, thickness),
            ],
            colour=WHITE,
        )  # fmt: skip
