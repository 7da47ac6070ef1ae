"""What cues with letters and emblems in them are told by: a few numbers for each sampled frame.

Pictures are not kept. A look says where lines of text are, whether they stand, or move steadily against the look
before, and how plain the ground is around what there is to see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.cues.text_lines import Mask, Strokes, TextLine, find_strokes
from rekvid.backends.local.video.pictures import DETAIL_RATE, Plane, SmallFrame

_STRIPS = 6  # columns in which the rows of text are compared, so that text moves as a whole or not at all
_FARTHEST = 110  # rows between two looks: text that rolls faster can't be read
_SOONEST = 0.5  # intervals of `DETAIL_RATE` between two looks
_EDGE = 9  # levels between neighbouring samples of the small frame; vignettes and grain stay below
_TALLEST = 0.15  # of the height of the picture: taller lines are rather a part of an emblem that looks like letters
_RING = 0.05  # of width and height: the rim of the picture, which is plain where the ground is

_CLEAR, _FULL, _LETTERS = 0.5, 0.5, 0.6  # what a line needs to be text
_EXPLAINED = 0.3  # the share of all strokes that lie in lines of text, where there is text on texture
_CLEAREST = 0.9  # or one line as clear as that

STANDS = 0.7
"""The likeness from which on two looks show the same text at the same place; other words there reach about 0.45."""

SWAY = 14
"""Samples by which what is held in a hand, or zooms, moves; to either side no farther is searched."""

HELD = 0.6
"""The same for text that has swayed; what is left of it between two samples blurs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A rectangle, by its edges as shares 0-1 of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, across and down."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen in one sampled frame.

    Attributes:
        index: Number of the frame.
        span: The time since the look before, in intervals of `DETAIL_RATE`; 1 where there is none.
        lines: Lines of text, from the top; empty where there is no text.
        stay: How alike the text is to that of the look before, sample by sample, 0-1.
        move: How alike its rows are to those of the look before when it has moved up or down, at best, 0-1.
        shift: By how many rows of `SmallFrame.detail` it has then moved up; negative for down.
        held: How alike it is, sample by sample, when a little sway to any side is taken out, 0-1.
        sway: By how many samples it is away from where it came into sight, across (`SWAY` for more) and down.
        again: Of text that comes into sight: how alike it is to the last that stood, sample by sample, 0-1.
        edges: The share of the picture's samples at an edge of something, 0-1.
        ring: The same of the picture's rim.
        extent: Where those edges are; None where there are none.
        unread: The share of the edges that lie outside of lines of text.
        emblem: Where those are; None where there are none.
        apart: The height, as a share of the picture's, of what lies in no row of text either, as text isn't always
            read to its ends.
        luma: The mean luma, in levels.
        ground: The median luma, which is that of the ground where it is plain.
    """

    index: int
    span: float
    lines: tuple[TextLine, ...]
    stay: float
    move: float
    shift: int
    held: float
    sway: tuple[int, int]
    again: float
    edges: float
    ring: float
    extent: Extent | None
    unread: float
    emblem: Extent | None
    apart: float
    luma: float
    ground: float


class Looker:
    """Looks at the frames with `SmallFrame.detail`, one after the other.

    It keeps where the text of the last look was, where it was when it came into sight, and the last text that stood.
    """

    def __init__(self) -> None:
        """Make a looker for one video."""
        self._time: Fraction | None = None
        self._last: Mask | None = None
        self._anchor: Mask | None = None
        self._stood: Mask | None = None

    def look(self, frame: SmallFrame) -> Look | None:
        """The look of a frame; None for a frame without detail, or right after another."""
        span = 1.0 if self._time is None else float((frame.time - self._time) * DETAIL_RATE)
        if frame.detail is None or 0 <= span < _SOONEST:
            return None
        self._time = frame.time
        strokes = find_strokes(frame.detail)
        lines = text_of(strokes)
        text = _letters(strokes.light, lines) if lines else None
        motion = _Motion() if text is None else self._follow(text)
        self._last = text
        edges = _edges(frame)
        rest = _outside(edges, lines, frame.detail)
        return Look(
            index=frame.index,
            span=span if span > 0 else 1.0,
            lines=tuple(lines),
            stay=motion.stay,
            move=motion.move,
            shift=motion.shift,
            held=motion.held,
            sway=motion.sway,
            again=motion.again,
            edges=float(edges.mean()),
            ring=_ring(edges),
            extent=_extent(edges),
            unread=int(rest.sum()) / max(1, int(edges.sum())),
            emblem=_extent(rest),
            apart=_beside_rows(rest, lines, frame.detail) / len(rest),
            luma=float(frame.luma.mean()),
            ground=float(np.median(frame.luma[::2, ::2])),
        )

    def _follow(self, text: Mask) -> _Motion:
        """How the text has moved since the look before."""
        motion = _Motion()
        if self._last is not None:
            motion.stay = motion.move = motion.held = _likeness(self._last, text)
            if motion.stay < STANDS:
                motion.move, motion.shift = _movement(self._last, text)
                motion.held, _ = _held(self._last, text, motion.shift)
        if motion.held < HELD or self._anchor is None:
            motion.again = 0.0 if self._stood is None else _likeness(self._stood, text)
            self._anchor = text
        else:
            self._stood = self._anchor
            if _likeness(self._anchor, text) < STANDS:
                _, motion.sway = _held(self._anchor, text, _movement(self._anchor, text)[1])
        return motion


@dataclass(slots=True)
class _Motion:
    """The part of a `Look` that says how text moves."""

    stay: float = 0.0
    move: float = 0.0
    shift: int = 0
    held: float = 0.0
    sway: tuple[int, int] = (0, 0)
    again: float = 0.0


def text_of(strokes: Strokes) -> list[TextLine]:
    """The lines that are text, which are none unless they explain the strokes of the picture, or are very clear."""
    lines = [
        line
        for line in strokes.lines
        if line.clearness >= _CLEAR and line.fullness >= _FULL and line.letters >= _LETTERS
    ]
    height, width = strokes.light.shape
    covered = sum(line.fullness * line.clearness * (line.right - line.left) * line.height for line in lines)
    if covered >= _EXPLAINED * max(strokes.texture, 0.005) * height * width:
        return lines
    return [line for line in lines if line.clearness >= _CLEAREST and line.fullness >= 0.75]


def _letters(light: Mask, lines: list[TextLine]) -> Mask:
    """The strokes in lines of text alone."""
    text = np.zeros_like(light)
    for line in lines:
        box = (slice(line.top, line.bottom), slice(line.left, line.right))
        text[box] = light[box]
    return text


def _likeness(one: Mask, other: Mask) -> float:
    size = math.sqrt(int(np.count_nonzero(one)) * int(np.count_nonzero(other)))
    return int(np.count_nonzero(one & other)) / size if size else 0.0


def _movement(old: Mask, new: Mask) -> tuple[float, int]:
    """`Look.move` and `Look.shift`."""
    before, after = _profile(old), _profile(new)
    size = float(np.sqrt((before * before).sum() * (after * after).sum()))
    if not size:
        return 0.0, 0
    length = 512  # covers the rows and the farthest shift, so that nothing wraps around
    spectrum = np.fft.rfft(before, length, axis=0) * np.conj(np.fft.rfft(after, length, axis=0))
    alike = np.fft.irfft(spectrum.sum(axis=1), length) / size
    shifts = np.concatenate([alike[-_FARTHEST:], alike[: _FARTHEST + 1]])
    best = int(shifts.argmax())
    return float(shifts[best]), best - _FARTHEST


def _held(old: Mask, new: Mask, down: int) -> tuple[float, tuple[int, int]]:
    """`Look.held` and `Look.sway`, when `down` is the best shift of the rows."""
    before, after = (text.sum(axis=0, dtype=np.float32) for text in (old, new))
    length = 1024
    alike = np.fft.irfft(np.fft.rfft(before, length) * np.conj(np.fft.rfft(after, length)), length)
    shifts = np.concatenate([alike[-SWAY:], alike[: SWAY + 1]])
    across = int(shifts.argmax()) - SWAY
    if abs(down) > SWAY:
        return 0.0, (across, down)
    return _likeness(np.roll(old, (-down, -across), axis=(0, 1)), new), (across, down)


def _profile(text: Mask) -> NDArray[np.float32]:
    """How many strokes each row has, in `_STRIPS` columns."""
    height, width = text.shape
    profile: NDArray[np.float32] = text.reshape(height, _STRIPS, width // _STRIPS).sum(axis=2, dtype=np.float32)
    return profile


def _edges(frame: SmallFrame) -> Mask:
    edges = np.zeros(frame.luma.shape, np.bool_)
    for plane in (frame.luma, frame.blue, frame.red):
        found = _steps(plane)
        edges |= found if found.shape == edges.shape else found.repeat(2, axis=0).repeat(2, axis=1)
    return edges


def _steps(plane: Plane) -> Mask:
    found = np.zeros(plane.shape, np.bool_)
    found[:, 1:] = _apart(plane[:, 1:], plane[:, :-1])
    found[1:] |= _apart(plane[1:], plane[:-1])
    return found


def _apart(one: Plane, other: Plane) -> Mask:
    # In 8 bits, where a difference can't be negative.
    return np.maximum(one, other) - np.minimum(one, other) > _EDGE


def _ring(edges: Mask) -> float:
    height, width = edges.shape
    down, across = max(2, round(_RING * height)), max(2, round(_RING * width))
    inner = edges[down:-down, across:-across]
    count = int(edges.sum()) - int(inner.sum())
    return count / (edges.size - inner.size)


def _extent(edges: Mask) -> Extent | None:
    # Two samples in a row or column at least: one is a speck.
    rows = np.flatnonzero(edges.sum(axis=1) >= 2)
    columns = np.flatnonzero(edges.sum(axis=0) >= 2)
    if not rows.size or not columns.size:
        return None
    height, width = edges.shape
    return Extent(
        left=columns[0] / width, top=rows[0] / height, right=(columns[-1] + 1) / width, bottom=(rows[-1] + 1) / height
    )


def _outside(edges: Mask, lines: list[TextLine], detail: Plane) -> Mask:
    """The edges that lie outside of lines of text."""
    rest = edges.copy()
    down, across = edges.shape[0] / detail.shape[0], edges.shape[1] / detail.shape[1]
    for line in lines:
        # A sample of the small frame more on each side, as edges of letters reach over the line's.
        rest[
            max(0, int(line.top * down) - 1) : int(line.bottom * down) + 2,
            max(0, int(line.left * across) - 1) : int(line.right * across) + 2,
        ] = False
    return rest


def _beside_rows(rest: Mask, lines: list[TextLine], detail: Plane) -> int:
    """In how many rows there are edges above, below or between those of text."""
    is_free = np.ones(len(rest), np.bool_)
    down = rest.shape[0] / detail.shape[0]
    for line in lines:
        if line.height <= _TALLEST * detail.shape[0]:
            margin = line.height / 2  # for what reaches out of a row, and marks on letters
            is_free[max(0, int((line.top - margin) * down)) : int((line.bottom + margin) * down) + 1] = False
    return int(np.count_nonzero(rest[is_free].sum(axis=1) >= 2))
