"""The frames of a video that are shown at the multiples of a cadence, and as little decoding as they need.

The rule: sample number `n` is the frame that is shown `n` cadences after the first frame is. A frame is shown from its
pts until that of the next one, and the last for its duration. One that is shown for longer than a cadence is several
samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av.error
from av.codec.context import ThreadType
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rekvid._media_files import packets_of
from rekvid.backends.local.labels.detectors.base import Fit, Picture
from rekvid.backends.local.video.completeness import Tally, check_complete
from rekvid.backends.local.video.cores import usable_cores
from rekvid.backends.local.video.media import Media
from rekvid.backends.local.video.skipping import Moments, Planner, can_skip
from rekvid.backends.local.video.upright import Scaler

_JITTER = 1  # seconds by which a pts may go back without the clock having been set anew
_THREADS_A_CORE, _MOST_THREADS = 4, 16  # each holds a picture or two of full size
_LONGEST_STILL = 3600  # seconds that one frame can be shown; more is a clock that was set forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A frame that was looked at.

    Attributes:
        index: Its number, from 0: it was shown `index` cadences after the first frame.
        pictures: It, for each size that was asked for; if the frame is that of the sample before, the same objects.
    """

    index: int
    pictures: Mapping[Fit, Picture]


class Sampler:
    """The samples of a video, in order of time. To be iterated over once.

    Attributes:
        end: Where the last frame so far ends, in seconds after the first begins.

    Args:
        media: The open file.
        cadence: Seconds between two samples, more than 0.
        fits: The sizes that are wanted.
        skip: Whether frames that aren't needed may be left out of decoding. The samples are the same either way.

    Raises:
        UnreadableVideoError: While iterated over: no frame can be decoded, or the file breaks off clearly before its
            announced end, or clearly fewer frames can be decoded than it announces. A fault that the decoder conceals
            is none.
    """

    def __init__(self, media: Media, cadence: Fraction, fits: Sequence[Fit], *, skip: bool = True) -> None:
        self.end = Fraction()
        self._cadence = cadence
        self._scalers = {fit: Scaler(media, fit) for fit in dict.fromkeys(fits)}
        self._shown = _frames(media, cadence, skip=skip and can_skip(media.video.codec_context))

    def __iter__(self) -> Iterator[Sample]:
        index = 0
        for shown in self._shown:
            pictures: Mapping[Fit, Picture] | None = None
            self.end = shown.until
            while index * self._cadence < shown.until:
                pictures = pictures or {fit: scale(shown.frame) for fit, scale in self._scalers.items()}
                yield Sample(index=index, pictures=pictures)
                index += 1


@dataclass(frozen=True, slots=True)
class _Shown:
    """A frame that is shown from where the one before ended until `until`, in seconds after the first frame."""

    frame: VideoFrame
    until: Fraction


def _frames(media: Media, cadence: Fraction, *, skip: bool) -> Iterator[_Shown]:
    """The decoded frames in order of display; what is left out is shown at no multiple of `cadence`."""
    decoder = _Decoder(media, cadence, skip=skip)
    before: VideoFrame | None = None
    since = Fraction()  # of `before`, after the first frame
    for frame in decoder.frames():
        if before is not None:
            step = _moment(frame, since) - _moment(before, since) if frame.pts is not None else None
            if step is None or step < -_JITTER or step > _LONGEST_STILL:
                # No clock, or one that was set anew: the frame follows the one before.
                step = _length(before, media)
            since += max(step, Fraction())
            yield _Shown(before, since)
        before = frame
    if before is not None:
        yield _Shown(before, since + _length(before, media))
    decoder.check_complete()


def _moment(frame: VideoFrame, otherwise: Fraction) -> Fraction:
    """When `frame` is shown, in seconds on the clock of the pts."""
    return otherwise if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base


def _length(frame: VideoFrame, media: Media) -> Fraction:
    """How long `frame` is shown, in seconds: by its own account, else as long as the frames are on average."""
    return frame.duration * frame.time_base if frame.duration and frame.time_base else 1 / media.rate


class _Decoder:
    """Decodes the frames that are needed, and counts what it sees."""

    def __init__(self, media: Media, cadence: Fraction, *, skip: bool) -> None:
        self._media = media
        self._cadence = cadence
        self._skips = skip
        self._planner = Planner()
        self._tally = Tally()
        self._packets = 0  # of the video that were decoded or passed over
        # Frame threads where the codec has them: 1.5 times as fast as PyAV's own default.
        media.video.thread_type = ThreadType.AUTO
        if skip and not media.video.codec_context.codec.intra_only:
            # A packet that the decoder passes over takes its turn among the threads, and one has nothing to do then.
            # Where that happens often, one thread more than there are cores, as is usual, leaves cores idle.
            media.video.codec_context.thread_count = min(_THREADS_A_CORE * usable_cores(), _MOST_THREADS)

    def frames(self) -> Iterator[VideoFrame]:
        """All frames that are needed, and some that aren't."""
        context = self._media.video.codec_context
        for packet, is_needed in self._planner.plan(self._video_packets()):
            self._packets += 1
            if not is_needed and context.codec.intra_only:
                continue
            context.skip_frame = "DEFAULT" if is_needed else "NONREF"
            for frame in self._decoded(packet):
                self._note(frame)
                yield frame
        context.skip_frame = "DEFAULT"
        for frame in self._decoded(self._flush()):
            self._note(frame)
            yield frame

    def check_complete(self) -> None:
        """See `check_complete`."""
        if self._planner.moments is not None:
            # Where frames are skipped packets are frames, and none was refused.
            self._tally.frames = self._packets
        check_complete(self._media, self._tally)

    def _note(self, frame: VideoFrame) -> None:
        self._tally.frames += 1
        if frame.interlaced_frame:
            self._stop_skipping()
        elif self._skips and self._planner.moments is None and frame.pts is not None and frame.time_base:
            self._planner.moments = Moments(frame.pts * frame.time_base, self._cadence)

    def _stop_skipping(self) -> None:
        if self._planner.moments is not None:
            self._tally.frames = self._packets
            self._planner.moments = None
        self._skips = False

    def _flush(self) -> Packet[Stream]:
        """What makes the decoder give out the frames that it still holds, with the time base of all others."""
        flush: Packet[Stream] = Packet()
        flush.stream = self._media.video
        flush.time_base = self._media.video.time_base or Fraction(1)
        return flush

    def _decoded(self, packet: Packet[VideoStream] | Packet[Stream]) -> list[VideoFrame]:
        try:
            return [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except av.error.FFmpegError:
            self._stop_skipping()
            self._tally.refused += 1
            return []

    def _video_packets(self) -> Iterator[Packet[VideoStream]]:
        packets = packets_of(self._media.container)
        reached: int | None = None
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self._tally.broke_off = True
                return
            self._tally.count(packet)
            # An empty packet (AVI has them for repeated frames) would tell the decoder that all is over.
            if packet.stream is self._media.video and packet.size:
                if reached is not None and packet.dts is not None and packet.dts < reached:
                    self._stop_skipping()  # the clock was set back
                reached = packet.dts
                yield cast("Packet[VideoStream]", packet)
