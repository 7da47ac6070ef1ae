"""The six programs of examples/ that people come for, on the local backend."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

import rekvid

pytest.importorskip("av")

from patches import PatchDetector, paint_video
from rekvid.testing import FakeBackend
from rekvid.testing.reels import BlackScene, Scene, TextureScene, make_reel
from shots_made import shot

EXAMPLES = Path(__file__).parent.parent / "examples"
SECOND, HALF = TextureScene(seconds=1), TextureScene(seconds=0.5)


@pytest.fixture
def client() -> Iterator[rekvid.Client]:
    """This machine, with a detector that sees patches of colour."""
    with rekvid.Client(rekvid.LocalBackend(store=":memory:", detectors=[PatchDetector()])) as client:
        yield client


def _program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        cwd=folder,
        env={**os.environ, "REKVID_STATE_DIR": str(folder / "state")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _film(path: Path, *scenes: Scene) -> Path:
    make_reel(path, scenes, width=128, height=72, rate=Fraction(20))
    return path


def test_shots_with_a_label(client: rekvid.Client, tmp_path: Path) -> None:
    """What the detector sees makes a shot one of those that are printed; without it there is none."""
    video = paint_video(tmp_path / "street.mp4", [["dog"], ["dog"], ["dog"]])
    shots_with = _program("shots_with_a_label").shots_with
    assert [(shot.start_frame_number, confidence) for shot, confidence in shots_with(client, str(video), "Dog")] == [
        (0, 90.0)
    ]
    assert list(shots_with(client, str(video), "Cat")) == []


def test_shots_with_a_label_are_those_around_its_moments() -> None:
    """A label at the first or last frame of a shot is in it, one between two shots is in neither."""
    rate = Fraction(25)
    shots = (shot(0, 24, rate), shot(30, 49, rate, 1), shot(50, 74, rate, 2), shot(75, 99, rate, 3))
    seen = ((0, "Dog", 60.0), (960, "Dog", 70.0), (1000, "Dog", 99.0), (2100, "Cat", 99.0), (3000, "Dog", 80.0))
    labels = tuple(
        rekvid.LabelDetection(timestamp=at, label=rekvid.Label(name=name, confidence=sure)) for at, name, sure in seen
    )
    fake = FakeBackend()
    fake.will_return(rekvid.SegmentDetectionPage(segments=shots))
    fake.will_return(rekvid.LabelDetectionPage(labels=labels))
    found = _program("shots_with_a_label").shots_with(rekvid.Client(fake, clock=fake.clock), "s3://media/a.mp4", "Dog")
    assert list(found) == [(shots[0], 70.0), (shots[3], 80.0)]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="FFmpeg cuts, and it isn't installed")
def test_cut_into_shots(client: rekvid.Client, tmp_path: Path) -> None:
    """There is a file for each shot, with as many frames as the shot has."""
    import av

    film = _film(tmp_path / "film.mp4", SECOND, HALF, SECOND)
    parts = _program("cut_into_shots").cut(client, film, tmp_path / "100%")
    frames = []
    for part in parts:
        with av.open(str(part)) as container:
            frames.append(sum(1 for _ in container.decode(video=0)))
    assert frames == [20, 10, 20]


def test_watch_a_bucket(rekvid_aws: object, client: rekvid.Client, tmp_path: Path) -> None:
    """Each video is looked at once, one that can't be read is noted, and a replaced one is looked at again."""
    from rekvid.testing.local_aws import LocalAws

    assert isinstance(rekvid_aws, LocalAws)
    film = _film(tmp_path / "film.mp4", SECOND, HALF)
    for key, body in (("in/a.mp4", film.read_bytes()), ("in/bad.mp4", b"no video"), ("in/notes.txt", b"text")):
        rekvid_aws.put_video(key, body)
    program, results = _program("watch_a_bucket"), tmp_path / "results"
    results.mkdir()
    program.look(client, "media", "in/", results)
    (saved,) = results.glob("in_a.mp4-*.jsonl")
    (noted,) = results.glob("*.failed")
    assert noted.name.startswith("in_bad.mp4-")
    read = rekvid.read_jsonl(saved)
    assert isinstance(read, rekvid.SegmentDetectionResult)
    assert len(read.shots) == 2
    assert list(program.new_videos("media", "in/", results)) == []
    rekvid_aws.put_video("in/a.mp4", film.read_bytes() + b"\0")
    assert [video.name for video, _ in program.new_videos("media", "in/", results)] == ["in/a.mp4"]


def test_chapters_for_a_player(tmp_path: Path) -> None:
    """A chapter goes on over cuts, and the next one begins after black frames."""
    _film(tmp_path / "film.mp4", SECOND, HALF, BlackScene(seconds=1), SECOND)
    answer = _run("chapters_for_a_player", "film.mp4", "chapters.vtt", folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "chapters.vtt").read_text().split("\n\n") == [
        "WEBVTT",
        "00:00:00.000 --> 00:00:02.500\nChapter 1",
        "00:00:02.500 --> 00:00:03.500\nChapter 2\n",
    ]


def test_compare_two_cuts(tmp_path: Path) -> None:
    """A shot that was taken out is a line with its place in the old cut; one that was put in, in the new one."""
    _film(tmp_path / "old.mp4", SECOND, HALF, SECOND)
    _film(tmp_path / "new.mp4", SECOND, SECOND)
    answer = _run("compare_two_cuts", "old.mp4", "new.mp4", folder=tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "- 00:00:01:00 00:00:01:09 10 frames\n"), answer.stderr
    shots = [shot(0, 24, Fraction(25)), shot(25, 60, Fraction(25), 1)]
    differences = _program("compare_two_cuts").differences
    assert list(differences(shots, shots)) == []
    assert list(differences(shots[:1], shots)) == ["+ 00:00:01:00 00:00:02:10 36 frames"]


def test_label_a_folder(client: rekvid.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has the labels of all videos with their names; one that can't be read is told and left out."""
    parquet = pytest.importorskip("pyarrow.parquet")
    videos = tmp_path / "videos"
    videos.mkdir()
    paint_video(videos / "a.mp4", [["dog"]])
    paint_video(videos / "b.mp4", [["car"]])
    (videos / "bad.mp4").write_text("no video")
    (videos / "notes.txt").write_text("text")
    rows = _program("label_a_folder").label(client, videos, tmp_path / "labels.parquet")
    table = parquet.read_table(tmp_path / "labels.parquet").to_pylist()
    assert len(table) == rows
    assert {("a.mp4", "Dog"), ("b.mp4", "Car")} <= {(row["video"], row["name"]) for row in table}
    assert ("a.mp4", "Car") not in {(row["video"], row["name"]) for row in table}
    assert "bad.mp4 is left out" in capsys.readouterr().err
