"""The scenes that reels are made of: each paints its pictures by itself and says how it is entered.

A new kind of picture is one more class with a `painter`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekvid.models import TechnicalCueType
from rekvid.testing.disturbances import Disturbance
from rekvid.testing.pictures import Painter, Picture, Plane, Stage, plain_picture
from rekvid.testing.transitions import Dissolve, Transition

__all__ = [
    "DEMO_SCENES",
    "BlackScene",
    "Painter",
    "Picture",
    "PlainScene",
    "Plane",
    "Scene",
    "Stage",
    "TextureScene",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The base of all scenes.

    Attributes:
        seconds: Length; rounded to whole frames.
        sound: Whether a tone sounds.
        dissolve: Seconds at the start over which it is mixed with the scene before; short for a linear `Dissolve`.
        transition: How the scene before passes into it; None for a hard cut, or for what `dissolve` says. The first
            scene of a reel has no use for it.
        disturbances: What happens in it that looks like a boundary and is none.

    Raises:
        ValueError: Both `dissolve` and `transition` are given.
    """

    seconds: float = 2.0
    sound: bool = True
    dissolve: float = 0.0
    transition: Transition | None = None
    disturbances: tuple[Disturbance, ...] = ()

    def __post_init__(self) -> None:
        if self.dissolve and self.transition:
            raise ValueError(f"dissolve is {self.dissolve} and transition is {self.transition}; give one of the two")

    @property
    def entry(self) -> Transition | None:
        """How it is entered, whichever of the two ways says it; None for a hard cut."""
        return Dissolve(seconds=self.dissolve) if self.dissolve else self.transition

    @property
    def colour(self) -> tuple[int, int, int] | None:
        """Luma, Cb and Cr where that is all there is to see, so that a dissolve to or from it is a fade."""
        return None

    @property
    def has_camera(self) -> bool:
        """Whether it obeys disturbances that move a camera."""
        return False

    @property
    def cue(self) -> TechnicalCueType | None:
        """The technical cue that an analyser should find in this scene; None for content, and for black.

        Whether black is a cue depends on its length and its neighbours, so that the reel works it out.
        """
        return None

    def painter(self, stage: Stage) -> Painter:
        """Make what paints the pictures of this scene on `stage`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class TextureScene(Scene):
    """A coloured texture under a moving camera, with two things that move in front of it.

    Attributes:
        pan: Speed of the camera, in widths and heights of the picture a second.
        flashes: Frame numbers in the scene that are lit up by a flash.
        brightness: The luma around which the texture lies, 16-235.
        contrast: How far the texture reaches above and below that, in levels of luma.
    """

    pan: tuple[float, float] = (0.05, 0.02)
    flashes: tuple[int, ...] = ()
    brightness: float = 125.0
    contrast: float = 70.0

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        width, height, generator = stage.width, stage.height, stage.generator
        texture = _texture(generator, width, height)
        luma = _tiled(self.brightness + self.contrast * texture)
        tint = generator.uniform(-60, 60, size=2)
        chroma = [_tiled(128 + each + 20 * texture[::2, ::2]) for each in tint]
        places = generator.uniform(0, 1, size=(2, 2))
        speeds = generator.uniform(-0.4, 0.4, size=(2, 2))
        levels = generator.integers(30, 220, size=2)
        side = max(2, height // 6)

        def paint(number: int) -> Picture:
            seconds = number / float(stage.rate)
            # Even offsets keep chroma in step with luma.
            left = int(self.pan[0] * seconds * width) % width // 2 * 2
            top = int(self.pan[1] * seconds * height) % height // 2 * 2
            picture = luma[top : top + height, left : left + width].copy()
            for place, speed, level in zip(places, speeds, levels, strict=True):
                x, y = ((place + speed * seconds) % 1 * (width - side, height - side)).astype(int)
                picture[y : y + side, x : x + side] = level
            if number in self.flashes:
                picture = np.minimum(picture.astype(np.int16) + 110, 235).astype(np.uint8)
            rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
            return picture, chroma[0][rows, columns], chroma[1][rows, columns]

        return paint


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainScene(Scene):
    """One colour all over.

    Attributes:
        luma: 16-235, white unless given.
        blue: 16-240, 128 for grey (Cb).
        red: 16-240, 128 for grey (Cr).
    """

    luma: int = 235
    blue: int = 128
    red: int = 128

    @property
    def colour(self) -> tuple[int, int, int]:
        """See `Scene.colour`."""
        return self.luma, self.blue, self.red

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        picture = plain_picture(stage, luma=self.luma, blue=self.blue, red=self.red)
        return lambda _: picture


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackScene(PlainScene):
    """Nothing to see.

    Attributes:
        luma: The luma of all samples, 16 being the lowest of limited range.
    """

    sound: bool = False
    luma: int = 16


DEMO_SCENES: tuple[Scene, ...] = (
    BlackScene(seconds=1.6),
    TextureScene(seconds=3.2),
    TextureScene(seconds=2.4, pan=(0.6, 0.0)),
    TextureScene(seconds=2.0, flashes=(20,)),
    BlackScene(seconds=1.2, sound=True),
    TextureScene(seconds=2.8),
    TextureScene(seconds=3.0, dissolve=0.8),
    TextureScene(seconds=2.2, brightness=70.0, contrast=30.0),
    BlackScene(seconds=1.6),
)
"""20 seconds with everything that `make_reel` knows: black with and without sound, cuts, a dissolve, a pan, a flash."""


def _texture(generator: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Patches upon patches, -1 to 1, of `height` rows."""
    texture = np.zeros((height, width), np.float32)
    for cells, weight in ((3, 0.45), (8, 0.25), (24, 0.15), (72, 0.15)):
        grid = generator.uniform(-1, 1, size=(cells, 2 * cells)).astype(np.float32)
        rows = np.arange(height) * cells // height
        columns = np.arange(width) * 2 * cells // width
        texture += np.float32(weight) * grid[rows[:, None], columns[None, :]]
    return texture


def _tiled(samples: NDArray[np.float32] | NDArray[np.float64]) -> Plane:
    """`samples` four times over, so that a window of the picture's size can begin anywhere in the first of them."""
    return np.tile(np.clip(samples, 16, 235).astype(np.uint8), (2, 2))
