"""Whether a hard cut may hide where frames were left out of decoding.

Of a gap only the frames at its two sides are known. A cut is as large over a gap as between two frames, but motion
leaves more unexplained over a gap; not as many times more as there are frames, though, as it goes to and fro. So the
step over a gap counts in full where it is asked about, and divided by the root of its frames where it is one of those
around. What would be a cut by that, or nearly, may hide one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from rekvid.backends.local.shots.calibration import CUT
from rekvid.backends.local.shots.cuts import ALIKE, FLOOR, evidence_of, near
from rekvid.backends.local.shots.steps import Step, View, likeness, second_largest
from rekvid.backends.local.video.decode import SmallFrame

_FAINTEST = -1.0  # logarithm of the odds: 27 percent, where cuts are reported from 50 on


def may_hide_cut(frames: Sequence[SmallFrame], rate: Fraction) -> bool:
    """Whether there may be a cut between two frames that don't follow each other.

    Args:
        frames: The frames that are known, in order.
        rate: Frames a second.
    """
    steps = [Step(old, new) for old, new in itertools.pairwise([View(frame) for frame in frames])]
    reach = near(rate)
    return any(
        _length(step) > 1
        and step.size >= FLOOR
        and _may_be_cut(step, steps[max(0, place - reach) : place], steps[place + 1 : place + 1 + reach])
        for place, step in enumerate(steps)
    )


def _may_be_cut(step: Step, *sides: Sequence[Step]) -> bool:
    # What costs most comes last, and only where all before leaves it open.
    if step.size < max(second_largest([each.size / _length(each) ** 0.5 for each in side]) for side in sides):
        return False
    alike = likeness(step.old, step.new)
    if alike >= ALIKE:
        return False
    own = step.unexplained()
    around = max(second_largest([each.unexplained() / _length(each) ** 0.5 for each in side]) for side in sides)
    return CUT.logit(evidence_of(step, own, around, alike).features) >= _FAINTEST


def _length(step: Step) -> int:
    return step.new.index - step.old.index
