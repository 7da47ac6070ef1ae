"""Opening and end credits: text that rolls, or cards that follow one another.

A single card is none (a title in the middle of a programme, a sign), nor are two shots with a card each, nor lines at
the foot of a picture, where subtitles, names of speakers and tickers stand.

Which of the two they are follows from their place. Credits that only black, bars and a moment of anything else
follow, or that begin in the last quarter of the file, are end credits; else those that begin in its first half, or
in its first 90 seconds, but not after 10 minutes, are opening credits; else they are content. A file with nothing but
credits has end credits if they roll and opening credits if they don't.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.looks import STANDS
from rekvid.backends.local.cues.slates import OTHER_GROUND, rows_of
from rekvid.backends.local.cues.timeline import Timeline
from rekvid.backends.local.cues.titles import Title
from rekvid.models import TechnicalCueType

_GAP = 4.0  # seconds between two cards
_FOOT = 0.66  # text wholly below this share of the picture's height is a caption
_PLAIN = 0.3  # the share of edges outside of text up to which the ground is plain, and captions are none
_PICTURE = 0.1  # the share of edges in the rim from which on there is a picture behind the text
_STILL = 0.6  # the share of its looks in which a card stands still; a sign that the camera passes doesn't
_FIRST_SECONDS = 90.0
_LAST_OPENING = 600.0
_TAIL = 0.02  # the share of the file that may follow end credits
_SHORT_TAIL = 2.0  # or so many seconds
_SPARSE = 0.03  # the share of edges in a plain picture with a last short line in it
_DRIFT = 10.0  # samples by which a card may have moved, as letters that spread do
_APART = 0.5  # seconds without text between credits and a title that is none of them
_CARDS = 2  # that follow one another in a shot are credits
_SHOTS = 3  # that follow one another with a card each are, too
_ONE_SIZE = 1.3  # times the height of the largest letters of two cards in one style,
_ONE_MIDDLE = 40  # and samples, of 480, between their middles
_LEAD = 3.0  # seconds from the cut to a shot with credits to its first card, and from its last to the next cut
_RUN_OUT = 2.0  # seconds from the cut to the first line of a roll, and from its last line to the cut


def find_credits(timeline: Timeline, titles: Sequence[Title], emblems: Sequence[Cue] = ()) -> list[Cue]:
    """The credits of a video.

    Args:
        timeline: The video.
        titles: What stands or rolls, but for slates and the names in logos.
        emblems: Logos over a picture; they are to credits what a card is, but no part of them.
    """
    found: list[Cue] = []
    usable = [title for title in titles if title.rolls or (title.stillness >= _STILL and title.drift <= _DRIFT)]
    shots = _by_shot(timeline, [title for title in usable if not _is_caption(timeline, title)])
    for chain in _chains(timeline, shots):
        found += _credits(timeline, chain, emblems)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """The titles of one shot.

    Attributes:
        titles: In order.
        cards: The number of different cards.
        rolls: Those that roll.
    """

    titles: list[Title]
    cards: int
    rolls: list[Title]

    @property
    def is_enough(self) -> bool:
        """Whether these are credits by themselves."""
        return bool(self.rolls) or self.cards >= _CARDS


def _by_shot(timeline: Timeline, titles: Sequence[Title]) -> list[_Shot]:
    groups: list[list[Title]] = []
    for title in titles:
        is_near = bool(groups) and _gap(timeline, groups[-1][-1], title) <= _GAP
        if is_near and not _is_new_shot(timeline, groups[-1][-1], title):
            groups[-1].append(title)
        else:
            groups.append([title])
    return [
        _Shot(
            titles=group,
            cards=sum(not title.rolls and (not place or title.again < STANDS) for place, title in enumerate(group)),
            rolls=[title for title in group if title.rolls],
        )
        for group in groups
    ]


def _is_new_shot(timeline: Timeline, before: Title, after: Title) -> bool:
    looks = timeline.looks
    old, new = (looks[(title.first + title.last) // 2] for title in (before, after))
    if (old.ring > _PICTURE) == (new.ring > _PICTURE):
        # A card that fades into another over a picture looks like a transition of the picture.
        return timeline.is_cut_between(looks[before.last].index, looks[after.first].index, surely=True)
    # Between a plain ground and a picture one is believed, also if it begins while the card fades out.
    return timeline.is_cut_between(old.index, new.index)


def _gap(timeline: Timeline, before: Title, after: Title) -> float:
    return timeline.seconds(timeline.looks[after.first].index - timeline.looks[before.last].index)


def _chains(timeline: Timeline, shots: Sequence[_Shot]) -> list[list[_Shot]]:
    """Shots whose titles follow one another closely."""
    chains: list[list[_Shot]] = []
    for shot in shots:
        if chains and _gap(timeline, chains[-1][-1].titles[-1], shot.titles[0]) <= _GAP:
            chains[-1].append(shot)
        else:
            chains.append([shot])
    return chains


def _credits(timeline: Timeline, chain: list[_Shot], emblems: Sequence[Cue]) -> list[Cue]:
    if any(shot.is_enough for shot in chain):
        while _is_apart(timeline, chain):
            chain = chain[1:]
        while _is_apart(timeline, chain[::-1]):
            chain = chain[:-1]
    cards = sum(shot.cards for shot in chain)
    rolls = [roll for shot in chain for roll in shot.rolls]
    opening, closing = chain[0].titles[0], chain[-1].titles[-1]
    first = timeline.start_of(opening.first, **_reach(opening))
    last = timeline.end_of(closing.last, **_reach(closing))
    near = _GAP * float(timeline.rate)
    beside = sum(emblem.first - near <= last and emblem.last + near >= first for emblem in emblems)
    needed = _CARDS if beside or any(shot.is_enough for shot in chain) else _SHOTS
    if not rolls and cards + beside < needed:
        return []
    kind = _kind(timeline, first, last, rolling=bool(rolls))
    if kind is None:
        return []
    return [Cue(type=kind, first=first, last=last, confidence=_confidence(timeline, rolls, cards + beside))]


def _is_caption(timeline: Timeline, title: Title) -> bool:
    look = timeline.looks[(title.first + title.last) // 2]
    if title.rolls or _ground(timeline, title) is not None or not look.lines:
        return False
    height = 270  # rows of `SmallFrame.detail`
    return min(line.top for line in look.lines) >= _FOOT * height and rows_of(look) <= 3


class _Reach(TypedDict, total=False):
    empty: float
    within: float


def _reach(title: Title) -> _Reach:
    """How far from its text credits may begin or end.

    The shot of the first card, or of the last, belongs to them; a roll runs in and out by lines too short to be seen
    as such.
    """
    return {"empty": _SPARSE, "within": _RUN_OUT} if title.rolls else {"within": _LEAD}


def _is_apart(timeline: Timeline, chain: list[_Shot]) -> bool:
    """Whether the first shot of a chain has one card, and is a title of its own beside the credits.

    Such titles stand at a distance from them, over a picture where they stand on a plain ground, or the other way
    round; or over a picture as they are, but they have several cards a shot, or roll, and a second such title looks
    other than they do. A longer row of shots with a card each is one style of credits.
    """
    kind = _ground(timeline, chain[0].titles[0])

    def is_like_first(shot: _Shot) -> bool:
        return not shot.is_enough and _is_alike(_ground(timeline, shot.titles[0]), kind)

    row = list(itertools.takewhile(is_like_first, chain))
    if not row or len(row) == len(chain) or len(row) >= _SHOTS:
        return False
    beside = chain[len(row)]
    before, after = sorted((row[-1], beside), key=lambda shot: shot.titles[0].first)
    if _gap(timeline, before.titles[-1], after.titles[0]) < _APART:
        return False
    if not _is_alike(_ground(timeline, beside.titles[0]), kind):
        return True
    is_own = len(row) == 1 or not _is_of_one_style(timeline, before.titles[-1], after.titles[0])
    return kind is None and is_own


def _is_of_one_style(timeline: Timeline, one: Title, other: Title) -> bool:
    """Whether two cards have letters of about one size around about one middle."""
    lines, others = (timeline.looks[(title.first + title.last) // 2].lines for title in (one, other))
    if one.rolls or other.rolls or not lines or not others:
        return False
    height, other_height = (max(line.height for line in each) for each in (lines, others))
    middle, other_middle = (
        (min(line.left for line in each) + max(line.right for line in each)) / 2 for each in (lines, others)
    )
    return (
        max(height, other_height) <= _ONE_SIZE * min(height, other_height) and abs(middle - other_middle) <= _ONE_MIDDLE
    )


def _is_alike(one: float | None, other: float | None) -> bool:
    """Whether two grounds are both pictures, or plain and about as bright."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= OTHER_GROUND


