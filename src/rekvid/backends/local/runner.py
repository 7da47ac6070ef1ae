"""Jobs in worker processes: a crash in a codec ends its worker, and fails its job, nothing else."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, Final, Protocol, cast

from rekvid.backends.local.task import Task
from rekvid.errors import ConfigurationError
from rekvid.models import JsonValue

_log = logging.getLogger("rekvid.local")
# `python -m` would not find a rekvid that the parent found through a path of its own.
_BOOTSTRAP: Final = "import sys; sys.path[:] = sys.argv[1:]; from rekvid.backends.local.worker import main; main()"


class Outcome(Protocol):
    """Where the results and the end of a job are noted."""

    def add_items(self, job_id: str, items: list[JsonValue]) -> None:
        """The job has these results so far, more than before."""
        ...

    def add_order(self, job_id: str, name: str, positions: list[int]) -> None:
        """In the order `name` the next results are those at `positions` among all of the job."""
        ...

    def succeed(self, job_id: str, head: dict[str, JsonValue], items: list[JsonValue]) -> None:
        """The job has succeeded, with these results after those before."""
        ...

    def fail(self, job_id: str, message: str) -> None:
        """The job has none."""
        ...


class Runner:
    """Runs jobs, at most `workers` at once, and wakes those who wait for them (it is a `rekvid.backends.base.Signal`).

    Args:
        outcome: Where the end of a job is noted.
        workers: How many jobs run at once; the others wait their turn.
    """

    def __init__(self, outcome: Outcome, *, workers: int) -> None:
        self._outcome = outcome
        self._turn = threading.Semaphore(workers)
        self._changed = threading.Condition()
        self._progress: dict[str, float] = {}
        self._ended: set[str] = set()
        self._unstored: dict[str, str] = {}
        self._processes: set[subprocess.Popen[str]] = set()
        self._threads: set[threading.Thread] = set()
        self._listeners: list[Callable[[str], None]] = []
        self._closed = False

    def on_end(self, tell: Callable[[str], None]) -> None:
        """See `rekvid.backends.base.Announcer.on_end`."""
        with self._changed:
            self._listeners.append(tell)

    def submit(self, job_id: str, prepare: Callable[[], AbstractContextManager[Task]]) -> None:
        """Run a job when its turn comes; `prepare` is entered in the job's own thread and may take long."""
        name = f"rekvid-job-{job_id[:8]}"
        thread = threading.Thread(target=self._run, args=(job_id, prepare), name=name, daemon=True)
        with self._changed:
            if self._closed:
                raise ConfigurationError("this backend is closed: it starts no more jobs")
            thread.start()  # under the lock, so that close() never meets a thread that has not begun
            self._progress[job_id] = 0.0
            self._threads.add(thread)

    def wait(self, job_id: str, timeout: float) -> bool:
        """See `Signal.wait`. A job of another process wakes nobody here."""
        with self._changed:
            if job_id in self._progress or job_id in self._ended:
                return self._changed.wait_for(lambda: job_id in self._ended, _finite(timeout))
            self._changed.wait(_finite(timeout))
            return False

    def covers(self, job_id: str) -> bool:
        """See `Signal.covers`: the jobs of this runner."""
        with self._changed:
            return job_id in self._progress or job_id in self._ended

    def ended(self, job_id: str) -> None:
        """See `Signal.ended`. Nothing is kept for waiters here."""

    def progress(self, job_id: str) -> float | None:
        """See `Signal.progress`."""
        with self._changed:
            return 1.0 if job_id in self._ended else self._progress.get(job_id)

    def processes(self) -> list[subprocess.Popen[str]]:
        """The workers that run now."""
        with self._changed:
            return list(self._processes)

    def close(self) -> None:
        """End all workers; their jobs are FAILED."""
        with self._changed:
            self._closed = True
            threads = list(self._threads)
        for process in self.processes():
            process.kill()
        for thread in threads:
            thread.join()

    def _run(self, job_id: str, prepare: Callable[[], AbstractContextManager[Task]]) -> None:
        try:
            with self._turn:
                if not self._closed:
                    with prepare() as task:
                        self._work(job_id, task)
        except Exception as error:  # noqa: BLE001  # whatever went wrong, the job has to end, and those who wait to know
            if not self._closed:
                _log.exception("job %s could not be run", job_id, extra={"job_id": job_id})
                self._fail(job_id, f"The job could not be run: {error}")
        finally:
            if self._closed:
                self._fail(job_id, "The backend that ran this job was closed before the job ended.")
            with self._changed:
                self._ended.add(job_id)
                self._progress.pop(job_id, None)
                self._changed.notify_all()
                listeners = list(self._listeners)
            try:
                for tell in listeners:  # not under the lock: a listener asks for the job, which takes others
                    tell(job_id)
            finally:
                with self._changed:
                    self._threads.discard(threading.current_thread())

    def _fail(self, job_id: str, message: str) -> None:
        try:
            self._outcome.fail(job_id, message)
        except Exception:  # noqa: BLE001  # the outcome's own, whatever it is
            # Tried again when somebody asks for the job: whoever waits has to hear of its end.
            _log.exception("the end of job %s could not be stored", job_id, extra={"job_id": job_id})
            with self._changed:
                self._unstored[job_id] = message

    def store_what_is_left(self) -> None:
        """Note the ends of jobs that could not be noted when they came, as on a full disk.

        Raises:
            Exception: What the outcome raises, if it still can't.
        """
        with self._changed:
            unstored = list(self._unstored.items())
        for job_id, message in unstored:
            self._outcome.fail(job_id, message)
            with self._changed:
                self._unstored.pop(job_id, None)

    def raise_if_closed(self) -> None:
        """For work that can be given up between two steps.

        Raises:
            ConfigurationError: `close` was called.
        """
        if self._closed:
            raise ConfigurationError("this backend was closed")

    def _work(self, job_id: str, task: Task) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
            with self._process(complaints) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                # Stays open: a worker ends when this pipe does, so none outlives a parent that was killed.
                with suppress(BrokenPipeError):  # the worker is gone already; its exit code says why
                    process.stdin.write(json.dumps(task) + "\n")
                    process.stdin.flush()
                said_all = False
                for line in process.stdout:
                    said_all = self._heed(job_id, json.loads(line))
                with suppress(BrokenPipeError):
                    process.stdin.close()
                code = process.wait()
            if not said_all and not self._closed:
                complaints.seek(0)
                _log.error("the worker of job %s ended early: %s", job_id, complaints.read()[-4000:])
                self._fail(job_id, f"The worker process {_ending(code)} before the job was done.")

    def _heed(self, job_id: str, message: dict[str, JsonValue]) -> bool:
        """Take in what a worker says; True when it was the last word."""
        match message:
            case {"progress": float() | int() as fraction}:
                with self._changed:
                    self._progress[job_id] = float(fraction)
                return False
            case {"head": dict() as head, "items": list() as items}:
                self._outcome.succeed(job_id, head, items)
            case {"items": list() as items}:
                self._outcome.add_items(job_id, items)
                return False
            case {"order": str() as name, "positions": list() as positions}:
                self._outcome.add_order(job_id, name, cast("list[int]", positions))
                return False
            case {"failed": str() as reason}:
                self._fail(job_id, reason)
            case _:
                raise ValueError(f"a worker said {message!r}")
        return True

    @contextmanager
    def _process(self, complaints: IO[str]) -> Iterator[subprocess.Popen[str]]:
        if not sys.executable or getattr(sys, "frozen", False):
            raise RuntimeError("there is no Python interpreter to start as a worker (sys.executable names none)")
        with subprocess.Popen(  # noqa: S603  # our own interpreter and program; nothing of a user's is in the command
            [sys.executable, "-c", _BOOTSTRAP, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C in a terminal interrupts the one who waits, not the job
        ) as process:
            with self._changed:
                self._processes.add(process)
            try:
                if self._closed:  # close() may have looked before this process was in the list
                    process.kill()
                yield process
            finally:
                process.kill()  # has ended already, unless something went wrong in between
                with self._changed:
                    self._processes.discard(process)


def _finite(timeout: float) -> float:
    return min(timeout, threading.TIMEOUT_MAX)


def _ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
