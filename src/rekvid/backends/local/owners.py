"""Which processes still run jobs: each holds a lock on a file, which the system frees when the process ends."""

from __future__ import annotations

from pathlib import Path

import filelock

from rekvid.errors import ConfigurationError


class Owners:
    """The backends that share one store.

    Args:
        folder: The folder of the store; None for a store that no other backend sees.
        name: Name of this backend.

    Raises:
        ConfigurationError: The folder can't be written to.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self.name = name
        self._locks = None if folder is None else folder / "owners"
        self._lock: filelock.FileLock | None = None
        if self._locks is not None:
            try:
                self._locks.mkdir(parents=True, exist_ok=True)
                self._lock = self._lock_of(self._locks, name)
                self._lock.acquire(timeout=0)
            except OSError as error:
                raise ConfigurationError(f"the store {folder} can't be used: {error}; name another folder") from error

    def is_alive(self, name: str) -> bool:
        """Whether the backend `name` still runs."""
        if name == self.name or self._locks is None:
            return True
        file = self._lock_of(self._locks, name)
        if not Path(file.lock_file).exists():  # it ended in good order
            return False
        try:
            with file.acquire(timeout=0):
                Path(file.lock_file).unlink(missing_ok=True)
                return False
        except filelock.Timeout:
            return True

    def close(self) -> None:
        """Give up the lock."""
        if self._lock is not None:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)

    @staticmethod
    def _lock_of(folder: Path, name: str) -> filelock.FileLock:
        # Not bound to a thread: the finaliser that closes a backend may run in any.
        return filelock.FileLock(folder / f"{name}.lock", thread_local=False)
