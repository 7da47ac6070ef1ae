"""Where in a stream of packets a decoder can start, and show the same pictures as one that saw all that came before.

A container's mark of a keyframe alone doesn't say that: H.264 marks the start of a gradual refresh too, and
parameter sets may have come earlier. So each codec has a rule of its own here, and one that has none is not split:

- codecs of single pictures (ProRes, DNxHD, Motion JPEG, ...): every keyframe;
- VP8 and VP9: every keyframe, as it resets what a decoder remembers (RFC 6386, 9.1; VP9 bitstream, 7.2);
- MPEG-1 and MPEG-2: an I picture behind the same sequence header as the first of the stream (ITU-T H.262, 6.1.1.6);
- H.264: an IDR picture, and one with a recovery point that is exact and at once (ITU-T H.264, D.2.8);
- HEVC: an IDR, CRA or BLA picture that lets earlier pictures be shown (ITU-T H.265, 7.4.2.2 and 7.4.7.1).

Of the last two, parameter sets that came in the stream have to come again with the picture or lie in the stream's
header. AV1 has no rule: its decoder, dav1d, spreads its work over threads by itself.
"""

from __future__ import annotations

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Protocol

from av.packet import Packet
from av.video.stream import VideoStream


class Entry(enum.Enum):
    """Whether a decoder can start at a packet."""

    NONE = enum.auto()
    """It can't, or nobody knows."""

    CLOSED = enum.auto()
    """It can, and no later packet has a picture that is shown before the one in this packet."""

    OPEN = enum.auto()
    """It can, but later packets may have pictures that are shown earlier, and need what came before."""


class EntryFinder(Protocol):
    """Finds the entries of one stream."""

    def look_at(self, packet: Packet[VideoStream]) -> Entry:
        """Say whether `packet` is an entry. Has to be asked about every packet, in the order of the file."""
        ...


def entry_finder(video: VideoStream) -> EntryFinder | None:
    """What finds the entries of `video`; None if there is no rule for its codec."""
    codec = video.codec_context.codec
    name = codec.canonical_name
    header = video.codec_context.extradata or b""
    if codec.intra_only or name in {"vp8", "vp9"}:
        return _Keyframes()
    if name in {"mpeg1video", "mpeg2video"}:
        return _SequenceHeaders()
    if name == "h264":
        return _H264(header)
    if name == "hevc":
        return _Hevc(header)
    return None


class _Keyframes:
    def look_at(self, packet: Packet[VideoStream]) -> Entry:
        return Entry.CLOSED if packet.is_keyframe else Entry.NONE


class _SequenceHeaders:
    _START = b"\0\0\1\xb3"
    _END = re.compile(b"\0\0\1[\0\xb8]")  # of a picture or a group of pictures

    def __init__(self) -> None:
        self._first: bytes | None = None

    def look_at(self, packet: Packet[VideoStream]) -> Entry:
        view = memoryview(packet)
        end = self._END.search(view)
        if not packet.is_keyframe or end is None or bytes(view[:4]) != self._START:
            return Entry.NONE
        header = bytes(view[: end.start()])
        if self._first is None:
            self._first = header
        return Entry.OPEN if header == self._first else Entry.NONE


