"""The backend that analyses videos on this machine."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import os
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from rekvid.backends.base import Signal
from rekvid.backends.local.labels.registry import DEFAULT_MODEL
from rekvid.backends.local.labels.settings import LabelSettings
from rekvid.backends.local.runner import Runner
from rekvid.backends.local.shots.choice import check_shot_detector
from rekvid.backends.local.sources import Sources
from rekvid.backends.local.store import Store
from rekvid.backends.local.task import Task, label_task, segment_task
from rekvid.backends.local.video.sizes import VideoLimits
from rekvid.clock import Clock, SystemClock
from rekvid.errors import ConfigurationError, MissingExtraError, ModelUnavailableError, ValidationError
from rekvid.models import NotificationChannel
from rekvid.models._rules import Whole, check_value
from rekvid.operations import (
    GetRequest,
    PageT,
    StartLabelDetectionRequest,
    StartRequest,
    StartSegmentDetectionRequest,
    operation_of_get,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from rekvid.backends.local.labels.detectors.base import DetectorSpec
    from rekvid.backends.local.labels.detectors.registry import DetectorSource
    from rekvid.backends.local.owners import Owners

_NEEDED: Final = ("av", "numpy", "platformdirs", "filelock")
IN_MEMORY: Final = ":memory:"


class LocalBackend:
    """This machine's CPU, offline. Each job runs in a worker process of its own.

    A job belongs to the backend that started it: it ends with `close` or with the process. Its results stay in the
    store for 7 days, where any process can read them.

    Args:
        store: Folder of the store, ``":memory:"`` for one that ends with this backend, or None for the user's state
            folder (``REKVID_STATE_DIR``, or what platformdirs names). Made if missing.
        workers: How many jobs run at once, at least 1; decoding uses all cores even for one. The others wait.
        buckets: Folders that stand for S3 buckets, by the name of the bucket: ``{"media": "/srv/media"}``. Where they
            are given, other buckets are refused, unless `s3` is given too.
        s3: Client that fetches S3 objects; boto3's default chain when neither this nor `buckets` is given.
        video_limits: How large a video may be, such as the service's `VideoLimits()`; None for as large as can be read.
        detectors: What finds labels: names such as ``"yolox-nano"`` or ``"text"``, ``"package.module:callable"``,
            `OnnxDetector` or others' objects with a spec (see `rekvid.backends.local.labels.detectors`). Several work
            on one job together. None is ``yolox-nano``, which isn't asked for before labels are.
        label_settings: How labels are detected; a sample each 200 ms when absent.
        shot_detector: What finds shots. None is the detector of our own, which needs no weights and costs much less
            than decoding. ``"transnetv2"`` is that network (extra ``transnetv2``), which costs more than decoding; the
            path of an ``.onnx`` file is the same network as you exported it (extra ``onnx``), with the inputs and
            outputs that `rekvid.backends.local.shots.transnet_networks.onnx_network` states.
        clock: What tells the time for the lifetimes of jobs (7 days) and page tokens (24 hours).

    Raises:
        MissingExtraError: The extra ``local`` is not installed, or one that a detector needs.
        ModelUnavailableError: One of `detectors` is not installed, or its weights are not on this machine; or the file
            that `shot_detector` names is missing or holds another network.
        ValidationError: `workers` is no whole number of at least 1, `store` or `buckets` name no folders, or
            `shot_detector` is none of those above.
        ConfigurationError: The store can't be used.
    """

    def __init__(
        self,
        *,
        store: str | os.PathLike[str] | None = None,
        workers: int = 1,
        buckets: Mapping[str, str | os.PathLike[str]] | None = None,
        s3: S3Client | None = None,
        video_limits: VideoLimits | None = None,
        detectors: Sequence[DetectorSource] | None = None,
        label_settings: LabelSettings | None = None,
        shot_detector: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        check_value(Annotated[int, Whole(1)], workers, "workers")
        if any(importlib.util.find_spec(name) is None for name in _NEEDED):
            raise MissingExtraError("local", "the local backend")
        from rekvid.backends.local.owners import Owners

        self._detectors = None if detectors is None else _specs_of(detectors)
        self._label_settings = label_settings or LabelSettings()
        self._shot_detector = check_shot_detector(shot_detector)
        self._folder = _folder_of(store)
        folders = _bucket_folders(buckets)
        # Buckets that are not mapped are read from S3 with this process's credentials only where that was asked for.
        self._sources = Sources(folders, s3, fetch=buckets is None or s3 is not None, limits=video_limits)
        owners = Owners(self._folder, uuid.uuid4().hex)
        self._store = Store(
            self._folder and self._folder / "jobs.sqlite3",
            clock=clock or SystemClock(),
            owner=owners.name,
            is_alive=owners.is_alive,
        )
        self._runner = Runner(self._store, workers=workers)
        self._process = os.getpid()
        self._closed = threading.Event()
        # Also at the end of the interpreter: workers must not outlive those who asked for their work.
        self._close = weakref.finalize(self, _close, self._process, self._closed, self._runner, self._store, owners)

    @property
    def folder(self) -> Path | None:
        """The folder of the store; None where it is in memory."""
        return self._folder

    def start(self, request: StartRequest) -> str:
        """See `Backend.start`.

        Raises:
            InvalidS3ObjectError: The video can't be read.
            ModelUnavailableError: The request asks for labels, the backend was made without `detectors`, and the
                default one is not on this machine.
            IdempotentParameterMismatchError: The token was used with other parameters.
        """
        self._raise_if_closed()
        make_task = self._task_maker(request)
        if isinstance(request.video, Path):
            # A job may begin later, and its token may come again, when the working directory is another one.
            request = dataclasses.replace(request, video=request.video.absolute())
        self._sources.check(request.video, request.operation_name())
        job_id, is_new = self._store.create(request)
        if is_new:
            try:
                self._runner.submit(job_id, lambda: _task(self._sources, request, make_task, self._runner))
            except BaseException:
                self._store.fail(job_id, "The job could not be started.")
                raise
        return job_id

    def get(self, request: GetRequest[PageT]) -> PageT:
        """See `Backend.get`."""
        return operation_of_get(request).page.from_json(self.get_json(request))

    def get_json(self, request: GetRequest[PageT]) -> bytes:
        """See `rekvid.backends.base.JsonPages.get_json`."""
        self._raise_if_closed()
        self._runner.store_what_is_left()
        return self._store.get_json(request)

    def on_end(self, tell: Callable[[str], None]) -> None:
        """See `rekvid.backends.base.Announcer.on_end`."""
        self._runner.on_end(tell)

    def look(self, request: GetRequest[PageT]) -> PageT:
        """See `rekvid.backends.base.Announcer.look`."""
        return self.get(request)

    def signal(self, channel: NotificationChannel | None = None) -> Signal:
        """Wakes waiters when a job of this backend ends; tells its progress."""
        return self._runner

    def close(self) -> None:
        """End the jobs that still run, as FAILED, and close the store."""
        self._close()

    def _task_maker(self, request: StartRequest) -> Callable[[Path], Task]:
        """What makes the task of `request`, once its video lies at a path."""
        if isinstance(request, StartSegmentDetectionRequest):
            return functools.partial(segment_task, request, shot_detector=self._shot_detector)
        assert isinstance(request, StartLabelDetectionRequest)
        detectors = self._detectors or _default_detectors()
        return functools.partial(label_task, request, detectors=detectors, settings=self._label_settings)

    def _raise_if_closed(self) -> None:
        if os.getpid() != self._process:
            raise ConfigurationError("this backend was made before a fork and belongs to the parent: make one here")
        if self._closed.is_set():
            raise ConfigurationError("this backend was closed; results in its store can be read through a new one")

    def __repr__(self) -> str:
        return f"LocalBackend(store={str(self._folder or IN_MEMORY)!r})"


def _folder_of(store: object) -> Path | None:
    """The folder of the store; None for memory."""
    import platformdirs

    if store == IN_MEMORY:
        return None
    if store is None:
        return Path(os.environ.get("REKVID_STATE_DIR") or platformdirs.user_state_dir("rekvid", appauthor=False))
    if not isinstance(store, str | os.PathLike) or not os.fspath(store):
        raise ValidationError("store", store, f"must be a folder, {IN_MEMORY!r} or None")
    return Path(store).absolute()


def _bucket_folders(buckets: object) -> dict[str, Path]:
    if buckets is None:
        return {}
    if not isinstance(buckets, Mapping):
        raise ValidationError("buckets", buckets, 'must map names of buckets to folders: {"media": "/srv/media"}')
    for name, folder in buckets.items():
        if not Path(folder).is_dir():
            raise ValidationError(f"buckets[{name!r}]", str(folder), "there is no such folder")
    return {name: Path(folder) for name, folder in buckets.items()}


def _specs_of(detectors: Sequence[DetectorSource]) -> tuple[DetectorSpec, ...]:
    from rekvid.backends.local.labels.detectors.registry import specs_of

    return specs_of(detectors)


def _default_detectors() -> tuple[DetectorSpec, ...]:
    """The detector that is used where none was named.

    Raises:
        ModelUnavailableError: It isn't there.
    """
    try:
        return _specs_of([DEFAULT_MODEL])
    except (MissingExtraError, ModelUnavailableError) as error:
        from rekvid.backends.local.labels.weights import by_hand

        unavailable = ModelUnavailableError(
            f'label detection on this machine needs a detector: `pip install "rekvid[onnx]"` installs what it runs on,'
            f" and `rekvid models pull {DEFAULT_MODEL}` fetches its weights"
        )
        unavailable.hint = f"{error.args[0]}; {by_hand(DEFAULT_MODEL)}"
        raise unavailable from error


@contextmanager
def _task(sources: Sources, request: StartRequest, make_task: Callable[[Path], Task], runner: Runner) -> Iterator[Task]:
    with sources.file(request.video, runner.raise_if_closed) as path:
        yield make_task(path)


def _close(process: int, closed: threading.Event, runner: Runner, store: Store, owners: Owners) -> None:
    if os.getpid() != process:  # a child of a fork; all of this is its parent's
        return
    try:
        runner.close()
    finally:
        closed.set()
        try:
            store.close()
        finally:
            owners.close()
