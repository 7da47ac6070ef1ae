"""What is wrong with a notification channel, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rekvid.backends.aws.findings import Finding, Findings, Problem
from rekvid.backends.aws.queue_check import QueueCheck
from rekvid.backends.aws.role_check import RoleCheck
from rekvid.backends.aws.services import Services
from rekvid.models import NotificationChannel

if TYPE_CHECKING:
    import boto3


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
        findings = Findings(services)
        topic = _look_at_topic(findings, channel.sns_topic_arn)
        key = topic.get("KmsMasterKeyId") if topic else None
        RoleCheck(findings, channel.role_arn, channel.sns_topic_arn).run(key)
        if channel.queue_url is not None:
            QueueCheck(findings, channel.queue_url, channel.sns_topic_arn).run(topic_is_there=topic is not None)
        return tuple(sorted(findings.noted, key=lambda each: each.is_warning))


def _look_at_topic(findings: Findings, arn: str) -> Mapping[str, str] | None:
    """The topic's attributes; None if it isn't there or can't be looked at."""
    region = arn.split(":")[3]
    if region != findings.services.region:
        findings.add(
            Problem.REGION_DIFFERS,
            arn,
            f"The topic is in {region}, but jobs are started in {findings.services.region}.",
            "Rekognition publishes in its own region only: use a topic there, or start the jobs here.",
        )
    answer, seen = findings.look(arn, findings.services.sns(region).get_topic_attributes, TopicArn=arn)
    if answer is None and seen:
        findings.add(
            Problem.TOPIC_MISSING,
            arn,
            "There is no such topic.",
            "Make it, for example by rekvid.aws.provision, or correct sns_topic_arn.",
        )
    return answer["Attributes"] if answer else None
