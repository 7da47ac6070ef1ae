from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import EndpointConnectionError

from fake_queue import LONG, FakeQueue, ended, notice, readers, refusal
from rekvid.backends.aws import queues
from rekvid.backends.aws.queues import signal_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refusal("AccessDenied", "ReceiveMessage"), "AccessDenied"),
        (refusal("ThrottlingException", "ReceiveMessage"), "ThrottlingException"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue", "ReceiveMessage"), "AWS.SimpleQueueService.NonExistent"),
        (EndpointConnectionError(endpoint_url="https://sqs.us-east-1.amazonaws.com"), "EndpointConnectionError"),
        (RuntimeError("a fault of ours"), "RuntimeError"),
    ],
)
def test_failing_receive_backs_off_and_recovers(
    fake: FakeQueue, caplog: pytest.LogCaptureFixture, error: Exception, code: str
) -> None:
    """A receive that fails is tried again after 2, 4, ... 30 s, logged once, and the notice is heard after all."""
    caplog.set_level(logging.INFO)
    fake.faults["receive"] = [error] * 7
    fake.put(notice("job"))
    assert fake.signal().wait("job", LONG)
    assert fake.clock.slept == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    failed, again = caplog.records
    assert (failed.levelname, again.levelname) == ("WARNING", "INFO")
    assert failed.__dict__["code"].startswith(code)
    assert failed.__dict__["operation"] == again.__dict__["operation"] == "ReceiveMessage"


def test_wait_ends_in_time_while_receives_fail(fake: FakeQueue) -> None:
    """A queue that answers nothing but errors lets a wait run out, as a queue without messages does."""
    fake.faults["receive"] = [refusal("AccessDenied", "ReceiveMessage")] * 1_000_000
    signal = fake.signal()
    assert not signal.wait("job", 0.01)
    fake.until(lambda: "receive" in fake.calls)
    assert ended(fake.url)
    assert not signal.covers("job"), "the poll beneath may not be slow where the queue is deaf"


def test_each_change_of_trouble_is_logged(fake: FakeQueue, caplog: pytest.LogCaptureFixture) -> None:
    """The log shows each change of what is wrong, not each failure."""
    codes = ["AccessDenied", "AccessDenied", "ThrottlingException", "AccessDenied", "AccessDenied"]
    fake.faults["receive"] = [refusal(code, "ReceiveMessage") for code in codes]
    fake.put(notice("job"))
    assert fake.signal().wait("job", LONG)
    logged = [record.__dict__["code"] for record in caplog.records]
    assert logged == ["AccessDenied", "ThrottlingException", "AccessDenied"]


@pytest.mark.parametrize("fault", ["InternalError", refusal("AccessDenied", "DeleteMessageBatch")])
def test_failed_delete_is_made_up_for(
    fake: FakeQueue, pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, fault: Exception | str
) -> None:
    """A delete that fails, as a whole or for a message, holds up nobody: the message comes again, and goes then."""
    fake.faults["delete"] = [fault]
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    (message,) = fake.put(notice("job"))
    assert signal.wait("job", LONG)
    fake.until(lambda: fake.deleted == [message])
    assert [record.__dict__["operation"] for record in caplog.records] == ["DeleteMessageBatch"]
    fake.put(notice("keeper"))
    assert keeper.result()


@pytest.mark.parametrize("fault", ["InternalError", refusal("AccessDenied", "ChangeMessageVisibilityBatch")])
def test_failed_return_is_made_up_for(
    fake: FakeQueue, pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, fault: Exception | str
) -> None:
    """A message that could not be given back stays in the queue, and comes again when it is visible."""
    fake.faults["give back"] = [fault]
    signal = fake.signal()
    keeper = pool.submit(signal.wait, "keeper", LONG)
    (foreign,) = fake.put(notice("foreign"))
    fake.until(lambda: bool(fake.given_back))
    fake.put(notice("keeper"))
    assert keeper.result()
    assert foreign in fake.messages
    assert [record.__dict__["operation"] for record in caplog.records] == ["ChangeMessageVisibilityBatch"]


