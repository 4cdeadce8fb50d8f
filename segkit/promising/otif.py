"""On time, in full: the grid of what it can mean, so that no figure stands without its definition."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.given_days import no_dates
from segkit.core.offenders import first_offenders
from segkit.promising.reliability.history import day_numbers, last_known_day
from segkit.promising.reliability.requirements import require_columns_of, require_day

WINDOWS = ((0, 0), (2, 0), (None, 0), (2, 2), (None, 2))
_BASES = {"requested": "requested_date", "promised": "promised_date"}
_COUNTED = ("case", "line", "order")
_MEASURES = {
    "due": "float64",
    "on_time": "float64",
    "in_full": "float64",
    "otif": "float64",
    "late_open_lines": "int64",
    "not_due_lines": "int64",
    "undated_lines": "int64",
    "definition": "str",
}
_SUBJECT = "on time, in full cannot be measured"


def measure_otif(
    orders: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    as_of: pd.Timestamp | str | None = None,
    windows: Sequence[tuple[int | None, int]] = WINDOWS,
) -> pd.DataFrame:
    """Measure on time, in full under every definition: date asked for or promised, window, cases, lines or orders.

    Parameters
    ----------
    orders : DataFrame
        order_id, quantity, delivered_date (blank = open), requested_date or promised_date or both; delivered_quantity
        where known (else what is delivered is full), status (cancelled lines are left out), the columns of ``by``.
        Returns (quantity below 0) and free positions (0) are left out.
    by : sequence of str
        Columns that part the groups; none = one group. Orders are told apart within a group.
    as_of : Timestamp or str, optional
        Last known day; default: the last delivered_date. What was delivered later is open.
    windows : sequence of (int or None, int)
        Days early and days late that still are on time; None = however early [days].

    Returns
    -------
    DataFrame
        One row per group, measured_against (requested, promised), window (as given) and counted_by (case, line,
        order): due = cases, lines or orders judged; on_time, in_full, otif [0-1]; late_open_lines = open lines that
        count as late, not_due_lines, undated_lines = lines not judged; definition = what the figure means, in words.

    Raises
    ------
    DataError
        Columns are missing, dates are no dates, a window is no pair of days.

    Notes
    -----
    A line is judged when the last day of its window is over on ``as_of``, whether delivered or not: open lines are
    late then. An order is judged when all its lines are. A case is a unit of quantity.

    Examples
    --------
    >>> day = pd.to_datetime(["2025-03-03"] * 3)
    >>> orders = pd.DataFrame({"order_id": ["A", "A", "B"], "quantity": [9, 1, 5], "requested_date": day})
    >>> orders["delivered_date"] = day + pd.to_timedelta([0, 1, -1], "D")
    >>> measure_otif(orders, windows=[(None, 0)])[["counted_by", "otif"]].values.tolist()
    [['case', 0.9333333333333333], ['line', 0.6666666666666666], ['order', 0.5]]
    """
    by = require_columns_of(by, _SUBJECT)
    bases = _require(orders, by, windows)
    when = require_day(as_of)
    start, end = day_numbers(orders[bases[0]]), day_numbers(orders["delivered_date"])
    day = last_known_day(start, end) if when is None else int(day_numbers(pd.Series([when]))[0])
    used = _used(orders)
    group = ["_all"] if not by else list(by)
    keys = orders.assign(_all=0)[[*group, "order_id"]][used]
    keys = keys.assign(order=keys.groupby([*group, "order_id"], dropna=False, observed=True, sort=True).ngroup())
    quantity, delivered = _quantities(orders[used], end[used] <= day)
    tables = []
    for name, column in _BASES.items():
        if column not in bases:
            continue
        dates = day_numbers(orders[column])[used]
        for number, window in enumerate(windows):
            lines = _judge(keys, (dates, np.where(_known(orders)[used], end[used], day + 1)), window, day)
            lines = lines.assign(quantity=quantity, delivered=delivered)
            said = _sentence(name, window, "delivered_quantity" in orders)
            made = _counted(lines, group, said).assign(measured_against=name, window=_word(window), number=number)
            tables.append(made)
    grid = pd.concat(tables, ignore_index=True)
    return _sorted(grid, list(by))


def _require(orders: pd.DataFrame, by: Sequence[str], windows: Sequence[tuple[int | None, int]]) -> list[str]:
    """Return the date columns that are there; raise a DataError that tells every problem."""
    if not isinstance(orders, pd.DataFrame):
        problem = f"orders is no table but {type(orders).__name__}"
        raise DataError(list_problems(_SUBJECT, [problem], ["Give orders as a pandas DataFrame."]))
    columns = [str(name) for name in orders.columns]
    bases = [column for column in _BASES.values() if column in orders]
    problems = [
        f"orders has no column {name!r}{nearest_name(name, columns)}"
        for name in dict.fromkeys(["order_id", "quantity", "delivered_date", *by])
        if name not in orders
    ]
    problems += [] if bases else ["orders has neither requested_date nor promised_date"]
    problems += [f"orders has column {name!r} twice" for name in dict.fromkeys(columns) if columns.count(name) > 1]
    problems += ["by names order_id, by which orders are told apart"] if "order_id" in by else []
    problems += [
        f"window {window!r} is no pair of days, 0 or more (None = however early)"
        for window in windows
        if not _is_window(window)
    ]
    if not len(windows):
        problems.append("no window is named")
    if not problems:
        problems = [one for name in [*bases, "delivered_date"] for one in _date_problems(orders, name)]
        lost = orders["quantity"].isna().to_numpy()
        problems += [f"quantity is missing {_where(orders, lost)}"] if lost.any() else []
        problems += [one for name in ("quantity", "delivered_quantity") for one in _amount_problems(orders, name)]
        lost = orders["order_id"].isna().to_numpy()
        problems += [f"order_id is missing {_where(orders, lost)}"] if lost.any() else []
    if problems:
        raise DataError(list_problems(_SUBJECT, problems, ["Mend the table orders, or the windows."]))
    return bases


def _is_window(window: object) -> bool:
    if not isinstance(window, (tuple, list)) or len(window) != 2:
        return False
    early, late = window
    days = (late,) if early is None else window
    return all(isinstance(one, (int, np.integer)) and one >= 0 for one in days)


def _amount_problems(orders: pd.DataFrame, name: str) -> list[str]:
    """Return what is wrong with units: no numbers, endless, or delivered ones below 0."""
    if name not in orders:
        return []
    cells = orders[name]
    if not pd.api.types.is_numeric_dtype(cells):
        text = np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        if text.any():
            return [f"{name} is no number {_where(orders, text)}"]
    units = cells.to_numpy(dtype=float, na_value=np.nan)
    endless, below = np.isinf(units), (units < 0) & (name == "delivered_quantity")
    told = [("is endless", endless), ("is below 0", below)]
    return [f"{name} {word} {_where(orders, rows)}" for word, rows in told if rows.any()]


def _date_problems(orders: pd.DataFrame, name: str) -> list[str]:
    text = no_dates(orders[name])
    return [f"{name} is no date {_where(orders, text)}"] if text.any() else []


def _where(orders: pd.DataFrame, broken: np.ndarray) -> str:
    return f"{in_rows(int(broken.sum()))}, first: {first_offenders(orders[broken])}"


def _used(orders: pd.DataFrame) -> np.ndarray:
    """Return which rows are demand: not cancelled, more than nothing."""
    wanted = (orders["quantity"] > 0).to_numpy()
    return wanted & (orders["status"] != "cancelled").to_numpy() if "status" in orders else wanted


def _known(orders: pd.DataFrame) -> np.ndarray:
    return orders["delivered_date"].notna().to_numpy()


def _quantities(lines: pd.DataFrame, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what was ordered, and what is delivered of it by the last known day [units]."""
    quantity = lines["quantity"].to_numpy(dtype=float)
    there = there & _known(lines)
    if "delivered_quantity" not in lines:
        return quantity, np.where(there, quantity, 0.0)
    came = lines["delivered_quantity"].fillna(0.0).to_numpy(dtype=float)
    return quantity, np.where(there, np.minimum(came, quantity), 0.0)


