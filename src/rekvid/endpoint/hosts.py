"""Which names the endpoint goes by.

A page in a browser can make its own name stand for 127.0.0.1 (DNS rebinding), and then talk to every server on this
machine that doesn't look at the Host header.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Final

# Host = uri-host [ ":" port ] (RFC 9110, section 7.2)
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::\d{1,5})?")


class Hosts:
    """The names that may stand in a Host header.

    Args:
        bound: The address that the server listens on.
        allowed: Further names, without a port; ``*`` allows all.
    """

    def __init__(self, bound: str, allowed: Collection[str] = ()) -> None:
        self._allowed = {name.lower() for name in (bound, *allowed)}

    def allow(self, host: str | None) -> bool:
        """Whether a request with this Host header is answered. Loopback's own names always are."""
        if "*" in self._allowed:
            return True
        match = _HOST.fullmatch(host or "")
        if match is None:
            return False
        name = match["name"].lower().strip("[]")
        return name == "localhost" or name in self._allowed or _is_loopback(name)


def is_loopback(address: str) -> bool:
    """Whether `address` is reached from this machine alone."""
    return address == "localhost" or _is_loopback(address)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
