"""Demand by item, location, demand class and period: what was asked for, not what was netted or lost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.masters import look_up
from segkit.core.periods import next_period, period_start
from segkit.core.settings import Items, Periods

KEY = ["item_id", "location_id", "demand_class"]


def make_demand(lines: pd.DataFrame, periods: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return the demand panel: every period from an item's first line (or launch) on, zeros included.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``; item_id as demand is planned (see `follow_successors`).
    periods : DataFrame
        Table ``periods``.
    items : DataFrame
        Table ``items``, for launch_date: a launched item has zeros from then on.

    Returns
    -------
    DataFrame
        ``demand`` of the nomenclature without stock-outs: out_of_stock_days 0, censored False (see `flag_stockouts`).

    Raises
    ------
    DataError
        Lines lie outside the periods.

    Notes
    -----
    Returns stand in ``returned`` of the period in which the goods came back. Reversed lines are in neither.
    """
    if lines.empty or periods.empty:
        return empty_table("demand")
    periods = periods.sort_values("period", ignore_index=True)
    grid = _Grid.of(lines, periods)
    counted = ~lines["is_reversed"].to_numpy(dtype=bool)
    quantity = lines["quantity"].to_numpy()
    sold, back = counted & (quantity > 0), counted & (quantity < 0)
    first = grid.first(counted, items)
    length = grid.periods - first
    rows = np.repeat(np.arange(len(grid.keys)) * grid.periods + first - np.cumsum(length) + length, length)
    rows = rows + np.arange(length.sum())
    named = sold & (lines["customer_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
    customers, ids = pd.factorize(lines["customer_id"])
    pairs = pd.unique(grid.cell[named] * len(ids) + customers[named]) // len(ids)
    table = grid.keys.loc[np.repeat(np.arange(len(grid.keys)), length)].reset_index(drop=True)
    table["period"] = periods["period"].to_numpy()[rows % grid.periods]
    table["quantity"] = grid.total(quantity, sold)[rows]
    table["returned"] = grid.total(-quantity, back)[rows]
    table["lines"] = grid.count(grid.cell[sold])[rows]
    table["customers"] = grid.count(pairs)[rows]
    table["revenue"] = grid.total(lines["revenue"].to_numpy(), sold)[rows]
    table["complete"] = periods["complete"].to_numpy()[rows % grid.periods]
    table["out_of_stock_days"] = np.zeros(len(rows), dtype="int64")
    table["censored"] = False
    return table


def moves_demand(items: pd.DataFrame) -> bool:
    """Return whether masters move demand between items or periods: by successors, or zeros from a launch on."""
    return not find_successors(items).empty or ("launch_date" in items and bool(items["launch_date"].notna().any()))


def ends_whole(days: pd.Series, known: pd.Series, periods: pd.DataFrame) -> bool:
    """Return whether no day after the known ones lies in a period that they reach.

    Parameters
    ----------
    days : Series of datetime64
        Days of all rows, rising.
    known : Series of datetime64
        The first of them.
    periods : DataFrame
        Table ``periods`` of the known days.
    """
    count = int(known.count())
    return count == len(days) or bool(days.iloc[count] > periods["period_end"].max())


def demand_until(demand: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Return the demand panel of an earlier day, as `make_demand` makes it of the lines that were known then.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand`` of a later day. No line came to the earlier periods since, and masters move no demand
        (see `moves_demand`): so a series begins with its first line, and before it was not known then.
    periods : DataFrame
        Table ``periods`` of the earlier day.

    Returns
    -------
    DataFrame
        Without stock-outs, like that of `make_demand`.
    """
    periods = periods.sort_values("period", ignore_index=True)
    place = periods["period"].searchsorted(demand["period"], side="left")
    rows = np.flatnonzero(place < len(periods))
    complete = periods["complete"].to_numpy()[place[rows]]
    made = demand.take(rows).reset_index(drop=True)
    return made.assign(complete=complete, out_of_stock_days=np.zeros(len(rows), dtype="int64"), censored=False)


def flag_stockouts(demand: pd.DataFrame, absences: pd.DataFrame) -> pd.DataFrame:
    """Return demand with the days without stock, and with ``censored`` where there was one.

    Parameters
    ----------
    demand : DataFrame
        From `make_demand`.
    absences : DataFrame
        item_id, location_id, period, out_of_stock_days: from `days_without_stock`.

    Returns
    -------
    DataFrame
        Same rows.
    """
    if absences.empty or demand.empty:
        return demand
    key = ["item_id", "location_id", "period"]
    days = demand[key].merge(absences, on=key, how="left")["out_of_stock_days"].fillna(0).to_numpy().astype("int64")
    return demand.assign(out_of_stock_days=days, censored=days > 0)


def stocked_places(inventory: pd.DataFrame, sales: pd.DataFrame) -> pd.DataFrame:
    """Return item_id and location_id of which inventory, or in_stock of sales, tells when there was no stock."""
    told = [inventory, sales[sales["in_stock"].notna().to_numpy()] if "in_stock" in sales else sales.head(0)]
    key = ["item_id", "location_id"]
    places = pd.concat([table.reindex(columns=key).astype("str").drop_duplicates() for table in told])
    return places.assign(location_id=places["location_id"].fillna("(all)")).drop_duplicates(ignore_index=True)


def days_without_stock(inventory: pd.DataFrame, sales: pd.DataFrame, *, periods: Periods) -> pd.DataFrame:
    """Return out-of-stock days by item, location and period, from stock snapshots and from in_stock of sales.

    Parameters
    ----------
    inventory : DataFrame
        Table ``inventory``: a day with in_stock false, or with on_hand at or below zero, counts once.
    sales : DataFrame
        Table ``sales``; a row that was out of stock counts with the days that it stands for.
    periods : Periods
        Length of a planning period.

    Returns
    -------
    DataFrame
        item_id, location_id, period, out_of_stock_days [days].
    """
    from segkit.core.inputs import sales_step

    found = [_absent(inventory, "date").drop_duplicates(["item_id", "location_id", "date"]).assign(days=1)]
    absent = _absent(sales, "period")
    if len(absent):
        step = sales_step(sales["period"])
        found.append(absent.assign(days=np.minimum(step, absent["date"].dt.days_in_month) if step >= 28 else step))
    days = pd.concat(found, ignore_index=True)
    if days.empty:
        return pd.DataFrame(columns=["item_id", "location_id", "period", "out_of_stock_days"])
    days["period"] = period_start(days["date"], periods)
    keys = ["item_id", "location_id", "period"]
    summed = days.groupby(keys, as_index=False, observed=True)["days"].sum()
    starts = summed["period"].to_numpy().astype("datetime64[D]")
    length = (next_period(starts, periods) - starts).astype("int64")
    return summed.assign(days=np.minimum(summed["days"], length)).rename(columns={"days": "out_of_stock_days"})


def follow_successors(lines: pd.DataFrame, items: pd.DataFrame, *, rules: Items) -> pd.DataFrame:
    """Return order lines under the item that demand is planned for: the last successor of a superseded item.

    Parameters
    ----------
    lines : DataFrame
        Any table with item_id.
    items : DataFrame
        Table ``items`` with replaced_by.
    rules : Items
        ``separate`` leaves every item by itself.

    Returns
    -------
    DataFrame
        Same rows.

    Raises
    ------
    DataError
        Items replace each other in a circle.
    """
    successors = find_successors(items)
    if rules.superseded == "separate" or successors.empty:
        return lines
    return lines.assign(item_id=lines["item_id"].map(successors).fillna(lines["item_id"]))


def follow_successors_in_stock(stock: pd.DataFrame, items: pd.DataFrame, *, rules: Items, day: str) -> pd.DataFrame:
    """Return stock rows under the item that demand is planned for.

    Parameters
    ----------
    stock : DataFrame
        Table ``inventory`` or ``sales``.
    items : DataFrame
        Table ``items`` with replaced_by, end_date and launch_date.
    rules : Items
        ``separate`` leaves every item by itself.
    day : str
        The column that says when: ``date`` or ``period``.

    Returns
    -------
    DataFrame
        Without the rows of a superseded item from its end, or its successor's launch, on: that it is gone then is no
        stock-out. Where neither day is known none of its rows is kept.
    """
    successors = find_successors(items)
    if rules.superseded == "separate" or successors.empty or stock.empty:
        return stock
    heir = stock["item_id"].map(successors).astype("str")
    ended = look_up(stock["item_id"], items, "end_date")
    launched = look_up(heir.rename("item_id"), items, "launch_date")
    own = heir.isna() | (stock[day] < pd.concat([ended, launched], axis=1).min(axis=1))
    return follow_successors(stock[own.to_numpy(dtype=bool)], items, rules=rules)


def find_successors(items: pd.DataFrame) -> pd.Series:
    """Return the last successor by superseded item_id; a circle is a DataError."""
    if "replaced_by" not in items or items["replaced_by"].isna().all():
        return pd.Series(dtype="str")
    chain = items.dropna(subset=["replaced_by"]).set_index("item_id")["replaced_by"]
    last = chain.copy()
    for _ in range(len(chain)):
        further = last.map(chain)
        if further.isna().all():
            return last
        last = further.fillna(last)
    circle = ", ".join(sorted(last.index[last.isin(chain.index)])[:3])
    raise DataError(f"items.replaced_by goes round in a circle, for example: {circle}\nBreak the circle in 'items'.")


def _places(days: pd.Series, starts: pd.Series) -> np.ndarray:
    """Return the place of every line's period among all periods."""
    at = np.minimum(starts.searchsorted(days), len(starts) - 1)
    outside = days[starts.to_numpy()[at] != days.to_numpy()]
    if len(outside):
        raise DataError(
            f"{len(outside):,} order lines lie in no period of the table, first: {outside.min():%Y-%m-%d}\n"
            "Give the periods that list_periods makes of these lines."
        )
    return at


def _absent(table: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return item, location and date of the rows that say there was no stock."""
    columns = ["item_id", "location_id", "date"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    absent = pd.Series(False, index=table.index)
    if "in_stock" in table:
        absent = table["in_stock"].fillna(True).eq(False)
    if "on_hand" in table:
        absent |= table["on_hand"].fillna(1) <= 0
    rows = table[absent.to_numpy(dtype=bool)].rename(columns={day: "date"})
    where = rows["location_id"].astype("str").fillna("(all)") if "location_id" in rows else "(all)"
    return rows.assign(location_id=where)[columns]


@dataclass(frozen=True)
class _Grid:
    """Keys x periods, and the cell of every line."""

    keys: pd.DataFrame
    periods: int
    cell: np.ndarray
    starts: pd.Series

    @classmethod
    def of(cls, lines: pd.DataFrame, periods: pd.DataFrame) -> "_Grid":
        code = np.zeros(len(lines), dtype="int64")
        levels = []
        for name in KEY:
            part, ids = pd.factorize(lines[name], sort=True)
            code = code * len(ids) + part
            levels.append(ids)
        key, found = pd.factorize(code, sort=True)
        parts = np.unravel_index(found, [len(ids) for ids in levels])
        keys = {
            name: pd.Series(ids.take(part), dtype="str") for name, ids, part in zip(KEY, levels, parts, strict=True)
        }
        at = _places(lines["period"], periods["period"])
        return cls(pd.DataFrame(keys), len(periods), key * len(periods) + at, periods["period"])

    def total(self, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        sums = np.bincount(self.cell[rows], weights=values[rows], minlength=len(self.keys) * self.periods)
        return sums.astype("float64")  # bincount of nothing counts in whole numbers

    def count(self, cells: np.ndarray) -> np.ndarray:
        return np.bincount(cells, minlength=len(self.keys) * self.periods).astype("int64")

    def first(self, rows: np.ndarray, items: pd.DataFrame) -> np.ndarray:
        """Return per key the first period to show; keys with reversed lines only show nothing."""
        first = np.full(len(self.keys), self.periods)
        np.minimum.at(first, self.cell[rows] // self.periods, self.cell[rows] % self.periods)
        launch = look_up(self.keys["item_id"], items, "launch_date")
        at = self.starts.searchsorted(launch.fillna(pd.Timestamp.max.floor("D")), side="right") - 1
        return np.where((first < self.periods) & launch.notna(), np.minimum(first, np.maximum(at, 0)), first)
