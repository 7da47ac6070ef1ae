"""Text that is on the screen for a while: it stands as a card, or it rolls."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rekvid.backends.local.cues.looks import HELD, STANDS, SWAY, Look

_ROLLING = 0.45  # the likeness of rolling text from look to look, as lines enter and leave
_LEAST_SHIFT = 2  # rows from look to look at which there may be a roll
_SLOWEST = 2.5  # rows in an interval of `DETAIL_RATE` of the slowest roll: 29 seconds for the height of the picture
_STEADY = 0.7  # the share of the steps of a roll that are of one size
_LEAST_STEPS = 5  # of a roll
_LEAST_STAYS = 2  # looks at which a card is still there


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A card or a roll.

    Attributes:
        first: The place of its first look.
        last: The place of its last look.
        rolls: Whether it rolls.
        again: How alike a card is to the one before it, 0-1.
        stillness: The share of its looks in which a card is where it was, 0-1; 0 for a roll.
        drift: By how many samples of `SmallFrame.detail` a card has been away from where it was at first; infinite
            where it went farther than is searched.
        onward: The share of a card's way that leads away from where it was at first, 0-1: what a camera passes goes on,
            what a hand holds comes back; 1 for a roll.
        steadiness: The share of the steps of a roll that are of one size; 1 for a card.
    """

    first: int
    last: int
    rolls: bool
    again: float
    stillness: float
    drift: float
    onward: float
    steadiness: float


def find_titles(looks: Sequence[Look]) -> list[Title]:
    """The rolls and cards, in order. They don't overlap."""
    titles: list[Title] = []
    place = 0
    while place < len(looks):
        title = _roll_from(looks, place) or _card_from(looks, place)
        if title is None:
            place += 1
        else:
            titles.append(title)
            place = title.last + 1
    return titles


def _roll_from(looks: Sequence[Look], start: int) -> Title | None:
    """The roll whose first step leads from the look at `start` to the next."""
    if start + 1 >= len(looks) or not _is_step(looks[start + 1]):
        return None
    steps: list[float] = []
    missed = 0
    last = start
    for place in range(start + 1, len(looks)):
        look = looks[place]
        if _is_step(look) and (len(steps) < 3 or _fits(look.shift / look.span, statistics.median(steps))):
            missed = 0
            last = place
            steps.append(look.shift / look.span)
        elif look.lines and missed < 2:
            missed += 1
        else:
            break
    if len(steps) < _LEAST_STEPS:
        return None
    usual = statistics.median(steps)
    steadiness = sum(_fits(step, usual) for step in steps) / (last - start)
    # Looks without a step count here: a page that a camera passes slowly has a few steps that are large enough.
    passed = looks[start + 1 : last + 1]
    speed = abs(sum(look.shift for look in passed)) / sum(look.span for look in passed)
    if steadiness < _STEADY or speed < _SLOWEST:
        return None
    return Title(
        first=start,
        last=last,
        rolls=True,
        again=0.0,
        stillness=0.0,
        drift=0.0,
        onward=1.0,
        steadiness=min(1.0, steadiness),
    )


def _is_step(look: Look) -> bool:
    return bool(look.lines) and abs(look.shift) >= _LEAST_SHIFT and look.move >= max(_ROLLING, look.stay + 0.05)


def _fits(shift: float, usual: float) -> bool:
    return abs(shift - usual) <= max(2.5, 0.25 * abs(usual))


def _card_from(looks: Sequence[Look], start: int) -> Title | None:
    """The card whose first look is the one at `start`."""
    if not looks[start].lines:
        return None
    last = start
    while last + 1 < len(looks) and looks[last + 1].lines and _stays(looks[last + 1]):
        last += 1
    if last - start < _LEAST_STAYS:
        return None
    after = looks[start + 1 : last + 1]
    return Title(
        first=start,
        last=last,
        rolls=False,
        again=looks[start].again,
        stillness=sum(look.stay >= STANDS for look in after) / len(after),
        drift=max(_distance(look) for look in after),
        onward=_onward([look.sway for look in looks[start : last + 1]]),
        steadiness=1.0,
    )


def _distance(look: Look) -> float:
    """How far text is away from where it was; infinite where that is farther than was searched."""
    across, down = look.sway
    return math.inf if abs(across) >= SWAY else math.hypot(across, down)


def _onward(sways: Sequence[tuple[int, int]]) -> float:
    way = sum(math.dist(one, other) for one, other in itertools.pairwise(sways))
    return math.dist(sways[0], sways[-1]) / way if way else 0.0


def _stays(look: Look) -> bool:
    return look.held >= HELD
