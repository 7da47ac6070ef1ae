"""A detector without weights for tests: patches of pure colours, in videos painted with them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from rekvid.backends.local.labels.detectors import Detection, DetectorSpec, Fit, Picture
from rekvid.models import BoundingBox

COLOURS = {"dog": (220, 20, 20), "car": (20, 200, 20), "remote": (20, 20, 220)}
"""The class of COCO that a patch of a colour stands for."""


class PatchDetector:
    """Sees the rectangle of each colour, as sure of it as the colour is pure.

    Args:
        confidence: What it is always sure of instead, 0-100.
        batch_size: How many frames it takes at once.
        fails_at: The number of the call that fails, from 1.
    """

    def __init__(
        self, *, name: str = "patches", confidence: float = 90.0, batch_size: int = 1, fails_at: int | None = None
    ) -> None:
        self.name = name
        self.batch_size = batch_size
        self.concurrency = 2
        self.calls = 0
        self.frames = 0
        self._confidence = confidence
        self._fails_at = fails_at

    @property
    def version(self) -> str:
        """See `Detector`."""
        return f"{self.name}@1"

    @property
    def fit(self) -> Fit:
        """See `Detector`."""
        return Fit(width=64, height=64)

    def spec(self) -> DetectorSpec:
        """See `HasSpec`."""
        return DetectorSpec(
            factory="patches:PatchDetector",
            parameters={"name": self.name, "confidence": self._confidence, "fails_at": self._fails_at},
        )

    def detect(self, frames: Sequence[Picture]) -> list[list[Detection]]:
        """See `Detector`."""
        self.calls += 1
        self.frames += len(frames)
        if self.calls == self._fails_at:
            raise RuntimeError("the patches are gone")
        return [[*self._look(frame)] for frame in frames]

    def _look(self, frame: Picture) -> list[Detection]:
        height, width = frame.shape[:2]
        found = []
        for name, colour in COLOURS.items():
            near = np.all(np.abs(frame.astype(int) - colour) < 60, axis=2)
            if near.sum() > 8:
                rows, columns = np.flatnonzero(np.any(near, axis=1)), np.flatnonzero(np.any(near, axis=0))
                box = BoundingBox(
                    left=columns[0] / width,
                    top=rows[0] / height,
                    width=(columns[-1] + 1 - columns[0]) / width,
                    height=(rows[-1] + 1 - rows[0]) / height,
                )
                found.append(Detection(class_name=name, confidence=self._confidence, box=box))
        return found


def paint_video(path: Path, samples: Sequence[Sequence[str]], *, rate: int = 10, each: int = 2) -> Path:
    """A video of 128 by 72 that shows, for `each` frames, a patch for every name of a sample.

    The patches lie side by side from the left, in the order of `COLOURS`, each 32 by 36 pixels at the top.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10", "bf": "1"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for names in samples:
            picture = np.full((72, 128, 3), 90, np.uint8)
            for place, (name, colour) in enumerate(COLOURS.items()):
                if name in names:
                    picture[:36, 32 * place : 32 * place + 32] = colour
            for _ in range(each):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    assert Fraction(each, rate) == Fraction(1, 5), "a sample is what is shown for a cadence"
    return path
