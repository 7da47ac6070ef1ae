"""The policy documents of a notification channel, and what a document allows. Pure: nothing here calls AWS.

Sources: developer guides of Rekognition ("Configuring Amazon Rekognition Video", "Cross-service confused deputy
prevention"), of SNS ("Fanout to Amazon SQS queues", "Managing Amazon SNS encryption keys and costs") and of IAM
("Policy evaluation logic").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from rekvid.models import JsonValue
from rekvid.models._shape import Value, value

Document: TypeAlias = "dict[str, JsonValue]"

REKOGNITION: Final = "rekognition.amazonaws.com"
SNS: Final = "sns.amazonaws.com"
PREFIX: Final = "AmazonRekognition"
SERVICE_ROLE_POLICY: Final = "AmazonRekognitionServiceRole"
KEY_ACTIONS: Final = ("kms:GenerateDataKey*", "kms:Decrypt")
"""What a publisher needs of the key of an encrypted topic, and SNS of that of an encrypted queue."""
KEY_USES: Final = ("kms:GenerateDataKey", "kms:Decrypt")
"""What is then really called."""


def _document(*statements: JsonValue) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def queue_policy(queue_arn: str, topic_arn: str) -> Document:
    """The queue's policy: SNS may send to it, on behalf of that topic alone."""
    return _document(
        {
            "Sid": "OnlyTheTopicSends",
            "Effect": "Allow",
            "Principal": {"Service": SNS},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
        }
    )


def redrive_policy(dead_letter_arn: str, max_receive_count: int) -> Document:
    """The queue's redrive policy: what was received `max_receive_count` times goes to the dead-letter queue."""
    return {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": max_receive_count}


def trust_policy(account: str) -> Document:
    """The role's trust policy: Rekognition takes the role, on behalf of that account alone.

    ``aws:SourceArn`` stays out: for stored videos it would have to name every user and role that starts jobs.
    """
    return _document(
        {
            "Sid": "OnlyForThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": REKOGNITION},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def publish_policy(topic_arn: str, key_arn: str | None) -> Document:
    """The role's rights: publish to that topic alone, and use its key, if it has one."""
    publish: JsonValue = {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": topic_arn}
    if key_arn is None:
        return _document(publish)
    use_key: JsonValue = {"Sid": "UseKey", "Effect": "Allow", "Action": list(KEY_ACTIONS), "Resource": key_arn}
    return _document(publish, use_key)


def key_statement(topic_arn: str) -> Document:
    """The statement that the key's own policy needs, so that SNS can send to the encrypted queue.

    ``Resource`` is ``*`` because in a key policy that means the key that it is attached to.
    """
    # A Sid is letters and digits only, and its own in the document, which may have statements for several topics.
    topic = re.sub(r"[^A-Za-z0-9]", "", topic_arn.rpartition(":")[2])
    return {
        "Sid": f"{topic}ToItsQueue",
        "Effect": "Allow",
        "Principal": {"Service": SNS},
        "Action": list(KEY_ACTIONS),
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }


@value
class Access(Value):
    """Something that somebody wants to do.

    Attributes:
        action: The action, such as ``sns:Publish``.
        resource: The ARN that it is done to.
        principal: The service, or the ARN of the role, that does it; None where the document belongs to who does it, as
            a role's rights do.
        context: What is known of the condition keys, the keys in lower case.
    """

    action: str
    resource: str
    principal: str | None = None
    context: Mapping[str, str]


def allows(documents: Iterable[Mapping[str, object]], access: Access) -> bool:
    """Whether the documents together allow `access`, as far as that can be told from here.

    In doubt it says yes, so that nobody is sent to mend what works: a condition on a key that `access` doesn't know
    is taken to hold for Allow and not to hold for Deny.
    """
    statements = [each for document in documents for each in _items(document.get("Statement"))]
    relevant = [each for each in statements if isinstance(each, Mapping) and _is_about(each, access)]
    allowed = any(each.get("Effect") == "Allow" and _holds(each, access, unknown=True) for each in relevant)
    denied = any(each.get("Effect") == "Deny" and _holds(each, access, unknown=False) for each in relevant)
    return allowed and not denied


def read_document(text: object) -> Mapping[str, object]:
    """The document that AWS gave, as text or, as botocore does for IAM, already read; empty if it can't be read."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:
            return {}
    return text if isinstance(text, Mapping) else {}


def _items(member: object) -> list[object]:
    # AWS lets a list of one be written without the brackets.
    if member is None:
        return []
    return list(member) if isinstance(member, list | tuple) else [member]


def _matches(patterns: object, text: str, *, ignore_case: bool = False) -> bool:
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    expressions = (re.escape(str(each)).replace(r"\*", ".*").replace(r"\?", ".") for each in _items(patterns))
    return any(re.fullmatch(each, text, flags) for each in expressions)


def _is_about(statement: Mapping[str, object], access: Access) -> bool:
    if access.principal is not None and not _names(statement.get("Principal"), access.principal):
        return False
    if "NotAction" in statement:
        action = not _matches(statement["NotAction"], access.action, ignore_case=True)
    else:
        action = _matches(statement.get("Action"), access.action, ignore_case=True)
    if "NotResource" in statement:
        return action and not _matches(statement["NotResource"], access.resource)
    # A trust policy has no Resource: it is about the role that it belongs to.
    return action and ("Resource" not in statement or _matches(statement["Resource"], access.resource))


def _names(principal: object, who: str) -> bool:
    if isinstance(principal, Mapping):
        of_aws = _items(principal.get("AWS"))
        return who in _items(principal.get("Service")) or who in of_aws or "*" in of_aws
    return principal == "*"


def _holds(statement: Mapping[str, object], access: Access, *, unknown: bool) -> bool:
    """Whether all conditions of `statement` hold; those that can't be told count as `unknown`."""
    conditions = statement.get("Condition")
    if not isinstance(conditions, Mapping):
        return True
    return all(
        _condition_holds(str(operator), access.context[str(key).lower()], wanted)
        if str(key).lower() in access.context and _can_tell(str(operator))
        else unknown
        for operator, keys in conditions.items()
        if isinstance(keys, Mapping)
        for key, wanted in keys.items()
    )


def _can_tell(operator: str) -> bool:
    return re.fullmatch(r"(Arn|String)(Not)?(Equals|Like|EqualsIgnoreCase)(IfExists)?", operator) is not None


def _condition_holds(operator: str, known: str, wanted: object) -> bool:
    # ArnEquals and ArnLike are the same; of the strings only Like knows wildcards (IAM, condition operators).
    ignore_case = "IgnoreCase" in operator
    if operator.startswith("Arn") or "Like" in operator:
        found = _matches(wanted, known)
    else:
        fold = str.lower if ignore_case else str
        found = fold(known) in {fold(str(each)) for each in _items(wanted)}
    return found != ("Not" in operator)
