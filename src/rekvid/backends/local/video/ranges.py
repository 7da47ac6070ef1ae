"""Cutting the packets of a video into ranges that can be decoded side by side, with the result of a single pass.

A range begins at an entry (the module `entries` beside this one), a keyframe at which a decoder can start, and ends
before another. After an open entry there may be pictures that are shown before it and need pictures from before it:
such leading pictures belong to the range before, whose decoder is fed them too, and are dropped by the range of the
entry.

From the first place on at which that can't be relied on, the rest of the video is one range, decoded as it is read:

- at once, where the codec is none that `entry_finder` knows, or the container has no pts (AVI);
- where `LONGEST` packets or `LARGEST` bytes go by without an entry that counts;
- at a packet without a pts, as it says nothing about where its picture is shown;
- at a packet that brings settings for the decoder beside the coded picture, as a later start would miss them.

An open entry doesn't count where a picture before it in the file is shown after it (the clock was set back, or an edit
list repeats something): by their pts alone, leading pictures couldn't be told from others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.video.stream import VideoStream

from rekvid.backends.local.video.entries import Entry, EntryFinder

SHORTEST = 96
"""Packets from which on a range ends at the next entry, so that starting decoders costs nothing to speak of."""

LONGEST = 600
"""Packets that a range can have: a group of ten seconds at 60 frames a second."""

LARGE = 8 * 2**20
"""Bytes from which on a range ends at the next entry, however few packets they are."""

LARGEST = 32 * 2**20
"""Bytes that a range can have."""

LOOK_AHEAD = 32
"""Packets after an open entry among which its leading pictures are.

No decoder holds back more than 16 pictures (ITU-T H.264, A.3.1; H.265, A.4.2), and each may come as two fields.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Packets that one decoder decodes by itself.

    Attributes:
        packets: The packets, in the order of the file; read from the file while iterated over if `is_rest`.
        tail: Packets of the next range that have to be decoded too, for those of their pictures shown before `end`.
        start: The pts of the entry, if it is open: whatever is shown before it belongs to the range before.
        end: The pts of the next entry, if there is a tail: whatever is shown from it on belongs to the next range.
        is_rest: Whether it goes to the end of the video, however long that is.
    """

    packets: Iterable[Packet[VideoStream]]
    tail: tuple[Packet[VideoStream], ...] = ()
    start: int | None = None
    end: int | None = None
    is_rest: bool = False


def ranges(packets: Iterator[Packet[VideoStream]], finder: EntryFinder | None) -> Iterator[Range]:
    """Cut all packets of a video stream, in the order of the file, into ranges.

    Args:
        packets: The packets. Read no further than where the range that is asked for is seen to end.
        finder: Finds the entries; None if the codec has none that could be relied on.
    """
    if finder is None:
        yield Range(packets=packets, is_rest=True)
        return
    own: list[Packet[VideoStream]] = []
    following: list[
        Packet[VideoStream]
    ] = []  # an open entry and what comes after it, until its leading pictures are seen
    start: int | None = None
    size = 0
    for packet in packets:
        entry = finder.look_at(packet)
        size += packet.size
        if packet.pts is None or _sets_decoder(packet) or len(own) + len(following) >= LONGEST or size > LARGEST:
            yield Range(packets=itertools.chain(own, following, [packet], packets), start=start, is_rest=True)
            return
        if following:
            following.append(packet)
            if len(following) > LOOK_AHEAD:
                found = _before_open_entry(own, following, start)
                yield found
                own, following, start = following, [], found.end
                size = sum(each.size for each in own)
        elif entry is Entry.NONE or (len(own) < SHORTEST and size - packet.size < LARGE):
            own.append(packet)
        elif entry is Entry.CLOSED:
            yield Range(packets=own, start=start)
            own, start, size = [packet], None, packet.size
        elif packet.pts > max(_pts(each) for each in own):
            following = [packet]
        else:
            own.append(packet)
    if following:
        found = _before_open_entry(own, following, start)
        yield found
        own, start = following, found.end
    yield Range(packets=own, start=start)


def _before_open_entry(
    own: list[Packet[VideoStream]], following: list[Packet[VideoStream]], start: int | None
) -> Range:
    end = _pts(following[0])
    leading = [place for place, packet in enumerate(following) if _pts(packet) < end]
    if not leading:
        return Range(packets=own, start=start)
    return Range(packets=own, tail=tuple(following[: leading[-1] + 1]), start=start, end=end)


def _pts(packet: Packet[VideoStream]) -> int:
    assert packet.pts is not None, "a packet without a pts ends the cutting"
    return packet.pts


def _sets_decoder(packet: Packet[VideoStream]) -> bool:
    return packet.has_sidedata("new_extradata") or packet.has_sidedata("param_change") or packet.has_sidedata("palette")
