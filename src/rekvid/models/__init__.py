"""The frozen values: every structure of the operations, with AWS's names in snake_case."""

from __future__ import annotations

from rekvid.models._shape import ABSENT, JsonValue, Shape
from rekvid.models.categories import LabelCategoryName
from rekvid.models.jobs import JobPage, JobProgress, NotificationChannel, VideoJobStatus
from rekvid.models.labels import (
    BoundingBox,
    DominantColor,
    GetLabelDetectionRequestMetadata,
    Instance,
    Label,
    LabelAlias,
    LabelCategory,
    LabelDetection,
    LabelDetectionAggregateBy,
    LabelDetectionFeatureName,
    LabelDetectionPage,
    LabelDetectionSortBy,
    Parent,
    PixelBox,
)
from rekvid.models.media import AudioMetadata, S3Object, Video, VideoColorRange, VideoMetadata
from rekvid.models.segments import (
    BlackFrame,
    SegmentDetection,
    SegmentDetectionPage,
    SegmentType,
    SegmentTypeInfo,
    ShotSegment,
    TechnicalCueSegment,
    TechnicalCueType,
)

__all__ = [
    "ABSENT",
    "AudioMetadata",
    "BlackFrame",
    "BoundingBox",
    "DominantColor",
    "GetLabelDetectionRequestMetadata",
    "Instance",
    "JobPage",
    "JobProgress",
    "JsonValue",
    "Label",
    "LabelAlias",
    "LabelCategory",
    "LabelCategoryName",
    "LabelDetection",
    "LabelDetectionAggregateBy",
    "LabelDetectionFeatureName",
    "LabelDetectionPage",
    "LabelDetectionSortBy",
    "NotificationChannel",
    "Parent",
    "PixelBox",
    "S3Object",
    "SegmentDetection",
    "SegmentDetectionPage",
    "SegmentType",
    "SegmentTypeInfo",
    "Shape",
    "ShotSegment",
    "TechnicalCueSegment",
    "TechnicalCueType",
    "Video",
    "VideoColorRange",
    "VideoJobStatus",
    "VideoMetadata",
]
