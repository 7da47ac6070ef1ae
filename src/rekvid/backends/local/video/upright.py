"""Decoded frames as detectors want them: RGB, upright, with square pixels, and as large as asked for.

All scaling is one step of FFmpeg's scaler, from the decoded frame to the few samples that are needed. What the
container says about how a frame is to be shown counts: its rotation by quarter turns, and the shape of its pixels.
"""

from __future__ import annotations

from fractions import Fraction

import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from rekvid.backends.local.labels.detectors.base import Fit, Picture
from rekvid.backends.local.video.media import Media, UnreadableVideoError


class Scaler:
    """Makes the pictures of one video for one `Fit`."""

    def __init__(self, media: Media, fit: Fit) -> None:
        self._fit = fit
        self._pixel_aspect = media.video.codec_context.sample_aspect_ratio or Fraction(1)
        self._range = ColorRange.JPEG if media.full_range else ColorRange.MPEG
        # Reused, as setting up a scaler costs more than using it.
        self._scaler = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Picture:
        """The picture of `frame`.

        Raises:
            UnreadableVideoError: There is no conversion from its pixel format.
        """
        turns = quarter_turns(frame.rotation)
        width, height = picture_size(self._fit, frame.width * self._pixel_aspect, Fraction(frame.height), turns)
        if turns % 2:  # scaled as it lies, then turned
            width, height = height, width
        try:
            scaled = self._scaler.reformat(
                frame,
                width,
                height,
                "rgb24",
                interpolation=Interpolation.AREA,
                src_color_range=ColorRange.JPEG if frame.format.is_rgb else self._range,
                dst_color_range=ColorRange.JPEG,
                threads=1,  # the other cores are at work on other frames
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise UnreadableVideoError(
                f"Unsupported codec/format. Pictures of the format {frame.format.name} can't be converted here."
            ) from error
        plane = scaled.planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(height, plane.line_size)
        picture = lines[:, : 3 * width].reshape(height, width, 3)
        return np.ascontiguousarray(np.rot90(picture, turns))


def quarter_turns(degrees: int) -> int:
    """How many quarter turns counterclockwise, 0-3, a rotation counterclockwise by `degrees` is, to the nearest."""
    return round(degrees / 90) % 4


def picture_size(fit: Fit, width: Fraction, height: Fraction, turns: int) -> tuple[int, int]:
    """Width and height, at least 1, of the upright picture of a frame that is `width` by `height` before its turns."""
    if not fit.keep_aspect:
        return fit.width, fit.height
    if turns % 2:
        width, height = height, width
    scale = min(fit.width / width, fit.height / height)
    if not fit.enlarge:
        scale = min(scale, Fraction(1))
    # Rounded down, so that it fits.
    return max(1, int(width * scale)), max(1, int(height * scale))
