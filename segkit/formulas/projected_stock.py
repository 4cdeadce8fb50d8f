"""Orders under lost sales: stock is projected to the day an order arrives, and raised to the target that costs least.

Where unmet demand is lost, stock on order must not be assumed sold: what is short now is gone, and more is left later
than "position less mean demand" says. So every order raises the stock *projected* to its arrival (the mean of what is
left, period by period) to a target. The target is the one with the least mean cost when the same rule goes on along
many paths of demand. On the paths later forecasts follow demand as they do in life, so that a unit that is not sold is
held until it is: nothing is assumed of how long that takes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from segkit.formulas import projection_kernels as kernels
from segkit.formulas.replay_inputs import locked

_SCORES = np.linspace(-1.0, 5.0, 97)
_LOWER = 0.4  # by which the best score usually lies below that of the critical ratio
_TELLING = 40.0  # paths that must go beyond the critical ratio, of as many as are drawn
_PATHS = (8, 11)  # least and most, as powers of two
CHANCES = np.concatenate(
    [np.linspace(0.005, 0.9, 60), np.linspace(0.91, 0.99, 9), [0.993, 0.996, 0.998, 0.999, 0.9995]]
)


@dataclass(frozen=True)
class Outlook:
    """Demand of coming periods, by series.

    ``means`` and ``deviations`` have shape (series, periods) [units]; ``curves`` (series, steps, probabilities) the
    quantiles of the first periods at `CHANCES` [units]: later periods scatter, relative to their mean, as the last.
    ``share`` is the correlation between periods [0-1]; ``follow`` by what share of an error forecasts move [0-1].
    """

    means: np.ndarray
    deviations: np.ndarray
    curves: np.ndarray
    share: np.ndarray
    follow: np.ndarray


@dataclass(frozen=True)
class Costs:
    """What it costs to hold a unit for a period, and to lose a unit of demand, by series, in currency."""

    holding: np.ndarray
    shortage: np.ndarray


@dataclass(frozen=True)
class OrderDecision:
    """What to order, by series, and what decided.

    ``order`` [units]; ``projected`` stock expected when it arrives, without it [units]; ``target`` to which that is
    raised [units], ``score`` the same in deviations above mean demand; ``cost`` expected a period then [currency].
    """

    order: np.ndarray
    projected: np.ndarray
    target: np.ndarray
    score: np.ndarray
    cost: np.ndarray


def projected_stock_order(
    on_hand: np.ndarray,
    arrivals: np.ndarray,
    lead: np.ndarray,
    lots: np.ndarray,
    *,
    outlook: Outlook,
    costs: Costs,
    seed: int,
) -> OrderDecision:
    """Return the orders that raise projected stock to the target of least mean cost, sales being lost where it lacks.

    Parameters
    ----------
    on_hand : array
        Stock on the shelf at the end of the ordering period. [units]
    arrivals : array
        Shape (series, at least L + 1): what arrives at the start of period 1, 2, ... [units].
    lead : array of int
        Whole periods L between the end of the ordering period and the start of that in which the order can be sold.
    lots : array
        Orders come in multiples of this, above zero. [units]
    outlook : Outlook
        Demand to come; more than L + 1 periods of it.
    costs : Costs
        Holding h and shortage p, above zero.
    seed : int
        Of the paths.

    Returns
    -------
    OrderDecision

    Notes
    -----
    Paths are Sobol points, the same for all series; as many as tell the critical ratio p / (p + h), 256 to 2,048. The
    service that comes out is no target: it follows from the costs.

    References
    ----------
    van Jaarsveld, W. & Arts, J. (2024). Projected inventory-level policies for lost sales inventory systems. Operations
    Research 72, 1790-1805; Zipkin, P. (2008). Old and new methods for lost-sales inventory systems. Operations Research
    56, 1256-1263 (why the myopic order is too large).

    Examples
    --------
    >>> curve = np.full((1, 1, len(CHANCES)), 4.0)
    >>> outlook = Outlook(np.full((1, 8), 4.0), np.zeros((1, 8)), curve, np.zeros(1), np.zeros(1))
    >>> costs = Costs(np.array([0.2]), np.array([1.0]))
    >>> now = np.array([5.0]), np.array([[4.0, 0.0]]), np.array([1]), np.array([1.0])
    >>> projected_stock_order(*now, outlook=outlook, costs=costs, seed=0).order.tolist()
    [0.0]
    """
    ratio = float((costs.shortage / (costs.shortage + costs.holding)).max(initial=0.5))
    normals = _paths(ratio, outlook.means.shape[1], seed)
    numbers = (on_hand, arrivals, outlook.means, outlook.deviations, outlook.curves, outlook.share, outlook.follow)
    stock, under_way, means, deviations, curves, share, follow = map(_whole_table, numbers)
    holding, shortage, lot = map(_whole_table, (costs.holding, costs.shortage, lots))
    waits = np.ascontiguousarray(lead, dtype="int64")
    demand = (means, deviations, curves, CHANCES, share, follow)
    search = (holding, shortage, lot, normals, _SCORES, _begin(costs))
    found = kernels.decide(*map(locked, (stock, under_way, waits, *demand, *search)))
    return OrderDecision(*found.T)


def _whole_table(table: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(table, dtype=float)


def _begin(costs: Costs) -> np.ndarray:
    """Return the place of the score at which the search begins."""
    score = ndtri(costs.shortage / (costs.shortage + costs.holding)) - _LOWER
    return np.clip(np.searchsorted(_SCORES, score), 0, len(_SCORES) - 1)


def _paths(ratio: float, periods: int, seed: int) -> np.ndarray:
    """Return standard normals (paths, 1 + periods): what periods have in common, then what each has of its own."""
    from scipy.stats import qmc

    wanted = np.ceil(np.log2(_TELLING / max(1.0 - ratio, 1e-9)))
    power = int(np.clip(wanted, *_PATHS))
    points = qmc.Sobol(periods + 1, scramble=True, seed=seed).random_base2(power)
    return ndtri(np.clip(points, 1e-9, 1 - 1e-9))
