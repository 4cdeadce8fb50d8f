"""The series of one item at one location: periods on the grid of the whole history, what is known of each."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.pooled.panel import DemandPanel
from segkit.inventory.pooled.periods import read_dates

_CYCLES = {"quarter": 4, "month": 12, "week": 52, "day": 7}
_MONTHS = {1: "month", 3: "quarter", 12: "year"}
_DAYS = {1: "day", 7: "week"}


@dataclass(frozen=True)
class Span:
    """What models see: demand from the first listed period on, NaN where it is not known.

    ``calendar`` has a row for each of these periods and for those of the horizon after them.
    """

    periods: np.ndarray
    values: np.ndarray
    price: np.ndarray
    calendar: pd.DataFrame
    unit: str
    ahead: np.ndarray

    @property
    def cycle(self) -> int:
        """Periods of a seasonal cycle; 1 = there is none."""
        return _CYCLES.get(self.unit, 1)

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


def describe_series(
    panel: DemandPanel, history: pd.DataFrame, item_id: str, location_id: str, remarks: Remarks
) -> pd.DataFrame:
    """Return period, quantity, price and status of one item on the grid; without rows where the item has none.

    Demand of several demand classes is added up; it is not known where it is not known of one of them.
    """
    mine = panel.keys["item_id"].eq(item_id) & panel.keys["location_id"].eq(location_id)
    places = np.flatnonzero(mine.to_numpy())
    if not places.size:
        remarks.add("history", "reason", _missing_reason(panel.keys, item_id, location_id))
    if places.size > 1:
        remarks.add("history", "assumption", f"Demand of {places.size} demand classes is added up.")
    rows = history[history["item_id"].astype("str").eq(item_id) & history["location_id"].astype("str").eq(location_id)]
    rows = rows.set_index(read_dates(rows["period"], "history cannot be inspected"))
    known, out, periods = panel.observed[places].all(axis=0), _out_of_stock(rows), panel.periods
    listed = np.arange(len(periods)) >= panel.start[places].min(initial=len(periods))
    silent = int((known & listed & ~periods.isin(rows.index)).sum())
    if silent:
        text = f"{silent:,} period{'s' * (silent != 1)} without a row since listed: counted as no demand."
        remarks.add("history", "assumption", text)
    status = np.select([~listed, periods.isin(out), ~known], ["not yet listed", "out of stock", "not known"], "used")
    quantity = np.where(known, panel.values[places].sum(axis=0), np.nan)
    made = pd.DataFrame({"period": periods.to_numpy(), "quantity": quantity, "price": _prices(rows, periods, item_id)})
    made = made.assign(status=pd.Series(status, dtype="str"))
    return made if places.size else made.iloc[:0]


def make_span(series: pd.DataFrame, panel: DemandPanel, calendar: pd.DataFrame, horizon: int) -> Span:
    """Return what models see of a series, from its first known period after it was listed."""
    used = series["status"].eq("used").to_numpy()
    first = int(used.argmax()) if used.any() else len(series)
    values = series["quantity"].where(used).to_numpy()[first:]
    periods, ahead = series["period"].to_numpy()[first:], panel.next_periods(horizon).to_numpy()
    wanted = pd.DatetimeIndex(np.concatenate([periods, ahead]))
    return Span(
        periods, values, series["price"].to_numpy()[first:], calendar.reindex(wanted), period_unit(panel), ahead
    )


def period_unit(panel: DemandPanel) -> str:
    """Return what a period is: day, week, month, quarter, year, or so many days."""
    step = panel.step
    if months := getattr(step, "months", 0):
        return _MONTHS.get(months, f"{months} months")
    return _DAYS.get(step.days, f"{step.days} days")  # type: ignore[attr-defined]


def _prices(rows: pd.DataFrame, periods: pd.DatetimeIndex, item_id: str) -> np.ndarray:
    """Return the mean price of every period; float sums do not depend on the order of rows."""
    if "price" not in rows:
        return np.full(len(periods), np.nan)
    cells = rows["price"].infer_objects()
    real = pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_complex_dtype(cells)
    price = cells.astype("float64") if real or cells.isna().all() else pd.Series(np.inf, cells.index)
    if np.isinf(price).any():
        problem = f"price is no finite number {in_rows(int(np.isinf(price).sum()))} of {item_id}"
        raise DataError(
            list_problems("history cannot be inspected", [problem], ["Leave a price blank that is not known."])
        )
    return price.sort_values().groupby(level=0).mean().reindex(periods).to_numpy()


def _out_of_stock(rows: pd.DataFrame) -> pd.DatetimeIndex:
    if "in_stock" not in rows:
        return pd.DatetimeIndex([])
    return pd.DatetimeIndex(rows.index[~rows["in_stock"].astype("boolean").fillna(True).to_numpy(dtype=bool)])


def _missing_reason(keys: pd.DataFrame, item_id: str, location_id: str) -> str:
    """Return why an item-location has no rows in the history, with the nearest name where there is one."""
    if keys.empty:
        return "The history has no rows."
    for column, name in (("item_id", item_id), ("location_id", location_id)):
        known = sorted(keys[column].unique())
        if name not in known:
            return f"The history has no {column} {name!r}{nearest_name(name, known)}."
    return f"The history has no rows of {item_id!r} at {location_id!r}."
