"""Cues begin and end at what is known to the frame, cover the file once, and are told apart by their place in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from painting import LEVEL
from rekvid.backends.local.cues.arrangement import arrange
from rekvid.backends.local.cues.credits import find_credits
from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.detector import CueDetector
from rekvid.backends.local.cues.logos import find_logos
from rekvid.backends.local.cues.looks import Extent, Look
from rekvid.backends.local.cues.overlays import OverlayFinder
from rekvid.backends.local.cues.text_lines import TextLine
from rekvid.backends.local.cues.timeline import Timeline
from rekvid.backends.local.cues.titles import find_titles
from rekvid.backends.local.shots.detector import Boundary
from rekvid.backends.local.video.pictures import Plane, SmallFrame
from rekvid.models import TechnicalCueType

RATE = Fraction(24)
BLACK, CONTENT = TechnicalCueType.BLACK_FRAMES, TechnicalCueType.CONTENT
OPENING, END = TechnicalCueType.OPENING_CREDITS, TechnicalCueType.END_CREDITS
LINE = TextLine(top=120, bottom=135, left=160, right=320, fullness=1.0, clearness=1.0, letters=1.3)


def look(index: int, *, stay: float = 0.0, shift: int = 0, lines: tuple[TextLine, ...] = ()) -> Look:
    """A look at a picture with these lines of text over it."""
    return Look(
        index=index,
        span=1.0,
        lines=lines,
        stay=stay,
        move=1.0 if shift else stay,
        shift=shift,
        held=stay,
        sway=(0, 0),
        again=0.0,
        edges=0.3,
        ring=0.3,
        extent=None,
        unread=0.8,
        emblem=None,
        apart=0.8,
        luma=90.0,
        ground=90.0,
    )


def looks(seconds: int, *, rolls: Sequence[int] = (), cards: Sequence[int] = ()) -> list[Look]:
    """Looks four times a second, with a roll, or a card, during each of these seconds."""
    found: list[Look] = []
    for place in range(4 * seconds):
        second, quarter = divmod(place, 4)
        if second in rolls:
            found.append(look(6 * place, shift=8, lines=(LINE,)))
        elif second in cards:
            found.append(look(6 * place, stay=1.0 if quarter else 0.0, lines=(LINE,)))
        else:
            found.append(look(6 * place))
    return found


def timeline_of(seen: list[Look], cuts: Sequence[int] = (), taken: Sequence[Cue] = ()) -> Timeline:
    boundaries = [Boundary(end=cut - 1, start=cut, confidence=100.0) for cut in cuts]
    return Timeline(seen, boundaries, taken, 6 * len(seen), RATE)


def credits_of(seen: list[Look]) -> list[TechnicalCueType]:
    return [cue.type for cue in find_credits(timeline_of(seen), find_titles(seen))]


def credits_among(seen: list[Look], *boundaries: Boundary) -> list[tuple[int, int]]:
    """The first and last frames of the credits of a video with these boundaries."""
    timeline = Timeline(seen, boundaries, [], 6 * len(seen), RATE)
    return [(cue.first, cue.last) for cue in find_credits(timeline, find_titles(seen))]


# Where credits stand


@pytest.mark.parametrize(
    ("start", "kind"),
    [(10, OPENING), (85, OPENING), (280, OPENING), (320, None), (440, None), (460, END), (590, END)],
)
def test_the_place_in_a_file_of_ten_minutes_says_which_credits_they_are(
    start: int, kind: TechnicalCueType | None
) -> None:
    found = credits_of(looks(600, rolls=range(start, start + 8)))
    assert found == ([] if kind is None else [kind])


def test_credits_after_ten_minutes_are_no_opening_credits_in_a_long_file() -> None:
    assert credits_of(looks(3600, rolls=range(590, 598))) == [OPENING]
    assert credits_of(looks(3600, rolls=range(610, 618))) == []


def test_one_card_is_no_credits_and_two_are() -> None:
    assert credits_of(looks(120, cards=[5])) == []
    assert credits_of(looks(120, cards=[5, 6])) == [OPENING]
    assert credits_of(looks(120, cards=[5, 20])) == []


def test_cards_that_change_by_what_looks_like_a_transition_are_one_run_of_credits() -> None:
    seen = looks(120, cards=[5, 6, 8])
    start, doubtful, end = (
        Boundary(end=first, start=last, confidence=confidence)
        for first, last, confidence in ((119, 120, 99.0), (170, 180, 70.0), (215, 216, 99.0))
    )
    assert credits_among(seen, start, doubtful, end) == [(120, 215)]
    assert credits_among(seen, start, replace(doubtful, confidence=99.0), end) == [(120, 174)], "that is a title apart"


def test_a_title_over_a_picture_is_apart_from_cards_on_a_plain_ground() -> None:
    over_pictures = looks(120, cards=[5, 6, 7, 9])
    on_plain_ground = [replace(each, unread=0.0) if each.index < 216 else each for each in over_pictures]
    cuts = [Boundary(end=cut - 1, start=cut, confidence=99.0) for cut in (120, 168, 216, 240)]
    assert credits_among(over_pictures, *cuts) == [(120, 239)]
    assert credits_among(on_plain_ground, *cuts) == [(120, 215)]


def test_the_shot_in_which_credits_begin_belongs_to_them() -> None:
    cuts = [Boundary(end=cut - 1, start=cut, confidence=99.0) for cut in (72, 216)]
    assert credits_among(looks(120, cards=[5, 6, 7]), *cuts) == [(72, 215)]
    early = [Boundary(end=23, start=24, confidence=99.0), cuts[1]]
    assert credits_among(looks(120, cards=[5, 6, 7]), *early) == [(118, 215)], "but not five seconds of it"


def test_credits_that_begin_early_leave_black_before_them_alone() -> None:
    black = Cue(type=BLACK, first=6, last=23, confidence=100.0)
    timeline = timeline_of(looks(120, cards=[2, 4, 6]), taken=[black])
    (cue,) = find_credits(timeline, find_titles(timeline.looks))
    assert cue.first == 24


def test_lines_at_the_foot_are_no_credits_however_often_they_change() -> None:
    foot = TextLine(top=230, bottom=245, left=160, right=320, fullness=1.0, clearness=1.0, letters=1.3)
    seen = [
        look(each.index, stay=each.stay, lines=(foot,)) if each.lines else each
        for each in looks(120, cards=range(5, 60))
    ]
    assert credits_of(seen) == []


# To the frame


def test_a_cue_begins_at_the_cut_before_it_and_ends_at_the_cut_after_it() -> None:
    timeline = timeline_of(looks(10), cuts=[50, 110])
    assert timeline.start_of(10) == 50
    assert timeline.end_of(17) == 109


def test_far_from_a_cut_a_cue_begins_and_ends_half_way_to_the_next_look() -> None:
    timeline = timeline_of(looks(10), cuts=[10, 200])
    assert (timeline.start_of(10), timeline.end_of(17)) == (58, 105)


def test_the_middle_of_a_gradual_transition_is_where_one_ends_and_the_other_begins() -> None:
    boundary = Boundary(end=49, start=60, confidence=90.0)
    timeline = Timeline(looks(10), [boundary], [], 240, RATE)
    assert timeline.start_of(10) == 55
    assert timeline.end_of(7) == 54


def test_what_can_be_seen_late_in_a_transition_fades_out_up_to_its_end() -> None:
    boundary = Boundary(end=40, start=65, confidence=90.0)
    timeline = Timeline(looks(10), [boundary], [], 240, RATE)
    assert timeline.end_of(10) == 64
    assert timeline.start_of(8) == 41


def test_a_fade_from_black_belongs_to_what_fades_in() -> None:
    fades = [Boundary(end=40, start=59, confidence=90.0), Boundary(end=106, start=119, confidence=90.0)]
    black = [Cue(type=BLACK, first=first, last=last, confidence=100.0) for first, last in ((20, 40), (119, 140))]
    timeline = Timeline(looks(10), fades, black, 240, RATE)
    assert (timeline.start_of(10), timeline.end_of(17)) == (41, 118)


def test_a_fade_to_black_and_the_cut_out_of_it_leave_the_fade_to_what_fades_and_the_black_to_none() -> None:
    black = Cue(type=BLACK, first=66, last=77, confidence=100.0)
    whole = Boundary(end=47, start=78, confidence=100.0)
    timeline = Timeline(looks(10), [whole], [black], 240, RATE)
    assert timeline.end_of(9) == 65
    assert timeline.start_of(13) == 78


def test_an_emblem_that_fades_in_after_a_cut_is_one_logo_from_the_cut_on() -> None:
    shape = Extent(left=0.3, top=0.3, right=0.7, bottom=0.7)

    def emblem(place: int) -> Look:
        return replace(
            look(6 * place), edges=0.03 if place == 8 else 0.1, ring=0.0, unread=1.0, extent=shape, emblem=shape
        )

    seen = [emblem(place) if 8 <= place < 24 else look(6 * place) for place in range(40)]
    fade = Boundary(end=44, start=61, confidence=90.0)
    cut = Boundary(end=143, start=144, confidence=100.0)
    (logo,) = find_logos(Timeline(seen, [fade, cut], [], 240, RATE))
    assert (logo.first, logo.last) == (45, 143)


@pytest.mark.parametrize(("apart", "logos"), [(0.05, []), (0.12, [(48, 143)])])
def test_a_word_that_was_not_read_is_no_emblem(apart: float, logos: list[tuple[int, int]]) -> None:
    """It is hardly higher than the row beside it, where an emblem stands above a name, or beside it and is higher."""
    shape = Extent(left=0.4, top=0.35, right=0.6, bottom=0.6)

    def emblem(place: int) -> Look:
        seen = look(6 * place)
        return replace(seen, edges=0.03, ring=0.0, unread=0.4, extent=shape, emblem=shape, apart=apart)

    seen = [emblem(place) if 8 <= place < 24 else look(6 * place) for place in range(40)]
    found = find_logos(timeline_of(seen, cuts=[48, 144]))
    assert [(logo.first, logo.last) for logo in found] == logos


def test_no_cue_reaches_into_black() -> None:
    black = [
        Cue(type=BLACK, first=40, last=57, confidence=100.0),
        Cue(type=BLACK, first=108, last=130, confidence=100.0),
    ]
    timeline = timeline_of(looks(10), cuts=[45, 112], taken=black)
    assert (timeline.start_of(10), timeline.end_of(17)) == (58, 107)


# All of it, once

proposals = st.builds(
    lambda kind, first, length, confidence: Cue(type=kind, first=first, last=first + length, confidence=confidence),
    st.sampled_from(TechnicalCueType),
    st.integers(0, 90),
    st.integers(0, 9),
    st.floats(50, 100),
)


@given(st.lists(proposals, max_size=8), st.sampled_from([0, 12]))
def test_arranged_cues_cover_every_frame_once(wanted: list[Cue], least_content: int) -> None:
    cues = arrange(wanted, 100, least_content=least_content)
    assert [frame for cue in cues for frame in range(cue.first, cue.last + 1)] == list(range(100))


@given(proposals, st.lists(proposals, max_size=8))
def test_what_is_proposed_first_stays_as_it_is(first: Cue, others: list[Cue]) -> None:
    assert first in arrange([first, *others], 100)


def test_a_proposal_of_which_little_is_left_is_dropped() -> None:
    first = Cue(type=END, first=0, last=79, confidence=90.0)
    second = Cue(type=OPENING, first=30, last=99, confidence=90.0)
    assert [cue.type for cue in arrange([first, second], 100)] == [END, CONTENT]


def test_a_gap_too_short_for_content_goes_to_the_cue_that_was_sampled() -> None:
    logo = Cue(type=TechnicalCueType.STUDIO_LOGO, first=5, last=49, confidence=90.0)
    black = Cue(type=BLACK, first=55, last=99, confidence=90.0)

    def placed(least_content: int) -> list[tuple[TechnicalCueType, int, int]]:
        cues = arrange([logo, black], 110, least_content=least_content)
        return [(cue.type, cue.first, cue.last) for cue in cues]

    assert placed(6) == [(logo.type, 0, 54), (BLACK, 55, 99), (CONTENT, 100, 109)]
    contents = [(CONTENT, 0, 4), (CONTENT, 50, 54), (CONTENT, 100, 109)]
    assert placed(5) == sorted([*contents, (logo.type, 5, 49), (BLACK, 55, 99)], key=lambda cue: cue[1])


# Samples and overlays


def frame(index: int, luma: Plane, *, detail: bool = False) -> SmallFrame:
    chroma = np.full((36, 64), 128, np.uint8)
    large = np.full((270, 480), 90, np.uint8) if detail else None
    return SmallFrame(index=index, time=index / RATE, luma=luma, blue=chroma, red=chroma, black_share=0.0, detail=large)


def test_two_samples_right_after_one_another_count_once() -> None:
    grey = np.full((72, 128), 90, np.uint8)
    detector = CueDetector(RATE, LEVEL)
    for index in range(48):
        detector.feed(frame(index, grey, detail=index % 6 in {0, 1}))
    assert [cue.type for cue in detector.finish()] == [CONTENT]
    assert [each.index for each in detector.looks] == list(range(0, 48, 6))


def word_mark(*, drift: int = 0) -> OverlayFinder:
    """Four seconds of a texture, over the middle two of which heavy letters stand, or drift."""
    ground = np.random.default_rng(0).integers(60, 100, (72, 128)).astype(np.uint8)
    finder = OverlayFinder()
    for place in range(32):
        luma = ground.copy()
        if 10 <= place < 22:
            for left in range(30, 96, 11):
                luma[26:44, left + drift * (place - 10) : left + 6 + drift * (place - 10)] = 230
        finder.feed(frame(6 * place, luma))
    return finder


def test_heavy_letters_that_come_and_go_over_a_picture_are_found() -> None:
    (found,) = word_mark().finish()
    assert (found.first, found.last) == (60, 126)
    assert found.evenness == 1.0


def test_shapes_that_drift_over_a_picture_are_no_letters() -> None:
    assert word_mark(drift=1).finish() == []
