"""The wait for the end of a job: a signal where there is one, and a poll beneath it.

Polling is not retry: "not ended yet" has a back-off of its own. A call that fails in passing is "not known yet".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import tenacity

from rekvid.backends.base import Signal
from rekvid.clock import Clock, Deadline
from rekvid.errors import ServiceError, TransportError, WaitTimeoutError

_log = logging.getLogger("rekvid.wait")

POLL: Final = tenacity.wait_exponential(multiplier=1, max=15)  # seconds: 1, 2, 4, 8, 15, 15, ...
POLL_BENEATH_SIGNAL: Final = tenacity.wait_fixed(60)  # seconds; only a lost signal waits for it
REPORT_EVERY: Final = 0.25  # seconds; a progress display that stands still for longer looks stuck
FAILURES_IN_A_ROW: Final = 10  # calls that failed in passing, one after the other, before the wait gives up


class Wait:
    """One wait for the end of one job.

    Args:
        job_id: The job.
        ask: Asks the backend whether it has ended.
        signal: What wakes the wait; None to poll alone.
        clock: What tells the time.
        timeout: Seconds, 0 or more; None waits as long as it takes.
        report: Called about four times a second, if given.
    """

    def __init__(
        self,
        job_id: str,
        ask: Callable[[], bool],
        *,
        signal: Signal | None,
        clock: Clock,
        timeout: float | None,
        report: Callable[[], None] | None,
    ) -> None:
        self._job_id = job_id
        self._ask = ask
        self._signal = signal
        self._clock = clock
        self._timeout = timeout
        self._deadline = Deadline.after(clock, timeout)
        self._report = report
        self._failures = 0
        self._woken = False
        self._misled = False

    def run(self) -> None:
        """Return when the job has ended.

        Raises:
            WaitTimeoutError: It had not ended in time.
            ServiceError: The backend refuses, and trying again doesn't help.
            TransportError: No answer came, ten times in a row.
        """
        tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda done: not done),
            stop=lambda _: self._deadline.passed,
            wait=self._seconds,
            sleep=self._pause,
            retry_error_callback=self._time_is_up,
        )(self._done)
        if self._signal is not None:
            self._signal.ended(self._job_id)

    def _done(self) -> bool:
        try:
            done = self._ask()
        except (ServiceError, TransportError) as error:
            self._failures += 1
            if not error.retryable or self._failures >= FAILURES_IN_A_ROW:
                raise
            _log.warning("job %s could not be asked for: %s", self._job_id, error, extra={"job_id": self._job_id})
            return False
        self._failures = 0
        # A signal that wakes for nothing is not heard the next time, or the wait would spin.
        self._misled = self._woken and not done
        return done

    def _seconds(self, state: tenacity.RetryCallState) -> float:
        slow = self._signal is not None and not self._misled and self._signal.covers(self._job_id)
        return min((POLL_BENEATH_SIGNAL if slow else POLL)(state), self._deadline.remaining())

    def _pause(self, seconds: float) -> None:
        signal = None if self._misled else self._signal
        self._woken = False
        until = Deadline.after(self._clock, seconds)
        while not until.passed and not self._woken:
            step = until.remaining() if self._report is None else min(until.remaining(), REPORT_EVERY)
            if signal is None:
                self._clock.sleep(step)
            else:
                self._woken = signal.wait(self._job_id, step)
            if self._report is not None:
                self._report()

    def _time_is_up(self, _: tenacity.RetryCallState) -> None:
        raise WaitTimeoutError(self._job_id, self._timeout or 0)
