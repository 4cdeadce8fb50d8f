"""Lead times from what really happened, with what the master data plan beside them."""

import pandas as pd

from segkit.core.settings import LeadTimes

_KEY = ["item_id", "supplier_id", "location_id"]


def is_receipt(purchases: pd.DataFrame) -> pd.Series:
    """Return which purchase lines tell a lead time: goods bought, and not received before they were ordered."""
    told = pd.Series(True, index=purchases.index)
    if "quantity" in purchases:
        told &= purchases["quantity"] > 0
    if "received_date" in purchases:
        told &= ~(purchases["received_date"] < purchases["ordered_date"])
    return told


def measure_lead_times(purchases: pd.DataFrame, items: pd.DataFrame, *, rules: LeadTimes) -> pd.DataFrame:
    """Return the lead time of every item, supplier and location that was bought.

    Parameters
    ----------
    purchases : DataFrame
        Table ``purchases``; a blank received_date is an open order. Lines sent back to the supplier and lines received
        before they were ordered tell nothing and are left out.
    items : DataFrame
        Table ``items``, for the planned lead time.
    rules : LeadTimes
        How many receipts a figure needs. With fewer, all receipts of the supplier stand in, if they are enough or
        the master plans with nothing; else the master.

    Returns
    -------
    DataFrame
        ``lead_times`` of the nomenclature, in days; ``lead_time_source`` says where a row's figures come from.
    """
    sensible = is_receipt(purchases)
    dates = ["ordered_date", "expected_date", "received_date"]
    lines = purchases[sensible.to_numpy(dtype=bool)].reindex(columns=[*_KEY, *dates])
    lines[["supplier_id", "location_id"]] = lines[["supplier_id", "location_id"]].astype("str").fillna("(all)")
    lines["days"] = (pd.to_datetime(lines["received_date"]) - pd.to_datetime(lines["ordered_date"])).dt.days
    both = lines["received_date"].notna() & lines["expected_date"].notna()
    late = pd.to_datetime(lines["received_date"]) > pd.to_datetime(lines["expected_date"])
    lines["late"] = late.astype("float64").where(both)
    lines["open"] = lines["received_date"].isna()
    supplier = _figures(lines, ["supplier_id"]).drop(columns="open_receipts")
    table = _figures(lines, _KEY).merge(supplier, on="supplier_id", how="left", suffixes=("", "_of_supplier"))
    planned = items.reindex(columns=["item_id", "lead_time_days"])
    table = table.merge(planned.rename(columns={"lead_time_days": "planned_days"}), on="item_id", how="left")
    few = table["receipts"] < rules.min_receipts
    pooled = (table["receipts_of_supplier"] >= rules.min_receipts) | table["planned_days"].isna()
    table["lead_time_source"] = "receipts"
    for column in ("lead_time_mean", "lead_time_sd", "lead_time_p50", "lead_time_p90", "late_share"):
        table[column] = table[column].where(~few, table[f"{column}_of_supplier"].where(pooled))
    table.loc[few, "lead_time_source"] = "supplier receipts"
    blank = table["lead_time_mean"].isna()
    table.loc[blank, "lead_time_source"] = "master"
    table["lead_time_mean"] = table["lead_time_mean"].fillna(table["planned_days"]).astype("float64")
    table.loc[table["lead_time_mean"].isna(), "lead_time_source"] = "missing"
    order = [*_KEY, "receipts", "open_receipts", "lead_time_mean", "lead_time_sd", "lead_time_p50", "lead_time_p90"]
    return table[[*order, "late_share", "planned_days", "lead_time_source"]].sort_values(_KEY, ignore_index=True)


def _figures(lines: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = lines.groupby(by, observed=True)
    figures = groups.agg(
        receipts=("days", "count"),
        open_receipts=("open", "sum"),
        lead_time_mean=("days", "mean"),
        lead_time_sd=("days", "std"),
        lead_time_p50=("days", "median"),
        late_share=("late", "mean"),
    )
    return figures.assign(lead_time_p90=groups["days"].quantile(0.9)).reset_index()
