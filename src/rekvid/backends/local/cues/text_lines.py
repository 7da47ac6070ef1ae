"""Lines of text in a picture, found by the look of letters and not by reading them.

Letters are strokes: light ones on a darker ground, or dark ones on a lighter, with as much of the other between
them. A line of them is a band of such strokes, some times as wide as it is high, with one upper and one lower edge
all along. Texture has strokes too, but no bands.

The strokes are the top-hat and the bottom-hat of the rows (Serra, Image Analysis and Mathematical Morphology, 1982):
what is narrower than `_WINDOW` samples and stands out from its ground.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.video.pictures import Plane

_WINDOW = 16  # samples: the widest stroke, for letters of up to a fifth of the picture's height
_PAD = _WINDOW - 1
_LEAST_CONTRAST = 30  # levels; what coding and grain do to a plain ground stays below it
_BUSIEST = 200  # the share of strokes by which contrast is judged is one in this many samples
_ROWS = 3  # samples of a cell
_COLUMNS = 16
_LIGHT, _DARK = 0.10, 0.07  # the share of light and of dark strokes that a cell of text has at least
_HIGHEST = 22  # rows of cells: a line higher than that is none
_MOST_RUNS = 500  # more bands than a page of text can have are a texture

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A band of strokes that looks like a line of text, in samples of the picture.

    Attributes:
        top: Its first row.
        bottom: The row after its last.
        left: Its first column, to `_COLUMNS` samples.
        right: The column after its last, to as much.
        fullness: The share of its length that is full of strokes, 0-1; the rest are gaps between words.
        clearness: How much fewer strokes there are right above and below it than in it, 0-1.
        letters: How many light strokes begin in a stretch as long as it is high; from about 0.7 in wide letters to 2.
    """

    top: int
    bottom: int
    left: int
    right: int
    fullness: float
    clearness: float
    letters: float

    @property
    def height(self) -> int:
        """In rows."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True, kw_only=True)
class Strokes:
    """The strokes of a picture.

    Attributes:
        light: Where light strokes are: light letters, or the ground between and within dark ones.
        contrast: The contrast, in levels, from which on something is a stroke.
        texture: The share of the cells that are as full of strokes as text, 0-1.
        lines: What looks like lines of text, from the top.
    """

    light: Mask
    contrast: int
    texture: float
    lines: list[TextLine]


def find_strokes(luma: Plane) -> Strokes:
    """The strokes and the lines of text of a picture, whose sides are multiples of `_ROWS` and `_COLUMNS`."""
    light, dark = _hats(luma)
    contrast = max(_LEAST_CONTRAST, _strongest(np.maximum(light, dark)) // 2)
    is_light, is_dark = light >= contrast, dark >= contrast
    light_cells, dark_cells = _cells(is_light), _cells(is_dark)
    size = _ROWS * _COLUMNS
    texty = (light_cells >= _LIGHT * size) & (dark_cells >= _DARK * size)
    return Strokes(
        light=is_light,
        contrast=contrast,
        texture=float(texty.mean()),
        lines=_lines(texty, light_cells + dark_cells, is_light),
    )


def _hats(luma: Plane) -> tuple[Plane, Plane]:
    """How far each sample stands out from its row as a light stroke, and as a dark one."""
    opened = _slide(np.maximum, _padded(_slide(np.minimum, luma)))
    closed = _slide(np.minimum, _padded(_slide(np.maximum, luma)))
    return luma - opened, closed - luma


def _padded(rows: Plane) -> Plane:
    """`rows` with their ends repeated `_PAD` times."""
    height, width = rows.shape
    padded = np.empty((height, width + 2 * _PAD), np.uint8)
    padded[:, _PAD:-_PAD] = rows
    padded[:, :_PAD] = rows[:, :1]
    padded[:, -_PAD:] = rows[:, -1:]
    return padded


def _slide(extreme: Callable[[Plane, Plane], Plane], rows: Plane) -> Plane:
    """The least or the greatest of each `_WINDOW` samples in a row, by doubling."""
    step = 1
    while step < _WINDOW:
        rows = extreme(rows[:, :-step], rows[:, step:])
        step *= 2
    return rows


def _strongest(hat: Plane) -> int:
    """The level that one in `_BUSIEST` samples reaches."""
    counts = np.bincount(hat[::3, ::2].ravel(), minlength=256)[::-1].cumsum()
    return 255 - int(np.searchsorted(counts, counts[-1] / _BUSIEST))


def _cells(mask: Mask) -> NDArray[np.int32]:
    """How many samples of each cell are set."""
    height, width = mask.shape
    rows = mask.view(np.uint8).reshape(height // _ROWS, _ROWS, width)
    eights = (rows[:, 0] + rows[:, 1] + rows[:, 2]).view(np.uint64)
    # The product's highest byte is the sum of the eight bytes, each of which is `_ROWS` at most.
    sums = (eights * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return (sums[:, ::2] + sums[:, 1::2]).astype(np.int32)


@dataclass(slots=True)
class _Band:
    """Runs of cells, one a column, with the same upper and lower edge."""

    tops: int
    bottoms: int
    left: int
    last: int
    columns: int = 1

    @property
    def top(self) -> float:
        return self.tops / self.columns

    @property
    def bottom(self) -> float:
        return self.bottoms / self.columns

    def takes(self, top: int, bottom: int) -> bool:
        slack = max(1.0, 0.3 * (self.bottom - self.top))
        return abs(top - self.top) <= slack and abs(bottom - self.bottom) <= slack

    def add(self, top: int, bottom: int, column: int) -> None:
        self.tops += top
        self.bottoms += bottom
        self.columns += 1
        self.last = column


def _lines(texty: Mask, strokes: NDArray[np.int32], light: Mask) -> list[TextLine]:
    columns, tops, bottoms = _runs(texty)
    if columns.size > _MOST_RUNS:
        return []
    done: list[_Band] = []
    open_bands: list[_Band] = []
    for column, top, bottom in zip(columns.tolist(), tops.tolist(), bottoms.tolist(), strict=True):
        near = [band for band in open_bands if column - band.last <= 3]
        for band in near:
            if band.last < column and band.takes(top, bottom):
                band.add(top, bottom, column)
                break
        else:
            band = _Band(top, bottom, column, column)
            near.append(band)
            done.append(band)
        open_bands = near
    sums = np.zeros((texty.shape[0] + 1, texty.shape[1] + 1), np.int64)
    sums[1:, 1:] = strokes.cumsum(axis=0).cumsum(axis=1)
    found = [_line(band, sums, light) for band in done if _is_long(band)]
    return sorted(found, key=lambda line: line.top)


def _runs(texty: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Column, first row and row after the last of each vertical run of cells that is as high as a line."""
    height, width = texty.shape
    padded = np.zeros((width, height + 2), np.int8)
    padded[:, 1:-1] = texty.T
    steps = np.diff(padded, axis=1)
    columns, tops = np.nonzero(steps > 0)
    _, bottoms = np.nonzero(steps < 0)
    fits = (bottoms - tops >= 2) & (bottoms - tops <= _HIGHEST)
    return columns[fits], tops[fits], bottoms[fits]


