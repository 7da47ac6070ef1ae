"""Compare two cuts of a film: which shots were taken out, put in, or are of another length.

Run: python examples/compare_two_cuts.py old.mp4 new.mp4
Shots are told apart by their lengths, as a run of the same lengths hardly happens twice. The exit code is 1 if the cuts
differ.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator

import rekvid


def differences(old: list[rekvid.SegmentDetection], new: list[rekvid.SegmentDetection]) -> Iterator[str]:
    """A line for each shot that only one of the cuts has: ``-`` for the old one, ``+`` for the new one."""
    a, b = ([shot.duration_frames for shot in cut] for cut in (old, new))
    for change, start, end, new_start, new_end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if change != "equal":
            yield from (f"- {_line(shot)}" for shot in old[start:end])
            yield from (f"+ {_line(shot)}" for shot in new[new_start:new_end])


def _line(shot: rekvid.SegmentDetection) -> str:
    return f"{shot.start_timecode_smpte} {shot.end_timecode_smpte} {(shot.duration_frames or 0) + 1} frames"


def main(old: str, new: str) -> int:
    """Print the differences, and give the exit code."""
    with rekvid.Client("local") as client:
        jobs = [client.start_segment_detection(video, segment_types=["SHOT"]) for video in (old, new)]
        lines = list(differences(*(list(job.shots()) for job in jobs)))
    print("\n".join(lines) or "the shots are the same")
    return 1 if lines else 0


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [old, new]:
                sys.exit(main(old, new))
            case _:
                sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
