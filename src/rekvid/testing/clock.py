"""Time that moves only when it is told to."""

from __future__ import annotations

import threading


class ManualClock:
    """A `rekvid.clock.Clock` for tests: sleeping takes no time, and moves the clock.

    Args:
        now: Seconds since the epoch at the start.

    Attributes:
        slept: Every sleep so far, in seconds.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """The same as `time`: this clock never goes back."""
        return self.time()

    def time(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock, at once."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        with self._lock:
            self._now += seconds
