"""Time as a value that is handed in, so that nothing in the package sleeps or looks at the clock by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Where the package gets time from."""

    def monotonic(self) -> float:
        """Seconds that only ever go forward, from an arbitrary origin."""
        ...

    def time(self) -> float:
        """Seconds since the epoch (UTC)."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """See `time.monotonic`."""
        return time.monotonic()

    def time(self) -> float:
        """See `time.time`."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """See `time.sleep`."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time that may never come.

    Attributes:
        clock: What tells the time.
        at: The point on ``clock.monotonic()``, or None for never.
    """

    clock: Clock
    at: float | None

    @classmethod
    def after(cls, clock: Clock, seconds: float | None) -> Deadline:
        """The deadline `seconds` from now; None means never."""
        return cls(clock, None if seconds is None else clock.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, at least 0; infinity for a deadline that never comes."""
        return float("inf") if self.at is None else max(0.0, self.at - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining() <= 0
