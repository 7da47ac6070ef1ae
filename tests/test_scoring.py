"""The scorer must count every truth and every find once, and by the rules that it states."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.models import SegmentDetection, SegmentType, ShotSegment, TechnicalCueSegment, TechnicalCueType
from rekvid.testing.matching import matched
from rekvid.testing.reliability import calibration_error, reliability
from rekvid.testing.scoring import (
    BoundaryScore,
    CueScore,
    FoundBoundary,
    FrameError,
    Tally,
    boundaries_between,
    cues_among,
    judge_boundaries,
    score_boundaries,
    score_cues,
)
from rekvid.testing.truth import CueStretch, DisturbanceKind, DisturbedStretch, GradualStretch, TransitionKind, Truth

TRUTH = Truth(
    rate=Fraction(25),
    frame_count=1500,
    cuts=(100, 400),
    gradual=(
        GradualStretch(first=200, last=219, kind=TransitionKind.DISSOLVE),
        GradualStretch(first=600, last=609, kind=TransitionKind.WIPE),
    ),
    disturbances=(
        DisturbedStretch(first=300, last=304, kind=DisturbanceKind.FLASH),
        DisturbedStretch(first=800, last=820, kind=DisturbanceKind.PAN),
    ),
)


def cut(frame: int, confidence: float | None = None) -> FoundBoundary:
    return FoundBoundary(end=frame - 1, start=frame, confidence=confidence)


def gap(end: int, start: int) -> FoundBoundary:
    return FoundBoundary(end=end, start=start)


def test_the_truth_itself_scores_one_everywhere() -> None:
    found = [cut(100), gap(199, 220), cut(400), gap(599, 610)]
    score = score_boundaries(TRUTH, found)
    assert (score.cuts, score.gradual) == (Tally(hits=2), Tally(hits=2))
    assert (score.cuts.f1, score.gradual.f1, score.gradual_error.mean) == (1.0, 1.0, 0.0)
    assert (score.false_per_minute, score.undisturbed) == (0.0, 1.0)


def test_a_cut_one_frame_off_is_missed_and_surplus_unless_tolerated() -> None:
    assert score_boundaries(TRUTH, [cut(101)]).cuts == Tally(surplus=1, missed=2)
    assert score_boundaries(TRUTH, [cut(101)], tolerance=1).cuts == Tally(hits=1, missed=1)


def test_a_cut_found_as_a_gap_of_a_frame_is_a_hit_at_a_tolerance_of_one() -> None:
    found = [gap(99, 101)]
    strict = score_boundaries(TRUTH, found)
    assert (strict.cuts, strict.gradual) == (Tally(missed=2), Tally(surplus=1, missed=2))
    assert score_boundaries(TRUTH, found, tolerance=1).cuts == Tally(hits=1, missed=1)


def test_a_hard_report_in_a_gradual_transition_finds_it_and_a_second_one_is_surplus_once() -> None:
    score = score_boundaries(TRUTH, [cut(205), cut(215)])
    assert score.cuts == Tally(missed=2)
    assert score.gradual == Tally(hits=1, surplus=1, missed=1)
    assert score.both.surplus == 1


@pytest.mark.parametrize(("frame", "hits"), [(199, 0), (200, 1), (220, 1), (221, 0)])
def test_a_gradual_transition_reaches_from_before_its_first_frame_to_after_its_last(frame: int, hits: int) -> None:
    assert score_boundaries(TRUTH, [cut(frame)]).gradual.hits == hits


def test_the_error_of_a_gradual_transition_is_the_mean_of_its_two_sides() -> None:
    assert score_boundaries(TRUTH, [gap(203, 218)]).gradual_error == FrameError(frames=4 + 2, ends=2)


def test_one_long_report_finds_one_of_two_transitions() -> None:
    assert score_boundaries(TRUTH, [gap(150, 700)]).gradual == Tally(hits=1, missed=1)


def test_a_boundary_in_a_disturbance_is_false_and_fools_it_once() -> None:
    score = score_boundaries(TRUTH, [cut(300), cut(305), cut(830)])
    assert (score.disturbances, score.fooled_by, score.undisturbed) == (2, 1, 0.5)
    assert score.cuts.surplus == 3
    assert score.false_per_minute == 3.0


def test_scores_add_up_boundary_by_boundary() -> None:
    one, two = score_boundaries(TRUTH, [cut(100)]), score_boundaries(TRUTH, [cut(100), cut(400), cut(50)])
    total = sum((one, two), BoundaryScore())
    assert total.cuts == Tally(hits=3, surplus=1, missed=1)
    assert (total.seconds, total.disturbances) == (120.0, 4)


BOUNDARIES = st.lists(
    st.builds(lambda end, more: gap(end, end + 1 + more), st.integers(0, 1498), st.integers(0, 30)), max_size=12
)


@given(BOUNDARIES, st.integers(0, 3))
def test_every_truth_and_every_find_is_counted_exactly_once(found: list[FoundBoundary], tolerance: int) -> None:
    judged = judge_boundaries(TRUTH, found, tolerance=tolerance)
    order = lambda each: (each.end, each.start)  # noqa: E731
    assert sorted(judged.true + judged.surplus, key=order) == sorted(found, key=order)
    assert sorted([*judged.missed_cuts, *(true for true, _ in judged.cuts)]) == list(TRUTH.cuts)
    gradual = [*judged.missed_gradual, *(true for true, _ in judged.gradual)]
    assert sorted(gradual, key=lambda each: each.first) == list(TRUTH.gradual)


def test_matching_gives_up_a_first_choice_where_that_finds_a_partner_for_another() -> None:
    assert matched([[0, 1], [0]]) == {0: 1, 1: 0}
    assert matched([[0], [0]]) == {0: 0}


@given(st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), max_size=5))
def test_no_matching_is_larger(candidates: list[list[int]]) -> None:
    def best(number: int, taken: frozenset[int]) -> int:
        if number == len(candidates):
            return 0
        with_one = [1 + best(number + 1, taken | {each}) for each in candidates[number] if each not in taken]
        return max([best(number + 1, taken), *with_one])

    pairs = matched(candidates)
    assert len(set(pairs.values())) == len(pairs) == best(0, frozenset())
    assert all(found in candidates[truth] for truth, found in pairs.items())


def segment(start: int | None, end: int | None, **part: ShotSegment | TechnicalCueSegment) -> SegmentDetection:
    kind = SegmentType.SHOT if "shot_segment" in part else SegmentType.TECHNICAL_CUE
    zero = "00:00:00:00"
    return SegmentDetection(
        type=kind,
        start_timestamp_millis=0,
        end_timestamp_millis=0,
        duration_millis=0,
        start_timecode_smpte=zero,
        end_timecode_smpte=zero,
        duration_smpte=zero,
        start_frame_number=start,
        end_frame_number=end,
        **part,  # type: ignore[arg-type]  # each keyword has the type of its field
    )


def shot(start: int | None, end: int | None, confidence: float) -> SegmentDetection:
    return segment(start, end, shot_segment=ShotSegment(index=0, confidence=confidence))


def cue(start: int, end: int, kind: TechnicalCueType | str) -> SegmentDetection:
    return segment(start, end, technical_cue_segment=TechnicalCueSegment(type=kind, confidence=90))


def test_boundaries_lie_between_shots_and_are_as_sure_as_the_surer_of_the_two() -> None:
    segments = [shot(0, 99, 70), shot(100, 198, 90), cue(0, 300, TechnicalCueType.CONTENT), shot(220, 300, 80)]
    assert boundaries_between(segments) == [
        FoundBoundary(end=99, start=100, confidence=90),
        FoundBoundary(end=198, start=220, confidence=90),
    ]


def test_segments_without_frame_numbers_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="no frame numbers"):
        boundaries_between([shot(0, 9, 80), shot(None, None, 80)])


def test_cues_that_start_at_the_end_of_the_one_before_are_taken_apart_and_unknown_ones_left_out() -> None:
    segments = [cue(0, 9, TechnicalCueType.SLATE), cue(9, 20, "Jingle"), cue(20, 40, TechnicalCueType.CONTENT)]
    assert cues_among(segments) == [
        CueStretch(first=0, last=9, type=TechnicalCueType.SLATE),
        CueStretch(first=21, last=40, type=TechnicalCueType.CONTENT),
    ]


def test_a_cue_is_found_by_one_of_its_kind_that_shares_enough_frames() -> None:
    truth = Truth(
        rate=Fraction(25),
        frame_count=200,
        cuts=(),
        cues=(
            CueStretch(first=0, last=99, type=TechnicalCueType.COLOR_BARS),
            CueStretch(first=100, last=199, type=TechnicalCueType.CONTENT),
        ),
    )
    exact = score_cues(truth, truth.cues)
    assert exact.all == Tally(hits=2)
    just = score_cues(truth, [CueStretch(first=20, last=99, type=TechnicalCueType.COLOR_BARS)])
    assert just.tallies[TechnicalCueType.COLOR_BARS] == Tally(hits=1)
    assert just.errors[TechnicalCueType.COLOR_BARS] == FrameError(frames=20, ends=2)
    short = score_cues(truth, [CueStretch(first=21, last=99, type=TechnicalCueType.COLOR_BARS)])
    assert short.tallies[TechnicalCueType.COLOR_BARS] == Tally(surplus=1, missed=1)
    other = score_cues(truth, [CueStretch(first=0, last=99, type=TechnicalCueType.SLATE)])
    assert other.tallies[TechnicalCueType.SLATE] == Tally(surplus=1)
    total = sum((exact, just, other), CueScore())
    assert total.tallies[TechnicalCueType.COLOR_BARS] == Tally(hits=2, missed=1)


def test_reliability_sets_the_mean_confidence_against_the_share_that_is_true() -> None:
    bins = reliability([(55, False), (59, True), (100, True), (95, True)], edges=(50, 60, 95, 100))
    assert [(each.count, each.mean_confidence, each.true_percentage) for each in bins] == [
        (2, 57.0, 50.0),
        (0, 0.0, 0.0),
        (2, 97.5, 100.0),
    ]
    assert calibration_error(bins) == (2 * 7.0 + 2 * 2.5) / 4
