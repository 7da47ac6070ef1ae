"""Studio logos: an emblem on a plain ground near the start, set off by black, fades or cuts."""

from __future__ import annotations

from collections.abc import Sequence

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.looks import Extent, Look
from rekvid.backends.local.cues.overlays import Emergence
from rekvid.backends.local.cues.timeline import Timeline
from rekvid.models import TechnicalCueType

_WINDOW = 180.0  # seconds from the start of the file in which logos are looked for, or half of a shorter file
_SHORT_WINDOW = 30.0  # but so many at least
_SHORTEST, _LONGEST = 1.0, 20.0  # seconds that the emblem is in sight
_PLAIN_RING = 0.02  # the share of edges in the rim of a plain ground at most
_LEAST_EDGES, _MOST_EDGES = 0.008, 0.4
_UNREAD = 0.2  # the share of the edges that are not letters
_APART = 0.09  # of the picture's height: an emblem where no letters stand beside it; an unread word is less high
_WANDER = 0.04  # how far the middle of an emblem moves, as a share of the picture's sides; a thing moves farther
_MARGIN = 0.03  # of the picture's sides, empty around it
_LEAST_HEIGHT = 0.14  # of the emblem, as a share of the picture's
_OFF_CENTRE = 0.1  # how far from the middle of the picture, across, the emblem's may be
_FADED = 0.5  # the share of its strength in the middle to which it has faded at its ends
_BLACK = 16  # luma
_MOST_LINES = 7  # of text: a name and what is under it, and parts of the emblem that look like text


def find_logos(timeline: Timeline) -> list[Cue]:
    """The studio logos of a video."""
    length = timeline.seconds(timeline.frame_count)
    window = max(_SHORT_WINDOW, min(_WINDOW, length / 2))
    found: list[Cue] = []
    place = 0
    while place < len(timeline.looks):
        last = place
        while last < len(timeline.looks) and _continues(timeline, place, last):
            last += 1
        if last > place:
            looks = timeline.looks[place:last]
            start = timeline.seconds(looks[0].index)
            seconds = timeline.seconds(looks[-1].index) - start
            fits = start <= window and _SHORTEST <= seconds <= _LONGEST
            is_logo = 2 * sum(_is_emblem(look) for look in looks) > len(looks)
            if fits and is_logo and _stands(looks) and _is_set_off(timeline, place, last - 1):
                found.append(_cue(timeline, place, last - 1))
        place = max(last, place + 1)
    return found


def find_overlays(timeline: Timeline, emergences: Sequence[Emergence]) -> list[Cue]:
    """The studio logos among emblems that appear over a picture."""
    length = timeline.seconds(timeline.frame_count)
    window = max(_SHORT_WINDOW, min(_WINDOW, length / 2))
    return [
        Cue(
            type=TechnicalCueType.STUDIO_LOGO,
            first=each.first,
            last=each.last,
            # A film's own title may look like that as well.
            confidence=50 + 20 * each.evenness,
        )
        for each in emergences
        if timeline.seconds(each.first) <= window and _SHORTEST <= timeline.seconds(each.last - each.first) <= _LONGEST
    ]


def _is_emblem(look: Look) -> bool:
    """Whether a look may show an emblem on a plain ground."""
    if (
        look.emblem is None
        or look.extent is None
        or look.ring > _PLAIN_RING
        or not _LEAST_EDGES <= look.edges <= _MOST_EDGES
    ):
        return False
    across, down = look.extent.middle
    return (
        look.unread >= _UNREAD
        and look.apart >= _APART
        and len(look.lines) <= _MOST_LINES
        and look.emblem.bottom - look.emblem.top >= _LEAST_HEIGHT
        and abs(across - 0.5) <= _OFF_CENTRE
        and 0.2 <= down <= 0.75
        and min(look.extent.left, look.extent.top) >= _MARGIN
        and max(look.extent.right, look.extent.bottom) <= 1 - _MARGIN
    )


def _continues(timeline: Timeline, start: int, place: int) -> bool:
    """Whether the look at `place` shows an emblem, or goes on to; one that fades in after a cut does."""
    before, here = timeline.looks[max(start, place - 1)], timeline.looks[place]
    if place == start:
        return _is_emblem(here)
    is_same = _is_same(before.extent, here.extent)
    if timeline.is_cut_between(before.index, here.index):
        return _is_emblem(here) and is_same and timeline.is_fade_between(before.index, here.index)
    # The strokes of an emblem that grows are for a moment as wide and far apart as those of letters.
    return _is_emblem(here) or is_same


def _is_same(one: Extent | None, other: Extent | None) -> bool:
    if one is None or other is None:
        return False
    across = max(abs(one.left - other.left), abs(one.right - other.right))
    return max(across, abs(one.top - other.top), abs(one.bottom - other.bottom)) <= _WANDER


def _stands(looks: Sequence[Look]) -> bool:
    """Whether the emblem stays in the middle, but for its growth and what fades in and out."""
    middles = [look.extent.middle[0] for look in looks if look.extent is not None]
    tenth = len(middles) // 5
    return max(middles[tenth : len(middles) - tenth]) - min(middles[tenth : len(middles) - tenth]) <= _WANDER


def _is_set_off(timeline: Timeline, first: int, last: int) -> bool:
    """Whether it comes out of an empty picture, a cut or the start, and goes as well."""
    looks = timeline.looks
    middle = looks[(first + last) // 2]

    def parted(inner: int, outer: int) -> bool:
        if not 0 <= outer < len(looks) or looks[outer].edges < _LEAST_EDGES:
            return True
        if looks[inner].edges < _FADED * middle.edges or looks[inner].luma - _BLACK < _FADED * (middle.luma - _BLACK):
            return True
        between = sorted((looks[inner].index, looks[outer].index))
        return timeline.is_cut_between(*between) or timeline.is_passage_between(*between)

    return parted(first, first - 1) and parted(last, last + 1)


def _cue(timeline: Timeline, first: int, last: int) -> Cue:
    looks = timeline.looks[first : last + 1]
    unread = sum(min(1.0, look.unread) for look in looks) / len(looks)
    plain = 1 - sum(look.ring for look in looks) / len(looks) / _PLAIN_RING
    return Cue(
        type=TechnicalCueType.STUDIO_LOGO,
        first=timeline.start_of(first),
        last=timeline.end_of(last),
        # A heuristic: what is drawn on a plain ground may be a product as well as an emblem.
        confidence=55 + 35 * (0.6 * min(1.0, unread / 0.6) + 0.4 * plain),
    )
