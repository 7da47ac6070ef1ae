"""Black without sound is a cue; black with sound, and all else, is content."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid.backends.local.cues.black import black_level
from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.detector import CueDetector
from rekvid.backends.local.video.pictures import SmallFrame
from rekvid.backends.local.video.sound import Sound
from rekvid.models import TechnicalCueType

RATE = Fraction(25)
LEVEL = black_level(full_range=False, max_pixel_threshold=0.2, min_coverage_percentage=99.0)
BLACK, CONTENT = TechnicalCueType.BLACK_FRAMES, TechnicalCueType.CONTENT
NOTHING = np.zeros((1, 1), np.uint8)


def cues_of(shares: Sequence[float], *sounds: tuple[Fraction | float, Fraction | float]) -> list[Cue]:
    """The cues of a video whose frames have these shares of black samples, with sound from and to these seconds."""
    detector = CueDetector(RATE, LEVEL)
    for index, share in enumerate(shares):
        detector.feed(
            SmallFrame(index=index, time=index / RATE, luma=NOTHING, blue=NOTHING, red=NOTHING, black_share=share)
        )
    for start, end in sounds:
        detector.hear(Sound(start=Fraction(start), end=Fraction(end)))
    return detector.finish()


def places_of(cues: list[Cue]) -> list[tuple[TechnicalCueType, int, int]]:
    return [(cue.type, cue.first, cue.last) for cue in cues]


@pytest.mark.parametrize(
    ("full_range", "threshold", "ceiling"),
    [(False, 0.2, Fraction(299, 5)), (True, 0.2, 51), (False, 0.0, 16), (False, 1.0, 235), (True, 0.6, 153)],
)
def test_the_highest_black_luma_follows_from_range_and_threshold(
    full_range: bool, threshold: float, ceiling: Fraction
) -> None:
    level = black_level(full_range=full_range, max_pixel_threshold=threshold, min_coverage_percentage=99.0)
    assert level.ceiling == ceiling


def test_black_between_content_is_a_cue_of_its_own() -> None:
    assert places_of(cues_of([0.0] * 20 + [1.0] * 30 + [0.0] * 10)) == [
        (CONTENT, 0, 19),
        (BLACK, 20, 49),
        (CONTENT, 50, 59),
    ]


def test_a_video_may_be_all_black_or_all_content() -> None:
    assert places_of(cues_of([1.0] * 30)) == [(BLACK, 0, 29)]
    assert places_of(cues_of([0.0] * 30)) == [(CONTENT, 0, 29)]


def test_black_with_sound_is_content() -> None:
    assert cues_of([1.0] * 50, (0, 2)) == [Cue(type=CONTENT, first=0, last=49, confidence=100.0)]


def test_sound_over_a_part_of_the_black_leaves_the_rest() -> None:
    assert places_of(cues_of([1.0] * 100, (2, 3))) == [(BLACK, 0, 49), (CONTENT, 50, 74), (BLACK, 75, 99)]


def test_sound_that_comes_in_any_order_and_twice_is_one_sound() -> None:
    sounds = [(2.5, 3), (2, 2.6), (2.2, 2.4), (2, 3)]
    assert cues_of([1.0] * 100, *sounds) == cues_of([1.0] * 100, (2, 3))


def test_the_tail_of_a_sound_does_not_shorten_the_black() -> None:
    shares = [0.0] * 25 + [1.0] * 25 + [0.0] * 25
    assert places_of(cues_of(shares, (0, 1.07), (1.95, 3))) == [(CONTENT, 0, 24), (BLACK, 25, 49), (CONTENT, 50, 74)]


def test_black_of_less_than_a_quarter_of_a_second_is_content() -> None:
    assert places_of(cues_of([0.0] * 20 + [1.0] * 6 + [0.0] * 20)) == [(CONTENT, 0, 45)]
    assert places_of(cues_of([0.0] * 20 + [1.0] * 7 + [0.0] * 20))[1] == (BLACK, 20, 26)


def test_a_frame_is_black_from_the_share_asked_for_on() -> None:
    assert places_of(cues_of([0.99] * 30)) == [(BLACK, 0, 29)]
    assert places_of(cues_of([0.9899] * 30)) == [(CONTENT, 0, 29)]


def test_black_is_the_surer_the_more_of_it_there_is() -> None:
    assert cues_of([0.99] * 30)[0].confidence == pytest.approx(50)
    assert cues_of([0.995] * 30)[0].confidence == pytest.approx(75)
    assert cues_of([1.0] * 30)[0].confidence == 100


def test_content_is_less_sure_where_some_of_it_is_black() -> None:
    assert cues_of([1.0] * 5 + [0.0] * 5)[0].confidence == 75


def test_a_share_of_100_percent_can_be_asked_for() -> None:
    level = black_level(full_range=False, max_pixel_threshold=0.2, min_coverage_percentage=100.0)
    detector = CueDetector(RATE, level)
    for index in range(10):
        detector.feed(
            SmallFrame(index=index, time=index / RATE, luma=NOTHING, blue=NOTHING, red=NOTHING, black_share=1.0)
        )
    assert detector.finish() == [Cue(type=BLACK, first=0, last=9, confidence=100.0)]


@given(
    st.lists(st.sampled_from([0.0, 0.5, 0.99, 1.0]), min_size=1, max_size=120),
    st.lists(st.tuples(st.fractions(0, 5), st.fractions(0, 1)), max_size=4),
)
def test_cues_cover_every_frame_once_and_are_at_least_half_sure(
    shares: list[float], sounds: list[tuple[Fraction, Fraction]]
) -> None:
    cues = cues_of(shares, *((start, start + length) for start, length in sounds))
    assert [frame for cue in cues for frame in range(cue.first, cue.last + 1)] == list(range(len(shares)))
    assert all(50 <= cue.confidence <= 100 for cue in cues)
