"""README and the pages of docs/, and the code that stands in them.

A block of code has a line before it that says how it is run:

- ``<!-- run: PLACE -->``: by itself, in a folder with ``film.mp4``; the places are those of the tests that run them.
- ``<!-- part: NAME -->``: those of a page with the same name are one program.
- ``<!-- step: PLACE -->`` and ``<!-- file: NAME -->``: a tutorial, whose blocks are done in their order in one folder.
- ``<!-- command: NAME -->``: by ``.ci/run``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>\w[^\n]*?) -->\n+)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code in a page.

    Attributes:
        page: The page.
        number: Which block of the page it is, from 0.
        kind: What its marker begins with, such as ``run``; empty without a marker.
        place: What stands after that.
        language: ``python``, ``console`` and so on.
        code: The text.
    """

    page: Path
    number: int
    kind: str
    place: str
    language: str
    code: str

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.page.stem}-{self.number}"

    @property
    def commands(self) -> list[str]:
        """The command lines in it, each on one line. In a console they follow the prompt, the rest is output."""
        text = self.code.replace("\\\n", " ")
        if self.language == "console":
            return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        if self.language == "bash":
            lines = (line for line in text.splitlines() if line and not line.startswith("#"))
            return [part.strip() for line in lines for part in line.split(" && ")]
        return []


def blocks_of(page: Path) -> list[Block]:
    """The blocks of code of a page, in order."""
    found = []
    for number, match in enumerate(_BLOCK.finditer(page.read_text(encoding="utf-8"))):
        kind, _, place = (match["marker"] or "").partition(": ")
        found.append(
            Block(
                page=page,
                number=number,
                kind=kind,
                place=place,
                language=match["language"],
                code=match["code"],
            )
        )
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def blocks(kind: str, place: str, *languages: str) -> list[Block]:
    """The blocks of all pages with a marker, in the given languages."""
    return [each for each in BLOCKS if (each.kind, each.place) == (kind, place) and each.language in languages]


def parts() -> dict[tuple[Path, str], str]:
    """The programs that are shown in parts, by page and name."""
    programs: dict[tuple[Path, str], str] = {}
    for each in BLOCKS:
        if each.kind == "part":
            programs[each.page, each.place] = programs.get((each.page, each.place), "") + each.code
    return programs


def is_install(command: str) -> bool:
    """Whether a command installs packages, which is checked by its words and not done."""
    words = shlex.split(command)
    return "pip" in {Path(word).name for word in words[:3]} and "install" in words
