"""Hard cuts, found in the stream of small frames without any trained weights.

A cut is a step between two frames that

1. is larger than the steps around it, once the motion of blocks and a change of brightness are taken out of all
   of them: so neither a fast pan nor a lamp that is switched on is a cut;
2. leaves much unexplained, measured by the contrast of the two pictures: a keyframe that looks a little better
   than the frame before it, or a single thing that moves fast, changes less;
3. has a picture of its own behind it: where the scene of before comes back at once, it was a flash.

A dissolve or a fade is many steps of one size, none of which stands out; so gradual transitions are passed over.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from rekvid.backends.local.decode import SmallFrame
from rekvid.backends.local.steps import Step, View, difference

FLOOR = 4.0
"""The smallest step that can be a cut, in levels of luma and chroma together."""

PROMINENCE = 2.2
"""How many times as large as the steps around it a cut has to be."""

UNLIKENESS = 0.3
"""What a cut leaves unexplained at least, as a share of the contrast of the two pictures.

On the clips that it was chosen by, real cuts begin at 0.6 and all else ends at 0.21.
"""

_STILL = 1.6  # levels: what coding alone does to a still picture; steps below it count as this
_RETURN = 0.4  # a scene has come back where it differs from itself by less than this share of the step
_FLASH = 12.0  # levels by which a flash lifts the mean luma at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Where one shot ends and the next begins.

    Attributes:
        end: The last frame of the shot before; -1 at the start of a video.
        start: The first frame of the shot after. ``end + 1`` at a hard cut; the frames of a gradual transition lie
            between the two and belong to neither shot.
        confidence: 50-100, see `confidence_of`.
    """

    end: int
    start: int
    confidence: float

    @property
    def is_cut(self) -> bool:
        """Whether no frame lies between the two shots."""
        return self.start == self.end + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot.

    Attributes:
        first: Its first frame.
        last: Its last frame.
        confidence: 50-100: the smaller of the confidences of its two boundaries, as in the service's own shots.
    """

    first: int
    last: int
    confidence: float


def confidence_of(margin: float) -> float:
    """How sure a boundary is: ``100 - 50 / margin ** 4``.

    Args:
        margin: How many times the evidence is what a cut needs at least: with `step` for what is unexplained of it,
            the smallest of ``step / FLOOR``, ``step / contrast / UNLIKENESS`` and
            ``step / steps around it / PROMINENCE``. 1 is the threshold and gives 50; 1.5 gives 90; 3 gives 99.4.

    The formula only orders boundaries by evidence: it is not calibrated against labelled cuts yet.
    """
    return 100 - 50 / max(margin, 1.0) ** 4


def shots_between(boundaries: list[Boundary], frame_count: int) -> list[Shot]:
    """The shots of a video of `frame_count` frames. Its own start and end are certain boundaries."""
    edges = [
        Boundary(end=-1, start=0, confidence=100.0),
        *boundaries,
        Boundary(end=frame_count - 1, start=frame_count, confidence=100.0),
    ]
    return [
        Shot(first=start.start, last=end.end, confidence=min(start.confidence, end.confidence))
        for start, end in itertools.pairwise(edges)
    ]


class ShotDetector:
    """Finds hard cuts: `feed` it every frame, then `finish`.

    Attributes:
        look_ahead: How many frames after a cut have to be seen before it is reported.
    """

    def __init__(self, rate: Fraction) -> None:
        """Make a detector for video of `rate` frames a second."""
        # A sixth of a second covers the longest usual flash; at low rates a few frames are needed to judge at all.
        self.look_ahead = max(5, round(rate / 6))
        self._steps: deque[Step] = deque(maxlen=2 * self.look_ahead + 1)
        self._last: View | None = None

    def feed(self, frame: SmallFrame) -> list[Boundary]:
        """Take the next frame; return the cuts that it makes certain, in order."""
        view = View(frame)
        if self._last is not None:
            self._steps.append(Step(self._last, view))
        self._last = view
        place = len(self._steps) - 1 - self.look_ahead
        return self._judge(place) if place >= 0 else []

    def finish(self) -> list[Boundary]:
        """Return the cuts among the last frames."""
        found: list[Boundary] = []
        for place in range(max(0, len(self._steps) - self.look_ahead), len(self._steps)):
            found += self._judge(place)
        self._steps.clear()
        return found

    def _judge(self, place: int) -> list[Boundary]:
        """The cut at `place` among the steps that are kept, if it is one."""
        step = self._steps[place]
        if step.size < FLOOR or not self._is_peak(place):
            return []
        before, after = self._sides(place)
        if self._is_drowned(step, before, after):
            self._mark_flashes(place, before, after)
            if self._is_drowned(step, before, after):
                return []
        own = step.unexplained()
        if own < FLOOR:
            return []
        around = max(_around(side, own) for side in (before, after))
        margin = min(
            own / FLOOR,
            own / max(around, _STILL) / PROMINENCE,
            own / max(step.contrast(), _STILL) / UNLIKENESS,
        )
        if margin < 1 or _comes_back(step, before, after, own):
            return []
        return [Boundary(end=step.old.index, start=step.new.index, confidence=confidence_of(margin))]

    def _sides(self, place: int) -> tuple[list[Step], list[Step]]:
        steps = list(self._steps)
        return steps[max(0, place - self.look_ahead) : place], steps[place + 1 : place + 1 + self.look_ahead]

    def _is_drowned(self, step: Step, before: list[Step], after: list[Step]) -> bool:
        """Whether the step is hardly larger than those around it, even before motion is looked at."""
        return any(step.size < 1.25 * _second_largest([each.level for each in side]) for side in (before, after))

    def _mark_flashes(self, place: int, before: list[Step], after: list[Step]) -> None:
        """Find the steps around `place` that belong to a flash, so that a flash close to a cut doesn't hide it."""
        limit = self._steps[place].size / PROMINENCE
        # A flash makes two large steps, and another cut one; more of them are motion, which is not worth a search.
        if any(sum(each.level > limit for each in side) > 3 for side in (before, after)):
            return
        for at in range(max(0, place - self.look_ahead), min(len(self._steps), place + 1 + self.look_ahead)):
            each = self._steps[at]
            if at != place and each.level > limit:
                each.is_flash = _comes_back(each, *self._sides(at), each.unexplained())

    def _is_peak(self, place: int) -> bool:
        # Of two large steps in a row one is the cut (the service's shortest shot has 2 frames): an interlaced
        # or blended frame lies between.
        size = self._steps[place].size
        left = self._steps[place - 1].size if place else 0.0
        right = self._steps[place + 1].size if place + 1 < len(self._steps) else 0.0
        return size > left and size >= right


def _around(side: list[Step], own: float) -> float:
    """What the steps of one side leave unexplained: the largest but one."""
    # What is unexplained is hardly ever more than the step itself, so steps that are small anyway aren't searched.
    return _second_largest([each.unexplained() if each.level * PROMINENCE > own else each.level for each in side])


def _second_largest(sizes: list[float]) -> float:
    return sorted(sizes)[-2] if len(sizes) > 1 else max(sizes, default=0.0)


def _comes_back(step: Step, before: list[Step], after: list[Step], own: float) -> bool:
    """Whether the scene before the step is there again after it, or the scene after it was there before.

    Within two frames it is a flash or a fault, whatever lies between; later only a flash, which is brighter than
    the scene: something else would be a very short shot.
    """
    limit = _RETURN * own
    gain = float(step.new.luma.mean()) - float(step.old.luma.mean())
    here = after if gain > _FLASH else after[:2]
    there = before if -gain > _FLASH else before[-2:]
    return any(difference(step.old, later.new, limit) < limit for later in here) or any(
        difference(earlier.old, step.new, limit) < limit for earlier in there
    )
