from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

import rekvid.aws
from rekvid.aws import Finding, Problem, Provisioned, TornDown
from rekvid.backends.aws import policies
from rekvid.backends.aws.queue_check import queue_region
from rekvid.errors import (
    AccessDeniedError,
    ConfigurationError,
    ServiceError,
    TransportError,
    ValidationError,
)
from rekvid.models import NotificationChannel

moto_server = pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TAG = "rekvid:name"
NAME = "AmazonRekognitionFilms"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Address of moto's server."""
    moto = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


class Account:
    """An AWS account at moto's server, and what was called in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.open = contextlib.ExitStack()
        self.session = self.new_session()
        self.watched = self.new_session()
        self.calls: list[str] = []
        self.watched.events.register("before-call", self._record)
        self.sns: SNSClient = self._keep(self.session.client("sns", endpoint_url=url))
        self.sqs: SQSClient = self._keep(self.session.client("sqs", endpoint_url=url))
        self.iam: IAMClient = self._keep(self.session.client("iam", endpoint_url=url))
        self.kms: KMSClient = self._keep(self.session.client("kms", endpoint_url=url))

    def reset(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()

    def _keep(self, client: Any) -> Any:
        self.open.callback(client.close)
        return client

    def _record(self, *, model: Any, **_: object) -> None:
        self.calls.append(f"{model.service_model.signing_name}:{model.name}")

    def new_session(self, region: str = REGION) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name=region
        )

    def provision(self, name: str = "Films", **settings: Any) -> Provisioned:
        return rekvid.aws.provision(name, **{"session": self.watched, "endpoint_url": self.url, **settings})

    def teardown(self, name: str = "Films", **settings: Any) -> TornDown:
        return rekvid.aws.teardown(name, **{"session": self.watched, "endpoint_url": self.url, **settings})

    def check(self, channel: NotificationChannel, **settings: Any) -> tuple[Finding, ...]:
        return rekvid.aws.check(channel, **{"session": self.watched, "endpoint_url": self.url, **settings})

    def problems(self, channel: NotificationChannel, **settings: Any) -> list[Problem]:
        return [each.problem for each in self.check(channel, **settings)]

    def changing_calls(self) -> list[str]:
        return [each for each in self.calls if not re.match(r"\w+:(Get|List|Describe)", each)]

    def queue(self, channel: NotificationChannel) -> Mapping[str, str]:
        answer = self.sqs.get_queue_attributes(QueueUrl=_url(channel), AttributeNames=["All"])
        return {str(name): text for name, text in answer["Attributes"].items()}

    def set_queue(self, channel: NotificationChannel, **attributes: object) -> None:
        # moto drops the policy when it isn't among the attributes.
        texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in attributes.items()}
        keep = {"Policy": self.queue(channel)["Policy"]}
        self.sqs.set_queue_attributes(QueueUrl=_url(channel), Attributes={**keep, **texts})  # type: ignore[dict-item]

    def make_key(self) -> str:
        return self.kms.create_key()["KeyMetadata"].get("Arn", "")

    def let_sns_use(self, key: str, channel: NotificationChannel) -> None:
        statement = policies.key_statement(channel.sns_topic_arn)
        self.kms.put_key_policy(
            KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )

    def answer(self, operation: str, status: int, body: str) -> None:
        """Let every call of `operation` have this answer from now on."""

        def give(request: AWSPreparedRequest, **_: object) -> object:
            response: Any = AWSResponse(request.url, status, HTTPHeaders(), None)
            response._content = body.encode()  # the body would be read from the raw answer, and there is none
            return response

        handler: Any = give  # botocore-stubs have no handler that gives something
        self.watched.events.register(f"before-send.*.{operation}", handler)

    def refuse(self, operation: str, code: str = "AccessDenied") -> None:
        """Let every call of `operation` be refused from now on."""
        if operation in {"GetQueueAttributes", "GetQueueUrl", "DeleteQueue", "DescribeKey", "GetKeyPolicy"}:
            body = json.dumps({"__type": code, "message": "User is not authorized"})
        else:
            fault = f"<Code>{code}</Code><Message>User is not authorized</Message>"
            body = f"<ErrorResponse><Error>{fault}</Error><RequestId>r-1</RequestId></ErrorResponse>"
        self.answer(operation, 403, body)


@pytest.fixture
def account(url: str) -> Iterator[Account]:
    """An empty account."""
    made = Account(url)
    made.reset()
    yield made
    made.open.close()


def _url(channel: NotificationChannel) -> str:
    assert channel.queue_url is not None
    return channel.queue_url


def _document(made: Provisioned, title: str) -> dict[str, Any]:
    (text,) = [each.text for each in made.policies if each.title.startswith(title)]
    document: dict[str, Any] = json.loads(text)
    return document


# provision


def test_message_published_to_the_topic_arrives_in_the_queue(account: Account) -> None:
    """What is published to the topic of the channel can be received from its queue."""
    channel = account.provision().channel
    account.sns.publish(TopicArn=channel.sns_topic_arn, Message='{"JobId": "job"}')
    (message,) = account.sqs.receive_message(QueueUrl=_url(channel), WaitTimeSeconds=5)["Messages"]
    assert json.loads(json.loads(message.get("Body", ""))["Message"]) == {"JobId": "job"}


def test_names_and_arns_are_those_of_what_was_made(account: Account) -> None:
    """The answer's names and ARNs are the ones that AWS gives for the parts."""
    made = account.provision()
    assert made.name == made.queue_name == NAME
    assert account.queue(made.channel)["QueueArn"] == made.queue_arn
    assert account.sns.get_topic_attributes(TopicArn=made.channel.sns_topic_arn)["Attributes"]["TopicArn"].endswith(
        NAME
    )
    assert account.iam.get_role(RoleName=made.role_name)["Role"]["Arn"] == made.channel.role_arn
    dead = account.sqs.get_queue_url(QueueName=made.dead_letter_queue_name)["QueueUrl"]
    answer = account.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])
    assert answer["Attributes"]["QueueArn"] == made.dead_letter_queue_arn
    (subscription,) = account.sns.list_subscriptions_by_topic(TopicArn=made.channel.sns_topic_arn)["Subscriptions"]
    assert subscription.get("SubscriptionArn") == made.subscription_arn
    assert made.region == REGION


