"""Draws boxes with names and confidences on pictures, with Pillow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rekvid.errors import MissingExtraError
from rekvid.models import Instance, LabelDetection, PixelBox
from rekvid.report.colours import colour_of

try:
    from PIL import Image, ImageDraw, ImageFont
except ImportError as missing:
    raise MissingExtraError("report", "drawing on pictures") from missing

SMALLEST_LETTERS = 9
"""Pixels: smaller ones can't be read, so on a small picture a name covers more of it."""

_LETTERS_A_HEIGHT = 26  # letters are this part of the shorter side of the picture
_SHADE = "#000000"


def draw_detections(
    picture: Image.Image, detections: Iterable[LabelDetection], *, min_confidence: float = 0
) -> Image.Image:
    """A copy of `picture` with a box, a name and a confidence for each instance.

    Lines and letters grow with the picture. A name lies above its box where there is room that no other name has taken,
    else inside or below. Large boxes are drawn first, so that small ones stay in sight.

    Args:
        picture: Any picture; the copy is RGB.
        detections: What was found in it. A label without instances has nothing to draw.
        min_confidence: The lowest confidence of an instance that is drawn, 0-100.
    """
    copy = picture.convert("RGB")
    instances = [
        (each.label.name, instance)
        for each in detections
        for instance in each.label.instances
        if instance.confidence >= min_confidence
    ]
    instances.sort(key=lambda each: -each[1].bounding_box.width * each[1].bounding_box.height)
    _Pen(copy).draw(instances)
    return copy


def letters(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, `size` pixels high."""
    return ImageFont.load_default(max(SMALLEST_LETTERS, size))


class _Pen:
    """Draws on one picture, and knows where names are already."""

    def __init__(self, picture: Image.Image) -> None:
        self._width, self._height = picture.size
        self._draw = ImageDraw.Draw(picture)
        self._size = max(SMALLEST_LETTERS, min(picture.size) / _LETTERS_A_HEIGHT)
        self._font = letters(self._size)
        self._line = max(2, round(self._size / 7))
        self._taken: list[PixelBox] = []

    def draw(self, instances: Sequence[tuple[str, Instance]]) -> None:
        """Draw all boxes, then all names, so that no line runs through a name."""
        boxes = [
            (name, instance, instance.bounding_box.to_pixels(self._width, self._height)) for name, instance in instances
        ]
        for name, _, box in boxes:
            self._box(box, colour_of(name))
        for name, instance, box in boxes:
            self._name(name, instance.confidence, box)

    def _box(self, box: PixelBox, colour: str) -> None:
        if box.width < 1 or box.height < 1:
            return
        corners = (box.left, box.top, box.right - 1, box.bottom - 1)
        # A dark edge on both sides keeps the line apart from any ground.
        outer = (corners[0] - 1, corners[1] - 1, corners[2] + 1, corners[3] + 1)
        self._draw.rectangle(outer, outline=_SHADE, width=self._line + 2)
        self._draw.rectangle(corners, outline=colour, width=self._line)

    def _name(self, name: str, confidence: float, box: PixelBox) -> None:
        margin = round(self._size * 0.35)
        text = self._fitting(name, f" {confidence:.0f}", self._width - 2 * margin)
        width = round(self._draw.textlength(text, self._font)) + 2 * margin
        height = round(self._size * 1.45)
        tag = self._free_place(box, width, height)
        self._taken.append(tag)
        self._draw.rectangle((tag.left, tag.top, tag.right - 1, tag.bottom - 1), fill=colour_of(name))
        middle = (tag.left + margin, (tag.top + tag.bottom) / 2)
        self._draw.text(middle, text, fill=_SHADE, font=self._font, anchor="lm")

    def _fitting(self, name: str, confidence: str, width: int) -> str:
        """Name and confidence or, as far as that is too wide, the name alone, and its beginning."""
        for text in (name + confidence, name):
            if self._draw.textlength(text, self._font) <= width:
                return text
        while len(name) > 1 and self._draw.textlength(f"{name}...", self._font) > width:
            name = name[:-1]
        return f"{name}..."

    def _free_place(self, box: PixelBox, width: int, height: int) -> PixelBox:
        """Above the box, else inside at its top, below it, or inside at its bottom; the first that is free."""
        left = max(0, min(box.left, self._width - width))
        tops = (box.top - height, box.top, box.bottom, box.bottom - height)
        places = [
            PixelBox(left=left, top=top, right=left + width, bottom=top + height)
            for top in tops
            if 0 <= top <= self._height - height
        ]
        for place in places:
            if not any(_overlap(place, other) for other in self._taken):
                return place
        if places:
            return places[0]
        return PixelBox(left=left, top=0, right=left + width, bottom=height)


def _overlap(one: PixelBox, other: PixelBox) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
