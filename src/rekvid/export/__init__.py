"""Segments as the files of editors and players.

Every function takes segments, such as ``result.shots``, and the frame rate of the video, and gives text::

    result = job.result()
    rate = result.video_metadata.frame_rate
    Path("film.edl").write_text(to_edl(result.shots, rate, title="film"), encoding="utf-8")

A segment names its last frame, and all these formats name the frame after it or a moment: they are given the frame
after the last, so that not a frame is lost or doubled.
"""

from rekvid.export.csv import to_scenedetect_csv
from rekvid.export.edl import to_edl
from rekvid.export.ffmpeg import to_ffmpeg_chapters, to_ffmpeg_concat, to_ffmpeg_split
from rekvid.export.otio import to_otio, write_otio
from rekvid.export.webvtt import to_webvtt_chapters, to_webvtt_metadata

__all__ = [
    "to_edl",
    "to_ffmpeg_chapters",
    "to_ffmpeg_concat",
    "to_ffmpeg_split",
    "to_otio",
    "to_scenedetect_csv",
    "to_webvtt_chapters",
    "to_webvtt_metadata",
    "write_otio",
]
