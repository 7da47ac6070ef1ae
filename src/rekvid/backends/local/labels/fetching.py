"""One file over HTTP, in as many attempts as it takes, each going on where the last one ended.

Python's own `urllib.request` does the talking: it follows redirects, keeps to the proxies that the environment names,
and needs nothing installed. Who calls this checks what came: a digest is the only proof.
"""

from __future__ import annotations

import http
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from rekvid._version import __version__
from rekvid.clock import Clock
from rekvid.errors import ConfigurationError, ModelUnavailableError

OnBytes: TypeAlias = Callable[[int, int], None]
"""Is told how many bytes are here, and how many there will be."""

PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds before each further attempt, as long as none brings a byte."""

TIMEOUT: Final = 30.0
"""Seconds without a byte after which an attempt has failed."""

_BLOCK: Final = 1 << 16
_TRANSIENT: Final = {408, 425, 429, 500, 502, 503, 504}


class _BrokenOffError(Exception):
    """An attempt failed in passing; another may go better."""


def fetch(url: str, part: Path, size: int, *, on_progress: OnBytes, clock: Clock) -> None:
    """Bring `part` to `size` bytes with what lies at `url`; what it holds already is not fetched again.

    Raises:
        ModelUnavailableError: The server doesn't answer, refuses, or has a file of another size.
        ConfigurationError: `url` is no HTTP address.
        OSError: `part` can't be written.
    """
    if not _is_address(url):
        raise ConfigurationError(f"{url!r} is no address to fetch from: it must read https://host/path, or http://")
    pauses = iter(PAUSES)
    while (had := _length_of(part)) != size:
        if had > size:
            part.unlink()
            continue
        try:
            _attempt(url, part, size, on_progress)
        except _BrokenOffError as broken:
            if _length_of(part) > had:
                pauses = iter(PAUSES)
            pause = next(pauses, None)
            if pause is None:
                raise ModelUnavailableError(f"{url} can't be fetched: {broken}") from broken.__cause__
            clock.sleep(pause)


def _attempt(url: str, part: Path, size: int, on_progress: OnBytes) -> None:
    """Fetch as much of the rest as comes, and keep it in `part`.

    Raises:
        _BrokenOffError: Some of it is still missing.
    """
    had = _length_of(part)
    headers = {"User-Agent": f"rekvid/{__version__}", "Accept-Encoding": "identity"}
    if had:
        headers["Range"] = f"bytes={had}-"
    with closing(_open(urllib.request.Request(url, headers=headers), part)) as answer:  # noqa: S310  # checked above
        done = _start_of(answer, url, size)
        if done not in (0, had):
            part.unlink()  # a server that sends other bytes than asked for is asked for all of them
            raise _BrokenOffError(f"the server answered with the bytes from {done} on instead of {had}")
        with part.open("ab" if done else "wb") as file:
            on_progress(done, size)
            for block in _blocks(answer):
                done += len(block)
                if done > size:
                    raise _wrong_size(url, "more", size)
                file.write(block)
                on_progress(done, size)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave a file that has its name and not its bytes
    if done < size and answer.chunked:
        part.unlink()  # chunks end with a mark, so this is all that there is
        raise _wrong_size(url, str(done), size)
    if done < size:
        raise _BrokenOffError(f"the connection ended after {done} of {size} bytes")


def _open(request: urllib.request.Request, part: Path) -> http.client.HTTPResponse:
    opener = urllib.request.OpenerDirector()  # build_opener's would read file: and ftp: addresses too
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    try:
        answer: http.client.HTTPResponse = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        said = f"the server answers {error.code} {error.reason}"
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # what is here is not a beginning of what is there
        elif error.code not in _TRANSIENT:
            raise ModelUnavailableError(f"{request.full_url} can't be fetched: {said}") from error
        raise _BrokenOffError(said) from error
    except urllib.error.URLError as error:
        raise _BrokenOffError(str(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(_said(error)) from error
    return answer


def _start_of(answer: http.client.HTTPResponse, url: str, size: int) -> int:
    """The position of the answer's first byte in the file; 0 from a server that ignores ranges.

    Raises:
        ModelUnavailableError: The file has another size than `size`.
        _BrokenOffError: The answer doesn't say which part it is.
    """
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        length = answer.headers["Content-Length"]
        if length is not None and length != str(size):
            raise _wrong_size(url, length, size)
        return 0
    stated = answer.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", stated)  # RFC 9110, section 14.4
    if not found:
        raise _BrokenOffError(f"the server's Content-Range reads {stated!r}")
    if found[2] not in ("*", str(size)):
        raise _wrong_size(url, found[2], size)
    return int(found[1])


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """What comes, as it comes.

    Raises:
        _BrokenOffError: The connection failed.
    """
    try:
        while block := answer.read1(_BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(_said(error)) from error


def _wrong_size(url: str, length: str, size: int) -> ModelUnavailableError:
    return ModelUnavailableError(f"{url} is another file: it has {length} bytes instead of {size}")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only now
    except ValueError:
        return False
    written = url.isascii() and url.isprintable() and " " not in url
    return written and parts.scheme in ("http", "https") and bool(parts.hostname)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _length_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
