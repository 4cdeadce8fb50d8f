"""An order book is promised in order of arrival, from supply that is partly kept for classes of customers."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.core.columns import column_dtype, nomenclature
from segkit.core.periods import parse_day
from segkit.promising.named_cells import named_cells
from segkit.promising.promise_book import read_promise_book
from segkit.promising.promise_checks import require_tables
from segkit.promising.promise_inputs import PromiseInputs, read_promise_inputs
from segkit.promising.promise_terms import MADE, PromiseTerms

if TYPE_CHECKING:
    from segkit.formulas.promising import Promised

_KEY = ("order_id", "line_id")


@dataclass(frozen=True)
class Promises:
    """What was promised: ``lines``, a row per order line, and ``trace``, a row per line and supply used."""

    lines: pd.DataFrame
    trace: pd.DataFrame


def promise_orders(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    *,
    allocations: pd.DataFrame | None = None,
    alternatives: pd.DataFrame | None = None,
    terms: PromiseTerms | None = None,
    as_of: str | date | None = None,
) -> Promises:
    """Return what can be promised to every order line: how much, when, of whose quota, and why not earlier.

    Parameters
    ----------
    orders : DataFrame
        A row per order_id and line_id: order_date (with the time of day: who came first; equal moments go by order_id
        and line_id), requested_date (blank column = order_date), item_id, location_id, quantity [units], demand_class
        where there are classes; optional unit_margin [currency/unit] (blank: no bid price is applied, and reason says
        so), delivery (partial, complete or split), split_minimum [units], max_lateness_days.
    supply : DataFrame
        item_id, location_id, available_date, quantity [units]; rows with left_out filled are not promised from.
        Optional bid_price: lines of a lower unit_margin are refused [currency/unit].
    allocations : DataFrame, optional
        item_id, location_id, available_date (of the supply that is split), demand_class ("(all others)" = classes that
        have no row at the item and location, or of a contract only), quantity [units], kind (reservation: kept for the
        class, which may go on to the pool; limit: the most it may take, nothing is kept; both; neutral: neither),
        released_date (blank = never): lines that arrive on it or later find what is left in the pool. Optional
        bid_price, of bucket and class.
    alternatives : DataFrame, optional
        item_id, location_id, alternative_item_id, alternative_location_id (blank column = the same location), unit_cost
        [currency/unit], transit_days: what can stand in for what was asked for.
    terms : PromiseTerms, optional
        Classes in their order, terms of delivery, what can be made to order.
    as_of : str or date, optional
        Day of the promise; a line that asks for a day before it is an error.

    Returns
    -------
    Promises
        ``lines``: in the order in which they were promised, with promised_quantity [units], first_date and
        promised_date (of the last unit; blank where nothing is promised), late_days, quota used, reserved_quantity and
        reserved_for (units that were there in time for others only), reason. ``trace``: whose quota and which supply
        every unit comes from, available_date (blank = made to order, from capacity too) and promised_date.

    Raises
    ------
    DataError
        Where tables lack columns, or cannot be used: all that is wrong is told at once.

    Notes
    -----
    In time, the own quota goes first, then (nested) those of lower classes, the lowest first, then the pool; late, what
    comes first. A promise is final: later lines never change it. See `segkit.formulas.promising.promise_book`. Of
    alternatives, what serves all of a line at least cost is taken (lateness weighed by terms.late_cost), in a tie the
    place asked for; if nothing serves all of it, each gives what it can, cheapest first.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-03-02", "2026-03-09"])
    >>> supply = pd.DataFrame({"item_id": "SKU-1", "location_id": "DC", "available_date": days, "quantity": [6.0, 9.0]})
    >>> kept = supply.head(1).assign(demand_class="gold", quantity=4.0, kind="reservation")
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "line_id": "1", "demand_class": ["web", "gold"]})
    >>> orders = orders.assign(item_id="SKU-1", location_id="DC", quantity=5.0, order_date=days[0])
    >>> made = promise_orders(orders, supply, allocations=kept, terms=PromiseTerms(classes=("gold", "web")))
    >>> made.lines[["promised_quantity", "late_days"]].values.tolist()
    [[5.0, 7.0], [5.0, 7.0]]
    >>> made.lines["reason"][0]
    '2 of 5 there in time; pool empty; 4 units are reserved for gold'
    """
    from segkit.formulas.promising import promise_book
    from segkit.promising.promise_reasons import tell_reasons

    book, terms = read_promise_book(orders, supply, allocations, alternatives, terms or PromiseTerms())
    day = parse_day(as_of, "as_of")
    require_tables(book.named(terms), terms, None if day is None else pd.Timestamp(day))
    inputs = read_promise_inputs(book, terms)
    made = promise_book(inputs.book, inputs.supply, inputs.rules, inputs.elsewhere)
    lines = _lines(book.orders, inputs, made, tell_reasons(inputs, made))
    return Promises(lines, _trace(lines, inputs, made))


def _dates(days: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return days as dates, blank where they are not known."""
    return (
        np.where(known, days.astype(np.int64), np.iinfo(np.int64).min).astype("datetime64[D]").astype("datetime64[us]")
    )


