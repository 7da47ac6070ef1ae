"""Detectors: what finds things in frames for label detection.

`LocalBackend` takes them by name, as `OnnxDetector`, or as anybody's own that follow `Detector`.
"""

from __future__ import annotations

from rekvid.backends.local.labels.detectors.base import Detection, Detector, DetectorSpec, Fit, HasSpec, Picture
from rekvid.backends.local.labels.detectors.descriptions import (
    Description,
    EdgeDistributions,
    GridCells,
    Preparation,
    Queries,
    d_fine,
    nanodet_plus,
    rf_detr,
    rt_detr,
    yolox,
)
from rekvid.backends.local.labels.detectors.onnx import OnnxDetector
from rekvid.backends.local.labels.detectors.text import TextDetector

__all__ = [
    "Description",
    "Detection",
    "Detector",
    "DetectorSpec",
    "EdgeDistributions",
    "Fit",
    "GridCells",
    "HasSpec",
    "OnnxDetector",
    "Picture",
    "Preparation",
    "Queries",
    "TextDetector",
    "d_fine",
    "nanodet_plus",
    "rf_detr",
    "rt_detr",
    "yolox",
]
