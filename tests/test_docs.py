from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = "\n".join(
    path.read_text() for path in [*ROOT.glob("tests/**/*.py"), ROOT / "src/rekvid/testing/conformance.py"]
)


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
    for page in (ROOT / "docs").glob("*.md"):
        assert f": {page.name}\n" in navigation, page.name
