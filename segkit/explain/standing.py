"""How an item or customer stands: why it earns what it earns, its classes over time, where it sells, what is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.dynamics.causes.cause_names import CAUSES
from segkit.dynamics.classes.micro import assign_micro_segments, mark_segments
from segkit.dynamics.lines.values import last_months
from segkit.dynamics.story.watch_words import say_cause
from segkit.explain.explanation import Step, figure
from segkit.explain.lines import Chosen, select_rows

if TYPE_CHECKING:
    from segkit.plan.story import Story

UNKNOWN = "Nothing is known of it here."


def trace_standing(plan: Story, entity: str, chosen: Chosen) -> list[Step]:
    """Return the steps from the value of an item or customer to what wants a decision.

    Parameters
    ----------
    plan : Story
        Whose tables are asked.
    entity : str
        item or customer.
    chosen : dict
        item_id and customer_id; the one of the entity is set.

    Returns
    -------
    list of Step
        margin_causes, losing_pairs, seasonality (of an item), segment_history, segment_confidence, migration,
        micro_segments, watch_list.
    """
    steps = [_step(plan, "margin_causes", entity, chosen, _tell_causes), _losing_pairs(plan, entity, chosen)]
    if entity == "item":
        steps.append(_step(plan, "seasonality", entity, chosen, _tell_season))
    return [
        *steps,
        _step(plan, "segment_history", entity, chosen, _tell_history),
        _step(plan, "segment_confidence", entity, chosen, _tell_confidence),
        _step(plan, "migration", entity, chosen, _tell_moves, none="It has not moved from one class to another."),
        _micro_segments(plan, entity, chosen),
        _step(plan, "watch_list", entity, chosen, _tell_watch, none="It is not on the watch list."),
    ]


def _step(plan: Story, name: str, entity: str, chosen: Chosen, tell, *, none: str = UNKNOWN) -> Step:
    table = getattr(plan, name)
    own = (table["entity"] == entity) & (table["entity_id"] == chosen[f"{entity}_id"])
    rows = table[own.to_numpy(dtype=bool)].reset_index(drop=True)
    return Step(name, tell(rows, plan) if len(rows) else none, rows)


def _tell_causes(rows: pd.DataFrame, plan: Story) -> str:
    """Return the way from the normal margin to the own, cause by cause; the parts add up as they are written."""
    row = rows.iloc[0]
    if np.isnan(row["net_margin"]) or np.isnan(row["normal_margin"]):
        return "Why it earns what it earns is unknown: a cost is missing."
    effects = sorted(((row[name], cause) for name, cause in CAUSES.items()), key=lambda one: -abs(one[0]))
    told = [(amount, cause) for amount, cause in effects if abs(amount) >= 0.5]
    rest = sum(amount for amount, _ in effects) - sum(round(amount, 2) for amount, _ in told)
    parts = [f"{cause} {amount:+,.2f}" for amount, cause in told]
    parts += [f"the rest {rest:+,.2f}"] if abs(rest) >= 0.005 else []
    remedy = f" Remedy: {row['remedy']}." if row["remedy"] else ""
    return (
        f"On the terms of peers that earn, the same sales would leave {plan.currency} {row['normal_margin']:,.2f}; "
        f"{', '.join(parts) or 'nothing else'}: net margin {row['net_margin']:,.2f}.{remedy}"
    )


def _losing_pairs(plan: Story, entity: str, chosen: Chosen) -> Step:
    other = {"item": "customer", "customer": "item"}[entity]
    rows = select_rows(plan.losing_pairs, {name: chosen[name] for name in ("item_id", "customer_id")})
    if rows.empty:
        return Step("losing_pairs", f"It loses money with no {other}.", rows)
    rows = rows.sort_values(["net_margin", f"{other}_id"], ignore_index=True)
    worst, count = rows.iloc[0], len(rows)
    return Step(
        "losing_pairs",
        f"It loses money with {count:,} {other}{'s' * (count != 1)}, {plan.currency} "
        f"{-rows['net_margin'].sum():,.2f} together; most with {worst[f'{other}_id']} "
        f"({-worst['net_margin']:,.2f}{', mostly through ' + worst['main_cause'] if worst['main_cause'] else ''}).",
        rows,
    )


def _tell_season(rows: pd.DataFrame, _: Story) -> str:
    row = rows.iloc[0]
    if np.isnan(row["seasonal_strength"]):
        return f"No season or trend can be told: {row['reason']}."
    found = "seasonal" if row["is_seasonal"] else "no more of a season than chance gives"
    return (
        f"Strength of season {row['seasonal_strength']:.2f}, of trend {row['trend_strength']:.2f} over "
        f"{row['periods']:,} periods: {found}."
    )


def _tell_history(rows: pd.DataFrame, _: Story) -> str:
    rows = rows.sort_values("known_on", ignore_index=True).replace(
        {"abc": {"": "no class"}, "stable_abc": {"": "none"}}
    )
    months = rows["abc"].value_counts()
    ranked = sorted(months.items(), key=lambda one: (-one[1], one[0]))
    moved = rows[(rows["stable_abc"] != rows["stable_abc"].shift()).to_numpy(dtype=bool)].iloc[1:]
    last = rows.iloc[-1]
    way = ", ".join(f"{row.stable_abc} from {row.known_on:%Y-%m}" for row in moved.itertuples())
    steady = f"{rows['stable_abc'].iloc[0]}, then {way}" if way else f"{last['stable_abc']} all the time"
    return (
        f"{len(rows)} months known: {', '.join(f'{name} in {count}' for name, count in ranked)}. "
        f"When moves count only once they are confirmed: {steady}."
    )


def _tell_confidence(rows: pd.DataFrame, _: Story) -> str:
    row = rows.iloc[0]
    if not row["abc"]:
        return "It has no class."
    other = f"; {row['runner_up']} in {row['runner_up_share']:.0%}" if row["runner_up"] else ""
    return f"Class {row['abc']} in {row['confidence']:.0%} of the draws{other}."


def _tell_moves(rows: pd.DataFrame, plan: Story) -> str:
    rows = rows.sort_values("known_on", ignore_index=True)
    told = [
        f"{row.from_class} to {row.to_class} by {row.known_on:%Y-%m-%d} ({plan.currency} {row.change:+,.0f}"
        f"{say_cause(row.cause)}{'' if row.confirmed else '; not confirmed'})"
        for row in rows.itertuples()
    ]
    return f"{len(rows)} move{'s' * (len(rows) != 1)}: {'; '.join(told)}."


def _micro_segments(plan: Story, entity: str, chosen: Chosen) -> Step:
    window = last_months(plan.order_lines, plan.as_of, plan.settings.segments.window_months)
    own = select_rows(window, {name: chosen[name] for name in ("item_id", "customer_id")})
    rules = plan.settings.micro_segments
    marked = mark_segments(own, plan.customer_segments, plan.item_segments, rules=rules)
    lines = assign_micro_segments(marked, plan.micro_map)
    earned = lines.groupby("micro_segment", observed=True)["net_margin"].sum(skipna=False)
    table = plan.micro_segments
    rows = table[table["micro_segment"].isin(earned.index).to_numpy(dtype=bool)].reset_index(drop=True)
    if rows.empty:
        return Step("micro_segments", "It sold in none in the window.", rows)
    order = sorted(earned.items(), key=lambda one: (-one[1] if one[1] == one[1] else 0.0, one[0]))
    shown = ", ".join(f"{name} ({plan.currency} {figure(amount)})" for name, amount in order[:3])
    verb = "sold" if entity == "item" else "buys"
    more = f" and {len(order) - 3} more" if len(order) > 3 else ""
    count = f"{len(order)} micro-segment{'s' * (len(order) != 1)}"
    return Step("micro_segments", f"It {'is ' if entity == 'item' else ''}{verb} in {count}: {shown}{more}.", rows)


def _tell_watch(rows: pd.DataFrame, _: Story) -> str:
    rows = rows.sort_values("rank")
    return " ".join(f"Place {row.rank}: {row.sentence}" for row in rows.itertuples())