def _judge(
    keys: pd.DataFrame, days: tuple[np.ndarray, np.ndarray], window: tuple[int | None, int], day: int
) -> pd.DataFrame:
    """Return the lines with what is true of each: dated, due, on time, open."""
    wanted, came = days
    early, late = window
    dated = wanted > -(10**7)
    due = dated & (wanted + late <= day)
    on_time = due & (came <= day) & (came <= wanted + late)
    if early is not None:
        on_time &= came >= wanted - early
    return keys.assign(dated=dated, due=due, on_time=on_time, is_open=due & (came > day))


def _counted(lines: pd.DataFrame, group: list[str], said: dict[str, str]) -> pd.DataFrame:
    """Return the measures of every group, counted by case, line and order."""
    full = lines["delivered"] >= lines["quantity"] * (1 - 1e-9)
    due, worth = lines["due"].astype(float), lines["quantity"]
    lines = lines.assign(
        ones=due, hit=due * lines["on_time"], full=due * full, both=due * (lines["on_time"] & full),
        cases=due * worth, hit_cases=due * lines["on_time"] * worth, full_cases=due * lines["delivered"],
        both_cases=due * lines["on_time"] * lines["delivered"],
    )  # fmt: skip
    orders = lines.groupby([*group, "order"], dropna=False, observed=True)[["due", "on_time"]].all()
    orders = orders.assign(full=full.groupby([*(lines[one] for one in group), lines["order"]], dropna=False).all())
    orders = orders.assign(
        hit=orders["due"] & orders["on_time"],
        filled=orders["due"] & orders["full"],
        both=orders["due"] & orders["on_time"] & orders["full"],
    ).astype("float64")
    grouped = lines.groupby(group, dropna=False, observed=True)
    sums = grouped[["ones", "hit", "full", "both", "cases", "hit_cases", "full_cases", "both_cases"]].sum()
    whole = orders.groupby(level=group, dropna=False)[["due", "hit", "filled", "both"]].sum()
    counts = grouped[["is_open", "due", "dated"]].sum().assign(rows=grouped.size())
    shapes = {
        "case": (sums["cases"], sums["hit_cases"], sums["full_cases"], sums["both_cases"]),
        "line": (sums["ones"], sums["hit"], sums["full"], sums["both"]),
        "order": (whole["due"], whole["hit"], whole["filled"], whole["both"]),
    }
    made = [_shares(*parts).assign(counted_by=name, definition=said[name]) for name, parts in shapes.items()]
    table = pd.concat(made)
    return table.assign(
        late_open_lines=counts["is_open"].reindex(table.index),
        not_due_lines=(counts["dated"] - counts["due"]).reindex(table.index),
        undated_lines=(counts["rows"] - counts["dated"]).reindex(table.index),
    ).reset_index()


