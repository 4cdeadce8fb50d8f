"""A history of demand as arrays: one row per item and location, one column per period."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.formulas.panel_kernels import first_sales, place_rows, size_keys
from segkit.inventory.pooled.frames import require_frame
from segkit.inventory.pooled.lots import SOLD, smallest_lots
from segkit.inventory.pooled.periods import fill_periods, following_periods, read_days, regular_step
from segkit.inventory.pooled.rows import number_days, number_series

KEYS = ("item_id", "location_id", "demand_class")
_NEEDED = ("item_id", "location_id", "period", "quantity")
_FINE = 10_000.0  # parts of the mean size in which demand without smallest lots is counted
_FIXES = {
    "missing": "Name every item and location, and the day of every period.",
    "below zero": "Leave returns out of demand, they are no negative demand.",
    "infinite": "Leave a quantity blank that is not known.",
    "no number": "Turn quantities into numbers, such as by pandas.to_numeric.",
    "in_stock": "Say true, false or nothing in in_stock.",
}
_DAYS = 13  # so that every weekday was there twice


@dataclass(frozen=True)
class DemandPanel:
    """Demand by series and period.

    ``keys`` has a row per series, sorted; ``periods`` the first days of all periods; ``values`` [units], ``observed``
    (not out of stock, not missing) and ``start`` (period of the first sale) as the formulas take them.
    """

    keys: pd.DataFrame
    periods: pd.DatetimeIndex
    values: np.ndarray
    observed: np.ndarray
    start: np.ndarray

    @property
    def step(self) -> pd.DateOffset:
        """From one period to the next."""
        return regular_step(self.periods)

    def next_periods(self, count: int) -> pd.DatetimeIndex:
        """Return the periods that follow."""
        return following_periods(self.periods, count)

    def with_values(self, values: np.ndarray, observed: np.ndarray) -> "DemandPanel":
        """Return the panel with other demand."""
        return DemandPanel(self.keys, self.periods, values, observed, self.start)

    @cached_property
    def partly(self) -> np.ndarray:
        """Out of stock, yet sold: demand was at least as much."""
        return ~self.observed & (self.values > SOLD)

    @cached_property
    def lots(self) -> np.ndarray:
        """Lot of each series: all demand of its item comes in whole numbers of it. Zero = any amount."""
        return smallest_lots(self.values, self.observed, self.code("item_id"))

    @property
    def parts(self) -> np.ndarray:
        """In what parts [units] demand is counted: lots, or a small part of what was sold so far, after each period."""
        return np.broadcast_to(self.part_columns, self.values.shape)

    @cached_property
    def part_columns(self) -> np.ndarray:
        """The same in a single column where they never change."""
        lots = self.lots[:, None]
        if (lots > 0).all():
            return lots
        sold = self.observed & (self.values > 0)
        mean = np.cumsum(np.where(sold, self.values, 0.0), axis=1) / np.maximum(np.cumsum(sold, axis=1), 1)
        usual = np.median(mean[mean[:, -1] > 0, -1]) / _FINE if (mean > 0).any() else 1.0
        return np.where(lots > 0, lots, np.where(mean > 0, mean / _FINE, usual))

    @cached_property
    def counted(self) -> np.ndarray:
        """In what parts [units] the demand of every series is counted now."""
        return np.ascontiguousarray(self.part_columns[:, -1])

    @cached_property
    def rank(self) -> np.ndarray:
        """Rank of every series by total demand."""
        return rank_of_size(self.values, np.arange(len(self.values)))

    def code(self, name: str) -> np.ndarray:
        """Return a number for each value of a key."""
        return pd.factorize(self.keys[name], sort=True)[0]


def read_panel(history: pd.DataFrame) -> DemandPanel:
    """Return a history as arrays.

    Parameters
    ----------
    history : DataFrame
        item_id, location_id, period (date), quantity [units]; optionally demand_class, and in_stock (bool).

    Returns
    -------
    DemandPanel
        From the first period of the history to the last. A period without a row, after the first sale of its series,
        counts as no demand; one without a row of any series, without a quantity or out of stock as not known. Weekdays
        that daily data never name are closed: no demand.

    Raises
    ------
    DataError
        Columns that lack, keys that repeat, quantities below zero or no numbers, periods that are no regular dates.
    """
    _check(history)
    names = [name for name in KEYS if name in history]
    if history.empty:
        keys = pd.DataFrame({name: pd.Series(dtype="str") for name in names})
        none = np.zeros((0, 0))
        days = pd.DatetimeIndex([], dtype="datetime64[us]")
        return DemandPanel(keys, days, none, none.astype(bool), np.zeros(0, dtype=int))
    period = read_days(history["period"], "history cannot be forecast")
    days, place = number_days(period)
    found = pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[us]"))
    periods = fill_periods(found)
    series, keys = number_series(history, names)
    columns = np.zeros(days[-1] - days[0] + 1, dtype=np.int64)
    columns[days - days[0]] = np.searchsorted(periods, found)
    values, observed = np.zeros((len(keys), len(periods))), np.ones((len(keys), len(periods)), dtype=bool)
    quantity = history["quantity"].infer_objects().to_numpy(dtype="float64", na_value=np.nan)
    in_stock = ~history["in_stock"].isin([0]).to_numpy(dtype=bool) if "in_stock" in history else np.zeros(0, dtype=bool)
    if place_rows(series, place, columns, quantity, in_stock, values, observed):
        _name_repeats(history, series * len(periods) + columns[place], names)
    silent = ~np.isin(periods, found) & ~_closed(periods, found)
    if silent.any():
        observed[:, silent] = False
    return DemandPanel(keys, periods, values, observed, first_sales(values, SOLD))


def rank_of_size(values: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the rank of groups of series by total demand; those that demand cannot tell apart share one.

    So what is drawn by it does not depend on names.
    """
    keys = [np.bincount(code, key) for key in size_keys(values)]
    order = np.lexsort(keys)
    apart = np.any([np.diff(key[order], prepend=key[order[:1]]) != 0 for key in keys], axis=0)
    rank = np.zeros(len(order), dtype=int)
    rank[order] = np.cumsum(apart)
    return rank


