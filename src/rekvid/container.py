"""What a video file says of itself, read without any media library: container, codec, length.

MP4 and MOV are trees of boxes (ISO/IEC 14496-12, 4.2 and 8.2 to 8.8; Apple, QuickTime File Format Specification),
AVI is a tree of RIFF chunks (Microsoft, AVI RIFF File Reference). Only headers are read, a bounded number of them,
and nothing that a file says is believed before it was held against the size of what surrounds it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final, Literal

_MOST_HEADERS: Final = 10_000  # a real file has some hundred before its index ends; each costs a seek


class UnknownContainerError(Exception):
    """The file is no MP4, MOV or AVI with a video, or is damaged. The message says why, and fits after "the file"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a file says of itself.

    Attributes:
        format: The container.
        codec: Of the video, by FFmpeg's name where that is known here (``h264``), else the four characters of the file.
        seconds: Length, exact; None where the file doesn't say, as when it is written in fragments.
    """

    format: Literal["MP4", "MOV", "AVI"]
    codec: str
    seconds: Fraction | None


def read_container(file: BinaryIO) -> Container:
    """Read what `file`, which can seek, says of itself. Its position is moved.

    Raises:
        UnknownContainerError: It is of another kind, has no video, or is damaged.
        OSError: It can't be read.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(192)
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return _Avi(file).read(size)
    if start[4:8] in _FIRST_BOXES:
        return _Boxes(file).read(size)
    raise UnknownContainerError(f"{_kind_of(start)}, not MP4, MOV or AVI")


_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"uuid"})
"""What an MP4 or MOV file can begin with; old MOV files have no ftyp."""

_H264: Final = (
    # FFmpeg, libavformat/isom_tags.c; with what some writers take over from AVI.
    "avc1 avc2 avc3 avc4 ai5p ai5q ai52 ai53 ai55 ai56 ai1p ai1q ai12 ai13 ai15 ai16 AVin aivx rv64 xalg avlg "
    "dva1 dvav H264 h264 X264 x264"
)
_OTHER_CODECS: Final = {
    "hevc": "hvc1 hev1 dvh1 dvhe",
    "vvc": "vvc1 vvi1",
    "av1": "av01 dav1",
    "vp8": "vp08",
    "vp9": "vp09",
    "prores": "apch apcn apcs apco ap4h ap4x",
    "mjpeg": "jpeg mjpa",
    "png": "png ",
    "dnxhd": "AVdn AVdh",
}
_CODECS: Final = dict.fromkeys(_H264.split(), "h264") | {
    fourcc.ljust(4): name for name, fourccs in _OTHER_CODECS.items() for fourcc in fourccs.split()
}
_STILLS: Final = frozenset({"mjpeg", "png"})  # as tracks of their own these are covers and pictures of chapters

