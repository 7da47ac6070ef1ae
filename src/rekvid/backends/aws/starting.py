"""The wait for a free place among the jobs that the service runs at once.

Throttling is not that: it is over in seconds, and botocore has retried it before anybody here hears of it. A place
becomes free when a job ends, which takes minutes.
"""

from __future__ import annotations

import logging
import math
import random as _random
from collections.abc import Callable
from typing import Final

import tenacity

from rekvid.clock import Clock, Deadline
from rekvid.errors import LimitExceededError, ValidationError
from rekvid.models._shape import Value, value

_log = logging.getLogger("rekvid.aws")

_FIRST_PAUSE: Final = 5.0  # seconds; jobs last minutes, and botocore has tried for some seconds already
_LONGEST_PAUSE: Final = 60.0  # seconds


@value
class StartWait(Value):
    """A start that waits for one of the account's jobs to end.

    Attributes:
        operation: The AWS name of the operation: ``StartLabelDetection``.
        elapsed: Seconds since the first try.
        next_try_in: Seconds until the next one.
        error: What the service answered to the last one.
    """

    operation: str
    elapsed: float
    next_try_in: float
    error: LimitExceededError


OnWait = Callable[[StartWait], object]


def start_within_quota(
    call: Callable[[], str],
    *,
    start_timeout: float | None,
    clock: Clock,
    random: Callable[[], float] = _random.random,
    on_wait: OnWait | None = None,
) -> str:
    """Make `call`, and make it again for as long as the service answers that too many jobs run.

    The pauses double from 5 s to 60 s, and each is cut by up to a half at random, so that many waiters don't come
    back together. The last try is at the deadline.

    Args:
        call: Sends the request and gives the id of the job. It has to send the same ``client_request_token`` each
            time, so that a try whose answer was lost and the next one are one job.
        start_timeout: Seconds, 0 or more, for which `LimitExceededError` is waited out; None and 0 don't wait.
        clock: What tells the time, and sleeps.
        random: Gives a number from 0 to 1.
        on_wait: Called before each pause. What it raises ends the wait.

    Returns:
        What `call` gave.

    Raises:
        LimitExceededError: Too many jobs ran until the end; the service's last answer.
        ValidationError: `start_timeout` is below 0 or no number.
        RekvidError: Whatever else `call` raises, at once.
    """
    if start_timeout is not None and not start_timeout >= 0:
        raise ValidationError("start_timeout", start_timeout, "seconds, 0 or more; None doesn't wait")
    if not start_timeout:
        return call()
    begun = clock.monotonic()
    deadline = Deadline.after(clock, None if math.isinf(start_timeout) else start_timeout)

    def pause(state: tenacity.RetryCallState) -> float:
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(state.attempt_number - 1, 10))
        return min(longest * (0.5 + 0.5 * random()), deadline.remaining())

    def tell(state: tenacity.RetryCallState) -> None:
        assert state.outcome is not None
        error = state.outcome.exception()
        assert isinstance(error, LimitExceededError)
        wait = StartWait(
            operation=error.operation,
            elapsed=clock.monotonic() - begun,
            next_try_in=state.upcoming_sleep,
            error=error,
        )
        _log.info(
            "%s waits for a free place: too many jobs run; the next try is in %.0f s",
            wait.operation,
            wait.next_try_in,
            extra={
                "operation": wait.operation,
                "elapsed": wait.elapsed,
                "next_try_in": wait.next_try_in,
                "tries": state.attempt_number,
                "request_id": error.request_id,
            },
        )
        if on_wait is not None:
            on_wait(wait)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(LimitExceededError),
        stop=lambda _: deadline.passed,
        wait=pause,
        sleep=clock.sleep,
        before_sleep=tell,
        reraise=True,
    )
    try:
        return retrying(call)
    except LimitExceededError as error:
        error.hint = (
            f"no place became free within start_timeout={start_timeout:g} s: AWS runs 20 jobs at once in an account, "
            "those of other programs included"
        )
        raise
