"""Credits, slates and logos come out as cues, and what only has letters or shapes in it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
pytest.importorskip("PIL")
from painting import cues_in, types_of
from rekvid.backends.local.segments import SegmentSettings, analyse_segments
from rekvid.backends.local.shots.detector import Boundary
from rekvid.models import SegmentType, TechnicalCueType
from rekvid.testing.captions import (
    DocumentScene,
    LowerThirdScene,
    SignsScene,
    SubtitledScene,
    TickerScene,
    TitleScene,
)
from rekvid.testing.colours import Colour
from rekvid.testing.credits import CreditsLayout, CreditsScene
from rekvid.testing.grounds import Gradient, Ground
from rekvid.testing.logos import Emblem, LogoScene
from rekvid.testing.lookalikes import NightScene, ProductScene
from rekvid.testing.scenes import BlackScene, Scene, TextureScene
from rekvid.testing.slates import ClapperScene, SlateLayout, SlateScene

BLACK, CONTENT = TechnicalCueType.BLACK_FRAMES, TechnicalCueType.CONTENT
OPENING, END = TechnicalCueType.OPENING_CREDITS, TechnicalCueType.END_CREDITS
SLATE, LOGO = TechnicalCueType.SLATE, TechnicalCueType.STUDIO_LOGO

FILM = TextureScene(seconds=3, pan=(0.05, 0.0), brightness=80.0, contrast=30.0)
GREY = (0.3, 0.3, 0.35)


def places_in(*scenes: Scene, seed: int = 0) -> list[tuple[TechnicalCueType, int, int]]:
    return [(cue.type, cue.first, cue.last) for cue in cues_in(*scenes, seed=seed)]


@pytest.mark.parametrize("layout", list(CreditsLayout))
@pytest.mark.parametrize("ground", [(0.0, 0.0, 0.0), FILM])
def test_a_roll_at_the_end_is_end_credits_to_the_frame(layout: CreditsLayout, ground: Ground) -> None:
    titles = CreditsScene(seconds=6, layout=layout, ground=ground, begins_full=True)
    assert places_in(FILM, FILM, titles) == [(CONTENT, 0, 71), (END, 72, 143)]


@pytest.mark.parametrize(("ground", "ink"), [((0.9, 0.9, 0.9), (0.0, 0.0, 0.0)), (FILM, (1.0, 1.0, 1.0))])
def test_cards_at_the_start_are_opening_credits_to_the_frame(ground: Ground, ink: Colour) -> None:
    titles = CreditsScene(seconds=6, rolling=False, closing=False, size=0.08, ground=ground, ink=ink)
    assert places_in(titles, FILM, FILM, FILM) == [(OPENING, 0, 71), (CONTENT, 72, 179)]


def test_cards_that_fade_are_credits_up_to_the_cut() -> None:
    titles = CreditsScene(seconds=6, rolling=False, card_fade=0.5, ground=GREY)
    assert places_in(FILM, FILM, titles) == [(CONTENT, 0, 71), (END, 72, 143)]


def test_credits_between_black_keep_both() -> None:
    black = BlackScene(seconds=1)
    titles = CreditsScene(seconds=5, sound=False, begins_full=True)
    assert types_of(cues_in(FILM, black, titles, black)) == [CONTENT, BLACK, END, BLACK]


def test_a_file_of_nothing_but_a_roll_is_end_credits_and_one_of_nothing_but_cards_opening_credits() -> None:
    assert types_of(cues_in(CreditsScene(seconds=6, begins_full=True))) == [END]
    assert types_of(cues_in(CreditsScene(seconds=6, rolling=False, closing=False, size=0.08))) == [OPENING]


def test_more_cards_are_surer_credits() -> None:
    def confidence(seconds: float) -> float:
        titles = CreditsScene(seconds=seconds, rolling=False, closing=False, size=0.08, card_seconds=1.5)
        return cues_in(titles, FILM, FILM)[0].confidence

    assert 50 < confidence(3) < confidence(6) < 100


def test_two_titles_in_two_shots_are_no_credits() -> None:
    title = TitleScene(seconds=3, ground=FILM)
    assert types_of(cues_in(FILM, title, dataclasses.replace(title, ink=(1.0, 1.0, 0.2)), FILM, FILM)) == [CONTENT]


def test_a_logo_on_a_plain_ground_and_a_title_over_a_picture_are_no_credits() -> None:
    white = (1.0, 1.0, 1.0)
    logo = LogoScene(
        seconds=4, emblem=Emblem.SHIELD, ground=(0.0, 0.0, 0.0), colours=(white, white), ground_fades=False
    )
    assert types_of(cues_in(logo, TitleScene(seconds=3, ground=FILM), FILM, FILM)) == [LOGO, CONTENT]


@pytest.mark.parametrize("seed", [0, 2])
def test_large_letters_that_are_not_all_read_are_no_logo(seed: int) -> None:
    titles = CreditsScene(
        seconds=8, rolling=False, closing=False, size=0.13, card_seconds=2.7, card_fade=0.2, ink=(0.95, 0.9, 0.2)
    )
    assert places_in(titles, FILM, FILM, FILM, seed=seed) == [(OPENING, 0, 95), (CONTENT, 96, 203)]


def test_credits_that_begin_while_a_logo_seems_to_last_are_no_part_of_it() -> None:
    logo = LogoScene(seconds=3, word_mark=False, size=0.32, ground_fades=False)
    roll = CreditsScene(seconds=6, closing=False, size=0.07, begins_full=True)
    late = [Boundary(end=38, start=39, confidence=90.0), Boundary(end=107, start=108, confidence=100.0)]
    assert types_of(cues_in(logo, roll, FILM, FILM, boundaries=late)) == [LOGO, OPENING, CONTENT]


@pytest.mark.parametrize("doubtful", [(69, 74), (66, 72), (64, 76)])
def test_a_title_over_the_picture_after_cards_on_a_plain_ground_is_content(doubtful: tuple[int, int]) -> None:
    """Though the cut between is taken for a transition that may be none, of which the last card is a part."""
    cards = CreditsScene(seconds=6, rolling=False, closing=False, size=0.08, card_fade=0.4)
    title = TitleScene(seconds=3, ground=TextureScene(seconds=3))
    end, start = doubtful
    cuts = [Boundary(end=end, start=start, confidence=60.0), Boundary(end=107, start=108, confidence=100.0)]
    (opening, content) = cues_in(cards, title, FILM, FILM, boundaries=cuts)
    assert (opening.type, content.type) == (OPENING, CONTENT)
    assert 69 <= opening.last <= 71


def test_two_titles_over_pictures_before_a_roll_on_a_plain_ground_are_content() -> None:
    film = dataclasses.replace(FILM, seconds=2)
    title = TitleScene(seconds=2, ground=FILM)
    roll = CreditsScene(seconds=6, begins_full=True, ground=(0.14, 0.27, 0.09))
    assert places_in(FILM, FILM, FILM, title, film, title, film, roll) == [(CONTENT, 0, 203), (END, 204, 275)]


def test_two_titles_of_another_style_after_the_opening_credits_are_content() -> None:
    film = TextureScene(seconds=2)
    titles = CreditsScene(seconds=6, rolling=False, closing=False, size=0.08, middle=0.32, ground=film)
    other = TitleScene(seconds=2, ground=film)
    assert places_in(titles, other, film, other, FILM, FILM) == [(OPENING, 0, 71), (CONTENT, 72, 215)]


def test_two_titles_before_a_roll_over_a_picture_are_content() -> None:
    film = TextureScene(seconds=2)
    title = TitleScene(seconds=2, ground=film)
    roll = CreditsScene(seconds=6, begins_full=True, ground=film)
    assert places_in(FILM, FILM, FILM, title, film, title, film, roll) == [(CONTENT, 0, 203), (END, 204, 275)]


def test_an_emblem_after_the_opening_credits_is_no_logo() -> None:
    titles = CreditsScene(seconds=6, rolling=False, closing=False, size=0.08, ground=FILM)
    thing = LogoScene(seconds=3, ground=GREY, ground_fades=False, word_mark=False)
    assert types_of(cues_in(titles, FILM, thing, FILM, FILM)) == [OPENING, CONTENT]


@pytest.mark.parametrize("layout", list(SlateLayout))
def test_a_slate_at_the_start_is_found_to_the_frame(layout: SlateLayout) -> None:
    slate = SlateScene(seconds=3, layout=layout, fields=6)
    assert places_in(slate, BlackScene(seconds=1), FILM, FILM) == [
        (SLATE, 0, 35),
        (BLACK, 36, 47),
        (CONTENT, 48, 119),
    ]


@pytest.mark.parametrize(("ground", "ink"), [((0.0, 0.0, 0.4), (1.0, 1.0, 0.3)), ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))])
def test_a_slate_with_a_clock_in_any_colour_is_a_slate(ground: Colour, ink: Colour) -> None:
    slate = SlateScene(seconds=3, ground=ground, ink=ink, countdown=True, clock=True)
    assert types_of(cues_in(slate, FILM, FILM)) == [SLATE, CONTENT]


@pytest.mark.parametrize("board", [(0.05, 0.05, 0.06), (0.95, 0.95, 0.95)])
def test_a_clapper_board_in_a_hand_is_a_slate(board: Colour) -> None:
    clapper = ClapperScene(seconds=3, board=board, ground=FILM, shake=0.012)
    assert places_in(clapper, FILM, FILM) == [(SLATE, 0, 35), (CONTENT, 36, 107)]


def test_a_slate_right_before_a_roll_on_another_ground_is_a_slate() -> None:
    roll = CreditsScene(seconds=5, closing=False, ground=(0.0, 0.0, 0.3))
    assert types_of(cues_in(SlateScene(seconds=3, ground=GREY), roll, FILM, FILM)) == [SLATE, OPENING, CONTENT]


def test_a_slate_right_before_a_roll_on_the_same_ground_is_a_slate() -> None:
    roll = CreditsScene(seconds=5, closing=False)
    assert places_in(SlateScene(seconds=3, fields=6), roll, FILM, FILM)[:2] == [(SLATE, 0, 35), (OPENING, 36, 95)]


def test_a_card_of_few_rows_right_before_a_roll_is_one_of_the_credits() -> None:
    card, roll = SlateScene(seconds=3, fields=4), CreditsScene(seconds=5, closing=False)
    assert types_of(cues_in(card, roll, FILM, FILM)) == [OPENING, CONTENT]


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_a_full_card_before_shorter_ones_at_the_end_is_one_of_the_credits(seed: int) -> None:
    opening = CreditsScene(seconds=5, rolling=False, closing=False, size=0.08, ground=FILM)
    end = CreditsScene(seconds=9, rolling=False, card_seconds=1.85, size=0.055)
    film = dataclasses.replace(FILM, seconds=4.5)
    assert types_of(cues_in(opening, film, end, seed=seed)) == [OPENING, CONTENT, END]


def test_what_stands_before_a_roll_that_ends_the_file_is_one_of_the_credits() -> None:
    assert types_of(cues_in(SlateScene(seconds=3, fields=6), CreditsScene(seconds=6))) == [END]


def test_a_slate_late_in_a_file_is_content() -> None:
    films = [FILM] * 9
    assert types_of(cues_in(*films, SlateScene(seconds=3), FILM)) == [CONTENT]


@pytest.mark.parametrize("emblem", [Emblem.GLOBE, Emblem.WAVES])
@pytest.mark.parametrize(
    "ground", [(0.0, 0.0, 0.0), Gradient(first=(0.4, 0.4, 0.5), last=(0.05, 0.05, 0.1), round=True)]
)
def test_an_emblem_that_fades_in_and_out_is_a_logo(emblem: Emblem, ground: Ground) -> None:
    logo = LogoScene(seconds=3, emblem=emblem, ground=ground, zoom=0.1)
    found = cues_in(logo, FILM, FILM)
    assert types_of([cue for cue in found if cue.type != BLACK]) == [LOGO, CONTENT]
    (cue,) = (each for each in found if each.type == LOGO)
    assert cue.last == 35
    assert 50 <= cue.confidence <= 90


@pytest.mark.parametrize("size", [0.32, 0.34, 0.36, 0.38])
def test_an_emblem_with_strokes_like_those_of_letters_is_a_logo(size: float) -> None:
    ground = Gradient(first=(0.23, 0.25, 0.12), last=(0.06, 0.04, 0.06))
    colours = ((1.0, 1.0, 1.0), (0.81, 0.74, 0.88))
    logo = LogoScene(seconds=4.4, size=size, ground=ground, colours=colours, fade_in=0.36, zoom=0.15, shine=True)
    assert types_of([cue for cue in cues_in(logo, FILM, FILM) if cue.type != BLACK]) == [LOGO, CONTENT]


@pytest.mark.parametrize("seconds", [36 / 12, 37 / 12, 38 / 12])
def test_a_logo_that_fades_in_after_a_slate_is_a_logo(seconds: float) -> None:
    """Though it is in sight before the middle of that transition, from where on its frames are those of the logo."""
    slate = SlateScene(seconds=seconds, fields=8, ground=GREY)
    logo = LogoScene(seconds=4, fade_in=0.7, ground=GREY, ground_fades=False)
    first = round(seconds * 12)
    end = first + 47
    cuts = [
        Boundary(end=first - 1, start=first + 15, confidence=95.0),
        Boundary(end=end, start=end + 1, confidence=100.0),
    ]
    assert types_of(cues_in(slate, logo, FILM, FILM, boundaries=cuts)) == [SLATE, LOGO, CONTENT]


def test_a_logo_before_credits_and_the_black_between_are_three_cues() -> None:
    titles = CreditsScene(seconds=5, rolling=False, closing=False, size=0.08, ground=FILM)
    assert types_of(
        cues_in(LogoScene(seconds=3, ground_fades=False, ground=GREY), BlackScene(seconds=1), titles, FILM)
    ) == [
        LOGO,
        BLACK,
        OPENING,
        CONTENT,
    ]


@pytest.mark.parametrize(
    "scene",
    [
        SubtitledScene(seconds=4, ground=FILM),
        LowerThirdScene(seconds=4, ground=FILM),
        TickerScene(seconds=4, ground=FILM),
        TitleScene(seconds=4, ground=FILM),
        SignsScene(seconds=4, ground=FILM),
        DocumentScene(seconds=4),
        ProductScene(seconds=4),
        NightScene(seconds=4),
        TextureScene(seconds=4, pan=(0.0, 0.05)),
    ],
    ids=lambda scene: type(scene).__name__,
)
def test_content_with_letters_or_shapes_in_it_stays_content(scene: Scene) -> None:
    assert places_in(FILM, scene, FILM) == [(CONTENT, 0, 119)]


@pytest.mark.assets
def test_the_opening_of_a_film_gives_its_black_its_title_card_and_its_word_mark(assets: Path) -> None:
    found = real_cues(assets, "moviepy_bbb_0_30.webm")
    assert [kind for kind, _, _ in found] == [BLACK, CONTENT, OPENING, CONTENT, LOGO]
    (_, first, last), (_, start, end) = found[2], found[4]
    assert 485 <= first <= 500  # a bird flies out of the letters from 480 on
    assert last == 550
    assert 590 <= start <= 605
    assert 705 <= end <= 719


@pytest.mark.assets
def test_bars_with_margins_and_burnt_in_time_are_bars_from_first_to_last(assets: Path) -> None:
    bars = TechnicalCueType.COLOR_BARS
    assert real_cues(assets, "moviepy_smpte-2997.mp4") == [(bars, 0, 250)]


@pytest.mark.assets
@pytest.mark.parametrize(
    ("name", "frame_count"),
    [
        ("torchcodec_dog_eating.mp4", 345),
        ("intel_bottle-detection.mp4", 1189),
        ("intel_one-by-one-person-detection.mp4", 1394),
    ],
)
def test_filmed_scenes_are_content_from_first_to_last(assets: Path, name: str, frame_count: int) -> None:
    assert real_cues(assets, name) == [(CONTENT, 0, frame_count - 1)]


def real_cues(assets: Path, name: str) -> list[tuple[str, int, int]]:
    settings = SegmentSettings(segment_types=(SegmentType.TECHNICAL_CUE,))
    return [
        (each.technical_cue_segment.type, each.start_frame_number, each.end_frame_number)
        for each in analyse_segments(assets / "videos" / name, settings).segments
        if each.technical_cue_segment and each.start_frame_number is not None and each.end_frame_number is not None
    ]
