from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import rekvid.aws
from aws_account import (
    ACCOUNT,
    NAME,
    REGION,
    TAG,
    Account,
    document_of,
    filter_messages,
    remove_role,
    unsubscribe,
    url_of,
)
from rekvid.aws import Provisioned
from rekvid.backends.aws import policies
from rekvid.errors import (
    AccessDeniedError,
    ConfigurationError,
    ServiceError,
    TransportError,
    ValidationError,
)


def test_message_published_to_the_topic_arrives_in_the_queue(account: Account) -> None:
    """What is published to the topic of the channel can be received from its queue."""
    channel = account.provision().channel
    account.sns.publish(TopicArn=channel.sns_topic_arn, Message='{"JobId": "job"}')
    (message,) = account.sqs.receive_message(QueueUrl=url_of(channel), WaitTimeSeconds=5)["Messages"]
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
    assert json.loads(queue["Policy"]) == document_of(made, "policy of the queue")
    assert json.loads(queue["RedrivePolicy"]) == document_of(made, "redrive policy")
    role = account.iam.get_role(RoleName=made.role_name)["Role"]
    assert role.get("AssumeRolePolicyDocument") == document_of(made, "trust policy")
    (name,) = account.iam.list_role_policies(RoleName=made.role_name)["PolicyNames"]
    rights = account.iam.get_role_policy(RoleName=made.role_name, PolicyName=name)["PolicyDocument"]
    assert rights == document_of(made, "policy rekvid-publish")


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


DAMAGES: dict[str, tuple[Callable[[Account, Provisioned], object], int]] = {
    "no subscription": (unsubscribe, 1),
    "filter policy": (filter_messages, 1),
    "no topic": (lambda account, made: account.sns.delete_topic(TopicArn=made.channel.sns_topic_arn), 2),
    "no queue": (lambda account, made: account.sqs.delete_queue(QueueUrl=url_of(made.channel)), 1),
    "no role": (remove_role, 2),
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
    for url in (url_of(made.channel), dead):
        answer = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        assert answer["Attributes"]["KmsMasterKeyId"] == key
    assert document_of(made, "policy rekvid-publish")["Statement"][1]["Resource"] == key
    assert document_of(made, "to be added") == policies.key_statement(made.channel.sns_topic_arn)
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
