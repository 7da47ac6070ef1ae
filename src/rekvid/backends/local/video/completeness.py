"""Whether a pass over a file has seen all of its video, or a file that breaks off."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from rekvid.backends.local.video.media import Media, UnreadableVideoError


@dataclass(slots=True)
class Tally:
    """What a pass has seen so far.

    Attributes:
        frames: Frames that were decoded, or could have been.
        refused: Video packets that the decoder refused.
        broke_off: Whether the demuxer met an error.
        video_end: Where the last video packet ends, in seconds.
        any_end: Where the last packet of any stream ends, in seconds.
    """

    frames: int = 0
    refused: int = 0
    broke_off: bool = False
    video_end: Fraction = field(default_factory=Fraction)
    any_end: Fraction = field(default_factory=Fraction)

    def count(self, packet: Packet[Stream], video: VideoStream) -> None:
        """Take note of a packet of any stream."""
        moment = packet.dts if packet.pts is None else packet.pts
        if moment is None or packet.time_base is None:
            return
        end = (moment + (packet.duration or 0)) * packet.time_base
        self.any_end = max(self.any_end, end)
        if packet.stream is video:
            self.video_end = max(self.video_end, end)


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
    reached = tally.video_end if media.video.duration else tally.any_end
    # Durations in headers are rounded, some of them to the second.
    return end - reached > max(3 / media.rate, min(end / 100, Fraction(1)))
