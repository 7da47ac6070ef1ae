"""What the confidence of a shot's boundary rests on: fits the weights of `rekvid.backends.local.shots.calibration`.

    nox -s benchmarks -- calibration            # the weights, from reels of the tuning seeds
    nox -s benchmarks -- calibration --check    # how often boundaries are true, on reels of other seeds

Reels are painted at the size of small frames, without a codec. For each seed there are two: the one that detectors are
measured on, and one in which each shot has three disturbances, so that there is enough that could be taken for a
boundary. A cut is true where the reel has one before the same
frame. A gradual candidate is true where it agrees with a transition to a quarter of its length or three frames at both
ends (at one end for a fade, which is fitted by halves) and false where it touches none; others say nothing of how
candidates that are worth reporting look, and are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.shots.boundaries import Boundary
from rekvid.backends.local.shots.cuts import CutDetector
from rekvid.backends.local.shots.detector import ShotDetector
from rekvid.backends.local.shots.gradual import Candidate, GradualDetector
from rekvid.backends.local.shots.ramps import Kind
from rekvid.backends.local.video.decode import SmallFrame
from rekvid.testing.plan import plan_of, truth_of
from rekvid.testing.random_reels import BENCHMARK_SEEDS, random_disturbance, random_place, random_reel
from rekvid.testing.reels import paint_reel
from rekvid.testing.scenes import Scene
from rekvid.testing.truth import GradualStretch, TransitionKind, Truth

RATE = Fraction(25)
BINS = (50, 60, 70, 80, 90, 95, 99, 99.9, 100.01)
RIDGE = 0.1  # keeps weights small that the reels say little about

Samples = list[tuple[tuple[float, ...], bool]]


def busy_reel(seed: int) -> tuple[Scene, ...]:
    """Five shots with three disturbances each, joined by cuts."""
    generator = np.random.default_rng((seed, 0xB5))
    return tuple(
        dataclasses.replace(
            random_place(generator),
            seconds=10.0,
            disturbances=tuple(random_disturbance(generator, start) for start in (1.0, 4.0, 7.0)),
        )
        for _ in range(5)
    )


def frames_of(scenes: Sequence[Scene], seed: int) -> Iterator[SmallFrame]:
    """The small frames of a reel."""
    for index, (luma, blue, red) in enumerate(paint_reel(scenes, rate=RATE, seed=seed)):
        yield SmallFrame(index=index, time=index / RATE, luma=luma, blue=blue, red=red, black_share=0.0)


def candidates(scenes: Sequence[Scene], seed: int, samples: dict[str, Samples]) -> None:
    """Add the candidates of a reel to `samples`."""
    truth = truth_of_reel(scenes)
    cuts, gradual = CutDetector(RATE, faintest=-math.inf), GradualDetector(RATE, faintest=-math.inf)
    found: list[Candidate] = []
    for frame in frames_of(scenes, seed):
        for cut in cuts.feed(frame):
            samples["CUT"].append((cut.evidence.features, cut.start in truth.cuts))
            if cut.start in truth.cuts:
                gradual.cut(cut.start)
        found += gradual.feed(frame)
    for each in found + gradual.finish():
        verdict = is_true(each, truth)
        if verdict is not None:
            samples[each.evidence.kind.name].append((each.evidence.features, verdict))


def truth_of_reel(scenes: Sequence[Scene]) -> Truth:
    """The boundaries of a reel; they need no picture of it."""
    plan = plan_of(scenes, RATE)
    return truth_of(plan, RATE, [False] * plan[-1].end, audio=False)


def is_true(found: Candidate, truth: Truth) -> bool | None:
    """Whether a candidate is a transition of the reel; None where it only touches one."""
    touched = [each for each in truth.gradual if found.end <= each.last and found.start >= each.first]
    if not touched:
        return False
    return True if any(agrees(found, each) for each in touched) else None


def agrees(found: Candidate, truth: GradualStretch) -> bool:
    """Whether a candidate has the kind and the ends of a transition."""
    tolerance = max(3.0, (truth.last - truth.first) / 4)
    ends = [abs(found.end - (truth.first - 1)) <= tolerance, abs(found.start - (truth.last + 1)) <= tolerance]
    if truth.kind is TransitionKind.FADE:
        return found.evidence.kind is Kind.DISSOLVE and any(ends)
    return (found.evidence.kind is Kind.WIPE) == (truth.kind is TransitionKind.WIPE) and all(ends)


def fitted(samples: Samples) -> NDArray[np.float64]:
    """Weights and offset of the logistic regression, by Newton's method."""
    features = np.array([(*numbers, 1.0) for numbers, _ in samples])
    wanted = np.array([verdict for _, verdict in samples], float)
    ridge = RIDGE * np.diag([*[1.0] * (features.shape[1] - 1), 1e-6])
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (chance - wanted) + ridge @ weights
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + ridge
        weights -= np.linalg.solve(bend, slope)
    return weights


def fit(seeds: range) -> None:
    """Print the constants of `rekvid.backends.local.shots.calibration`."""
    samples: dict[str, Samples] = {"CUT": [], "DISSOLVE": [], "WIPE": []}
    for seed in seeds:
        candidates(random_reel(seed), seed, samples)
        candidates(busy_reel(seed), seed, samples)
    for name, rows in samples.items():
        *weights, offset = (round(float(weight), 3) for weight in fitted(rows))
        true = sum(verdict for _, verdict in rows)
        print(f"{name} = Logistic(weights={tuple(weights)}, offset={offset})  # {true} true of {len(rows)}")


def check(seeds: range) -> None:
    """Print how many of the boundaries with a confidence are true."""
    found: dict[bool, list[tuple[float, bool]]] = {True: [], False: []}
    for seed in seeds:
        scenes = random_reel(seed)
        truth, detector = truth_of_reel(scenes), ShotDetector(RATE)
        boundaries = [each for frame in frames_of(scenes, seed) for each in detector.feed(frame)] + detector.finish()
        for each in boundaries:
            found[each.is_cut].append((each.confidence, holds(each, truth)))
    print(f"seeds {seeds.start}-{seeds.stop - 1}\n| confidence | cuts | mean | true | gradual | mean | true |")
    print("|---|---|---|---|---|---|---|")
    for low, high in itertools.pairwise(BINS):
        row = [f"{low}-{min(high, 100)}"]
        for is_cut in (True, False):
            rows = [(confidence, true) for confidence, true in found[is_cut] if low <= confidence < high]
            means = np.mean(rows, axis=0) if rows else (float("nan"), float("nan"))
            row += [str(len(rows)), f"{means[0]:.1f}", f"{100 * means[1]:.1f} %"]
        print("| " + " | ".join(row) + " |")


def holds(boundary: Boundary, truth: Truth) -> bool:
    """Whether a cut is at the very frame, or a gradual transition touches a true one."""
    if boundary.is_cut:
        return boundary.start in truth.cuts
    return any(boundary.end <= each.last and boundary.start >= each.first for each in truth.gradual)


def main() -> None:
    """Fit on tuning seeds, or check on others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="look at seeds that nothing was tuned on")
    parser.add_argument("--reels", type=int, default=100, help="how many reels")
    chosen = parser.parse_args()
    if chosen.check:
        check(range(BENCHMARK_SEEDS, BENCHMARK_SEEDS + chosen.reels))
    else:
        fit(range(chosen.reels))


if __name__ == "__main__":
    main()
