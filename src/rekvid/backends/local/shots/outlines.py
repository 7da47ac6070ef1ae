"""What a gradual transition is looked for in: pictures so coarse that small motion hardly changes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.video.decode import Plane, SmallFrame

ROWS = 9
COLUMNS = 16
BLOCKS = ROWS * COLUMNS
"""Blocks of a plane: 8x8 samples of luma or 4x4 of chroma each."""

UNIFORM = 2.0
"""The contrast, in levels, up to which a picture shows nothing."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A frame at 16x9 blocks.

    Attributes:
        blocks: 432 means, in levels: 144 of luma, then 144 each of Cb and Cr, each by rows.
        detail: The mean variance of luma inside the blocks, in squared levels: how much there is to see close up.
        contrast: How far the blocks lie from the mean of their plane, in levels of luma and both chromas together.
    """

    blocks: Samples
    detail: float
    contrast: float

    @property
    def is_uniform(self) -> bool:
        """Whether the picture shows nothing, as one that is all black or all white."""
        return self.contrast < UNIFORM and self.detail < 4 * UNIFORM**2


def outline_of(frame: SmallFrame) -> Outline:
    """The outline of a frame."""
    luma, blue, red = _sums(frame.luma, 8) / 64, _sums(frame.blue, 4) / 16, _sums(frame.red, 4) / 16
    blocks = np.concatenate((luma, blue, red), dtype=np.float32)
    samples = frame.luma.ravel().astype(np.float32)
    detail = float(samples @ samples) / samples.size - float(luma @ luma) / BLOCKS
    return Outline(blocks=blocks, detail=max(detail, 0.0), contrast=_contrast(blocks))


def _contrast(blocks: Samples) -> float:
    planes = blocks.reshape(3, BLOCKS)
    return float(np.abs(planes - planes.mean(axis=1, keepdims=True)).sum()) / BLOCKS


def _sums(plane: Plane, side: int) -> NDArray[np.uint16]:
    """The sums of square blocks, by rows of blocks."""
    # Sums of rows in two bytes, then sums of neighbours: several times as fast as a mean over two axes.
    rows = plane.reshape(ROWS, side, -1).sum(axis=1, dtype=np.uint16)
    sums: NDArray[np.uint16] = rows.reshape(BLOCKS, side).sum(axis=1, dtype=np.uint16)
    return sums
