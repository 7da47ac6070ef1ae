"""Scenes that look like filmed ones: a place under a camera that moves, with things and people in front of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.testing.camera import CameraMove, Pose
from rekvid.testing.pictures import Painter, Picture, Plane, Stage, sampled
from rekvid.testing.scenes import Scene
from rekvid.testing.textures import Look, panorama, pink_noise

_BLURRED = 0.01  # of the picture's width: from this way a frame on, motion blurs the picture
_EXPOSURES = 6  # samples of a blurred frame, over half the time of a frame (a shutter of 180 degrees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What of a place is in the picture.

    Attributes:
        x: The middle, in widths of the picture; the place repeats after two.
        y: The middle, in heights of the picture; the place repeats after two.
        zoom: How near; 1 shows a quarter of the place.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceScene(Scene):
    """A place, with what moves in it, seen by a camera.

    Two scenes with the same `place` and different framings are two views of one place; with the same `palette` alone
    they have the same colours.

    Attributes:
        place: Chooses what is where; None for chance.
        palette: Chooses the colours; None for chance.
        framing: What is in the picture at the start; None for chance.
        pan: Speed of the camera, in widths and heights of the picture a second.
        zoom_rate: By what the camera's zoom is multiplied in a second.
        handheld: How far a hand that holds the camera trembles, as a share of the picture's height.
        movers: How many things move through the picture.
        faces: How many heads are in it.
        things: How many things lie about; 0 for a mere gradient.
        roughness: How rough everything is, 0-1.
        brightness: The mean luma, 16-235.
        contrast: How far luma reaches above and below it, in levels.
        noise: Deviation of the sensor's noise, in levels of luma.
    """

    place: int | None = None
    palette: int | None = None
    framing: Framing | None = None
    pan: tuple[float, float] = (0.0, 0.0)
    zoom_rate: float = 1.0
    handheld: float = 0.0
    movers: int = 2
    faces: int = 0
    things: int = 150
    roughness: float = 0.5
    brightness: float = 110.0
    contrast: float = 70.0
    noise: float = 1.0

    @property
    def has_camera(self) -> bool:
        """See `Scene.has_camera`."""
        return True

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`."""
        generator, rate = stage.generator, float(stage.rate)
        place, palette = (int(each) for each in generator.integers(1 << 31, size=2))
        look = Look(
            place=place if self.place is None else self.place,
            palette=palette if self.palette is None else self.palette,
            things=self.things,
            roughness=self.roughness,
            brightness=self.brightness,
            contrast=self.contrast,
        )
        world = panorama(look, stage.width, stage.height)
        camera = self._camera(generator)
        start = camera(0.0)
        movers = [_mover(stage, look, start) for _ in range(self.movers)]
        movers += [_head(stage, look, start) for _ in range(self.faces)]
        noise = generator.normal(0, self.noise, (2 * stage.height, 2 * stage.width)).round().astype(np.int16)

        def paint(number: int) -> Picture:
            moment = number / rate
            picture = _seen(world, camera, moment, 0.5 / rate, stage)
            view = camera(moment)
            for mover in movers:
                mover(moment, view, picture)
            return _noisy(picture, noise, number) if self.noise else picture

        return paint

    def _camera(self, generator: np.random.Generator) -> _Camera:
        x, y = generator.uniform(0, 2, 2)
        framing = self.framing or Framing(x=float(x), y=float(y), zoom=float(generator.uniform(0.9, 1.6)))
        phases = generator.uniform(0, 2 * math.pi, (2, 3))
        tones = np.array([0.4, 1.1, 2.3]) * 2 * math.pi
        moves = [each for each in self.disturbances if isinstance(each, CameraMove)]

        def camera(moment: float) -> Framing:
            tremble = self.handheld * (np.sin(tones * moment + phases) * (0.6, 0.3, 0.1)).sum(axis=1)
            poses = [each.pose(moment - each.start) for each in moves if moment > each.start]
            zoom = framing.zoom * self.zoom_rate**moment * math.prod(pose.zoom for pose in poses)
            shift = _total(poses)
            return Framing(
                x=framing.x + (self.pan[0] * moment + shift.x + float(tremble[0])) / framing.zoom,
                y=framing.y + (self.pan[1] * moment + shift.y + float(tremble[1])) / framing.zoom,
                zoom=zoom,
            )

        return camera


