"""Replay of stock policies period by period: what a policy would have given on demand that really came.

The order of things in a period: what is due arrives (backorders are filled first), demand is served from the shelf,
stock is measured, and where a review falls on the period an order is placed. It arrives at the start of the period
``lead_time_periods`` whole periods later: an order of period t with lead time 2 can be sold in period t + 3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.replay_inputs import Stock, StockPolicy, prepared_inputs, series_array

_PARTS, _CELLS = 64, 2**24  # how many sums are kept apart, so that the number of threads changes nothing


@dataclass(frozen=True)
class Replayed:
    """Sums by series over the periods that count, from the first that is judged on [units, periods].

    ``short`` is demand not served from the shelf at once, lost or backordered. A period is without shortage where
    nothing was short and nothing is backordered at its end. A cycle runs from one arrival to the next; those that begin
    before the first judged period or end after the last do not count. ``end_stock_periods`` adds up the stock on hand
    at the end of periods, ``on_hand_periods`` the mean of the stock at begin (after arrivals) and end,
    ``backorder_periods`` what is backordered at the end. Only ``orders``, ``units_ordered`` and ``received`` take in
    periods whose demand is unknown. ``opening`` is stock less backorders before the first judged period, ``end`` the
    stock after the last: opening + received - demand + lost = end on hand - backordered.
    """

    end: Stock
    demand: np.ndarray
    served: np.ndarray
    short: np.ndarray
    periods: np.ndarray
    periods_without_shortage: np.ndarray
    cycles: np.ndarray
    cycles_without_shortage: np.ndarray
    end_stock_periods: np.ndarray
    on_hand_periods: np.ndarray
    backorder_periods: np.ndarray
    orders: np.ndarray
    units_ordered: np.ndarray
    received: np.ndarray
    opening: np.ndarray

    @property
    def fill_rate(self) -> np.ndarray:
        """P2: share of demand served from the shelf [0-1]; NaN without demand."""
        return _share(self.served, self.demand)

    @property
    def cycle_service(self) -> np.ndarray:
        """P1: share of replenishment cycles without shortage [0-1]; NaN without a whole cycle."""
        return _share(self.cycles_without_shortage, self.cycles)

    @property
    def period_service(self) -> np.ndarray:
        """Share of periods without shortage [0-1]; NaN where none counts."""
        return _share(self.periods_without_shortage, self.periods)


@dataclass(frozen=True)
class Paths:
    """What happens in every period, each (series, periods) [units]; stock and backorders are those at its end."""

    received: np.ndarray
    demand: np.ndarray
    served: np.ndarray
    short: np.ndarray
    end_stock: np.ndarray
    backordered: np.ndarray
    ordered: np.ndarray


@dataclass(frozen=True)
class Prices:
    """How series are added up: each a number or an array (series,).

    ``holding_cost`` [money per unit on hand at the end of a period], ``shortage_cost`` [money per unit short],
    ``weight`` of a unit of demand and stock (1, a margin, a cost), and the ``group`` of a series, from 0.
    """

    holding_cost: ArrayLike = 0.0
    shortage_cost: ArrayLike = 0.0
    weight: ArrayLike = 1.0
    group: ArrayLike = 0


@dataclass(frozen=True)
class PeriodSums:
    """Sums over the series of a group, each (groups, periods): only series whose demand of the period is known.

    ``series`` counts them; demand, served, short, backordered and end_stock are weighted units, costs are money.
    """

    series: np.ndarray
    demand: np.ndarray
    served: np.ndarray
    short: np.ndarray
    backordered: np.ndarray
    end_stock: np.ndarray
    holding_cost: np.ndarray
    shortage_cost: np.ndarray


def replay(
    demand: ArrayLike,
    stock: Stock,
    policy: StockPolicy,
    *,
    lead_time_periods: ArrayLike,
    waiting: ArrayLike = 0.0,
    counted: ArrayLike = True,
    first: int = 0,
) -> Replayed:
    """Return what a policy gives on the demand of each series, summed over periods.

    Parameters
    ----------
    demand : array_like
        Shape (series, periods), 0 or more; NaN is unknown. [units]
    stock : Stock
        Before the first period; its pipeline may hold an order just placed.
    policy : StockPolicy
        When and how much is ordered.
    lead_time_periods : array_like of int
        Whole periods between the end of the ordering period and the start of the one it arrives in, L; a number, an
        array (series,), or (series, periods): of the order placed at the end of the period; orders may cross. [periods]
    waiting : array_like
        Share of short demand that waits for stock, the rest is lost: 0 = lost sales, 1 = backorders; a number or an
        array (series,). [0-1]
    counted : array_like of bool
        Shape (series, periods): where not, demand is unknown and counts as none; stock ages, orders go on, but the
        period carries no cost and no service.
    first : int
        First period that is judged; those before warm up.

    Returns
    -------
    Replayed
        Arrays (series,). Memory does not grow with periods.

    Raises
    ------
    ValueError
        Where demand, stock, lead times or shares are out of range, or shapes do not fit.

    References
    ----------
    Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., ch. 6 (P1, P2, review
    systems); Hadley & Whitin (1963), Analysis of Inventory Systems, ch. 4-5 (nQ, order-up-to).

    Examples
    --------
    >>> weeks = replay([[4, 7, 2, 5]], Stock(10), StockPolicy(10, 10), lead_time_periods=1)
    >>> weeks.served, weeks.short, weeks.end_stock_periods, weeks.fill_rate.round(3)
    (array([17.]), array([1.]), array([11.]), array([0.944]))
    """
    from segkit.formulas import replay_kernels as kernels

    given, (on_hand, owed, pipeline) = prepared_inputs(demand, stock, policy, lead_time_periods, waiting, counted)
    sums = np.empty((len(on_hand), len(kernels.SUMS)))
    kernels.replay_sums(given, max(int(first), 0), on_hand, owed, pipeline, sums)
    return Replayed(Stock(on_hand, pipeline, owed), *sums.T)


def replay_paths(
    demand: ArrayLike,
    stock: Stock,
    policy: StockPolicy,
    *,
    lead_time_periods: ArrayLike,
    waiting: ArrayLike = 0.0,
    counted: ArrayLike = True,
) -> Paths:
    """Return what a policy gives in every period of each series; for few series, as it needs seven times their memory.

    Parameters
    ----------
    demand, stock, policy, lead_time_periods, waiting, counted
        As `replay` takes them.

    Returns
    -------
    Paths
        Arrays (series, periods).

    Examples
    --------
    >>> replay_paths([[4, 7, 2, 5]], Stock(10), StockPolicy(10, 10), lead_time_periods=1).end_stock.tolist()
    [[6.0, 0.0, 2.0, 3.0]]
    """
    from segkit.formulas import replay_kernels as kernels

    given, state = prepared_inputs(demand, stock, policy, lead_time_periods, waiting, counted)
    paths = np.empty((*given[0].shape, len(kernels.PATH)))
    kernels.replay_paths(given, *state, paths)
    return Paths(*np.moveaxis(paths, 2, 0))


def replay_period_sums(
    demand: ArrayLike,
    stock: Stock,
    policy: StockPolicy,
    prices: Prices,
    *,
    lead_time_periods: ArrayLike,
    waiting: ArrayLike = 0.0,
    counted: ArrayLike = True,
) -> PeriodSums:
    """Return what a policy gives in every period over all series of a group, to be resampled by blocks of time.

    Parameters
    ----------
    demand, stock, policy
        As `replay` takes them.
    prices : Prices
        Costs, weights and groups of the series.
    lead_time_periods, waiting, counted
        As `replay` takes them.

    Returns
    -------
    PeriodSums
        Arrays (groups, periods).

    Examples
    --------
    >>> stock, policy = Stock([10, 3]), StockPolicy([10, 3], [10, 3])
    >>> sums = replay_period_sums([[4, 7], [1, 5]], stock, policy, Prices(0.2, 1.0), lead_time_periods=1)
    >>> (sums.holding_cost + sums.shortage_cost).round(2).tolist()
    [[1.6, 4.0]]
    """
    from segkit.formulas import replay_kernels as kernels

    given, state = prepared_inputs(demand, stock, policy, lead_time_periods, waiting, counted)
    series, periods = given[0].shape
    group = series_array(prices.group, series, "group").astype(np.int64)
    if group.min(initial=0) < 0:
        raise ValueError("group is below 0 somewhere")
    costs = (
        series_array(cost, series, "prices") for cost in (prices.weight, prices.holding_cost, prices.shortage_cost)
    )
    groups = int(group.max(initial=0)) + 1
    one = groups * periods * len(kernels.PERIOD_SUMS)
    parts = np.zeros((max(1, min(_PARTS, _CELLS // max(one, 1))), groups, periods, len(kernels.PERIOD_SUMS)))
    kernels.replay_period_sums(given, *state, group, np.stack(list(costs), axis=1), parts)
    return PeriodSums(*np.moveaxis(parts.sum(axis=0), 2, 0))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
