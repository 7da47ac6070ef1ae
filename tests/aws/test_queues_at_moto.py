from __future__ import annotations

import json
import os
import signal as signals
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from fake_queue import LONG, ended, notice, ours
from rekvid.backends.aws.queues import QueueSignal
from rekvid.testing import ManualClock

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


SESSION = boto3.session.Session(
    aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name="us-east-1"
)
ENVIRONMENT = {
    **os.environ,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",  # from 3.12 on os.fork warns where there are threads
}


@pytest.fixture
def sqs(moto_url: str) -> Iterator[SQSClient]:
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = SESSION.client("sqs", endpoint_url=moto_url, config=once)
    yield client
    client.close()


@pytest.fixture
def queue_url(sqs: SQSClient) -> Iterator[str]:
    url = sqs.create_queue(QueueName=f"queue-{os.urandom(8).hex()}")["QueueUrl"]
    yield url
    assert ended(url)


def left_in(sqs: SQSClient, queue_url: str) -> int:
    counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


@pytest.mark.parametrize("raw", ["true", "false"])
def test_published_notice_arrives(moto_url: str, sqs: SQSClient, queue_url: str, raw: str) -> None:
    """What is published to the topic ends the wait, enveloped and under raw delivery, and leaves the queue empty."""
    sns: SNSClient = SESSION.client("sns", endpoint_url=moto_url)
    topic = sns.create_topic(Name="AmazonRekognitionVideo")["TopicArn"]
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": raw})
    sns.publish(TopicArn=topic, Message=notice("a" * 64))
    signal = QueueSignal(sqs, queue_url, long_poll=1)
    assert signal.wait("a" * 64, LONG)
    assert ended(queue_url)
    assert left_in(sqs, queue_url) == 0
    sns.close()


def test_foreign_message_comes_again_in_the_queue(sqs: SQSClient, queue_url: str) -> None:
    """A message of somebody else's job is in the queue still, to be had within seconds, when we have ended."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("foreign"))
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("mine"))
    assert QueueSignal(sqs, queue_url, long_poll=1).wait("mine", LONG)
    assert ended(queue_url)
    assert left_in(sqs, queue_url) == 1
    [message] = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message.get("Body", ""))["JobId"] == "foreign"


def test_queue_that_is_deleted_costs_the_timeout(
    sqs: SQSClient, queue_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the queue is deleted under a wait, the wait runs out, and the log says what is wrong."""
    signal = QueueSignal(sqs, queue_url, clock=ManualClock(), long_poll=1)
    assert not signal.wait("job", 0.001)
    sqs.delete_queue(QueueUrl=queue_url)
    while not (logged := ours(caplog)):
        assert not signal.wait("job", 0.05)
    assert logged[0].__dict__["code"] in {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def test_refused_connection_costs_the_timeout(caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody listens at the queue's address the wait runs out, and the log says so."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = SESSION.client("sqs", endpoint_url=address, config=once)
    url = f"{address}/111122223333/queue"
    signal = QueueSignal(client, url, clock=ManualClock())
    while not (logged := ours(caplog)):
        assert not signal.wait("job", 0.05)
    assert ended(url)
    assert logged[0].__dict__["code"] == "EndpointConnectionError"
    client.close()


# In processes of their own


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


EXITS = """
import threading, types
from rekvid.backends.aws.queues import QueueSignal

class Silent:
    def receive_message(self, **_):
        begun.set()
        threading.Event().wait()

begun = threading.Event()
signal = QueueSignal(Silent(), "https://queue")
assert not signal.wait("job", 0.01)
begun.wait()
print("reading" if signal.reading else "ended")
"""


def test_receive_in_flight_does_not_hold_up_the_exit() -> None:
    """A program ends though a receive is under way, even one that never would."""
    done = run(EXITS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "reading\n", "")


DELETES_AT_EXIT = """
import sys, time, boto3
from rekvid.backends.aws import queues

sqs = boto3.client("sqs", endpoint_url=sys.argv[1])
delete = sqs.delete_message_batch
def slowly(**asked):
    time.sleep(0.3)
    return delete(**asked)
sqs.delete_message_batch = slowly
assert queues.signal_of(sqs, sys.argv[2]).wait("job", 60)
"""


def test_program_that_ends_at_once_has_deleted_its_message(moto_url: str, sqs: SQSClient, queue_url: str) -> None:
    """A program that ends as soon as its job was told leaves no message for others to puzzle over."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("job"))
    done = run(DELETES_AT_EXIT, moto_url, queue_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(sqs, queue_url) == 0


FORKS = """
import os, sys, threading, boto3, json
from rekvid.backends.aws.queues import signal_of

sqs = boto3.client("sqs", endpoint_url=sys.argv[1])
signal = signal_of(sqs, sys.argv[2])
send = lambda job: sqs.send_message(QueueUrl=sys.argv[2], MessageBody=json.dumps({"JobId": job, "Status": "SUCCEEDED"}))
send("before")
assert signal.wait("before", 60)
keeper = threading.Thread(target=signal.wait, args=("parent", 60))
keeper.start()
while not signal.reading:
    pass
signal._lock.acquire()  # as if another thread were just inside
child = os.fork()
if child == 0:
    assert not signal.reading
    send("child")
    assert signal_of(sqs, sys.argv[2]) is signal
    heard = signal.wait("child", 60)
    signal.settle(60)
    os._exit(0 if heard else 1)
signal._lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert signal.reading
send("parent")
keeper.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_begins_with_a_reader_of_its_own(moto_url: str, sqs: SQSClient, queue_url: str) -> None:
    """After a fork the child doesn't take the parent's reader for its own, and both hear of their jobs."""
    done = run(FORKS, moto_url, queue_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert left_in(sqs, queue_url) == 0


INTERRUPTED = """
import sys, boto3, rekvid
from rekvid.backends.aws.queues import signal_of
from rekvid.models import LabelDetectionPage

class Running:
    def start(self, request):
        return "job"
    def get(self, request):
        return LabelDetectionPage(job_status="IN_PROGRESS")
    def signal(self, channel=None):
        return signal_of(boto3.client("sqs", endpoint_url=sys.argv[1]), sys.argv[2])
    def close(self):
        pass

job = rekvid.Client(Running()).label_detection_job("job")
try:
    job.wait(on_progress=lambda progress: print("waiting", flush=True))
except KeyboardInterrupt:
    print(job.status())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to be sent on this system")
def test_interrupt_leaves_job_and_queue_intact(moto_url: str, sqs: SQSClient, queue_url: str) -> None:
    """Ctrl-C ends a wait at once; the job can be asked on, and its message and others' are in the queue."""
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("foreign"))
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, moto_url, queue_url], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline() == "waiting\n"
        process.send_signal(signals.SIGINT)
        rest, _ = process.communicate(timeout=LONG)
    assert process.returncode == 0
    assert rest.splitlines()[-1] == "IN_PROGRESS"
    sqs.send_message(QueueUrl=queue_url, MessageBody=notice("job"))
    assert left_in(sqs, queue_url) == 2
