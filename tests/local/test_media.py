"""Opening a file must tell what is in it, or say in plain words why that can't be."""

from __future__ import annotations

import contextlib
import os
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Interpolation

from rekvid.backends.local.video import pictures
from rekvid.backends.local.video.decode import BlackLevel, SmallFrame, read
from rekvid.backends.local.video.media import (
    UnreadableVideoError,
    audio_metadata,
    open_media,
    single_precision,
    video_metadata,
)
from rekvid.backends.local.video.sound import Ear, Sound
from rekvid.models import AudioMetadata, VideoColorRange, VideoMetadata
from rekvid.testing.reels import BlackScene, Encoding, TextureScene, make_reel
from rekvid.timecode import NTSC_24, NTSC_30, NTSC_60, exact_rate

BLACK = BlackLevel(ceiling=Fraction(59), share=0.99)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with sound: 50 frames."""
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    make_reel(path, [TextureScene(seconds=2)], width=192, height=108)
    return path


def frames_of(path: Path, *, black: BlackLevel | None = None) -> list[SmallFrame]:
    with open_media(path) as media:
        return [each for each in read(media, black=black, listen=False) if isinstance(each, SmallFrame)]


def why_unreadable(path: Path) -> str:
    with pytest.raises(UnreadableVideoError) as caught:
        frames_of(path)
    return str(caught.value)


def moov_first(clip: Path, path: Path) -> bytes:
    """The clip with its index in front of its media, as streaming wants it."""
    with av.open(str(clip)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as target:
        streams = {each.index: target.add_stream_from_template(each) for each in source.streams.video}
        for packet in source.demux(*source.streams.video):
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return path.read_bytes()


def test_metadata_are_worded_as_the_service_words_them(clip: Path) -> None:
    with open_media(clip) as media:
        assert video_metadata(media) == VideoMetadata(
            codec="h264",
            duration_millis=2000,
            format="QuickTime / MOV",
            frame_rate=25.0,
            frame_height=108,
            frame_width=192,
            color_range=VideoColorRange.LIMITED,
        )
        (audio,) = audio_metadata(media)
        assert audio == AudioMetadata(
            codec="aac", duration_millis=audio.duration_millis, sample_rate=48000, number_of_channels=2
        )
        assert audio.duration_millis is not None
        assert 1980 <= audio.duration_millis <= 2050


def test_the_rate_2997_is_sent_in_single_precision_and_exact_inside(tmp_path: Path) -> None:
    path = tmp_path / "clip.mov"
    make_reel(path, [BlackScene(seconds=0.5)], width=64, height=36, rate=NTSC_30, audio=False)
    with open_media(path) as media:
        assert video_metadata(media).frame_rate == 29.970029830932617
        assert media.rate == NTSC_30
        assert audio_metadata(media) == ()


@given(st.sampled_from([NTSC_24, NTSC_30, NTSC_60]) | st.integers(1, 240).map(Fraction))
def test_the_exact_rate_comes_back_from_the_single_precision_that_is_sent(rate: Fraction) -> None:
    assert exact_rate(single_precision(float(rate))) == rate


def test_full_range_video_is_full(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_reel(path, [BlackScene(seconds=0.2)], width=64, height=36, encoding=Encoding(full_range=True))
    with open_media(path) as media:
        assert video_metadata(media).color_range == VideoColorRange.FULL


def test_frames_come_in_order_with_exact_times(clip: Path) -> None:
    frames = frames_of(clip)
    assert [each.index for each in frames] == list(range(50))
    assert [each.time for each in frames] == [Fraction(number, 25) for number in range(50)]
    assert {(each.luma.shape, each.blue.shape, each.red.shape) for each in frames} == {((72, 128), (36, 64), (36, 64))}


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p", "nv12", "gray", "rgb24"])
@pytest.mark.parametrize("width", [128, 142])
def test_black_samples_are_counted_exactly_in_every_layout(tmp_path: Path, pixel_format: str, width: int) -> None:
    path = tmp_path / "clip.nut"
    rgb = np.zeros((72, width, 3), np.uint8)
    rgb[:9] = 255  # an eighth of the picture is white
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, 72, pixel_format
        container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
    (frame,) = frames_of(path, black=BlackLevel(ceiling=Fraction(59), share=0.8))
    assert frame.black_share == 7 / 8


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj422p", "yuv440p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("height", [288, 290, 286])
def test_small_planes_are_means_however_the_rows_divide(tmp_path: Path, pixel_format: str, height: int) -> None:
    """Each plane is what FFmpeg's scaler makes of the whole picture, to two levels."""
    path = tmp_path / "clip.nut"
    across, down = np.meshgrid(np.linspace(0, 9, 514), np.linspace(0, 7, height))
    waves = np.stack([np.sin(across * down / 3), np.cos(across), np.sin(down + across)], axis=2)
    picture = (128 + 100 * waves).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 514, height, pixel_format
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
    with av.open(str(path)) as container:
        whole = next(container.decode(video=0))
    # Without a change of range: that of the file is what matters.
    same = {"src_color_range": whole.color_range or 1, "dst_color_range": whole.color_range or 1}
    expected = whole.reformat(128, 72, "yuv420p", interpolation=Interpolation.AREA, **same).to_ndarray()
    (frame,) = frames_of(path)
    blue, red = expected[72:].reshape(2, 36, 64)
    for found, wanted in ((frame.luma, expected[:72]), (frame.blue, blue), (frame.red, red)):
        assert np.abs(found.astype(int) - wanted).max() <= 2