# FFmpeg, libavformat/riff.c, compares them without regard to case.
_AVI_CODECS: Final = {
    **dict.fromkeys(("H264", "X264", "AVC1", "DAVC", "VSSH", "Q264", "V264"), "h264"),
    **dict.fromkeys(("FMP4", "DIVX", "DX50", "XVID", "MP4V"), "mpeg4"),
    **dict.fromkeys(("HEVC", "H265"), "hevc"),
    "MJPG": "mjpeg",
}


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of MP4, or a chunk of RIFF: its name, and where its content begins and ends."""

    name: bytes
    start: int
    end: int
    promised: int  # where it says that it ends, which may be beyond what surrounds it


class _Reader:
    """Reads headers, up to a limit."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_HEADERS

    def _at(self, position: int, size: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise UnknownContainerError("has more headers than any video, so it is damaged")
        self._file.seek(position)
        return self._file.read(size)

    def _fields(self, layout: str, position: int, end: int) -> tuple[int, ...]:
        size = struct.calcsize(layout)
        data = self._at(position, size) if position + size <= end else b""
        if len(data) < size:
            raise UnknownContainerError("is damaged: one of its headers is cut short")
        return struct.unpack(layout, data)


class _Boxes(_Reader):
    """Reads MP4 and MOV."""

    def read(self, size: int) -> Container:
        index: _Box | None = None
        is_mov = True
        for box in self._boxes(0, size):
            if box.name == b"ftyp":
                is_mov = self._at(box.start, 4) == b"qt  "
            elif box.name == b"moov" and index is None:
                index = box
            if box.name in {b"moov", b"mdat"} and box.promised > size:
                raise UnknownContainerError(f"ends early: {box.promised - size:,} bytes are missing at its end")
            if box.name == b"moof" and index is not None:
                break  # thousands of fragments may follow, which say nothing more
        if index is None:
            raise UnknownContainerError("has no index (moov), so it is no video, or ends early")
        children = list(self._boxes(index.start, index.end))
        if any(child.name == b"cmov" for child in children):
            raise UnknownContainerError("has a compressed index (cmov), which is not read here")
        codecs = [codec for child in children if child.name == b"trak" if (codec := self._codec(child)) is not None]
        if not codecs:
            raise UnknownContainerError("has no video track")
        return Container(
            format="MOV" if is_mov else "MP4",
            codec=next((codec for codec in codecs if codec not in _STILLS), codecs[0]),
            seconds=self._seconds(children),
        )

    def _boxes(self, start: int, end: int) -> Iterator[_Box]:
        """The boxes between two positions, as far as they are whole; zeros and garbage behind the last are common."""
        while start + 8 <= end:
            header = self._at(start, 16)
            if len(header) < 8:
                return
            size, name = struct.unpack_from(">I4s", header)
            content = start + 8
            if size == 1:  # the size needs 64 bits
                if len(header) < 16:
                    return
                (size,) = struct.unpack_from(">Q", header, 8)
                content = start + 16
            elif size == 0:  # up to the end
                size = end - start
            if start + size < content or not name.strip(b"\0"):
                return
            yield _Box(name, content, min(start + size, end), start + size)
            start += size

    def _child(self, parent: _Box | None, *path: bytes) -> _Box | None:
        """The first box at `path` below `parent`."""
        for name in path:
            if parent is None:
                return None
            parent = next((box for box in self._boxes(parent.start, parent.end) if box.name == name), None)
        return parent

    def _codec(self, track: _Box) -> str | None:
        """The codec of a video track; None for tracks of other kinds."""
        media = self._child(track, b"mdia")
        handler = self._child(media, b"hdlr")
        # Version and flags, then the QuickTime component type, then what is handled.
        if handler is None or self._at(handler.start + 8, 4) != b"vide":
            return None
        table = self._child(media, b"minf", b"stbl", b"stsd")
        if table is None:
            raise UnknownContainerError("is damaged: its video track doesn't tell its codec (stsd)")
        entry = next(self._boxes(table.start + 8, table.end), None)  # after version, flags and the number of entries
        if entry is None:
            raise UnknownContainerError("is damaged: its video track doesn't tell its codec (stsd)")
        fourcc = entry.name.decode("latin-1")
        return _CODECS.get(fourcc, fourcc)

    def _seconds(self, children: list[_Box]) -> Fraction | None:
        """The length of the whole, after edit lists: from the movie's header, or from that of its fragments."""
        header = next((box for box in children if box.name == b"mvhd"), None)
        if header is None:
            return None
        (version,) = self._fields(">B", header.start, header.end)
        # Times of creation and change, then units a second and length in units; version 1 has 64 bits for times.
        layout, unknown = (">16xIQ", 2**64 - 1) if version == 1 else (">8xII", 2**32 - 1)
        scale, duration = self._fields(layout, header.start + 4, header.end)
        if duration == 0:
            duration = self._length_of_fragments(children)
        return None if scale == 0 or duration in {0, unknown} else Fraction(duration, scale)

    def _length_of_fragments(self, children: list[_Box]) -> int:
        header = self._child(next((box for box in children if box.name == b"mvex"), None), b"mehd")
        if header is None:
            return 0
        (version,) = self._fields(">B", header.start, header.end)
        return self._fields(">Q" if version == 1 else ">I", header.start + 4, header.end)[0]


class _Avi(_Reader):
    """Reads AVI."""

    def read(self, size: int) -> Container:
        for header in self._chunks(12, size):
            if header.name == b"LIST" and self._at(header.start, 4) == b"hdrl":
                for stream in self._chunks(header.start + 4, header.end):
                    if stream.name == b"LIST" and self._at(stream.start, 4) == b"strl":
                        found = self._stream(stream)
                        if found is not None:
                            return found
                raise UnknownContainerError("has no video stream")
            if header.name == b"LIST" and self._at(header.start, 4) == b"movi":
                break
        raise UnknownContainerError("has no header (hdrl), so it is damaged")

    def _chunks(self, start: int, end: int) -> Iterator[_Box]:
        while start + 8 <= end:
            header = self._at(start, 8)
            if len(header) < 8:
                return
            name, size = struct.unpack("<4sI", header)
            promised = start + 8 + size
            yield _Box(name, start + 8, min(promised, end), promised)
            start = promised + size % 2  # chunks begin at even positions

    def _stream(self, stream: _Box) -> Container | None:
        """What a stream's header says; None for streams that are no video."""
        header = data = None
        for chunk in self._chunks(stream.start + 4, stream.end):
            if chunk.name == b"strh":
                header = chunk
            elif chunk.name == b"strf":
                data = chunk
        if header is None or self._at(header.start, 4) != b"vids":
            return None
        scale, rate, _, length = self._fields("<20xIIII", header.start, header.end)
        fourcc = self._at(header.start + 4, 4)
        if data is not None and data.end - data.start >= 20:
            fourcc = self._at(data.start + 16, 4)  # biCompression of BITMAPINFOHEADER, which decoders go by
        name = fourcc.decode("latin-1")
        return Container(
            format="AVI",
            codec=_AVI_CODECS.get(name.upper(), name),
            seconds=Fraction(length * scale, rate) if rate and scale and length else None,
        )


_KINDS: Final = (
    (b"\x1a\x45\xdf\xa3", "is Matroska or WebM"),
    (b"FLV", "is Flash video"),
    (b"OggS", "is Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "is ASF (WMV)"),
    (b"\x00\x00\x01\xba", "is an MPEG program stream"),
    (b"\x06\x0e\x2b\x34", "is MXF"),
    (b"\x00\x00\x00\x01", "is a bare stream of video without a container"),
    (b"\x00\x00\x01", "is a bare stream of video without a container"),
    (b"\xff\xd8\xff", "is a JPEG picture"),
    (b"\x89PNG", "is a PNG picture"),
    (b"GIF8", "is a GIF picture"),
)


def _kind_of(start: bytes) -> str:
    """What the file is, where its first bytes tell."""
    if start[:1] == b"\x47" and start[188:189] == b"\x47":
        return "is an MPEG transport stream"
    return next((kind for magic, kind in _KINDS if start.startswith(magic)), "is of an unknown kind")
