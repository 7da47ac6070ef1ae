"""Which packets of a video have to be decoded to see the frames at some moments, and only those.

A frame that no other frame is predicted from, and that isn't shown at any of the moments, need not be decoded: the
decoder is told to leave such frames out (``skip_frame``), packet by packet. In codecs of single pictures (ProRes,
Motion JPEG, ...) every frame is like that. The frames that are decoded are the same to the last bit.

That holds only where packets are frames and the codec says which frames others need. So nothing is skipped

- in codecs other than H.264, HEVC with a single temporal layer (ITU-T H.265, 7.4.2.2: a frame may be needed by those of
  higher layers only) and MPEG-2, as hidden frames make packets of VP9 and AV1 something else than frames;
- in interlaced video, whose frames may lie in two packets;
- where packets have no pts or dts, which say when frames are shown, and that none which comes later is shown before.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

_LONGEST_WAIT = 128  # packets that are held back at most until it is known whether a frame is needed
_KEPT = 64  # pts that are remembered behind the packet in question; no decoder reorders over more


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments at which frames are looked at: multiples of `step`, counted from `start`, in seconds."""

    start: Fraction
    step: Fraction

    def at_or_after(self, time: Fraction) -> Fraction:
        """The first moment that isn't before `time`."""
        count = max(0, -((self.start - time) // self.step))
        return self.start + count * self.step


def can_skip(context: VideoCodecContext) -> bool:
    """Whether the codec says which frames others need, and each packet is a frame."""
    codec = context.codec
    if codec.intra_only:
        return True
    if codec.canonical_name == "hevc":
        return _has_single_layer(context.extradata or b"")
    return codec.canonical_name in {"h264", "mpeg2video"}


def _has_single_layer(header: bytes) -> bool:
    """Whether an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1) tells of one temporal layer."""
    return len(header) > 21 and header[0] == 1 and (header[21] >> 3) & 7 == 1


class Planner:
    """Says of each packet whether its frame is needed, once enough of those after it were seen.

    Attributes:
        moments: When frames are looked at; None as long as the first frame isn't known, and where nothing is skipped.
    """

    def __init__(self) -> None:
        self.moments: Moments | None = None
        self._shown: list[int] = []  # pts in order
        self._waiting: deque[Packet[VideoStream]] = deque()

    def plan(self, packets: Iterable[Packet[VideoStream]]) -> Iterator[tuple[Packet[VideoStream], bool]]:
        """Give out `packets` in their order, each with whether its frame is needed. True is always safe."""
        for packet in packets:
            self._waiting.append(packet)
            if packet.pts is not None:
                insort(self._shown, packet.pts)
            yield from self._decided(packet.dts)
        while self._waiting:
            waiting = self._waiting.popleft()
            yield waiting, self._is_needed(waiting, None) is not False

    def _decided(self, reached: int | None) -> Iterator[tuple[Packet[VideoStream], bool]]:
        while self._waiting:
            needed = self._is_needed(self._waiting[0], reached)
            if needed is None and len(self._waiting) <= _LONGEST_WAIT:
                return
            yield self._waiting.popleft(), needed is not False

    def _is_needed(self, packet: Packet[VideoStream], reached: int | None) -> bool | None:
        """Whether the frame of `packet` is needed; None if packets after `reached`, a dts, may tell."""
        if self.moments is None or packet.pts is None or packet.dts is None or not packet.time_base:
            return True
        moment = self.moments.at_or_after(packet.pts * packet.time_base)
        place = bisect_right(self._shown, packet.pts)
        if place < len(self._shown) and self._shown[place] * packet.time_base <= moment:
            del self._shown[: max(0, place - _KEPT)]
            return False  # when the moment comes, that frame or a later one has taken its place
        if reached is not None and reached * packet.time_base > moment:
            return True
        return None
