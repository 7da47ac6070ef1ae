"""Labels and segments as tables of Apache Arrow, and so of pandas and polars (extra ``tables``).

Tables are built a column at a time. pandas gets its Arrow dtypes, so that a missing whole number stays missing instead
of turning the column into floats; polars takes the columns as they are.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rekvid.errors import MissingExtraError
from rekvid.models import Instance, LabelDetection, SegmentDetection

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def detections_table(labels: Iterable[LabelDetection]) -> pa.Table:
    """A row for each detection.

    Columns: ``timestamp`` (int64, milliseconds, null where the service sends none), ``name`` (string), ``confidence``
    (double, 0-100), ``instances`` (int32, how many have a box), ``parents``, ``aliases``, ``categories`` (lists of
    strings), and for stretches of time ``start_timestamp_millis``, ``end_timestamp_millis``, ``duration_millis``
    (int64, null otherwise).

    Raises:
        MissingExtraError: The extra ``tables`` is not installed.
    """
    _need("pyarrow")
    import pyarrow as pa

    rows = list(labels)
    strings = pa.list_(pa.string())
    return pa.table(
        {
            "timestamp": pa.array([row.timestamp for row in rows], pa.int64()),
            "name": pa.array([row.label.name for row in rows], pa.string()),
            "confidence": pa.array([row.label.confidence for row in rows], pa.float64()),
            "instances": pa.array([len(row.label.instances) for row in rows], pa.int32()),
            "parents": pa.array([[each.name for each in row.label.parents] for row in rows], strings),
            "aliases": pa.array([[each.name for each in row.label.aliases] for row in rows], strings),
            "categories": pa.array([[each.name for each in row.label.categories] for row in rows], strings),
            "start_timestamp_millis": pa.array([row.start_timestamp_millis for row in rows], pa.int64()),
            "end_timestamp_millis": pa.array([row.end_timestamp_millis for row in rows], pa.int64()),
            "duration_millis": pa.array([row.duration_millis for row in rows], pa.int64()),
        }
    )


def instances_table(labels: Iterable[LabelDetection]) -> pa.Table:
    """A row for each instance, that is for each box; detections without one have no row.

    Columns: ``timestamp`` (int64, milliseconds), ``name`` (string), ``confidence`` (double, 0-100, the instance's),
    ``left``, ``top``, ``width``, ``height`` (double, ratios of the frame).

    Raises:
        MissingExtraError: The extra ``tables`` is not installed.
    """
    _need("pyarrow")
    import pyarrow as pa

    rows: list[tuple[LabelDetection, Instance]] = [(row, each) for row in labels for each in row.label.instances]
    boxes = [each.bounding_box for _, each in rows]
    return pa.table(
        {
            "timestamp": pa.array([row.timestamp for row, _ in rows], pa.int64()),
            "name": pa.array([row.label.name for row, _ in rows], pa.string()),
            "confidence": pa.array([each.confidence for _, each in rows], pa.float64()),
            "left": pa.array([box.left for box in boxes], pa.float64()),
            "top": pa.array([box.top for box in boxes], pa.float64()),
            "width": pa.array([box.width for box in boxes], pa.float64()),
            "height": pa.array([box.height for box in boxes], pa.float64()),
        }
    )


def segments_table(segments: Iterable[SegmentDetection]) -> pa.Table:
    """A row for each segment.

    Columns: ``type`` (string, SHOT or TECHNICAL_CUE), ``cue_type`` (string, null for shots), ``shot_index`` (int64,
    null for cues), ``confidence`` (double, 50-100), ``start_frame_number``, ``end_frame_number`` (the last frame),
    ``duration_frames``, ``start_timestamp_millis``, ``end_timestamp_millis``, ``duration_millis`` (int64),
    ``start_timecode_smpte``, ``end_timecode_smpte``, ``duration_smpte`` (string).

    Raises:
        MissingExtraError: The extra ``tables`` is not installed.
    """
    _need("pyarrow")
    import pyarrow as pa

    rows = list(segments)
    cues = [row.technical_cue_segment for row in rows]
    shots = [row.shot_segment for row in rows]
    whole = {
        name: pa.array([getattr(row, name) for row in rows], pa.int64())
        for name in (
            "start_frame_number",
            "end_frame_number",
            "duration_frames",
            "start_timestamp_millis",
            "end_timestamp_millis",
            "duration_millis",
        )
    }
    timecodes = {
        name: pa.array([getattr(row, name) for row in rows], pa.string())
        for name in ("start_timecode_smpte", "end_timecode_smpte", "duration_smpte")
    }
    return pa.table(
        {
            "type": pa.array([str(row.type) for row in rows], pa.string()),
            "cue_type": pa.array([None if cue is None else str(cue.type) for cue in cues], pa.string()),
            "shot_index": pa.array([None if shot is None else shot.index for shot in shots], pa.int64()),
            "confidence": pa.array([row.confidence for row in rows], pa.float64()),
            **whole,
            **timecodes,
        }
    )


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """`table` as a DataFrame of pandas, with Arrow dtypes (``int64[pyarrow]``).

    Raises:
        MissingExtraError: The extra ``tables`` is not installed.
    """
    _need("pandas")
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def to_polars(table: pa.Table) -> pl.DataFrame:
    """`table` as a DataFrame of polars.

    Raises:
        MissingExtraError: The extra ``tables`` is not installed.
    """
    _need("polars")
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError("tables", f"a table of {package}")
