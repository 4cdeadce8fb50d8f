"""A stated shortage: supply that is a share of what was ordered, arriving at the begin of every cycle."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.periods import parse_day
from segkit.promising.given_tables import plain_tables

_SUBJECT = "supply cannot be cut"
_PLACE = ["item_id", "location_id"]
_DAY = pd.Timedelta(days=1)
_LIKE = 1e-9


def cut_supply(
    orders: pd.DataFrame, *, start: date | str, share: float = 0.85, trailing: int = 0, cycle_days: int = 7
) -> pd.DataFrame:
    """Return receipts that meet a share of what is ordered, for a contest under a stated shortage.

    Parameters
    ----------
    orders : DataFrame
        order_date, item_id, location_id, quantity [units]; those before the start only for ``trailing``.
    start : date
        Day of the first receipt.
    share : float
        Share of demand that is supplied [0-1].
    trailing : int
        0 = each receipt is the share of the demand of its own cycle, else of the mean of so many cycles before it.
    cycle_days : int
        Days from one receipt to the next.

    Returns
    -------
    DataFrame
        item_id, location_id, available_date, quantity [units], kind ("receipt"), supply_id; a row per item-location and
        cycle, those of 0 units included. Whole units, rounded down so that the sum never exceeds the share.

    Raises
    ------
    DataError
        Where columns are missing, cells are blank, a quantity is below 0, or the share is not between 0 and 1.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-06", "2025-01-14"])
    >>> orders = pd.DataFrame({"order_date": days, "item_id": "SKU-1", "location_id": "A", "quantity": [10.0, 5.0]})
    >>> cut_supply(orders, start="2025-01-06")["quantity"].tolist()
    [8.0, 4.0]
    """
    orders = plain_tables(_SUBJECT, {"orders": orders}, numbers=("quantity",))["orders"]
    _require(orders, share, trailing, cycle_days)
    first = pd.Timestamp(parse_day(start, "start") if isinstance(start, str) else start)
    cycle = np.floor(((orders["order_date"] - first) / _DAY).to_numpy(dtype=float) / cycle_days).astype(int)
    count = int(cycle.max(initial=-1)) + 1
    if not (cycle >= 0).any():
        return _receipts(orders[_PLACE].iloc[:0], np.zeros((0, 0)), first, cycle_days)
    places = orders[_PLACE].drop_duplicates().sort_values(_PLACE, ignore_index=True)
    place = pd.MultiIndex.from_frame(places).get_indexer(pd.MultiIndex.from_frame(orders[_PLACE]))
    known = cycle >= -trailing
    asked = np.zeros((len(places), trailing + count))
    np.add.at(asked, (place[known], cycle[known] + trailing), orders["quantity"].to_numpy(dtype=float)[known])
    if trailing:
        sums = np.concatenate([np.zeros((len(places), 1)), np.cumsum(asked, axis=1)], axis=1)
        asked = (sums[:, trailing:-1] - sums[:, : -trailing - 1]) / trailing
    reached = np.floor(share * np.cumsum(asked, axis=1) + _LIKE)
    return _receipts(places, np.diff(reached, axis=1, prepend=0.0), first, cycle_days)


def _receipts(places: pd.DataFrame, units: np.ndarray, first: pd.Timestamp, cycle_days: int) -> pd.DataFrame:
    count = units.shape[1]
    days = first + pd.to_timedelta(np.arange(count) * cycle_days, unit="D")
    table = places.loc[places.index.repeat(count)].reset_index(drop=True)
    day = pd.Series(np.tile(days.to_numpy(dtype="datetime64[us]"), len(places)), dtype="datetime64[us]")
    number = pd.Series(np.tile(np.arange(1, count + 1), len(places)), dtype="int64").astype("str")
    return table.assign(available_date=day, quantity=units.ravel(), kind="receipt", supply_id="cycle " + number)


def _require(orders: pd.DataFrame, share: float, trailing: int, cycle_days: int) -> None:
    missing = [name for name in ("order_date", *_PLACE, "quantity") if name not in orders]
    problems = [f"orders lack {', '.join(missing)}"] if missing else []
    if not 0 <= share <= 1:
        problems.append(f"the share of demand supplied is {share}, not between 0 and 1")
    if trailing < 0 or cycle_days < 1:
        problems.append("trailing is below 0, or a cycle has less than a day")
    if not missing:
        units = orders["quantity"].to_numpy(dtype=float)
        wrong = {
            "quantity is missing or below 0, or endless": ~(np.isfinite(units) & (units >= 0)),
            "order_date, item_id or location_id is blank": orders[["order_date", *_PLACE]]
            .isna()
            .any(axis=1)
            .to_numpy(),
        }
        problems += [
            f"{told} {in_rows(int(rows.sum()))}, first: {first_offenders(orders[rows])}"
            for told, rows in wrong.items()
            if rows.any()
        ]
    if problems:
        raise DataError(list_problems(_SUBJECT, problems))
