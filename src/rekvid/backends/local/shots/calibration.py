"""How evidence becomes a confidence.

Each kind of boundary has weights of its own, fitted by logistic regression (``benchmarks/calibration.py``, on reels of
`rekvid.testing.random_reels` with tuning seeds): the weighted sum of the numbers that speak for and against a boundary
is the logarithm of the odds that it is one. Boundaries are reported where they are more likely than not, so from 50
percent on.
``benchmarks/calibration.py --check`` counts on other seeds how many boundaries of a confidence are true.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A weighted sum of numbers, brought to 0-100 by the logistic function.

    Attributes:
        weights: One for each number.
        offset: What is added to their sum.
    """

    weights: tuple[float, ...]
    offset: float

    def logit(self, numbers: Sequence[float]) -> float:
        """The logarithm of the odds that what shows these numbers is a boundary."""
        return self.offset + sum(weight * number for weight, number in zip(self.weights, numbers, strict=True))


def confidence_of(logit: float) -> float:
    """The chance, in percent, that belongs to the logarithm of the odds; 50 for 0."""
    return 100 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


# python benchmarks/calibration.py --reels 40
CUT = Logistic(weights=(1.027, 4.587, -0.189, -12.515, 4.956), offset=-9.315)
DISSOLVE = Logistic(weights=(-1.126, -0.985, 0.687, 2.723, 0.45, -4.334, -7.861, -0.24), offset=-1.614)
WIPE = Logistic(weights=(-4.102, -3.804, -0.814, 3.24, 1.812, -9.777, 0.072, -0.142), offset=-25.528)
