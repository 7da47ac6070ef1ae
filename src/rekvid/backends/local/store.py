"""Where jobs and their results live: SQLite, in a file that other processes can read, or in memory.

The rules are the service's: results and ``client_request_token`` are kept for 7 days, pages hold at most 1000
items, tokens are opaque and live for 24 hours (see `rekvid.backends.local.tokens`).
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from rekvid.backends.local import tokens
from rekvid.clock import Clock
from rekvid.errors import (
    ConfigurationError,
    IdempotentParameterMismatchError,
    InvalidPaginationTokenError,
    ResourceNotFoundError,
)
from rekvid.models import JobPage, JsonValue, Shape, Video, VideoJobStatus
from rekvid.models._shape import aws_name
from rekvid.operations import (
    MAX_RESULTS,
    GetLabelDetectionRequest,
    GetRequest,
    PageT,
    StartRequest,
    operation_of_get,
)

LIFETIME: Final = 7 * 24 * 60 * 60  # seconds
_SCHEMA_VERSION: Final = 2  # 1 had no orders
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    operation TEXT NOT NULL,     -- LabelDetection
    owner TEXT NOT NULL,         -- the backend that runs it
    created REAL NOT NULL,       -- seconds since the epoch
    request_token TEXT,
    fingerprint TEXT NOT NULL,   -- the request without its token
    status TEXT NOT NULL,
    message TEXT,
    head TEXT NOT NULL,          -- the page without its items, as JSON
    items INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_request_token ON jobs (operation, request_token);
CREATE TABLE IF NOT EXISTS items (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,          -- as JSON
    PRIMARY KEY (job_id, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,          -- see order_name
    position INTEGER NOT NULL,
    item INTEGER NOT NULL,       -- the position in items
    PRIMARY KEY (job_id, name, position)
) WITHOUT ROWID;
"""


def order_name(sort_by: str, aggregate_by: str) -> str:
    """What an order of labels is stored under."""
    return f"{aggregate_by}/{sort_by}"


