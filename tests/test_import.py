"""What `import rekvid` costs and says."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import rekvid

HEAVY = ("av", "boto3", "botocore", "numpy", "onnxruntime", "pydantic", "rich", "starlette", "tqdm", "typer")


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `statement`."""
    program = f"import sys\n{statement}\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    return set(done.stdout.split())


def test_import_is_light() -> None:
    """`import rekvid` loads no AWS, media, array, web or terminal library: each comes with what needs it."""
    loaded = loaded_by("import rekvid")

    assert "rekvid" in loaded
    assert loaded.isdisjoint(HEAVY), sorted(loaded.intersection(HEAVY))


def test_loaded_by_sees_what_is_loaded() -> None:
    """The look at a fresh interpreter finds a heavy module that was imported."""
    assert "botocore" in loaded_by("import botocore")


def test_version_is_that_of_the_installed_package() -> None:
    """The version in the code is the one that the installed package's metadata tells."""
    assert rekvid.__version__ == version("rekvid")
