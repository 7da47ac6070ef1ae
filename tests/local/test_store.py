from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rekvid.backends.local.store import Store, order_name
from rekvid.errors import (
    ConfigurationError,
    IdempotentParameterMismatchError,
    InvalidPaginationTokenError,
    ResourceNotFoundError,
)
from rekvid.models import JsonValue, Label, LabelDetection, VideoJobStatus
from rekvid.operations import GetLabelDetectionRequest, StartLabelDetectionRequest, StartSegmentDetectionRequest
from rekvid.testing import ManualClock

LABELS = [LabelDetection(timestamp=each, label=Label(name="Car", confidence=90.0)).to_aws() for each in range(2500)]
REQUEST = StartLabelDetectionRequest(video="s3://media/street.mp4")  # type: ignore[arg-type]  # turned into a Video


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Iterator[Store]:
    store = Store(None, clock=clock, owner="test")
    yield store
    store.close()


def _start(token: str | None = None, confidence: float = 50) -> StartLabelDetectionRequest:
    return StartLabelDetectionRequest(
        video="s3://media/street.mp4",  # type: ignore[arg-type]  # turned into a Video
        client_request_token=token,
        min_confidence=confidence,
    )


def test_pages_hold_a_thousand_at_most(store: Store) -> None:
    """Without or with too large a max_results a page holds 1000 items, and the last one the rest."""
    job_id, _ = store.create(REQUEST)
    store.succeed(job_id, {"LabelModelVersion": "test"}, LABELS)
    for asked in (None, 1000, 1001, 10**9):
        sizes, token = [], None
        while True:
            page = store.get(GetLabelDetectionRequest(job_id=job_id, max_results=asked, next_token=token))
            sizes.append(len(page.labels))
            token = page.next_token
            if token is None:
                break
        assert sizes == [1000, 1000, 500]


def test_token_is_bound_to_the_order(store: Store) -> None:
    """A token of one order can't be used to read on in another, as it counts positions."""
    job_id, _ = store.create(REQUEST)
    store.succeed(job_id, {}, LABELS)
    token = store.get(GetLabelDetectionRequest(job_id=job_id, max_results=1)).next_token
    assert store.get(GetLabelDetectionRequest(job_id=job_id, max_results=5, next_token=token)).labels
    with pytest.raises(InvalidPaginationTokenError):
        store.get(GetLabelDetectionRequest(job_id=job_id, next_token=token, sort_by="NAME"))


def test_job_in_progress_answers_as_the_service_does(store: Store) -> None:
    """A job in progress has an empty list of items and no metadata of the video."""
    job_id, _ = store.create(REQUEST)
    page = store.get(GetLabelDetectionRequest(job_id=job_id))
    assert page.job_status == VideoJobStatus.IN_PROGRESS
    assert page.to_aws()["Labels"] == []
    assert page.video_metadata is None
    assert page.next_token is None


def _names(store: Store, job_id: str, **order: str) -> list[str]:
    found: list[str] = []
    token = None
    while True:
        page = store.get(GetLabelDetectionRequest(job_id=job_id, max_results=2, next_token=token, **order))
        found += [each.label.name for each in page.labels]
        token = page.next_token
        if token is None:
            return found


def _named(name: str) -> JsonValue:
    return LabelDetection(timestamp=0, label=Label(name=name, confidence=90.0)).to_aws()


def test_items_are_read_in_the_order_asked_for(store: Store) -> None:
    """A job with orders is read in that of the request, page by page, each order with items of its own."""
    job_id, _ = store.create(REQUEST)
    store.add_items(job_id, [_named("Car"), _named("Dog")])
    store.add_order(job_id, order_name("TIMESTAMP", "TIMESTAMPS"), [0, 1])
    store.add_order(job_id, order_name("TIMESTAMP", "TIMESTAMPS"), [2])
    store.add_order(job_id, order_name("NAME", "TIMESTAMPS"), [2, 0, 1])
    store.add_order(job_id, order_name("NAME", "SEGMENTS"), [3])
    store.succeed(job_id, {}, [_named("Ant"), _named("Stretch")])
    assert _names(store, job_id) == ["Car", "Dog", "Ant"]
    assert _names(store, job_id, sort_by="NAME") == ["Ant", "Car", "Dog"]
    assert _names(store, job_id, sort_by="NAME", aggregate_by="SEGMENTS") == ["Stretch"]
    assert _names(store, job_id, aggregate_by="SEGMENTS") == []


