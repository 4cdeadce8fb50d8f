"""Scenarios of demand along which `segkit.formulas.lost_sales` rolls a stock forward: their steps, and their split.

A review is taken in as few steps as lead times allow. Where lots are about as large as the demand of a few reviews, and
that comes steadily, lots and reviews fall into step: which reviews order, and how much is short, then hang on the lead
time being right to the day, so that finer steps are taken there.
"""

from functools import lru_cache

import numpy as np

from segkit.formulas.order_positions import count_shape
from segkit.formulas.policy_levels import CoveredDemand

_BLOCKS = 256
_SHAPES = np.geomspace(0.02, 500.0 * 25_000.0**0.15, 47)
_LUMPY = 41  # of them: up to 500, where demand of some step may be none
_FINEST, _WHOLE = 4, 0.15  # most steps of a review; how near to whole steps lead times must come to do with fewer
_FEW_STEPS, _MOST_STEPS = 24, 64  # of lead time and review: for reviews of several steps, and for those of one
_NEAR_LEAD = 0.02  # of a review: how near lead times must come where lots are steady
_LEAST_LOT, _MOST_LOT = 0.5, 8.0  # of a review's demand: lots that fall into step with reviews
_STEADY = 0.2  # variance of a review's demand over its mean, of a lot
_SEED = 20250101


def steady_lots(demand: CoveredDemand, lot: np.ndarray) -> np.ndarray:
    """Return where lots and reviews fall into step: a lot covers a few reviews, and takes nearly as long each time.

    Where demand waits, stocks at reviews then lie evenly in the long run alone, which no scenario is long enough for;
    where it is lost they come back to the same few at once. So neither tells anything of the other.

    Examples
    --------
    >>> demand = CoveredDemand(np.array([[190.0, 200.0, 210.0]]), np.array([0.1, 0.5, 0.9]), np.ones(1), np.ones(1) / 2)
    >>> [bool(steady_lots(demand, np.array([lot]))[0]) for lot in (1.0, 200.0, 2000.0)]
    [False, True, False]
    """
    mean, variance = demand.moments
    review = mean * demand.review_share
    comes = (lot > 1.0) & (lot >= _LEAST_LOT * review) & (lot <= _MOST_LOT * review)
    return comes & (variance <= _STEADY * lot * mean)


def rolled(demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return what the scenarios give, (item-locations, candidates, 2, 4): see the kernel."""
    from segkit.formulas import lost_sales_kernels as kernels

    found = np.zeros((*points.shape, 2, 4))
    if not len(lot):
        return found
    mean, variance = demand.moments
    grown = np.clip(mean**2 / variance, *_SHAPES[[0, -1]])
    shape, single = _nearest(grown), count_shape(mean, variance)
    counted = np.where(single > 0, _nearest(np.clip(single, *_SHAPES[[0, -1]])), -1)
    every, steps = _timing(1.0 / demand.review_share, steady_lots(demand, lot))
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
            counted[rows],
            _parts_of_steps(int(kind[1])),
            _draws(),
            order,
            timing,
            tried,
            lots,
            pack[rows],
        )
        found[rows] = kernels.roll_forward(*given, smooth)
    return found


def _timing(reviews: np.ndarray, fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return steps of a review, and of lead time and review together, by how many reviews long both are.

    Where ``fine``, as many as bring the lead time near, or as near as so many can.
    """
    every = np.full(len(reviews), _FINEST)
    for few in range(_FINEST - 1, 0, -1):
        every[np.abs(few * reviews - np.round(few * reviews)) <= _WHOLE] = few
    every[reviews * every > _FEW_STEPS] = 1
    steps = np.clip(np.round(every * reviews), every, _MOST_STEPS).astype("int64")
    lead, least = reviews - 1.0, 1.0 / (_FEW_STEPS - 1)
    short = (steps == every) & (lead > least / 2.0)  # without a lead time nothing would be under way
    every = np.where(short, np.clip(np.round(1.0 / np.maximum(lead, least)), 1, None).astype("int64"), every)
    steps = np.where(short, every + 1, steps)
    rows = np.flatnonzero(fine & (np.abs(steps / every - reviews) > _NEAR_LEAD))
    tried = np.arange(1, _FEW_STEPS)
    many = np.round(tried * reviews[rows, None])
    off = np.where(many <= _FEW_STEPS, np.abs(many / tried - reviews[rows, None]), np.inf)
    near = off <= _NEAR_LEAD
    place = np.where(near.any(axis=1), near.argmax(axis=1), off.argmin(axis=1))
    each = np.arange(len(rows))
    better = off[each, place] < np.abs(steps / every - reviews)[rows]
    rows, place, each = rows[better], place[better], each[better]
    every[rows], steps[rows] = tried[place], many[each, place].astype("int64")
    return every, steps


def _nearest(shape: np.ndarray) -> np.ndarray:
    return np.abs(np.log(shape)[:, None] - np.log(_SHAPES)).argmin(axis=1)


@lru_cache(maxsize=1)
def _draws() -> np.ndarray:
    """Return by block and unit where each falls, [0-1] of all that may."""
    from segkit.formulas.count_split_kernels import MOST

    return np.random.default_rng(_SEED + 1).random((_BLOCKS, MOST))


@lru_cache(maxsize=1)
def _order() -> np.ndarray:
    return np.random.default_rng(_SEED).permutation(_BLOCKS)


@lru_cache(maxsize=32)  # of up to 6 MB each; a company has about twenty
def _parts_of_steps(steps: int) -> np.ndarray:
    """Return how demand of a block parts into steps, by shape of the gamma process: (shapes, blocks, steps)."""
    rng = np.random.default_rng([_SEED, steps])
    grown = _grown(rng, _SHAPES[:_LUMPY], steps)
    one = rng.integers(steps, size=(_LUMPY, _BLOCKS, 1)) == np.arange(
        steps
    )  # so lumpy that nothing but one step is told
    total = grown.sum(axis=2, keepdims=True)
    lumpy = np.where(total > 0, grown / np.where(total > 0, total, 1.0), one)
    even = _grown(rng, _SHAPES[_LUMPY:], steps)
    return np.concatenate([lumpy, even / even.sum(axis=2, keepdims=True)])


def _grown(rng: np.random.Generator, shapes: np.ndarray, steps: int) -> np.ndarray:
    """Return what a gamma process grows by, step by step: (shapes, blocks, steps)."""
    return rng.standard_gamma(np.broadcast_to(shapes[:, None, None] / steps, (len(shapes), _BLOCKS, steps)))
