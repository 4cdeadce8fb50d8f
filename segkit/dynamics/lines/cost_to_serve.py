"""Cost-to-serve of every order line: recorded freight, the work behind it, and the wait for the money.

Work is charged by time-driven activity-based costing: minutes of an activity x what a minute of its capacity costs.
Capacity that no line used is shown in ``activity_costs`` and charged to nobody.
"""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.core.errors import DataError
from segkit.core.masters import column_or_missing, look_up
from segkit.core.settings import Settings
from segkit.dynamics.lines.line_kinds import order_codes
from segkit.formulas.activity_costing import capacity_cost_rate, unused_capacity_cost

_DAYS_OF_A_YEAR = 365.0
_MINUTES = {**dict.fromkeys(("minutes", "minute", "min"), 1.0), **dict.fromkeys(("hours", "hour", "h"), 60.0)}


def charge_lines(
    lines: pd.DataFrame, activities: pd.DataFrame, customers: pd.DataFrame, *, settings: Settings
) -> pd.DataFrame:
    """Return order lines with the work and the wait for payment that each causes.

    Parameters
    ----------
    lines : DataFrame
        From `mark_lines`.
    activities : DataFrame
        Table ``activities``; without rows no work is charged.
    customers : DataFrame
        Table ``customers``, for payment_days.
    settings : Settings
        ``assume.capital_rate``: without it payment terms cost nothing (and the plan says so).

    Returns
    -------
    DataFrame
        The same rows with activity_cost, payment_cost, cost_to_serve and net_margin [currency].

    Raises
    ------
    DataError
        A pool has no capacity, or activities that share one disagree about it.
    """
    work = charge_work(lines, activities)
    rate = settings.assume.capital_rate or 0.0
    days = look_up(lines["customer_id"], customers, "payment_days").fillna(0.0)
    wait = (lines["revenue"] * days * rate / _DAYS_OF_A_YEAR).fillna(0.0)
    served = lines["freight_out"] + work + wait
    return lines.assign(
        activity_cost=work, payment_cost=wait, cost_to_serve=served, net_margin=lines["gross_margin"] - served
    )


def charge_work(lines: pd.DataFrame, activities: pd.DataFrame) -> pd.Series:
    """Return what the work behind each order line costs.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, or some whole orders of it.
    activities : DataFrame
        Table ``activities``. A row holds from its period until the next of its activity, the first also before.

    Returns
    -------
    Series of float
        Same index. [currency]
    """
    if activities.empty or lines.empty:
        return pd.Series(0.0, index=lines.index)
    rates, units = _with_rates(activities), count_drivers(lines, set(activities["driver"]))
    day, cost = lines["order_date"].to_numpy(), np.zeros(len(lines))
    for _, rows in rates.groupby("activity", sort=True):
        at = np.maximum(np.searchsorted(rows["begin"].to_numpy(), day, side="right") - 1, 0)
        each = (rows["minutes_per_unit"] * rows["capacity_rate"]).to_numpy()[at]
        cost += units[rows["driver"].iloc[0]] * each
    return pd.Series(cost, index=lines.index)


