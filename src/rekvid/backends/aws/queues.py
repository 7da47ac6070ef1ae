"""Waking the waiters of jobs by the messages of an SQS queue.

A process has one reader for a queue, a daemon thread that lives while somebody waits. A message is a hint: it wakes
those who wait for its job, who then ask the service.

======================================  ==============================================================
a message of a job that                 is
======================================  ==============================================================
somebody waits for                      deleted, after all its waiters were told
was told before (a duplicate)           deleted
nobody here waits for, now or so far    remembered for some minutes, and given back to the queue
======================================  ==============================================================

Given back it comes again after some seconds, here or in the process that it is for. So nothing is lost between two
calls of `QueueSignal.wait`, nor before the first one: a wait that begins while the notice is remembered ends at once
(and only then is the message deleted); one that begins later sees the message when it comes again. The memory saves
time; what keeps a notice safe is the queue. A body that can't be read is neither deleted nor given back: it stays
hidden for half a minute at a time, until the queue's redrive policy takes it.

Each return to the queue counts as a receive. A shared queue's ``maxReceiveCount`` has to leave room for as many as
there are processes, or its dead-letter queue gets the messages of jobs that are still waited for.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

from rekvid.backends.aws.notices import MalformedNoticeError, read_notice
from rekvid.backends.aws.queue_calls import BATCH, QueueCalls
from rekvid.clock import Clock, SystemClock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_LONG_POLL: Final = 20  # seconds; the most that SQS lets a receive last
_BACK_AFTER_MAX: Final = 300.0  # seconds until a message that was given back can be received again
_PAUSE: Final = (0.25, 1.0)  # seconds, first and last, after receives that woke nobody; down to half, by chance
_RETRY: Final = (2.0, 30.0)  # likewise, after receives that failed
_HEARD_MAX: Final = 1_000  # notices that nobody waits for, of about 1 KB each
_HEARD_FOR: Final = 300.0  # seconds
_TOLD_MAX: Final = 10_000  # ids of jobs that were told
_MALFORMED_MAX: Final = 1_000  # ids of messages that were logged

_K = TypeVar("_K")
_V = TypeVar("_V")
_log = logging.getLogger("rekvid.aws")


class QueueSignal:
    """A `rekvid.backends.base.Signal` that listens to a queue. `signal_of` gives the one of this process.

    Args:
        sqs: Calls the queue. Its read timeout has to be over `long_poll` seconds, as botocore's 60 is.
        queue_url: The queue.
        clock: What the reader sleeps by, and ages what it remembers by. Waiters wait in real time.
        jitter: Gives a number between two others; `random.uniform` by default.
        long_poll: Seconds that a receive lasts where nothing comes, 1-20.
    """

    def __init__(
        self,
        sqs: SQSClient,
        queue_url: str,
        *,
        clock: Clock | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
        long_poll: int = _LONG_POLL,
    ) -> None:
        self._queue = QueueCalls(sqs, queue_url)
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._long_poll = long_poll
        self._failed = 0  # receives in a row that failed
        self._barren = 0  # receives in a row whose messages woke nobody
        self._forget()
        _alive.add(self)

    def _forget(self) -> None:
        """Begin with nothing, locks included: what others hold in the parent of a fork, nobody lets go in the child."""
        self._lock = threading.Lock()  # guards all below
        self._handling = threading.Lock()  # held from telling a job to having deleted its message
        self._reader: threading.Thread | None = None
        # A latch for each call of wait(): a lock that was taken, and is let go to tell. A Condition takes 1.3 KB,
        # a latch in its list 160 bytes; one Condition for all would wake 10,000 threads for each message.
        self._waiting: dict[str, list[threading.Lock]] = {}
        # Receipt handle, None where the message is deleted, and when to forget it.
        self._heard: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._malformed: OrderedDict[str, None] = OrderedDict()
        self._settled: list[str] = []  # receipt handles of messages to delete

    def wait(self, job_id: str, timeout: float) -> bool:
        """Wait for a notice of `job_id`. Notices that came while nobody waited count, once, for five minutes.

        Args:
            job_id: The job.
            timeout: Seconds, 0 or more.

        Returns:
            Whether a notice came. False after `timeout` whatever is wrong with the queue, so keep asking, slowly.
        """
        latch = threading.Lock()
        latch.acquire()
        registered = False
        try:
            with self._lock:
                if self._was_heard(job_id):
                    return True
                self._waiting.setdefault(job_id, []).append(latch)
                registered = True
                self._need_reader()
            latch.acquire(timeout=min(max(timeout, 0), threading.TIMEOUT_MAX))
        finally:
            # Also on Ctrl-C: a latch that is left would have messages deleted that nobody hears.
            told = registered and not self._withdraw(job_id, latch)
        return told

    def covers(self, job_id: str) -> bool:
        """Whether the queue can be read, as far as is known: its messages tell of every job that was begun with it."""
        return self._failed == 0

    def progress(self, job_id: str) -> float | None:
        """None: Rekognition doesn't tell."""
        return None

    def ended(self, job_id: str) -> None:
        """Take note that this process knows from elsewhere that `job_id` has ended.

        Its messages are then deleted when they come, rather than given back for ever. To be called by those who
        would have waited: it is they whom the messages are for.
        """
        with self._lock:
            _remember(self._told, job_id, None, _TOLD_MAX)
            handle, _ = self._heard.pop(job_id, (None, 0.0))
            if handle is not None:
                self._settled.append(handle)
                self._need_reader()

    def lend(self, sqs: SQSClient) -> None:
        """Let the reader use `sqs` too: the newest client is used, and after a failure the next."""
        self._queue.lend(sqs)

    def release(self, sqs: SQSClient) -> None:
        """Stop to use `sqs` if there is another: its owner closes it."""
        self._queue.release(sqs)

    @property
    def reading(self) -> bool:
        """Whether the reader runs."""
        reader = self._reader
        return reader is not None and reader.is_alive()

    def settle(self, timeout: float) -> None:
        """Let up to `timeout` seconds pass until the messages of jobs that were told just now are deleted."""
        if self._handling.acquire(timeout=timeout):
            self._handling.release()

    def after_fork(self) -> None:
        """Begin anew in the child of a fork, which has none of the threads, and must not use the parent's sockets."""
        self._forget()
        self._queue.after_fork()

    def _was_heard(self, job_id: str) -> bool:
        if job_id not in self._heard:
            return False
        handle, until = self._heard.pop(job_id)
        if until < self._clock.monotonic():
            return False
        _remember(self._told, job_id, None, _TOLD_MAX)
        if handle is not None:
            self._settled.append(handle)
            self._need_reader()
        return True

    def _withdraw(self, job_id: str, latch: threading.Lock) -> bool:
        """Whether the latch was still waiting."""
        with self._lock:
            latches = self._waiting.get(job_id, [])
            if latch not in latches:
                return False
            latches.remove(latch)
            if not latches:
                del self._waiting[job_id]
            return True

    def _need_reader(self) -> None:
        if self.reading:
            return
        # A daemon, since a receive in flight must not keep the interpreter alive.
        self._reader = threading.Thread(target=self._read, name=f"rekvid reader of {self._queue.url}", daemon=True)
        try:
            self._reader.start()
        except RuntimeError as error:  # no more threads, or the interpreter ends: the poll beneath goes on
            self._reader = None
            self._queue.troubled("Thread.start", type(error).__name__, str(error))

    def _read(self) -> None:
        self._queue.renew()
        while True:
            with self._lock:
                settled, self._settled = self._settled[:BATCH], self._settled[BATCH:]
                awaited = bool(self._waiting)
                if not awaited and not settled:
                    self._reader = None
                    return
            with self._handling:
                self._queue.delete(settled)
            if awaited:
                self._receive()

    def _receive(self) -> None:
        messages = self._queue.receive(self._long_poll)
        if messages is None:
            self._failed += 1
            self._sleep(_RETRY, self._failed)
            return
        self._failed = 0
        with self._handling:
            finished, others, woken = self._route(messages)
            self._queue.delete(finished)
        self._queue.give_back([(handle, self._back_after(count)) for handle, count in others])
        # Without a pause a queue full of others' messages would be fetched as fast as it answers.
        self._barren = 0 if woken or not messages else self._barren + 1
        if self._barren:
            self._sleep(_PAUSE, self._barren)

    def _route(self, messages: Iterable[MessageTypeDef]) -> tuple[list[str], list[tuple[str, int]], bool]:
        """Tell the waiters.

        Returns:
            Handles of messages to delete; handles of messages to give back, with how often each was received; whether
            anybody was woken.
        """
        finished: list[str] = []
        others: list[tuple[str, int]] = []
        woken = False
        for message in messages:
            job_id = self._job_of(message)
            if job_id is None:
                continue
            handle = message.get("ReceiptHandle", "")
            with self._lock:
                latches = self._waiting.pop(job_id, [])
                for latch in latches:
                    latch.release()
                known = bool(latches) or job_id in self._told
                if latches:
                    woken = True
                else:
                    # A duplicate too: the first may have come before the service's state had changed.
                    until = self._clock.monotonic() + _HEARD_FOR
                    _remember(self._heard, job_id, (None if known else handle, until), _HEARD_MAX)
                if known:
                    _remember(self._told, job_id, None, _TOLD_MAX)
            if known:
                finished.append(handle)
            else:
                others.append((handle, _receive_count(message)))
        return finished, others, woken

    def _job_of(self, message: MessageTypeDef) -> str | None:
        try:
            return read_notice(message.get("Body", "")).job_id
        except MalformedNoticeError as error:
            message_id = message.get("MessageId", "")
            if message_id not in self._malformed:
                _remember(self._malformed, message_id, None, _MALFORMED_MAX)
                _log.warning(
                    "message %s of queue %s is no notice of Rekognition, and is left there: %s",
                    message_id,
                    self._queue.url,
                    error,
                    extra={"queue_url": self._queue.url, "message_id": message_id},
                )
            return None

    def _back_after(self, count: int) -> int:
        """Seconds to hide a message that was received `count` times: 1, 3 after 8, 33 after 32; 300 at most.

        Spread by half to each side. The count is the queue's, so it needs no memory here, and processes agree on it.
        What only passes through a few wrong processes hardly loses time, what nobody waits for is seen ever less.
        """
        return max(1, round(self._jitter(0.5, 1.5) * min(_BACK_AFTER_MAX, 1 + count * count / 32)))

    def _sleep(self, range_: tuple[float, float], times: int) -> None:
        first, last = range_
        self._clock.sleep(min(last, first * 2.0 ** min(times - 1, 16)) * self._jitter(0.5, 1.0))


