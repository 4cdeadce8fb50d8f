"""Reservations of several supplies for classes over several periods, judged by what is sold of them in the end.

What a class does not use of a supply in one period it still has in the next. A program that gives every period its own
part (`margin_program`) cannot see that, and keeps the tail of every period.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from segkit.formulas.demand_distributions import Demand, Gamma
from segkit.formulas.margin_program import Buckets
from segkit.formulas.replay_inputs import require

_DRAWS = 256  # of demand in all periods together
_HALVINGS = 9  # of a bucket, where any amount will do
_STEEP = 500.0  # -log P(no demand) from which counts are drawn as gamma


@dataclass(frozen=True)
class TimedDemand:
    """Demand of a class in a period, sorted by place, class and period; ``value`` of a unit [currency/unit].

    ``place``, ``cls`` and ``period`` whole numbers; ``demand`` its distribution, parameters of shape (claims,).
    """

    place: np.ndarray
    cls: np.ndarray
    period: np.ndarray
    value: np.ndarray
    demand: Demand


def reserve_over_time(
    buckets: Buckets, asked: TimedDemand, *, late_cost: float = 0.0, most_late: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the reservations that are expected to earn most, and what one piece more of each bucket would earn.

    Parameters
    ----------
    buckets : Buckets
        Sorted by place and period.
    asked : TimedDemand
        Demand by place, class and period.
    late_cost, most_late : float, int
        Demand waits so many periods at most, at a cost for a unit and period [currency/unit/period].

    Returns
    -------
    quotas, bid_price : ndarray
        Shapes (buckets, classes) [pieces] and (buckets,) [currency/unit]; classes up to the last of ``asked``.

    Notes
    -----
    A class takes of its own quotas in the order of the periods, first what expires first; later supply only where it
    may wait. Its expected margin is the mean over 256 demands, of which every period has each 256th once and the
    periods are combined by a Sobol sequence. Steps go where they earn most, wide ones first, down to one piece. The bid
    price is what the search finds with one piece more.

    References
    ----------
    Murota, Discrete Convex Analysis, SIAM 2003, sec. 10.1 (steepest ascent with scaling).

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> stock = Buckets(np.array([0]), np.array([0]), np.array([9]), np.array([6.0]))
    >>> weeks = np.array([0, 1, 0, 1])
    >>> asked = TimedDemand(weeks * 0, np.array([0, 0, 1, 1]), weeks, np.array([9.0, 9, 4, 4]), Poisson([1.0, 1, 2, 2]))
    >>> made, price = reserve_over_time(stock, asked)
    >>> made.tolist(), price.round().tolist()
    ([[3.0, 3.0]], [2.0])
    """
    from segkit.formulas.reservation_kernels import reserve_place

    require(bool((buckets.quantity >= 0).all() and np.isfinite(asked.value).all()), "supply below 0, or no value")
    made = np.zeros((len(buckets.quantity), int(asked.cls.max(initial=-1)) + 1))
    price = np.zeros(len(buckets.quantity))
    for mine in np.split(np.arange(len(asked.place)), np.flatnonzero(np.diff(asked.place)) + 1):
        if not len(mine):
            continue
        place = asked.place[mine[0]]
        own = slice(*np.searchsorted(buckets.place, [place, place + 1]))
        if own.start == own.stop:
            continue
        known, classes = _known(buckets, asked, mine, own, (late_cost, most_late))
        stock = buckets.quantity[own].astype(float)
        quotas = np.zeros((len(classes), len(stock)))
        price[own] = reserve_place(stock, _steps(stock, asked.demand.whole), known, quotas)
        made[np.arange(own.start, own.stop)[:, None], classes] = quotas.T
    return made, price


def _steps(stock: np.ndarray, whole: bool) -> np.ndarray:
    """Return by how much quotas are moved, shape (levels, buckets): twos down to one piece, or halves of a bucket."""
    if whole:
        levels = np.arange(max(int(np.ceil(np.log2(max(stock.max(), 2.0)))) - 1, 0), -1, -1)
        return np.repeat(2.0 ** levels[:, None], len(stock), axis=1)
    least = max(float(stock.max()), 1e-9) * 2.0**-_HALVINGS  # so that an empty bucket has a price too
    return np.maximum(stock * 2.0 ** -np.arange(1, _HALVINGS + 1)[:, None], least)


def _known(buckets: Buckets, asked: TimedDemand, mine: np.ndarray, own: slice, late: tuple[float, int]):  # type: ignore[no-untyped-def]
    """Return what the kernel has to know of a place, and its classes."""
    classes, begin = np.unique(asked.cls[mine], return_index=True)
    begin = np.append(begin, len(mine))
    first, last = buckets.period[own].astype(np.int64), buckets.last[own].astype(np.int64)
    soonest = np.lexsort((first, last))
    drawn = drawn_quantiles(_some(asked.demand, mine), _DRAWS)
    ranks = combined_ranks(int(np.diff(begin).max()), _DRAWS)
    claims = (begin, asked.period[mine].astype(np.int64), asked.value[mine].astype(float), drawn, ranks)
    return (first, last, soonest, claims, (float(late[0]), int(late[1]))), classes


def drawn_quantiles(demand: Demand, draws: int) -> np.ndarray:
    """Return the middle of every ``draws``-th part of demands, rising, shape (claims, draws).

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> drawn_quantiles(Poisson([2.0]), 4).tolist()
    [[0.0, 1.0, 2.0, 4.0]]
    """
    from segkit.formulas.reservation_kernels import drawn_counts

    points = (np.arange(draws) + 0.5) / draws
    mean, variance = np.atleast_1d(demand.mean), np.atleast_1d(demand.variance)
    if not demand.whole:
        return demand.__class__(*(getattr(demand, one.name)[:, None] for one in fields(demand))).quantile(points)  # type: ignore[arg-type]
    found = np.zeros((len(mean), draws))
    odds = np.maximum(variance / np.maximum(mean, 1e-300), 1.0 + 1e-12)
    steep = mean * np.log(odds) / (odds - 1.0) > _STEEP
    drawn = np.zeros((int((~steep).sum()), draws))
    drawn_counts(mean[~steep], variance[~steep], points, drawn)
    found[~steep] = drawn
    if steep.any():
        found[steep] = np.round(Gamma(mean[steep][:, None], np.sqrt(variance[steep])[:, None]).quantile(points))
    return found


@lru_cache(maxsize=64)
def combined_ranks(periods: int, draws: int) -> np.ndarray:
    """Return which quantile each period has in each draw, shape (periods, draws): every one once, evenly combined."""
    from scipy.stats.qmc import Sobol

    drawn = Sobol(periods, scramble=True, rng=1).random(draws)
    return np.ascontiguousarray(np.argsort(np.argsort(drawn, axis=0, kind="stable"), axis=0).T)


def _some(demand: Demand, rows: np.ndarray) -> Demand:
    return demand.__class__(*(getattr(demand, one.name)[rows] for one in fields(demand)))  # type: ignore[arg-type]
