"""Stock shared by classes of customers, with a critical level for each, beside separate stocks and one level for all.

Sizes come from order lines before the held-out months, put together anew in blocks of days; what they give is judged on
the held-out order lines as they arrived.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.policy_settings import Policies
from segkit.formulas.critical_level_sizes import Sizes, size_critical_levels, size_one_level, size_separate_stocks
from segkit.formulas.line_inputs import LinePolicy, OrderLines
from segkit.formulas.line_replay import replay_lines
from segkit.formulas.line_runs import draw_lead_times, redraw_lines
from segkit.inventory.policies.class_demand import BLOCK_DAYS, PLACE, ClassDemand

_RUNS = 4
_YEAR_BLOCKS = 13
_JUDGED_RUNS = 4
_ORDERS = 53
_SDS = 3
_YEAR = 365.25


def share_stock_by_class(
    lines: pd.DataFrame, places: pd.DataFrame, *, rules: Policies, as_of: date, seed: int = 0
) -> pd.DataFrame:
    """Return ``class_stock``: the stock of every item-location that its classes share, and what other ways take.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` with the class of the customer in demand_class (see `label_demand_classes`).
    places : DataFrame
        A row per stocked item_id and location_id: review_days, lead_time_days (mean), lead_time_sd [days],
        minimum_order, order_multiple [units] (see `list_class_places`), as known before the held-out months.
    rules : Policies
        From `segkit.core.policy_settings`: class_targets (fill rate P2 by class), class_items, class_holdout_months,
        and unmet: lost or backorder.
    as_of : date
        Last day of the history.
    seed : int
        Of the runs and lead times drawn.

    Returns
    -------
    DataFrame
        A row per item-location and class with demand, sorted by item, location and rank. order_up_to and critical_level
        [units] are the smallest with which every class gets its target; order_up_to_one_level is what all share
        without levels, order_up_to_separate what the class needs by itself. fill_rate_sized is P2 on the runs that gave
        the sizes, the others are P2 on held-out lines. mean_stock [units] (of begin and end of a day), stock_value
        [currency] and savings are those of the held-out months too; of shared stock by the class's share of demand, so
        that rows add up. Why an item-location is not sized stands in left_out.

    Raises
    ------
    DataError
        Columns or figures are missing, or figures are below 0.
    SettingsError
        Classes have no target: all of them at once.

    Notes
    -----
    Filled up at every review (R,S); lead times gamma with the mean and deviation of receipts, orders may cross. Runs
    are blocks of four weeks of the item-location's own lines before the held-out months, from its first line on: demand
    is taken to stay what it was, and held-out figures show where it did not. Sizes fit the lines that they come from,
    so that held-out fill rates tend to be lower where a class has few lines. Attributes of customers bear no date: they
    are those of now.

    References
    ----------
    Kleijn & Dekker (1999), An overview of inventory systems with several demand classes, in Speranza & Staehly (eds),
    New Trends in Distribution Logistics.
    """
    if lines.empty:
        return empty_table("class_stock")
    demand = ClassDemand.of(lines, places, rules=rules, as_of=as_of)
    waiting = 0.0 if rules.unmet == "lost" else 1.0
    found = _Ways.of(demand, waiting, seed) if len(demand.sized) else None
    return _as_table(demand, found)


@dataclass(frozen=True)
class _Ways:
    """Sizes and held-out figures of the sized places, each (places, classes)."""

    order_up_to: np.ndarray
    critical_level: np.ndarray
    order_up_to_one_level: np.ndarray
    order_up_to_separate: np.ndarray
    fill_rate_sized: np.ndarray
    fill_rate_held_out: np.ndarray
    fill_rate_one_level: np.ndarray
    fill_rate_separate: np.ndarray
    mean_stock: np.ndarray
    mean_stock_one_level: np.ndarray
    mean_stock_separate: np.ndarray

    @classmethod
    def of(cls, demand: ClassDemand, waiting: float, seed: int) -> "_Ways":
        places = demand.places.iloc[demand.sized]
        warm = _warm_up(places)
        known = demand.before[demand.sized]
        share = known / known.sum(axis=1, keepdims=True)
        size = _sizer(demand, places, warm, waiting, seed)
        levels, one, apart = size(size_critical_levels), size(size_one_level), size(size_separate_stocks)
        judge = _Judge(demand.judged(warm), places, warm, demand.end - demand.cut, waiting, seed + 1)
        fill, stock = judge.shared(levels)
        one_fill, one_stock = judge.shared(one)
        apart_fill, apart_stock = judge.apart(apart)
        wide = np.ones_like(share)
        return cls(
            levels.order_up_to[:, None] * wide, levels.critical_levels, one.order_up_to[:, None] * wide,
            apart.order_up_to, np.where(known > 0, levels.fill_rate, np.nan), fill, one_fill, apart_fill,
            stock[:, None] * share, one_stock[:, None] * share, apart_stock,
        )  # fmt: skip


def _warm_up(places: pd.DataFrame) -> float:
    """Return how long a replay runs from a full stock before it counts: the longest protection interval [days]."""
    longest = (places["lead_time_days"] + _SDS * places["lead_time_sd"] + places["review_days"]).max()
    return float(BLOCK_DAYS * max(np.ceil(longest / BLOCK_DAYS), 1))


def _sizer(
    demand: ClassDemand, places: pd.DataFrame, warm: float, waiting: float, seed: int
) -> Callable[[Callable[..., Sizes]], Sizes]:
    """Return what sizes all places in one way: all ways on the same runs and lead times."""
    blocks = int(warm // BLOCK_DAYS) + _YEAR_BLOCKS
    spans = places["span_days"].to_numpy()
    runs = redraw_lines(demand.history(), spans, runs=_RUNS, blocks=blocks, block_days=BLOCK_DAYS, seed=seed)
    mean, sd = places["lead_time_days"].to_numpy(), places["lead_time_sd"].to_numpy()
    options: dict[str, Any] = {
        "lead_time_days": draw_lead_times(mean, sd, runs=_RUNS, orders=_ORDERS, seed=seed),
        "window": (warm, float(blocks * BLOCK_DAYS)),
        "waiting": waiting,
        "runs": np.repeat(np.arange(len(places)), _RUNS),
        "unit": places["unit"].to_numpy(),
    }
    policy, targets = _policy(places, 0.0, 0.0), np.array(list(demand.classes.values()))
    return lambda size: size(runs, targets, policy, **options)


def _policy(places: pd.DataFrame, order_up_to: Any, levels: Any) -> LinePolicy:
    lots = {name: places[name].to_numpy(dtype=float) for name in ("minimum_order", "order_multiple", "review_days")}
    return LinePolicy(order_up_to, order_up_to, levels, **lots)


@dataclass(frozen=True)
class _Judge:
    """Held-out lines of places, replayed several times with other lead times."""

    lines: OrderLines
    places: pd.DataFrame
    warm: float
    days: float
    waiting: float
    seed: int

    def shared(self, sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
        """Return the fill rate by class, and mean stock, of places that classes share."""
        place, rank = np.asarray(self.lines.item), np.asarray(self.lines.demand_class)
        return self._replay(place, rank, self.places, sizes.order_up_to, sizes.critical_levels)

    def apart(self, sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
        """Return fill rate and mean stock by class, where each class has its own stock."""
        count, classes = sizes.order_up_to.shape
        own = np.asarray(self.lines.item) * classes + np.asarray(self.lines.demand_class)
        rows = self.places.iloc[np.repeat(np.arange(count), classes)]
        fill, stock = self._replay(own, np.zeros_like(own), rows, sizes.order_up_to.ravel(), 0.0)
        return fill.reshape(count, classes), stock.reshape(count, classes)

    def _replay(
        self, stock_number: np.ndarray, rank: np.ndarray, places: pd.DataFrame, order_up_to: np.ndarray, levels: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        count, times = len(places), _JUDGED_RUNS
        again, end = np.repeat(np.arange(count), times), self.warm + self.days
        run = (stock_number[:, None] * times + np.arange(times)).ravel()
        parts = [np.repeat(np.asarray(part), times) for part in (self.lines.time_days, rank, self.lines.quantity)]
        beyond = (count * times - 1, end + 1.0, 0, 1.0)  # never served: so that the last places count without lines
        lines = OrderLines(*(np.append(part, last) for part, last in zip([run, *parts], beyond, strict=True)))
        levels = levels[again] if np.ndim(levels) else levels
        mean, sd = places["lead_time_days"].to_numpy(), places["lead_time_sd"].to_numpy()
        got = replay_lines(
            lines,
            order_up_to[again],
            _policy(places.iloc[again], order_up_to[again], levels),
            lead_time_days=draw_lead_times(mean, sd, runs=times, orders=_ORDERS, seed=self.seed),
            waiting=self.waiting,
            window=(self.warm, end),
        )
        served, asked = (part.reshape(count, times, -1).sum(axis=1) for part in (got.served, got.demand))
        fill = np.divide(served, asked, out=np.full(asked.shape, np.nan), where=asked > 0)
        begun = got.average_stock + got.served.sum(axis=1) / (2.0 * self.days)  # lines come as their day begins
        return fill, begun.reshape(count, times).mean(axis=1)


def _as_table(demand: ClassDemand, found: _Ways | None) -> pd.DataFrame:
    known, held_out = demand.before, demand.held_out
    place, rank = np.nonzero(known + held_out > 0)
    facts = demand.places.iloc[place].reset_index(drop=True)
    years = facts["span_days"].to_numpy() / _YEAR
    columns = {
        **{name: facts[name] for name in PLACE},
        "demand_class": np.array(list(demand.classes), dtype=object)[rank],
        "rank": rank + 1,
        "fill_rate_target": np.array(list(demand.classes.values()))[rank],
        "demand": np.divide(known[place, rank], years, out=np.zeros(len(place)), where=years > 0),
        "demand_held_out": held_out[place, rank],
        "left_out": facts["left_out"],
    }
    for name in (field.name for field in fields(_Ways)):
        wide = np.full(known.shape, np.nan)
        if found is not None:
            wide[demand.sized] = getattr(found, name)
        columns[name] = wide[place, rank]
    for way in ("", "_one_level", "_separate"):
        columns[f"stock_value{way}"] = columns[f"mean_stock{way}"] * facts["unit_cost"]
    for way in ("one_level", "separate"):
        columns[f"saving_on_{way}"] = columns[f"stock_value_{way}"] - columns["stock_value"]
    kinds = empty_table("class_stock").dtypes
    return pd.DataFrame(columns)[list(kinds.index)].astype(kinds.to_dict())
