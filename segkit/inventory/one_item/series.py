"""The series of one item at one location: periods on the grid of the whole history, what is known of each."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.periods import next_period
from segkit.core.settings import Periods
from segkit.inventory.one_item.remarks import Remarks

CYCLES = {"month": 12, "week": 52, "day": 7}
_REQUIRED = ["item_id", "location_id", "period", "quantity"]
_FIX = "Bring one row per item, location and period (day, week or month), zeros included."
Unit = Literal["month", "week", "day"]


@dataclass(frozen=True)
class Span:
    """What models see: demand from the first listed period on, NaN where it is not known.

    ``calendar`` has a row for each of these periods and for those of the horizon after them.
    """

    periods: np.ndarray
    values: np.ndarray
    price: np.ndarray
    calendar: pd.DataFrame
    unit: Unit
    ahead: np.ndarray

    @property
    def cycle(self) -> int:
        """Periods of a seasonal cycle."""
        return CYCLES[self.unit]

    @property
    def known(self) -> np.ndarray:
        """Return which periods are known."""
        return ~np.isnan(self.values)

    @property
    def scale(self) -> float:
        """Mean size of demand: models see multiples of it, so that the counting unit changes nothing."""
        size = float(np.abs(self.values[self.known]).mean()) if self.known.any() else 0.0
        return size or 1.0

    def until(self, count: int, horizon: int) -> "Span":
        """Return the first ``count`` periods, as if the rest had not come yet; the calendar is known ahead."""
        grid = np.concatenate([self.periods, self.ahead])
        return replace(
            self,
            periods=self.periods[:count],
            values=self.values[:count],
            price=self.price[:count],
            calendar=self.calendar.iloc[: count + horizon],
            ahead=grid[count : count + horizon],
        )


@dataclass(frozen=True)
class Grid:
    """All periods of a history, without gaps, and the unit they are in."""

    periods: np.ndarray
    unit: Unit

    def after(self, count: int) -> np.ndarray:
        """Return the periods that follow the last one."""
        made: list[np.datetime64] = list(self.periods[-1:])
        while made and len(made) <= count:
            made.append(_next(made[-1], self.unit))
        return np.array(made[1:], dtype="datetime64[us]")


def require_history(history: pd.DataFrame) -> pd.DataFrame:
    """Return the history with its columns typed, or raise a DataError with every problem of it."""
    missing = [name for name in _REQUIRED if name not in history]
    if missing:
        problems = [f"{name} is required and not there" for name in missing]
        raise DataError(list_problems("table 'history' breaks its contract", problems, [_FIX]))
    table = history[[name for name in (*_REQUIRED, "in_stock", "price", "demand_class") if name in history]].copy()
    table["period"] = pd.to_datetime(table["period"], errors="coerce")
    for name in ("quantity", "price"):
        if name in table:
            table[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
    table[["item_id", "location_id"]] = table[["item_id", "location_id"]].astype("str")
    key = [name for name in ("item_id", "location_id", "demand_class", "period") if name in table]
    found = {
        "period is missing or no date": table["period"].isna(),
        "quantity is infinite": np.isinf(table["quantity"]),
        f"key ({', '.join(key)}) repeats": table.duplicated(key),
    }
    broken = {what: table[bad] for what, bad in found.items() if bad.any()}
    problems = [f"{what} {in_rows(len(rows))}, first: {_named(rows)}" for what, rows in broken.items()]
    if problems:
        raise DataError(list_problems("table 'history' breaks its contract", problems, [_FIX]))
    return table


def find_grid(periods: pd.Series, remarks: Remarks) -> Grid:
    """Return the grid of the periods of a history; a DataError where they are not days, weeks or months."""
    days = np.sort(periods.unique()).astype("datetime64[D]")
    unit = _unit(days, remarks)
    grid = list(days[:1])
    while grid and grid[-1] < days[-1]:
        grid.append(_next(grid[-1], unit))
    return Grid(np.array(grid, dtype="datetime64[us]"), unit)


def describe_series(rows: pd.DataFrame, grid: Grid, remarks: Remarks) -> pd.DataFrame:
    """Return period, quantity, price and status of one item on the grid; classes of demand are added up."""
    rows = rows.assign(in_stock=_in_stock(rows))
    if "price" not in rows:
        rows["price"] = np.nan
    if "demand_class" in rows and rows["demand_class"].nunique() > 1:
        remarks.add("history", "assumption", f"Demand of {rows['demand_class'].nunique()} demand classes is added up.")
    rows = rows.sort_values(["period", "quantity", "price"])  # float sums do not depend on the order of rows
    grouped = rows.groupby("period")
    series = grouped.agg(price=("price", "mean"), in_stock=("in_stock", "min"))
    series.insert(0, "quantity", grouped["quantity"].sum(min_count=1))
    series["has_row"] = True
    series = series.reindex(pd.DatetimeIndex(grid.periods, name="period"))
    has_row = series["has_row"].notna().to_numpy()
    within = np.maximum.accumulate(has_row) & ~has_row
    if within.any():
        text = f"Without a row is {_count(within.sum(), grid.unit)} after the first row: counted as no demand."
        remarks.add("history", "assumption", text)
    quantity = series["quantity"].where(~within, 0.0).to_numpy()
    out = has_row & ~series["in_stock"].astype("boolean").fillna(True).to_numpy(dtype=bool)
    sold = np.flatnonzero(np.nan_to_num(quantity) > 0)
    listed = np.arange(len(quantity)) >= (sold[0] if sold.size else len(quantity))
    status = np.select([~listed, out, np.isnan(quantity)], ["not yet listed", "out of stock", "not known"], "used")
    made = pd.DataFrame({"period": grid.periods, "quantity": quantity, "price": series["price"].to_numpy()})
    return made.assign(status=pd.Series(status, dtype="str"))


def make_span(series: pd.DataFrame, grid: Grid, calendar: pd.DataFrame, horizon: int) -> Span:
    """Return what models see of a series, from its first known period after it was listed."""
    used = series["status"].eq("used").to_numpy()
    first = int(used.argmax()) if used.any() else len(series)
    values = series["quantity"].where(used).to_numpy()[first:]
    price, periods = series["price"].to_numpy()[first:], grid.periods[first:]
    ahead = grid.after(horizon)
    wanted = pd.DatetimeIndex(np.concatenate([periods, ahead]))
    return Span(periods, values, price, calendar.reindex(wanted), grid.unit, ahead)


def missing_reason(history: pd.DataFrame, item_id: str, location_id: str) -> str:
    """Return why an item-location has no rows in the history, with the nearest name where there is one."""
    if history.empty:
        return "The history has no rows."
    for column, name in (("item_id", item_id), ("location_id", location_id)):
        known = history[column].unique().tolist()
        if name not in known:
            return f"The history has no {column} {name!r}{nearest_name(name, sorted(known))}."
    return f"The history has no rows of {item_id!r} at {location_id!r}."


def _unit(days: np.ndarray, remarks: Remarks) -> Unit:
    if days.size < 2:
        unit: Unit = "month" if not days.size or (days[0] == days[0].astype("datetime64[M]")) else "week"
        remarks.add("history", "assumption", f"One period does not show how long periods are: taken as a {unit}.")
        return unit
    months = days.astype("datetime64[M]")
    if (days == months).all() and np.gcd.reduce(np.diff(months).astype(int)) == 1:
        return "month"
    step = int(np.gcd.reduce(np.diff(days).astype(int)))
    if step in (1, 7) and not (days + 1 == (days + 1).astype("datetime64[M]")).all():
        return "week" if step == 7 else "day"
    problem = f"they are neither days, nor weeks, nor begin on the first of a month; first: {days[0]}, {days[1]}"
    raise DataError(list_problems("table 'history' has no regular periods", [problem], [_FIX]))


def _next(day: np.datetime64, unit: Unit) -> np.datetime64:
    return next_period(np.array([day]), Periods(unit=unit))[0].astype("datetime64[D]")


def _in_stock(rows: pd.DataFrame) -> pd.Series:
    flags = rows["in_stock"] if "in_stock" in rows else pd.Series(True, index=rows.index)
    return flags.astype("boolean").fillna(True).astype(bool)


def _named(rows: pd.DataFrame) -> str:
    first = rows.sort_values(["item_id", "location_id", "period"]).iloc[0]
    return f"item_id={first['item_id']!r}, location_id={first['location_id']!r}, period={first['period']}"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'s' * (number != 1)}"
