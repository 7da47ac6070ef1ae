"""rekvid: Amazon Rekognition Video, typed, on AWS or offline on this machine."""

from __future__ import annotations

from rekvid._version import __version__

__all__ = ["__version__"]
