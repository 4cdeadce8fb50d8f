"""Scenarios of demand along which `segkit.formulas.lost_sales` rolls a stock forward: their steps, and their split.

A review is taken in as few steps as lead times allow. Where lots are about as large as the demand of a few reviews, and
that comes steadily, lots and reviews fall into step: which reviews order, and how much is short, then hang on the lead
time being right to the day, so that finer steps are taken there.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from segkit.formulas.order_positions import count_shape
from segkit.formulas.policy_levels import CoveredDemand

_BLOCKS = 256
WARM = 16  # blocks before it is judged, of the demand at the end
_SHAPES = np.geomspace(0.02, 50_000.0, 22)
_LEAST = 1e-12
_PARTS, _COARSE = 56, 4  # of a review, to which lead times are told: sevenths and quarters; parts told as one if coarse
_NO_LEAD = 0.02  # of a review
_MOST_REVIEWS = {_BLOCKS: 64, 128: 128, 64: 256}  # of lead time and review, by blocks
_LUMP_SHAPES = np.geomspace(0.1, 400.0, 12)
_NEAR = 1e-6
_LEAST_LOT, _MOST_LOT = 0.5, 4.0  # of a review's demand: lots that fall into step with reviews
_STEADY = 0.2  # variance of a review's demand over its mean, of a lot
_TIMES, _STEADY_TIMES = 3, 6  # as often demand is laid out in another order where lots are lumpy, or steady
_WIDE = 0.75  # standard deviations of demand over lead time and review: lots below them are met alike wherever they lie
_SEED = 20250101


def steady_lots(demand: CoveredDemand, lot: np.ndarray) -> np.ndarray:
    """Return how far lots and reviews fall into step: a lot covers a few reviews, and takes nearly as long each time.

    Where demand waits, stocks at reviews then lie evenly in the long run alone, which no scenario is long enough for;
    where it is lost they come back to the same few at once. So neither tells anything of the other. It fades from 1 to
    0 where lots are twice as far away from those of which that is so, or last twice as unevenly.

    Examples
    --------
    >>> demand = CoveredDemand(np.array([[190.0, 200.0, 210.0]]), np.array([0.1, 0.5, 0.9]), np.ones(1), np.ones(1) / 2)
    >>> [float(steady_lots(demand, np.array([lot]))[0]) for lot in (1.0, 200.0, 600.0, 2000.0)]
    [0.0, 1.0, 0.5, 0.0]
    """
    mean, variance = demand.moments
    review, size = np.maximum(mean * demand.review_share, _LEAST), np.maximum(lot, _LEAST)
    far = np.maximum(_LEAST_LOT * review / size, size / review / _MOST_LOT)
    uneven = variance / np.maximum(size * mean, _LEAST) / _STEADY
    return np.where((lot > 1.0) & (mean > 0), np.clip(2.0 - np.maximum(far, uneven), 0.0, 1.0), 0.0)


def lumpy_lots(demand: CoveredDemand, pack: np.ndarray) -> np.ndarray:
    """Return how far stocks that lose and that let wait come apart: packs are wide against demand, and are lumps, too.

    What is lost moves the position within a pack, and it stays moved: where packs are wide, whether one stock is short
    then tells nothing of the other. A stock that a lump empties begins anew with whole packs, at the same few levels,
    so that it may lose more than would wait. Without lumps it does not, and packs that are narrow change nothing.

    Examples
    --------
    >>> demand = CoveredDemand(np.array([[0.0, 0.0, 90.0]]), np.array([0.2, 0.5, 0.8]), np.ones(1), np.ones(1) / 2)
    >>> [float(lumpy_lots(demand, np.array([pack]))[0].round(2)) for pack in (1.0, 20.0, 70.0, 400.0)]
    [0.0, 0.0, 1.0, 0.0]
    """
    mean, variance = demand.moments
    size = np.maximum(pack, _LEAST)
    uneven = variance / np.maximum(size * mean, _LEAST) / _STEADY
    wide = size / np.sqrt(variance) / _WIDE
    return np.where((pack > 1.0) & (mean > 0), np.clip(np.minimum(uneven, wide) - 1.0, 0.0, 1.0), 0.0)


def cycles_rolled(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Return about how many cycles the scenarios have, (item-locations,)."""
    review, times = demand.moments[0] * demand.review_share, _times_rolled(demand, lot, pack)
    blocks = _blocks_of(1.0 / demand.review_share)
    return times * blocks / demand.review_share * np.minimum(review / np.maximum(lot, 1.0), 1.0)


