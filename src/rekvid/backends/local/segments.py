"""Segment detection on this machine: one pass over the file, and the service's arithmetic for what was found.

Frames are numbered in the order in which they are shown; frames that an edit list hides don't count. A timestamp is
``floor(frame * 1000 / rate)``, as in all answers of the service that were seen, or the frame's own pts where the
frame rate varies (`rekvid.backends.local.video.frame_times`). SMPTE timecodes count frames, at the mean rate.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from rekvid.backends.local.cues.black import black_level, may_hide_edge
from rekvid.backends.local.cues.cue import Cue
from rekvid.backends.local.cues.detector import CueDetector
from rekvid.backends.local.shots.choice import make_shot_detector
from rekvid.backends.local.shots.detector import Boundary, Shot, shots_between
from rekvid.backends.local.shots.gaps import may_hide_cut
from rekvid.backends.local.video.decode import BlackLevel, SmallFrame, read
from rekvid.backends.local.video.frame_times import FrameTimes
from rekvid.backends.local.video.media import Media, audio_metadata, open_media, single_precision, video_metadata
from rekvid.models import (
    AudioMetadata,
    SegmentDetection,
    SegmentType,
    SegmentTypeInfo,
    ShotSegment,
    TechnicalCueSegment,
    VideoMetadata,
)
from rekvid.timecode import Timecode, millis_of_frame

MODEL_VERSION = "rekvid-0.1"
"""The version of our analysers, which stands where the service gives that of its model."""

_PROGRESS_EVERY = 16  # frames

Millis: TypeAlias = Callable[[int], int]
"""Milliseconds from the start of the video to the start of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings:
    """What a segment job asks for (API reference, StartSegmentDetection). Taken as valid.

    Attributes:
        segment_types: What is returned, in this order.
        min_shot_confidence: 50-100; shots below it are left out.
        min_technical_cue_confidence: 50-100; cues below it are left out.
        max_pixel_threshold: 0-1, see `rekvid.models.BlackFrame`.
        min_coverage_percentage: 0-100, see `rekvid.models.BlackFrame`.
        shot_detector: What finds shots, see `rekvid.backends.local.shots.choice.check_shot_detector`.
        skip_nonref: Whether pictures that no other one refers to may be left out, see
            `rekvid.backends.local.video.nonref`; never if a network finds shots.
    """

    segment_types: tuple[SegmentType | str, ...]
    min_shot_confidence: float = 50.0
    min_technical_cue_confidence: float = 50.0
    max_pixel_threshold: float = 0.2
    min_coverage_percentage: float = 99.0
    shot_detector: str | None = None
    skip_nonref: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAnalysis:
    """What a segment job has found.

    Attributes:
        video_metadata: The video stream.
        audio_metadata: The audio streams; empty if there is none.
        segments: By type in the order asked for, then by time.
        selected_segment_types: What was asked for, with the version of our analysers.
    """

    video_metadata: VideoMetadata
    audio_metadata: tuple[AudioMetadata, ...]
    segments: tuple[SegmentDetection, ...]
    selected_segment_types: tuple[SegmentTypeInfo, ...]


def analyse_segments(
    path: Path, settings: SegmentSettings, on_progress: Callable[[float], None] | None = None
) -> SegmentAnalysis:
    """Find the shots and technical cues of the video at `path`.

    Args:
        path: The video file.
        settings: What to look for.
        on_progress: Called now and then with the share of the work that is done, 0-1, and at the end with 1.
            What it raises ends the analysis.

    Raises:
        UnreadableVideoError: The file can't be read, or not to its end.
    """
    types = tuple(dict.fromkeys(SegmentType(each) for each in settings.segment_types))
    with open_media(path) as media:
        found = _run(media, settings, types, on_progress or (lambda _: None))
        video = video_metadata(media)
        if video.duration_millis is None:
            video = dataclasses.replace(video, duration_millis=millis_of_frame(len(found.times), media.rate))
        segments: list[SegmentDetection] = []
        for each in types:
            if each is SegmentType.SHOT:
                segments += shot_segments(
                    found.shots, media.rate, settings.min_shot_confidence, millis=found.times.millis
                )
            else:
                segments += cue_segments(
                    found.cues, media.rate, settings.min_technical_cue_confidence, millis=found.times.millis
                )
        return SegmentAnalysis(
            video_metadata=video,
            audio_metadata=audio_metadata(media),
            segments=tuple(segments),
            selected_segment_types=tuple(SegmentTypeInfo(type=each, model_version=MODEL_VERSION) for each in types),
        )