def test_items_are_hidden_until_the_job_has_succeeded(tmp_path: Path, clock: ManualClock) -> None:
    """Items that came ahead of the end are seen by nobody, and go when the job fails."""
    store = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="test")
    job_id, _ = store.create(REQUEST)
    store.add_items(job_id, LABELS[:10])
    store.add_order(job_id, order_name("TIMESTAMP", "TIMESTAMPS"), list(range(10)))
    page = store.get(GetLabelDetectionRequest(job_id=job_id, max_results=1))
    assert (page.labels, page.next_token) == ((), None)
    store.fail(job_id, "the end")
    page = store.get(GetLabelDetectionRequest(job_id=job_id))
    assert (page.labels, page.job_status) == ((), VideoJobStatus.FAILED)
    assert _count_items(tmp_path / "jobs.sqlite3") == 0
    store.close()


def test_store_without_orders_is_read_on(tmp_path: Path, clock: ManualClock) -> None:
    """A file of the layout before orders came is taken on as it is."""
    path = tmp_path / "jobs.sqlite3"
    first = Store(path, clock=clock, owner="first")
    job_id, _ = first.create(REQUEST)
    first.succeed(job_id, {}, LABELS[:3])
    first.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE orders")
        database.execute("PRAGMA user_version = 1")
    second = Store(path, clock=clock, owner="second")
    assert len(second.get(GetLabelDetectionRequest(job_id=job_id)).labels) == 3
    second.close()


def test_replay_of_a_request_token(store: Store, clock: ManualClock) -> None:
    """A token and its parameters give one job for 7 days; other parameters are refused; operations don't mix."""
    job_id, is_new = store.create(_start("token"))
    assert is_new
    assert store.create(_start("token")) == (job_id, False)
    with pytest.raises(IdempotentParameterMismatchError):
        store.create(_start("token", confidence=60))
    segments = StartSegmentDetectionRequest(
        video="s3://media/street.mp4",  # type: ignore[arg-type]  # turned into a Video
        segment_types=("SHOT",),
        client_request_token="token",
    )
    assert store.create(segments)[1]
    clock.advance(7 * 24 * 3600 + 1)
    assert store.create(_start("token", confidence=60))[1]


def test_no_token_begins_a_job_each_time(store: Store) -> None:
    """Two starts without a token are two jobs."""
    assert store.create(_start())[0] != store.create(_start())[0]


def test_end_of_a_job_is_final(store: Store) -> None:
    """A job that has succeeded can't fail any more."""
    job_id, _ = store.create(REQUEST)
    store.succeed(job_id, {}, LABELS[:1])
    store.fail(job_id, "too late")
    page = store.get(GetLabelDetectionRequest(job_id=job_id))
    assert (page.job_status, page.status_message) == (VideoJobStatus.SUCCEEDED, None)


def _count_items(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM items").fetchone()[0])


def test_expired_jobs_take_their_items_along(tmp_path: Path, clock: ManualClock) -> None:
    """After 7 days a job is gone, and so is the room that its items took."""
    store = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="test")
    job_id, _ = store.create(REQUEST)
    store.succeed(job_id, {}, LABELS)
    clock.advance(7 * 24 * 3600 + 1)
    with pytest.raises(ResourceNotFoundError):
        store.get(GetLabelDetectionRequest(job_id=job_id))
    assert _count_items(tmp_path / "jobs.sqlite3") == len(LABELS)
    store.create(_start())
    assert _count_items(tmp_path / "jobs.sqlite3") == 0
    store.close()


