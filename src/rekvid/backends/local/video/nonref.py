"""Pictures to which no other one refers, left out of decoding where nothing can be in them that isn't beside them.

In a usual H.264 stream every second picture is such a non-reference picture (FFmpeg: ``AVDISCARD_NONREF``). Most of
them lie amidst a shot, between pictures that hardly differ: the mean of those shows what they do, but for its noise.
No two in a row are left out, so that only what lasts for a single frame can be overlooked, which is no shot and no cue
(hence `LOWEST_RATE`). And they are decoded

- for a fifth of a second, and five frames at least, before and after a keyframe, as encoders put them at cuts;
- likewise around a picture that took far more bits than those before it, or far fewer, as something new came up there;
- in the whole range, where the small frames at both sides of a gap leave open what happened between, where pictures
  are interlaced, or where the decoder did not show what the packets announced.

All of that is a matter of the range alone, so the frames are the same however many ranges are decoded side by side, but
for what decoders make of damage.
Where doubt never ends, as in an hour of cuts that no packet shows, most is decoded twice.
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
"""Tells of the decoded frames of a range, in order, whether something may have happened where an index is missing.

Asked in several threads at once.
"""

LOWEST_RATE = 8
"""Frames a second from which on a single frame is neither a shot nor a cue."""

_UNUSUAL = 2.5  # times the usual size, or the other way round: a picture of such a size shows something new
_USUAL = 8  # pictures of which the median is the usual size
_LEAST_AROUND = 5  # frames that are decoded on each side, as a cut has to stand out among so many steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be left out of a range.

    Attributes:
        shown: The pts of all frames of the range, in order.
        places: The number of each of them, from 0, by its pts.
        spare: The pts of those that may be left out, if no other picture refers to theirs.
        detailed: The pts of those that have `SmallFrame.detail`.
    """

    shown: tuple[int, ...]
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
        packets = (*range_.packets, *range_.tail)
        every = [_pts(packet) for packet in packets]
        start, end = range_.start, range_.end
        shown = sorted(pts for pts in every if (start is None or pts >= start) and (end is None or pts < end))
        if len(set(every)) < len(every) or not shown or any(packet.is_discard for packet in packets):
            return None  # frames can't be told by their pts, or an edit list hides some
        needed = self._needed(range_, shown)
        detailed = frozenset(self._detailed(shown, needed)) if self._detail else frozenset()
        spare = frozenset(_apart(shown, needed | detailed))
        places = {pts: place for place, pts in enumerate(shown)}
        return Plan(shown=tuple(shown), places=places, spare=spare, detailed=detailed) if spare else None

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
            The frames in order; None if others are missing than may be, if frames are out of order, or if something
            may have been overlooked.
        """
        missing = set(range(len(plan.shown))).difference(frame.index for frame in frames)
        if not all(plan.shown[place] in plan.spare for place in missing):
            return None
        if any(new.index <= old.index for old, new in itertools.pairwise(frames)):
            return None  # the clock of the packets isn't that of the pictures
        if missing and self._overlooks(frames):
            return None
        whole = deque(frames[:1])
        for old, new in itertools.pairwise(frames):
            if new.index > old.index + 1:
                whole.append(_between(old, new, plan.shown[old.index + 1] * self._time_base))
            whole.append(new)
        return whole


def _apart(shown: list[int], needed: set[int] | frozenset[int]) -> Iterator[int]:
    """Those of `shown` that aren't `needed`, but no two in a row."""
    is_free = False
    for pts in shown:
        is_free = not is_free and pts not in needed
        if is_free:
            yield pts


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


def _between(old: SmallFrame, new: SmallFrame, time: Fraction) -> SmallFrame:
    """The frame between two."""
    return SmallFrame(
        index=old.index + 1,
        time=time,
        luma=_mean(old.luma, new.luma),
        blue=_mean(old.blue, new.blue),
        red=_mean(old.red, new.red),
        black_share=(old.black_share + new.black_share) / 2,
    )


def _mean(old: Plane, new: Plane) -> Plane:
    sums = np.add(old, new, dtype=np.uint16)
    return ((sums + 1) >> 1).astype(np.uint8)
