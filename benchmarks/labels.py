"""How fast labels are detected, against a plain loop over the same file in the same run.

The plain loop is what one writes first: every frame is decoded by OpenCV, and each sample is letterboxed and looked at
before the next is read. Both use the same model at the same cadence. The rounds alternate between the contestants and
the best of each counts, so that a busy machine disturbs the ratio as little as possible.

    python benchmarks/labels.py MODEL --seconds 60 --rounds 3
    python benchmarks/labels.py MODEL --video film.mp4 --unchanged
    python benchmarks/labels.py MODEL --sampling
    python benchmarks/labels.py MODEL --hours 3

With ``--hours`` a video of that length is made by repeating the packets of a short one, and the most memory that
the analysis held is told. OpenCV has to be installed for the plain loop; MODEL is YOLOX-Nano.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from machine import machine

from rekvid.backends.local.labels.analysis import analyse_labels
from rekvid.backends.local.labels.detectors import Fit, OnnxDetector, yolox
from rekvid.backends.local.labels.labelling import LabelFilter
from rekvid.backends.local.labels.registry import COCO_CLASSES
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.video.media import open_media
from rekvid.backends.local.video.sampling import Sampler
from rekvid.models import LabelDetection
from rekvid.testing.reels import Encoding, TextureScene, make_reel

RATE = Fraction(30)
BIT_RATE = 4_000_000
SIDE = 416
CADENCE = 0.2
SCORE, OVERLAP = 0.5, 0.45


def main() -> None:
    """Measure what was asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="the file of YOLOX-Nano")
    parser.add_argument("--seconds", type=int, default=60, help="length of the 720p reel (default: 60)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs (default: 3)")
    parser.add_argument("--video", type=Path, help="measure on this file instead of a reel")
    parser.add_argument("--hours", type=float, help="measure the memory on a video of that length instead")
    parser.add_argument("--unchanged", action="store_true", help="measure what `unchanged_below` changes instead")
    parser.add_argument("--sampling", action="store_true", help="measure what leaving out frames saves instead")
    options = parser.parse_args()
    print(machine())
    video = options.video or reel(options.seconds)
    detector = OnnxDetector(options.model, classes=COCO_CLASSES, description=yolox(SIDE), name="yolox-nano")
    if options.sampling:
        sampling(video, options.rounds)
    elif options.unchanged:
        unchanged(video, detector)
    elif options.hours:
        memory(video, detector, options.hours)
    else:
        speed(video, detector, options.model, options.rounds)


def speed(video: Path, detector: OnnxDetector, model: Path, rounds: int) -> None:
    """Print how fast each contestant is."""
    seconds = duration(video)
    contestants: dict[str, Callable[[], object]] = {
        "OpenCV, each frame decoded, one after the other": lambda: plain_loop(video, model),
        "rekvid, each sample looked at": lambda: analyse(video, detector, 0.0),
        "rekvid": lambda: analyse(video, detector),
    }
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, contestant in contestants.items():
            started = time.perf_counter()
            contestant()
            best[name] = min(best[name], time.perf_counter() - started)
    print(f"{video.name}: {seconds:.1f} s, {video.stat().st_size * 8 / seconds / 1e6:.1f} Mb/s")
    reference = next(iter(best.values()))
    for name, took in best.items():
        print(f"{name:50} {took:7.2f} s {seconds / took:6.1f} times real time {reference / took:6.2f}")


def analyse(video: Path, detector: OnnxDetector, unchanged_below: float | None = None) -> list[LabelDetection]:
    """All of label detection; return the labels at their times."""
    settings = LabelSettings() if unchanged_below is None else LabelSettings(unchanged_below=unchanged_below)
    found: list[LabelDetection] = []
    analyse_labels(video, [detector], settings=settings, asked=LabelFilter(), on_items=found.extend)
    return [item for item in found if item.duration_millis is None]


def plain_loop(video: Path, model: Path) -> int:
    """Decode, prepare and infer in turn, as in YOLOX's own demo; return the number of boxes."""
    import cv2
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS)
    boxes = number = sampled = 0
    while True:
        there, frame = capture.read()
        if not there:
            return boxes
        if number / rate >= sampled * CADENCE:
            sampled += 1
            (output,) = cast("list[np.ndarray]", session.run(None, {"images": plain_input(frame)}))
            boxes += len(plain_boxes(output[0]))
        number += 1