def test_any_picture_may_be_black_where_all_levels_are() -> None:
    """Where the ceiling is the highest level, no small frame proves that its picture isn't black."""
    white = np.full((72, 128), 255, np.uint8)
    assert not pictures._proves_bright(white, BlackLevel(ceiling=Fraction(255), share=0.99))
    assert pictures._proves_bright(white, BlackLevel(ceiling=Fraction(200), share=0.99))


def test_sound_is_found_where_it_is_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_reel(path, [BlackScene(), BlackScene(seconds=1, sound=True), BlackScene(seconds=1)], width=64, height=36)
    with open_media(path) as media:
        heard = [each for each in read(media, black=None, listen=True) if isinstance(each, Sound)]
    assert abs(min(each.start for each in heard) - 2) < Fraction(1, 20)
    assert abs(max(each.end for each in heard) - 3) < Fraction(1, 20)


@pytest.mark.parametrize("sample_format", ["u8", "s16", "s16p", "s32", "flt", "fltp", "dblp"])
@pytest.mark.parametrize(("level", "is_sound"), [(0.0, False), (0.005, False), (0.05, True)])
def test_loudness_is_judged_alike_in_every_sample_format(sample_format: str, level: float, is_sound: bool) -> None:
    wave = level * np.sin(np.arange(4800) / 10)
    piece = av.AudioFrame.from_ndarray(np.stack([wave, 0 * wave]).astype(np.float32), format="fltp", layout="stereo")
    piece.sample_rate, piece.pts, piece.time_base = 48000, 4800, Fraction(1, 48000)
    (converted,) = av.AudioResampler(format=sample_format, layout="stereo", rate=48000).resample(piece)
    expected = [Sound(start=Fraction(1, 10), end=Fraction(2, 10))] if is_sound else []
    ear = Ear()
    assert [*ear.hear(converted), *ear.finish()] == expected


