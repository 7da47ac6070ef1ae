"""Many jobs waiting in one process on one queue: reader threads, memory, Get calls, and the delay of a wake.

Each job is waited for by `Job.wait` in a thread of its own, with a small stack. The queue and the service are in this
process, so the delay is that of our code and of the threads, without a network: from the moment a message is in the
queue to the moment at which wait() has returned, one Get included.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import statistics
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from machine import machine

import rekvid
from rekvid.backends.aws.queues import QueueSignal, signal_of
from rekvid.models import NotificationChannel
from rekvid.operations import GetRequest, PageT, StartRequest, operation_of_get

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/AmazonRekognitionVideo"
STACK = 256 * 1024  # bytes; of which a waiting thread touches a part


class Queue:
    """The calls of SQS that the reader makes, without a network. What is given back would be a fault here."""

    meta = SimpleNamespace(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

    def __init__(self) -> None:
        self.receives = 0
        self.deleted = 0
        self._bodies: collections.deque[str] = collections.deque()
        self._changed = threading.Condition()

    def put(self, body: str) -> None:
        """Send a message."""
        with self._changed:
            self._bodies.append(body)
            self._changed.notify_all()

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        """Up to ten messages, after a long poll."""
        self.receives += 1
        with self._changed:
            self._changed.wait_for(lambda: self._bodies, asked["WaitTimeSeconds"])
            bodies = [self._bodies.popleft() for _ in range(min(10, len(self._bodies)))]
        return {"Messages": [{"MessageId": "m", "ReceiptHandle": "r" * 400, "Body": body} for body in bodies]}

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        """Count."""
        self.deleted += len(asked["Entries"])
        return {}


class Service:
    """A backend whose jobs end when they are told to."""

    def __init__(self, queue: Queue) -> None:
        self.gets: collections.Counter[str] = collections.Counter()
        self.ended: set[str] = set()
        self._queue_signal = signal_of(cast("SQSClient", queue), URL)

    def start(self, request: StartRequest) -> str:
        """Not used here."""
        raise NotImplementedError(request)

    def get(self, request: GetRequest[PageT]) -> PageT:
        """The state of the job."""
        self.gets[request.job_id] += 1
        return operation_of_get(request).page(
            job_status="SUCCEEDED" if request.job_id in self.ended else "IN_PROGRESS", job_id=request.job_id
        )

    def signal(self, channel: NotificationChannel | None = None) -> QueueSignal:
        """The queue's."""
        return self._queue_signal

    def close(self) -> None:
        """Nothing is held."""


def resident() -> int:
    """Bytes of this process that are in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def bookkeeping(signal: QueueSignal) -> int:
    """Bytes by which the signal itself remembers who waits; the ids are the jobs' own."""
    waiting = signal._waiting
    return sys.getsizeof(waiting) + sum(
        sys.getsizeof(latches) + sum(map(sys.getsizeof, latches)) for latches in waiting.values()
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=200, help="completions a second")
    options = parser.parse_args()
    threading.stack_size(STACK)
    queue = Queue()
    service = Service(queue)
    client = rekvid.Client(service)
    chance = random.Random(0)
    ids = [f"{number:064x}" for number in range(options.jobs)]
    sent: dict[str, float] = {}
    returned: dict[str, float] = {}

    def wait(job_id: str) -> None:
        client.label_detection_job(job_id).wait()
        returned[job_id] = time.perf_counter()

    before = resident()
    threads = [threading.Thread(target=wait, args=(job_id,), daemon=True) for job_id in ids]
    for thread in threads:
        thread.start()
    while len(service._queue_signal._waiting) < len(ids):
        time.sleep(0.05)
    memory = (resident() - before) / len(ids)
    books = bookkeeping(service._queue_signal) / len(ids)
    readers = sum(thread.name.startswith("rekvid reader") for thread in threading.enumerate())

    chance.shuffle(ids)
    begun = time.perf_counter()
    for number, job_id in enumerate(ids):
        time.sleep(max(0.0, begun + number / options.rate - time.perf_counter()))
        service.ended.add(job_id)
        sent[job_id] = time.perf_counter()
        queue.put(json.dumps({"Type": "Notification", "Message": json.dumps({"JobId": job_id, "Status": "SUCCEEDED"})}))
    took = time.perf_counter() - begun
    for thread in threads:
        thread.join()
    delays = sorted((returned[job_id] - sent[job_id]) * 1000 for job_id in ids)
    gets = service.gets.values()

    print(machine())
    print()
    print(f"| {options.jobs:,} jobs, {options.jobs / took:.0f} completions a second, no network | |")
    print("|---|---|")
    print(f"| reader threads | {readers} |")
    print(f"| memory a waiting job, its thread and handle included | {memory / 1024:.1f} KB |")
    print(f"| of it the signal's own | {books:.0f} bytes |")
    print(f"| Get calls a job, mean and most | {statistics.mean(gets):.2f}, {max(gets)} |")
    print(f"| message to wait() returning, median | {statistics.median(delays):.2f} ms |")
    print(f"| 99 of 100 | {delays[int(len(delays) * 0.99)]:.2f} ms |")
    print(f"| longest | {delays[-1]:.2f} ms |")
    print(f"| receives, messages a receive | {queue.receives:,}, {options.jobs / queue.receives:.1f} |")


if __name__ == "__main__":
    main()
