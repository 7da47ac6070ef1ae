"""What is in a reel, exact to the frame."""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from rekvid.models import TechnicalCueType


class TransitionKind(enum.StrEnum):
    """The kinds of gradual transition."""

    DISSOLVE = "dissolve"
    WIPE = "wipe"
    FADE = "fade"


class DisturbanceKind(enum.StrEnum):
    """The kinds of disturbance."""

    FLASH = "flash"
    STROBE = "strobe"
    FLICKER = "flicker"
    LAMP = "lamp"
    PAN = "pan"
    STOP = "stop"
    SHAKE = "shake"
    ZOOM = "zoom"
    LOWER_THIRD = "lower third"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Frames from `first` to `last`, both of them included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackStretch(Stretch):
    """Black frames from `first` to `last`, and whether the tone sounds over them."""

    sound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GradualStretch(Stretch):
    """The frames of a gradual transition, which belong to no shot."""

    kind: TransitionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DisturbedStretch(Stretch):
    """Frames during which something happens that is no boundary."""

    kind: DisturbanceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CueStretch(Stretch):
    """The frames of a technical cue."""

    type: TechnicalCueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is in a list of scenes.

    A hold of black or white that lasts less than a second between two scenes, and is faded to or from, is one gradual
    transition with the fades at its sides. A longer one is a shot, and so is any at the start or end of the reel.

    Cues cover the reel. A scene's cue holds its frames that no transition touches. Black frames, by the default of the
    API, that are silent and last at least a quarter of a second are BlackFrames, in a transition and at the ends of a
    scene with a cue too. The other frames of a transition count for the neighbour that isn't a uniform scene, or
    else by halves. All the rest is Content.

    Attributes:
        rate: Frames a second.
        frame_count: Number of frames.
        cuts: The first frame of each shot that begins with a hard cut; the start of the reel is none.
        gradual: The gradual transitions.
        black: The frames of black scenes that are all black, whatever their length.
        disturbances: What looks like a boundary and is none.
        cues: The technical cues.
    """

    rate: Fraction
    frame_count: int
    cuts: tuple[int, ...] = ()
    gradual: tuple[GradualStretch, ...] = ()
    black: tuple[BlackStretch, ...] = ()
    disturbances: tuple[DisturbedStretch, ...] = ()
    cues: tuple[CueStretch, ...] = ()

    @property
    def shots(self) -> tuple[Stretch, ...]:
        """The shots; between two of them lies nothing, or a gradual transition."""
        breaks = [(cut, cut - 1) for cut in self.cuts] + [(each.last + 1, each.first - 1) for each in self.gradual]
        edges = sorted([(0, -1), *breaks, (self.frame_count, self.frame_count - 1)])
        return tuple(Stretch(first=start, last=end) for (start, _), (_, end) in itertools.pairwise(edges))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReelTruth(Truth):
    """What is in a reel that has been written.

    Attributes:
        path: The file.
    """

    path: Path
