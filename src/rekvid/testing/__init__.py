"""For tests: a fake backend, a clock that stands still, and reels with known cuts.

The conformance suite for backends of your own is in `rekvid.testing.conformance`, which needs pytest.
"""

from __future__ import annotations

from rekvid.testing.clock import ManualClock
from rekvid.testing.fake import FakeBackend

__all__ = ["FakeBackend", "ManualClock"]
