"""Stock levels of many item-locations at once, from quantile curves of the demand that they must cover.

Stock is reviewed every R periods; what is ordered comes after the lead time L. At a review the inventory position lies
anywhere among the Q whole lots above the reorder point s: evenly where orders come in lots of Q (R,s,nQ), higher where
they fill up to S = s + Q in smaller packs (R,s,S), see `position_depths`; with Q = 1 it is (R,S) with S = s + 1.
Until the next order can arrive, stock must cover demand X over L + R. Short in a review period is what exceeds stock
and falls into that period, no more than its own demand: of X the part B that falls into the review is taken as beta
distributed, as in a gamma process with as much scatter as X. Smooth demand parts evenly; a demand that comes in one
rare lump falls into the review or it does not. Few units part one by one (`count_split_kernels`).

Orders are taken to arrive in the order in which they were placed, so that stock covers what is asked for in the lead
time of one order. Where lead times scatter by more than the time from order to order, and each order has its own, later
ones overtake, what is under way varies less, and levels give more than is told: with Poisson demand of 1 a day, daily
reviews and gamma lead times of 20 days with a deviation of 15, more than .999 for a P1 of .90.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import betainc

from segkit.formulas.curve_tails import curve_cells
from segkit.formulas.demand_lumps import STEPS, lumps_of, parts_in_review
from segkit.formulas.order_positions import chance_of_any, count_shape, order_chance, position_depths, reach_of

CYCLE_SERVICE, FILL_RATE = 0, 1  # as policy_kernels has them
_SHAPES = (0.02, 500.0)
_LEAST_SHARE = 1e-4
_KEPT = "order_positions"
_LUMPY = 1e-6  # shape of counts up to which units may fall together


@dataclass(frozen=True)
class CoveredDemand:
    """Demand that stock must cover, by item-location, in lots.

    ``whole`` holds its quantiles over L + R (item-locations, probabilities) at ``chances``; ``mean`` its mean and
    ``review_mean`` the mean of a review period alone. ``asked`` is the chance that a review has any demand [0-1], blank
    where it is not known: the quantiles tell nothing of that over a long lead time. ``kept`` are arrays that were
    worked out from it, row by row.
    """

    whole: np.ndarray
    chances: np.ndarray
    mean: np.ndarray
    review_mean: np.ndarray
    asked: np.ndarray | None = None
    kept: dict[str, tuple[np.ndarray, ...]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, rows: np.ndarray) -> "CoveredDemand":
        """Return some of the item-locations, with what is already worked out for them."""
        if np.array_equal(rows, np.arange(len(self.mean))):
            return self
        whole = np.ascontiguousarray(self.whole[rows])
        kept = {name: tuple(values[rows] for values in arrays) for name, arrays in self.kept.items()}
        asked = None if self.asked is None else self.asked[rows]
        some = CoveredDemand(whole, self.chances, self.mean[rows], self.review_mean[rows], asked, kept)
        if "moments" in self.__dict__:
            some.__dict__["moments"] = tuple(values[rows] for values in self.moments)
        for name in ("lumps", "part_in_review"):
            if name in self.__dict__:
                some.__dict__[name] = np.ascontiguousarray(getattr(self, name)[rows])
        return some

    @property
    def review_share(self) -> np.ndarray:
        """R / (L + R): share of demand that falls into the review."""
        return np.clip(self.review_mean / np.maximum(self.mean, 1e-12), _LEAST_SHARE, 1.0 - _LEAST_SHARE)

    @property
    def smooth(self) -> np.ndarray:
        """How evenly demand of a review comes: 0 = in one lump, 1 = smoothly."""
        mean, variance = self.moments
        shape = np.clip(mean**2 / variance, *_SHAPES) * self.review_share
        return shape / (1.0 + shape)

    @cached_property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the quantiles. [lots]."""
        width, middle = curve_cells(self.whole, self.chances)
        mean = middle @ width
        return mean, np.maximum((middle**2) @ width - mean**2, 1e-12)

    @cached_property
    def lumps(self) -> np.ndarray:
        """What `lumps_of` tells of demand, (item-locations, 3)."""
        return lumps_of(*self.moments, _asked_per_review(self), self.review_share)

    @cached_property
    def part_in_review(self) -> np.ndarray:
        """E[min(t, B)] at squares t of even steps from 0 to 1, (item-locations, steps).

        B is beta with mean R / (L + R), and shapes that add up to mean² / variance of the whole. Zero where demand
        comes in lumps, or all of it in so few units that they part one by one: nobody asks for it there.
        """
        from segkit.formulas.count_split_kernels import MOST

        found = np.zeros((len(self.mean), STEPS))
        few = (count_shape(*self.moments) > _LUMPY) & (np.ceil(self.whole[:, -1]) + 1.0 <= MOST)
        rows = np.flatnonzero(~few & ~(self.lumps[:, 0] > 0))
        mean, variance = (moment[rows] for moment in self.moments)
        shape, share = np.clip(mean**2 / variance, *_SHAPES)[:, None], self.review_share[rows, None]
        at = (np.linspace(0.0, 1.0, STEPS) ** 2)[None, :]
        below = betainc(shape * share, shape * (1.0 - share), at)
        found[rows] = at * (1.0 - below) + share * betainc(shape * share + 1.0, shape * (1.0 - share), at)
        return found


