"""Where shots end and begin: the values that detectors of shots give."""

from __future__ import annotations

import itertools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """Where one shot ends and the next begins.

    Attributes:
        end: The last frame of the shot before; -1 at the start of a video.
        start: The first frame of the shot after. ``end + 1`` at a hard cut; the frames of a gradual transition lie
            between the two and belong to neither shot.
        confidence: 50-100, in percent: how often a boundary with such evidence is one.
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
