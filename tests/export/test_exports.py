"""Edit lists and their like, read back by other people's readers."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.errors import ValidationError
from rekvid.export import (
    to_edl,
    to_ffmpeg_chapters,
    to_ffmpeg_concat,
    to_ffmpeg_split,
    to_scenedetect_csv,
    to_webvtt_chapters,
    to_webvtt_metadata,
)
from rekvid.models import SegmentDetection, TechnicalCueSegment, TechnicalCueType
from rekvid.timecode import NTSC_24, NTSC_30, NTSC_60, Timecode
from shots_made import shot

RATES = [NTSC_24, Fraction(24), Fraction(25), NTSC_30, Fraction(30), Fraction(50), NTSC_60, Fraction(60)]


def cue(kind: str, first: int, last: int) -> SegmentDetection:
    """A technical cue at 25 frames a second."""
    plain = shot(first, last, Fraction(25)).to_aws()
    plain.pop("ShotSegment")
    plain["Type"] = "TECHNICAL_CUE"
    plain["TechnicalCueSegment"] = TechnicalCueSegment(type=kind, confidence=90.0).to_aws()
    return SegmentDetection.from_aws(plain)


def random_shots(count: int, rate: Fraction, seed: int) -> list[SegmentDetection]:
    """Shots with gaps between some of them, within 24 hours."""
    chance = random.Random(seed)
    longest = int(24 * 3600 * rate) // count - 10
    shots = []
    first = 0
    for index in range(count):
        last = first + chance.randrange(longest)
        shots.append(shot(first, last, rate, index))
        first = last + 1 + chance.choice((0, 0, 0, 2, 9))
    return shots


def frames_of(shots: Sequence[SegmentDetection]) -> list[tuple[int, int]]:
    """The first frame of each shot, and the one after its last."""
    return [(each.start_frame_number or 0, (each.end_frame_number or 0) + 1) for each in shots]


COUNTED = [*((rate, False) for rate in RATES), (NTSC_30, True), (NTSC_60, True)]
"""Every rate, and whether it is counted in drop-frame."""


@pytest.mark.parametrize(("rate", "drop_frame"), COUNTED)
def test_opentimelineio_reads_the_edl_back(rate: Fraction, drop_frame: bool) -> None:
    """OpenTimelineIO finds in our EDL the frames that went in, at every rate, with a start timecode."""
    otio = pytest.importorskip("opentimelineio", reason="needs the extra otio")
    pytest.importorskip("otio_cmx3600_adapter", reason="needs OpenTimelineIO's adapter for CMX 3600")
    start = Timecode(1, 0, 0, 0, drop_frame=drop_frame)
    offset = start.to_frame(rate)
    # An hour less than a day, so that no timecode wraps.
    shots = [each for each in random_shots(300, rate, 7) if (each.end_frame_number or 0) + offset < 23 * 3600 * rate]
    timeline = otio.adapters.read_from_string(
        to_edl(shots, rate, start_timecode=start, clip_name="a film.mp4"), "cmx_3600", rate=float(rate)
    )
    read = [
        (clip.source_range.start_time.to_frames() - offset, clip.source_range.end_time_exclusive().to_frames() - offset)
        for clip in timeline.find_clips()
    ]
    assert read == frames_of(shots)
    assert {clip.name for clip in timeline.find_clips()} == {"a film.mp4"}


@given(
    rate=st.sampled_from(RATES),
    first=st.integers(0, 4_000_000),
    length=st.integers(0, 100_000),
    start=st.integers(0, 100_000),
)
def test_out_is_the_frame_after_the_last(rate: Fraction, first: int, length: int, start: int) -> None:
    """In is the segment's first frame and Out the frame after its last, counted from the start timecode."""
    begins = Timecode.of_frame(start, rate)
    text = to_edl([shot(first, first + length, rate)], rate, start_timecode=begins)
    in_, out = re.findall(r"\d\d:\d\d:\d\d[:;]\d\d", text)[:2]
    day = Timecode(23, 59, 59, round(rate) - 1, drop_frame=begins.drop_frame).to_frame(rate) + 1
    assert Timecode.parse(in_).to_frame(rate) == (first + start) % day
    assert Timecode.parse(out).to_frame(rate) == (first + length + 1 + start) % day


def test_names_can_not_add_lines() -> None:
    """A title or name with line breaks stays on its line, in every format that has lines."""
    nasty = "a\nTITLE: b\r\x00=;#\\"
    segments = [cue("Cre\n\ndits --> <b>&", 0, 9)]
    edl = to_edl(segments, 25.0, title=nasty, clip_name=nasty)
    assert sum(line.startswith("TITLE:") for line in edl.splitlines()) == 1
    chapters = to_ffmpeg_chapters(segments, 25.0, title=nasty)
    assert chapters.splitlines()[1] == r"title=a TITLE: b \=\;\#\\"
    assert "Cre dits --&gt; &lt;b&gt;&amp;" in to_webvtt_chapters(segments, 25.0)
    cues = to_webvtt_metadata(segments, 25.0).split("\n\n")[1:]
    times, payload = cues[0].strip().split("\n")
    assert times == "00:00:00.000 --> 00:00:00.400"
    assert "-->" not in payload
    assert SegmentDetection.from_aws(json.loads(payload)) == segments[0]


