"""Calls of an endpoint's service without HTTP, and the service's own model to hold the answers against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator

from rekvid.endpoint.service import Service
from rekvid.endpoint.signing import Signed
from rekvid.endpoint.validation import service_model

VIDEO: dict[str, Any] = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
SEGMENTS: dict[str, Any] = {"Video": VIDEO, "SegmentTypes": ["SHOT"]}
"""Parameters of StartSegmentDetection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call gave."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body["__type"])


def call(
    service: Service, operation: str, parameters: object = None, *, headers: Mapping[str, str] | None = None
) -> Answer:
    """Call `operation` with `parameters`, which are sent as JSON unless they are bytes."""
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters or {}).encode()
    named = {"x-amz-target": f"RekognitionService.{operation}", **(headers or {})}
    status, answer = service.answer(Signed(method="POST", target="/", headers=named, body=body), "request-id")
    return Answer(status=status, body=json.loads(answer))


def faults_of(operation: str, body: Mapping[str, Any]) -> list[str]:
    """Where an answer of `operation` departs from the model: types, ranges, unknown members, enums."""
    shape = service_model().operation_model(operation).output_shape
    assert shape is not None
    report = ParamValidator().validate(dict(body), shape)
    return [*([report.generate_report()] if report.has_errors() else []), *_unknown(shape, body, "")]


def _unknown(shape: Shape, value: object, path: str) -> list[str]:
    """Members and names of enums that the model doesn't have."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict)
        strange = [f"{path}.{name} is unknown" for name in value if name not in shape.members]
        known = [(name, member) for name, member in value.items() if name in shape.members]
        return strange + [each for name, member in known for each in _unknown(shape.members[name], member, name)]
    if isinstance(shape, ListShape):
        assert isinstance(value, list)
        return [each for item in value for each in _unknown(shape.member, item, path)]
    names = shape.metadata.get("enum")
    return [f"{path}: {value!r} is none of {names}"] if names and value not in names else []
