"""Small frames of painted pictures, as the decoder would give them, for the tests of cues."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.detector import CueDetector
from rekvid.backends.local.shots.detector import Boundary
from rekvid.backends.local.video.pictures import (
    DETAIL_HEIGHT,
    DETAIL_RATE,
    DETAIL_WIDTH,
    SMALL_HEIGHT,
    SMALL_WIDTH,
    BlackLevel,
    Plane,
    SmallFrame,
)
from rekvid.backends.local.video.sound import Sound
from rekvid.models import TechnicalCueType
from rekvid.testing.reels import Scene, paint_reel
from rekvid.testing.scenes import Picture

RATE = Fraction(12)
"""Slow, so that there is little to paint; a third of the frames carry detail."""

LEVEL = BlackLevel(ceiling=Fraction(299, 5), share=0.99)

_SMALL, _DETAIL = VideoReformatter(), VideoReformatter()


def small_frame(picture: Picture, index: int = 0, *, detail: bool = True) -> SmallFrame:
    """The frame of a picture of any size."""
    frame = VideoFrame(picture[0].shape[1], picture[0].shape[0], "yuv420p")
    for plane, samples in zip(frame.planes, picture, strict=True):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        lines[: plane.height, : plane.width] = samples
    luma, blue, red = _scaled(_SMALL, frame, SMALL_WIDTH, SMALL_HEIGHT)
    return SmallFrame(
        index=index,
        time=index / RATE,
        luma=luma,
        blue=blue,
        red=red,
        black_share=float((picture[0] <= 59).mean()),
        detail=_scaled(_DETAIL, frame, DETAIL_WIDTH, DETAIL_HEIGHT)[0] if detail else None,
    )


def small_frames(*scenes: Scene, seed: int = 0) -> Iterator[SmallFrame]:
    """The frames of a reel."""
    step = int(RATE / DETAIL_RATE)
    for index, picture in enumerate(paint_reel(scenes, width=480, height=270, rate=RATE, seed=seed)):
        yield small_frame(picture, index, detail=index % step == 0)


def cuts_between(*scenes: Scene) -> list[Boundary]:
    """A hard cut where each scene but the first begins."""
    lengths = [round(Fraction(scene.seconds) * RATE) for scene in scenes]
    starts = np.cumsum(lengths)[:-1].tolist()
    return [Boundary(end=start - 1, start=start, confidence=100.0) for start in starts]


def cues_in(*scenes: Scene, seed: int = 0, boundaries: Sequence[Boundary] | None = None) -> list[Cue]:
    """The cues of a reel, with the sound of its scenes; its cuts are known, or are taken for `boundaries`."""
    detector = CueDetector(RATE, LEVEL)
    for frame in small_frames(*scenes, seed=seed):
        detector.feed(frame)
    start = Fraction(0)
    for scene in scenes:
        end = start + round(Fraction(scene.seconds) * RATE) / RATE
        if scene.sound:
            detector.hear(Sound(start=start, end=end))
        start = end
    return detector.finish(cuts_between(*scenes) if boundaries is None else boundaries)


def types_of(cues: list[Cue]) -> list[TechnicalCueType]:
    """What the cues are, in order."""
    return [cue.type for cue in cues]


def dimmed(frame: SmallFrame, levels: int) -> SmallFrame:
    """The frame with all luma lowered by `levels`."""

    def lower(plane: Plane) -> Plane:
        return np.maximum(plane.astype(np.int16) - levels, 16).astype(np.uint8)

    detail = None if frame.detail is None else lower(frame.detail)
    return dataclasses.replace(frame, luma=lower(frame.luma), detail=detail)


def _scaled(scaler: VideoReformatter, frame: VideoFrame, width: int, height: int) -> list[Plane]:
    small = scaler.reformat(
        frame,
        width,
        height,
        "yuv420p",
        interpolation=Interpolation.AREA,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
    )
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].copy()
        for plane in small.planes
    ]
