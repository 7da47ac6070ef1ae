from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from rekvid.backends.aws.starting import StartWait, start_within_quota
from rekvid.errors import (
    InvalidS3ObjectError,
    LimitExceededError,
    ProvisionedThroughputExceededError,
    RekvidError,
    ThrottlingError,
    TransportError,
    ValidationError,
)
from rekvid.testing import ManualClock

MESSAGE = "22 open Jobs for User arn:aws:iam::1:root Maximum limit: 20"


def _full(number: int = 0) -> LimitExceededError:
    return LimitExceededError(MESSAGE, operation="StartLabelDetection", request_id=f"request-{number}")


class Quota:
    """A call that is refused for as long as the clock stands before `free_at` seconds from now."""

    def __init__(self, clock: ManualClock, free_at: float) -> None:
        self.clock = clock
        self.begun = clock.monotonic()
        self.free_at = free_at
        self.tries: list[float] = []

    def __call__(self) -> str:
        now = self.clock.monotonic() - self.begun
        self.tries.append(now)
        if now < self.free_at:
            raise _full(len(self.tries))
        return "job"


def _raising(*errors: RekvidError) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "job"

    return call


def test_quota_is_waited_out() -> None:
    """A start that finds no free place is made again, at longer and longer intervals, until one is free."""
    clock = ManualClock()
    quota = Quota(clock, free_at=300)
    assert start_within_quota(quota, start_timeout=600, clock=clock, random=lambda: 1.0) == "job"
    assert clock.slept == [5, 10, 20, 40, 60, 60, 60, 60]


def test_pauses_are_cut_at_random() -> None:
    """A pause is never shorter than half its length, so waiters part without crowding the service."""
    clock = ManualClock()
    start_within_quota(Quota(clock, free_at=100), start_timeout=600, clock=clock, random=lambda: 0.0)
    assert clock.slept == [2.5, 5, 10, 20, 30, 30, 30]


def test_default_chance_stays_in_bounds() -> None:
    """With chance of its own, every pause lies between half and the whole of its length."""
    clock = ManualClock()
    start_within_quota(Quota(clock, free_at=2000), start_timeout=4000, clock=clock)
    whole = [5.0, 10.0, 20.0, 40.0, *[60.0] * len(clock.slept)]
    assert all(each / 2 <= slept <= each for slept, each in zip(clock.slept, whole, strict=False))
    assert len(set(clock.slept)) == len(clock.slept)


def test_last_try_is_at_the_deadline() -> None:
    """The wait ends with a try at its very end, and with what the service answered to that one."""
    clock = ManualClock()
    quota = Quota(clock, free_at=float("inf"))
    with pytest.raises(LimitExceededError) as caught:
        start_within_quota(quota, start_timeout=100, clock=clock, random=lambda: 1.0)
    assert quota.tries == [0, 5, 15, 35, 75, 100]
    assert caught.value.message == MESSAGE
    assert caught.value.request_id == "request-6"
    assert caught.value.__cause__ is None
    assert "start_timeout=100 s" in str(caught.value)


@pytest.mark.parametrize("start_timeout", [None, 0, 0.0])
def test_without_a_timeout_nothing_is_waited_for(start_timeout: float | None) -> None:
    """Who gives no time hears of the limit at once, and of the setting that waits."""
    clock = ManualClock()
    quota = Quota(clock, free_at=1)
    with pytest.raises(LimitExceededError, match="start_timeout"):
        start_within_quota(quota, start_timeout=start_timeout, clock=clock)
    assert len(quota.tries) == 1
    assert clock.slept == []


def test_infinite_timeout_waits_as_long_as_it_takes() -> None:
    """A wait without an end lasts for days, and its pauses stay at a minute."""
    clock = ManualClock()
    assert start_within_quota(Quota(clock, free_at=200_000), start_timeout=float("inf"), clock=clock) == "job"
    assert max(clock.slept) <= 60


@pytest.mark.parametrize("start_timeout", [-1, float("nan"), float("-inf")])
def test_timeout_has_to_be_a_time(start_timeout: float) -> None:
    """A time below 0, or that is none, is refused before anything is sent."""
    clock = ManualClock()
    quota = Quota(clock, free_at=0)
    with pytest.raises(ValidationError, match="start_timeout"):
        start_within_quota(quota, start_timeout=start_timeout, clock=clock)
    assert quota.tries == []


@pytest.mark.parametrize(
    "error",
    [
        ThrottlingError("Rate exceeded", operation="StartLabelDetection"),
        ProvisionedThroughputExceededError("Rate exceeded", operation="StartLabelDetection"),
        InvalidS3ObjectError("Unable to get object metadata from S3", operation="StartLabelDetection"),
        TransportError("reset", operation="StartLabelDetection"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("first", [(), (_full(),)], ids=["at once", "after the limit"])
def test_other_errors_pass_straight_through(error: RekvidError, first: tuple[RekvidError, ...]) -> None:
    """Only the limit is waited out: throttling and all else is raised as it came, also in the middle of a wait."""
    clock = ManualClock()
    with pytest.raises(type(error)) as caught:
        start_within_quota(_raising(*first, error), start_timeout=600, clock=clock)
    assert caught.value is error
    assert len(clock.slept) == len(first)


def test_wait_is_told() -> None:
    """Each pause is told before it begins: operation, time since the first try, time to the next, and the answer."""
    clock = ManualClock()
    told: list[StartWait] = []
    start_within_quota(
        Quota(clock, free_at=12), start_timeout=600, clock=clock, random=lambda: 1.0, on_wait=told.append
    )
    assert [(each.operation, each.elapsed, each.next_try_in) for each in told] == [
        ("StartLabelDetection", 0, 5),
        ("StartLabelDetection", 5, 10),
    ]
    assert [each.error.request_id for each in told] == ["request-1", "request-2"]


def test_who_is_told_can_end_the_wait() -> None:
    """What the callback raises ends the wait, as it came."""

    def enough(_: StartWait) -> None:
        raise KeyboardInterrupt

    clock = ManualClock()
    with pytest.raises(KeyboardInterrupt):
        start_within_quota(Quota(clock, free_at=12), start_timeout=600, clock=clock, on_wait=enough)
    assert clock.slept == []


def test_wait_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each pause is a line of the log at INFO, with its facts as fields of the record."""
    clock = ManualClock()
    with caplog.at_level(logging.INFO, logger="rekvid.aws"):
        start_within_quota(Quota(clock, free_at=5), start_timeout=600, clock=clock, random=lambda: 1.0)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("rekvid.aws", "INFO")
    assert vars(record).items() >= {
        ("operation", "StartLabelDetection"),
        ("elapsed", 0.0),
        ("next_try_in", 5.0),
        ("tries", 1),
        ("request_id", "request-1"),
    }
