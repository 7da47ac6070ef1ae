"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from rekvid.testing.local_aws import LocalAws

# Time limits for one example measure how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "explore", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
# A test that fails must do so for what was changed: every run tries the same examples, `nox -s explore` others.
hypothesis.settings.register_profile("rekvid", hypothesis.settings.get_profile("explore"), derandomize=True)
hypothesis.settings.load_profile("rekvid")


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real clips, models and responses; whoever needs it is skipped where it is missing."""
    default = Path(__file__).parents[2] / "shared" / "assets"
    folder = Path(os.environ.get("REKVID_ASSETS") or default)
    if not folder.is_dir():
        pytest.skip(f"no folder of real clips and responses at {folder}; name it in REKVID_ASSETS")
    return folder


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two shots, of 25 frames each."""
    pytest.importorskip("av")
    from rekvid.testing.reels import TextureScene, make_reel

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_reel(path, (TextureScene(seconds=1), TextureScene(seconds=1)), width=128, height=72, rate=Fraction(25))
    return path


@pytest.fixture
def all_of_aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """AWS on this machine with IAM, STS and KMS too, which boto3 finds for every service by itself."""
    for module in ("starlette", "uvicorn", "moto.server"):
        pytest.importorskip(module)
    aws: LocalAws = request.getfixturevalue("rekvid_aws")
    for service in ("IAM", "STS", "KMS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.sqs.meta.endpoint_url)
    return aws
