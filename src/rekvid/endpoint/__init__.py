"""An HTTP server that speaks Rekognition's protocol over any backend, for every AWS SDK."""

from __future__ import annotations

from rekvid.endpoint.app import create_app
from rekvid.endpoint.limits import Limits
from rekvid.endpoint.notices import Topics
from rekvid.endpoint.server import Server
from rekvid.endpoint.settings import Settings
from rekvid.endpoint.signing import Key, Keys

__all__ = ["Key", "Keys", "Limits", "Server", "Settings", "Topics", "create_app"]
