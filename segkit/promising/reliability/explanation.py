"""What stood behind a promised date: which group decided, with how much weight, how many deliveries it has."""

import numpy as np

from segkit.promising.reliability.history import DeliveryHistory
from segkit.promising.reliability.memory import Memory, recency


def explain_groups(
    history: DeliveryHistory, memory: Memory, group: np.ndarray, cell: np.ndarray
) -> dict[str, np.ndarray]:
    """Return for every line the group that weighs most in its promise, and how many deliveries that rests on.

    Parameters
    ----------
    history : DeliveryHistory
        Deliveries known on the day.
    memory : Memory
        How deliveries fade and groups are mixed.
    group, cell : ndarray of int, shape (lines,)
        Lowest known group of each line, and its branch and horizon as one number.

    Returns
    -------
    dict of ndarray
        decided_by, decided_weight, group_deliveries, group_open, all_deliveries, memory_days.
    """
    delivered = history.end <= history.as_of
    came, still = _held(history, delivered.astype(float)), _held(history, (~delivered).astype(float))
    decider, share = np.zeros(len(group), dtype=np.int64), np.ones(len(group))
    memory_days = np.full(len(group), np.nan)
    for half_life, worth, own in memory.parts(cell):
        weight = _held(history, recency(history.as_of - history.start, half_life))
        above_all, heaviest = _heaviest(history, weight / (weight + worth))
        decider[own], share[own] = above_all[group[own]], heaviest[group[own]]
        memory_days[own] = half_life
    empty = not delivered.any()
    return {
        "decided_by": np.where(empty, "", history.names[decider]).astype(object),
        "decided_weight": np.where(empty, np.nan, share),
        "group_deliveries": came[decider].astype(np.int64),
        "group_open": still[decider].astype(np.int64),
        "all_deliveries": np.full(len(group), int(delivered.sum())),
        "memory_days": np.where(np.isinf(memory_days), np.nan, memory_days),
    }


def _held(history: DeliveryHistory, worth: np.ndarray) -> np.ndarray:
    """Return the sum over the deliveries of every group."""
    sums = np.concatenate([[0.0], np.cumsum(worth)])
    return sums[history.last] - sums[history.first]


def _heaviest(history: DeliveryHistory, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for every group which one on the way up weighs most in its distribution, and how much."""
    decider, share = np.zeros(len(own), dtype=np.int64), np.ones(len(own))
    for depth in range(1, int(history.depth.max(initial=0)) + 1):
        here = np.flatnonzero(history.depth == depth)
        above = history.above[here]
        rest = (1 - own[here]) * share[above]
        wins = own[here] >= rest
        decider[here] = np.where(wins, here, decider[above])
        share[here] = np.where(wins, own[here], rest)
    return decider, share