@dataclass(frozen=True)
class ExpectedService:
    """What levels are expected to give: cycle_service (P1), fill_rate (P2) [0-1] and mean stock on hand [lots].

    ``left`` is what of it is still there when the next order comes. [lots]
    """

    cycle_service: np.ndarray
    fill_rate: np.ndarray
    on_hand: np.ndarray
    left: np.ndarray


def reorder_point_for_cycle_service_by_curve(
    demand: CoveredDemand, lot: np.ndarray, target: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the least reorder points that give a cycle_service (P1).

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    lot : array
        Q, whole, 1 or more. [lots]
    target : array
        Probability that a cycle, from the review at which is ordered, ends without a shortage. [0-1]
    pack : array, optional
        P: an order fills up to s + Q in whole packs; by default it comes in lots of Q. [lots]

    Returns
    -------
    array
        s, whole; -Q where nothing need be stocked. [lots]

    Examples
    --------
    >>> curve = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> demand = CoveredDemand(curve, np.array([0.125, 0.375, 0.625, 0.875]), np.array([1.5]), np.array([1.5]))
    >>> reorder_point_for_cycle_service_by_curve(demand, np.ones(1), np.array([0.75])).tolist()
    [1.0]
    """
    return _search(demand, lot, pack, target, CYCLE_SERVICE)


def reorder_point_for_fill_rate_by_curve(
    demand: CoveredDemand, lot: np.ndarray, target: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the least reorder points that give a fill_rate (P2): share of units met from stock.

    Parameters
    ----------
    demand, lot
        As `reorder_point_for_cycle_service_by_curve` takes them.
    target : array
        Fill rate. [0-1]
    pack : array, optional
        As `reorder_point_for_cycle_service_by_curve` takes it. [lots]

    Returns
    -------
    array
        s, whole. [lots]
    """
    return _search(demand, lot, pack, target, FILL_RATE)


def economic_reorder_point(
    demand: CoveredDemand, lot: np.ndarray, ratio: np.ndarray, *, pack: np.ndarray | None = None
) -> np.ndarray:
    """Return the reorder points up to which the next unit returns more than it costs.

    Parameters
    ----------
    demand, lot
        As `reorder_point_for_cycle_service_by_curve` takes them.
    ratio : array
        Cost of holding a unit for a review period over what a unit short costs; above zero.
    pack : array, optional
        As `reorder_point_for_cycle_service_by_curve` takes it. [lots]

    Returns
    -------
    array
        s at which units short a review period, and mean stock times the ratio, together cost least; -Q where that is
        without stock. [lots]

    Notes
    -----
    A unit is held, and charged, as long as it stays: a slow mover's long stay counts in full. Which service comes out
    is no target.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, sec. 4.3.2 and 4.4 (marginal analysis; review in the
    exposure).
    """
    from segkit.formulas import policy_kernels as kernels

    curves, chances, split, review = _arrays(demand)
    size, often, smooth = _floats(lot), _depths(demand, lot, pack)[0], _floats(demand.smooth)
    return kernels.search_cheapest(curves, chances, split, review, size, often, smooth, _floats(ratio))


def work_out_parts(demand: CoveredDemand, lot: np.ndarray, *, pack: np.ndarray | None = None) -> None:
    """Work out what part of demand falls into the review and where orders find stock, and keep it with the demand.

    Parameters
    ----------
    demand, lot, pack
        As `expected_service` takes them.
    """
    _ = demand.part_in_review
    _depths(demand, lot, pack)


def expected_service(
    demand: CoveredDemand, reorder_point: np.ndarray, lot: np.ndarray, *, pack: np.ndarray | None = None
) -> ExpectedService:
    """Return what reorder points give, unmet demand waiting.

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    reorder_point, lot : array
        s and Q. [lots]
    pack : array, optional
        As `reorder_point_for_cycle_service_by_curve` takes it. [lots]

    Returns
    -------
    ExpectedService
        Without demand: all of it is met. On hand is what is left before the next order comes, and what is sold within
        a review period while it lasts.
    """
    given = expected_services(demand, np.asarray(reorder_point)[:, None], lot, pack=pack)
    return ExpectedService(given.cycle_service[:, 0], given.fill_rate[:, 0], given.on_hand[:, 0], given.left[:, 0])


def expected_services(
    demand: CoveredDemand, reorder_points: np.ndarray, lot: np.ndarray, *, pack: np.ndarray | None = None
) -> ExpectedService:
    """Return what `expected_service` gives for several reorder points each, (item-locations, candidates).

    Parameters
    ----------
    demand, reorder_points, lot, pack
        As `expected_service` takes them.
    """
    from segkit.formulas import policy_kernels as kernels

    curves, chances, split, review = _arrays(demand)
    lots, depths, smooth = _floats(lot), _depths(demand, lot, pack), _floats(demand.smooth)
    found = kernels.outcomes(curves, chances, split, review, _floats(reorder_points), lots, depths, smooth)
    return ExpectedService(*np.moveaxis(found, 2, 0))


def _search(
    demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray | None, goal: np.ndarray, measure: int
) -> np.ndarray:
    from segkit.formulas import policy_kernels as kernels

    curves, chances, split, review = _arrays(demand)
    below = _depths(demand, lot, pack)
    return kernels.search(curves, chances, split, review, _floats(lot), below, _floats(goal), measure)


def orders_per_review(
    demand: CoveredDemand, lot: np.ndarray, *, pack: np.ndarray | None = None, served: np.ndarray | None = None
) -> np.ndarray:
    """Return the share of reviews at which is ordered.

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    lot, pack : array
        As `expected_service` takes them. [lots]
    served : array, optional
        Share of demand that is served where the rest is lost: nothing is ordered for that. By default all. [0-1]

    Notes
    -----
    No more than the chance of any demand: that comes in rare lumps places fewer orders than one that comes unit by unit
    with as much scatter.
    """
    size, packs, mean, variance, comes = _lots_of(demand, lot, pack)
    share = np.ones(len(mean)) if served is None else np.clip(served, 0.0, 1.0)
    return comes * order_chance(size, packs, mean * share, np.maximum(variance * share, 1e-12))


def _asked_per_review(demand: CoveredDemand) -> np.ndarray:
    """Return the chance that anything is asked for in a review, 1 where nothing is known of it.

    Where it is not told, quantiles of zero tell it, if periods without demand come independently.
    """
    zero = demand.whole <= 0
    upto = np.where(zero, demand.chances, 0.0).max(axis=1)  # of nothing over lead time and review
    found = np.where((upto > 0) & ~zero.all(axis=1), 1.0 - upto**demand.review_share, 1.0)
    return found if demand.asked is None else np.where(np.isfinite(demand.asked), demand.asked, found)


def _depths(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray | None) -> tuple[np.ndarray, ...]:
    size, packs = _floats(lot), _floats(lot if pack is None else pack)
    known = demand.kept.get(_KEPT)
    if known is None or not (np.array_equal(known[0], size) and np.array_equal(known[1], packs)):
        _, _, mean, variance, _ = _lots_of(demand, lot, pack)
        often = position_depths(size, packs, mean, variance)
        known = (size.copy(), packs.copy(), often, reach_of(mean, variance))
        demand.kept[_KEPT] = known
    return known[2:]


def _lots_of(demand: CoveredDemand, lot: np.ndarray, pack: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Return lots, packs, mean and variance of a review's demand if any may come, and the chance that it may.

    It scatters as its share of the whole. Reviews without demand neither order nor move the position.
    """
    (mean, variance), share = demand.moments, demand.review_share
    mean, shape = mean * share, np.maximum(mean**2 / variance, _SHAPES[0]) * share
    comes = chance_of_any(_asked_per_review(demand), mean, mean**2 / shape)
    mean, spread = mean / comes, (mean**2 / shape + mean**2) / comes
    return _floats(lot), _floats(lot if pack is None else pack), mean, np.maximum(spread - mean**2, 1e-12), comes


def _arrays(demand: CoveredDemand) -> tuple[Any, ...]:
    """Return curves, chances, how demand parts, and its mean of the review."""
    split = demand.part_in_review, count_shape(*demand.moments), demand.review_share, demand.lumps
    review = demand.moments[0] * demand.review_share
    curves = _floats(demand.whole), _floats(demand.chances)
    return (*curves, (*map(_floats, split), *parts_in_review()), _floats(review))


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=float)
