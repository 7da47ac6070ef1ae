"""From R'G'B' to the limited-range planes that scenes paint, and planes laid over planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.testing.pictures import Picture, Plane

Colour: TypeAlias = tuple[float, float, float]
"""Red, green and blue, gamma corrected, each 0-1."""

HD_LINES = 720
"""From this height on players take unmarked video for BT.709, below it for BT.601."""


def limited_range(colours: NDArray[np.float64], *, hd: bool) -> NDArray[np.float64]:
    """Y'CbCr in limited range for 8 bits, not rounded yet.

    Args:
        colours: R'G'B', 0-1, in the last axis.
        hd: Whether by the weights of ITU-R BT.709-6, item 3.2, rather than those of BT.601-7, section 2.5.1. Both
            quantise luma to 16-235 and chroma to 16-240 (BT.709-6, item 4.6; BT.601-7, section 2.5.3).
    """
    red_weight, blue_weight = (0.2126, 0.0722) if hd else (0.299, 0.114)
    luma = colours @ np.array([red_weight, 1 - red_weight - blue_weight, blue_weight])
    blue = (colours[..., 2] - luma) / (2 * (1 - blue_weight))
    red = (colours[..., 0] - luma) / (2 * (1 - red_weight))
    return np.stack([16 + 219 * luma, 128 + 224 * blue, 128 + 224 * red], axis=-1)


def solid(colour: Colour, width: int, height: int) -> Picture:
    """A picture that is `colour` all over."""
    luma, blue, red = np.rint(limited_range(np.array(colour, np.float64), hd=height >= HD_LINES)).astype(np.uint8)
    half = (height // 2, width // 2)
    return np.full((height, width), luma), np.full(half, blue), np.full(half, red)


def halved(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of each two by two samples; rows and columns are even in number."""
    return (samples[::2, ::2] + samples[1::2, ::2] + samples[::2, 1::2] + samples[1::2, 1::2]) / 4


def picture_of(colours: NDArray[np.float64], *, hd: bool) -> Picture:
    """The picture of R'G'B' values 0-1, of the shape (height, width, 3) with even height and width."""
    samples = limited_range(colours, hd=hd)
    return _rounded(samples[..., 0]), _rounded(halved(samples[..., 1])), _rounded(halved(samples[..., 2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What is laid over a picture.

    Attributes:
        picture: Its planes, each sample already multiplied by its cover.
        cover: How much of the ground each luma sample hides, 0-256.
        chroma_cover: The same for the chroma samples.
    """

    picture: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]
    cover: NDArray[np.uint16]
    chroma_cover: NDArray[np.uint16]

    @property
    def width(self) -> int:
        """In samples of luma."""
        return int(self.cover.shape[1])

    @property
    def height(self) -> int:
        """In samples of luma."""
        return int(self.cover.shape[0])


def overlay_of(samples: NDArray[np.uint8], *, hd: bool) -> Overlay:
    """Make an overlay of R'G'B' and opacity, 0-255, of the shape (height, width, 4) with even height and width."""
    values = samples / 255.0
    cover = values[..., 3]
    planes = limited_range(values[..., :3], hd=hd)
    half = halved(cover)

    def weighed(plane: NDArray[np.float64]) -> NDArray[np.uint16]:
        return np.rint(256 * plane).astype(np.uint16)

    return Overlay(
        picture=(
            weighed(planes[..., 0] * cover),
            weighed(halved(planes[..., 1] * cover)),
            weighed(halved(planes[..., 2] * cover)),
        ),
        cover=weighed(cover),
        chroma_cover=weighed(half),
    )


def lay_over(picture: Picture, overlay: Overlay, *, left: int = 0, top: int = 0, strength: float = 1.0) -> Picture:
    """A new picture with the overlay's upper left corner at `left` and `top`, which may lie outside of it.

    Args:
        picture: The ground.
        overlay: What is laid over it; what lies outside of the ground is cut off.
        left: Column in samples of luma; chroma follows in steps of two.
        top: Row in samples of luma; chroma follows in steps of two.
        strength: 0-1; the overlay's share in a fade.
    """
    weight = round(256 * strength)
    luma, blue, red = overlay.picture
    half = {"left": left // 2, "top": top // 2, "weight": weight}
    return (
        _laid(picture[0], luma, overlay.cover, left=left, top=top, weight=weight),
        _laid(picture[1], blue, overlay.chroma_cover, **half),
        _laid(picture[2], red, overlay.chroma_cover, **half),
    )


def _laid(
    ground: Plane, plane: NDArray[np.uint16], cover: NDArray[np.uint16], *, left: int, top: int, weight: int
) -> Plane:
    first_row, first_column = max(0, -top), max(0, -left)
    rows = min(plane.shape[0] - first_row, ground.shape[0] - max(0, top))
    columns = min(plane.shape[1] - first_column, ground.shape[1] - max(0, left))
    if rows <= 0 or columns <= 0 or not weight:
        return ground
    there = (slice(first_row, first_row + rows), slice(first_column, first_column + columns))
    here = (slice(max(0, top), max(0, top) + rows), slice(max(0, left), max(0, left) + columns))
    added, hidden = plane[there], cover[there]
    if weight != 256:
        added, hidden = _scaled(added, weight), _scaled(hidden, weight)
    laid = ground.copy()
    # Fits 16 bits: at most 255 * 256 + 128, as what hides and what is hidden add up to 256.
    laid[here] = ((ground[here] * (256 - hidden) + added + 128) >> 8).astype(np.uint8)
    return laid


def _scaled(values: NDArray[np.uint16], weight: int) -> NDArray[np.uint16]:
    return ((values.astype(np.uint32) * weight) >> 8).astype(np.uint16)


def faded(picture: Picture, strength: float) -> Picture:
    """The picture on its way to black: 1 is all there, 0 is black."""
    if strength >= 1:
        return picture
    levels = np.arange(256, dtype=np.float64)
    luma, chroma = _rounded(16 + strength * (levels - 16)), _rounded(128 + strength * (levels - 128))
    return luma[picture[0]], chroma[picture[1]], chroma[picture[2]]


def fade_strength(number: int, length: int, frames_in: int, frames_out: int) -> float:
    """How far a thing is there, 0-1, at the frame `number` of `length` when it fades in at first and out at last."""
    coming = (number + 1) / (frames_in + 1) if frames_in else 1.0
    going = (length - number) / (frames_out + 1) if frames_out else 1.0
    return min(1.0, max(0.0, min(coming, going)))


def _rounded(samples: NDArray[np.float64]) -> Plane:
    return np.clip(np.rint(samples), 0, 255).astype(np.uint8)
