"""What `provision` and `teardown` share: to look at the parts, and to record each change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, ParamSpec, TypeVar

from rekvid.backends.aws import policies
from rekvid.backends.aws.naming import Names
from rekvid.backends.aws.services import Services, call, find, list_subscriptions

_P = ParamSpec("_P")
_T = TypeVar("_T")

ROLE_POLICY: Final = "rekvid-publish"
"""Name of the role's inline policy."""


class Steps:
    """Looks at what is there, and records each change that is made."""

    def __init__(self, services: Services, names: Names, *, dry_run: bool) -> None:
        self.names = names
        self.dry_run = dry_run
        self.done: list[str] = []
        self.sns = services.sns()
        self.sqs = services.sqs()
        self.iam = services.iam()

    def do(self, what: str, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Record `what`, and call the method unless this is a dry run, which gives None."""
        answer = None if self.dry_run else call(method, *args, **kwargs)
        self.done.append(what)
        return answer

    def topic(self) -> tuple[dict[str, str], dict[str, str]] | None:
        """Attributes and tags of the topic; None if there is none."""
        answer = find(self.sns.get_topic_attributes, TopicArn=self.names.topic_arn)
        if answer is None:
            return None
        tags = call(self.sns.list_tags_for_resource, ResourceArn=self.names.topic_arn)["Tags"]
        return answer["Attributes"], {each["Key"]: each["Value"] for each in tags}

    def queue(self, name: str) -> tuple[str, dict[str, str]] | None:
        """URL and tags of a queue; None if there is none."""
        answer = find(self.sqs.get_queue_url, QueueName=name)
        if answer is None:
            return None
        url = answer["QueueUrl"]
        return url, call(self.sqs.list_queue_tags, QueueUrl=url).get("Tags", {})

    def role(self) -> tuple[Mapping[str, object], dict[str, str]] | None:
        """Trust policy and tags of the role; None if there is none."""
        answer = find(self.iam.get_role, RoleName=self.names.role_name)
        if answer is None:
            return None
        tags = {each["Key"]: each["Value"] for each in answer["Role"].get("Tags", [])}
        return policies.read_document(answer["Role"].get("AssumeRolePolicyDocument")), tags

    def subscription(self) -> str | None:
        """ARN of the queue's subscription to the topic; None if there is none."""
        found = find(list_subscriptions, self.sns, self.names.topic_arn, self.names.queue_arn)
        return found[0] if found else None
