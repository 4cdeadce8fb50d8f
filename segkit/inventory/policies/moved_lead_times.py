"""Where receipts of the last quarter took other times than levels reckon with, by more than chance."""

from datetime import date

import numpy as np
import pandas as pd
from scipy.special import erfc

from segkit.core.lead_times import is_receipt
from segkit.core.settings import LeadTimes
from segkit.formulas.change_points import below_budget

QUARTER = 91  # days
_FALSE_SHARE = 0.05  # of suppliers and places that are told
_FEWEST = 3  # deliveries, lately and before
_WORTH_A_WORD = 1.0  # days
_KEY = ["supplier_id", "location_id"]
_COLUMNS = ["item_id", *_KEY]


def find_moved_lead_times(
    purchases: pd.DataFrame, lead_times: pd.DataFrame, *, rules: LeadTimes, as_of: date
) -> pd.DataFrame:
    """Return suppliers and locations whose receipts of the last quarter took other times than levels reckon with.

    Parameters
    ----------
    purchases : DataFrame
        Table ``purchases``.
    lead_times : DataFrame
        Table ``lead_times``: what levels reckon with, item by item.
    rules : LeadTimes
        window_days, in which receipts to compare with were ordered.
    as_of : date
        Last day known.

    Returns
    -------
    DataFrame
        supplier_id, location_id, receipts (of the quarter), lately and reckoned [days, mean over these receipts],
        farthest apart first.

    Notes
    -----
    Lines ordered on one day come together: their mean deviation from what levels reckon with is one observation. Those
    received in the last quarter are compared with those received before by ranks (Mann-Whitney, normal, with ties), and
    no more than a twentieth of what is told is told by chance (Benjamini-Hochberg).
    """
    last = pd.Timestamp(as_of)
    lines = purchases[is_receipt(purchases).to_numpy(dtype=bool)].reindex(
        columns=[*_COLUMNS, "ordered_date", "received_date"]
    )
    lines[_KEY] = lines[_KEY].astype("str").fillna("(all)")
    ordered, received = pd.to_datetime(lines["ordered_date"]), pd.to_datetime(lines["received_date"])
    lines = lines.assign(days=(received - ordered).dt.days, lately=(last - received).dt.days < QUARTER)
    counted = received.notna() & ((last - ordered).dt.days < max(rules.window_days, 2 * QUARTER))
    lines = lines[counted.to_numpy()].merge(lead_times[[*_COLUMNS, "lead_time_mean"]], "inner", _COLUMNS)
    lines["off"] = lines["days"] - lines["lead_time_mean"]
    orders = lines.groupby([*_KEY, "ordered_date"], observed=True, as_index=False).agg(
        off=("off", "mean"), lately=("lately", "max")
    )
    orders["off"] = orders["off"].round(6)  # ties are ties, however their items are added up
    recent = lines[lines["lately"].to_numpy(dtype=bool)].groupby(_KEY, observed=True)
    told = recent.agg(receipts=("days", "size"), lately=("days", "mean"), reckoned=("lead_time_mean", "mean"))
    told = told.join(_chances(orders), how="inner").reset_index()
    told = told[below_budget(told["chance"].to_numpy(), _FALSE_SHARE)]
    apart = (told["lately"] - told["reckoned"]).abs()
    told = told.assign(apart=apart)[apart.ge(_WORTH_A_WORD).to_numpy()]
    told = told.sort_values(["apart", *_KEY], ascending=[False, True, True], ignore_index=True)
    return told[[*_KEY, "receipts", "lately", "reckoned"]]


def _chances(orders: pd.DataFrame) -> pd.DataFrame:
    """Return by supplier and location how likely orders that came lately lie so far from earlier ones by chance."""
    groups = orders.groupby(_KEY, observed=True)
    table = orders.assign(rank=groups["off"].rank()).assign(mine=lambda made: made["rank"].where(made["lately"], 0.0))
    tied = orders.groupby([*_KEY, "off"], observed=True)["off"].transform("size")
    table["ties"] = tied**2 - 1.0
    sums = table.groupby(_KEY, observed=True).agg(
        size=("off", "size"), few=("lately", "sum"), mine=("mine", "sum"), ties=("ties", "sum")
    )
    size, few = sums["size"].astype(float), sums["few"].astype(float)
    off = sums["mine"] - few * (size + 1.0) / 2.0
    variance = few * (size - few) / 12.0 * (size + 1.0 - sums["ties"] / (size * (size - 1.0)).clip(lower=1.0))
    far = off.abs() / np.sqrt(variance.where(variance > 0))
    enough = (few >= _FEWEST) & (size - few >= _FEWEST) & far.notna()
    return pd.DataFrame({"chance": erfc(far / np.sqrt(2.0))})[enough.to_numpy()]


def tell_moved_lead_times(moved: pd.DataFrame, *, window_days: int) -> tuple | None:
    """Return the headline of moved lead times; None where none moved.

    Parameters
    ----------
    moved : DataFrame
        From `find_moved_lead_times`.
    window_days : int
        Of the settings, for the words.
    """
    if moved.empty:
        return None
    first, count = moved.iloc[0], len(moved)
    sentence = (
        f"Lead times moved: what came in the last {QUARTER} days took other times than levels reckon with, by more "
        f"than chance, from {count:,} {'supplier' if count == 1 else 'suppliers'} at a location; farthest "
        f"{first['supplier_id']} at {first['location_id']}, {first['lately']:.1f} days where levels reckon with "
        f"{first['reckoned']:.1f} ({int(first['receipts']):,} receipts). A shorter lead_times.window_days (now "
        f"{window_days}) follows sooner."
    )
    return "lead_times_moved", sentence, float(first["lately"] - first["reckoned"]), "days"
