"""Text in frames, by rapidocr, whose wheel brings its models along."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rekvid.backends.local.labels.detectors.base import Detection, DetectorSpec, Fit, Picture
from rekvid.backends.local.video.cores import usable_cores
from rekvid.errors import MissingExtraError, ModelUnavailableError
from rekvid.models import BoundingBox

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_LABEL: Final = "Text"
_SIDE: Final = 736
# Where there is no text the model often gives nearly the whole frame, with scores below those of text.
_MIN_SCORE: Final = 0.75
_LARGEST_SHARE: Final = 0.5


class TextDetector:
    """Finds lines of text, as instances of the label Text; what they say is not read.

    Raises:
        MissingExtraError: The extra ``text`` is not installed.
        ModelUnavailableError: The installed rapidocr lacks the model.
    """

    def __init__(self) -> None:
        if any(util.find_spec(each) is None for each in ("rapidocr", "onnxruntime")):
            raise MissingExtraError("text", "detecting text")
        self._model = _model()
        self._digest = hashlib.sha256(self._model.read_bytes()).hexdigest()
        self._engine: RapidOCR | None = None

    @property
    def name(self) -> str:
        """``text``."""
        return "text"

    @property
    def version(self) -> str:
        """The version of rapidocr and the first 12 digits of the digest of its model."""
        return f"text@rapidocr-{metadata.version('rapidocr')}@sha256:{self._digest[:12]}"

    @property
    def fit(self) -> Fit:
        """See `Detector.fit`."""
        return Fit(width=_SIDE, height=_SIDE)

    @property
    def batch_size(self) -> int:
        """1: rapidocr takes a frame at a time."""
        return 1

    @property
    def concurrency(self) -> int:
        """1: rapidocr keeps what it is at in itself, and shares each frame among the cores."""
        return 1

    def spec(self) -> DetectorSpec:
        """See `HasSpec.spec`."""
        return DetectorSpec(factory="rekvid.backends.local.labels.detectors.text:TextDetector")

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        """See `Detector.detect`."""
        if self._engine is None:
            self._engine = _engine(self._model)
        return [self._lines(self._engine, frame) for frame in frames]

    @staticmethod
    def _lines(engine: RapidOCR, frame: Picture) -> list[Detection]:
        height, width = frame.shape[:2]
        bgr = np.ascontiguousarray(frame[..., ::-1])
        found = engine(bgr, use_det=True, use_cls=False, use_rec=False)
        corners, scores = getattr(found, "boxes", None), getattr(found, "scores", None)
        lines = []
        for quadrangle, score in zip(() if corners is None else corners, scores or (), strict=True):
            points: list[list[float]] = np.asarray(quadrangle, np.float64).tolist()
            left, right = min(x for x, _ in points), max(x for x, _ in points)
            top, bottom = min(y for _, y in points), max(y for _, y in points)
            share = (right - left) * (bottom - top) / (width * height)
            if score >= _MIN_SCORE and share <= _LARGEST_SHARE:
                box = BoundingBox(
                    left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height
                )
                lines.append(Detection(class_name=_LABEL, confidence=100 * float(score), box=box))
        return lines


def _model() -> Path:
    """The model for finding text in the wheel of rapidocr; named, so that nothing is fetched in its stead."""
    spec = util.find_spec("rapidocr")
    folder = Path(spec.origin).parent / "models" if spec is not None and spec.origin else Path()
    models = sorted(folder.glob("*det*.onnx"))
    if not models:
        raise ModelUnavailableError(f"there is no model for finding text in {folder}: install rapidocr 3.10 or newer")
    return models[0]


def _engine(model: Path) -> RapidOCR:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Det.model_path": str(model),
            "Det.limit_type": "max",  # its default enlarges frames and finds text where there is none
            "Det.limit_side_len": _SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": usable_cores(),
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
