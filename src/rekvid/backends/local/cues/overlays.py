"""Emblems and heavy word marks that appear over a picture which stays as it is, and go again.

Small letters are left to `rekvid.backends.local.cues.text_lines`. What is looked for here are shapes so heavy that they
are an emblem: areas of one bright level, in the middle of the picture, that come up all at once while nothing else
changes. A thing that moves into the picture is neither of one level nor there all at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.video.pictures import Plane, SmallFrame

_BACK = 8  # sampled frames from the picture before to the emblem: two seconds, longer than fades take
_RISE = 40  # levels by which the emblem is brighter than the picture under it
_STILL = 24  # levels up to which the rest of the picture has not changed
_LEAST, _MOST = 0.015, 0.2  # the emblem's share of the picture
_CHANGED = 0.12  # the share of the rest that may change, as leaves in the wind do
_BRIGHT = 190.0  # the emblem's mean level at least
_EVEN = 22.0  # the deviation of its level at most
_HEAVY = 0.25  # the share of its samples that have none but its own around them
_LETTERS = 2.0  # how many parts each of its rows has at least, in the mean
_GONE = 0.4  # the share of the rest that has changed when the picture is another
_FULL = 0.9  # the share of its level at which it is there in full
_SAME_SHAPE = 0.7  # how much of its shape is the same as long as it is there in full; what drifts has another
_LEAST_SEEN = 3  # sampled frames after it has come up in which it has to be there in full
_VISIBLE = 0.15  # the share of its full strength at which it can be seen in a fade
_OFF_CENTRE = 0.15  # how far from the middle of the picture its own may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergence:
    """An emblem over a picture.

    Attributes:
        first: Number of the first sampled frame in which it can be seen.
        last: Number of the last such frame.
        evenness: 0-1; 1 where it has one level all over.
    """

    first: int
    last: int
    evenness: float


class OverlayFinder:
    """Finds emblems over pictures: `feed` it each sampled frame, then `finish`. It keeps ten small frames."""

    def __init__(self) -> None:
        """Make a finder."""
        self._past: deque[tuple[int, Plane]] = deque(maxlen=_BACK)
        self._found: list[Emergence] = []
        self._mask: NDArray[np.bool_] | None = None
        self._before: NDArray[np.int16] = np.zeros((0, 0), np.int16)
        self._ground = self._level = self._evenness = self._agreement = 0.0
        self._first = self._last = self._seen = 0

    def feed(self, frame: SmallFrame) -> None:
        """Take the next sampled frame."""
        if self._mask is not None:
            level = float(frame.luma[self._mask].mean())
            if level >= self._faintest() and self._changed(frame.luma, self._mask) <= _GONE:
                self._last = frame.index
                if level >= _FULL * self._level:
                    self._seen += 1
                    self._agreement = min(self._agreement, self._agrees(frame.luma, self._mask))
            else:
                self._close()
        elif len(self._past) == _BACK:
            self._look(frame)
        self._past.append((frame.index, frame.luma.copy()))

    def finish(self) -> list[Emergence]:
        """All that were found, in order."""
        self._close()
        return self._found

    def _look(self, frame: SmallFrame) -> None:
        self._before = self._past[0][1].astype(np.int16)
        mask = frame.luma - self._before > _RISE
        if not _LEAST <= mask.mean() <= _MOST:
            return
        if self._changed(frame.luma, mask) > _CHANGED or not _is_word(mask):
            return
        core = _shrunk(mask)
        if core.sum() < _HEAVY * mask.sum():
            return
        level, deviation = float(frame.luma[mask].mean()), float(frame.luma[core].std())
        if level < _BRIGHT or deviation > _EVEN:
            return
        self._mask, self._level, self._ground = mask, level, float(self._before[mask].mean())
        self._evenness = 1 - deviation / _EVEN
        self._agreement = 1.0
        self._seen = 0
        there = [index for index, luma in self._past if float(luma[mask].mean()) >= self._faintest()]
        self._first, self._last = min(there, default=frame.index), frame.index

    def _changed(self, luma: Plane, mask: NDArray[np.bool_]) -> float:
        """The share of the picture outside of `mask` that is not what it was before."""
        around = ~_grown(mask)
        changed = (np.abs(luma - self._before) > _STILL) & around
        return int(changed.sum()) / max(1, int(around.sum()))

    def _agrees(self, luma: Plane, mask: NDArray[np.bool_]) -> float:
        """How much of the emblem's shape is still the same, 0-1."""
        now = (luma - self._before > _RISE) & _grown(mask)
        both, either = int((now & mask).sum()), int((now | mask).sum())
        return both / max(1, either)

    def _faintest(self) -> float:
        """The level of the emblem's samples from which on it can be seen."""
        return self._ground + _VISIBLE * (self._level - self._ground)

    def _close(self) -> None:
        if self._mask is None:
            return
        if self._agreement >= _SAME_SHAPE and self._seen >= _LEAST_SEEN:
            self._found.append(Emergence(first=self._first, last=self._last, evenness=self._evenness))
        self._mask = None
        self._past.clear()


def _shrunk(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The samples that have none but set ones around them, but for the picture's rim."""
    inner = np.zeros_like(mask)
    rows = mask[:-2] & mask[1:-1] & mask[2:]
    inner[1:-1, 1:-1] = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
    return inner


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The set samples and all around them, two deep."""
    grown: NDArray[np.bool_] = ~_shrunk(_shrunk(~mask))
    return grown


def _is_word(mask: NDArray[np.bool_]) -> bool:
    """Whether a shape is in the middle, wider than high, and of several parts side by side."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.sum(axis=1) >= 3), np.flatnonzero(mask.sum(axis=0) >= 3)
    if not rows.size or not columns.size:
        return False
    across = (columns[0] + columns[-1] + 1) / 2 / width
    down = (rows[0] + rows[-1] + 1) / 2 / height
    wide = columns[-1] - columns[0] >= rows[-1] - rows[0]
    letters = np.count_nonzero(mask[:, 1:] & ~mask[:, :-1]) / rows.size
    return bool(
        wide and letters >= _LETTERS and abs(across - 0.5) <= _OFF_CENTRE and abs(down - 0.5) <= 1.5 * _OFF_CENTRE
    )
