"""Technical cues, found in the stream: one finder for each kind, and content, which is everything else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rekvid.backends.local.cues.arrangement import arrange
from rekvid.backends.local.cues.bars import BarsFinder
from rekvid.backends.local.cues.black import BlackFinder, Blackness
from rekvid.backends.local.cues.credits import find_credits
from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.logos import find_logos, find_overlays
from rekvid.backends.local.cues.looks import Look, Looker
from rekvid.backends.local.cues.overlays import Emergence, OverlayFinder
from rekvid.backends.local.cues.slates import find_slates
from rekvid.backends.local.cues.timeline import Timeline
from rekvid.backends.local.cues.titles import Title, find_titles
from rekvid.backends.local.shots.detector import Boundary
from rekvid.backends.local.video.pictures import DETAIL_RATE, BlackLevel, SmallFrame
from rekvid.backends.local.video.sound import Sound
from rekvid.models import TechnicalCueType

_LEAST_CONTENT = 2 / DETAIL_RATE  # seconds: both ends of a gap may be off by one sample


class CueDetector:
    """Finds technical cues: `feed` it every frame, let it `hear` every sound, then `finish`.

    Memory is bounded by a few numbers for each black frame, each sampled frame and each stretch of sound.

    Attributes:
        looks: What was seen in the sampled frames so far.
    """

    def __init__(self, rate: Fraction, level: BlackLevel) -> None:
        """Make a detector for video of `rate` frames a second whose frames were counted by `level`."""
        self._rate = rate
        self._black = BlackFinder(rate, level)
        self._bars = BarsFinder(rate)
        self._looker = Looker()
        self._overlays = OverlayFinder()
        self.looks: list[Look] = []
        self._frames = 0

    def feed(self, frame: SmallFrame) -> None:
        """Take the next frame."""
        self._frames += 1
        self._black.feed(frame)
        self._bars.feed(frame)
        look = self._looker.look(frame)
        if look is not None:
            self.looks.append(look)
            self._overlays.feed(frame)

    def hear(self, sound: Sound) -> None:
        """Take a sound. Sounds of several audio streams may come in any order."""
        self._black.hear(sound)

    def finish(self, boundaries: Sequence[Boundary] = ()) -> list[Cue]:
        """All cues in order of time; together they cover every frame once.

        Args:
            boundaries: Where shots end and begin, in order.
        """
        return cues_of(
            Evidence(
                looks=self.looks,
                emergences=self._overlays.finish(),
                bars=self._bars.finish(),
                blackness=self._black.finish(),
                boundaries=boundaries,
                frame_count=self._frames,
                rate=self._rate,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a video when all of it was seen.

    Attributes:
        looks: The looks at the sampled frames.
        emergences: Emblems that appear over a picture.
        bars: The colour bars.
        blackness: The black.
        boundaries: Where shots end and begin.
        frame_count: Number of frames.
        rate: Frames a second.
    """

    looks: Sequence[Look]
    emergences: Sequence[Emergence]
    bars: Sequence[Cue]
    blackness: Blackness
    boundaries: Sequence[Boundary]
    frame_count: int
    rate: Fraction


def cues_of(seen: Evidence) -> list[Cue]:
    """All cues in order of time; together they cover every frame once."""
    exact = [*seen.bars, *seen.blackness.cues]
    timeline = Timeline(seen.looks, seen.boundaries, exact, seen.frame_count, seen.rate)
    # Burnt-in text on bars is text too.
    titles = [title for title in find_titles(seen.looks) if not _begins_in(timeline, title, seen.bars)]
    slates = find_slates(timeline, titles)
    logos = find_logos(timeline)
    emblems = [each for each in find_overlays(timeline, seen.emergences) if not any(map(each.overlaps, logos))]
    of_slates = [title for title, _ in slates]
    rest = [title for title in titles if title not in of_slates and not _lies_in(timeline, title, [*logos, *emblems])]
    found_credits = find_credits(timeline, rest, emblems)
    return arrange(
        [
            *seen.bars,
            *(cue for _, cue in slates),
            *_before_opening_ends(logos, found_credits),
            *emblems,
            *found_credits,
            *seen.blackness.cues,
        ],
        seen.frame_count,
        seen.blackness.quiet,
        least_content=math.ceil(_LEAST_CONTENT * seen.rate),
    )


def _before_opening_ends(logos: Sequence[Cue], found_credits: Sequence[Cue]) -> list[Cue]:
    """The logos but for those after the opening credits: an emblem on a plain ground in the film itself is a thing."""
    ends = [cue.last for cue in found_credits if cue.type is TechnicalCueType.OPENING_CREDITS]
    return [logo for logo in logos if not ends or logo.first <= max(ends)]


def _lies_in(timeline: Timeline, title: Title, cues: Sequence[Cue]) -> bool:
    """Whether a title belongs to one of `cues`, as a company's name does; credits may begin while a logo fades out."""
    return _is_seen_in(timeline, (title.first + title.last) // 2, cues)


def _begins_in(timeline: Timeline, title: Title, cues: Sequence[Cue]) -> bool:
    return _is_seen_in(timeline, title.first, cues)


def _is_seen_in(timeline: Timeline, place: int, cues: Sequence[Cue]) -> bool:
    frame = timeline.looks[place].index
    return any(cue.first <= frame <= cue.last for cue in cues)
