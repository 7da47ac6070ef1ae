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
    from rekvid.testing.cue_scenes import fonts_here, random_cue_reel_scenes  # they need Pillow, the rest doesn't

    fonts = fonts_here()
    return [_reel("cues", seed, random_cue_reel_scenes(seed, fonts), CUE_SIZE) for seed in range(first, first + count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One shot of a real clip.

    Attributes:
        name: The file's.
        rate: Its frames a second.
        first: The first frame that is used; a few at either end are not.
        last: The last frame that is used.
        whole: Whether the file holds nothing else.
    """

    name: str
    rate: int
    first: int
    last: int
    whole: bool = False


SOURCES = (
    Source(name="torchcodec_dog_eating.mp4", rate=25, first=0, last=330, whole=True),
    Source(name="intel_bottle-detection.mp4", rate=30, first=0, last=1150, whole=True),
    Source(name="intel_one-by-one-person-detection.mp4", rate=10, first=0, last=1350, whole=True),
    Source(name="moviepy_bbb_0_30.webm", rate=24, first=52, last=280),
    Source(name="moviepy_bbb_0_30.webm", rate=24, first=285, last=373),
    Source(name="moviepy_bbb_0_30.webm", rate=24, first=378, last=484),
)
"""The real clips that are known by eye, those that are there being used."""

_SPLICED_RATE = Fraction(25)


def spliced_reels(folder: Path, first: int, count: int) -> list[ReelTruth]:
    """Reels of 40 pieces of the real clips in `folder`, joined as random reels are.

    Neighbours never come from the same shot, and half of the pieces are mirrored.
    """
    sources = [each for each in SOURCES if (folder / each.name).exists()]
    if len(sources) < 3:
        return []
    seeds = range(first, first + count)
    return [_reel("spliced", seed, _pieces(folder, sources, seed), SIZE, _SPLICED_RATE) for seed in seeds]


def _pieces(folder: Path, sources: Sequence[Source], seed: int) -> list[Scene]:
    generator = np.random.default_rng((seed, 3))
    entries = [None, *(random_transition(generator) for _ in range(39))]
    mixed = [each.seconds if each else 0.0 for each in entries]
    scenes: list[Scene] = []
    before: Source | None = None
    for entry, coming, going in zip(entries, mixed, [*mixed[1:], 0.0], strict=True):
        seconds = coming + float(generator.uniform(0.5, 2))
        # Frames follow one another as in the clip, and go on through the transition that leads out.
        needed = round((seconds + going) * _SPLICED_RATE) + 2
        fitting = [each for each in sources if each is not before and each.last - each.first >= needed]
        source = fitting[int(generator.integers(len(fitting)))]
        start = int(generator.integers(source.first, source.last - needed + 1))
        scenes.append(
            ClipScene(
                path=folder / source.name,
                start=start / source.rate,
                mirrored=bool(generator.uniform() < 0.5),
                seconds=seconds,
                transition=entry,
            )
        )
        before = source
    return scenes


def single_clips(folder: Path) -> list[ReelTruth]:
    """The real clips that are one shot from the first frame to the last."""
    return [_unbroken(folder / each.name) for each in SOURCES if each.whole and (folder / each.name).exists()]


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


def _reel(
    kind: str, seed: int, scenes: Sequence[Scene], size: tuple[int, int], rate: Fraction | None = None
) -> ReelTruth:
    """Make the reel, or take that of an earlier run."""
    if seed < BENCHMARK_SEEDS:
        raise SystemExit(f"seed {seed} is for tuning; a benchmark takes {BENCHMARK_SEEDS} and above")
    coding, rate = CODINGS[seed % len(CODINGS)], rate or RATES[seed % len(RATES)]
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
