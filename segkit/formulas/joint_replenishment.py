"""Items ordered together: one order cost shared by all, one more for each item that is in the order.

No service measure: demand is known, steady and always met.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class JointCycle:
    """How items are ordered together: `cycle` [years], every how many cycles each item is in, and the cost a year."""

    cycle: np.ndarray
    every: np.ndarray
    cost: np.ndarray


def joint_replenishment(
    demand: ArrayLike, shared_cost: ArrayLike, item_cost: ArrayLike, holding_cost: ArrayLike
) -> JointCycle:
    """Return a common cycle, and for each item every how many cycles it is ordered.

    Parameters
    ----------
    demand : array_like
        D, shape (..., items), above zero [units/year].
    shared_cost : array_like
        A, cost of an order whatever is in it, shape (...) [currency].
    item_cost : array_like
        a, more for each item in it, shape (..., items) [currency].
    holding_cost : array_like
        h, shape (..., items), above zero [currency/unit/year].

    Returns
    -------
    JointCycle
        The lot of an item is its demand times `every` times `cycle`.

    Notes
    -----
    The item with the least a / (h·D) is in every order; the others every so many as the root of the ratio of their
    a / (h·D) to that of the first with A, rounded. Usually within one percent of the best.

    References
    ----------
    Silver (1976), Management Science 22(12); Silver, Pyke & Thomas, 4e, chapter 10.

    Examples
    --------
    >>> plan = joint_replenishment([86_000, 12_500, 1_400, 3_000], 40, [15] * 4, 0.24)
    >>> plan.every.tolist(), float(plan.cycle.round(6)), float(plan.cost.round(2))
    ([1.0, 1.0, 4.0, 3.0], 0.076173, 2067.65)
    """
    shared = np.asarray(shared_cost, dtype=float)[..., None]
    item, used = np.broadcast_arrays(
        np.asarray(item_cost, dtype=float), np.asarray(demand, dtype=float) * np.asarray(holding_cost, dtype=float)
    )
    ratio = item / used
    first = np.argmin(ratio, axis=-1)[..., None]
    least = (shared + np.take_along_axis(item, first, axis=-1)) / np.take_along_axis(used, first, axis=-1)
    every = np.maximum(np.floor(np.sqrt(ratio / least) + 0.5), 1.0)
    np.put_along_axis(every, first, 1.0, axis=-1)
    ordering = shared[..., 0] + (item / every).sum(-1)
    holding = (used * every).sum(-1)
    return JointCycle(np.sqrt(2 * ordering / holding), every, np.sqrt(2 * ordering * holding))
