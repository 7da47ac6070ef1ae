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


def boxes_drawing(boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """A small frame of 16:9 with boxes in it, given as left, top, width and height in ratios of the frame.

    What the frame itself showed is not known to a value: `rekvid.report.pictures.annotate_frame` draws on it.
    """
    rects = "".join(
        f'<rect x="{320 * left:.1f}" y="{180 * top:.1f}" width="{320 * width:.1f}" height="{180 * height:.1f}"/>'
        for left, top, width, height in boxes
    )
    return (
        '<svg viewBox="-1 -1 322 182" width="322" height="182" role="img" aria-label="Boxes in the frame" fill="none" '
        'stroke="currentColor" style="max-width:100%"><rect width="320" height="180" rx="4" stroke-opacity=".35"/>'
        f'<g stroke-width="2">{rects}</g></svg>'
    )


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
