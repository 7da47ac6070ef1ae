"""Requests and videos that nobody should send, made from good ones by chance; a seed gives the same ones again."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

TARGETS = [
    "RekognitionService.StartLabelDetection",
    "RekognitionService.GetLabelDetection",
    "RekognitionService.StartSegmentDetection",
    "RekognitionService.GetSegmentDetection",
]
_NASTY: list[object] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        0.5,
        -0.0,
        1e308,
        2**31,
        2**63,
        10**400,
        "",
        " ",
        "\0",
        "\ud800",
        "\U0001f3ac",
        "a" * 300,
    ),
    *([], {}, [[]], [None], [{}], {"": None}, "..", "../../etc/passwd", "/etc/passwd", "%2e%2e", "SHOT", "x" * 70_000),
    *(
        "arn:aws:sns:" + ":aaaaaaaaaaaa:" * 3000 + "\n",
        "'; DROP TABLE jobs; --",
        "${jndi:ldap://x}",
        "\r\nX-Injected: 1",
    ),
]
_MEMBERS = [
    *("Video", "S3Object", "Bucket", "Name", "Version", "JobId", "NextToken", "MaxResults", "SortBy", "AggregateBy"),
    *("ClientRequestToken", "JobTag", "NotificationChannel", "SNSTopicArn", "RoleArn", "MinConfidence", "Features"),
    *("Settings", "GeneralLabels", "LabelInclusionFilters", "SegmentTypes", "Filters", "ShotFilter", "BlackFrame"),
    *("__proto__", "__class__", "", "\0"),
]


class Hostile:
    """Makes bad requests.

    Args:
        seed: What gives the same requests again.
        job_ids: Jobs that exist.
        tokens: Page tokens of theirs.
        host: What the Host header should say.
    """

    def __init__(self, seed: int, *, job_ids: list[str], tokens: list[str], host: str) -> None:
        self._chance = random.Random(seed)
        self._job_ids = job_ids
        self._tokens = tokens
        self._host = host

    def request(self) -> bytes:
        """A whole request, line, headers and body, that mostly is one."""
        chance = self._chance
        if chance.random() < 0.02:
            return self._bytes(chance.randrange(1, 200)) + b"\r\n\r\n"
        body = self._body()
        headers = self._headers(len(body))
        method = chance.choice(["POST"] * 100 + ["GET", "PUT", "OPTIONS", "HEAD", "X" * 50])
        path = chance.choice(["/"] * 100 + ["/health", "/version", "//", "/../", "/%00", "/" + "a" * 5000, "*"])
        head = "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode("latin-1", "replace")
        if chance.random() < 0.03:
            head = self._mutated(head[:-4]) + b"\r\n\r\n"
        return head + body

    def _headers(self, length: int) -> list[str]:
        chance = self._chance
        target = chance.choice(TARGETS)
        if chance.random() < 0.1:
            target = self._mutated(target.encode()).decode("latin-1").replace("\r", "").replace("\n", "")
        if chance.random() < 0.01:
            length = chance.choice([0, length // 2, -1, 10**12])
        headers = {
            "Host": self._host,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
            "Content-Length": str(length),
        }
        for name in list(headers):
            if chance.random() < 0.02:
                del headers[name]
        while chance.random() < 0.2:
            name = chance.choice(
                ["Host", "X-Amz-Date", "Authorization", "Expect", "X-A", "Accept-Encoding", "Transfer-Encoding"]
            )
            headers[name] = chance.choice(
                ["evil.example", "chunked", "gzip", "", "x" * chance.choice([10, 20_000]), "\xff"]
            )
        return [f"{name}: {value}" for name, value in headers.items()]

    def _body(self) -> bytes:
        chance = self._chance
        makers: list[Callable[[], bytes]] = [
            lambda: self._dump(self._good()),
            lambda: self._dump(self._spoiled()),
            lambda: self._dump(self._spoiled()),
            lambda: self._mutated(self._dump(self._good())),
            lambda: self._bytes(chance.randrange(300)),
            lambda: chance.choice([b"[", b'{"a":', b"[{"]) * chance.choice([1, 500, 20_000]),
            lambda: b'{"MaxResults": ' + b"9" * chance.choice([20, 5000]) + b"}",
            lambda: self._dump({chance.choice(_MEMBERS): chance.choice(_NASTY) for _ in range(4)}),
        ]
        weights = [4, 4, 4, 4, 1, 1, 1, 2]
        return chance.choices(makers, weights)[0]()

    def _good(self) -> dict[str, Any]:
        chance = self._chance
        start = {
            "Video": {"S3Object": {"Bucket": "media", "Name": "film.mp4"}},
            "SegmentTypes": ["SHOT"],
            "ClientRequestToken": f"token-{chance.randrange(50)}",
            "MinConfidence": 50,
        }
        get = {"JobId": chance.choice(self._job_ids), "MaxResults": chance.choice([1, 10, 1000])}
        if chance.random() < 0.5:
            get["NextToken"] = self._token()
        return chance.choice([start, get])

    def _token(self) -> str:
        token = self._chance.choice(self._tokens)
        return token if self._chance.random() < 0.5 else self._mutated(token.encode()).decode("latin-1")

    def _spoiled(self) -> dict[str, Any]:
        """Good parameters of which some, at any depth, were changed for the worse."""
        data = self._good()
        for _ in range(self._chance.randrange(1, 4)):
            inner: Any = data
            while isinstance(inner, dict) and inner:
                key = self._chance.choice([*inner, self._chance.choice(_MEMBERS)])
                if self._chance.random() < 0.5 or not isinstance(inner.get(key), dict):
                    inner[key] = copy.deepcopy(self._chance.choice(_NASTY))  # it may be spoilt further in its turn
                    break
                inner = inner[key]
        return data

    @staticmethod
    def _dump(data: object) -> bytes:
        return json.dumps(data).encode()

    def _bytes(self, count: int) -> bytes:
        return self._chance.randbytes(count)

    def _mutated(self, data: bytes) -> bytes:
        return mutated(data, self._chance)


def mutated(data: bytes, chance: random.Random, *, most: int = 8) -> bytes:
    """`data` with a few bytes changed, taken out, doubled, put in or cut off."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, most)):
        at = chance.randrange(len(changed) + 1)
        size = chance.choice([1, 1, 1, 2, 4, 32, 1000])
        match chance.randrange(6):
            case 0:
                changed[at : at + size] = chance.randbytes(len(changed[at : at + size]))
            case 1:
                del changed[at : at + size]
            case 2:
                changed[at:at] = changed[at : at + size]
            case 3:
                changed[at:at] = chance.randbytes(size)
            case 4:
                changed[at : at + size] = bytes([chance.choice([0, 0x7F, 0xFF])]) * len(changed[at : at + size])
            case _ if chance.random() < 0.2:
                del changed[at:]
    return bytes(changed)


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """`data` with some bytes changed where they stand, so that a container keeps its order and decoders see it."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 4, 20, 100])):
        at = chance.randrange(len(changed))
        size = min(chance.choice([1, 1, 2, 8, 64]), len(changed) - at)
        changed[at : at + size] = chance.choice([chance.randbytes(size), bytes(size), b"\xff" * size])
    return bytes(changed)
