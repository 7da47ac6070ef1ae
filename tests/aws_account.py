"""An AWS account at moto's server, and what may go wrong in it."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

import rekvid.aws
from rekvid.aws import Finding, Problem, Provisioned, TornDown
from rekvid.backends.aws import policies
from rekvid.models import NotificationChannel

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TAG = "rekvid:name"
NAME = "AmazonRekognitionFilms"


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
        answer = self.sqs.get_queue_attributes(QueueUrl=url_of(channel), AttributeNames=["All"])
        return {str(name): text for name, text in answer["Attributes"].items()}

    def set_queue(self, channel: NotificationChannel, **attributes: object) -> None:
        # moto drops the policy when it isn't among the attributes.
        texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in attributes.items()}
        keep = {"Policy": self.queue(channel)["Policy"]}
        self.sqs.set_queue_attributes(QueueUrl=url_of(channel), Attributes={**keep, **texts})  # type: ignore[dict-item]

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


def url_of(channel: NotificationChannel) -> str:
    assert channel.queue_url is not None
    return channel.queue_url


def document_of(made: Provisioned, title: str) -> dict[str, Any]:
    (text,) = [each.text for each in made.policies if each.title.startswith(title)]
    document: dict[str, Any] = json.loads(text)
    return document


def unsubscribe(account: Account, made: Provisioned) -> None:
    assert made.subscription_arn is not None
    account.sns.unsubscribe(SubscriptionArn=made.subscription_arn)


def remove_role(account: Account, made: Provisioned) -> None:
    account.iam.delete_role_policy(RoleName=made.role_name, PolicyName="rekvid-publish")
    account.iam.delete_role(RoleName=made.role_name)


def filter_messages(account: Account, made: Provisioned) -> None:
    assert made.subscription_arn is not None
    account.sns.set_subscription_attributes(
        SubscriptionArn=made.subscription_arn, AttributeName="FilterPolicy", AttributeValue='{"kind": ["job"]}'
    )
