"""Whole programmes by chance: what stands before and after a film, in its usual order, and content between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from rekvid.testing.bars import BarPattern, BarsScene
from rekvid.testing.captions import (
    DocumentScene,
    LowerThirdScene,
    SignsScene,
    SubtitledScene,
    TickerScene,
    TitleScene,
)
from rekvid.testing.colours import Colour
from rekvid.testing.credits import CreditsLayout, CreditsScene
from rekvid.testing.drawing import BLACK, WHITE
from rekvid.testing.grounds import Gradient, Ground
from rekvid.testing.logos import Emblem, LogoScene
from rekvid.testing.lookalikes import NightScene, ProductScene, Stripes, StripesScene
from rekvid.testing.places import PlaceScene
from rekvid.testing.scenes import BlackScene, PlainScene, Scene
from rekvid.testing.slates import ClapperScene, SlateLayout, SlateScene

_T = TypeVar("_T")

_YELLOW: Colour = (0.95, 0.9, 0.2)
_CARDS: tuple[tuple[Ground, Colour], ...] = (
    (BLACK, WHITE), (BLACK, _YELLOW), ((0.0, 0.0, 0.45), WHITE), ((0.05, 0.1, 0.5), _YELLOW),
    ((0.35, 0.35, 0.35), WHITE), ((0.05, 0.3, 0.1), WHITE), (WHITE, BLACK),
    (Gradient(first=(0.1, 0.2, 0.5), last=(0.0, 0.0, 0.15)), WHITE),
    (Gradient(first=(0.5, 0.5, 0.5), last=(0.15, 0.15, 0.15), round=True), WHITE),
)  # fmt: skip
"""Grounds of slates with the letters' colours."""


def random_cue_reel_scenes(seed: int, fonts: Sequence[Path] = ()) -> tuple[Scene, ...]:
    """A made-up programme of 10 to 60 seconds, by `rekvid.testing.reels.make_reel` turned into a file with its truth.

    In this order, each with the given probability:

    - colour bars, 0.6: any pattern, 3-6 s; margins 0.3, burnt-in time 0.3, an ident 0.3, noise up to 4 levels 0.5;
    - silent black of 0.8-2 s, 0.5, where there were bars;
    - a slate, 0.6: a card of 3-6 s (0.8; any layout, 5-10 lines, a countdown or clock 0.4, sound 0.3), or a clapper
      board of 2-4 s (0.2);
    - silent black of 0.8-2.5 s, 0.8, where there was anything;
    - a logo of 2.5-6 s, 0.6, any emblem and ground, name 0.7, zoom 0.5, gleam 0.3, fades of 0.3-1 s; after it black
      of 0.4-1 s, 0.5;
    - opening credits of 6-12 s, 0.6: cards over a moving picture (0.65), cards over a plain ground (0.2), or a roll
      (0.15);
    - 3-6 scenes of content of 2-4 s, always: half of them places, half of them such as could be taken for cues; every
      fifth is entered by a dissolve;
    - end credits of 8-16 s, 0.75: a roll over a plain ground (0.5) or a picture (0.2), cards over either (0.2, 0.1);
    - silent black of 0.8-2.5 s, 0.6.

    Args:
        seed: Chooses everything; the same seed gives the same scenes. Detectors are tuned on seeds 0-999 only; those
            from 1000 on are for the published benchmark.
        fonts: Files of fonts; each scene takes one of them. None for the font that comes with Pillow, see `fonts_here`.
    """
    chance = _Chance(seed, tuple(fonts))
    scenes: list[Scene] = []
    if chance.happens(0.6):
        scenes.append(_bars(chance))
        scenes += _black(chance, 0.5, 2.0)
    if chance.happens(0.6):
        scenes.append(_slate(chance) if chance.happens(0.8) else _clapper(chance))
    if scenes and not isinstance(scenes[-1], BlackScene):
        scenes += _black(chance, 0.8, 2.5)
    if chance.happens(0.6):
        scenes += [_logo(chance), *_black(chance, 0.5, 1.0, least=0.4)]
    if chance.happens(0.6):
        scenes.append(_opening_credits(chance))
    for number in range(chance.number(3, 6)):
        make = chance.one((_place, _lookalike))
        scenes.append(make(chance, 0.5 if number and chance.happens(0.2) else 0.0))
    if chance.happens(0.75):
        scenes.append(_end_credits(chance))
    scenes += _black(chance, 0.6, 2.5)
    return tuple(scenes)


