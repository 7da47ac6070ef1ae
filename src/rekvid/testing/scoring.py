"""How well segments were found: what a backend reports against what is true.

Shots are scored by the boundaries between them and technical cues by their overlap, from the segments of any backend:

    truth = make_reel(path, random_reel(7), seed=7)
    score = score_boundaries(truth, boundaries_between(job.shots()))
    print(score.cuts.f1, score.gradual.f1)

Scores add up, so that ``sum(scores, BoundaryScore())`` is the score over many reels, in which each boundary weighs the
same. `Truth` can be written by hand for material of one's own. Nothing here needs an extra.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rekvid.models import SegmentDetection, SegmentType, TechnicalCueType
from rekvid.testing.matching import matched
from rekvid.testing.truth import CueStretch, GradualStretch, Stretch, Truth

_True = TypeVar("_True")
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBoundary:
    """A boundary that a detector reports.

    Attributes:
        end: The last frame of the shot before.
        start: The first frame of the shot after; ``end + 1`` at a hard cut.
        confidence: 50-100, or None where the detector gives none.
    """

    end: int
    start: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was found and what was not.

    Attributes:
        hits: Truths that were found.
        surplus: Finds that are not true.
        missed: Truths that were not found.
    """

    hits: int = 0
    surplus: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of the finds that is true, 0-1; 1 where nothing was found."""
        return _share(self.hits, self.hits + self.surplus)

    @property
    def recall(self) -> float:
        """The share of the truths that was found, 0-1; 1 where there was nothing to find."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0-1; 1 where nothing was there and nothing found."""
        return _share(2 * self.hits, 2 * self.hits + self.surplus + self.missed)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            hits=self.hits + other.hits, surplus=self.surplus + other.surplus, missed=self.missed + other.missed
        )

    def __str__(self) -> str:
        return f"P {self.precision:.3f} R {self.recall:.3f} F1 {self.f1:.3f} ({self.hits}+{self.missed})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameError:
    """How far off the ends of what was found are.

    Attributes:
        frames: The sum of all distances, in frames.
        ends: Of how many ends.
    """

    frames: int = 0
    ends: int = 0

    @property
    def mean(self) -> float:
        """The mean distance in frames; 0 where there is no end."""
        return self.frames / self.ends if self.ends else 0.0

    def __add__(self, other: FrameError) -> FrameError:
        return FrameError(frames=self.frames + other.frames, ends=self.ends + other.ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryJudgement:
    """Which of the boundaries that were found are true.

    Attributes:
        cuts: Pairs of a true cut and what was found of it.
        gradual: Pairs of a true gradual transition and what was found of it.
        missed_cuts: True cuts that were not found.
        missed_gradual: True gradual transitions that were not found.
        surplus_cuts: Hard finds that are not true.
        surplus_gradual: Gradual finds that are not true, and second finds of any form in one gradual transition.
    """

    cuts: tuple[tuple[int, FoundBoundary], ...]
    gradual: tuple[tuple[GradualStretch, FoundBoundary], ...]
    missed_cuts: tuple[int, ...]
    missed_gradual: tuple[GradualStretch, ...]
    surplus_cuts: tuple[FoundBoundary, ...]
    surplus_gradual: tuple[FoundBoundary, ...]

    @property
    def surplus(self) -> tuple[FoundBoundary, ...]:
        """All finds that are not true."""
        return self.surplus_cuts + self.surplus_gradual

    @property
    def true(self) -> tuple[FoundBoundary, ...]:
        """All finds that are true."""
        return tuple(found for _, found in self.cuts) + tuple(found for _, found in self.gradual)


def judge_boundaries(truth: Truth, found: Iterable[FoundBoundary], *, tolerance: int = 0) -> BoundaryJudgement:
    """Pair boundaries with the truth, one to one.

    A true cut is found by a boundary whose two sides both lie within `tolerance` frames of it: at 0, by a hard cut
    at that very frame. A true gradual transition is found by what is left and touches it or its edges, give or take
    `tolerance` frames, be it hard or gradual. What is left then is surplus and counts once: for gradual transitions
    if it touches one or is gradual itself, else for cuts.

    Args:
        truth: What is in the video.
        found: What a detector reports, without any filter by confidence.
        tolerance: Frames, at least 0.
    """
    left = list(found)
    cuts = _paired(truth.cuts, left, lambda cut, each: _cut_distance(cut, each, tolerance))
    for _, each in cuts:
        left.remove(each)
    gradual = _paired(truth.gradual, left, lambda true, each: _gradual_distance(true, each, tolerance))
    for _, each in gradual:
        left.remove(each)
    hard = [each for each in left if each.start == each.end + 1 and not _touches_any(truth, each, tolerance)]
    found_cuts, found_gradual = {cut for cut, _ in cuts}, {true for true, _ in gradual}
    return BoundaryJudgement(
        cuts=tuple(cuts),
        gradual=tuple(gradual),
        missed_cuts=tuple(each for each in truth.cuts if each not in found_cuts),
        missed_gradual=tuple(each for each in truth.gradual if each not in found_gradual),
        surplus_cuts=tuple(hard),
        surplus_gradual=tuple(each for each in left if each not in hard),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryScore:
    """How well the boundaries between shots were found.

    Attributes:
        cuts: Of hard cuts.
        gradual: Of gradual transitions.
        gradual_error: By how much the sides of the gradual transitions that were found are off.
        seconds: Length of the video.
        disturbances: How many disturbances are in it.
        fooled_by: In how many of them there is a boundary that is not true.
    """

    cuts: Tally = field(default_factory=Tally)
    gradual: Tally = field(default_factory=Tally)
    gradual_error: FrameError = field(default_factory=FrameError)
    seconds: float = 0.0
    disturbances: int = 0
    fooled_by: int = 0

    @property
    def both(self) -> Tally:
        """Of cuts and gradual transitions together."""
        return self.cuts + self.gradual

    @property
    def false_per_minute(self) -> float:
        """Boundaries a minute that are not true; 0 for a video without length."""
        return 60 * self.both.surplus / self.seconds if self.seconds else 0.0

    @property
    def undisturbed(self) -> float:
        """The share of the disturbances in which no boundary was found, 0-1; 1 where there is none."""
        return _share(self.disturbances - self.fooled_by, self.disturbances)

    def __add__(self, other: BoundaryScore) -> BoundaryScore:
        return BoundaryScore(
            cuts=self.cuts + other.cuts,
            gradual=self.gradual + other.gradual,
            gradual_error=self.gradual_error + other.gradual_error,
            seconds=self.seconds + other.seconds,
            disturbances=self.disturbances + other.disturbances,
            fooled_by=self.fooled_by + other.fooled_by,
        )

    def __str__(self) -> str:
        return (
            f"cuts {self.cuts}; gradual {self.gradual}, off by {self.gradual_error.mean:.1f} frames; "
            f"{self.false_per_minute:.2f} false a minute; "
            f"fooled by {self.fooled_by} of {self.disturbances} disturbances"
        )


def score_boundaries(truth: Truth, found: Iterable[FoundBoundary], *, tolerance: int = 0) -> BoundaryScore:
    """Score boundaries; for the arguments and the rules see `judge_boundaries`.

    A disturbance fools a detector if a boundary that is not true touches its frames or its edges.
    """
    judged = judge_boundaries(truth, found, tolerance=tolerance)
    errors = [abs(true.first - 1 - each.end) + abs(true.last + 1 - each.start) for true, each in judged.gradual]
    return BoundaryScore(
        cuts=Tally(hits=len(judged.cuts), surplus=len(judged.surplus_cuts), missed=len(judged.missed_cuts)),
        gradual=Tally(hits=len(judged.gradual), surplus=len(judged.surplus_gradual), missed=len(judged.missed_gradual)),
        gradual_error=FrameError(frames=sum(errors), ends=2 * len(errors)),
        seconds=float(truth.frame_count / truth.rate),
        disturbances=len(truth.disturbances),
        fooled_by=sum(any(_touches(each, found) for found in judged.surplus) for each in truth.disturbances),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CueScore:
    """How well the technical cues were found.

    Attributes:
        tallies: By kind.
        errors: By how much the ends of the cues that were found are off, by kind.
    """

    tallies: Mapping[TechnicalCueType, Tally] = field(default_factory=dict)
    errors: Mapping[TechnicalCueType, FrameError] = field(default_factory=dict)

    @property
    def all(self) -> Tally:
        """Of all kinds together."""
        return sum(self.tallies.values(), Tally())

    def __add__(self, other: CueScore) -> CueScore:
        kinds = [kind for kind in TechnicalCueType if kind in self.tallies or kind in other.tallies]
        nothing, exact = Tally(), FrameError()
        return CueScore(
            tallies={kind: self.tallies.get(kind, nothing) + other.tallies.get(kind, nothing) for kind in kinds},
            errors={kind: self.errors.get(kind, exact) + other.errors.get(kind, exact) for kind in kinds},
        )

    def __str__(self) -> str:
        lines = (f"{kind}: {tally}, off by {self.errors[kind].mean:.1f}" for kind, tally in self.tallies.items())
        return "; ".join(lines)


def score_cues(truth: Truth, found: Iterable[CueStretch], *, overlap: float = 0.8) -> CueScore:
    """Score technical cues.

    Args:
        truth: What is in the video.
        found: What a detector reports.
        overlap: A cue is found by one of its kind if the frames that they share are at least this share, above 0 and
            up to 1, of the frames of both together. A find counts for one cue.
    """
    finds = list(found)
    tallies: dict[TechnicalCueType, Tally] = {}
    errors: dict[TechnicalCueType, FrameError] = {}
    for kind in TechnicalCueType:
        true = [each for each in truth.cues if each.type == kind]
        mine = [each for each in finds if each.type == kind]
        if not true and not mine:
            continue
        pairs = _paired(true, mine, lambda one, two: _gap(one, two, overlap))
        tallies[kind] = Tally(hits=len(pairs), surplus=len(mine) - len(pairs), missed=len(true) - len(pairs))
        off = sum(abs(one.first - two.first) + abs(one.last - two.last) for one, two in pairs)
        errors[kind] = FrameError(frames=off, ends=2 * len(pairs))
    return CueScore(tallies=tallies, errors=errors)


def boundaries_between(segments: Iterable[SegmentDetection]) -> list[FoundBoundary]:
    """The boundaries between the shots among `segments`, which a backend has given in order of time.

    A shot's confidence is the smaller of those of its two boundaries, so that a boundary's is at least the larger of
    those of its two shots: that is what it is given.

    Raises:
        ValueError: A shot has no frame numbers; versions of the service's model before 2.0 gave none.
    """
    shots = [each for each in segments if each.type == SegmentType.SHOT]
    found: list[FoundBoundary] = []
    for before, after in itertools.pairwise(shots):
        confidences = [each.confidence for each in (before, after) if each.confidence is not None]
        (_, end), (start, _) = _frames(before), _frames(after)
        found.append(FoundBoundary(end=end, start=start, confidence=max(confidences, default=None)))
    return found


def cues_among(segments: Iterable[SegmentDetection]) -> list[CueStretch]:
    """The technical cues among `segments`, which a backend has given in order of time; unknown kinds are left out.

    A cue that starts at the last frame of the cue before, as in the developer guide's sample, has its first frame
    after it.

    Raises:
        ValueError: A cue has no frame numbers; versions of the service's model before 2.0 gave none.
    """
    cues: list[CueStretch] = []
    end_before: int | None = None
    for each in segments:
        cue = each.technical_cue_segment
        if cue is None:
            continue
        start, end = _frames(each)
        if isinstance(cue.type, TechnicalCueType):
            cues.append(CueStretch(first=start + 1 if start == end_before else start, last=end, type=cue.type))
        end_before = end
    return cues


def _frames(segment: SegmentDetection) -> tuple[int, int]:
    if segment.start_frame_number is None or segment.end_frame_number is None:
        raise ValueError(f"a segment at {segment.start_timecode_smpte} has no frame numbers to be scored by")
    return segment.start_frame_number, segment.end_frame_number


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _paired(
    truths: Sequence[_True], finds: Sequence[_Found], distance: Callable[[_True, _Found], float | None]
) -> list[tuple[_True, _Found]]:
    """The largest matching by `distance`, which is None where two can't be paired."""
    candidates: list[list[int]] = []
    for truth in truths:
        near = [(away, number) for number, each in enumerate(finds) if (away := distance(truth, each)) is not None]
        candidates.append([number for _, number in sorted(near)])
    return [(truths[truth], finds[found]) for truth, found in sorted(matched(candidates).items())]


def _cut_distance(cut: int, found: FoundBoundary, tolerance: int) -> float | None:
    away = max(abs(found.start - cut), abs(found.end + 1 - cut))
    return away if away <= tolerance else None


def _gradual_distance(true: GradualStretch, found: FoundBoundary, tolerance: int) -> float | None:
    if not _touches(true, found, tolerance):
        return None
    return abs(true.first - 1 - found.end) + abs(true.last + 1 - found.start)


def _touches_any(truth: Truth, found: FoundBoundary, tolerance: int) -> bool:
    return any(_touches(each, found, tolerance) for each in truth.gradual)


def _touches(stretch: Stretch, found: FoundBoundary, tolerance: int = 0) -> bool:
    """Whether the boundary lies in the stretch or at one of its edges; a hard one is the line between two frames."""
    return found.end + 1 <= stretch.last + 1 + tolerance and found.start >= stretch.first - tolerance


def _gap(one: Stretch, two: Stretch, overlap: float) -> float | None:
    """How much two stretches lack of being the same, 0-1; None if they share too little."""
    shared = max(0, min(one.last, two.last) - max(one.first, two.first) + 1)
    share = shared / (one.last - one.first + two.last - two.first + 2 - shared)
    return 1 - share if share >= overlap else None
