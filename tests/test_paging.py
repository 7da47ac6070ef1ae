from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekvid.errors import InvalidPaginationTokenError, RekvidError, ResponseError, ThrottlingError
from rekvid.models import LabelDetection, LabelDetectionPage
from rekvid.models.labels import Label
from rekvid.paging import PageIterator, Paginated


def _label(number: int) -> LabelDetection:
    return LabelDetection(timestamp=number, label=Label(name=f"label {number}", confidence=99.0))


def _labels_of(page: LabelDetectionPage) -> tuple[LabelDetection, ...]:
    return page.labels


class Shelf:
    """Pages by token, with errors for calls to come."""

    def __init__(self, sizes: list[int]) -> None:
        self.pages: dict[str | None, LabelDetectionPage] = {}
        self.errors: dict[int, RekvidError] = {}
        self.asked: list[str | None] = []
        self._lock = threading.Lock()
        first = 0
        for number, size in enumerate(sizes):
            token = None if number == 0 else f"token {number}"
            following = f"token {number + 1}" if number + 1 < len(sizes) else None
            labels = tuple(_label(first + each) for each in range(size))
            self.pages[token] = LabelDetectionPage(labels=labels, next_token=following)
            first += size
        self.all = tuple(_label(each) for each in range(first))

    def get(self, token: str | None) -> LabelDetectionPage:
        with self._lock:
            self.asked.append(token)
            error = self.errors.get(len(self.asked))
        if error is not None:
            raise error
        return self.pages[token]

    def labels(self, next_token: str | None = None) -> Paginated[LabelDetectionPage, LabelDetection]:
        return Paginated(self.get, lambda page: page.labels, what="labels", next_token=next_token)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_items_are_those_of_all_pages_in_order(sizes: list[int]) -> None:
    """However the items are spread over pages, empty ones among them, each comes once and in order."""
    shelf = Shelf(sizes)
    assert tuple(shelf.labels()) == shelf.all
    assert shelf.asked == list(shelf.pages)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.sets(st.integers(1, 12)))
def test_iteration_goes_on_after_errors(sizes: list[int], bad_calls: set[int]) -> None:
    """Whichever calls fail, asking on with the same iterator gives every item once and in order."""
    shelf = Shelf(sizes)
    shelf.errors = {call: ThrottlingError("slow down", operation="GetLabelDetection") for call in bad_calls}
    found: list[LabelDetection] = []
    items = iter(shelf.labels())
    while True:
        try:
            found.append(next(items))
        except ThrottlingError:
            continue
        except StopIteration:
            break
    assert tuple(found) == shelf.all


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.integers(1, 6))
def test_the_token_of_an_error_leads_on(sizes: list[int], bad_call: int) -> None:
    """A new walk from the error's token and what was read before make up the whole, without duplicate or gap."""
    shelf = Shelf(sizes)
    shelf.errors = {bad_call: ThrottlingError("slow down", operation="GetLabelDetection")}
    found: list[LabelDetection] = []
    try:
        for label in shelf.labels():
            found.append(label)  # noqa: PERF402  # what was read before the error counts
    except ThrottlingError as error:
        found.extend(shelf.labels(next_token=error.next_token))
    assert tuple(found) == shelf.all


def test_repeated_token_is_an_error() -> None:
    """A token that was read before ends the walk with an error, not in a circle, and no page is lost before it."""
    shelf = Shelf([1, 1, 1])
    shelf.pages["token 2"] = LabelDetectionPage(labels=(_label(2),), next_token="token 1")
    items = iter(shelf.labels())
    assert [next(items) for _ in range(3)] == list(shelf.all)
    with pytest.raises(ResponseError, match="second time") as caught:
        next(items)
    assert caught.value.next_token == "token 1"
    assert shelf.asked == [None, "token 1", "token 2"]


def test_page_that_names_itself_as_the_next_is_an_error() -> None:
    """A page whose token leads back to itself is not read twice."""
    pages = PageIterator(lambda _: LabelDetectionPage(next_token="again"), _labels_of, "again")
    next(pages)
    with pytest.raises(ResponseError):
        next(pages)


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    """Making the iterable and its iterators asks for no page."""
    shelf = Shelf([1, 1])
    iter(shelf.labels())
    shelf.labels().pages()
    assert shelf.asked == []


def test_one_page_is_fetched_ahead() -> None:
    """While the caller works on a page the next one is fetched, and no other."""
    fetched = threading.Event()
    shelf = Shelf([1, 1, 1])

    def get(token: str | None) -> LabelDetectionPage:
        page = shelf.get(token)
        if token == "token 1":
            fetched.set()
        return page

    pages = PageIterator(get, _labels_of)
    next(pages)
    assert fetched.wait(10), "the second page was not asked for while the first was worked on"
    assert shelf.asked == [None, "token 1"]


