"""A technical cue as the analysers state it: what it is, from which frame to which, and how sure."""

from __future__ import annotations

from dataclasses import dataclass

from rekvid.models import TechnicalCueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A technical cue.

    Attributes:
        type: What it is.
        first: Its first frame.
        last: Its last frame.
        confidence: 50-100. What it rests on, for each type, is written where the type is found.
    """

    type: TechnicalCueType
    first: int
    last: int
    confidence: float

    def overlaps(self, other: Cue) -> bool:
        """Whether the two have a frame in common."""
        return self.first <= other.last and other.first <= self.last