class _NalUnits(ABC):
    """What H.264 and HEVC have in common: parameter sets, then messages, then the slices of a picture."""

    _PARAMETER_SETS: ClassVar[frozenset[int]]
    _START_CODE = re.compile(b"\0\0\1")

    def __init__(self, header: bytes, length_place: int) -> None:
        """Take the stream's header, whose byte at `length_place` says how long lengths are if there are such."""
        self._header = header
        is_boxed = header[:1] == b"\1" and len(header) > length_place
        self._length_size = (header[length_place] & 3) + 1 if is_boxed else 0
        self._seen: set[bytes] = set()

    @abstractmethod
    def _kind(self, first_byte: int) -> int:
        """The type of a unit."""

    @abstractmethod
    def _is_slice(self, kind: int) -> bool:
        """Whether units of that type carry a part of a picture."""

    @abstractmethod
    def _entry(self, kind: int, slice_: memoryview, before: list[memoryview]) -> Entry:
        """What a keyframe is whose first slice is `slice_`, with the units `before` it."""

    def look_at(self, packet: Packet[VideoStream]) -> Entry:
        before: list[memoryview] = []
        for unit in self._units(memoryview(packet)):
            kind = self._kind(unit[0])
            if self._is_slice(kind):
                entry = self._entry(kind, unit, before) if packet.is_keyframe else Entry.NONE
                return entry if self._has_parameters(before) else Entry.NONE
            before.append(unit)
        self._has_parameters(before)
        return Entry.NONE

    def _has_parameters(self, before: list[memoryview]) -> bool:
        """Whether a decoder that starts here has all the parameter sets that one which saw everything has."""
        own = {bytes(unit).rstrip(b"\0") for unit in before if self._kind(unit[0]) in self._PARAMETER_SETS}
        # A new set may change the size of the pictures, and what happens to those that are held back at that moment.
        is_new = any(each not in self._seen and each not in self._header for each in own)
        self._seen |= own
        return not is_new and all(each in own or each in self._header for each in self._seen)

    def _units(self, data: memoryview) -> Iterator[memoryview]:
        """The units of a packet, up to the first slice."""
        return self._boxed_units(data) if self._length_size else self._marked_units(data)

    def _boxed_units(self, data: memoryview) -> Iterator[memoryview]:
        place = self._length_size
        while place < len(data):
            length = int.from_bytes(data[place - self._length_size : place], "big")
            if length:
                yield data[place : place + length]
            place += length + self._length_size

    def _marked_units(self, data: memoryview) -> Iterator[memoryview]:
        start = self._START_CODE.search(data)
        while start is not None and start.end() < len(data):
            # The end of a slice is not looked for, as slices are long.
            if self._is_slice(self._kind(data[start.end()])):
                yield data[start.end() :]
                return
            end = self._START_CODE.search(data, start.end())
            yield data[start.end() : end.start() if end else len(data)]
            start = end


class _H264(_NalUnits):
    _PARAMETER_SETS = frozenset({7, 8, 13, 15})
    _IDR, _SEI = 5, 6
    _RECOVERY_POINT = 6

    def __init__(self, header: bytes) -> None:
        super().__init__(header, 4)  # ISO/IEC 14496-15, 5.3.3.1

    def _kind(self, first_byte: int) -> int:
        return first_byte & 31

    def _is_slice(self, kind: int) -> bool:
        return 1 <= kind <= 5

    def _entry(self, kind: int, slice_: memoryview, before: list[memoryview]) -> Entry:
        if kind == self._IDR:
            return Entry.CLOSED
        messages = (unit for unit in before if self._kind(unit[0]) == self._SEI)
        return Entry.OPEN if any(self._recovers_at_once(unit) for unit in messages) else Entry.NONE

    def _recovers_at_once(self, unit: memoryview) -> bool:
        """Whether the unit has a recovery point with recovery_frame_cnt 0 and exact_match_flag 1."""
        data = bytes(unit[1:]).replace(b"\0\0\3", b"\0\0")
        place = 0
        while place + 2 < len(data):
            numbers = []
            for _ in ("type", "size"):
                number = 0
                while place < len(data) and data[place] == 255:
                    number, place = number + 255, place + 1
                numbers.append(number + (data[place] if place < len(data) else 0))
                place += 1
            kind, size = numbers
            if kind == self._RECOVERY_POINT and place < len(data):
                return data[place] & 0b1100_0000 == 0b1100_0000  # ue(v) 0 is the bit 1
            place += size
        return False


class _Hevc(_NalUnits):
    _PARAMETER_SETS = frozenset({32, 33, 34})
    _FIRST_IRAP, _LAST_IRAP = 16, 21
    _WITHOUT_LEADING = frozenset({18, 20})  # BLA_N_LP, IDR_N_LP

    def __init__(self, header: bytes) -> None:
        super().__init__(header, 21)  # ISO/IEC 14496-15, 8.3.3.1

    def _kind(self, first_byte: int) -> int:
        return first_byte >> 1 & 63

    def _is_slice(self, kind: int) -> bool:
        return kind < 32

    def _entry(self, kind: int, slice_: memoryview, before: list[memoryview]) -> Entry:
        drops_earlier = len(slice_) < 3 or slice_[2] & 0b0100_0000  # no_output_of_prior_pics_flag
        if not self._FIRST_IRAP <= kind <= self._LAST_IRAP or drops_earlier:
            return Entry.NONE
        return Entry.CLOSED if kind in self._WITHOUT_LEADING else Entry.OPEN
