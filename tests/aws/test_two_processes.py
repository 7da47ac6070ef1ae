from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import boto3
import pytest

server = pytest.importorskip("moto.server")

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONG = 100  # seconds; after which a process is taken to hang
JOBS = 50
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}

# Waits for its jobs, then for the order to end: until then it goes on to read, for a job that never ends.
WAITER = """
import sys, threading, boto3
from concurrent.futures import ThreadPoolExecutor
from rekvid.backends.aws.queues import signal_of

endpoint, queue_url, *jobs = sys.argv[1:]
sqs = boto3.client("sqs", endpoint_url=endpoint)
deleted = []
delete = sqs.delete_message_batch
def noting(**asked):
    answer = delete(**asked)
    deleted.extend(answer.get("Successful", []))
    return answer
sqs.delete_message_batch = noting
signal = signal_of(sqs, queue_url)
assert not any(signal.wait(job, 0) for job in jobs)
print("ready", flush=True)
threading.Thread(target=signal.wait, args=("never", 1000), daemon=True).start()
with ThreadPoolExecutor(len(jobs)) as pool:
    heard = list(pool.map(lambda job: signal.wait(job, 90), jobs))
print(sum(heard), flush=True)
sys.stdin.readline()
signal.settle(10)
print(len(deleted))
"""


@pytest.fixture
def sqs() -> Iterator[SQSClient]:
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    session = boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client = session.client("sqs", endpoint_url=f"http://{host}:{port}")
    yield client
    client.close()
    moto.stop()


def _left_in(sqs: SQSClient, queue_url: str) -> int:
    counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


def _body(job: str, number: int) -> str:
    notice = json.dumps({"JobId": job, "Status": ("SUCCEEDED", "FAILED", "ERROR")[number % 3]})
    return notice if number % 2 else json.dumps({"Type": "Notification", "Message": notice})


def test_two_processes_share_a_queue(sqs: SQSClient) -> None:
    """Of two processes with 50 jobs each on one queue, all waits end, each message goes to its own, and none is left.

    Messages are interleaved and half of them come twice. A process deletes exactly the messages of its own jobs.
    """
    queue_url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    owned = {owner: [f"{owner}-{number}" for number in range(JOBS)] for owner in ("left", "right")}
    sent = [job for jobs in owned.values() for number, job in enumerate(jobs) for _ in range(1 + number % 2)]
    random.Random(0).shuffle(sent)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WAITER, sqs.meta.endpoint_url, queue_url, *jobs],
                    env=ENVIRONMENT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for jobs in owned.values()
        ]
        for process in processes:
            stack.callback(process.kill)  # runs first: where the test fails nothing hangs
        assert [_line(process) for process in processes] == ["ready", "ready"]
        for begin in range(0, len(sent), 10):
            sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": _body(job, begin + number)}
                    for number, job in enumerate(sent[begin : begin + 10])
                ],
            )
        assert [_line(process) for process in processes] == [str(JOBS), str(JOBS)]
        while _left_in(sqs, queue_url):  # the last duplicates; the test's time limit bounds it
            pass
        assert [process.communicate("end\n", timeout=LONG)[0] for process in processes] == ["75\n", "75\n"]
        assert [process.returncode for process in processes] == [0, 0]


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