class Store:
    """Jobs and results. May be used from any thread, and by several processes at once.

    Args:
        path: The database file; made with its folder if missing. None keeps all in memory.
        clock: What tells the time, for the lifetimes.
        owner: Who runs the jobs that are created here.
        is_alive: Tells whether an owner still runs; jobs of one that doesn't are FAILED when they are next read.
        new_id: Makes job ids.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Clock,
        owner: str,
        is_alive: Callable[[str], bool] = lambda _: True,
        new_id: Callable[[], str] = lambda: secrets.token_hex(32),
    ) -> None:
        self._clock = clock
        self._owner = owner
        self._is_alive = is_alive
        self._new_id = new_id
        self._lock = threading.RLock()
        # One connection under a lock; autocommit, with transactions where more than one statement belongs together.
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = _connect(path)
            # A store that nobody closed, as that of a test's fake, leaves no open database behind.
            weakref.finalize(self, self._database.close).atexit = False
            self._secret: bytes = self._database.execute("SELECT value FROM meta WHERE key = 'secret'").fetchone()[0]
        except (OSError, sqlite3.DatabaseError) as error:
            raise ConfigurationError(f"the store {path} can't be used: {error}; name another folder") from error

    def create(self, request: StartRequest) -> tuple[str, bool]:
        """Note a new job as IN_PROGRESS, or find the one that the request's token began.

        Returns:
            The job id, and whether the job is new.

        Raises:
            IdempotentParameterMismatchError: The token began a job with other parameters.
        """
        operation = request.operation_name()
        fingerprint = _fingerprint(request)
        with self._transaction() as database:
            database.execute("DELETE FROM jobs WHERE created < ?", (self._clock.time() - LIFETIME,))
            if request.client_request_token is not None:
                row = database.execute(
                    "SELECT id, fingerprint FROM jobs WHERE operation = ? AND request_token = ?",
                    (operation, request.client_request_token),
                ).fetchone()
                if row is not None and row["fingerprint"] != fingerprint:
                    message = "this ClientRequestToken was used with other parameters within 7 days"
                    raise IdempotentParameterMismatchError(message, operation=operation)
                if row is not None:
                    return str(row["id"]), False
            job_id = self._new_id()
            video = request.video if isinstance(request.video, Video) else None
            head = JobPage(job_id=job_id, video=video, job_tag=request.job_tag)
            database.execute(
                "INSERT INTO jobs (id, operation, owner, created, request_token, fingerprint, status, head)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    operation,
                    self._owner,
                    self._clock.time(),
                    request.client_request_token,
                    fingerprint,
                    VideoJobStatus.IN_PROGRESS.value,
                    json.dumps(head.to_aws()),
                ),
            )
            return job_id, True

    def add_items(self, job_id: str, items: Iterable[JsonValue]) -> None:
        """Note more results of a job that goes on, in the AWS shape. Nobody sees them before it has succeeded."""
        with self._transaction() as database:
            self._append(database, job_id, items)

    def add_order(self, job_id: str, name: str, positions: Sequence[int]) -> None:
        """Note more of an order in which a job's items can be read, as their positions among all items.

        A job with any order is read in the one that a request asks for, and one with none as its items came.
        """
        with self._transaction() as database:
            if self._is_known(database, job_id):
                count = self._order_length(job_id, name)
                rows = [(job_id, name, count + place, position) for place, position in enumerate(positions)]
                database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)

    def succeed(self, job_id: str, head: dict[str, JsonValue], items: Iterable[JsonValue]) -> None:
        """Note the end of a job and the last of its results: `head` is the page without its items."""
        with self._transaction() as database:
            count = self._append(database, job_id, items)
            row = database.execute("SELECT head FROM jobs WHERE id = ?", (job_id,)).fetchone()
            if row is not None:
                database.execute(
                    "UPDATE jobs SET status = ?, head = ?, items = ? WHERE id = ?",
                    (VideoJobStatus.SUCCEEDED.value, json.dumps(head | json.loads(row["head"])), count, job_id),
                )

    def fail(self, job_id: str, message: str) -> None:
        """Note that a job failed, unless it has ended already."""
        with self._transaction() as database:
            changed = database.execute(
                "UPDATE jobs SET status = ?, message = ? WHERE id = ? AND status = ?",
                (VideoJobStatus.FAILED.value, message, job_id, VideoJobStatus.IN_PROGRESS.value),
            )
            if changed.rowcount:  # what it had found so far is of no use to anybody
                database.execute("DELETE FROM items WHERE job_id = ?", (job_id,))
                database.execute("DELETE FROM orders WHERE job_id = ?", (job_id,))

    def get(self, request: GetRequest[PageT]) -> PageT:
        """The page that `request` asks for; raises what `get_json` does."""
        return operation_of_get(request).page.from_json(self.get_json(request))

    def get_json(self, request: GetRequest[PageT]) -> bytes:
        """The page that `request` asks for, as JSON in the AWS shape.

        Raises:
            InvalidPaginationTokenError: The token is of another job or order, or older than 24 hours.
            ResourceNotFoundError: There is no such job, or it is older than 7 days.
        """
        self._fail_if_orphaned(request.job_id)
        with self._transaction("DEFERRED"):  # the job and its items as they were at one moment
            job = self._job(request)
            scope = _scope(request)
            position = self._position(request, scope)
            limit = min(request.max_results or MAX_RESULTS, MAX_RESULTS)
            count, rows = self._items(request, job, position, limit)
        member = aws_name(operation_of_get(request).items)
        head = json.loads(job["head"]) | {"JobStatus": job["status"]}
        if job["message"] is not None:
            head["StatusMessage"] = job["message"]
        if position + limit < count:
            head["NextToken"] = tokens.issue(self._secret, scope, position + limit, self._clock.time())
        if isinstance(request, GetLabelDetectionRequest):
            head["GetRequestMetadata"] = _order(request)
        # The items are JSON already: joined, not parsed and written again.
        items = ",".join(rows)
        return f'{json.dumps(head)[:-1]},"{member}":[{items}]}}'.encode()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def _fail_if_orphaned(self, job_id: str) -> None:
        with self._lock:
            row = self._database.execute("SELECT status, owner FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is not None and row["status"] == VideoJobStatus.IN_PROGRESS and not self._is_alive(row["owner"]):
            self.fail(job_id, "The process that ran this job ended before the job did.")

    def _job(self, request: GetRequest[PageT]) -> sqlite3.Row:
        name = request.operation_name()
        query = "SELECT * FROM jobs WHERE id = ? AND operation = ? AND created >= ?"
        parameters = (request.job_id, name.replace("Get", "Start", 1), self._clock.time() - LIFETIME)
        row: sqlite3.Row | None = self._database.execute(query, parameters).fetchone()
        if row is None:
            raise ResourceNotFoundError(f"Could not find JobId {request.job_id}", operation=name)
        return row

    def _items(self, request: GetRequest[PageT], job: sqlite3.Row, position: int, limit: int) -> tuple[int, list[str]]:
        """How many items there are in the order asked for, and those of the page, as JSON."""
        if job["status"] != VideoJobStatus.SUCCEEDED:
            return 0, []
        if not self._database.execute("SELECT 1 FROM orders WHERE job_id = ? LIMIT 1", (request.job_id,)).fetchone():
            query = "SELECT item FROM items WHERE job_id = ? AND position >= ? ORDER BY position LIMIT ?"
            rows = self._database.execute(query, (request.job_id, position, limit))
            return job["items"], [row["item"] for row in rows]
        order = (request.job_id, _order_of(request))
        rows = self._database.execute(
            "SELECT items.item FROM orders JOIN items ON items.job_id = orders.job_id AND items.position = orders.item"
            " WHERE orders.job_id = ? AND orders.name = ? AND orders.position >= ?"
            " ORDER BY orders.position LIMIT ?",
            (*order, position, limit),
        )
        return self._order_length(*order), [row["item"] for row in rows]

    def _order_length(self, job_id: str, name: str) -> int:
        # Not count(*), which would read them all.
        query = "SELECT coalesce(max(position) + 1, 0) FROM orders WHERE job_id = ? AND name = ?"
        (length,) = self._database.execute(query, (job_id, name)).fetchone()
        return int(length)

    @staticmethod
    def _is_known(database: sqlite3.Connection, job_id: str) -> bool:
        """Whether the job is there: it isn't when it ran for longer than 7 days."""
        return database.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone() is not None

    def _append(self, database: sqlite3.Connection, job_id: str, items: Iterable[JsonValue]) -> int:
        """Add `items` to those of the job; return how many it has then."""
        if not self._is_known(database, job_id):
            return 0
        query = "SELECT coalesce(max(position) + 1, 0) FROM items WHERE job_id = ?"
        (count,) = database.execute(query, (job_id,)).fetchone()
        rows = [(job_id, count + place, json.dumps(item)) for place, item in enumerate(items)]
        database.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
        return int(count) + len(rows)

    def _position(self, request: GetRequest[PageT], scope: str) -> int:
        if not request.next_token:
            return 0
        try:
            return tokens.read(self._secret, scope, request.next_token, self._clock.time())
        except tokens.BadTokenError:
            message = "Invalid pagination token: it belongs to another request, or is older than 24 hours"
            raise InvalidPaginationTokenError(message, operation=request.operation_name()) from None

    @contextmanager
    def _transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute(f"BEGIN {mode}")
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite has rolled back by itself after some errors
                    self._database.execute("ROLLBACK")
                raise


