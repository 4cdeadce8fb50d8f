"""Stock levels where unmet demand is lost: the pipeline is rolled forward over demand scenarios.

Where short demand waits, all that is on order will be sold: the levels of `segkit.formulas.policy_levels` rest on that.
Where it is lost, stock that comes finds less demand than was counted on, so that the same level serves more and leaves
more; the fewer units the level has, the more. No closed form tells it. So a stock is rolled forward along scenarios of
demand twice, once with short demand lost and once waiting, and what the closed form gives is changed as the scenarios
change: their chance falls out of the ratio, and where nothing is short nothing changes.

Scenarios are the strata of the demand over lead time and review, each once, in an order that is mixed; within each,
demand is split over steps as a gamma process splits it that scatters as much, as in `policy_levels`, in whole lots.
They are the same for all item-locations, and at every call.
"""

from functools import lru_cache

import numpy as np

from segkit.formulas.policy_levels import (
    CoveredDemand,
    ExpectedService,
    economic_reorder_point,
    expected_service,
    reorder_point_for_fill_rate_by_curve,
)

_BLOCKS = 256
_SHAPES = np.geomspace(0.02, 500.0, 41)
_FINEST, _WHOLE = 4, 0.15  # most steps of a review; how near to whole steps lead times must come to do with fewer
_MOST_STEPS = 24
_INNER = 5  # levels tried in a round
_SEED = 20250101
_NEAR = 1e-9


def expected_service_of_lost_sales(
    demand: CoveredDemand, reorder_point: np.ndarray, lot: np.ndarray, *, pack: np.ndarray | None = None
) -> ExpectedService:
    """Return what reorder points give where unmet demand is lost.

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    reorder_point, lot : array
        s and Q; below zero nothing is ever ordered. [lots]
    pack : array, optional
        As `expected_service` takes it. [lots]

    Returns
    -------
    ExpectedService
        As `expected_service` gives it.

    Examples
    --------
    >>> chances = np.array([0.25, 0.75])
    >>> demand = CoveredDemand(np.array([[4.0, 6.0]]), chances, np.array([5.0]), np.array([1.0]))
    >>> one = np.ones(1)
    >>> waits, lost = expected_service(demand, one, one), expected_service_of_lost_sales(demand, one, one)
    >>> bool(lost.fill_rate[0] > waits.fill_rate[0] + 0.3)
    True
    """
    point = np.asarray(reorder_point, dtype=float)
    review, short, left, lacking, held = _outcome(demand, point[:, None], lot, _packs(lot, pack))
    fill = 1.0 - short[:, 0] / np.where(review > 0, review, 1.0)
    return ExpectedService(1.0 - lacking[:, 0], fill, held[:, 0], left[:, 0])