def shot_segments(
    shots: Sequence[Shot], rate: Fraction, min_confidence: float, *, millis: Millis | None = None
) -> list[SegmentDetection]:
    """The segments of `shots` that reach `min_confidence` (50-100), numbered from 0."""
    kept = [shot for shot in shots if shot.confidence >= min_confidence]
    return [
        dataclasses.replace(
            segment_between(SegmentType.SHOT, shot.first, shot.last, rate, millis=millis),
            shot_segment=ShotSegment(index=index, confidence=single_precision(shot.confidence)),
        )
        for index, shot in enumerate(kept)
    ]


def cue_segments(
    cues: Sequence[Cue], rate: Fraction, min_confidence: float, *, millis: Millis | None = None
) -> list[SegmentDetection]:
    """The segments of `cues`, which follow one another, that reach `min_confidence` (50-100).

    A cue starts at the last frame of the cue before it, as in the developer guide's sample of a response.
    """
    starts = [cue.first - 1 if number else cue.first for number, cue in enumerate(cues)]
    return [
        dataclasses.replace(
            segment_between(SegmentType.TECHNICAL_CUE, start, cue.last, rate, millis=millis),
            technical_cue_segment=TechnicalCueSegment(type=cue.type, confidence=single_precision(cue.confidence)),
        )
        for start, cue in zip(starts, cues, strict=True)
        if cue.confidence >= min_confidence
    ]


def segment_between(
    kind: SegmentType, start: int, end: int, rate: Fraction, *, millis: Millis | None = None
) -> SegmentDetection:
    """The segment from frame `start` to frame `end`, in all the ways in which the service states it.

    Durations are end less start, so a shot of one frame has the duration 0 (1,531 captured segments have no
    exception). Timecodes are in drop-frame at 29.97 and 59.94.

    Args:
        kind: What the segment is; the part that says more is left out.
        start: Its first frame, from 0.
        end: Its last frame.
        rate: Exact frames a second; the mean where the rate varies.
        millis: When a frame is shown; None where the rate is constant.
    """
    start_millis, end_millis = (
        millis_of_frame(frame, rate) if millis is None else millis(frame) for frame in (start, end)
    )
    return SegmentDetection(
        type=kind,
        start_timestamp_millis=start_millis,
        end_timestamp_millis=end_millis,
        duration_millis=end_millis - start_millis,
        start_timecode_smpte=str(Timecode.of_frame(start, rate)),
        end_timecode_smpte=str(Timecode.of_frame(end, rate)),
        duration_smpte=str(Timecode.of_frame(end - start, rate)),
        start_frame_number=start,
        end_frame_number=end,
        duration_frames=end - start,
    )


def may_overlook(frames: Sequence[SmallFrame], *, rate: Fraction, level: BlackLevel | None) -> bool:
    """Whether something that ends a shot or a cue to the frame may lie where frames were left out.

    Args:
        frames: The others of a range, in order.
        rate: Frames a second.
        level: What is black, if anybody asked.
    """
    return may_hide_cut(frames, rate) or (level is not None and may_hide_edge(frames, level))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    times: FrameTimes
    shots: list[Shot]
    cues: list[Cue]


def _run(
    media: Media, settings: SegmentSettings, types: tuple[SegmentType, ...], on_progress: Callable[[float], None]
) -> _Found:
    """Let the analysers that are needed see the whole file once."""
    level = _level(media, settings) if SegmentType.TECHNICAL_CUE in types else None
    cues = CueDetector(media.rate, level) if level else None
    # Cues begin and end with shots, so that both kinds need it.
    shots = make_shot_detector(settings.shot_detector, media.rate, full_range=media.full_range)
    boundaries: list[Boundary] = []
    expected = media.announced_frames
    times = FrameTimes(media.rate)
    # Networks were trained on frames as they are.
    skips = settings.skip_nonref and settings.shot_detector is None
    found = read(
        media,
        black=level,
        listen=cues is not None,
        detail=cues is not None,
        overlooks=functools.partial(may_overlook, rate=media.rate, level=level) if skips else None,
    )
    with contextlib.closing(found) as all_found:
        for each in all_found:
            if isinstance(each, SmallFrame):
                times.add(each.time)
                if cues:
                    cues.feed(each)
                boundaries += shots.feed(each)
                if expected and len(times) % _PROGRESS_EVERY == 0:
                    on_progress(min(len(times) / expected, 1.0))
            elif cues:
                cues.hear(each)
    boundaries += shots.finish()
    on_progress(1.0)
    return _Found(
        times=times,
        shots=shots_between(boundaries, len(times)),
        cues=cues.finish(boundaries) if cues else [],
    )


def _level(media: Media, settings: SegmentSettings) -> BlackLevel:
    return black_level(
        full_range=media.full_range,
        max_pixel_threshold=settings.max_pixel_threshold,
        min_coverage_percentage=settings.min_coverage_percentage,
    )