def _is_long(band: _Band) -> bool:
    width = (band.last + 1 - band.left) * _COLUMNS
    return band.columns >= 3 and width >= 1.5 * (band.bottom - band.top) * _ROWS


def _line(band: _Band, sums: NDArray[np.int64], light: Mask) -> TextLine:
    """The line of a band; `sums` holds the strokes above and left of each corner of a cell."""
    top, bottom, left, right = round(band.top), round(band.bottom), band.left, band.last + 1

    def density(first: int, end: int) -> float:
        count = sums[end, right] - sums[first, right] - sums[end, left] + sums[first, left]
        return float(count) / ((end - first) * (right - left))

    inside = density(top, bottom)
    rim = [density(row, row + 1) for row in (top - 2, bottom + 1) if 0 <= row < sums.shape[0] - 1]
    around = sum(rim) / len(rim) if rim else 0.0
    box = light[top * _ROWS : bottom * _ROWS, left * _COLUMNS : right * _COLUMNS]
    begins = int(np.count_nonzero(box[:, 1:] & ~box[:, :-1]))
    return TextLine(
        top=top * _ROWS,
        bottom=bottom * _ROWS,
        left=left * _COLUMNS,
        right=right * _COLUMNS,
        fullness=band.columns / (right - left),
        clearness=max(0.0, 1 - around / inside) if inside else 0.0,
        letters=begins / box.shape[1],
    )
