"""What jobs have in common, whatever they detect."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated

from rekvid.models._rules import Checked, Text
from rekvid.models._shape import FirstMatch, Shape, Value, value
from rekvid.models.media import Video


class VideoJobStatus(enum.StrEnum):
    """The state of a job (API reference, GetLabelDetection, JobStatus)."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@value
class NotificationChannel(Checked, Shape):
    """Where the service publishes that a job has ended (API reference, NotificationChannel).

    Attributes:
        sns_topic_arn: The SNS topic, in the region of the endpoint. With the managed policy
            AmazonRekognitionServiceRole its name must begin with ``AmazonRekognition``.
        role_arn: The IAM role that the service takes to publish.
        queue_url: The SQS queue that is subscribed to the topic, to wait by; it stays here and is not sent. None polls.

    Raises:
        ValidationError: A field has not the form that it must have.
    """

    sns_topic_arn: Annotated[
        str,
        Text(pattern=r"(^arn:aws:sns:.*:\w{12}:.+$)", says="the ARN of an SNS topic, arn:aws:sns:region:account:name"),
    ]
    role_arn: Annotated[
        str,
        Text(
            pattern=r"arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
            says="the ARN of an IAM role, arn:aws:iam::account:role/name",
        ),
    ]
    queue_url: Annotated[str, Text(pattern=r"https?://\S+", says="the URL of an SQS queue")] | None = dataclasses.field(
        default=None, metadata={"ours": "read by the waiter, unknown to the service"}
    )


@value
class JobPage(Shape):
    """What every page of results has, whatever was detected.

    Attributes:
        job_status: State of the job; the oldest model versions don't tell.
        status_message: Why the job failed.
        next_token: Token of the next page, valid for 24 hours; None on the last.
        job_id: The job; from 2023 on.
        video: The video of the job; from 2023 on.
        job_tag: The tag given at the start.
    """

    job_status: Annotated[VideoJobStatus | str, FirstMatch()] | None = None
    status_message: str | None = None
    next_token: str | None = None
    job_id: str | None = None
    video: Video | None = None
    job_tag: str | None = None


@value
class JobProgress(Value):
    """How far a job is, as `Job.wait` reports it.

    Attributes:
        job_id: The job.
        status: Its state.
        elapsed: Seconds since the wait began.
        fraction: Share of the work done, 0-1, and 1 once the job has succeeded; None before that where the backend
            can't tell, as on AWS.
    """

    job_id: str
    status: VideoJobStatus | str
    elapsed: float
    fraction: float | None = None