_Camera: TypeAlias = Callable[[float], Framing]
_Mover: TypeAlias = Callable[[float, Framing, Picture], None]


def _total(poses: list[Pose]) -> Pose:
    return Pose(x=sum(pose.x for pose in poses), y=sum(pose.y for pose in poses))


def _seen(world: Picture, camera: _Camera, moment: float, shutter: float, stage: Stage) -> Picture:
    """What the camera sees of the world, blurred where it moves fast."""
    view, later = camera(moment), camera(moment + shutter)
    way = max(abs(later.x - view.x), abs(later.y - view.y)) * view.zoom + abs(later.zoom / view.zoom - 1)
    if way < _BLURRED:
        return _window(world, view, stage)
    views = [camera(moment + shutter * part / _EXPOSURES) for part in range(_EXPOSURES)]
    pictures = [_window(world, each, stage) for each in views]
    luma, blue, red = (np.mean(planes, axis=0).astype(np.uint8) for planes in zip(*pictures, strict=True))
    return luma, blue, red


def _window(world: Picture, view: Framing, stage: Stage) -> Picture:
    def plane(index: int, width: int, height: int) -> Plane:
        rows = view.y * height + (np.arange(height) - height / 2) / view.zoom
        columns = view.x * width + (np.arange(width) - width / 2) / view.zoom
        return sampled(world[index], rows, columns)

    half_width, half_height = stage.width // 2, stage.height // 2
    luma = np.ascontiguousarray(plane(0, stage.width, stage.height))
    return luma, plane(1, half_width, half_height).copy(), plane(2, half_width, half_height).copy()


def _noisy(picture: Picture, noise: NDArray[np.int16], number: int) -> Picture:
    luma, blue, red = picture
    height, width = luma.shape
    # Another place of one sheet of noise in each frame; multiplying by large primes makes the places look random.
    top, left = number * 7919 % height, number * 104_729 % width
    noisy = luma + noise[top : top + height, left : left + width]
    return np.clip(noisy, 16, 235, out=noisy).astype(np.uint8), blue, red


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sprite:
    """A small picture, and how much it covers of each sample, 0-256 in 256ths."""

    planes: Picture
    cover: NDArray[np.uint16]


def _mover(stage: Stage, look: Look, view: Framing) -> _Mover:
    """Something that goes through the picture on a slightly bent way."""
    generator = stage.generator
    height = _even(stage.height * generator.uniform(0.1, 0.35))
    width = _even(height * generator.uniform(0.5, 1.8))
    level = look.brightness + look.contrast * generator.uniform(-0.9, 0.9)
    shade = level + 0.3 * look.contrast * pink_noise(generator, width, height)
    blue, red = generator.normal(128, 18, 2)
    sprite = _sprite(shade, blue, red)
    start = np.array([view.x, view.y]) + generator.uniform(-0.4, 0.4, 2) / view.zoom
    speed = generator.uniform(-0.35, 0.35, 2) * (1, 0.3)
    phase, bend = generator.uniform(0, 2 * math.pi), generator.uniform(0, 0.06)

    def move(moment: float, view: Framing, picture: Picture) -> None:
        x, y = start + speed * moment
        _place_sprite(picture, sprite, (x, y + bend * math.sin(2 * moment + phase)), view, start_zoom)

    start_zoom = view.zoom
    return move


