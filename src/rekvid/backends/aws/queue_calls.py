"""The calls of one SQS queue, in batches of ten, by whichever client works."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from rekvid.backends.aws.faults import translate

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH: Final = 10  # messages; the most that SQS gives or takes in a call
_HIDDEN: Final = 30  # seconds a received message is hidden, whatever the queue's own setting, which may be 0 or hours
_CLIENTS_MAX: Final = 4

_T = TypeVar("_T")
_log = logging.getLogger("rekvid.aws")


class QueueCalls:
    """The calls of a queue. What fails is logged when it begins, changes and ends, and is never raised."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        self.url = url
        self._clients = deque([sqs], maxlen=_CLIENTS_MAX)  # the first is used
        self._stale = False
        self._troubles: dict[str, str] = {}

    def lend(self, sqs: SQSClient) -> None:
        """Use `sqs` from now on; the others stay, in case it fails."""
        if sqs not in self._clients:
            if len(self._clients) == _CLIENTS_MAX:
                self._clients.pop()
            self._clients.appendleft(sqs)

    def release(self, sqs: SQSClient) -> None:
        """Stop to use `sqs` if there is another."""
        if len(self._clients) > 1 and sqs in self._clients:
            self._clients.remove(sqs)

    def after_fork(self) -> None:
        """Take note that the connections are the parent's too; `renew` drops them."""
        self._stale = True

    def renew(self) -> None:
        """Drop the connections that a fork left to both sides; here, in the reader, it can't hold up the fork."""
        if self._stale:
            self._stale = False
            for sqs in tuple(self._clients):
                sqs.close()  # a closed client opens new connections when it is used again

    def receive(self, seconds: int) -> Sequence[MessageTypeDef] | None:
        """Up to ten messages; none if none came in `seconds`; None if the call failed."""
        answer = self._call(
            "ReceiveMessage",
            lambda sqs: sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=seconds,
                VisibilityTimeout=_HIDDEN,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            ),
        )
        return None if answer is None else answer.get("Messages", [])

    def delete(self, handles: Sequence[str]) -> None:
        """Delete up to ten messages. One that fails comes again, and is deleted then."""
        if handles:
            self._call(
                "DeleteMessageBatch",
                lambda sqs: sqs.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)],
                ),
            )

    def give_back(self, handles: Sequence[tuple[str, int]]) -> None:
        """Let up to ten messages be received again after so many seconds. One that fails comes again after its 30."""
        if handles:
            self._call(
                "ChangeMessageVisibilityBatch",
                lambda sqs: sqs.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                        for number, (handle, seconds) in enumerate(handles)
                    ],
                ),
            )

    def _call(self, operation: str, call: Callable[[SQSClient], _T]) -> _T | None:
        try:
            answer = call(self._clients[0])
        except Exception as error:  # noqa: BLE001  # whatever it is, the reader goes on, and the next client may do
            self._clients.rotate(-1)
            ours = isinstance(error, ClientError | BotoCoreError | ResponseParserError)
            shown = translate(error, operation) if ours else error
            self.troubled(operation, str(getattr(shown, "code", type(error).__name__)), str(shown))
            return None
        failed = answer.get("Failed") if isinstance(answer, Mapping) else None
        if failed:
            codes = ", ".join(sorted({str(entry.get("Code")) for entry in failed}))
            self.troubled(operation, codes, f"{len(failed)} messages were refused: {codes}")
        elif self._troubles.pop(operation, None) is not None:
            _log.info("%s works again on queue %s", operation, self.url, extra=self._extra(operation))
        return answer

    def troubled(self, operation: str, code: str, message: str) -> None:
        """Log a failure, unless it is the one that was logged last."""
        if self._troubles.get(operation) != code:
            self._troubles[operation] = code
            _log.warning(
                "%s fails on queue %s: %s", operation, self.url, message, extra={**self._extra(operation), "code": code}
            )

    def _extra(self, operation: str) -> dict[str, object]:
        return {"queue_url": self.url, "operation": operation}
