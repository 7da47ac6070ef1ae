"""How much one caller may ask for."""

from __future__ import annotations

import dataclasses
import threading
from typing import Annotated, Final

from rekvid.clock import Clock
from rekvid.errors import ServiceError
from rekvid.models._rules import Checked, Number, Whole

OPEN_JOBS: Final = 20
"""How many jobs an account has at once (developer guide, "Guidelines and quotas in Amazon Rekognition")."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Checked):
    """What the endpoint puts up with.

    Attributes:
        open_jobs: Jobs that may be in progress at once; the next start is a LimitExceededException.
        requests_per_second: Requests a second over a short while, after which calls are a ThrottlingException; None
            for any number.
        body_bytes: Size of a request's body. The largest that the service's rules allow has about 100 KB.
        header_bytes: Size of a request's line and headers.
        body_seconds: Time that a body may take to arrive.

    Raises:
        ValidationError: A field is out of its range.
    """

    open_jobs: Annotated[int, Whole(1)] = OPEN_JOBS
    requests_per_second: Annotated[float, Number(0.001, 1e6)] | None = None
    body_bytes: Annotated[int, Whole(1)] = 256 * 1024
    header_bytes: Annotated[int, Whole(1024)] = 16 * 1024
    body_seconds: Annotated[float, Number(0.001, 3600)] = 20


class Rate:
    """A token bucket: so many requests a second, and as many at once after a quiet second.

    Args:
        a_second: Requests a second; None never refuses.
        clock: What tells the time.
    """

    def __init__(self, a_second: float | None, clock: Clock) -> None:
        self._a_second = a_second
        self._clock = clock
        self._most = max(a_second or 0, 1.0)
        self._left = self._most
        self._seen = clock.monotonic()
        self._lock = threading.Lock()

    def take(self, operation: str) -> None:
        """Count a request.

        Raises:
            ThrottlingError: There were too many in too short a time.
        """
        if self._a_second is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            self._left = min(self._most, self._left + (now - self._seen) * self._a_second)
            self._seen = now
            if self._left < 1:
                raise ServiceError.of("ThrottlingException", "Rate exceeded", operation=operation)
            self._left -= 1


def too_large(most: int, operation: str) -> ServiceError:
    """The refusal of a body that is larger than `most` bytes."""
    message = f"The body of a request may have at most {most} bytes"
    return ServiceError.of("RequestEntityTooLargeException", message, operation=operation)
