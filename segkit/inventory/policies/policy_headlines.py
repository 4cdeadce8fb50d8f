"""What a director reads of the policies: sentences, each with the one figure it stands on, computed from the data."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.policies.decisions import DUE, UNJUDGED
from segkit.inventory.policies.policy_overrides import reaches_a_place
from segkit.inventory.policies.sizing import NONE
from segkit.inventory.replay.results import CHEAPEST, EQUAL
from segkit.inventory.replay.rules import OWN, THUMB

STEP = "2_inventory_policies"
_WORTH_A_WORD = 0.5  # currency a year
_SMALL = 0.001
_TOP = 10  # decisions told together
_WORTH_A_CAUSE = 0.01  # of the units asked for
_CAUSES = {
    "forecast_bias_effect": "other items were asked for than forecast",
    "lead_time_effect": "lead times were others than known when levels were set",
    "lot_effect": "lots, packs and minimum orders did more than the levels expect of them",
    "distribution_effect": "demand had another shape and timing, or by chance",
}


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


def tell_policies(tables: PolicyTables, *, currency: str, days: int, weight: str, timing: str = "") -> pd.DataFrame:
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
            _tell_worth(tables.replay_gain, tables.policies, currency, days, weight, timing),
            _tell_cheapest(tables.replay_gain, currency),
            _tell_thumb(tables.replay_gain, currency),
            ("replay_times", timing, np.nan, "") if timing and len(tables.replay) else None,
            _tell_held(tables.replay, tables.replay_gap),
            _tell_left_out(tables.replay_left_out, tables.replay),
            _tell_levels(tables.policies, currency),
            _tell_idle(tables.policy_overrides, tables.policy_rules),
            _tell_price(tables.segmentation_price, currency),
            _tell_stock(tables.stock_position, currency),
            _tell_decision(tables.policy_decisions, currency),
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


def _tell_worth(
    gains: pd.DataFrame, policies: pd.DataFrame, currency: str, days: int, weight: str, timing: str
) -> tuple:
    known = gains[gains["rule"] == EQUAL]
    if known.empty or pd.isna(known["fill_rate"].iloc[0]):
        unsized = policies["order_up_to"].isna()
        why = timing or "the history is too short to replay"
        if len(known):
            why = f"nothing is known of {weight}, by which service is weighted"
        if not (policies["order_up_to"] > 0).any():
            why = policies.loc[unsized, "reason"].mode().iloc[0] if unsized.any() else "nothing is stocked"
        return "policies_worth", f"What the policies are worth is not known: {why}.", np.nan, ""
    row = known.iloc[0]
    served = (
        f"Replayed on {days} held-out days, which they did not know, differentiated policies served "
        f"{row['fill_rate']:.1%} of {weight}"
    )
    if row["other_stock_value"] == 0:
        return "policies_worth", f"{served}; what stock is worth is not known.", row["fill_rate"], "share"
    if pd.isna(row["stock_saved_share"]):
        targets = gains.loc[~gains["rule"].isin([EQUAL, CHEAPEST, THUMB]), "other_fill_rate"]
        less = row["fill_rate"] < targets.min()
        than = "every single target for all that was replayed serves more" if less else ""
        than = than or "no single target for all that was replayed serves as much"
        sentence = f"{served}; {than}, so they cannot be compared."
        return "policies_worth", sentence, row["fill_rate"], "share"
    low, high, share = row["share_low"], row["share_high"], row["stock_saved_share"]
    span = _tell_span(share, low, high, lambda end: f"{end:.0%}")
    amount = f"{abs(share):.0%} {'less' if share >= 0 else 'more'} stock value than one size for all{span}"
    verdict = "which chance alone may give"
    if pd.notna(low) and low > 0:
        verdict = f"{_money(row['stock_saved'], currency)} less tied up for the same service"
    elif pd.notna(high) and high < 0:
        verdict = "so differentiation does not pay as these rules have it"
    return "policies_worth", f"{served} with {amount}: {verdict}.", share, "share"


def _tell_cheapest(gains: pd.DataFrame, currency: str) -> tuple | None:
    known = gains[(gains["rule"] == CHEAPEST) & gains[["cost_saved", "other_fill_rate"]].notna().all(axis=1)]
    if known.empty:
        return None
    row = known.iloc[0]
    saved = row["cost_saved"]
    way = "less" if saved >= 0 else "more"
    chance = " (no more than chance)" if pd.notna(row["cost_low"]) and row["cost_low"] <= 0 <= row["cost_high"] else ""
    sentence = (
        f"Shortages, holding and orders together cost {_money(abs(saved), currency)} a year {way} than with the one "
        f"target for all that was cheapest in hindsight{chance}, which served {row['other_fill_rate']:.1%}."
    )
    return "policies_against_one_size", sentence, saved, "currency"


def _tell_thumb(gains: pd.DataFrame, currency: str) -> tuple | None:
    known = gains[(gains["rule"] == THUMB) & gains[["cost_saved", "other_fill_rate"]].notna().all(axis=1)]
    if known.empty:
        return None
    row = known.iloc[0]
    saved = row["cost_saved"]
    way = "less" if saved >= 0 else "more"
    span = _tell_span(saved, row["cost_low"], row["cost_high"], lambda end: _money(end, currency))
    sentence = (
        f"Shortages, holding and orders cost {_money(abs(saved), currency)} a year {way} than under the rule of thumb"
        f"{span}, which served {row['other_fill_rate']:.1%} with "
        f"{_money(row['other_stock_value'], currency)} of stock against {_money(row['stock_value'], currency)}."
    )
    return "policies_against_thumb", sentence, saved, "currency"


def _tell_span(saved: float, low: float, high: float, tell: Callable[[float], str]) -> str:
    """Return the interval of a saving in the sense of the word before it, "less" or "more"; blank where not known."""
    if pd.isna(low):
        return ""
    ends = (low, high) if saved >= 0 else (high, low)
    words = ["less" if end >= 0 else "more" for end in ends]
    first, last = (tell(abs(end)) for end in ends)
    return f" (90 % interval {first}{'' if words[0] == words[1] else ' ' + words[0]} to {last} {words[1]})"


def _tell_held(replay: pd.DataFrame, gap: pd.DataFrame) -> tuple | None:
    known = replay[(replay["rule"] == OWN) & (replay["entity"] == "all") & replay["expected_fill_rate"].notna()]
    if known.empty:
        return None
    row = known.iloc[0]
    cause = ""
    if abs(row["fill_rate"] - row["expected_fill_rate"]) > _WORTH_A_CAUSE:
        cause = _tell_cause(gap[(gap["entity"] == "all") & (gap["measure"] == "fill_rate")], row["forecast_bias"])
    sentence = (
        f"Of the units asked for, {row['fill_rate']:.1%} were met from stock (fill rate, P2); the levels were to give "
        f"{row['expected_fill_rate']:.1%}{cause}."
    )
    return "service_held", sentence, row["fill_rate"], "share"


def _tell_cause(gap: pd.DataFrame, bias: float) -> str:
    """Return the cause that moved service most in the direction in which it is off, and by how much."""
    if gap.empty or gap[list(_CAUSES)].isna().any(axis=None):
        return ""
    row = gap.iloc[0]
    off = row["achieved"] - row["expected"]
    name = max(_CAUSES, key=lambda cause: row[cause] * np.sign(off))
    words = _CAUSES[name]
    came = 1.0 / (1.0 + bias) - 1.0 if bias > -1 else np.nan  # on what was forecast
    if name == "forecast_bias_effect" and came * off < 0:
        words = f"{abs(came):.0%} {'more' if came > 0 else 'less'} was asked for than forecast"
    return f": {100 * off:+.1f} points, of which {100 * row[name]:+.1f} because {words}"


def _tell_left_out(left: pd.DataFrame, replay: pd.DataFrame) -> tuple | None:
    if left.empty:
        return None
    judged = replay.loc[(replay["rule"] == OWN) & (replay["entity"] == "all"), "demand"].sum()
    asked = left["demand"].sum()
    reasons = left["reason"].value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    why = [(f"{count:,} because ", reason.removeprefix("not sized: ")) for reason, count in reasons.head(3).items()]
    causes = why[0][1] if len(reasons) == 1 else ", ".join(count + reason for count, reason in why)
    part = asked / (asked + judged) if asked + judged > 0 else 0.0
    share = f"{part:.1%}" if part >= _SMALL or not part else "less than 0.1%"
    one = len(left) == 1
    sentence = (
        f"{len(left):,} item-location{'' if one else 's'}, of which {asked:,.0f} units were asked for ({share} of all)"
        f", {'is' if one else 'are'} not replayed{' because ' if len(reasons) == 1 else ': '}{causes}."
    )
    return "replay_left_out", sentence, asked, "units"


def _tell_levels(policies: pd.DataFrame, currency: str) -> tuple:
    unsized = policies["order_up_to"].isna()
    none = (policies["policy"] == NONE) & ~unsized
    value = policies["stock_value"].sum()
    why = ""
    if unsized.any():
        first = policies.loc[unsized, "reason"].mode().iloc[0]
        count = int(unsized.sum())
        why = f"; {count:,} {'is' if count == 1 else 'are'} {first}"
    sentence = (
        f"{len(policies):,} item-locations have a policy: {int((~none & ~unsized).sum()):,} are stocked, with "
        f"{_money(value, currency)} expected on hand, {int(none.sum()):,} are not{why}."
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


def _tell_price(price: pd.DataFrame, currency: str) -> tuple | None:
    known = price[price["price_ratio"].notna()].set_index("rule")
    if not {"one target", "segment"} <= set(known.index):
        return None
    one, own = known.loc["one target"], known.loc["segment"]
    better = [name for name in known.index if str(name).startswith("best ") and known.loc[name, "classes"] != 1]
    best = f", {better[0]} {known.loc[better[0], 'price_ratio']:.2f} times" if better else ""
    advice = f" {own['advice']}" if own["advice"] else ""
    sentence = (
        f"At equal service, safety stock chosen by item segment costs {own['price_ratio']:.2f} times the item-level "
        f"optimum ({_money(own['cost'], currency)} a year), one target for all {one['price_ratio']:.2f} times{best}."
        f"{advice}"
    )
    return "price_of_segmentation", sentence, own["price_ratio"], "times"


def _tell_stock(position: pd.DataFrame, currency: str) -> tuple | None:
    if position.empty:
        return None
    over, under = position["excess_value"].sum(), position["shortage_value"].sum()
    unjudged = int((position["state"] == UNJUDGED).sum())
    rest = f"; {unjudged:,} have no levels to be judged by" if unjudged else ""
    above, due = int((position["excess"] > 0).sum()), int((position["state"] == DUE).sum())
    late = f"{_money(under, currency)} are late: below the reorder point by more than a review's demand"
    sentence = (
        f"Stock above the order-up-to level is worth {_money(over, currency)} ({above:,} item-locations); {due:,} are "
        f"to be ordered, of which {late}{rest}."
    )
    return "stock_out_of_range", sentence, over, "currency"


def _tell_decision(decisions: pd.DataFrame, currency: str) -> tuple | None:
    if decisions.empty or not decisions["yearly_saving"].abs().max() >= _WORTH_A_WORD:
        return None
    row, top = decisions.iloc[0], decisions["yearly_saving"].head(_TOP)
    every, some, first = (
        f"save {_money(saved, currency)}" if saved >= 0 else f"cost {_money(-saved, currency)} more"
        for saved in (row["all_saving"], top.sum(), row["yearly_saving"])
    )
    part = f", the {len(top)} that move most money to {some}" if len(decisions) > len(top) else ""
    sentence = (
        f"Against one size with equal expected service, all decisions together are expected to {every} a year{part}; "
        f"first {row['item_id']} at {row['location_id']}: {row['decision']}, to {first}."
    )
    return "largest_decision", sentence, row["yearly_saving"], "currency"


def _money(value: float, currency: str) -> str:
    return f"{currency} {value:,.0f}"
