from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handmade import avi, box, chunk, movie_header, mp4, track
from rekvid.container import Container, UnknownContainerError, read_container


def _read(data: bytes) -> Container:
    return read_container(io.BytesIO(data))


def _why_not(data: bytes) -> str:
    with pytest.raises(UnknownContainerError) as caught:
        _read(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (mp4(), Container(format="MP4", codec="h264", seconds=Fraction(10))),
        (mp4(index_last=True), Container(format="MP4", codec="h264", seconds=Fraction(10))),
        (mp4(version=1), Container(format="MP4", codec="h264", seconds=Fraction(10))),
        (mp4(brand=b"qt  "), Container(format="MOV", codec="h264", seconds=Fraction(10))),
        (mp4(brand=None), Container(format="MOV", codec="h264", seconds=Fraction(10))),
        (mp4(brand=None, index_last=True), Container(format="MOV", codec="h264", seconds=Fraction(10))),
        (mp4(track(b"avc3")), Container(format="MP4", codec="h264", seconds=Fraction(10))),
        (mp4(track(b"hvc1")), Container(format="MP4", codec="hevc", seconds=Fraction(10))),
        (mp4(track(b"encv")), Container(format="MP4", codec="encv", seconds=Fraction(10))),
        (mp4(seconds=0), Container(format="MP4", codec="h264", seconds=None)),
        (avi(), Container(format="AVI", codec="h264", seconds=Fraction(10))),
        (avi(b"x264"), Container(format="AVI", codec="h264", seconds=Fraction(10))),
        (avi(b"XVID"), Container(format="AVI", codec="mpeg4", seconds=Fraction(10))),
        (avi(b"??!!", frames=0), Container(format="AVI", codec="??!!", seconds=None)),
    ],
)
def test_file_tells_container_codec_and_length(data: bytes, expected: Container) -> None:
    """Container, codec and length are read wherever in the file its index stands, in each of its versions."""
    assert _read(data) == expected


@pytest.mark.parametrize("tail", [bytes(1000), b"\0" * 7, b"garbage behind the last box", b"TAG" + bytes(125)])
def test_what_stands_behind_the_last_box_is_let_be(tail: bytes) -> None:
    """Zeros and tags that other programs put behind a whole file don't spoil it."""
    assert _read(mp4() + tail).codec == "h264"


def test_pictures_and_sound_are_not_the_video() -> None:
    """Sound, and covers that come first, are passed over for the track with the moving pictures."""
    sound, cover = track(b"mp4a", b"soun"), track(b"jpeg")
    assert _read(mp4(sound, cover, track(b"avc1"))).codec == "h264"
    assert _read(mp4(sound, cover)).codec == "mjpeg"
    assert _why_not(mp4(sound)) == "has no video track"


def test_size_of_64_bits() -> None:
    """A box whose size needs 64 bits is as good as any other."""
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 4) + bytes(4)
    assert _read(box(b"ftyp", b"isom") + large + mp4(brand=None)).format == "MP4"


def test_last_box_may_go_on_to_the_end() -> None:
    """A box of size 0 is the last, and lasts to the end of the file."""
    assert _read(mp4() + struct.pack(">I4s", 0, b"mdat") + bytes(100)).codec == "h264"


def test_fragments_tell_their_length_in_a_header_of_their_own() -> None:
    """A fragmented file is as long as its header of fragments says, or as nobody knows."""
    extends = box(b"mvex", box(b"mehd", struct.pack(">II", 0, 7000)))
    start, fragments = box(b"ftyp", b"iso5"), box(b"moof", bytes(8)) + box(b"mdat", b"pictures")
    told = box(b"moov", movie_header(0), track(), extends)
    untold = box(b"moov", movie_header(0), track(), box(b"mvex"))
    assert _read(start + told + fragments).seconds == 7
    assert _read(start + untold + fragments * 20_000).seconds is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is of an unknown kind"),
        (b"not a video at all", "is of an unknown kind"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "is Matroska or WebM"),
        ((b"\x47" + bytes(187)) * 3, "is an MPEG transport stream"),
        (b"\0\0\0\x01\x67" + bytes(60), "is a bare stream"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "is of an unknown kind"),
        (box(b"ftyp", b"isom"), "has no index (moov)"),
        (box(b"ftyp", b"isom") + box(b"mdat", b"pictures"), "has no index (moov)"),
        (box(b"ftyp", b"isom") + box(b"moov", box(b"cmov")), "has a compressed index"),
        (box(b"ftyp", b"isom") + box(b"moov"), "has no video track"),
        (mp4(media=bytes(5000))[:-1234], "ends early: 1,234 bytes are missing"),
        (mp4(index_last=True)[:-10], "ends early: 10 bytes are missing"),
        (mp4(index_last=True, media=bytes(5000))[:3000], "ends early"),
        (mp4(box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"vide")))), "is damaged"),
        (box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd"), track()), "is damaged: one of its headers is cut short"),
        (box(b"ftyp", b"isom") + box(b"free") * 20_000, "has more headers than any video"),
        (avi(kind=b"auds"), "has no video stream"),
        (chunk(b"RIFF", b"AVI ", chunk(b"LIST", b"movi", b"pictures")), "has no header (hdrl)"),
    ],
)
def test_what_is_not_understood_is_named(data: bytes, why: str) -> None:
    """A file of another kind, or a damaged one, is refused with words that say what it is or lacks."""
    assert _why_not(data).startswith(why)


