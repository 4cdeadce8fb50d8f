"""One customer's way from its order lines to every result so far: the rows behind each figure, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from segkit.explain.explanation import Explanation, Step, figure
from segkit.explain.lines import Chosen, select_rows, trace_lines
from segkit.explain.standing import trace_standing

if TYPE_CHECKING:
    from segkit.plan.story import Story


def explain_customer(plan: Story, customer_id: str, *, location_id: str | None) -> Explanation:
    """Return the explanation of one customer.

    Parameters
    ----------
    plan : Story
        Whose tables are asked.
    customer_id : str
        The customer.
    location_id : str or None
        Keep only this location's rows, where a table tells them apart.

    Returns
    -------
    Explanation
        One step per table that knows the customer.

    Raises
    ------
    DataError
        No order line, used or set aside, names the customer; near ids are offered.
    """
    chosen: Chosen = {"item_id": None, "location_id": location_id, "customer_id": customer_id}
    own: Chosen = {"customer_id": customer_id}
    value, segments = (select_rows(getattr(plan, name), own) for name in ("customer_value", "customer_segments"))
    steps = [
        *trace_lines(plan, chosen),
        Step("customer_value", _tell_value(value, plan), value),
        Step("customer_segments", _tell_segment(segments, plan), segments),
        *trace_standing(plan, "customer", chosen),
    ]
    name = value["name"].iloc[0] if len(value) else ""
    called = f" ({name})" if isinstance(name, str) and name else ""
    where = f", location_id {location_id}" if location_id else ""
    return Explanation(f"Customer {customer_id}{called}{where}, as of {plan.as_of}", steps)


def _tell_value(rows: pd.DataFrame, plan: Story) -> str:
    window = plan.settings.segments.window_months
    if rows.empty:
        return f"Nothing was bought in the last {window} months."
    row, currency = rows.iloc[0], plan.currency
    served = {"freight": "freight_out", "work": "activity_cost", "payment": "payment_cost"}
    parts = ", ".join(f"{word} {figure(row[name])}" for word, name in served.items())
    return (
        f"In the last {window} months: revenue {currency} {row['revenue']:,.2f} in {row['orders']:,} orders of "
        f"{row['items']:,} items; gross margin {figure(row['gross_margin'])} less cost-to-serve "
        f"{figure(row['cost_to_serve'])} ({parts}) leaves net margin {figure(row['net_margin'])}."
    )


def _tell_segment(rows: pd.DataFrame, plan: Story) -> str:
    if rows.empty:
        return "Nothing is known of it here."
    row, parts = rows.iloc[0], []
    if pd.isna(row["rank"]):
        parts.append(f"Not classed: {row['reason']}.")
    else:
        parts.append(
            f"Rank {row['rank']} by {row['measure']} ({row['measure_value']:,.2f}); {row['cumulative_share']:.1%} "
            f"lies with it and above it, hence class {row['abc_by_data']}."
        )
    if row["class_source"] == "override":
        parts.append(f"A person set class {row['abc']}.")
    if row["service_band"]:
        limits = " and ".join(f"{limit:g}" for limit in plan.settings.customer_bands.service_limits)
        parts.append(
            f"Costs {row['service_share']:.1%} of revenue to serve: {row['service_band']} "
            f"(limits: {limits} times that of all customers)."
        )
    if row["recency"]:
        usual = "" if pd.isna(row["usual_gap_days"]) else f", usually every {row['usual_gap_days']:,.0f}"
        parts.append(f"Last order {row['recency_days']:,} days ago{usual}: {row['recency']}.")
    return " ".join(parts)
