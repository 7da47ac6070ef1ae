"""Technical cues, found in the stream: one finder for each kind, and content, which is everything else."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rekvid.backends.local.arrangement import arrange
from rekvid.backends.local.bars import BarsFinder
from rekvid.backends.local.black import BlackFinder
from rekvid.backends.local.cue import Cue
from rekvid.backends.local.decode import BlackLevel, SmallFrame
from rekvid.backends.local.shots import Boundary
from rekvid.backends.local.sound import Sound


class CueDetector:
    """Finds technical cues: `feed` it every frame, let it `hear` every sound, then `finish`.

    Memory is bounded by a few numbers for each black frame, each second and each stretch of sound.
    """

    def __init__(self, rate: Fraction, level: BlackLevel) -> None:
        """Make a detector for video of `rate` frames a second whose frames were counted by `level`."""
        self._black = BlackFinder(rate, level)
        self._bars = BarsFinder(rate)
        self._frames = 0

    def feed(self, frame: SmallFrame) -> None:
        """Take the next frame."""
        self._frames += 1
        self._black.feed(frame)
        self._bars.feed(frame)

    def hear(self, sound: Sound) -> None:
        """Take a sound. Sounds of several audio streams may come in any order."""
        self._black.hear(sound)

    def finish(self, boundaries: Sequence[Boundary] = ()) -> list[Cue]:
        """All cues in order of time; together they cover every frame once.

        Args:
            boundaries: Where shots end and begin, in order.
        """
        black = self._black.finish()
        return arrange([*self._bars.finish(), *black.cues], self._frames, black.quiet)
