from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rekvid import SegmentDetectionPage, __version__

pytest.importorskip("typer")
pytest.importorskip("av")

MAIN = (sys.executable, "-c", "from rekvid.cli import main; main()")


def _rekvid(*arguments: str, columns: str = "80", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MAIN, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": columns, "AWS_EC2_METADATA_DISABLED": "true", **environment},
        timeout=100,
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two shots."""
    from rekvid.testing.reels import TextureScene, make_reel

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_reel(path, (TextureScene(seconds=1), TextureScene(seconds=1)), width=128, height=72)
    return path


def test_demo_shows_segments_and_what_to_try_next(tmp_path: Path) -> None:
    """`rekvid demo` prints the segments of its reel, whose shots begin at the cuts that were made, and next steps.

    Any other shot begins with or right after a gradual transition.
    """
    answer = _rekvid("demo", "--keep", str(tmp_path / "reel.mp4"))
    assert (tmp_path / "reel.mp4").exists()
    assert answer.returncode == 0, answer.stderr
    assert "BlackFrames" in answer.stdout
    assert "rekvid segments" in answer.stdout
    made = [int(each) for each in answer.stdout.split("cuts at frames ")[1].split(";")[0].split(", ")]
    starts = [int(line.split("│")[4].split("-")[0]) for line in answer.stdout.splitlines() if "│ shot" in line]
    assert {0, *made} <= set(starts)
    between = [(int(first), int(last)) for first, last in re.findall(r"at frames (\d+)-(\d+)", answer.stdout)]
    assert between
    for start in {*starts} - {0, *made}:
        assert any(first <= start <= last + 5 for first, last in between), start
    assert answer.stderr == "", "without a terminal there is no bar, and no empty line for one"


def test_segments_as_json_read_back(film: Path) -> None:
    """`rekvid segments --json` prints an answer of GetSegmentDetection, with the types that were asked for."""
    answer = _rekvid("segments", str(film), "--json", "--type", "SHOT")
    assert answer.returncode == 0, answer.stderr
    page = SegmentDetectionPage.from_aws(json.loads(answer.stdout))
    assert {segment.type for segment in page.segments} == {"SHOT"}
    assert page.video_metadata[0].codec == "h264"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    """An error is a sentence; `--debug` gives its whole story."""
    answer = _rekvid("segments", str(tmp_path / "missing.mp4"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "No such file" in answer.stderr
    assert "Traceback" not in answer.stderr
    answer = _rekvid("--debug", "segments", str(tmp_path / "missing.mp4"))
    assert answer.returncode == 1
    assert "Traceback" in answer.stderr
    assert "InvalidS3ObjectError" in answer.stderr


def test_version() -> None:
    """`rekvid --version` is the version of the package."""
    assert _rekvid("--version").stdout.strip() == f"rekvid {__version__}"


def test_completion_knows_the_commands() -> None:
    """The shell asks by an environment variable, and is given the commands that begin so."""
    words = {"COMP_WORDS": "rekvid se", "COMP_CWORD": "1", "_REKVID_COMPLETE": "complete_bash"}
    assert _rekvid(**words).stdout.split() == ["segments", "serve"]


def test_ctrl_c_ends_a_command_with_130_and_without_a_traceback(tmp_path: Path) -> None:
    """Ctrl-C, which a terminal sends to all processes of a command, is one line and exit code 130."""
    fifo = tmp_path / "result.jsonl"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [*MAIN, "export", str(fifo), "--to", "edl"],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": ""},
        start_new_session=True,
    )
    with fifo.open("w"):  # once it reads, the command is in its midst; it waits for the end of the file
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "rekvid: interrupted\n")


def test_a_reader_that_goes_away_ends_the_command_quietly(film: Path) -> None:
    """`rekvid segments ... | head -1` shows no traceback."""
    reads, writes = os.pipe()
    os.close(reads)
    answer = subprocess.run(
        [*MAIN, "segments", str(film), "--jsonl"],
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={"PATH": ""},
        timeout=100,
    )
    os.close(writes)
    assert (answer.returncode, answer.stderr) == (1, "")
