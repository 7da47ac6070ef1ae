"""Decode one page of 1000 labels: botocore's parser, json.loads, and rekvid.

Run: python benchmarks/decoding.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import botocore.parsers
import botocore.session
from label_pages import label_page
from machine import machine

from rekvid.models import LabelDetectionPage

PAGES_A_ROUND = 5


def main() -> None:
    """Measure in turns, so that all share what else the machine does, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds: int = parser.parse_args().rounds
    body = label_page()
    service = botocore.session.get_session().get_service_model("rekognition")
    shape = service.operation_model("GetLabelDetection").output_shape
    assert shape is not None
    response = {"body": body, "headers": {}, "status_code": 200}
    botocore_parser = botocore.parsers.create_parser("json")

    contenders: dict[str, Callable[[], object]] = {
        "botocore's parser, to dictionaries": lambda: botocore_parser.parse(response, shape),
        "json.loads, to dictionaries": lambda: json.loads(body),
        "rekvid, to frozen dataclasses": lambda: LabelDetectionPage.from_json(body),
        "botocore's parser, then from_aws": lambda: LabelDetectionPage.from_aws(botocore_parser.parse(response, shape)),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, decode in contenders.items():
            decode()  # untimed: compiles validators, and lets the allocator settle, as it does for who reads many pages
            for _ in range(PAGES_A_ROUND):
                begun = time.perf_counter()
                decode()
                times[name].append(time.perf_counter() - begun)

    print(f"{machine()}; one page of {len(body) / 1000:.0f} KB, 1000 labels; {rounds} rounds of {PAGES_A_ROUND}")
    base = statistics.median(times["botocore's parser, to dictionaries"])
    print("| decoder | best ms | median ms | share of botocore's |\n|---|---|---|---|")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"| {name} | {min(taken) * 1000:.1f} | {median * 1000:.1f} | {median / base:.2f} |")


if __name__ == "__main__":
    main()
