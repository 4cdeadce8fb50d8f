"""Supply handed down a hierarchy of customers: at each node to its children, by rank, per committed or by fixed split.

Nothing is lost on the way: what a node gets is what its children get and what it keeps for whoever comes.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.fair_share import proportional_share
from segkit.formulas.quotas import quotas_by_number, quotas_by_share


def hand_down_by_rank(supply: ArrayLike, parent: ArrayLike, demands: ArrayLike, rank: ArrayLike) -> np.ndarray:
    """Return what each node gets where, under every node, the child of the best rank is served first.

    Parameters
    ----------
    supply : array_like
        At the top, shape (rows,); with several tops they are served as children of one. [units]
    parent : array_like of int
        Node above each node, -1 = top, shape (nodes,).
    demands : array_like
        Forecast of each leaf, shape (rows, nodes); what inner nodes have is not read. [units]
    rank : array_like
        Least first, among children of one node; equal ranks by place, shape (nodes,).

    Returns
    -------
    ndarray
        Shape (rows, nodes). Supply beyond the forecasts stays at the top, which keeps it. [units]

    Raises
    ------
    ValueError
        Where nodes stand in a circle or a parent is no node.

    References
    ----------
    Kilger & Meyr, Demand Fulfilment and ATP, in Stadtler, Kilger & Meyr (eds), Supply Chain Management and Advanced
    Planning, 5e, sec. 9.4.4.

    Examples
    --------
    >>> hand_down_by_rank([70], [-1, 0, 0], [[0, 40, 50]], [0, 2, 1]).tolist()
    [[70.0, 20.0, 50.0]]
    """
    total = roll_up(parent, demands)
    ranks = np.asarray(rank, dtype=float)

    def split(amount: np.ndarray, children: np.ndarray) -> np.ndarray:
        order = np.argsort(ranks[children], kind="stable")
        got = np.empty((len(amount), len(children)))
        got[:, order] = quotas_by_number(amount, total[:, children[order]])
        return got

    return _hand_down(supply, parent, split)


def hand_down_per_committed(
    supply: ArrayLike, parent: ArrayLike, demands: ArrayLike, *, unit: ArrayLike = 1.0
) -> np.ndarray:
    """Return what each node gets where children share in proportion to what was forecast for them.

    Parameters
    ----------
    supply, parent, demands
        As `hand_down_by_rank` takes them.
    unit : array_like
        Smallest piece, shape (rows,); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (rows, nodes). Supply beyond the forecasts stays at the top. [units]

    Raises
    ------
    ValueError
        Where nodes stand in a circle or a parent is no node.

    References
    ----------
    Kilger & Meyr (as `hand_down_by_rank`), sec. 9.4.4.

    Examples
    --------
    >>> hand_down_per_committed([45], [-1, 0, 0], [[0, 40, 50]]).tolist()
    [[45.0, 20.0, 25.0]]
    """
    total = roll_up(parent, demands)
    piece = np.broadcast_to(np.asarray(unit, dtype=float), len(total))
    return _hand_down(
        supply, parent, lambda amount, children: proportional_share(amount, total[:, children], unit=piece)
    )


def hand_down_by_share(supply: ArrayLike, parent: ArrayLike, shares: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return what each node gets where children have fixed shares of what their node has.

    Parameters
    ----------
    supply, parent
        As `hand_down_by_rank` takes them.
    shares : array_like
        Of each node in its parent's (tops: in the supply), 0 to 1, together at most 1 under a node, shape (nodes,).
    unit : array_like
        Smallest piece, shape (rows,); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (rows, nodes). What shares leave, a node keeps. [units]

    Raises
    ------
    ValueError
        Where nodes stand in a circle, a parent is no node, or shares under a node are above 1.

    References
    ----------
    Kilger & Meyr (as `hand_down_by_rank`), sec. 9.4.4.

    Examples
    --------
    >>> hand_down_by_share([100], [-1, 0, 0, 2], [1.0, 0.3, 0.6, 0.5]).tolist()
    [[100.0, 30.0, 60.0, 30.0]]
    """
    share = np.asarray(shares, dtype=float)
    return _hand_down(
        supply, parent, lambda amount, children: quotas_by_share(amount, share[children], unit=unit), whole_top=False
    )


def roll_up(parent: ArrayLike, demands: ArrayLike) -> np.ndarray:
    """Return the demand of each node: of a leaf its own, of others what the leaves below have.

    Parameters
    ----------
    parent : array_like of int
        Node above each node, -1 = top, shape (nodes,).
    demands : array_like
        Of leaves, shape (rows, nodes). [units]

    Returns
    -------
    ndarray
        Shape (rows, nodes). [units]

    Examples
    --------
    >>> roll_up([-1, 0, 0], [[0, 40, 50]]).tolist()
    [[90.0, 40.0, 50.0]]
    """
    above = np.asarray(parent, dtype=np.int64)
    total = np.array(demands, dtype=float, ndmin=2)
    total[:, np.unique(above[above >= 0])] = 0.0
    for node in top_down(above)[::-1]:
        if above[node] >= 0:
            total[:, above[node]] += total[:, node]
    return total


def top_down(parent: ArrayLike) -> np.ndarray:
    """Return nodes in an order in which each comes after the one above it.

    Parameters
    ----------
    parent : array_like of int
        Node above each node, -1 = top.

    Returns
    -------
    ndarray of int

    Raises
    ------
    ValueError
        Where nodes stand in a circle, or a parent is no node.

    Examples
    --------
    >>> top_down([2, 0, -1]).tolist()
    [2, 0, 1]
    """
    above = np.asarray(parent, dtype=np.int64)
    if above.size and (above.min() < -1 or above.max() >= len(above)):
        raise ValueError("a parent is no node")
    if len(circle := nodes_in_circles(above)):
        raise ValueError(f"nodes stand in a circle: {circle.tolist()}")
    depth = np.zeros(len(above), dtype=np.int64)
    at = above.copy()
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, above[at], -1)
    return np.argsort(depth, kind="stable")


def nodes_in_circles(parent: ArrayLike) -> np.ndarray:
    """Return nodes above which, sooner or later, they stand themselves.

    Parameters
    ----------
    parent : array_like of int
        Node above each node, -1 = top.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> nodes_in_circles([-1, 2, 1, 1]).tolist()
    [1, 2]
    """
    above = np.asarray(parent, dtype=np.int64)
    at = np.arange(len(above))
    for _ in range(len(above)):
        at = np.where(at >= 0, above[at], -1)
    return np.unique(at[at >= 0])


def _hand_down(
    supply: ArrayLike,
    parent: ArrayLike,
    split: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    whole_top: bool = True,
) -> np.ndarray:
    """Return what each node gets; with ``whole_top`` a top that is alone has all there is, asked for or not."""
    above, amount = np.asarray(parent, dtype=np.int64), np.atleast_1d(np.asarray(supply, dtype=float))
    got = np.zeros((len(amount), len(above)))
    tops = np.flatnonzero(above < 0)
    if not len(above):
        return got
    got[:, tops] = amount[:, None] if whole_top and len(tops) == 1 else split(amount, tops)
    for node in top_down(above):
        children = np.flatnonzero(above == node)
        if len(children):
            got[:, children] = split(got[:, node], children)
    return got