def rolled(
    demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray, *, once: bool = False
) -> np.ndarray:
    """Return what the scenarios give, (item-locations, candidates, 2, 4): see the kernel.

    Where stocks come apart, the closed forms do not help: demand is laid out in several orders. Of one alone, the level
    of least cost would be the one that its chances favour; ``once`` takes no more.
    """
    found, times = _rolled_once(demand, points, lot, pack, 0), _times_rolled(demand, lot, pack)
    if once:
        return found
    for time in range(1, int(times.max(initial=1))):
        rows = np.flatnonzero(times > time)
        found[rows] += _rolled_once(demand.of(rows), points[rows], np.asarray(lot)[rows], pack[rows], time)
    return found / times[:, None, None, None]


def _times_rolled(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray) -> np.ndarray:
    steady, lumpy = steady_lots(demand, lot) > 0, lumpy_lots(demand, pack) > 0
    return np.where(steady, _STEADY_TIMES, np.where(lumpy, _TIMES, 1))


def _rolled_once(demand: CoveredDemand, points: np.ndarray, lot: np.ndarray, pack: np.ndarray, time: int) -> np.ndarray:
    from segkit.formulas import lost_sales_kernels as kernels

    found = np.zeros((*points.shape, 2, 4))
    if not len(lot):
        return found
    mean, variance = demand.moments
    grown = np.clip(mean**2 / variance, *_SHAPES[[0, -1]])
    single = count_shape(mean, variance)
    shapes = np.stack([*_between(grown), *_between(np.clip(single, *_SHAPES[[0, -1]]))], axis=1)
    shapes[single <= 0, 2] = -1.0
    lumps = _lumps_of(demand)
    lead = _lead_times(1.0 / demand.review_share, steady_lots(demand, lot) > 0)
    for parts in np.unique(lead):
        rows = np.flatnonzero(lead == parts)
        blocks = int(_blocks_of(np.array(1.0 + parts / _PARTS)))
        begins, width, events, slot, shares = _steps_of(int(parts), blocks)
        found[rows] = kernels.roll_forward(
            np.ascontiguousarray(demand.whole[rows], dtype=float),
            demand.chances,
            shapes[rows],
            lumps[rows],
            (shares, _draws()[-blocks:], width, _lump_sizes()[:, -blocks:], _LUMP_SHAPES),
            _order(time, blocks),
            (begins, width, events, int(parts) // _PARTS, slot),
            np.ascontiguousarray(points[rows], dtype=float),
            np.maximum(np.asarray(lot, dtype=float)[rows], 1.0),
            pack[rows],
            grown[rows] / (1.0 + parts / _PARTS),
        )
    return found


def _lumps_of(demand: CoveredDemand) -> np.ndarray:
    """Return what `lumps_of` tells, the shape of sizes as `_between` does."""
    often, size, shape = demand.lumps.T
    return np.stack([often, size, *_between(shape, _LUMP_SHAPES)], axis=1)


def _blocks_of(reviews: np.ndarray) -> np.ndarray:
    """Return how many blocks are rolled, by reviews that lead time and review take: fewer of long ones."""
    most = np.array(list(_MOST_REVIEWS.values()), dtype=float)
    return np.array(list(_MOST_REVIEWS))[np.minimum(np.searchsorted(most, reviews - _NEAR), len(most) - 1)]


def _lead_times(reviews: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Return lead times in parts of a review, by how many reviews lead time and review take; more finely where so."""
    lead = np.clip(reviews, 1.0, max(_MOST_REVIEWS.values())) - 1.0
    near = np.where(fine, np.round(lead * _PARTS), np.round(lead * _PARTS / _COARSE) * _COARSE)
    least = (near == 0) & (lead > _NO_LEAD)  # without a lead time nothing would be under way
    return np.where(least, np.maximum(np.round(lead * _PARTS), 1.0), near).astype("int64")


def _between(shape: np.ndarray, shapes: np.ndarray = _SHAPES) -> tuple[np.ndarray, np.ndarray]:
    """Return the shape told below each, and the share of blocks in which the next one splits demand.

    A step's share of p of a block has the variance p(1 - p) / (shape + 1), so that of the mixture is that of the shape.
    """
    low = np.clip(np.searchsorted(shapes, shape, side="right") - 1, 0, len(shapes) - 2)
    scatter = 1.0 / (shapes + 1.0)
    return low, (scatter[low] - 1.0 / (shape + 1.0)) / (scatter[low] - scatter[low + 1])


@lru_cache(maxsize=1)
def _draws() -> np.ndarray:
    """Return by block and unit where each falls, [0-1] of all that may."""
    from segkit.formulas.count_split_kernels import MOST

    return np.random.default_rng(_SEED + 1).random((_BLOCKS, MOST))


@lru_cache(maxsize=1)
def _lump_sizes() -> np.ndarray:
    """Return sizes of lumps by shape, block and lump, in a scale of their own."""
    from segkit.formulas.count_split_kernels import MOST

    rng = np.random.default_rng(_SEED + 2)
    return np.maximum(rng.standard_gamma(_LUMP_SHAPES[:, None, None], (len(_LUMP_SHAPES), _BLOCKS, MOST)), _LEAST)


@lru_cache(maxsize=_STEADY_TIMES * 4)
def _order(time: int, blocks: int) -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    return [rng.permutation(blocks) for _ in range(time + 1)][time]


@lru_cache(maxsize=64)  # of up to 6 MB each; a company has about thirty
def _steps_of(lead: int, blocks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]:
    """Return into which steps a lead time parts blocks of lead time and review, laid end to end, warm-up first.

    Nothing happens but at reviews and where orders of reviews come: a step reaches from one of these to the next, or to
    the end of its block. The first step of each block and the end of all; lengths [reviews] by step; 1 = a review,
    2 = an arrival, 3 = both at their beginnings; which of the orders under way comes first, counted from the first one
    placed; and how demand parts into them, (shapes, steps).
    """
    block = _PARTS + lead
    begin, end = -WARM * block, blocks * block
    first = -(-begin // _PARTS) * _PARTS
    reviews, borders = np.arange(first, end, _PARTS), np.arange(begin, end + 1, block)
    arrivals = np.arange(first - _PARTS, end, _PARTS) + lead % _PARTS
    arrivals = arrivals[(arrivals >= begin) & (arrivals < end)]
    cuts = np.unique(np.concatenate([reviews, arrivals, borders]))
    slot = int((arrivals[0] - lead - first) // _PARTS % (lead // _PARTS + 1))
    begins, width = np.searchsorted(cuts, borders), np.diff(cuts) / _PARTS
    events = (cuts[:-1] % _PARTS == 0) + 2 * ((cuts[:-1] - lead) % _PARTS == 0)
    rng = np.random.default_rng([_SEED, lead])
    share = width * _PARTS / block
    grown = rng.standard_gamma(np.maximum(_SHAPES[:, None] * share, _LEAST))
    one = begins[:-1] + np.array([np.searchsorted(np.cumsum(share[a:b]), rng.random()) for a, b in pairwise(begins)])
    at = np.minimum(one, begins[1:] - 1)  # what is so lumpy that nothing is told comes in one step
    total = np.add.reduceat(grown, begins[:-1], axis=1)
    which, where = np.nonzero(total <= 0.0)
    grown[which, at[where]] = 1.0
    total = np.add.reduceat(grown, begins[:-1], axis=1)
    return begins, width, events.astype(np.int64), slot, grown / np.repeat(total, np.diff(begins), axis=1)