def test_policies_of_the_answer_are_in_place(account: Account) -> None:
    """The policies that the answer shows are those that queue and role have."""
    made = account.provision()
    queue = account.queue(made.channel)
    assert json.loads(queue["Policy"]) == _document(made, "policy of the queue")
    assert json.loads(queue["RedrivePolicy"]) == _document(made, "redrive policy")
    role = account.iam.get_role(RoleName=made.role_name)["Role"]
    assert role.get("AssumeRolePolicyDocument") == _document(made, "trust policy")
    (name,) = account.iam.list_role_policies(RoleName=made.role_name)["PolicyNames"]
    rights = account.iam.get_role_policy(RoleName=made.role_name, PolicyName=name)["PolicyDocument"]
    assert rights == _document(made, "policy rekvid-publish")


def test_twice_changes_nothing(account: Account) -> None:
    """The second run makes no call that changes something, and gives the same channel."""
    first = account.provision()
    account.calls.clear()
    second = account.provision()
    assert account.changing_calls() == []
    assert second.changes == ()
    assert second.channel == first.channel
    assert second.subscription_arn == first.subscription_arn
    assert len(account.sqs.list_queues()["QueueUrls"]) == 2
    assert len(account.sns.list_topics()["Topics"]) == len(account.sns.list_subscriptions()["Subscriptions"]) == 1


def test_name_may_have_the_prefix(account: Account) -> None:
    """With and without the prefix it is the same set-up."""
    assert account.provision(NAME).channel == account.provision("Films").channel
    assert account.provision(NAME).changes == ()


def _unsubscribe(account: Account, made: Provisioned) -> None:
    assert made.subscription_arn is not None
    account.sns.unsubscribe(SubscriptionArn=made.subscription_arn)


def _remove_role(account: Account, made: Provisioned) -> None:
    account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="rekvid-publish")
    account.iam.delete_role(RoleName=made.role_name)


def _filter(account: Account, made: Provisioned) -> None:
    assert made.subscription_arn is not None
    account.sns.set_subscription_attributes(
        SubscriptionArn=made.subscription_arn, AttributeName="FilterPolicy", AttributeValue='{"kind": ["job"]}'
    )


