from __future__ import annotations

import pytest

pytest.importorskip("av")
pytest.importorskip("rapidocr")
import numpy as np

from rekvid.backends.local.labels.detectors import Picture, TextDetector
from rekvid.backends.local.labels.detectors.registry import make, specs_of


@pytest.fixture(scope="module")
def detector() -> TextDetector:
    (spec,) = specs_of(["text"])
    made = make(spec)
    assert isinstance(made, TextDetector)
    return made


def _sign(words: str) -> Picture:
    """White letters on a dark ground, in the middle of the left half."""
    import cv2

    picture = np.full((414, 736, 3), 30, np.uint8)
    cv2.putText(picture, words, (60, 210), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 4)
    return picture


def test_text_is_boxed(detector: TextDetector) -> None:
    """A line of text is one instance of Text where it stands, and a picture without has none."""
    blank = np.full((414, 736, 3), 30, np.uint8)
    nothing, found = detector.detect([blank, _sign("STATION")])
    assert nothing == []
    (line,) = found
    assert line.class_name == "Text"
    assert 75 <= line.confidence <= 100
    assert line.box is not None
    assert (line.box.left, line.box.left + line.box.width) == pytest.approx((60 / 736, 260 / 736), abs=0.03)
    assert line.box.top < 190 / 414 < line.box.top + line.box.height < 0.6


def test_version_names_the_model(detector: TextDetector) -> None:
    """The version tells of rapidocr and of the weights."""
    assert detector.version.startswith("text@rapidocr-")
    assert "@sha256:" in detector.version
