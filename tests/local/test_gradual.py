"""Dissolves, fades and wipes must be found with their ends, and what only looks like one must not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid.backends.local.shots.detector import Boundary, ShotDetector
from rekvid.backends.local.shots.gradual import GradualDetector
from rekvid.backends.local.shots.ramps import Kind, fit_ramp, mixture
from rekvid.backends.local.video.decode import SmallFrame
from rekvid.testing.reels import BlackScene, PlainScene, Scene, TextureScene, paint_reel
from rekvid.testing.transitions import Dissolve, FadeThrough, Transition, Wipe, WipeShape

RATE = Fraction(25)


def small_frames(scenes: Iterable[Scene], seed: int = 0) -> Iterator[SmallFrame]:
    for index, (luma, blue, red) in enumerate(paint_reel(list(scenes), rate=RATE, seed=seed)):
        yield SmallFrame(index=index, time=index / RATE, luma=luma, blue=blue, red=red, black_share=0.0)


def boundaries_of(*scenes: Scene, seed: int = 0) -> list[Boundary]:
    detector = ShotDetector(RATE)
    return [each for frame in small_frames(scenes, seed) for each in detector.feed(frame)] + detector.finish()


def joined(transition: Transition, seed: int = 0) -> list[Boundary]:
    """What is found in two scenes of two seconds besides the transition between them."""
    return boundaries_of(TextureScene(), TextureScene(seconds=2 + transition.seconds, transition=transition), seed=seed)


@pytest.mark.parametrize("frames", [4, 8, 15, 30, 60])
@pytest.mark.parametrize("eased", [False, True])
def test_a_dissolve_is_found_with_its_ends(frames: int, eased: bool) -> None:
    (found,) = joined(Dissolve(seconds=frames / 25, eased=eased), seed=frames)
    slack = 2 + frames // (5 if eased else 8)  # an eased one begins and ends with next to no change
    assert abs(found.end - 49) <= slack
    assert abs(found.start - (50 + frames)) <= slack


@pytest.mark.parametrize("shape", [WipeShape.RIGHT, WipeShape.LEFT, WipeShape.DOWN, WipeShape.UP, WipeShape.DIAGONAL])
@pytest.mark.parametrize("softness", [0.0, 0.2])
def test_a_wipe_is_found_with_its_ends(shape: WipeShape, softness: float) -> None:
    (found,) = joined(Wipe(seconds=0.8, shape=shape, softness=softness), seed=3)
    slack = 8 if shape is WipeShape.DIAGONAL else 5  # the first and the last of it are in corners
    assert abs(found.end - 49) <= slack
    assert abs(found.start - 70) <= slack


@pytest.mark.parametrize("luma", [16, 235])
@pytest.mark.parametrize("hold", [0.0, 0.2, 0.8])
def test_a_fade_through_black_or_white_is_one_transition_with_its_hold(luma: int, hold: float) -> None:
    (found,) = joined(FadeThrough(seconds=1.2 + hold, hold=hold, luma=luma))
    assert abs(found.end - 49) <= 2
    assert abs(found.start - (80 + round(25 * hold))) <= 2


def test_black_that_stays_for_a_second_between_fades_is_a_shot() -> None:
    fade = Dissolve(seconds=0.6)
    scenes = TextureScene(), BlackScene(seconds=2, transition=fade), TextureScene(transition=fade)
    first, second = boundaries_of(*scenes)
    assert (abs(first.end - 49) <= 2, abs(first.start - 65) <= 2) == (True, True)
    assert (abs(second.end - 99) <= 2, abs(second.start - 115) <= 2) == (True, True)


@pytest.mark.parametrize("luma", [16, 235])
def test_a_plain_picture_at_the_start_is_a_shot_however_short(luma: int) -> None:
    scenes = PlainScene(seconds=0.32, luma=luma), TextureScene(seconds=3, transition=Dissolve(seconds=1))
    (found,) = boundaries_of(*scenes)
    assert abs(found.end - 7) <= 2
    assert abs(found.start - 33) <= 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pan", [(0.0, 0.0), (0.2, 0.0), (0.6, 0.1), (1.5, 0.0)])
def test_a_moving_camera_is_no_transition(pan: tuple[float, float], seed: int) -> None:
    assert boundaries_of(TextureScene(seconds=5, pan=pan), seed=seed) == []


def test_a_change_of_light_is_no_transition() -> None:
    detector = ShotDetector(RATE)
    found: list[Boundary] = []
    for frame in small_frames([TextureScene(seconds=5, brightness=80, contrast=40)]):
        gain = 1 + 0.6 * min(max((frame.index - 40) / 30, 0), 1)
        frame.luma[:] = np.minimum(16 + (frame.luma.astype(float) - 16) * gain, 235)
        found += detector.feed(frame)
    assert found + detector.finish() == []


def test_no_more_than_ten_seconds_of_frames_are_kept() -> None:
    """Memory must not grow with the length of the video."""
    detector = GradualDetector(RATE)
    frames = list(small_frames([TextureScene(seconds=1)]))
    for index in range(2000):
        frame = frames[index % len(frames)]
        detector.feed(SmallFrame(index=index, time=index / RATE, luma=frame.luma, blue=frame.blue, red=frame.red,
                                 black_share=0.0))  # fmt: skip
        assert index - detector.settled <= detector.look_ahead <= 260


def test_shares_of_a_mixture_are_its_weights() -> None:
    random = np.random.default_rng(0)
    old, new = random.uniform(0, 255, (2, 432)).astype(np.float32)
    weights = np.array([0.0, 0.25, 0.9, 1.0], np.float32)
    found = mixture(Kind.DISSOLVE, old + weights[:, None] * (new - old), old, new)
    assert found.share == pytest.approx(weights, abs=1e-4)
    assert found.residual == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("start", "end"), [(3, 9), (0, 30), (20, 22), (40, 99)])
def test_a_ramp_is_fitted_exactly(start: int, end: int) -> None:
    curve = np.clip((np.arange(100) - start) / (end - start), 0, 1).astype(np.float32)
    ramp = fit_ramp(3 + 2 * curve, (start + end) // 2)
    assert (ramp.start, ramp.end) == (start, end)
    assert ramp.height == pytest.approx(2, abs=1e-3)
