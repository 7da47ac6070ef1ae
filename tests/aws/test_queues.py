from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fake_queue import LONG, FakeQueue, ended, notice
from rekvid.backends.aws import queues
from rekvid.backends.base import Signal


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ERROR", "SOMETHING_NEW"])
def test_notice_wakes_the_waiter(fake: FakeQueue, status: str) -> None:
    """A notice ends the wait for its job, however the job ended, and its message is deleted."""
    (message,) = fake.put(notice("job", status))
    signal = fake.signal()
    assert signal.wait("job", LONG)
    fake.until(lambda: fake.deleted == [message])


def test_signal_is_the_protocols(fake: FakeQueue) -> None:
    """A queue's signal is a Signal, one that covers its jobs and can't tell their progress."""
    signal: Signal = fake.signal()
    assert signal.covers("job")
    assert signal.progress("job") is None


def test_every_waiter_of_the_job_is_told(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """One message wakes all threads that wait for its job, and none that waits for another."""
    signal = fake.signal()
    waits = [pool.submit(signal.wait, "job", LONG) for _ in range(10)]
    other = pool.submit(signal.wait, "other", LONG)
    fake.until(lambda: len(signal._waiting.get("job", [])) == 10 and "other" in signal._waiting)
    fake.put(notice("job"))
    assert all(wait.result() for wait in waits)
    assert not other.done()
    fake.put(notice("other"))
    assert other.result()


def test_message_is_deleted_only_after_its_job_was_told(fake: FakeQueue) -> None:
    """The waiter is awake before the queue is asked to delete: a process that dies between loses nothing."""
    signal = fake.signal()
    order: list[str] = []
    latch = threading.Event()

    def delete(**asked: object) -> dict[str, object]:
        assert latch.wait(LONG)  # until wait() has returned
        order.append("deleted")
        return FakeQueue.delete_message_batch(fake, **asked)

    fake.delete_message_batch = delete  # type: ignore[method-assign]
    fake.put(notice("job"))
    assert signal.wait("job", LONG)
    order.append("told")
    latch.set()
    fake.until(lambda: len(fake.deleted) == 1)
    assert order == ["told", "deleted"]


def test_duplicates_are_deleted(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """A message that is delivered twice tells once, and neither copy stays in the queue."""
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    fake.put(notice("job"), notice("job"))
    assert signal.wait("job", LONG)
    fake.put(notice("job"))
    fake.until(lambda: len(fake.deleted) == 3)  # given back before that only if they came before the wait did
    fake.put(notice("keeper"))
    assert keeper.result()


def test_foreign_message_is_given_back(
    fake: FakeQueue, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message of a job that nobody here waits for is never deleted, and is hidden for some seconds, then longer."""
    monkeypatch.setattr(queues, "_BACK_AFTER_MAX", 30.0)
    signal = fake.signal()
    mine = pool.submit(signal.wait, "mine", LONG)
    (foreign,) = fake.put(notice("foreign"))
    fake.until(lambda: fake.given_back[-1:] == [(foreign, 45)])
    fake.put(notice("mine"))
    assert mine.result()
    assert ended(fake.url)
    assert foreign in fake.messages
    assert {id_ for id_, _ in fake.given_back} == {foreign}
    seconds = [hidden for _, hidden in fake.given_back]
    assert seconds[:4] == [2, 2, 2, 2]  # one and a half times a second and a bit: the most of the jitter
    assert seconds == sorted(seconds)
    assert seconds[-1] == 45


def test_least_jitter_still_hides(fake: FakeQueue) -> None:
    """With the least of the jitter a foreign message is still hidden for a second."""
    fake.put(notice("foreign"))
    fake.signal(jitter=lambda low, _: low).wait("mine", 0.01)
    assert ended(fake.url)
    assert fake.given_back
    assert min(hidden for _, hidden in fake.given_back) >= 1


def test_flood_of_foreign_messages_is_not_fetched_hot(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """After receives that wake nobody the reader pauses, longer each time up to a second."""
    signal = fake.signal()
    fake.put(*(notice(f"foreign-{number}") for number in range(200)))
    mine = pool.submit(signal.wait, "mine", LONG)
    fake.until(lambda: len(fake.given_back) >= 100)
    fake.put(notice("mine"))
    assert mine.result()
    assert ended(fake.url)
    assert fake.clock.slept[:7] == [0.25, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert len(fake.messages) == 200
    assert max(fake.batches) == 10


def test_notice_before_the_first_wait_is_not_lost(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """A notice that came before its wait began ends it at once, and its message is deleted no sooner."""
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    (early,) = fake.put(notice("early"))
    fake.until(lambda: bool(fake.given_back))
    (last,) = fake.put(notice("keeper"))
    assert keeper.result()
    assert ended(fake.url)
    assert fake.deleted == [last]
    assert signal.wait("early", 0)
    fake.until(lambda: fake.deleted == [last, early])
    assert not signal.wait("early", 0), "one notice counts once"


def test_notice_between_two_waits_is_not_lost(fake: FakeQueue) -> None:
    """A notice that arrives after one wait has ended and before the next is heard by the next."""
    signal = fake.signal()
    assert not signal.wait("job", 0)
    assert ended(fake.url)
    fake.put(notice("job"))
    assert signal.wait("job", LONG)


def test_second_notice_of_a_told_job_is_heard(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """Where a first notice came before the state had changed, the second still ends the next wait."""
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    fake.put(notice("job"))
    assert signal.wait("job", LONG)
    fake.put(notice("job"))
    fake.until(lambda: len(fake.deleted) == 2)
    assert signal.wait("job", 0)
    fake.put(notice("keeper"))
    assert keeper.result()


def test_what_was_heard_is_forgotten_in_time(fake: FakeQueue) -> None:
    """A notice that nobody asks for in five minutes is no reason to hurry any more."""
    fake.put(notice("job"))
    signal = fake.signal()
    signal.wait("other", 0.01)
    assert ended(fake.url)
    assert "job" in signal._heard
    fake.clock.advance(301)
    fake.messages.clear()
    assert not signal.wait("job", 0)


def test_memories_are_bounded(fake: FakeQueue, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of messages has a limit; a notice that was forgotten comes again."""
    for name in ("_HEARD_MAX", "_MALFORMED_MAX", "_TOLD_MAX"):
        monkeypatch.setattr(queues, name, 5)
    signal = fake.signal()
    fake.put(*(notice(f"foreign-{number}") for number in range(20)), *(["broken"] * 20))
    keeper = pool.submit(signal.wait, "keeper", LONG)
    fake.until(lambda: all(message.received for message in fake.messages.values()))
    for number in range(20):
        assert signal.wait(f"foreign-{number}", LONG)
    assert [len(memory) for memory in (signal._heard, signal._malformed, signal._told)] <= [5, 5, 5]
    fake.put(notice("keeper"))
    assert keeper.result()


def test_end_known_from_elsewhere_settles_the_message(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """Where a job is known to have ended without a wait, its messages are deleted instead of circling."""
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    before = fake.put(notice("asked"))
    fake.until(lambda: bool(fake.given_back))
    signal.ended("asked")
    signal.ended("later")
    fake.until(lambda: set(before) <= set(fake.deleted))
    after = fake.put(notice("later"), notice("asked"))
    fake.until(lambda: set(after) <= set(fake.deleted))
    fake.put(notice("keeper"))
    assert keeper.result()


def test_malformed_message_is_left_and_logged_once(
    fake: FakeQueue, pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that can't be read is neither deleted nor given back, and the log names it once, without its text."""
    signal = fake.signal()
    bodies = ('{"password": "hunter two"}', "x" * 100_000, "[" * 50_000)
    broken = fake.put(*bodies)
    mine = pool.submit(signal.wait, "mine", LONG)
    fake.until(lambda: all(fake.messages[id_].received >= 3 for id_ in broken))
    fake.put(notice("mine"))
    assert mine.result()
    assert ended(fake.url)
    assert set(broken) <= set(fake.messages)
    assert fake.given_back == []
    assert sorted(record.__dict__["message_id"] for record in caplog.records) == sorted(broken)
    assert {record.__dict__["queue_url"] for record in caplog.records} == {fake.url}
    assert {(record.name, record.levelname) for record in caplog.records} == {("rekvid.aws", "WARNING")}
    assert "hunter" not in caplog.text


def test_lost_message_costs_the_timeout(fake: FakeQueue) -> None:
    """Where no message comes the wait ends with False at its time, so that its caller asks."""
    assert not fake.signal().wait("job", 0.01)


def test_late_message_finds_the_next_wait(fake: FakeQueue) -> None:
    """A message that comes after waits have run out is heard by the wait after."""
    signal = fake.signal()
    assert [signal.wait("job", 0.001) for _ in range(5)] == [False] * 5
    fake.put(notice("job"))
    assert signal.wait("job", LONG)