DAMAGES: dict[str, tuple[Callable[[Account, Provisioned], object], int]] = {
    "no subscription": (_unsubscribe, 1),
    "filter policy": (_filter, 1),
    "no topic": (lambda account, made: account.sns.delete_topic(TopicArn=made.channel.sns_topic_arn), 2),
    "no queue": (lambda account, made: account.sqs.delete_queue(QueueUrl=_url(made.channel)), 1),
    "no role": (_remove_role, 2),
    "no rights": (
        lambda account, made: account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="rekvid-publish"),
        1,
    ),
    "other rights": (
        lambda account, made: account.iam.put_role_policy(
            RoleName=made.role_name,
            PolicyName="rekvid-publish",
            PolicyDocument=json.dumps(policies.publish_policy("arn:aws:sns:eu-west-1:123456789012:Other", None)),
        ),
        1,
    ),
    "other trust": (
        lambda account, made: account.iam.update_assume_role_policy(
            RoleName=made.role_name, PolicyDocument=json.dumps(policies.trust_policy("210987654321"))
        ),
        1,
    ),
    "other queue policy": (
        lambda account, made: account.set_queue(made.channel, Policy=policies.queue_policy(made.queue_arn, "arn:x")),
        1,
    ),
    "other retention": (lambda account, made: account.set_queue(made.channel, MessageRetentionPeriod="60"), 1),
    "no redrive": (lambda account, made: account.set_queue(made.channel, RedrivePolicy=""), 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_partial_or_changed_state_is_put_right(account: Account, damage: str) -> None:
    """Whatever part is missing or was changed, the next run restores just that, and the check is content."""
    made = account.provision()
    harm, steps = DAMAGES[damage]
    harm(account, made)
    again = account.provision()
    assert len(again.changes) == steps
    assert again.channel == made.channel
    assert account.provision().changes == ()
    assert account.check(made.channel) == ()


def test_run_that_broke_off_is_completed(account: Account) -> None:
    """After a run that was refused halfway the next one goes on from there."""
    account.refuse("CreateRole")
    with pytest.raises(AccessDeniedError, match="User is not authorized") as caught:
        account.provision()
    assert caught.value.operation == "CreateRole"
    assert caught.value.request_id == "r-1"
    done = account.provision(session=account.new_session())
    assert [each.split()[0] for each in done.changes] == ["make", "set", "subscribe"]
    assert account.check(done.channel) == ()


FOREIGN: dict[str, Callable[[Account, dict[str, str]], object]] = {
    "topic": lambda account, tags: account.sns.create_topic(
        Name=NAME, Tags=[{"Key": key, "Value": text} for key, text in tags.items()]
    ),
    "queue": lambda account, tags: account.sqs.create_queue(QueueName=NAME, tags=tags),
    "dead-letter queue": lambda account, tags: account.sqs.create_queue(QueueName=f"{NAME}-dead-letters", tags=tags),
    "role": lambda account, tags: account.iam.create_role(
        RoleName=f"{NAME}-{REGION}",
        AssumeRolePolicyDocument=json.dumps(policies.trust_policy(ACCOUNT)),
        Tags=[{"Key": key, "Value": text} for key, text in tags.items()],
    ),
}


@pytest.mark.parametrize("tags", [{}, {"team": "film"}, {TAG: "AmazonRekognitionOther"}], ids=str)
@pytest.mark.parametrize("kind", FOREIGN)
def test_what_others_made_is_not_taken_over(account: Account, kind: str, tags: dict[str, str]) -> None:
    """A part of that name without our tag is an error before anything is changed, and teardown leaves it."""
    FOREIGN[kind](account, tags)
    with pytest.raises(ConfigurationError, match=f"without the tag {TAG}={NAME}"):
        account.provision()
    torn = account.teardown()
    assert account.changing_calls() == []
    assert torn.removed == ()
    assert len(torn.kept) == 1


def test_regions_have_roles_of_their_own(account: Account) -> None:
    """The same name in two regions gives two set-ups that don't disturb each other, though roles know no region."""
    here = account.provision()
    there = account.provision(region_name="us-east-1")
    assert here.channel.role_arn != there.channel.role_arn
    assert ":us-east-1:" in there.channel.sns_topic_arn
    assert account.provision().changes == ()
    account.teardown(region_name="us-east-1")
    assert account.check(here.channel) == ()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "letters"),
        ("my films", "letters"),
        ("filme.fifo", "letters"),
        ("Übersicht", "letters"),
        ("Films\n", "letters"),
        ("AmazonRekognition", "more than the prefix"),
        ("x" * 38, "1 characters too long: the role"),
    ],
)
def test_bad_name_is_refused_before_anything_is_sent(account: Account, name: str, rule: str) -> None:
    """A name that SNS, SQS or IAM would not take is refused with its rule, and nothing is sent."""
    for verb in (account.provision, account.teardown):
        with pytest.raises(ValidationError, match=rule):
            verb(name)
    assert account.calls == []


