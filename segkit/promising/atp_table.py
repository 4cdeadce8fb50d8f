"""What can still be promised of every item and place, week by week: supply less what is promised already."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.formulas.available_to_promise import (
    consume_backward,
    consume_forward,
    cumulative_available_to_promise,
    discrete_available_to_promise,
)
from segkit.promising.promise_terms import kept_units

PLACE = ["item_id", "location_id"]
_DAYS = 7  # of a period


def tell_available(
    supply: pd.DataFrame, promises: pd.DataFrame, allocations: pd.DataFrame, *, as_of: date
) -> pd.DataFrame:
    """Return ``available_to_promise``: what is left of supply after what is promised, by item, location and week.

    Parameters
    ----------
    supply : DataFrame
        Table of that name; rows that say why they are not counted on are left out.
    promises : DataFrame
        Table of that name; what is made to order takes nothing of the supply.
    allocations : DataFrame
        Table of that name.
    as_of : date
        Last day known; the first week begins the day after, and has the stock on hand.

    Returns
    -------
    DataFrame
        Weeks in which something comes, is promised or is reserved, and the first; in others ATP is as in the row
        before (cumulative) or 0 (discrete).

    Notes
    -----
    Units are promised of the place that delivers them, for the week of their promised date. Discrete ATP belongs to the
    supply of a week and lasts to the next supply; what orders take beyond it is taken of earlier supply, the nearest
    first, then of later. Cumulative ATP looks ahead: no more than leaves later promises whole.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> days = pd.to_datetime(["2025-06-30", "2025-07-10"])
    >>> supply = pd.DataFrame({**place, "available_date": days, "quantity": [5.0, 9.0], "left_out": ""})
    >>> taken = {"supply_item_id": "SKU-1", "supply_location_id": "A", "available_date": days[:1]}
    >>> promises = pd.DataFrame({**taken, "promised_date": days[:1], "quantity": [2.0]})
    >>> made = tell_available(supply, promises, empty_table("allocations"), as_of=date(2025, 6, 30))
    >>> made[["discrete_atp", "cumulative_atp"]].to_numpy().tolist()
    [[3.0, 3.0], [9.0, 12.0]]
    """
    counted = supply[(supply["left_out"].fillna("") == "").to_numpy()]
    if counted.empty:
        return empty_table("available_to_promise")
    places = pd.MultiIndex.from_frame(counted[PLACE].drop_duplicates().sort_values(PLACE))
    taken = promises[promises["available_date"].notna().to_numpy()]
    taken = taken.assign(item_id=taken["supply_item_id"], location_id=taken["supply_location_id"])
    held = allocations.assign(quantity=kept_units(allocations))
    first = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    parts = [(counted, "available_date"), (taken, "promised_date"), (held, "available_date")]
    weeks = [_weeks(table[day], first) for table, day in parts]
    count = max(int(week.max(initial=0)) for week in weeks) + 1
    come, asked, kept = (_by_week(table, week, places, count) for (table, _), week in zip(parts, weeks, strict=True))
    discrete = consume_forward(consume_backward(discrete_available_to_promise(0.0, come, asked)))
    figures = {
        "supply": come,
        "promised_quantity": asked,
        "allocated": kept,
        "discrete_atp": discrete,
        "cumulative_atp": cumulative_available_to_promise(0.0, come, asked),
    }
    moves = (come > 0) | (asked > 0) | (kept > 0)
    moves[:, 0] = True
    place, week = np.nonzero(moves)
    made = places.take(place).to_frame(index=False)
    made["period"] = first + pd.to_timedelta(week * _DAYS, unit="D")
    kinds = empty_table("available_to_promise").dtypes
    made = made.assign(**{name: values[place, week] + 0.0 for name, values in figures.items()})
    return made.reindex(columns=list(kinds.index)).astype(kinds.to_dict())


def _weeks(days: pd.Series, first: pd.Timestamp) -> np.ndarray:
    """Return the week that each day is in; what is there before the first is in the first."""
    passed = (pd.to_datetime(days) - first).dt.days.to_numpy(dtype=np.int64)
    return np.maximum(passed // _DAYS, 0)


def _by_week(table: pd.DataFrame, week: np.ndarray, places: pd.MultiIndex, count: int) -> np.ndarray:
    """Return units by place and week; of places without supply nothing."""
    place = places.get_indexer(pd.MultiIndex.from_frame(table[PLACE])) if len(table) else np.zeros(0, dtype=np.int64)
    here = place >= 0
    cell = place[here] * count + week[here]
    units = table["quantity"].to_numpy(dtype=float)[here]
    return np.bincount(cell, units, len(places) * count).reshape(len(places), count)
