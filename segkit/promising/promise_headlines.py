"""The headlines of allocation and promising: what a director reads first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising

STEP = "4_allocation_and_promising"
_FIRST, _BOUND, _ALL = "first come", "perfect hindsight", "(all)"
_RULES = {
    "first_come": "first come",
    "nested": "nested protection",
    "by_forecast": "fixed quotas",
    "by_margin": "margin quotas",
    "critical_levels": "critical levels",
}


@dataclass(frozen=True)
class PromiseTables:
    """The tables of a plan that the headlines tell of; ``undone_lines`` of the held-out months a return undid.

    ``idle_terms``: quotas and contracts by name for which there is no supply.
    """

    open_orders: pd.DataFrame
    promise_lines: pd.DataFrame
    backorder_run: pd.DataFrame
    promise_reliability: pd.DataFrame
    otif: pd.DataFrame
    rule_contest: pd.DataFrame
    undone_lines: int = 0
    idle_terms: Sequence[str] = ()


def tell_promises(tables: PromiseTables, *, currency: str, rules: Promising) -> pd.DataFrame:
    """Return the headlines of allocation and promising: what a rule is worth on the company's own orders, first.

    Parameters
    ----------
    tables : PromiseTables
        Tables of the plan.
    currency : str
        Of the plan.
    rules : Promising
        ``rule`` that is in force, and holdout_months.

    Returns
    -------
    DataFrame
        ``promise_headlines``; no rows where there are neither orders nor deliveries to tell of.
    """
    told = [
        _tell_contest(tables.rule_contest, currency, rules),
        _tell_best(tables.rule_contest, currency, rules),
        _tell_promised(tables.promise_lines),
        _tell_backorders(tables.backorder_run),
        _tell_reliability(tables.promise_reliability, rules),
        _tell_otif(tables.otif, rules),
        _tell_undone(tables, rules),
        _tell_left_out(tables.open_orders),
        _tell_idle(tables.idle_terms),
    ]
    if not any(told):
        return empty_table("promise_headlines")
    rows = [(STEP, *row) for row in (*told, *_tell_missing(tables)) if row]
    return pd.DataFrame(rows, columns=["step", "headline", "sentence", "value", "unit"]).astype({"value": "float64"})


def _tell_contest(contest: pd.DataFrame, currency: str, rules: Promising) -> tuple | None:
    whole = contest[contest["demand_class"] == _ALL].set_index("rule")
    name = _RULES.get(rules.rule, "")
    if name not in whole.index or name == _FIRST:
        return None
    row = whole.loc[name]
    span = f" (90 % interval {_span(row['gain_low'], row['gain_high'], currency)})"
    way = "more" if row["gain"] >= 0 else "less"
    sure = "" if row["gain_low"] > 0 or row["gain_high"] < 0 else ", which chance alone may give"
    sentence = (
        f"With supply for {rules.contest_supply:.0%} of the last {rules.holdout_months} months' demand, "
        f"{name} would have earned {_money(abs(row['gain']), currency)} {way} than first come, first served"
        f"{span}{sure}."
    )
    return "allocation_gain", sentence, row["gain"], currency


def _tell_best(contest: pd.DataFrame, currency: str, rules: Promising) -> tuple | None:
    whole = contest[(contest["demand_class"] == _ALL) & (contest["rule"] != _BOUND)]
    if whole.empty:
        return None
    best = whole.sort_values(["contribution", "rule"], ascending=[False, True]).iloc[0]
    if best["gain"] <= 1e-9 * abs(best["contribution"]):
        return "best_rule", "No rule replayed earned more than first come, first served.", 0.0, currency
    if best["rule"] == _RULES.get(rules.rule, ""):
        return None
    sentence = f"Of all rules replayed, {best['rule']} earned most"
    share = f", {best['gain_share']:.0%} of what perfect hindsight gains" if pd.notna(best["gain_share"]) else ""
    gain = f": {_money(best['gain'], currency)} more than first come"
    return "best_rule", f"{sentence}{gain}{share}.", best["gain"], currency


def _tell_promised(lines: pd.DataFrame) -> tuple | None:
    if lines.empty:
        return None
    whole = lines["promised_quantity"] >= lines["quantity"] - 1e-9
    on_time = whole & (lines["late_days"] <= 0)
    nothing = (lines["promised_quantity"] <= 0).sum()
    late = int((~on_time).sum() - nothing)
    sentence = (
        f"{on_time.mean():.0%} of {len(lines):,} open order lines are promised in full for the day asked for; "
        f"{late:,} in part or later, {nothing:,} not at all."
    )
    return "promised_on_time", sentence, on_time.mean(), "share"


def _tell_backorders(run: pd.DataFrame) -> tuple | None:
    if run.empty:
        return None
    changed = run["outcome"].value_counts()
    better, worse = (int(changed.get(name, 0)) for name in ("better", "worse"))
    lost = int(changed.get("lost", 0))
    if not better + worse + lost:
        sentence = f"Confirming open orders anew by segment would change none of them: {_why_unchanged(run)}."
        return "backorder_run", sentence, 0.0, "lines"
    sentence = (
        f"Confirming open orders anew by segment would serve {better:,} better, and {worse + lost:,} worse; it is a "
        "dry run for a person to approve."
    )
    return "backorder_run", sentence, float(better), "lines"


def _why_unchanged(run: pd.DataFrame) -> str:
    """Return what keeps a backorder run from changing anything."""
    place = ["item_id", "location_id"]
    short = run[~run["on_requested_before"].astype(bool)]
    if short.empty:
        return "every line has all that it asks for, on the day it asks for it"
    held = (run["confirmed_before"] > 0).groupby([run[name] for name in place]).sum()
    others = (
        held.reindex(pd.MultiIndex.from_frame(short[place])).to_numpy() - (short["confirmed_before"] > 0).to_numpy()
    )
    shared = int((others > 0).sum())
    lines = f"of {len(short):,} that do not get all on the day asked for"
    if not shared:
        return f"{lines}, none shares its item and location with another open line that holds any"
    share = "shares" if shared == 1 else "share"
    may = "may take none of it, or none sooner"
    return f"{lines}, {shared:,} {share} item and location with others that hold some, and {may}"


def _tell_undone(tables: PromiseTables, rules: Promising) -> tuple | None:
    if not tables.undone_lines or (tables.otif.empty and tables.promise_reliability.empty):
        return None
    sentence = (
        f"{tables.undone_lines:,} order lines of the last {rules.holdout_months} months that a return undid count "
        "neither among the dates kept nor on time, in full."
    )
    return "undone_lines", sentence, float(tables.undone_lines), "lines"


def _tell_idle(names: Sequence[str]) -> tuple | None:
    if not names:
        return None
    shown = ", ".join(f"promising.{name}" for name in names[:3]) + (" and others" if len(names) > 3 else "")
    sentence = (
        "Stated quotas or contracts count for nothing now, as there is no supply for them or their day is over: "
        f"{len(names):,} ({shown})."
    )
    return "idle_terms", sentence, float(len(names)), "terms"


def _tell_reliability(kept: pd.DataFrame, rules: Promising) -> tuple | None:
    whole = kept[kept["entity"] == "all"].sort_values("promised_reliability")
    whole = whole[whole["lines"] > 0]
    if whole.empty:
        return None
    parts = [
        f"{row.kept:.1%} of those at {row.promised_reliability:.0%}"  # type: ignore[attr-defined]
        for row in whole.itertuples()
    ]
    off = (whole["frequency"] - whole["promised_reliability"]).abs().max()
    sentence = (
        f"Dates promised month by month from earlier deliveries were kept in {_listed(parts)} "
        f"({int(whole['lines'].max()):,} lines of the last {rules.holdout_months} months). Days are whole; what came "
        f"on the promised day counted only as far as the promise needs it, they are off by up to {off:.1%}."
    )
    return "promise_reliability", sentence, off, "share"


def _tell_otif(otif: pd.DataFrame, rules: Promising) -> tuple | None:
    rows = otif[(otif["entity"] == "all") & otif["otif"].notna()]
    if rows.empty:
        return None
    low, high = rows.loc[rows["otif"].idxmin()], rows.loc[rows["otif"].idxmax()]
    span = f"from {low['otif']:.1%} to {high['otif']:.1%} in the last {rules.holdout_months} months"
    ways = "; ".join(
        f"{row['counted_by']}s against the {row['measured_against']} day, window {row['window']}" for row in (low, high)
    )
    sentence = f"On time, in full was anything {span}, by definition: {ways}."
    return "otif", sentence, high["otif"] - low["otif"], "share"


def _tell_left_out(opened: pd.DataFrame) -> tuple | None:
    stale = int((opened["left_out"] != "").sum())
    if not stale:
        return None
    return (
        "stale_orders",
        f"{stale:,} open order lines are so old that nothing is promised to them.",
        float(stale),
        "lines",
    )


def _tell_missing(tables: PromiseTables) -> Iterator[tuple]:
    """Yield what the page cannot tell, and the columns that it would take."""
    if tables.open_orders.empty:
        needed = "status open, or shipped_date or delivered_date blank where other lines have one"
        yield "no_open_orders", f"No order line is known to be open ({needed}): none is promised here.", 0.0, "lines"
    if tables.promise_reliability.empty and tables.otif.empty:
        needed = "delivered_date beside promised_date or requested_date"
        yield "no_deliveries", f"No deliveries are known ({needed}): no promised date is judged.", 0.0, "lines"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _money(amount: float, currency: str) -> str:
    return f"{currency} {amount:,.0f}"


def _span(low: float, high: float, currency: str) -> str:
    told = f"{currency} {low:,.0f} to {high:,.0f}".replace("-", "\u2212")
    return "unknown" if np.isnan(low) or np.isnan(high) else told
