"""A batch of new orders is promised from what the open orders of a workspace leave."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import input_tables
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.settings import Settings
from segkit.core.source_settings import Source
from segkit.core.sources.cells import Reading, read_cells
from segkit.core.sources.mapping import map_table
from segkit.core.sources.reading import read_source
from segkit.core.tables import MarkedTable
from segkit.core.units import to_base_units
from segkit.dynamics.lines.profitability import value_lines
from segkit.plan import Plan, open_plan
from segkit.promising.new_orders import JOIN_FIX
from segkit.promising.plan_terms import tell_stand_ins
from segkit.promising.promise_terms import UNPRICED

_KEY = ["order_id", "line_id"]
_MARGIN, _PRICES = "unit_margin", ("unit_price", "amount")
_ENDING = "promised.csv"
_LEFT_OUT = "left out by "
_LAST_WORD = re.compile(" (missing|unreadable)$")
_STRICT: dict[str, Any] = {"unreadable": "set_aside", "duplicates": "set_aside"}  # all of it is told, nothing left out
_NOWHERE = "is in no table of the workspace"


def promise_batch(
    file: str | Path,
    workspace: str | Path,
    *,
    as_of: str | date | None = None,
    out: str | Path | None = None,
    overrides: dict[str, Any] | None = None,
) -> str:
    """Promise the order lines of a file and write what was promised beside it.

    Parameters
    ----------
    file : str or Path
        New order lines, in segkit's column names or as the workspace's own orders are.
    workspace : str or Path
        Folder with segkit.toml.
    as_of : str or date, optional
        As for `open_plan`.
    out : str or Path, optional
        File to be written; default ORDERS.promised.csv beside the orders.
    overrides : dict, optional
        As for `open_plan`.

    Returns
    -------
    str
        How many lines are promised for the day asked for, later and not, and where the answer lies.

    Raises
    ------
    SettingsError, DataError
        The workspace cannot be used, or lines of the file: all that is wrong with these is told at once.
    """
    path = Path(file).resolve()
    plan = open_plan(workspace, as_of=as_of, overrides=overrides)
    orders, problems = _read_lines(path, plan.settings, plan.workspace)
    problems |= dict.fromkeys(plan.new_order_problems(orders), JOIN_FIX)
    _require_none(problems, path)
    answered = promise_new_orders(plan, orders)
    target = Path(out) if out else path.with_name(f"{path.stem}.{_ENDING}")
    answered.to_csv(target, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    bare = "; the workspace tells of no stock and no purchases to promise from" if plan.supply.empty else ""
    return f"{_tell(answered)}{bare}\nPromises: {target}"


def read_new_orders(path: Path, settings: Settings, workspace: Path) -> pd.DataFrame:
    """Return the order lines of a file.

    Parameters
    ----------
    path : Path
        CSV, Parquet or Excel file.
    settings : Settings
        ``sources.orders`` tells how it is read where its columns are not segkit's own.
    workspace : Path
        Folder of the workspace.

    Returns
    -------
    DataFrame
        Columns of table ``orders`` that the file has, and unit_margin where it has that [currency/unit]; line_id counts
        within the order where there is none.

    Raises
    ------
    DataError
        The file cannot be read or lacks columns; it has cells that are no dates or numbers, or lines that repeat: all
        of this at once.
    """
    orders, problems = _read_lines(path, settings, workspace)
    _require_none(problems, path)
    return orders


def _read_lines(path: Path, settings: Settings, workspace: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the order lines that can be read, and what is wrong with the file, each with what mends it."""
    plain = Source(file=str(path), **_STRICT)
    raw = read_source(plain, workspace)
    named = settings.sources.get("orders")
    source = plain
    if named and not set(input_tables()["orders"].required) <= set(raw.columns):
        source = named.model_copy(
            update={"file": str(path), "url": "", "query": "", "format": "", "joins": {}, **_STRICT}
        )
        raw = read_source(source, workspace)
    prices = {source.columns.get(name, name) for name in _PRICES}
    priced = bool(prices & set(raw.columns) or set(_PRICES) & set(source.expressions))
    if not priced:
        source = _without_price(source)
    marked = map_table("orders", raw, source, workspace)
    margins, problems = _margins(raw, source)
    problems += [*_unread_cells(marked, raw, source), *_notes(marked)]
    orders = marked.frame[marked.reason == ""].reset_index(drop=True)
    orders = orders if priced else orders.drop(columns=list(_PRICES), errors="ignore")
    kept = margins[(marked.reason == "").to_numpy()] if margins is not None else None
    named_lines = _with_ids(orders if kept is None else orders.assign(unit_margin=kept.to_numpy(dtype=float)))
    found = dict.fromkeys(problems, "Correct these cells.")
    return named_lines, found | dict.fromkeys(_line_problems(named_lines), "Correct these lines.")


