"""Whole files must give the segments that are in them, in the service's arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.segments import (
    MODEL_VERSION,
    SegmentAnalysis,
    SegmentSettings,
    analyse_segments,
    cue_segments,
    segment_between,
    shot_segments,
)
from rekvid.backends.local.shots.detector import Shot
from rekvid.backends.local.video.media import UnreadableVideoError, single_precision
from rekvid.models import (
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    SegmentTypeInfo,
    TechnicalCueType,
    VideoColorRange,
)
from rekvid.testing.reels import BlackScene, Encoding, ReelTruth, TextureScene, make_reel
from rekvid.timecode import NTSC_24, NTSC_30, NTSC_60, Timecode

SHOT, CUE = SegmentType.SHOT, SegmentType.TECHNICAL_CUE
BLACK, CONTENT = TechnicalCueType.BLACK_FRAMES, TechnicalCueType.CONTENT
RATES = [Fraction(10), NTSC_24, Fraction(24), Fraction(25), NTSC_30, Fraction(30), Fraction(50), NTSC_60]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> ReelTruth:
    return make_reel(tmp_path_factory.mktemp("segments") / "demo.mp4", width=320, height=180)


def analyse(path: Path, *types: SegmentType | str) -> SegmentAnalysis:
    return analyse_segments(path, SegmentSettings(segment_types=types or (CUE, SHOT)))


def shots_of(segments: Sequence[SegmentDetection]) -> list[tuple[int | None, int | None]]:
    return [(each.start_frame_number, each.end_frame_number) for each in segments if each.shot_segment]


def cues_of(segments: Sequence[SegmentDetection]) -> list[tuple[str, int | None, int | None]]:
    return [
        (each.technical_cue_segment.type, each.start_frame_number, each.end_frame_number)
        for each in segments
        if each.technical_cue_segment
    ]


def shots_between_cuts(cuts: Sequence[int], frame_count: int) -> list[tuple[int, int]]:
    return list(zip([0, *cuts], [*(cut - 1 for cut in cuts), frame_count - 1], strict=True))


# What is found in reels


def test_the_demo_reel_gives_its_shots_and_cues_to_the_frame(demo: ReelTruth) -> None:
    segments = analyse(demo.path).segments
    shots, expected = shots_of(segments), [(each.first, each.last) for each in demo.shots]
    assert len(shots) == len(expected)
    for shot, truth in zip(shots, expected, strict=True):
        # The ends of a gradual transition are seen to two frames or so.
        assert shot == truth or all(
            abs(one - two) <= 2 for one, two in zip(shot, truth, strict=True) if one is not None
        )
    assert cues_of(segments) == [(BLACK, 0, 39), (CONTENT, 39, 459), (BLACK, 459, 499)]


def test_only_what_is_asked_for_comes_back_in_the_order_asked_for(demo: ReelTruth) -> None:
    assert {each.type for each in analyse(demo.path, SHOT).segments} == {SHOT}
    assert {each.type for each in analyse(demo.path, CUE).segments} == {CUE}
    both = analyse(demo.path, "SHOT", "TECHNICAL_CUE")
    assert [each.type for each in both.segments] == [SHOT] * 9 + [CUE] * 3
    assert both.selected_segment_types == (
        SegmentTypeInfo(type=SHOT, model_version=MODEL_VERSION),
        SegmentTypeInfo(type=CUE, model_version=MODEL_VERSION),
    )
    assert analyse(demo.path, CUE, SHOT).segments == both.segments[9:] + both.segments[:9]


def test_a_type_that_is_asked_for_twice_comes_once(demo: ReelTruth) -> None:
    assert len(analyse(demo.path, CUE, CUE).segments) == 3


def test_the_result_fits_a_page_and_survives_the_wire(demo: ReelTruth) -> None:
    found = analyse(demo.path)
    page = SegmentDetectionPage(
        segments=found.segments,
        video_metadata=(found.video_metadata,),
        audio_metadata=found.audio_metadata,
        selected_segment_types=found.selected_segment_types,
    )
    assert SegmentDetectionPage.from_aws(page.to_aws()) == page


def test_progress_never_falls_and_ends_at_one(demo: ReelTruth) -> None:
    seen: list[float] = []
    analyse_segments(demo.path, SegmentSettings(segment_types=(SHOT,)), seen.append)
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(16 / 500)
    assert seen[-1] == 1.0
    assert len(seen) <= 500 / 16 + 1


def test_what_progress_raises_ends_the_analysis(demo: ReelTruth) -> None:
    def stop(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        analyse_segments(demo.path, SegmentSettings(segment_types=(SHOT,)), stop)


def test_drop_frame_timecodes_stand_in_2997(tmp_path: Path) -> None:
    path = tmp_path / "reel.mp4"
    make_reel(path, [TextureScene(), BlackScene()], width=128, height=72, rate=NTSC_30)
    segments = analyse(path).segments
    assert cues_of(segments) == [(CONTENT, 0, 59), (BLACK, 59, 119)]
    assert shots_of(segments) == [(0, 59), (60, 119)]
    assert [str(each.end_timecode) for each in segments] == ["00:00:01;29", "00:00:03;29"] * 2
    assert [each.end_timestamp_millis for each in segments] == [1968, 3970] * 2


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le"])
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("audio", [False, True])
def test_depth_range_and_sound_change_nothing_in_what_is_found(
    tmp_path: Path, pixel_format: str, full_range: bool, audio: bool
) -> None:
    path = tmp_path / "reel.mp4"
    scenes = [BlackScene(seconds=1), TextureScene(seconds=1), TextureScene(seconds=1), BlackScene(seconds=1)]
    make_reel(path, scenes, width=192, height=108, audio=audio,
              encoding=Encoding(full_range=full_range, pixel_format=pixel_format))  # fmt: skip
    found = analyse(path)
    assert found.video_metadata.color_range == (VideoColorRange.FULL if full_range else VideoColorRange.LIMITED)
    assert len(found.audio_metadata) == audio
    assert shots_of(found.segments) == [(0, 24), (25, 49), (50, 74), (75, 99)]
    assert cues_of(found.segments) == [(BLACK, 0, 24), (CONTENT, 24, 74), (BLACK, 74, 99)]


def test_black_with_sound_is_content(tmp_path: Path) -> None:
    path = tmp_path / "reel.mp4"
    make_reel(path, [BlackScene(seconds=1), BlackScene(seconds=1, sound=True)], width=64, height=36)
    (first, start, end), (second, _, last) = cues_of(analyse(path, CUE).segments)
    assert (first, start, second, last) == (BLACK, 0, CONTENT, 49)
    assert end in {23, 24}  # AAC smears the start of the tone over 20 ms before it


@pytest.mark.parametrize(
    ("luma", "full_range", "threshold", "kind"),
    [
        (58, False, 0.2, BLACK),
        (61, False, 0.2, CONTENT),
        (61, False, 0.25, BLACK),
        (40, False, 0.1, CONTENT),
        (50, True, 0.2, BLACK),  # (50 - 16) * 255 / 219 = 40, of 51
        (62, True, 0.2, CONTENT),  # 54
    ],
)
def test_the_threshold_is_a_share_of_the_range_of_luma(
    tmp_path: Path, luma: int, full_range: bool, threshold: float, kind: TechnicalCueType
) -> None:
    path = tmp_path / "reel.mp4"
    make_reel(path, [BlackScene(seconds=0.4, luma=luma)], width=64, height=36, encoding=Encoding(full_range=full_range))
    settings = SegmentSettings(segment_types=(CUE,), max_pixel_threshold=threshold)
    assert cues_of(analyse_segments(path, settings).segments) == [(kind, 0, 9)]


@pytest.mark.parametrize(("coverage", "kind"), [(0.0, BLACK), (10.0, CONTENT)])
def test_the_coverage_says_how_much_must_be_black(tmp_path: Path, coverage: float, kind: TechnicalCueType) -> None:
    path = tmp_path / "reel.mp4"
    make_reel(path, [TextureScene(seconds=0.4, sound=False, brightness=160)], width=64, height=36)
    settings = SegmentSettings(segment_types=(CUE,), min_coverage_percentage=coverage)
    assert cues_of(analyse_segments(path, settings).segments) == [(kind, 0, 9)]


def test_a_video_that_cannot_be_read_raises_and_returns_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVideoError, match=r"There is no file film\.mp4\."):
        analyse(tmp_path / "film.mp4")


# The arithmetic


@given(st.sampled_from(RATES), st.integers(0, 10**6), st.integers(0, 10**5))
def test_every_number_of_a_segment_follows_from_its_frames(rate: Fraction, start: int, length: int) -> None:
    segment = segment_between(SHOT, start, start + length, rate)
    end = start + length
    assert segment.start_timestamp_millis == math.floor(start * 1000 / rate)
    assert segment.end_timestamp_millis == math.floor(end * 1000 / rate)
    assert segment.duration_millis == segment.end_timestamp_millis - segment.start_timestamp_millis
    assert (segment.start_frame_number, segment.end_frame_number, segment.duration_frames) == (start, end, length)
    assert segment.start_timecode == Timecode.of_frame(start, rate)
    assert segment.end_timecode == Timecode.of_frame(end, rate)
    assert Timecode.parse(segment.duration_smpte).to_frame(rate) == length
    assert (";" in segment.duration_smpte) == (rate in {NTSC_30, NTSC_60})


def test_shots_follow_one_another_without_a_gap_and_are_numbered_from_0() -> None:
    shots = [Shot(first=0, last=9, confidence=99.0), Shot(first=10, last=10, confidence=60.1)]
    segments = shot_segments(shots, Fraction(25), 50.0)
    assert shots_of(segments) == [(0, 9), (10, 10)]
    assert [each.shot_segment.index for each in segments if each.shot_segment] == [0, 1]
    assert segments[1].confidence == single_precision(60.1) != 60.1
    assert segments[1].duration_smpte == "00:00:00:00"


def test_unsure_shots_are_left_out_and_the_rest_is_numbered_without_gaps() -> None:
    shots = [Shot(first=each, last=each, confidence=50.0 + each) for each in (0, 20, 5, 30)]
    segments = shot_segments(shots, Fraction(25), 70.0)
    assert [(each.start_frame_number, each.shot_segment.index) for each in segments if each.shot_segment] == [
        (20, 0),
        (30, 1),
    ]


def test_unsure_cues_are_left_out_and_the_others_keep_their_places() -> None:
    cues = [
        Cue(type=BLACK, first=0, last=9, confidence=55.0),
        Cue(type=CONTENT, first=10, last=19, confidence=100.0),
    ]
    assert cues_of(cue_segments(cues, Fraction(25), 60.0)) == [(CONTENT, 9, 19)]


# Real clips and the service's own samples


@pytest.mark.assets
def test_the_samples_of_the_developer_guide_follow_from_their_frames(assets: Path) -> None:
    body = (assets / "responses" / "segments_model2.0_docs_2997df.json").read_bytes()
    page = SegmentDetectionPage.from_json(body)
    sure = 99.9982681274414
    shots = [Shot(first=0, last=299, confidence=sure), Shot(first=300, last=449, confidence=sure)]
    cues = [
        Cue(type=BLACK, first=0, last=299, confidence=90.45006561279297),
        Cue(type=CONTENT, first=300, last=449, confidence=100.0),
    ]
    assert len(page.segments) == 4
    assert page.segments == (*cue_segments(cues, NTSC_30, 50.0), *shot_segments(shots, NTSC_30, 50.0))


@pytest.mark.assets
def test_the_titles_of_a_film_give_their_three_cuts_and_the_black_before_them(assets: Path) -> None:
    segments = analyse(assets / "videos" / "moviepy_bbb_0_30.webm").segments
    (_, black_end), (faded_in, cut), *others = shots_of(segments)
    assert [(faded_in, cut), *others] == [(faded_in, 282), (283, 375), (376, 550), (551, 719)]
    assert black_end is not None
    assert faded_in is not None
    assert 5 <= black_end <= 20
    assert 45 <= faded_in <= 52
    kind, first, last = cues_of(segments)[0]
    assert (kind, first) == (BLACK, 0)
    assert last is not None
    assert 14 <= last <= 30


@pytest.mark.assets
@pytest.mark.parametrize(
    ("name", "frame_count"),
    [
        ("torchcodec_dog_eating.mp4", 345),
        ("intel_bottle-detection.mp4", 1189),
        ("intel_one-by-one-person-detection.mp4", 1394),
        ("moviepy_smpte-2997.mp4", 251),
    ],
)
def test_a_clip_of_one_shot_gives_one_shot(assets: Path, name: str, frame_count: int) -> None:
    (shot,) = analyse(assets / "videos" / name, SHOT).segments
    assert shots_of([shot]) == [(0, frame_count - 1)]
    assert shot.confidence == 100.0


@pytest.mark.assets
def test_a_trailer_that_fades_in_begins_with_black(assets: Path) -> None:
    first, second = cues_of(analyse(assets / "videos" / "moviepy_sintel_5s.mp4", CUE).segments)
    assert (first[:2], second[0]) == ((BLACK, 0), CONTENT)
