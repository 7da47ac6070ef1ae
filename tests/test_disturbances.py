"""A disturbance must show within the frames that the truth names, and be no boundary."""

from __future__ import annotations

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import numpy as np

from rekvid.testing.camera import Pan, Shake, Zoom
from rekvid.testing.disturbances import Crossing, Disturbance, Flash, Flicker, Lamp, LowerThird, Strobe
from rekvid.testing.pictures import Picture
from rekvid.testing.places import Framing, PlaceScene
from rekvid.testing.random_reels import random_disturbance
from rekvid.testing.reels import TextureScene, paint_reel, reel_truth
from rekvid.testing.truth import DisturbanceKind, DisturbedStretch


def place(*disturbances: Disturbance) -> PlaceScene:
    return PlaceScene(seconds=3, place=1, framing=Framing(), movers=0, noise=0, disturbances=disturbances)


def changes(scene: PlaceScene) -> list[int]:
    """The frames that are not what they would be without any disturbance."""
    calm = next(paint_reel([place()]))

    def differs(picture: Picture) -> bool:
        return any((one != other).any() for one, other in zip(picture, calm, strict=True))

    return [number for number, picture in enumerate(paint_reel([scene])) if differs(picture)]


PASSING = [
    Flash(start=1, seconds=0.4),
    Flash(start=1, seconds=1, count=3),
    Strobe(start=1, seconds=0.8),
    Strobe(start=1, seconds=0.8, strength=-0.6),
    Flicker(start=1, seconds=0.6),
    LowerThird(start=1, seconds=1),
    Crossing(start=1, seconds=0.8),
    Shake(start=1, seconds=0.8),
]
LASTING = [Lamp(start=1), Lamp(start=1, seconds=0.6, gain=0.5), Pan(start=1, seconds=0.4), Zoom(start=1, seconds=0.6)]


@pytest.mark.parametrize("disturbance", PASSING, ids=lambda each: each.kind)
def test_what_passes_changes_pictures_within_its_frames_only(disturbance: Disturbance) -> None:
    (stretch,) = reel_truth([place(disturbance)]).disturbances
    changed = changes(place(disturbance))
    assert changed
    assert stretch.first == 25
    assert stretch.first <= changed[0] <= stretch.first + 2
    assert changed[-1] <= stretch.last


@pytest.mark.parametrize("disturbance", LASTING, ids=lambda each: each.kind)
def test_what_lasts_changes_all_pictures_after_it_which_then_stand_still(disturbance: Disturbance) -> None:
    (stretch,) = reel_truth([place(disturbance)]).disturbances
    changed = changes(place(disturbance))
    assert changed == list(range(changed[0], 75))
    assert stretch.first <= changed[0] <= stretch.first + 1
    pictures = [luma for luma, _, _ in paint_reel([place(disturbance)])]
    assert all((each == pictures[-1]).all() for each in pictures[stretch.last + 2 :])


def test_a_disturbance_is_counted_from_the_start_of_the_reel_and_makes_no_boundary() -> None:
    truth = reel_truth([TextureScene(seconds=1), place(Flash(start=1, seconds=0.2))])
    assert truth.disturbances == (DisturbedStretch(first=50, last=54, kind=DisturbanceKind.FLASH),)
    assert (truth.cuts, truth.gradual) == ((25,), ())


def test_each_flash_of_several_is_lit_for_half_of_its_time() -> None:
    assert changes(place(Flash(start=1, seconds=1.2, count=3))) == [*range(25, 30), *range(35, 40), *range(45, 50)]


def test_a_pan_ends_on_a_view_that_lies_so_many_pictures_away() -> None:
    moved = list(paint_reel([place(Pan(start=1, seconds=0.4, x=0.5))]))[-1]
    there = PlaceScene(seconds=0.1, place=1, framing=Framing(x=1.0), movers=0, noise=0)
    assert (moved[0] == next(paint_reel([there]))[0]).all()


def test_a_scene_without_a_camera_refuses_a_disturbance_that_moves_it() -> None:
    with pytest.raises(ValueError, match=r"scenes\[0\] has no camera .* take a PlaceScene"):
        list(paint_reel([TextureScene(disturbances=(Zoom(start=0, seconds=1),))]))


@pytest.mark.parametrize("kind", DisturbanceKind)
def test_chance_makes_the_kind_that_is_asked_for(kind: DisturbanceKind) -> None:
    assert random_disturbance(np.random.default_rng(0), 1.0, [kind]).kind is kind


def test_two_framings_of_one_place_share_its_colours_and_not_its_picture() -> None:
    one, two = (next(paint_reel([PlaceScene(place=5, palette=5, framing=Framing(x=x), movers=0)])) for x in (0.5, 1.4))
    other = next(paint_reel([PlaceScene(place=6, palette=6, framing=Framing(), movers=0)]))
    assert np.abs(one[0].astype(int) - two[0]).mean() > 5
    tint = [np.array([each[1].mean(), each[2].mean()]) for each in (one, two, other)]
    assert np.abs(tint[0] - tint[1]).max() < np.abs(tint[0] - tint[2]).max()
