"""The rule of allocation that the settings name, behind what contracts owe."""

from collections.abc import Callable, Sequence

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.formulas.nested_optimum import optimal_protection
from segkit.formulas.nested_protection import emsr_a_protection, emsr_b_protection
from segkit.promising.allocation.commitments import allocate_commitments, join_allocations, supply_left
from segkit.promising.allocation.demand_left import demand_left
from segkit.promising.allocation.fair_quotas import allocate_by_rank, allocate_fair_share, allocate_per_committed
from segkit.promising.allocation.hierarchy_quotas import (
    allocate_down_by_rank,
    allocate_down_by_share,
    allocate_down_per_committed,
)
from segkit.promising.allocation.margin_quotas import allocate_by_margin
from segkit.promising.allocation.nested_quotas import allocate_nested
from segkit.promising.allocation.stated_quotas import allocate_by_number, allocate_by_ratio, allocate_by_share
from segkit.promising.allocation.stated_terms import hierarchy_table, owed_by_contract, stated_quotas
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE

_PROTECTIONS = {"optimal": optimal_protection, "emsr_b": emsr_b_protection, "emsr_a": emsr_a_protection}
_STATED: dict[str, Callable[..., pd.DataFrame]] = {
    "by_number": allocate_by_number, "by_share": allocate_by_share, "by_ratio": allocate_by_ratio,
}  # fmt: skip
_FORECAST: dict[str, Callable[..., pd.DataFrame]] = {
    "by_rank": allocate_by_rank, "by_forecast": allocate_per_committed, "by_margin": allocate_by_margin,
}  # fmt: skip
_DOWN: dict[str, Callable[..., pd.DataFrame]] = {
    "by_rank": allocate_down_by_rank, "by_forecast": allocate_down_per_committed,
}  # fmt: skip


def allocate_by_rule(
    supply: pd.DataFrame, demand: pd.DataFrame, *, classes: Sequence[str], rules: Promising
) -> pd.DataFrame:
    """Return ``allocations`` by ``rules.rule``; what contracts owe comes first.

    Parameters
    ----------
    supply, demand, classes
        As `allocate_nested` takes them.
    rules : Promising
        rule, what it needs, commitments, horizon_days and release_days.

    Returns
    -------
    DataFrame
        Table ``allocations``; beside contracts empty where the rule is first_come or critical_levels. What arrives
        after the horizon is not split, but what contracts owe by a day then is kept of it; the horizon is also when the
        last bucket of a place ends. Rules that need expected demand split supply of places of which it is known.
    """
    if not len(supply):
        return empty_table("allocations")
    first = demand["period"].min() if len(demand) else supply["available_date"].min() + pd.Timedelta(days=1)
    end = first + pd.Timedelta(days=rules.horizon_days)
    every = supply[[*BUCKET, "quantity"]]
    owed = empty_table("allocations")
    if rules.commitments:
        today = min(first - pd.Timedelta(days=1), supply["available_date"].min())
        stated = owed_by_contract(rules, _until(every, end), every, as_of=today)
        owed = allocate_commitments(every, stated, classes=list(classes))
        demand = demand_left(demand, every, owed) if len(demand) else demand
        every = supply_left(every, owed)
    near = _until(every, end)
    made = _share_out(near, demand, list(classes), rules)
    last = (end - pd.Timedelta(days=rules.release_days)).normalize()
    released = made.assign(released_date=made["released_date"].fillna(made["available_date"].clip(lower=last)))
    return join_allocations(owed, released) if len(owed) else released


def _until(supply: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    return supply[(supply["available_date"] < end).to_numpy()]


def _share_out(supply: pd.DataFrame, demand: pd.DataFrame, classes: list[str], rules: Promising) -> pd.DataFrame:
    """Return allocations of what contracts leave."""
    release = float(rules.release_days)
    if rules.rule in ("first_come", "critical_levels") or not len(supply):
        return empty_table("allocations")
    if rules.rule in _STATED:
        quotas = stated_quotas(rules, supply)
        return _STATED[rules.rule](supply, quotas, classes=classes, release_days=release)
    if rules.rule == "hierarchy" and rules.hierarchy_by == "by_share":
        return _classes_only(allocate_down_by_share(supply, hierarchy_table(rules), release_days=release))
    if not len(demand):
        return empty_table("allocations")
    known = pd.MultiIndex.from_frame(demand[PLACE].drop_duplicates())
    rows = supply[pd.MultiIndex.from_frame(supply[PLACE]).isin(known)]
    if rules.rule == "hierarchy":
        tree = hierarchy_table(rules)
        below = demand[demand["demand_class"].isin(tree["node"])]
        return _classes_only(_DOWN[rules.hierarchy_by](rows, below, tree, release_days=release))
    if rules.rule == "fair_share":
        weights = demand["demand_class"].map(rules.entitlements).fillna(1.0)
        return allocate_fair_share(rows, demand.assign(entitlement=weights), classes=classes, release_days=release)
    if rules.rule == "nested":
        protection = _PROTECTIONS[rules.protection]
        return allocate_nested(rows, demand, classes=classes, protection=protection, release_days=release)
    return _FORECAST[rules.rule](rows, demand, classes=classes, release_days=release)


def _classes_only(made: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of nodes that are classes; those above keep nothing."""
    return made[(made["kind"] != "neutral").to_numpy()].reset_index(drop=True)
