"""Stock levels of many item-locations at once, from quantile curves of the demand that they must cover.

Stock is reviewed every R periods; what is ordered comes after the lead time L. At a review the inventory position lies
anywhere among the Q whole lots above the reorder point s, evenly (exact for (R,s,nQ), close for (R,s,S); with Q = 1 it
is (R,S) with S = s + 1). Until the next order can arrive, stock must cover demand over L + R; what is short in a review
period is short at its end less short at its begin.
"""

from dataclasses import dataclass

import numpy as np

from segkit.formulas import policy_kernels as kernels


@dataclass(frozen=True)
class CoveredDemand:
    """Demand that stock must cover, by item-location, in lots.

    ``whole`` and ``wait`` hold its quantiles over L + R and over L (item-locations, probabilities) at ``chances``;
    ``whole_mean`` and ``wait_mean`` the means.
    """

    whole: np.ndarray
    wait: np.ndarray
    chances: np.ndarray
    whole_mean: np.ndarray
    wait_mean: np.ndarray

    @property
    def review_mean(self) -> np.ndarray:
        """Mean demand of a review period. [lots]"""  # noqa: D400
        return np.maximum(self.whole_mean - self.wait_mean, 0.0)

    def of(self, rows: np.ndarray) -> "CoveredDemand":
        """Return some of the item-locations."""
        curves = (np.ascontiguousarray(table[rows]) for table in (self.whole, self.wait))
        return CoveredDemand(*curves, self.chances, self.whole_mean[rows], self.wait_mean[rows])


@dataclass(frozen=True)
class ExpectedService:
    """What levels are expected to give: cycle_service (P1), fill_rate (P2) [0-1] and mean stock on hand [lots]."""

    cycle_service: np.ndarray
    fill_rate: np.ndarray
    on_hand: np.ndarray


def reorder_point_for_cycle_service_by_curve(demand: CoveredDemand, lot: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least reorder points that give a cycle_service (P1).

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    lot : array
        Q, whole, 1 or more. [lots]
    target : array
        Probability that a cycle, from the review at which is ordered, ends without a shortage. [0-1]

    Returns
    -------
    array
        s, whole; -Q where nothing need be stocked. [lots]

    Examples
    --------
    >>> curve = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> demand = CoveredDemand(curve, curve * 0, np.array([0.125, 0.375, 0.625, 0.875]), np.array([1.5]), np.zeros(1))
    >>> reorder_point_for_cycle_service_by_curve(demand, np.ones(1), np.array([0.75])).tolist()
    [1.0]
    """
    return kernels.search(*_arrays(demand), _floats(lot), _floats(target), kernels.CYCLE_SERVICE)


def reorder_point_for_fill_rate_by_curve(demand: CoveredDemand, lot: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the least reorder points that give a fill_rate (P2): share of units met from stock.

    Parameters
    ----------
    demand, lot
        As `reorder_point_for_cycle_service_by_curve` takes them.
    target : array
        Fill rate. [0-1]

    Returns
    -------
    array
        s, whole. [lots]
    """
    return kernels.search(*_arrays(demand), _floats(lot), _floats(target), kernels.FILL_RATE)


def economic_reorder_point(demand: CoveredDemand, lot: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return the reorder points up to which the next unit returns more than it costs.

    Parameters
    ----------
    demand, lot
        As `reorder_point_for_cycle_service_by_curve` takes them.
    ratio : array
        Cost of holding a unit for a review period over what a unit short costs; above zero.

    Returns
    -------
    array
        Least s at which the chance that one more unit is sold in a review period, times what that saves, no longer
        exceeds the chance that it is left, times what holding it costs; -Q where no unit pays. [lots]

    Notes
    -----
    A unit that is left is held, and charged, for one more review period each time it is asked for: so a slow mover's
    long stay counts in full. Which service comes out is no target.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, sec. 4.3.2 and 4.4 (marginal analysis; review in the
    exposure).
    """
    return kernels.search(*_arrays(demand), _floats(lot), _floats(ratio), kernels.ECONOMIC)


def expected_service(demand: CoveredDemand, reorder_point: np.ndarray, lot: np.ndarray) -> ExpectedService:
    """Return what reorder points give, unmet demand waiting.

    Parameters
    ----------
    demand : CoveredDemand
        What must be covered.
    reorder_point, lot : array
        s and Q. [lots]

    Returns
    -------
    ExpectedService
        Without demand: all of it is met. On hand is the mean of what is left when an order has come and before the
        next.
    """
    found = kernels.outcome(*_arrays(demand), _floats(reorder_point), _floats(lot))
    return ExpectedService(*found.T)


def _arrays(demand: CoveredDemand) -> tuple[np.ndarray, ...]:
    curves = _floats(demand.whole), _floats(demand.wait), _floats(demand.chances)
    return (*curves, _floats(demand.whole_mean), _floats(demand.wait_mean))


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=float)
