"""Opening of media files by PyAV, alike in all its versions that are supported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from av.container import InputContainer

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
