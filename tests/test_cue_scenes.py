"""Scenes that are cues must look as the standards have it, and be the same for the same seed."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import sys
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
pytest.importorskip("PIL")
import av
import numpy as np

from rekvid.errors import MissingExtraError
from rekvid.models import TechnicalCueType
from rekvid.testing.colours import Overlay, lay_over, overlay_of, solid
from rekvid.testing.cue_scenes import (
    BarPattern,
    BarsScene,
    ClapperScene,
    CreditsLayout,
    CreditsScene,
    DocumentScene,
    Emblem,
    Gradient,
    LogoScene,
    LowerThirdScene,
    NightScene,
    ProductScene,
    SignsScene,
    SlateLayout,
    SlateScene,
    Stripes,
    StripesScene,
    SubtitledScene,
    TickerScene,
    TitleScene,
    fonts_here,
    paint_bars,
    random_cue_reel_scenes,
)
from rekvid.testing.drawing import carries
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.places import PlaceScene
from rekvid.testing.reels import make_reel
from rekvid.testing.scenes import BlackScene, Scene
from rekvid.testing.wording import LANGUAGES, language_for

RATE = Fraction(25)
WIDTH, HEIGHT = 160, 90

CUES: list[Scene] = [
    *(BarsScene(pattern=pattern) for pattern in BarPattern),
    BarsScene(margins=(0.125, 0.05), timecode=True, ident="LINE 1", noise=3),
    *(SlateScene(layout=layout, countdown=True, clock=True) for layout in SlateLayout),
    ClapperScene(),
    *(CreditsScene(layout=layout, shadow=True) for layout in CreditsLayout),
    *(CreditsScene(layout=layout, rolling=False, card_fade=0.3) for layout in CreditsLayout),
    CreditsScene(closing=False, rolling=False, ground=PlaceScene()),
    *(LogoScene(emblem=emblem, zoom=0.1, shine=True) for emblem in Emblem),
    LogoScene(ground=Gradient(first=(0.1, 0.2, 0.5), last=(0, 0, 0.1), round=True), ground_fades=False),
]
CONTENT: list[Scene] = [
    *(SubtitledScene(), LowerThirdScene(), TickerScene(), TitleScene(), SignsScene(), DocumentScene()),
    *(StripesScene(stripes=stripes) for stripes in Stripes),
    *(ProductScene(), NightScene()),
]


def named(scene: Scene) -> str:
    kinds = [str(getattr(scene, name)) for name in ("pattern", "layout", "emblem", "stripes") if hasattr(scene, name)]
    return " ".join([type(scene).__name__, *kinds])


def painter(scene: Scene, seed: int = 1, width: int = WIDTH, height: int = HEIGHT) -> Painter:
    return scene.painter(Stage(width=width, height=height, rate=RATE, generator=np.random.default_rng(seed)))


def raw(picture: Picture) -> bytes:
    return b"".join(plane.tobytes() for plane in picture)


SD_75 = [(180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114)]
HD_75 = [(180, 128, 128), (168, 44, 136), (145, 147, 44), (133, 63, 52), (63, 193, 204), (51, 109, 212), (28, 212, 120)]


def at(picture: Picture, across: float, down: float) -> tuple[int, int, int]:
    """Luma, Cb and Cr at a place given as shares of width and height."""
    luma, blue, red = (int(plane[int(down * plane.shape[0]), int(across * plane.shape[1])]) for plane in picture)
    return luma, blue, red


@pytest.mark.parametrize(
    ("pattern", "hd", "expected"),
    [(BarPattern.SMPTE_EG_1, False, SD_75), (BarPattern.SMPTE_75, False, SD_75), (BarPattern.SMPTE_75, True, HD_75)],
)
def test_bars_of_75_per_cent_have_the_published_levels(
    pattern: BarPattern, hd: bool, expected: list[tuple[int, int, int]]
) -> None:
    picture = paint_bars(pattern, 700, 480, hd=hd)
    assert [at(picture, (bar + 0.5) / 7, 0.3) for bar in range(7)] == expected


def test_hd_bars_stand_between_grey_sides_that_are_an_eighth_each() -> None:
    picture = paint_bars(BarPattern.SMPTE_RP_219, 1920, 1080, hd=True)
    assert [at(picture, 1 / 8 + (bar + 0.5) * 3 / 28, 0.3) for bar in range(7)] == HD_75
    assert (picture[0][100, :240] == 104).all()
    assert (picture[0][100, 1680:] == 104).all()


def test_the_hd_ramp_rises_from_black_to_white_without_a_step_back() -> None:
    luma = paint_bars(BarPattern.SMPTE_RP_219, 1920, 1080, hd=True)[0][int(0.7 * 1080), 446:1474]
    assert (luma[0], luma[-1]) == (16, 235)
    assert (np.diff(luma.astype(int)) >= 0).all()


def test_the_foot_of_the_classic_bars_has_minus_i_white_plus_q_and_pluge() -> None:
    picture = paint_bars(BarPattern.SMPTE_EG_1, 840, 480, hd=False)
    minus_i, white, plus_q = (at(picture, (place + 0.5) * 5 / 28, 0.9) for place in range(3))
    assert (minus_i, white) == ((16, 158, 95), (235, 128, 128))
    assert plus_q == pytest.approx((16, 174, 149), abs=1)
    assert [at(picture, 5 / 7 + (place + 0.5) / 21, 0.9)[0] for place in range(3)] == [7, 16, 25]


@pytest.mark.parametrize(
    ("pattern", "white", "yellow"),
    [(BarPattern.EBU_75, 180, 162), (BarPattern.EBU_100_75, 235, 162), (BarPattern.EBU_100, 235, 210)],
)
def test_ebu_bars_end_with_black_and_differ_in_white_and_amplitude(
    pattern: BarPattern, white: int, yellow: int
) -> None:
    picture = paint_bars(pattern, 640, 360, hd=False)
    lumas = [at(picture, (bar + 0.5) / 8, 0.5)[0] for bar in range(8)]
    assert (lumas[0], lumas[1], lumas[7]) == (white, yellow, 16)
    assert lumas == sorted(lumas, reverse=True)


def test_margins_are_black_and_the_bars_lie_between_them() -> None:
    luma, blue, _ = painter(BarsScene(margins=(0.125, 0.1)))(0)
    assert (luma[:, :20] == 16).all()
    assert (luma[:8] == 16).all()
    assert luma[40, 24] == 180
    assert (blue[:4] == 128).all()


def test_burnt_in_time_counts_frames_and_leaves_the_bars_above_alone() -> None:
    paint = painter(BarsScene(timecode=True))
    pictures = [paint(number)[0] for number in range(3)]
    assert all((one != two).any() for one, two in itertools.pairwise(pictures))
    assert all((one[:70] == two[:70]).all() for one, two in itertools.pairwise(pictures))


def test_bars_begin_and_end_in_the_file_with_the_very_frames_that_the_truth_states(tmp_path: Path) -> None:
    scenes = [PlaceScene(seconds=0.6), BarsScene(seconds=0.8, noise=2, timecode=True), PlaceScene(seconds=0.6)]
    truth = make_reel(tmp_path / "bars.mp4", scenes, width=WIDTH, height=HEIGHT)
    stretch = next(each for each in truth.cues if each.type is TechnicalCueType.COLOR_BARS)
    expected = paint_bars(BarPattern.SMPTE_EG_1, WIDTH, HEIGHT, hd=False)[1][:30]
    with av.open(str(truth.path)) as container:
        blues = [
            frame.to_ndarray()[HEIGHT : HEIGHT + HEIGHT // 4].reshape(-1, WIDTH // 2)[:30]
            for frame in container.decode(video=0)
        ]
    found = [number for number, blue in enumerate(blues) if np.abs(blue.astype(int) - expected).mean() < 6]
    assert found == list(range(stretch.first, stretch.last + 1)) == list(range(15, 35))


@pytest.mark.parametrize("scene", [*CUES, *CONTENT], ids=named)
def test_a_scene_paints_whole_pictures_the_same_for_the_same_seed_and_past_its_end(scene: Scene) -> None:
    one, two = painter(scene), painter(scene)
    for number in (0, 13, round(scene.seconds * RATE) + 5):
        luma, blue, red = one(number)
        assert luma.shape == (HEIGHT, WIDTH)
        assert luma.dtype == blue.dtype == red.dtype == np.uint8
        assert blue.shape == red.shape == (HEIGHT // 2, WIDTH // 2)
        assert raw((luma, blue, red)) == raw(two(number))


@pytest.mark.parametrize("scene", [scene for scene in [*CUES, *CONTENT] if not isinstance(scene, BarsScene)], ids=named)
def test_another_seed_gives_another_picture(scene: Scene) -> None:
    middle = round(scene.seconds * RATE / 2)
    if isinstance(scene, StripesScene) and scene.stripes is Stripes.RAINBOW:
        pytest.skip("a rainbow is the same everywhere")
    assert any(raw(painter(scene, 1)(middle)) != raw(painter(scene, seed)(middle)) for seed in (2, 3))


def test_scenes_name_their_cues_and_those_that_only_look_like_some_are_content() -> None:
    expected = {
        BarsScene: TechnicalCueType.COLOR_BARS,
        SlateScene: TechnicalCueType.SLATE,
        ClapperScene: TechnicalCueType.SLATE,
        LogoScene: TechnicalCueType.STUDIO_LOGO,
    }
    assert {type(scene): scene.cue for scene in CUES if not isinstance(scene, CreditsScene)} == expected
    assert CreditsScene(closing=True).cue is TechnicalCueType.END_CREDITS
    assert CreditsScene(closing=False).cue is TechnicalCueType.OPENING_CREDITS
    assert {scene.cue for scene in CONTENT} == {None}


@pytest.mark.parametrize("layout", SlateLayout)
def test_a_slate_has_letters_on_a_plain_card_and_stands_still(layout: SlateLayout) -> None:
    paint = painter(SlateScene(layout=layout, ground=(0, 0, 0.5), ink=(1, 1, 0)), width=320, height=180)
    luma = paint(0)[0]
    ground = int(solid((0, 0, 0.5), 2, 2)[0][0, 0])
    assert 0.6 < (luma == ground).mean() < 0.98
    assert luma.max() > 180
    assert raw(paint(0)) == raw(paint(60))


def test_a_countdown_changes_once_a_second_and_a_clock_four_times() -> None:
    def changes(scene: Scene) -> list[int]:
        paint = painter(scene)
        pictures = [raw(paint(number)) for number in range(76)]
        return [number for number in range(1, 76) if pictures[number] != pictures[number - 1]]

    assert changes(SlateScene(countdown=True)) == [25, 50, 75]
    assert len(changes(SlateScene(clock=True))) == 12


def test_a_clapper_claps_half_way_through_and_opens_again() -> None:
    paint = painter(ClapperScene(seconds=2, shake=0, ground=(0.2, 0.4, 0.2)))
    pictures = {number: raw(paint(number)) for number in (0, 24, 25, 26, 33, 34, 49)}
    assert pictures[0] == pictures[24] == pictures[34] == pictures[49]
    assert pictures[26] == pictures[33]
    assert len({pictures[24], pictures[25], pictures[26]}) == 3


def test_a_roll_moves_up_steadily_from_its_first_line_to_its_last() -> None:
    scene = CreditsScene(seconds=8, speed=0.25)
    paint = painter(scene, width=320, height=100)
    lumas = [paint(number)[0] for number in range(200)]
    for number in range(0, 180, 20):
        assert (lumas[number][50:] == lumas[number + 20][30:80]).all()
    inked = [float((luma > 100).mean()) for luma in lumas]
    assert max(inked[0], inked[-1]) < max(inked) / 3
    assert min(inked[5:-10]) > 0


def test_cards_stand_still_between_cuts_that_are_evenly_spread() -> None:
    paint = painter(CreditsScene(seconds=6, rolling=False, card_seconds=2))
    pictures = [raw(paint(number)) for number in range(150)]
    assert [number for number in range(1, 150) if pictures[number] != pictures[number - 1]] == [50, 100]


def test_cards_that_fade_leave_the_ground_alone_between_them() -> None:
    paint = painter(CreditsScene(seconds=6, rolling=False, card_seconds=2, card_fade=0.4))
    peaks = [int(paint(number)[0].max()) for number in (0, 25, 49, 50, 75)]
    assert max(peaks[0], peaks[2], peaks[3]) < 60
    assert min(peaks[1], peaks[4]) > 150


def test_credits_over_a_picture_leave_the_picture_visible() -> None:
    ground = PlaceScene(movers=0, noise=0)
    over = painter(CreditsScene(ground=ground, rolling=False))(30)[0]
    alone = painter(ground)(30)[0]
    assert 0.7 < (over == alone).mean() < 0.995


@pytest.mark.parametrize("emblem", Emblem)
def test_a_logo_comes_from_black_stands_on_a_plain_ground_and_goes_to_black(emblem: Emblem) -> None:
    paint = painter(LogoScene(seconds=4, emblem=emblem, word_mark=False))
    first, middle, last = (paint(number)[0] for number in (0, 50, 99))
    assert max(first.max(), last.max()) < 50
    assert middle.max() > 130
    assert 0.01 < (middle > 60).mean() < 0.3
    assert (middle[:10] == 16).all()


def test_a_word_mark_stands_beneath_the_emblem() -> None:
    plain, named_logo = (painter(LogoScene(word_mark=mark))(50)[0] for mark in (False, True))
    assert not (plain[75:] > 60).any()
    assert (named_logo[60:] > 60).any()


def test_opaque_overlays_replace_the_ground_and_half_of_their_strength_mixes_evenly() -> None:
    white = overlay_of(np.full((4, 4, 4), 255, np.uint8), hd=False)
    ground = solid((0, 0, 0), 8, 8)
    assert lay_over(ground, white, left=2, top=2)[0][3, 3] == 235
    assert lay_over(ground, white, left=2, top=2, strength=0.5)[0][3, 3] == pytest.approx((235 + 16) / 2, abs=1)
    assert lay_over(ground, white, strength=0.0)[0].max() == 16


@pytest.mark.parametrize(("left", "top", "seen"), [(-2, -2, 4), (6, 6, 4), (-4, 0, 0), (0, 8, 0), (-9, 30, 0)])
def test_what_lies_outside_of_the_picture_is_cut_off(left: int, top: int, seen: int) -> None:
    white: Overlay = overlay_of(np.full((4, 4, 4), 255, np.uint8), hd=False)
    assert int((lay_over(solid((0, 0, 0), 8, 8), white, left=left, top=top)[0] == 235).sum()) == seen


def test_the_font_of_pillow_writes_english_but_no_greek_and_other_files_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "no.ttf"
    path.write_bytes(b"no font")
    assert carries(None, "AaZz09:")
    assert not carries(None, "Ω")
    assert not carries(path, "A")


def test_fonts_of_this_machine_can_all_write_english() -> None:
    fonts = fonts_here()
    assert fonts == tuple(sorted(fonts, key=lambda path: path.name))
    assert all(carries(font, "Ag;") for font in fonts)


def test_a_font_in_use_changes_the_letters() -> None:
    fonts = fonts_here()
    if not fonts:
        pytest.skip("no fonts are installed")
    assert raw(painter(SlateScene(languages=("en",)))(0)) != raw(painter(SlateScene(languages=("en",), fonts=fonts))(0))


def test_a_language_that_the_font_lacks_or_nobody_knows_is_an_error_that_says_so() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"languages=\('el',\): the font of Pillow lacks"):
        language_for(None, generator, ("el",))
    with pytest.raises(ValueError, match=r"xx is not one of en, de"):
        language_for(None, generator, ("en", "xx"))
    assert language_for(None, generator) is LANGUAGES["en"]


def test_a_programme_is_the_same_for_its_seed_and_has_its_parts_in_order() -> None:
    order = [TechnicalCueType.COLOR_BARS, TechnicalCueType.SLATE, TechnicalCueType.STUDIO_LOGO,
             TechnicalCueType.OPENING_CREDITS, None, TechnicalCueType.END_CREDITS]  # fmt: skip
    seen: set[TechnicalCueType | None] = set()
    for seed in range(40):
        scenes = random_cue_reel_scenes(seed)
        assert scenes == random_cue_reel_scenes(seed)
        places = [order.index(scene.cue) for scene in scenes if not isinstance(scene, BlackScene)]
        assert places == sorted(places)
        assert order.index(None) in places
        seen |= {scene.cue for scene in scenes}
    assert seen == set(order)


def test_every_scene_of_some_programmes_can_be_painted() -> None:
    for scene in itertools.chain.from_iterable(random_cue_reel_scenes(seed) for seed in range(6)):
        assert painter(scene, width=64, height=36)(3)[0].shape == (36, 64), dataclasses.asdict(scene)


def test_without_pillow_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "rekvid.testing.drawing")
    with pytest.raises(MissingExtraError, match=r'drawing text and emblems .* pip install "rekvid\[testing\]"'):
        importlib.import_module("rekvid.testing.drawing")
