"""What jobs have in common, whatever they detect."""

from __future__ import annotations

import enum

from rekvid.models._shape import Shape, value


class VideoJobStatus(enum.StrEnum):
    """The state of a job (API reference, GetLabelDetection, JobStatus)."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@value
class NotificationChannel(Shape):
    """Where the service publishes that a job has ended (API reference, NotificationChannel).

    Attributes:
        sns_topic_arn: The SNS topic, in the region of the endpoint. With the managed policy
            AmazonRekognitionServiceRole its name must begin with ``AmazonRekognition``.
        role_arn: The IAM role that the service takes to publish.
    """

    sns_topic_arn: str
    role_arn: str


@value
class JobProgress:
    """How far a job is, as `Job.wait` reports it.

    Attributes:
        job_id: The job.
        status: Its state.
        elapsed: Seconds since the wait began.
        fraction: Share of the work done, 0-1; None where the backend can't tell, as on AWS.
    """

    job_id: str
    status: VideoJobStatus | str
    elapsed: float
    fraction: float | None = None
