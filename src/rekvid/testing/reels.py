"""Short reels whose truth is known to the frame: what an analyser should find is what was put in.

A reel is a list of scenes (`rekvid.testing.scenes`), joined by hard cuts and dissolves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from rekvid.testing.scenes import DEMO_SCENES, BlackScene, Painter, Picture, Plane, Scene, Stage, TextureScene

__all__ = [
    "DEMO_SCENES",
    "BlackScene",
    "BlackStretch",
    "ReelTruth",
    "Scene",
    "Stretch",
    "TextureScene",
    "make_reel",
    "paint_reel",
]

SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Frames from `first` to `last`, both of them included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackStretch(Stretch):
    """Black frames from `first` to `last`, and whether the tone sounds over them."""

    sound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReelTruth:
    """What is in a reel.

    Attributes:
        path: The file.
        rate: Frames a second.
        frame_count: Number of frames.
        cuts: The first frame of each shot that begins with a hard cut; the start of the reel is none.
        dissolves: The frames that are a mixture of two scenes.
        black: The frames that are all black.
    """

    path: Path
    rate: Fraction
    frame_count: int
    cuts: tuple[int, ...]
    dissolves: tuple[Stretch, ...]
    black: tuple[BlackStretch, ...]


def make_reel(
    path: Path,
    scenes: Sequence[Scene] = DEMO_SCENES,
    *,
    width: int = 640,
    height: int = 360,
    rate: Fraction = Fraction(25),
    seed: int = 0,
    audio: bool = True,
    full_range: bool = False,
    pixel_format: str = "yuv420p",
    bit_rate: int | None = None,
    grain: int = 0,
) -> ReelTruth:
    """Write a reel in H.264, with AAC sound, and say what is in it.

    Args:
        path: The file to write; its ending chooses the container.
        scenes: What is in it, in order.
        width: Width in pixels, even.
        height: Height in pixels, even.
        rate: Frames a second.
        seed: The same seed gives the same pictures.
        audio: Whether there is an audio stream at all.
        full_range: Whether luma runs over 0-255, flagged so, rather than 16-235.
        pixel_format: FFmpeg's name of the format that is encoded, such as ``yuv420p10le``.
        bit_rate: Bits a second; None for a constant, good quality.
        grain: Levels of luma by which film grain lifts and lowers each sample at most.
    """
    plan = _plan(scenes, rate)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        video.codec_context.color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
        # PyAV's default is slice threads, which write several slices a picture, as few files in the world have.
        video.thread_type = "FRAME"
        video.options = {"preset": "veryfast"} if bit_rate else {"preset": "veryfast", "crf": "20"}
        if bit_rate:
            video.bit_rate = bit_rate
        sound = _Sound(container, rate, seed) if audio else None
        pictures = _pictures(plan, width, height, rate, seed)
        if grain:
            pictures = _grainy(pictures, grain, seed)
        for number, (entry, picture) in enumerate(pictures):
            container.mux(video.encode(_frame(picture, number, video, full_range=full_range)))
            if sound is not None:
                sound.advance(number, entry)
        container.mux(video.encode(None))
        if sound is not None:
            sound.finish()
    return _truth(path, plan, rate)


def paint_reel(
    scenes: Sequence[Scene] = DEMO_SCENES,
    *,
    width: int = 128,
    height: int = 72,
    rate: Fraction = Fraction(25),
    seed: int = 0,
) -> Iterator[Picture]:
    """The pictures that `make_reel` would write, without a codec in between, in limited range."""
    for _, picture in _pictures(_plan(scenes, rate), width, height, rate, seed):
        yield picture


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A scene with its place in the reel, in frames."""

    scene: Scene
    number: int
    start: int
    length: int
    mixed: int


def _plan(scenes: Sequence[Scene], rate: Fraction) -> list[_Entry]:
    plan: list[_Entry] = []
    start = 0
    for number, scene in enumerate(scenes):
        length = max(1, round(Fraction(scene.seconds) * rate))
        mixed = min(length, round(Fraction(scene.dissolve) * rate)) if number else 0
        plan.append(_Entry(scene=scene, number=number, start=start, length=length, mixed=mixed))
        start += length
    return plan


