"""The reels that accuracy is measured on. Each is made once and kept in the temporary folder, with its truth."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

import rekvid.testing
from rekvid.testing.clips import ClipScene
from rekvid.testing.cue_scenes import fonts_here, random_cue_reel_scenes
from rekvid.testing.random_reels import (
    BENCHMARK_SEEDS,
    random_disturbance,
    random_place,
    random_reel,
    random_transition,
)
from rekvid.testing.reels import Encoding, make_reel
from rekvid.testing.scenes import Scene
from rekvid.testing.truth import DisturbanceKind, GradualStretch, ReelTruth, TransitionKind

SIZE = (384, 216)
CUE_SIZE = (640, 360)
RATES = (Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(50))
FEATURED = (DisturbanceKind.FLASH, DisturbanceKind.PAN, DisturbanceKind.SHAKE)
OTHERS = tuple(kind for kind in DisturbanceKind if kind not in FEATURED)
_CASES_A_REEL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """An encoding with the container that can hold it."""

    suffix: str
    encoding: Encoding


CODINGS = (
    Coding(suffix=".mp4", encoding=Encoding()),
    Coding(suffix=".mp4", encoding=Encoding(bit_rate=300_000)),
    Coding(suffix=".mkv", encoding=Encoding(codec="libx265")),
    Coding(suffix=".webm", encoding=Encoding(codec="libvpx-vp9", bit_rate=500_000, audio_codec="libopus")),
    Coding(suffix=".ts", encoding=Encoding(codec="mpeg2video", bit_rate=2_500_000, audio_codec="mp2")),
    Coding(suffix=".mp4", encoding=Encoding(pixel_format="yuv420p10le", full_range=True, gop=48)),
    Coding(suffix=".mkv", encoding=Encoding(codec="mpeg4", bit_rate=1_200_000)),
)
"""What reels are encoded in, in turn: good and poor H.264, HEVC, VP9, MPEG-2, 10 bits of full range, MPEG-4 part 2."""


def mixed_reels(first: int, count: int) -> list[ReelTruth]:
    """Random reels with everything in them (`rekvid.testing.random_reels.random_reel`)."""
    return [_reel("mixed", seed, random_reel(seed), SIZE) for seed in range(first, first + count)]


def single_shots(first: int, count: int) -> list[ReelTruth]:
    """Clips of one shot of 20 s, without disturbances."""
    clips: list[ReelTruth] = []
    for seed in range(first, first + count):
        scene = random_place(np.random.default_rng((seed, 1)))
        clips.append(_reel("single", seed, [dataclasses.replace(scene, seconds=20.0)], SIZE))
    return clips


def disturbed_reels(first: int, cases: int, kinds: tuple[DisturbanceKind, ...]) -> list[ReelTruth]:
    """Shots with one disturbance each, of `kinds` in turn, ten of them joined by cuts in each reel."""
    reels: list[ReelTruth] = []
    for seed in range(first, first + -(-cases // _CASES_A_REEL)):
        generator = np.random.default_rng((seed, 2))
        scenes: list[Scene] = []
        for number in range(min(_CASES_A_REEL, cases - len(reels) * _CASES_A_REEL)):
            kind = kinds[(len(reels) * _CASES_A_REEL + number) % len(kinds)]
            disturbance = random_disturbance(generator, float(generator.uniform(1, 2)), [kind])
            seconds = disturbance.start + disturbance.seconds + 1.5
            scene = dataclasses.replace(random_place(generator), seconds=seconds, disturbances=(disturbance,))
            scenes.append(scene)
        reels.append(_reel(f"disturbed-{kinds[0]}", seed, scenes, SIZE))
    return reels


def cue_reels(first: int, count: int) -> list[ReelTruth]:
    """Random programmes with all technical cues, in the fonts of this machine and in all codings."""
    fonts = fonts_here()
    return [_reel("cues", seed, random_cue_reel_scenes(seed, fonts), CUE_SIZE) for seed in range(first, first + count)]


CLIPS: dict[str, tuple[tuple[float, float], ...]] = {
    "torchcodec_dog_eating.mp4": ((0.0, 13.0),),
    "intel_bottle-detection.mp4": ((0.0, 39.0),),
    "intel_one-by-one-person-detection.mp4": ((0.0, 130.0),),
    "moviepy_bbb_0_30.webm": ((2.2, 11.7), (11.9, 15.6), (15.8, 20.2)),
}
"""Real clips, and from which second to which they hold one shot each."""


def spliced_reels(folder: Path, first: int, count: int) -> list[ReelTruth]:
    """Reels of 40 pieces of the real clips in `folder`, joined as random reels are.

    Neighbours never come from the same shot, and half of the pieces are mirrored.
    """
    sources = [(folder / name, *shot) for name, shots in CLIPS.items() if (folder / name).exists() for shot in shots]
    if len(sources) < 2:
        return []
    return [_reel("spliced", seed, _pieces(sources, seed), SIZE) for seed in range(first, first + count)]


def _pieces(sources: Sequence[tuple[Path, float, float]], seed: int) -> list[Scene]:
    generator = np.random.default_rng((seed, 3))
    scenes: list[Scene] = []
    last = -1
    for number in range(40):
        source = int(generator.choice([each for each in range(len(sources)) if each != last]))
        path, start, end = sources[source]
        entry = random_transition(generator) if number else None
        length = float(generator.uniform(0.5, 1.5))
        # A reel has 25 frames a second and a clip as few as 10; a second more is for the transition that follows.
        room = end - start - 2.5 * (length + 2 * (entry.seconds if entry else 0) + 1)
        scenes.append(
            ClipScene(
                path=path,
                start=start + float(generator.uniform(0, max(room, 0))),
                mirrored=bool(generator.uniform() < 0.5),
                seconds=length + (entry.seconds if entry else 0),
                transition=entry,
            )
        )
        last = source
    return scenes


def single_clips(folder: Path) -> list[ReelTruth]:
    """The real clips that are one shot from the first frame to the last."""
    names = [name for name, shots in CLIPS.items() if len(shots) == 1 and (folder / name).exists()]
    return [_unbroken(folder / name) for name in names]


def titles(folder: Path) -> ReelTruth | None:
    """The opening titles of Big Buck Bunny, with the truth that eyes have found: a fade in and three cuts."""
    path = folder / "moviepy_bbb_0_30.webm"
    if not path.exists():
        return None
    fade = GradualStretch(first=16, last=48, kind=TransitionKind.FADE)
    return ReelTruth(path=path, rate=Fraction(24), frame_count=720, cuts=(283, 376, 551), gradual=(fade,))


def _unbroken(path: Path) -> ReelTruth:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or Fraction(25)
        return ReelTruth(path=path, rate=rate, frame_count=sum(1 for _ in container.decode(stream)), cuts=())


def _reel(kind: str, seed: int, scenes: Sequence[Scene], size: tuple[int, int]) -> ReelTruth:
    """Make the reel, or take that of an earlier run."""
    if seed < BENCHMARK_SEEDS:
        raise SystemExit(f"seed {seed} is for tuning; a benchmark takes {BENCHMARK_SEEDS} and above")
    coding, rate = CODINGS[seed % len(CODINGS)], RATES[seed % len(RATES)]
    # What a reel is made by is part of its name, so that nothing is measured on what an older version made.
    recipe = repr((scenes, size, rate, coding, _makers())).encode()
    folder = Path(tempfile.gettempdir()) / "rekvid-accuracy"
    folder.mkdir(exist_ok=True)
    path = folder / f"{kind}-{seed}-{hashlib.sha256(recipe).hexdigest()[:12]}{coding.suffix}"
    kept = path.with_suffix(".truth")
    if not kept.exists():
        print(f"making {path.name}", flush=True)
        width, height = size
        truth = make_reel(path, scenes, width=width, height=height, rate=rate, seed=seed, encoding=coding.encoding)
        kept.write_bytes(pickle.dumps(truth))
    truth = pickle.loads(kept.read_bytes())
    assert isinstance(truth, ReelTruth)
    return truth


@functools.cache
def _makers() -> str:
    """A hash of all that paints and writes reels."""
    sources = sorted(Path(rekvid.testing.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()
