from __future__ import annotations

import itertools
import json
import logging
import os
import random
import signal as signals
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from rekvid.backends.aws import queues
from rekvid.backends.aws.queues import QueueSignal, signal_of
from rekvid.backends.base import Signal
from rekvid.testing import ManualClock

server = pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

LONG = 60.0  # seconds; that a wait takes which hangs, instead of for ever
SESSION = boto3.session.Session(
    aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
)
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",  # from 3.12 on os.fork warns where there are threads
}


def notice(job_id: str, status: str = "SUCCEEDED") -> str:
    return json.dumps({"JobId": job_id, "Status": status, "API": "StartLabelDetection", "Timestamp": 1_700_000_000_000})


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}, sorry"}}, operation)


class Message:
    """One message of a `FakeQueue`."""

    def __init__(self, id_: str, body: str) -> None:
        self.id = id_
        self.body = body
        self.visible_at = 0.0
        self.received = 0


class FakeQueue:
    """A queue in memory. A long poll that finds nothing takes its time on the manual clock only."""

    def __init__(self, name: str) -> None:
        self.url = f"https://sqs.us-east-1.amazonaws.com/111122223333/{name}"
        self.meta = SimpleNamespace(endpoint_url="https://sqs.us-east-1.amazonaws.com")
        self.clock = ManualClock()
        self.messages: dict[str, Message] = {}
        self.calls: list[str] = []
        self.batches: list[int] = []
        self.deleted: list[str] = []
        self.given_back: list[tuple[str, int]] = []
        self.faults: dict[str, list[Exception | str]] = {}
        self.closed = 0
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._chance = random.Random(0)

    @property
    def client(self) -> SQSClient:
        return cast("SQSClient", self)

    def signal(self, jitter: Callable[[float, float], float] = lambda _, high: high) -> QueueSignal:
        return QueueSignal(self.client, self.url, clock=self.clock, jitter=jitter)

    def put(self, *bodies: str) -> list[str]:
        with self._changed:
            new = [Message(f"m{next(self._numbers)}", body) for body in bodies]
            self.messages |= {message.id: message for message in new}
            self._changed.notify_all()
            return [message.id for message in new]

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, LONG), "it never came to that"

    def receive_message(self, **asked: object) -> dict[str, object]:
        assert asked["QueueUrl"] == self.url
        assert (asked["MaxNumberOfMessages"], asked["WaitTimeSeconds"]) == (10, 20)
        with self._changed:
            self._called("receive")
            if not self._visible() and not self._changed.wait_for(lambda: bool(self._visible()), 0.002):
                self.clock.advance(20)
                return {}
            visible = self._visible()
            found = self._chance.sample(visible, min(10, len(visible)))  # a standard queue has no order
            self.batches.append(len(found))
            for message in found:
                message.received += 1
                message.visible_at = self.clock.monotonic() + cast("int", asked["VisibilityTimeout"])
            return {
                "Messages": [
                    {
                        "MessageId": message.id,
                        "ReceiptHandle": f"{message.id}/{message.received}",
                        "Body": message.body,
                        "Attributes": {"ApproximateReceiveCount": str(message.received)},
                    }
                    for message in found
                ]
            }

    def delete_message_batch(self, **asked: object) -> dict[str, object]:
        with self._changed:
            return self._batch("delete", asked, self._delete)

    def change_message_visibility_batch(self, **asked: object) -> dict[str, object]:
        with self._changed:
            return self._batch("give back", asked, self._give_back)

    def close(self) -> None:
        self.closed += 1

    def _delete(self, id_: str, _: dict[str, object]) -> None:
        del self.messages[id_]
        self.deleted.append(id_)

    def _give_back(self, id_: str, entry: dict[str, object]) -> None:
        seconds = entry["VisibilityTimeout"]
        assert isinstance(seconds, int)
        self.messages[id_].visible_at = self.clock.monotonic() + seconds
        self.given_back.append((id_, seconds))

    def _batch(
        self, call: str, asked: dict[str, object], act: Callable[[str, dict[str, object]], None]
    ) -> dict[str, object]:
        entries = cast("list[dict[str, object]]", asked["Entries"])
        assert 1 <= len(entries) <= 10
        refused = self._called(call)
        failed = []
        for entry in entries:
            id_ = str(entry["ReceiptHandle"]).partition("/")[0]
            if refused or id_ not in self.messages:
                failed.append({"Id": entry["Id"], "SenderFault": False, "Code": refused or "ReceiptHandleIsInvalid"})
            else:
                act(id_, entry)
        return {"Successful": [], "Failed": failed}

    def _called(self, call: str) -> str:
        """Raise the fault that is due, or give the code by which all entries are refused."""
        self.calls.append(call)
        self._changed.notify_all()
        due = self.faults.get(call)
        fault = due.pop(0) if due else ""
        if isinstance(fault, Exception):
            raise fault
        return fault

    def _visible(self) -> list[Message]:
        now = self.clock.monotonic()
        return [message for message in self.messages.values() if message.visible_at <= now]


