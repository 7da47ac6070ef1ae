"""Shots, found in the stream of small frames without any trained weights: hard cuts and gradual transitions, in order.

A fade through a uniform picture, black or white above all, that stays for less than a second is one transition; a
uniform picture that stays longer is a shot of its own, as are those at the start and the end of a video.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from rekvid.backends.local.shots.boundaries import Boundary, Shot, shots_between
from rekvid.backends.local.shots.calibration import confidence_of
from rekvid.backends.local.shots.cuts import CutCandidate, CutDetector
from rekvid.backends.local.shots.gradual import Candidate, GradualDetector
from rekvid.backends.local.shots.outlines import UNIFORM
from rekvid.backends.local.video.decode import SmallFrame

__all__ = ["Boundary", "BoundaryDetector", "Shot", "ShotDetector", "shots_between"]

HOLD_LIMIT = 1
"""Seconds from which on a uniform picture between fades is a shot. Our choice; the service's rule isn't published."""

_CERTAIN = 2.2  # logarithm of the odds (90 percent): no gradual transition is looked for across such a cut
_OVERLAP = 0.25  # of its length that a gradual transition may lie in a better one
_FADED = 0.25  # a picture has faded out where it has less of the contrast of those around than this share


class BoundaryDetector(Protocol):
    """What finds the boundaries of shots in the stream of frames."""

    look_ahead: int
    """How many frames after a boundary have to be seen before it is reported."""

    def feed(self, frame: SmallFrame) -> list[Boundary]:
        """Take the next frame; return the boundaries that it makes certain, in order."""
        ...

    def finish(self) -> list[Boundary]:
        """Return the boundaries among the last frames, in order."""
        ...


class ShotDetector:
    """The detector that needs no weights: `feed` it every frame, then `finish`.

    It keeps 10 seconds of small frames.

    Confidences are calibrated: of the boundaries with a confidence of about c, c percent are true on reels that chance
    composed, see `rekvid.backends.local.shots.calibration`.

    Attributes:
        look_ahead: How many frames after a boundary have to be seen before it is reported.
    """

    def __init__(self, rate: Fraction) -> None:
        """Make a detector for video of `rate` frames a second."""
        self._hold = HOLD_LIMIT * rate
        self._cuts = CutDetector(rate)
        self._gradual = GradualDetector(rate)
        self.look_ahead = self._gradual.look_ahead + self._cuts.look_ahead + int(self._hold) + 1
        self._found: list[_Found] = []
        self._contrasts = _Contrasts()

    def feed(self, frame: SmallFrame) -> list[Boundary]:
        """Take the next frame; return the boundaries that it makes certain, in order."""
        self._note_cuts(self._cuts.feed(frame))
        self._note(self._gradual.feed(frame))
        self._contrasts.append(self._gradual.contrast)
        return self._settle(self._gradual.settled)

    def finish(self) -> list[Boundary]:
        """Return the boundaries among the last frames, in order."""
        self._note_cuts(self._cuts.finish())
        self._note(self._gradual.finish())
        return self._settle(None)

    def _note_cuts(self, cuts: Sequence[CutCandidate]) -> None:
        for each in cuts:
            if each.logit >= _CERTAIN:
                self._gradual.cut(each.start)
            if each.logit >= 0:
                self._found.append(_Found(end=each.start - 1, start=each.start, logit=each.logit))

    def _note(self, candidates: Sequence[Candidate]) -> None:
        self._found += [
            _Found(end=each.end, start=each.start, logit=each.logit) for each in candidates if each.logit >= 0
        ]

    def _settle(self, horizon: int | None) -> list[Boundary]:
        """What is certain, when nothing that is still to come begins before the frame `horizon`."""
        certain: list[Boundary] = []
        for run in _runs(self._found, self._hold):
            if horizon is not None and max(each.start for each in run) + self._hold >= horizon:
                break
            del self._found[: len(run)]
            certain += [
                Boundary(end=each.end, start=each.start, confidence=confidence_of(each.logit))
                for each in self._joined(_best(run))
            ]
        if horizon is not None:
            self._contrasts.forget(min([horizon, *(each.end for each in self._found)]))
        return certain

    def _joined(self, chosen: list[_Found]) -> list[_Found]:
        """One transition for two with nothing to see between them."""
        joined: list[_Found] = []
        for each in chosen:
            last = joined[-1] if joined else None
            if last and self._is_hold(last, each):
                joined[-1] = _Found(end=last.end, start=each.start, logit=min(last.logit, each.logit))
            elif last and each.end < last.start:
                # Both fits are a little too wide: the shot between has one frame at least.
                if each.start > last.start + 1:
                    joined.append(replace(each, end=last.start))
            else:
                joined.append(each)
        return joined

    def _is_hold(self, one: _Found, two: _Found) -> bool:
        if (one.is_cut and two.is_cut) or two.end - one.start + 1 >= self._hold:
            return False
        between = range(min(one.start, two.end), max(one.start, two.end) + 1)
        limit = _FADED * min(self._contrasts[one.end], self._contrasts[two.start])
        return all(self._contrasts[frame] < max(limit, UNIFORM) for frame in between)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A boundary that may be one."""

    end: int
    start: int
    logit: float

    @property
    def is_cut(self) -> bool:
        return self.start == self.end + 1

    def excludes(self, other: _Found) -> bool:
        """Whether the two can't both be there."""
        shared = min(self.start, other.start) - max(self.end, other.end)
        return shared > _OVERLAP * min(self.start - self.end, other.start - other.end)


class _Contrasts:
    """The contrasts of the last frames, by the number of the frame."""

    def __init__(self) -> None:
        self._values: deque[float] = deque()
        self._first = 0

    def append(self, contrast: float) -> None:
        self._values.append(contrast)

    def forget(self, before: int) -> None:
        while self._first < before and self._values:
            self._values.popleft()
            self._first += 1

    def __getitem__(self, frame: int) -> float:
        return self._values[frame - self._first]


def _runs(found: list[_Found], hold: Fraction) -> list[list[_Found]]:
    """Sort what was found, and part it where nothing that lies on one side has to do with the other side."""
    found.sort(key=lambda each: (each.end, each.start))
    runs: list[list[_Found]] = []
    reach = 0
    for each in found:
        apart = runs and each.is_cut and runs[-1][-1].is_cut
        if runs and each.end < (reach if apart else reach + hold):
            runs[-1].append(each)
        else:
            runs.append([each])
        reach = max(reach, each.start)
    return runs


def _best(run: list[_Found]) -> list[_Found]:
    """The likeliest that can all be there, in order."""
    chosen: list[_Found] = []
    for each in sorted(run, key=lambda each: -each.logit):
        if not any(each.excludes(other) for other in chosen):
            chosen.append(each)
    return sorted(chosen, key=lambda each: each.end)