def test_chapters_do_not_nest() -> None:
    """Technical cues share a frame with their neighbours; as chapters each ends where the next begins."""
    cues = [cue(TechnicalCueType.BLACK_FRAMES, 0, 24), cue(TechnicalCueType.CONTENT, 24, 99)]
    assert to_webvtt_chapters(cues, 25.0) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.960\nBlackFrames\n\n00:00:00.960 --> 00:00:04.000\nContent\n"
    )


def test_ffmpeg_chapters_count_frames() -> None:
    """A chapter counts in frames, so that nothing is rounded."""
    text = to_ffmpeg_chapters([shot(0, 76, NTSC_30), shot(77, 99, NTSC_30, 1)], 29.97002983)
    assert text == (
        ";FFMETADATA1\n"
        "[CHAPTER]\nTIMEBASE=1001/30000\nSTART=0\nEND=77\ntitle=Shot 1\n"
        "[CHAPTER]\nTIMEBASE=1001/30000\nSTART=77\nEND=100\ntitle=Shot 2\n"
    )


def test_scenedetect_columns() -> None:
    """The CSV is what PySceneDetect 0.7 writes for the same two scenes at 25 frames a second."""
    text = to_scenedetect_csv([shot(0, 75, Fraction(25)), shot(76, 150, Fraction(25), 1)], 25)
    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["1", "1", "00:00:00.000", "0.000", "76", "00:00:03.040", "3.040", "76", "00:00:03.040", "3.040"],
        ["2", "77", "00:00:03.040", "3.040", "151", "00:00:06.040", "6.040", "75", "00:00:03.000", "3.000"],
    ]


def test_segments_without_frame_numbers_are_placed_by_their_times() -> None:
    """An answer of model 1.0, which has timestamps alone, gives the same list."""
    shots = random_shots(50, NTSC_30, 3)
    old = []
    for each in shots:
        plain = each.to_aws()
        for name in ("StartFrameNumber", "EndFrameNumber", "DurationFrames"):
            del plain[name]
        old.append(SegmentDetection.from_aws(plain))
    assert to_edl(old, NTSC_30) == to_edl(shots, NTSC_30)


def test_quotes_in_a_name_stay_in_the_name() -> None:
    """A path with quotes and spaces is one word in a list for FFmpeg, and one argument of a command."""
    segments = [shot(5, 9, Fraction(25))]
    assert r"file 'it'\''s here.mp4'" in to_ffmpeg_concat(segments, 25, "it's here.mp4")
    command = to_ffmpeg_split(segments, 25, "-it's here.mp4", output="-part %d.mov")
    assert command[command.index("-i") + 1] == "./-it's here.mp4"
    assert command[-1] == "./-part %d.mov"


def test_split_leaves_gaps_to_themselves() -> None:
    """A video is cut where a segment begins and where one has ended; a shared frame belongs to the earlier one."""
    command = to_ffmpeg_split([shot(0, 9, NTSC_30), shot(9, 19, NTSC_30), shot(24, 30, NTSC_30)], NTSC_30, "film.mp4")
    assert command[command.index("-segment_frames") + 1] == "10,20,24,31"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda shots: to_edl(shots, None), "rate=None: the frame rate of the video is needed"),
        (lambda shots: to_edl(shots, 0), "rate=0: must be frames a second, above 0"),
        (lambda shots: to_edl(shots, 25, reel="film one"), "reel='film one': must be 1-8 ASCII letters"),
        (lambda shots: to_edl(shots, 25, start_timecode="1:2"), "start_timecode='1:2': a timecode reads hh:mm:ss:ff"),
        (lambda shots: to_edl(shots, 25, start_timecode="00:00:00:30"), "frames run from 0 to 24"),
        (lambda shots: to_edl(shots, 25, start_timecode="00:00:00;00"), "drop-frame counting exists at"),
        (lambda shots: to_ffmpeg_concat(shots, 25, "a\nb"), "can't hold a line break"),
        (lambda shots: to_ffmpeg_split(shots, 25, "a", output="x.mp4"), "must have a place for the number"),
    ],
)
def test_bad_parameters_are_named(call: object, says: str) -> None:
    """A parameter that can't be used is refused with its name, its value and the rule."""
    assert callable(call)
    with pytest.raises(ValidationError, match=re.escape(says)):
        call([shot(0, 9, Fraction(25))])
