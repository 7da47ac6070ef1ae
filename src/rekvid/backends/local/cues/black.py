"""Black frames without sound.

A frame is black when enough of its samples are dark (API reference, BlackFrame). Black with sound is content
(developer guide, "Detecting video segments"): a radio play has its reasons.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.video.pictures import BlackLevel, SmallFrame
from rekvid.backends.local.video.sound import Sound
from rekvid.models import TechnicalCueType

MINIMUM_LENGTH = Fraction(1, 4)
"""The shortest stretch of black, in seconds, that is a cue of its own. Our choice; the service's is not published."""

SOUND_EDGE = Fraction(1, 10)
"""How far, in seconds, sound may reach into a stretch of black from either end without being sound over black.

It is the tail of a sound, or the smear that an audio codec leaves around an edge. Our choice.
"""


def black_level(*, full_range: bool, max_pixel_threshold: float, min_coverage_percentage: float) -> BlackLevel:
    """What is black by the two numbers of a request.

    ``min_luma + max_pixel_threshold * (max_luma - min_luma)``, with luma over 0-255 in FULL video and over
    16-235 in LIMITED (API reference, BlackFrame).

    Args:
        full_range: Whether the video is FULL.
        max_pixel_threshold: 0-1.
        min_coverage_percentage: 0-100.
    """
    lowest, highest = (0, 255) if full_range else (16, 235)
    # What was typed, not the float nearest to it: 0.6 of 255 must be 153, not a little less.
    threshold = Fraction(max_pixel_threshold).limit_denominator(10**6)
    return BlackLevel(ceiling=lowest + threshold * (highest - lowest), share=min_coverage_percentage / 100)


def may_hide_edge(frames: Sequence[SmallFrame], level: BlackLevel) -> bool:
    """Whether black may begin or end between two of `frames` that don't follow each other."""
    return any(
        new.index > old.index + 1 and (old.black_share >= level.share) != (new.black_share >= level.share)
        for old, new in itertools.pairwise(frames)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackness:
    """The black of a video.

    Attributes:
        cues: The stretches of silent black that are cues, in order.
        quiet: The numbers of all frames that are black and silent, in order, those in no cue among them.
        black: The numbers of all black frames, with sound or without, in order.
    """

    cues: list[Cue]
    quiet: list[int]
    black: list[int]


@dataclass(frozen=True, slots=True)
class _BlackFrame:
    index: int
    time: Fraction
    share: float


class BlackFinder:
    """Finds black frames: `feed` it every frame, let it `hear` every sound, then `finish`.

    It keeps what is black and when there is sound, so that it doesn't matter which of the two comes first.

    The confidence of a cue is how far the mean share of black samples lies between the share asked for (50) and all
    (100).
    """

    def __init__(self, rate: Fraction, level: BlackLevel) -> None:
        """Make a finder for video of `rate` frames a second whose frames were counted by `level`."""
        self._rate = rate
        self._level = level
        self._black: list[_BlackFrame] = []
        self._sounds: list[Sound] = []

    def feed(self, frame: SmallFrame) -> None:
        """Take the next frame."""
        if frame.black_share >= self._level.share:
            self._black.append(_BlackFrame(frame.index, frame.time, frame.black_share))

    def hear(self, sound: Sound) -> None:
        """Take a sound. Sounds of several audio streams may come in any order."""
        last = self._sounds[-1] if self._sounds else None
        if last is not None and last.start <= sound.start <= last.end:
            self._sounds[-1] = Sound(start=last.start, end=max(last.end, sound.end))
        else:
            self._sounds.append(sound)

    def finish(self) -> Blackness:
        """All black of the video."""
        silent = _Silence(self._sounds)
        quiet: list[_BlackFrame] = []
        cues: list[Cue] = []
        needed = math.ceil(MINIMUM_LENGTH * self._rate)
        for run in _runs(self._black):
            for stretch in _runs(self._without_sound(run, silent)):
                quiet += stretch
                if len(stretch) >= needed:
                    cues.append(self._cue(stretch))
        return Blackness(cues=cues, quiet=[each.index for each in quiet], black=[each.index for each in self._black])

    def _without_sound(self, run: list[_BlackFrame], silent: _Silence) -> list[_BlackFrame]:
        """The frames of a stretch of black over which there is no sound but what spills in at its ends."""
        ends = [*(each.time for each in run[1:]), run[-1].time + 1 / self._rate]
        loud = [not silent.during(each.time, end) for each, end in zip(run, ends, strict=True)]
        if all(loud):
            return []
        first, after = loud.index(False), len(loud) - loud[::-1].index(False)
        if run[first].time - run[0].time <= SOUND_EDGE:
            loud[:first] = [False] * first
        if ends[-1] - ends[after - 1] <= SOUND_EDGE:
            loud[after:] = [False] * (len(loud) - after)
        return [each for each, is_loud in zip(run, loud, strict=True) if not is_loud]

    def _cue(self, stretch: list[_BlackFrame]) -> Cue:
        share = sum(each.share for each in stretch) / len(stretch)
        room = 1 - self._level.share
        certainty = (share - self._level.share) / room if room > 0 else 1.0
        return Cue(
            type=TechnicalCueType.BLACK_FRAMES,
            first=stretch[0].index,
            last=stretch[-1].index,
            confidence=50 + 50 * min(max(certainty, 0.0), 1.0),
        )


class _Silence:
    """Tells whether there is sound during a time."""

    def __init__(self, sounds: list[Sound]) -> None:
        self._starts: list[Fraction] = []
        self._ends: list[Fraction] = []
        for sound in sorted(sounds, key=lambda each: each.start):
            if self._ends and sound.start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], sound.end)
            else:
                self._starts.append(sound.start)
                self._ends.append(sound.end)

    def during(self, start: Fraction, end: Fraction) -> bool:
        """Whether no sound reaches into the time from `start` up to `end`."""
        place = bisect.bisect_right(self._ends, start)
        return place == len(self._ends) or self._starts[place] >= end


def _runs(frames: list[_BlackFrame]) -> Iterator[list[_BlackFrame]]:
    """The stretches of `frames` whose numbers follow one another."""
    run: list[_BlackFrame] = []
    for frame in frames:
        if run and frame.index != run[-1].index + 1:
            yield run
            run = []
        run.append(frame)
    if run:
        yield run
