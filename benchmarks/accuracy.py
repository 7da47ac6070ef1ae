"""How well segments are found, beside other programs on the same files: one Markdown table a question.

    python benchmarks/accuracy.py                                    # all that needs no other programs but ffmpeg
    python benchmarks/accuracy.py cuts --reels 5                     # one question, fewer reels
    python benchmarks/accuracy.py --peers-python ENV/bin/python      # PySceneDetect too, from that environment
    python benchmarks/accuracy.py --clips FOLDER                     # the real clips in FOLDER too

Reels are made from seeds from 1000 on, which nothing was tuned on, and kept in the temporary folder.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import accuracy_peers as peers
import accuracy_reels as reels
from machine import machine

from rekvid.backends.local.segments import SegmentSettings, analyse_segments
from rekvid.models import SegmentDetection, SegmentType, TechnicalCueType
from rekvid.testing.random_reels import BENCHMARK_SEEDS
from rekvid.testing.reliability import calibration_error, reliability
from rekvid.testing.scoring import (
    BoundaryScore,
    CueScore,
    FoundBoundary,
    boundaries_between,
    cues_among,
    judge_boundaries,
    score_boundaries,
    score_cues,
)
from rekvid.testing.truth import CueStretch, ReelTruth

QUESTIONS = ("cuts", "single", "disturbances", "cues", "clips", "confidence", "speed")

Detector: TypeAlias = Callable[[Sequence[ReelTruth]], list[list[FoundBoundary]]]
"""Gives the boundaries in each file."""


@dataclass(kw_only=True)
class Contest:
    """Who takes part, and on what.

    Attributes:
        detectors: By name.
        first: The first seed.
        count: How many reels.
        cases: How many disturbances of each group.
        tolerance: Frames.
        clips: The folder of real clips.
        peers_python: An interpreter that has PySceneDetect.
        found: What has been found, so that each file is analysed once.
    """

    detectors: dict[str, Detector]
    first: int
    count: int
    cases: int
    tolerance: int
    clips: Path | None
    peers_python: str | None
    found: dict[tuple[str, Path], list[FoundBoundary]] = field(default_factory=dict)

    def boundaries(self, name: str, files: Sequence[ReelTruth]) -> list[list[FoundBoundary]]:
        """What the detector `name` finds in each of `files`."""
        new = [each for each in files if (name, each.path) not in self.found]
        for truth, found in zip(new, self.detectors[name](new) if new else [], strict=True):
            self.found[name, truth.path] = found
        return [self.found[name, each.path] for each in files]

    def scores(self, files: Sequence[ReelTruth]) -> dict[str, BoundaryScore]:
        """The score of each detector over all `files`."""
        totals: dict[str, BoundaryScore] = {}
        for name in self.detectors:
            pairs = zip(files, self.boundaries(name, files), strict=True)
            each = (score_boundaries(truth, found, tolerance=self.tolerance) for truth, found in pairs)
            totals[name] = sum(each, BoundaryScore())
        return totals


def main() -> None:
    """Answer the questions that were asked, or all."""
    options = _options()
    contest = Contest(
        detectors=_detectors(options.peers_python),
        first=options.seed,
        count=options.reels,
        cases=options.cases,
        tolerance=options.tolerance,
        clips=options.clips,
        peers_python=options.peers_python,
    )
    answers: dict[str, Callable[[Contest], None]] = {
        "cuts": cuts,
        "single": single,
        "disturbances": disturbances,
        "cues": cues,
        "clips": clips,
        "confidence": confidence,
        "speed": speed,
    }
    print(machine())
    for question in options.questions or QUESTIONS:
        answers[question](contest)


def cuts(contest: Contest) -> None:
    """Random reels: cuts and gradual transitions."""
    files = reels.mixed_reels(contest.first, contest.count)
    _boundary_table(f"{len(files)} random reels, tolerance {contest.tolerance} frames", contest.scores(files))


def single(contest: Contest) -> None:
    """Clips of one shot: false boundaries."""
    files = reels.single_shots(contest.first, contest.count)
    if contest.clips:
        files += reels.single_clips(contest.clips)
    minutes = sum(float(each.frame_count / each.rate) for each in files) / 60
    _table(
        f"{len(files)} clips of one shot, {minutes:.1f} minutes",
        ("detector", "false boundaries", "a minute"),
        [(name, score.both.surplus, f"{score.false_per_minute:.2f}") for name, score in contest.scores(files).items()],
    )


def disturbances(contest: Contest) -> None:
    """Shots with a disturbance: in how many of them a boundary is reported."""
    for kinds in (reels.FEATURED, reels.OTHERS):
        files = reels.disturbed_reels(contest.first, contest.cases, kinds)
        scores = contest.scores(files)
        _table(
            f"{contest.cases} cases of {', '.join(kinds)}",
            ("detector", "fooled in", "cuts around them, F1"),
            [(name, score.fooled_by, f"{score.cuts.f1:.3f}") for name, score in scores.items()],
        )


def cues(contest: Contest) -> None:
    """Random programmes: technical cues."""
    files = reels.cue_reels(contest.first, contest.count)
    total = CueScore()
    black: dict[str, CueScore] = {}
    for truth in files:
        total += score_cues(truth, cues_among(_segments(truth.path)))
        for name, options in _BLACKDETECT.items() if shutil.which("ffmpeg") else ():
            spans = peers.blackdetect(truth.path, truth.rate, options)
            found = [CueStretch(first=one, last=two, type=TechnicalCueType.BLACK_FRAMES) for one, two in spans]
            black[name] = black.get(name, CueScore()) + score_cues(truth, found)
    rows = [("rekvid", kind, total) for kind in total.tallies]
    rows += [(name, TechnicalCueType.BLACK_FRAMES, score) for name, score in black.items()]
    _table(
        f"{len(files)} random programmes, technical cues at an overlap of 0.8",
        ("detector", "kind", "cues", "precision", "recall", "F1", "frames off"),
        [
            (
                name,
                kind,
                score.tallies[kind].hits + score.tallies[kind].missed,
                f"{score.tallies[kind].precision:.3f}",
                f"{score.tallies[kind].recall:.3f}",
                f"{score.tallies[kind].f1:.3f}",
                f"{score.errors[kind].mean:.1f}",
            )
            for name, kind, score in rows
        ],
    )


_BLACKDETECT = {
    "ffmpeg blackdetect, defaults": "",
    "ffmpeg blackdetect, the API's defaults": "=d=0.25:pic_th=0.99:pix_th=0.2",
}


def clips(contest: Contest) -> None:
    """Real clips: spliced to reels, and the one with cuts of its own."""
    if contest.clips is None:
        print("\nNo --clips FOLDER was given, so nothing is measured on real clips.")
        return
    files = reels.spliced_reels(contest.clips, contest.first, 6)
    if files:
        title = f"{len(files)} reels spliced from real clips, tolerance {contest.tolerance} frames"
        _boundary_table(title, contest.scores(files))
    titles = reels.titles(contest.clips)
    if titles:
        _boundary_table("The opening titles of Big Buck Bunny as they are", contest.scores([titles]))


def confidence(contest: Contest) -> None:
    """Whether the confidences of boundaries mean what they say."""
    files = reels.mixed_reels(contest.first, contest.count)
    files += reels.disturbed_reels(contest.first, contest.cases, reels.FEATURED)
    files += reels.disturbed_reels(contest.first, contest.cases, reels.OTHERS)
    reports: list[tuple[float, bool]] = []
    for truth, found in zip(files, contest.boundaries("rekvid", files), strict=True):
        judged = judge_boundaries(truth, found, tolerance=contest.tolerance)
        reports += [(each.confidence or 0.0, True) for each in judged.true]
        reports += [(each.confidence or 0.0, False) for each in judged.surplus]
    bins = reliability(reports)
    _table(
        f"Confidence of {len(reports)} boundaries; calibration error {calibration_error(bins):.1f} points",
        ("confidence", "boundaries", "mean confidence", "true, %"),
        [
            (
                f"{each.low:.0f}-{each.high:.0f}",
                each.count,
                f"{each.mean_confidence:.1f}",
                f"{each.true_percentage:.1f}",
            )
            for each in bins
        ],
    )


def speed(contest: Contest) -> None:
    """Frames a second on a 1080p clip of a minute; the rounds take turns and the best of three counts."""
    from segments import analyse, decode, ffmpeg, reel

    path = reel(60)
    frames = decode(path)
    contestants: dict[str, Callable[[], float]] = {}
    if shutil.which("ffmpeg"):
        contestants["`ffmpeg -f null`, decode only"] = lambda: _timed(lambda: ffmpeg(path))
        contestants["ffmpeg scdet"] = lambda: _timed(lambda: peers.scdet(path))
    contestants["PyAV, frame threads, decode only"] = lambda: _timed(lambda: decode(path))
    contestants["rekvid, shots and cues"] = lambda: _timed(lambda: analyse(path))
    if contest.peers_python:
        python = contest.peers_python
        for each in peers.DETECTORS:
            contestants[f"PySceneDetect {each}"] = functools.partial(_peer_seconds, python, each, path)
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(3):
        for name, run in contestants.items():
            best[name] = min(best[name], run())
    first = next(iter(best.values()))
    _table(
        f"Speed on {frames} frames of 1080p",
        ("detector", "frames a second", f"against {next(iter(best))}"),
        [(name, f"{frames / seconds:.1f}", f"{first / seconds:.2f}") for name, seconds in best.items()],
    )


def _detectors(peers_python: str | None) -> dict[str, Detector]:
    def rekvid(files: Sequence[ReelTruth]) -> list[list[FoundBoundary]]:
        return [boundaries_between(_segments(each.path)) for each in files]

    def scdet(files: Sequence[ReelTruth]) -> list[list[FoundBoundary]]:
        return [_hard(peers.scdet(each.path)) for each in files]

    detectors: dict[str, Detector] = {"rekvid": rekvid}
    if peers_python:
        for each in peers.DETECTORS:
            detectors[f"PySceneDetect {each}"] = _scenedetect(peers_python, each)
    if shutil.which("ffmpeg"):
        detectors["ffmpeg scdet"] = scdet
    return detectors


def _scenedetect(python: str, detector: str) -> Detector:
    def detect(files: Sequence[ReelTruth]) -> list[list[FoundBoundary]]:
        found, _ = peers.scenedetect(python, detector, [each.path for each in files])
        return [_hard(each) for each in found]

    return detect


def _hard(frames: Sequence[int]) -> list[FoundBoundary]:
    return [FoundBoundary(end=frame - 1, start=frame) for frame in frames if frame > 0]


def _segments(path: Path) -> Sequence[SegmentDetection]:
    settings = SegmentSettings(segment_types=(SegmentType.SHOT, SegmentType.TECHNICAL_CUE))
    return analyse_segments(path, settings).segments


def _peer_seconds(python: str, detector: str, path: Path) -> float:
    """Without the time that its interpreter takes to start."""
    return peers.scenedetect(python, detector, [path])[1]


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _boundary_table(title: str, scores: dict[str, BoundaryScore]) -> None:
    rows: list[tuple[object, ...]] = []
    for name, score in scores.items():
        for kind, tally in (("cut", score.cuts), ("gradual", score.gradual)):
            figures = (f"{figure:.3f}" for figure in (tally.precision, tally.recall, tally.f1))
            rows.append((name, kind, tally.hits + tally.missed, *figures))
    _table(title, ("detector", "kind", "true", "precision", "recall", "F1"), rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"\n{title}\n")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"any of {', '.join(QUESTIONS)}; default: all")
    parser.add_argument("--seed", type=int, default=BENCHMARK_SEEDS, help="the first seed (default: %(default)s)")
    parser.add_argument("--reels", type=int, default=20, help="how many reels of a kind (default: %(default)s)")
    parser.add_argument("--cases", type=int, default=100, help="disturbances of a group (default: %(default)s)")
    parser.add_argument("--tolerance", type=int, default=0, help="frames that a boundary may be off (default: 0)")
    parser.add_argument("--clips", type=Path, help="a folder of real clips, see accuracy_reels.SOURCES")
    parser.add_argument("--peers-python", help="an interpreter that has scenedetect and opencv-python")
    options = parser.parse_args()
    unknown = [each for each in options.questions if each not in QUESTIONS]
    if unknown:
        parser.error(f"unknown question {unknown[0]!r}; choose from {', '.join(QUESTIONS)}")
    return options


if __name__ == "__main__":
    main()