def _truth(path: Path, plan: list[_Entry], rate: Fraction) -> ReelTruth:
    # Nobody can see a cut from black to black.
    cuts = [
        entry.start
        for before, entry in itertools.pairwise(plan)
        if not entry.mixed and not (isinstance(before.scene, BlackScene) and isinstance(entry.scene, BlackScene))
    ]
    return ReelTruth(
        path=path,
        rate=rate,
        frame_count=plan[-1].start + plan[-1].length,
        cuts=tuple(cuts),
        dissolves=tuple(Stretch(first=each.start, last=each.start + each.mixed - 1) for each in plan if each.mixed),
        black=tuple(
            BlackStretch(first=each.start + each.mixed, last=each.start + each.length - 1, sound=each.scene.sound)
            for each in plan
            if isinstance(each.scene, BlackScene)
        ),
    )


def _pictures(
    plan: list[_Entry], width: int, height: int, rate: Fraction, seed: int
) -> Iterator[tuple[_Entry, Picture]]:
    before: Painter | None = None
    length_before = 0
    for entry in plan:
        generator = np.random.default_rng((seed, entry.number))
        painter = entry.scene.painter(Stage(width=width, height=height, rate=rate, generator=generator))
        for number in range(entry.length):
            picture = painter(number)
            if before is not None and number < entry.mixed:
                weight = (number + 1) / (entry.mixed + 1)
                picture = _mix(before(length_before + number), picture, weight)
            yield entry, picture
        before, length_before = painter, entry.length


def _grainy(pictures: Iterator[tuple[_Entry, Picture]], grain: int, seed: int) -> Iterator[tuple[_Entry, Picture]]:
    generator = np.random.default_rng((seed, 0xF11))
    noise: NDArray[np.int8] | None = None
    for entry, (luma, blue, red) in pictures:
        height, width = luma.shape
        if noise is None:
            noise = generator.integers(-grain, grain + 1, size=(2 * height, 2 * width), dtype=np.int8)
        # One sheet of noise, laid down at another place each time, is as good as new noise and much faster.
        top, left = generator.integers((height, width))
        grainy = luma + noise[top : top + height, left : left + width].astype(np.int16)
        yield entry, (np.clip(grainy, 16, 235).astype(np.uint8), blue, red)


def _mix(old: Picture, new: Picture, weight: float) -> Picture:
    """The two pictures over each other, the new one with `weight` 0-1."""
    share = round(256 * weight)

    def mixed(one: Plane, two: Plane) -> Plane:
        return ((one.astype(np.uint16) * (256 - share) + two.astype(np.uint16) * share + 128) >> 8).astype(np.uint8)

    return mixed(old[0], new[0]), mixed(old[1], new[1]), mixed(old[2], new[2])


def _frame(picture: Picture, number: int, video: VideoStream, *, full_range: bool) -> av.VideoFrame:
    frame = av.VideoFrame(video.width, video.height, "yuv420p")
    for plane, samples in zip(frame.planes, picture, strict=True):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        lines[: plane.height, : plane.width] = _FULL_LUMA[samples] if full_range and samples is picture[0] else samples
    color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
    if video.pix_fmt != "yuv420p":
        frame = frame.reformat(format=video.pix_fmt, src_color_range=color_range, dst_color_range=color_range)
    frame.color_range = color_range
    frame.pts, frame.time_base = number, 1 / Fraction(video.codec_context.framerate)
    return frame


_FULL_LUMA = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


class _Sound:
    """Writes the tone of each scene, or silence, in step with the pictures."""

    def __init__(self, container: OutputContainer, rate: Fraction, seed: int) -> None:
        self._container = container
        self._rate = rate
        self._stream: AudioStream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        self._pitches = np.random.default_rng(seed).permutation(np.geomspace(200, 2000, 24))
        self._written = 0

    def advance(self, number: int, entry: _Entry) -> None:
        """Write what sounds during the frame `number`, which belongs to `entry`."""
        until = int((number + 1) * SAMPLE_RATE / self._rate)
        moments = np.arange(self._written, until) / SAMPLE_RATE
        pitch = self._pitches[entry.number % len(self._pitches)]
        tone = 0.25 * np.sin(2 * np.pi * pitch * moments) if entry.scene.sound else np.zeros_like(moments)
        piece = av.AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), format="fltp", layout="stereo")
        piece.sample_rate = SAMPLE_RATE
        piece.pts, piece.time_base = self._written, Fraction(1, SAMPLE_RATE)
        self._written = until
        self._container.mux(self._stream.encode(piece))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))
