"""An order book is promised in order of arrival, from supply that is partly kept for classes of customers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial

import pandas as pd

from segkit.core.periods import parse_day
from segkit.promising.promise_book import read_promise_book
from segkit.promising.promise_checks import require_tables
from segkit.promising.promise_inputs import read_promise_inputs
from segkit.promising.promise_terms import PromiseTerms


@dataclass(frozen=True)
class Promises:
    """What was promised: ``lines``, a row per order line, and ``trace``, a row per line and supply used.

    ``write_trace`` makes the trace, which is written when it is first asked for.
    """

    lines: pd.DataFrame
    write_trace: Callable[[], pd.DataFrame] = field(repr=False, compare=False)

    @cached_property
    def trace(self) -> pd.DataFrame:
        """Return whose quota and which supply every unit comes from."""
        return self.write_trace()


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
        bid_price, of bucket and class, and committed: what of it a contract owes the class, which no better class takes
        and which is not released [units].
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
        every unit comes from, available_date (blank = made to order, from capacity too) and promised_date. Reasons are
        a categorical, as each sentence is kept once; ids, classes and quotas are texts.

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
    from segkit.promising.promise_tables import trace_arrays, write_lines, write_trace

    book, terms = read_promise_book(orders, supply, allocations, alternatives, terms or PromiseTerms())
    day = parse_day(as_of, "as_of")
    require_tables(book.named(terms), terms, None if day is None else pd.Timestamp(day))
    inputs = read_promise_inputs(book, terms)
    made = promise_book(inputs.book, inputs.supply, inputs.rules, inputs.elsewhere)
    return Promises(write_lines(inputs, made), partial(write_trace, trace_arrays(inputs, made)))
