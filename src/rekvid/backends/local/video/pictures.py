"""Decoded pictures, shrunk to what the analysers eat: 128x72 samples, and how black the full-size picture was.

Frames shrink in FFmpeg's own scaler; where the samples lie as bytes, the rows that a small one is the mean of are first
added up, which takes less than the scaler does for them. The full-size picture is looked at only where the small one
leaves open whether it is black.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av.error
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from rekvid.backends.local.video.media import Media, UnreadableVideoError

SMALL_WIDTH = 128
SMALL_HEIGHT = 72
DETAIL_WIDTH = 480
DETAIL_HEIGHT = 270
DETAIL_RATE = 4
"""How many frames a second carry `SmallFrame.detail`, in which text can be told from texture."""

_SMALL_PLANES = ((SMALL_WIDTH, SMALL_HEIGHT), *[(SMALL_WIDTH // 2, SMALL_HEIGHT // 2)] * 2)
_BYTE_PLANES = tuple(f"yuv{j}{ratio}p" for j in ("", "j") for ratio in ("420", "422", "440", "444"))
_DIRECT_LUMA = ("yuv4", "yuvj4", "yuva4", "gray", "nv12", "nv16", "nv21", "nv24", "nv42")

Plane: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackLevel:
    """What counts as black.

    Attributes:
        ceiling: The highest luma of a black sample, on the 8-bit scale of the video's own range.
        share: The share of black samples, 0-1, that makes a frame black.
    """

    ceiling: Fraction
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFrame:
    """A frame as the analysers see it: 128x72, 8-bit YUV 4:2:0, in the colour range of the video.

    One that was left out of decoding is the mean of those beside it (see `rekvid.backends.local.video.nonref`).

    Attributes:
        index: Number of the frame in order of display, from 0.
        time: Its exact pts, in seconds.
        luma: 72 rows of 128.
        blue: 36 rows of 64 (Cb).
        red: 36 rows of 64 (Cr).
        black_share: The share of black luma samples in the full-size picture, 0-1, exact; 0 where the small frame
            proves that the picture isn't black, or nobody asked.
        detail: 270 rows of 480 samples of luma, on `DETAIL_RATE` frames a second; None on the others, or where nobody
            asked. The first frame of each interval has it, or the first that is decoded where frames are left out.
    """

    index: int
    time: Fraction
    luma: Plane
    blue: Plane
    red: Plane
    black_share: float
    detail: Plane | None = None


class Shrinker:
    """Turns decoded pictures into small frames."""

    def __init__(self, media: Media, black: BlackLevel | None, *, detail: bool) -> None:
        self._media = media
        self._black = black
        self._wants_detail = detail
        self._range = ColorRange.JPEG if media.full_range else ColorRange.MPEG
        # Reused, as setting up a scaler costs more than using it.
        self._small = VideoReformatter()
        self._of_planes = tuple(VideoReformatter() for _ in range(3))
        self._same_size = VideoReformatter()
        self._detail = VideoReformatter()

    def __call__(self, picture: VideoFrame, index: int, *, detail: bool | None = None) -> SmallFrame:
        """Shrink a picture, the one with the number `index` in order of display.

        Args:
            picture: The picture.
            index: Its number.
            detail: Whether the frame has detail, if anybody asked; None for what its pts say.

        Raises:
            UnreadableVideoError: FFmpeg can't convert pictures of its format.
        """
        luma, blue, red = self._small_planes(picture)
        pts, base = picture.pts, self._media.video.time_base
        time = index / self._media.rate if pts is None or base is None else pts * base
        return SmallFrame(
            index=index,
            time=time,
            luma=luma,
            blue=blue,
            red=red,
            black_share=self._black_share(picture, luma),
            detail=self._detail_of(picture) if self._has_detail(time, detail) else None,
        )

    def _small_planes(self, picture: VideoFrame) -> list[Plane]:
        """Luma, blue and red of the small frame."""
        if _has_bytes(picture):
            return [
                self._shrink(scaler, plane, width, height)
                for scaler, plane, (width, height) in zip(self._of_planes, picture.planes, _SMALL_PLANES, strict=True)
            ]
        return [_pixels(plane) for plane in self._convert(self._small, picture, SMALL_WIDTH, SMALL_HEIGHT).planes]

    def _has_detail(self, time: Fraction, chosen: bool | None) -> bool:
        return self._wants_detail and (begins_interval(time, self._media.rate) if chosen is None else chosen)

    def _detail_of(self, picture: VideoFrame) -> Plane:
        if _has_bytes(picture):
            return self._shrink(self._detail, picture.planes[0], DETAIL_WIDTH, DETAIL_HEIGHT)
        return _pixels(self._convert(self._detail, picture, DETAIL_WIDTH, DETAIL_HEIGHT).planes[0])

    def _shrink(self, scaler: VideoReformatter, plane: VideoPlane, width: int, height: int) -> Plane:
        rows = VideoFrame.from_numpy_buffer(_means_of_rows(_lines(plane), plane.width, height), "gray")
        return _pixels(self._convert(scaler, rows, width, height, "gray").planes[0])

    def _black_share(self, picture: VideoFrame, luma: Plane) -> float:
        if self._black is None or _proves_bright(luma, self._black):
            return 0.0
        ceiling = self._black.ceiling
        if picture.format.name.startswith(_DIRECT_LUMA) and picture.planes[0].line_size > 0:
            bits = picture.format.components[0].bits
            if bits == 8:
                return _share_up_to(_pixels(picture.planes[0]), math.floor(ceiling))
            if 8 < bits <= 16 and picture.format.name.endswith("le"):
                deep = _lines(picture.planes[0]).view("<u2")[:, : picture.width]
                return _share_up_to(deep, math.floor(ceiling * 2 ** (bits - 8)))
        converted = self._convert(self._same_size, picture, picture.width, picture.height)
        return _share_up_to(_pixels(converted.planes[0]), math.floor(ceiling))

    def _convert(
        self, scaler: VideoReformatter, picture: VideoFrame, width: int, height: int, pixel_format: str = "yuv420p"
    ) -> VideoFrame:
        try:
            return scaler.reformat(
                picture,
                width,
                height,
                pixel_format,
                interpolation=Interpolation.AREA,
                # Several pictures are converted side by side already.
                threads=1,
                # The range stays what it is, so that thresholds mean the same on the small frame.
                src_color_range=ColorRange.JPEG if picture.format.is_rgb else self._range,
                dst_color_range=self._range,
            )
        except (av.error.FFmpegError, ValueError) as error:
            name = self._media.video.codec_context.pix_fmt or picture.format.name
            raise UnreadableVideoError(
                f"Unsupported codec/format. Pictures of the format {name} can't be converted here."
            ) from error


def begins_interval(time: Fraction, rate: Fraction) -> bool:
    """Whether a frame at `time` is the first in its interval of `DETAIL_RATE`, when one comes every ``1 / rate``."""
    # In whole numbers, as this is asked of every frame and fractions take long.
    unit = time.denominator * rate.numerator
    now = time.numerator * rate.numerator * DETAIL_RATE
    return now // unit != (now - time.denominator * rate.denominator * DETAIL_RATE) // unit


def _has_bytes(picture: VideoFrame) -> bool:
    """Whether luma, blue and red lie in planes of their own, a byte for each sample."""
    return picture.format.name in _BYTE_PLANES and all(plane.line_size > 0 for plane in picture.planes)


def _means_of_rows(lines: Plane, width: int, wanted: int) -> Plane:
    """`lines` without padding, averaged over so many rows at once that `wanted` are left at least, without a rest."""
    height = len(lines)
    rows = next((count for count in range(min(height // wanted, 256), 1, -1) if height % count == 0), 1)
    if rows == 1:
        return lines[:, :width]
    sums: NDArray[np.uint16] = np.add.reduce(
        lines.reshape(height // rows, rows, -1)[:, :, :width], axis=1, dtype=np.uint16
    )
    sums += rows // 2
    sums //= rows
    return sums.astype(np.uint8)


def _proves_bright(luma: Plane, black: BlackLevel) -> bool:
    """Whether too many samples must be above the ceiling, whatever the full-size picture looks like.

    A small sample is the mean of a block of full-size ones. To lift a block's mean by `d` above the ceiling, at
    least ``d / (255 - ceiling)`` of its samples must lie above it. Two levels and half as much again are left to
    the scaler's rounding and the soft edges of its blocks.
    """
    ceiling = math.floor(black.ceiling)
    if ceiling + 2 > 255:
        return False
    lifted = int(np.maximum(luma, ceiling + 2).sum(dtype=np.uint32)) / luma.size - (ceiling + 2)
    return lifted / max(255 - ceiling, 1) > 1.5 * (1 - black.share)


def _share_up_to(luma: NDArray[np.uint8] | NDArray[np.uint16], ceiling: int) -> float:
    return int(np.count_nonzero(luma <= ceiling)) / luma.size


def _lines(plane: VideoPlane) -> Plane:
    """The bytes of `plane`, a row for each line, padding included."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]


def _pixels(plane: VideoPlane) -> Plane:
    """The 8-bit samples of `plane`, without the padding at the end of its lines."""
    return _lines(plane)[:, : plane.width]
