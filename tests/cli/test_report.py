"""``rekvid report``: which files it takes, and what it says of those that it can't."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from rekvid.cli.app import app
from rekvid.results import LabelDetectionResult, SegmentDetectionResult
from report_pages import FILM_SHOTS, METADATA, detection


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a video, two files of labels and one of segments."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.mp4").touch()
    for name in ("Dog", "Cat"):
        labels = (detection(name, 0, (0.1, 0.1, 0.2, 0.2)),)
        result = LabelDetectionResult(job_id=name, labels=labels, video_metadata=METADATA)
        result.to_jsonl(tmp_path / f"{name}.jsonl")
    SegmentDetectionResult(job_id="shots", segments=tuple(FILM_SHOTS)).to_jsonl(tmp_path / "shots.jsonl")
    return tmp_path


def report(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    answer = CliRunner().invoke(app, ["report", *arguments])
    return answer.exit_code, answer.stdout, answer.stderr


def test_several_results_make_one_page(folder: Path) -> None:
    """Labels and segments of several files are on one page beside the video, whose metadata any of them may tell."""
    assert report("film.mp4", "shots.jsonl", "Dog.jsonl", "Cat.jsonl", "-o", "out.html") == (0, "out.html\n", "")

    page = (folder / "out.html").read_text(encoding="utf-8")
    assert '"video":"./film.mp4"' in page
    assert '"names":["Dog","Cat"]' in page
    assert '"name":"Shot 4"' in page
    assert "<title>film.mp4</title>" in page
    assert '"duration":4000' in page


def test_video_may_be_left_out_or_be_a_url(folder: Path) -> None:
    """Without a video the page has none, and the title of the results; a URL stays as it is."""
    assert report("Dog.jsonl")[:2] == (0, "report.html\n")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '"video":null' in page
    assert "<title>Dog</title>" in page

    assert report("https://media.example/film.mp4?key=1&x=2", "Dog.jsonl")[0] == 0
    assert '"video":"https://media.example/film.mp4?key=1&x=2"' in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["film.mp4"], 2, "name at least one file of results"),
        (["film.mp4", "film.mp4"], 2, "must end in .jsonl"),
        (["gone.mp4", "Dog.jsonl"], 2, "must be a file, or an https:// URL"),
        (["s3://bucket/film.mp4", "Dog.jsonl"], 2, "presigned URL"),
        (["film.mp4", "gone.jsonl"], 1, "gone.jsonl"),
        (["film.mp4", "Dog.jsonl", "-o", "."], 2, "is a folder"),
        (["film.mp4", "Dog.jsonl", "-o", "film.mp4"], 2, "is one of the files that are read"),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], code: int, said: str) -> None:
    """A file that is missing, of another kind or would be overwritten is told in a sentence, and nothing is written."""
    assert report(*arguments)[0] == code
    assert said in report(*arguments)[2]
    assert Path("film.mp4").stat().st_size == 0