def test_longest_name_is_taken(account: Account) -> None:
    """The longest name that the rules allow can be provisioned."""
    made = account.provision("x" * 37)
    assert len(made.role_name) == 64
    assert account.check(made.channel) == ()


@pytest.mark.parametrize("count", [0, 1001])
def test_receive_count_out_of_range_is_refused(account: Account, count: int) -> None:
    """SQS takes 1 to 1000 receives; others are refused before anything is sent."""
    with pytest.raises(ValidationError, match="1-1000"):
        account.provision(max_receive_count=count)
    assert account.calls == []


def test_receive_count_is_generous_unless_given(account: Account) -> None:
    """The default is the most that SQS allows, and another one is put in place on the next run."""
    made = account.provision()
    assert json.loads(account.queue(made.channel)["RedrivePolicy"])["maxReceiveCount"] == 1000
    assert len(account.provision(max_receive_count=200).changes) == 1
    assert json.loads(account.queue(made.channel)["RedrivePolicy"])["maxReceiveCount"] == 200


def test_missing_region_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the error says how to give one."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ConfigurationError, match="region_name="):
        rekvid.aws.provision("Films")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match="nobody"):
        rekvid.aws.provision("Films")


def test_no_answer_is_a_transport_error(account: Account) -> None:
    """An address where nobody answers is a TransportError, not botocore's."""
    with pytest.raises(TransportError):
        account.provision(endpoint_url="http://127.0.0.1:9")


def test_other_partition_is_refused(account: Account) -> None:
    """A caller of GovCloud is told that a channel can't name its ARNs, before anything is made."""
    with pytest.raises(ConfigurationError, match="arn:aws-us-gov:"):
        account.provision(region_name="us-gov-west-1")
    assert account.changing_calls() == []


# dry run


def test_dry_run_changes_nothing(account: Account) -> None:
    """A dry run calls nothing that changes something, and gives the channel and policies that the run then has."""
    planned = account.provision(dry_run=True)
    assert account.changing_calls() == []
    assert planned.dry_run
    assert planned.subscription_arn is None
    made = account.provision()
    assert (planned.policies, planned.changes) == (made.policies, made.changes)
    assert planned.channel == made.channel
    assert account.provision(dry_run=True).changes == ()


def test_dry_run_prints_names_changes_and_policies(account: Account) -> None:
    """The printed dry run has every name, each change and each policy."""
    planned = account.provision(dry_run=True)
    printed = str(planned)
    for part in (planned.channel.sns_topic_arn, planned.queue_arn, planned.dead_letter_queue_arn, planned.role_name):
        assert part in printed
    assert "would change:\n  - make the topic" in printed
    for policy in planned.policies:
        assert f"{policy.title}:\n{policy.text}" in printed
    account.provision()
    assert "changed:\n  - nothing" in str(account.provision())


# KMS


def test_key_encrypts_topic_and_queues(account: Account) -> None:
    """With a key, topic and both queues are encrypted, the role may use it, and the key's statement is given."""
    key = account.make_key()
    made = account.provision(kms_key=key.rpartition("/")[2])
    assert made.kms_key_arn == key
    assert account.sns.get_topic_attributes(TopicArn=made.channel.sns_topic_arn)["Attributes"]["KmsMasterKeyId"] == key
    dead = account.sqs.get_queue_url(QueueName=made.dead_letter_queue_name)["QueueUrl"]
    for url in (_url(made.channel), dead):
        answer = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        assert answer["Attributes"]["KmsMasterKeyId"] == key
    assert _document(made, "policy rekvid-publish")["Statement"][1]["Resource"] == key
    assert _document(made, "to be added") == policies.key_statement(made.channel.sns_topic_arn)
    assert account.provision(kms_key=key).changes == ()


def test_key_can_be_added_later(account: Account) -> None:
    """A set-up without a key gets one, without being made anew."""
    made = account.provision()
    key = account.make_key()
    again = account.provision(kms_key=key)
    assert [each.split()[0] for each in again.changes] == ["set"] * 4
    assert again.channel == made.channel
    account.let_sns_use(key, made.channel)
    assert account.check(made.channel) == ()


