from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rich")

from rich.console import Console

from rekvid import JobProgress
from rekvid.aws import UploadProgress
from rekvid.cli.display import JobBar, bytes_bar, job_bar, spinner


def _running(fraction: float | None) -> JobProgress:
    return JobProgress(job_id="1", status="IN_PROGRESS", elapsed=1.0, fraction=fraction)


def _console(*, terminal: bool, dumb: bool = False) -> tuple[Console, Callable[[], str]]:
    out = io.StringIO()
    environment = {"TERM": "dumb" if dumb else "xterm"}
    return Console(file=out, force_terminal=terminal, width=100, _environ=environment), out.getvalue


def _follow_all(bar: JobBar) -> None:
    bar.uploading(UploadProgress(path=Path("a"), bytes_hashed=10**7, bytes_sent=5 * 10**6, bytes_total=10**7))
    bar.waiting(_running(None))
    bar.waiting(_running(0.25))


def test_a_bar_follows_upload_and_job() -> None:
    """On a terminal the bar shows what is sent, then the state, then the share that is done."""
    console, shown = _console(terminal=True)
    with job_bar(console, "Detecting labels", after=0) as bar:
        bar.uploading(UploadProgress(path=Path("a"), bytes_hashed=10**7, bytes_sent=5 * 10**6, bytes_total=10**7))
    assert "5.0 of 10.0 MB sent" in shown()
    for now, words in ((_running(None), "IN_PROGRESS"), (_running(0.25), "25%")):
        console, shown = _console(terminal=True)
        with job_bar(console, "Detecting labels", after=0) as bar:
            bar.waiting(now)
        assert "Detecting labels" in shown()
        assert words in shown()


def test_a_bar_goes_from_one_kind_of_work_to_the_next() -> None:
    """What is left of the upload doesn't stay in the bar of the job."""
    console, shown = _console(terminal=True)
    with job_bar(console, "Detecting labels", after=0) as bar:
        _follow_all(bar)
    last = shown().split("Detecting labels")[-1]
    assert "25%" in last
    assert "MB" not in last


@pytest.mark.parametrize(("terminal", "dumb"), [(False, False), (True, True)])
def test_where_nothing_can_be_drawn_nothing_is_written(terminal: bool, dumb: bool) -> None:
    """Neither a pipe nor a dumb terminal gets as much as an empty line."""
    console, shown = _console(terminal=terminal, dumb=dumb)
    with job_bar(console, "Detecting labels", after=0) as bar:
        _follow_all(bar)
    with bytes_bar(console, "Fetching", after=0) as follow:
        follow(1, 2)
    with spinner(console, "Making a reel"):
        pass
    assert shown() == ""


def test_short_work_has_no_bar() -> None:
    """A bar appears only after its time."""
    console, shown = _console(terminal=True)
    with job_bar(console, "Detecting labels", after=3600) as bar:
        _follow_all(bar)
    assert shown() == ""
