"""Carries descriptions out: frames to a model's input, and its outputs to boxes."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rekvid.backends.local.labels.detectors.base import Picture
from rekvid.backends.local.labels.detectors.descriptions import (
    Decoding,
    EdgeDistributions,
    GridCells,
    Preparation,
    Queries,
)

Floats: TypeAlias = NDArray[np.float32]
Boxes: TypeAlias = tuple[Floats, Floats, NDArray[np.intp]]
"""Corners (n, 4) as left, top, right and bottom in pixels of the input; scores (n) 0-1; numbers of the classes (n)."""

_MOST = 300
"""The most boxes of a frame, the likeliest first; crowds beyond that are no use to anybody."""
_FARTHEST = 1e6
"""Pixels of the input from its corner beyond which nothing can lie, but for the faults of a model."""


def prepare(frames: Sequence[Picture], how: Preparation) -> Floats:
    """The input for `frames`, each of which fits as `how` says: (batch, 3, height, width)."""
    tensor = np.full((len(frames), 3, how.height, how.width), how.padding, np.float32)
    for number, frame in enumerate(frames):
        height, width = frame.shape[:2]
        ordered = frame if how.channels == "RGB" else frame[..., ::-1]
        tensor[number, :, :height, :width] = ordered.transpose(2, 0, 1)
    if any(how.mean):
        tensor -= np.array(how.mean, np.float32)[:, None, None]
    if any(each != 1 for each in how.deviation):
        tensor /= np.array(how.deviation, np.float32)[:, None, None]
    return tensor


def expected_shapes(how: Decoding, input_: Preparation, classes: int) -> dict[str, tuple[int | None, ...]]:
    """The shapes of the outputs without the batch, by name; "" for a model's only output, None for any number."""
    if isinstance(how, Queries):
        return {how.logits: (None, classes), how.boxes: (None, 4)}
    cells = len(_grid(how.strides, input_.width, input_.height)[1])
    channels = 5 + classes if isinstance(how, GridCells) else classes + 4 * how.bins
    return {"": (cells, channels)}


def decode(outputs: Mapping[str, Floats], how: Decoding, input_: Preparation, min_score: float) -> Boxes:
    """The boxes of one frame that reach `min_score`, the likeliest first.

    Args:
        outputs: The outputs of the shapes that `expected_shapes` names.
        how: How to read them.
        input_: The input that they belong to.
        min_score: 0-1.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is left out by `_reaching`
        match how:
            case GridCells():
                found = _cells(outputs[""], how, input_, min_score)
                return _without_overlaps(found, how.overlap)
            case EdgeDistributions():
                found = _distributions(outputs[""], how, input_, min_score)
                return _without_overlaps(found, how.overlap)
            case Queries():
                return _strongest(_queries(outputs[how.logits], outputs[how.boxes], input_, min_score))


def _cells(cells: Floats, how: GridCells, input_: Preparation, min_score: float) -> Boxes:
    # Cells without an object in them are nearly all: looked at no further.
    places, strides = _grid(how.strides, input_.width, input_.height)
    likely = np.flatnonzero(cells[:, 4] >= min_score)
    cells, places, strides = cells[likely], places[likely], strides[likely, None]
    scores, classes = _best(cells[:, 5:])
    scores = scores * cells[:, 4]
    centres = (cells[:, :2] + places) * strides
    sizes = np.exp(cells[:, 2:4]) * strides
    return _reaching(min_score, _around(centres, sizes), scores, classes)


def _distributions(cells: Floats, how: EdgeDistributions, input_: Preparation, min_score: float) -> Boxes:
    places, strides = _grid(how.strides, input_.width, input_.height)
    scores, classes = _best(cells[:, : -4 * how.bins])
    likely = np.flatnonzero(scores >= min_score)
    bins = cells[likely, -4 * how.bins :].reshape(-1, 4, how.bins)
    weights: Floats = np.exp(bins - bins.max(axis=2, keepdims=True))
    means: Floats = (weights @ np.arange(how.bins, dtype=np.float32)) / weights.sum(axis=2)
    distances: Floats = means * strides[likely, None]
    corner = places[likely] * strides[likely, None]
    edges = np.hstack([corner - distances[:, :2], corner + distances[:, 2:]])
    return _reaching(min_score, edges, scores[likely], classes[likely])


def _queries(logits: Floats, boxes: Floats, input_: Preparation, min_score: float) -> Boxes:
    best, classes = _best(logits)
    scores: Floats = np.float32(1) / (np.float32(1) + np.exp(-best))  # 0 where the power is infinite
    scaled = boxes * np.array([input_.width, input_.height] * 2, np.float32)
    centres, sizes = scaled[:, :2], scaled[:, 2:]
    return _reaching(min_score, _around(centres, sizes), scores, classes)


def _around(centres: Floats, sizes: Floats) -> Floats:
    """The corners of boxes."""
    half: Floats = sizes * np.float32(0.5)
    return np.hstack([centres - half, centres + half])


def _best(scores: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The highest score of each row, and which class has it."""
    classes = scores.argmax(axis=1)
    return scores[np.arange(len(scores)), classes], classes


def _reaching(min_score: float, corners: Floats, scores: Floats, classes: NDArray[np.intp]) -> Boxes:
    # What isn't a number, or one without measure, as a model with a fault gives it, is no box.
    kept = np.flatnonzero((scores >= min_score) & np.isfinite(scores) & (np.abs(corners) <= _FARTHEST).all(axis=1))
    return corners[kept], scores[kept], classes[kept]


def _strongest(found: Boxes) -> Boxes:
    corners, scores, classes = found
    order = np.argsort(-scores, kind="stable")[:_MOST]
    return corners[order], scores[order], classes[order]


def _without_overlaps(found: Boxes, overlap: float) -> Boxes:
    """Greedy non-maximum suppression within each class: the likeliest box stays, those that it overlaps go."""
    corners, scores, classes = _strongest(found)
    alive = np.ones(len(scores), bool)
    for number in range(len(scores)):
        if alive[number]:
            rest = number + 1 + np.flatnonzero(alive[number + 1 :] & (classes[number + 1 :] == classes[number]))
            alive[rest[_overlaps(corners[number], corners[rest]) > overlap]] = False
    return corners[alive], scores[alive], classes[alive]


def _overlaps(one: Floats, others: Floats) -> Floats:
    """The intersection over union of `one` box with each of `others`."""
    sides = np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    union = (one[2:] - one[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    overlaps: Floats = shared / np.maximum(union, np.float32(1e-9))
    return overlaps


@functools.lru_cache(maxsize=8)
def _grid(strides: tuple[int, ...], width: int, height: int) -> tuple[Floats, Floats]:
    """The column and row of every cell (n, 2), and its stride (n); a grid that doesn't divide evenly is rounded up."""
    places, sizes = [], []
    for stride in strides:
        columns, rows = -(-width // stride), -(-height // stride)
        across, down = np.meshgrid(np.arange(columns), np.arange(rows))
        places.append(np.stack([across.ravel(), down.ravel()], axis=1))
        sizes.append(np.full(columns * rows, stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(sizes).astype(np.float32)
