"""Opening of media files by PyAV, alike in all its versions that are supported."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    return av.open(path, "r", options=options or {}, **lenient)  # type: ignore[call-overload,no-any-return]  # not in all versions
