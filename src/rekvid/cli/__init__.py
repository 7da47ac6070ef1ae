"""The command line: ``rekvid labels``, ``rekvid segments``, ``rekvid job`` and the others of `rekvid.cli.app`."""

from __future__ import annotations

import importlib.util
import sys

from rekvid.errors import MissingExtraError


def main() -> None:
    """Run the command line."""
    if any(importlib.util.find_spec(name) is None for name in ("typer", "rich")):
        sys.exit(f"rekvid: {MissingExtraError('cli', 'the command line')}")
    try:
        from rekvid.cli.app import app

        app(prog_name="rekvid")  # by its name, however it was started: shell completion goes by it
    except KeyboardInterrupt:  # while the commands were still being imported
        sys.exit(130)
