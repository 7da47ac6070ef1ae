"""Frames that are left out of decoding must change nothing that anybody looks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import av
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codings import Coding, content, x264, x265
from rekvid.backends.local import segments
from rekvid.backends.local.segments import SegmentSettings, analyse_segments, may_overlook
from rekvid.backends.local.shots.boundaries import Boundary
from rekvid.backends.local.shots.gaps import may_hide_cut
from rekvid.backends.local.video import nonref
from rekvid.backends.local.video.decode import BlackLevel, SmallFrame, read
from rekvid.backends.local.video.media import open_media
from rekvid.testing.random_reels import random_reel
from rekvid.testing.reels import Scene, TextureScene, make_reel, paint_reel
from rekvid.testing.scoring import boundaries_between

RATE = Fraction(25)
BLACK = BlackLevel(ceiling=Fraction(59), share=0.99)
FRAMES = 330
GROUP = 110
"""Frames from keyframe to keyframe: each group is a range, and the last is decoded by frame threads."""

Sees: TypeAlias = Callable[[Sequence[SmallFrame]], bool]

CODINGS = {
    "h264": x264(keyint=GROUP, min_keyint=GROUP, bframes=3, b_adapt=0),
    "h264, no pyramid": x264(keyint=GROUP, min_keyint=GROUP, bframes=5, b_adapt=0, b_pyramid="none"),
    "h264, one B": x264("mkv", keyint=GROUP, min_keyint=GROUP, bframes=1, b_adapt=0),
    "h264, open, ts": x264("ts", keyint=GROUP, min_keyint=GROUP, bframes=3, b_adapt=0, open_gop=1),
    "h264, 10 bits": x264(pixel_format="yuv420p10le", keyint=GROUP, min_keyint=GROUP, bframes=3, b_adapt=0),
    "mpeg2": Coding(
        ending="mkv",
        codec="mpeg2video",
        options={"g": str(GROUP), "bf": "2", "sc_threshold": "1000000000", "b:v": "2000000"},
    ),
    "hevc": x265(keyint=GROUP, min_keyint=GROUP, bframes=3, b_adapt=0, open_gop=0),
    "hevc, open": x265(keyint=GROUP, min_keyint=GROUP, bframes=4, b_adapt=0, open_gop=1),
}


def moving(
    count: int = FRAMES, *, cuts: Sequence[int] = (), black: range = range(0), speed: float = 0.25
) -> Iterator[av.VideoFrame]:
    """Waves that move by `speed` samples a frame, other ones from each of `cuts` on, and none in `black`."""
    generator = np.random.default_rng(3)
    rows, columns = np.mgrid[:72, :128]
    scenes = [(generator.uniform(-0.4, 0.4, (6, 2)), generator.uniform(0, 6, 6)) for _ in (0, *cuts)]
    for number in range(count):
        turns, phases = scenes[sum(cut <= number for cut in cuts)]
        shade = generator.normal(128, 2, (72, 128))
        for (down, across), phase in zip(turns, phases, strict=True):
            shade += 20 * np.sin(down * rows + across * (columns + number * speed) + phase)
        if number in black:
            shade[:] = 0
        grey = np.clip(shade, 0, 255).astype(np.uint8)
        yield av.VideoFrame.from_ndarray(np.stack([grey] * 3, axis=2), "rgb24")


def frames_of(path: Path, overlooks: Sees | None, threads: int = 2) -> list[SmallFrame]:
    with open_media(path) as media:
        found = read(media, black=BLACK, listen=False, detail=True, overlooks=overlooks, threads=threads)
        return [each for each in found if isinstance(each, SmallFrame)]


class Watch:
    """Overlooks nothing, and remembers what was decoded where something was left out."""

    def __init__(self, *, answer: bool = False) -> None:
        self.decoded: list[Sequence[SmallFrame]] = []
        self._answer = answer

    def __call__(self, frames: Sequence[SmallFrame]) -> bool:
        self.decoded.append(frames)
        return self._answer

    def left_out(self, frames: Sequence[SmallFrame]) -> list[int]:
        """The numbers of those of all `frames` that were not decoded."""
        spans = [(each[0].time, each[-1].time) for each in self.decoded]
        decoded = {each.time for range_ in self.decoded for each in range_}
        return [
            each.index
            for each in frames
            if each.time not in decoded and any(first < each.time < last for first, last in spans)
        ]


@pytest.mark.parametrize("name", CODINGS)
def test_what_is_decoded_stays_the_same_and_the_rest_are_means_of_its_neighbours(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"video.{CODINGS[name].ending}"
    CODINGS[name].write_all(path, moving())
    watch = Watch()
    whole, found = frames_of(path, None), frames_of(path, watch)
    missing = set(watch.left_out(found))
    assert len(missing) > FRAMES // 10
    assert [each.time for each in found] == [each.time for each in whole]
    kept = [each.index for each in found if each.index not in missing]
    assert content([found[index] for index in kept], detail=False) == content(
        [whole[index] for index in kept], detail=False
    )
    for index in missing:
        old, mean, new = found[index - 1 : index + 2]
        assert not {index - 1, index + 1} & missing
        for plane in ("luma", "blue", "red"):
            middle = (getattr(old, plane).astype(float) + getattr(new, plane)) / 2
            assert np.abs(getattr(mean, plane) - middle).max() <= 0.5
        assert mean.black_share == (old.black_share + new.black_share) / 2


@pytest.mark.parametrize("name", CODINGS)
def test_what_stands_in_for_a_frame_is_nearer_to_it_than_its_neighbours(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"video.{CODINGS[name].ending}"
    CODINGS[name].write_all(path, moving(speed=1.5))
    watch = Watch()
    whole, found = frames_of(path, None), frames_of(path, watch)
    missing = watch.left_out(found)
    assert missing
    before, here, after = (
        sum(np.abs(whole[index].luma.astype(int) - found[index + step].luma).mean() for index in missing)
        for step in (-1, 0, 1)
    )
    assert here < 0.6 * min(before, after)


@pytest.mark.parametrize("name", CODINGS)
def test_every_interval_has_a_frame_with_detail_that_was_decoded(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"video.{CODINGS[name].ending}"
    CODINGS[name].write_all(path, moving())
    watch = Watch()
    whole, found = frames_of(path, None), frames_of(path, watch)
    intervals = [[int(each.time * 4) for each in frames if each.detail is not None] for frames in (whole, found)]
    assert intervals[0] == intervals[1]
    assert not any(found[index].detail is not None for index in watch.left_out(found))


@settings(max_examples=12)
@given(
    group=st.integers(60, 130),
    b_frames=st.integers(1, 6),
    is_open=st.booleans(),
    ending=st.sampled_from(["mp4", "mkv", "ts"]),
    threads=st.integers(2, 4),
)
def test_any_number_of_threads_leaves_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, group: int, b_frames: int, is_open: bool, ending: str, threads: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"threads.{ending}"
    x264(ending, keyint=group, min_keyint=1, bframes=b_frames, open_gop=int(is_open)).write_all(
        path, moving(cuts=[170])
    )
    single = frames_of(path, Watch(), threads=1)
    assert content(frames_of(path, Watch(), threads=threads)) == content(single)


def test_a_range_in_which_something_may_be_overlooked_is_decoded_in_full(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    CODINGS["h264"].write_all(path, moving())
    watch = Watch(answer=True)
    found = frames_of(path, watch)
    assert len(watch.decoded) == FRAMES // GROUP
    assert content(found) == content(frames_of(path, None))


@pytest.mark.parametrize("halves", [19, 51, 61])
def test_where_the_clock_is_set_back_no_frame_comes_up_twice(tmp_path: Path, halves: int) -> None:
    """The parts are joined byte by byte, and the frames of one lie between those of the other on the clock."""
    parts = [tmp_path / f"{number}.ts" for number in range(2)]
    coding = x264("ts", keyint=100, min_keyint=100, scenecut=0, bframes=3, b_adapt=0)
    coding.write_all(parts[0], moving(150))
    coding.write_all(parts[1], moving(330), halves=halves)
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(each.read_bytes() for each in parts))
    watch = Watch()
    found = frames_of(path, watch)
    assert [each.time for each in found] == [each.time for each in frames_of(path, None)]
    assert watch.left_out(found)


def test_at_rates_at_which_one_frame_counts_nothing_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    CODINGS["h264"].write_all(path, moving(), rate=6)
    watch = Watch()
    frames_of(path, watch)
    assert not watch.decoded


@pytest.mark.parametrize(
    "coding",
    [
        pytest.param(x264("mov", keyint=GROUP, min_keyint=GROUP, bframes=3, tff=1), id="interlaced"),
        pytest.param(Coding(ending="mov", codec="mjpeg", pixel_format="yuvj420p"), id="single pictures"),
        pytest.param(x264("avi", keyint=GROUP, bframes=3), id="no pts"),
        pytest.param(x264(keyint=GROUP, min_keyint=GROUP, bframes=0), id="no B pictures"),
        pytest.param(x264(keyint=8, bframes=3), id="short groups"),
    ],
)
def test_where_frames_can_not_be_left_out_all_are_decoded(tmp_path: Path, coding: Coding) -> None:
    path = tmp_path / f"video.{coding.ending}"
    coding.write_all(path, moving(240))
    watch = Watch()
    found = frames_of(path, watch)
    assert watch.left_out(found) == []
    assert content(found) == content(frames_of(path, None))


@pytest.mark.parametrize("range_", [1, 2], ids=["in the middle", "last"])
@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "concealed"])
def test_a_damaged_range_is_the_same_by_any_threads_and_decoded_in_full_if_that_is_noticed(
    tmp_path: Path, range_: int, is_refused: bool
) -> None:
    path = tmp_path / "video.mp4"
    CODINGS["h264"].write_all(path, moving(speed=1.5))
    with av.open(str(path)) as container:
        damaged = [each for each in container.demux(video=0) if each.size][range_ * GROUP + 53]
    assert damaged.pos is not None
    data = bytearray(path.read_bytes())
    if is_refused:
        data[damaged.pos : damaged.pos + damaged.size] = bytes(damaged.size)
    else:
        middle = damaged.pos + damaged.size // 2
        data[middle : middle + 8] = bytes(each ^ 0xFF for each in data[middle : middle + 8])
    path.write_bytes(data)
    watch = Watch()
    found = frames_of(path, watch)
    others = [content(frames_of(path, Watch(), threads=threads)) for threads in (1, 3, 4)]
    assert others == [content(found)] * 3
    of_range = range(range_ * GROUP, (range_ + 1) * GROUP)
    assert watch.left_out(found)
    if is_refused:
        assert not set(of_range).intersection(watch.left_out(found))


@settings(max_examples=10)
@given(
    cut=st.integers(GROUP + 1, 2 * GROUP - 1), b_frames=st.integers(1, 6), pyramid=st.sampled_from(["none", "normal"])
)
@pytest.mark.parametrize("unusual", [nonref._UNUSUAL, float("inf")], ids=["by its size", "by its neighbours"])
def test_a_cut_that_no_keyframe_marks_is_found_to_the_frame(
    tmp_path_factory: pytest.TempPathFactory, unusual: float, cut: int, b_frames: int, pyramid: str
) -> None:
    """Be it noticed by the size of a packet, or only by the frames beside it."""
    path = tmp_path_factory.getbasetemp() / "unmarked.mp4"
    coding = x264(keyint=GROUP, min_keyint=GROUP, scenecut=0, bframes=b_frames, b_adapt=0, b_pyramid=pyramid)
    coding.write_all(path, moving(cuts=[cut]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nonref, "_UNUSUAL", unusual)
        shots = analyse_segments(path, SegmentSettings(segment_types=("SHOT",))).segments
    assert [(each.start_frame_number, each.end_frame_number) for each in shots] == [(0, cut - 1), (cut, FRAMES - 1)]


@settings(max_examples=10)
@example(first=121, frames=3, b_frames=5)
@given(first=st.integers(GROUP + 1, 2 * GROUP - 4), frames=st.integers(2, 3), b_frames=st.integers(1, 6))
def test_shots_of_few_frames_are_seen_as_if_all_was_decoded(
    tmp_path_factory: pytest.TempPathFactory, first: int, frames: int, b_frames: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "short.mp4"
    coding = x264(keyint=GROUP, min_keyint=GROUP, scenecut=0, bframes=b_frames, b_adapt=0, b_pyramid="none", crf=30)
    coding.write_all(path, moving(cuts=[first, first + frames]))
    starts = []
    for skips in (False, True):
        shots = analyse_segments(path, SegmentSettings(segment_types=("SHOT",), skip_nonref=skips)).segments
        starts.append([each.start_frame_number for each in shots])
    assert starts[0] == starts[1]
    assert len(starts[0]) > 1


@settings(max_examples=10)
@given(first=st.integers(GROUP + 1, GROUP + 50), count=st.integers(2, 50), b_frames=st.integers(1, 6))
@pytest.mark.parametrize("unusual", [nonref._UNUSUAL, float("inf")], ids=["by its size", "by its neighbours"])
def test_black_begins_and_ends_to_the_frame(
    tmp_path_factory: pytest.TempPathFactory, unusual: float, first: int, count: int, b_frames: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "black.mp4"
    coding = x264(keyint=GROUP, min_keyint=GROUP, scenecut=0, bframes=b_frames, b_adapt=0, b_pyramid="none")
    coding.write_all(path, moving(black=range(first, first + count)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nonref, "_UNUSUAL", unusual)
        found = frames_of(path, lambda frames: may_overlook(frames, rate=RATE, level=BLACK))
    assert [each.index for each in found if each.black_share >= BLACK.share] == list(range(first, first + count))


@pytest.mark.parametrize("seed", range(3))
def test_random_reels_have_the_same_hard_cuts(tmp_path: Path, seed: int) -> None:
    truth = make_reel(tmp_path / "reel.mp4", random_reel(seed, shots=8), width=256, height=144, rate=RATE)
    cuts = []
    for skips in (False, True):
        found = analyse_segments(truth.path, SegmentSettings(segment_types=("SHOT",), skip_nonref=skips))
        cuts.append([each.start for each in boundaries_between(found.segments) if each.start == each.end + 1])
    assert cuts[0] == cuts[1]
    assert cuts[0]


def every(stride: int, *scenes: Scene, seed: int = 0) -> list[SmallFrame]:
    return [
        SmallFrame(index=index, time=index / RATE, luma=luma, blue=blue, red=red, black_share=0.0)
        for index, (luma, blue, red) in enumerate(paint_reel(scenes, seed=seed, rate=RATE))
        if index % stride == 0
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pan", [(0.0, 0.0), (0.1, 0.0), (0.5, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_no_cut_is_suspected_in_a_pan(pan: tuple[float, float], seed: int) -> None:
    """Where one frame is missing at a time, as where B pictures make pyramids; else such ranges only take longer."""
    assert not may_hide_cut(every(2, TextureScene(seconds=3, pan=pan), seed=seed), RATE)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pan", [(0.0, 0.0), (0.1, 0.0), (0.5, 0.0), (1.2, 0.0)])
@pytest.mark.parametrize("stride", [2, 3, 5])
def test_a_cut_between_frames_that_are_known_is_suspected(stride: int, pan: tuple[float, float], seed: int) -> None:
    scenes = [TextureScene(seconds=seconds, pan=pan) for seconds in (1.64, 2)]
    assert may_hide_cut(every(stride, *scenes, seed=seed), RATE)


def test_where_all_frames_are_known_nothing_hides() -> None:
    known = [
        dataclasses.replace(each, index=index)
        for index, each in enumerate(every(3, TextureScene(seconds=1), TextureScene(seconds=1)))
    ]
    assert not may_hide_cut(known, RATE)


def test_networks_see_every_frame_as_it_is_and_so_does_who_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "video.mp4"
    CODINGS["h264"].write_all(path, moving())

    def asked(*_: object, **__: object) -> bool:
        raise AssertionError("frames were left out")

    class Network:
        look_ahead = 0

        def feed(self, _: SmallFrame) -> list[Boundary]:
            return []

        def finish(self) -> list[Boundary]:
            return []

    monkeypatch.setattr(segments, "may_overlook", asked)
    with pytest.raises(AssertionError, match="left out"):
        analyse_segments(path, SegmentSettings(segment_types=("SHOT",)))
    analyse_segments(path, SegmentSettings(segment_types=("SHOT",), skip_nonref=False))
    monkeypatch.setattr(segments, "make_shot_detector", lambda *_, **__: Network())
    analyse_segments(path, SegmentSettings(segment_types=("SHOT",), shot_detector="transnetv2"))
