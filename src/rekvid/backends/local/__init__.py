"""Rekognition Video on this machine's CPU."""

from __future__ import annotations

from rekvid.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]
