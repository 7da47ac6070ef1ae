"""README and docs/: their promises have tests, their pages are found, and no code in them goes untried."""

from __future__ import annotations

import re
import tomllib

from pages import BLOCKS, PAGES, ROOT, Block, blocks_of, is_install, parts

TESTS = "\n".join(
    path.read_text() for path in [*ROOT.glob("tests/**/*.py"), ROOT / "src/rekvid/testing/conformance.py"]
)
PLACES = {
    "python": {"aws", "local", "model", "pytest"},
    "console": {"cli", "cli-aws", "cli-model", "serve"},
    "bash": {"cli", "cli-aws", "cli-model", "serve", "clients"},
}
"""Where a block of a language that stands for itself can be run."""


def test_every_promise_of_reliability_is_held_by_a_test() -> None:
    """Each row of the table in docs/reliability.md names tests that exist."""
    rows = [line for line in (ROOT / "docs/reliability.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        for name in named:
            assert f"def {name}(" in TESTS, name


def test_every_page_is_in_the_navigation() -> None:
    """A page of docs/ that the navigation doesn't lead to would not be found."""
    navigation = (ROOT / "mkdocs.yml").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        assert f": {page.relative_to(ROOT / 'docs')}\n" in navigation, page.name


def is_run(block: Block) -> bool:
    """Whether a test or .ci/run runs a block, by its marker."""
    by_itself = block.kind == "run" and block.place in PLACES.get(block.language, ())
    return by_itself or block.kind in {"part", "step", "file", "command"}


def is_left_out(command: str) -> bool:
    """Whether a command is none that CI runs: what installs packages, and benchmarks, which take hours."""
    name = re.match(r"(?:nox -s benchmarks -- |python benchmarks/)(\w+)", command)
    return is_install(command) or (name is not None and (ROOT / "benchmarks" / f"{name[1]}.py").exists())


def test_every_block_of_code_is_run() -> None:
    """Each program and command line in README and docs has a marker by which a test or .ci/run runs it."""
    code = [block for block in BLOCKS if block.language in PLACES]
    left_out = [block for block in code if block.commands and all(map(is_left_out, block.commands))]
    assert [block.name for block in code if not is_run(block) and block not in left_out] == []
    assert len(code) - len(left_out) > 80


def test_no_block_is_overlooked() -> None:
    """As many blocks are read from a page as it has, so that none is left out by how it is written."""
    for page in PAGES:
        fences = re.findall(r"^\s*```\w+", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(blocks_of(page)) == len(fences), page.name


def test_code_is_not_shown_as_text() -> None:
    """A command line that is written as plain text, by which it isn't run, is run on another page."""
    run = {command for block in BLOCKS if is_run(block) for command in block.commands}
    shown = [
        line.removeprefix("$ ")
        for block in BLOCKS
        if block.language == "text"
        for line in block.code.splitlines()
        if re.match(r"\$ |rekvid \w", line)
    ]
    assert [command for command in shown if command not in run and not is_left_out(command)] == []


def test_extras_that_are_installed_exist() -> None:
    """Each extra that README and docs tell to install is one of the package's."""
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    named = []
    for page in PAGES:
        for words in re.findall(r"pip install ([^\n`]+)", page.read_text(encoding="utf-8")):
            named += re.findall(r"(?:rekvid|\.)\[([\w,]+)\]", words)
    assert len(named) > 10
    assert {extra for each in named for extra in each.split(",")} <= extras


def test_workflows_hold_what_their_page_runs() -> None:
    """A workflow of a CI service in a page has no command that the page itself doesn't run, or install by."""
    workflows = [block for block in BLOCKS if block.language == "yaml"]
    assert workflows
    for block in workflows:
        here = {command for each in blocks_of(block.page) for command in each.commands}
        commands = re.findall(r"- run: (.+)", block.code)
        assert commands
        assert set(commands) <= here, block.name


def test_figures_of_readme_are_those_that_were_measured() -> None:
    """The figures beside raw boto3 in README are medians of docs/performance.md, and the lines of docs/migration.md."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    decoding, reading = (measured.split(f"## {title}\n")[1] for title in ("Decoding a page", "Reading 100,000 labels"))

    def row(page: str, beginning: str) -> list[str]:
        found = next(line for line in page.splitlines() if line.startswith(f"| {beginning}"))
        return [cell.strip() for cell in found.strip("|").split("|")]

    decoded, read, lines = (row(readme, each)[1:] for each in ("a page of 1000 labels", "100,000 labels", "lines of"))
    assert decoded == [
        f"{row(decoding, each)[2]} ms" for each in ("botocore's parser, to dictionaries", "rekvid, to frozen")
    ]
    assert read == [f"{row(reading, each)[2]} s" for each in ("boto3 |", "rekvid |")]
    programs = {name: code for (page, name), code in parts().items() if page.stem == "migration"}
    counted = {name: sum(bool(line.strip()) for line in code.splitlines()) for name, code in programs.items()}
    assert lines == [str(counted["boto3"]), str(counted["rekvid"])]
