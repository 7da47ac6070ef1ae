"""Hard cuts, found in the stream of small frames.

A cut is a step between two frames that

1. is larger than the steps around it, once the motion of blocks and a change of brightness are taken out of all
   of them: so neither a fast pan nor a lamp that is switched on is a cut;
2. leaves much unexplained, measured by the contrast of the two pictures: a keyframe that looks a little better
   than the frame before it, or a single thing that moves fast, changes less;
3. has a picture of its own behind it: where the scene of before comes back at once, it was a flash.

How much each of these weighs is a matter of `rekvid.backends.local.shots.calibration`.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from rekvid.backends.local.shots.calibration import CUT
from rekvid.backends.local.shots.steps import Step, View, difference, likeness, second_largest
from rekvid.backends.local.video.decode import SmallFrame

FLOOR = 3.0
"""The smallest step that can be a cut, in levels of luma and chroma together."""

ALIKE = 0.65
"""The `likeness` from which on pictures are of one scene, without a closer look."""

_STILL = 1.6  # levels: what coding alone does to a still picture; steps below it count as this
_STANDS_OUT = 1.5  # times the steps around it: a step below that isn't looked at more closely
_RETURN = 0.4  # a scene has come back where it differs from itself by less than this share of the step


@dataclass(frozen=True, slots=True, kw_only=True)
class CutEvidence:
    """What speaks for a cut.

    Attributes:
        unexplained: What motion and light don't explain of the step, in levels of luma and chroma together.
        prominence: How many times as large that is as in the steps around it, but for the largest on each side.
        unlikeness: How much of the contrast of the two pictures it is.
        likeness: How far the two pictures rise and fall at the same places, -1 to 1, see `likeness`.
        returning: How much the scene of before differs from what comes after, as a share of `unexplained`: below 1
            something of it came back.
    """

    unexplained: float
    prominence: float
    unlikeness: float
    likeness: float
    returning: float

    @property
    def features(self) -> tuple[float, ...]:
        """The numbers that `rekvid.backends.local.shots.calibration` weighs."""
        return (
            math.log(min(max(self.unexplained, 1.0), 30.0)),
            math.log(min(max(self.prominence, 0.5), 8.0)),
            math.log(min(max(self.unlikeness, 0.1), 1.5)),
            max(self.likeness, 0.0),
            min(max(self.returning, 0.3), 0.7),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CutCandidate:
    """A step that may be a cut, before the frame `start`."""

    start: int
    evidence: CutEvidence

    @property
    def logit(self) -> float:
        """The logarithm of the odds that it is one."""
        return CUT.logit(self.evidence.features)


class CutDetector:
    """Finds hard cuts: `feed` it every frame, then `finish`.

    Attributes:
        look_ahead: How many frames after a cut have to be seen before it is reported.
    """

    def __init__(self, rate: Fraction, *, faintest: float = -3.0) -> None:
        """Make a detector for video of `rate` frames a second.

        Args:
            rate: Frames a second.
            faintest: Logarithm of the odds; whatever is less likely to be a cut even if no flash speaks against it
                is not reported. It saves time, and calibration does without it.
        """
        self._faintest = faintest
        # A quarter of a second covers the longest usual flash; at low rates a few frames are needed to judge at all.
        self.look_ahead = max(5, round(rate / 4))
        self._near = near(rate)
        self._steps: deque[Step] = deque(maxlen=2 * self.look_ahead + 1)
        self._last: View | None = None

    def feed(self, frame: SmallFrame) -> list[CutCandidate]:
        """Take the next frame; return the steps that may be cuts and are no flash, in order."""
        view = View(frame)
        if self._last is not None:
            self._steps.append(Step(self._last, view))
        self._last = view
        place = len(self._steps) - 1 - self.look_ahead
        return self._judge(place) if place >= 0 else []

    def finish(self) -> list[CutCandidate]:
        """Return those among the last frames."""
        found: list[CutCandidate] = []
        for place in range(max(0, len(self._steps) - self.look_ahead), len(self._steps)):
            found += self._judge(place)
        self._steps.clear()
        return found

    def _judge(self, place: int) -> list[CutCandidate]:
        """The candidate at `place` among the steps that are kept, if it is one."""
        step = self._steps[place]
        # What costs most comes last, and only where all before leaves it open.
        if step.size < FLOOR or not self._is_peak(place):
            return []
        alike = likeness(step.old, step.new)
        evidence = self._evidence(place, alike) if alike < ALIKE and self._stands_out(place) else None
        if evidence is None or CUT.logit(evidence.features) < self._faintest:
            return []
        returning = _returning(step, *self._sides(place, self.look_ahead), evidence.unexplained)
        return [CutCandidate(start=step.new.index, evidence=dataclasses.replace(evidence, returning=returning))]

    def _stands_out(self, place: int) -> bool:
        """Whether the step is larger than those around it, but for flashes, before motion is looked at."""
        step = self._steps[place]
        before, after = self._sides(place, self._near)
        if self._is_drowned(step, before, after):
            self._mark_flashes(place, before, after)
            return not self._is_drowned(step, before, after)
        return True

    def _evidence(self, place: int, alike: float) -> CutEvidence | None:
        """What speaks for a cut, as if nothing came back; None where the steps around are as large."""
        step = self._steps[place]
        own = step.unexplained()
        around = max(_around(side, own) for side in self._sides(place, self._near))
        if own < max(FLOOR / 2, _STANDS_OUT * around):
            return None
        return evidence_of(step, own, around, alike)

    def _sides(self, place: int, reach: int) -> tuple[list[Step], list[Step]]:
        steps = list(self._steps)
        return steps[max(0, place - reach) : place], steps[place + 1 : place + 1 + reach]

    def _is_drowned(self, step: Step, before: list[Step], after: list[Step]) -> bool:
        """Whether the step is hardly larger than those around it, even before motion is looked at."""
        return any(step.size < 1.1 * second_largest([each.level for each in side]) for side in (before, after))

    def _mark_flashes(self, place: int, before: list[Step], after: list[Step]) -> None:
        """Find the steps around `place` that belong to a flash, so that a flash close to a cut doesn't hide it."""
        limit = self._steps[place].size / _STANDS_OUT
        # A flash makes two large steps, and another cut one; more of them are motion, which is not worth a search.
        if any(sum(each.level > limit for each in side) > 3 for side in (before, after)):
            return
        for at in range(max(0, place - self._near), min(len(self._steps), place + 1 + self._near)):
            each = self._steps[at]
            if at != place and each.level > limit:
                each.is_flash = _returning(each, *self._sides(at, self.look_ahead), each.unexplained()) < _RETURN

    def _is_peak(self, place: int) -> bool:
        # Of two large steps in a row one is the cut (the service's shortest shot has 2 frames): an interlaced
        # or blended frame lies between.
        size = self._steps[place].size
        left = self._steps[place - 1].size if place else 0.0
        right = self._steps[place + 1].size if place + 1 < len(self._steps) else 0.0
        return size > left and size >= right