def test_results_of_an_expired_job_are_dropped(tmp_path: Path, clock: ManualClock) -> None:
    """A job that outlives its own lifetime ends without an error, and leaves nothing behind."""
    store = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="test")
    job_id, _ = store.create(REQUEST)
    clock.advance(7 * 24 * 3600 + 1)
    store.create(_start())
    store.succeed(job_id, {}, LABELS)
    assert _count_items(tmp_path / "jobs.sqlite3") == 0
    store.close()


def test_another_store_on_the_same_file_reads_on(tmp_path: Path, clock: ManualClock) -> None:
    """What one store wrote another one reads, tokens included."""
    first = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="first")
    job_id, _ = first.create(REQUEST)
    first.succeed(job_id, {}, LABELS)
    token = first.get(GetLabelDetectionRequest(job_id=job_id, max_results=10)).next_token
    first.close()
    second = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="second")
    page = second.get(GetLabelDetectionRequest(job_id=job_id, max_results=5, next_token=token))
    assert [found.timestamp for found in page.labels] == [10, 11, 12, 13, 14]
    second.close()


def test_job_of_an_owner_that_is_gone_has_failed(tmp_path: Path, clock: ManualClock) -> None:
    """A job whose process ended without finishing it is FAILED for whoever asks, with that reason."""
    owners = {"first"}
    first = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="first")
    second = Store(tmp_path / "jobs.sqlite3", clock=clock, owner="second", is_alive=owners.__contains__)
    job_id, _ = first.create(REQUEST)
    assert second.get(GetLabelDetectionRequest(job_id=job_id)).job_status == VideoJobStatus.IN_PROGRESS
    owners.clear()
    page = second.get(GetLabelDetectionRequest(job_id=job_id))
    assert page.job_status == VideoJobStatus.FAILED
    assert page.status_message == "The process that ran this job ended before the job did."
    first.close()
    second.close()


def test_threads_and_stores_share_one_file(tmp_path: Path, clock: ManualClock) -> None:
    """Two stores on one file, used by eight threads at once, lose nothing, and one token begins one job."""
    stores = [Store(tmp_path / "jobs.sqlite3", clock=clock, owner=str(number)) for number in range(2)]
    shared: set[str] = set()
    found: list[int] = []

    def work(number: int) -> None:
        store = stores[number % 2]
        for _ in range(5):
            shared.add(store.create(_start("shared"))[0])
            job_id, _new = store.create(_start())
            store.succeed(job_id, {}, LABELS[:50])
            found.append(len(store.get(GetLabelDetectionRequest(job_id=job_id)).labels))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [50] * 40
    assert len(shared) == 1
    for store in stores:
        store.close()


class FailingCommit:
    """A connection whose next COMMIT fails."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.fails = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def execute(self, statement: str, *arguments: object) -> object:
        if statement == "COMMIT" and self.fails:
            self.fails = False
            raise sqlite3.OperationalError("disk I/O error")
        return self._database.execute(statement, *arguments)  # type: ignore[arg-type]  # passed on as it came


def test_failed_commit_is_rolled_back(store: Store) -> None:
    """After a commit that failed nothing of it is there, and the store works on."""
    store._database = FailingCommit(store._database)  # type: ignore[assignment]  # stands in for the connection
    with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
        store.create(_start("token"))
    job_id, is_new = store.create(_start("token"))
    assert is_new
    assert store.get(GetLabelDetectionRequest(job_id=job_id)).job_status == VideoJobStatus.IN_PROGRESS


def test_store_of_another_layout_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    """A file that a later rekvid laid out otherwise is refused with that reason, not misread."""
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match="version 99"):
        Store(tmp_path / "jobs.sqlite3", clock=clock, owner="test")


def test_a_store_that_nobody_closes_leaves_no_open_database() -> None:
    """The database of a store is closed when the store is gone."""
    store = Store(None, clock=ManualClock(), owner="nobody")
    database = store._database
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("SELECT 1")
