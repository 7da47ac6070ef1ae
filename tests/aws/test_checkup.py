from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aws_account import ACCOUNT, NAME, Account, filter_messages, remove_role, unsubscribe, url_of
from rekvid.aws import Problem
from rekvid.backends.aws import policies
from rekvid.backends.aws.queue_check import queue_region
from rekvid.models import NotificationChannel


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
    account.sqs.delete_queue(QueueUrl=url_of(made.channel))
    assert account.problems(made.channel) == [Problem.QUEUE_MISSING]


def test_missing_role_is_found(account: Account) -> None:
    """A role that isn't there is found, and one of the same name under another path is not taken for it."""
    made = account.provision()
    moved = made.channel.role_arn.replace(":role/", ":role/service/")
    (finding,) = account.check(_other(made.channel, role_arn=moved))
    assert finding.problem == Problem.ROLE_MISSING
    assert made.channel.role_arn in finding.what
    remove_role(account, made)
    assert account.problems(made.channel) == [Problem.ROLE_MISSING]


def test_missing_subscription_is_found(account: Account) -> None:
    """A queue that isn't subscribed to the topic is found, though another queue is."""
    made = account.provision()
    unsubscribe(account, made)
    account.sns.subscribe(TopicArn=made.channel.sns_topic_arn, Protocol="sqs", Endpoint=made.dead_letter_queue_arn)
    assert account.problems(made.channel) == [Problem.SUBSCRIPTION_MISSING]


def test_filter_policy_is_found(account: Account) -> None:
    """A subscription that filters is found."""
    made = account.provision()
    filter_messages(account, made)
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
    queue.set_queue_attributes(QueueUrl=url_of(made.channel), Attributes={"Policy": named, "RedrivePolicy": redrive})
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
    unsubscribe(account, made)
    remove_role(account, made)
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
