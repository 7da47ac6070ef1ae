"""The command line: ``rekvid demo``, ``rekvid segments``."""

from __future__ import annotations

import importlib.util
import sys

from rekvid.errors import MissingExtraError


def main() -> None:
    """Run the command line."""
    if any(importlib.util.find_spec(name) is None for name in ("typer", "rich")):
        sys.exit(f"rekvid: {MissingExtraError('cli', 'the command line')}")
    from rekvid.cli.app import app

    app()
