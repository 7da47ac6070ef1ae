"""Annotated frames and videos, and contact sheets. They need the extra ``report``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from rekvid.errors import MissingExtraError, ValidationError
from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.report.drawing import draw_detections, letters
from rekvid.report.frames import Film, rewrite
from rekvid.report.stretches import Holding, SegmentStretch, label_stretches, rate_of, segment_stretches

try:
    from PIL import Image, ImageDraw
except ImportError as missing:
    raise MissingExtraError("report", "drawing on pictures") from missing

__all__ = ["annotate_frame", "annotate_video", "contact_sheet", "draw_detections", "frame_with"]

_GROUND, _TEXT, _SOFT = "#ffffff", "#16181d", "#5b6270"


def annotate_frame(
    video: str | os.PathLike[str],
    millis: int,
    labels: Iterable[LabelDetection],
    *,
    min_confidence: float = 0,
) -> Image.Image:
    """The frame that is on screen at `millis`, with the boxes that hold then.

    Args:
        video: A file.
        millis: Milliseconds from the first frame, such as the ``timestamp`` of a detection.
        labels: The detections, such as ``result.labels``; those of the whole video tell how long each one holds.
        min_confidence: The lowest confidence of a box that is drawn, 0-100.

    Raises:
        ValidationError: `video` is no video that FFmpeg can read.
        OSError: `video` can't be opened.
    """
    with Film(video) as film:
        picture = film.picture_at(millis)
    return draw_detections(picture, Holding(label_stretches(labels)).at(millis), min_confidence=min_confidence)


def frame_with(
    video: str | os.PathLike[str] | None,
    millis: int,
    labels: Iterable[LabelDetection],
    *,
    widest: int | None = None,
) -> Image.Image:
    """The frame that is on screen at `millis` with `labels` drawn on it, whenever they hold.

    Args:
        video: A file; None is an error that says what to give.
        millis: Milliseconds from the first frame.
        labels: What is drawn.
        widest: The most pixels of the longer side, 16 or more; names are drawn after the frame was made smaller, so
            that they stay legible. None for the size of the video.

    Raises:
        ValidationError: `video` is None or no video that FFmpeg can read, or `widest` is out of its range.
        OSError: `video` can't be opened.
    """
    if video is None:
        raise ValidationError("video", None, "is not known to lie on this machine: name a file of it")
    if widest is not None and widest < 16:
        raise ValidationError("widest", widest, "must be 16 pixels or more")
    with Film(video) as film:
        picture = film.picture_at(millis)
    if widest is not None:
        picture.thumbnail((widest, widest), Image.Resampling.LANCZOS)
    return draw_detections(picture, labels)


def annotate_video(
    video: str | os.PathLike[str],
    target: str | os.PathLike[str],
    labels: Iterable[LabelDetection],
    *,
    min_confidence: float = 0,
) -> int:
    """Write a video with the boxes drawn on each frame; gives the number of frames.

    Frames keep their times and the sound is copied. The video is upright, with square pixels, in H.264.

    Args:
        video: A file.
        target: The file to write: .mp4, .mov or .mkv.
        labels: The detections, such as ``result.labels``.
        min_confidence: The lowest confidence of a box that is drawn, 0-100.

    Raises:
        ValidationError: `video` is no video that FFmpeg can read or is damaged, or `target` can't hold it.
        OSError: A file can't be opened.
    """
    holding = Holding(label_stretches(labels))

    def paint(picture: Image.Image, millis: int) -> Image.Image:
        return draw_detections(picture, holding.at(millis), min_confidence=min_confidence)

    return rewrite(video, target, paint)


def contact_sheet(
    video: str | os.PathLike[str],
    segments: Iterable[SegmentDetection],
    video_metadata: VideoMetadata | None = None,
    *,
    columns: int = 4,
    width: int = 1280,
) -> Image.Image:
    """A picture with the middle frame of each segment, its name, its start and its length.

    Args:
        video: A file.
        segments: The segments, such as ``result.shots``, at least one.
        video_metadata: The video stream, for segments to end after their last frame.
        columns: Frames in a row, 1 or more.
        width: Width of the sheet in pixels, 80 or more a column.

    Raises:
        ValidationError: There is no segment, a number is out of its range, or `video` can't be read.
        OSError: `video` can't be opened.
    """
    stretches = segment_stretches(segments, rate_of(video_metadata))
    if not stretches:
        raise ValidationError("segments", (), "a sheet needs at least one segment")
    if columns < 1:
        raise ValidationError("columns", columns, "must be 1 or more")
    if width < 80 * columns:
        raise ValidationError("width", width, "must be 80 pixels or more a column")
    columns = min(columns, len(stretches))
    with Film(video) as film:
        pictures = [film.picture_at((each.start + each.end) // 2) for each in stretches]
    return _sheet(pictures, stretches, columns, width)


def _sheet(
    pictures: Sequence[Image.Image], stretches: Sequence[SegmentStretch], columns: int, width: int
) -> Image.Image:
    gap = max(6, width // 100)
    wide = (width - gap * (columns + 1)) // columns
    high = max(1, round(wide * pictures[0].height / pictures[0].width))
    size = max(9.0, wide / 18)
    caption = round(size * 3.1)
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (width, gap + rows * (high + caption + gap)), _GROUND)
    draw = ImageDraw.Draw(sheet)
    for number, (picture, stretch) in enumerate(zip(pictures, stretches, strict=True)):
        row, column = divmod(number, columns)
        left, top = gap + column * (wide + gap), gap + row * (high + caption + gap)
        sheet.paste(picture.resize((wide, high), Image.Resampling.LANCZOS), (left, top))
        seconds = f"{(stretch.end - stretch.start) / 1000:.1f} s"
        place = (left, top + high + size * 0.3)
        draw.text(place, stretch.name, fill=_TEXT, font=letters(size))
        line = f"{stretch.segment.start_timecode_smpte}  {seconds}"
        draw.text((left, place[1] + size * 1.3), line, fill=_SOFT, font=letters(size))
    return sheet
