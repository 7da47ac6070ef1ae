"""Checks signatures (version 4) by computing them anew with botocore's own signer.

Sources: IAM user guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4 signing"; API
reference, Common Errors. The messages are the service's.
"""

from __future__ import annotations

import configparser
import dataclasses
import datetime as dt
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from rekvid.clock import Clock, SystemClock
from rekvid.errors import ConfigurationError, ServiceError

WINDOW: Final = 300
"""Seconds that the time of a request may be off, either way; within them a captured request can be sent again."""

_TIME_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED: Final = ("host", "x-amz-date", "x-amz-target", "x-amz-security-token")
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who may call, and what.

    Attributes:
        name: The name of the section in the file; it stands for the user in messages.
        access_key_id: What a request names.
        secret_access_key: What it is signed with.
        session_token: What it has to bring along; None for keys that last.
        allow: Patterns of the operations that this key may call: ``Get*``.
    """

    name: str
    access_key_id: str
    secret_access_key: str = dataclasses.field(repr=False)
    session_token: str | None = dataclasses.field(default=None, repr=False)
    allow: tuple[str, ...] = ("*",)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signature is about.

    Attributes:
        method: The HTTP method.
        target: Path and query, as they were sent.
        headers: The headers, by their names in lower case.
        body: The body.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Keys:
    """The keys of those who may call.

    Args:
        keys: The keys.
        clock: What tells the time, against which the time of a request is held.
    """

    def __init__(self, keys: Iterable[Key], *, clock: Clock | None = None) -> None:
        self._keys = {key.access_key_id: key for key in keys}
        self._clock = clock or SystemClock()

    @classmethod
    def read(cls, path: Path) -> Keys:
        """Read a file in the form of ``~/.aws/credentials``.

        Each section is a key: ``aws_access_key_id``, ``aws_secret_access_key``, ``aws_session_token`` where it has
        one, and ``rekvid_allow``, the operations that it may call, such as ``Get* StartLabelDetection``; all when
        absent.

        Raises:
            ConfigurationError: It can't be read, or a section lacks its key.
        """
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        try:
            parser.read_string(path.read_text(encoding="utf-8"), str(path))
            keys = [
                Key(
                    name=name,
                    access_key_id=section["aws_access_key_id"],
                    secret_access_key=section["aws_secret_access_key"],
                    session_token=section.get("aws_session_token"),
                    allow=tuple(section.get("rekvid_allow", "*").split()),
                )
                for name, section in parser.items()
                if name
            ]
        except (OSError, ValueError, configparser.Error, KeyError) as error:
            wrong = f"a section lacks {error}" if isinstance(error, KeyError) else error
            raise ConfigurationError(f"the credentials {path} can't be read: {wrong}") from error
        if not keys:
            raise ConfigurationError(f"the credentials {path} hold no key: write one as in ~/.aws/credentials")
        return cls(keys)

    def check(self, request: Signed, operation: str) -> None:
        """Check that `request` is signed by one of the keys, and that this key may call `operation`.

        Raises:
            ServiceError: It isn't or it may not: ``MissingAuthenticationTokenException``,
                ``IncompleteSignatureException``, ``UnrecognizedClientException``, ``InvalidSignatureException`` or
                ``AccessDeniedException``.
        """
        try:
            key = self._check(request)
        except _RefusedError as refused:
            raise ServiceError.of(refused.code, str(refused), operation=operation) from None
        if not any(fnmatch.fnmatchcase(operation, pattern) for pattern in key.allow):
            message = f"User: {key.name} is not authorized to perform: rekognition:{operation}"
            raise ServiceError.of("AccessDeniedException", message, operation=operation)

    def _check(self, request: Signed) -> Key:
        header = request.headers.get("authorization")
        if header is None:
            raise _RefusedError("MissingAuthenticationTokenException", "Missing Authentication Token")
        match = _AUTHORIZATION.fullmatch(header.strip())
        if match is None:
            message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
            raise _RefusedError("IncompleteSignatureException", message)
        access_key_id, *scope = match["credential"].split("/")
        names = match["headers"].split(";")
        self._check_time(request, scope, names)
        key = self._keys.get(access_key_id)
        if key is None or (key.session_token or "") != request.headers.get("x-amz-security-token", ""):
            message = "The security token included in the request is invalid."
            raise _RefusedError("UnrecognizedClientException", message)
        if not hmac.compare_digest(_signature(request, names, key, region=scope[1]), match["signature"]):
            raise _RefusedError("InvalidSignatureException", _MISMATCH)
        return key

    def _check_time(self, request: Signed, scope: list[str], names: list[str]) -> None:
        """Check what the signature covers, and when it was made."""
        missing = [name for name in _MUST_BE_SIGNED if name in request.headers and name not in names]
        missing += [name for name in names if name not in request.headers]
        if missing or "x-amz-date" not in request.headers:
            message = f"The headers to be signed and those that came don't agree: {', '.join(missing) or 'x-amz-date'}"
            raise _RefusedError("InvalidSignatureException", message)
        stamp = request.headers["x-amz-date"]
        try:
            signed_at = dt.datetime.strptime(stamp, _TIME_FORMAT).replace(tzinfo=dt.UTC)
        except ValueError:
            message = f"Date must be in ISO-8601 'basic format'. Got '{stamp[:64]}'."
            raise _RefusedError("IncompleteSignatureException", message) from None
        if len(scope) != 4 or scope[0] != stamp[:8] or scope[2:] != ["rekognition", "aws4_request"]:
            message = "Credential should be scoped to correct service: 'rekognition'."
            raise _RefusedError("InvalidSignatureException", message)
        now = dt.datetime.fromtimestamp(self._clock.time(), dt.UTC)
        earliest, latest = now - dt.timedelta(seconds=WINDOW), now + dt.timedelta(seconds=WINDOW)
        shown = f"{now:{_TIME_FORMAT}}"
        if signed_at < earliest:
            message = f"Signature expired: {stamp} is now earlier than {earliest:{_TIME_FORMAT}} ({shown} - 5 min.)"
            raise _RefusedError("InvalidSignatureException", message)
        if signed_at > latest:
            message = (
                f"Signature not yet current: {stamp} is still later than {latest:{_TIME_FORMAT}} ({shown} + 5 min.)"
            )
            raise _RefusedError("InvalidSignatureException", message)


class _RefusedError(Exception):
    """The request is not signed as it has to be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Signer(SigV4Auth):
    """botocore's signer, told by the request which headers are signed; by itself it leaves some out."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name] = value
        return headers


def _signature(request: Signed, names: list[str], key: Key, *, region: str) -> str:
    # http, so that the body is always part of what is signed.
    copy = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.target}",
        headers={name: request.headers[name] for name in names if name != "x-amz-content-sha256"},
        data=request.body,
    )
    if "x-amz-content-sha256" in names:  # what the header says counts only where it is true
        copy.headers["x-amz-content-sha256"] = hashlib.sha256(request.body).hexdigest()
    copy.context["timestamp"] = request.headers["x-amz-date"]
    signer = _Signer(Credentials(key.access_key_id, key.secret_access_key), "rekognition", region)
    return str(signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy))
