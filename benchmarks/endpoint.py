"""What the endpoint takes: pages a second against moto's server, its start, 200 clients at once, and its memory."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from label_pages import label_page
from machine import machine

from rekvid.backends.local.store import Store
from rekvid.clock import SystemClock
from rekvid.models import S3Object, Video
from rekvid.operations import StartLabelDetectionRequest

SERVE = [sys.executable, "-c", "from rekvid.cli import main; main()", "serve"]
MOTO = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p"]
GET = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.GetLabelDetection"}
# moto tells the service by the scope of the signature, which it doesn't check.
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
DYNAMODB = {"Content-Type": "application/x-amz-json-1.0", "Authorization": SIGNED.format("dynamodb")}
S3 = {"Authorization": SIGNED.format("s3")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, again and again."""

    port: int
    headers: dict[str, str]
    body: bytes
    line: str = "POST / HTTP/1.1"

    def head(self) -> bytes:
        """The request line and the headers."""
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        length = f"Content-Length: {len(self.body)}"
        return "\r\n".join([self.line, f"Host: 127.0.0.1:{self.port}", length, *lines, "", ""]).encode()


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def fill(folder: Path, pages: int) -> str:
    """Put a finished job of `pages` pages of 1000 labels into a store; gives its id."""
    store = Store(folder / "jobs.sqlite3", clock=SystemClock(), owner="benchmark")
    video = Video(s3_object=S3Object(bucket="media", name="street.mp4"))
    job_id, _ = store.create(StartLabelDetectionRequest(video=video))
    labels = [label for seed in range(pages) for label in json.loads(label_page(seed=seed))["Labels"]]
    store.succeed(job_id, {}, labels)
    store.close()
    return job_id


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from when it listens."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.01)
            yield process
        finally:
            process.terminate()


def serve(folder: Path, port: int) -> list[str]:
    """The command of the endpoint."""
    return [*SERVE, "--port", str(port), "--state", str(folder), "--bucket", f"media={folder}"]


