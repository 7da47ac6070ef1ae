"""Slates: cards and clapper boards that say which programme or take follows.

A slate stands near the start of the file, alone, and has the text of a form: four rows at least, on a plain ground,
or on a board held before the camera.
"""

from __future__ import annotations

from collections.abc import Sequence

from rekvid.backends.local.cue import Cue
from rekvid.backends.local.looks import STANDS, Look
from rekvid.backends.local.text_lines import TextLine
from rekvid.backends.local.timeline import Timeline
from rekvid.backends.local.titles import Title
from rekvid.models import TechnicalCueType

_WINDOW = 180.0  # seconds from the start of the file in which slates are looked for, or half of a shorter file
_SHORT_WINDOW = 20.0  # but so many at least
_LEAST_ROWS = 4
_LEAST_SECONDS = 0.9
_OTHER_GROUND = 25.0  # levels between the means of two cards on different grounds
_NEIGHBOUR = 1.2  # seconds: cards with as many rows that follow each other as fast are credits
_STEADY_HAND = 13  # samples by which a clapper board sways; a page that a camera passes goes farther


def find_slates(timeline: Timeline, titles: Sequence[Title]) -> list[tuple[Title, Cue]]:
    """The slates among the titles of a video, with their cues."""
    length = timeline.seconds(timeline.frame_count)
    window = max(_SHORT_WINDOW, min(_WINDOW, length / 2))
    found: list[tuple[Title, Cue]] = []
    for place, title in enumerate(titles):
        look = timeline.looks[(title.first + title.last) // 2]
        start = timeline.seconds(timeline.looks[title.first].index)
        seconds = timeline.seconds(timeline.looks[title.last].index) - start
        if title.rolls or title.drift > _STEADY_HAND or start > window or seconds < _LEAST_SECONDS:
            continue
        if rows_of(look) < _LEAST_ROWS:
            continue
        neighbours = [*titles[max(0, place - 1) : place], *titles[place + 1 : place + 2]]
        if any(_is_next_card(timeline, title, other) for other in neighbours):
            continue
        first = timeline.start_of(title.first)
        last = timeline.end_of(title.last)
        cue = Cue(type=TechnicalCueType.SLATE, first=first, last=last, confidence=_confidence(look))
        found.append((title, cue))
    return found


def rows_of(look: Look) -> int:
    """How many rows the text of a look has; what stands side by side is one row."""
    rows = 0
    foot = -1
    for line in look.lines:
        if line.top >= foot - line.height // 2:
            rows += 1
            foot = line.bottom
        else:
            foot = max(foot, line.bottom)
    return rows


def aligned_of(look: Look) -> float:
    """The share of the lines that begin in one column, 0-1."""

    def together(line: TextLine) -> int:
        return sum(abs(other.left - line.left) <= 16 for other in look.lines)

    return max((together(line) for line in look.lines), default=0) / max(1, len(look.lines))


def _is_next_card(timeline: Timeline, title: Title, other: Title) -> bool:
    """Whether `other` is another card or a roll of as much text, right before or after."""
    first, last = sorted((title, other), key=lambda each: each.first)
    gap = timeline.seconds(timeline.looks[last.first].index - timeline.looks[first.last].index)
    if gap > _NEIGHBOUR:
        return False
    look, next_look = (timeline.looks[(each.first + each.last) // 2] for each in (title, other))
    if other.rolls:
        return True
    alike = abs(look.luma - next_look.luma) <= _OTHER_GROUND and other.drift <= _STEADY_HAND
    return alike and last.again < STANDS and rows_of(next_look) >= _LEAST_ROWS - 1


def _confidence(look: Look) -> float:
    """More rows, more of them that begin in one column, and a plain ground speak for a slate."""
    rows = min(1.0, (rows_of(look) - _LEAST_ROWS + 1) / 4)
    plain = 1.0 if look.ring < 0.05 else 0.5
    return 50 + 45 * (0.4 * rows + 0.3 * min(1.0, 1.5 * aligned_of(look)) + 0.3 * plain)
