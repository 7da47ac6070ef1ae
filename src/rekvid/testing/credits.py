"""Credits: rolling or card by card, opening or closing, over a plain ground or over a picture."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from rekvid.models import TechnicalCueType
from rekvid.testing.colours import Colour, Overlay, fade_strength, lay_over
from rekvid.testing.drawing import BLACK, WHITE, Canvas, choose_font, text_width
from rekvid.testing.grounds import Ground, ground_painter, length_of
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.scenes import Scene
from rekvid.testing.wording import Wording, language_for


class CreditsLayout(enum.StrEnum):
    """How roles and names are set."""

    CENTRED = "centred"
    """Each role above its names, all in the middle."""

    SIDES = "sides"
    """Roles end left of the middle, names begin right of it."""

    COLUMNS = "columns"
    """Names in two or three columns under headings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsScene(Scene):
    """Who made it; the words are made up from the seed.

    Attributes:
        closing: Whether these are end credits rather than opening credits.
        rolling: Whether the text rolls upwards at a steady speed rather than change card by card.
        layout: How roles and names are set; cards of opening credits have a role and a name or two each.
        speed: Of a roll, in heights of the picture a second.
        begins_full: Whether the picture is full of text when the roll begins, rather than empty but for a line.
        card_seconds: About how long a card stands; all of them stand equally long.
        card_fade: Seconds in which a card fades in, and out; 0 for cuts between cards.
        size: Height of the font as a share of the picture's.
        middle: The place of the text's middle as a share of the picture's width.
        ground: What is behind the text.
        ink: The letters' colour.
        shadow: Whether the letters drop a black shadow.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
        languages: Codes of `rekvid.testing.wording.LANGUAGES`; none for any that the font can write.
    """

    seconds: float = 10.0
    closing: bool = True
    rolling: bool = True
    layout: CreditsLayout = CreditsLayout.CENTRED
    speed: float = 0.2
    begins_full: bool = False
    card_seconds: float = 2.0
    card_fade: float = 0.0
    size: float = 0.06
    middle: float = 0.5
    ground: Ground = BLACK
    ink: Colour = WHITE
    shadow: bool = False
    fonts: tuple[Path, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def cue(self) -> TechnicalCueType:
        """See `Scene.cue`."""
        return TechnicalCueType.END_CREDITS if self.closing else TechnicalCueType.OPENING_CREDITS

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        face = choose_font(stage.generator, self.fonts)
        wording = Wording(language_for(face, stage.generator, self.languages), stage.generator)
        columns = wording.number(2, 3)
        writer = _Writer(self, stage, wording, face, columns)
        return self._roll(stage, ground, writer) if self.rolling else self._cards(stage, ground, writer)

    def _roll(self, stage: Stage, ground: Painter, writer: _Writer) -> Painter:
        pace = self.speed * stage.height / float(stage.rate)
        travel = pace * length_of(self, stage)
        # From the first line's entry to the last line's leaving, however short the scene is.
        height = max(travel * 1.0 if self.begins_full else travel - 0.84 * stage.height, 0.5 * stage.height)
        start = 0.08 * stage.height if self.begins_full else (stage.height - height + travel) / 2
        text = writer.sheet(height)

        def paint(number: int) -> Picture:
            return lay_over(ground(number), text, top=round(start - pace * number))

        return paint

    def _cards(self, stage: Stage, ground: Painter, writer: _Writer) -> Painter:
        length = length_of(self, stage)
        count = max(2, round(self.seconds / self.card_seconds))
        fade = min(round(self.card_fade * stage.rate), length // count // 3)
        cards = [writer.card(number, count) for number in range(count)]

        def paint(number: int) -> Picture:
            card = min(count - 1, number * count // length)
            first, end = (-(-edge * length // count) for edge in (card, card + 1))
            strength = fade_strength(number - first, end - first, fade, fade)
            return lay_over(ground(number), cards[card], strength=strength)

        return paint


class _Writer:
    """Sets the text of one scene of credits.

    Args:
        scene: Says how.
        stage: What it is for.
        wording: Makes up the words.
        face: A font's file; None for the font that comes with Pillow.
        columns: How many there are, where the layout has columns.
    """

    def __init__(self, scene: CreditsScene, stage: Stage, wording: Wording, face: Path | None, columns: int) -> None:
        self._scene = scene
        self._stage = stage
        self._wording = wording
        self._face = face
        self._columns = columns
        self._middle = scene.middle * stage.width
        # The text stays within the picture on the side that has less room.
        self._width = 1.9 * min(self._middle, stage.width - self._middle)
        self._size = scene.size * stage.height
        self._pitch = self._size * 1.4

    def sheet(self, height: float) -> Overlay:
        """A sheet of about `height` that is full of credits, with a last sentence at its foot."""
        canvas = Canvas(self._stage.width, height)
        y = 0.0
        while y + 3.5 * self._pitch < canvas.height:
            y = self._group(canvas, y, canvas.height - 2.5 * self._pitch)
        self._write(canvas, self._wording.closing(), self._middle, canvas.height - self._pitch, "ma")
        return canvas.overlay(self._stage)

    def card(self, number: int, count: int) -> Overlay:
        """The card `number` of `count`, the lines of which are in the middle of its height."""
        canvas = Canvas(self._stage.width, self._stage.height)
        if self._scene.closing:
            y = max(0.06 * canvas.height, canvas.height / 2 - self._pitch * self._wording.number(2, 5))
            foot = canvas.height - y
            while y + 2 * self._pitch < foot:
                y = self._group(canvas, y, foot)
        else:
            self._opening_card(canvas, number, count)
        return canvas.overlay(self._stage)

    def _opening_card(self, canvas: Canvas, number: int, count: int) -> None:
        """A small line above one or two large ones; the title of the programme comes late but not last."""
        wording = self._wording
        if number == 0:
            small, large = "", [wording.company()]
        elif number == count // 2:
            small, large = "", [wording.title()]
        else:
            small, large = wording.role(), [wording.person() for _ in range(wording.number(1, 2))]
        y = canvas.height / 2 - self._pitch * (1 + len(large) * 0.6)
        if small:
            self._write(canvas, small, self._middle, y, "ma", scale=0.75)
        for line in large:
            y += self._pitch * 1.2
            self._write(canvas, line, self._middle, y, "ma", scale=1.25)

    def _group(self, canvas: Canvas, y: float, foot: float) -> float:
        """Write roles and names from `y` on, up to `foot` at most; gives where the next group begins."""
        match self._scene.layout:
            case CreditsLayout.CENTRED:
                return self._centred_group(canvas, y, foot)
            case CreditsLayout.SIDES:
                return self._two_sided_group(canvas, y, foot)
            case CreditsLayout.COLUMNS:
                return self._group_in_columns(canvas, y, foot)

    def _lines(self, y: float, foot: float, least: int, most: int) -> list[float]:
        """Where lines stand from `y` on: from `least` to `most` of them, or fewer where the room ends."""
        room = max(0, int((foot - y) / self._pitch))
        return [y + line * self._pitch for line in range(min(room, self._wording.number(least, most)))]

    def _centred_group(self, canvas: Canvas, y: float, foot: float) -> float:
        self._write(canvas, self._wording.role(), self._middle, y, "ma", scale=0.8)
        lines = self._lines(y + self._pitch, foot, 1, 3)
        for line in lines:
            self._write(canvas, self._wording.person(), self._middle, line, "ma")
        return y + (len(lines) + 2) * self._pitch

    def _two_sided_group(self, canvas: Canvas, y: float, foot: float) -> float:
        gap = self._size * 0.5
        lines = self._lines(y, foot, 2, 7)
        for line in lines:
            self._write(canvas, self._wording.role(), self._middle - gap, line, "ra", share=0.47)
            self._write(canvas, self._wording.person(), self._middle + gap, line, "la", share=0.47)
        return y + (len(lines) + 1) * self._pitch

    def _group_in_columns(self, canvas: Canvas, y: float, foot: float) -> float:
        self._write(canvas, self._wording.heading(), self._middle, y, "ma")
        across = self._width / self._columns
        lines = self._lines(y + 1.3 * self._pitch, foot, 2, 6)
        for line in lines:
            for column in range(self._columns):
                x = self._middle + (column - (self._columns - 1) / 2) * across
                self._write(canvas, self._wording.person(), x, line, "ma", scale=0.85, share=0.95 / self._columns)
        return y + (len(lines) + 2.3) * self._pitch

    def _write(
        self, canvas: Canvas, text: str, x: float, y: float, anchor: str, *, scale: float = 1.0, share: float = 1.0
    ) -> None:
        """One line, made smaller where it would be wider than `share` of the text's width."""
        size = self._size * scale
        size *= min(1.0, share * self._width / max(1.0, text_width(text, self._face, size)))
        shadow = 0.06 if self._scene.shadow else 0.0
        canvas.text(text, x, y, size=size, colour=self._scene.ink, face=self._face, anchor=anchor, shadow=shadow)
