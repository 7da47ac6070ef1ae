"""A progress bar for a wait, by tqdm: a line in a terminal, a widget in a notebook. It needs the extra ``notebook``."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn, Self

from rekvid.errors import MissingExtraError
from rekvid.models import JobProgress, VideoJobStatus

if TYPE_CHECKING:
    from tqdm.auto import tqdm

_KNOWN: Final = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
_UNKNOWN: Final = "{desc}: {elapsed}{postfix}"  # at AWS nobody knows how far a job is


class ProgressBar:
    """A bar that follows `Job.wait` while the context lasts; ``wait(progress=True)`` makes one.

    Where the backend tells how far the job is, the bar shows that, elsewhere the time and the state. It is drawn from
    the first report on, on standard error or as ipywidgets draw it, and stays when it is done. That of a job that has
    failed stays where it was.

    Args:
        what: What stands before the bar.

    Raises:
        MissingExtraError: The extra ``notebook`` is not installed.
    """

    def __init__(self, what: str) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError as missing:
            raise MissingExtraError("notebook", "a progress bar") from missing
        self._make: Callable[[], tqdm[NoReturn]] = lambda: tqdm(total=1.0, desc=what, bar_format=_UNKNOWN)
        self._bar: tqdm[NoReturn] | None = None

    def show(self, now: JobProgress) -> None:
        """Show how far the job is."""
        if self._bar is None:
            self._bar = self._make()
        if now.fraction is not None and now.status != VideoJobStatus.FAILED:
            # A job that has ended well counts as whole at every backend, so that tells nothing of how far it was.
            if now.status == VideoJobStatus.IN_PROGRESS:
                self._bar.bar_format = _KNOWN
            self._bar.n = now.fraction  # also unseen: a widget that is closed before its total is red
        self._bar.set_postfix_str(str(now.status))  # draws it anew

    def following(self, then: Callable[[JobProgress], object] | None) -> Callable[[JobProgress], None]:
        """What to give as ``on_progress``: shows the report, and hands it on to `then` if that is given."""

        def follow(now: JobProgress) -> None:
            self.show(now)
            if then is not None:
                then(now)

        return follow

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
