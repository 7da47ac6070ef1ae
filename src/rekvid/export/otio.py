"""OpenTimelineIO timelines, and through its adapters whatever else those write (extra ``otio``)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from rekvid.errors import MissingExtraError
from rekvid.export.spans import Address, checked_rate, spans_of, without_overlaps
from rekvid.models import SegmentDetection
from rekvid.timecode import Timecode

if TYPE_CHECKING:
    from opentimelineio.opentime import TimeRange
    from opentimelineio.schema import Timeline


def to_otio(
    segments: Iterable[SegmentDetection],
    rate: float | Fraction | None,
    *,
    video: str = "",
    title: str = "rekvid",
    start_timecode: str | Timecode | None = None,
) -> str:
    """A timeline as OTIO JSON: one video track with a clip for each segment, at the place that it has in the video.

    Args:
        segments: The segments, such as ``result.shots``. Where they overlap, as technical cues do by a frame, the
            later one begins after the earlier one: a track holds one clip at a time.
        rate: Frames a second of the video, such as ``video_metadata.frame_rate``.
        video: Address of the media that the clips refer to: ``file:///films/film.mp4``. Empty for none.
        title: Name of the timeline.
        start_timecode: The timecode of the video's first frame; None is zero.

    Raises:
        MissingExtraError: The extra ``otio`` is not installed.
        ValidationError: `rate` or `start_timecode` is none.
    """
    timeline = _timeline(segments, rate, video=video, title=title, start_timecode=start_timecode)
    return str(timeline.to_json_string())


def write_otio(
    path: str | os.PathLike[str],
    segments: Iterable[SegmentDetection],
    rate: float | Fraction | None,
    *,
    video: str = "",
    title: str = "rekvid",
    start_timecode: str | Timecode | None = None,
) -> None:
    """Write the timeline of `to_otio` to `path`, in the format that its ending names.

    OpenTimelineIO itself writes ``.otio``; adapters that are installed beside it add others, such as
    ``otio-fcp-adapter`` for Final Cut Pro's XML.

    Raises:
        MissingExtraError: The extra ``otio`` is not installed.
        ValidationError: `rate` or `start_timecode` is none.
    """
    timeline = _timeline(segments, rate, video=video, title=title, start_timecode=start_timecode)
    import opentimelineio

    opentimelineio.adapters.write_to_file(timeline, os.fspath(path))


def _timeline(
    segments: Iterable[SegmentDetection],
    rate: float | Fraction | None,
    *,
    video: str,
    title: str,
    start_timecode: str | Timecode | None,
) -> Timeline:
    try:
        from opentimelineio.opentime import RationalTime, TimeRange
        from opentimelineio.schema import Clip, ExternalReference, Gap, Timeline, Track, TrackKind
    except ModuleNotFoundError as error:
        raise MissingExtraError("otio", "a timeline of OpenTimelineIO") from error
    exact = checked_rate(rate)
    address = Address.of(exact, start_timecode)
    spans = without_overlaps(spans_of(segments, exact))

    def frames(first: int, after: int) -> TimeRange:
        return TimeRange(RationalTime(first, float(exact)), RationalTime(after - first, float(exact)))

    track = Track(name="segments", kind=TrackKind.Video)
    available = frames(address.start, address.start + max((span.after for span in spans), default=0))
    reached = 0
    for span in spans:
        if span.first > reached:
            track.append(Gap(source_range=frames(0, span.first - reached)))
        media = ExternalReference(target_url=video, available_range=available) if video else None
        source = frames(address.start + span.first, address.start + span.after)
        track.append(
            Clip(name=span.name, media_reference=media, source_range=source, metadata={"rekvid": span.segment.to_aws()})
        )
        reached = span.after
    timeline = Timeline(name=title, global_start_time=RationalTime(address.start, float(exact)))
    timeline.tracks.append(track)
    return timeline
