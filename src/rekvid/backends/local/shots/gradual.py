"""Dissolves, fades and wipes, found in the stream of outlines.

For each frame and several spans around it, two questions that take microseconds: do the ends of the span differ as
two scenes do, and is the frame amidst a mixture of the two? Where both hold best, the exact start and end are fitted
(see `rekvid.backends.local.shots.ramps`), and what is found there is weighed as `Evidence`.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rekvid.backends.local.shots.calibration import DISSOLVE, WIPE
from rekvid.backends.local.shots.outlines import Outline, Samples, outline_of
from rekvid.backends.local.shots.ramps import Kind, Ramp, mixture, settle
from rekvid.backends.local.shots.steps import View, unlikeness, unlikeness_at_most
from rekvid.backends.local.video.decode import SmallFrame

HALF_SPANS = (3, 6, 12, 24, 40)
"""Frames from the middle of a transition to the ends of the spans that are tried."""

REACH = 84
"""Frames before and after the middle of a transition that are looked at: more than three seconds on each side."""

_BATCH = 16  # frames that are looked at together, as numpy costs the same for one
_FAINTEST = 1.5  # levels by which scenes differ at least, on average over the blocks
_LIMIT = {Kind.DISSOLVE: 0.15, Kind.WIPE: 0.3}  # the largest `Mixture.residual` amidst a transition
_LARGEST_ERROR = 0.4  # of `Ramp.error`; the three are wider than any transition on the reels
_LARGEST_HEIGHT = 1.8
_LARGEST_OUTSIDE = 1.4
_USUAL_RATE = 30  # frames a second up to which every frame is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for and against a gradual transition.

    Attributes:
        kind: What it is taken for.
        length: From the last frame before it to the first after it, in frames.
        residual: What is in neither of the two pictures; the mean of all between, see `Mixture.residual`.
        error: How far its curve is from a ramp, see `Ramp.error`.
        height: How much of the way the ramp goes, see `Ramp.height`.
        outside: How much pictures change in the same time before it or after it, as a share of the change during it.
        unlikeness: What motion and light don't explain between the two pictures, as a share of their contrast.
        difference: The mean difference of the blocks of the two pictures, in levels.
        dip: How much detail there is halfway, as a share of what there would be if motion led from one to the other.
    """

    kind: Kind
    length: int
    residual: float
    error: float
    height: float
    outside: float
    unlikeness: float
    difference: float
    dip: float

    @property
    def features(self) -> tuple[float, ...]:
        """The numbers that `rekvid.backends.local.shots.calibration` weighs."""
        return (
            math.log(self.residual + 0.003),
            math.log(self.error + 0.01),
            math.log(self.outside + 0.05),
            math.log(self.unlikeness + 0.05),
            math.log(self.difference + 0.5),
            abs(math.log(self.height)),
            min(self.dip, 1.5),
            math.log(self.length),
        )

    @property
    def logit(self) -> float:
        """The logarithm of the odds that it is a transition."""
        return (WIPE if self.kind is Kind.WIPE else DISSOLVE).logit(self.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A transition that may be one: the last frame before it, the first after it, and what speaks for it."""

    end: int
    start: int
    evidence: Evidence

    @property
    def logit(self) -> float:
        """The logarithm of the odds that it is one."""
        return self.evidence.logit


class GradualDetector:
    """Finds gradual transitions: `feed` it every frame and the cuts, then `finish`.

    Attributes:
        look_ahead: How many frames have to be seen after the last that `settled` counts.
    """

    def __init__(self, rate: Fraction, *, faintest: float = 0.0) -> None:
        """Make a detector for video of `rate` frames a second.

        Args:
            rate: Frames a second.
            faintest: Logarithm of the odds; what is clearly less likely than that to be a transition is not reported.
                It saves time, and calibration does without it.
        """
        self._faintest = faintest
        self._stride = max(1, round(rate / _USUAL_RATE))
        longest = max(12, round(rate / self._stride * 8 / 5))
        self._halves = tuple(half for half in HALF_SPANS if half <= longest)
        self.look_ahead = (2 * REACH + self._halves[-1] + _BATCH + 1) * self._stride
        self._kept: deque[tuple[Outline, SmallFrame]] = deque()
        self._first = 0  # the place of the first that is kept; a place is a frame number over `_stride`
        self._scanned = 0
        self._judged = 0
        self._cuts: list[int] = [0]
        self._scores: deque[dict[tuple[Kind, int], float]] = deque()

    @property
    def contrast(self) -> float:
        """`Outline.contrast` of the last frame that was looked at."""
        return self._kept[-1][0].contrast if self._kept else 0.0

    @property
    def settled(self) -> int:
        """No candidate that is still to come has its `Candidate.end` before this frame."""
        return max(0, self._judged - REACH) * self._stride

    def cut(self, frame: int) -> None:
        """Know that a shot begins at `frame`: no transition goes over it."""
        self._cuts.append(frame)

    def feed(self, frame: SmallFrame) -> list[Candidate]:
        """Take the next frame; return the candidates that it completes."""
        if frame.index % self._stride:
            return []
        self._kept.append((outline_of(frame), frame))
        known = self._first + len(self._kept)
        found: list[Candidate] = []
        if known - REACH - self._scanned >= _BATCH:
            found = self._advance(known - REACH)
            while self._first < self._judged - REACH:
                self._kept.popleft()
                self._scores.popleft()
                self._first += 1
            while len(self._cuts) > 1 and self._cuts[1] <= self._first * self._stride:
                del self._cuts[0]
        return found

    def finish(self) -> list[Candidate]:
        """Return the candidates among the last frames."""
        found = self._advance(self._first + len(self._kept))
        return found + self._judge(self._scanned)

    def _advance(self, until: int) -> list[Candidate]:
        if until > self._scanned:
            self._scan(self._scanned, until)
            self._scanned = until
        return self._judge(self._scanned - self._halves[-1])

    def _limits(self, place: int) -> tuple[int, int]:
        """The first and the last place of the shot that `place` lies in, among those that are kept."""
        first, last = self._first, self._first + len(self._kept) - 1
        for cut in self._cuts:
            if -(-cut // self._stride) <= place:
                first = max(first, -(-cut // self._stride))
            else:
                last = min(last, (cut - 1) // self._stride)
                break
        return first, last

    def _scan(self, start: int, end: int) -> None:
        places = np.arange(start, end)
        limits = np.array([self._limits(place) for place in range(start, end)])
        lowest = max(self._first, start - self._halves[-1])
        pictures = np.stack(
            [
                outline.blocks
                for outline, _ in itertools.islice(
                    self._kept, lowest - self._first, end + self._halves[-1] - self._first
                )
            ]
        )
        scores: list[dict[tuple[Kind, int], float]] = [{} for _ in places]
        middle = pictures[places - lowest]
        for half in self._halves:
            old = pictures[np.maximum(places - half, limits[:, 0]) - lowest]
            new = pictures[np.minimum(places + half, limits[:, 1]) - lowest]
            size = np.abs(new - old).mean(axis=1)
            if size.max() < _FAINTEST:
                continue
            for kind, limit in _LIMIT.items():
                found = mixture(kind, middle, old, new)
                score = size * (1 - found.residual / limit) * 4 * found.share * (1 - found.share)
                good = (size > _FAINTEST) & (found.residual < limit) & (np.abs(found.share - 0.5) < 0.3)
                for at in np.flatnonzero(good):
                    scores[at][kind, half] = float(score[at])
        self._scores.extend(scores)

    def _judge(self, until: int) -> list[Candidate]:
        found: list[Candidate] = []
        seen: set[tuple[Kind, int, int]] = set()
        for place in range(self._judged, until):
            for (kind, half), score in self._scores[place - self._first].items():
                if self._is_peak(place, kind, half, score):
                    found += self._candidate(kind, place, half, seen)
        self._judged = max(self._judged, until)
        return found

    def _is_peak(self, place: int, kind: Kind, half: int, score: float) -> bool:
        at, around = place - self._first, max(2, half // 2)
        before = itertools.islice(self._scores, max(0, at - around), at)
        after = itertools.islice(self._scores, at + 1, at + 1 + around)
        return all(each.get((kind, half), 0.0) < score for each in before) and all(
            each.get((kind, half), 0.0) <= score for each in after
        )

    def _candidate(self, kind: Kind, place: int, half: int, seen: set[tuple[Kind, int, int]]) -> Iterator[Candidate]:
        first, last = self._limits(place)
        first, last = max(first, place - REACH), min(last, place + REACH)
        kept = list(itertools.islice(self._kept, first - self._first, last + 1 - self._first))
        pictures = np.stack([outline.blocks for outline, _ in kept])
        start, end = max(place - half, first) - first, min(place + half, last) - first
        ramp = settle(kind, pictures, place - first, start, end)
        key = (kind, ramp.start + first, ramp.end + first)
        if ramp.end - ramp.start < 3 or ramp.height <= 0 or key in seen:
            return
        seen.add(key)
        evidence = _evidence(kind, ramp, kept, pictures, self._faintest)
        if evidence is not None:
            yield Candidate(end=kept[ramp.start][1].index, start=kept[ramp.end][1].index, evidence=evidence)


def _evidence(
    kind: Kind, ramp: Ramp, kept: list[tuple[Outline, SmallFrame]], pictures: Samples, faintest: float
) -> Evidence | None:
    """What speaks for a ramp; None where the numbers that cost little rule it out."""
    if ramp.error > _LARGEST_ERROR or not 1 / _LARGEST_HEIGHT < ramp.height < _LARGEST_HEIGHT:
        return None
    (before, old_frame), (after, new_frame) = kept[ramp.start], kept[ramp.end]
    inside = mixture(kind, pictures[ramp.start + 1 : ramp.end], before.blocks, after.blocks)
    residual = float(inside.residual.mean())
    size = float(np.abs(after.blocks - before.blocks).sum()) + 1e-3
    outside = max(_change_before(ramp, before, pictures), _change_after(ramp, after, pictures)) / size
    if residual > _LIMIT[kind] or outside > _LARGEST_OUTSIDE:
        return None
    share = float(np.clip(inside.share[len(inside.share) // 2], 0.05, 0.95))
    halfway = kept[ramp.start + 1 + len(inside.share) // 2][0]
    old, new = View(old_frame), View(new_frame)
    evidence = Evidence(
        kind=kind,
        length=ramp.end - ramp.start,
        residual=residual,
        error=ramp.error,
        height=ramp.height,
        outside=outside,
        unlikeness=unlikeness_at_most(old, new),
        difference=size / len(before.blocks),
        dip=halfway.detail / max((1 - share) * before.detail + share * after.detail, 1.0),
    )
    # What costs most comes last, and only where it can still make a transition of it.
    return replace(evidence, unlikeness=unlikeness(old, new)) if evidence.logit >= faintest else None


def _change_before(ramp: Ramp, before: Outline, pictures: Samples) -> float:
    """How much pictures change before a ramp, in as many frames; a uniform picture may come from anywhere."""
    at = max(0, 2 * ramp.start - ramp.end)
    return 0.0 if before.is_uniform else float(np.abs(pictures[at] - before.blocks).sum())


def _change_after(ramp: Ramp, after: Outline, pictures: Samples) -> float:
    at = min(len(pictures) - 1, 2 * ramp.end - ramp.start)
    return 0.0 if after.is_uniform else float(np.abs(pictures[at] - after.blocks).sum())
