"""The reel maker must write what it says that it wrote."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("av")
pytest.importorskip("numpy")
import av
import numpy as np

from rekvid.testing.reels import (
    BlackScene,
    BlackStretch,
    Encoding,
    GradualStretch,
    ReelTruth,
    TextureScene,
    make_reel,
    paint_reel,
)
from rekvid.testing.truth import TransitionKind


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> ReelTruth:
    return make_reel(tmp_path_factory.mktemp("reels") / "demo.mp4", width=192, height=108)


def test_a_reel_has_the_frames_and_streams_that_its_truth_states(demo: ReelTruth) -> None:
    with av.open(str(demo.path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, container.streams.audio[0].codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, video.average_rate) == (192, 108, demo.rate)
        assert sum(1 for _ in container.decode(video=0)) == demo.frame_count == 500


def test_the_demo_names_all_its_cuts_dissolves_and_black_frames(demo: ReelTruth) -> None:
    assert demo.cuts == (40, 120, 180, 230, 260, 405, 460)
    assert demo.gradual == (GradualStretch(first=330, last=349, kind=TransitionKind.DISSOLVE),)
    assert demo.black == (
        BlackStretch(first=0, last=39, sound=False),
        BlackStretch(first=230, last=259, sound=True),
        BlackStretch(first=460, last=499, sound=False),
    )


def test_the_pictures_change_at_each_cut_more_than_anywhere_around_it(demo: ReelTruth) -> None:
    lumas = [luma.astype(int) for luma, _, _ in paint_reel(rate=demo.rate)]
    steps = [0.0, *(float(np.abs(new - old).mean()) for old, new in itertools.pairwise(lumas))]
    for cut in demo.cuts:
        assert steps[cut] > 2 * max(steps[cut - 1], steps[cut + 1])


def test_the_same_seed_gives_the_same_pictures_and_another_one_others() -> None:
    def first_picture(seed: int) -> bytes:
        return next(paint_reel([TextureScene()], seed=seed))[0].tobytes()

    assert first_picture(1) == first_picture(1) != first_picture(2)


def test_black_after_black_is_no_cut_as_nobody_could_see_it(tmp_path: Path) -> None:
    scenes = [BlackScene(seconds=0.4), BlackScene(seconds=0.4, sound=True), TextureScene(seconds=0.4)]
    assert make_reel(tmp_path / "reel.mp4", scenes, width=64, height=36).cuts == (20,)


def test_a_reel_can_have_any_rate_depth_and_range_and_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "reel.mp4"
    rate = Fraction(60000, 1001)
    make_reel(path, [BlackScene(seconds=0.5)], width=64, height=36, rate=rate, audio=False,
              encoding=Encoding(full_range=True, pixel_format="yuv420p10le"))  # fmt: skip
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.average_rate, video.codec_context.pix_fmt) == (rate, "yuv420p10le")
        assert not container.streams.audio
        luma = next(container.decode(video=0)).reformat(format="gray", src_color_range=2, dst_color_range=2)
        assert int(luma.to_ndarray().max()) <= 2