def test_pieces_are_heard_together_until_there_is_a_gap() -> None:
    """A sound that runs over many pieces is one, and the clock of what comes after a gap is its own."""
    ear = Ear()
    heard: list[Sound] = []
    for number in [*range(10), *range(20, 25)]:
        piece = av.AudioFrame.from_ndarray(np.full((1, 480), 0.5, np.float32), format="fltp", layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = 48000, number * 480, Fraction(1, 48000)
        heard += ear.hear(piece)
    heard += ear.finish()
    assert heard == [
        Sound(start=Fraction(0), end=Fraction(1, 10)),
        Sound(start=Fraction(2, 10), end=Fraction(1, 4)),
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert why_unreadable(tmp_path / "film.mp4") == "There is no file film.mp4."


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    assert why_unreadable(tmp_path) == f"{tmp_path.name} is a folder, not a video file."


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.touch()
    assert why_unreadable(path) == "film.mp4 is empty (0 bytes)."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert why_unreadable(tmp_path / "pipe.mp4") == "pipe.mp4 is not a regular file."


def test_a_text_that_is_called_a_video_is_none(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("To be, or not to be\n" * 500)
    assert why_unreadable(path) == "film.mp4 is not a video file that can be read here."


def test_a_playlist_that_is_called_a_video_opens_no_other_file(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{clip}'\n")
    assert why_unreadable(path) == "film.mp4 is not a video file that can be read here."


def test_an_mp4_that_ends_before_its_index_says_so(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert why_unreadable(path) == "film.mp4 ends early: it is an MP4 or MOV file without its index (moov)."


@pytest.mark.parametrize("share", [0.4, 0.7, 0.9])
def test_an_mp4_that_ends_in_the_middle_of_its_pictures_fails(tmp_path: Path, clip: Path, share: float) -> None:
    path = tmp_path / "film.mp4"
    whole = moov_first(clip, path)
    media_start = whole.index(b"mdat")
    path.write_bytes(whole[: media_start + int((len(whole) - media_start) * share)])
    assert "ends in the middle, after " in why_unreadable(path)
    assert " frames of the 50 that it announces." in why_unreadable(path)


def test_a_matroska_file_that_ends_in_the_middle_fails_too(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    make_reel(path, [TextureScene(seconds=4)], width=192, height=108)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert "film.mkv ends in the middle, after " in why_unreadable(path)


def test_an_avi_that_ends_in_the_middle_fails_although_ffmpeg_shortens_its_duration(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    make_reel(path, [TextureScene(seconds=4)], width=192, height=108)
    assert len(frames_of(path)) == 100
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert "film.avi ends in the middle, after " in why_unreadable(path)


def test_h264_in_avi_has_the_rate_of_its_frames_not_of_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    make_reel(path, [TextureScene(seconds=1)], width=192, height=108)
    with open_media(path) as media:
        assert media.rate == 25


@pytest.mark.parametrize(("ending", "offset"), [("mkv", 5000), ("mov", 5000), ("mov", -1), ("ts", 5000), ("ts", -1)])
def test_a_clock_that_does_not_start_at_zero_is_no_fault(tmp_path: Path, ending: str, offset: int) -> None:
    path = tmp_path / f"film.{ending}"
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 36
        for number in range(50):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = number + 25 * offset, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    frames = frames_of(path)
    assert len(frames) == (25 if (ending, offset) == ("mov", -1) else 50)  # MOV hides what lies before its start
    assert [round((each.time - frames[0].time) * 25) for each in frames] == list(range(len(frames)))


@pytest.mark.skipif(int(av.__version__.split(".")[0]) < 15, reason="PyAV 14 can't mark a stream as a cover picture")
def test_a_cover_picture_is_not_the_video(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        cover = target.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        stream = target.add_stream_from_template(source.streams.video[0])
        target.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert len(frames_of(path)) == 50


def test_one_broken_frame_is_concealed(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    broken = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packet = [each for each in container.demux(video=0) if each.size][30]
        assert packet.pos is not None
        middle = packet.pos + packet.size // 2
    broken[middle : middle + 8] = os.urandom(8)
    path.write_bytes(broken)
    assert len(frames_of(path)) >= 48


def test_a_file_with_most_of_its_pictures_overwritten_fails(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    broken = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        for packet in [each for each in container.demux(video=0) if each.size][20:]:
            if packet.pos is not None:
                broken[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(broken)
    assert "film.mp4 is damaged: only " in why_unreadable(path)


def test_no_decodable_frame_is_told_apart_from_no_video(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "film.mp4"
    broken = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        for packet in container.demux(video=0):
            if packet.pos is not None and packet.size:
                broken[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(broken)
    assert why_unreadable(path) == "film.mp4 has a video stream, but no frame of it can be decoded."


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        piece = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), format="fltp", layout="mono")
        piece.sample_rate = 48000
        container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    assert why_unreadable(path) == "song.m4a has no video stream."


@pytest.mark.parametrize(("tag", "named"), [(b"evc1", "evc"), (b"zzzz", "with the tag zzzz")])
def test_a_codec_without_decoder_fails_in_the_services_words_and_is_named(
    tmp_path: Path, clip: Path, tag: bytes, named: str
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(clip.read_bytes().replace(b"avc1", tag))
    assert why_unreadable(path) == f"Unsupported codec/format. There is no decoder here for the codec {named}."


@given(data=st.data())
def test_whatever_is_wrong_with_a_file_no_other_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, clip: Path, data: st.DataObject
) -> None:
    broken = bytearray(clip.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(broken) - 5))
        broken[place : place + 4] = struct.pack(">I", data.draw(st.integers(0, 2**32 - 1)))
    path = tmp_path_factory.getbasetemp() / "broken.mp4"
    path.write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    with contextlib.suppress(UnreadableVideoError):
        frames_of(path, black=BLACK)