def test_key_is_not_taken_off_by_forgetting_it(account: Account) -> None:
    """A run without the key on what is encrypted is an error, not a removal of the encryption."""
    account.provision(kms_key=account.make_key())
    account.calls.clear()
    with pytest.raises(ConfigurationError, match="give kms_key="):
        account.provision()
    assert account.changing_calls() == []


def test_key_of_aws_is_refused(account: Account) -> None:
    """A key that AWS manages is refused, as SNS could not be allowed to use it."""
    metadata = {"KeyId": "1234", "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234", "KeyManager": "AWS"}
    account.answer("DescribeKey", 200, json.dumps({"KeyMetadata": metadata}))  # moto makes such keys as customers' own
    with pytest.raises(ConfigurationError, match="managed by AWS"):
        account.provision(kms_key="alias/aws/sqs")
    assert account.changing_calls() == []


def test_missing_key_is_refused(account: Account) -> None:
    """A key that isn't there is the service's error, before anything is made."""
    with pytest.raises(ServiceError, match="NotFoundException"):
        account.provision(kms_key="alias/missing")
    assert account.changing_calls() == []


# teardown


def test_teardown_removes_all_that_was_made(account: Account) -> None:
    """Nothing of the set-up is left, the report names each part, and the second time there is nothing to do."""
    made = account.provision()
    torn = account.teardown()
    assert account.sns.list_topics()["Topics"] == account.sns.list_subscriptions()["Subscriptions"] == []
    assert account.sqs.list_queues().get("QueueUrls", []) == []
    assert account.iam.list_roles()["Roles"] == []
    for part in (made.channel.sns_topic_arn, made.queue_name, made.dead_letter_queue_name, made.role_name):
        assert any(part in each for each in torn.removed)
        assert part in str(torn)
    assert account.teardown() == TornDown(name=NAME, removed=(), kept=())
    assert "nothing" in str(account.teardown())


def test_teardown_leaves_what_others_made(account: Account) -> None:
    """Another set-up, and topics, queues and roles of others, are still there."""
    account.provision()
    other = account.provision("FilmsToo")
    account.sns.create_topic(Name="Films")
    account.sqs.create_queue(QueueName="Films")
    account.teardown()
    assert account.check(other.channel) == ()
    assert len(account.sns.list_topics()["Topics"]) == 2
    assert len(account.sqs.list_queues()["QueueUrls"]) == 3


def test_teardown_keeps_a_role_with_policies_of_others(account: Account) -> None:
    """A role that others gave policies stays with all of them, and the report says why."""
    made = account.provision()
    document = json.dumps(policies.publish_policy("arn:aws:sns:eu-west-1:123456789012:Other", None))
    account.iam.put_role_policy(RoleName=made.role_name, PolicyName="theirs", PolicyDocument=document)
    torn = account.teardown()
    assert len(torn.kept) == 1
    assert "theirs" in torn.kept[0]
    assert sorted(account.iam.list_role_policies(RoleName=made.role_name)["PolicyNames"]) == [
        "rekvid-publish",
        "theirs",
    ]
    account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="theirs")
    assert len(account.teardown().removed) == 2


def test_teardown_goes_on_where_it_broke_off(account: Account) -> None:
    """After a refusal halfway the next run removes the rest."""
    account.provision()
    account.refuse("DeleteQueue")
    with pytest.raises(AccessDeniedError):
        account.teardown()
    account.teardown(session=account.new_session())
    assert account.sqs.list_queues().get("QueueUrls", []) == []


def test_dry_teardown_removes_nothing(account: Account) -> None:
    """A dry run names what would be removed, and leaves it."""
    made = account.provision()
    account.calls.clear()
    planned = account.teardown(dry_run=True)
    assert account.changing_calls() == []
    assert account.check(made.channel) == ()
    assert planned.removed == account.teardown().removed
    assert str(planned).startswith("would remove:")


# check


@pytest.mark.parametrize("with_key", [False, True])
def test_check_of_what_was_provisioned_finds_nothing(account: Account, with_key: bool) -> None:
    """A set-up as provision makes it, with the statement in the key's policy, has no findings; nothing is changed."""
    key = account.make_key() if with_key else None
    made = account.provision(kms_key=key)
    if key:
        account.let_sns_use(key, made.channel)
    account.calls.clear()
    assert account.check(made.channel) == ()
    assert account.changing_calls() == []