def _require_none(problems: dict[str, str], path: Path) -> None:
    if problems:
        raise DataError(
            list_problems(f"{path.name} cannot be promised", list(problems), list(dict.fromkeys(problems.values())))
        )


def _without_price(source: Source) -> Source:
    """Return a source for a file without prices: a promise needs none."""
    columns = {name: origin for name, origin in source.columns.items() if name not in _PRICES}
    return source.model_copy(update={"columns": columns, "expressions": {**source.expressions, "unit_price": "0"}})


def _unread_cells(table: MarkedTable, raw: pd.DataFrame, source: Source) -> list[str]:
    """Return what could not be read, with the first such cell, whatever the workspace's own rule for such cells."""
    aside = table.reason[(table.reason != "") & ~table.reason.str.startswith(_LEFT_OUT)]
    told = []
    for reason, rows in aside.groupby(aside, sort=False):
        name = str(reason).removesuffix(" unreadable")
        column = source.columns.get(name, name)
        cell = f" {str(raw[column].loc[rows.index[0]])!r}" if str(reason) != name and column in raw else ""
        words = _LAST_WORD.sub(r" is \1", str(reason))
        told.append(f"{words} {in_rows(len(rows))}, first: row {rows.index[0] + 1:,}{cell}")
    return told


def promise_new_orders(plan: Plan, orders: pd.DataFrame) -> pd.DataFrame:
    """Return what new order lines are promised after the open orders of a plan, in the order they came.

    Parameters
    ----------
    plan : Plan
        Its open orders, supply, allocations and deliveries count.
    orders : DataFrame
        From `read_new_orders`.

    Returns
    -------
    DataFrame
        A row per line: quantity promised, the day that supply allows, days by which it is there with each reliability,
        whose quota was used, what stands in for the item or place asked for, and why not earlier.
    """
    orders = _in_base_units(_with_margin(orders, plan), plan)
    made = plan.promise_more(orders)
    days = made.dates.pivot(index=_KEY, columns="promised_reliability", values="promised_date")
    days = days.reindex(columns=sorted(plan.settings.promising.reliability)).astype("datetime64[us]")
    days.columns = [f"there_by_p{100 * level:g}" for level in days.columns]
    columns = [*_KEY, "item_id", "location_id", "demand_class", "requested_date", "quantity", "promised_quantity"]
    lines = made.lines[[*columns, "promised_date", "late_days", "quota", "reason"]]
    lines = lines.merge(tell_stand_ins(made.trace), on=_KEY, how="left")
    lines = lines.assign(stands_in=lines["stands_in"].fillna(""), reason=_strange(plan, lines).fillna(lines["reason"]))
    asked = orders[_KEY].astype("str").merge(lines, on=_KEY, how="left")
    return asked.merge(days.reset_index(), on=_KEY, how="left")


