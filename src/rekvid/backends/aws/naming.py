"""What the parts of a notification channel are called, and the tag that says whose they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from rekvid.backends.aws.policies import PREFIX
from rekvid.backends.aws.services import Services, call
from rekvid.errors import ConfigurationError, ValidationError
from rekvid.models import NotificationChannel
from rekvid.models._shape import Value, value

if TYPE_CHECKING:
    from typing import Self

TAG: Final = "rekvid:name"
"""The tag that all parts bear; its value is the name."""

_TOPIC_LENGTH: Final = 256  # SNS API reference, CreateTopic
_QUEUE_LENGTH: Final = 80  # SQS API reference, CreateQueue
_ROLE_LENGTH: Final = 64  # IAM API reference, CreateRole
_DEAD = "-dead-letters"


class TagEntry(TypedDict):
    """A tag as SNS and IAM write it."""

    Key: str
    Value: str


@value
class Names(Value):
    """Names and ARNs of the parts of one channel.

    Attributes:
        name: Name of the topic and the queue.
        region: Region of topic and queues.
        account: The account, 12 digits.
    """

    name: str
    region: str
    account: str

    @classmethod
    def of(cls, name: str, services: Services) -> Self:
        """The names for `name` in the region and account of `services`.

        Raises:
            ValidationError: `name` breaks a rule; nothing was sent.
            ConfigurationError: The caller is of China, GovCloud or another partition of its own.
        """
        full = full_name(name, services.region)
        identity = call(services.sts().get_caller_identity)
        if not identity["Arn"].startswith("arn:aws:"):
            raise ConfigurationError(
                f"{identity['Arn']} is of another partition, and a NotificationChannel takes only ARNs of arn:aws:"
            )
        return cls(name=full, region=services.region, account=identity["Account"])

    @property
    def topic_arn(self) -> str:
        """ARN of the topic."""
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"

    @property
    def queue_name(self) -> str:
        """Name of the queue: the topic's."""
        return self.name

    @property
    def queue_arn(self) -> str:
        """ARN of the queue."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.queue_name}"

    @property
    def dead_letter_name(self) -> str:
        """Name of the dead-letter queue."""
        return f"{self.name}{_DEAD}"

    @property
    def dead_letter_arn(self) -> str:
        """ARN of the dead-letter queue."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.dead_letter_name}"

    @property
    def role_name(self) -> str:
        """Name of the role: with the region, as roles are the same in all and each may publish to one topic only."""
        return _role_name(self.name, self.region)

    @property
    def role_arn(self) -> str:
        """ARN of the role."""
        return f"arn:aws:iam::{self.account}:role/{self.role_name}"

    @property
    def tags(self) -> dict[str, str]:
        """The tags, as SQS wants them."""
        return {TAG: self.name}

    def tag_list(self) -> list[TagEntry]:
        """The tags, as SNS and IAM want them."""
        return [{"Key": key, "Value": text} for key, text in self.tags.items()]

    def are_ours(self, tags: Mapping[str, str]) -> bool:
        """Whether these are the tags of something that was made under this name."""
        return tags.get(TAG) == self.name

    def channel(self, queue_url: str) -> NotificationChannel:
        """The channel that these parts make up."""
        return NotificationChannel(sns_topic_arn=self.topic_arn, role_arn=self.role_arn, queue_url=queue_url)


def full_name(name: str, region: str) -> str:
    """The name with its prefix, which the managed policy AmazonRekognitionServiceRole asks of topics.

    Raises:
        ValidationError: It breaks the rules for topics, queues or roles.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ValidationError("name", name, "must be letters (A-Z, a-z), digits, hyphens and underscores (SNS, SQS)")
    full = name if name.startswith(PREFIX) else PREFIX + name
    if full == PREFIX:
        raise ValidationError("name", name, f"must have more than the prefix {PREFIX}")
    for what, part, limit in (
        ("role", _role_name(full, region), _ROLE_LENGTH),
        ("queue", full + _DEAD, _QUEUE_LENGTH),
        ("topic", full, _TOPIC_LENGTH),
    ):
        if len(part) > limit:
            raise ValidationError(
                "name", name, f"is {len(part) - limit} characters too long: the {what} would be {part}, over {limit}"
            )
    return full


def _role_name(name: str, region: str) -> str:
    return f"{name}-{region}"