def test_reader_lives_while_somebody_waits(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """The reader begins with the first wait, ends after the last, and begins anew with the next."""
    signal = fake.signal()
    assert not signal.reading
    for job_id in ("first", "second"):
        wait = pool.submit(signal.wait, job_id, LONG)
        fake.until(lambda: signal.reading)
        fake.put(notice(job_id))
        assert wait.result()
        assert ended(fake.url)
        assert not signal.reading


def test_1000_threads_wait_for_1000_jobs(fake: FakeQueue) -> None:
    """A thousand threads have one reader between them, and each hears of its own job."""
    signal = fake.signal()
    jobs = [f"job-{number}" for number in range(1_000)]
    with ThreadPoolExecutor(len(jobs)) as pool:
        waits = [pool.submit(signal.wait, job, LONG) for job in jobs]
        fake.until(lambda: len(signal._waiting) == len(jobs))
        assert len(readers(fake.url)) == 1
        fake.put(*(notice(job) for job in reversed(jobs)))
        assert all(wait.result() for wait in waits)
    fake.until(lambda: not fake.messages)
    assert fake.given_back == []
    assert signal._waiting == {}


def test_no_thread_to_be_had_is_no_error(
    fake: FakeQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no thread can be started the wait runs out and the caller asks; the next wait tries again."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    signal = fake.signal()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert not signal.wait("job", 0.001)
    assert "can't start new thread" in caplog.text
    fake.put(notice("job"))
    assert signal.wait("job", LONG)


def test_reader_that_broke_is_replaced(fake: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the reader to die of a fault of ours, the next wait would begin another."""
    signal = fake.signal()
    fake.put(notice("job"))
    with monkeypatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda _: None)
        patch.setattr(signal, "_route", lambda _: 1 / 0)
        signal.wait("job", 0.01)
        assert ended(fake.url)
    fake.clock.advance(31)
    assert signal.wait("job", LONG)


def test_queue_has_one_signal_in_a_process(fake: FakeQueue) -> None:
    """Whoever asks for the signal of a queue gets the same one; another queue or endpoint has another."""
    other = FakeQueue("other")
    signal = signal_of(fake.client, fake.url)
    assert signal_of(other.client, fake.url) is signal
    assert signal_of(fake.client, other.url) is not signal
    other.meta.endpoint_url = "http://127.0.0.1:1"
    assert signal_of(other.client, fake.url) is not signal


def test_signal_that_nobody_holds_is_forgotten(fake: FakeQueue) -> None:
    """The registry keeps no queue alive, so many short-lived queues don't add up."""
    signal_of(fake.client, fake.url)
    assert (fake.meta.endpoint_url, fake.url) not in queues._signals


def test_another_client_takes_over(fake: FakeQueue) -> None:
    """Of those who share a reader, one whose credentials fail doesn't deafen the others."""
    denied = FakeQueue(fake.url.rpartition("/")[2])
    denied.faults["receive"] = [refusal("ExpiredToken", "ReceiveMessage")] * 1_000_000
    signal = fake.signal()
    signal.lend(denied.client)
    fake.put(notice("job"))
    assert signal.wait("job", LONG)
    assert denied.calls == ["receive"]


def test_released_client_is_not_used(fake: FakeQueue) -> None:
    """A client that its owner takes back is left alone, unless there is no other."""
    other = FakeQueue("other")
    signal = fake.signal()
    for _ in range(10):
        signal.lend(FakeQueue("many").client)
    signal.lend(fake.client)
    signal.lend(other.client)
    signal.release(other.client)
    signal.release(fake.client)
    signal.lend(fake.client)
    fake.put(notice("job"))
    assert signal.wait("job", LONG)
    assert other.calls == []
    alone = fake.signal()
    alone.release(fake.client)
    fake.put(notice("job"))
    assert alone.wait("job", LONG)


def test_messages_come_in_tens(fake: FakeQueue, pool: ThreadPoolExecutor) -> None:
    """Messages are received and deleted in batches of up to ten, which is what a call costs."""
    signal = fake.signal()
    jobs = [f"job-{number}" for number in range(20)]
    waits = [pool.submit(signal.wait, job, LONG) for job in jobs]
    fake.until(lambda: len(signal._waiting) == 20)
    fake.put(*(notice(job) for job in jobs))
    assert all(wait.result() for wait in waits)
    fake.until(lambda: not fake.messages)
    assert fake.batches[:2] == [10, 10]
    assert fake.calls.count("delete") == 2
