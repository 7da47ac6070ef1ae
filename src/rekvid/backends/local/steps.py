"""How two frames differ, and how much of that motion and light don't explain."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rekvid.backends.local.decode import Plane, SmallFrame

_FLAT = 6.0  # levels: a picture with a smaller standard deviation has no contrast to match
_ROWS, _COLUMNS = 36, 64  # the luma on which motion is searched
_REACH_Y, _REACH_X = 4, 8  # the motion that is searched: an eighth of the picture in a frame
_BLOCK_Y, _BLOCK_X = 6, 8


def difference(one: View, two: View, enough: float) -> float:
    """What is unexplained between two frames; the plain difference where that is below `enough` already."""
    plain = _size(one, two)
    return plain if plain < enough else _unexplained(one, two)


class View:
    """A frame, prepared for comparing."""

    __slots__ = ("_search", "blue", "index", "luma", "red")

    def __init__(self, frame: SmallFrame) -> None:
        self.index = frame.index
        self.luma = frame.luma
        self.blue = frame.blue
        self.red = frame.red
        self._search: Plane | None = None

    @property
    def search(self) -> Plane:
        """Luma at half the size, on which motion is searched."""
        search = self._search
        if search is None:
            search = self._search = (_means(self.luma, _ROWS, _COLUMNS) + 0.5).astype(np.uint8)
        return search


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
        """The step without motion and change of brightness; asked for in doubt only, as it takes half a millisecond."""
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
    source, target = _matched(old.search, new.search), new.search
    padded = np.pad(source, ((_REACH_Y, _REACH_Y), (_REACH_X, _REACH_X)), mode="edge")
    shifted = sliding_window_view(padded, (_ROWS, _COLUMNS)).reshape(-1, _ROWS, _COLUMNS)
    # Bytes, sums over rows first, then sums of neighbours: a tenth of the time of one sum over blocks of floats.
    differences = np.maximum(shifted, target) - np.minimum(shifted, target)
    blocks = differences.reshape(len(shifted), -1, _BLOCK_Y, _COLUMNS).sum(axis=2, dtype=np.uint16)
    while blocks.shape[-1] > _COLUMNS // _BLOCK_X:
        blocks = blocks[..., 0::2] + blocks[..., 1::2]
    luma = int(blocks.min(axis=0).sum(dtype=np.uint32)) / target.size
    return luma + min(_chroma_difference(old, new), _blurred_chroma_difference(old, new))


def _matched(source: Plane, target: Plane) -> Plane:
    """`source` with the brightness and contrast of `target`, as far as both have a contrast."""
    spread, wanted = float(source.std()), float(target.std())
    if min(spread, wanted) < _FLAT:
        return source
    gain = min(max(wanted / spread, 0.5), 2.0)
    levels = (np.arange(256) - float(source.mean())) * gain + float(target.mean())
    matched: Plane = np.clip(levels + 0.5, 0, 255).astype(np.uint8)[source]
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
