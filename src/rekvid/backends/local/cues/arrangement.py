"""From what the finders propose to cues that cover every frame of a video once."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterable, Sequence

from rekvid.backends.local.cues.cue import Cue
from rekvid.models import TechnicalCueType

_KEPT = 0.5  # the share of a proposal that has to be left of it


_EXACT = frozenset({TechnicalCueType.BLACK_FRAMES, TechnicalCueType.COLOR_BARS})  # every frame was asked


def arrange(
    proposals: Iterable[Cue], frame_count: int, quiet: Sequence[int] = (), *, least_content: int = 0
) -> list[Cue]:
    """Give each frame to one cue.

    Where proposals overlap, the earlier one in `proposals` has the frames; the later one keeps the longest stretch
    that is left of it, if that is half of it at least. What nobody claims is content, unless it is short and beside a
    cue whose ends were found between samples: then it is the rest of that cue, as of its fade.

    The confidence of content is 100, less half the percentage of frames in it that are black and silent, but too
    few for a cue.

    Args:
        proposals: Cues by precedence. Their frames may overlap.
        frame_count: Number of frames of the video.
        quiet: The numbers of the black and silent frames, in order.
        least_content: How many frames content has at least beside a slate, a logo or credits.
    """
    placed: list[Cue] = []
    for each in proposals:
        stretches = _left_of(each, placed)
        first, last = max(stretches, key=lambda stretch: stretch[1] - stretch[0], default=(0, -1))
        if last - first + 1 >= _KEPT * (each.last - each.first + 1):
            bisect.insort(
                placed,
                Cue(type=each.type, first=first, last=last, confidence=each.confidence),
                key=lambda cue: cue.first,
            )
    placed = _closed(placed, frame_count, least_content)
    cues: list[Cue] = []
    start = 0
    for cue in placed:
        cues += _content(start, cue.first - 1, quiet)
        cues.append(cue)
        start = cue.last + 1
    return cues + _content(start, frame_count - 1, quiet)


def _left_of(cue: Cue, placed: list[Cue]) -> list[tuple[int, int]]:
    """The stretches of `cue` that none of `placed`, which are in order, takes up."""
    stretches: list[tuple[int, int]] = []
    start = cue.first
    for other in placed:
        if other.last < start:
            continue
        if other.first > cue.last:
            break
        if other.first > start:
            stretches.append((start, other.first - 1))
        start = other.last + 1
    if start <= cue.last:
        stretches.append((start, cue.last))
    return stretches


def _closed(placed: list[Cue], frame_count: int, least: int) -> list[Cue]:
    """`placed`, in which gaps of fewer than `least` frames go to the cue before or after that is not exact."""
    closed = list(placed)
    for place in range(len(closed) + 1):
        first = closed[place - 1].last + 1 if place else 0
        last = closed[place].first - 1 if place < len(closed) else frame_count - 1
        if last - first + 1 >= least:
            continue
        if place and closed[place - 1].type not in _EXACT:
            closed[place - 1] = dataclasses.replace(closed[place - 1], last=last)
        elif place < len(closed) and closed[place].type not in _EXACT:
            closed[place] = dataclasses.replace(closed[place], first=first)
    return closed


def _content(first: int, last: int, quiet: Sequence[int]) -> list[Cue]:
    if first > last:
        return []
    dark = bisect.bisect_right(quiet, last) - bisect.bisect_left(quiet, first)
    confidence = 100 - 50 * dark / (last - first + 1)
    return [Cue(type=TechnicalCueType.CONTENT, first=first, last=last, confidence=confidence)]
