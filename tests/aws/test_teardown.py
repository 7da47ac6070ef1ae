from __future__ import annotations

import json

import pytest

from aws_account import NAME, Account
from rekvid.aws import TornDown
from rekvid.backends.aws import policies
from rekvid.errors import (
    AccessDeniedError,
)


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
