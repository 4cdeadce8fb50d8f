"""What policies decide that moves money: against one size for all, and against the stock that lies there now."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.formulas.policy_levels import orders_per_review
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.sizing import NO_LEAD_TIME, NONE, Sizing, filled_by, size_policies
from segkit.inventory.policies.supplying import OWN_ONLY, are_among

_STEPS, _YEAR = 12, 365.25
_BETWEEN = (0.02, 0.999)
DUE, UNJUDGED = "to be ordered", "not judged: no levels"
IDLE = "stock without a policy to hold it"
SUPPLIES = "supplies other locations: not judged"


def one_size_policies(sizing: Sizing, policies: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """Return the one cycle_service (P1) that, given to all, is expected to serve as much margin as policies do.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    policies : DataFrame
        Table of that name.

    Returns
    -------
    target : float
        [0-1]; the nearest that there is.
    policies : DataFrame
        Sized by it.
    """
    sized = policies["lost_margin"].notna().to_numpy()  # what could not be sized is not compared either
    wanted, (low, high) = policies["lost_margin"].sum(), _BETWEEN
    made = size_policies(_same(sizing, high))
    if policies.empty or made.loc[sized, "lost_margin"].sum() > wanted:
        return high, made
    for _ in range(_STEPS):
        middle = (low + high) / 2
        table = size_policies(_same(sizing, middle))
        if table.loc[sized, "lost_margin"].sum() <= wanted:
            high, made = middle, table
        else:
            low = middle
    return high, made


def _same(sizing: Sizing, target: float) -> Sizing:
    return sizing.under(service_measure="cycle_service", target=target, policy="order_up_to", source="rule")


def list_decisions(sizing: Sizing, policies: pd.DataFrame, *, rows: int = 50) -> pd.DataFrame:
    """Return ``policy_decisions``: where differentiated policies move most money, against one size at equal service.

    Parameters
    ----------
    sizing, policies
        As `one_size_policies` takes them.
    rows : int
        How many are listed.

    Returns
    -------
    DataFrame
        By size of the saving or loss; yearly_saving = what holding, shortages (at their shortage cost) and orders cost
        less than under one size; all_saving is the sum of it over all item-locations, listed or not.
    """
    target, same = one_size_policies(sizing, policies)
    kinds = empty_table("policy_decisions").dtypes
    own, other = (made.assign(yearly_cost=_yearly_cost(sizing, made)) for made in (policies, same))
    both = own.merge(other, on=PLACE, suffixes=("", "_one"))
    effect = both["yearly_cost_one"] - both["yearly_cost"]
    table = both[[*PLACE, "rule", "policy", "order_up_to", "fill_rate", "stock_value", "reason"]].assign(
        one_order_up_to=both["order_up_to_one"],
        one_fill_rate=both["fill_rate_one"],
        one_stock_value=both["stock_value_one"],
        one_target=target,
        yearly_saving=effect,
        decision=_words(both),
    )
    table = table[effect.notna().to_numpy()].assign(all_saving=effect.sum())
    order = (-table["yearly_saving"].abs()).round(6)
    table = table.assign(order=order).sort_values(["order", *PLACE], ignore_index=True).head(rows)
    table["rank"] = np.arange(1, len(table) + 1)
    return table[list(nomenclature()["policy_decisions"].columns)].astype(kinds.to_dict())


def _yearly_cost(sizing: Sizing, policies: pd.DataFrame) -> np.ndarray:
    """Return what holding, shortages and orders cost a year. [currency]."""
    short = (1.0 - policies["fill_rate"]) * policies["demand_year"] * sizing.costs["shortage_cost"]
    stocked = (policies["order_quantity"] > 0).to_numpy()
    lot = np.where(stocked, policies["order_quantity"] / sizing.covered.lots, 1.0)
    ruled = replace(sizing, rules=sizing.rules.assign(policy=policies["policy"]))
    served = policies["fill_rate"].fillna(1.0).to_numpy(dtype=float) if sizing.unmet == "lost" else None
    share = orders_per_review(sizing.covered.demand, lot, pack=filled_by(ruled, lot), served=served)
    reviews = _YEAR / policies["review_days"].clip(lower=1.0).to_numpy()
    orders = np.where(stocked, share * reviews * (sizing.order_cost or 0.0), 0.0)
    return (policies["holding_cost"] + short).to_numpy() + orders


def _words(both: pd.DataFrame) -> np.ndarray:
    more = both["order_up_to"] > both["order_up_to_one"] + 1e-9
    less = both["order_up_to"] < both["order_up_to_one"] - 1e-9
    return np.select(
        [(both["policy"] == NONE).to_numpy(), more.to_numpy(), less.to_numpy()],
        ["do not stock", "stock more", "stock less"],
        "the same level",
    )


def compare_stock(
    policies: pd.DataFrame,
    inventory: pd.DataFrame,
    costs: pd.DataFrame | None = None,
    supplying: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return ``stock_position``: what lies at every item-location now, beside what its policy asks for.

    Parameters
    ----------
    policies : DataFrame
        Table of that name.
    inventory : DataFrame
        Table of that name: the last snapshot of each item-location counts.
    costs : DataFrame, optional
        item_id, location_id, unit_cost of places that have stock and no row in the policies; where ``asked_for`` is
        true they lack a lead time, else nothing was ever asked for there: all of it is excess. None = they are left
        out.
    supplying : DataFrame, optional
        From `list_supplying`: item-locations that others are supplied from. Their levels count only customers of their
        own: they are to be ordered at these, but what lies above is for others too, and stands in supplying_value.

    Returns
    -------
    DataFrame
        Item-locations with a snapshot. Excess is the inventory position above the order-up-to level, shortage what it
        lacks of the reorder point beyond mean demand of a review; at the reorder point it is time to order. [units, and
        at unit cost]. What has no levels is not judged, and ``reason`` says why; what has no unit cost has no value.
    """
    kinds = empty_table("stock_position").dtypes
    if inventory.empty or policies.empty or not {*PLACE, "on_hand"} <= set(inventory):
        return empty_table("stock_position")
    known = [name for name in ("on_hand", "on_order", "backorders") if name in inventory]
    last = inventory.dropna(subset=["on_hand"]).sort_values("date", kind="stable").drop_duplicates(PLACE, keep="last")
    both = _with_idle(policies, last, costs).merge(last[[*PLACE, "date", *known]], on=PLACE)
    for name in ("on_order", "backorders"):
        both[name] = both[name].fillna(0.0) if name in both else 0.0
    position = both["on_hand"] + both["on_order"] - both["backorders"]
    excess = (position - both["order_up_to"]).clip(lower=0.0)
    stocked, unknown = both["policy"] != NONE, both["order_up_to"].isna()
    due = stocked & (position <= both["reorder_point"])
    between = (both["demand_year"] * both["review_days"] / _YEAR).fillna(0.0)  # what a review finds gone as a rule
    lacking = (both["reorder_point"] - between - position).clip(lower=0.0).where(stocked, 0.0)
    state = np.select(
        [unknown.to_numpy(), ((excess > 0) & ~stocked).to_numpy(), (excess > 0).to_numpy(), due.to_numpy()],
        [UNJUDGED, IDLE, "above the order-up-to level", DUE],
        "in range",
    )
    apart = are_among(both, supplying) & ~unknown & (state != DUE)
    unjudged = unknown | apart
    table = both.assign(
        inventory_position=position,
        excess=excess.mask(apart),
        excess_value=(excess * both["unit_cost"]).mask(apart),
        shortage=lacking.where(~unjudged),
        shortage_value=(lacking * both["unit_cost"]).where(~unjudged),
        supplying_value=(excess * both["unit_cost"]).where(apart),
        state=np.where(apart, SUPPLIES, state),
        reason=both["reason"].where(unknown, "").mask(apart, OWN_ONLY),
    )
    return table[list(kinds.index)].astype(kinds.to_dict()).sort_values(PLACE, ignore_index=True)


def _with_idle(policies: pd.DataFrame, last: pd.DataFrame, costs: pd.DataFrame | None) -> pd.DataFrame:
    """Return the policies, and rows without levels for places that have stock and none."""
    if costs is None or costs.empty:
        return policies
    keys = pd.MultiIndex.from_frame(costs[PLACE])
    there = pd.MultiIndex.from_frame(last.loc[last["on_hand"] > 0, PLACE])
    asked = costs["asked_for"].to_numpy(dtype=bool) if "asked_for" in costs else np.zeros(len(costs), dtype=bool)
    idle = ~keys.isin(pd.MultiIndex.from_frame(policies[PLACE])) & (asked | keys.isin(there))
    level = np.where(asked, np.nan, 0.0)
    blank = costs[[*PLACE, "unit_cost"]].assign(
        policy=np.where(asked, "", NONE), reorder_point=level, order_up_to=level, reason=NO_LEAD_TIME
    )[idle]
    return pd.concat([policies, blank], ignore_index=True) if len(blank) else policies
