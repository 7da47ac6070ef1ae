"""Making what a notification channel needs: topic, queues, role and subscription."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rekvid.backends.aws import policies
from rekvid.backends.aws.naming import TAG, Names
from rekvid.backends.aws.policies import Document
from rekvid.backends.aws.services import Services, call, find
from rekvid.backends.aws.steps import ROLE_POLICY, Steps
from rekvid.errors import ConfigurationError, ValidationError
from rekvid.models import NotificationChannel
from rekvid.models._shape import Value, value

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_sqs.literals import QueueAttributeNameType

MAX_RECEIVE_COUNT: Final = 1000
"""The most that SQS allows. Every process that reads a shared queue takes other processes' messages too and gives them
back, and each time counts: with 50 processes a good message would be taken for a bad one after 100 receives in one of
eight cases (0.98 ** 100), after 1000 in one of 600 million. The price is that a malformed message stays for hours."""
_RETENTION_SECONDS: Final = 7 * 24 * 3600  # as long as the service keeps a job's results
_DEAD_LETTER_RETENTION_SECONDS: Final = 14 * 24 * 3600  # the most; a message's age counts from its first queue on
_VISIBILITY_SECONDS: Final = 30
_LONG_POLL_SECONDS: Final = 20  # the most


@value
class Policy(Value):
    """A policy document, as it is sent.

    Attributes:
        title: What it is and what it is attached to.
        text: The document, as indented JSON.
    """

    title: str
    text: str


@value
class Provisioned(Value):
    """A notification channel with all that belongs to it. Printing it shows names, changes and policies.

    Attributes:
        name: The name that all parts begin with, and the value of their tag ``rekvid:name``.
        channel: What jobs are started with.
        region: The region of topic and queues.
        queue_name: The queue that is waited by.
        queue_arn: Its ARN.
        dead_letter_queue_name: The queue for messages that nobody could read.
        dead_letter_queue_arn: Its ARN.
        role_name: The role that Rekognition takes to publish.
        subscription_arn: The queue's subscription to the topic; None in a dry run that found none.
        kms_key_arn: The key that topic and queues are encrypted with; None for none of the caller's.
        policies: The policies that were put in place; with a key also the statement that the key's own policy needs,
            which is never changed from here.
        changes: What was done, in order; in a dry run, what would be. Empty if everything was as it should be.
        dry_run: Whether nothing was changed.
    """

    name: str
    channel: NotificationChannel
    region: str
    queue_name: str
    queue_arn: str
    dead_letter_queue_name: str
    dead_letter_queue_arn: str
    role_name: str
    subscription_arn: str | None = None
    kms_key_arn: str | None = None
    policies: tuple[Policy, ...]
    changes: tuple[str, ...]
    dry_run: bool = False

    def __str__(self) -> str:
        parts = {
            "topic": self.channel.sns_topic_arn,
            "queue": self.queue_arn,
            "queue URL": self.channel.queue_url,
            "dead letters": self.dead_letter_queue_arn,
            "role": self.channel.role_arn,
            "subscription": self.subscription_arn,
            "KMS key": self.kms_key_arn,
        }
        lines = [f"{title:<13} {part}" for title, part in parts.items() if part]
        lines += ["", "would change:" if self.dry_run else "changed:"]
        lines += [f"  - {change}" for change in self.changes or ("nothing",)]
        for policy in self.policies:
            lines += ["", f"{policy.title}:", policy.text]
        return "\n".join(lines)


def provision(
    name: str,
    *,
    session: boto3.session.Session | None = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
    kms_key: str | None = None,
    max_receive_count: int = MAX_RECEIVE_COUNT,
    dry_run: bool = False,
) -> Provisioned:
    """Make topic, queue, dead-letter queue, role and subscription, or complete and correct what is there of them.

    Running it again changes nothing. Parts made with other settings are put right. Nothing is taken over: a topic,
    queue or role of the same name without our tag is an error, found before anything is changed.

    A role that was just made takes some seconds until Rekognition can use it (IAM user guide, "Changes that I make are
    not always immediately visible"); a queue's name is free again 60 seconds after it was deleted.

    Args:
        name: Letters, digits, hyphens and underscores; ``AmazonRekognition`` is put before it unless it is there. With
            the prefix, a hyphen and the region at most 64 characters, as an IAM role can have.
        session: Where credentials and region come from; boto3's default chain when absent.
        region_name: Region, over the session's: that of the Rekognition client that will start the jobs.
        endpoint_url: One address for SNS, SQS, IAM, STS and KMS instead of AWS's, such as that of a test server.
        kms_key: Id, ARN or alias of a customer managed KMS key to encrypt topic and queues with. Its policy is not
            changed; `Provisioned.policies` has the statement that it needs.
        max_receive_count: How often a message is received before it goes to the dead-letter queue, 1-1000. The default
            is the most, because processes that share a queue give each other's messages back and each time counts.
        dry_run: Only look: the answer tells what would be changed, and holds the policies.

    Returns:
        The channel with names and ARNs of its parts, the policies and the changes.

    Raises:
        ValidationError: `name` or `max_receive_count` breaks a rule; nothing was sent.
        ConfigurationError: No region or credentials, a part belongs to somebody else, or the key can't be used.
        AccessDeniedError: The caller lacks a right; docs/provisioning.md lists them.
        ServiceError: A service refused for another reason. What was done stays; run it again to complete it.
        TransportError: No answer came; run it again to complete it.
    """
    if not 1 <= max_receive_count <= MAX_RECEIVE_COUNT:
        raise ValidationError("max_receive_count", max_receive_count, "must be 1-1000 (SQS, redrive policy)")
    with Services(session, region_name, endpoint_url) as services:
        names = Names.of(name, services)
        key = _key_arn(services, kms_key) if kms_key is not None else None
        return _Provisioner(services, names, key, max_receive_count, dry_run=dry_run).run()


def _key_arn(services: Services, key: str) -> str:
    metadata = call(services.kms().describe_key, KeyId=key)["KeyMetadata"]
    if metadata.get("KeyManager") == "AWS":
        raise ConfigurationError(
            f"kms_key={key} is managed by AWS: its policy can't be changed, so SNS could not send to the queue; "
            "give a customer managed key"
        )
    return metadata.get("Arn", key)


class _Provisioner(Steps):
    def __init__(
        self, services: Services, names: Names, key: str | None, max_receive_count: int, *, dry_run: bool
    ) -> None:
        super().__init__(services, names, dry_run=dry_run)
        self.key = key
        self.redrive = policies.redrive_policy(names.dead_letter_arn, max_receive_count)
        self.queue_policy = policies.queue_policy(names.queue_arn, names.topic_arn)
        self.trust = policies.trust_policy(names.account)
        self.rights = policies.publish_policy(names.topic_arn, key)
        self.queues_url = f"{self.sqs.meta.endpoint_url}/{names.account}"

    def run(self) -> Provisioned:
        self._refuse_what_is_not_ours()
        self._make_topic()
        self._make_queue(self.names.dead_letter_name, {"MessageRetentionPeriod": str(_DEAD_LETTER_RETENTION_SECONDS)})
        url = self._make_queue(
            self.names.queue_name,
            {
                "MessageRetentionPeriod": str(_RETENTION_SECONDS),
                "ReceiveMessageWaitTimeSeconds": str(_LONG_POLL_SECONDS),
                "VisibilityTimeout": str(_VISIBILITY_SECONDS),
                "RedrivePolicy": json.dumps(self.redrive),
                "Policy": json.dumps(self.queue_policy),
            },
        )
        self._make_role()
        subscription = self._subscribe()
        return Provisioned(
            name=self.names.name,
            channel=self.names.channel(url),
            region=self.names.region,
            queue_name=self.names.queue_name,
            queue_arn=self.names.queue_arn,
            dead_letter_queue_name=self.names.dead_letter_name,
            dead_letter_queue_arn=self.names.dead_letter_arn,
            role_name=self.names.role_name,
            subscription_arn=subscription,
            kms_key_arn=self.key,
            policies=tuple(self._policies()),
            changes=tuple(self.done),
            dry_run=self.dry_run,
        )

    def _refuse_what_is_not_ours(self) -> None:
        # All of them before the first change, so that a refusal leaves nothing half made.
        topic, role = self.topic(), self.role()
        tags = {f"topic {self.names.topic_arn}": topic and topic[1], f"role {self.names.role_name}": role and role[1]}
        keys = {"topic": topic[0].get("KmsMasterKeyId") if topic else None}
        for name in (self.names.queue_name, self.names.dead_letter_name):
            queue = self.queue(name)
            tags[f"queue {name}"] = queue and queue[1]
            if queue is not None:
                answer = call(self.sqs.get_queue_attributes, QueueUrl=queue[0], AttributeNames=["KmsMasterKeyId"])
                keys[f"queue {name}"] = answer.get("Attributes", {}).get("KmsMasterKeyId")
        for what, each in tags.items():
            if each is not None and not self.names.are_ours(each):
                raise ConfigurationError(
                    f"the {what} is there, but without the tag {TAG}={self.names.name}, so rekvid didn't make it and "
                    "won't take it over: choose another name, or remove it"
                )
        for what, key in keys.items():
            # A forgotten argument must not take the encryption off what was encrypted.
            if key and self.key is None:
                raise ConfigurationError(
                    f"the {what} is encrypted with {key}: give kms_key=, or tear it down to go without a key of yours"
                )

    def _make_topic(self) -> None:
        wanted = {"KmsMasterKeyId": self.key} if self.key else {}
        found = self.topic()
        if found is None:
            self.do(
                f"make the topic {self.names.topic_arn}",
                self.sns.create_topic,
                Name=self.names.name,
                Attributes=wanted,
                Tags=self.names.tag_list(),
            )
            return
        for attribute, setting in wanted.items():
            if found[0].get(attribute) != setting:
                self.do(
                    f"set {attribute} of the topic",
                    self.sns.set_topic_attributes,
                    TopicArn=self.names.topic_arn,
                    AttributeName=attribute,
                    AttributeValue=setting,
                )

    def _make_queue(self, name: str, attributes: Mapping[QueueAttributeNameType, str]) -> str:
        wanted: dict[QueueAttributeNameType, str] = {**attributes}
        if self.key:
            wanted["KmsMasterKeyId"] = self.key
        found = self.queue(name)
        if found is None:
            # What was just made may not be found by its name for a second (SQS API reference, CreateQueue).
            made = self.do(
                f"make the queue {name}", self.sqs.create_queue, QueueName=name, Attributes=wanted, tags=self.names.tags
            )
            return made["QueueUrl"] if made else f"{self.queues_url}/{name}"
        url = found[0]
        answer = call(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        current = answer.get("Attributes", {})
        differing = [each for each in wanted if _plain(current.get(each)) != _plain(wanted[each])]
        if differing:
            self.do(
                f"set {', '.join(differing)} of the queue {name}",
                self.sqs.set_queue_attributes,
                QueueUrl=url,
                Attributes=wanted,
            )
        return url

    def _make_role(self) -> None:
        role, trust = self.names.role_name, json.dumps(self.trust)
        found = self.role()
        if found is None:
            self.do(
                f"make the role {role}",
                self.iam.create_role,
                RoleName=role,
                AssumeRolePolicyDocument=trust,
                Description=f"Lets Amazon Rekognition Video publish to {self.names.name} (made by rekvid)",
                Tags=self.names.tag_list(),
            )
        elif found[0] != self.trust:
            self.do(
                f"set the trust policy of the role {role}",
                self.iam.update_assume_role_policy,
                RoleName=role,
                PolicyDocument=trust,
            )
        policy = find(self.iam.get_role_policy, RoleName=role, PolicyName=ROLE_POLICY)
        if policy is None or policies.read_document(policy["PolicyDocument"]) != self.rights:
            self.do(
                f"set the policy {ROLE_POLICY} of the role {role}",
                self.iam.put_role_policy,
                RoleName=role,
                PolicyName=ROLE_POLICY,
                PolicyDocument=json.dumps(self.rights),
            )

    def _subscribe(self) -> str | None:
        found = self.subscription()
        if found is None:
            made = self.do(
                f"subscribe the queue {self.names.queue_name} to the topic",
                self.sns.subscribe,
                TopicArn=self.names.topic_arn,
                Protocol="sqs",
                Endpoint=self.names.queue_arn,
                ReturnSubscriptionArn=True,
            )
            return made["SubscriptionArn"] if made else None
        attributes = call(self.sns.get_subscription_attributes, SubscriptionArn=found)["Attributes"]
        if _plain(attributes.get("FilterPolicy")):
            self.do(
                "remove the filter policy of the subscription",
                self.sns.set_subscription_attributes,
                SubscriptionArn=found,
                AttributeName="FilterPolicy",
                AttributeValue="{}",
            )
        return found

    def _policies(self) -> list[Policy]:
        documents: dict[str, Document] = {
            f"policy of the queue {self.names.queue_name}": self.queue_policy,
            f"redrive policy of the queue {self.names.queue_name}": self.redrive,
            f"trust policy of the role {self.names.role_name}": self.trust,
            f"policy {ROLE_POLICY} of the role {self.names.role_name}": self.rights,
        }
        if self.key:
            title = f"to be added by you to the statements of the policy of the key {self.key}"
            documents[title] = policies.key_statement(self.names.topic_arn)
        return [Policy(title=title, text=json.dumps(each, indent=2)) for title, each in documents.items()]


def _plain(attribute: str | None) -> object:
    """An attribute for comparison: documents read, so that order and spaces don't count."""
    return policies.read_document(attribute) if attribute and attribute.startswith("{") else attribute
