"""How fast segments are analysed, against what only decodes the same file in the same run.

The rounds alternate between the contestants and the best of each counts, so that a busy machine disturbs the ratio
as little as possible. The processor time of a frame, over all threads, is given too: it depends less on what else
runs, and divided by the cores it is the least time that a frame can take.

    python benchmarks/segments.py --seconds 60 --rounds 3
"""

from __future__ import annotations

import argparse
import functools
import os
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from rekvid.backends.local.segments import SegmentSettings, analyse_segments, may_overlook
from rekvid.backends.local.video.decode import BlackLevel, read
from rekvid.backends.local.video.media import open_media
from rekvid.testing.reels import BlackScene, Encoding, Scene, TextureScene, make_reel

RATE = Fraction(30)
BIT_RATE = 9_000_000


def main() -> None:
    """Make the reel, or take the one of an earlier run, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="length of the reel (default: 60)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs (default: 3)")
    parser.add_argument(
        "--b-frames", type=int, help="B pictures in a row of the reel, at most (default: the encoder's, which is 3)"
    )
    parser.add_argument("--video", type=Path, help="measure on this file instead of a reel")
    options = parser.parse_args()

    path: Path = options.video or reel(options.seconds, options.b_frames)
    frames = decode(path)
    contestants: dict[str, Callable[[Path], object]] = {
        "PyAV, frame threads, decode only": decode,
        "rekvid, small frames only": shrink,
        "rekvid, all of segment detection": analyse,
    }
    if shutil.which("ffmpeg"):
        contestants = {"ffmpeg -f null -": ffmpeg, **contestants}
    best = dict.fromkeys(contestants, float("inf"))
    least = dict.fromkeys(contestants, float("inf"))
    for _ in range(options.rounds):
        for name, contestant in contestants.items():
            started, used = time.perf_counter(), processor_time()
            contestant(path)
            best[name] = min(best[name], time.perf_counter() - started)
            least[name] = min(least[name], processor_time() - used)

    megabits = path.stat().st_size * 8 / 1e6
    print(f"{path.name}: {frames} frames, {megabits:.0f} Mb; {processor()}, {os.cpu_count()} cores")
    reference = next(iter(best.values()))
    for name, seconds in best.items():
        each = least[name] / frames * 1000
        print(
            f"{name:34} {frames / seconds:7.1f} frames/s  {reference / seconds:5.2f}  {each:6.2f} ms of processor time"
        )


def reel(seconds: int, b_frames: int | None = None) -> Path:
    """A 1080p30 reel of about 9 Mb/s in the temporary folder, made if it is not there yet."""
    kind = "" if b_frames is None else f"-b{b_frames}"
    path = Path(tempfile.gettempdir()) / f"rekvid-benchmark{kind}-{seconds}s.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".part.mp4")
        make_reel(
            unfinished,
            scenes(seconds),
            width=1920,
            height=1080,
            rate=RATE,
            encoding=Encoding(bit_rate=BIT_RATE, b_frames=b_frames),
            grain=5,
        )
        unfinished.replace(path)
    return path


def scenes(seconds: int) -> list[Scene]:
    """Scenes of 4 seconds, a black one at the start and a dissolve now and then."""
    pans = ((0.05, 0.0), (0.4, 0.05), (0.0, 0.0), (0.1, 0.1))
    rest = max(1, (seconds - 2) // 4)
    textures = [
        TextureScene(seconds=(seconds - 2) / rest, pan=pans[number % 4], dissolve=0.5 if number % 5 == 4 else 0)
        for number in range(rest)
    ]
    return [BlackScene(seconds=2), *textures]


def ffmpeg(path: Path) -> None:
    """Decode video and audio with the program."""
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"], check=True)


def decode(path: Path) -> int:
    """Decode the video with PyAV and nothing else; return the number of frames."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "FRAME"
        return sum(1 for _ in container.decode(video=0))


def shrink(path: Path) -> int:
    """Decode ranges side by side and shrink the pictures, as for the analysers, but without them."""
    with open_media(path) as media:
        black = BlackLevel(ceiling=Fraction(59), share=0.99)
        overlooks = functools.partial(may_overlook, rate=media.rate, level=black)
        return sum(1 for _ in read(media, black=black, listen=True, detail=True, overlooks=overlooks))


def analyse(path: Path) -> object:
    """All of segment detection."""
    return analyse_segments(path, SegmentSettings(segment_types=("TECHNICAL_CUE", "SHOT")))


def processor_time() -> float:
    """Seconds of processor time that this process and the programs that it has run have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def processor() -> str:
    """The model of this machine's processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
