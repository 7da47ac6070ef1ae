"""Small models in ONNX that see colours: a square of 8 by 8 pixels that is all red, green or blue is a thing.

They take 64 by 32 pixels and answer in the shapes of the families that are described in
`rekvid.backends.local.labels.detectors`, with one cell for each square, so that the way through a model is the real
one and its answers can be told beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT, CELL = 64, 32, 8
COLUMNS, ROWS = WIDTH // CELL, HEIGHT // CELL
CELLS = COLUMNS * ROWS


def grid_model(path: Path, *, batch: int | str = 1, channels: str = "BGR") -> Path:
    """As YOLOX: 5 + 3 channels, the classes in the order of `channels`; the input is 0-255."""
    graph = _Graph(batch)
    scores = graph.scores(1 / 255, 0.0, channels)
    likely = graph.add("ReduceMax", scores, graph.constant([1], np.int64), keepdims=1)
    zero = graph.add("Mul", likely, graph.constant([0.0]))
    half = graph.add("Add", zero, graph.constant([0.5]))  # the centre of the cell; a size of one cell is exp(0)
    graph.output("output", graph.rows([half, half, zero, zero, likely, scores]), 8)
    return graph.save(path)


def distribution_model(path: Path) -> Path:
    """As NanoDet-Plus: 3 class scores, then 8 bins for each edge; the input is normalised."""
    graph = _Graph(1)
    scores = graph.scores(57.0 / 255, 110.0 / 255, "BGR")
    zero = graph.add(
        "Mul", graph.add("ReduceMax", scores, graph.constant([1], np.int64), keepdims=1), graph.constant([0.0])
    )
    # Left and top at distance 0. Right and bottom half and half at 0 and 2, so at the mean of 1.
    first, spread = np.full(8, -50.0), np.full(8, -50.0)
    first[0] = spread[0] = spread[2] = 50.0
    bins = [*first, *first, *spread, *spread]
    graph.output("output", graph.rows([scores, *(graph.add("Add", zero, graph.constant([each])) for each in bins)]), 35)
    return graph.save(path)


def query_model(path: Path, *, logits: str, boxes: str, classes: int, scale: float, shift: float = 0.0) -> Path:
    """As RT-DETR: logits for `classes`, of which the first three are colours, and boxes; the input is RGB."""
    graph = _Graph(1)
    scores = graph.scores(scale, shift, "RGB")
    sure = graph.add("Mul", graph.add("Sub", scores, graph.constant([0.5])), graph.constant([20.0]))
    rest = graph.add(
        "Mul", graph.add("ReduceMax", scores, graph.constant([1], np.int64), keepdims=1), graph.constant([0.0])
    )
    rest = graph.add("Sub", rest, graph.constant([10.0]))
    graph.output(logits, graph.rows([sure, *[rest] * (classes - 3)]), classes)
    places = [
        ((x + 0.5) / COLUMNS, (y + 0.5) / ROWS, 1 / COLUMNS, 1 / ROWS) for y in range(ROWS) for x in range(COLUMNS)
    ]
    graph.output(boxes, graph.add("Identity", graph.constant([places])), 4)
    return graph.save(path)


def painted(*things: tuple[int, int, Sequence[int]], width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A black frame with squares: column and row of the cell, and the colour as RGB."""
    frame = np.zeros((height, width, 3), np.uint8)
    for column, row, colour in things:
        frame[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = colour
    return frame


class _Graph:
    """Puts a graph together."""

    def __init__(self, batch: int | str) -> None:
        self._batch = batch
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def constant(self, values: object, kind: type[np.generic] = np.float32) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(values, kind), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: int | list[int]) -> str:
        name = f"node{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], None, None, None, None, **attributes))
        return name

    def scores(self, scale: float, shift: float, channels: str) -> str:
        """How much of each colour, 0-1, is in each cell, the colours as in `channels` of the input."""
        means = self.add("AveragePool", "images", kernel_shape=[CELL, CELL], strides=[CELL, CELL])
        shares = self.add("Add", self.add("Mul", means, self.constant([scale])), self.constant([shift]))
        numbers = self.constant([channels.index(each) for each in "RGB"], np.int64)
        return self.add("Gather", shares, numbers, axis=1)

    def rows(self, channels: Sequence[str]) -> str:
        """`channels` of the grid as one row for each cell."""
        joined = self.add("Concat", *channels, axis=1)
        flat = self.add("Reshape", joined, self.constant([0, 0, CELLS], np.int64))
        return self.add("Transpose", flat, perm=[0, 2, 1])

    def output(self, name: str, node: str, channels: int) -> None:
        self._nodes.append(helper.make_node("Identity", [node], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [self._batch, CELLS, channels]))

    def save(self, path: Path) -> Path:
        image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [self._batch, 3, HEIGHT, WIDTH])
        graph = helper.make_graph(self._nodes, "colours", [image], self._outputs, self._constants)
        # Old enough for the lowest ONNX Runtime that is supported.
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())
        return path
