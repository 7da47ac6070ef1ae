"""Where there is sound in decoded audio, and where silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

SILENCE = 0.01
"""The root mean square, as a share of full scale, up to which audio is silence: -40 dBFS.

Our choice, as the service's is not published: room tone under a title's black (-45 dBFS is usual) counts as silence.
"""

_SOUND_WINDOW = 512  # samples; 11 ms at 48 kHz, so that the edges of sound are known to a fraction of a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A stretch of audio above `SILENCE`.

    Attributes:
        start: First moment, in seconds, on the clock of the frames.
        end: The moment after the last, in seconds.
    """

    start: Fraction
    end: Fraction


def sounds(piece: AudioFrame) -> Iterator[Sound]:
    """The stretches of `piece` that are above `SILENCE` in any channel, to about 11 ms at 48 kHz."""
    if piece.pts is None or piece.time_base is None or not piece.samples:
        return
    start = piece.pts * piece.time_base
    samples = _full_scale(piece)
    edges = np.arange(0, samples.shape[1], _SOUND_WINDOW)
    lengths = np.diff(edges, append=samples.shape[1])
    power = np.add.reduceat(samples * samples, edges, axis=1).max(axis=0) / lengths
    loud = np.flatnonzero(power > SILENCE**2)
    if loud.size == 0:
        return
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1):
        first, last = int(edges[run[0]]), int(edges[run[-1]] + lengths[run[-1]])
        rate = piece.sample_rate
        yield Sound(start=start + Fraction(first, rate), end=start + Fraction(last, rate))


def _full_scale(piece: AudioFrame) -> NDArray[np.float32]:
    """The samples of `piece` as channels by samples, 1.0 being full scale."""
    raw = piece.to_ndarray()
    samples = raw.astype(np.float32)
    if not piece.format.is_planar:
        samples = samples.reshape(piece.samples, -1).T
    if raw.dtype == np.uint8:
        samples = samples - np.float32(128)
    if raw.dtype.kind in "iu":
        samples = samples / np.float32(2 ** (8 * raw.dtype.itemsize - 1))
    return samples
