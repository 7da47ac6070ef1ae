"""Detectors at work on samples: in threads beside decoding, and not twice on frames that haven't changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

import numpy as np

from rekvid.backends.local.labels.detectors.base import Detection, Detector, Picture
from rekvid.backends.local.video.sampling import Sample

_BLOCK = 16  # rows and columns of samples over which differences are averaged

Seen: TypeAlias = Sequence[Detection]
"""What one detector saw in one frame."""


class DetectorError(Exception):
    """A detector failed. The message names it, and is what the job's status message becomes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What all detectors saw in one sample.

    Attributes:
        index: The sample's number.
        seen: What each detector saw, in their order.
    """

    index: int
    seen: tuple[Seen, ...]


def looks(samples: Iterable[Sample], detectors: Sequence[Detector], *, unchanged_below: float) -> Iterator[Look]:
    """Let all of `detectors` look at all of `samples`, and give what they saw in the order of the samples.

    Args:
        samples: Read ahead of the results as far as it takes to keep all detectors at work, and no further.
        detectors: At least one.
        unchanged_below: Levels, 0-255, see `has_changed`: a frame that differs less from the one that its detector
            looked at last is taken for that one. 0 looks at every frame.

    Raises:
        DetectorError: A detector failed. Else what reading `samples` raises.
    """
    with ExitStack() as stack:
        lanes = [stack.enter_context(_Lane(each, unchanged_below)) for each in detectors]
        ahead = 2 * max(lane.room for lane in lanes)
        pending: deque[tuple[int, list[Future[Seen]]]] = deque()

        def first() -> Look:
            index, futures = pending.popleft()
            for lane, future in zip(lanes, futures, strict=True):
                lane.send_if_waiting(future)
            return Look(index=index, seen=tuple(future.result() for future in futures))

        for sample in samples:
            pending.append((sample.index, [lane.look_at(sample.pictures[lane.detector.fit]) for lane in lanes]))
            if len(pending) > ahead:
                yield first()
        while pending:
            yield first()


def has_changed(before: Picture, now: Picture, threshold: float) -> bool:
    """Whether any block of 16 by 16 samples differs by `threshold` or more, as the mean over its samples, in levels."""
    if before is now:
        return threshold <= 0
    if before.shape != now.shape:
        return True
    # Unsigned bytes throughout: several times as fast as a subtraction in a wider type.
    difference = np.maximum(before, now) - np.minimum(before, now)
    height, width, colours = difference.shape
    rows = np.arange(0, height, _BLOCK)
    columns = np.arange(0, width * colours, _BLOCK * colours)
    lines = np.add.reduceat(difference.reshape(height, -1), rows, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(lines, columns, axis=1)
    sizes = np.outer(np.diff(rows, append=height), np.diff(columns, append=width * colours))
    return bool((sums >= threshold * sizes).any())


class _Lane:
    """One detector with its threads, the batch that is being filled, and the picture that it looked at last."""

    def __init__(self, detector: Detector, unchanged_below: float) -> None:
        self.detector = detector
        self.room = detector.batch_size * detector.concurrency
        self._unchanged_below = unchanged_below
        self._threads = ThreadPoolExecutor(detector.concurrency, thread_name_prefix=f"rekvid-{detector.name}")
        self._batch: list[tuple[Picture, Future[Seen]]] = []
        self._last: tuple[Picture, Future[Seen]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def look_at(self, picture: Picture) -> Future[Seen]:
        """What will have been seen in `picture`."""
        if self._last is not None and not has_changed(self._last[0], picture, self._unchanged_below):
            return self._last[1]
        self._last = (picture, Future())
        self._batch.append(self._last)
        if len(self._batch) >= self.detector.batch_size:
            self._send()
        return self._last[1]

    def send_if_waiting(self, wanted: Future[Seen]) -> None:
        """Let the detector look at the batch as it is, if `wanted` would otherwise wait for more frames to fill it."""
        if any(future is wanted for _, future in self._batch):
            self._send()

    def _send(self) -> None:
        batch, self._batch = self._batch, []
        self._threads.submit(self._detect, batch)

    def _detect(self, batch: list[tuple[Picture, Future[Seen]]]) -> None:
        try:
            found = self.detector.detect([picture for picture, _ in batch])
            if len(found) != len(batch):
                raise ValueError(f"it gave {len(found)} results for {len(batch)} frames")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001  # anybody's detector may be at work here
            failed = DetectorError(f"The detector {self.detector.name} failed: {error}")
            failed.__cause__ = error
            for _, future in batch:
                future.set_exception(failed)
        else:
            for (_, future), seen in zip(batch, found, strict=True):
                future.set_result(seen)
