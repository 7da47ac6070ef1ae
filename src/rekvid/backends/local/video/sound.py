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


class Ear:
    """Finds the sounds of one audio stream: let it `hear` every piece in order, then `finish`.

    Pieces are taken together for half a second, as what is done for each costs more than its samples.
    """

    def __init__(self) -> None:
        self._pieces: list[AudioFrame] = []
        self._samples = 0

    def hear(self, piece: AudioFrame) -> Iterator[Sound]:
        """Take the next piece; give the sounds that are complete."""
        if piece.pts is None or piece.time_base is None or not piece.samples:
            return
        if self._pieces and not _follows(self._pieces[-1], piece):
            yield from self.finish()
        self._pieces.append(piece)
        self._samples += piece.samples
        if 2 * self._samples >= piece.sample_rate:
            yield from self.finish()

    def finish(self) -> Iterator[Sound]:
        """Give the sounds of what was heard so far."""
        if self._pieces:
            pieces, self._pieces, self._samples = self._pieces, [], 0
            yield from _sounds(pieces)


def _follows(last: AudioFrame, piece: AudioFrame) -> bool:
    """Whether `piece` is of the same kind as `last` and goes on where it ends, to a sample or a tick."""
    alike = last.sample_rate == piece.sample_rate and last.time_base == piece.time_base
    if not (alike and last.format.name == piece.format.name and last.layout.name == piece.layout.name):
        return False
    base, rate = piece.time_base, piece.sample_rate
    assert piece.pts is not None
    assert last.pts is not None
    assert base is not None
    gap = (piece.pts - last.pts) * base.numerator * rate - last.samples * base.denominator
    return abs(gap) <= max(base.numerator * rate, base.denominator)


def _sounds(pieces: list[AudioFrame]) -> Iterator[Sound]:
    """The stretches of `pieces` that are above `SILENCE` in any channel, to about 11 ms at 48 kHz."""
    first_piece = pieces[0]
    assert first_piece.pts is not None
    assert first_piece.time_base is not None
    start, rate = first_piece.pts * first_piece.time_base, first_piece.sample_rate
    samples = np.concatenate([_full_scale(piece) for piece in pieces], axis=1)
    edges = np.arange(0, samples.shape[1], _SOUND_WINDOW)
    lengths = np.diff(edges, append=samples.shape[1])
    power = np.add.reduceat(samples * samples, edges, axis=1).max(axis=0) / lengths
    loud = np.flatnonzero(power > SILENCE**2)
    if loud.size == 0:
        return
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > 1) + 1):
        first, last = int(edges[run[0]]), int(edges[run[-1]] + lengths[run[-1]])
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