def _connect(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(path or ":memory:", timeout=30, check_same_thread=False, isolation_level=None)
    try:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA foreign_keys = ON")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if not 0 <= version <= _SCHEMA_VERSION:
            message = f"its layout has version {version}, and this rekvid knows {_SCHEMA_VERSION}"
            raise sqlite3.DatabaseError(message)  # noqa: TRY301  # closes the connection on its way
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        database.execute("INSERT OR IGNORE INTO meta VALUES ('secret', ?)", (secrets.token_bytes(32),))
    except BaseException:
        database.close()
        raise
    return database


def _fingerprint(request: StartRequest) -> str:
    """What makes two requests the same: all parameters but the token, in a form that outlives an upgrade."""
    members = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    del members["client_request_token"]
    given = {name: _plain(member) for name, member in members.items() if member is not None and member != ()}
    return json.dumps(given, sort_keys=True)


def _plain(member: object) -> object:
    if isinstance(member, Shape):
        return member.to_aws()
    return str(member) if isinstance(member, Path) else member


def _scope(request: GetRequest[PageT]) -> str:
    """What a page token belongs to: the job, and the order of the items."""
    order = _order(request) if isinstance(request, GetLabelDetectionRequest) else {}
    return json.dumps([request.operation_name(), request.job_id, order], sort_keys=True)


def _order_of(request: GetRequest[PageT]) -> str:
    order = _order(request) if isinstance(request, GetLabelDetectionRequest) else {}
    return order_name(order.get("SortBy", ""), order.get("AggregateBy", ""))


def _order(request: GetLabelDetectionRequest) -> dict[str, str]:
    """The order of labels that is asked for, defaults filled in."""
    return {"SortBy": request.sort_by or "TIMESTAMP", "AggregateBy": request.aggregate_by or "TIMESTAMPS"}
