"""Models in ONNX, run on the CPU by ONNX Runtime, fed and read as a description says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import numpy as np

from rekvid.backends.local.labels.detectors.base import Detection, DetectorSpec, Fit, Picture
from rekvid.backends.local.labels.detectors.decoding import Boxes, Floats, decode, expected_shapes, prepare
from rekvid.backends.local.labels.detectors.descriptions import Description
from rekvid.backends.local.video.cores import usable_cores
from rekvid.errors import MissingExtraError, ModelUnavailableError, ValidationError
from rekvid.models import BoundingBox, JsonValue
from rekvid.models._rules import Items, Text, Whole, check_value

if TYPE_CHECKING:
    import onnxruntime

_FACTORY: Final = "rekvid.backends.local.labels.detectors.onnx:of_spec"
_LARGEST_BATCH: Final = 8
"""A CPU gains nothing from larger ones, and each frame of a batch waits for the last."""


class OnnxDetector:
    """Finds objects by a model in ONNX.

    The model is run once when this is made, so that one that doesn't fit its description is found out there and not
    in a job. ONNX Runtime is not a sandbox: run models only from where you would run programs from.

    Args:
        path: The model, in one file.
        classes: The names of its classes, in the order of its outputs: those of COCO, or names of labels. None for
            numbers that stand for nothing.
        description: How it is fed and read; the families are in `rekvid.backends.local.labels.detectors.descriptions`.
        name: What it goes by; the file's name without its ending when absent.
        threads: How many frames are looked at at once, each by one thread; all cores when absent.
            One thread a frame gets more frames done in a second than many threads on one frame. At least 1.
        sha256: The SHA-256 digest that the file has to have, 64 hexadecimal digits; any will do when absent.

    Raises:
        MissingExtraError: The extra ``onnx`` is not installed.
        ModelUnavailableError: There is no such file, or its digest is another.
        ValidationError: The file is no ONNX model, or its input or outputs have other shapes than described, or other
            classes than named; or an argument breaks its rule.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        classes: Sequence[str | None],
        description: Description,
        name: str | None = None,
        threads: int | None = None,
        sha256: str | None = None,
    ) -> None:
        _check(path=path, classes=classes, description=description, name=name, threads=threads, sha256=sha256)
        self._path = Path(path).absolute()
        self._classes = tuple(classes)
        self._description = description
        self._name = name or self._path.stem
        self._threads = threads or usable_cores()
        model = _read(self._path)
        self._digest = hashlib.sha256(model).hexdigest()
        if sha256 not in (None, self._digest):
            raise ModelUnavailableError(
                f"{self._path} is not the model {self._name}: its SHA-256 is {self._digest} instead of {sha256}"
            )
        # From the bytes that the digest is of, so that nothing else can be run under it.
        self._session = _session(model, self._path)
        self._input, self._batch_size = self._check_input()
        self._outputs = self._output_names()
        blank = np.zeros((1, description.preparation.height, description.preparation.width, 3), np.uint8)
        self._check_shapes(self._run(list(blank)))

    @property
    def name(self) -> str:
        """See `Detector.name`."""
        return self._name

    @property
    def version(self) -> str:
        """Name and digest: ``yolox-nano@sha256:c789161ed43c``, the first 12 digits of the file's."""
        return f"{self._name}@sha256:{self._digest[:12]}"

    @property
    def fit(self) -> Fit:
        """See `Detector.fit`."""
        how = self._description.preparation
        return Fit(width=how.width, height=how.height, keep_aspect=how.letterbox)

    @property
    def batch_size(self) -> int:
        """As many as the model's input takes; 1 for most exports."""
        return self._batch_size

    @property
    def concurrency(self) -> int:
        """See `Detector.concurrency`."""
        return self._threads

    def spec(self) -> DetectorSpec:
        """See `HasSpec.spec`."""
        return DetectorSpec(
            factory=_FACTORY,
            parameters={
                "path": str(self._path),
                "classes": list(self._classes),
                "description": self._description.to_json(),
                "name": self._name,
                "threads": self._threads,
                "sha256": self._digest,  # or jobs could run what was put there since
            },
        )

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        """See `Detector.detect`. Each of `frames` fits as `fit` says."""
        outputs = self._run(frames)
        how = self._description
        found = []
        for number, frame in enumerate(frames):
            own = {name: output[number] for name, output in outputs.items()}
            boxes = decode(own, how.decoding, how.preparation, how.min_confidence / 100)
            found.append(self._detections(boxes, frame))
        return found

    def _detections(self, boxes: Boxes, frame: Picture) -> list[Detection]:
        # A frame lies at the top left of the input, so pixels of the one are pixels of the other.
        height, width = frame.shape[:2]
        found = []
        for (left, top, right, bottom), score, number in zip(*(each.tolist() for each in boxes), strict=True):
            class_name = self._classes[number]
            if class_name is not None:
                box = BoundingBox(
                    left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height
                )
                found.append(Detection(class_name=class_name, confidence=100 * score, box=box))
        return found

    def _run(self, frames: Sequence[Picture]) -> dict[str, Floats]:
        tensor = prepare(frames, self._description.preparation)
        names = list(self._outputs.values())
        values = cast("list[Floats]", self._session.run(names, {self._input: tensor}))
        return dict(zip(self._outputs, values, strict=True))

    def _check_input(self) -> tuple[str, int]:
        """The input's name, and how many frames it takes at once."""
        inputs = self._session.get_inputs()
        how = self._description.preparation
        rule = f"the description says one float input of the shape (batch, 3, {how.height}, {how.width})"
        told = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
            raise ValidationError("path", str(self._path), f"{rule}; the model has {told}")
        batch, *sides = inputs[0].shape
        # A side that the model leaves open is a name or None there.
        if any(
            isinstance(got, int) and got != said for got, said in zip(sides, (3, how.height, how.width), strict=True)
        ):
            raise ValidationError("path", str(self._path), f"{rule}; the model has {told}")
        if isinstance(batch, int) and batch != 1:
            raise ValidationError("path", str(self._path), f"its batch is fixed to {batch}; export it with 1 or any")
        return str(inputs[0].name), batch if isinstance(batch, int) else _LARGEST_BATCH

    def _output_names(self) -> dict[str, str]:
        """The model's names of the outputs that the description names."""
        there = [str(each.name) for each in self._session.get_outputs()]
        how = self._description
        wanted = list(expected_shapes(how.decoding, how.preparation, len(self._classes)))
        if wanted == [""]:
            if len(there) != 1:
                raise ValidationError("path", str(self._path), f"the description says one output; it has {there}")
            return {"": there[0]}
        if not set(wanted) <= set(there):
            raise ValidationError("path", str(self._path), f"the description says outputs {wanted}; it has {there}")
        return {name: name for name in wanted}

    def _check_shapes(self, outputs: Mapping[str, Floats]) -> None:
        how = self._description
        expected = expected_shapes(how.decoding, how.preparation, len(self._classes))
        for name, shape in expected.items():
            got = outputs[name].shape
            if (
                len(got) != 3
                or got[0] != 1
                or any(want not in (None, is_) for want, is_ in zip(shape, got[1:], strict=True))
            ):
                told = ", ".join("any" if side is None else str(side) for side in (1, *shape))
                raise ValidationError(
                    "path",
                    str(self._path),
                    f"with {len(self._classes)} classes the description says that output {name or self._outputs['']}"
                    f" has the shape ({told}); it has {got}: name other classes, or give another description",
                )

    def __repr__(self) -> str:
        return f"OnnxDetector({str(self._path)!r}, name={self._name!r})"


