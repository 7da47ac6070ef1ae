"""Colour bars of every usual pattern are found to the frame, and nothing else is taken for them."""

from __future__ import annotations

from fractions import Fraction

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
pytest.importorskip("PIL")
import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.cues.bars import BarsFinder, bars_purity
from rekvid.backends.local.video.pictures import Plane, SmallFrame
from rekvid.testing.bars import BarPattern, BarsScene
from rekvid.testing.scenes import Picture, Scene, Stage, TextureScene

RATE = Fraction(25)


def small(picture: Picture, index: int = 0, *, blur: int = 1) -> SmallFrame:
    """A frame of `picture`, which is five times as large."""

    def shrunk(plane: Plane) -> Plane:
        height, width = plane.shape
        means: NDArray[np.float64] = plane.reshape(height // 5, 5, width // 5, 5).mean(axis=(1, 3))
        for _ in range(blur - 1):
            means = (means + np.roll(means, 1, axis=1)) / 2
        return np.rint(means).astype(np.uint8)

    luma, blue, red = picture
    return SmallFrame(
        index=index, time=index / RATE, luma=shrunk(luma), blue=shrunk(blue), red=shrunk(red), black_share=0.0
    )


def frame_of(scene: Scene, *, seed: int = 0, blur: int = 1) -> SmallFrame:
    stage = Stage(width=640, height=360, rate=RATE, generator=np.random.default_rng(seed))
    return small(scene.painter(stage)(3), blur=blur)


def coloured(*bars: tuple[int, int, int], rows: bool = False) -> SmallFrame:
    """Stripes of equal width of these Y, Cb and Cr."""
    planes = []
    for plane, (height, width) in enumerate([(72, 128), (36, 64), (36, 64)]):
        count = height if rows else width
        line = np.array([bars[place * len(bars) // count][plane] for place in range(count)], np.uint8)
        planes.append(np.broadcast_to(line[:, None] if rows else line[None, :], (height, width)))
    return SmallFrame(index=0, time=Fraction(0), luma=planes[0], blue=planes[1], red=planes[2], black_share=0.0)


WHITE, YELLOW, CYAN, GREEN = (180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58)
MAGENTA, RED, BLUE, BLACK = (84, 184, 198), (65, 100, 212), (35, 212, 114), (16, 128, 128)


@pytest.mark.parametrize("pattern", list(BarPattern))
@pytest.mark.parametrize("hd", [False, True])
@pytest.mark.parametrize("margins", [(0.0, 0.0), (0.125, 0.0), (0.0, 0.125), (0.1, 0.1)])
def test_every_pattern_is_found_within_any_margins(pattern: BarPattern, hd: bool, margins: tuple[float, float]) -> None:
    assert bars_purity(frame_of(BarsScene(pattern=pattern, hd=hd, margins=margins))) > 0.9


@pytest.mark.parametrize("pattern", list(BarPattern))
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_text_noise_and_soft_edges_do_not_hide_the_bars(pattern: BarPattern, seed: int) -> None:
    scene = BarsScene(pattern=pattern, timecode=True, ident="CHANNEL NINE INTERNATIONAL", noise=8.0)
    assert bars_purity(frame_of(scene, seed=seed, blur=2)) > 0.6


def test_bars_as_they_are_drawn_here_are_bars() -> None:
    assert bars_purity(coloured(WHITE, YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE, BLACK)) > 0.9


@pytest.mark.parametrize(
    "stripes",
    [
        pytest.param((WHITE, YELLOW, CYAN, MAGENTA, GREEN, RED, BLUE), id="another order"),
        pytest.param((BLUE, RED, MAGENTA, GREEN, CYAN, YELLOW, WHITE), id="backwards"),
        pytest.param((WHITE, YELLOW, CYAN, GREEN, MAGENTA, RED), id="one is missing"),
        pytest.param((YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE) * 2, id="twice"),
        pytest.param((YELLOW, CYAN, GREEN, MAGENTA, RED, RED, RED, RED, BLUE), id="one is wide"),
        pytest.param((GREEN, WHITE, RED), id="a flag"),
        pytest.param(tuple((99, cb, cr) for _, cb, cr in (YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE)), id="one luma"),
    ],
)
def test_other_stripes_are_not_bars(stripes: tuple[tuple[int, int, int], ...]) -> None:
    assert bars_purity(coloured(*stripes)) == 0.0


def test_stripes_across_the_picture_are_not_bars() -> None:
    assert bars_purity(coloured(YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE, rows=True)) == 0.0


@pytest.mark.parametrize("seed", range(8))
def test_texture_is_not_bars(seed: int) -> None:
    assert bars_purity(frame_of(TextureScene(), seed=seed)) == 0.0


def stretches(there: list[bool]) -> list[tuple[int, int]]:
    bars, other = frame_of(BarsScene()), frame_of(TextureScene())
    finder = BarsFinder(RATE)
    for index, is_bars in enumerate(there):
        frame = bars if is_bars else other
        finder.feed(
            SmallFrame(
                index=index,
                time=index / RATE,
                luma=frame.luma,
                blue=frame.blue,
                red=frame.red,
                black_share=0.0,
            )
        )
    return [(cue.first, cue.last) for cue in finder.finish()]


def test_bars_begin_and_end_with_the_frame() -> None:
    assert stretches([False] * 7 + [True] * 31 + [False] * 9) == [(7, 37)]
    assert stretches([True] * 20) == [(0, 19)]


def test_a_dropout_does_not_end_the_bars_and_a_scene_does() -> None:
    assert stretches([True] * 20 + [False] * 12 + [True] * 20) == [(0, 51)]
    assert stretches([True] * 20 + [False] * 13 + [True] * 20) == [(0, 19), (33, 52)]


def test_bars_that_only_flash_up_are_no_cue() -> None:
    assert stretches([False] * 5 + [True] * 12 + [False] * 5) == []


def test_long_clear_bars_are_certain_and_short_or_covered_ones_less() -> None:
    clear = coloured(WHITE, YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE, BLACK)
    blue, red = clear.blue.copy(), clear.red.copy()
    blue[8:13], red[8:13] = 128, 128  # a grey strip over a third of the rows that are looked at

    def confidence(blue: Plane, red: Plane, count: int) -> float:
        finder = BarsFinder(RATE)
        for index in range(count):
            finder.feed(
                SmallFrame(index=index, time=index / RATE, luma=clear.luma, blue=blue, red=red, black_share=0.0)
            )
        (cue,) = finder.finish()
        return cue.confidence

    assert confidence(clear.blue, clear.red, 50) == 100
    assert 50 <= confidence(clear.blue, clear.red, 20) < 100
    assert 50 <= confidence(blue, red, 50) < 100
