from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.backends.aws import policies
from rekvid.backends.aws.policies import Access, allows

TOPIC = "arn:aws:sns:eu-west-1:123456789012:AmazonRekognitionFilms"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:AmazonRekognitionFilms"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"

arns = st.builds(
    "arn:aws:{}:eu-west-1:{}:{}".format,
    st.sampled_from(["sns", "sqs"]),
    st.from_regex(r"\A\d{12}\Z"),
    st.from_regex(r"\A[A-Za-z0-9_-]{1,20}\Z"),
)


def _send(queue: str, topic: str, service: str = policies.SNS, action: str = "sqs:SendMessage") -> Access:
    return Access(action=action, resource=queue, principal=service, context={"aws:sourcearn": topic})


def test_documents_are_as_the_guides_say() -> None:
    """The documents, word for word."""
    assert policies.queue_policy(QUEUE, TOPIC) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyTheTopicSends",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": QUEUE,
                "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
            }
        ],
    }
    assert policies.trust_policy("123456789012") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyForThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": "rekognition.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ],
    }
    assert policies.publish_policy(TOPIC, KEY) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC},
            {
                "Sid": "UseKey",
                "Effect": "Allow",
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": KEY,
            },
        ],
    }
    assert policies.redrive_policy(QUEUE, 1000) == {"deadLetterTargetArn": QUEUE, "maxReceiveCount": 1000}


def test_key_statement_may_stand_in_a_key_policy() -> None:
    """The key's statement lets SNS alone use the key for that topic, and its Sid is letters and digits, as IAM asks."""
    statement = policies.key_statement(TOPIC.replace("Films", "My_New-Films"))
    assert str(statement["Sid"]).isalnum()
    document = {"Statement": [policies.key_statement(TOPIC)]}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        assert allows([document], _send(KEY, TOPIC, action=action))
        assert not allows([document], _send(KEY, f"{TOPIC}Too", action=action))
    assert not allows([document], _send(KEY, TOPIC, action="kms:ScheduleKeyDeletion"))


@given(queue=arns, topic=arns, other=arns)
def test_queue_takes_messages_of_its_topic_alone(queue: str, topic: str, other: str) -> None:
    """SNS may send to this queue for this topic, and to no other queue, for no other topic, and nobody else may."""
    document = [policies.queue_policy(queue, topic)]
    assert allows(document, _send(queue, topic))
    assert allows(document, _send(queue, other)) == (other == topic)
    assert allows(document, _send(other, topic)) == (other == queue)
    assert not allows(document, _send(queue, topic, service="events.amazonaws.com"))
    assert not allows(document, _send(queue, topic, action="sqs:ReceiveMessage"))


@given(topic=arns, other=arns, key=st.none() | st.just(KEY))
def test_role_publishes_to_its_topic_alone(topic: str, other: str, key: str | None) -> None:
    """The role's rights are to publish to the topic and to use the key, if there is one, and nothing else."""
    document = [policies.publish_policy(topic, key)]
    assert allows(document, Access(action="sns:Publish", resource=topic, context={}))
    assert allows(document, Access(action="sns:Publish", resource=other, context={})) == (other == topic)
    assert not allows(document, Access(action="sns:Subscribe", resource=topic, context={}))
    assert allows(document, Access(action="kms:Decrypt", resource=KEY, context={})) == (key is not None)
    assert not allows(document, Access(action="kms:Decrypt", resource=f"{KEY}5", context={}))


@given(account=st.from_regex(r"\A\d{12}\Z"), other=st.from_regex(r"\A\d{12}\Z"))
def test_role_is_taken_for_its_account_alone(account: str, other: str) -> None:
    """Rekognition may take the role on behalf of this account, and no other service may."""
    document = [policies.trust_policy(account)]
    for service, source, expected in (
        (policies.REKOGNITION, account, True),
        (policies.REKOGNITION, other, other == account),
        (policies.SNS, account, False),
    ):
        context = {"aws:sourceaccount": source}
        assume = Access(action="sts:AssumeRole", resource="arn:role", principal=service, context=context)
        assert allows(document, assume) == expected


@given(topic=arns)
def test_documents_are_small_and_plain(topic: str) -> None:
    """Each document is plain JSON and far below IAM's limit of 2048 characters for a trust policy."""
    for document in (
        policies.queue_policy(topic, topic),
        policies.publish_policy(topic, KEY),
        policies.trust_policy("1"),
    ):
        text = json.dumps(document)
        assert json.loads(text) == document
        assert len(text) < 1000


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Allow", "Action": "SNS:publish", "Resource": TOPIC}, True),
        ({"Effect": "Allow", "Action": "sns:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": ["sns:Get*", "sns:Publis?"], "Resource": ["arn:x", f"{TOPIC[:-3]}*"]}, True),
        ({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{TOPIC}Too"}, True),
        ({"Effect": "Allow", "NotAction": "sns:*", "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:sns:*"}, False),
        ({"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC.lower()}, False),
        ({"Effect": "Deny", "Action": "sns:Publish", "Resource": TOPIC}, False),
        ({"Action": "sns:Publish", "Resource": TOPIC}, False),
        ("sns:Publish", False),
    ],
)
def test_statements_are_read_as_iam_does(statement: object, expected: bool) -> None:
    """Case of actions, wildcards, the negated forms, and a statement alone instead of a list."""
    assert allows([{"Statement": statement}], Access(action="sns:Publish", resource=TOPIC, context={})) == expected


@pytest.mark.parametrize(
    ("condition", "allow", "deny"),
    [
        ({"ArnEquals": {"aws:SourceArn": TOPIC}}, True, True),
        ({"ArnLike": {"AWS:SOURCEARN": ["arn:x", "arn:aws:sns:*"]}}, True, True),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:sns:*"}}, False, False),
        ({"StringLike": {"aws:SourceArn": "arn:aws:sns:*"}}, True, True),
        ({"StringEqualsIgnoreCase": {"aws:SourceArn": TOPIC.upper()}}, True, True),
        ({"ArnNotEquals": {"aws:SourceArn": TOPIC}}, False, False),
        ({"StringNotLike": {"aws:SourceArn": "arn:aws:s3:*"}}, True, True),
        ({"ArnEquals": {"aws:SourceArn": TOPIC}, "StringEquals": {"aws:SourceAccount": "1"}}, False, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, True, False),
        ({"ArnEquals": {"aws:SourceArn": TOPIC}, "Bool": {"aws:SecureTransport": "false"}}, True, False),
        ("nonsense", True, True),
    ],
)
def test_conditions_are_read_in_favour_of_the_policy(
    condition: Mapping[str, object] | str, allow: bool, deny: bool
) -> None:
    """Known keys are compared; a condition that can't be told holds for Allow and doesn't for Deny."""
    access = Access(action="sns:Publish", resource=TOPIC, context={"aws:sourcearn": TOPIC, "aws:sourceaccount": "2"})
    rule = {"Action": "sns:Publish", "Resource": TOPIC, "Condition": condition}
    assert allows([{"Statement": {"Effect": "Allow", **rule}}], access) == allow
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    assert allows([everything, {"Statement": {"Effect": "Deny", **rule}}], access) == (not deny)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", None])
def test_unreadable_document_allows_nothing(text: object) -> None:
    """What is no document is read as one without statements."""
    assert policies.read_document(text) == {}
    assert not allows([policies.read_document(text)], Access(action="sns:Publish", resource=TOPIC, context={}))
