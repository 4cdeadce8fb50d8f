"""Several supplies given to classes over several periods where they are expected to earn most: a linear program.

Supply can wait for later demand, until it expires; demand can wait for later supply, at a cost. The duals are bid
prices: what one unit more in a bucket would earn, and so the least an order must bring to be worth one.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_ROUNDING = 1e-9
_EDGES = 10_000  # of one program


@dataclass(frozen=True)
class Buckets:
    """Supplies: ``place``, ``period`` in which each arrives, ``last`` period in which it may be used, ``quantity``."""

    place: np.ndarray
    period: np.ndarray
    last: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Claims:
    """Demand of a class in a period: ``place``, ``period``, ``value`` of a unit, and steps ``width``, ``chance``.

    ``late_cost`` of a unit for each period it comes late, ``most_late`` periods at most.
    """

    place: np.ndarray
    period: np.ndarray
    value: np.ndarray
    width: np.ndarray
    chance: np.ndarray
    late_cost: np.ndarray
    most_late: int


@dataclass(frozen=True)
class Allocated:
    """What goes from which bucket to which claim; ``bid_price`` of every bucket; ``margin`` expected in all."""

    bucket: np.ndarray
    claim: np.ndarray
    quantity: np.ndarray
    bid_price: np.ndarray
    margin: float


def allocate_over_time(buckets: Buckets, claims: Claims) -> Allocated:
    """Return the allocation with the highest expected margin over classes and periods, as a linear program.

    Parameters
    ----------
    buckets : Buckets
        Sorted by place.
    claims : Claims
        Sorted by place.

    Returns
    -------
    Allocated
        Whole where widths and quantities are. The bid price is the dual of a bucket: what one unit more in it would
        earn; on a vertex that is degenerate it is one of several.

    Notes
    -----
    A unit of step s earns (value - late_cost·periods late)·chance. Places have nothing in common, so they are solved
    some hundred at a time (HiGHS); as a transport problem its corners are whole.

    References
    ----------
    Meyr (2009), Customer segmentation, allocation planning and order promising in make-to-stock production, OR Spectrum
    31; Talluri & van Ryzin, sec. 3.3 (bid prices).

    Examples
    --------
    >>> one = np.array([0])
    >>> supply = Buckets(one, one, one, np.array([5.0]))
    >>> asked = Claims(np.array([0, 0]), np.array([0, 0]), np.array([9.0, 4.0]), np.array([[2.0], [8.0]]),
    ...     np.array([[1.0], [1.0]]), np.zeros(2), 0)
    >>> made = allocate_over_time(supply, asked)
    >>> made.quantity.tolist(), made.bid_price.tolist(), made.margin
    ([2.0, 3.0], [4.0], 30.0)
    """
    edges = _edges(buckets, claims)
    quantity, price, margin = np.zeros(len(edges[0])), np.zeros(len(buckets.quantity)), 0.0
    cuts = _cuts(claims.place[edges[1]])
    for first, last in pairwise(cuts):
        part = slice(first, last)
        quantity[part], earned = _solve(buckets, claims, [edge[part] for edge in edges], price)
        margin += earned
    bucket, claim, *_ = edges
    pair = bucket * len(claims.place) + claim
    pairs, place = np.unique(pair, return_inverse=True)
    sums = np.bincount(place, quantity, len(pairs))
    used = sums > _ROUNDING
    return Allocated(pairs[used] // len(claims.place), pairs[used] % len(claims.place), sums[used], price, margin)


def _edges(buckets: Buckets, claims: Claims) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return bucket, claim, step and worth of a unit of every way to use supply that earns anything."""
    first = np.searchsorted(claims.place, buckets.place, side="left")
    count = np.searchsorted(claims.place, buckets.place, side="right") - first
    bucket = np.repeat(np.arange(len(count)), count)
    claim = np.arange(len(bucket)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    late = np.maximum(buckets.period[bucket] - claims.period[claim], 0)
    open_ = (late <= claims.most_late) & (claims.period[claim] <= buckets.last[bucket])
    bucket, claim, late = bucket[open_], claim[open_], late[open_]
    value = claims.value[claim] - claims.late_cost[claim] * late
    worth = value[:, None] * claims.chance[claim]
    pair, step = np.nonzero((worth > 0) & (claims.width[claim] > 0))
    return bucket[pair], claim[pair], step, worth[pair, step]


def _cuts(place: np.ndarray) -> np.ndarray:
    """Return where to cut edges so that no place is cut and parts are of a size that is solved fast."""
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    chosen = starts[np.flatnonzero(np.diff(starts // _EDGES, prepend=-1))]
    return np.append(chosen, len(place))


def _solve(buckets: Buckets, claims: Claims, edges: list[np.ndarray], price: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the quantity of each edge and the margin; sets the bid prices of the buckets concerned."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    bucket, claim, step, worth = edges
    supplies, row = np.unique(bucket, return_inverse=True)
    wishes, wish = np.unique(claim * claims.width.shape[1] + step, return_inverse=True)
    column = np.arange(len(bucket))
    rows = np.concatenate([row, len(supplies) + wish])
    limits = csr_array((np.ones(2 * len(bucket)), (rows, np.tile(column, 2))))
    bounds = np.concatenate([buckets.quantity[supplies], claims.width.reshape(-1)[wishes]])
    found = linprog(-worth, A_ub=limits, b_ub=bounds, method="highs-ds")
    if found.status != 0:
        raise RuntimeError(f"the allocation was not solved: {found.message}")
    price[supplies] = np.maximum(-found.ineqlin.marginals[: len(supplies)], 0.0)
    return np.maximum(found.x, 0.0), float(-found.fun)
