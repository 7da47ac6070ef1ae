"""Where between two sampled frames a cue begins or ends: at the cut, the fade or the black that lies there."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from fractions import Fraction

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.looks import Look
from rekvid.backends.local.shots.detector import Boundary

_NEAR = Fraction(3, 4)  # seconds: text fades in within so much of the cut to its scene
_SURE = 90.0  # the confidence from which on a transition is not doubtful
EMPTY = 0.004
"""The share of edges in a picture with nothing in it, but for what coding does."""


class Timeline:
    """The looks at a video, and all that is known to the frame about it.

    Attributes:
        looks: The looks, in order.
        frame_count: Number of frames of the video.
        rate: Frames a second.
        taken: Cues that are known to the frame (black, bars), in order; nothing found later reaches into them.
    """

    def __init__(
        self,
        looks: Sequence[Look],
        boundaries: Sequence[Boundary],
        taken: Sequence[Cue],
        frame_count: int,
        rate: Fraction,
    ) -> None:
        """Lay out a timeline; boundaries and cues are in order."""
        self.looks = looks
        self.frame_count = frame_count
        self.rate = rate
        self.taken = sorted(taken, key=lambda cue: cue.first)
        # The first frame that belongs to what comes after: in the middle of a gradual transition.
        self._cuts = [(each.end + 1 + each.start) // 2 for each in boundaries]
        self._sure_cuts = [
            cut for cut, each in zip(self._cuts, boundaries, strict=True) if each.is_cut or each.confidence >= _SURE
        ]
        self._firsts = [self._first_after(each, boundaries) for each in boundaries]
        self._lasts = [self._last_before(each, boundaries) for each in boundaries]
        self._gradual = [each for each in boundaries if not each.is_cut]

    def seconds(self, frame: int) -> float:
        """When a frame is shown, at the mean rate."""
        return float(frame / self.rate)

    def is_cut_between(self, frame: int, later: int, *, surely: bool = False) -> bool:
        """Whether a shot begins after `frame` and not after `later`; `surely` leaves doubtful transitions aside.

        One card that fades into another over a picture looks like a transition between two.
        """
        cuts = self._sure_cuts if surely else self._cuts
        return bisect.bisect_right(cuts, frame) < bisect.bisect_right(cuts, later)

    def is_fade_between(self, frame: int, later: int) -> bool:
        """Whether the shot that begins after `frame` and not after `later` does so by a gradual transition."""
        return self.is_cut_between(frame, later) and self.is_passage_between(frame, later)

    def is_passage_between(self, frame: int, later: int) -> bool:
        """Whether a gradual transition, or a part of one, lies between two frames."""
        return any(each.end < later and frame < each.start for each in self._gradual)

    def start_of(self, place: int, *, empty: float = EMPTY, within: float | None = None) -> int:
        """The first frame of what is seen from the look at `place` on.

        Pictures before it with nothing in them belong to it, up to the cut, as the ground of a card does.

        Args:
            place: Place in `looks`.
            empty: The share of edges in a picture with nothing in it.
            within: Seconds from the start of its shot in which it comes into sight; None for the time of a fade.
        """
        while place + 1 < len(self.looks) and self._is_taken(self.looks[place].index):
            place += 1  # the first of a fade from black is black
        earliest = self._end_of_taken_before(self.looks[place].index)
        while place and self._joins(place - 1, place, empty) and self.looks[place - 1].index >= earliest:
            place -= 1
        here = self.looks[place].index
        reach = round((_NEAR if within is None else Fraction(within)) * self.rate)
        before = self.looks[place - 1].index if place else -1
        fade = self._gradual_around(here)
        if fade is not None and here < (fade.end + 1 + fade.start) // 2:
            return max(fade.end + 1, earliest)  # in sight in the first half, it is what fades in
        near = self._cuts[: bisect.bisect_right(self._cuts, here)]
        if near and near[-1] > min(before, here - reach):
            return max(self._firsts[len(near) - 1], earliest)
        if place == 0 or earliest > before or here <= reach:
            return earliest
        return (before + here) // 2 + 1

    def end_of(self, place: int, *, empty: float = EMPTY, within: float | None = None) -> int:
        """The last frame of what is seen up to the look at `place`; see `start_of`."""
        while place and self._is_taken(self.looks[place].index):
            place -= 1
        latest = self._start_of_taken_after(self.looks[place].index)
        final = len(self.looks) - 1
        while place < final and self._joins(place + 1, place, empty) and self.looks[place + 1].index <= latest:
            place += 1
        here = self.looks[place].index
        reach = round((_NEAR if within is None else Fraction(within)) * self.rate)
        after = self.looks[place + 1].index if place < final else self.frame_count
        fade = self._gradual_around(here)
        if fade is not None and here >= (fade.end + 1 + fade.start) // 2:
            return min(fade.start - 1, latest)
        near = self._cuts[bisect.bisect_right(self._cuts, here) :]
        if near and near[0] <= max(after, here + reach):
            return min(self._lasts[len(self._cuts) - len(near)], latest)
        if latest < after or self.frame_count - here <= reach:
            return min(latest, self.frame_count - 1)
        return (here + after) // 2

    def _joins(self, place: int, to: int, empty: float) -> bool:
        """Whether the look at `place` is empty, with no cut between it and the look next to it at `to`."""
        first, last = sorted((self.looks[place].index, self.looks[to].index))
        return self.looks[place].edges < empty and not self.is_cut_between(first, last)

    def _first_after(self, passage: Boundary, boundaries: Sequence[Boundary]) -> int:
        """The first frame of what comes after; all of a fade from what ends there, or after a cut there."""
        middle = (passage.end + 1 + passage.start) // 2
        if passage.is_cut:
            return middle
        ends = [cue.last + 1 for cue in self.taken if passage.end <= cue.last + 1 <= passage.start]
        cuts = [other.start for other in boundaries if 0 <= passage.end + 1 - other.start <= 1]
        return max(ends, default=min(cuts, default=middle))

    def _last_before(self, passage: Boundary, boundaries: Sequence[Boundary]) -> int:
        """The last frame of what comes before; all of a fade to what begins there, or up to a cut there."""
        middle = (passage.end + 1 + passage.start) // 2 - 1
        if passage.is_cut:
            return middle
        starts = [cue.first - 1 for cue in self.taken if passage.end <= cue.first - 1 <= passage.start]
        cuts = [other.end for other in boundaries if 0 <= other.end + 1 - passage.start <= 1]
        return min(starts, default=max(cuts, default=middle))

    def _gradual_around(self, frame: int) -> Boundary | None:
        return next((each for each in self._gradual if each.end < frame < each.start), None)

    def _is_taken(self, frame: int) -> bool:
        return any(cue.first <= frame <= cue.last for cue in self.taken)

    def _end_of_taken_before(self, frame: int) -> int:
        return max((cue.last + 1 for cue in self.taken if cue.last < frame), default=0)

    def _start_of_taken_after(self, frame: int) -> int:
        return min((cue.first - 1 for cue in self.taken if cue.first > frame), default=self.frame_count - 1)
