"""New order lines join the order book behind those that are open."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders

_KEY = ["order_id", "line_id"]
JOIN_FIX = "Give lines that are not in the order book yet, with a day to come and the location that is to deliver."


def join_book(
    open_orders: pd.DataFrame, new: pd.DataFrame, *, as_of: date, locations: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the order book with new lines, which come after all that are open.

    Parameters
    ----------
    open_orders : DataFrame
        Table of that name.
    new : DataFrame
        order_id, line_id, order_date, customer_id, item_id, location_id, quantity, demand_class and, where known,
        requested_date, unit_margin and terms of delivery.
    as_of : date
        Last day known: no new line arrives before the day after; one that is asked for on it is late by a day at least.
        Lines ordered before keep the order of their dates: each date arrives a microsecond after the one before.
    locations : collection of str, optional
        All that the company has (default: those of open orders); a line that names none is delivered from the only one.

    Returns
    -------
    DataFrame
        Table ``open_orders``; the margin of a new line is blank where it is not known.

    Raises
    ------
    DataError
        New lines are open already, name no location where there are several, or ask for a day that is over: all at
        once.
    """
    problems = join_problems(open_orders, new, as_of=as_of, locations=locations)
    if problems:
        raise DataError(list_problems("new orders cannot be promised", problems, [JOIN_FIX]))
    located, told = _located(open_orders, new, locations), "requested_date" in new
    first = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    arrives = located["order_date"].clip(lower=first)
    asked = located["requested_date"].fillna(arrives) if told else arrives
    arrives += pd.to_timedelta(_place_in_queue(located["order_date"], first), unit="us")
    kinds = empty_table("open_orders").dtypes
    joined = located.assign(order_date=arrives, requested_date=asked, left_out="").reindex(columns=list(kinds.index))
    return pd.concat([open_orders, joined.astype(kinds.to_dict())], ignore_index=True)


def join_problems(
    open_orders: pd.DataFrame, new: pd.DataFrame, *, as_of: date, locations: Collection[str] | None = None
) -> list[str]:
    """Return why new lines cannot join the order book; the parameters are those of `join_book`."""
    located = _located(open_orders, new, locations)
    blank = located["location_id"].isna().to_numpy()
    known = pd.MultiIndex.from_frame(open_orders[_KEY])
    again = pd.MultiIndex.from_frame(located[_KEY].astype("str")).isin(known)
    told = "requested_date" in located
    over = (located["requested_date"] < pd.Timestamp(as_of)).to_numpy() if told else blank & False
    found = (
        (again, "lines are open already"),
        (blank, "location_id is blank"),
        (over, f"requested_date lies before as_of ({as_of})"),
    )
    return [
        f"{word} {in_rows(int(which.sum()))}, first: {first_offenders(located[which])}"
        for which, word in found
        if which.any()
    ]


def _located(open_orders: pd.DataFrame, new: pd.DataFrame, locations: Collection[str] | None) -> pd.DataFrame:
    """Return new lines with a location: the only one of the company where they name none."""
    known = open_orders["location_id"].dropna().unique() if locations is None else locations
    located = new if "location_id" in new else new.assign(location_id=pd.Series(pd.NA, index=new.index, dtype="str"))
    if len(known) == 1:
        located = located.assign(location_id=located["location_id"].fillna(*known))
    return located


def shown_arrival(arrives: pd.Series) -> pd.Series:
    """Return order dates of a joined book without the microseconds that keep new lines in their order."""
    return arrives.dt.floor("s")


def _place_in_queue(ordered: pd.Series, first: pd.Timestamp) -> pd.Series:
    """Return how many earlier dates of the batch wait for the first moment; 0 after it."""
    waits = (ordered <= first).to_numpy()
    return (ordered.where(waits).rank(method="dense") - 1.0).fillna(0.0)
