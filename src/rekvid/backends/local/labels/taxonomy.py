"""What a detector's classes are in the service's words; the facts stand in ``taxonomy.toml`` beside this file."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NotRequired, TypedDict, cast


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabelEntry:
    """What is the same about a label wherever it is detected (developer guide, "Detecting labels").

    Attributes:
        name: Its name.
        parents: All its ancestors, the nearest first. Each of them has an entry too.
        aliases: Its other names.
        categories: Its categories; empty for a label that the service doesn't have.
    """

    name: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def entry_of(name: str) -> LabelEntry:
    """The label for a class of a detector, or for the name of a label.

    The classes of COCO come first, as they are written there: ``mouse`` belongs to a computer, and ``Mouse`` is the
    animal. Any other class is the label of that name, whatever its capital letters. One that the table lacks, of a
    model of your own, is a label of its own name, without parents, aliases and categories.
    """
    table = _table()
    label = table.classes.get(name) or table.names.get(name.casefold())
    return table.entries[label] if label is not None else LabelEntry(name=name)


def entries() -> tuple[LabelEntry, ...]:
    """All labels of the table, ancestors among them."""
    return tuple(_table().entries.values())


def renamed_classes() -> Mapping[str, str]:
    """The classes of COCO whose label has another name, with that name."""
    return _table().classes


class _Row(TypedDict):
    parents: NotRequired[list[str]]
    aliases: NotRequired[list[str]]
    category: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The facts, made ready for look-ups: `names` leads from a casefolded name to the label's own."""

    classes: Mapping[str, str]
    names: Mapping[str, str]
    entries: Mapping[str, LabelEntry]


@cache
def _table() -> _Table:
    facts = tomllib.loads(
        resources.files("rekvid.backends.local.labels").joinpath("taxonomy.toml").read_text(encoding="utf-8")
    )
    rows = cast("dict[str, _Row]", facts["labels"])
    return _Table(
        classes=cast("dict[str, str]", facts["classes"]),
        names={name.casefold(): name for name in rows},
        entries={name: _entry(name, rows) for name in rows},
    )


def _entry(name: str, rows: Mapping[str, _Row]) -> LabelEntry:
    row = rows[name]
    return LabelEntry(
        name=name,
        parents=tuple(_ancestors(name, rows)),
        aliases=tuple(row.get("aliases", ())),
        categories=(row["category"],),
    )


def _ancestors(name: str, rows: Mapping[str, _Row]) -> Iterator[str]:
    """Level by level, each label once."""
    seen: set[str] = set()
    level = rows[name].get("parents", [])
    while level:
        new = [parent for parent in dict.fromkeys(level) if parent not in seen]
        seen.update(new)
        yield from new
        level = [grandparent for parent in new for grandparent in rows[parent].get("parents", [])]
