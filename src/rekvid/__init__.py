"""rekvid: Amazon Rekognition Video, typed, on AWS or offline on this machine.

::

    import rekvid

    client = rekvid.Client("local")            # or rekvid.Client() for AWS
    job = client.start_segment_detection("film.mp4", segment_types=["SHOT"])
    for shot in job.shots():
        print(shot.start_timecode_smpte, shot.end_timecode_smpte)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekvid._version import __version__
from rekvid.client import Client
from rekvid.errors import (
    AccessDeniedError,
    ConfigurationError,
    IdempotentParameterMismatchError,
    InternalServerError,
    InvalidPaginationTokenError,
    InvalidParameterError,
    InvalidS3ObjectError,
    JobFailedError,
    LimitExceededError,
    MissingExtraError,
    ModelUnavailableError,
    ProvisionedThroughputExceededError,
    RekvidError,
    ResourceNotFoundError,
    ResponseError,
    ServiceError,
    ThrottlingError,
    TransportError,
    ValidationError,
    VideoTooLargeError,
    WaitTimeoutError,
)
from rekvid.job import LabelDetectionJob, SegmentDetectionJob
from rekvid.models import (
    AudioMetadata,
    BlackFrame,
    BoundingBox,
    DominantColor,
    GetLabelDetectionRequestMetadata,
    Instance,
    JobProgress,
    Label,
    LabelAlias,
    LabelCategory,
    LabelCategoryName,
    LabelDetection,
    LabelDetectionAggregateBy,
    LabelDetectionFeatureName,
    LabelDetectionPage,
    LabelDetectionSortBy,
    NotificationChannel,
    Parent,
    PixelBox,
    S3Object,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    SegmentTypeInfo,
    ShotSegment,
    TechnicalCueSegment,
    TechnicalCueType,
    Video,
    VideoColorRange,
    VideoJobStatus,
    VideoMetadata,
)
from rekvid.results import LabelDetectionResult, SegmentDetectionResult, read_jsonl
from rekvid.timecode import Timecode

if TYPE_CHECKING:
    from rekvid.backends.aws import AwsBackend
    from rekvid.backends.local import LabelSettings, LocalBackend
    from rekvid.report.moments import LabelledFrame

__all__ = [
    "AccessDeniedError",
    "AudioMetadata",
    "AwsBackend",
    "BlackFrame",
    "BoundingBox",
    "Client",
    "ConfigurationError",
    "DominantColor",
    "GetLabelDetectionRequestMetadata",
    "IdempotentParameterMismatchError",
    "Instance",
    "InternalServerError",
    "InvalidPaginationTokenError",
    "InvalidParameterError",
    "InvalidS3ObjectError",
    "JobFailedError",
    "JobProgress",
    "Label",
    "LabelAlias",
    "LabelCategory",
    "LabelCategoryName",
    "LabelDetection",
    "LabelDetectionAggregateBy",
    "LabelDetectionFeatureName",
    "LabelDetectionJob",
    "LabelDetectionPage",
    "LabelDetectionResult",
    "LabelDetectionSortBy",
    "LabelSettings",
    "LabelledFrame",
    "LimitExceededError",
    "LocalBackend",
    "MissingExtraError",
    "ModelUnavailableError",
    "NotificationChannel",
    "Parent",
    "PixelBox",
    "ProvisionedThroughputExceededError",
    "RekvidError",
    "ResourceNotFoundError",
    "ResponseError",
    "S3Object",
    "SegmentDetection",
    "SegmentDetectionJob",
    "SegmentDetectionPage",
    "SegmentDetectionResult",
    "SegmentType",
    "SegmentTypeInfo",
    "ServiceError",
    "ShotSegment",
    "TechnicalCueSegment",
    "TechnicalCueType",
    "ThrottlingError",
    "Timecode",
    "TransportError",
    "ValidationError",
    "Video",
    "VideoColorRange",
    "VideoJobStatus",
    "VideoMetadata",
    "VideoTooLargeError",
    "WaitTimeoutError",
    "__version__",
    "read_jsonl",
]


if not TYPE_CHECKING:  # or type checkers would take every name for one of ours

    def __getattr__(name: str) -> object:
        # A backend brings boto3 or av along, and most programs show no frames, so these are imported when first named.
        if name == "AwsBackend":
            from rekvid.backends.aws import AwsBackend

            return AwsBackend
        if name in ("LabelSettings", "LocalBackend"):
            from rekvid.backends import local

            return getattr(local, name)
        if name == "LabelledFrame":
            from rekvid.report.moments import LabelledFrame

            return LabelledFrame
        raise AttributeError(f"module 'rekvid' has no attribute {name!r}")