def signal_of(sqs: SQSClient, queue_url: str) -> QueueSignal:
    """The signal of a queue: the same for all who ask for it in this process, so that it has one reader.

    Args:
        sqs: An SQS client for the queue's region; used by the reader, beside those of others who asked. Call
            `QueueSignal.release` before it is closed. Its read timeout has to be over 20 s, as botocore's 60 is.
        queue_url: The queue. Needs ``sqs:ReceiveMessage``, ``sqs:DeleteMessage`` and ``sqs:ChangeMessageVisibility``.
    """
    key = (sqs.meta.endpoint_url, queue_url)
    with _registry_lock:
        signal = _signals.get(key)
        if signal is None:
            signal = _signals[key] = QueueSignal(sqs, queue_url)
        else:
            signal.lend(sqs)
        return signal


def _receive_count(message: MessageTypeDef) -> int:
    count = message.get("Attributes", {}).get("ApproximateReceiveCount", "1")
    return int(count) if count.isdecimal() else 1


def _remember(memory: OrderedDict[_K, _V], key: _K, value: _V, at_most: int) -> None:
    """Put something in as the newest; the oldest go."""
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > at_most:
        memory.popitem(last=False)


# Queues that nobody holds any more are forgotten; a running reader holds its own.
_signals: weakref.WeakValueDictionary[tuple[str, str], QueueSignal] = weakref.WeakValueDictionary()
_alive: weakref.WeakSet[QueueSignal] = weakref.WeakSet()
_registry_lock = threading.Lock()


def _after_fork_in_child() -> None:
    global _registry_lock  # noqa: PLW0603  # another thread of the parent may have held it
    _registry_lock = threading.Lock()
    for signal in list(_alive):
        signal.after_fork()


def _at_exit() -> None:
    # A short program ends as soon as its job was told; the message must not stay for others to puzzle over.
    for signal in list(_alive):
        signal.settle(2.0)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
