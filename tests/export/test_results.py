"""Results as tables, as COCO and as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rekvid
from rekvid.models import (
    BoundingBox,
    Instance,
    Label,
    LabelAlias,
    LabelCategory,
    LabelDetection,
    LabelDetectionPage,
    Parent,
    SegmentDetection,
    SegmentDetectionPage,
    TechnicalCueSegment,
    VideoMetadata,
)
from rekvid.results import LabelDetectionResult, SegmentDetectionResult, read_jsonl
from shots_made import shot
from strategies import shapes

BOX = BoundingBox(left=0.25, top=0.5, width=0.5, height=0.25)
LABELS = (
    LabelDetection(
        timestamp=0,
        label=Label(
            name="Car",
            confidence=90.0,
            instances=(Instance(bounding_box=BOX, confidence=90.0), Instance(bounding_box=BOX, confidence=60.5)),
            parents=(Parent(name="Vehicle"), Parent(name="Transportation")),
            aliases=(LabelAlias(name="Automobile"),),
            categories=(LabelCategory(name="Vehicles and Automotive"),),
        ),
    ),
    LabelDetection(timestamp=200, label=Label(name="Vehicle", confidence=70.0)),
    LabelDetection(
        label=Label(name="Road", confidence=55.0),
        start_timestamp_millis=200,
        end_timestamp_millis=600,
        duration_millis=400,
    ),
)


def labels_of(labels: Sequence[LabelDetection] = LABELS, *, width: int | None = 640) -> LabelDetectionResult:
    video = VideoMetadata(frame_width=width, frame_height=360)
    return LabelDetectionResult(job_id="a", labels=tuple(labels), video_metadata=video)


def segments() -> SegmentDetectionResult:
    black = TechnicalCueSegment(type="BlackFrames", confidence=80.0)
    cue = SegmentDetection.from_aws(
        {**shot(5, 9, Fraction(25)).to_aws(), "Type": "TECHNICAL_CUE", "TechnicalCueSegment": black.to_aws()}
    )
    cue = SegmentDetection.from_aws({key: each for key, each in cue.to_aws().items() if key != "ShotSegment"})
    old = {key: each for key, each in shot(0, 4, Fraction(25)).to_aws().items() if "Frame" not in key}
    return SegmentDetectionResult(job_id="a", segments=(SegmentDetection.from_aws(old), cue))


def test_detections_are_rows() -> None:
    """Each detection is a row; lists stay lists, and what is missing is null in a column of whole numbers."""
    pytest.importorskip("pyarrow", reason="needs the extra tables")
    table = labels_of().to_arrow()
    assert [str(each) for each in table.schema.types] == [
        *("int64", "string", "double", "int32"),
        *("list<item: string>",) * 3,
        *("int64",) * 3,
    ]
    first, second, third = table.to_pylist()
    assert (first["name"], first["instances"], first["parents"]) == ("Car", 2, ["Vehicle", "Transportation"])
    assert (second["aliases"], second["start_timestamp_millis"]) == ([], None)
    assert (third["timestamp"], third["duration_millis"]) == (None, 400)


def test_instances_are_rows() -> None:
    """With `instances` each box is a row, with the instance's own confidence."""
    pytest.importorskip("pyarrow", reason="needs the extra tables")
    table = labels_of().to_arrow(instances=True)
    assert table.column_names == ["timestamp", "name", "confidence", "left", "top", "width", "height"]
    assert table.column("confidence").to_pylist() == [90.0, 60.5]
    assert table.column("left").to_pylist() == [0.25, 0.25]


def test_segments_are_rows() -> None:
    """Each segment is a row; a shot has no type of cue, a cue no index, an old answer no frame numbers."""
    pytest.importorskip("pyarrow", reason="needs the extra tables")
    table = segments().to_arrow()
    assert table.column("cue_type").to_pylist() == [None, "BlackFrames"]
    assert table.column("shot_index").to_pylist() == [0, None]
    assert table.column("start_frame_number").to_pylist() == [None, 5]
    assert table.column("confidence").to_pylist() == [90.0, 80.0]


