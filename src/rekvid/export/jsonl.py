"""Results as JSON Lines: a head, then an item on each line, all in the service's shape.

The head is an answer of the service without its items, and under ``rekvid`` the version of this layout and the name of
the list that the items were taken from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rekvid.errors import ResponseError
from rekvid.models import JsonValue

_VERSION = 1


def write_jsonl(
    path: str | os.PathLike[str], items_name: str, head: Mapping[str, JsonValue], items: Iterable[dict[str, JsonValue]]
) -> None:
    """Write `head`, and `items` of the list `items_name`, to `path`, which changes only when all is written."""
    target = Path(path)
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        mark = {"rekvid": {"Version": _VERSION, "Items": items_name}}
        for each in ({**mark, **head}, *items):
            file.write(json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n")
    unfinished.replace(target)


@contextmanager
def reading_jsonl(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, object], Iterator[bytes]]]:
    """Open what `write_jsonl` wrote: the name of the list, the head, and the items' lines, read one at a time.

    Raises:
        ResponseError: The first line is not such a head.
        OSError: The file can't be read.
    """
    name = os.fspath(path)
    with Path(path).open("rb") as file:
        try:
            head = json.loads(file.readline())
            mark = head.pop("rekvid")
            version, items_name = mark["Version"], mark["Items"]
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise ResponseError(f"{name} doesn't begin with the head of results that rekvid has written") from error
        if version != _VERSION:
            raise ResponseError(f"{name} has version {version!r} of the layout; this rekvid reads version {_VERSION}")
        yield str(items_name), head, (line for line in file if not line.isspace())
