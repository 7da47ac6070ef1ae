"""Read 100,000 labels over loopback, end to end: a hand-written boto3 loop against `job.labels()`.

Both read from the same server, a process of its own that gives out bodies made beforehand, in the same run, in
turns. Run: python benchmarks/reading.py
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import multiprocessing
import multiprocessing.connection
import resource
import statistics
import time
import tracemalloc
import unittest.mock
from collections.abc import Callable

import boto3
from label_pages import label_page
from machine import machine

import rekvid


def serve(pages: int, ready: multiprocessing.connection.Connection) -> None:
    """Give out `pages` pages of 1000 labels, chained by tokens that are their numbers."""
    # Ten different bodies in turn: enough that no cache of either side helps.
    templates = [label_page(seed=seed, next_token="@" * 20) for seed in range(min(10, pages))]
    last = label_page(seed=99)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write for head and body

        def do_POST(self) -> None:
            """Answer GetLabelDetection; the poll, which asks for one label, gets a page without any."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = int(asked.get("NextToken") or 0)
            if asked.get("MaxResults") == 1:
                body = b'{"JobStatus":"SUCCEEDED","Labels":[]}'
            elif number == pages - 1:
                body = last
            else:
                body = templates[number % len(templates)].replace(b"@" * 20, f"{number + 1:020}".encode())
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ready.send(server.server_port)
    server.serve_forever()


def with_boto3(session: boto3.session.Session, url: str) -> int:
    """Read as people do today."""
    client = session.client("rekognition", endpoint_url=url)
    read = 0
    token = ""
    while True:
        page = client.get_label_detection(JobId="a", NextToken=token)
        for found in page["Labels"]:
            label = found.get("Label", {})
            if label.get("Confidence", 0) >= 0 and found.get("Timestamp", 0) >= 0:
                read += 1
        token = page.get("NextToken", "")
        if not token:
            return read


def with_rekvid(session: boto3.session.Session, url: str) -> int:
    """Read with rekvid."""
    client = rekvid.Client(rekvid.AwsBackend(session=session, endpoint_url=url))
    read = 0
    for found in client.label_detection_job("a").labels():
        label = found.label
        if label.confidence >= 0 and (found.timestamp or 0) >= 0:
            read += 1
    return read


def with_collector(session: boto3.session.Session, url: str) -> int:
    """Read with rekvid, but let the garbage collector run while pages are decoded."""
    with unittest.mock.patch("rekvid.models._shape.paused_gc", contextlib.nullcontext):
        return with_rekvid(session, url)


def main() -> None:
    """Measure in turns and print a table; then the peak of memory by number of pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    session = boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="eu-west-1"
    )
    contenders: dict[str, Callable[[boto3.session.Session, str], int]] = {
        "boto3": with_boto3,
        "rekvid": with_rekvid,
        "rekvid, collector not paused": with_collector,
    }
    with Pages(arguments.pages) as url:
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(arguments.rounds + 1):
            for name, read in contenders.items():
                begun = time.perf_counter()
                labels = read(session, url)
                assert labels == arguments.pages * 1000, labels
                if number:
                    times[name].append(time.perf_counter() - begun)
    print(f"{machine()}; {arguments.pages * 1000} labels in pages of 1000, {arguments.rounds} rounds")
    print("| reader | best s | median s | labels a second | times boto3 |\n|---|---|---|---|---|")
    base = statistics.median(times["boto3"])
    for name, taken in times.items():
        median = statistics.median(taken)
        rate = arguments.pages * 1000 / median
        print(f"| {name} | {min(taken):.2f} | {median:.2f} | {rate:,.0f} | {base / median:.2f} |")
    print("| pages | peak of Python's memory while reading with rekvid, MB |\n|---|---|")
    for pages in (10, 50, 200):
        with Pages(pages) as url:
            tracemalloc.start()
            with_rekvid(session, url)
            print(f"| {pages} | {tracemalloc.get_traced_memory()[1] / 1e6:.1f} |")
            tracemalloc.stop()
    print(f"peak resident memory of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


class Pages:
    """The server, for as long as the context lasts; gives its address."""

    def __init__(self, pages: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=serve, args=(pages, there), daemon=True)

    def __enter__(self) -> str:
        self._process.start()
        return f"http://127.0.0.1:{self._here.recv()}"

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()


if __name__ == "__main__":
    main()
