"""The seam: what a backend has to do. Typed values cross it, not bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from rekvid.models import NotificationChannel
from rekvid.operations import GetRequest, PageT, StartRequest


class Signal(Protocol):
    """What wakes a waiter. A hint only: the state of a job always comes from `Backend.get`."""

    def wait(self, job_id: str, timeout: float) -> bool:
        """Let up to `timeout` seconds pass; return True, and sooner, when it is worth asking for `job_id` again."""
        ...

    def covers(self, job_id: str) -> bool:
        """Whether the end of `job_id` is going to be signalled, so that the poll beneath may be slow."""
        ...

    def ended(self, job_id: str) -> None:
        """Take note that a waiter knows, by whatever way, that `job_id` has ended: nobody needs waking for it."""
        ...

    def progress(self, job_id: str) -> float | None:
        """The share of the work done, 0-1; None where nobody can tell."""
        ...


class Backend(Protocol):
    """Starts jobs and gives their results. Its methods may be called from any thread."""

    def start(self, request: StartRequest) -> str:
        """Begin a job and return its id. A replayed ``client_request_token`` gives the id of the first job.

        Raises:
            ServiceError: The backend refuses, with the codes that the service declares for the operation.
            ValidationError: This backend can't read such a video.
        """
        ...

    def get(self, request: GetRequest[PageT]) -> PageT:
        """The page of results that `request` asks for; without items while the job runs or when it failed.

        Raises:
            ServiceError: The backend refuses, with the codes that the service declares for the operation.
        """
        ...

    def signal(self, channel: NotificationChannel | None = None) -> Signal | None:
        """What wakes the waiters of a job that notifies `channel`; None where only asking tells."""
        ...

    def close(self) -> None:
        """Free what the backend holds. Results that were stored stay readable."""
        ...


@runtime_checkable
class Announcer(Protocol):
    """A backend that says when its jobs end, so that a server can count them and tell others."""

    def on_end(self, tell: Callable[[str], None]) -> None:
        """Call `tell` with the id of each job that ends from now on, once its end is stored.

        It is called from any thread, perhaps more than once for a job, and must not raise.
        """
        ...

    def look(self, request: GetRequest[PageT]) -> PageT:
        """`Backend.get`, as a look of the server's own and not a caller's: a fake doesn't count it."""
        ...


@runtime_checkable
class JsonPages(Protocol):
    """A backend that has its pages as JSON already, so that a server needn't make values of them and JSON again."""

    def get_json(self, request: GetRequest[PageT]) -> bytes:
        """The page that `Backend.get` gives, as JSON in the AWS shape; raises what that raises."""
        ...