def plain_input(frame: np.ndarray) -> np.ndarray:
    """A BGR frame letterboxed to the top left by OpenCV."""
    import cv2

    scale = min(SIDE / frame.shape[0], SIDE / frame.shape[1])
    size = (int(frame.shape[1] * scale), int(frame.shape[0] * scale))
    padded = np.full((SIDE, SIDE, 3), 114, np.uint8)
    padded[: size[1], : size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(padded.transpose(2, 0, 1), np.float32)[None]


def plain_boxes(cells: np.ndarray) -> list[int]:
    """The numbers of the boxes that remain."""
    import cv2

    grids, strides = [], []
    for stride in (8, 16, 32):
        across, down = np.meshgrid(np.arange(SIDE // stride), np.arange(SIDE // stride))
        grids.append(np.stack((across, down), 2).reshape(-1, 2))
        strides.append(np.full((len(grids[-1]), 1), stride))
    grid, scale = np.concatenate(grids), np.concatenate(strides)
    centres, sizes = (cells[:, :2] + grid) * scale, np.exp(cells[:, 2:4]) * scale
    scores = cells[:, 4:5] * cells[:, 5:]
    boxes = np.hstack([centres - sizes / 2, sizes])
    return list(cv2.dnn.NMSBoxes(boxes.tolist(), scores.max(axis=1).tolist(), SCORE, OVERLAP))


def unchanged(video: Path, detector: OnnxDetector) -> None:
    """Print how much is saved and what is lost when samples that hardly differ are not looked at again."""
    looked_at = [0]
    detect = detector.detect

    def counting(frames: Sequence[np.ndarray]) -> object:
        looked_at[0] += len(frames)
        return detect(frames)

    detector.detect = counting  # type: ignore[method-assign,assignment]  # counts, and does as before
    reference = labels_at(analyse(video, detector, 0.0))
    samples, looked_at[0] = looked_at[0], 0
    print(f"{video.name}: {samples} samples, {sum(reference.values())} labels")
    for level in (1.0, 2.0, 4.0, 8.0, 16.0):
        found = labels_at(analyse(video, detector, level))
        lost, more = sum((reference - found).values()), sum((found - reference).values())
        print(f"unchanged_below={level:4} {looked_at[0] / samples:6.1%} looked at, {lost} labels lost, {more} more")
        looked_at[0] = 0


def sampling(video: Path, rounds: int) -> None:
    """Print the processor time of decoding and scaling the samples, with and without leaving out frames."""
    fit = Fit(width=SIDE, height=SIDE)

    def took(*, skip: bool) -> float:
        started = time.process_time()
        with open_media(video) as media:
            deque(Sampler(media, Fraction(1, 5), [fit], skip=skip), maxlen=0)
        return time.process_time() - started

    every, needed = zip(*((took(skip=False), took(skip=True)) for _ in range(rounds)), strict=True)
    print(f"{video.name}: every frame decoded {min(every):.2f} s, those needed {min(needed):.2f} s")
    print(f"of the processor time {1 - min(needed) / min(every):.0%} is saved")


def labels_at(found: Sequence[LabelDetection]) -> Counter[tuple[int, str]]:
    """Which labels stand at which times."""
    return Counter((item.timestamp or 0, item.label.name) for item in found)


def memory(video: Path, detector: OnnxDetector, hours: float) -> None:
    """Print the most memory that this process held while it analysed `video` repeated to that length."""
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder, "long.mp4")
        times = int(hours * 3600 / duration(video)) + 1
        command = ["ffmpeg", "-v", "error", "-stream_loop", str(times), "-i", str(video), "-t", str(hours * 3600)]
        subprocess.run([*command, "-c", "copy", "-an", str(long)], check=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count = [0]

        def add(items: Sequence[LabelDetection]) -> None:
            count[0] += len(items)

        started = time.perf_counter()
        analyse_labels(long, [detector], settings=LabelSettings(), asked=LabelFilter(), on_items=add)
        took = time.perf_counter() - started
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        print(f"{hours} h, {long.stat().st_size / 1e6:.0f} MB, {count[0]} items in {took:.0f} s")
        print(f"most memory: {most * unit / 1e6:.0f} MB, of it before the analysis {before * unit / 1e6:.0f} MB")


def duration(video: Path) -> float:
    """Length in seconds."""
    with av.open(str(video)) as container:
        return (container.duration or 0) / av.time_base


def reel(seconds: int) -> Path:
    """A 720p30 reel of about 4 Mb/s in the temporary folder, made if it is not there yet."""
    path = Path(tempfile.gettempdir()) / f"rekvid-benchmark-720p-{seconds}s.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".part.mp4")
        pans = ((0.05, 0.0), (0.4, 0.05), (0.0, 0.0), (0.1, 0.1))
        scenes = [TextureScene(seconds=4, pan=pans[number % 4]) for number in range(max(1, seconds // 4))]
        make_reel(unfinished, scenes, width=1280, height=720, rate=RATE, encoding=Encoding(bit_rate=BIT_RATE), grain=3)
        unfinished.replace(path)
    return path


if __name__ == "__main__":
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    main()
