"""What a detector is: batches of frames in, the things seen in each of them out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rekvid.models import BoundingBox, JsonValue
from rekvid.models._rules import Checked, Whole

Picture: TypeAlias = NDArray[np.uint8]
"""A frame as detectors see it: RGB in this order, 0-255, of the shape (height, width, 3), upright, with square pixels
unless its `Fit` stretches."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Checked):
    """How large a detector wants its frames.

    Attributes:
        width: Width in pixels that a frame has to fit into, at least 1.
        height: Height likewise.
        keep_aspect: Whether a frame keeps its shape, so that one side may come out smaller; otherwise it is stretched
            to exactly `width` by `height`.
        enlarge: Whether a frame that is smaller already is scaled up; only read with `keep_aspect`.

    Raises:
        ValidationError: A field breaks its rule.
    """

    width: Annotated[int, Whole(1)]
    height: Annotated[int, Whole(1)]
    keep_aspect: bool = True
    enlarge: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing that was seen in a frame.

    Attributes:
        class_name: What it is: a class of COCO, or the name of a label (`labels.taxonomy.entry_of`).
        confidence: 0-100.
        box: Where it is, in ratios of the frame; it may reach past the edges, to which it is cut later. None for what
            has no place, such as a scene.
    """

    class_name: str
    confidence: float
    box: BoundingBox | None = None


class Detector(Protocol):
    """Finds things in frames. It is made in the worker process of each job, and lives as long as the job."""

    @property
    def name(self) -> str:
        """What it goes by: ``yolox-nano``."""
        ...

    @property
    def version(self) -> str:
        """Its name and what its results depend on, such as the digest of its weights; part of LabelModelVersion."""
        ...

    @property
    def fit(self) -> Fit:
        """The size of the frames that it wants."""
        ...

    @property
    def batch_size(self) -> int:
        """How many frames a call takes at most, 1 or more."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls may run at once, each in a thread of its own, 1 or more."""
        ...

    def detect(self, frames: Sequence[Picture]) -> Sequence[Sequence[Detection]]:
        """What is seen in each of `frames`, 1 up to `batch_size` of them, in their order. They may not be changed."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec:
    """How to make a detector in another process. Nothing is pickled: a name to import, and parameters as JSON.

    Attributes:
        factory: What makes it, as ``package.module:callable``; it has to be importable in a new interpreter.
        parameters: The keyword arguments of the call, anything that JSON can hold.
    """

    factory: str
    parameters: Mapping[str, JsonValue] = dataclasses.field(default_factory=dict)


@runtime_checkable
class HasSpec(Protocol):
    """A detector that can say how to make its like in another process, so that it can be handed in as an object."""

    def spec(self) -> DetectorSpec:
        """How to make a detector that is the same."""
        ...
