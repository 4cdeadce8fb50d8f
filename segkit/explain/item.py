"""One item's way from its order lines to every result so far: the rows behind each figure, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.explain.explanation import Explanation, Step, figure
from segkit.explain.lines import Chosen, select_rows, trace_lines
from segkit.explain.standing import trace_standing

if TYPE_CHECKING:
    from segkit.plan.story import Story

_DEMAND = ("demand", "demand_profile", "item_profile")
_SEEN = 0.05  # units
_AHEAD = ("forecast", "protection_demand", "policies", "safety_stock_causes", "policy_phases")


def explain_item(plan: Story, item_id: str, *, location_id: str | None, customer_id: str | None) -> Explanation:
    """Return the explanation of one item.

    Parameters
    ----------
    plan : Story
        Whose tables are asked.
    item_id : str
        The item.
    location_id, customer_id : str or None
        Keep only this location's or customer's rows, where a table tells them apart.

    Returns
    -------
    Explanation
        One step per table that knows the item.

    Raises
    ------
    DataError
        No order line, used or set aside, names the item (no used one the item and location); near ids are offered.
    """
    chosen: Chosen = {"item_id": item_id, "location_id": location_id, "customer_id": customer_id}
    steps = [
        *trace_lines(plan, chosen),
        *(_step(plan, name, chosen) for name in (*_DEMAND, "item_value", "item_segments")),
        *trace_standing(plan, "item", chosen),
        *(_step(plan, name, chosen) for name in ("lead_times", *_AHEAD)),
    ]
    where = "".join(f", {name} {value}" for name, value in chosen.items() if value and name != "item_id")
    return Explanation(f"Item {item_id}{where}, as of {plan.as_of}", steps)


def _step(plan: Story, name: str, chosen: Chosen) -> Step:
    own = {**chosen, "item_id": _planned_under(plan, chosen["item_id"])} if name in _DEMAND + _AHEAD else chosen
    rows = select_rows(getattr(plan, name), own)
    if rows.empty:
        return Step(name, "Nothing is known of it here.", rows)
    sentence = _TELL[name](rows, plan)
    if own["item_id"] != chosen["item_id"]:
        sentence = f"Planned under its successor {own['item_id']}. {sentence}"
    elif name in _DEMAND and (older := _predecessors(plan, item_id=chosen["item_id"])):
        sentence = f"With the history of {', '.join(older)}, which it replaced. {sentence}"
    return Step(name, sentence, rows)


def _planned_under(plan: Story, item_id: str | None) -> str | None:
    from segkit.dynamics.demand.panel import find_successors

    if plan.settings.items.superseded == "separate":
        return item_id
    return find_successors(plan.items).get(item_id, item_id)


def _predecessors(plan: Story, item_id: str | None) -> list[str]:
    from segkit.dynamics.demand.panel import find_successors

    if plan.settings.items.superseded == "separate":
        return []
    successors = find_successors(plan.items)
    return sorted(successors.index[successors == item_id])


def _tell_demand(rows: pd.DataFrame, _: Story) -> str:
    whole = rows[rows["complete"]]
    return (
        f"{rows['quantity'].sum():,.0f} units in {rows['period'].nunique()} periods "
        f"({whole['period'].nunique()} complete), "
        f"{rows['returned'].sum():,.0f} taken back, {int(rows['censored'].sum())} rows with days out of stock."
    )


def _tell_profile(rows: pd.DataFrame, plan: Story) -> str:
    row, limits = rows.loc[rows["mean_demand"].idxmax()], plan.settings.patterns
    where = f"{len(rows)} series; the largest ({row['location_id']}): " if len(rows) > 1 else ""
    pattern = row["pattern"] or "no pattern (too few periods with demand)"
    return (
        f"{where}{row['mean_demand']:,.2f} units a period, CV {row['cv']:.2f}; ADI {row['adi']:.2f} "
        f"(limit {limits.adi_limit}), CV² {row['cv2']:.2f} (limit {limits.cv2_limit}): {pattern}; "
        f"life cycle: {row['life_cycle']}."
    )


def _tell_value(rows: pd.DataFrame, plan: Story) -> str:
    row = rows.iloc[0]
    window = plan.settings.segments.window_months
    return (
        f"In the last {window} months: revenue {plan.currency} {row['revenue']:,.2f}, "
        f"net margin {figure(row['net_margin'])}, {row['customers']} customers."
    )


def _tell_segment(rows: pd.DataFrame, _: Story) -> str:
    row = rows.iloc[0]
    if pd.isna(row["rank"]):
        return f"Not classed: {row['reason']}."
    return (
        f"Rank {row['rank']} by {row['measure']} ({row['measure_value']:,.2f}); {row['cumulative_share']:.1%} "
        f"lies with it and above it, hence class {row['abc_by_data']}{'; XYZ ' + row['xyz'] if row['xyz'] else ''}."
        f"{_tell_override(row)}{' ' + row['reason'][0].upper() + row['reason'][1:] + '.' if row['reason'] else ''}"
    )


def _tell_override(row: pd.Series) -> str:
    return f" A person set class {row['abc']}." if row["class_source"] == "override" else ""


def _tell_lead_time(rows: pd.DataFrame, _: Story) -> str:
    row = rows.iloc[0]
    return f"{row['lead_time_mean']:.1f} days on average, from {row['lead_time_source']}; {row['receipts']} receipts."


def _tell_forecast(rows: pd.DataFrame, plan: Story) -> str:
    periods = rows["period"].nunique()
    methods = ", ".join(rows["method"].drop_duplicates())
    return (
        f"{rows['mean'].sum():,.1f} units are expected over {periods} {plan.settings.periods.unit}s ahead in "
        f"{len(rows) // periods} series, by {methods}."
    )


def _tell_protection(rows: pd.DataFrame, plan: Story) -> str:
    row, unit = rows.loc[rows["mean"].idxmax()], plan.settings.periods.unit
    where = f"{len(rows)} series; the largest ({row['location_id']}): " if len(rows) > 1 else ""
    return (
        f"{where}{row['mean']:,.1f} units are expected over {row['interval_periods']:.1f} {unit}s of lead time "
        f"({row['lead_time_source']}) and review; with 95 % certainty no more than {row['q95']:,.0f}."
    )


def _tell_policy(rows: pd.DataFrame, plan: Story) -> str:
    row = rows.loc[rows["demand_year"].idxmax()]
    where = f"{len(rows)} item-locations; the largest ({row['location_id']}): " if len(rows) > 1 else ""
    if row["policy"] == "to_order" or pd.isna(row["order_up_to"]):
        return f"{where}{row['policy']}; {row['reason']}."
    capped = f", capped by {row['capped_by']}" if row["capped_by"] else ""
    return (
        f"{where}{row['policy']}, reorder point {row['reorder_point']:,.0f}, order up to {row['order_up_to']:,.0f} in "
        f"lots of {row['order_quantity']:,.0f}{capped}: cycle service (P1) {row['cycle_service']:.1%}, fill rate (P2) "
        f"{row['fill_rate']:.1%} with {plan.currency} {row['stock_value']:,.0f} on hand; {row['reason']}."
    )


def _tell_causes(rows: pd.DataFrame, _: Story) -> str:
    places = rows["location_id"].nunique()
    where = f"{places} item-locations together: " if places > 1 else ""
    sums = rows.groupby("cause", sort=False)["cause_units"].sum()
    told = ", ".join(f"{name.replace('_', ' ')} {units:,.1f}" for name, units in sums.items() if abs(units) >= _SEEN)
    return f"{where}Safety stock of {sums.sum():,.1f} units{f' asked for by {told}' if told else ''}."


def _tell_phases(rows: pd.DataFrame, _: Story) -> str:
    move = rows.groupby("location_id")["order_up_to"].agg(["min", "max"])
    phased = rows.loc[rows["is_phased"], "location_id"].unique()
    last = f"{rows['valid_to'].max():%Y-%m-%d}"
    if not len(phased):
        return f"Up to {last} no level moves by more than a lot."
    row = move.loc[phased].assign(by=lambda table: table["max"] - table["min"]).sort_values("by").iloc[-1]
    return f"Up to {last} the order-up-to level moves between {row['min']:,.0f} and {row['max']:,.0f} ({row.name})."


_TELL: dict[str, Any] = {
    "demand": _tell_demand,
    "demand_profile": _tell_profile,
    "item_profile": _tell_profile,
    "item_value": _tell_value,
    "item_segments": _tell_segment,
    "lead_times": _tell_lead_time,
    "forecast": _tell_forecast,
    "protection_demand": _tell_protection,
    "policies": _tell_policy,
    "safety_stock_causes": _tell_causes,
    "policy_phases": _tell_phases,
}
