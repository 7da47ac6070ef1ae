"""Scenes that are taken from video files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from rekvid.testing.pictures import Painter, Picture, Plane, Stage
from rekvid.testing.scenes import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScene(Scene):
    """A piece of a video file, stretched to the size of the reel.

    Its frames follow one another as in the file, one for one, whatever the two frame rates are, so that none is
    doubled or left out. The file has to go on past the piece where a transition leads out of it.

    Attributes:
        path: The file; its first video stream is shown.
        start: Where the piece begins, in seconds from the file's first frame.
        mirrored: Whether left and right are exchanged.
    """

    path: Path
    start: float = 0.0
    mirrored: bool = False

    def painter(self, stage: Stage) -> Painter:
        """See `Scene.painter`.

        The painter goes forward only: asked for a frame before one that it has given, it raises ValueError, and so
        it does past the last frame of the file.
        """
        pictures = self._pictures(stage.width, stage.height)
        number = -1
        picture: Picture | None = None

        def paint(wanted: int) -> Picture:
            nonlocal number, picture
            if wanted < number:
                raise ValueError(f"frame {wanted} of {self.path} was asked for after frame {number}")
            for following in itertools.islice(pictures, wanted - number):
                number, picture = number + 1, following
            if picture is None or number < wanted:
                raise ValueError(
                    f"{self.path} ends {number + 1} frames after start, {self.start} s; frame {wanted} of the piece is "
                    "needed: begin it earlier or make the scene or the transition after it shorter"
                )
            return picture

        return paint

    def _pictures(self, width: int, height: int) -> Iterator[Picture]:
        reformatter = VideoReformatter()
        with av.open(str(self.path)) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            first = Fraction(stream.start_time or 0) * stream.time_base
            # What was typed, not the float nearest to it, which may lie past the frame that is meant.
            wanted = first + Fraction(self.start).limit_denominator(10**6)
            container.seek(int(wanted / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.pts is None or frame.pts * stream.time_base < wanted:
                    continue
                small = reformatter.reformat(
                    frame,
                    width,
                    height,
                    "yuv420p",
                    interpolation=Interpolation.AREA,
                    dst_color_range=ColorRange.MPEG,
                )
                luma, blue, red = (_samples(plane, mirrored=self.mirrored) for plane in small.planes)
                yield luma, blue, red


def _samples(plane: VideoPlane, *, mirrored: bool) -> Plane:
    lines: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    samples = lines[: plane.height, : plane.width]
    return (samples[:, ::-1] if mirrored else samples).copy()
