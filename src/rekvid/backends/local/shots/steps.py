"""How two frames differ, and how much of that motion and light don't explain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rekvid.backends.local.video.decode import Plane, SmallFrame

_FLAT = 6.0  # levels: a picture with a smaller standard deviation has no contrast to match
_ROWS, _COLUMNS = 36, 64  # the luma on which motion is searched
_REACH_Y, _REACH_X = 4, 8  # the motion that is searched: an eighth of the picture in a frame
_BLOCK_Y, _BLOCK_X = 6, 8
_LEVELS = np.arange(256, dtype=np.float32)


def difference(one: View, two: View, enough: float) -> float:
    """What is unexplained between two frames; the plain difference where that is below `enough` already."""
    plain = _size(one, two)
    return plain if plain < enough else _unexplained(one, two)


def unlikeness(one: View, two: View) -> float:
    """What is unexplained between two frames, as a share of the contrast of the two pictures."""
    return _unexplained(one, two) / max((_contrast(one) + _contrast(two)) / 2, 1.0)


def unlikeness_at_most(one: View, two: View) -> float:
    """What `unlikeness` is if motion and light explain nothing; a tenth of the time."""
    return _size(one, two) / max((_contrast(one) + _contrast(two)) / 2, 1.0)


def likeness(one: View, two: View) -> float:
    """How far two pictures rise and fall at the same places, whatever their brightness and contrast.

    The correlation of their luma, less its mean over the neighbourhood: near 1 for a lamp that is switched on, near 0
    for two scenes.
    """
    old, new = _local(one.search), _local(two.search)
    return float((old * new).sum() / np.sqrt((old * old).sum() * (new * new).sum() + 1.0))


def second_largest(sizes: Sequence[float]) -> float:
    """The largest but one, or the only one; 0 where there is none."""
    return sorted(sizes)[-2] if len(sizes) > 1 else max(sizes, default=0.0)


def _local(search: Plane) -> NDArray[np.float32]:
    coarse = _means(search, _ROWS // 6, _COLUMNS // 8)
    return np.subtract(search, np.repeat(np.repeat(coarse, 6, axis=0), 8, axis=1), dtype=np.float32)


class View:
    """A frame, prepared for comparing."""

    __slots__ = ("_levels", "_search", "blue", "index", "luma", "red")

    def __init__(self, frame: SmallFrame) -> None:
        self.index = frame.index
        self.luma = frame.luma
        self.blue = frame.blue
        self.red = frame.red
        self._search: Plane | None = None
        self._levels: tuple[float, float] | None = None

    @property
    def search(self) -> Plane:
        """Luma at half the size, on which motion is searched."""
        search = self._search
        if search is None:
            pairs = np.add(self.luma[0::2], self.luma[1::2], dtype=np.uint16)
            search = self._search = ((pairs[:, 0::2] + pairs[:, 1::2] + 2) // 4).astype(np.uint8)
        return search

    @property
    def levels(self) -> tuple[float, float]:
        """The mean of `search` and its standard deviation."""
        levels = self._levels
        if levels is None:
            samples = self.search.ravel().astype(np.float32)
            mean = float(samples.mean())
            levels = self._levels = mean, max(float(samples @ samples) / samples.size - mean * mean, 0.0) ** 0.5
        return levels


class Step:
    """What lies between two frames in a row.

    Attributes:
        old: The first of them.
        new: The second.
        size: The mean difference of luma and both chromas, in levels.
        is_flash: Whether it is known to be the start or the end of a flash.
    """

    __slots__ = ("_unexplained", "is_flash", "new", "old", "size")

    def __init__(self, old: View, new: View) -> None:
        self.old = old
        self.new = new
        self.size = _size(old, new)
        self.is_flash = False
        self._unexplained: float | None = None

    @property
    def level(self) -> float:
        """What the step counts for among those around another one."""
        return 0.0 if self.is_flash else self.size

    def unexplained(self) -> float:
        """The step without motion and change of brightness; asked for in doubt only, as the search takes its time."""
        if self._unexplained is None:
            self._unexplained = _unexplained(self.old, self.new)
        return self._unexplained

    def contrast(self) -> float:
        """How far the samples of the two frames lie from their means, in levels of luma and chroma together."""
        return (_contrast(self.old) + _contrast(self.new)) / 2


def _contrast(view: View) -> float:
    planes = (view.luma, view.blue, view.red)
    return sum(float(np.abs(plane - plane.mean(dtype=np.float32)).mean()) for plane in planes)


def _size(one: View, two: View) -> float:
    """The mean difference of luma and both chromas, in levels."""
    return _mean_difference(one.luma, two.luma) + _chroma_difference(one, two)


def _chroma_difference(one: View, two: View) -> float:
    return _mean_difference(one.blue, two.blue) + _mean_difference(one.red, two.red)


def _mean_difference(one: Plane, two: Plane) -> float:
    # Unsigned bytes throughout: several times as fast as a subtraction in a wider type.
    return int((np.maximum(one, two) - np.minimum(one, two)).sum(dtype=np.uint32)) / one.size


def _unexplained(old: View, new: View) -> float:
    """What is left of the difference when each block may come from nearby and brightness and contrast may change."""
    source, target = _matched(old, new), new.search
    shifted = sliding_window_view(_padded(source), (_ROWS, _COLUMNS)).reshape(-1, _ROWS, _COLUMNS)
    # Bytes, sums over rows first, then sums of neighbours: a tenth of the time of one sum over blocks of floats.
    differences = np.maximum(shifted, target) - np.minimum(shifted, target)
    blocks = differences.reshape(len(shifted), -1, _BLOCK_Y, _COLUMNS).sum(axis=2, dtype=np.uint16)
    while blocks.shape[-1] > _COLUMNS // _BLOCK_X:
        blocks = blocks[..., 0::2] + blocks[..., 1::2]
    luma = int(blocks.min(axis=0).sum(dtype=np.uint32)) / target.size
    return luma + min(_chroma_difference(old, new), _blurred_chroma_difference(old, new))


def _padded(source: Plane) -> Plane:
    """`source` with its edges repeated as far as motion reaches; np.pad takes ten times as long."""
    padded = np.empty((_ROWS + 2 * _REACH_Y, _COLUMNS + 2 * _REACH_X), np.uint8)
    inner = padded[_REACH_Y:-_REACH_Y]
    inner[:, _REACH_X:-_REACH_X] = source
    inner[:, :_REACH_X] = source[:, :1]
    inner[:, -_REACH_X:] = source[:, -1:]
    padded[:_REACH_Y] = inner[0]
    padded[-_REACH_Y:] = inner[-1]
    return padded


def _matched(old: View, new: View) -> Plane:
    """The luma of `old` with the brightness and contrast of `new`, as far as both have a contrast."""
    (mean, spread), (wanted_mean, wanted) = old.levels, new.levels
    if min(spread, wanted) < _FLAT:
        return old.search
    gain = min(max(wanted / spread, 0.5), 2.0)
    levels = (_LEVELS - mean) * gain + wanted_mean
    matched: Plane = np.clip(levels + 0.5, 0, 255).astype(np.uint8)[old.search]
    return matched


def _blurred_chroma_difference(old: View, new: View) -> float:
    """The difference of the chroma of large blocks, which hardly changes as things move."""
    pairs = ((old.blue, new.blue), (old.red, new.red))
    return sum(float(np.abs(_means(one, 3, 4) - _means(two, 3, 4)).mean()) for one, two in pairs)


def _means(plane: Plane, rows: int, columns: int) -> NDArray[np.float32]:
    """The means of `rows` by `columns` equal blocks of `plane`."""
    height, width = plane.shape
    blocks = plane.reshape(rows, height // rows, columns, width // columns)
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means
