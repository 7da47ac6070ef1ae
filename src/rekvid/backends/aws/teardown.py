"""Removing what `provision` made, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rekvid.backends.aws.naming import TAG, Names
from rekvid.backends.aws.services import Services, call
from rekvid.backends.aws.steps import ROLE_POLICY, Steps
from rekvid.models._shape import Value, value

if TYPE_CHECKING:
    import boto3


@value
class TornDown(Value):
    """What `teardown` did.

    Attributes:
        name: The name that was torn down.
        removed: What was removed, in order; in a dry run, what would be.
        kept: What bears the name but stays, and why.
        dry_run: Whether nothing was removed.
    """

    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    dry_run: bool = False

    def __str__(self) -> str:
        lines = ["would remove:" if self.dry_run else "removed:"]
        lines += [f"  - {each}" for each in self.removed or ("nothing",)]
        return "\n".join([*lines, *(f"kept: {each}" for each in self.kept)])


def teardown(
    name: str,
    *,
    session: boto3.session.Session | None = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
    dry_run: bool = False,
) -> TornDown:
    """Remove what `provision` made under `name`, with the messages in its queues. Running it again is fine.

    Only what bears our tag with this name is removed. A KMS key is left alone.

    Args:
        name: As given to `provision`.
        session: As for `provision`.
        region_name: As for `provision`.
        endpoint_url: As for `provision`.
        dry_run: Only look.

    Raises:
        ValidationError: `name` breaks a rule.
        ConfigurationError: No region or credentials.
        AccessDeniedError: The caller lacks a right.
        ServiceError: A service refused for another reason. Run it again to go on.
        TransportError: No answer came. Run it again to go on.
    """
    with Services(session, region_name, endpoint_url) as services:
        return _Remover(services, Names.of(name, services), dry_run=dry_run).run()


class _Remover(Steps):
    def __init__(self, services: Services, names: Names, *, dry_run: bool) -> None:
        super().__init__(services, names, dry_run=dry_run)
        self.kept: list[str] = []

    def run(self) -> TornDown:
        # The source of messages first, then what holds them.
        self._remove_topic()
        for name in (self.names.queue_name, self.names.dead_letter_name):
            found = self.queue(name)
            if found is not None and self._is_ours(f"queue {name}", found[1]):
                self.do(f"queue {name}", self.sqs.delete_queue, QueueUrl=found[0])
        self._remove_role()
        return TornDown(name=self.names.name, removed=tuple(self.done), kept=tuple(self.kept), dry_run=self.dry_run)

    def _is_ours(self, what: str, tags: Mapping[str, str]) -> bool:
        ours = self.names.are_ours(tags)
        if not ours:
            self.kept.append(f"the {what} hasn't the tag {TAG}={self.names.name}, so rekvid didn't make it")
        return ours

    def _remove_topic(self) -> None:
        found = self.topic()
        if found is None or not self._is_ours(f"topic {self.names.topic_arn}", found[1]):
            return
        subscription = self.subscription()
        if subscription is not None:
            self.do(f"subscription {subscription}", self.sns.unsubscribe, SubscriptionArn=subscription)
        self.do(f"topic {self.names.topic_arn}", self.sns.delete_topic, TopicArn=self.names.topic_arn)

    def _remove_role(self) -> None:
        role = self.names.role_name
        found = self.role()
        if found is None or not self._is_ours(f"role {role}", found[1]):
            return
        # IAM deletes no role that has policies; those that others put there are not ours to remove.
        inline = call(self.iam.list_role_policies, RoleName=role)["PolicyNames"]
        attached = call(self.iam.list_attached_role_policies, RoleName=role)["AttachedPolicies"]
        others = [each for each in inline if each != ROLE_POLICY] + [each.get("PolicyName", "") for each in attached]
        if others:
            self.kept.append(f"the role {role} has policies that rekvid didn't make: {', '.join(others)}; remove them")
            return
        if ROLE_POLICY in inline:
            self.do(
                f"policy {ROLE_POLICY} of the role {role}",
                self.iam.delete_role_policy,
                RoleName=role,
                PolicyName=ROLE_POLICY,
            )
        self.do(f"role {role}", self.iam.delete_role, RoleName=role)
