from __future__ import annotations

import subprocess
import sys

import pytest

from rekvid.errors import (
    JobFailedError,
    MissingExtraError,
    RekvidError,
    ResourceNotFoundError,
    ValidationError,
    WaitTimeoutError,
)


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_command_says_what_to_install(missing: str) -> None:
    """The core install has the command too, which names the extra and does no more."""
    program = f"import sys; sys.modules[{missing!r}] = None; from rekvid.cli import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert 'pip install "rekvid[cli]"' in answer.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValidationError("rate", 0, "must be more"), 2, ["rekvid: rate=0: must be more"]),
        (JobFailedError("1", "no reason"), 1, ["rekvid: job 1 failed: no reason"]),
        (
            WaitTimeoutError("1", 5),
            3,
            ["rekvid: job 1 had not ended after 5 s; it goes on, so wait() can be called again"],
        ),
        (
            ResourceNotFoundError("no job", operation="Get", hint="look again"),
            1,
            ["rekvid: Get: ResourceNotFoundException: no job", "hint: look again"],
        ),
        (FileNotFoundError(2, "No such file", "a.jsonl"), 1, ["rekvid: a.jsonl: No such file"]),
        (OSError("disk full"), 1, ["rekvid: disk full"]),
        (KeyboardInterrupt(), 130, ["rekvid: interrupted"]),
        (
            KeyError("x"),
            70,
            ["rekvid: KeyError: 'x'", "hint: this is a fault of rekvid's: `rekvid --debug ...` shows where"],
        ),
    ],
)
def test_every_error_has_a_sentence_and_an_exit_code(
    error: BaseException, code: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that is left by an error says what it was, with its hint on a line of its own."""
    typer = pytest.importorskip("typer")
    from rekvid.cli.exits import exit_codes

    with pytest.raises(typer.Exit) as left, exit_codes():
        raise error
    assert left.value.exit_code == code
    assert capsys.readouterr().err.splitlines() == said


def test_debug_lets_the_error_through() -> None:
    """With --debug, which is good for one call, the error itself comes out."""
    pytest.importorskip("typer")
    from rekvid.cli.exits import exit_codes, show_tracebacks

    show_tracebacks(True)
    try:
        with pytest.raises(RekvidError), exit_codes():
            raise MissingExtraError("cli", "this")
    finally:
        show_tracebacks(False)
