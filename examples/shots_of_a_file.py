"""List the shots of a film on this machine, with nothing sent anywhere.

Run: python examples/shots_of_a_file.py film.mp4
"""

from __future__ import annotations

import sys

import rekvid


def main(path: str) -> None:
    """Print a line for each shot of the video at `path`."""
    with rekvid.Client("local") as client:
        job = client.start_segment_detection(path, segment_types=["SHOT"])
        for shot in job.shots():
            print(shot.start_timecode_smpte, shot.end_timecode_smpte, f"{shot.duration_millis / 1000:.2f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except IndexError:
        sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
