"""Sentences about the policies replayed on held-out history: what they are worth, what they gave, and why."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from segkit.inventory.replay.results import CHEAPEST, EQUAL
from segkit.inventory.replay.rules import OWN, THUMB

_SMALL = 0.001
_WORTH_A_CAUSE = 0.01  # of the units asked for, or of the stock
_CAUSES = {
    "forecast_bias_effect": "other items were asked for than forecast",
    "lead_time_effect": "lead times were others than known when levels were set",
    "lot_effect": "lots, packs and minimum orders did more than the levels expect of them",
    "reset_effect": "levels were set anew",
    "distribution_effect": "demand had another shape and timing, or by chance",
}
_RESET = {
    True: "stock above a level that fell stays until it is sold",
    False: "what a level that rose asks for comes a lead time later",
}


def tell_worth(
    gains: pd.DataFrame, policies: pd.DataFrame, currency: str, days: int, weight: str, timing: str
) -> tuple:
    """Return what the policies are worth against one size for all, or why that is not known."""
    known = gains[gains["rule"] == EQUAL]
    if known.empty or pd.isna(known["fill_rate"].iloc[0]):
        unsized = policies["order_up_to"].isna()
        why = timing or "the history is too short to replay"
        if len(known):
            why = f"nothing is known of {weight}, by which service is weighted (policies.service_weight)"
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
        verdict = f"{money(row['stock_saved'], currency)} less tied up for the same service"
    elif pd.notna(high) and high < 0:
        verdict = "so differentiation does not pay as these rules have it"
    return "policies_worth", f"{served} with {amount}: {verdict}.", share, "share"


def tell_cheapest(gains: pd.DataFrame, currency: str) -> tuple | None:
    """Return what the policies save against the cheapest single target; None where it is not known."""
    known = gains[(gains["rule"] == CHEAPEST) & gains[["cost_saved", "other_fill_rate"]].notna().all(axis=1)]
    if known.empty:
        return None
    row = known.iloc[0]
    saved = row["cost_saved"]
    way = "less" if saved >= 0 else "more"
    span = _tell_span(saved, row["cost_low"], row["cost_high"], lambda end: money(end, currency))
    chance = (
        ", which chance alone may give"
        if pd.notna(row["cost_low"]) and row["cost_low"] <= 0 <= row["cost_high"]
        else ""
    )
    sentence = (
        f"Shortages, holding and orders together cost {money(abs(saved), currency)} a year {way}{span} than with the "
        f"one target for all that was cheapest in hindsight and served {row['other_fill_rate']:.1%}{chance}. Amounts "
        "a year are those of the replayed days, scaled to a year."
    )
    return "policies_against_one_size", sentence, saved, "currency"


def tell_thumb(gains: pd.DataFrame, currency: str) -> tuple | None:
    """Return what the policies save against the rule of thumb; None where it is not known."""
    known = gains[(gains["rule"] == THUMB) & gains[["cost_saved", "other_fill_rate"]].notna().all(axis=1)]
    if known.empty:
        return None
    row = known.iloc[0]
    saved = row["cost_saved"]
    way = "less" if saved >= 0 else "more"
    span = _tell_span(saved, row["cost_low"], row["cost_high"], lambda end: money(end, currency))
    sentence = (
        f"Shortages, holding and orders cost {money(abs(saved), currency)} a year {way} than under the rule of thumb"
        f"{span}, which served {row['other_fill_rate']:.1%} with "
        f"{money(row['other_stock_value'], currency)} of stock against {money(row['stock_value'], currency)}."
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


def tell_held(replay: pd.DataFrame, gap: pd.DataFrame) -> tuple | None:
    """Return the fill rate (P2) beside what levels were to give, and why; None where it is not known."""
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


def tell_stock_held(gap: pd.DataFrame, currency: str) -> tuple | None:
    """Return what stock lay there beside what levels were to leave, and why; None where it is not known."""
    known = gap[(gap["entity"] == "all") & (gap["measure"] == "stock_value") & (gap["expected"] > 0)]
    if known.empty:
        return None
    row = known.iloc[0]
    off = row["achieved"] / row["expected"] - 1.0
    cause = ""
    if abs(off) > _WORTH_A_CAUSE:
        name = _main_cause(row)
        part = 100 * row[name] / row["expected"]
        cause = f": {100 * off:+.0f} %, of which {part:+.0f} % because {_because(name, part)}"
    sentence = (
        f"On average {money(row['achieved'], currency)} of stock was on hand; the levels were to leave "
        f"{money(row['expected'], currency)}{cause}."
    )
    return "stock_held", sentence, row["achieved"], "currency"


def _tell_cause(gap: pd.DataFrame, bias: float) -> str:
    """Return the cause that moved service most in the direction in which it is off, and by how much."""
    if gap.empty or gap[list(_CAUSES)].isna().any(axis=None):
        return ""
    row = gap.iloc[0]
    off, name = row["achieved"] - row["expected"], _main_cause(row)
    words = _because(name, row[name])
    came = 1.0 / (1.0 + bias) - 1.0 if bias > -1 else np.nan  # on what was forecast
    if name == "forecast_bias_effect" and came * off < 0:
        words = f"{abs(came):.0%} {'more' if came > 0 else 'less'} was asked for than forecast"
    return f": {100 * off:+.1f} points, of which {100 * row[name]:+.1f} because {words}"


def _because(name: str, effect: float) -> str:
    """Return a cause in words that fit the sign of its effect on service or stock."""
    return f"{_CAUSES[name]}: {_RESET[effect >= 0]}" if name == "reset_effect" else _CAUSES[name]


def _main_cause(row: pd.Series) -> str:
    """Return the cause that moved a measure most in the direction in which it is off."""
    way = np.sign(row["achieved"] - row["expected"])
    return max(_CAUSES, key=lambda cause: row[cause] * way)


def tell_left_out(left: pd.DataFrame, replay: pd.DataFrame) -> tuple | None:
    """Return what is not replayed and why; None where all is."""
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


def money(value: float, currency: str) -> str:
    """Return an amount in words."""
    return f"{currency} {value:,.0f}"
