"""Whether confidences mean what they say: of all that is reported with 80, is 80 % true?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """What was reported with confidences from `low` up to `high`; the last bin holds `high` too.

    Attributes:
        low: The lower end.
        high: The upper end.
        count: How many reports there are.
        mean_confidence: Their mean confidence, 0-100; 0 where there is none.
        true_percentage: The percentage of them that is true; 0 where there is none.
    """

    low: float
    high: float
    count: int
    mean_confidence: float
    true_percentage: float


def reliability(
    reports: Iterable[tuple[float, bool]], edges: Sequence[float] = (50, 60, 70, 80, 90, 95, 100)
) -> list[ReliabilityBin]:
    """Sort reports into bins by their confidence.

    Args:
        reports: The confidence of each report, and whether it is true.
        edges: The ends of the bins, rising; a report outside of them is in none.
    """
    everything = list(reports)
    bins: list[ReliabilityBin] = []
    for low, high in itertools.pairwise(edges):
        inside = [each for each in everything if low <= each[0] < high or each[0] == high == edges[-1]]
        count = max(1, len(inside))
        bins.append(
            ReliabilityBin(
                low=low,
                high=high,
                count=len(inside),
                mean_confidence=sum(confidence for confidence, _ in inside) / count,
                true_percentage=100 * sum(true for _, true in inside) / count,
            )
        )
    return bins


def calibration_error(bins: Iterable[ReliabilityBin]) -> float:
    """The mean distance of confidence and truth over all reports, in points of 100 (expected calibration error)."""
    filled = [each for each in bins if each.count]
    total = sum(each.count for each in filled)
    return sum(each.count * abs(each.mean_confidence - each.true_percentage) for each in filled) / max(1, total)