def _closed(periods: pd.DatetimeIndex, found: pd.DatetimeIndex) -> np.ndarray:
    """Return on which days nothing is ever sold: weekdays that daily data never name."""
    daily = len(periods) > _DAYS and regular_step(periods).kwds.get("days") == 1
    return ~np.isin(periods.day_of_week, found.day_of_week) & daily


def _check(history: pd.DataFrame) -> None:
    require_frame(history, "history cannot be forecast", [*_NEEDED, "demand_class", "in_stock"])
    lacking = [name for name in _NEEDED if name not in history]
    if lacking:
        problem = f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not there"
        fix = f"A history needs {', '.join(_NEEDED)}; it has {', '.join(map(str, history.columns)) or 'no columns'}."
        raise DataError(list_problems("history cannot be forecast", [problem], [fix]))
    problems = [
        f"{name} is missing {in_rows(int(history[name].isna().sum()))}"
        for name in (*(name for name in KEYS if name in history), "period")
        if history[name].isna().any()
    ]
    quantity = history["quantity"].infer_objects()
    if pd.api.types.is_complex_dtype(quantity) or (
        not pd.api.types.is_numeric_dtype(quantity) and quantity.notna().any()
    ):
        problems.append("quantity is no number")
    else:
        told = quantity.to_numpy(dtype="float64", na_value=np.nan)
        problems += _where("quantity is below zero", history, told < 0)
        problems += _where("quantity is infinite", history, told == np.inf)
    if "in_stock" in history:
        flags = history["in_stock"]
        problems += _where(
            "in_stock is neither true nor false", history, (flags.notna() & ~flags.isin([0, 1])).to_numpy()
        )
    if problems:
        fixes = [fix for word, fix in _FIXES.items() if any(word in problem for problem in problems)]
        raise DataError(list_problems("history cannot be forecast", problems, fixes))


def _where(problem: str, history: pd.DataFrame, wrong: np.ndarray) -> list[str]:
    """Return a problem with the number of its rows and the first of them, if there is any."""
    if not wrong.any():
        return []
    first = history.loc[wrong, ["item_id", "location_id", "period"]].astype(str).iloc[0].tolist()
    return [f"{problem} {in_rows(int(wrong.sum()))}, first: {', '.join(first)}"]


def _name_repeats(history: pd.DataFrame, cell: np.ndarray, names: list[str]) -> None:
    again = pd.Series(cell).duplicated().to_numpy()
    first = history.loc[again, [*names, "period"]].astype(str).iloc[0].tolist()
    problem = f"{' and '.join([*names, 'period'])} repeat {in_rows(int(again.sum()))}, first: {', '.join(first)}"
    raise DataError(list_problems("history cannot be forecast", [problem], ["Add the rows of one period up first."]))
