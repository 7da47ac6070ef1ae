"""What notebooks show of results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.report.colours import colour_of
from rekvid.report.plot import timeline_svg

_MOST = 10
_FRAME = '<div style="border:1px solid rgb(128 128 128 / 35%);border-radius:10px;padding:12px 16px;max-width:1000px">'


def labels_card(labels: Sequence[LabelDetection], metadata: VideoMetadata | None, job_id: str) -> str:
    """A result of label detection: counts, a timeline, and the labels seen most often with their best confidence."""
    counts = Counter(each.label.name for each in labels)
    boxes = sum(len(each.label.instances) for each in labels)
    best: dict[str, float] = {}
    for each in labels:
        best[each.label.name] = max(best.get(each.label.name, 0.0), each.label.confidence)
    facts = f"{_counted(len(labels), 'detection')} of {_counted(len(counts), 'label')}, {_counted(boxes, 'box', 'es')}"
    chips = [_chip(name, f"{_times(count)}, up to {best[name]:.0f} %") for name, count in counts.most_common(_MOST)]
    timeline = timeline_svg(labels, (), metadata, most=_MOST)
    return _card("Labels", facts, job_id=job_id, metadata=metadata, timeline=timeline, chips=chips)


def segments_card(segments: Sequence[SegmentDetection], metadata: VideoMetadata | None, job_id: str) -> str:
    """A result of segment detection: counts and a timeline."""
    shots = sum(each.shot_segment is not None for each in segments)
    cues = Counter(str(each.technical_cue_segment.type) for each in segments if each.technical_cue_segment is not None)
    facts = f"{_counted(shots, 'shot')}, {_counted(cues.total(), 'technical cue')}"
    chips = [_chip(kind, _times(count)) for kind, count in cues.most_common(_MOST)]
    timeline = timeline_svg((), segments, metadata)
    return _card("Segments", facts, job_id=job_id, metadata=metadata, timeline=timeline, chips=chips)


def moment_card(millis: int, labels: Sequence[LabelDetection], *, picture: str, why_no_picture: str = "") -> str:
    """A moment of a video: `picture`, which is HTML, over the labels that were found then, the surest first."""
    chips = [
        _chip(each.label.name, _sureness(each)) for each in sorted(labels, key=lambda each: -each.label.confidence)
    ]
    missing = f'<div style="opacity:.65">without the picture: {escape(why_no_picture)}</div>' if why_no_picture else ""
    return (
        f"{_FRAME}<div><b>At {_clock(millis)}</b>: {_counted(len(labels), 'label')}</div>"
        f'<div style="margin:8px 0">{picture}{missing}</div><div>{"".join(chips)}</div></div>'
    )


def _sureness(detection: LabelDetection) -> str:
    boxes = len(detection.label.instances)
    return f"{detection.label.confidence:.0f} %" + (f", {_counted(boxes, 'box', 'es')}" if boxes else "")


def _clock(millis: int) -> str:
    minutes, rest = divmod(millis, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest / 1000:06.3f}"


def _card(
    title: str, facts: str, *, job_id: str, metadata: VideoMetadata | None, timeline: str, chips: Sequence[str]
) -> str:
    return (
        f"{_FRAME}<div><b>{title}</b>: {facts}{_about(metadata)}"
        f'<span style="opacity:.65"> of job {escape(job_id)}</span></div>'
        f'<div style="margin:8px 0">{timeline}</div><div>{"".join(chips)}</div></div>'
    )


def _chip(name: str, facts: str) -> str:
    return (
        '<span style="display:inline-block;margin:0 14px 4px 0;white-space:nowrap">'
        f'<span style="display:inline-block;width:.75em;height:.75em;border-radius:3px;background:{colour_of(name)}">'
        f'</span> {escape(name)} <span style="opacity:.65">{facts}</span></span>'
    )


def _counted(count: int, what: str, plural: str = "s") -> str:
    return f"{count:,} {what}{'' if count == 1 else plural}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _about(metadata: VideoMetadata | None) -> str:
    if metadata is None:
        return ""
    size = f"{metadata.frame_width}x{metadata.frame_height}" if metadata.frame_width and metadata.frame_height else ""
    rate = f"{metadata.frame_rate:.5g} fps" if metadata.frame_rate else ""
    seconds = f"{metadata.duration_millis / 1000:,.1f} s" if metadata.duration_millis else ""
    facts = ", ".join(each for each in (seconds, size, rate) if each)
    return f"; video of {facts}" if facts else ""
