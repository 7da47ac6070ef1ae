"""Page tokens: opaque, signed, bound to one job and one order, and valid for 24 hours.

All that a token says is inside it, so any process with the store's secret can read it. The lifetime is that of
the service's tokens (API reference, GetLabelDetection, NextToken).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final

LIFETIME: Final = 24 * 60 * 60  # seconds
_PAYLOAD = struct.Struct(">dQ")  # when it was issued, position of the page's first item
_MAC_SIZE = 17  # payload and this make 33 bytes, so base64 has no spare bits that could be changed unnoticed


class BadTokenError(Exception):
    """The token was not issued for this job and order, or too long ago."""


def issue(secret: bytes, scope: str, position: int, now: float) -> str:
    """Make the token of the page that begins at the item `position` of `scope` (the job and the order)."""
    payload = _PAYLOAD.pack(now, position)
    return base64.urlsafe_b64encode(payload + _mac(secret, scope, payload)).decode()


def read(secret: bytes, scope: str, token: str, now: float) -> int:
    """The position that `token` stands for.

    Raises:
        BadTokenError: It was not issued for `scope` with this secret, or more than 24 hours ago.
    """
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise BadTokenError from None
    if base64.urlsafe_b64encode(raw).decode() != token:  # the decoder takes `+` for `-`, and `/` for `_`
        raise BadTokenError
    payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
    if len(payload) != _PAYLOAD.size or not hmac.compare_digest(mac, _mac(secret, scope, payload)):
        raise BadTokenError
    issued, position = _PAYLOAD.unpack(payload)
    if now - issued > LIFETIME:
        raise BadTokenError
    assert isinstance(position, int)
    return position


def _mac(secret: bytes, scope: str, payload: bytes) -> bytes:
    return hmac.digest(secret, scope.encode() + b"\0" + payload, hashlib.sha256)[:_MAC_SIZE]
