"""Pages and items from a function that gets the page of a token; the only place that walks tokens.

A page is asked for when the one before it is handed out, so that it travels while the caller works. Both
iterators outlive an error: it carries the token of the page that failed, and the next `next()` asks for that page
again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

from rekvid.errors import InvalidPaginationTokenError, RekvidError, ResponseError
from rekvid.models._html import members_table
from rekvid.operations import ItemT, PageT


class PageIterator(Iterator[PageT], Generic[PageT]):
    """The pages from a token on, one of them fetched ahead.

    Where a token can't be used any more (they live for 24 hours) and the walk began at the first page, it walks
    again from there and passes over exactly the pages that it has given, after comparing them.

    Args:
        get: Gets the page of a token; None stands for the first page.
        items_of: Gives the items of a page, to compare pages by.
        next_token: Where to begin.
    """

    def __init__(
        self,
        get: Callable[[str | None], PageT],
        items_of: Callable[[PageT], tuple[object, ...]],
        next_token: str | None = None,
    ) -> None:
        self._get = get
        self._items_of = items_of
        self._first_token = next_token
        self._token = next_token
        self._ended = False
        self._given: dict[str | None, tuple[int, ...]] = {}  # by token, in order, the fingerprints of the pages
        self._ahead: Future[PageT] | None = None
        self._latest: PageT | None = None

    def __next__(self) -> PageT:
        if self._ended:
            raise StopIteration
        token = self._token
        if token in self._given:
            raise _with_token(
                ResponseError(f"the token {token!r} came a second time, so the pages would repeat"), token
            )
        ahead, self._ahead = self._ahead, None
        try:
            page = ahead.result() if ahead else self._get(token)
        except InvalidPaginationTokenError as error:
            page = self._walk_again(error)
        except RekvidError as error:
            raise _with_token(error, token)  # noqa: B904  # the same error, not one that follows from it
        following = page.next_token or None
        fingerprint = self._fingerprint(page)
        if following is not None and following not in self._given and following != self._token:
            self._ahead = _in_background(self._get, following)
        # Assignments alone, between which Python handles no Ctrl-C: one that comes before leaves the page to be asked
        # for again, so that none is lost.
        self._given[self._token] = fingerprint
        self._ended = following is None
        self._token = following
        self._latest = page
        return page

    @property
    def latest(self) -> tuple[int, PageT | None]:
        """How many pages were given, and the last of them."""
        return len(self._given), self._latest

    def _walk_again(self, error: InvalidPaginationTokenError) -> PageT:
        """The page of the token that failed, reached anew from the first page."""
        refused = self._token
        if self._first_token is not None or not self._given:
            raise _with_token(error, refused)
        token: str | None = None
        walked: dict[str | None, tuple[int, ...]] = {}
        try:
            for given in self._given.values():
                page = self._get(token)
                if self._fingerprint(page) != given or not page.next_token:
                    read = sum(count for count, *_ in walked.values())
                    message = f"the results changed while they were read, after the first {read} items"
                    raise ResponseError(message, items_read=read)  # gets its token on its way
                walked[token] = given
                token = page.next_token
            page = self._get(token)
        except RekvidError as another:
            raise _with_token(another, refused) from error
        # The tokens of this walk replace those of the first.
        self._given = walked
        self._token = token
        return page

    def _fingerprint(self, page: PageT) -> tuple[int, ...]:
        """What tells a page from another at the price of two hashes: how many items, which first, which last."""
        items = self._items_of(page)
        return (len(items), hash(items[0]), hash(items[-1])) if items else (0,)


class ItemIterator(Iterator[ItemT], Generic[PageT, ItemT]):
    """The items of all pages, in order."""

    def __init__(self, pages: PageIterator[PageT], items_of: Callable[[PageT], tuple[ItemT, ...]]) -> None:
        self._pages = pages
        self._items_of = items_of
        self._items: Iterator[ItemT] = iter(())
        self._taken = 0

    def __next__(self) -> ItemT:
        while True:
            for item in self._items:
                return item
            # The page is taken from where it is kept: a Ctrl-C between the two steps doesn't lose it.
            if self._pages.latest[0] == self._taken:
                next(self._pages)
            count, page = self._pages.latest
            assert page is not None
            items = iter(self._items_of(page))
            self._items, self._taken = items, count


class Paginated(Generic[PageT, ItemT]):
    """Items that are fetched as they are asked for. Each `iter()` walks anew from `next_token`.

    Args:
        get: Gets the page of a token.
        items_of: Gives the items of a page.
        what: What the items are, for the repr: ``labels of job 4f…``.
        next_token: Where to begin; None for the first page.
    """

    def __init__(
        self,
        get: Callable[[str | None], PageT],
        items_of: Callable[[PageT], tuple[ItemT, ...]],
        *,
        what: str,
        next_token: str | None = None,
    ) -> None:
        self._get = get
        self._items_of = items_of
        self._what = what
        self._next_token = next_token

    def __iter__(self) -> ItemIterator[PageT, ItemT]:
        return ItemIterator(self.pages(), self._items_of)

    def pages(self) -> PageIterator[PageT]:
        """The pages instead of their items."""
        return PageIterator(self._get, self._items_of, self._next_token)

    def _repr_html_(self) -> str:
        """What a notebook shows: what there is to iterate over. Nothing is fetched for it."""
        return members_table(type(self).__name__, [("of", self._what), ("fetched", "as you iterate")])

    def __repr__(self) -> str:
        return f"<{self._what}, fetched as you iterate>"


_ErrorT = TypeVar("_ErrorT", bound=RekvidError)


def _with_token(error: _ErrorT, token: str | None) -> _ErrorT:
    error.next_token = token
    return error


def _in_background(get: Callable[[str | None], PageT], token: str | None) -> Future[PageT] | None:
    """The page that is on its way; None where the system has no thread left, so that it is fetched when asked for."""
    # A daemon thread of its own: an executor would keep the interpreter alive until the answer is there.
    future: Future[PageT] = Future()

    def run() -> None:
        try:
            future.set_result(get(token))
        except BaseException as error:  # noqa: BLE001  # raised to the caller when it asks for this page
            future.set_exception(error)

    try:
        threading.Thread(target=run, name="rekvid-prefetch", daemon=True).start()
    except RuntimeError:
        return None
    return future
