"""Bodies of GetLabelDetection as the service sends them, made from a seed; used by the other benchmarks."""

from __future__ import annotations

import json
import random

# Label, parents, aliases, categories.
_KINDS = (
    ("Car", ("Vehicle", "Transportation"), ("Automobile",), "Vehicles and Automotive"),
    ("Person", (), ("Human",), "Person Description"),
    ("Dog", ("Animal", "Canine", "Mammal", "Pet"), (), "Animals and Pets"),
    ("Tree", ("Plant",), (), "Plants and Flowers"),
    ("Building", ("Architecture",), (), "Buildings and Architecture"),
)


def label_page(labels: int = 1000, *, seed: int = 0, next_token: str | None = None) -> bytes:
    """One page, with 0-5 instances a label: about 500 KB for 1000 labels."""
    chance = random.Random(seed)
    page: dict[str, object] = {
        "JobStatus": "SUCCEEDED",
        "VideoMetadata": {
            "Codec": "h264",
            "ColorRange": "LIMITED",
            "DurationMillis": 3_600_000,
            "Format": "QuickTime / MOV",
            "FrameHeight": 1080,
            "FrameRate": 25.0,
            "FrameWidth": 1920,
        },
        "Labels": [_label(number, chance) for number in range(labels)],
        "LabelModelVersion": "3.0",
        "JobId": "a" * 64,
        "Video": {"S3Object": {"Bucket": "media", "Name": "street.mp4"}},
        "GetRequestMetadata": {"SortBy": "TIMESTAMP", "AggregateBy": "TIMESTAMPS"},
    }
    if next_token is not None:
        page["NextToken"] = next_token
    return json.dumps(page, separators=(",", ":")).encode()


def _label(number: int, chance: random.Random) -> dict[str, object]:
    name, parents, aliases, category = chance.choice(_KINDS)
    instances = [
        {
            "BoundingBox": {side: _single(chance.random()) for side in ("Width", "Height", "Left", "Top")},
            "Confidence": _single(chance.uniform(50, 100)),
        }
        for _ in range(chance.randint(0, 5))
    ]
    return {
        "Timestamp": number // 5 * 200,
        "Label": {
            "Name": name,
            "Confidence": _single(chance.uniform(50, 100)),
            "Instances": instances,
            "Parents": [{"Name": parent} for parent in parents],
            "Aliases": [{"Name": alias} for alias in aliases],
            "Categories": [{"Name": category}],
        },
    }


def _single(number: float) -> float:
    """As many digits as the service sends: those of a single-precision float."""
    return float(f"{number:.9g}")