def economic_reorder_point_of_lost_sales(
    demand: CoveredDemand, lot: np.ndarray, ratio: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the reorder points of least cost where unmet demand is lost.

    Parameters
    ----------
    demand, lot, ratio, pack
        As `economic_reorder_point` takes them.

    Returns
    -------
    array
        s at which units short a review period, and units left at its end times the ratio, together cost least; -Q where
        that is without stock. [lots]

    References
    ----------
    Zipkin, P. (2008). Old and new methods for lost-sales inventory systems. Operations Research 56, 1256-1263 (levels
    that are best where demand waits bound those of lost sales from above).
    """
    waits, packs = economic_reorder_point(demand, lot, ratio, pack=pack), _packs(lot, pack)
    newsvendor = _exceeded(demand, ratio / (1.0 + ratio))
    low, high = np.zeros(len(lot)), np.where(waits >= 0, waits, newsvendor)
    best, least = -np.asarray(lot, dtype=float), demand.moments[0] * demand.review_share
    rows, inner = np.flatnonzero(np.isfinite(waits)), slice(None)
    while rows.size:
        tried = np.round(np.linspace(low[rows], high[rows], _INNER + 2, axis=1))
        _, short, left, *_ = _outcome(demand.of(rows), tried[:, inner], lot[rows], packs[rows])
        cost = np.full(tried.shape, np.inf)
        cost[:, inner] = short + ratio[rows, None] * left
        place, each = cost.argmin(axis=1), np.arange(rows.size)
        better = cost[each, place] < least[rows] - _NEAR
        best[rows] = np.where(better, tried[each, place], best[rows])
        least[rows] = np.where(better, cost[each, place], least[rows])
        wide = high[rows] - low[rows] > _INNER + 1
        low[rows] = tried[each, np.maximum(place - 1, 0)]
        high[rows] = tried[each, np.minimum(place + 1, _INNER + 1)]
        inner = slice(1, -1)  # both ends are known from the round before
        rows = rows[wide]
    return np.where(np.isfinite(waits), best, waits)


def reorder_point_for_fill_rate_of_lost_sales(
    demand: CoveredDemand, lot: np.ndarray, target: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the least reorder points that give a fill_rate (P2) where unmet demand is lost.

    Parameters
    ----------
    demand, lot, target, pack
        As `reorder_point_for_fill_rate_by_curve` takes them.

    Returns
    -------
    array
        s, whole, 0 or more; no more than where unmet demand waits. [lots]
    """
    waits, packs = reorder_point_for_fill_rate_by_curve(demand, lot, target, pack=pack), _packs(lot, pack)
    high, low = np.maximum(waits, 0.0), np.full(len(lot), -1.0)
    rows = np.flatnonzero(high - low > 1.0)
    while rows.size:
        middle = np.floor((low[rows] + high[rows]) / 2.0)
        given = expected_service_of_lost_sales(demand.of(rows), middle, lot[rows], pack=packs[rows])
        enough = given.fill_rate >= target[rows] - _NEAR
        high[rows], low[rows] = np.where(enough, middle, high[rows]), np.where(enough, low[rows], middle)
        rows = rows[high[rows] - low[rows] > 1.0]
    return np.where((demand.mean > 0) | np.isnan(waits), np.where(np.isfinite(waits), high, waits), waits)


def _packs(lot: np.ndarray, pack: np.ndarray | None) -> np.ndarray:
    """Return packs of one lot or more, no larger than the lots."""
    lots = np.maximum(np.asarray(lot, dtype=float), 1.0)
    return lots if pack is None else np.clip(pack, 1.0, lots)


def _outcome(demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return demand of a review; by candidate what of it is short, left, cycles with a shortage, and mean stock.

    What the closed forms give where demand waits, times what lost sales change it by along the scenarios.
    """
    review = demand.moments[0] * demand.review_share
    short, left, lacking, held = np.empty((4, *points.shape))
    for place in range(points.shape[1]):
        given = expected_service(demand, points[:, place], lot, pack=pack)
        short[:, place], left[:, place] = (1.0 - given.fill_rate) * review, given.left
        lacking[:, place], held[:, place] = 1.0 - given.cycle_service, given.on_hand
    lost, waits = np.moveaxis(_rolled(demand, points, lot, pack), 2, 0)
    scale, more = _ratio(short, waits[..., 0]), lost - waits
    left, held = (np.maximum(told + more[..., place] * scale, 0.0) for told, place in ((left, 1), (held, 3)))
    # Scenarios without a shortage tell nothing of rare ones.
    some, cycles = waits[..., 0] > _NEAR, waits[..., 2] > _NEAR
    fewer = np.where(some, np.minimum(lost[..., 0] * scale, short), short)  # what is lost is not asked again
    short = np.clip(fewer, 0.0, review[:, None])
    lacking = np.where(cycles, np.minimum(lost[..., 2] * _ratio(lacking, waits[..., 2]), lacking), lacking)
    return review, short, left, np.clip(lacking, 0.0, 1.0), held


def _exceeded(demand: CoveredDemand, chance: np.ndarray) -> np.ndarray:
    """Return the least quantile that demand exceeds with no more than a chance."""
    place = np.searchsorted(demand.chances, 1.0 - chance)
    return np.ceil(demand.whole[np.arange(len(place)), np.minimum(place, len(demand.chances) - 1)])


def _ratio(told: np.ndarray, rolled: np.ndarray) -> np.ndarray:
    """Return what closed forms tell over what scenarios gave; 1 where scenarios have none of it."""
    return np.where(rolled > _NEAR, told / np.where(rolled > _NEAR, rolled, 1.0), 1.0)


def _rolled(demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return what the scenarios give, (item-locations, candidates, 2, 4): see the kernel."""
    from segkit.formulas import lost_sales_kernels as kernels

    found = np.zeros((*points.shape, 2, 4))
    if not len(lot):
        return found
    mean, variance = demand.moments
    grown = np.clip(mean**2 / variance, *_SHAPES[[0, -1]])
    shape = np.abs(np.log(grown)[:, None] - np.log(_SHAPES)).argmin(axis=1)
    every, steps = _timing(1.0 / demand.review_share)
    order = _order()
    for kind in np.unique(np.stack([every, steps], axis=1), axis=0):
        rows = np.flatnonzero((every == kind[0]) & (steps == kind[1]))
        curves = np.ascontiguousarray(demand.whole[rows], dtype=float)
        timing = (int(kind[0]), int(kind[1] - kind[0]))
        tried = np.ascontiguousarray(points[rows], dtype=float)
        lots, smooth = np.maximum(np.asarray(lot, dtype=float)[rows], 1.0), grown[rows] / (kind[1] + grown[rows])
        given = (
            curves,
            demand.chances,
            shape[rows],
            _parts_of_steps(int(kind[1])),
            order,
            timing,
            tried,
            lots,
            pack[rows],
        )
        found[rows] = kernels.roll_forward(*given, smooth)
    return found


def _timing(reviews: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return steps of a review, and of lead time and review together, by how many reviews long both are."""
    every = np.full(len(reviews), _FINEST)
    for steps in range(_FINEST - 1, 0, -1):
        every[np.abs(steps * reviews - np.round(steps * reviews)) <= _WHOLE] = steps
    every[reviews * every > _MOST_STEPS] = 1
    return every, np.maximum(np.minimum(np.round(every * reviews), _MOST_STEPS).astype("int64"), every)


@lru_cache(maxsize=1)
def _order() -> np.ndarray:
    return np.random.default_rng(_SEED).permutation(_BLOCKS)


@lru_cache(maxsize=_MOST_STEPS)
def _parts_of_steps(steps: int) -> np.ndarray:
    """Return how demand of a block parts into steps, by shape of the gamma process: (shapes, blocks, steps)."""
    rng = np.random.default_rng([_SEED, steps])
    grown = rng.standard_gamma(np.broadcast_to(_SHAPES[:, None, None] / steps, (len(_SHAPES), _BLOCKS, steps)))
    total = grown.sum(axis=2, keepdims=True)
    one = rng.integers(steps, size=total.shape) == np.arange(steps)  # so lumpy that nothing but one step is told
    return np.where(total > 0, grown / np.where(total > 0, total, 1.0), one)
