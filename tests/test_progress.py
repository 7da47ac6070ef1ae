"""Progress bars of tqdm for waits."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable

import pytest

pytest.importorskip("tqdm")

import rekvid
from rekvid.models import JobProgress, LabelDetectionPage, SegmentDetectionPage
from rekvid.progress import ProgressBar
from rekvid.testing import FakeBackend


def test_wait_shows_a_bar_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``progress=True`` a bar on standard error tells the job and its state; without it there is none."""
    fake = FakeBackend()
    fake.will_return(LabelDetectionPage(), in_progress=3)
    fake.will_return(SegmentDetectionPage(), in_progress=3)
    client = rekvid.Client(fake, clock=fake.clock)
    job = client.start_label_detection("s3://media/street.mp4")

    client.start_segment_detection("s3://media/street.mp4", segment_types=["SHOT"]).result()
    assert capsys.readouterr() == ("", "")

    told: list[JobProgress] = []
    job.result(on_progress=told.append, progress=True)

    shown = capsys.readouterr().err
    assert f"job {job.id[:8]}" in shown
    assert "IN_PROGRESS" in shown
    assert shown.rstrip().endswith("SUCCEEDED")
    assert "%" not in shown, "nobody knew how far it was"
    assert told[-1].status == "SUCCEEDED", "a callback is called beside the bar"


def test_bar_shows_the_share_where_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """A backend that tells how far it is gets a bar with a percentage."""
    with ProgressBar("film.mp4") as bar:
        for fraction in (None, 0.25, 1.0):
            bar.show(JobProgress(job_id="4f", status="IN_PROGRESS", elapsed=1.0, fraction=fraction))

    shown = capsys.readouterr().err.split("\r")
    assert not any("%" in line for line in shown if "25%" not in line and "100%" not in line)
    assert any("film.mp4:  25%|" in line for line in shown)
    assert "film.mp4: 100%|" in shown[-1]


def test_bar_of_a_failed_job_stays_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """A job that fails halfway keeps its half of the bar, so that a widget is closed as failed, and tells its state."""
    with ProgressBar("film.mp4") as bar:
        bar.show(JobProgress(job_id="4f", status="IN_PROGRESS", elapsed=1.0, fraction=0.5))
        bar.show(JobProgress(job_id="4f", status="FAILED", elapsed=2.0, fraction=1.0))

    last = capsys.readouterr().err.split("\r")[-1]
    assert "film.mp4:  50%|" in last
    assert last.rstrip().endswith("FAILED")


def test_bar_without_a_share_is_whole_only_after_success() -> None:
    """Where nobody knows how far a job is, the total, by which a widget turns green or red, is reached by success."""
    for status, share in (("SUCCEEDED", 1.0), ("FAILED", 0.0)):
        with ProgressBar("film.mp4") as bar:
            bar.show(JobProgress(job_id="4f", status="IN_PROGRESS", elapsed=1.0))
            bar.show(JobProgress(job_id="4f", status=status, elapsed=2.0, fraction=1.0))
            drawn = bar._bar
        assert drawn is not None
        assert drawn.n == share, status


def test_bar_is_left_in_order_when_the_wait_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """A wait that ends in an error closes its bar, so that what is printed next has a line of its own."""
    fake = FakeBackend()
    fake.will_fail("Unsupported codec/format.", in_progress=1)
    job = rekvid.Client(fake, clock=fake.clock).start_label_detection("s3://media/street.mp4")

    with pytest.raises(rekvid.JobFailedError):
        job.wait(progress=True)
    shown = capsys.readouterr().err
    assert shown.endswith("\n")
    assert "%" not in shown


@pytest.mark.parametrize(
    "method", [rekvid.LabelDetectionJob.wait, rekvid.LabelDetectionJob.result, rekvid.SegmentDetectionJob.result]
)
def test_what_takes_progress_names_the_error(method: Callable[..., object]) -> None:
    """What can show a bar says that it raises an error where the extra is missing."""
    assert "progress" in inspect.signature(method).parameters
    assert "MissingExtraError: `progress` needs" in (inspect.getdoc(method) or "")


def test_without_tqdm_the_extra_is_named() -> None:
    """Asking for a bar where tqdm isn't installed is an error that says what to install."""
    program = (
        "import sys; sys.modules['tqdm'] = None; sys.modules['tqdm.auto'] = None; import rekvid.progress\n"
        "try: rekvid.progress.ProgressBar('x')\n"
        "except rekvid.MissingExtraError as error: assert 'rekvid[notebook]' in str(error)\n"
        "else: raise SystemExit('no error')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