def _head(stage: Stage, look: Look, view: Framing) -> _Mover:
    """A head that moves a little while it talks."""
    generator = stage.generator
    height = _even(stage.height * generator.uniform(0.3, 0.65))
    width = _even(height * 0.75)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    skin = look.brightness + look.contrast * generator.uniform(-0.2, 0.7)
    shade = skin - 0.25 * look.contrast * x * generator.choice((-1, 1)) + generator.normal(0, 1, x.shape)
    dark = np.float32(max(16.0, skin - 1.1 * look.contrast))
    shade[(y < -0.45 + 0.2 * np.abs(x)) | (np.hypot(np.abs(x) - 0.4, (y + 0.1) * 1.6) < 0.16)] = dark
    shade[np.hypot(x, (y - 0.55) * 3) < 0.3] -= 0.5 * look.contrast
    sprite = _sprite(shade.astype(np.float32), 108.0, 150.0)
    start = np.array([view.x, view.y]) + generator.uniform(-0.3, 0.3, 2) / view.zoom
    phases, reach = generator.uniform(0, 2 * math.pi, 2), generator.uniform(0.005, 0.03)
    start_zoom = view.zoom

    def move(moment: float, view: Framing, picture: Picture) -> None:
        sway = reach * np.sin(np.array([1.7, 3.1]) * moment + phases)
        _place_sprite(picture, sprite, tuple(start + sway), view, start_zoom)

    return move


def _sprite(shade: NDArray[np.floating], blue: float, red: float) -> _Sprite:
    """An oval with a soft edge."""
    height, width = shade.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    cover = np.clip((1 - np.hypot(x, y)) * 8, 0, 1) * 256
    half = (height // 2, width // 2)
    return _Sprite(
        planes=(
            np.clip(shade, 16, 235).astype(np.uint8),
            np.full(half, np.clip(blue, 16, 240), np.uint8),
            np.full(half, np.clip(red, 16, 240), np.uint8),
        ),
        cover=cover.astype(np.uint16),
    )


def _place_sprite(
    picture: Picture, sprite: _Sprite, place: tuple[float, ...], view: Framing, start_zoom: float
) -> None:
    """Draw the sprite with its middle at `place`, which is measured as a framing is."""
    height, width = picture[0].shape
    scale = view.zoom / start_zoom
    rows, columns = (_even(length * scale) for length in sprite.cover.shape)
    # The place repeats after two pictures.
    left = _around((place[0] - view.x) % 2) * view.zoom * width + (width - columns) / 2
    top = _around((place[1] - view.y) % 2) * view.zoom * height + (height - rows) / 2
    for index, plane in enumerate(picture):
        share = 1 if index == 0 else 2
        start_row, start_column = round(top / 2) * 2 // share, round(left / 2) * 2 // share
        first_row, end_row = max(0, start_row), min(plane.shape[0], start_row + rows // share)
        first, end = max(0, start_column), min(plane.shape[1], start_column + columns // share)
        if first_row >= end_row or first >= end:
            continue
        down = ((np.arange(first_row, end_row) - start_row) * share / scale).astype(np.intp)
        right = ((np.arange(first, end) - start_column) * share / scale).astype(np.intp)
        down, right = np.minimum(down, sprite.cover.shape[0] - 1), np.minimum(right, sprite.cover.shape[1] - 1)
        cover = sprite.cover[down[:, None], right]
        front = sprite.planes[index][np.minimum(down // share, sprite.planes[index].shape[0] - 1)[:, None],
                                     np.minimum(right // share, sprite.planes[index].shape[1] - 1)]  # fmt: skip
        behind = plane[first_row:end_row, first:end]
        behind[:] = (behind.astype(np.uint16) * (256 - cover) + front.astype(np.uint16) * cover + 128) >> 8


def _around(offset: float) -> float:
    """An offset of 0-2 as one of -1 to 1."""
    return offset - 2 if offset > 1 else offset


def _even(length: float) -> int:
    return max(4, int(length) // 2 * 2)
