"""Release for delivery: which of the confirmed lines that are due ship from the stock on hand now; a dry run."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import DataError, SettingsError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.periods import parse_day
from segkit.core.tables import repeated_rows, row_codes, sort_rows
from segkit.promising.backorder_inputs import KEY, PLACE, find_lines, require_columns, whole_days
from segkit.promising.backorder_segments import BackorderSegment, order_of_run, sort_problems
from segkit.promising.backorder_words import write_amounts
from segkit.promising.given_tables import plain_tables

_SUBJECT = "deliveries cannot be released"
_NEEDED = {
    "orders": [*KEY, "order_date", "requested_date", *PLACE, "quantity"],
    "confirmations": [*KEY, "available_date", "quantity"],
    "stock": [*PLACE, "on_hand"],
}
_FIX = "Give every line once, what is confirmed to it, and on_hand of 0 or more once per item and location."
_DELIVERIES = ("partial", "complete", "complete_order", "split")


def release_deliveries(
    orders: pd.DataFrame,
    confirmations: pd.DataFrame,
    stock: pd.DataFrame,
    *,
    day: date,
    sort: Sequence[str] = ("requested_date",),
) -> pd.DataFrame:
    """Return what can be released for delivery on a day, line after line.

    Parameters
    ----------
    orders : DataFrame
        Open order lines: order_id, line_id, order_date, requested_date, item_id, location_id, quantity [units]; any
        other column may serve to sort. ``credit_block`` (flag): nothing is released. ``delivery``: partial (also where
        blank, or split), complete = the line in full or not at all, complete_order = all open lines of the order in
        full or none.
    confirmations : DataFrame
        What is confirmed: order_id, line_id, available_date, quantity [units]; as `run_backorders` gives it.
    stock : DataFrame
        item_id, location_id, on_hand [units] now.
    day : date
        What is confirmed for this day or earlier, and asked for by then, is due.
    sort : sequence of str
        Columns in whose order stock is given out, ``desc`` after a column for largest first; what ties keeps the order
        of order_date, order_id, line_id.

    Returns
    -------
    DataFrame
        Table ``delivery_release``: units due and released per line, its turn, and why no more is.

    Raises
    ------
    DataError
        Tables lack columns, repeat keys, name unknown order lines, or hold no amounts.
    SettingsError
        ``sort`` names columns that are not there.

    Notes
    -----
    An order that goes together takes its turn with the first of its lines. Nothing is written back.

    Examples
    --------
    >>> today, place = pd.Timestamp("2025-06-02"), {"item_id": "SKU-1", "location_id": "DC"}
    >>> line = {"order_date": today, "requested_date": today, **place, "quantity": 8.0}
    >>> orders = pd.DataFrame([{"order_id": name, "line_id": "1", "rank": rank, **line} for name, rank in ("A2", "B1")])
    >>> held = orders[["order_id", "line_id", "quantity"]].assign(available_date=today)
    >>> stock = pd.DataFrame([{**place, "on_hand": 10.0}])
    >>> release_deliveries(orders, held, stock, day=today, sort=["rank"])["reason"].tolist()
    ['2 of 8 due released: no more in stock', 'released in full']
    """
    from segkit.formulas.release_kernels import release_in_order

    tables = {"orders": orders, "confirmations": confirmations, "stock": stock}
    plain = plain_tables(_SUBJECT, tables, numbers=("quantity", "on_hand"))
    orders, confirmations, stock = plain["orders"], plain["confirmations"], plain["stock"]
    require_columns(_SUBJECT, plain, _NEEDED)
    if isinstance(sort, str):
        raise SettingsError(list_problems(_SUBJECT, [f"sort is a text; give a list, for example [{sort!r}]"]))
    turn = BackorderSegment(sort=tuple(sort))
    if unknown := sort_problems(turn.sort, list(orders.columns)):
        raise SettingsError(list_problems(_SUBJECT, unknown))
    today = parse_day(day, "day")
    if today is None:
        raise SettingsError(f"day is blank ({day!r}): name the day of the release")
    lines = sort_rows(orders, KEY)
    line = find_lines(lines, confirmations)
    _require_usable(lines, confirmations, stock, line)
    if lines.empty:
        return empty_table("delivery_release")
    due = _units_due(lines, confirmations, line, np.datetime64(today, "D").astype("int64"))
    both, _ = row_codes(pd.concat([stock[PLACE], lines[PLACE]], ignore_index=True), PLACE)
    place, names = pd.factorize(both)
    on_hand = np.bincount(place[: len(stock)], stock["on_hand"].to_numpy(dtype=float), len(names))
    order = order_of_run(lines, np.zeros(len(lines), dtype=int), {"sort": turn})
    blocked = _flags(lines, "credit_block")
    delivery = lines["delivery"].fillna("partial").to_numpy(str) if "delivery" in lines else np.full(len(lines), "")
    groups = pd.factorize(lines["order_id"].take(order))[0]
    members = np.argsort(groups, kind="stable")
    together = np.bincount(groups, delivery[order] == "complete_order") > 0
    released, why, seen = release_in_order(
        place[len(stock) :][order], due[order], lines["quantity"].to_numpy(dtype=float)[order], blocked[order],
        delivery[order] == "complete", np.searchsorted(groups[members], np.arange(groups.max() + 2)), members,
        np.where(together[groups], groups, -1), on_hand,
    )  # fmt: skip
    table = lines.take(order).reset_index(drop=True)
    table = table.assign(rank=np.arange(1, len(table) + 1), due=due[order], released=released)
    table["reason"] = _tell(table, why, np.minimum(seen, due[order]), pd.Timestamp(today))
    kinds = empty_table("delivery_release").dtypes
    return sort_rows(table.reindex(columns=list(kinds.index)).astype(kinds.to_dict()), KEY)


def _units_due(lines: pd.DataFrame, confirmations: pd.DataFrame, line: np.ndarray, day: int) -> np.ndarray:
    """Return what is confirmed to each line by a day on which it is asked for; no more than it orders."""
    ready = whole_days(confirmations) <= day
    units = confirmations["quantity"].to_numpy(dtype=float)
    due = np.bincount(line[ready], units[ready], len(lines))
    asked = whole_days(lines, "requested_date") <= day
    return np.where(asked, np.minimum(due, lines["quantity"].to_numpy(dtype=float)), 0.0)


def _flags(lines: pd.DataFrame, name: str) -> np.ndarray:
    if name not in lines:
        return np.zeros(len(lines), dtype=bool)
    return lines[name].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _tell(table: pd.DataFrame, why: np.ndarray, there: np.ndarray, day: pd.Timestamp) -> np.ndarray:
    """Return why each line gets what it gets."""
    due, given, stock = (
        write_amounts(values) for values in (table["due"].to_numpy(), table["released"].to_numpy(), there)
    )
    asked = write_amounts(table["quantity"].to_numpy(dtype=float))
    when = f"{day:%Y-%m-%d}"
    told = [
        pd.Series("released in full", index=table.index),
        given + " of " + due + " due released: no more in stock",
        "0 of " + due + " due released: no more in stock",
        pd.Series(f"nothing is due by {when}", index=table.index),
        pd.Series("credit block", index=table.index),
        "goes complete only: " + due + " of " + asked + f" due by {when}",
        "goes complete only: " + stock + " of " + due + " in stock",
        pd.Series("its order goes complete only, and another line cannot", index=table.index),
    ]
    return np.choose(why, [words.to_numpy(dtype=object) for words in told])


def _require_usable(lines: pd.DataFrame, confirmations: pd.DataFrame, stock: pd.DataFrame, line: np.ndarray) -> None:
    checks = [
        ("orders repeat order_id and line_id", lines, repeated_rows(lines, KEY)),
        ("orders: a key, a date or the place is blank", lines, _blank(lines, _NEEDED["orders"][:-1])),
        ("orders: quantity is not above 0", lines, ~(_amount(lines, "quantity") > 0)),
        ("confirmations: order line is not among the orders", confirmations, line < 0),
        ("confirmations: available_date is blank", confirmations, _blank(confirmations, ["available_date"])),
        ("confirmations: quantity is no amount", confirmations, ~(_amount(confirmations, "quantity") >= 0)),
        ("stock repeats item_id and location_id", stock, repeated_rows(stock, PLACE)),
        ("stock: on_hand is no amount", stock, ~(_amount(stock, "on_hand") >= 0)),
    ]
    if "credit_block" in lines:
        strange = lines["credit_block"].notna() & ~lines["credit_block"].isin([True, False])
        checks.append(("orders: credit_block is neither true nor false", lines, strange.to_numpy(dtype=bool)))
    if "delivery" in lines:
        odd = ~lines["delivery"].isin(_DELIVERIES) & lines["delivery"].notna()
        checks.append((f"orders: delivery is none of {', '.join(_DELIVERIES)}", lines, odd.to_numpy(dtype=bool)))
    problems = [
        f"{told} {in_rows(int(wrong.sum()))}, first: {first_offenders(table[wrong])}"
        for told, table, wrong in checks
        if wrong.any()
    ]
    if problems:
        raise DataError(list_problems(_SUBJECT, problems, [_FIX]))


def _blank(table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    return table[columns].isna().any(axis=1).to_numpy(dtype=bool)


def _amount(table: pd.DataFrame, name: str) -> np.ndarray:
    units = table[name].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(units), units, np.nan)