def of_spec(
    path: str,
    *,
    classes: Sequence[str | None],
    description: Mapping[str, JsonValue],
    name: str,
    threads: int | None = None,
    sha256: str | None = None,
) -> OnnxDetector:
    """The detector whose `OnnxDetector.spec` has these parameters."""
    how = Description.from_json(description)
    return OnnxDetector(path, classes=classes, description=how, name=name, threads=threads, sha256=sha256)


def _check(
    *, path: object, classes: object, description: object, name: object, threads: object, sha256: object
) -> None:
    """Check the arguments of `OnnxDetector`."""
    rules = {
        "classes": (Annotated[tuple[str | None, ...], Items(1)], classes),
        "name": (str | None, name),
        "sha256": (Annotated[str, Text(64, 64, "[0-9a-f]*", "lower-case hexadecimal digits")], sha256),
        "threads": (Annotated[int, Whole(1)], threads),
    }
    if not isinstance(path, str | os.PathLike):
        raise ValidationError("path", path, "must be the path of a file")
    if not isinstance(description, Description):
        raise ValidationError("description", description, "must be a Description, such as yolox(416)")
    for field, (rule, given) in rules.items():
        if given is not None or field == "classes":
            check_value(rule, given, field)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnavailableError(f"the model {path} can't be read: {error.strerror}; give its path") from error


def _session(model: bytes, path: Path) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnx", "detecting objects") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # its warnings are for those who build models
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own, of which each release has other classes
        raise ValidationError("path", str(path), f"is no ONNX model that can be run here: {error}") from error
