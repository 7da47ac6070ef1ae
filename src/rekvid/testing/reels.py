"""Short reels whose truth is known to the frame: what an analyser should find is what was put in.

A reel is a list of scenes (`rekvid.testing.scenes`, `rekvid.testing.places`), joined by hard cuts and transitions
(`rekvid.testing.transitions`), with disturbances in them (`rekvid.testing.disturbances`, `rekvid.testing.camera`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from rekvid.testing.encoding import SAMPLE_RATE, Encoding, ReelWriter
from rekvid.testing.pictures import Picture, Plane
from rekvid.testing.plan import is_black, pictures_of, plan_of, truth_of
from rekvid.testing.scenes import DEMO_SCENES, BlackScene, PlainScene, Scene, TextureScene
from rekvid.testing.truth import (
    BlackStretch,
    CueStretch,
    DisturbedStretch,
    GradualStretch,
    ReelTruth,
    Stretch,
    Truth,
)

__all__ = [
    "DEMO_SCENES",
    "SAMPLE_RATE",
    "BlackScene",
    "BlackStretch",
    "CueStretch",
    "DisturbedStretch",
    "Encoding",
    "GradualStretch",
    "PlainScene",
    "ReelTruth",
    "Scene",
    "Stretch",
    "TextureScene",
    "Truth",
    "make_reel",
    "paint_reel",
    "reel_truth",
]


def make_reel(
    path: Path,
    scenes: Sequence[Scene] = DEMO_SCENES,
    *,
    width: int = 640,
    height: int = 360,
    rate: Fraction = Fraction(25),
    seed: int = 0,
    audio: bool = True,
    grain: int = 0,
    encoding: Encoding = Encoding(),  # noqa: B008  # a frozen value
) -> ReelTruth:
    """Write a reel, in H.264 with AAC sound unless told otherwise, and say what is in it.

    Args:
        path: The file to write; its ending chooses the container.
        scenes: What is in it, in order.
        width: Width in pixels, even.
        height: Height in pixels, even.
        rate: Frames a second.
        seed: The same seed gives the same pictures.
        audio: Whether there is an audio stream at all.
        grain: Levels of luma by which film grain lifts and lowers each sample at most.
        encoding: Codec, quality and the like.

    Raises:
        ValueError: The scenes don't make a reel, see `rekvid.testing.plan.plan_of`.
    """
    plan = plan_of(scenes, rate)
    black: list[bool] = []
    grain_of = _Grain(grain, width, height, seed)
    with ReelWriter(str(path), encoding, width=width, height=height, rate=rate, seed=seed, audio=audio) as writer:
        for entry, clean in pictures_of(plan, width, height, rate, seed):
            picture = grain_of(clean) if grain else clean
            black.append(is_black(picture))
            writer.write(picture, scene=entry.number, sounds=entry.scene.sound)
    truth = truth_of(plan, rate, black, audio=audio)
    return ReelTruth(path=path, **{field.name: getattr(truth, field.name) for field in dataclasses.fields(truth)})


def paint_reel(
    scenes: Sequence[Scene] = DEMO_SCENES,
    *,
    width: int = 128,
    height: int = 72,
    rate: Fraction = Fraction(25),
    seed: int = 0,
) -> Iterator[Picture]:
    """The pictures that `make_reel` would write, without a codec in between, in limited range."""
    for _, picture in pictures_of(plan_of(scenes, rate), width, height, rate, seed):
        yield picture


def reel_truth(
    scenes: Sequence[Scene] = DEMO_SCENES,
    *,
    width: int = 128,
    height: int = 72,
    rate: Fraction = Fraction(25),
    seed: int = 0,
    audio: bool = True,
) -> Truth:
    """What is in the pictures that `paint_reel` gives for the same arguments. It paints them all to see what is black.

    Args:
        scenes: See `make_reel`, as the others.
        width: Width in pixels, even.
        height: Height in pixels, even.
        rate: Frames a second.
        seed: The same seed gives the same pictures.
        audio: Whether there would be sound; without it all black is silent.
    """
    plan = plan_of(scenes, rate)
    black = [is_black(picture) for _, picture in pictures_of(plan, width, height, rate, seed)]
    return truth_of(plan, rate, black, audio=audio)


class _Grain:
    """Lays film grain over pictures."""

    def __init__(self, grain: int, width: int, height: int, seed: int) -> None:
        self._generator = np.random.default_rng((seed, 0xF11))
        self._noise = self._generator.integers(-grain, grain + 1, size=(2 * height, 2 * width), dtype=np.int8)

    def __call__(self, picture: Picture) -> Picture:
        luma, blue, red = picture
        height, width = luma.shape
        # One sheet of noise, laid down at another place each time, is as good as new noise and much faster.
        top, left = self._generator.integers((height, width))
        grainy = luma + self._noise[top : top + height, left : left + width].astype(np.int16)
        result: Plane = np.clip(grainy, 16, 235).astype(np.uint8)
        return result, blue, red
