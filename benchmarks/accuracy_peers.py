"""What other programs find in the same files: PySceneDetect in an environment of its own, and filters of ffmpeg.

PySceneDetect needs an OpenCV that clashes with others, so it is run by an interpreter that the user names; this file
is then its program, and prints JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

DETECTORS = ("ContentDetector", "AdaptiveDetector", "HashDetector", "HistogramDetector")


def scenedetect(python: str, detector: str, paths: list[Path]) -> tuple[list[list[int]], float]:
    """The cuts that a detector of PySceneDetect finds in each file by its defaults, and the seconds that it took."""
    command = [python, __file__, detector, *map(str, paths)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer["cuts"], answer["seconds"]


def scdet(path: Path) -> list[int]:
    """The cuts that ffmpeg's filter scdet finds by its defaults."""
    # Frames are numbered behind a first select that passes all, so that the number is that in order of display.
    filters = "scdet,metadata=mode=print:key=lavfi.scd.time:file=-"
    found = re.findall(r"^frame:\s*(\d+)", _ffmpeg(path, filters), re.MULTILINE)
    return [int(each) for each in found]


def blackdetect(path: Path, rate: Fraction, options: str) -> list[tuple[int, int]]:
    """The first and last frames of what ffmpeg's filter blackdetect finds; `options` may be empty for its defaults."""
    log = _ffmpeg(path, f"blackdetect{options}")
    spans = re.findall(r"black_start:([\d.]+) black_end:([\d.]+)", log)
    return [(round(float(start) * rate), round(float(end) * rate) - 1) for start, end in spans]


def _ffmpeg(path: Path, filters: str) -> str:
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-an", "-vf", filters, "-f", "null", "-"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


def _main() -> None:
    import scenedetect as program  # type: ignore[import-not-found]  # only in the interpreter that the user names

    detector, paths = sys.argv[1], sys.argv[2:]
    started = time.perf_counter()
    cuts: list[list[int]] = []
    for path in paths:
        scenes = program.detect(path, getattr(program, detector)())
        cuts.append([start.get_frames() for start, _ in scenes[1:]])
    json.dump({"cuts": cuts, "seconds": time.perf_counter() - started}, sys.stdout)


if __name__ == "__main__":
    _main()
