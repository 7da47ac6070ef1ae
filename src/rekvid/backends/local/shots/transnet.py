"""TransNetV2 in the stream of small frames: the published network for shots, with weights that the user brings.

It looks at 100 frames of 48x27 RGB at a time, of which the middle 50 are kept (Soucek and Lokoc, "TransNet V2: An
effective deep network architecture for fast shot transition detection", arXiv 2008.04838, and its published code).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.shots.boundaries import Boundary
from rekvid.backends.local.video.decode import Plane, SmallFrame

WIDTH, HEIGHT = 48, 27
WINDOW = 100
KEPT = 50
_ASIDE = (WINDOW - KEPT) // 2
_THRESHOLD = 0.5  # as in the published code
_LONGEST_CUT = 2  # frames that the network may mark for one hard cut

Pictures: TypeAlias = NDArray[np.uint8]
Logits: TypeAlias = NDArray[np.float32]

Network: TypeAlias = Callable[[Pictures], tuple[Logits, Logits]]
"""Gives two rows of 100 logits for pictures of the shape (1, 100, 27, 48, 3), RGB with levels of 0-255.

The first says of each frame whether it is the last before a new shot, or the middle of a gradual transition; the second
whether it belongs to a transition at all.
"""


class TransNetDetector:
    """Finds shots by TransNetV2: `feed` it every frame, then `finish`. It keeps a hundred frames at most.

    A confidence is the network's own probability, in percent: it isn't calibrated on our reels.

    Args:
        network: What looks at the windows.
        full_range: Whether luma runs over 0-255 rather than 16-235.

    Attributes:
        look_ahead: How many frames after a boundary have to be seen before it is reported.
    """

    look_ahead = WINDOW

    def __init__(self, network: Network, *, full_range: bool) -> None:
        self._network = network
        self._full_range = full_range
        self._pictures: list[Pictures] = []
        self._fed = 0
        self._judged = 0
        self._open: list[tuple[float, float]] = []

    def feed(self, frame: SmallFrame) -> list[Boundary]:
        """Take the next frame; return the boundaries that it makes certain, in order."""
        picture = rgb_of(frame, full_range=self._full_range)
        if not self._fed:
            self._pictures += [picture] * _ASIDE
        self._fed += 1
        self._pictures.append(picture)
        return self._look() if len(self._pictures) == WINDOW else []

    def finish(self) -> list[Boundary]:
        """Return the boundaries among the last frames, in order."""
        found: list[Boundary] = []
        while self._judged < self._fed:
            self._pictures += [self._pictures[-1]] * (WINDOW - len(self._pictures))
            found += self._look()
        return found + self._close()

    def _look(self) -> list[Boundary]:
        """Judge the middle frames of the window."""
        found: list[Boundary] = []
        cuts, transitions = (_probabilities(each) for each in self._network(np.stack(self._pictures)[None]))
        for cut, transition in zip(cuts, transitions, strict=True):
            if self._judged == self._fed:  # what follows are copies of the last frame
                break
            if max(cut, transition) > _THRESHOLD:
                self._open.append((cut, transition))
            else:
                found += self._close()
            self._judged += 1
        del self._pictures[:KEPT]
        return found

    def _close(self) -> list[Boundary]:
        """The boundary that the marked frames before the next frame to be judged make up, if any."""
        marked, self._open = self._open, []
        best = max((cut for cut, _ in marked), default=0.0)
        if best <= _THRESHOLD:
            return []
        first = self._judged - len(marked)
        if len(marked) <= _LONGEST_CUT:
            end = first + [cut for cut, _ in marked].index(best)
            start = end + 1
        else:
            end, start = first - 1, self._judged
        if end < 0 or start >= self._fed:
            return []  # the edges of the video are no boundaries between shots
        return [Boundary(end=end, start=start, confidence=100 * best)]


def rgb_of(frame: SmallFrame, *, full_range: bool) -> Pictures:
    """The frame as the network wants it: 27 rows of 48, RGB.

    The mean of the samples under each pixel of the small frame of 128x72, by the matrix of BT.601, which FFmpeg takes
    too where it scales to RGB for the published code.
    """
    luma = _shrunk(frame.luma)
    blue, red = _shrunk(frame.blue) - 128, _shrunk(frame.red) - 128
    if not full_range:
        luma = (luma - 16) * (255 / 219)
        blue, red = blue * (255 / 224), red * (255 / 224)
    rgb = np.stack((luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue), axis=-1)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def _shrunk(plane: Plane) -> NDArray[np.float32]:
    rows, columns = plane.shape
    shrunk = _SHARES[rows, HEIGHT] @ plane.astype(np.float32) @ _SHARES[columns, WIDTH].T
    return shrunk.astype(np.float32, copy=False)


def _shares(count: int, wanted: int) -> NDArray[np.float32]:
    """How much of each of `wanted` equal parts every one of `count` equal parts covers."""
    edges = np.arange(wanted + 1) * count / wanted
    low, high = edges[:-1, None], edges[1:, None]
    covered = np.clip(np.minimum(high, np.arange(count) + 1) - np.maximum(low, np.arange(count)), 0, 1)
    shares: NDArray[np.float32] = (covered * wanted / count).astype(np.float32)
    return shares


_SHARES = {(count, wanted): _shares(count, wanted) for count, wanted in ((72, 27), (36, 27), (128, 48), (64, 48))}


def _probabilities(logits: Logits) -> list[float]:
    middle = logits.reshape(-1)[_ASIDE : _ASIDE + KEPT].astype(np.float64)
    probabilities: list[float] = (1 / (1 + np.exp(-np.clip(middle, -30, 30)))).tolist()
    return probabilities
