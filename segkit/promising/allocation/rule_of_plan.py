"""The rule of allocation that the settings name."""

from collections.abc import Sequence

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.allocation.fair_quotas import allocate_per_committed
from segkit.promising.allocation.margin_quotas import allocate_by_margin
from segkit.promising.allocation.nested_quotas import allocate_nested
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE


def allocate_by_rule(
    supply: pd.DataFrame, demand: pd.DataFrame, *, classes: Sequence[str], rules: Promising
) -> pd.DataFrame:
    """Return ``allocations`` by ``rules.rule``, of the places of which demand is known.

    Parameters
    ----------
    supply, demand, classes
        As `allocate_nested` takes them.
    rules : Promising
        rule, horizon_days and release_days.

    Returns
    -------
    DataFrame
        Table ``allocations``; empty where the rule is first_come or critical_levels. What arrives after the horizon
        is not split; it is also when the last bucket of a place ends.
    """
    if rules.rule in ("first_come", "critical_levels") or not len(demand) or not len(supply):
        return empty_table("allocations")
    known = pd.MultiIndex.from_frame(demand[PLACE].drop_duplicates())
    end = demand["period"].min() + pd.Timedelta(days=rules.horizon_days)
    near = pd.MultiIndex.from_frame(supply[PLACE]).isin(known) & (supply["available_date"] < end).to_numpy()
    rows = supply.loc[near, [*BUCKET, "quantity"]]
    makers = {"by_forecast": allocate_per_committed, "by_margin": allocate_by_margin, "nested": allocate_nested}
    made = makers[rules.rule](rows, demand, classes=list(classes), release_days=float(rules.release_days))
    last = (end - pd.Timedelta(days=rules.release_days)).normalize()
    return made.assign(released_date=made["released_date"].fillna(made["available_date"].clip(lower=last)))
