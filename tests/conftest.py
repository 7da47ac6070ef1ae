"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# Time limits for one example measure how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "rekvid", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("rekvid")


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real clips, models and responses; whoever needs it is skipped where it is missing."""
    default = Path(__file__).parents[2] / "shared" / "assets"
    folder = Path(os.environ.get("REKVID_ASSETS") or default)
    if not folder.is_dir():
        pytest.skip(f"no folder of real clips and responses at {folder}; name it in REKVID_ASSETS")
    return folder
