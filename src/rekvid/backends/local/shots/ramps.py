"""The arithmetic of gradual transitions: how far has a picture gone from one to another, and when did it set out?

A dissolve is a mixture in which every block follows one curve, ``(1 - a) * A + a * B`` with A the last picture before
and B the first after it; a fade is a dissolve to or from a uniform picture. In a wipe each block is A or B and
goes over once, at its own time. A pan, a zoom or a thing that crosses the picture fits neither: halfway through it
shows what is in neither A nor B. All pictures are outlines, see `rekvid.backends.local.shots.outlines`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from rekvid.backends.local.shots.outlines import Samples

_ROUNDS = 4  # of fitting a ramp and looking again with the pictures at its ends; it settles after two or three


class Kind(enum.Enum):
    """How one picture goes over to the other."""

    DISSOLVE = enum.auto()
    WIPE = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What pictures are made of, each a row.

    Attributes:
        share: How much of each is of the second picture; 0 and 1 are the two pictures themselves.
        residual: What of each is in neither picture, as a share of the difference between the two.
    """

    share: Samples
    residual: Samples


def mixture(kind: Kind, between: Samples, old: Samples, new: Samples) -> Mixture:
    """Explain each row of `between` by the rows of `old` and `new`, or by `old` and `new` where those are single."""
    whole, part = new - old, between - old
    if kind is Kind.WIPE:
        size = np.abs(whole)
        total = size.sum(axis=-1) + 1e-3
        to_old, to_new = np.abs(part), np.abs(between - new)
        share = (size * (to_new < to_old)).sum(axis=-1) / total
        return Mixture(share=share, residual=np.minimum(to_old, to_new).sum(axis=-1) / total)
    total = (whole * whole).sum(axis=-1) + 1e-3
    share = (part * whole).sum(axis=-1) / total
    squares = (part * part).sum(axis=-1) / total - share * share
    return Mixture(share=share, residual=np.maximum(squares, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A curve that lies still, rises steadily and lies still again.

    Attributes:
        start: The last place before the rise.
        end: The first place after it.
        height: How far it rises.
        error: The root mean square of the distances from it, as a share of `height`.
    """

    start: int
    end: int
    height: float
    error: float


def fit_ramp(curve: Samples, middle: int) -> Ramp:
    """The ramp that fits `curve` best and rises around the place `middle`.

    A coarse search first, then a fine one around its best.
    """
    count = len(curve)
    coarse = max(1, count // 24)
    best = _best(curve, np.arange(0, middle + 1, coarse), np.arange(count - 1, middle - 1, -coarse))
    if coarse > 1:
        starts = np.arange(max(0, best.start - coarse), min(middle, best.start + coarse) + 1)
        ends = np.arange(max(middle, best.end - coarse), min(count - 1, best.end + coarse) + 1)
        best = _best(curve, starts, ends)
    return best


def _best(curve: Samples, starts: np.ndarray, ends: np.ndarray) -> Ramp:
    start, end = (each.ravel() for each in np.meshgrid(starts, ends, indexing="ij"))
    wide = end - start >= 2
    if not wide.any():
        return Ramp(start=int(starts[0]), end=int(ends[0]), height=0.0, error=1.0)
    start, end = start[wide], end[wide]
    ramps = np.clip((np.arange(len(curve)) - start[:, None]) / (end - start)[:, None], 0, 1)
    ramps -= ramps.mean(axis=1, keepdims=True)
    centred = curve - curve.mean()
    # Least squares with a height and an offset of its own for each ramp.
    common = ramps @ centred
    heights = common / (ramps * ramps).sum(axis=1)
    squares = float(centred @ centred) - common * heights
    at = int(np.argmin(squares))
    height = float(heights[at])
    error = float(np.sqrt(max(squares[at], 0.0) / len(curve))) / max(abs(height), 1e-3)
    return Ramp(start=int(start[at]), end=int(end[at]), height=height, error=error)


def settle(kind: Kind, pictures: Samples, middle: int, start: int, end: int) -> Ramp:
    """Find where the transition around `middle` starts and ends, beginning with a guess at both.

    The curve depends on the two pictures that it leads from and to, and these on where it starts and ends; so the fit
    is repeated with the ends that it found. The middle of a wipe would pass for a whole one of fewer blocks, so the
    pictures of a wipe are taken from a little before and after it.

    Args:
        kind: What the transition is taken for.
        pictures: All the pictures that may belong to it, in order.
        middle: A place amidst the transition, as all others a row of `pictures`.
        start: The first guess at `Ramp.start`.
        end: The first guess at `Ramp.end`.
    """
    ramp = Ramp(start=start, end=end, height=1.0, error=1.0)
    for number in range(_ROUNDS):
        span = ramp.end - ramp.start
        around = max(6, span // 2 if number else span)
        first, last = max(0, ramp.start - around), min(len(pictures) - 1, ramp.end + around)
        aside = max(2, span // 4) if kind is Kind.WIPE and number else 0
        old, new = max(first, ramp.start - aside), min(last, ramp.end + aside)
        found = mixture(kind, pictures[first : last + 1], pictures[old], pictures[new])
        fitted = fit_ramp(found.share, middle - first)
        ended = (fitted.start + first, fitted.end + first) == (ramp.start, ramp.end)
        ramp = Ramp(start=fitted.start + first, end=fitted.end + first, height=fitted.height, error=fitted.error)
        if ended:
            break
    return ramp