def _other(channel: NotificationChannel, **fields: Any) -> NotificationChannel:
    return NotificationChannel(
        **{
            "sns_topic_arn": channel.sns_topic_arn,
            "role_arn": channel.role_arn,
            "queue_url": channel.queue_url,
            **fields,
        }
    )


def test_missing_topic_is_found(account: Account) -> None:
    """A topic that isn't there is found."""
    made = account.provision()
    account.sns.delete_topic(TopicArn=made.channel.sns_topic_arn)
    assert account.problems(made.channel) == [Problem.TOPIC_MISSING]


def test_missing_queue_is_found(account: Account) -> None:
    """A queue that isn't there is found."""
    made = account.provision()
    account.sqs.delete_queue(QueueUrl=_url(made.channel))
    assert account.problems(made.channel) == [Problem.QUEUE_MISSING]


def test_missing_role_is_found(account: Account) -> None:
    """A role that isn't there is found, and one of the same name under another path is not taken for it."""
    made = account.provision()
    moved = made.channel.role_arn.replace(":role/", ":role/service/")
    (finding,) = account.check(_other(made.channel, role_arn=moved))
    assert finding.problem == Problem.ROLE_MISSING
    assert made.channel.role_arn in finding.what
    _remove_role(account, made)
    assert account.problems(made.channel) == [Problem.ROLE_MISSING]


def test_missing_subscription_is_found(account: Account) -> None:
    """A queue that isn't subscribed to the topic is found, though another queue is."""
    made = account.provision()
    _unsubscribe(account, made)
    account.sns.subscribe(TopicArn=made.channel.sns_topic_arn, Protocol="sqs", Endpoint=made.dead_letter_queue_arn)
    assert account.problems(made.channel) == [Problem.SUBSCRIPTION_MISSING]


def test_filter_policy_is_found(account: Account) -> None:
    """A subscription that filters is found."""
    made = account.provision()
    _filter(account, made)
    assert account.problems(made.channel) == [Problem.SUBSCRIPTION_FILTER]


@pytest.mark.parametrize("policy", ["", "other topic", "denied"])
def test_queue_policy_that_keeps_the_topic_out_is_found(account: Account, policy: str) -> None:
    """No policy, one for another topic, or one that denies what it allows: each is found."""
    made = account.provision()
    document: Any = policies.queue_policy(made.queue_arn, "arn:aws:sns:eu-west-1:123456789012:Other")
    if policy == "denied":
        document = policies.queue_policy(made.queue_arn, made.channel.sns_topic_arn)
        document["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"})
    account.set_queue(made.channel, Policy=document if policy else "")
    assert account.problems(made.channel) == [Problem.QUEUE_POLICY]


def test_other_regions_are_found(account: Account) -> None:
    """A client, and a queue, in another region than the topic's are found."""
    made = account.provision()
    assert account.problems(made.channel, region_name="us-west-2") == [Problem.REGION_DIFFERS]
    elsewhere = f"https://sqs.us-west-2.amazonaws.com/{ACCOUNT}/{NAME}"
    findings = account.check(_other(made.channel, queue_url=elsewhere))
    assert [each.problem for each in findings] == [Problem.QUEUE_MISSING, Problem.QUEUE_REGION]
    assert "us-west-2" in findings[1].what


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/q", "eu-west-1"),
        (f"https://eu-west-1.queue.amazonaws.com/{ACCOUNT}/q", "eu-west-1"),
        (f"http://127.0.0.1:5000/{ACCOUNT}/q", None),
        (f"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/{ACCOUNT}/q", None),
    ],
)
def test_region_of_a_queue_is_read_from_its_url(url: str, region: str | None) -> None:
    """Both forms of a queue's URL tell the region; other hosts don't."""
    assert queue_region(url) == region


@pytest.mark.parametrize("trust", ["other service", "other account"])
def test_trust_that_keeps_rekognition_out_is_found(account: Account, trust: str) -> None:
    """A trust policy for another service or for another account is found."""
    made = account.provision()
    document = json.dumps(policies.trust_policy("210987654321" if trust == "other account" else ACCOUNT))
    if trust == "other service":
        document = document.replace("rekognition.", "ec2.")
    account.iam.update_assume_role_policy(RoleName=made.role_name, PolicyDocument=document)
    assert account.problems(made.channel) == [Problem.ROLE_TRUST]


