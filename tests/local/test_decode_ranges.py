"""Decoding ranges side by side must give exactly the frames of a single pass."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import av
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codings import FRAMES, Coding, content, x264, x265
from rekvid.backends.local.video import decoders, ranges
from rekvid.backends.local.video.decode import BlackLevel, SmallFrame, read
from rekvid.backends.local.video.entries import entry_finder
from rekvid.backends.local.video.media import UnreadableVideoError, open_media
from rekvid.backends.local.video.pictures import Shrinker

BLACK = BlackLevel(ceiling=Fraction(59), share=0.1)

SPLIT = {
    "h264, closed": x264(keyint=12, bframes=3),
    "h264, no B": x264(keyint=10, bframes=0),
    "h264, open, pyramid": x264(keyint=12, bframes=4, b_pyramid="normal", open_gop=1, ref=4, b_adapt=0),
    "h264, open, few references": x264("ts", keyint=9, bframes=2, open_gop=1, ref=1, b_adapt=0),
    "h264, open, mkv": x264("mkv", keyint=12, bframes=5, b_pyramid="strict", open_gop=1, ref=5, b_adapt=0, weightp=2),
    "h264, ts": x264("ts", keyint=12, bframes=2),
    "h264, 10 bits": x264(pixel_format="yuv420p10le", keyint=12, bframes=2),
    "h264, 4:2:2": x264(pixel_format="yuv422p", keyint=12, bframes=2),
    "h264, 4:4:4": x264("mov", pixel_format="yuv444p", keyint=12),
    "h264, interlaced": x264("mov", keyint=12, bframes=2, tff=1),
    "h264, interlaced, open": x264("ts", keyint=12, bframes=2, bff=1, open_gop=1, b_adapt=0),
    "h264, intra only": x264("mov", keyint=1),
    "hevc, open": x265(keyint=12, min_keyint=12, bframes=4, open_gop=1, b_adapt=0),
    "hevc, closed": x265(keyint=12, min_keyint=12, bframes=3, open_gop=0),
    "hevc, radl": x265(keyint=12, min_keyint=12, bframes=3, open_gop=0, radl=2),
    "mpeg2, ts": Coding(ending="ts", codec="mpeg2video", options={"g": "9", "bf": "2"}),
    "mpeg2, closed, mkv": Coding(
        ending="mkv", codec="mpeg2video", options={"g": "9", "bf": "2", "flags": "+cgop", "sc_threshold": "1000000000"}
    ),
    "mpeg2, 4:2:2, mov": Coding(
        ending="mov", codec="mpeg2video", pixel_format="yuv422p", options={"g": "6", "bf": "1"}
    ),
    "mpeg1": Coding(ending="mpg", codec="mpeg1video", options={"g": "9", "bf": "2"}),
    "vp8": Coding(
        ending="webm", codec="libvpx", options={"g": "12", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10"}
    ),
    "vp9": Coding(
        ending="webm",
        codec="libvpx-vp9",
        options={"g": "12", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10"},
    ),
    "prores": Coding(ending="mov", codec="prores_ks", pixel_format="yuv422p10le"),
    "mjpeg": Coding(ending="mov", codec="mjpeg", pixel_format="yuvj422p"),
    "uncompressed": Coding(ending="nut", codec="rawvideo"),
}
WHOLE = {
    "h264, gradual refresh": x264("mkv", keyint=12, intra_refresh=1, bframes=0),
    "h264 without pts": x264("avi", keyint=12, bframes=2),
    "mjpeg, avi": Coding(ending="avi", codec="mjpeg", pixel_format="yuvj420p"),
    "mpeg4, avi": Coding(ending="avi", codec="mpeg4", options={"g": "9", "bf": "2"}),
    "mpeg4, mp4": Coding(ending="mp4", codec="mpeg4", options={"g": "9", "bf": "2"}),
    "av1": Coding(ending="mp4", codec="libsvtav1", options={"g": "12", "preset": "12", "svtav1-params": "lp=1"}),
    "ffv1": Coding(ending="mkv", codec="ffv1"),
}


@pytest.fixture
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of about ten frames, so that short videos have several."""
    monkeypatch.setattr(ranges, "SHORTEST", 8)


