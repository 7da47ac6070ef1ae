"""A timeline as SVG: shots, technical cues, and a track for each of the labels seen most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rekvid.errors import ValidationError
from rekvid.models import LabelDetection, SegmentDetection, VideoMetadata
from rekvid.report.colours import colour_of
from rekvid.report.stretches import LabelStretch, duration_of, label_stretches, rate_of, segment_stretches

_GUTTER, _TRACK, _RULER, _MARGIN = 130, 20, 22, 8
_LETTER = 6.4  # pixels, on average, at 12 pixels of height
_STEPS = (100, 200, 500, *(1000 * each for each in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)))


def timeline_svg(
    labels: Iterable[LabelDetection] = (),
    segments: Iterable[SegmentDetection] = (),
    video_metadata: VideoMetadata | None = None,
    *,
    width: int = 960,
    most: int = 12,
) -> str:
    """A timeline as the text of an SVG, for a file, a page or a notebook.

    Lines and letters have the colour of the text around it (black in a file), so that it suits light and dark pages.

    Args:
        labels: The detections, such as ``result.labels``.
        segments: The segments, such as ``result.segments``.
        video_metadata: The video stream; without it the last end is taken for the end of the video.
        width: Width in pixels, 300 or more.
        most: How many labels get a track: those that are seen longest, 0 or more.

    Raises:
        ValidationError: `width` or `most` is out of its range.
    """
    if width < 300:
        raise ValidationError("width", width, "must be 300 pixels or more")
    if most < 0:
        raise ValidationError("most", most, "must be 0 or more")
    timed_labels = label_stretches(labels)
    timed_segments = segment_stretches(segments, rate_of(video_metadata))
    scale = _Scale(duration=duration_of(video_metadata, timed_labels, timed_segments), width=width)
    shots = [_Bar(each.start, each.end, each.name) for each in timed_segments if each.segment.shot_segment is not None]
    cues = [_Bar(each.start, each.end, each.name) for each in timed_segments if each.segment.shot_segment is None]
    tracks = [
        *([_Track(f"Shots ({len(shots)})", shots, None)] if shots else []),
        *(
            _Track(kind, [cue for cue in cues if cue.name == kind], colour_of(kind))
            for kind in dict.fromkeys(cue.name for cue in cues)
        ),
        *_label_tracks(timed_labels, most),
    ]
    height = _RULER + _TRACK * len(tracks) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="Timeline" fill="currentColor" font-family="system-ui, sans-serif" font-size="12" '
        'style="max-width:100%;height:auto">',
        *_ruler(scale, height),
        *(line for number, track in enumerate(tracks) for line in track.drawn(_RULER + number * _TRACK, scale)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class _Bar:
    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    duration: int
    width: int

    def x(self, millis: int) -> float:
        return _GUTTER + millis / self.duration * (self.width - _GUTTER - _MARGIN)


@dataclass(frozen=True, slots=True)
class _Track:
    name: str
    bars: Sequence[_Bar]
    colour: str | None  # None for shots, which alternate between two greys

    def drawn(self, top: int, scale: _Scale) -> Iterator[str]:
        middle = top + _TRACK / 2
        room = int((_GUTTER - 12) / _LETTER)
        shown = self.name if len(self.name) <= room else self.name[: room - 1] + "\N{HORIZONTAL ELLIPSIS}"
        yield f'<text x="2" y="{middle + 4:g}">{_text(shown)}</text>'
        drawn = -1.0
        for number, bar in enumerate(self.bars):
            left, right = scale.x(bar.start), scale.x(bar.end)
            if right - drawn < 0.25:  # too little to be seen behind its neighbour
                continue
            drawn = right
            size = (
                f'x="{left:.2f}" y="{top + 3}" width="{max(1, right - left - (self.colour is None)):.2f}" height="14"'
            )
            fill = f'fill="{self.colour}"' if self.colour else f'fill-opacity="{0.32 if number % 2 else 0.18}"'
            yield f"<rect {size} {fill}><title>{_text(bar.name)}: {_clock(bar.start)}-{_clock(bar.end)}</title></rect>"


def _label_tracks(stretches: Iterable[LabelStretch], most: int) -> list[_Track]:
    """The labels that are seen longest; what follows on itself is one bar."""
    bars: dict[str, list[_Bar]] = {}
    for stretch in stretches:
        name = stretch.detection.label.name
        row = bars.setdefault(name, [])
        if row and stretch.start <= row[-1].end:
            row[-1] = _Bar(row[-1].start, max(row[-1].end, stretch.end), name)
        else:
            row.append(_Bar(stretch.start, stretch.end, name))
    longest = sorted(bars, key=lambda name: (-sum(bar.end - bar.start for bar in bars[name]), name))
    return [_Track(name, bars[name], colour_of(name)) for name in longest[:most]]


def _ruler(scale: _Scale, height: int) -> Iterator[str]:
    times_in_sight = (scale.width - _GUTTER) / 90
    step = next((each for each in _STEPS if scale.duration / each <= times_in_sight), _STEPS[-1])
    for millis in range(0, scale.duration + 1, step):
        x = scale.x(millis)
        yield f'<path d="M{x:.2f} {_RULER - 6}V{height - _MARGIN}" stroke="currentColor" stroke-opacity=".15"/>'
        if x + 56 < scale.width:
            yield f'<text x="{x + 3:.2f}" y="12" fill-opacity=".7">{_clock(millis)}</text>'


def _clock(millis: int) -> str:
    minutes, rest = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 1000:02}" + (f".{rest % 1000:03}" if rest % 1000 else "")
    return f"{hours}:{minutes:02}:{seconds}" if hours else f"{minutes}:{seconds}"


def _text(name: str) -> str:
    # XML knows no control characters, not even as escapes.
    return escape("".join(each if each.isprintable() else " " for each in name))
