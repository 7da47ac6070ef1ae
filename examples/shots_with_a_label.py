"""Find every shot of a film with a dog in it, or with anything else that has a label.

Run: python examples/shots_with_a_label.py film.mp4 Dog
It works on this machine; `rekvid models pull` fetches what sees dogs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import rekvid


def shots_with(client: rekvid.Client, video: str, label: str) -> Iterator[tuple[rekvid.SegmentDetection, float]]:
    """The shots of `video` in which `label` is seen, and the highest confidence in each."""
    cutting = client.start_segment_detection(video, segment_types=["SHOT"])
    seeing = client.start_label_detection(video, include_labels=[label])
    seen = [(found.timestamp or 0, found.label.confidence) for found in seeing.labels() if found.label.name == label]
    for shot in cutting.shots():
        # The end is the moment at which the shot's last frame begins.
        inside = [sure for at, sure in seen if shot.start_timestamp_millis <= at <= shot.end_timestamp_millis]
        if inside:
            yield shot, max(inside)


def main(video: str, label: str) -> None:
    """Print the shots, with start, end and confidence."""
    with rekvid.Client("local") as client:
        for shot, confidence in shots_with(client, video, label):
            print(shot.start_timecode_smpte, shot.end_timecode_smpte, f"{confidence:.0f} %")


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [video, label]:
                main(video, label)
            case _:
                sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
