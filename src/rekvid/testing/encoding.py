"""Writes the pictures and the sound of a reel to a file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from rekvid.testing.pictures import Picture

SAMPLE_RATE = 48_000

_FULL_LUMA = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)
_FULL_CHROMA = np.clip((np.arange(256) - 128) * 255 / 224 + 128.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a reel is encoded.

    Attributes:
        codec: FFmpeg's name of the encoder, such as ``libx264``, ``libx265``, ``libvpx-vp9`` or ``mpeg2video``.
        bit_rate: Bits a second; None for a constant, good quality.
        pixel_format: FFmpeg's name of the format that is encoded, such as ``yuv420p10le``.
        full_range: Whether luma runs over 0-255, flagged so, rather than 16-235.
        gop: Frames from one keyframe to the next at most; None for the encoder's default.
        b_frames: Frames between two others that refer to both, at most; None for the encoder's default.
        audio_codec: FFmpeg's name of the encoder of sound; the container has to know it (``libopus`` in WebM).
        options: Any other options of the video encoder by FFmpeg's names; they come before those that are set here.
    """

    codec: str = "libx264"
    bit_rate: int | None = None
    pixel_format: str = "yuv420p"
    full_range: bool = False
    gop: int | None = None
    b_frames: int | None = None
    audio_codec: str = "aac"
    options: tuple[tuple[str, str], ...] = ()

    def all_options(self) -> dict[str, str]:
        """The options of the video encoder."""
        fast = {
            "libx264": {"preset": "veryfast"},
            "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
            "libvpx": {"deadline": "realtime", "cpu-used": "8"},
            "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
        }
        good = {
            "libx264": {"crf": "20"},
            "libx265": {"crf": "22"},
            "libvpx": {"crf": "12", "b": "4M"},
            "libvpx-vp9": {"crf": "30", "b": "0"},
        }
        options = fast.get(self.codec, {})
        if not self.bit_rate:
            options = {**options, **good.get(self.codec, {"qscale": "3", "flags": "+qscale", "global_quality": "354"})}
        return {**options, **dict(self.options)}


class ReelWriter:
    """Writes frame after frame; a context manager, at whose end the file is complete."""

    def __init__(
        self,
        path: str,
        encoding: Encoding,
        *,
        width: int,
        height: int,
        rate: Fraction,
        seed: int,
        audio: bool,
    ) -> None:
        """Open `path` for pictures of this size and, with `audio`, for sound whose pitches `seed` chooses."""
        self._encoding = encoding
        self._container: OutputContainer = av.open(path, "w")
        self._video = _video_stream(self._container, encoding, width, height, rate)
        self._time_base = 1 / rate
        self._sound = _Sound(self._container, encoding.audio_codec, rate, seed) if audio else None
        self._count = 0

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what the encoders still hold, and close the file."""
        try:
            if error is None:
                self._container.mux(self._video.encode(None))
                if self._sound:
                    self._sound.finish()
        finally:
            self._container.close()

    def write(self, picture: Picture, *, scene: int, sounds: bool) -> None:
        """Write the next picture, of scene number `scene`, and the tone of that scene, or silence."""
        self._container.mux(self._video.encode(self._frame(picture)))
        if self._sound:
            self._sound.advance(self._count, scene, sounds=sounds)
        self._count += 1

    def _frame(self, picture: Picture) -> av.VideoFrame:
        video, full_range = self._video, self._encoding.full_range
        if full_range:
            picture = _FULL_LUMA[picture[0]], _FULL_CHROMA[picture[1]], _FULL_CHROMA[picture[2]]
        frame = av.VideoFrame(video.width, video.height, "yuv420p")
        for plane, samples in zip(frame.planes, picture, strict=True):
            lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            lines[: plane.height, : plane.width] = samples
        color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
        if video.pix_fmt != "yuv420p":
            frame = frame.reformat(format=video.pix_fmt, src_color_range=color_range, dst_color_range=color_range)
        frame.color_range = color_range
        frame.pts, frame.time_base = self._count, self._time_base
        return frame


def _video_stream(
    container: OutputContainer, encoding: Encoding, width: int, height: int, rate: Fraction
) -> VideoStream:
    stream = container.add_stream(encoding.codec, rate=rate, options=encoding.all_options())
    if not isinstance(stream, VideoStream):
        raise ValueError(f"codec is {encoding.codec!r}, which doesn't encode video")  # noqa: TRY004  # a value
    stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixel_format
    stream.codec_context.color_range = ColorRange.JPEG if encoding.full_range else ColorRange.MPEG
    # PyAV's default is slice threads, which write several slices a picture, as few files in the world have.
    stream.thread_type = "FRAME"
    if encoding.bit_rate:
        stream.bit_rate = encoding.bit_rate
    if encoding.gop is not None:
        stream.gop_size = encoding.gop
    if encoding.b_frames is not None:
        stream.max_b_frames = encoding.b_frames
    return stream


class _Sound:
    """Writes the tone of each scene, or silence, in step with the pictures."""

    def __init__(self, container: OutputContainer, codec: str, rate: Fraction, seed: int) -> None:
        self._container = container
        self._rate = rate
        stream = container.add_stream(codec, rate=SAMPLE_RATE, layout="stereo")
        if not isinstance(stream, AudioStream):
            raise ValueError(f"audio_codec is {codec!r}, which doesn't encode sound")  # noqa: TRY004  # a value
        self._stream = stream
        self._pitches = np.random.default_rng(seed).permutation(np.geomspace(200, 2000, 24))
        self._written = 0

    def advance(self, number: int, scene: int, *, sounds: bool) -> None:
        """Write what sounds during the frame `number`."""
        until = int((number + 1) * SAMPLE_RATE / self._rate)
        moments = np.arange(self._written, until) / SAMPLE_RATE
        pitch = self._pitches[scene % len(self._pitches)]
        tone = 0.25 * np.sin(2 * np.pi * pitch * moments) if sounds else np.zeros_like(moments)
        piece = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), format="fltp", layout="stereo")
        piece.sample_rate = SAMPLE_RATE
        piece.pts, piece.time_base = self._written, Fraction(1, SAMPLE_RATE)
        self._written = until
        self._container.mux(self._stream.encode(piece))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))