def test_pandas_and_polars_hold_the_same() -> None:
    """Both get every column, and whole numbers stay whole where some are missing."""
    pytest.importorskip("pandas", reason="needs the extra tables")
    pytest.importorskip("polars", reason="needs the extra tables")
    for result in (labels_of(), segments()):
        rows = result.to_arrow().to_pylist()
        assert result.to_polars().to_dicts() == rows
        frame = result.to_pandas()
        assert list(frame.columns) == list(rows[0])
        assert str(frame["start_timestamp_millis"].dtype) == "int64[pyarrow]"


def test_empty_results_have_the_same_columns() -> None:
    """A job that found nothing gives a table of no rows, with the columns and types of any other."""
    pytest.importorskip("pyarrow", reason="needs the extra tables")
    assert labels_of([]).to_arrow().schema == labels_of().to_arrow().schema
    assert labels_of([]).to_arrow(instances=True).schema == labels_of().to_arrow(instances=True).schema


def test_coco_counts_pixels() -> None:
    """Boxes are left, top, width and height in pixels; moments are images, labels categories."""
    coco = labels_of(LABELS[:2]).to_coco()
    assert coco["annotations"][1] == {
        "id": 2,
        "image_id": 1,
        "category_id": 1,
        "bbox": [160.0, 180.0, 320.0, 90.0],
        "area": 28800.0,
        "iscrowd": 0,
        "score": 0.605,
    }
    assert [(image["id"], image["timestamp"]) for image in coco["images"]] == [(1, 0), (2, 200)]
    assert coco["categories"] == [{"id": 1, "name": "Car", "supercategory": "Vehicle"}]
    assert json.loads(json.dumps(coco)) == coco


def test_coco_needs_the_size_of_the_frames() -> None:
    """Without the frames' size there are no pixels to count, and the error says what is missing."""
    with pytest.raises(rekvid.ValidationError, match="must tell frame_width and frame_height"):
        labels_of(width=None).to_coco()


# The folder is the same for all examples, and each writes its file anew.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(page=shapes(LabelDetectionPage) | shapes(SegmentDetectionPage), job_id=st.text("abc-_1", min_size=1))
def test_json_lines_lose_nothing(page: LabelDetectionPage | SegmentDetectionPage, job_id: str, tmp_path: Path) -> None:
    """What is read back equals what was written, for any result."""
    result: LabelDetectionResult | SegmentDetectionResult
    if isinstance(page, LabelDetectionPage):
        result = LabelDetectionResult.of(job_id, [page])
    else:
        result = SegmentDetectionResult.of(job_id, [page])
    result.to_jsonl(tmp_path / "result.jsonl")
    assert read_jsonl(tmp_path / "result.jsonl") == result


def test_a_line_is_an_item_in_the_service_shape(tmp_path: Path) -> None:
    """After the head each line is one detection as the service would send it, so that other tools can read it."""
    labels_of().to_jsonl(tmp_path / "labels.jsonl")
    head, *lines = (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(head)["rekvid"] == {"Version": 1, "Items": "Labels"}
    assert [json.loads(line) for line in lines] == [each.to_aws() for each in LABELS]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "doesn't begin with the head"),
        ('{"a": 1}\n', "doesn't begin with the head"),
        ("[1]\n", "doesn't begin with the head"),
        ('{"rekvid": {"Version": 2, "Items": "Labels"}}\n', "version 2 of the layout"),
        ('{"rekvid": {"Version": 1, "Items": "Faces"}}\n', "holds Faces, which this rekvid doesn't know"),
        ('{"rekvid": {"Version": 1, "Items": "Labels"}}\n{"Label": {}}\n', "line 2: .*label.name"),
        ('{"rekvid": {"Version": 1, "Items": "Labels"}}\n{"Lab', "line 2"),
    ],
)
def test_other_files_are_refused(text: str, says: str, tmp_path: Path) -> None:
    """A file that is none of ours, of a later version, or cut off is refused with what is wrong, and where."""
    path = tmp_path / "odd.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(rekvid.ResponseError, match=says):
        read_jsonl(path)


def test_failed_write_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A result that can't be written in full doesn't replace the one that was there."""
    path = tmp_path / "labels.jsonl"
    labels_of().to_jsonl(path)
    before = path.read_bytes()
    broken = LabelDetectionResult(job_id="a", labels=(*LABELS, "no detection"))  # type: ignore[arg-type]  # the fault
    with pytest.raises(AttributeError):
        broken.to_jsonl(path)
    assert path.read_bytes() == before