def readers(url: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"rekvid reader of {url}"]


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "rekvid.aws"]


def ended(url: str) -> bool:
    for thread in readers(url):
        thread.join(LONG)
    return not readers(url)


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Iterator[FakeQueue]:
    fake = FakeQueue(request.node.name)
    yield fake
    assert ended(fake.url), "a reader lives although nobody waits"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


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


# Against moto's server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of moto's SQS and SNS."""
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def sqs(endpoint: str) -> Iterator[SQSClient]:
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = SESSION.client("sqs", endpoint_url=endpoint, config=once)
    yield client
    client.close()


@pytest.fixture
def queue_url(sqs: SQSClient) -> Iterator[str]:
    url = sqs.create_queue(QueueName=f"queue-{os.urandom(8).hex()}")["QueueUrl"]
    yield url
    assert ended(url)


def left_in(sqs: SQSClient, queue_url: str) -> int:
    counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


@pytest.mark.parametrize("raw", ["true", "false"])
def test_published_notice_arrives(endpoint: str, sqs: SQSClient, queue_url: str, raw: str) -> None:
    """What is published to the topic ends the wait, enveloped and under raw delivery, and leaves the queue empty."""
    sns: SNSClient = SESSION.client("sns", endpoint_url=endpoint)
    topic = sns.create_topic(Name="AmazonRekognitionVideo")["TopicArn"]
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": raw})
    sns.publish(TopicArn=topic, Message=notice("a" * 64))
    signal = QueueSignal(sqs, queue_url, long_poll=1)
    assert signal.wait("a" * 64, LONG)
    assert ended(queue_url)
    assert left_in(sqs, queue_url) == 0
    sns.close()


