"""What a backorder run is told: open lines, what they hold and what there is, checked and numbered."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.tables import repeated_rows, row_codes, sort_rows
from segkit.formulas.backorders import DatedSupply, HeldSupply
from segkit.promising.held_elsewhere import bring_home

KEY = ["order_id", "line_id"]
PLACE = ["item_id", "location_id"]
_SUBJECT = "backorders cannot be run"
_NEEDED = {
    "orders": [*KEY, "order_date", "requested_date", *PLACE, "quantity"],
    "confirmations": [*KEY, "available_date", "quantity"],
    "supply": [*PLACE, "available_date", "quantity"],
}
_DELIVERIES = ("partial", "complete", "split")
_FIXES = {
    "orders": "Give every open order line once, with its place, a requested_date and a quantity above 0.",
    "confirmations": "Give what open order lines hold of supply at their own place, by available_date.",
    "supply": "Give supply of 0 or more with item, location and available_date.",
}


@dataclass(frozen=True)
class BackorderBook:
    """Open lines sorted by key with their numbers: ``lines`` and ``place``, ``buckets`` (one row per place and day).

    ``lent``: what lines hold of other places, as `bring_home` returns it.
    """

    lines: pd.DataFrame
    place: np.ndarray
    buckets: pd.DataFrame
    supply: DatedSupply
    held: HeldSupply
    lent: pd.DataFrame


def read_book(
    orders: pd.DataFrame, confirmations: pd.DataFrame, supply: pd.DataFrame, given_back: pd.DataFrame | None = None
) -> BackorderBook:
    """Return the book of a backorder run.

    Parameters
    ----------
    orders, confirmations, supply : DataFrame
        As `run_backorders` takes them.
    given_back : DataFrame, optional
        Further supply that lines of other places held and use no more, as `give_back` returns it.

    Returns
    -------
    BackorderBook
        Supply of one place and day is one bucket; what is held of a day without supply is a bucket of nothing.

    Raises
    ------
    DataError
        Tables lack columns, or rows cannot be used: all problems at once.
    """
    tables = {"orders": orders, "confirmations": confirmations, "supply": supply}
    require_columns(_SUBJECT, tables, _NEEDED)
    lines = sort_rows(orders, KEY)
    line = find_lines(lines, confirmations)
    problems = dict(_problems(lines, confirmations, supply, line))
    if problems:
        fixes = [fix for name, fix in _FIXES.items() if any(problem.startswith(name) for problem in problems)]
        raise DataError(list_problems(_SUBJECT, list(problems), fixes))
    real = confirmations["quantity"].to_numpy(dtype=float) > 0
    line, rows = line[real], confirmations[real].reset_index(drop=True)
    rows, supply, lent = bring_home(lines, rows, line, supply)
    supply = supply if given_back is None else pd.concat([supply, given_back], ignore_index=True)
    both = pd.concat([supply[PLACE], lines[PLACE]], ignore_index=True)
    place = pd.factorize(row_codes(both, PLACE)[0])[0]
    own, at = place[len(supply) :], place[: len(supply)]
    codes, day = np.concatenate([at, own[line]]), np.concatenate([whole_days(supply), whole_days(rows)])
    bucket, first = _number(codes, day)
    units = np.bincount(bucket[: len(supply)], supply["quantity"].to_numpy(dtype=float), len(first))
    names = pd.concat([supply[PLACE], lines[PLACE].take(line)], ignore_index=True).take(first)
    buckets = names.reset_index(drop=True).assign(available_date=day[first].astype("datetime64[D]").astype("M8[us]"))
    there = DatedSupply(codes[first], day[first], np.maximum(units, 0.0))
    held = _held(line, bucket[len(supply) :], rows["quantity"].to_numpy(dtype=float), len(first))
    return BackorderBook(lines, own, buckets, there, held, lent)


def _number(codes: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bucket of each row, in the order of place and day, and the first row of each bucket."""
    order = np.lexsort([day, codes])
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(codes[order]) != 0) | (np.diff(day[order]) != 0)
    bucket = np.empty(len(order), dtype=np.int64)
    bucket[order] = np.cumsum(new) - 1
    return bucket, order[new]


def require_columns(subject: str, tables: dict[str, pd.DataFrame], needed: dict[str, list[str]]) -> None:
    """Raise a DataError that names every table with the columns that it lacks."""
    problems = []
    for name, columns in needed.items():
        lacking = [column for column in columns if column not in tables[name]]
        if lacking:
            problems.append(f"{name} has no {', '.join(lacking)}")
    if problems:
        fixes = [f"{name}: give {', '.join(columns)}." for name, columns in needed.items()]
        raise DataError(list_problems(subject, problems, fixes))


