"""A pause of the garbage collector, for bursts of values that hold no cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_depth = 0
_was_enabled = False


@contextmanager
def paused_gc() -> Iterator[None]:
    """Pause the cyclic garbage collector, for as long as any thread is in here.

    A page of 1000 labels is some 10,000 objects at once, for which the collector looks through the same young objects
    a dozen times, and now and then through all that the process holds; benchmarks/reading.py measures with and
    without it. None of them can be garbage yet, and frozen values that are made inside out hold no
    cycles. A collector that was off stays off; one that another thread turns off during the few milliseconds in here
    is turned on again.
    """
    global _depth, _was_enabled  # noqa: PLW0603  # the collector is the process's own too
    with _lock:
        if _depth == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _was_enabled:
                gc.enable()
