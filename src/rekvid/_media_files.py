"""Opening and reading of media files by PyAV, alike in all its versions that are supported."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

_FIRST_LENIENT = 19
"""The major version of PyAV from which on it reads metadata in any encoding without being asked to."""


def open_media_file(path: str, options: dict[str, str] | None = None) -> InputContainer:
    """Open a file for reading; bytes in its metadata that are no UTF-8 are replaced.

    Args:
        path: The file.
        options: What FFmpeg's demuxer is told.

    Raises:
        FFmpegError: PyAV's own, where the file can't be opened.
    """
    import av

    lenient: dict[str, str] = {}
    if int(av.__version__.split(".", 1)[0]) < _FIRST_LENIENT:
        lenient["metadata_errors"] = "replace"
    # Which of its overloads takes these differs from version to version.
    opened = cast("Callable[..., InputContainer]", av.open)
    return opened(path, "r", options=options or {}, **lenient)


def packets_of(container: InputContainer, *streams: Stream) -> Iterator[Packet[Stream]]:
    """The packets of `streams`, or of all if none is given, in the order of the file; at the end an empty one of each.

    A stream that comes up midway, like the sound of one of several recordings that were joined, is left out.

    Raises:
        FFmpegError: PyAV's own, where the file can't be read on.
    """
    # For such a stream PyAV has no object, but looks for one at the end, when all packets were given out.
    with contextlib.suppress(IndexError):
        yield from container.demux(*streams)
