"""What is wrong with the queue, its subscription and its dead-letter queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from rekvid.backends.aws import policies
from rekvid.backends.aws.findings import Findings, Problem
from rekvid.backends.aws.policies import KEY_USES, Access, allows, read_document
from rekvid.backends.aws.services import list_subscriptions

_FEW_RECEIVES: Final = 100
"""With 100, a queue that ten processes share loses one good message in 40,000 (0.9 ** 100); with 10, one in three."""


class QueueCheck:
    """The look at one queue, and at how messages of one topic get into it."""

    def __init__(self, findings: Findings, queue_url: str, topic_arn: str) -> None:
        self._findings = findings
        self._services = findings.services
        self.queue_url = queue_url
        self.topic_arn = topic_arn
        # arn:partition:service:region:account:resource
        self.region, self.account = topic_arn.split(":", 5)[3:5]
        self._sns = self._services.sns(self.region)

    def run(self, *, topic_is_there: bool) -> None:
        """Look at the queue."""
        url = self.queue_url
        region = queue_region(url)
        if region not in {None, self.region}:
            self._findings.add(
                Problem.QUEUE_REGION,
                url,
                f"The queue is in {region}, but the topic is in {self.region}.",
                "SNS delivers to other regions under conditions only (SNS developer guide, cross-region delivery); "
                "better use a queue in the region of the topic, which is what rekvid.aws.provision makes.",
            )
        sqs = self._services.sqs(region or self.region)
        answer, seen = self._findings.look(url, sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        if answer is None:
            if seen:
                self._findings.add(
                    Problem.QUEUE_MISSING,
                    url,
                    "There is no such queue.",
                    "Make it, for example by rekvid.aws.provision, or correct queue_url.",
                )
            return
        attributes = answer.get("Attributes", {})
        arn = attributes.get("QueueArn", "")
        if not self._sns_may(attributes.get("Policy"), "sqs:SendMessage", arn):
            self._findings.add(
                Problem.QUEUE_POLICY,
                arn,
                f"The queue's policy doesn't let the topic {self.topic_arn} send to it.",
                f"Allow {policies.SNS} sqs:SendMessage with the condition ArnEquals aws:SourceArn {self.topic_arn}.",
            )
        if attributes.get("KmsMasterKeyId"):
            self._key(arn, attributes["KmsMasterKeyId"])
        if topic_is_there:
            self._subscription(arn)
        self._dead_letters(arn, read_document(attributes.get("RedrivePolicy")))

    def _sns_may(self, policy: str | None, action: str, resource: str) -> bool:
        """Whether `policy` lets SNS do `action` for the topic."""
        context = {"aws:sourcearn": self.topic_arn, "aws:sourceaccount": self.account}
        # From an opt-in region to another one SNS comes under a name of its own.
        names = (policies.SNS, f"sns.{self.region}.amazonaws.com")
        wanted = (Access(action=action, resource=resource, principal=each, context=context) for each in names)
        return any(allows([read_document(policy)], each) for each in wanted)

    def _key(self, queue_arn: str, key: str) -> None:
        region = queue_arn.split(":")[3]
        key_arn = self._findings.key_arn(key, region)
        if key_arn is None:
            return
        kms = self._services.kms(region)
        answer, _ = self._findings.look(key_arn, kms.get_key_policy, KeyId=key_arn, PolicyName="default")
        if answer is None:
            return
        if not all(self._sns_may(answer.get("Policy"), each, key_arn) for each in KEY_USES):
            self._findings.add(
                Problem.QUEUE_KEY,
                queue_arn,
                f"The queue is encrypted with {key_arn}, whose policy doesn't let {policies.SNS} use it.",
                "Add the statement for SNS that rekvid.aws.provision(..., dry_run=True) prints to the key's policy; "
                "a key that AWS manages takes none, so use a customer managed one.",
            )

    def _subscription(self, queue_arn: str) -> None:
        found, seen = self._findings.look(self.topic_arn, list_subscriptions, self._sns, self.topic_arn, queue_arn)
        if not seen:
            return
        confirmed = [each for each in found or () if each.startswith("arn:")]
        if not confirmed:
            what = "The subscription waits to be confirmed." if found else "The queue isn't subscribed to the topic."
            remedy = "Subscribe the queue to the topic as its owner, which confirms itself (sns:Subscribe)."
            self._findings.add(Problem.SUBSCRIPTION_MISSING, queue_arn, what, remedy)
            return
        arn = confirmed[0]
        answer, _ = self._findings.look(arn, self._sns.get_subscription_attributes, SubscriptionArn=arn)
        if answer and read_document(answer["Attributes"].get("FilterPolicy")):
            self._findings.add(
                Problem.SUBSCRIPTION_FILTER,
                arn,
                "The subscription has a filter policy, which may keep messages back; Rekognition's bear no attributes.",
                "Remove the filter policy.",
            )

    def _dead_letters(self, queue_arn: str, redrive: Mapping[str, object]) -> None:
        target = str(redrive.get("deadLetterTargetArn", ""))
        if not target:
            self._findings.add(
                Problem.DEAD_LETTERS_MISSING,
                queue_arn,
                "The queue has no dead-letter queue, so a message that nobody can read comes again until it expires.",
                "Give it a redrive policy.",
            )
            return
        # arn:partition:sqs:region:account:name
        region, account, name = target.split(":", 5)[3:]
        sqs = self._services.sqs(region)
        answer, seen = self._findings.look(target, sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId=account)
        if answer is None and seen:
            self._findings.add(
                Problem.DEAD_LETTERS_MISSING,
                queue_arn,
                f"The dead-letter queue {target} is gone.",
                "Make it again, or give the queue another redrive policy.",
            )
        count = int(str(redrive.get("maxReceiveCount", 0)))
        if count < _FEW_RECEIVES:
            self._findings.add(
                Problem.DEAD_LETTERS_EARLY,
                queue_arn,
                f"A message goes to the dead-letter queue after {count} receives; where several processes share the "
                "queue, each time that another one takes a message and gives it back counts.",
                f"Set maxReceiveCount to at least {_FEW_RECEIVES}; rekvid.aws.provision sets 1000.",
            )


def queue_region(url: str) -> str | None:
    """The region that a queue's URL tells; None if it doesn't, as on a test server."""
    host = urlsplit(url).hostname or ""
    found = re.fullmatch(r"(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com", host)
    return (found[1] or found[2]) if found else None
