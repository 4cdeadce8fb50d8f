"""What levels are held back by: least orders in which no stock pays, and caps and limits that bind."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.inventory.policies.gathered import NONE, Sizing
from segkit.inventory.policies.limits import BUDGET, ROOM
from segkit.inventory.policies.sizing import CEILINGS, NO_PAY, packs_of, size_policies

_FREED = (("moq", ["moq"]), ("order_multiple", ["moq", "order_multiple"]))  # what is looked at as if it were not there


def name_least_orders(sizing: Sizing, policies: pd.DataFrame) -> pd.DataFrame:
    """Return policies whose reason names moq or order_multiple where stock would pay without it.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    policies : DataFrame
        Table of that name, row by row.
    """
    reason, lots = policies["reason"].to_numpy(dtype=object).copy(), sizing.covered.lots
    least = np.maximum(sizing.costs["moq"].fillna(0.0).to_numpy(), packs_of(sizing))
    idle = (policies["policy"] == NONE) & policies["reason"].str.endswith(NO_PAY)
    left = idle.to_numpy(dtype=bool) & (least > lots)
    for name, dropped in _FREED:
        asked = sizing.costs[name].fillna(0.0).to_numpy()
        rows = np.flatnonzero(left & (asked > lots))
        if not rows.size:
            continue
        some = sizing.of(rows)
        made = size_policies(replace(some, costs=some.costs.assign(**dict.fromkeys(dropped, np.nan))))
        pays = (made["order_up_to"] > 0).to_numpy()
        for row, quantity in zip(rows[pays], made.loc[pays, "order_quantity"], strict=True):
            words = f"no stock pays in orders of {asked[row]:g} ({name}); it would in orders of {quantity:g}"
            reason[row] = reason[row].removesuffix(NO_PAY) + words
        left[rows[pays]] = False
    return policies.assign(reason=pd.Series(reason, index=policies.index, dtype="str"))


def list_binding(sizing: Sizing, policies: pd.DataFrame) -> pd.DataFrame:
    """Return the caps and limits that lower levels, at how many item-locations, and what service that takes.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    policies : DataFrame
        Table of that name, row by row.

    Returns
    -------
    DataFrame
        capped_by (stock_budget, capacity_m3, max_cover_days, shelf_life_days, max_stock), places, idle (of these, not
        stocked at all), fill_rate and free_fill_rate (P2 of their units, as expected with and without it), and
        lost_margin [currency/year] of the difference; most item-locations first.
    """
    rows = np.flatnonzero(policies["capped_by"].isin([BUDGET, ROOM, *CEILINGS]))
    held = policies.iloc[rows].reset_index(drop=True)
    columns = ["capped_by", "places", "idle", "fill_rate", "free_fill_rate", "lost_margin"]
    if held.empty:
        return pd.DataFrame(columns=columns)
    some = sizing.of(rows)
    none = {"max_cover_days": np.nan, "max_stock": np.nan}
    free = size_policies(
        replace(some, rules=some.rules.assign(**none), costs=some.costs.assign(shelf_life_days=np.nan))
    )
    year = held["demand_year"]
    told = held.assign(
        places=1,
        idle=(held["policy"] == NONE).astype("int64"),
        met=held["fill_rate"] * year,
        free=free["fill_rate"] * year,
        year=year,
        lost_margin=held["lost_margin"] - free["lost_margin"],
    )
    sums = told.groupby("capped_by")[["places", "idle", "met", "free", "year", "lost_margin"]]
    made = sums.sum(min_count=1).reset_index()
    made = made.assign(fill_rate=made["met"] / made["year"], free_fill_rate=made["free"] / made["year"])
    return made.sort_values(["places", "capped_by"], ascending=[False, True], ignore_index=True)[columns]