def _with_margin(orders: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return lines with unit_margin: their own, else price less cost and freight; blank where no price is known."""
    if "unit_margin" in orders or not {"unit_price", "amount"} & set(orders):
        return orders
    valued = value_lines(orders, plan.items, plan.fx, settings=plan.settings)
    margin = (valued["gross_margin"] - valued["freight_out"]) / orders["quantity"]
    return orders.assign(unit_margin=margin)


def _in_base_units(orders: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return lines with quantity and unit_margin by the base unit of their item."""
    based = to_base_units(orders, plan.items)
    if "unit_margin" not in based:
        return based
    return based.assign(unit_margin=orders["unit_margin"] * orders["quantity"] / based["quantity"])


def _margins(raw: pd.DataFrame, source: Source) -> tuple[pd.Series | None, list[str]]:
    """Return column unit_margin of the file, which orders of a workspace do not have, and what is wrong with it."""
    if _MARGIN not in raw:
        return None, []
    read = read_cells(
        raw[_MARGIN],
        "money",
        Reading(source.decimal, source.thousands, source.date_format, tuple(source.missing)),
    )
    rows = np.flatnonzero(read.unreadable)
    if not len(rows):
        return read.values, []
    first = f"row {rows[0] + 1:,} {str(raw[_MARGIN].iloc[rows[0]])!r}"
    return read.values, [f"{_MARGIN} unreadable {in_rows(len(rows))}, first: {first}"]


def _notes(table: MarkedTable) -> list[str]:
    return [f"{note.reason} {in_rows(note.rows)}, first: {note.first}" for note in table.notes]


def _strange(plan: Plan, lines: pd.DataFrame) -> pd.Series:
    """Return what is not known of a line's item and location; missing = both are known."""
    tables = [plan.items, plan.supply, *([plan.order_lines] if plan.has_input("orders") else [])]
    told = pd.Series(pd.NA, index=lines.index, dtype="str")
    for name in ("location_id", "item_id"):
        known = {word for table in tables if name in table for word in table[name].dropna().unique()}
        told = told.mask(~lines[name].isin(known), f"{name} {_NOWHERE}")
    return told


def _with_ids(orders: pd.DataFrame) -> pd.DataFrame:
    order = orders["order_id"] if "order_id" in orders else pd.Series(pd.NA, index=orders.index, dtype="str")
    order = order.astype("str").fillna("new " + orders["customer_id"].astype("str"))
    counted = (orders.groupby(order, sort=False).cumcount() + 1).astype("str")
    line = orders["line_id"].astype("str").fillna(counted) if "line_id" in orders else counted
    return orders.assign(order_id=order, line_id=line).reset_index(drop=True)


def _line_problems(made: pd.DataFrame) -> list[str]:
    found = (
        ("order_id and line_id repeat", made.duplicated(_KEY, keep=False).to_numpy()),
        ("quantity is not above 0", ~(made["quantity"] > 0).to_numpy()),
        ("item_id is blank", made["item_id"].isna().to_numpy()),
    )
    return [f"{word} {_where(made, wrong)}" for word, wrong in found if wrong.any()]


def _where(rows: pd.DataFrame, broken: np.ndarray) -> str:
    return f"{in_rows(int(broken.sum()))}, first: {first_offenders(rows[broken])}"


def _tell(answered: pd.DataFrame) -> str:
    whole = answered["promised_quantity"] >= answered["quantity"] - 1e-9
    in_time = int((whole & (answered["late_days"] <= 0)).sum())
    nothing = int((~(answered["promised_quantity"] > 0)).sum())
    later = len(answered) - in_time - nothing
    ways = f"{in_time:,} in full on the day asked for, {later:,} in part or later, {nothing:,} not at all"
    unknown = int((answered["demand_class"] == UNKNOWN_CUSTOMER).sum())
    strange = int(answered["reason"].str.endswith(_NOWHERE).sum())
    more = f"; {strange:,} name an item or location that is in no table of the workspace" if strange else ""
    elsewhere = int((answered["stands_in"] != "").sum())
    more += f"; {elsewhere:,} with another item or place than asked for" if elsewhere else ""
    more += f"; {unknown:,} of customers without a class" if unknown else ""
    unpriced = int(answered["reason"].str.endswith(UNPRICED).sum())
    more += f"; {unpriced:,} without a known margin, to which no bid price was applied" if unpriced else ""
    return f"{len(answered):,} order lines: {ways}{more}"
