"""How much memory segment detection takes, and that a long video takes no more than a short one.

Each video is made by looping the packets of a reel of 20 seconds, so it has as many bytes and frames as a real one of
its length. It is analysed in a process of its own, whose peak of resident memory counts. Linux only.

    python benchmarks/memory.py --minutes 15 120
    python benchmarks/memory.py --minutes 10 120 --height 180
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
from machine import machine

from rekvid.testing.reels import BlackScene, Encoding, TextureScene, make_reel

RATE = Fraction(30)
REEL_SECONDS = 20
ANALYSE = """
import sys
from pathlib import Path
from rekvid.backends.local.segments import SegmentSettings, analyse_segments
found = analyse_segments(Path(sys.argv[1]), SegmentSettings(segment_types=("TECHNICAL_CUE", "SHOT")))
frames = max(each.end_frame_number or 0 for each in found.segments) + 1
# Not ru_maxrss, which goes on from what the process that started this one has taken.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(len(found.segments), frames, int(status["VmHWM"].split()[0]))
"""


def main() -> None:
    """Make the videos, analyse them, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, nargs="+", default=[15, 120], help="lengths (default: 15 120)")
    parser.add_argument("--height", type=int, default=1080, help="height in pixels (default: 1080)")
    parser.add_argument("--bit-rate", type=int, default=4_000_000, help="bits a second at 1080p (default: 4000000)")
    options = parser.parse_args()

    print(machine())
    print(f"{'minutes':>8} {'frames':>8} {'segments':>8} {'file MB':>8} {'seconds':>8} {'peak MB':>8}")
    with tempfile.TemporaryDirectory(prefix="rekvid-benchmark-") as folder:
        bit_rate = options.bit_rate * options.height**2 // 1080**2
        clip = reel(Path(folder) / "reel.mp4", options.height, bit_rate)
        for minutes in options.minutes:
            path = Path(folder) / f"{minutes}.mp4"
            loop(clip, path, minutes * 60 // REEL_SECONDS)
            started = time.perf_counter()
            answer = subprocess.run([sys.executable, "-c", ANALYSE, path], check=True, capture_output=True, text=True)
            seconds = time.perf_counter() - started
            segments, frames, kilobytes = answer.stdout.split()
            peak = int(kilobytes) / 1024
            size = path.stat().st_size / 2**20
            print(f"{minutes:8} {frames:>8} {segments:>8} {size:8.0f} {seconds:8.1f} {peak:8.0f}", flush=True)
            path.unlink()


def reel(path: Path, height: int, bit_rate: int) -> Path:
    """A reel of 20 seconds: a black scene, then scenes of 3 seconds."""
    scenes = [BlackScene(seconds=2), *(TextureScene(seconds=3) for _ in range(6))]
    make_reel(
        path,
        scenes,
        width=height * 16 // 9 // 2 * 2,
        height=height,
        rate=RATE,
        encoding=Encoding(bit_rate=bit_rate),
        grain=3,
    )
    return path


def loop(clip: Path, path: Path, times: int) -> None:
    """Write the packets of `clip` over and over."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        streams = {each.index: target.add_stream_from_template(each) for each in source.streams}
        for number in range(times):
            source.seek(0)
            for packet in source.demux():
                if packet.dts is None or packet.pts is None:
                    continue
                # What an audio codec adds at both ends would overlap with the next round.
                if packet.stream.type == "audio" and not 0 <= packet.pts * packet.time_base < REEL_SECONDS:
                    continue
                shift = int(number * REEL_SECONDS / packet.time_base)
                packet.pts += shift
                packet.dts += shift
                packet.stream = streams[packet.stream_index]
                target.mux(packet)


if __name__ == "__main__":
    main()
