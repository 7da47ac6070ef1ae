"""What notebooks show of a value: a table of the members that are set."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from html import escape

_MOST = 10
_CELL = "text-align:left;vertical-align:top;padding:1px 10px 1px 0"


def members_table(title: str, members: Iterable[tuple[str, object]]) -> str:
    """A table with a row for each member; a value in a value becomes a table in the table.

    Colours are those of the page around it. Of a long list the first members are shown, and how many there are.
    """
    rows = (
        f'<tr><th scope="row" style="{_CELL};font-weight:normal;opacity:.65">{escape(name)}</th>'
        f'<td style="{_CELL}">{_cell(member)}</td></tr>'
        for name, member in members
    )
    caption = f'<caption style="text-align:left;font-weight:bold">{escape(title)}</caption>'
    return f'<table style="border-collapse:collapse;border:0">{caption}{"".join(rows)}</table>'


def _cell(member: object) -> str:
    if isinstance(member, tuple):
        more = f"<div>and {len(member) - _MOST:,} more</div>" if len(member) > _MOST else ""
        return "".join(f"<div>{_cell(each)}</div>" for each in member[:_MOST]) + more
    show = getattr(member, "_repr_html_", None)
    if show is not None:
        return str(show())
    if isinstance(member, enum.Enum):
        return escape(str(member.value))
    return escape(f"{member:,.4g}" if isinstance(member, float) else str(member))
