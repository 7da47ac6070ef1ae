"""Cut a film into its shots, exact to the frame: a file for each shot, and one for each dissolve between two.

Run: python examples/cut_into_shots.py film.mp4 shots/
It needs FFmpeg on the PATH.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rekvid
from rekvid.export import to_ffmpeg_split


def cut(client: rekvid.Client, video: Path, folder: Path) -> list[Path]:
    """Write the parts of `video` into `folder`, and give them in order."""
    result = client.start_segment_detection(video, segment_types=["SHOT"]).result()
    rate = result.video_metadata.frame_rate if result.video_metadata else None
    folder.mkdir(parents=True, exist_ok=True)
    command = to_ffmpeg_split(result.shots, rate, video.absolute(), output="shot-%03d.mp4")
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603  # a list of arguments, no shell
    return sorted(folder.glob("shot-*.mp4"))


def main(video: str, folder: str) -> None:
    """Print the name of each part."""
    with rekvid.Client("local") as client:
        for part in cut(client, Path(video), Path(folder)):
            print(part)


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [video, folder]:
                main(video, folder)
            case _:
                sys.exit(__doc__)
    except (rekvid.RekvidError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
