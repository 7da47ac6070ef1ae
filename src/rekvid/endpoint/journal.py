"""What the endpoint has to remember of the jobs that it started: which are open, and which notices are due.

Results and states are the backend's. SQLite, in a file or in memory; one endpoint at a time has a file.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
from pathlib import Path
from typing import Final

from rekvid.clock import Clock
from rekvid.errors import ConfigurationError
from rekvid.models import Video
from rekvid.operations import StartRequest

LIFETIME: Final = 7 * 24 * 60 * 60
"""Seconds for which a job and its ClientRequestToken live (API reference, StartLabelDetection)."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    operation TEXT NOT NULL,     -- StartLabelDetection
    created REAL NOT NULL,       -- seconds since the epoch
    request_token TEXT,
    job_tag TEXT,
    topic_arn TEXT,              -- NULL: nobody wants to be told
    video TEXT NOT NULL,         -- as JSON
    is_open INTEGER NOT NULL DEFAULT 1,
    notice TEXT                  -- a message that has not gone through yet
);
CREATE INDEX IF NOT EXISTS jobs_by_request_token ON jobs (operation, request_token);
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One job.

    Attributes:
        job_id: Its id.
        operation: The name of the operation that started it.
        job_tag: Its tag.
        topic_arn: The topic that is to be told of its end.
        video: Its video.
        notice: The message that is still to be sent.
    """

    job_id: str
    operation: str
    job_tag: str | None
    topic_arn: str | None
    video: Video
    notice: str | None


class Journal:
    """The jobs of the last 7 days. May be used from any thread.

    Args:
        path: The file; made with its folder if missing. None keeps all in memory.
        clock: What tells the time.

    Raises:
        ConfigurationError: The file can't be used, or another endpoint uses it.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _connect(path)
        except (OSError, sqlite3.DatabaseError) as error:
            hint = "another endpoint uses it, or it can't be written to: name another folder"
            raise ConfigurationError(f"the endpoint's journal {path} can't be used: {error} ({hint})") from error

    def add(self, job_id: str, request: StartRequest) -> bool:
        """Note a job as open; False if it is known already, as after a replayed token."""
        channel = request.notification_channel
        video = request.video if isinstance(request.video, Video) else Video()
        with self._lock:
            self._database.execute("DELETE FROM jobs WHERE created < ?", (self._clock.time() - LIFETIME,))
            added = self._database.execute(
                "INSERT OR IGNORE INTO jobs (id, operation, created, request_token, job_tag, topic_arn, video)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    request.operation_name(),
                    self._clock.time(),
                    request.client_request_token,
                    request.job_tag,
                    channel.sns_topic_arn if channel else None,
                    json.dumps(video.to_aws()),
                ),
            )
            return added.rowcount == 1

    def knows_token(self, request: StartRequest) -> bool:
        """Whether the request's token has begun a job within 7 days."""
        if request.client_request_token is None:
            return False
        query = "SELECT 1 FROM jobs WHERE operation = ? AND request_token = ? AND created >= ?"
        values = (request.operation_name(), request.client_request_token, self._clock.time() - LIFETIME)
        with self._lock:
            return self._database.execute(query, values).fetchone() is not None

    def open_jobs(self) -> list[Entry]:
        """The jobs whose end was not noted."""
        return self._select("is_open")

    def unsent(self) -> list[Entry]:
        """The jobs that have ended and whose notice was not sent."""
        return self._select("notice IS NOT NULL")

    def find(self, job_id: str) -> Entry | None:
        """An open job; None if it is not open, or unknown."""
        found = self._select("is_open AND id = ?", job_id)
        return found[0] if found else None

    def end(self, job_id: str, notice: str | None) -> bool:
        """Note that a job has ended, and the notice that is due; False if that was noted before."""
        with self._lock:
            update = "UPDATE jobs SET is_open = 0, notice = ? WHERE id = ? AND is_open"
            return self._database.execute(update, (notice, job_id)).rowcount == 1

    def sent(self, job_id: str) -> None:
        """Note that the notice of a job has gone through."""
        with self._lock:
            self._database.execute("UPDATE jobs SET notice = NULL WHERE id = ?", (job_id,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _select(self, condition: str, *values: str) -> list[Entry]:
        with self._lock:
            rows = self._database.execute(
                f"SELECT id, operation, job_tag, topic_arn, video, notice FROM jobs WHERE {condition} ORDER BY created",  # noqa: S608  # one of the conditions above
                values,
            ).fetchall()
        return [
            Entry(
                job_id=job_id,
                operation=operation,
                job_tag=job_tag,
                topic_arn=topic_arn,
                video=Video.from_json(video),
                notice=notice,
            )
            for job_id, operation, job_tag, topic_arn, video, notice in rows
        ]


def _connect(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(path or ":memory:", timeout=0, check_same_thread=False, isolation_level=None)
    try:
        # Two endpoints on one file would each announce the other's jobs. Held from the first write to the close.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database