def test_each_iteration_walks_anew() -> None:
    """The iterable can be walked twice, and gives the same items."""
    shelf = Shelf([2, 2])
    labels = shelf.labels()
    assert list(labels) == list(labels)


def test_empty_token_ends_the_walk() -> None:
    """An empty token counts as none."""
    pages = PageIterator(lambda _: LabelDetectionPage(next_token=""), _labels_of)
    assert len(list(pages)) == 1


def test_repr_tells_what_it_is() -> None:
    """The repr says what comes when you iterate, without fetching it."""
    assert repr(Shelf([1]).labels()) == "<labels, fetched as you iterate>"


class AgeingShelf(Shelf):
    """Pages whose tokens all expire before some calls; the walk from the first page gets new ones."""

    def __init__(self, sizes: list[int], expires_before: set[int]) -> None:
        super().__init__(sizes)
        self._expires_before = expires_before
        self._age = 0

    def get(self, token: str | None) -> LabelDetectionPage:
        with self._lock:
            self.asked.append(token)
            if len(self.asked) in self._expires_before:
                self._age += 1
            age = self._age
        number = 0
        if token is not None:
            issued, number = (int(each) for each in token.split("/"))
            if issued != age:
                raise InvalidPaginationTokenError("the token has expired", operation="GetLabelDetection")
        page = self.pages[None if number == 0 else f"token {number}"]
        return replace(page, next_token=None if page.next_token is None else f"{age}/{number + 1}")


@given(st.lists(st.integers(0, 4), min_size=1, max_size=7), st.integers(1, 12))
def test_expired_token_is_walked_around(sizes: list[int], call: int) -> None:
    """Whenever the tokens expire, the walk begins anew and goes on behind what it has given."""
    shelf = AgeingShelf(sizes, {call})
    assert tuple(shelf.labels()) == shelf.all


def test_expiry_in_the_second_walk_can_be_tried_again() -> None:
    """Where the tokens expire again in the walk around, the error is raised, and the iterator goes on from there."""
    shelf = AgeingShelf([1, 1, 1, 1], {3, 5})
    items = iter(shelf.labels())
    found = [next(items), next(items)]
    with pytest.raises(InvalidPaginationTokenError):
        found.append(next(items))
    assert (*found, *items) == shelf.all


def test_changed_results_are_not_joined() -> None:
    """Where the results changed while they were read, the error says how far they agree, and nothing is mixed."""
    shelf = AgeingShelf([2, 2, 2], {3})
    items = iter(shelf.labels())
    found = [next(items) for _ in range(4)]
    assert found == list(shelf.all[:4])
    shelf.pages["token 1"] = LabelDetectionPage(labels=(_label(7), _label(8)), next_token="token 2")
    with pytest.raises(ResponseError, match="changed while they were read, after the first 2 items") as caught:
        next(items)
    assert caught.value.items_read == 2


def test_foreign_token_is_not_walked_around() -> None:
    """A token that the caller gave and that is refused is the caller's to know about."""
    shelf = AgeingShelf([1, 1], set())
    with pytest.raises(InvalidPaginationTokenError) as caught:
        list(shelf.labels(next_token="7/1"))
    assert caught.value.next_token == "7/1"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_failed_thread_start_loses_no_page(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """Where Ctrl-C, or a system without a free thread, hits the start of the prefetch, no page is passed over."""
    shelf = Shelf([2, 2, 2, 2])
    start = threading.Thread.start
    starts = 0

    def failing(thread: threading.Thread) -> None:
        nonlocal starts
        starts += 1
        if starts == 2:
            raise error
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    items, found = iter(shelf.labels()), []
    while True:
        try:
            found.append(next(items))
        except StopIteration:
            break
        except KeyboardInterrupt:
            continue
    assert tuple(found) == shelf.all


def test_interrupt_between_page_and_items_loses_nothing() -> None:
    """A Ctrl-C that comes when a page is there, but its items are not taken yet, leaves them to be taken next."""
    shelf = Shelf([2, 2, 2])
    calls = 0

    def items_of(page: LabelDetectionPage) -> tuple[LabelDetection, ...]:
        nonlocal calls
        calls += 1
        # Each page is looked at once to tell it from others, and once for its items.
        if calls == 4:
            raise KeyboardInterrupt
        return page.labels

    items = iter(Paginated(shelf.get, items_of, what="labels"))
    found = [next(items), next(items)]
    with pytest.raises(KeyboardInterrupt):
        next(items)
    assert (*found, *items) == shelf.all
