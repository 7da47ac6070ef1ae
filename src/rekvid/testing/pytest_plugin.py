"""Fixtures for users' tests; pytest finds them by itself where rekvid is installed.

``rekvid_endpoint`` is an endpoint over a fake, ``rekvid_aws`` puts S3, SNS and SQS beside it. A test under the
marker ``rekvid_local`` gets an endpoint over the local backend instead, which reads its videos from that S3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rekvid.backends.base import Backend
    from rekvid.endpoint import Settings
    from rekvid.testing.endpoint import TestedEndpoint
    from rekvid.testing.local_aws import LocalAws, MotoServer

# Everything else is imported by the fixtures: pytest loads this file for every project of its user.


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "rekvid_local: the rekvid fixtures stand over the local backend, not over a fake"
    )


@pytest.fixture(scope="session")
def _rekvid_moto() -> Iterator[MotoServer]:
    """One server for all tests; each begins with an empty one."""
    from rekvid.testing.local_aws import MotoServer

    with MotoServer() as server:
        yield server


@pytest.fixture
def rekvid_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """What the other fixtures stand over: a `FakeBackend`. Override it to have another one."""
    if request.node.get_closest_marker("rekvid_local") is None:
        from rekvid.testing.fake import FakeBackend

        fake = FakeBackend()
        yield fake
        fake.close()
        return
    import boto3

    from rekvid.backends.local import LocalBackend
    from rekvid.testing.local_aws import REGION

    moto: MotoServer = request.getfixturevalue("_rekvid_moto")
    s3 = boto3.session.Session("AKIDEXAMPLE", "secret", region_name=REGION).client("s3", endpoint_url=moto.url)
    backend = LocalBackend(store=":memory:", s3=s3)
    yield backend
    backend.close()
    s3.close()


@pytest.fixture
def rekvid_settings() -> Settings:
    """How the endpoint is set up (`rekvid.endpoint.Settings`). Override it for other limits, keys or a clock."""
    from rekvid.endpoint import Settings

    return Settings()


@pytest.fixture
def rekvid_endpoint(
    rekvid_backend: Backend, rekvid_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestedEndpoint]:
    """A running endpoint (`rekvid.testing.endpoint.TestedEndpoint`), which boto3 finds for Rekognition by itself."""
    from rekvid.testing.endpoint import TestedEndpoint
    from rekvid.testing.local_aws import environment_of

    with TestedEndpoint(rekvid_backend, rekvid_settings) as endpoint:
        for name, value in environment_of(endpoint).items():
            monkeypatch.setenv(name, value)
        yield endpoint


@pytest.fixture
def rekvid_aws(
    rekvid_endpoint: TestedEndpoint, _rekvid_moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalAws]:
    """Rekognition with S3, SNS and SQS (`rekvid.testing.local_aws.LocalAws`), which boto3 finds by itself."""
    from rekvid.testing.local_aws import LocalAws

    _rekvid_moto.reset()
    with LocalAws(rekvid_endpoint, _rekvid_moto) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield aws
