"""What `rekvid doctor` looks at: packages, codecs, models, the store, and what boto3 finds of an AWS account."""

from __future__ import annotations

import dataclasses
import enum
import importlib.metadata
import os
import platform
import re
import shutil
from collections.abc import Iterator
from typing import Final

from rekvid._version import __version__
from rekvid.errors import RekvidError

_CODECS: Final = ("h264", "hevc", "vp9", "av1", "mpeg4", "mpeg2video", "prores", "dnxhd", "mjpeg", "aac")
"""What people's videos are in, by FFmpeg's names."""
_ASK_ELSEWHERE: Final = ("container-role", "iam-role", "custom-process")
"""Sources of credentials that botocore would call a server or start a program for."""


class Health(enum.StrEnum):
    """How something is."""

    GOOD = "good"
    ABSENT = "absent"
    BROKEN = "broken"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What was found about one thing.

    Attributes:
        area: What the thing belongs to: ``packages``.
        subject: The thing.
        health: Whether it can be used; `ABSENT` is fine for who doesn't need it.
        found: What was found, in some words.
        remedy: What to do; empty where nothing is to be done.
    """

    area: str
    subject: str
    health: Health
    found: str
    remedy: str = ""


def look_at_everything() -> Iterator[Remark]:
    """All remarks, in the order in which people should read them. Nothing is sent anywhere."""
    yield Remark(
        area="rekvid",
        subject="version",
        health=Health.GOOD,
        found=f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )
    yield from _extras()
    yield from _media()
    yield from _labels()
    yield _store()
    yield from _aws()


def _extras() -> Iterator[Remark]:
    """A remark for each extra, as the metadata of rekvid lists them."""
    metadata = importlib.metadata.metadata("rekvid")
    requirements = metadata.get_all("Requires-Dist") or []
    for extra in metadata.get_all("Provides-Extra") or []:
        if extra == "all":  # all of the others again
            continue
        pattern = rf"([\w.-]+)[^;]*;.*extra == ['\"]{re.escape(extra)}['\"]"
        names = [match[1] for each in requirements if (match := re.match(pattern, each)) and match[1] != "rekvid"]
        versions = {name: _version_of(name) for name in names}
        missing = [name for name, version in versions.items() if version is None]
        if names:
            yield Remark(
                area="packages",
                subject=f"extra {extra}",
                health=Health.ABSENT if missing else Health.GOOD,
                found=", ".join(f"{name} {version or 'is missing'}" for name, version in versions.items()),
                remedy=f'pip install "rekvid[{extra}]"' if missing else "",
            )


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _media() -> Iterator[Remark]:
    try:
        import av
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):  # installed, but not for this machine
            yield Remark(area="video", subject="decoders", health=Health.BROKEN, found=str(error), remedy=_REINSTALL)
    else:
        lacking = [name for name in _CODECS if name not in av.codecs_available]
        library = ".".join(map(str, av.library_versions["libavcodec"]))
        yield Remark(
            area="video",
            subject="decoders",
            health=Health.ABSENT if lacking else Health.GOOD,
            found=f"libavcodec {library} of PyAV, "
            + (f"without {', '.join(lacking)}" if lacking else "all usual ones"),
            remedy=_REINSTALL if lacking else "",
        )
    command = shutil.which("ffmpeg")
    yield Remark(
        area="video",
        subject="ffmpeg",
        health=Health.GOOD if command else Health.ABSENT,
        found=command or "the program is not on the PATH",
        remedy="" if command else "only cutting by `rekvid export --to ffmpeg-split` needs it: install FFmpeg",
    )


_REINSTALL: Final = "PyAV's own wheels have them all: pip install --force-reinstall --only-binary av av"


def _labels() -> Iterator[Remark]:
    if _version_of("platformdirs") is None:
        return
    from rekvid.backends.local.labels.weights import DEFAULT_MODEL, ModelFolder, ModelState, known

    folder = ModelFolder.of_user()
    healths = {
        ModelState.PRESENT: Health.GOOD,
        ModelState.MISSING: Health.ABSENT,
        ModelState.DAMAGED: Health.BROKEN,
    }
    for model in known():
        state = folder.state_of(model)
        default = ", the default for labels" if model.name == DEFAULT_MODEL else ""
        yield Remark(
            area="labels",
            subject=f"model {model.name}",
            health=healths[state],
            found=f"{state} in {folder.path}{default}",
            remedy="" if state is ModelState.PRESENT else f"rekvid models pull {model.name}",
        )
    if _version_of("numpy") is None:
        return
    from rekvid.backends.local.labels.detectors.registry import names

    yield Remark(area="labels", subject="detectors", health=Health.GOOD, found=", ".join(names()))


def _store() -> Remark:
    """Whether the local backend can be made with its store, which is tried."""
    from rekvid.backends.local import LocalBackend
    from rekvid.errors import MissingExtraError

    try:
        backend = LocalBackend()
    except MissingExtraError as error:
        return Remark(area="jobs", subject="store", health=Health.ABSENT, found="no local backend", remedy=str(error))
    except (RekvidError, OSError) as error:
        remedy = "name a folder that can be written to in REKVID_STATE_DIR"
        return Remark(area="jobs", subject="store", health=Health.BROKEN, found=str(error), remedy=remedy)
    backend.close()
    return Remark(area="jobs", subject="store", health=Health.GOOD, found=f"{backend.folder} can be written to")


def _aws() -> Iterator[Remark]:
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        inner = botocore.session.Session()
        providers = inner.get_component("credential_provider")
        for name in _ASK_ELSEWHERE:
            providers.remove(name)
        session = boto3.session.Session(botocore_session=inner)
        credentials = session.get_credentials()
        region = session.region_name
    except BotoCoreError as error:
        remedy = "correct AWS_PROFILE or the files in ~/.aws"
        yield Remark(area="AWS", subject="settings", health=Health.BROKEN, found=str(error), remedy=remedy)
        return
    yield Remark(
        area="AWS",
        subject="region",
        health=Health.GOOD if region else Health.ABSENT,
        found=region or "none is set",
        remedy="" if region else "set AWS_DEFAULT_REGION, or give --region",
    )
    process = inner.get_scoped_config().get("credential_process")
    if credentials is not None:
        found = f"from {credentials.method}; whether they are valid was not asked"
    elif process:
        found = f"from the program {process}, which was not started"
    elif any(os.environ.get(f"AWS_CONTAINER_CREDENTIALS_{each}_URI") for each in ("RELATIVE", "FULL")):
        found = "from the container's role, which was not asked"
    else:
        remedy = "`aws configure` writes them, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        nowhere = "none in the environment or files; the role of an EC2 instance was not asked"
        yield Remark(area="AWS", subject="credentials", health=Health.ABSENT, found=nowhere, remedy=remedy)
        return
    yield Remark(area="AWS", subject="credentials", health=Health.GOOD, found=found)
