"""What Rekognition publishes at the end of a job, read from the body of an SQS message.

SNS puts it as a string into an envelope, or passes it on as it is under raw message delivery
(https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html). Whoever may write to the queue may write anything,
so nothing about a body is believed: it is bounded, and each type is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

_LONGEST: Final = 65_536  # characters; a notice with the longest key and tag, quoted twice, stays under a third of it
_JOB_ID: Final = re.compile(r"[a-zA-Z0-9\-_]{1,64}")


class MalformedNoticeError(Exception):
    """A body that is no notice. Says what is wrong, and quotes nothing of it. Never leaves the AWS backend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a job has ended. A hint to ask for the job, not the truth about it.

    Attributes:
        job_id: The job.
        status: SUCCEEDED, FAILED or ERROR, or what the service has come to say since.
        api: The operation that began the job, such as ``StartLabelDetection``; None if untold.
        job_tag: The tag of the start; None if it had none.
        timestamp: When the job ended, in milliseconds since the epoch (UTC); None if untold.
    """

    job_id: str
    status: str
    api: str | None = None
    job_tag: str | None = None
    timestamp: int | None = None


def read_notice(body: str) -> Notice:
    """Read the body of a message.

    Args:
        body: In an SNS envelope or bare.

    Raises:
        MalformedNoticeError: It is not a notice of Rekognition.
    """
    found = _object(body, "the body")
    if "JobId" not in found and ("Message" in found or "Type" in found):
        kind = found.get("Type", "Notification")
        if kind != "Notification":
            raise MalformedNoticeError("the body is an SNS envelope, but not that of a notification")
        found = _object(found.get("Message"), "the envelope's Message")
    job_id = _text(found, "JobId")
    if job_id is None or not _JOB_ID.fullmatch(job_id):
        raise MalformedNoticeError("JobId is not 1-64 letters, digits, '-' and '_'")
    status = _text(found, "Status")
    if not status:
        raise MalformedNoticeError("Status is missing or empty")
    timestamp = found.get("Timestamp")
    # bool is an int to Python, not to JSON
    if timestamp is not None and (not isinstance(timestamp, int) or isinstance(timestamp, bool)):
        raise MalformedNoticeError(f"Timestamp is a {type(timestamp).__name__}, not a whole number")
    return Notice(
        job_id=job_id, status=status, api=_text(found, "API"), job_tag=_text(found, "JobTag"), timestamp=timestamp
    )


def _object(text: object, what: str) -> dict[str, object]:
    if not isinstance(text, str):
        raise MalformedNoticeError(f"{what} is a {type(text).__name__}, not text")
    if len(text) > _LONGEST:
        raise MalformedNoticeError(f"{what} has {len(text)} characters, a notice at most {_LONGEST}")
    try:
        # Unlike json.loads, this answers deep nesting with a ValueError rather than a RecursionError.
        # TypeError is what it makes of text with half a surrogate pair.
        found = from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError):
        raise MalformedNoticeError(f"{what} is not JSON, or is nested too deeply") from None
    if not isinstance(found, dict):
        raise MalformedNoticeError(f"{what} is a JSON {type(found).__name__}, not an object")
    return found


def _text(found: dict[str, object], key: str) -> str | None:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise MalformedNoticeError(f"{key} is a {type(value).__name__}, not text")
    return value
