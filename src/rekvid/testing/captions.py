"""Content with letters in it that are no credits and no slate: what an analyser of cues must not fall for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rekvid.testing.colours import Colour, Overlay, fade_strength, lay_over
from rekvid.testing.drawing import BLACK, WHITE, Canvas, choose_font, text_width
from rekvid.testing.grounds import Ground, ground_painter, length_of
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.places import PlaceScene
from rekvid.testing.scenes import Scene
from rekvid.testing.wording import LANGUAGES, SENTENCES, SIGNS, Wording

_STREET = PlaceScene(pan=(0.04, 0.0), movers=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionedScene(Scene):
    """The base of scenes with letters over, or in, another scene; content, as its `cue` says.

    Attributes:
        ground: The picture without letters.
        fonts: Files of fonts, of which the scene takes one by chance; none for the font that comes with Pillow.
    """

    ground: Ground = _STREET
    fonts: tuple[Path, ...] = ()

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        ground = ground_painter(self.ground, stage)
        face = choose_font(stage.generator, self.fonts)
        wording = Wording(LANGUAGES["en"], stage.generator)
        caption = self._captions(stage, wording, face)
        return lambda number: caption(ground(number), number)

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> Callable[[Picture, int], Picture]:
        """What lays the letters over the picture of a frame."""
        raise NotImplementedError


_Caption = Callable[[Picture, int], Picture]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitledScene(CaptionedScene):
    """A scene with subtitles of one or two lines that come and go.

    Attributes:
        ink: The letters' colour.
        line_seconds: How long a subtitle stands; a fifth of it nothing is there.
        size: Height of the font as a share of the picture's.
    """

    ink: Colour = WHITE
    line_seconds: float = 1.8
    size: float = 0.06

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        size = self.size * stage.height
        each = max(2, round(self.line_seconds * stage.rate))
        titles = [self._title(stage, wording, face, size) for _ in range(length_of(self, stage) // each + 1)]
        top = stage.height - titles[0].height - round(0.05 * stage.height)

        def lay(picture: Picture, number: int) -> Picture:
            if number % each >= 0.8 * each:
                return picture
            return lay_over(picture, titles[number // each % len(titles)], top=top)

        return lay

    def _title(self, stage: Stage, wording: Wording, face: Path | None, size: float) -> Overlay:
        canvas = Canvas(stage.width, size * 2.7)
        for line in range(wording.number(1, 2)):
            text = wording.one(SENTENCES[:7])
            fitted, y = _fit(text, 0.9 * stage.width, size, face), size * (1.4 - 1.25 * line)
            canvas.text(text, stage.width / 2, y, size=fitted, colour=self.ink, face=face, anchor="ma", outline=0.08)
        return canvas.overlay(stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerThirdScene(CaptionedScene):
    """A scene with a banner that slides in from the left, names a person, and slides out again.

    Attributes:
        banner: The banner's colour.
        ink: The letters' colour.
    """

    seconds: float = 4.0
    banner: Colour = (0.1, 0.15, 0.5)
    ink: Colour = WHITE

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        width, height = 0.55 * stage.width, 0.16 * stage.height
        canvas = Canvas(width, height)
        canvas.rectangle(0, 0, width, height, colour=self.banner, opacity=0.9)
        name, role = wording.person(), wording.role()
        for text, y, size in ((name, 0.32, 0.44), (role, 0.75, 0.28)):
            fitted = _fit(text, 0.85 * width, size * height, face)
            canvas.text(text, 0.08 * width, y * height, size=fitted, colour=self.ink, face=face, anchor="lm")
        banner = canvas.overlay(stage)
        length = length_of(self, stage)
        slide = max(1, round(0.4 * stage.rate))
        first, last = length // 5, length * 4 // 5

        def lay(picture: Picture, number: int) -> Picture:
            if not first <= number < last:
                return picture
            share = fade_strength(number - first, last - first, slide, slide)
            left = round(0.06 * stage.width * share - banner.width * (1 - share))
            return lay_over(picture, banner, left=left, top=round(0.74 * stage.height))

        return lay


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerScene(CaptionedScene):
    """A scene with a band of news that crawls along its foot.

    Attributes:
        band: The band's colour.
        ink: The letters' colour.
        speed: Widths of the picture a second.
    """

    band: Colour = (0.6, 0.05, 0.05)
    ink: Colour = WHITE
    speed: float = 0.15

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        height = 0.1 * stage.height
        size = 0.6 * height
        text = "  +++  ".join(wording.one(SENTENCES[7:]) for _ in range(2 + round(self.seconds * self.speed * 3)))
        canvas = Canvas(text_width(text, face, size) + size, height)
        canvas.text(text, 0, height / 2, size=size, colour=self.ink, face=face, anchor="lm")
        news = canvas.overlay(stage)
        ground = Canvas(stage.width, height)
        ground.rectangle(0, 0, stage.width, height, colour=self.band)
        band = ground.overlay(stage)
        top = stage.height - band.height - round(0.04 * stage.height)

        def lay(picture: Picture, number: int) -> Picture:
            left = round(stage.width * (0.3 - self.speed * number / float(stage.rate)))
            return lay_over(lay_over(picture, band, top=top), news, left=left, top=top)

        return lay


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleScene(CaptionedScene):
    """A scene with one title in the middle, such as a place and a date, which fades in and out.

    Attributes:
        ink: The letters' colour.
        size: Height of the font as a share of the picture's.
    """

    seconds: float = 3.0
    ink: Colour = WHITE
    size: float = 0.1

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        text = wording.one(
            (wording.title(), f"London, {wording.number(1890, 1999)}", "Three weeks later", "Chapter Two")
        )
        canvas = Canvas(stage.width, stage.height)
        size = _fit(text, 0.8 * stage.width, self.size * stage.height, face)
        canvas.text(text, stage.width / 2, stage.height / 2, size=size, colour=self.ink, face=face, anchor="mm",
                    shadow=0.06)  # fmt: skip
        title = canvas.overlay(stage)
        length = length_of(self, stage)
        first, last = length // 6, length * 5 // 6
        fade = round(0.3 * stage.rate)

        def lay(picture: Picture, number: int) -> Picture:
            return lay_over(picture, title, strength=fade_strength(number - first, last - first, fade, fade))

        return lay


@dataclass(frozen=True, slots=True, kw_only=True)
class SignsScene(CaptionedScene):
    """A street with signs and posters, which the camera passes.

    Attributes:
        signs: How many there are.
        speed: Widths of the picture a second.
    """

    signs: int = 3
    speed: float = 0.08

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        generator = stage.generator
        placed = []
        for number in range(self.signs):
            size = stage.height * float(generator.uniform(0.07, 0.16))
            hues = [tuple(float(each) for each in generator.uniform(0, 1, 3)) for _ in range(2)]
            sign = _sign(wording, face, size, (hues[0][0], hues[0][1], hues[0][2])).overlay(
                stage, turned=float(generator.uniform(-6, 6))
            )
            left = stage.width * (0.05 + (number + float(generator.uniform(0, 0.5))) * 0.9 / max(1, self.signs))
            placed.append((sign, left, round(stage.height * float(generator.uniform(0.05, 0.6)))))

        def lay(picture: Picture, number: int) -> Picture:
            way = self.speed * stage.width * number / float(stage.rate)
            for sign, left, top in placed:
                picture = lay_over(picture, sign, left=round(left - way), top=top)
            return picture

        return lay


def _sign(wording: Wording, face: Path | None, size: float, board: Colour) -> Canvas:
    """One to three lines on a board in a colour; it has an empty rim, so that it can be turned."""
    lines = [wording.one(SIGNS) for _ in range(wording.number(1, 3))]
    width = max(text_width(line, face, size) for line in lines) + size
    height = size * (1.2 * len(lines) + 0.4)
    rim = 0.12 * width
    canvas = Canvas(width + 2 * rim, height + 2 * rim, fineness=2)
    canvas.rectangle(rim, rim, rim + width, rim + height, colour=board)
    ink = BLACK if sum(board) > 1.5 else WHITE
    for number, line in enumerate(lines):
        y = rim + size * (0.8 + 1.2 * number)
        canvas.text(line, canvas.width / 2, y, size=size, colour=ink, face=face, anchor="mm")
    return canvas


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentScene(CaptionedScene):
    """A page of writing under a camera that moves over it, as a book or a whiteboard in a film.

    Attributes:
        paper: The page's colour.
        ink: The letters' colour.
        lines: How many lines are on the page.
        drift: How far the camera moves down the page, in heights of the picture a second.
    """

    ground: Ground = (0.35, 0.28, 0.22)
    paper: Colour = (0.96, 0.95, 0.9)
    ink: Colour = (0.1, 0.1, 0.15)
    lines: int = 16
    drift: float = 0.03

    def _captions(self, stage: Stage, wording: Wording, face: Path | None) -> _Caption:
        width, height = 1.0 * stage.width, 1.25 * stage.height
        canvas = Canvas(width * 1.1, height * 1.1, fineness=2)
        left, top = 0.13 * width, 0.05 * height
        canvas.rectangle(left, top, 0.97 * width, 1.05 * height, colour=self.paper)
        pitch = 0.9 * height / self.lines
        for line in range(self.lines):
            text = " ".join(wording.one(SENTENCES) for _ in range(3))
            while text_width(text, face, pitch * 0.55) > 0.74 * width:
                text = text.rpartition(" ")[0]
            y = top + 0.05 * height + pitch * line
            canvas.text(text, left + 0.05 * width, y, size=pitch * 0.55, colour=self.ink, face=face)
        page = canvas.overlay(stage, turned=float(stage.generator.uniform(-3, 3)))

        def lay(picture: Picture, number: int) -> Picture:
            way = self.drift * stage.height * number / float(stage.rate)
            return lay_over(picture, page, left=-round(0.05 * width), top=round(-0.02 * height - way))

        return lay


def _fit(text: str, width: float, size: float, face: Path | None) -> float:
    """The size, `size` at most, at which the text is at most `width` wide."""
    return size * min(1.0, width / max(1.0, text_width(text, face, size)))
