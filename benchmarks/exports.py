"""Whether other programs read the same frames from our edit lists that went in: a proof, at full size.

OpenTimelineIO reads an EDL of 20,000 random segments back at every rate, and FFmpeg cuts a video by our command and
by our concat list; every difference is counted.

    python benchmarks/exports.py --segments 20000
"""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import opentimelineio

from rekvid.backends.local.segments import segment_between
from rekvid.export import to_edl, to_ffmpeg_concat, to_ffmpeg_split, to_otio
from rekvid.models import SegmentDetection, SegmentType
from rekvid.testing.reels import make_reel
from rekvid.timecode import NTSC_24, NTSC_30, NTSC_60, Timecode, uses_drop_frame

LOSSLESS = ("-codec:v", "libx264", "-qp", "0", "-codec:a", "copy")
RATES = (NTSC_24, Fraction(24), Fraction(25), NTSC_30, Fraction(30), Fraction(50), NTSC_60, Fraction(60))


def main() -> None:
    """Print a table of what was read back differently."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=20_000, help="segments a rate (default: 20000)")
    options = parser.parse_args()

    print("| read back by OpenTimelineIO | segments | differences in EDL | in OTIO |\n|---|---|---|---|")
    for rate in RATES:
        for drop_frame in (False, True) if uses_drop_frame(rate) else (False,):
            shots = random_shots(options.segments, rate)
            start = Timecode(1, 0, 0, 0, drop_frame=drop_frame)
            wrong = [differences(text, kind, shots, rate, start) for kind, text in written(shots, rate, start)]
            counting = "drop-frame" if drop_frame else "non-drop"
            print(f"| {float(rate):.3f} {counting} | {len(shots)} | {wrong[0]} | {wrong[1]} |")

    print("\n| cut by FFmpeg | parts | parts with other frames |\n|---|---|---|")
    for name, contestant in (("the command, H.264", split), ("the concat list, MJPEG", concat)):
        for rate in (NTSC_24, Fraction(25), NTSC_30):
            parts, wrong_parts = contestant(rate)
            print(f"| {name}, {float(rate):.3f} | {parts} | {wrong_parts} |")


def random_shots(count: int, rate: Fraction) -> list[SegmentDetection]:
    """Shots over 22 hours, with gaps between some of them."""
    chance = random.Random(20_000)
    longest = int(22 * 3600 * rate) // count - 10
    shots = []
    first = 0
    for _ in range(count):
        last = first + chance.randrange(longest)
        shots.append(segment_between(SegmentType.SHOT, first, last, rate))
        first = last + 1 + chance.choice((0, 0, 0, 2, 9))
    return shots


def written(shots: list[SegmentDetection], rate: Fraction, start: Timecode) -> Iterator[tuple[str, str]]:
    """The shots as an EDL and as OTIO, with the names that OpenTimelineIO's adapters have."""
    yield "cmx_3600", to_edl(shots, rate, start_timecode=start)
    yield "otio_json", to_otio(shots, rate, start_timecode=start)


def differences(text: str, kind: str, shots: list[SegmentDetection], rate: Fraction, start: Timecode) -> int:
    """How many of `shots` have other frames in `text`."""
    if kind == "cmx_3600":
        timeline = opentimelineio.adapters.read_from_string(text, kind, rate=float(rate))
    else:
        timeline = opentimelineio.adapters.read_from_string(text, kind)
    offset = start.to_frame(rate)
    ranges = [clip.source_range for clip in timeline.find_clips()]
    read = [
        (each.start_time.to_frames() - offset, each.end_time_exclusive().to_frames() - offset - 1) for each in ranges
    ]
    wanted = [(shot.start_frame_number, shot.end_frame_number) for shot in shots]
    return sum(one != two for one, two in zip(read, wanted, strict=True))


def split(rate: Fraction) -> tuple[int, int]:
    """Cut a reel by our command; return the number of parts and of those whose frames are other ones."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "reel.mp4")
        shots = cut_at_random(make_reel(video, rate=rate, width=160, height=90).frame_count, rate)
        pattern = str(Path(folder, "part-%03d.mkv"))
        subprocess.run(to_ffmpeg_split(shots, rate, video, output=pattern, options=LOSSLESS), check=True)
        frames = prints(video)
        return len(shots), sum(
            prints(Path(pattern % number)) != part(frames, shot) for number, shot in enumerate(shots)
        )


def concat(rate: Fraction) -> tuple[int, int]:
    """Cut a reel of keyframes by our list for the concat demuxer, a part at a time; return the same."""
    with tempfile.TemporaryDirectory() as folder:
        reel, video = Path(folder, "reel.mov"), Path(folder, "intra.mov")
        shots = cut_at_random(make_reel(reel, rate=rate, width=160, height=90, audio=False).frame_count, rate)
        run("-i", str(reel), "-codec:v", "mjpeg", "-q:v", "2", str(video))
        frames = prints(video)
        wrong = 0
        for shot in shots:
            listing, output = Path(folder, "list.txt"), Path(folder, "part.mkv")
            listing.write_text(to_ffmpeg_concat([shot], rate, video), encoding="utf-8")
            run("-f", "concat", "-safe", "0", "-i", str(listing), "-codec", "copy", str(output))
            wrong += prints(output) != part(frames, shot)
        return len(shots), wrong


def cut_at_random(count: int, rate: Fraction) -> list[SegmentDetection]:
    """Twelve shots that together are `count` frames."""
    edges = sorted({0, count, *random.Random(1).sample(range(1, count), 11)})
    return [segment_between(SegmentType.SHOT, one, two - 1, rate) for one, two in itertools.pairwise(edges)]


def part(frames: list[bytes], shot: SegmentDetection) -> list[bytes]:
    """The frames of `shot`."""
    return frames[shot.start_frame_number : (shot.end_frame_number or 0) + 1]


def run(*arguments: str) -> None:
    """Run FFmpeg."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)


def prints(path: Path) -> list[bytes]:
    """The luma of every frame, by which it is known again."""
    with av.open(str(path)) as container:
        return [frame.reformat(format="gray").to_ndarray().tobytes() for frame in container.decode(video=0)]


if __name__ == "__main__":
    main()
