"""Lead times of replayed orders as real receipts had them: those of the lines ordered nearest in time."""

import numpy as np
import pandas as pd

from segkit.core.lead_times import is_receipt
from segkit.inventory.cover import told_lead_times
from segkit.inventory.policies.places import PLACE
from segkit.inventory.replay.days import CameDemand

_OF_RECEIPTS = ("receipts", "supplier receipts")
_TURN = np.sqrt(2.0) - 1.0  # apart from the sequence of drawn lead times
_CANCELLED = 3.0  # times the longest receipt of a supplier, after which an open line no longer comes
_FIXED = 1e-3  # steps: lead times that vary less are rounded alike, as they are sized


def receive_steps(
    demand: CameDemand,
    purchases: pd.DataFrame,
    intervals: pd.DataFrame,
    lead_times: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    min_receipts: int,
    seed: int,
) -> np.ndarray | None:
    """Return the steps that an order of each place and step takes, as real orders took; None where nothing tells.

    Parameters
    ----------
    demand : CameDemand
        Places and steps of the replay.
    purchases : DataFrame
        Table ``purchases``, as known at the end of the replay.
    intervals : DataFrame
        From `cover_intervals`: places whose lead time comes from receipts follow them, others do not.
    lead_times : DataFrame
        Table ``lead_times``.
    as_of : Timestamp
        Last day known.
    min_receipts : int
        Item-locations with fewer follow the receipts of their supplier.
    seed : int
        Where the even sequence begins that chooses among lines ordered on the same day.

    Returns
    -------
    array, optional
        Whole steps between ordering and arrival, (places, steps); NaN where no receipts are followed.

    Notes
    -----
    An order takes as long as the line of its item and location that was ordered nearest in time, before or after.
    Orders of neighbouring days then take about as long and hardly cross, as in reality; drawn one by one they would. An
    item that was never received at its location follows its receipts elsewhere. Lines that are still open count with
    one day more than they have been open, or with the lead time of the last line received before, if that is longer;
    they count for nothing where a line ordered later has come already (forgotten, or the rest of a delivery), or where
    they have been open for more than three times as long as the longest receipt of their supplier: cancelled, it seems.
    """
    lines = _dated(purchases, pd.Timestamp(as_of))
    known = demand.places.merge(intervals, "left", PLACE)
    told = (known["lead_time_source"].isin(_OF_RECEIPTS)).to_numpy()
    if lines.empty or not told.any():
        return None
    placed = demand.starts + pd.Timedelta(days=round(demand.step_days) - 1)
    day = (placed - pd.Timestamp(as_of)).days.to_numpy()
    turn = (0.5 + (np.arange(len(day)) + seed) * _TURN) % 1.0
    supplier = told_lead_times(demand.places, lead_times)["supplier_id"].to_numpy(dtype=object)
    item, location = (demand.places[name].to_numpy(dtype=object) for name in PLACE)
    here, items, suppliers = (lines.groupby(by).indices for by in (PLACE, "item_id", "supplier_id"))
    received = lines["received"].to_numpy()
    fixed = (known["sd_periods"] <= _FIXED).to_numpy()
    when, took = lines["day"].to_numpy(), lines["days"].to_numpy()
    source = known["lead_time_source"].to_numpy(dtype=object)
    table, shared = np.full(demand.quantity.shape, np.nan), {}
    for place in np.flatnonzero(told):
        rows = here.get((item[place], location[place]), _NONE)
        if received[rows].sum() >= min_receipts:
            days = _nearest(when[rows], took[rows], day, turn)
        else:
            by, name = (items, item[place]) if source[place] == "receipts" else (suppliers, supplier[place])
            if (source[place], name) not in shared:
                shared[source[place], name] = _nearest(when[by[name]], took[by[name]], day, turn)
            days = shared[source[place], name]
        steps = days / demand.step_days
        table[place] = np.round(steps) if fixed[place] else np.floor(steps + turn)
    return table


_NONE = np.zeros(0, dtype=np.intp)


def _dated(purchases: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return lines with the day they were ordered (0 = the last day known) and the days they took, by day and days."""
    dates = ["ordered_date", "received_date"]
    lines = purchases[is_receipt(purchases).to_numpy(dtype=bool)].reindex(columns=[*PLACE, "supplier_id", *dates])
    for name in ("location_id", "supplier_id"):
        lines[name] = lines[name].astype("str").fillna("(all)")
    lines["item_id"] = lines["item_id"].astype("str")
    ordered, received = (pd.to_datetime(lines[name]) for name in dates)
    lines["day"], lines["days"] = (ordered - as_of).dt.days, (received - ordered).dt.days.astype("float64")
    lines = lines.sort_values([*PLACE, "day", "days"], kind="stable", ignore_index=True)
    lines["received"] = lines["days"].notna()
    lines["before"] = lines.groupby(PLACE)["days"].ffill()
    lines["after"] = lines.groupby(PLACE)["days"].bfill()
    usual = lines["before"].fillna(lines.groupby("supplier_id")["days"].transform("mean"))
    least = np.maximum(1.0 - lines["day"], usual)
    longest = lines.groupby("supplier_id")["days"].transform("max")
    alive = lines["after"].isna() & ~(-lines["day"] > _CANCELLED * longest)
    lines["days"] = lines["days"].fillna(least.where(alive))
    lines = lines[lines["days"].notna()]
    return lines.sort_values(["day", "days"], kind="stable", ignore_index=True)


def _nearest(when: np.ndarray, took: np.ndarray, day: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return what lines ordered nearest to each day took; of those of one day, one after the other by their length."""
    days, first = np.unique(when, return_index=True)
    after = np.minimum(np.searchsorted(days, day), len(days) - 1)
    before = np.maximum(after - 1, 0)
    at = np.where(day - days[before] <= days[after] - day, before, after)
    count = np.diff(np.append(first, len(when)))
    return took[first[at] + np.floor(turn * count[at]).astype(np.intp)]
