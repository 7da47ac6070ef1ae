"""What has to be known of an ONNX model to feed it and to read it, as data.

A family of models is a function here, which gives a `Description`; the module `decoding` beside this one knows how to
carry one out. A model that is exported otherwise is another description, not another class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from rekvid.errors import ValidationError
from rekvid.models import JsonValue
from rekvid.models._rules import Checked, Items, Number, Text, Whole

Triple: TypeAlias = tuple[float, float, float]
_Level: TypeAlias = Annotated[float, Number(0, 255)]
_Divisor: TypeAlias = Annotated[float, Number(0.001, 1000)]
_Strides: TypeAlias = Annotated[tuple[Annotated[int, Whole(1)], ...], Items(1)]
_Share: TypeAlias = Annotated[float, Number(0, 1)]
_OutputName: TypeAlias = Annotated[str, Text(1)]
_IMAGENET_MEAN: Triple = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_IMAGENET_DEVIATION: Triple = (0.229 * 255, 0.224 * 255, 0.225 * 255)


class _Part(Checked):
    """A part of a `Description`, in which it has to be an instance: a dictionary would be taken for any decoding."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, object]] = {"strict": True}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Preparation(_Part):
    """From frames to the model's input: float32 of the shape (batch, 3, height, width).

    Attributes:
        width: Width of the input in pixels, at least 1.
        height: Height of the input in pixels, at least 1.
        letterbox: Whether a frame keeps its shape, lies at the top left, and the rest is filled with `padding`;
            otherwise it is stretched.
        channels: The order of the colours.
        mean: What is taken off each channel, in the order of `channels`, on the scale of 0-255.
        deviation: What each channel is divided by after that, 0.001-1000.
        padding: The level, 0-255, of what the frame doesn't cover.

    Raises:
        ValidationError: A field breaks its rule; so do those below.
    """

    width: Annotated[int, Whole(1)]
    height: Annotated[int, Whole(1)]
    letterbox: bool = True
    channels: Literal["RGB", "BGR"] = "RGB"
    mean: tuple[_Level, _Level, _Level] = (0.0, 0.0, 0.0)
    deviation: tuple[_Divisor, _Divisor, _Divisor] = (1.0, 1.0, 1.0)
    padding: _Level = 114.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GridCells(_Part):
    """One output (batch, cells, 5 + classes): offset of the centre, log of the size, objectness and class scores.

    The cells are those of the grids of all strides, row by row. With `g` for the cell's place and `s` for its stride
    the centre is ``(offset + g) * s`` and the size ``exp(size) * s``; a score is objectness times class score, both
    0-1 already (YOLOX, Ge et al. 2021, and its ONNX demo).

    Attributes:
        strides: The strides in pixels of the input, each at least 1, in the order of the cells.
        overlap: The intersection over union, 0-1, above which the weaker of two boxes of a class is dropped.
    """

    strides: _Strides = (8, 16, 32)
    overlap: _Share = 0.45


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EdgeDistributions(_Part):
    """One output (batch, cells, classes + 4 * bins): class scores 0-1, then a distribution for each edge's distance.

    A distance is the mean of the softmax over ``0 .. bins - 1``, times the stride, counted from the cell's corner to
    the left, the top, the right and the bottom (generalized focal loss, Li et al. 2020; NanoDet-Plus).

    Attributes:
        strides: The strides in pixels of the input, each at least 1, in the order of the cells.
        bins: How many values a distribution has, at least 1.
        overlap: The intersection over union, 0-1, above which the weaker of two boxes of a class is dropped.
    """

    strides: _Strides = (8, 16, 32, 64)
    bins: Annotated[int, Whole(1)] = 8
    overlap: _Share = 0.6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Queries(_Part):
    """Two outputs: logits (batch, queries, classes), and boxes (batch, queries, 4) as centre and size.

    Boxes are ratios of the input. A score is the sigmoid of a logit; each query is one thing at most, so nothing is
    dropped for overlap (DETR, Carion et al. 2020, with the sigmoid of its successors).

    Attributes:
        logits: Name of the output with the logits.
        boxes: Name of the output with the boxes.
    """

    logits: _OutputName = "logits"
    boxes: _OutputName = "pred_boxes"


