"""Shots must be found to the frame, and nothing else may be taken for their boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid.backends.local.shots.detector import Boundary, Shot, ShotDetector, shots_between
from rekvid.backends.local.video.decode import SmallFrame
from rekvid.testing.reels import BlackScene, Scene, TextureScene, paint_reel

RATE = Fraction(25)


def small_frames(scenes: Sequence[Scene], *, seed: int = 0, rate: Fraction = RATE) -> Iterator[SmallFrame]:
    for index, (luma, blue, red) in enumerate(paint_reel(scenes, seed=seed, rate=rate)):
        yield SmallFrame(index=index, time=index / rate, luma=luma, blue=blue, red=red, black_share=0.0)


def boundaries_of(frames: Iterator[SmallFrame], rate: Fraction = RATE) -> list[Boundary]:
    detector = ShotDetector(rate)
    found = [boundary for frame in frames for boundary in detector.feed(frame)]
    return found + detector.finish()


def starts_in(*scenes: Scene, seed: int = 0, rate: Fraction = RATE) -> list[int]:
    """The first frames of all shots but the first one, however they begin."""
    return [each.start for each in boundaries_of(small_frames(scenes, seed=seed, rate=rate), rate)]


def cuts_in(*scenes: Scene, seed: int = 0, rate: Fraction = RATE) -> list[int]:
    """The same of those that begin with a hard cut."""
    return [each.start for each in boundaries_of(small_frames(scenes, seed=seed, rate=rate), rate) if each.is_cut]


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_is_found_at_the_first_frame_of_the_new_shot(seed: int) -> None:
    assert cuts_in(TextureScene(seconds=2), TextureScene(seconds=1), TextureScene(seconds=1), seed=seed) == [50, 75]


def test_a_cut_to_black_and_one_from_black_are_cuts() -> None:
    assert cuts_in(TextureScene(seconds=1), BlackScene(seconds=1), TextureScene(seconds=1)) == [25, 50]


def test_a_cut_between_dark_scenes_is_a_cut() -> None:
    dark = TextureScene(seconds=1, brightness=40, contrast=20)
    assert cuts_in(dark, dark) == [25]


@pytest.mark.parametrize("frames", [2, 3, 6, 12])
def test_short_shots_are_shots(frames: int) -> None:
    assert cuts_in(TextureScene(), TextureScene(seconds=frames / 25), TextureScene()) == [50, 50 + frames]


@pytest.mark.parametrize("rate", [Fraction(10), Fraction(24000, 1001), Fraction(60000, 1001), Fraction(120)])
def test_cuts_are_found_at_every_rate(rate: Fraction) -> None:
    assert cuts_in(TextureScene(seconds=3), TextureScene(seconds=3), rate=rate) == [round(3 * rate)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("flashes", [(20,), (20, 21), (20, 21, 22), (20, 21, 24, 25), tuple(range(20, 24))])
def test_a_flash_is_no_cut(flashes: tuple[int, ...], seed: int) -> None:
    assert cuts_in(TextureScene(seconds=2, flashes=flashes), seed=seed) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("flash", [43, 46, 47, 52, 53])
def test_a_flash_near_a_cut_does_not_hide_it(flash: int, seed: int) -> None:
    scenes = [
        TextureScene(flashes=(flash,)),
        TextureScene(flashes=(flash - 50,)),
    ]
    assert cuts_in(*scenes, seed=seed) == [50]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pan", [(0.5, 0.0), (1.5, 0.0), (0.0, 1.5), (3.0, 1.0)])
def test_a_pan_is_no_cut_however_fast(pan: tuple[float, float], seed: int) -> None:
    assert cuts_in(TextureScene(seconds=3, pan=pan), seed=seed) == []


def test_a_cut_between_fast_pans_is_found() -> None:
    assert cuts_in(TextureScene(pan=(1.2, 0.0)), TextureScene(pan=(-1.2, 0.0))) == [50]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seconds", [0.4, 0.8, 1.6])
def test_a_dissolve_gives_no_hard_cut(seconds: float, seed: int) -> None:
    assert cuts_in(TextureScene(), TextureScene(seconds=3, dissolve=seconds), seed=seed) == []


@pytest.mark.parametrize("seconds", [0.4, 1.0])
def test_fades_to_black_and_from_black_give_no_hard_cut(seconds: float) -> None:
    fades = (TextureScene(), BlackScene(dissolve=seconds), TextureScene(dissolve=seconds))
    assert cuts_in(*fades) == []


def test_a_lamp_that_is_switched_on_is_no_cut() -> None:
    def lit() -> Iterator[SmallFrame]:
        for frame in small_frames([TextureScene(seconds=3, brightness=80, contrast=40)]):
            lifted = np.minimum(frame.luma.astype(int) * 5 // 4 + 20, 235).astype(np.uint8)
            luma = frame.luma if frame.index < 40 else lifted
            yield SmallFrame(index=frame.index, time=frame.time, luma=luma, blue=frame.blue, red=frame.red,
                             black_share=0.0)  # fmt: skip

    assert boundaries_of(lit()) == []


def test_a_cut_that_only_colour_shows_is_a_cut() -> None:
    def tinted() -> Iterator[SmallFrame]:
        luma = np.full((72, 128), 100, np.uint8)
        for index in range(50):
            blue, red = (np.full((36, 64), level, np.uint8) for level in ((90, 170) if index < 25 else (160, 100)))
            yield SmallFrame(index=index, time=index / RATE, luma=luma, blue=blue, red=red, black_share=0.0)

    assert [each.start for each in boundaries_of(tinted())] == [25]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_video_of_few_frames_has_no_cut(count: int) -> None:
    frames = list(small_frames([TextureScene(seconds=1)]))[:count]
    assert boundaries_of(iter(frames)) == []


def test_a_cut_is_reported_no_later_than_the_declared_look_ahead() -> None:
    detector = ShotDetector(RATE)
    reported = {
        boundary.start: frame.index for frame in small_frames([TextureScene()] * 9) for boundary in detector.feed(frame)
    }
    assert {50, 100, 150} <= reported.keys()
    assert all(now <= start + detector.look_ahead for start, now in reported.items())


def test_a_shot_is_as_sure_as_the_less_sure_of_its_boundaries() -> None:
    boundaries = [Boundary(end=9, start=10, confidence=90.0), Boundary(end=29, start=30, confidence=60.0)]
    assert shots_between(boundaries, 40) == [
        Shot(first=0, last=9, confidence=90.0),
        Shot(first=10, last=29, confidence=60.0),
        Shot(first=30, last=39, confidence=60.0),
    ]


def test_a_video_without_cuts_is_one_certain_shot() -> None:
    assert shots_between([], 40) == [Shot(first=0, last=39, confidence=100.0)]


@given(st.lists(st.integers(8, 40), min_size=1, max_size=4), st.integers(0, 1000))
@settings(max_examples=25)
def test_reels_of_any_lengths_are_cut_where_they_were_joined(lengths: list[int], seed: int) -> None:
    scenes = [TextureScene(seconds=length / 25) for length in lengths]
    assert cuts_in(*scenes, seed=seed) == [sum(lengths[: number + 1]) for number in range(len(lengths) - 1)]
