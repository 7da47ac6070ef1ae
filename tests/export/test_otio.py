"""Timelines of OpenTimelineIO."""

from __future__ import annotations

from pathlib import Path

import pytest

from rekvid.export import to_otio, write_otio
from rekvid.timecode import NTSC_30
from shots_made import shot

otio = pytest.importorskip("opentimelineio", reason="needs the extra otio")


def test_timeline_holds_the_frames_and_the_gaps() -> None:
    """Each clip has the frames of its segment, at its place in the video, and what it came from beside it."""
    shots = [shot(10, 20, NTSC_30, 0), shot(21, 40, NTSC_30, 1), shot(44, 44, NTSC_30, 2)]
    text = to_otio(shots, NTSC_30, video="file:///film.mp4", title="film", start_timecode="01:00:00;00")
    timeline = otio.adapters.read_from_string(text, "otio_json")
    assert timeline.name == "film"
    assert timeline.global_start_time.to_timecode() == "01:00:00;00"
    (track,) = timeline.tracks
    clips = list(timeline.find_clips())
    offset = 107_892
    assert [clip.source_range.start_time.to_frames() - offset for clip in clips] == [10, 21, 44]
    assert [clip.source_range.duration.to_frames() for clip in clips] == [11, 20, 1]
    assert [track.range_of_child(clip).start_time.to_frames() for clip in clips] == [10, 21, 44]
    assert clips[1].media_reference.target_url == "file:///film.mp4"
    assert clips[1].metadata["rekvid"]["ShotSegment"]["Index"] == 1


def test_overlapping_cues_follow_one_another() -> None:
    """Where two segments share a frame it belongs to the first of them, as a track holds one clip at a time."""
    timeline = otio.adapters.read_from_string(
        to_otio([shot(0, 9, NTSC_30, 0), shot(9, 19, NTSC_30, 1)], NTSC_30), "otio_json"
    )
    ranges = [clip.source_range for clip in timeline.find_clips()]
    assert [(each.start_time.to_frames(), each.duration.to_frames()) for each in ranges] == [(0, 10), (10, 10)]


def test_writing_takes_the_format_from_the_ending(tmp_path: Path) -> None:
    """The file is in the format of its ending, by whatever adapter there is for it."""
    write_otio(tmp_path / "film.otio", [shot(0, 9, NTSC_30, 0)], NTSC_30)
    (clip,) = otio.adapters.read_from_file(str(tmp_path / "film.otio")).find_clips()
    assert clip.name == "Shot 1"