_CUTS = st.sampled_from([mp4(), mp4(index_last=True, version=1), mp4(brand=b"qt  "), avi()])


@given(st.one_of(st.binary(), st.binary(max_size=200).map(lambda tail: mp4()[:40] + tail)))
@example(b"\0\0\0\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(200))
@example(b"\0\0\0\0ftypisom")
def test_no_bytes_do_harm(data: bytes) -> None:
    """Whatever the bytes, they are understood or refused."""
    try:
        assert _read(data).codec
    except UnknownContainerError as error:
        assert str(error)  # noqa: PT017  # when nothing is raised all is well


@given(_CUTS, st.data())
def test_damage_does_no_harm(whole: bytes, data: st.DataObject) -> None:
    """A good file with bytes changed and its end cut off is understood or refused."""
    damaged = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        assert _read(bytes(damaged)).codec
    except UnknownContainerError as error:
        assert str(error)  # noqa: PT017  # likewise


@pytest.mark.parametrize("name", ["reel.mp4", "reel.mov", "reel.avi"])
def test_reels_are_read_as_ffmpeg_reads_them(tmp_path: Path, name: str) -> None:
    """Codec and length of encoded clips are those that FFmpeg finds in them, to the frame."""
    av = pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    make_reel(tmp_path / name, [TextureScene(seconds=1.2)], width=128, height=72, audio=name != "reel.avi")
    with (tmp_path / name).open("rb") as file:
        found = read_container(file)
    with av.open(str(tmp_path / name)) as container:
        assert found.codec == container.streams.video[0].codec_context.codec.canonical_name
        assert found.seconds is not None
        assert abs(found.seconds - Fraction(container.duration, av.time_base)) < Fraction(1, 25)
    assert found.format == name.rpartition(".")[2].upper()


@pytest.mark.parametrize("options", [{"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "mjpeg", "libsvtav1", "libvpx-vp9"])
def test_codecs_are_told_apart(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    """H.264 is told from every other codec that FFmpeg writes into MP4, whole or in fragments."""
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    try:
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height = 128, 128
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for number in range(5):
                frame = av.VideoFrame(128, 128, stream.pix_fmt)
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.codec.codec.UnknownCodecError, av.error.FFmpegError):
        pytest.skip(f"this build of FFmpeg has no encoder {codec}")
    with path.open("rb") as file:
        found = read_container(file)
    with av.open(str(path)) as container:
        expected = container.streams.video[0].codec_context.codec.canonical_name
    assert (found.codec == "h264") == (expected == "h264")
    assert found.codec in {expected, "mp4v"}, "MP4 puts old codecs under one name"


@pytest.mark.assets
def test_real_clips_are_read_as_ffmpeg_reads_them(assets: Path) -> None:
    """Real clips are H.264 of the length that FFmpeg finds, to the frame; WebM is named as what it is."""
    av = pytest.importorskip("av")
    read = 0
    for path in sorted((assets / "videos").glob("*.mp4")):
        with path.open("rb") as file:
            found = read_container(file)
        with av.open(str(path)) as container:
            assert found.codec == container.streams.video[0].codec_context.codec.canonical_name == "h264"
            assert found.seconds is not None
            # Its first pictures may be cut away by an edit list, which FFmpeg leaves out of the sum.
            assert abs(found.seconds - Fraction(container.duration, av.time_base)) < Fraction(1, 20)
        read += 1
    assert read >= 3
    for path in (assets / "videos").glob("*.webm"):
        with path.open("rb") as file, pytest.raises(UnknownContainerError, match="is Matroska or WebM"):
            read_container(file)