def _ground(timeline: Timeline, title: Title) -> float | None:
    """The luma of the plain ground behind a title; None where it is over a picture."""
    look = timeline.looks[(title.first + title.last) // 2]
    return look.ground if look.unread <= _PLAIN else None


def _kind(timeline: Timeline, first: int, last: int, *, rolling: bool) -> TechnicalCueType | None:
    length = timeline.seconds(timeline.frame_count)
    start = timeline.seconds(first)
    others = (
        timeline.frame_count - 1 - last - sum(cue.last + 1 - cue.first for cue in timeline.taken if cue.first > last)
    )
    before = first - sum(cue.last + 1 - cue.first for cue in timeline.taken if cue.last < first)
    rest = max(_SHORT_TAIL, _TAIL * length)
    if timeline.seconds(others) <= rest:
        alone = timeline.seconds(before) <= rest
        return TechnicalCueType.OPENING_CREDITS if alone and not rolling else TechnicalCueType.END_CREDITS
    if start >= 0.75 * length:
        return TechnicalCueType.END_CREDITS
    if start <= min(_LAST_OPENING, max(_FIRST_SECONDS, length / 2)):
        return TechnicalCueType.OPENING_CREDITS
    return None


def _confidence(timeline: Timeline, rolls: list[Title], cards: int) -> float:
    """A longer, steadier roll and more cards are surer."""
    rolled = sum(
        timeline.seconds(timeline.looks[roll.last].index - timeline.looks[roll.first].index) * roll.steadiness
        for roll in rolls
    )
    return 100 - 50 * math.exp(-(rolled / 3 + (cards - 1) / 1.5))
