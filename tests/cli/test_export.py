from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rekvid import LabelDetectionResult, SegmentDetectionResult, VideoMetadata
from rekvid.export import to_edl, to_ffmpeg_chapters, to_scenedetect_csv, to_webvtt_chapters
from shots_made import shot

pytest.importorskip("typer")

from commands import LABELS
from rekvid.cli.export import Target
from rekvid.cli.rows import to_csv

if TYPE_CHECKING:
    from commands import Rekvid

RATE = Fraction(25)
VIDEO = VideoMetadata(frame_rate=25.0, frame_width=640, frame_height=360)
SHOTS = SegmentDetectionResult(job_id="1", segments=(shot(0, 24, RATE), shot(25, 60, RATE, 1)), video_metadata=VIDEO)
SEEN = LabelDetectionResult(job_id="2", labels=LABELS.labels, video_metadata=VIDEO)


@pytest.fixture(autouse=True)
def _results(rekvid_command: Rekvid) -> None:  # noqa: ARG001  # it changes into the folder
    """Files of results, in the folder in which the command is called."""
    SHOTS.to_jsonl("film.jsonl")
    SEEN.to_jsonl("street.jsonl")


def test_texts_are_those_of_the_functions(rekvid_command: Rekvid) -> None:
    """Each format is what its function in `rekvid.export` gives, on standard output or in a file."""
    wanted = {
        "edl": to_edl(SHOTS.shots, 25, title="film", start_timecode="01:00:00:00"),
        "webvtt": to_webvtt_chapters(SHOTS.shots, 25),
        "ffmpeg-chapters": to_ffmpeg_chapters(SHOTS.shots, 25, title="film"),
        "scenedetect-csv": to_scenedetect_csv(SHOTS.shots, 25),
        "json": json.dumps(SHOTS.to_page().to_aws(), indent=2) + "\n",
        "csv": to_csv(SHOTS),
    }
    for name, text in wanted.items():
        command = ("export", "film.jsonl", "--to", name, "--start-timecode", "01:00:00:00")
        assert rekvid_command(*command).stdout == text
        assert rekvid_command(*command, "-o", "written").stdout == ""
        assert Path("written").read_bytes() == text.encode()


def test_formats_that_name_the_video(rekvid_command: Rekvid) -> None:
    """FFmpeg's list and command name the video that is given, and need it."""
    for name in ("ffmpeg-concat", "ffmpeg-split"):
        assert "it" in rekvid_command("export", "film.jsonl", "--to", name, "--video", "it's.mp4").stdout
        answer = rekvid_command("export", "film.jsonl", "--to", name)
        assert answer.exit_code == 2
        assert "--video" in answer.stderr
    assert (
        "* FROM CLIP NAME: a.mp4" in rekvid_command("export", "film.jsonl", "--to", "edl", "--video", "x/a.mp4").stdout
    )


def test_every_format_can_be_written(rekvid_command: Rekvid) -> None:
    """No format is left without a writer."""
    pytest.importorskip("opentimelineio")
    pytest.importorskip("pyarrow")
    for target in Target:
        source = "street.jsonl" if target is Target.COCO else "film.jsonl"
        answer = rekvid_command("export", source, "--to", target, "--video", "film.mp4", "-o", f"out.{target}.otio")
        assert answer.exit_code == 0, answer.stderr
        assert Path(f"out.{target}.otio").stat().st_size > 20


def test_parquet_reads_back(rekvid_command: Rekvid) -> None:
    """Parquet has the table of `to_arrow`, or with --boxes a row for each box."""
    parquet = pytest.importorskip("pyarrow.parquet")
    for arguments, table in (((), SEEN.to_arrow()), (("--boxes",), SEEN.to_arrow(instances=True))):
        assert rekvid_command("export", "street.jsonl", "--to", "parquet", "-o", "a.parquet", *arguments).exit_code == 0
        assert parquet.read_table("a.parquet") == table


def test_csv_has_the_columns_of_the_tables() -> None:
    """CSV, which is written without Arrow, has the same columns and rows as the Arrow tables."""
    pytest.importorskip("pyarrow")
    for text, table in (
        (to_csv(SHOTS), SHOTS.to_arrow()),
        (to_csv(SEEN), SEEN.to_arrow()),
        (to_csv(SEEN, instances=True), SEEN.to_arrow(instances=True)),
    ):
        header, *rows = csv.reader(io.StringIO(text))
        assert header == table.column_names
        held = [
            ["" if cell is None else ";".join(cell) if isinstance(cell, list) else str(cell) for cell in row.values()]
            for row in table.to_pylist()
        ]
        assert rows == held


def test_coco_holds_the_boxes(rekvid_command: Rekvid) -> None:
    """Boxes are in pixels of the video's size."""
    data = json.loads(rekvid_command("export", "street.jsonl", "--to", "coco").stdout)
    assert data["annotations"][0]["bbox"] == [160, 180, 80, 90]


def test_the_rate_may_be_given(rekvid_command: Rekvid) -> None:
    """Where the result doesn't tell the rate, it is asked for, and taken exactly."""
    SegmentDetectionResult(job_id="1", segments=SHOTS.segments).to_jsonl("bare.jsonl")
    answer = rekvid_command("export", "bare.jsonl", "--to", "ffmpeg-chapters", "--rate", "30000/1001")
    assert "TIMEBASE=1001/30000" in answer.stdout
    answer = rekvid_command("export", "bare.jsonl", "--to", "edl")
    assert answer.exit_code == 2
    assert "the frame rate of the video is needed" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("street.jsonl", "--to", "edl"), 2, "takes segments"),
        (("film.jsonl", "--to", "coco"), 2, "takes labels"),
        (("film.jsonl", "--to", "edl", "--type", "TECHNICAL_CUE"), 2, "it has some of --type SHOT"),
        (("film.jsonl", "--to", "parquet"), 2, "name a file with -o"),
        (("film.jsonl", "--to", "csv", "--boxes"), 2, "goes with labels"),
        (("film.jsonl", "--to", "edl", "--rate", "fast"), 2, "must be frames a second"),
        (("film.jsonl", "--to", "edl", "--start-timecode", "1"), 2, "start_timecode"),
        (("film.jsonl", "--to", "html"), 2, "html"),
        (("nothing.jsonl", "--to", "edl"), 1, "nothing.jsonl: No such file or directory"),
        (("text.jsonl", "--to", "edl"), 1, "doesn't begin with the head"),
    ],
)
def test_what_cannot_be_exported_is_said(
    rekvid_command: Rekvid, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """One sentence, exit code 2 for a wrong option and 1 for a wrong file."""
    Path("text.jsonl").write_text("text\n")
    answer = rekvid_command("export", *arguments)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert words in answer.stderr
