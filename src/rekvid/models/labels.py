"""The values of label detection."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

from rekvid.models._html import boxes_drawing
from rekvid.models._shape import ABSENT, FirstMatch, Shape, Value, value
from rekvid.models.jobs import JobPage
from rekvid.models.media import VideoMetadata


class LabelDetectionSortBy(enum.StrEnum):
    """The order of labels (API reference, GetLabelDetection, SortBy)."""

    NAME = "NAME"
    TIMESTAMP = "TIMESTAMP"


class LabelDetectionAggregateBy(enum.StrEnum):
    """One row per sampled timestamp, or one per stretch of time (API reference, GetLabelDetection, AggregateBy)."""

    TIMESTAMPS = "TIMESTAMPS"
    SEGMENTS = "SEGMENTS"


class LabelDetectionFeatureName(enum.StrEnum):
    """What label detection can be asked for (API reference, StartLabelDetection, Features)."""

    GENERAL_LABELS = "GENERAL_LABELS"


@value
class PixelBox(Value):
    """A box in whole pixels, origin at the top left; `right` and `bottom` are exclusive, as in a slice.

    Attributes:
        left: First column, 0 up to the width.
        top: First row, 0 up to the height.
        right: First column that is no longer inside.
        bottom: First row that is no longer inside.
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top


@value
class BoundingBox(Shape):
    """A box as ratios of the frame (API reference, BoundingBox). The service's boxes can reach past the frame.

    Attributes:
        width: Width as a ratio of the frame's width.
        height: Height as a ratio of the frame's height.
        left: Left edge as a ratio of the frame's width.
        top: Top edge as a ratio of the frame's height.
    """

    width: float
    height: float
    left: float
    top: float

    def overlap(self, other: BoundingBox) -> float:
        """How much of the two boxes they share, 0-1: the intersection over the union of their areas."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        shared = max(width, 0.0) * max(height, 0.0)
        union = self.width * self.height + other.width * other.height - shared
        return shared / union if union > 0 else 0.0

    def to_pixels(self, width: int, height: int) -> PixelBox:
        """The box in a frame of `width` x `height` pixels: each edge rounded to the nearest pixel, cut to the frame."""

        def edge(ratio: float, size: int) -> int:
            return round(min(max(ratio * size, 0), size))

        return PixelBox(
            left=edge(self.left, width),
            top=edge(self.top, height),
            right=edge(self.left + self.width, width),
            bottom=edge(self.top + self.height, height),
        )


@value
class DominantColor(Shape):
    """A colour that covers much of an instance (API reference, DominantColor). Not returned for video so far.

    Attributes:
        red: 0-255.
        blue: 0-255.
        green: 0-255.
        hex_code: ``#rrggbb``.
        css_color: The nearest CSS colour name.
        simplified_color: One of twelve simple colour names.
        pixel_percent: Share of the pixels, 0-100.
    """

    red: int | None = None
    blue: int | None = None
    green: int | None = None
    hex_code: str | None = None
    css_color: str | None = None
    simplified_color: str | None = None
    pixel_percent: float | None = None


@value
class Instance(Shape):
    """One occurrence of a label in a frame (API reference, Instance).

    Attributes:
        bounding_box: Where it is.
        confidence: 0-100.
        dominant_colors: Its main colours; empty for video so far.
    """

    bounding_box: BoundingBox
    confidence: float
    dominant_colors: tuple[DominantColor, ...] = ABSENT


@value
class Parent(Shape):
    """A label of which the label is a kind (API reference, Parent)."""

    name: str


@value
class LabelAlias(Shape):
    """Another name of the label (API reference, LabelAlias)."""

    name: str


@value
class LabelCategory(Shape):
    """A category of the label (API reference, LabelCategory)."""

    name: str


@value
class Label(Shape):
    """What was detected (API reference, Label). Lists are empty both where the service sends none and an empty one.

    Attributes:
        name: Name of the label.
        confidence: 0-100.
        instances: The occurrences that have a box.
        parents: All ancestors.
        aliases: Other names; from model 3.0 on.
        categories: Categories; from model 3.0 on.
    """

    name: str
    confidence: float
    instances: tuple[Instance, ...] = ABSENT
    parents: tuple[Parent, ...] = ABSENT
    aliases: tuple[LabelAlias, ...] = ABSENT
    categories: tuple[LabelCategory, ...] = ABSENT

    def _repr_html_(self) -> str:
        """What a notebook shows: where the instances are in the frame, and a table of what is set."""
        table = Shape._repr_html_(self)
        boxes = [each.bounding_box for each in self.instances]
        if not boxes:
            return table
        return boxes_drawing((box.left, box.top, box.width, box.height) for box in boxes) + table


@value
class LabelDetection(Shape):
    """A label at a time, or over a stretch of time with ``aggregate_by=SEGMENTS`` (API reference, LabelDetection).

    Attributes:
        timestamp: Milliseconds from the start of the video; the start of the stretch when aggregated, where it
            may be missing.
        label: What was detected.
        start_timestamp_millis: Start of the stretch in milliseconds; only when aggregated.
        end_timestamp_millis: End of the stretch in milliseconds; only when aggregated.
        duration_millis: Length of the stretch in milliseconds; only when aggregated.
    """

    timestamp: int | None = None
    label: Label
    start_timestamp_millis: int | None = None
    end_timestamp_millis: int | None = None
    duration_millis: int | None = None

    @property
    def time(self) -> dt.timedelta:
        """`timestamp`, or where it is missing `start_timestamp_millis`, as a timedelta."""
        millis = self.timestamp if self.timestamp is not None else self.start_timestamp_millis
        return dt.timedelta(milliseconds=millis or 0)


@value
class GetLabelDetectionRequestMetadata(Shape):
    """The order and grouping that the page was asked for (API reference, GetLabelDetectionRequestMetadata)."""

    sort_by: Annotated[LabelDetectionSortBy | str, FirstMatch()] | None = None
    aggregate_by: Annotated[LabelDetectionAggregateBy | str, FirstMatch()] | None = None


@value
class LabelDetectionPage(JobPage):
    """One answer of GetLabelDetection (API reference, GetLabelDetection, response syntax).

    Besides the members of `JobPage`:

    Attributes:
        video_metadata: The video stream; None while the job runs.
        labels: The labels of this page; empty while the job runs.
        label_model_version: Version of the model.
        get_request_metadata: The order and grouping asked for; from 2023 on.
    """

    video_metadata: VideoMetadata | None = None
    labels: tuple[LabelDetection, ...] = ABSENT
    label_model_version: str | None = None
    get_request_metadata: GetLabelDetectionRequestMetadata | None = None
