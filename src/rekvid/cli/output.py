"""What the commands give: a table for people, or JSON, JSON Lines and CSV for programs."""

from __future__ import annotations

import dataclasses
import enum
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from rekvid.cli.display import labels_table, segments_table
from rekvid.cli.rows import to_csv
from rekvid.errors import ValidationError
from rekvid.results import LabelDetectionResult, SegmentDetectionResult

Result: TypeAlias = LabelDetectionResult | SegmentDetectionResult

_PANEL: Final = "Output"

TableOption = Annotated[bool, typer.Option("--table", rich_help_panel=_PANEL, help="A table for people; the default.")]
JsonOption = Annotated[
    bool, typer.Option("--json", rich_help_panel=_PANEL, help="One JSON object, as the service answers.")
]
JsonlOption = Annotated[
    bool,
    typer.Option("--jsonl", rich_help_panel=_PANEL, help="JSON Lines, for `rekvid export` and rekvid.read_jsonl()."),
]
CsvOption = Annotated[bool, typer.Option("--csv", rich_help_panel=_PANEL, help="CSV with a line of headings.")]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="Write to FILE, in the format of its ending unless one is given.",
    ),
]


class Format(enum.StrEnum):
    """The form of what is given."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where results go, and in what form.

    Attributes:
        format: The form.
        path: The file; None for standard output.
    """

    format: Format
    path: Path | None

    @classmethod
    def of(cls, *, as_table: bool, as_json: bool, as_jsonl: bool, as_csv: bool, path: Path | None) -> Output:
        """What the options say.

        Raises:
            ValidationError: They contradict each other, or nothing can be written to `path`.
        """
        flags = {Format.TABLE: as_table, Format.JSON: as_json, Format.JSONL: as_jsonl, Format.CSV: as_csv}
        chosen = [each for each, wanted in flags.items() if wanted]
        if len(chosen) > 1:
            raise ValidationError(f"--{chosen[1]}", True, f"doesn't go with --{chosen[0]}: one format at a time")
        if path is not None:
            check_target(path)
        return cls(format=chosen[0] if chosen else _format_of(path), path=path)

    def write(self, result: Result, title: str) -> None:
        """Give `result`; `title` stands over a table."""
        if self.format is Format.JSONL:
            self._write_jsonl(result)
        elif self.format is Format.TABLE:
            table = _table(result, title)
            if self.path is None:
                Console().print(table)
            else:
                with self.path.open("w", encoding="utf-8") as file:
                    Console(file=file).print(table)
        else:
            write_text(self._text(result), self.path)

    def _text(self, result: Result) -> str:
        if self.format is Format.CSV:
            return to_csv(result)
        return json.dumps(result.to_page().to_aws(), indent=2, ensure_ascii=False) + "\n"

    def _write_jsonl(self, result: Result) -> None:
        if self.path is not None:
            result.to_jsonl(self.path)
            return
        with tempfile.TemporaryDirectory(prefix="rekvid-") as folder:
            path = Path(folder, "result.jsonl")
            result.to_jsonl(path)
            with path.open(encoding="utf-8") as file:
                shutil.copyfileobj(file, sys.stdout)
            sys.stdout.flush()  # here, where a reader that has gone is noticed quietly


def _table(result: Result, title: str) -> Table:
    return labels_table(result, title) if isinstance(result, LabelDetectionResult) else segments_table(result, title)


def write_text(text: str, path: Path | None) -> None:
    """Write `text` to `path`, or where that is None to standard output."""
    if path is None:
        typer.echo(text, nl=False)
    else:
        path.write_text(text, encoding="utf-8", newline="\n")


def check_target(path: Path) -> None:
    """Look whether a file can lie at `path`, before work is done for it.

    Raises:
        ValidationError: It can't.
    """
    if path.is_dir():
        raise ValidationError("--output", str(path), "is a folder: name a file")
    if not path.parent.is_dir():
        raise ValidationError("--output", str(path), f"there is no folder {path.parent}: make it first")


def _format_of(path: Path | None) -> Format:
    if path is None:
        return Format.TABLE
    endings = {f".{each}": each for each in (Format.JSON, Format.JSONL, Format.CSV)}
    try:
        return endings[path.suffix.lower()]
    except KeyError:
        rule = "names no format: give --json, --jsonl, --csv or --table, or an ending .json, .jsonl or .csv"
        raise ValidationError("--output", str(path), rule) from None