def count_drivers(lines: pd.DataFrame, drivers: set[str]) -> dict[str, np.ndarray]:
    """Return how many units of each driver an order line stands for; what lines share is split equally.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``. Reversed lines were worked on, so they count.
    drivers : set of str
        Of order (without order_id: customer and day), line, delivery (order, location and shipping day), return,
        unit, customer (and calendar month; unknown ones not counted).

    Returns
    -------
    dict of ndarray
        One figure per line and driver.
    """
    sold = (lines["quantity"] > 0).to_numpy()
    order = order_codes(lines)
    made = {
        "order": lambda: _shares(sold, order),
        "line": lambda: sold.astype(float),
        "delivery": lambda: _shares(sold, order, _codes(lines["location_id"]), _codes(lines["shipped_date"])),
        "return": lambda: (lines["quantity"] < 0).to_numpy().astype(float),
        "unit": lambda: np.where(sold, lines["quantity"], 0.0),
        "customer": lambda: _shares(
            sold & (lines["customer_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool),
            _codes(lines["customer_id"]),
            lines["order_date"].to_numpy().astype("datetime64[M]").astype("int64"),
        ),
    }
    return {name: made[name]() for name in sorted(drivers)}


def count_activity_costs(lines: pd.DataFrame, activities: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return ``activity_costs``: what each activity cost, what lines used of it, and what nobody used.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    activities : DataFrame
        Table ``activities``.
    as_of : date
        Last day known.

    Returns
    -------
    DataFrame
        One row per activity and span, of spans that the lines reach into; lines outside of all spans are charged at
        the nearest one's rate and use no capacity here. Cost and capacity of a span that the lines
        cover in part (before the first order, after as_of) count in part, by days. Without a period the length of the
        span is not known: unused_cost and utilisation are blank.
    """
    if activities.empty or lines.empty:
        return empty_table("activity_costs")
    table = _with_spans(_with_rates(activities), lines["order_date"].min(), pd.Timestamp(as_of))
    units = count_drivers(lines, set(activities["driver"]))
    day = lines["order_date"].to_numpy()
    parts = []
    for _, rows in table.groupby("activity", sort=True):
        at = np.maximum(np.searchsorted(rows["begin"].to_numpy(), day, side="right") - 1, 0)
        inside = (day >= rows["begin"].to_numpy()[at]) & (day < rows["end"].to_numpy()[at])
        counted = np.bincount(at, weights=units[rows["driver"].iloc[0]] * inside, minlength=len(rows))
        parts.append(rows.assign(driver_units=counted))
    table = pd.concat(parts, ignore_index=True)
    table["minutes_used"] = table["driver_units"] * table["minutes_per_unit"]
    table["used_cost"] = table["minutes_used"] * table["capacity_rate"]
    return _with_unused(table[table["covered"] > 0])


def _with_unused(table: pd.DataFrame) -> pd.DataFrame:
    """Return the costs of the spans with the capacity that no activity of the pool used."""
    for name in ("cost", "practical_capacity"):
        table[name] = table[name] * table["covered"]
    pool = table.groupby(["pool", "begin"], sort=False)
    used = pool["minutes_used"].transform("sum")
    known = table["dated"]
    table["utilisation"] = (used / table["practical_capacity"]).where(known)
    left = unused_capacity_cost(table["cost"], table["practical_capacity"], used)
    table["unused_cost"] = pd.Series(left, index=table.index).where(pool.cumcount() == 0, 0.0).where(known)
    table = table.assign(period=table["begin"], period_end=table["end"] - pd.Timedelta(days=1)).sort_values(
        ["activity", "period"], ignore_index=True
    )
    return table[list(nomenclature()["activity_costs"].columns)].astype({"pool": "str", "activity": "str"})


def _with_rates(activities: pd.DataFrame) -> pd.DataFrame:
    """Return activities with begin, pool and capacity_rate, oldest first; pools that make no sense are a DataError."""
    pool = column_or_missing(activities, "pool", "str").fillna(activities["activity"])
    period = column_or_missing(activities, "period", "datetime64[us]")
    minutes = activities["practical_capacity"] * _minutes_of(activities)
    table = activities.assign(
        pool=pool,
        dated=period.notna(),
        begin=period.fillna(pd.Timestamp(1900, 1, 1)),
        practical_capacity=minutes,
        capacity_rate=capacity_cost_rate(activities["cost"], minutes),
    )
    empty = table["capacity_rate"].isna()
    if empty.any():
        days = table["begin"].dt.strftime(" from %Y-%m-%d").where(table["dated"], "")
        first = ", ".join((table["activity"] + days)[empty].head(3))
        raise DataError(
            f"table 'activities': practical_capacity is not above zero in {empty.sum():,} rows, first: {first}\n"
            "Give the minutes that the pool can really work in the period."
        )
    each = table.groupby(["pool", "begin"])[["cost", "practical_capacity"]].nunique().max(axis=1)
    if (each > 1).any():
        first = ", ".join(f"{name} from {day:%Y-%m-%d}" for name, day in each.index[each > 1][:3])
        raise DataError(
            f"table 'activities': activities that share a pool give it different cost or practical_capacity in "
            f"{(each > 1).sum():,} periods, first: {first}\nGive every activity of a pool the cost of the whole pool."
        )
    if (drivers := table.groupby("activity")["driver"].nunique().gt(1)).any():
        raise DataError(
            f"table 'activities': the driver changes within {', '.join(drivers.index[drivers][:3])}\n"
            "Give the work under another driver a name of its own."
        )
    return table.sort_values(["activity", "begin"], ignore_index=True)


def _minutes_of(activities: pd.DataFrame) -> pd.Series:
    """Return the minutes in the unit of each row's practical_capacity; an unknown unit is a DataError."""
    unit = column_or_missing(activities, "unit", "str").fillna("minutes").str.lower().str.strip()
    known = unit.map(_MINUTES)
    if known.isna().any():
        first = ", ".join(f"{name!r}" for name in unit[known.isna()].drop_duplicates().head(3))
        raise DataError(
            f"table 'activities': the unit of practical_capacity is not known in {known.isna().sum():,} rows, first: "
            f"{first}\nCapacity is time: give minutes or hours (blank = minutes)."
        )
    return known


def _with_spans(table: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return rates with end and ``covered``: the share of a span's days between the first and the last day."""
    begin, day = table["begin"], pd.Timedelta(days=1)
    following, before = (table.groupby("activity")["begin"].shift(step) for step in (-1, 1))
    months = 12 * (begin.dt.year - before.dt.year) + begin.dt.month - before.dt.month
    monthly = begin.dt.day == before.dt.day
    same_step = begin + (begin - before).fillna(last + day - begin)
    after = [
        start + pd.DateOffset(months=int(count)) for start, count in zip(begin[monthly], months[monthly], strict=True)
    ]
    same_step[monthly] = after
    end = following.fillna(same_step).where(table["dated"], last + day)
    inside = np.minimum(end, last + day) - np.maximum(begin, first.normalize())
    covered = (inside / (end - begin)).clip(0, 1).where(table["dated"], 1.0)
    return table.assign(covered=covered, end=end)


def _codes(column: pd.Series) -> np.ndarray:
    return pd.factorize(column, use_na_sentinel=False)[0]


def _shares(counted: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Return 1 / (lines that share the keys) for the lines that count, else 0."""
    code = keys[0]
    for key in keys[1:]:
        low = key.min(initial=0)
        code = pd.factorize(code * (key.max(initial=0) - low + 1) + key - low)[0]
    lines = np.bincount(code[counted], minlength=code.max(initial=0) + 1)
    return np.where(counted, 1.0 / np.maximum(lines, 1)[code], 0.0)