def test_role_without_right_to_publish_is_found(account: Account) -> None:
    """A role without sns:Publish on the topic is found; an attached policy that gives it is seen."""
    made = account.provision()
    account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="rekvid-publish")
    assert account.problems(made.channel) == [Problem.ROLE_PUBLISH]
    policy = account.iam.create_policy(
        PolicyName="publish", PolicyDocument=json.dumps(policies.publish_policy(made.channel.sns_topic_arn, None))
    )
    account.iam.attach_role_policy(RoleName=made.role_name, PolicyArn=policy["Policy"].get("Arn", ""))
    assert account.check(made.channel) == ()


def test_topic_name_outside_the_managed_policy_is_found(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the managed policy alone a topic of another name is found, and one of a fitting name is fine."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    account.reset()
    trust = json.dumps(policies.trust_policy(ACCOUNT))
    role = account.iam.create_role(RoleName="video", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    managed = "arn:aws:iam::aws:policy/service-role/AmazonRekognitionServiceRole"
    account.iam.attach_role_policy(RoleName="video", PolicyArn=managed)
    for name, problems in (("Films", [Problem.TOPIC_NAME]), (NAME, [])):
        topic = account.sns.create_topic(Name=name)["TopicArn"]
        assert account.problems(NotificationChannel(sns_topic_arn=topic, role_arn=role)) == problems


def test_missing_dead_letter_queue_is_a_warning(account: Account) -> None:
    """No redrive policy, or one to a queue that is gone, is a warning."""
    made = account.provision()
    dead = account.sqs.get_queue_url(QueueName=made.dead_letter_queue_name)["QueueUrl"]
    account.sqs.delete_queue(QueueUrl=dead)
    (finding,) = account.check(made.channel)
    assert finding.problem == Problem.DEAD_LETTERS_MISSING
    assert finding.is_warning
    account.set_queue(made.channel, RedrivePolicy="")
    assert account.problems(made.channel) == [Problem.DEAD_LETTERS_MISSING]


def test_few_receives_are_a_warning(account: Account) -> None:
    """A redrive policy that gives up after a few receives is a warning, as shared queues need many."""
    made = account.provision(max_receive_count=5)
    (finding,) = account.check(made.channel)
    assert finding.problem == Problem.DEAD_LETTERS_EARLY
    assert "5 receives" in str(finding)
    assert str(finding).startswith("warning: ")


def test_role_without_right_to_the_key_is_found(account: Account) -> None:
    """A role that may publish but not use the topic's key is found, unless the key's own policy lets it."""
    key = account.make_key()
    made = account.provision(kms_key=key)
    account.let_sns_use(key, made.channel)
    account.iam.put_role_policy(
        RoleName=made.role_name,
        PolicyName="rekvid-publish",
        PolicyDocument=json.dumps(policies.publish_policy(made.channel.sns_topic_arn, None)),
    )
    assert account.problems(made.channel) == [Problem.ROLE_KEY]
    for_sns = policies.key_statement(made.channel.sns_topic_arn)
    for_role = {**for_sns, "Sid": "Role", "Principal": {"AWS": [made.channel.role_arn]}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [for_sns, for_role]})
    account.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document)
    assert account.check(made.channel) == ()


def test_key_that_sns_may_not_use_is_found(account: Account) -> None:
    """A queue's key whose policy doesn't let SNS use it is found."""
    made = account.provision(kms_key=account.make_key())
    assert account.problems(made.channel) == [Problem.QUEUE_KEY]


@pytest.mark.parametrize("state", ["disabled", "missing"])
def test_key_that_cannot_be_used_is_found(account: Account, state: str) -> None:
    """A key of topic and queue that is disabled or gone is found, once."""
    key = account.make_key()
    made = account.provision(kms_key=key)
    if state == "disabled":
        account.kms.disable_key(KeyId=key.rpartition("/")[2])
    else:
        gone = f"{key[:-8]}00000000"
        account.set_queue(made.channel, KmsMasterKeyId=gone)
        account.sns.set_topic_attributes(
            TopicArn=made.channel.sns_topic_arn, AttributeName="KmsMasterKeyId", AttributeValue=gone
        )
    assert account.problems(made.channel) == [Problem.KEY_UNUSABLE]


