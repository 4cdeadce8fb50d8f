"""The VN2 history week by week under the rules of the contest: who holds what, what it costs, what the end is worth."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import pdtr

from segkit.formulas.replay_inputs import Stock
from segkit.formulas.replay_steps import advance

PROJECT = Path(__file__).parents[2]
KEYS = ["item_id", "location_id"]
HOLDING, SHORTAGE, LEAD = 0.2, 1.0, 2  # RULES.md: ordered at the end of week X, sold from week X + 3
YEAR, COVER, WINDOW = 52, 4, 13
FAR = 260  # weeks over which end stock is followed
RARE = 1 / 52  # units a week that sell at least of what did not sell for a year

Rule = Callable[[int, Stock], np.ndarray]


@dataclass(frozen=True)
class Shops:
    """History: ``long`` table and ``attributes`` as `next_orders` takes them; demand and in_stock (series, weeks)."""

    long: pd.DataFrame
    attributes: pd.DataFrame
    keys: pd.DataFrame
    weeks: pd.DatetimeIndex
    demand: np.ndarray
    known: np.ndarray

    def until(self, week: int) -> pd.DataFrame:
        """Return the history of which the last week is that before ``week``."""
        return self.long[self.long["period"] < self.weeks[week]] if week < len(self.weeks) else self.long

    def means(self, week: int, weeks: int) -> np.ndarray:
        """Return the mean of so many weeks before, those out of stock left out; of a year, where all were."""
        parts = [slice(max(week - back, 0), week) for back in (weeks, YEAR)]
        sums = [(self.demand[:, part].sum(axis=1), self.known[:, part].sum(axis=1)) for part in parts]
        near, year = (total / np.maximum(count, 1) for total, count in sums)
        return np.where(sums[0][1] > 0, near, year)


@dataclass(frozen=True)
class Outcome:
    """Of a rule, by week: holding and shortage cost; units served and wanted; stock at its end. ``rate`` sells it."""

    holding: np.ndarray
    shortage: np.ndarray
    served: np.ndarray
    wanted: np.ndarray
    stocks: list[Stock]
    rate: np.ndarray

    def end(self, part: slice) -> float:
        """Return what the last stock of a part counts."""
        return worth(self.stocks[part][-1], self.rate)

    def cost(self, part: slice) -> float:
        """Return holding and shortage of a part, and what its last stock counts."""
        return float((self.holding + self.shortage)[part].sum()) + self.end(part)


def read_shops() -> Shops:
    """Return the VN2 data."""
    folder = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")) / "vn2"
    names = {"Product": "item_id", "Store": "location_id"}
    wide = [
        pd.read_parquet(folder / f"{name}_weekly_2021-04-12_2024-04-08.parquet").rename(columns=names)
        for name in ("sales", "in_stock")
    ]
    sales, there = (table.astype(dict.fromkeys(KEYS, "str")).set_index(KEYS).sort_index() for table in wide)
    assert sales.index.equals(there.index)
    long = sales.melt(ignore_index=False, var_name="period", value_name="quantity").reset_index()
    long["in_stock"] = there.melt(ignore_index=False)["value"].to_numpy(dtype=bool)
    long["period"] = pd.to_datetime(long["period"])
    attributes = pd.read_csv(folder / "master.csv").rename(columns=names).astype(dict.fromkeys(KEYS, "str"))
    known = there.to_numpy(dtype=bool)
    demand = np.where(known, sales.to_numpy(dtype=float), 0.0)
    return Shops(long, attributes, sales.index.to_frame(index=False), pd.to_datetime(sales.columns), demand, known)


def moving_average(shops: Shops, weeks: int = WINDOW, cover: float = COVER) -> Rule:
    """Return the rule of the thirteen weeks: up to four weeks of their mean, on hand and under way."""
    return lambda week, stock: up_to(cover * shops.means(week, weeks), stock)


def up_to(level: np.ndarray, stock: Stock) -> np.ndarray:
    """Return whole orders up to a level of what is on hand and under way, all of it taken as still there."""
    return np.maximum(np.rint(level - stock.on_hand - np.asarray(stock.pipeline).sum(axis=1)), 0.0)


def opening(shops: Shops, week: int) -> Stock:
    """Return the stock that the rule of the thirteen weeks would have left after a year."""
    series = len(shops.keys)
    stock = Stock(np.rint(2 * shops.means(week - YEAR, WINDOW)), np.zeros((series, LEAD)))
    return replay(shops, moving_average(shops), week - YEAR, week, stock).stocks[-1]


def replay(shops: Shops, rule: Rule, first: int, end: int, stock: Stock, *, orders: int | None = None) -> Outcome:
    """Return what comes of a rule in the weeks ``first`` to ``end`` - 1; of so many orders, then of none.

    Parameters
    ----------
    shops : Shops
        History; the rule of a week sees those before it.
    rule : callable
        Orders at the end of the week before, by week and stock then. [units]
    first, end : int
        Weeks; the first order is placed at the end of the one before ``first``.
    stock : Stock
        At the end of that week.
    orders : int, optional
        How many weeks have an order; blank = all.
    """
    told, stocks = [], []
    for week in range(first, end):
        ordered = rule(week, stock) if orders is None or week < first + orders else np.zeros(len(shops.keys))
        known = shops.known[:, week]
        stock, served, short = advance(stock, shops.demand[:, week], ordered, lead_time_periods=LEAD)
        costs = HOLDING * stock.on_hand[known].sum(), SHORTAGE * short[known].sum()
        told.append((*costs, served.sum(), (served + short).sum()))
        stocks.append(stock)
    return Outcome(*np.array(told).T, stocks, selling_rate(shops))


def selling_rate(shops: Shops) -> np.ndarray:
    """Return units a week at which end stock sells: of the last year, the same for every rule and week."""
    return np.maximum(shops.means(len(shops.weeks), YEAR), RARE)


def worth(stock: Stock, rate: np.ndarray) -> float:
    """Return what holding will cost until all on hand and under way is sold, if nothing more is ordered.

    Sales are Poisson at the rate; what is under way costs from its arrival on.
    """
    after = np.arange(1, FAR + 1)
    under_way = np.zeros((len(rate), FAR))
    pipeline = np.asarray(stock.pipeline)
    under_way[:, : pipeline.shape[1]] = pipeline
    there = np.asarray(stock.on_hand)[:, None] + under_way.cumsum(axis=1)
    sold = rate[:, None] * after
    left = there * pdtr(there, sold) - np.where(there > 0, sold * pdtr(np.maximum(there - 1, 0), sold), 0.0)
    return float(HOLDING * left.sum())
