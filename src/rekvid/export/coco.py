"""Labels in the layout of COCO's annotations, for tools that label, train and score (cocodataset.org, Data format)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from rekvid.errors import ValidationError
from rekvid.models import LabelDetection, VideoMetadata


class CocoImage(TypedDict):
    """A sampled frame. `timestamp` is in milliseconds and our addition."""

    id: int
    file_name: str
    width: int
    height: int
    timestamp: int


class CocoAnnotation(TypedDict):
    """A box: left, top, width and height in pixels. `score` is the confidence as 0-1."""

    id: int
    image_id: int
    category_id: int
    bbox: list[float]
    area: float
    iscrowd: int
    score: float


class CocoCategory(TypedDict):
    """A label; `supercategory` is its first parent, or empty."""

    id: int
    name: str
    supercategory: str


class Coco(TypedDict):
    """A data set, ready for `json.dump`."""

    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


def to_coco(labels: Iterable[LabelDetection], video: VideoMetadata | None) -> Coco:
    """The boxes of `labels` as a data set of COCO: an image for each sampled moment, an annotation for each box.

    Args:
        labels: The labels, not grouped into segments.
        video: Where the size of the frames stands.

    Raises:
        ValidationError: `video` doesn't tell the size, in which boxes in pixels can't be given.
    """
    if video is None or not video.frame_width or not video.frame_height:
        raise ValidationError("video_metadata", video, "must tell frame_width and frame_height, as COCO counts pixels")
    width, height = video.frame_width, video.frame_height
    images: dict[int, CocoImage] = {}
    categories: dict[str, CocoCategory] = {}
    annotations: list[CocoAnnotation] = []
    for detection in labels:
        if detection.timestamp is None:
            continue
        image = images.setdefault(detection.timestamp, _image(len(images) + 1, detection.timestamp, width, height))
        label = detection.label
        for instance in label.instances:
            parent = label.parents[0].name if label.parents else ""
            category = categories.setdefault(
                label.name, CocoCategory(id=len(categories) + 1, name=label.name, supercategory=parent)
            )
            box = instance.bounding_box
            annotations.append(
                CocoAnnotation(
                    id=len(annotations) + 1,
                    image_id=image["id"],
                    category_id=category["id"],
                    bbox=[box.left * width, box.top * height, box.width * width, box.height * height],
                    area=box.width * width * box.height * height,
                    iscrowd=0,
                    score=instance.confidence / 100,
                )
            )
    return Coco(images=list(images.values()), annotations=annotations, categories=list(categories.values()))


def _image(number: int, timestamp: int, width: int, height: int) -> CocoImage:
    return CocoImage(id=number, file_name=f"{timestamp:09}.png", width=width, height=height, timestamp=timestamp)
