"""Pictures with the statistics of natural ones: things of all sizes in front of one another, and 1/f noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.testing.pictures import Picture, Plane

Samples: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a place looks like.

    Attributes:
        place: Chooses what is where.
        palette: Chooses the colours.
        things: How many things lie about, in front of one another; 0 for a mere gradient.
        roughness: How strong the noise on everything is, 0-1.
        brightness: The mean luma, 16-235.
        contrast: How far luma reaches above and below it, in levels.
    """

    place: int
    palette: int
    things: int
    roughness: float
    brightness: float
    contrast: float


@functools.lru_cache(maxsize=8)
def panorama(look: Look, width: int, height: int) -> Picture:
    """A picture of twice the given size whose right edge fits its left one, and its lower the upper."""
    luma, tints = _place(look.place, look.things, look.roughness, width, height)
    palette = np.random.default_rng((look.palette, 1))
    # Two axes of colour, and a cast over all.
    axes, cast = palette.normal(0, 15, (2, 2)), palette.uniform(-14, 14, 2)
    chroma = [128 + cast[index] + axes[index, 0] * tints[0] + axes[index, 1] * tints[1] for index in (0, 1)]
    # Colours fade in the dark.
    weight = np.clip((look.brightness + look.contrast * luma[::2, ::2] - 16) / 100, 0.1, 1)
    blue, red = (_plane(128 + (each - 128) * weight) for each in chroma)
    return _plane(look.brightness + look.contrast * luma), blue, red


def pink_noise(generator: np.random.Generator, width: int, height: int, exponent: float = 1.1) -> Samples:
    """Noise whose amplitude falls with frequency as ``f ** -exponent``; mean 0, deviation 1, and it tiles."""
    rows, columns = np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width) * width
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    shape = frequency.shape
    spectrum = (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)) * frequency**-exponent
    noise = np.fft.irfft2(spectrum, s=(height, width)).astype(np.float32)
    noise /= noise.std()
    return noise


@functools.lru_cache(maxsize=4)
def _place(place: int, things: int, roughness: float, width: int, height: int) -> tuple[Samples, list[Samples]]:
    """Luma, about -1 to 1, and two tints of half the size, about -2 to 2."""
    generator = np.random.default_rng((place, 0))
    width, height = 2 * width, 2 * height
    luma = np.float32(0.6) * _slope(generator, width, height)
    tints = [_slope(generator, width // 2, height // 2) for _ in range(2)]
    # Sizes fall as in nature: few big things, many small ones (a "dead leaves" picture).
    for size in np.sort(np.clip(0.025 * (1 - generator.uniform(0, 1, things)) ** -0.8, 0, 0.4))[::-1]:
        _lay(generator, luma, tints, size * height)
    luma += np.float32(0.35 * roughness) * pink_noise(generator, width, height)
    for index in range(len(tints)):
        tints[index] += np.float32(0.3 * roughness) * pink_noise(generator, width // 2, height // 2)
    return luma, tints


def _slope(generator: np.random.Generator, width: int, height: int) -> Samples:
    """A soft slope from light to dark and back, which tiles."""
    slope: Samples = np.clip(pink_noise(generator, width, height, exponent=3.0), -2, 2) / np.float32(2)
    return slope


def _lay(generator: np.random.Generator, luma: Samples, tints: list[Samples], size: float) -> None:
    """Lay one thing, `size` rows high and deep, on top of the rest."""
    height, width = luma.shape
    half_height = max(1, int(size * generator.uniform(0.4, 1)) // 2)
    half_width = max(1, int(size * generator.uniform(0.4, 1.6)) // 2)
    top, left = int(generator.integers(height // 2)) * 2, int(generator.integers(width // 2)) * 2
    y, x = np.mgrid[-half_height : half_height + 1, -half_width : half_width + 1].astype(np.float32)
    y, x = y / half_height, x / half_width
    round_thing = generator.uniform() < 0.6
    inside = (y * y + x * x <= 1) if round_thing else np.ones(y.shape, bool)
    lean = generator.normal(0, 0.15, 2)
    shade = np.float32(generator.normal(0, 0.5)) + np.float32(lean[0]) * x + np.float32(lean[1]) * y
    rows = (top + np.arange(y.shape[0])) % height
    columns = (left + np.arange(y.shape[1])) % width
    place = np.ix_(rows, columns)
    luma[place] = np.where(inside, shade, luma[place])
    small = np.ix_(rows[::2] // 2, columns[::2] // 2)
    for tint in tints:
        tint[small] = np.where(inside[::2, ::2], np.float32(generator.normal(0, 1)), tint[small])


def _plane(samples: NDArray[np.floating]) -> Plane:
    plane: Plane = np.clip(samples, 16, 235).astype(np.uint8)
    return plane
