"""What the tests of the commands share: how they are called, and what a backend may find."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from rekvid import BoundingBox, Instance, Label, LabelDetection, LabelDetectionPage, VideoMetadata

if TYPE_CHECKING:
    from typer.testing import Result

Rekvid: TypeAlias = "Callable[..., Result]"
"""Calls ``rekvid`` with the arguments that it is given."""

DOG = BoundingBox(left=0.25, top=0.5, width=0.125, height=0.25)
LABELS = LabelDetectionPage(
    labels=tuple(
        LabelDetection(
            timestamp=each * 500,
            label=Label(
                name="Dog" if each % 2 else "Car [old]",
                confidence=80.0 + each,
                instances=(Instance(bounding_box=DOG, confidence=70.0),) * (each % 2 * 2),
            ),
        )
        for each in range(5)
    ),
    video_metadata=VideoMetadata(codec="h264", duration_millis=2500, format="MOV", frame_rate=25.0, frame_width=128),
)
