"""Replenishment cycles of a replay, and those without a shortage: what cycle_service (P1) achieved is counted by.

A cycle runs from the step in which one order arrives until the next one does. A rule that fills up at every review
(R,S) orders at every review, if only nothing: each of its reviews makes a cycle, as P1 of such a rule is worked out.
"""

import numpy as np


def count_cycles(
    placed: np.ndarray, lacking: np.ndarray, known: np.ndarray, *, lead: np.ndarray, first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return in which steps cycles end, and which of them were without a shortage, from a step on.

    Parameters
    ----------
    placed : array of bool
        (places, steps) in which an order was placed.
    lacking : array of bool
        Steps in which demand was short, or waited.
    known : array of bool
        Steps of which demand is known; a cycle without any does not count.
    lead : array of int
        Whole steps between an order and its arrival, (places, 1) or (places, steps).
    first : int
        First step that is judged: cycles that began before it do not count.

    Returns
    -------
    cycles, served : array of bool
        (places, steps from the first on): a cycle ended as an order arrived in the step; without a shortage.

    Examples
    --------
    >>> placed, lacking = np.array([[1, 0, 1, 0, 1, 0, 0]], bool), np.array([[0, 0, 0, 1, 0, 0, 0]], bool)
    >>> cycles, served = count_cycles(placed, lacking, ~lacking | lacking, lead=np.array([[0]]), first=0)
    >>> np.flatnonzero(cycles[0]).tolist(), np.flatnonzero(served[0]).tolist()
    ([3, 5], [3])
    """
    steps = placed.shape[1]
    row, step = np.nonzero(placed)
    arrives = step + np.broadcast_to(lead, placed.shape)[row, step] + 1
    ends = np.zeros(placed.shape, dtype=bool)
    ends[row[arrives < steps], arrives[arrives < steps]] = True
    row, step = np.nonzero(ends)
    begins, until = step[:-1], step[1:]
    whole = (row[:-1] == row[1:]) & (begins >= first)
    row, begins, until = row[:-1][whole], begins[whole], until[whole]
    short, seen = (_between(cells, row, begins, until) for cells in (lacking & known, known))
    cycles, served = np.zeros((2, *placed.shape), dtype=bool)
    cycles[row, until] = seen > 0
    served[row, until] = (seen > 0) & (short == 0)
    return cycles[:, first:], served[:, first:]


def _between(cells: np.ndarray, row: np.ndarray, begins: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return how many cells of a row are true from a step on, until before another."""
    sums = np.zeros((cells.shape[0], cells.shape[1] + 1), dtype=np.int32)
    np.cumsum(cells, axis=1, out=sums[:, 1:])
    return sums[row, until] - sums[row, begins]