class _Chance:
    """A source of chance that speaks of alternatives.

    Args:
        seed: Chooses everything.
        fonts: What the scenes may write with.
    """

    def __init__(self, seed: int, fonts: tuple[Path, ...]) -> None:
        self._generator = np.random.default_rng((seed, 0xC0E))
        self.fonts = fonts

    def happens(self, probability: float) -> bool:
        return bool(self._generator.random() < probability)

    def number(self, least: int, most: int) -> int:
        """From `least` to `most`, both included."""
        return int(self._generator.integers(least, most + 1))

    def between(self, least: float, most: float) -> float:
        return round(float(self._generator.uniform(least, most)), 2)

    def one(self, choices: Sequence[_T]) -> _T:
        return choices[int(self._generator.integers(len(choices)))]

    def colour(self, least: float, most: float) -> Colour:
        return self.between(least, most), self.between(least, most), self.between(least, most)


def _black(chance: _Chance, probability: float, most: float, *, least: float = 0.8) -> list[Scene]:
    return [BlackScene(seconds=chance.between(least, most))] if chance.happens(probability) else []


def _bars(chance: _Chance) -> Scene:
    across = chance.one(((0.125, 0.0), (0.06, 0.0), (0.0, 0.12), (0.05, 0.05)))
    return BarsScene(
        seconds=chance.between(3, 6),
        pattern=chance.one(tuple(BarPattern)),
        margins=across if chance.happens(0.3) else (0.0, 0.0),
        timecode=chance.happens(0.3),
        ident=chance.one(("STUDIO 4", "LINE 1", "NORTHLIGHT TV", "OB UNIT 7")) if chance.happens(0.3) else "",
        noise=chance.between(0.5, 4) if chance.happens(0.5) else 0.0,
        fonts=chance.fonts,
    )


def _slate(chance: _Chance) -> Scene:
    ground, ink = chance.one(_CARDS)
    return SlateScene(
        seconds=chance.between(3, 6),
        sound=chance.happens(0.3),
        layout=chance.one(tuple(SlateLayout)),
        fields=chance.number(5, 10),
        ground=ground,
        ink=ink,
        countdown=chance.happens(0.25),
        clock=chance.happens(0.2),
        fonts=chance.fonts,
    )


def _clapper(chance: _Chance) -> Scene:
    place = PlaceScene(contrast=chance.between(20, 60), movers=chance.number(0, 2), handheld=0.004)
    return ClapperScene(
        seconds=chance.between(2, 4),
        ground=place if chance.happens(0.7) else chance.colour(0.2, 0.6),
        board=chance.one(((0.05, 0.05, 0.06), (0.92, 0.92, 0.9))),
        shake=chance.between(0.0, 0.02),
        size=chance.between(0.55, 0.85),
        fonts=chance.fonts,
    )


def _plain_ground(chance: _Chance) -> tuple[Ground, tuple[Colour, Colour]]:
    """A ground for an emblem with two colours that stand out from it."""
    bright = chance.colour(0.6, 1.0)
    kind = chance.number(0, 4)
    if kind == 0:
        return BLACK, (WHITE, bright)
    if kind == 1:
        return WHITE, (chance.colour(0.0, 0.25), chance.colour(0.1, 0.6))
    if kind == 2:
        return chance.colour(0.0, 0.35), (WHITE, bright)
    first, last = chance.colour(0.1, 0.45), chance.colour(0.0, 0.15)
    return Gradient(first=first, last=last, round=kind == 3), (WHITE, bright)


def _logo(chance: _Chance) -> Scene:
    ground, colours = _plain_ground(chance)
    return LogoScene(
        seconds=chance.between(2.5, 6),
        emblem=chance.one(tuple(Emblem)),
        word_mark=chance.happens(0.7),
        ground=ground,
        colours=colours,
        size=chance.between(0.28, 0.5),
        fade_in=chance.between(0.3, 1.0),
        fade_out=chance.between(0.3, 1.0),
        ground_fades=chance.happens(0.7),
        zoom=chance.between(-0.1, 0.25) if chance.happens(0.5) else 0.0,
        shine=chance.happens(0.3),
        fonts=chance.fonts,
    )


