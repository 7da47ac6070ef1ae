"""Real and documented answers of the service, from 2018 on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import botocore.parsers
import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape

from rekvid.models import JobPage, LabelDetectionPage, SegmentDetectionPage
from rekvid.operations import LABEL_DETECTION, OPERATIONS
from rekvid.wire import decode_page, encode_page

pytestmark = pytest.mark.assets

OUTPUTS = {
    operation.page: botocore.session.get_session()
    .get_service_model("rekognition")
    .operation_model(operation.get.operation_name())
    .output_shape
    for operation in OPERATIONS
}


@pytest.fixture(scope="module")
def answers(assets: Path) -> list[tuple[str, type[JobPage], bytes]]:
    """Name, class and bytes of each file in the folder that is an answer of a Get operation."""
    found: list[tuple[str, type[JobPage], bytes]] = []
    for file in sorted((assets / "responses").glob("*.json")):
        body = file.read_bytes()
        data = json.loads(body)
        if isinstance(data, dict):
            page = next(each for each in OPERATIONS if each.items.capitalize() in data).page
            found.append((file.name, page, body))
    assert {page for _, page, _ in found} == {LabelDetectionPage, SegmentDetectionPage}
    return found


def strangers(data: object, shape: Shape | None, path: str = "") -> Iterator[tuple[dict[str, object], str, str]]:
    """Each key in `data` that the model doesn't know: the object that it stands in, the key, and the path."""
    if isinstance(data, dict):
        assert isinstance(shape, StructureShape), path
        for key, member in data.items():
            if key in shape.members:
                yield from strangers(member, shape.members[key], f"{path}.{key}")
            else:
                yield data, key, f"{path}.{key}"
    elif isinstance(data, list):
        assert isinstance(shape, ListShape), path
        for member in data:
            yield from strangers(member, shape.member, path)


def test_samples_come_back_as_they_were(answers: list[tuple[str, type[JobPage], bytes]]) -> None:
    """Every answer, decoded and given back, is what it was, but for keys that the model of today doesn't know."""
    for name, cls, body in answers:
        expected = json.loads(body)
        for inside, key, _ in list(strangers(expected, OUTPUTS[cls])):
            del inside[key]

        assert cls.from_json(body).to_aws() == expected, name
        assert cls.from_aws(json.loads(body)).to_aws() == expected, name


def test_only_one_key_of_old_is_unknown(answers: list[tuple[str, type[JobPage], bytes]]) -> None:
    """The only key that is left out is one of 2018, which boto3 leaves out as well."""
    unknown = {path for _, cls, body in answers for _, _, path in strangers(json.loads(body), OUTPUTS[cls])}

    assert unknown == {".VideoMetadata.FileExtension"}


def test_samples_read_as_botocore_reads_them(answers: list[tuple[str, type[JobPage], bytes]]) -> None:
    """to_aws gives what botocore's own parser makes of the same bytes, less its metadata of the response."""
    parser = botocore.parsers.create_parser("json")
    for name, cls, body in answers:
        shape = OUTPUTS[cls]
        assert shape is not None
        expected = parser.parse({"body": body, "headers": {}, "status_code": 200}, shape)
        del expected["ResponseMetadata"]

        assert cls.from_json(body).to_aws() == expected, name


def test_samples_survive_the_wire(answers: list[tuple[str, type[JobPage], bytes]]) -> None:
    """Every answer that is written and read again is the same."""
    for name, cls, body in answers:
        page = cls.from_json(body)
        again = decode_page(cls, encode_page(page))

        assert again == page, name
        assert again.to_aws() == page.to_aws(), name


def test_old_labels_have_empty_lists(answers: list[tuple[str, type[JobPage], bytes]]) -> None:
    """Labels of 2018 lack the lists altogether, and still are iterated over like others."""
    pages = {name: LABEL_DETECTION.page.from_json(body) for name, cls, body in answers if cls is LABEL_DETECTION.page}
    old = pages["labels_oldshape_docs_2018.json"].labels

    assert old
    assert not any((*found.label.instances, *found.label.parents, *found.label.categories) for found in old)
    assert any(found.label.instances for found in pages["labels_timestamps_model3.0_docs.json"].labels)