def test_foreign_message_comes_again_in_the_queue(sqs: SQSClient, queue_url: str) -> None:
    """A message of somebody else's job is in the queue still, to be had within seconds, when we have ended."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("foreign"))
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("mine"))
    assert QueueSignal(sqs, queue_url, long_poll=1).wait("mine", LONG)
    assert ended(queue_url)
    assert left_in(sqs, queue_url) == 1
    [message] = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message.get("Body", ""))["JobId"] == "foreign"


def test_queue_that_is_deleted_costs_the_timeout(
    sqs: SQSClient, queue_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the queue is deleted under a wait, the wait runs out, and the log says what is wrong."""
    signal = QueueSignal(sqs, queue_url, clock=ManualClock(), long_poll=1)
    assert not signal.wait("job", 0.001)
    sqs.delete_queue(QueueUrl=queue_url)
    while not (logged := ours(caplog)):
        assert not signal.wait("job", 0.05)
    assert logged[0].__dict__["code"] in {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def test_refused_connection_costs_the_timeout(caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody listens at the queue's address the wait runs out, and the log says so."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = SESSION.client("sqs", endpoint_url=address, config=once)
    url = f"{address}/111122223333/queue"
    signal = QueueSignal(client, url, clock=ManualClock())
    while not (logged := ours(caplog)):
        assert not signal.wait("job", 0.05)
    assert ended(url)
    assert logged[0].__dict__["code"] == "EndpointConnectionError"
    client.close()


# In processes of their own


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


EXITS = """
import threading, types
from rekvid.backends.aws.queues import QueueSignal

class Silent:
    def receive_message(self, **_):
        begun.set()
        threading.Event().wait()

begun = threading.Event()
signal = QueueSignal(Silent(), "https://queue")
assert not signal.wait("job", 0.01)
begun.wait()
print("reading" if signal.reading else "ended")
"""


def test_receive_in_flight_does_not_hold_up_the_exit() -> None:
    """A program ends though a receive is under way, even one that never would."""
    done = run(EXITS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "reading\n", "")


DELETES_AT_EXIT = """
import sys, time, boto3
from rekvid.backends.aws import queues

sqs = boto3.client("sqs", endpoint_url=sys.argv[1])
delete = sqs.delete_message_batch
def slowly(**asked):
    time.sleep(0.3)
    return delete(**asked)
sqs.delete_message_batch = slowly
assert queues.signal_of(sqs, sys.argv[2]).wait("job", 60)
"""


def test_program_that_ends_at_once_has_deleted_its_message(endpoint: str, sqs: SQSClient, queue_url: str) -> None:
    """A program that ends as soon as its job was told leaves no message for others to puzzle over."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("job"))
    done = run(DELETES_AT_EXIT, endpoint, queue_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(sqs, queue_url) == 0


FORKS = """
import os, sys, threading, boto3, json
from rekvid.backends.aws.queues import signal_of

sqs = boto3.client("sqs", endpoint_url=sys.argv[1])
signal = signal_of(sqs, sys.argv[2])
send = lambda job: sqs.send_message(QueueUrl=sys.argv[2], MessageBody=json.dumps({"JobId": job, "Status": "SUCCEEDED"}))
send("before")
assert signal.wait("before", 60)
keeper = threading.Thread(target=signal.wait, args=("parent", 60))
keeper.start()
while not signal.reading:
    pass
signal._lock.acquire()  # as if another thread were just inside
child = os.fork()
if child == 0:
    assert not signal.reading
    send("child")
    assert signal_of(sqs, sys.argv[2]) is signal
    heard = signal.wait("child", 60)
    signal.settle(60)
    os._exit(0 if heard else 1)
signal._lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert signal.reading
send("parent")
keeper.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_begins_with_a_reader_of_its_own(endpoint: str, sqs: SQSClient, queue_url: str) -> None:
    """After a fork the child doesn't take the parent's reader for its own, and both hear of their jobs."""
    done = run(FORKS, endpoint, queue_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(sqs, queue_url) == 0


INTERRUPTED = """
import sys, boto3, rekvid
from rekvid.backends.aws.queues import signal_of
from rekvid.models import LabelDetectionPage

class Running:
    def start(self, request):
        return "job"
    def get(self, request):
        return LabelDetectionPage(job_status="IN_PROGRESS")
    def signal(self, channel=None):
        return signal_of(boto3.client("sqs", endpoint_url=sys.argv[1]), sys.argv[2])
    def close(self):
        pass

job = rekvid.Client(Running()).label_detection_job("job")
try:
    job.wait(on_progress=lambda progress: print("waiting", flush=True))
except KeyboardInterrupt:
    print(job.status())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to be sent on this system")
def test_interrupt_leaves_job_and_queue_intact(endpoint: str, sqs: SQSClient, queue_url: str) -> None:
    """Ctrl-C ends a wait at once; the job can be asked on, and its message and others' are in the queue."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("foreign"))
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, endpoint, queue_url], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == "waiting\n"
        process.send_signal(signals.SIGINT)
        rest, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "IN_PROGRESS"
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("job"))
    assert left_in(sqs, queue_url) == 2