def test_opt_in_region_may_have_its_own_name_of_sns(account: Account) -> None:
    """A queue's policy that names SNS as an opt-in region does is fine."""
    made = account.provision(region_name="eu-south-1")
    queue: Any = account.session.client("sqs", region_name="eu-south-1", endpoint_url=account.url)
    document = json.dumps(policies.queue_policy(made.queue_arn, made.channel.sns_topic_arn))
    named = document.replace("sns.amazonaws.com", "sns.eu-south-1.amazonaws.com")
    redrive = json.dumps(policies.redrive_policy(made.dead_letter_queue_arn, 1000))
    queue.set_queue_attributes(QueueUrl=_url(made.channel), Attributes={"Policy": named, "RedrivePolicy": redrive})
    queue.close()
    assert account.check(made.channel, region_name="eu-south-1") == ()


def test_channel_without_queue_is_checked_as_far_as_it_goes(account: Account) -> None:
    """Without a queue, topic and role are looked at, and SQS isn't asked."""
    made = account.provision()
    account.calls.clear()
    assert account.check(_other(made.channel, queue_url=None)) == ()
    assert not [each for each in account.calls if each.startswith("sqs:")]


DENIABLE = {
    "GetTopicAttributes": "AuthorizationError",
    "GetRole": "AccessDenied",
    "ListRolePolicies": "AccessDenied",
    "GetRolePolicy": "AccessDenied",
    "ListAttachedRolePolicies": "AccessDenied",
    "GetQueueAttributes": "AccessDenied",
    "GetQueueUrl": "AccessDenied",
    "ListSubscriptionsByTopic": "AuthorizationError",
    "GetSubscriptionAttributes": "AuthorizationError",
    "DescribeKey": "AccessDeniedException",
    "GetKeyPolicy": "AccessDeniedException",
}


@pytest.mark.parametrize("operation", DENIABLE)
def test_denied_look_is_a_finding(account: Account, operation: str) -> None:
    """What may not be looked at is a warning that says so, and nothing is taken for missing because of it."""
    key = account.make_key()
    made = account.provision(kms_key=key)
    account.let_sns_use(key, made.channel)
    account.refuse(operation, DENIABLE[operation])
    findings = account.check(made.channel)
    assert {each.problem for each in findings} == {Problem.NOT_SEEN}
    assert all(each.what.startswith(f"could not be looked at: {operation}") for each in findings)
    assert all(each.is_warning for each in findings)


@pytest.mark.parametrize("operation", ["GetPolicy", "GetPolicyVersion"])
def test_denied_attached_policy_is_a_finding(account: Account, operation: str) -> None:
    """A role whose attached policy can't be read is not said to lack rights."""
    made = account.provision()
    policy = account.iam.create_policy(
        PolicyName="publish", PolicyDocument=json.dumps(policies.publish_policy(made.channel.sns_topic_arn, None))
    )
    account.iam.attach_role_policy(RoleName=made.role_name, PolicyArn=policy["Policy"].get("Arn", ""))
    account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="rekvid-publish")
    account.refuse(operation)
    assert account.problems(made.channel) == [Problem.NOT_SEEN]


def test_every_finding_reads_as_a_sentence_with_a_remedy(account: Account) -> None:
    """Findings come errors first, and each prints its part, what is wrong and what to do."""
    made = account.provision(max_receive_count=5)
    _unsubscribe(account, made)
    _remove_role(account, made)
    findings = account.check(made.channel)
    assert [each.is_warning for each in findings] == [False, False, True]
    for each in findings:
        assert each.resource in str(each)
        assert each.what.endswith(".")
        assert str(each).endswith(each.remedy)
        assert each.remedy.endswith(".")


def test_every_problem_is_provoked_by_a_test() -> None:
    """No kind of finding is without a test that provokes it."""
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [each.name for each in Problem if f"Problem.{each.name}" not in tests] == []


def test_page_names_every_right_that_the_caller_needs(account: Account) -> None:
    """docs/provisioning.md lists each action that provision, check and teardown call."""
    page = (Path(__file__).parents[2] / "docs" / "provisioning.md").read_text(encoding="utf-8")
    key = account.make_key()
    made = account.provision()
    for harm, _ in DAMAGES.values():
        harm(account, account.provision())
    account.provision(kms_key=key)
    account.check(made.channel)
    account.teardown()
    # Whoever there is may ask who they are.
    called = set(account.calls) - {"sts:GetCallerIdentity"}
    assert sorted(each for each in called if f"`{each}`" not in page) == []
