"""How commands end, and what they say when something went wrong."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from rekvid.errors import RekvidError, ValidationError, WaitTimeoutError

_state = {"debug": False}


class ExitCode(enum.IntEnum):
    """What the shell is told. docs/cli.md holds the same table."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    GOING_ON = 3
    FAULT = 70  # EX_SOFTWARE of BSD's sysexits(3)
    INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


EXPLAINED = {
    ExitCode.DONE: "all went well",
    ExitCode.FAILED: "the job, the service or something on this machine failed",
    ExitCode.MISUSED: "the call's words are off, and nothing was started",
    ExitCode.GOING_ON: "the job had not ended, and goes on",
    ExitCode.FAULT: "a fault of rekvid's own",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}
"""The meaning of each exit code, for the help."""


def show_tracebacks(wanted: bool) -> None:
    """Show the traceback of an error, or its sentence alone."""
    _state["debug"] = wanted


@contextmanager
def exit_codes() -> Iterator[None]:
    """Say what went wrong in a sentence and a hint, and end with the exit code for it."""
    try:
        yield
    except KeyboardInterrupt:
        _say("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):  # a pipe whose reader has gone is typer's to end quietly
        raise
    except Exception as error:
        if _state["debug"]:
            raise
        raise typer.Exit(_told(error)) from None


def _told(error: Exception) -> ExitCode:
    """Say what `error` is about, and give its exit code."""
    match error:
        case RekvidError(hint=hint):
            _say(str(error).removesuffix(f" ({hint})"), hint)
        case OSError(filename=str(name), strerror=str(reason)):
            _say(f"{name}: {reason}")
        case OSError():
            _say(str(error))
        case _:
            _say(f"{type(error).__name__}: {error}", "this is a fault of rekvid's: `rekvid --debug ...` shows where")
    match error:
        case ValidationError():
            return ExitCode.MISUSED
        case WaitTimeoutError():
            return ExitCode.GOING_ON
        case RekvidError() | OSError():
            return ExitCode.FAILED
        case _:
            return ExitCode.FAULT


def _say(sentence: str, hint: str | None = None) -> None:
    typer.echo(f"rekvid: {sentence}", err=True)
    if hint:
        typer.echo(f"hint: {hint}", err=True)
