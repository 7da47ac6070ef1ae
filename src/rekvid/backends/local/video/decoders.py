"""Decoders that work side by side, each in a thread and on a range of its own."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import av.error
from av.codec.context import ThreadType
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from rekvid.backends.local.video.media import Media, new_decoder
from rekvid.backends.local.video.nonref import Gaps, Plan
from rekvid.backends.local.video.pictures import Shrinker, SmallFrame
from rekvid.backends.local.video.ranges import Range

_UNFILTERED = {"h264": "bidir"}
"""Which pictures are decoded without the filter that smooths the edges of blocks, by codec; else what nobody refers to.

The filter takes time. To leave it out changes a small frame by less than a level on average, where that
can't add up: in pictures to which no other one refers, and in the B pictures of H.264, of which encoders make pyramids
a few pictures wide (x264's b-pyramid), so that what refers to them is soon over. In HEVC all may be B pictures.
"""


class Decoders:
    """Turns ranges into small frames.

    Attributes:
        refused: How many packets were refused by a decoder, once all frames were read.
    """

    def __init__(self, media: Media, new_shrinker: Callable[[], Shrinker], threads: int, gaps: Gaps | None) -> None:
        """Make decoders for the video of `media`, up to `threads` of them at work at the same time.

        Args:
            media: The open file.
            new_shrinker: Makes what shrinks pictures, for a thread of its own.
            threads: How many decoders.
            gaps: Says what may be left out; None for nothing.
        """
        self._media = media
        self._new_shrinker = new_shrinker
        self._threads = threads
        self._gaps = gaps
        self.refused = 0

    def frames(self, pieces: Iterator[Range]) -> Generator[SmallFrame, None, None]:
        """The frames of all ranges, in order; each is numbered within its range.

        At most three ranges more than there are threads are decoded or kept. Threads that are at work when the
        generator is closed end after the packet that they are at.
        """
        with _Crew(self._media, self._new_shrinker, self._threads, self._gaps) as crew:
            pending: deque[Future[_Decoded]] = deque()
            rest: Range | None = None
            # One range is read ahead, to know the last when it comes.
            for number, (range_, following) in enumerate(itertools.pairwise(itertools.chain(pieces, [None]))):
                assert range_ is not None, "only the last of all has none behind it"
                is_last = following is None
                if range_.is_rest or (is_last and number == 0):
                    rest = range_  # there is nothing to decode at its side
                    break
                # While the last is decoded the other threads run out of work, so that it gets them all; twice as many,
                # as a picture that is left out takes its turn among them, of which one has nothing to do then.
                last = self._frame_threads(2 * self._threads if self._gaps else 0) if is_last else None
                pending.append(crew.decode(range_, last))
                # With one more range waiting than there are threads, none runs idle while frames are consumed.
                if len(pending) > self._threads + 1:
                    yield from self._taken(pending.popleft())
            while pending:
                yield from self._taken(pending.popleft())
        if rest is not None:
            decoder = self._frame_threads()
            yield from decoder.frames(rest)
            self.refused += decoder.refused

    def _frame_threads(self, threads: int = 0) -> _Decoder:
        # AUTO: frame threads where the codec has them; PyAV's own default are the slower slice threads.
        context, has_pts = self._media.video.codec_context, self._media.has_pts
        return _Decoder(context, self._new_shrinker(), ThreadType.AUTO, threads, has_pts=has_pts)

    def _taken(self, decoded: Future[_Decoded]) -> Iterator[SmallFrame]:
        result = decoded.result()
        self.refused += result.refused
        while result.frames:
            yield result.frames.popleft()  # so that a frame is let go as it is handed out


class _Crew:
    """Threads, and a decoder for each that is at work, as a decoder can't be shared."""

    def __init__(self, media: Media, new_shrinker: Callable[[], Shrinker], threads: int, gaps: Gaps | None) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rekvid-decode")
        self._stopped = threading.Event()
        self._media = media
        self._new_shrinker = new_shrinker
        self._gaps = gaps
        self._idle: queue.SimpleQueue[_Decoder] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def decode(self, range_: Range, decoder: _Decoder | None) -> Future[_Decoded]:
        """Have a range decoded as soon as a thread is free, by `decoder` or by one of those that are idle then."""
        return self._pool.submit(self._decode, range_, decoder)

    def _decode(self, range_: Range, decoder: _Decoder | None) -> _Decoded:
        if decoder is not None:
            decoded = self._decoded(range_, decoder)
            # What frame threads make of damage depends on their number.
            if not decoder.is_damaged or self._stopped.is_set():
                return decoded
        chosen = self._any_idle()
        try:
            return self._decoded(range_, chosen)
        finally:
            self._idle.put(chosen)

    def _decoded(self, range_: Range, decoder: _Decoder) -> _Decoded:
        """The frames of a range, some of them left out and filled if that can be done."""
        plan = self._gaps.plan(range_) if self._gaps else None
        if self._gaps and plan:
            some = self._until_stopped(decoder.frames(range_, plan))
            frames = None if decoder.is_damaged or self._stopped.is_set() else self._gaps.filled(plan, list(some))
            if frames is not None:
                return _Decoded(frames=frames, refused=0)
        return _Decoded(frames=self._until_stopped(decoder.frames(range_)), refused=decoder.refused)

    def _until_stopped(self, frames: Iterator[SmallFrame]) -> deque[SmallFrame]:
        return deque(itertools.takewhile(lambda _: not self._stopped.is_set(), frames))

    def _any_idle(self) -> _Decoder:
        """A decoder that has nothing to do; a new one where all are at work, which is once for each thread."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return _Decoder(new_decoder(self._media), self._new_shrinker(), ThreadType.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    frames: deque[SmallFrame]
    refused: int


class _Decoder:
    """Decodes and shrinks one range at a time.

    Attributes:
        refused: How many packets of the last range the decoder refused.
        is_damaged: Whether it refused any, or has made up a part of a picture.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        shrink: Shrinker,
        thread_type: ThreadType,
        threads: int = 1,
        *,
        has_pts: bool = True,
    ) -> None:
        """Take a decoder that is not open yet.

        Args:
            context: The decoder.
            shrink: What makes frames small.
            thread_type: How its threads share the work.
            threads: How many there are; 0 for one more than there are cores.
            has_pts: Whether frames have pts; where they don't, the nth gets the dts of the nth packet.
        """
        self._moments: deque[int | None] | None = None if has_pts else deque()
        self._context = context
        self._context.thread_type = thread_type
        self._context.thread_count = threads
        skip = _UNFILTERED.get(context.name, "noref")
        self._context.options = {**self._context.options, "skip_loop_filter": skip}
        self._shrink = shrink
        self.refused = 0
        self.is_damaged = False

    def frames(self, range_: Range, plan: Plan | None = None) -> Iterator[SmallFrame]:
        """The frames of the range, in order of display, numbered from 0; those that `plan` spares may be missing.

        With a plan, they end before a picture that is interlaced, damaged or unknown to it, as it can't be relied on.
        """
        pictures = self._pictures(range_, plan.spare if plan else frozenset())
        start, end = range_.start, range_.end
        if start is not None:
            pictures = itertools.dropwhile(lambda each: each.pts is not None and each.pts < start, pictures)
        if end is not None:
            pictures = itertools.takewhile(lambda each: each.pts is None or each.pts < end, pictures)
        for number, picture in enumerate(pictures):
            self.is_damaged = self.is_damaged or picture.is_corrupt
            if self._moments is not None:
                picture.pts = self._moments.popleft() if self._moments else None
            if plan is None:
                yield self._shrink(picture, number)
                continue
            place = None if picture.pts is None else plan.places.get(picture.pts)
            if place is None or picture.interlaced_frame or picture.is_corrupt:
                return
            yield self._shrink(picture, place, detail=picture.pts in plan.detailed)

    def _pictures(self, range_: Range, spare: frozenset[int]) -> Iterator[VideoFrame]:
        self._context.flush_buffers()
        self.refused = 0
        self.is_damaged = False
        for packet in range_.packets:
            if self._moments is not None:
                self._moments.append(packet.dts)
            self._context.skip_frame = "NONREF" if packet.pts in spare else "DEFAULT"
            yield from self._decode(packet)
        self._context.skip_frame = "DEFAULT"
        refused = self.refused
        for packet in range_.tail:
            yield from self._decode(packet)
        yield from self._decode(None)
        if range_.tail:
            self.refused = refused  # the range that the tail is from counts it

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except av.error.FFmpegError:
            self.refused += 1
            self.is_damaged = True
            return []
