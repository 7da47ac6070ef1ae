"""Slates: cards and clapper boards that say which programme or take follows.

A slate stands near the start of the file, alone, and has the text of a form: four rows at least, on a plain ground,
or on a board held before the camera. A page of a letter or a book has more rows than either.

What follows at once, on the same ground, tells a slate from a card of credits. After the first text of a file that is
a card of a line or three, or, where the text has six rows, as a card of names hardly has, a roll that isn't all the
rest of the file. After other text it is no card at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.looks import STANDS, Look
from rekvid.backends.local.cues.text_lines import TextLine
from rekvid.backends.local.cues.timeline import Timeline
from rekvid.backends.local.cues.titles import Title
from rekvid.models import TechnicalCueType

_WINDOW = 180.0  # seconds from the start of the file in which slates are looked for, or half of a shorter file
_SHORT_WINDOW = 20.0  # but so many at least
_LEAST_ROWS = 4
_MOST_ROWS = 24
_FORM_ROWS = 6
_PROGRAMME = 3.0  # seconds of anything else after a roll; where it ends the file, what stands before it belongs to it
_LEAST_SECONDS = 0.9
_NEIGHBOUR = 1.2  # seconds: cards that follow each other as fast are credits
_SWAYS = 19  # samples, 4 % of the width, by which a clapper board sways
_BOARD_ROWS = 12  # of what sways: a page in a hand has more
_PASSES = 8  # samples by which a page that a camera passes has moved,
_ONWARD = 0.8  # and the share of its way that led away

OTHER_GROUND = 16.0
"""Levels between two grounds that are not one."""


def find_slates(timeline: Timeline, titles: Sequence[Title]) -> list[tuple[Title, Cue]]:
    """The slates among the titles of a video, with their cues."""
    length = timeline.seconds(timeline.frame_count)
    window = max(_SHORT_WINDOW, min(_WINDOW, length / 2))
    found: list[tuple[Title, Cue]] = []
    for place, title in enumerate(titles):
        look = timeline.looks[(title.first + title.last) // 2]
        start = timeline.seconds(timeline.looks[title.first].index)
        seconds = timeline.seconds(timeline.looks[title.last].index) - start
        if title.rolls or _passes(title) or start > window or seconds < _LEAST_SECONDS:
            continue
        if not _LEAST_ROWS <= rows_of(look) <= (_BOARD_ROWS if title.drift > _PASSES else _MOST_ROWS):
            continue
        before, after = titles[max(0, place - 1) : place], titles[place + 1 : place + 2]
        is_first = len(found) == place  # but for other slates
        if is_first and rows_of(look) >= _FORM_ROWS:
            after = [other for other in after if not (other.rolls and _goes_on_after(timeline, other))]
        if any(_is_card_beside(timeline, title, other, 1) for other in before) or any(
            _is_card_beside(timeline, title, other, _LEAST_ROWS if is_first else 1) for other in after
        ):
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


def _passes(title: Title) -> bool:
    """Whether a card is more likely a page or a sign that a camera passes than a card or a board in a hand."""
    return title.drift > _SWAYS or (title.drift > _PASSES and title.onward > _ONWARD)


def _is_card_beside(timeline: Timeline, title: Title, other: Title, rows: int) -> bool:
    """Whether `other`, right before or after, is a roll, or a card of so many `rows` on a ground like `title`'s."""
    first, last = sorted((title, other), key=lambda each: each.first)
    gap = timeline.seconds(timeline.looks[last.first].index - timeline.looks[first.last].index)
    look, other_look = (timeline.looks[(each.first + each.last) // 2] for each in (title, other))
    if gap > _NEIGHBOUR or abs(look.ground - other_look.ground) > OTHER_GROUND:
        return False
    is_card = not _passes(other) and last.again < STANDS and rows_of(other_look) >= rows
    return other.rolls or is_card


def _goes_on_after(timeline: Timeline, title: Title) -> bool:
    return timeline.seconds(timeline.frame_count - timeline.looks[title.last].index) > _PROGRAMME


def _confidence(look: Look) -> float:
    """More rows, more of them that begin in one column, and a plain ground speak for a slate."""
    rows = min(1.0, (rows_of(look) - _LEAST_ROWS + 1) / 4)
    plain = 1.0 if look.ring < 0.05 else 0.5
    return 50 + 45 * (0.4 * rows + 0.3 * min(1.0, 1.5 * aligned_of(look)) + 0.3 * plain)
