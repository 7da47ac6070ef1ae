"""Chapters for a player: a WebVTT track with a chapter for each part of a film that lies between black frames.

Run: python examples/chapters_for_a_player.py film.mp4 chapters.vtt
In a page: <video src="film.mp4" controls><track kind="chapters" src="chapters.vtt" default></video>
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import rekvid
from rekvid.export import to_webvtt_chapters


def chapters_of(result: rekvid.SegmentDetectionResult) -> list[rekvid.SegmentDetection]:
    """The shots of `result`, joined to chapters: after black frames a new one begins."""
    ends_of_black = [
        cue.end_timestamp_millis
        for cue in result.technical_cues
        if cue.technical_cue_segment and cue.technical_cue_segment.type == rekvid.TechnicalCueType.BLACK_FRAMES
    ]
    chapters: dict[int, list[rekvid.SegmentDetection]] = {}  # by how many stretches of black came before
    for shot in result.shots:
        middle = (shot.start_timestamp_millis + shot.end_timestamp_millis) / 2  # a shot may begin with black frames
        chapters.setdefault(sum(end <= middle for end in ends_of_black), []).append(shot)
    return [
        dataclasses.replace(
            shots[0],
            type=f"Chapter {number}",
            shot_segment=None,
            end_frame_number=shots[-1].end_frame_number,
        )
        for number, shots in enumerate(chapters.values(), start=1)
    ]


def main(video: str, track: str) -> None:
    """Write the track."""
    with rekvid.Client("local") as client:
        result = client.start_segment_detection(video, segment_types=["SHOT", "TECHNICAL_CUE"]).result()
    rate = result.video_metadata.frame_rate if result.video_metadata else None
    Path(track).write_text(to_webvtt_chapters(chapters_of(result), rate), encoding="utf-8")


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case [video, track]:
                main(video, track)
            case _:
                sys.exit(__doc__)
    except rekvid.RekvidError as error:
        sys.exit(str(error))
