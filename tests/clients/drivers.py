"""The clients of other makers, each behind the same two methods."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_sqs import SQSClient

HERE = Path(__file__).parent
_CLI_ERROR = re.compile(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached .*?\))?: (.*)")


class Refused(Exception):  # noqa: N818  # it stands for whatever a client raises
    """What a client makes of a refusal."""

    def __init__(self, code: str, message: str, status: int | None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class Driver(Protocol):
    """A client. Addresses, keys and region come from the environment, as in a user's program."""

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call an operation of Rekognition.

        Raises:
            Refused: It was refused.
        """
        ...

    def receive(self, queue_url: str) -> list[str]:
        """The bodies of the messages that are in the queue."""
        ...

    def close(self) -> None: ...


class Boto3:
    """boto3."""

    def __init__(self, environment: dict[str, str]) -> None:
        del environment  # it is this process's own, by the fixtures
        self._rekognition: RekognitionClient = boto3.client(
            "rekognition", config=Config(retries={"total_max_attempts": 1})
        )
        self._sqs: SQSClient = boto3.client("sqs")

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._rekognition, xform_name(operation))(**parameters)
        except ClientError as error:
            details = error.response.get("Error", {})
            metadata = error.response.get("ResponseMetadata")
            assert metadata is not None
            assert metadata["RequestId"]
            raise Refused(details.get("Code", ""), details.get("Message", ""), metadata["HTTPStatusCode"]) from None
        assert answer.pop("ResponseMetadata")["RequestId"]
        return answer

    def receive(self, queue_url: str) -> list[str]:
        answer = self._sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5, MaxNumberOfMessages=10)
        return [message.get("Body", "") for message in answer.get("Messages", [])]

    def close(self) -> None:
        self._rekognition.close()
        self._sqs.close()


class AwsCli:
    """The AWS command line, a process for each call."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._program = _program("aws")
        self._environment = {**os.environ, **environment, "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._run("rekognition", operation, parameters)

    def receive(self, queue_url: str) -> list[str]:
        answer = self._run("sqs", "ReceiveMessage", {"QueueUrl": queue_url, "WaitTimeSeconds": 5})
        return [message["Body"] for message in answer.get("Messages", [])]

    def close(self) -> None:
        """Nothing stays open."""

    def _run(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        # By option, as users type it, and as this version's SQS doesn't look at the variable.
        address = ["--endpoint-url", self._environment[f"AWS_ENDPOINT_URL_{service.upper()}"]]
        return self.run([service, xform_name(operation, "-"), *address, "--cli-input-json", json.dumps(parameters)])

    def run(self, command: list[str]) -> dict[str, Any]:
        """Call it with the words of a command line."""
        done = subprocess.run(
            [self._program, *command], capture_output=True, text=True, env=self._environment, timeout=60, check=False
        )
        if done.returncode:
            match = _CLI_ERROR.search(done.stderr)
            assert match is not None, done.stderr
            raise Refused(match[1], match[2].strip(), None)
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer


class JavaScript:
    """The AWS SDK for JavaScript, version 3, in a Node.js process."""

    def __init__(self, environment: dict[str, str]) -> None:
        node, modules = _program("node"), os.environ["REKVID_JS_MODULES"]
        self._process = subprocess.Popen(
            [node, str(HERE / "client.cjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, "NODE_PATH": modules},
        )

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._send("rekognition", operation, parameters)

    def receive(self, queue_url: str) -> list[str]:
        answer = self._send("sqs", "ReceiveMessage", {"QueueUrl": queue_url, "WaitTimeSeconds": 5})
        return [message["Body"] for message in answer.get("Messages", [])]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def _send(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"service": service, "operation": operation, "parameters": parameters}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            error = answer["error"]
            if service == "rekognition":
                assert error["requestId"], error
            raise Refused(error["code"], error["message"], error.get("status"))
        result: dict[str, Any] = answer["result"]
        return result


def _program(name: str) -> str:
    """Where the program lies; without the session that has all of them, its tests are skipped."""
    if os.environ.get("REKVID_CLIENTS") != "all":
        pytest.skip("`nox -s clients` has the clients of other makers")
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return found
