"""``rekvid doctor``: what is installed, what is missing, what to do."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rekvid.cli.checkup import Health, look_at_everything
from rekvid.cli.exits import ExitCode, exit_codes

_STYLES = {Health.GOOD: "green", Health.ABSENT: "yellow", Health.BROKEN: "bold red"}


def doctor() -> None:
    """Show what is installed, what is missing, and what to do. Nothing is sent anywhere.

    The exit code is 1 if something is broken; what is absent may just not be needed.
    """
    with exit_codes():
        remarks = list(look_at_everything())
        table = Table()
        for heading in ("", "what", "state", "found, and what to do"):
            table.add_column(heading, overflow="fold")
        area = ""
        for each in remarks:
            found = Text(each.found)
            if each.remedy:
                found.append(f"\n→ {each.remedy}", style="cyan")
            shown = "" if each.area == area else each.area
            table.add_row(Text(shown), Text(each.subject), Text(str(each.health), style=_STYLES[each.health]), found)
            area = each.area
        Console().print(table)
        if any(each.health is Health.BROKEN for each in remarks):
            raise typer.Exit(ExitCode.FAILED)
