"""The models that are fetched by name: where their files come from, and by what they are known again."""

from __future__ import annotations

import dataclasses
from typing import Final

from rekvid.errors import ValidationError

DEFAULT_MODEL: Final = "yolox-nano"
"""The model that label detection uses unless told otherwise."""

COCO_CLASSES: Final = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard"),
    *("tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch"),
    *("potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard"),
    *("cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors"),
    *("teddy bear", "hair drier", "toothbrush"),
)
"""The 80 classes of COCO's detection task, in the order of a model's outputs (https://cocodataset.org)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model file that anyone can fetch, and that is the same for everyone.

    Attributes:
        name: What users call it.
        url: Where its publisher keeps it.
        file_name: What it is called in the model folder, and on a mirror: as its publisher calls it.
        size: In bytes.
        sha256: Its SHA-256 digest, 64 hexadecimal digits.
        licence: SPDX identifier of its licence.
        classes: What it detects, in the order of its outputs.
        about: One line for people who choose.
    """

    name: str
    url: str
    file_name: str
    size: int
    sha256: str
    licence: str
    classes: tuple[str, ...]
    about: str


_KNOWN: Final = (
    ModelInfo(
        name=DEFAULT_MODEL,
        url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
        file_name="yolox_nano.onnx",
        size=3_659_407,
        sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
        licence="Apache-2.0",
        classes=COCO_CLASSES,
        about="small and fast; COCO AP 25.8",  # both figures: README of Megvii-BaseDetection/YOLOX
    ),
    ModelInfo(
        name="yolox-s",
        # A commit rather than the branch, so that what lies there stays what it is.
        url="https://media.githubusercontent.com/media/opencv/opencv_zoo/47534e27c9851bb1128ccc0102f1145e27f23f98/"
        "models/object_detection_yolox/object_detection_yolox_2022nov.onnx",
        file_name="object_detection_yolox_2022nov.onnx",
        size=35_858_002,
        sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
        licence="Apache-2.0",
        classes=COCO_CLASSES,
        about="sees more, takes longer; COCO AP 40.5",
    ),
)


def known() -> tuple[ModelInfo, ...]:
    """The models that can be fetched by name, the default first."""
    return _KNOWN


def find(name: str) -> ModelInfo:
    """The model of that name.

    Raises:
        ValidationError: There is none.
    """
    for model in _KNOWN:
        if model.name == name:
            return model
    raise ValidationError("model", name, f"must be one of {', '.join(model.name for model in _KNOWN)}")
