"""One pass over a file: small frames, counts of black samples and stretches of sound, as the analysers eat them.

Decoding is the limit of an analysis, so it runs on all cores: one demuxer reads the file, its video packets are cut
into ranges (the module `ranges` beside this one), and each is decoded and shrunk in a thread, by a single-threaded
decoder of its own. That wastes less than frame threads, which wait for each other inside every picture. The last range,
and a video that can't be cut, are decoded by frame threads. Either way gives the same frames.

Who can do without the frames that the module `nonref` leaves out gets the others sooner.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Generator, Iterator
from typing import cast

import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from rekvid._media_files import packets_of
from rekvid.backends.local.video.completeness import Tally, check_complete
from rekvid.backends.local.video.cores import usable_cores
from rekvid.backends.local.video.decoders import Decoders
from rekvid.backends.local.video.entries import entry_finder
from rekvid.backends.local.video.media import Media, has_decoder
from rekvid.backends.local.video.nonref import LOWEST_RATE, Gaps, Overlooks
from rekvid.backends.local.video.pictures import BlackLevel, Plane, Shrinker, SmallFrame
from rekvid.backends.local.video.ranges import ranges
from rekvid.backends.local.video.skipping import can_skip
from rekvid.backends.local.video.sound import Ear, Sound

__all__ = ["BlackLevel", "Plane", "SmallFrame", "read"]

MOST_THREADS = 8
"""Ranges that are decoded side by side at most, as each decoder holds some pictures of full size."""


def read(
    media: Media,
    *,
    black: BlackLevel | None,
    listen: bool,
    detail: bool = False,
    overlooks: Overlooks | None = None,
    threads: int | None = None,
) -> Generator[SmallFrame | Sound, None, None]:
    """Decode the file once.

    Frames come in order of display, and sounds of a stream in order of time, but a sound may come well before or
    after the frames that it belongs to. Close the generator, or use it up, before the file is closed.

    Args:
        media: The open file.
        black: What counts as black; None leaves `SmallFrame.black_share` at 0.
        listen: Whether audio is decoded.
        detail: Whether some frames carry `SmallFrame.detail`.
        overlooks: Tells whether something may have been overlooked in a range of which frames were left out, see
            `rekvid.backends.local.video.nonref`; asked in several threads at once. None to have all frames decoded.
        threads: How many ranges are decoded side by side, 1 for a single pass; None for one on each core, and at
            most `MOST_THREADS`. The frames are the same.

    Raises:
        UnreadableVideoError: No frame can be decoded, or the file breaks off clearly before its announced end,
            or clearly fewer frames can be decoded than it announces. A fault that the decoder conceals is none.
    """
    threads = min(usable_cores(), MOST_THREADS) if threads is None else threads
    tally = Tally()
    heard: deque[Sound] = deque()
    packets = _video_packets(media, tally, heard if listen else None)
    gaps = _gaps(media, detail=detail, overlooks=overlooks)
    pieces = ranges(packets, entry_finder(media.video) if media.has_pts and (threads > 1 or gaps) else None)
    decoders = Decoders(media, lambda: Shrinker(media, black, detail=detail), threads, gaps)
    for frame in decoders.frames(pieces):
        while heard:
            yield heard.popleft()
        yield dataclasses.replace(frame, index=tally.frames)
        tally.frames += 1
    yield from heard
    tally.refused = decoders.refused
    check_complete(media, tally)


def _gaps(media: Media, *, detail: bool, overlooks: Overlooks | None) -> Gaps | None:
    """What leaves frames out; None if nobody wants that, or each frame counts, or the codec has none to leave out."""
    context, time_base = media.video.codec_context, media.video.time_base
    if overlooks is None or time_base is None or media.rate < LOWEST_RATE:
        return None
    if context.codec.intra_only or not can_skip(context):
        return None
    return Gaps(time_base, media.rate, detail=detail, overlooks=overlooks)


def _video_packets(media: Media, tally: Tally, heard: deque[Sound] | None) -> Iterator[Packet[VideoStream]]:
    """The packets of the video; what sounds in those of the audio streams between them is added to `heard`."""
    packets = packets_of(media.container)
    ears: defaultdict[int, Ear] = defaultdict(Ear)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            tally.broke_off = True
            packet = None
        if packet is None:
            break
        tally.count(packet)
        stream = packet.stream
        if stream is media.video:
            # An empty packet (AVI has them for repeated frames) would tell the decoder that all is over.
            if packet.size:
                yield cast("Packet[VideoStream]", packet)
        # At the end, an empty packet without a dts makes the decoder give back what it still holds.
        elif heard is not None and _is_audio(stream) and (packet.size or packet.dts is None):
            for piece in _heard(packet):
                heard.extend(ears[stream.index].hear(piece))
    if heard is not None:
        for ear in ears.values():
            heard.extend(ear.finish())


def _is_audio(stream: Stream) -> bool:
    return isinstance(stream, AudioStream) and has_decoder(stream)


def _heard(packet: Packet[Stream]) -> list[AudioFrame]:
    try:
        return [piece for piece in packet.decode() if isinstance(piece, AudioFrame)]
    except av.error.FFmpegError:
        return []  # a fault in the sound is no reason to refuse the pictures
