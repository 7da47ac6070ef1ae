"""Pictures to which no other one refers, left out of decoding where nothing can be in them that isn't beside them.

In a usual H.264 stream every second picture is such a non-reference picture (FFmpeg: ``AVDISCARD_NONREF``). Most of
them lie amidst a shot, between pictures that hardly differ: the mean of those shows what they do, but for its noise.
They are decoded nevertheless

- for a fifth of a second, and five frames at least, before and after a keyframe, as encoders put them at cuts;
- likewise around a picture that took far more bits than those before it, or far fewer, as something new came up there;
- in the whole range, where the small frames at both sides of a gap leave open what happened between, where pictures
  are interlaced, or where the decoder did not show what the packets announced.

All of that is a matter of the range alone, so the frames are the same however many ranges are decoded side by side.
"""

from __future__ import annotations

import itertools
import statistics
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from rekvid.backends.local.video.pictures import Plane, SmallFrame, begins_interval
from rekvid.backends.local.video.ranges import Range

Overlooks: TypeAlias = Callable[[Sequence[SmallFrame]], bool]
"""Tells of the decoded frames of a range, in order, whether something may have happened where an index is missing."""

_UNUSUAL = 2.5  # times the usual size, or the other way round: a picture of such a size shows something new
_USUAL = 8  # pictures of which the median is the usual size
_LEAST_AROUND = 5  # frames that are decoded on each side, as a cut has to stand out among so many steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be left out of a range.

    Attributes:
        places: The number of each frame of the range in order of display, from 0, by its pts.
        spare: The pts of those that may be left out, if no other picture refers to theirs.
        detailed: The pts of those that have `SmallFrame.detail`.
    """

    places: Mapping[int, int]
    spare: frozenset[int]
    detailed: frozenset[int]


class Gaps:
    """Says which frames of a range may be left out, and fills the gaps."""

    def __init__(self, time_base: Fraction, rate: Fraction, *, detail: bool, overlooks: Overlooks) -> None:
        """Leave frames out of a video.

        Args:
            time_base: Seconds of a unit of pts.
            rate: Frames a second.
            detail: Whether some frames have `SmallFrame.detail`.
            overlooks: Tells whether too much was left out of a range.
        """
        self._time_base = time_base
        self._rate = rate
        self._detail = detail
        self._overlooks = overlooks

    def plan(self, range_: Range) -> Plan | None:
        """What may be left out of `range_`, unless it is the rest of a video, by its packets; None for nothing."""
        every = [_pts(packet) for packet in (*range_.packets, *range_.tail)]
        start, end = range_.start, range_.end
        shown = sorted(pts for pts in every if (start is None or pts >= start) and (end is None or pts < end))
        if len(set(every)) < len(every) or not shown:
            return None  # frames can't be told by their pts
        needed = self._needed(range_, shown)
        detailed = frozenset(self._detailed(shown, needed)) if self._detail else frozenset()
        spare = frozenset(shown).difference(needed, detailed)
        places = {pts: place for place, pts in enumerate(shown)}
        return Plan(places=places, spare=spare, detailed=detailed) if spare else None

    def _needed(self, range_: Range, shown: list[int]) -> set[int]:
        """The pts that are decoded whether their frames have detail or not: those that are no B pictures among them."""
        around = max(_LEAST_AROUND, round(self._rate / 5))
        needed = {_pts(packet) for packet in range_.tail}
        for first, last in [(shown[0], shown[0]), *_unusual(range_.packets), (shown[-1], shown[-1])]:
            low, high = bisect_left(shown, first) - around, bisect_right(shown, last) + around
            needed.update(shown[max(0, low) : high])
        return needed.union(itertools.accumulate((_pts(packet) for packet in range_.packets), max))

    def _detailed(self, shown: list[int], needed: set[int]) -> Iterator[int]:
        """In each interval the first frame that is decoded anyhow, or the first of all where none is."""
        waiting: int | None = None
        for pts in shown:
            if begins_interval(pts * self._time_base, self._rate):
                if waiting is not None:
                    yield waiting
                waiting = pts
            if waiting is not None and pts in needed:
                yield pts
                waiting = None
        if waiting is not None:
            yield waiting

    def filled(self, plan: Plan, frames: Sequence[SmallFrame]) -> deque[SmallFrame] | None:
        """All frames of a range, with means of those beside them for those that were left out.

        Args:
            plan: What could be left out.
            frames: What was decoded; each index is a place of the plan.

        Returns:
            The frames in order; None if others are missing than may be, or something may have been overlooked.
        """
        moments = list(plan.places)
        missing = set(plan.places.values()).difference(frame.index for frame in frames)
        if len(frames) + len(missing) != len(moments) or not all(moments[place] in plan.spare for place in missing):
            return None
        if missing and self._overlooks(frames):
            return None
        whole = deque(frames[:1])
        for old, new in itertools.pairwise(frames):
            span = new.index - old.index
            for ahead in range(1, span):
                whole.append(_between(old, new, ahead, span, moments[old.index + ahead] * self._time_base))
            whole.append(new)
        return whole


def _pts(packet: Packet[VideoStream]) -> int:
    assert packet.pts is not None, "a packet without a pts is in no range but the rest"
    return packet.pts


def _unusual(packets: Iterable[Packet[VideoStream]]) -> Iterator[tuple[int, int]]:
    """Between which pts something new comes up, judged by the sizes of pictures; of a B picture, by its own alone."""
    sizes: deque[int] = deque(maxlen=_USUAL)
    latest: int | None = None
    size = 0
    for packet in packets:
        pts = _pts(packet)
        if latest is not None and pts < latest:  # shown between two that came before it
            if packet.size > size:
                yield pts, pts
            continue
        if packet.is_keyframe:
            sizes.clear()
        if not sizes or _differs(packet.size, sizes):
            yield pts if latest is None else latest, pts
        if not packet.is_keyframe:
            sizes.append(packet.size)
        latest, size = pts, packet.size


def _differs(size: int, before: Sequence[int]) -> bool:
    usual = statistics.median(before)
    # Encoders end a group of B pictures before a cut, so that a small picture comes before the large one.
    return size > _UNUSUAL * min(usual, before[-1]) or size * _UNUSUAL < usual


def _between(old: SmallFrame, new: SmallFrame, ahead: int, span: int, time: Fraction) -> SmallFrame:
    """The frame `ahead` of `old`, when `new` is `span` ahead of it."""
    return SmallFrame(
        index=old.index + ahead,
        time=time,
        luma=_mean(old.luma, new.luma, ahead, span),
        blue=_mean(old.blue, new.blue, ahead, span),
        red=_mean(old.red, new.red, ahead, span),
        black_share=(old.black_share * (span - ahead) + new.black_share * ahead) / span,
    )


def _mean(old: Plane, new: Plane, ahead: int, span: int) -> Plane:
    sums = np.multiply(old, span - ahead, dtype=np.uint16)
    sums += np.multiply(new, ahead, dtype=np.uint16)
    sums += span // 2
    sums //= span
    return sums.astype(np.uint8)
