"""Small video files made by hand, for where no encoder is installed or none would write such a file."""

from __future__ import annotations

import struct


def box(name: bytes, *content: bytes) -> bytes:
    """A box of MP4 (ISO/IEC 14496-12, 4.2)."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name) + body


def track(codec: bytes = b"avc1", handler: bytes = b"vide") -> bytes:
    """A track that tells what it is, and nothing of its samples."""
    table = box(b"stsd", struct.pack(">II", 0, 1), box(codec, bytes(78)))
    return box(
        b"trak",
        box(b"tkhd", bytes(84)),
        box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(12)), box(b"minf", box(b"stbl", table))),
    )


def movie_header(seconds: int, *, scale: int = 1000, version: int = 0) -> bytes:
    """The box that tells the length."""
    layout = ">BxxxQQIQ" if version else ">BxxxIIII"
    return box(b"mvhd", struct.pack(layout, version, 0, 0, scale, seconds * scale), bytes(80))


def mp4(
    *tracks: bytes,
    brand: bytes | None = b"isom",
    seconds: int = 10,
    media: bytes = b"pictures",
    version: int = 0,
    index_last: bool = False,
) -> bytes:
    """An MP4, or with the brand ``qt  `` or none a MOV; with one track of H.264 if none is given."""
    index = box(b"moov", movie_header(seconds, version=version), *(tracks or (track(),)))
    parts = [box(b"mdat", media), index] if index_last else [index, box(b"mdat", media)]
    return b"".join([box(b"ftyp", brand, bytes(4)) if brand else b"", *parts])


def chunk(name: bytes, *content: bytes) -> bytes:
    """A chunk of RIFF."""
    body = b"".join(content)
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)


def avi(codec: bytes = b"H264", *, kind: bytes = b"vids", frames: int = 250, handler: bytes = b"\0\0\0\0") -> bytes:
    """An AVI with one stream of 25 frames a second."""
    header = struct.pack("<4s4sIIIIIII", kind, handler, 0, 0, 0, 1, 25, 0, frames) + bytes(20)
    stream = chunk(b"LIST", b"strl", chunk(b"strh", header), chunk(b"strf", bytes(16), codec, bytes(20)))
    audio = chunk(b"LIST", b"strl", chunk(b"strh", b"auds", bytes(52)))
    headers = chunk(b"LIST", b"hdrl", chunk(b"avih", bytes(56)), audio, stream)
    return chunk(b"RIFF", b"AVI ", headers, chunk(b"LIST", b"movi", b"pictures"))
