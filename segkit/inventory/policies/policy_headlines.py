"""What a director reads of the policies: sentences, each with the one figure it stands on, computed from the data."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.policies import remarks, replay_headlines
from segkit.inventory.policies.decisions import DUE, IDLE, SUPPLIES, UNJUDGED
from segkit.inventory.policies.policy_overrides import reaches_a_place
from segkit.inventory.policies.replay_headlines import money
from segkit.inventory.policies.sizing import NONE

NOW = "now"  # rule of what the policies are
STEP = "2_inventory_policies"
_WORTH_A_WORD = 0.5  # currency a year
_TOP = 10  # decisions told together


@dataclass(frozen=True)
class PolicyTables:
    """The tables behind the headlines."""

    policies: pd.DataFrame
    replay: pd.DataFrame
    replay_gain: pd.DataFrame
    segmentation_price: pd.DataFrame
    stock_position: pd.DataFrame
    policy_decisions: pd.DataFrame
    policy_rules: pd.DataFrame
    replay_left_out: pd.DataFrame
    replay_gap: pd.DataFrame
    policy_overrides: pd.DataFrame


NAMES = tuple(field.name for field in fields(PolicyTables))


def tell_policies(
    tables: PolicyTables,
    *,
    currency: str,
    days: int,
    weight: str,
    timing: str = "",
    rate: str = "",
    moved: Sequence[tuple | None] = (),
) -> pd.DataFrame:
    """Return the headlines of the policies: what they are worth on held-out history, first.

    Parameters
    ----------
    tables : PolicyTables
        Tables of the plan.
    currency : str
        Of the plan.
    days : int
        Days that were judged.
    weight : str
        What service is weighted by, for the words.
    timing : str
        Why the history cannot be replayed in its steps, if so; else what the replay assumes of lead times and reviews.
    rate : str
        At what demand rate amounts a year are expected, from `tell_rate`.
    moved : sequence of tuple, optional
        What moved the levels or holds them back, such as `tell_moved_lead_times` tells it.

    Returns
    -------
    DataFrame
        ``policy_headlines``; no rows where there are no item-locations.
    """
    if tables.policies.empty and tables.policy_rules.empty:
        return empty_table("policy_headlines")
    told = (
        [_tell_untimed(tables.policy_rules)]
        if tables.policies.empty
        else [
            replay_headlines.tell_worth(tables.replay_gain, tables.policies, currency, days, weight, timing),
            replay_headlines.tell_cheapest(tables.replay_gain, currency),
            replay_headlines.tell_thumb(tables.replay_gain, currency),
            ("replay_times", timing, np.nan, "") if timing and len(tables.replay) else None,
            replay_headlines.tell_held(tables.replay, tables.replay_gap),
            replay_headlines.tell_stock_held(tables.replay_gap, currency),
            replay_headlines.tell_left_out(tables.replay_left_out, tables.replay),
            _tell_levels(tables.policies, currency),
            remarks.tell_supplying(tables.policies, tables.replay),
            *moved,
            _tell_idle(tables.policy_overrides, tables.policy_rules),
            _tell_price(tables.segmentation_price, currency, replayed=len(tables.replay) > 0),
            _tell_stock(tables.stock_position, currency),
            _tell_decision(tables.policy_decisions, currency, rate),
        ]
    )
    rows = [(STEP, *row) for row in told if row]
    return pd.DataFrame(rows, columns=["step", "headline", "sentence", "value", "unit"]).astype({"value": "float64"})


def _tell_untimed(rules: pd.DataFrame) -> tuple:
    sentence = (
        f"None of {len(rules):,} item-locations can be given a policy: no lead time is known. Give purchases, "
        "items.lead_time_days, or forecasts.lead_time_days in segkit.toml (and assume.holding_rate, if not there)."
    )
    return "policies_worth", sentence, np.nan, ""


def _tell_levels(policies: pd.DataFrame, currency: str) -> tuple:
    unsized = policies["order_up_to"].isna()
    none = (policies["policy"] == NONE) & ~unsized
    stocked = ~none & ~unsized
    value = policies.loc[stocked, "stock_value"].sum(min_count=1) if stocked.any() or unsized.any() else 0.0
    count, first = int(unsized.sum()), policies.loc[unsized, "reason"].mode()
    if unsized.all():
        sentence = f"None of {len(policies):,} item-locations has levels; most are {first.iloc[0]}."
        return "policies_set", sentence, np.nan, ""
    why = f"; {count:,} {'is' if count == 1 else 'are'} {first.iloc[0]}" if count else ""
    worth = ""
    if stocked.any():
        known = policies.loc[stocked, "stock_value"]
        lacking = f" (of {int(known.isna().sum()):,} it is not known)" if known.isna().any() else ""
        worth = f", with {money(known.sum(), currency)} expected on hand{lacking},"
        worth = ", with an expected stock on hand whose worth is not known," if known.isna().all() else worth
    sentence = (
        f"{len(policies):,} item-locations have a policy: {int(stocked.sum()):,} are stocked"
        f"{worth or ' and'} {int(none.sum()):,} are not{why}."
    )
    return "policies_set", sentence, value, "currency"


def _tell_idle(by_hand: pd.DataFrame, rules: pd.DataFrame) -> tuple | None:
    """Return what a person set and nothing follows: there is no such item-location."""
    idle = by_hand[~reaches_a_place(by_hand, rules)]
    if idle.empty:
        return None
    first = idle.sort_values(["item_id", "location_id"], na_position="first").iloc[0]
    where = "all locations" if pd.isna(first["location_id"]) else first["location_id"]
    sentence = (
        f"{len(idle):,} of {len(by_hand):,} policies set by a person have no effect: nobody asked for such an item at "
        f"such a place, first {first['item_id']} at {where}. Mend the ids in policy_overrides."
    )
    return "overrides_without_effect", sentence, len(idle), "overrides"


def _tell_price(price: pd.DataFrame, currency: str, *, replayed: bool) -> tuple | None:
    known = price[price["price_ratio"].notna()].set_index("rule")
    if not {"one target", "segment"} <= set(known.index):
        return None
    one, own = known.loc["one target"], known.loc["segment"]
    better = [name for name in known.index if str(name).startswith("best ") and known.loc[name, "classes"] != 1]
    best = f", {better[0]} {known.loc[better[0], 'price_ratio']:.2f} times" if better else ""
    advice = f" {own['advice']}" if own["advice"] else ""
    now = ""
    if NOW in known.index:
        measured = " (what the replay tells was measured on held-out days)" if replayed else ""
        now = f" At levels now {known.loc[NOW, 'fill_rate']:.1%} are expected of the coming demand{measured}."
    sentence = (
        f"Stock chosen by item segment costs {money(own['cost'], currency)} a year to hold, {own['price_ratio']:.2f} "
        f"times the item-level optimum of the same service; one target for all costs {one['price_ratio']:.2f} times "
        f"the optimum of its own{best}."
        f"{now}{advice}"
    )
    return "price_of_segmentation", sentence, own["price_ratio"], "times"


def _tell_stock(position: pd.DataFrame, currency: str) -> tuple | None:
    if position.empty:
        return None
    value, excess, late = (position[name] for name in ("excess_value", "excess", "shortage_value"))
    idle, above = position["state"] == IDLE, excess > 0
    coming = (value * np.minimum(excess, position["on_order"]) / excess.where(above)).sum()
    parts = [
        f"Stock on hand and on order above the order-up-to level is worth {_known(value[above & ~idle], currency)} "
        f"({int((above & ~idle).sum()):,} item-locations)",
        f", and where nothing is to be stocked {_known(value[idle], currency)} ({int(idle.sum()):,})",
        f"; {money(coming, currency)} of it is still on order",
        f". {int((position['state'] == DUE).sum()):,} item-locations are to be ordered; those below the reorder point "
        f"by more than a review's demand lack {_known(late[position['state'] == DUE], currency)}",
    ]
    unjudged = int((position["state"] == UNJUDGED).sum())
    rest = f". {unjudged:,} have no levels to be judged by" if unjudged else ""
    apart = position["state"] == SUPPLIES
    others = money(position["supplying_value"].sum(), currency)
    parts.insert(
        3,
        f". At locations that supply others {others} more lies above levels that count only customers of their "
        f"own: not judged ({int(apart.sum()):,} item-locations)",
    )
    shown = [True, bool(idle.any()), coming >= _WORTH_A_WORD, bool(apart.any()), True]
    sentence = "".join(part for part, told in zip(parts, shown, strict=True) if told) + rest + "."
    return "stock_out_of_range", sentence, value.sum(min_count=1), "currency"


def _known(values: pd.Series, currency: str) -> str:
    """Return an amount in words; of rows without any figure it is not known, of no rows it is nothing."""
    if len(values) and values.isna().all():
        return "an amount that is not known"
    return money(values.sum(), currency)


def _tell_decision(decisions: pd.DataFrame, currency: str, rate: str) -> tuple | None:
    if decisions.empty or not decisions["yearly_saving"].abs().max() >= _WORTH_A_WORD:
        return None
    row, top = decisions.iloc[0], decisions["yearly_saving"].head(_TOP)
    every, some, first = (
        f"save {money(saved, currency)}" if saved >= 0 else f"cost {money(-saved, currency)} more"
        for saved in (row["all_saving"], top.sum(), row["yearly_saving"])
    )
    part = f", the {len(top)} that move most money to {some}" if len(decisions) > len(top) else ""
    sentence = (
        f"Against one size with equal expected service, all decisions together are expected to {every} a year"
        f"{rate and ' ' + rate}{part}; first {row['item_id']} at {row['location_id']}: {row['decision']}, to {first}."
    )
    return "largest_decision", sentence, row["yearly_saving"], "currency"
