"""What is wrong with a notification channel, in words."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from rekvid.backends.aws import policies
from rekvid.backends.aws.policies import Access, allows, read_document
from rekvid.backends.aws.services import Services, find, list_subscriptions
from rekvid.errors import ServiceError
from rekvid.models import NotificationChannel
from rekvid.models._shape import Value, value

if TYPE_CHECKING:
    import boto3

_P = ParamSpec("_P")
_T = TypeVar("_T")

_FEW_RECEIVES: Final = 100
"""Below it, a queue that ten processes share loses one good message in 40,000 and more: 0.9 ** 100."""


class Problem(enum.StrEnum):
    """What kind of thing is wrong."""

    REGION_DIFFERS = "REGION_DIFFERS"
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
    {Problem.SUBSCRIPTION_FILTER, Problem.DEAD_LETTERS_MISSING, Problem.DEAD_LETTERS_EARLY, Problem.NOT_SEEN}
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


def check(
    channel: NotificationChannel,
    *,
    session: boto3.session.Session | None = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
) -> tuple[Finding, ...]:
    """Say what keeps notifications of ended jobs from arriving. Nothing is changed.

    What the caller may not look at is a finding of its own. Policies are read as far as they can be told from
    outside: a condition on an unknown key is taken to hold, and organisations' own limits are not seen.

    Args:
        channel: What jobs are started with. Without a queue only topic and role are looked at.
        session: Where credentials and region come from; boto3's default chain when absent.
        region_name: Region of the Rekognition client that starts the jobs, over the session's.
        endpoint_url: One address for all services instead of AWS's, such as that of a test server.

    Returns:
        The findings, errors before warnings; empty if all is well.

    Raises:
        ConfigurationError: No region or credentials.
        TransportError: No answer came.
    """
    with Services(session, region_name, endpoint_url) as services:
        checker = _Checker(services, channel)
        checker.run()
        return tuple(sorted(checker.findings, key=lambda each: each.is_warning))


class _Checker:
    def __init__(self, services: Services, channel: NotificationChannel) -> None:
        self.services = services
        self.topic_arn = channel.sns_topic_arn
        self.role_arn = channel.role_arn
        self.queue_url = channel.queue_url
        # arn:partition:service:region:account:resource
        self.region, self.account, self.topic_name = self.topic_arn.split(":", 5)[3:]
        self.sns = services.sns(self.region)
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Look at everything."""
        self._regions()
        topic = self._topic()
        self._role(topic.get("KmsMasterKeyId") if topic else None)
        if self.queue_url is not None:
            self._queue(self.queue_url, topic_is_there=topic is not None)

    def _add(self, problem: Problem, resource: str, what: str, remedy: str) -> None:
        self.findings.append(Finding(problem=problem, resource=resource, what=what, remedy=remedy))

    def _look(
        self, resource: str, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> tuple[_T | None, bool]:
        """What the call gives, None if there is no such thing; and whether that could be seen."""
        try:
            return find(method, *args, **kwargs), True
        except ServiceError as error:
            self._add(
                Problem.NOT_SEEN,
                resource,
                f"could not be looked at: {error}.",
                f"Allow the caller {error.operation}, or ask somebody who may look.",
            )
            return None, False

    def _regions(self) -> None:
        if self.region != self.services.region:
            self._add(
                Problem.REGION_DIFFERS,
                self.topic_arn,
                f"The topic is in {self.region}, but jobs are started in {self.services.region}.",
                "Rekognition publishes in its own region only: use a topic there, or start the jobs here.",
            )
        queue = queue_region(self.queue_url) if self.queue_url else None
        if self.queue_url and queue not in {None, self.region}:
            self._add(
                Problem.REGION_DIFFERS,
                self.queue_url,
                f"The queue is in {queue}, but the topic is in {self.region}.",
                "Use a queue in the region of the topic, which is what rekvid.aws.provision makes.",
            )

    def _topic(self) -> Mapping[str, str] | None:
        answer, seen = self._look(self.topic_arn, self.sns.get_topic_attributes, TopicArn=self.topic_arn)
        if answer is None and seen:
            self._add(
                Problem.TOPIC_MISSING,
                self.topic_arn,
                "There is no such topic.",
                "Make it, for example by rekvid.aws.provision, or correct sns_topic_arn.",
            )
        return answer["Attributes"] if answer else None

    def _role(self, topic_key: str | None) -> None:
        name = self.role_arn.rpartition("/")[2]
        iam = self.services.iam()
        answer, seen = self._look(self.role_arn, iam.get_role, RoleName=name)
        if answer is None or answer["Role"]["Arn"] != self.role_arn:
            if seen:
                what = f"The role of that name is {answer['Role']['Arn']}." if answer else "There is no such role."
                remedy = "Make it, for example by rekvid.aws.provision, or correct role_arn."
                self._add(Problem.ROLE_MISSING, self.role_arn, what, remedy)
            return
        trust = read_document(answer["Role"].get("AssumeRolePolicyDocument"))
        assume = Access(
            action="sts:AssumeRole",
            resource=self.role_arn,
            service=policies.REKOGNITION,
            context={"aws:sourceaccount": self.account},
        )
        if not allows([trust], assume):
            self._add(
                Problem.ROLE_TRUST,
                self.role_arn,
                f"The role's trust policy doesn't let {policies.REKOGNITION} take it for account {self.account}.",
                "Allow that service sts:AssumeRole in the trust policy.",
            )
        self._rights(name, topic_key)

    def _rights(self, role: str, topic_key: str | None) -> None:
        documents, managed, all_seen = self._role_policies(role)
        publish = Access(action="sns:Publish", resource=self.topic_arn, context={})
        if not allows(documents, publish):
            if managed and not self.topic_name.startswith(policies.PREFIX):
                self._add(
                    Problem.TOPIC_NAME,
                    self.topic_arn,
                    f"The role's policy {policies.SERVICE_ROLE_POLICY} covers only topics whose name starts with "
                    f"{policies.PREFIX}.",
                    "Use a topic of such a name, or give the role sns:Publish on this one.",
                )
            elif all_seen:
                self._add(
                    Problem.ROLE_PUBLISH,
                    self.role_arn,
                    f"No policy of the role allows sns:Publish on {self.topic_arn}.",
                    "Add it to the role.",
                )
        if topic_key:
            self._role_key(topic_key, documents, all_seen=all_seen)

    def _role_policies(self, role: str) -> tuple[list[Mapping[str, object]], bool, bool]:
        """The documents of the role's policies, whether the managed one is among them, and whether all were seen."""
        iam = self.services.iam()
        documents: list[Mapping[str, object]] = []
        inline, all_seen = self._look(self.role_arn, iam.list_role_policies, RoleName=role)
        for name in inline["PolicyNames"] if inline else ():
            policy, seen = self._look(self.role_arn, iam.get_role_policy, RoleName=role, PolicyName=name)
            all_seen &= seen
            documents += [read_document(policy["PolicyDocument"])] if policy else []
        attached, seen = self._look(self.role_arn, iam.list_attached_role_policies, RoleName=role)
        all_seen &= seen
        arns = [each.get("PolicyArn", "") for each in attached["AttachedPolicies"]] if attached else []
        managed = any(arn.endswith(f":policy/service-role/{policies.SERVICE_ROLE_POLICY}") for arn in arns)
        for arn in arns:
            found, seen = self._look(arn, iam.get_policy, PolicyArn=arn)
            all_seen &= seen
            if found is None:
                continue
            version = found["Policy"].get("DefaultVersionId", "v1")
            text, seen = self._look(arn, iam.get_policy_version, PolicyArn=arn, VersionId=version)
            all_seen &= seen
            documents += [read_document(text["PolicyVersion"].get("Document"))] if text else []
        return documents, managed, all_seen

    def _role_key(self, key: str, documents: list[Mapping[str, object]], *, all_seen: bool) -> None:
        arn = self._key_arn(key)
        if arn is None or not all_seen:
            return
        wanted = ("kms:GenerateDataKey", "kms:Decrypt")
        missing = [each for each in wanted if not allows(documents, Access(action=each, resource=arn, context={}))]
        if missing:
            self._add(
                Problem.ROLE_KEY,
                self.role_arn,
                f"The topic is encrypted with {arn}, but no policy of the role allows {' and '.join(missing)} on it.",
                f"Allow the role {' and '.join(policies.KEY_ACTIONS)} on the key.",
            )

    def _key_arn(self, key: str) -> str | None:
        answer, seen = self._look(key, self.services.kms(self.region).describe_key, KeyId=key)
        if answer is None and seen:
            self._add(
                Problem.QUEUE_KEY, key, "There is no such KMS key.", "Encrypt topic and queue with a key that is there."
            )
        return answer["KeyMetadata"].get("Arn") if answer else None

    def _queue(self, url: str, *, topic_is_there: bool) -> None:
        sqs = self.services.sqs(queue_region(url) or self.region)
        answer, seen = self._look(url, sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        if answer is None:
            if seen:
                self._add(
                    Problem.QUEUE_MISSING,
                    url,
                    "There is no such queue.",
                    "Make it, for example by rekvid.aws.provision, or correct queue_url.",
                )
            return
        attributes = answer.get("Attributes", {})
        arn = attributes.get("QueueArn", "")
        context = {"aws:sourcearn": self.topic_arn, "aws:sourceaccount": self.account}
        send = Access(action="sqs:SendMessage", resource=arn, service=policies.SNS, context=context)
        if not allows([read_document(attributes.get("Policy"))], send):
            self._add(
                Problem.QUEUE_POLICY,
                arn,
                f"The queue's policy doesn't let the topic {self.topic_arn} send to it.",
                f"Allow {policies.SNS} sqs:SendMessage with the condition ArnEquals aws:SourceArn {self.topic_arn}.",
            )
        if attributes.get("KmsMasterKeyId"):
            self._queue_key(arn, attributes["KmsMasterKeyId"])
        if topic_is_there:
            self._subscription(arn)
        self._dead_letters(arn, read_document(attributes.get("RedrivePolicy")))

    def _queue_key(self, queue_arn: str, key: str) -> None:
        key_arn = self._key_arn(key)
        if key_arn is None:
            return
        kms = self.services.kms(self.region)
        answer, _ = self._look(key_arn, kms.get_key_policy, KeyId=key_arn, PolicyName="default")
        if answer is None:
            return
        document = [read_document(answer.get("Policy"))]
        context = {"aws:sourcearn": self.topic_arn, "aws:sourceaccount": self.account}
        wanted = ("kms:GenerateDataKey", "kms:Decrypt")
        if not all(
            allows(document, Access(action=each, resource=key_arn, service=policies.SNS, context=context))
            for each in wanted
        ):
            self._add(
                Problem.QUEUE_KEY,
                queue_arn,
                f"The queue is encrypted with {key_arn}, whose policy doesn't let {policies.SNS} use it.",
                "Add the statement for SNS that rekvid.aws.provision(..., dry_run=True) prints to the key's policy; "
                "a key that AWS manages takes none, so use a customer managed one.",
            )

    def _subscription(self, queue_arn: str) -> None:
        found, seen = self._look(self.topic_arn, list_subscriptions, self.sns, self.topic_arn, queue_arn)
        if not seen:
            return
        confirmed = [each for each in found or () if each.startswith("arn:")]
        if not confirmed:
            what = "The subscription waits to be confirmed." if found else "The queue isn't subscribed to the topic."
            remedy = "Subscribe the queue to the topic as its owner, which confirms itself (sns:Subscribe)."
            self._add(Problem.SUBSCRIPTION_MISSING, queue_arn, what, remedy)
            return
        arn = confirmed[0]
        answer, _ = self._look(arn, self.sns.get_subscription_attributes, SubscriptionArn=arn)
        if answer and read_document(answer["Attributes"].get("FilterPolicy")):
            self._add(
                Problem.SUBSCRIPTION_FILTER,
                arn,
                "The subscription has a filter policy, which may keep messages back; Rekognition's bear no attributes.",
                "Remove the filter policy.",
            )

    def _dead_letters(self, queue_arn: str, redrive: Mapping[str, object]) -> None:
        target = str(redrive.get("deadLetterTargetArn", ""))
        if not target:
            self._add(
                Problem.DEAD_LETTERS_MISSING,
                queue_arn,
                "The queue has no dead-letter queue, so a message that nobody can read comes again until it expires.",
                "Give it a redrive policy.",
            )
            return
        # arn:partition:sqs:region:account:name
        region, account, name = target.split(":", 5)[3:]
        sqs = self.services.sqs(region)
        answer, seen = self._look(target, sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId=account)
        if answer is None and seen:
            self._add(
                Problem.DEAD_LETTERS_MISSING,
                queue_arn,
                f"The dead-letter queue {target} is gone.",
                "Make it again, or give the queue another redrive policy.",
            )
        count = int(str(redrive.get("maxReceiveCount", 0)))
        if count < _FEW_RECEIVES:
            self._add(
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