def _columns_used(inputs: PromiseInputs, made: "Promised") -> np.ndarray:
    """Return the quota column of each row of the trace; the one behind the last = made to order."""
    return np.where(inputs.from_stock(made.bucket), made.column, len(inputs.columns))


def _lines(orders: pd.DataFrame, inputs: PromiseInputs, made, reasons: pd.Series) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    book, place = inputs.book, np.asarray(inputs.book.place)
    some = made.last_day >= 0
    first = np.full(len(place), np.iinfo(np.int64).max)
    parts = _first_rows(made.line)
    first[made.line[parts]] = np.minimum.reduceat(made.day, parts) if len(parts) else 0
    told = {
        **{name: orders[name].astype("str").array.take(inputs.order) for name in _KEY},
        **{name: inputs.places[name].array.take(place) for name in ("item_id", "location_id")},
        "demand_class": named_cells(inputs.classes, np.asarray(book.rank)),
        "order_date": orders["order_date"].to_numpy()[inputs.order],
        "requested_date": _dates(np.asarray(book.requested), some | ~some),
        "quantity": np.asarray(book.quantity),
        "promised_quantity": made.promised,
        "first_date": _dates(first, some),
        "promised_date": _dates(made.last_day, some),
        "late_days": np.where(some, made.last_day - np.asarray(book.requested), np.nan),
        "quota": _quotas(inputs, made, len(place)),
        "reserved_quantity": made.reserved,
        "reserved_for": named_cells((*inputs.columns, ""), made.reserved_column),
        "reason": reasons.array,
    }
    return _typed(told, "promise_lines")


def _first_rows(line: np.ndarray) -> np.ndarray:
    """Return the first row of each line in a trace, whose rows of a line stand together."""
    return np.flatnonzero(np.diff(line, prepend=-1))


def _quotas(inputs: PromiseInputs, made: "Promised", lines: int):  # type: ignore[no-untyped-def]
    """Return the quotas that each line used, by name."""
    bits, parts = np.zeros(lines, dtype=np.int64), _first_rows(made.line)
    if len(parts):
        used = np.int64(1) << _columns_used(inputs, made).astype(np.int64)
        bits[made.line[parts]] = np.bitwise_or.reduceat(used, parts)
    which, kinds = pd.factorize(bits)
    names = [*inputs.columns, MADE]
    words = ["; ".join(name for place, name in enumerate(names) if kind >> place & 1) for kind in kinds.tolist()]
    return named_cells(words, which)


def _trace(lines: pd.DataFrame, inputs: PromiseInputs, made: "Promised") -> pd.DataFrame:
    known, stock = made.bucket >= 0, inputs.from_stock(made.bucket)
    bucket_day, bucket_place = np.append(inputs.supply.day, 0), np.append(inputs.place, 0)
    place = np.where(known, bucket_place[made.bucket], np.asarray(inputs.book.place)[made.line])
    requested = np.asarray(inputs.book.requested)[made.line]
    told = {
        **{name: lines[name].array.take(made.line) for name in (*_KEY, "item_id", "location_id")},
        "supply_item_id": inputs.places["item_id"].array.take(place),
        "supply_location_id": inputs.places["location_id"].array.take(place),
        "available_date": _dates(bucket_day[made.bucket], stock),
        "promised_date": _dates(made.day, known | ~known),
        "quota": named_cells((*inputs.columns, MADE), _columns_used(inputs, made)),
        "quantity": made.quantity,
        "late_days": (made.day - requested).astype(float),
    }
    return _typed(told, "promises")


def _typed(told: dict, name: str) -> pd.DataFrame:
    kinds = {column: column_dtype(column) for column in nomenclature()[name].columns}
    table = pd.DataFrame({column: told[column] for column in kinds}, copy=False)
    other = {column: kind for column, kind in kinds.items() if table[column].dtype != kind}
    return table.astype(other) if other else table
