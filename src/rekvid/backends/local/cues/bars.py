"""Colour bars, found on every small frame by the order of their hues.

All usual patterns (SMPTE EG 1 and RP 219, ARIB STD-B28, EBU and full-field bars, at 75 or 100 %) share one row of six
plateaus of equal width: yellow, cyan, green, magenta, red, blue, each darker than the one before it. What differs
lies around them: white or grey at the left, black or grey at the right, other patches below, margins. So the row is
looked for in the upper half of the picture, and all else is left free.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.video.pictures import Plane, SmallFrame
from rekvid.models import TechnicalCueType

_PRIMARIES = ((1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1))  # RGB, in the order of the bars
_HUES = len(_PRIMARIES)
_NEUTRAL = _HUES
_LEAST_CHROMA = 18.0  # levels: half the chroma of the palest bar (blue at 75 % has 44, green 53), for faded tapes
_HUE_TOLERANCE = 22.0  # degrees; neighbouring hues are 43 apart or more, BT.601 and BT.709 differ by up to 15
_UPPER = (0.12, 0.52)  # rows, as shares of the height: inside the bars of every pattern, letterboxed ones too
_UNEVEN = 1.5  # how many times as wide as the mean of the bars one of them may be, and the mean as one of them
_PURE = 0.6  # the share of the samples of all bars that has the hue of its bar at least; burnt-in text covers some
_DARKER = 2.0  # levels of luma by which each bar is darker than the one before it at least

_MINIMUM_LENGTH = Fraction(1, 2)  # seconds; nobody can line anything up on less
_DROPOUT = Fraction(1, 2)  # seconds without bars that don't end them: a dropout, a splash of text


class BarsFinder:
    """Finds stretches of colour bars: `feed` it every frame, then `finish`.

    The confidence of a stretch grows with the mean purity of its frames, from 50 at `_PURE` to 100 halfway from there
    to 1, and with its length up to two seconds: nothing else was seen to look like bars, so little lowers it.
    """

    def __init__(self, rate: Fraction) -> None:
        """Make a finder for video of `rate` frames a second."""
        self._rate = rate
        self._gap = math.floor(_DROPOUT * rate)
        self._found: list[Cue] = []
        self._first = self._last = -1
        self._purity = 0.0
        self._count = 0

    def feed(self, frame: SmallFrame) -> None:
        """Take the next frame."""
        purity = bars_purity(frame)
        if purity == 0.0:
            return
        if self._count and frame.index - self._last > self._gap + 1:
            self._close()
        if not self._count:
            self._first = frame.index
        self._last = frame.index
        self._purity += purity
        self._count += 1

    def finish(self) -> list[Cue]:
        """All stretches, in order."""
        self._close()
        return self._found

    def _close(self) -> None:
        length = self._last - self._first + 1
        if self._count and length >= _MINIMUM_LENGTH * self._rate:
            mean = self._purity / self._count
            certainty = min(1.0, 2 * (mean - _PURE) / (1 - _PURE)) * min(1.0, float(length / self._rate / 2))
            self._found.append(
                Cue(
                    type=TechnicalCueType.COLOR_BARS,
                    first=self._first,
                    last=self._last,
                    confidence=50 + 50 * certainty,
                )
            )
        self._purity, self._count = 0.0, 0


def bars_purity(frame: SmallFrame) -> float:
    """The share of the samples of the six bars that have their bar's hue, `_PURE` to 1; 0 where there are no bars."""
    height = frame.blue.shape[0]
    rows = slice(int(_UPPER[0] * height), int(_UPPER[1] * height))
    # Two rows, as text may cover one of them.
    if not any(_holds_all_hues(frame.blue[row], frame.red[row]) for row in (rows.start, (rows.start + rows.stop) // 2)):
        return 0.0
    hues = _HUE_OF[frame.blue[rows], frame.red[rows]]
    votes = np.stack([(hues == hue).sum(axis=0) for hue in range(_HUES + 1)])
    spans = _plateaus(votes.argmax(axis=0))
    if spans is None or not _are_even(spans):
        return 0.0
    pure = [votes[hue, start:end].sum() / ((end - start) * hues.shape[0]) for hue, (start, end) in enumerate(spans)]
    if min(pure) < _PURE / 2 or not _grow_darker(frame.luma, spans):
        return 0.0
    mean = float(np.mean(pure))
    return mean if mean >= _PURE else 0.0


def _holds_all_hues(blue: Plane, red: Plane) -> bool:
    """Whether one row has some samples of each hue: a look that spares nearly all frames the rest."""
    return bool(np.bincount(_HUE_OF[blue, red], minlength=_HUES + 1)[:_HUES].min(initial=255) >= 2)


def _plateaus(hues: NDArray[np.intp]) -> list[tuple[int, int]] | None:
    """The columns, from and up to, of the six plateaus in their order; None if they are not all there, and only they.

    Columns between two plateaus mix both, and may have any hue or none.
    """
    edges = [0, *(np.flatnonzero(np.diff(hues)) + 1).tolist(), hues.size]
    runs = [(int(hues[start]), start, end) for start, end in itertools.pairwise(edges) if end - start >= 3]
    coloured = [(hue, start, end) for hue, start, end in runs if hue != _NEUTRAL]
    if [hue for hue, _, _ in coloured] != list(range(_HUES)):
        return None
    spans = [(start, end) for _, start, end in coloured]
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(spans)]
    return spans if max(gaps) <= 3 else None


def _are_even(spans: list[tuple[int, int]]) -> bool:
    # From middle to middle, as the mixed columns between two bars count to neither.
    steps = np.diff([(start + end) / 2 for start, end in spans])
    mean = float(steps.mean())
    return bool(steps.max() <= _UNEVEN * mean and steps.min() * _UNEVEN >= mean)


def _grow_darker(luma: Plane, spans: list[tuple[int, int]]) -> bool:
    height = luma.shape[0]
    band = luma[int(_UPPER[0] * height) : int(_UPPER[1] * height)]
    # The median of each bar, so that text over it doesn't count.
    levels = [float(np.median(band[:, 2 * start + 2 : 2 * end - 2])) for start, end in spans]
    return all(after <= before - _DARKER for before, after in itertools.pairwise(levels))


def _table_of_hues() -> NDArray[np.uint8]:
    """For each Cb and Cr: which of the six hues it is, or `_NEUTRAL`."""
    level = np.arange(256) - 128.0
    blue, red = level[:, None], level[None, :]
    angle = np.degrees(np.arctan2(red, blue))
    table = np.full((256, 256), _NEUTRAL, np.uint8)
    strong = np.hypot(blue, red) >= _LEAST_CHROMA
    for weights in ((0.299, 0.114), (0.2126, 0.0722)):  # BT.601 and BT.709: the shares of red and blue in luma
        for hue, (r, g, b) in enumerate(_PRIMARIES):
            y = weights[0] * r + (1 - sum(weights)) * g + weights[1] * b
            wanted = math.degrees(math.atan2((r - y) / (1 - weights[0]), (b - y) / (1 - weights[1])))
            away = np.abs((angle - wanted + 180) % 360 - 180)
            table[strong & (away <= _HUE_TOLERANCE) & ((table == _NEUTRAL) | (table == hue))] = hue
    return table


_HUE_OF = _table_of_hues()
