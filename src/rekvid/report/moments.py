"""A moment of a video with what was found in it, for notebooks to show."""

from __future__ import annotations

import base64
import io
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, SupportsIndex

from rekvid.errors import RekvidError, ValidationError
from rekvid.models import LabelDetection
from rekvid.models._html import boxes_drawing
from rekvid.models._shape import Value, value
from rekvid.report.cards import moment_card
from rekvid.report.stretches import Holding, label_stretches

if TYPE_CHECKING:
    from PIL import Image

_WIDEST: Final = 720  # pixels: a notebook keeps the picture in its file, so it is no larger than it is looked at


@value
class LabelledFrame(Value):
    """A frame of a video with detections; `LabelDetectionResult.frame` gives it, and a notebook shows the picture.

    Attributes:
        video: The file; None where it isn't at hand, so that the boxes are shown without the picture.
        timestamp: Milliseconds from the first frame.
        labels: What is drawn on it.
    """

    video: Path | None
    timestamp: int
    labels: tuple[LabelDetection, ...]

    def picture(self, *, widest: int | None = None) -> Image.Image:
        """The frame that is on screen at `timestamp`, upright, with the boxes drawn on it.

        Args:
            widest: The most pixels of its longer side, 16 or more; None for the size of the video.

        Raises:
            MissingExtraError: The extra ``report`` is not installed.
            ValidationError: There is no `video`, it can't be read, or `widest` is out of its range.
            OSError: The file can't be opened.
        """
        from rekvid.report.pictures import frame_with

        return frame_with(self.video, self.timestamp, self.labels, widest=widest)

    def _repr_html_(self) -> str:
        """What a notebook shows: the frame with its boxes, or the boxes alone where the video can't be read."""
        try:
            shown, why = _image(self.picture(widest=_WIDEST), self.timestamp), ""
        except (RekvidError, OSError) as error:
            boxes = [instance.bounding_box for each in self.labels for instance in each.label.instances]
            shown = boxes_drawing((box.left, box.top, box.width, box.height) for box in boxes)
            why = str(error)
        return moment_card(self.timestamp, self.labels, picture=shown, why_no_picture=why)


def labels_at(
    labels: Sequence[LabelDetection], at: SupportsIndex | LabelDetection
) -> tuple[int, tuple[LabelDetection, ...]]:
    """The millisecond that `at` means, and the detections to show there: it alone, or those of `labels` that hold.

    Raises:
        ValidationError: `at` is no detection and no whole number of 0 or more.
    """
    if isinstance(at, LabelDetection):
        return label_stretches([at])[0].start, (at,)
    rule = "must be whole milliseconds from the first frame, 0 or more, or a detection"
    try:
        millis = operator.index(at)  # an integer of numpy or pandas too, which is no int
    except TypeError as error:
        raise ValidationError("at", at, rule) from error
    if millis < 0:
        raise ValidationError("at", at, rule)
    return millis, tuple(Holding(label_stretches(labels)).at(millis))


def _image(picture: Image.Image, millis: int) -> str:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85)
    body = base64.b64encode(data.getvalue()).decode("ascii")
    return (
        f'<img src="data:image/jpeg;base64,{body}" width="{picture.width}" height="{picture.height}" '
        f'alt="The frame at {millis} ms with its boxes" style="max-width:100%;height:auto">'
    )
