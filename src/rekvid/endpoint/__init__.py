"""An HTTP server that speaks Rekognition's protocol over any backend, for every AWS SDK."""

from __future__ import annotations

from rekvid.endpoint.app import create_app
from rekvid.endpoint.server import Server

__all__ = ["Server", "create_app"]
