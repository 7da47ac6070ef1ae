"""A queue of SQS in memory, for the tests of its reader, and what they say to it."""

from __future__ import annotations

import itertools
import json
import logging
import random
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from rekvid.backends.aws.queues import QueueSignal
from rekvid.testing import ManualClock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONG = 60.0
"""Seconds that a wait takes which hangs, instead of for ever."""


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
