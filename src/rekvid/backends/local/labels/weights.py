"""Model files on this machine: where they lie, whether they are what they should be, and how they come here.

A file counts only if its size and SHA-256 digest are those of the registry, so it doesn't matter how it came into the
folder: fetched by `pull`, or copied there by hand. Model files are read by ONNX Runtime alone and never unpickled.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import os
from pathlib import Path
from typing import Final

from rekvid.backends.local.labels.fetching import OnBytes, fetch
from rekvid.backends.local.labels.registry import DEFAULT_MODEL, ModelInfo, find, known
from rekvid.clock import Clock, SystemClock
from rekvid.errors import ConfigurationError, MissingExtraError, ModelUnavailableError

__all__ = ["DEFAULT_MODEL", "ModelFolder", "ModelInfo", "ModelState", "by_hand", "find", "known", "path_of", "pull"]

_LOCK_SUFFIX: Final = ".lock"
_PART_SUFFIX: Final = ".part"


class ModelState(enum.StrEnum):
    """Whether a model can be used."""

    PRESENT = "present"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclasses.dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder with model files. Whoever may write in it is trusted: files are checked when they are asked for.

    Attributes:
        path: The folder; made when the first model is fetched.
    """

    path: Path

    @classmethod
    def of_user(cls) -> ModelFolder:
        """The folder that ``REKVID_MODEL_DIR`` names, else ``models`` in the user's data folder for rekvid.

        Raises:
            MissingExtraError: Packages of the extra ``local`` are not installed.
        """
        if named := os.environ.get("REKVID_MODEL_DIR"):
            return cls(Path(named).expanduser())
        try:
            import platformdirs
        except ModuleNotFoundError as error:
            raise MissingExtraError("local", "the model folder") from error
        return cls(Path(platformdirs.user_data_dir("rekvid", appauthor=False), "models"))

    def path_of(self, model: ModelInfo) -> Path:
        """Where the model's file lies, or would lie."""
        return self.path / model.file_name

    def state_of(self, model: ModelInfo) -> ModelState:
        """Whether the file is there and is the right one; reads all of it, some milliseconds for 4 MB."""
        if not self.path_of(model).exists():
            return ModelState.MISSING
        return ModelState.DAMAGED if self._fault_of(self.path_of(model), model) else ModelState.PRESENT

    def require(self, model: ModelInfo) -> Path:
        """Where the model's file lies, after a look at all of it.

        Raises:
            ModelUnavailableError: It isn't there, or is another file. The hint says how to get it.
        """
        path = self.path_of(model)
        if not path.exists():
            error = ModelUnavailableError(f"the model {model.name} is not on this machine: there is no {path}")
        elif fault := self._fault_of(path, model):
            error = ModelUnavailableError(f"{path} is not the model {model.name}: {fault}")
        else:
            return path
        error.hint = f"`rekvid models pull {model.name}` fetches it; {self.by_hand(model)}"
        raise error

    def pull(
        self,
        model: ModelInfo,
        *,
        on_progress: OnBytes = lambda _done, _total: None,
        clock: Clock | None = None,
    ) -> Path:
        """Fetch the model, unless its file is there already; a fetch that was broken off goes on where it ended.

        The file appears under its name only after its size and digest were found right. Several processes may do
        this at once: one fetches, the others wait for it and find its file.

        Args:
            model: What to fetch. It comes from its own address, or from ``REKVID_MODEL_MIRROR``, a folder on an HTTP
                server with the files under their names.
            on_progress: Told the bytes that are here and those of the whole file.
            clock: What waits between attempts.

        Raises:
            ModelUnavailableError: It can't be had: no connection, ``REKVID_OFFLINE`` is set, or what was sent is
                another file. The hint says which file to put where by hand.
            ConfigurationError: The folder can't be written to, or the mirror's address is none.
            MissingExtraError: Packages of the extra ``local`` are not installed.
        """
        if self.state_of(model) is ModelState.PRESENT:
            return self.path_of(model)
        try:
            return self._pull(model, on_progress, clock or SystemClock())
        except ModelUnavailableError as error:
            error.hint = self.by_hand(model)
            raise
        except OSError as error:
            raise ConfigurationError(
                f"the model folder {self.path} can't be written to: {error}; name another in REKVID_MODEL_DIR"
            ) from error

    def _pull(self, model: ModelInfo, on_progress: OnBytes, clock: Clock) -> Path:
        try:
            from filelock import FileLock
        except ModuleNotFoundError as error:
            raise MissingExtraError("local", "fetching models") from error
        if _offline():
            raise ModelUnavailableError(f"the model {model.name} is not fetched, as REKVID_OFFLINE is set")
        url = _address_of(model)
        path = self.path_of(model)
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}{_LOCK_SUFFIX}"):
            if self.state_of(model) is ModelState.PRESENT:  # another process was faster
                return path
            part = path.with_name(path.name + _PART_SUFFIX)
            resumed = part.exists()
            fetch(url, part, model.size, on_progress=on_progress, clock=clock)
            if resumed and self._fault_of(part, model):
                # What an earlier run left may be what is wrong: once more, from the first byte.
                part.unlink()
                fetch(url, part, model.size, on_progress=on_progress, clock=clock)
            if fault := self._fault_of(part, model):
                part.unlink()
                raise ModelUnavailableError(f"{url} is not the model {model.name}: {fault}")
            part.replace(path)
        return path

    def _fault_of(self, path: Path, model: ModelInfo) -> str:
        """What is wrong with the file at `path`, in words; empty if nothing is."""
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != model.size:
                    return f"it has {size} bytes instead of {model.size}"
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"it can't be read ({error})"
        return "" if digest == model.sha256 else f"its SHA-256 is {digest} instead of {model.sha256}"

    def by_hand(self, model: ModelInfo) -> str:
        """What to do on a machine without a connection, as part of a sentence."""
        return f"by hand: put the file from {model.url} ({model.size} bytes) at {self.path_of(model)}"


def path_of(name: str) -> Path:
    """The checked file of a model in the user's model folder.

    Raises:
        ValidationError: No model has that name.
        ModelUnavailableError: The file isn't there, or is another one. The hint says how to get it.
    """
    model = find(name)
    return ModelFolder.of_user().require(model)


def by_hand(name: str) -> str:
    """See `ModelFolder.by_hand`, for the user's model folder.

    Raises:
        ValidationError: No model has that name.
    """
    model = find(name)
    return ModelFolder.of_user().by_hand(model)


def pull(name: str, *, on_progress: OnBytes = lambda _done, _total: None) -> Path:
    """Fetch a model into the user's model folder, unless it is there. See `ModelFolder.pull` for the errors.

    Raises:
        ValidationError: No model has that name.
    """
    model = find(name)
    return ModelFolder.of_user().pull(model, on_progress=on_progress)


def _offline() -> bool:
    return os.environ.get("REKVID_OFFLINE", "").strip().lower() not in ("", "0", "false", "no", "off")


def _address_of(model: ModelInfo) -> str:
    mirror = os.environ.get("REKVID_MODEL_MIRROR")
    return f"{mirror.rstrip('/')}/{model.file_name}" if mirror else model.url
