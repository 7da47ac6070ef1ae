"""The truth of a reel must name exactly the frames at which its pictures show a boundary."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid.models import TechnicalCueType
from rekvid.testing.clips import ClipScene
from rekvid.testing.pictures import Painter, Picture, Stage
from rekvid.testing.random_reels import random_reel
from rekvid.testing.reels import BlackScene, PlainScene, Scene, make_reel, paint_reel, reel_truth
from rekvid.testing.scenes import TextureScene
from rekvid.testing.transitions import Dissolve, FadeThrough, Transition, Wipe, WipeShape
from rekvid.testing.truth import CueStretch, GradualStretch, Stretch, TransitionKind

CONTENT, BLACK = TechnicalCueType.CONTENT, TechnicalCueType.BLACK_FRAMES


class Patches(Scene):
    """A grid of light and dark patches, which neither moves nor counts as uniform."""

    __slots__ = ()

    def painter(self, stage: Stage) -> Painter:
        y, x = np.mgrid[0 : stage.height, 0 : stage.width]
        luma = np.where((x // 8 + y // 8) % 2, 40, 90).astype(np.uint8)
        half = (stage.height // 2, stage.width // 2)
        picture: Picture = luma, np.full(half, 120, np.uint8), np.full(half, 120, np.uint8)
        return lambda _: picture


TRANSITIONS = st.one_of(
    st.builds(Dissolve, seconds=st.floats(0.2, 1.5), eased=st.booleans()),
    st.builds(
        Wipe, seconds=st.floats(0.2, 1.5), shape=st.sampled_from(WipeShape), softness=st.sampled_from([0.0, 0.2])
    ),
)


@settings(max_examples=25)
@given(TRANSITIONS)
def test_exactly_the_frames_of_a_transition_show_both_scenes(transition: Transition) -> None:
    scenes = [Patches(seconds=1), PlainScene(seconds=2.5, luma=200, transition=transition)]
    (gradual,) = reel_truth(scenes).gradual
    pictures = [luma for luma, _, _ in paint_reel(scenes)]
    old, new = pictures[0], pictures[-1]
    strange = [i for i, each in enumerate(pictures) if (each != old).any() and (each != new).any()]
    # A soft edge or a slow start may leave a frame at either side that rounds to the picture beside it.
    assert gradual.first <= strange[0] <= gradual.first + 1
    assert gradual.last - 1 <= strange[-1] <= gradual.last


@pytest.mark.parametrize("shape", WipeShape)
def test_a_wipe_turns_every_sample_once_and_for_good(shape: WipeShape) -> None:
    scenes = [PlainScene(seconds=0.4, luma=50), PlainScene(seconds=1.2, luma=200, transition=Wipe(shape=shape))]
    shares = [float((luma == 200).mean()) for luma, _, _ in paint_reel(scenes)][10:35]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.15
    assert 0.85 < shares[-1] < 1


def test_a_fade_through_black_is_one_transition_with_its_hold_in_the_middle() -> None:
    scenes = [Patches(seconds=1), Patches(seconds=2, transition=FadeThrough(seconds=1.2, hold=0.4))]
    truth = reel_truth(scenes)
    assert truth.gradual == (GradualStretch(first=25, last=54, kind=TransitionKind.FADE),)
    assert truth.shots == (Stretch(first=0, last=24), Stretch(first=55, last=74))
    black = [i for i, (luma, _, _) in enumerate(paint_reel(scenes)) if int(luma.max()) == 16]
    assert black == list(range(35, 45))


@pytest.mark.parametrize(("frames", "gradual"), [(24, [(25, 68)]), (25, [(25, 34), (60, 69)])])
def test_black_of_less_than_a_second_belongs_to_the_fades_at_its_sides_and_longer_black_is_a_shot(
    frames: int, gradual: list[tuple[int, int]]
) -> None:
    scenes = [
        Patches(seconds=1),
        BlackScene(seconds=(10 + frames) / 25, dissolve=0.4),
        Patches(seconds=1, dissolve=0.4),
    ]
    truth = reel_truth(scenes)
    assert [(each.first, each.last) for each in truth.gradual] == gradual
    assert {each.kind for each in truth.gradual} == {TransitionKind.FADE}
    assert truth.cuts == ()


def test_short_black_between_two_hard_cuts_is_a_shot() -> None:
    assert reel_truth([Patches(seconds=1), BlackScene(seconds=0.4), Patches(seconds=1)]).cuts == (25, 35)


def test_black_after_a_fade_that_ends_in_a_cut_belongs_to_the_fade() -> None:
    truth = reel_truth([Patches(seconds=1), BlackScene(seconds=0.8, dissolve=0.4), Patches(seconds=1)])
    assert truth.gradual == (GradualStretch(first=25, last=44, kind=TransitionKind.FADE),)
    assert truth.cuts == ()


def test_black_at_the_ends_of_a_reel_is_a_shot_however_short() -> None:
    scenes = [BlackScene(seconds=0.2), Patches(seconds=1, dissolve=0.4), BlackScene(seconds=0.6, dissolve=0.4)]
    truth = reel_truth(scenes)
    assert truth.shots == (Stretch(first=0, last=4), Stretch(first=15, last=29), Stretch(first=40, last=44))


@pytest.mark.parametrize("hold", [-0.1, 1.0, 0.9])
def test_a_hold_that_is_out_of_its_range_is_refused_with_the_way_out(hold: float) -> None:
    with pytest.raises(ValueError, match="put a BlackScene or PlainScene between"):
        FadeThrough(seconds=0.8, hold=hold)


def test_two_ways_into_one_scene_are_refused() -> None:
    with pytest.raises(ValueError, match="give one of the two"):
        TextureScene(dissolve=0.5, transition=Wipe())


def test_cues_cover_the_reel_and_only_long_silent_black_is_one() -> None:
    scenes = [
        BlackScene(seconds=0.4),
        TextureScene(seconds=1),
        BlackScene(seconds=0.2),
        TextureScene(seconds=1),
        BlackScene(seconds=0.6, sound=True),
        TextureScene(seconds=1),
        BlackScene(seconds=1),
    ]
    assert reel_truth(scenes).cues == (
        CueStretch(first=0, last=9, type=BLACK),
        CueStretch(first=10, last=104, type=CONTENT),
        CueStretch(first=105, last=129, type=BLACK),
    )
    silent = [each for each in reel_truth(scenes, audio=False).cues if each.type == BLACK]
    assert [(each.first, each.last) for each in silent] == [(0, 9), (65, 79), (105, 129)]


def test_frames_of_a_fade_are_black_as_long_as_they_look_it() -> None:
    scenes = [BlackScene(seconds=1), PlainScene(seconds=2, luma=200, sound=False, dissolve=1.0)]
    lumas = [int(luma.max()) for luma, _, _ in paint_reel(scenes)]
    after = next(number for number, luma in enumerate(lumas) if luma > 59)
    black, content = reel_truth(scenes).cues
    assert (black.type, black.last, content.first) == (BLACK, after - 1, after)
    assert 25 < after < 50


class Card(Patches):
    """Stands for a slate."""

    __slots__ = ()

    @property
    def cue(self) -> TechnicalCueType:
        return TechnicalCueType.SLATE


def test_a_dissolve_between_content_and_a_cue_counts_by_halves() -> None:
    cues = reel_truth([TextureScene(seconds=1), Card(seconds=2, dissolve=0.8)]).cues
    assert [(each.first, each.last) for each in cues] == [(0, 34), (35, 74)]


def test_a_fade_between_black_and_a_cue_counts_for_the_cue_once_it_can_be_seen() -> None:
    black, slate = reel_truth([BlackScene(seconds=1), Card(seconds=2, dissolve=0.8, sound=False)]).cues
    assert (black.type, slate.type) == (BLACK, TechnicalCueType.SLATE)
    assert slate.first == black.last + 1
    assert 25 < slate.first < 45


@pytest.mark.parametrize("seed", [0, 1])
def test_random_reels_have_their_cuts_where_their_pictures_jump(seed: int) -> None:
    scenes = random_reel(seed, shots=5)
    truth = reel_truth(scenes, width=64, height=36, seed=seed)
    lumas = [luma.astype(int) for luma, _, _ in paint_reel(scenes, width=64, height=36, seed=seed)]
    assert len(lumas) == truth.frame_count
    for cut in truth.cuts:
        jump = float(np.abs(lumas[cut] - lumas[cut - 1]).mean())
        assert jump > 2 * float(np.abs(lumas[cut - 1] - lumas[cut - 2]).mean())
    stretches = [(each.first - 1, each.last + 1) for each in truth.disturbances]
    inside = [any(shot.first < one and two < shot.last for shot in truth.shots) for one, two in stretches]
    assert all(inside)


def test_a_random_reel_is_the_same_for_the_same_seed() -> None:
    assert random_reel(3) == random_reel(3) != random_reel(4)


def test_a_clip_gives_its_frames_one_for_one_and_says_when_it_ends(tmp_path: Path) -> None:
    source = make_reel(tmp_path / "source.mp4", [PlainScene(seconds=1, luma=50), PlainScene(seconds=1, luma=200)],
                       width=64, height=36, rate=Fraction(50), audio=False)  # fmt: skip
    clip = ClipScene(path=source.path, start=0.8, seconds=1)
    lumas = [round(float(luma.mean())) for luma, _, _ in paint_reel([clip], width=32, height=18)]
    assert lumas == pytest.approx([50] * 10 + [200] * 15, abs=2)
    with pytest.raises(ValueError, match="frame 60 of the piece is needed"):
        list(paint_reel([ClipScene(path=source.path, start=0.8, seconds=3)], width=32, height=18))


def test_a_mirrored_clip_has_left_and_right_exchanged(tmp_path: Path) -> None:
    path = make_reel(tmp_path / "source.mp4", [TextureScene(seconds=0.2)], width=64, height=36).path
    plain, mirrored = (
        next(paint_reel([ClipScene(path=path, seconds=0.1, mirrored=each)], width=64, height=36))
        for each in (False, True)
    )
    assert all((one[:, ::-1] == two).all() for one, two in zip(plain, mirrored, strict=True))