def evidence_of(step: Step, own: float, around: float, alike: float) -> CutEvidence:
    """What speaks for a cut at `step`, as if nothing came back.

    Args:
        step: The step.
        own: What it leaves unexplained.
        around: What the steps around it leave unexplained.
        alike: The likeness of its two pictures.
    """
    return CutEvidence(
        unexplained=own,
        prominence=own / max(around, _STILL),
        unlikeness=own / max(step.contrast(), _STILL),
        likeness=alike,
        returning=1.0,
    )


def near(rate: Fraction) -> int:
    """How many steps on each side a cut has to stand out among, at `rate` frames a second."""
    return max(5, round(rate / 6))


def _around(side: list[Step], own: float) -> float:
    """What the steps of one side leave unexplained: the largest but one, as far as it is needed to refuse `own`."""
    largest = second = 0.0
    for each in side:
        # What is unexplained is hardly ever more than the step itself, so steps that are small anyway aren't searched.
        size = each.unexplained() if each.level * 2 > own else each.level
        largest, second = max(largest, size), max(second, min(largest, size))
        if own < _STANDS_OUT * second:
            break
    return second if len(side) > 1 else largest


def _returning(step: Step, before: list[Step], after: list[Step], own: float) -> float:
    """How near the scene before the step comes after it, or the scene after it came before, as a share of `own`."""
    limit = _RETURN * own
    nearest = own
    for one, two in [(step.old, later.new) for later in after] + [(earlier.old, step.new) for earlier in before]:
        nearest = min(nearest, difference(one, two, limit))
        if nearest < limit:
            break
    return nearest / max(own, 0.1)