def shown(path: Path, threads: int, *, detail: bool = True) -> list[tuple[object, ...]]:
    """All that is in the frames of the video at `path`."""
    with open_media(path) as media:
        found = read(media, black=BLACK, listen=False, detail=detail, threads=threads)
        return content([each for each in found if isinstance(each, SmallFrame)])


def cut(path: Path) -> list[ranges.Range]:
    """The ranges of the video at `path`, the rest read to its end."""
    with open_media(path) as media:
        packets = (each for each in media.container.demux(media.video) if each.size)
        found = ranges.ranges(packets, entry_finder(media.video) if media.has_pts else None)
        return [dataclasses.replace(each, packets=list(each.packets)) for each in found]


@pytest.mark.usefixtures("short_ranges")
@pytest.mark.parametrize("name", SPLIT)
def test_a_video_that_is_split_shows_what_a_single_pass_shows(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"video.{SPLIT[name].ending}"
    SPLIT[name].write(path)
    pieces = cut(path)
    assert len(pieces) >= 3
    assert not any(each.is_rest for each in pieces)
    single = shown(path, threads=1)
    assert len(single) == FRAMES
    assert shown(path, threads=3) == single


@pytest.mark.usefixtures("short_ranges")
@pytest.mark.parametrize("name", WHOLE)
def test_a_video_without_reliable_entries_is_one_range(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"video.{WHOLE[name].ending}"
    WHOLE[name].write(path)
    assert len(cut(path)) == 1
    single = shown(path, threads=1)
    assert len(single) == FRAMES
    assert shown(path, threads=3) == single


@pytest.mark.usefixtures("short_ranges")
@settings(max_examples=12)
@given(
    group=st.integers(1, 30),
    frames=st.integers(1, 60),
    b_frames=st.integers(0, 5),
    is_open=st.booleans(),
    ending=st.sampled_from(["mp4", "mkv", "ts"]),
    pixel_format=st.sampled_from(["yuv420p", "yuv422p10le", "yuv444p"]),
    threads=st.integers(2, 4),
)
def test_any_h264_video_shows_what_a_single_pass_shows(
    tmp_path_factory: pytest.TempPathFactory,
    group: int,
    frames: int,
    b_frames: int,
    is_open: bool,
    ending: str,
    pixel_format: str,
    threads: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{ending}"
    coding = x264(ending, pixel_format, keyint=group, min_keyint=1, bframes=b_frames, open_gop=int(is_open), b_adapt=0)
    coding.write(path, frames)
    single = shown(path, threads=1)
    assert len(single) == frames
    assert shown(path, threads=threads) == single


def test_pictures_without_their_filter_differ_by_less_than_a_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out of decoding to save time moves no small frame by a level on average, and does move some."""
    path = tmp_path / "video.mp4"
    coding = x264(keyint=60, bframes=3, b_pyramid="normal", crf=30)
    dataclasses.replace(coding, width=640, height=360).write(path)

    def lumas() -> list[NDArray[np.float64]]:
        with open_media(path) as media:
            frames = list(read(media, black=None, listen=False, threads=2))
        return [each.luma.astype(float) for each in frames if isinstance(each, SmallFrame)]

    unfiltered = lumas()
    monkeypatch.setattr(decoders, "_UNFILTERED", {"h264": "default"})
    differences = [float(np.abs(one - other).mean()) for one, other in zip(unfiltered, lumas(), strict=True)]
    assert 0 < max(differences) < 1


def test_the_times_of_an_avi_rise_with_its_frames_although_it_has_no_pts(tmp_path: Path) -> None:
    path = tmp_path / "video.avi"
    WHOLE["h264 without pts"].write(path)
    assert [each[1] for each in shown(path, threads=1)] == [Fraction(number, 25) for number in range(FRAMES)]


@pytest.mark.parametrize("limit", ["LONGEST", "LARGEST"])
def test_where_keyframes_are_too_far_apart_the_rest_is_one_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    path = tmp_path / "video.mp4"
    x264(keyint=20, bframes=0).write(path)
    monkeypatch.setattr(ranges, "SHORTEST", 8)
    pieces = cut(path)
    monkeypatch.setattr(ranges, limit, 12 if limit == "LONGEST" else packet_sizes(path)[0])
    (piece,) = cut(path)
    assert len(pieces) > 1
    assert piece.is_rest
    assert len(list(piece.packets)) == FRAMES
    assert shown(path, threads=2) == shown(path, threads=1)


def test_a_range_of_many_bytes_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "video.mov"
    SPLIT["prores"].write(path)
    assert len(cut(path)) == 1
    monkeypatch.setattr(ranges, "LARGE", 1)
    assert len(cut(path)) == FRAMES


@pytest.mark.usefixtures("short_ranges")
def test_leading_pictures_of_an_open_group_are_fed_to_both_decoders(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    SPLIT["h264, open, pyramid"].write(path)
    before, after, *_ = cut(path)
    first = next(iter(after.packets))
    assert before.tail[0] is first
    assert before.end == after.start == first.pts
    assert all(each.pts is not None and first.pts is not None and each.pts < first.pts for each in before.tail[1:])


@pytest.mark.usefixtures("short_ranges")
def test_no_range_begins_where_parameter_sets_are_new_or_missing(tmp_path: Path) -> None:
    path, other = tmp_path / "video.ts", tmp_path / "other.ts"
    x264("ts", keyint=10, bframes=0).write(path)
    x264("ts", keyint=10, bframes=0, cabac=0).write(other)
    first = path.read_bytes()
    path.write_bytes(first + other.read_bytes() + first)
    starts = list(itertools.accumulate(len(list(each.packets)) for each in cut(path)))[:-1]
    assert FRAMES not in starts, "sets that nobody has seen may change the size of the pictures"
    assert FRAMES + 10 in starts
    assert max(starts) < 2 * FRAMES, "the sets of the second part are missing in the third"
    single = shown(path, threads=1)
    assert len(single) == 3 * FRAMES
    assert shown(path, threads=2) == single


@pytest.mark.usefixtures("short_ranges")
def test_a_consumer_that_stops_early_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    SPLIT["h264, closed"].write(path)
    with open_media(path) as media:
        frames = read(media, black=None, listen=False, threads=3)
        next(frames)
        assert decoding_threads()
        frames.close()
        assert not decoding_threads()


@pytest.mark.usefixtures("short_ranges")
def test_an_error_in_the_consumer_leaves_no_thread_behind(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    SPLIT["h264, closed"].write(path)

    def consume() -> None:
        with open_media(path) as media:
            for _ in read(media, black=None, listen=False, threads=3):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert not decoding_threads()


@pytest.mark.usefixtures("short_ranges")
def test_an_error_in_a_thread_comes_out_and_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "video.mp4"
    SPLIT["h264, closed"].write(path)

    def refuse(*_: object) -> SmallFrame:
        raise UnreadableVideoError("Unsupported codec/format.")

    monkeypatch.setattr(Shrinker, "__call__", refuse)
    with pytest.raises(UnreadableVideoError, match="Unsupported"):
        shown(path, threads=2)
    assert not decoding_threads()


@pytest.mark.usefixtures("short_ranges")
def test_a_file_that_is_replaced_after_it_was_opened_fails(tmp_path: Path) -> None:
    path, other = tmp_path / "video.mp4", tmp_path / "other.mp4"
    SPLIT["h264, closed"].write(path)
    x264(keyint=12, cabac=0).write(other)
    with open_media(path) as media:
        other.replace(path)
        with pytest.raises(UnreadableVideoError, match=r"video\.mp4 was replaced while it was read\."):
            list(read(media, black=None, listen=False, threads=2))


def packet_sizes(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [each.size for each in container.demux(video=0) if each.size]


def decoding_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("rekvid-decode")]
