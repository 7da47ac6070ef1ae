"""Small videos in all codings, written by PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from rekvid.backends.local.video.pictures import SmallFrame

FRAMES = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a small video is coded. Its size is that of small frames, so that they show every sample of it."""

    ending: str
    codec: str
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    width: int = 128
    height: int = 72

    def write(self, path: Path, frames: int = FRAMES) -> None:
        """Write so many of the `pictures` below."""
        self.write_all(path, pictures(self.width, self.height, frames))

    def write_all(self, path: Path, given: Iterable[av.VideoFrame], *, rate: int = 25, halves: int = 0) -> None:
        """Write the pictures that are given, at `rate` a second, the first shown after so many halves of a frame."""
        with av.open(str(path), "w") as container:
            stream = container.add_stream(self.codec, rate=rate)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, self.pixel_format
            stream.thread_type = "FRAME"
            stream.options = dict(self.options)
            parts = 2 if halves else 1
            stream.codec_context.time_base = Fraction(1, parts * rate)
            for number, picture in enumerate(given):
                frame = picture.reformat(format=self.pixel_format)
                frame.pts, frame.time_base = parts * number + halves, Fraction(1, parts * rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def pictures(width: int, height: int, count: int) -> Iterator[av.VideoFrame]:
    """A texture that moves, a cut every 20 frames, and noise, so that every frame is a picture of its own."""
    generator = np.random.default_rng(0)
    sheet = np.zeros((height, width, 3), np.uint8)
    for number in range(count):
        if number % 20 == 0:
            coarse = generator.integers(20, 230, (height // 8 + 9, width // 8 + 9, 3), dtype=np.uint8)
            sheet = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)
        place = number % 20 * 2
        noise = generator.integers(0, 12, (height, width, 1), dtype=np.uint8)
        yield av.VideoFrame.from_ndarray(sheet[place : place + height, place : place + width] + noise, "rgb24")


def x264(ending: str = "mp4", pixel_format: str = "yuv420p", **parameters: object) -> Coding:
    settings_ = ":".join(f"{name.replace('_', '-')}={value}" for name, value in parameters.items())
    return Coding(
        ending=ending,
        codec="libx264",
        pixel_format=pixel_format,
        options={"preset": "veryfast", "x264-params": settings_},
    )


def x265(**parameters: object) -> Coding:
    settings_ = ":".join(f"{name.replace('_', '-')}={value}" for name, value in parameters.items())
    options = {"preset": "ultrafast", "x265-params": f"log-level=none:{settings_}"}
    return Coding(ending="mkv", codec="libx265", options=options)


def content(frames: Sequence[SmallFrame], *, detail: bool = True) -> list[tuple[object, ...]]:
    """All that is in `frames`, to be compared; without `SmallFrame.detail` if `detail` is False."""
    return [
        (
            each.index,
            each.time,
            each.luma.tobytes(),
            each.blue.tobytes(),
            each.red.tobytes(),
            each.black_share,
            each.detail is not None and detail and each.detail.tobytes(),
        )
        for each in frames
    ]
