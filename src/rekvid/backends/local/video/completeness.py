"""Whether a pass over a file has seen all of its video, or a file that breaks off."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from rekvid.backends.local.video.media import Media, UnreadableVideoError


@dataclass(slots=True)
class Tally:
    """What a pass has seen so far.

    Attributes:
        frames: Frames that were decoded, or could have been.
        refused: Video packets that the decoder refused.
        broke_off: Whether the demuxer met an error.
    """

    frames: int = 0
    refused: int = 0
    broke_off: bool = False
    _ends: dict[Stream, int] = field(default_factory=dict)

    def count(self, packet: Packet[Stream]) -> None:
        """Take note of a packet of any stream."""
        moment = packet.dts if packet.pts is None else packet.pts
        if moment is None:
            return
        end = moment + (packet.duration or 0)
        if end > self._ends.get(packet.stream, 0):
            self._ends[packet.stream] = end

    def end(self, *streams: Stream) -> Fraction:
        """Where the last packet of any of the streams ends, in seconds; of all of them if none is given."""
        ends = (
            end * stream.time_base
            for stream, end in self._ends.items()
            if stream.time_base is not None and (not streams or stream in streams)
        )
        return max(ends, default=Fraction(0))


def check_complete(media: Media, tally: Tally) -> None:
    """Hold what was seen against what the file announces.

    Raises:
        UnreadableVideoError: No frame could be decoded, or the file broke off clearly before its announced end,
            or clearly fewer frames could be decoded than it announces. A fault that the decoder conceals is none.
    """
    announced = media.announced_frames
    of_announced = f" of the {announced} that it announces" if announced and announced > tally.frames else ""
    if _ends_early(media, tally):
        raise UnreadableVideoError(f"{media.name} ends in the middle, after {tally.frames} frames{of_announced}.")
    if not tally.frames:
        raise UnreadableVideoError(f"{media.name} has a video stream, but no frame of it can be decoded.")
    # A refusal also takes the frames with it that other threads had under way.
    if tally.refused and announced and tally.frames < announced - max(5, announced // 50):
        raise UnreadableVideoError(f"{media.name} is damaged: only {tally.frames} frames can be decoded{of_announced}.")


def _ends_early(media: Media, tally: Tally) -> bool:
    end = media.announced_end
    if end is None:
        return tally.broke_off
    reached = tally.end(media.video) if media.video.duration else tally.end()
    # Durations in headers are rounded, some of them to the second.
    return end - reached > max(3 / media.rate, min(end / 100, Fraction(1)))
