"""The values of segment detection."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

from rekvid.models._rules import Checked, Number
from rekvid.models._shape import ABSENT, FirstMatch, Shape, value
from rekvid.models.jobs import JobPage
from rekvid.models.media import AudioMetadata, VideoMetadata
from rekvid.timecode import Timecode


class SegmentType(enum.StrEnum):
    """What segment detection can be asked for (API reference, StartSegmentDetection, SegmentTypes)."""

    TECHNICAL_CUE = "TECHNICAL_CUE"
    SHOT = "SHOT"


class TechnicalCueType(enum.StrEnum):
    """The kinds of technical cue (API reference, TechnicalCueSegment)."""

    COLOR_BARS = "ColorBars"
    END_CREDITS = "EndCredits"
    BLACK_FRAMES = "BlackFrames"
    OPENING_CREDITS = "OpeningCredits"
    STUDIO_LOGO = "StudioLogo"
    SLATE = "Slate"
    CONTENT = "Content"


@value
class BlackFrame(Checked, Shape):
    """What counts as a black frame (API reference, BlackFrame).

    Attributes:
        max_pixel_threshold: 0-1, default 0.2. The highest luma of a black pixel, as a share of the range above
            its lowest value: ``min_luma + threshold * (max_luma - min_luma)``; luma runs over 16-235 in LIMITED
            video and over 0-255 in FULL.
        min_coverage_percentage: 0-100, default 99. The share of black pixels that makes a frame black.

    Raises:
        ValidationError: A value lies outside its range.
    """

    max_pixel_threshold: Annotated[float, Number(0, 1)] | None = None
    min_coverage_percentage: Annotated[float, Number(0, 100)] | None = None


@value
class TechnicalCueSegment(Shape):
    """What kind of technical cue a segment is (API reference, TechnicalCueSegment).

    Attributes:
        type: The kind.
        confidence: 50-100.
    """

    type: Annotated[TechnicalCueType | str, FirstMatch()]
    confidence: float


@value
class ShotSegment(Shape):
    """Which shot a segment is (API reference, ShotSegment).

    Attributes:
        index: Counts the shots of the video from 0, across pages.
        confidence: 50-100.
    """

    index: int
    confidence: float


@value
class SegmentDetection(Shape):
    """A shot or a technical cue (API reference, SegmentDetection).

    In the service's answers a timestamp is ``floor(frame * 1000 / rate)``, `end_frame_number` is the last frame
    of a shot, and durations are end minus start: see `rekvid.timecode`.

    Attributes:
        type: SHOT or TECHNICAL_CUE; says which of the two last members is set.
        start_timestamp_millis: Start in milliseconds from the start of the video.
        end_timestamp_millis: End in milliseconds from the start of the video.
        duration_millis: End less start, in milliseconds.
        start_timecode_smpte: Start as ``hh:mm:ss:ff``, or ``hh:mm:ss;ff`` in drop-frame.
        end_timecode_smpte: End, likewise.
        duration_smpte: Length, likewise.
        technical_cue_segment: The kind of cue.
        shot_segment: The number of the shot.
        start_frame_number: First frame, from 0; from model 2.0 on.
        end_frame_number: Last frame; from model 2.0 on.
        duration_frames: Last frame less first; from model 2.0 on.
    """

    type: Annotated[SegmentType | str, FirstMatch()]
    start_timestamp_millis: int
    end_timestamp_millis: int
    duration_millis: int
    start_timecode_smpte: str
    end_timecode_smpte: str
    duration_smpte: str
    technical_cue_segment: TechnicalCueSegment | None = None
    shot_segment: ShotSegment | None = None
    start_frame_number: int | None = None
    end_frame_number: int | None = None
    duration_frames: int | None = None

    @property
    def start(self) -> dt.timedelta:
        """`start_timestamp_millis` as a timedelta."""
        return dt.timedelta(milliseconds=self.start_timestamp_millis)

    @property
    def end(self) -> dt.timedelta:
        """`end_timestamp_millis` as a timedelta."""
        return dt.timedelta(milliseconds=self.end_timestamp_millis)

    @property
    def start_timecode(self) -> Timecode:
        """`start_timecode_smpte`, parsed."""
        return Timecode.parse(self.start_timecode_smpte)

    @property
    def end_timecode(self) -> Timecode:
        """`end_timecode_smpte`, parsed."""
        return Timecode.parse(self.end_timecode_smpte)

    @property
    def confidence(self) -> float | None:
        """The confidence of the shot or the cue, 50-100; None for a segment of an unknown type."""
        part = self.shot_segment or self.technical_cue_segment
        return part.confidence if part else None


@value
class SegmentTypeInfo(Shape):
    """A segment type that was asked for, with the version of its model (API reference, SegmentTypeInfo)."""

    type: Annotated[SegmentType | str, FirstMatch()] | None = None
    model_version: str | None = None


@value
class SegmentDetectionPage(JobPage):
    """One answer of GetSegmentDetection (API reference, GetSegmentDetection, response syntax).

    Besides the members of `JobPage`:

    Attributes:
        video_metadata: The video streams: currently always one; empty while the job runs.
        audio_metadata: The audio streams.
        segments: The segments of this page; empty while the job runs.
        selected_segment_types: What was asked for, with model versions.
    """

    video_metadata: tuple[VideoMetadata, ...] = ABSENT
    audio_metadata: tuple[AudioMetadata, ...] = ABSENT
    segments: tuple[SegmentDetection, ...] = ABSENT
    selected_segment_types: tuple[SegmentTypeInfo, ...] = ABSENT
