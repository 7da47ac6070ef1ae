"""Holds the layers: a module imports only from a lower level, wherever in its file the import stands.

docs/architecture.md explains the levels. An import inside a function or under TYPE_CHECKING is a dependency
like any other, so it counts too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src"

LEVELS = {
    "rekvid._media_files": 0,
    "rekvid._version": 0,
    "rekvid.clock": 0,
    "rekvid.container": 0,
    "rekvid.errors": 0,
    "rekvid.timecode": 0,
    "rekvid.models": 1,
    "rekvid.export": 2,
    "rekvid.operations": 2,
    "rekvid.progress": 2,
    "rekvid.report": 2,
    "rekvid.tracks": 2,
    "rekvid.paging": 3,
    "rekvid.results": 3,
    "rekvid.wire": 3,
    "rekvid.backends": 4,
    "rekvid.backends.base": 4,
    "rekvid.backends.aws": 5,
    "rekvid.backends.local": 5,
    "rekvid.waiting": 5,
    "rekvid.job": 6,
    "rekvid.client": 7,
    "rekvid.aws": 8,
    "rekvid.endpoint": 8,
    "rekvid.testing": 9,
    "rekvid.cli": 10,
    "rekvid": 11,
}
"""The level of every unit. A unit is a module, or a package with all that is in it."""

NAMESPACES = {"rekvid", "rekvid.backends"}
"""Packages that are no unit: each module in them has a row of its own, and only the package's own file has theirs."""


def unit_of(module: str) -> str:
    """The row of LEVELS that `module` belongs to.

    Raises:
        LookupError: No row covers it.
    """
    name = module
    while name and (name not in LEVELS or (name in NAMESPACES and name != module)):
        name = name.rpartition(".")[0]
    if not name:
        raise LookupError(f"{module} is in no row of LEVELS; give it a level")
    return name


def imported_names(tree: ast.AST, package: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that is imported; `package` is what relative imports start from."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                ancestors = package.split(".")
                start = ancestors[: len(ancestors) - level + 1] if level else []
                base = ".".join([*start, *([module] if module else [])])
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def violations(source: str, module: str, modules: Collection[str], *, is_package: bool = False) -> list[str]:
    """What `module` imports although it may not; `modules` are all modules that exist."""
    importer = unit_of(module)
    found: list[str] = []
    for line, name in imported_names(ast.parse(source), module if is_package else module.rpartition(".")[0]):
        if name.partition(".")[0] != "rekvid":
            continue
        target = name if name in modules else name.rpartition(".")[0] or name
        imported = unit_of(target)
        if imported != importer and LEVELS[imported] >= LEVELS[importer]:
            found.append(
                f"{module}:{line} (level {LEVELS[importer]}) imports {target} (level {LEVELS[imported]}), "
                "which is not below it"
            )
    return found


def existing_modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    paths = {path.relative_to(SOURCES).with_suffix(""): path for path in sorted(SOURCES.rglob("*.py"))}
    return {".".join(part for part in name.parts if part != "__init__"): path for name, path in paths.items()}


MODULES = existing_modules()


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_from_below(module: str) -> None:
    """A module has a level, and imports only from its own unit and from lower levels."""
    path = MODULES[module]

    source = path.read_text(encoding="utf-8")

    assert violations(source, module, MODULES.keys(), is_package=path.name == "__init__.py") == []


def test_every_module_is_looked_at() -> None:
    """The search for modules finds the package's top, a plain module and a module in a package."""
    assert {"rekvid", "rekvid.errors", "rekvid.models.labels"} <= MODULES.keys()


def test_architecture_page_has_the_same_levels() -> None:
    """The table in docs/architecture.md gives every unit the level that is held here."""
    rows = re.findall(
        r"^\| (\d+) \| (.+?) \|", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    documented = {name: int(level) for level, names in rows for name in re.findall(r"`([\w.]+)`", names)}

    assert documented == LEVELS


KNOWN = LEVELS.keys() | {"rekvid.models.labels", "rekvid.models.media", "rekvid.backends.aws.sqs"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param("rekvid.models.labels", "import rekvid.operations", id="plain import"),
        pytest.param("rekvid.models.labels", "from rekvid.operations import Pair", id="from a module"),
        pytest.param("rekvid.models.labels", "from rekvid import operations", id="a module from the top"),
        pytest.param("rekvid.models.labels", "from rekvid import Client", id="a name from the top"),
        pytest.param("rekvid.models.labels", "import rekvid", id="the top itself"),
        pytest.param("rekvid.models.labels", "from rekvid import *", id="star"),
        pytest.param("rekvid.models.labels", "from ..operations import Pair", id="relative"),
        pytest.param("rekvid.models.labels", "from .. import operations", id="relative from the parent"),
        pytest.param("rekvid.models.labels", "def late():\n    import rekvid.job", id="inside a function"),
        pytest.param(
            "rekvid.models.labels",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rekvid.client import Client",
            id="for types only",
        ),
        pytest.param("rekvid.job", "import importlib\nimportlib.import_module('rekvid.client')", id="by its name"),
        pytest.param("rekvid.errors", "import rekvid.clock", id="same level"),
        pytest.param("rekvid.backends.aws.sqs", "import rekvid.backends.local", id="aws sees local"),
        pytest.param("rekvid.backends.local", "from rekvid.backends.aws import sqs", id="local sees aws"),
        pytest.param("rekvid.backends.base", "from rekvid.backends import aws", id="from a namespace"),
        pytest.param("rekvid.backends", "from rekvid.backends.aws import AwsBackend", id="a namespace's own file"),
    ],
)
def test_upward_import_is_found(module: str, source: str) -> None:
    """An import from the same or a higher level is found, in whatever form it is written."""
    assert len(violations(source, module, KNOWN)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        pytest.param("rekvid.models.labels", "from rekvid.models import media", id="sibling"),
        pytest.param("rekvid.models.labels", "from rekvid.errors import ResponseError", id="lower"),
        pytest.param("rekvid.models.labels", "import json, rekvidx.client\nfrom os import path", id="others' modules"),
        pytest.param("rekvid.backends.aws.sqs", "from rekvid.backends import aws, base", id="own package and base"),
        pytest.param(
            "rekvid.cli", "from rekvid.testing import FakeBackend\nimport rekvid.endpoint", id="cli sees both"
        ),
        pytest.param("rekvid", "from rekvid.client import Client", id="the top sees all"),
    ],
)
def test_downward_import_passes(module: str, source: str) -> None:
    """An import from a lower level, from the same unit or from elsewhere is fine."""
    assert violations(source, module, KNOWN) == []


def test_package_file_resolves_relative_imports_from_itself() -> None:
    """In a package's own file one dot means the package, so `from . import labels` is a sibling."""
    assert violations("from . import labels", "rekvid.models", KNOWN, is_package=True) == []
    assert violations("from .. import client", "rekvid.models", KNOWN, is_package=True) != []


@pytest.mark.parametrize("module", ["rekvid.helpers", "rekvid.backends.azure", "rekvid.helpers.strings"])
def test_module_without_a_level_is_an_error(module: str) -> None:
    """A module that no row covers fails the test, so that nobody adds one without deciding on its level."""
    with pytest.raises(LookupError, match="give it a level"):
        violations("", module, KNOWN | {module})
    with pytest.raises(LookupError, match="give it a level"):
        violations(f"import {module}", "rekvid.cli", KNOWN | {module})
