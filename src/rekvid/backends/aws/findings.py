"""What can be wrong with a notification channel, and how it is noted."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from rekvid.backends.aws.services import Services, find
from rekvid.errors import ServiceError
from rekvid.models._shape import Value, value

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Problem(enum.StrEnum):
    """What kind of thing is wrong."""

    REGION_DIFFERS = "REGION_DIFFERS"
    QUEUE_REGION = "QUEUE_REGION"
    KEY_UNUSABLE = "KEY_UNUSABLE"
    TOPIC_MISSING = "TOPIC_MISSING"
    TOPIC_NAME = "TOPIC_NAME"
    ROLE_MISSING = "ROLE_MISSING"
    ROLE_TRUST = "ROLE_TRUST"
    ROLE_PUBLISH = "ROLE_PUBLISH"
    ROLE_KEY = "ROLE_KEY"
    QUEUE_MISSING = "QUEUE_MISSING"
    QUEUE_POLICY = "QUEUE_POLICY"
    QUEUE_KEY = "QUEUE_KEY"
    SUBSCRIPTION_MISSING = "SUBSCRIPTION_MISSING"
    SUBSCRIPTION_FILTER = "SUBSCRIPTION_FILTER"
    DEAD_LETTERS_MISSING = "DEAD_LETTERS_MISSING"
    DEAD_LETTERS_EARLY = "DEAD_LETTERS_EARLY"
    NOT_SEEN = "NOT_SEEN"


WARNINGS: Final = frozenset(
    {
        Problem.QUEUE_REGION,
        Problem.SUBSCRIPTION_FILTER,
        Problem.DEAD_LETTERS_MISSING,
        Problem.DEAD_LETTERS_EARLY,
        Problem.NOT_SEEN,
    }
)
"""What need not keep a message from arriving; everything else does."""


@value
class Finding(Value):
    """One thing that is wrong.

    Attributes:
        problem: What kind of thing.
        resource: The ARN or URL of the part that it is about.
        what: What is wrong, as a sentence.
        remedy: What to do, as a sentence.
    """

    problem: Problem
    resource: str
    what: str
    remedy: str

    @property
    def is_warning(self) -> bool:
        """Whether messages may arrive nevertheless."""
        return self.problem in WARNINGS

    def __str__(self) -> str:
        return f"{'warning' if self.is_warning else 'error'}: {self.resource}: {self.what} {self.remedy}"


class Findings:
    """Looks at things, and notes what is wrong with them.

    Attributes:
        noted: The findings so far.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.noted: list[Finding] = []
        self._keys: dict[tuple[str, str], str | None] = {}

    def add(self, problem: Problem, resource: str, what: str, remedy: str) -> None:
        """Note that something is wrong."""
        self.noted.append(Finding(problem=problem, resource=resource, what=what, remedy=remedy))

    def look(
        self, resource: str, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> tuple[_T | None, bool]:
        """What the call gives, None if there is no such thing; and whether that could be seen."""
        try:
            return find(method, *args, **kwargs), True
        except ServiceError as error:
            self.add(
                Problem.NOT_SEEN,
                resource,
                f"could not be looked at: {error}.",
                f"Allow the caller {error.operation}, or ask somebody who may look.",
            )
            return None, False

    def key_arn(self, key: str, region: str) -> str | None:
        """ARN of a KMS key; None, and noted once, if it can't be used or looked at."""
        if (key, region) not in self._keys:
            self._keys[key, region] = self._find_key(key, region)
        return self._keys[key, region]

    def _find_key(self, key: str, region: str) -> str | None:
        answer, seen = self.look(key, self.services.kms(region).describe_key, KeyId=key)
        state = answer["KeyMetadata"].get("KeyState", "Enabled") if answer else "missing"
        if seen and state != "Enabled":
            self.add(
                Problem.KEY_UNUSABLE,
                key,
                f"The KMS key of topic or queue is {state}, so nothing can be published or read.",
                "Enable it, or encrypt topic and queue with another one.",
            )
        return answer["KeyMetadata"].get("Arn") if answer and state == "Enabled" else None