def _opening_credits(chance: _Chance) -> Scene:
    over_picture = chance.happens(0.65)
    rolling = not over_picture and chance.happens(0.43)
    return CreditsScene(
        seconds=chance.between(6, 12),
        closing=False,
        rolling=rolling,
        layout=chance.one((CreditsLayout.CENTRED, CreditsLayout.SIDES)),
        speed=chance.between(0.12, 0.25),
        card_seconds=chance.between(1.6, 3.0),
        card_fade=chance.between(0.2, 0.6) if chance.happens(0.6) else 0.0,
        size=chance.between(0.05, 0.07) if rolling else chance.between(0.06, 0.11),
        middle=chance.one((0.5, 0.5, 0.32, 0.68)) if over_picture else 0.5,
        ground=_film(chance) if over_picture else chance.one((BLACK, chance.colour(0.0, 0.3))),
        ink=chance.one((WHITE, WHITE, _YELLOW, (0.9, 0.9, 0.8))),
        shadow=over_picture and chance.happens(0.7),
        fonts=chance.fonts,
    )


def _end_credits(chance: _Chance) -> Scene:
    kind = chance.between(0, 1)
    rolling, over_picture = kind < 0.7, 0.5 <= kind < 0.7 or kind >= 0.9
    black_on_white = not over_picture and chance.happens(0.08)
    plain = chance.one((BLACK, BLACK, BLACK, chance.colour(0.0, 0.3)))
    return CreditsScene(
        seconds=chance.between(8, 16),
        rolling=rolling,
        layout=chance.one(tuple(CreditsLayout)),
        speed=chance.between(0.1, 0.3),
        begins_full=chance.happens(0.3),
        card_seconds=chance.between(1.6, 3.0),
        card_fade=chance.between(0.2, 0.6) if chance.happens(0.5) else 0.0,
        size=chance.between(0.045, 0.075),
        middle=chance.one((0.5, 0.5, 0.35, 0.65)) if over_picture else 0.5,
        ground=_film(chance) if over_picture else WHITE if black_on_white else plain,
        ink=BLACK if black_on_white else chance.one((WHITE, WHITE, _YELLOW, (0.8, 0.85, 0.95))),
        shadow=over_picture and chance.happens(0.7),
        fonts=chance.fonts,
    )


def _film(chance: _Chance) -> Scene:
    """A picture on which light letters can be read."""
    return PlaceScene(
        pan=(chance.between(-0.08, 0.08), 0.0),
        movers=chance.number(0, 3),
        faces=chance.number(0, 1),
        brightness=chance.between(45, 100),
        contrast=chance.between(30, 60),
    )


def _place(chance: _Chance, dissolve: float) -> Scene:
    return PlaceScene(
        seconds=chance.between(2, 4),
        dissolve=dissolve,
        pan=(chance.between(-0.15, 0.15), chance.between(-0.03, 0.03)),
        handheld=chance.one((0.0, 0.006)),
        movers=chance.number(0, 4),
        faces=chance.number(0, 2),
        things=chance.number(20, 250),
        brightness=chance.between(60, 150),
        contrast=chance.between(40, 75),
    )


def _lookalike(chance: _Chance, dissolve: float) -> Scene:
    """Content that could be taken for a cue."""
    seconds = chance.between(2, 4)
    street = PlaceScene(pan=(chance.between(-0.1, 0.1), 0.0), movers=chance.number(0, 3))
    fonts = chance.fonts
    luma, blue, red = chance.number(40, 220), chance.number(90, 160), chance.number(90, 160)
    makers: tuple[Callable[[], Scene], ...] = (
        lambda: SubtitledScene(seconds=seconds, dissolve=dissolve, ground=street, fonts=fonts),
        lambda: LowerThirdScene(
            seconds=seconds, dissolve=dissolve, ground=street, banner=chance.colour(0, 0.5), fonts=fonts
        ),
        lambda: TickerScene(seconds=seconds, dissolve=dissolve, ground=street, band=chance.colour(0, 0.5), fonts=fonts),
        lambda: TitleScene(seconds=seconds, dissolve=dissolve, ground=street, fonts=fonts),
        lambda: SignsScene(seconds=seconds, dissolve=dissolve, ground=street, signs=chance.number(1, 4), fonts=fonts),
        lambda: DocumentScene(seconds=seconds, dissolve=dissolve, lines=chance.number(10, 20), fonts=fonts),
        lambda: StripesScene(seconds=seconds, dissolve=dissolve, stripes=chance.one(tuple(Stripes))),
        lambda: ProductScene(seconds=seconds, dissolve=dissolve, colour_of_object=chance.colour(0.1, 0.8)),
        lambda: NightScene(seconds=seconds, dissolve=dissolve, stars=chance.number(60, 250)),
        lambda: PlainScene(seconds=min(seconds, 2.0), dissolve=dissolve, luma=luma, blue=blue, red=red),
    )
    return chance.one(makers)()