def ask(call: Call, path: str = "/") -> bytes:
    """Make one call on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", call.port, timeout=60)
    connection.request("POST", path, call.body, call.headers)
    body = connection.getresponse().read()
    connection.close()
    return body


async def keep_asking(call: Call, until: float, took: list[float], *, next_token: bool) -> int:
    """Ask on one connection until the time is up; gives the bytes of all answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", call.port, limit=4 << 20)
    parameters: dict[str, Any] = json.loads(call.body or b"{}")
    received, current = 0, call
    while time.perf_counter() < until:
        begun = time.perf_counter()
        writer.write(current.head() + current.body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert " 200 " in head.splitlines()[0], head
        length = next(int(line[15:]) for line in head.splitlines() if line.startswith("content-length:"))
        body = await reader.readexactly(length)
        took.append(time.perf_counter() - begun)
        received += length
        if "\nconnection: close" in head:  # as moto's server does
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", call.port, limit=4 << 20)
        if next_token:
            at = body.find(b'"NextToken": "')
            token = body[at + 14 : body.index(b'"', at + 14)].decode() if at >= 0 else None
            fresh = parameters if token is None else parameters | {"NextToken": token}
            current = Call(port=call.port, headers=call.headers, body=json.dumps(fresh).encode())
    writer.close()
    return received


async def load(call: Call, clients: int, seconds: float, *, next_token: bool = False) -> tuple[list[float], int]:
    """So many clients at once; gives the time that each answer took, and the bytes of all."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    received = await asyncio.gather(*(keep_asking(call, until, took, next_token=next_token) for _ in range(clients)))
    return took, sum(received)


def against_moto(seconds: float, rounds: int) -> None:
    """A page of 1000 labels from the endpoint, and answers of about that size from moto."""
    calls: dict[str, Call] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        job_id = fill(folder, 1)
        ports = free_port(), free_port()
        stack.enter_context(running(serve(folder, ports[0]), ports[0]))
        stack.enter_context(running([*MOTO, str(ports[1])], ports[1]))
        calls["rekvid, GetLabelDetection"] = Call(
            port=ports[0], headers=GET, body=json.dumps({"JobId": job_id}).encode()
        )
        calls["moto, DynamoDB Scan"] = fill_table(ports[1])
        calls["moto, S3 GetObject"] = fill_bucket(ports[1], label_page())
        rates: dict[str, list[float]] = {each: [] for each in calls}
        size: dict[str, int] = {}
        for _ in range(rounds):  # in turns, so that what else runs here slows all of them
            for each, call in calls.items():
                took, received = asyncio.run(load(call, 4, seconds))
                rates[each].append(len(took) / seconds)
                size[each] = received // len(took)
    print(
        "| server and operation | KB an answer | best answers a second | median | times moto |\n|---|---|---|---|---|"
    )
    base = statistics.median(rates["moto, DynamoDB Scan"])
    for each, found in rates.items():
        middle = statistics.median(found)
        print(f"| {each} | {size[each] / 1000:.0f} | {max(found):.1f} | {middle:.1f} | {middle / base:.1f} |")


def fill_table(port: int) -> Call:
    """Put 500 items of about 1 KB into a table."""

    def call(operation: str, parameters: dict[str, Any]) -> Call:
        headers = {**DYNAMODB, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        return Call(port=port, headers=headers, body=json.dumps(parameters).encode())

    key = {"AttributeName": "id", "KeyType": "HASH"}
    table = {
        "TableName": "labels",
        "KeySchema": [key],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    ask(call("CreateTable", table))
    for first in range(0, 500, 25):
        items = [{"id": {"S": str(number)}, "text": {"S": "x" * 950}} for number in range(first, first + 25)]
        ask(call("BatchWriteItem", {"RequestItems": {"labels": [{"PutRequest": {"Item": item}} for item in items]}}))
    return call("Scan", {"TableName": "labels"})


def fill_bucket(port: int, body: bytes) -> Call:
    """Put an object of the size of a page into a bucket: the cheapest large answer that moto has."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path, content in (("/labels", b""), ("/labels/page", body)):
        connection.request("PUT", path, content, S3)
        connection.getresponse().read()
    connection.close()
    return Call(port=port, headers=S3, body=b"", line="GET /labels/page HTTP/1.1")


def start(rounds: int) -> None:
    """From the start of the process to its first answer."""
    took, busy = [], []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            begun = time.perf_counter()
            with running(serve(folder, port), port):
                body = ask(Call(port=port, headers=GET, body=b'{"JobId": "a"}'))
                took.append(time.perf_counter() - begun)
            assert b"ResourceNotFoundException" in body
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(
        f"start to first answer: best {min(took):.2f} s, median {statistics.median(took):.2f} s of {rounds}; "
        f"processor time of the whole life of the server {statistics.median(busy):.2f} s"
    )


def resident(process: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process in MB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def crowd(clients: int, seconds: float) -> None:
    """Many clients at once, each paging through ten pages of 1000 labels, again and again."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        job_id = fill(folder, 10)
        with running(serve(folder, port), port) as process:
            call = Call(port=port, headers=GET, body=json.dumps({"JobId": job_id}).encode())
            took, received = asyncio.run(load(call, clients, seconds, next_token=True))
            took.sort()
            slowest = took[int(len(took) * 0.99)]
            print(
                f"{clients} clients for {seconds:g} s: {len(took) / seconds:.1f} answers a second "
                f"({received / seconds / 1e6:.0f} MB/s), median {statistics.median(took):.2f} s, "
                f"the slowest 1 % begins at {slowest:.2f} s; resident memory {resident(process):.0f} MB"
            )


def soak(minutes: float, a_second: float) -> None:
    """One client at a steady pace; resident memory by the minute."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        job_id = fill(folder, 2)
        with running(serve(folder, port), port) as process:
            call = Call(port=port, headers=GET, body=json.dumps({"JobId": job_id}).encode())
            levels: list[float] = []
            begun = time.monotonic()
            asked = 0
            while time.monotonic() < begun + minutes * 60:
                ask(call)
                asked += 1
                if time.monotonic() > begun + len(levels) * 60:
                    levels.append(resident(process))
                time.sleep(max(0.0, begun + asked / a_second - time.monotonic()))
            levels.append(resident(process))
    print(f"{asked} pages in {minutes:g} minutes; resident MB by the minute: {', '.join(f'{x:.0f}' for x in levels)}")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--soak", type=float, default=0, help="minutes; 0 leaves it out")
    arguments = parser.parse_args()
    print(machine())
    if arguments.soak:
        soak(arguments.soak, 5)
        return
    start(arguments.rounds)
    against_moto(arguments.seconds, arguments.rounds)
    crowd(arguments.clients, arguments.seconds * 2)


if __name__ == "__main__":
    main()
