from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rekvid import SegmentDetectionPage, __version__

pytest.importorskip("typer")
pytest.importorskip("av")


def _rekvid(*arguments: str, columns: str = "80") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from rekvid.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": columns, "AWS_EC2_METADATA_DISABLED": "true"},
        timeout=100,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    reel = tmp_path_factory.mktemp("demo") / "reel.mp4"
    return _rekvid("demo", "--keep", str(reel)), reel


def test_demo_shows_segments_and_what_to_try_next(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """`rekvid demo` prints the segments of its reel, whose shots begin at the cuts that were made, and next steps."""
    answer, _ = demo
    assert answer.returncode == 0, answer.stderr
    assert "BlackFrames" in answer.stdout
    assert "rekvid segments" in answer.stdout
    made = answer.stdout.split("cuts at frames ")[1].split(";")[0]
    starts = [line.split("│")[4].strip().split("-")[0] for line in answer.stdout.splitlines() if "│ shot" in line]
    assert starts == ["0", *made.split(", ")]


def test_segments_as_json_read_back(demo: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """`rekvid segments --json` prints an answer of GetSegmentDetection, with the types that were asked for."""
    answer = _rekvid("segments", str(demo[1]), "--json", "--type", "SHOT")
    assert answer.returncode == 0, answer.stderr
    page = SegmentDetectionPage.from_aws(json.loads(answer.stdout))
    assert {segment.type for segment in page.segments} == {"SHOT"}
    assert page.video_metadata[0].codec == "h264"


def test_failures_are_a_sentence_and_an_exit_code(tmp_path: Path) -> None:
    """What goes wrong is one line on standard error, with exit code 1; wrong words of the call have exit code 2."""
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    for arguments, code, words in (
        (("segments", str(tmp_path / "missing.mp4")), 1, "No such file"),
        (("segments", str(bad)), 1, "failed"),
        (("segments", "http://example.org/film.mp4"), 2, "a video is 's3://bucket/key'"),
        (("segments", "s3://media/film.mp4", "--backend", "aws"), 1, "region"),
        (("segments",), 2, "Missing argument"),
    ):
        answer = _rekvid(*arguments)
        assert answer.returncode == code, (arguments, answer.stderr)
        assert words in answer.stderr
        assert "Traceback" not in answer.stderr
        assert answer.stdout == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    """`--debug` gives the whole story of an error."""
    answer = _rekvid("--debug", "segments", str(tmp_path / "missing.mp4"))
    assert answer.returncode == 1
    assert "Traceback" in answer.stderr
    assert "InvalidS3ObjectError" in answer.stderr


def test_version() -> None:
    """`rekvid --version` is the version of the package."""
    assert _rekvid("--version").stdout.strip() == f"rekvid {__version__}"