def find_lines(lines: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return the place of the order line of each row by order_id and line_id; -1 where there is none."""
    codes, _ = row_codes(pd.concat([lines[KEY], rows[KEY]], ignore_index=True), KEY)
    codes, uniques = pd.factorize(codes)
    known = np.full(len(uniques), -1)
    known[codes[: len(lines)]] = np.arange(len(lines))
    return known[codes[len(lines) :]]


def whole_days(table: pd.DataFrame, column: str = "available_date") -> np.ndarray:
    """Return dates as days since 1970."""
    return table[column].to_numpy(dtype="datetime64[D]").astype("int64")


def lateness_limit(lines: pd.DataFrame) -> np.ndarray:
    """Return the last day on which each line takes anything; no end where max_lateness_days is blank or not there."""
    asked = whole_days(lines, "requested_date").astype(float)
    if "max_lateness_days" not in lines:
        return np.full(len(lines), np.inf)
    return np.nan_to_num(asked + lines["max_lateness_days"].to_numpy(dtype=float, na_value=np.nan), nan=np.inf)


def _held(line: np.ndarray, bucket: np.ndarray, units: np.ndarray, buckets: int) -> HeldSupply:
    """Add up what a line holds of a bucket in several rows, of several quotas for example."""
    pairs, row = np.unique(line * max(buckets, 1) + bucket, return_inverse=True)
    sums = np.bincount(row, units, len(pairs))
    return HeldSupply(pairs // max(buckets, 1), pairs % max(buckets, 1), sums)


def _problems(
    lines: pd.DataFrame, confirmations: pd.DataFrame, supply: pd.DataFrame, line: np.ndarray
) -> Iterable[tuple[str, None]]:
    checks = [
        ("orders repeat order_id and line_id", lines, repeated_rows(lines, KEY)),
        ("orders: order_id, line_id, a date or the place is blank", lines, _blank(lines, _NEEDED["orders"][:-1])),
        ("orders: quantity is not above 0", lines, ~_is_amount(lines, above=True)),
        ("confirmations: order line is not among the orders", confirmations, line < 0),
        ("confirmations: available_date and promised_date are blank", confirmations, _undated(confirmations)),
        ("confirmations: quantity is no amount", confirmations, ~_is_amount(confirmations)),
        (
            "confirmations: place is another than that of the order line",
            confirmations,
            _moved(lines, confirmations, line),
        ),
        ("supply: item, location or available_date is blank", supply, _blank(supply, _NEEDED["supply"][:-1])),
        ("supply: quantity is no amount", supply, ~_is_amount(supply)),
    ]
    if "max_lateness_days" in lines:
        checks.append(("orders: max_lateness_days is below 0", lines, (lines["max_lateness_days"] < 0).to_numpy(bool)))
    if "split_minimum" in lines:
        checks.append(("orders: split_minimum is below 0", lines, (lines["split_minimum"] < 0).to_numpy(bool)))
    if "delivery" in lines:
        odd = ~lines["delivery"].isin(_DELIVERIES) & lines["delivery"].notna()
        checks.append((f"orders: delivery is none of {', '.join(_DELIVERIES)}", lines, odd.to_numpy(dtype=bool)))
    for told, table, wrong in checks:
        if wrong.any():
            yield f"{told} {in_rows(int(wrong.sum()))}, first: {first_offenders(table[wrong])}", None


def _blank(table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    return table[columns].isna().any(axis=1).to_numpy(dtype=bool)


def _undated(confirmations: pd.DataFrame) -> np.ndarray:
    """Return which rows have neither the day of a supply nor a promised one."""
    undated = confirmations["available_date"].isna()
    if "promised_date" in confirmations:
        undated = undated & confirmations["promised_date"].isna()
    return undated.to_numpy(dtype=bool)


def _is_amount(table: pd.DataFrame, above: bool = False) -> np.ndarray:
    units = table["quantity"].to_numpy(dtype=float, na_value=np.nan)
    return np.isfinite(units) & ((units > 0) if above else (units >= 0))


def _moved(lines: pd.DataFrame, confirmations: pd.DataFrame, line: np.ndarray) -> np.ndarray:
    moved = np.zeros(len(confirmations), dtype=bool)
    known = line >= 0
    for name in PLACE:
        if name in confirmations:
            other = confirmations[name].to_numpy(dtype=object)[known] != lines[name].to_numpy(dtype=object)[line[known]]
            moved[known] |= other
    return moved
