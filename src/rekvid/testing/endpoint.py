"""A running endpoint for a test, with the messages that it publishes in the test's hands."""

from __future__ import annotations

import dataclasses
import json
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rekvid.backends.base import Backend
from rekvid.errors import ConfigurationError
from rekvid.testing.fake import FakeBackend

if TYPE_CHECKING:
    from rekvid.endpoint import Server, Settings
    from rekvid.endpoint.notices import Publish
    from rekvid.models import JsonValue


class TestedEndpoint:
    """The endpoint over a backend, while the context lasts; what the fixture ``rekvid_endpoint`` gives.

    Args:
        backend: What does the work. It stays the caller's to close.
        settings: How the endpoint is set up; what publishes is taken from here.

    Attributes:
        backend: What does the work.
        published: Every message so far, as it was handed to SNS, those included that were lost on the way.
    """

    __test__ = False  # pytest takes classes whose names begin like this for tests otherwise

    def __init__(self, backend: Backend, settings: Settings | None = None) -> None:
        from rekvid.endpoint import Server, Settings

        self.backend = backend
        self.published: list[dict[str, JsonValue]] = []
        self._fates: list[int] = []
        self._deliver: Publish | None = None
        self._changed = threading.Condition()
        settings = dataclasses.replace(settings or Settings(), publish=self._publish)
        self._server: Server = Server(backend, settings=settings)

    @property
    def url(self) -> str:
        """What to give as ``endpoint_url``."""
        return self._server.url

    @property
    def fake(self) -> FakeBackend:
        """The backend, to be told what to do: `FakeBackend.will_return`, `will_fail`, `will_raise`.

        Raises:
            ConfigurationError: It is no fake.
        """
        if not isinstance(self.backend, FakeBackend):
            raise ConfigurationError("this endpoint stands over a real backend, which does as it likes, not as told")
        return self.backend

    def lose_notice(self, count: int = 1) -> None:
        """Let the next `count` messages of ended jobs be lost, as a wrong role or subscription loses them."""
        self._fates += [0] * count

    def repeat_notice(self, times: int = 2) -> None:
        """Let the next message be delivered `times` times, as SNS and SQS may do."""
        self._fates.append(times)

    def deliver_with(self, deliver: Publish | None) -> None:
        """Hand messages on to `deliver`, which takes the topic's ARN and the message; None keeps them here."""
        self._deliver = deliver

    def wait_published(self, count: int, timeout: float = 10) -> list[dict[str, JsonValue]]:
        """Wait until `count` messages were published, and give all of them.

        Raises:
            TimeoutError: There were fewer after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.published) >= count, timeout):
                raise TimeoutError(f"{len(self.published)} messages were published within {timeout:g} s, not {count}")
            return list(self.published)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _publish(self, topic_arn: str, message: str) -> None:
        times = self._fates.pop(0) if self._fates else 1
        for _ in range(times):
            if self._deliver is not None:
                self._deliver(topic_arn, message)
        with self._changed:
            self.published.append(json.loads(message))
            self._changed.notify_all()