Decoding: TypeAlias = GridCells | EdgeDistributions | Queries
_DECODINGS: Mapping[str, type[Decoding]] = {each.__name__: each for each in (GridCells, EdgeDistributions, Queries)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Description(Checked):
    """How a model is fed and read.

    Attributes:
        preparation: From frames to the input.
        decoding: From the outputs to boxes.
        min_confidence: 0-100; what is less likely is no detection at all, whatever a job asks for.
    """

    preparation: Preparation
    decoding: Decoding
    min_confidence: Annotated[float, Number(0, 100)] = 10.0

    def to_json(self) -> dict[str, JsonValue]:
        """This description in a form that JSON can hold."""
        return {
            "preparation": _plain(self.preparation),
            "decoding": {"kind": type(self.decoding).__name__, **_plain(self.decoding)},
            "min_confidence": self.min_confidence,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, JsonValue]) -> Description:
        """The description that `to_json` made `data` of.

        Raises:
            ValidationError: `data` is something else.
        """
        try:
            match data:
                case {
                    "preparation": dict(preparation),
                    "decoding": {"kind": str(kind), **decoding},
                    "min_confidence": int() | float() as least,
                }:
                    return cls(
                        preparation=Preparation(**_tuples(preparation)),  # type: ignore[arg-type]  # a wrong name raises
                        decoding=_DECODINGS[kind](**_tuples(decoding)),  # type: ignore[arg-type]  # likewise
                        min_confidence=least,
                    )
        except (KeyError, TypeError) as error:
            raise ValidationError("description", data, f"is no description of a model: {error}") from error
        raise ValidationError("description", data, "needs a preparation, a decoding with its kind, and min_confidence")


def yolox(size: int) -> Description:
    """The YOLOX family, as its own exporter writes it from release 0.1.1 on: BGR 0-255, letterboxed, not normalised."""
    return Description(preparation=Preparation(width=size, height=size, channels="BGR"), decoding=GridCells())


def nanodet_plus(size: int) -> Description:
    """NanoDet-Plus, as its own exporter writes it: stretched, BGR, normalised."""
    return Description(
        preparation=Preparation(
            width=size,
            height=size,
            letterbox=False,
            channels="BGR",
            mean=(103.53, 116.28, 123.675),
            deviation=(57.375, 57.12, 58.395),
        ),
        decoding=EdgeDistributions(),
    )


def rt_detr(size: int = 640) -> Description:
    """RT-DETR and D-FINE, as Hugging Face exports them: stretched, RGB, 0-1."""
    return Description(
        preparation=Preparation(width=size, height=size, letterbox=False, deviation=(255.0, 255.0, 255.0)),
        decoding=Queries(),
    )


d_fine = rt_detr


def rf_detr(size: int) -> Description:
    """RF-DETR, as its own exporter writes it: stretched, RGB, normalised; its classes are the 91 numbers of COCO."""
    return Description(
        preparation=Preparation(
            width=size, height=size, letterbox=False, mean=_IMAGENET_MEAN, deviation=_IMAGENET_DEVIATION
        ),
        decoding=Queries(logits="labels", boxes="dets"),
    )


def _plain(part: Preparation | Decoding) -> dict[str, JsonValue]:
    return {name: list(each) if isinstance(each, tuple) else each for name, each in dataclasses.asdict(part).items()}


def _tuples(part: Mapping[str, JsonValue]) -> dict[str, JsonValue | tuple[JsonValue, ...]]:
    return {name: tuple(each) if isinstance(each, list) else each for name, each in part.items()}
