"""How commands end.

Exit codes: 0 when all went well, 1 when the job, the service or something on this machine failed, 2 when the call's
words are off, 130 after Ctrl-C.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from rekvid.errors import RekvidError, ValidationError

_state = {"debug": False}


def show_tracebacks(wanted: bool) -> None:
    """Show the traceback of an error, or its sentence alone."""
    _state["debug"] = wanted


@contextmanager
def exit_codes() -> Iterator[None]:
    """Say what went wrong in a sentence, and end with the exit code for it."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("rekvid: interrupted", err=True)
        raise typer.Exit(130) from None
    except RekvidError as error:
        if _state["debug"]:
            raise
        typer.echo(f"rekvid: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, ValidationError) else 1) from None
