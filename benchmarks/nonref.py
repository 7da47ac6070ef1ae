"""What it saves, and what it changes, that segment detection leaves out pictures to which no other one refers.

Each reel is analysed with all its pictures and without those, and what was found is compared: boundaries of shots, with
hard cuts apart, and technical cues.

    python benchmarks/nonref.py                    # 20 random reels and programmes of the accuracy benchmark
    python benchmarks/nonref.py --clips FOLDER     # reels spliced from the real clips in FOLDER too
    python benchmarks/nonref.py --files FILE ...   # these files
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import accuracy_reels as reels
from machine import machine

from rekvid.backends.local.cues.black import black_level
from rekvid.backends.local.segments import SegmentAnalysis, SegmentSettings, analyse_segments, may_overlook
from rekvid.backends.local.video.decode import SmallFrame, read
from rekvid.backends.local.video.media import open_media
from rekvid.models import SegmentType
from rekvid.testing.random_reels import BENCHMARK_SEEDS
from rekvid.testing.scoring import boundaries_between, cues_among

EVERYTHING = SegmentSettings(segment_types=tuple(SegmentType))


@dataclass(kw_only=True)
class Tally:
    """What was counted over some files; differences are what one analysis found and the other did not, to the frame."""

    frames: int = 0
    left_out: int = 0
    twice: int = 0
    cuts: int = 0
    other_cuts: int = 0
    gradual: int = 0
    other_gradual: int = 0
    cues: int = 0
    other_cues: int = 0
    seconds: float = 0.0
    seconds_of_all: float = 0.0

    def add(self, path: Path) -> None:
        """Analyse the file at `path` both ways."""
        self._count_frames(path)
        used = time.process_time()
        found = analyse_segments(path, EVERYTHING)
        self.seconds += time.process_time() - used
        used = time.process_time()
        wanted = analyse_segments(path, SegmentSettings(segment_types=EVERYTHING.segment_types, skip_nonref=False))
        self.seconds_of_all += time.process_time() - used
        for is_cut in (True, False):
            one, other = (_boundaries(each, is_cut=is_cut) for each in (found, wanted))
            if is_cut:
                self.cuts += len(other)
                self.other_cuts += len(one ^ other)
            else:
                self.gradual += len(other)
                self.other_gradual += len(one ^ other)
        cues = [set(cues_among(each.segments)) for each in (found, wanted)]
        self.cues += len(cues[1])
        self.other_cues += len(cues[0] ^ cues[1])

    def _count_frames(self, path: Path) -> None:
        with open_media(path) as media:
            level = black_level(full_range=media.full_range, max_pixel_threshold=0.2, min_coverage_percentage=99.0)

            def count(frames: Sequence[SmallFrame]) -> bool:
                missing = frames[-1].index + 1 - len(frames)
                doubts = may_overlook(frames, rate=media.rate, level=level)
                counted.append((0, len(frames)) if doubts else (missing, 0))
                return doubts

            counted: list[tuple[int, int]] = []
            self.frames += sum(
                isinstance(each, SmallFrame)
                for each in read(media, black=level, listen=False, detail=True, overlooks=count)
            )
        self.left_out += sum(missing for missing, _ in counted)
        self.twice += sum(twice for _, twice in counted)


def _boundaries(analysis: SegmentAnalysis, *, is_cut: bool) -> set[tuple[int, int]]:
    found = boundaries_between(analysis.segments)
    return {(each.end, each.start) for each in found if (each.start == each.end + 1) is is_cut}


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=BENCHMARK_SEEDS, help="the first seed (default: %(default)s)")
    parser.add_argument("--reels", type=int, default=20, help="how many random reels (default: %(default)s)")
    parser.add_argument("--clips", type=Path, help="a folder of real clips to splice reels from")
    parser.add_argument("--files", type=Path, nargs="+", help="compare on these files instead")
    options = parser.parse_args()
    groups: dict[str, list[Path]] = {}
    if options.files:
        groups["files"] = options.files
    else:
        groups["random reels"] = [each.path for each in reels.mixed_reels(options.seed, options.reels)]
        groups["random programmes"] = [each.path for each in reels.cue_reels(options.seed, options.reels)]
        if options.clips:
            groups["spliced from real clips"] = [
                each.path for each in reels.spliced_reels(options.clips, options.seed, 6)
            ]
    print(machine())
    print()
    print("| files | frames | left out | decoded twice | processor time | cuts that differ | gradual | cues |")
    print("|---|---|---|---|---|---|---|---|")
    for name, paths in groups.items():
        tally = Tally()
        for path in paths:
            tally.add(path)
        print(
            f"| {name} | {tally.frames} | {tally.left_out / tally.frames:.1%} | {tally.twice / tally.frames:.1%} "
            f"| {tally.seconds / tally.seconds_of_all - 1:+.0%} | {tally.other_cuts} of {tally.cuts} "
            f"| {tally.other_gradual} of {tally.gradual} | {tally.other_cues} of {tally.cues} |"
        )


if __name__ == "__main__":
    main()
