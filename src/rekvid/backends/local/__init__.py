"""Rekognition Video on this machine's CPU."""

from __future__ import annotations

from rekvid.backends.local.backend import LocalBackend
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.video.sizes import VideoLimits

__all__ = ["LabelSettings", "LocalBackend", "VideoLimits"]