def _shares(due: pd.Series, hit: pd.Series, full: pd.Series, both: pd.Series) -> pd.DataFrame:
    base = due.where(due > 0)
    return pd.DataFrame({"due": due, "on_time": hit / base, "in_full": full / base, "otif": both / base})


def _word(window: tuple[int | None, int]) -> str:
    """Return a window as it is written: exact day, or days early and late.

    Examples
    --------
    >>> _word((0, 0)), _word((2, 1)), _word((None, 0))
    ('exact day', '-2/+1 days', 'early/+0 days')
    """
    early, late = window
    if early == 0 and late == 0:
        return "exact day"
    return f"{'early' if early is None else f'-{early}'}/+{late} days"


def _sentence(basis: str, window: tuple[int | None, int], counted: bool) -> dict[str, str]:
    """Return what the figure means, for cases, lines and orders."""
    early, late = window
    until = f"the {basis} day" if not late else f"{late} day{'s' * (late != 1)} after the {basis} day"
    since = "" if early is None else f", not more than {early} day{'s' * (early != 1)} before it"
    when = f"on the {basis} day itself" if window == (0, 0) else f"by {until}{since}"
    full = "in full" if counted else "(a delivered line counts as full: no delivered_quantity)"
    end = "; open ones that are over their window count as late"
    return {
        "case": f"Share of the units due that were delivered {when}{end}.",
        "line": f"Share of the order lines due that were delivered {full} {when}{end}.",
        "order": f"Share of the orders due of which every line was delivered {full} {when}{end}.",
    }


def _sorted(grid: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    order = grid.assign(
        basis=grid["measured_against"].map({name: place for place, name in enumerate(_BASES)}),
        unit=grid["counted_by"].map({name: place for place, name in enumerate(_COUNTED)}),
    )
    grid = order.sort_values([*by, "basis", "number", "unit"], kind="stable", ignore_index=True)
    for name in ("measured_against", "window", "counted_by"):
        grid[name] = grid[name].astype("str")
    return grid[[*by, "measured_against", "window", "counted_by", *_MEASURES]].astype(_MEASURES)
