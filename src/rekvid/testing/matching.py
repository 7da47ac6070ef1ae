"""Pairs what was found with what is true, one to one, so that as many as possible have a partner."""

from __future__ import annotations

from collections.abc import Sequence


def matched(candidates: Sequence[Sequence[int]]) -> dict[int, int]:
    """A largest matching (Kuhn's method).

    Args:
        candidates: Of each truth, the numbers of the finds that it can be paired with, the best first.

    Returns:
        The number of the find by that of the truth. No find has two truths. Where a truth can have its first choice
        without taking a find from another that has no second one, it has it.
    """
    truth_of: dict[int, int] = {}

    def place(truth: int, tried: set[int]) -> bool:
        for found in candidates[truth]:
            if found in tried:
                continue
            tried.add(found)
            if found not in truth_of or place(truth_of[found], tried):
                truth_of[found] = truth
                return True
        return False

    for truth in range(len(candidates)):
        place(truth, set())
    return {truth: found for found, truth in truth_of.items()}
