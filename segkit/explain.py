"""One item's way from its order lines to every result so far: the rows behind each figure, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.core.errors import DataError

if TYPE_CHECKING:
    from segkit.plan import Plan

_SHOWN = 8


@dataclass(frozen=True)
class Step:
    """One step of an explanation: the table, what it says of the item, and the item's rows."""

    table: str
    sentence: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Explanation:
    """Steps from the order lines to the results; prints as text, shows as HTML."""

    title: str
    steps: list[Step]

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the item's rows of one table."""
        rows = {step.table: step.rows for step in self.steps}
        return rows[table]

    def __str__(self) -> str:
        parts = [f"{step.table}: {step.sentence}\n{_text(step.rows)}" for step in self.steps]
        return "\n\n".join([self.title, *parts])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [
            f"<h4>{escape(step.table)}</h4><p>{escape(step.sentence)}</p>{_html(step.rows)}" for step in self.steps
        ]
        return f"<h3>{escape(self.title)}</h3>{''.join(parts)}"


def explain_item(plan: Plan, item_id: str, *, location_id: str | None, customer_id: str | None) -> Explanation:
    """Return the explanation of one item.

    Parameters
    ----------
    plan : Plan
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
    chosen = {"item_id": item_id, "location_id": location_id, "customer_id": customer_id}
    read = "orders" if "orders" in plan.inputs.names() else "sales"
    raw, lines, aside = (_rows(getattr(plan, name), chosen) for name in (read, "order_lines", "set_aside"))
    aside = aside[(aside["source_table"] == read).to_numpy(dtype=bool)].reset_index(drop=True)
    if lines.empty and (aside.empty or location_id):  # rows set aside name no location
        raise DataError(_no_rows(plan, chosen))
    steps = [
        Step(read, f"{len(raw) + len(aside):,} rows were read, {len(raw):,} of them are used.", raw),
        Step("set_aside", _tell_aside(aside), aside),
        Step("order_lines", _tell_lines(lines, plan.currency), lines),
        *(_step(plan, name, chosen) for name in ("demand", "demand_profile", "item_profile", "item_value")),
        _step(plan, "item_segments", chosen),
        _step(plan, "lead_times", chosen),
    ]
    where = "".join(f", {name} {value}" for name, value in chosen.items() if value and name != "item_id")
    return Explanation(f"Item {item_id}{where}, as of {plan.as_of}", steps)


def _step(plan: Plan, name: str, chosen: dict[str, str | None]) -> Step:
    own = {**chosen, "item_id": _planned_under(plan, chosen["item_id"])} if name in _DEMAND else chosen
    rows = _rows(getattr(plan, name), own)
    if rows.empty:
        return Step(name, "Nothing is known of it here.", rows)
    sentence = _TELL[name](rows, plan)
    if own["item_id"] != chosen["item_id"]:
        sentence = f"Planned under its successor {own['item_id']}. {sentence}"
    elif name in _DEMAND and (older := _predecessors(plan, item_id=chosen["item_id"])):
        sentence = f"With the history of {', '.join(older)}, which it replaced. {sentence}"
    return Step(name, sentence, rows)


_DEMAND = ("demand", "demand_profile", "item_profile")


def _planned_under(plan: Plan, item_id: str | None) -> str | None:
    from segkit.dynamics.demand import find_successors

    if plan.settings.items.superseded == "separate":
        return item_id
    return find_successors(plan.items).get(item_id, item_id)


def _predecessors(plan: Plan, item_id: str | None) -> list[str]:
    from segkit.dynamics.demand import find_successors

    if plan.settings.items.superseded == "separate":
        return []
    successors = find_successors(plan.items)
    return sorted(successors.index[successors == item_id])


def _rows(table: pd.DataFrame, chosen: dict[str, str | None]) -> pd.DataFrame:
    for name, value in chosen.items():
        if value is not None and name in table:
            table = table[((table[name] == value) | (table[name] == "(all)")).to_numpy(dtype=bool)]
    return table.reset_index(drop=True)


def _no_rows(plan: Plan, chosen: dict[str, str | None]) -> str:
    import difflib

    asked = ", ".join(f"{name}={value!r}" for name, value in chosen.items() if value)
    lines, near = plan.order_lines, []
    for name, value in chosen.items():
        if value and not (found := (lines[name] == value)).any():
            close = difflib.get_close_matches(value, lines[name].unique().tolist(), n=3, cutoff=0.3)
            near.append(f"Near {name}: {', '.join(close) or 'none'}.")
        elif value:
            lines = lines[found]
    return "\n".join([f"no order line has {asked}", *near])


def _tell_aside(aside: pd.DataFrame) -> str:
    if aside.empty:
        return "No row of it was set aside."
    return "; ".join(f"{count} {reason}" for reason, count in aside["reason"].value_counts().items()) + "."


def _tell_lines(lines: pd.DataFrame, currency: str) -> str:
    if lines.empty:
        return "None of its source rows is used."
    kinds = {name: int(lines[name].sum()) for name in ("is_return", "is_reversed", "is_bulk", "is_free")}
    seen = ", ".join(f"{count} {name.removeprefix('is_')}" for name, count in kinds.items() if count)
    cost = ", ".join(sorted(lines["cost_source"].unique()))
    return (
        f"{len(lines):,} lines from {lines['order_date'].min():%Y-%m-%d} to {lines['order_date'].max():%Y-%m-%d}, "
        f"revenue {currency} {lines['revenue'].sum():,.2f}, net margin {lines['net_margin'].sum():,.2f} "
        f"(cost: {cost}){'; of them ' + seen if seen else ''}."
    )


def _tell_demand(rows: pd.DataFrame, _: Plan) -> str:
    whole = rows[rows["complete"]]
    return (
        f"{rows['quantity'].sum():,.0f} units in {rows['period'].nunique()} periods "
        f"({whole['period'].nunique()} complete), "
        f"{rows['returned'].sum():,.0f} taken back, {int(rows['censored'].sum())} rows with days out of stock."
    )


def _tell_profile(rows: pd.DataFrame, plan: Plan) -> str:
    row, limits = rows.loc[rows["mean_demand"].idxmax()], plan.settings.patterns
    where = f"{len(rows)} series; the largest ({row['location_id']}): " if len(rows) > 1 else ""
    pattern = row["pattern"] or "no pattern (too few periods with demand)"
    return (
        f"{where}{row['mean_demand']:,.2f} units a period, CV {row['cv']:.2f}; ADI {row['adi']:.2f} "
        f"(limit {limits.adi_limit}), CV² {row['cv2']:.2f} (limit {limits.cv2_limit}): {pattern}; "
        f"life cycle: {row['life_cycle']}."
    )


def _tell_value(rows: pd.DataFrame, plan: Plan) -> str:
    row = rows.iloc[0]
    window = plan.settings.segments.window_months
    return (
        f"In the last {window} months: revenue {plan.currency} {row['revenue']:,.2f}, "
        f"net margin {row['net_margin']:,.2f}, {row['customers']} customers."
    )


def _tell_segment(rows: pd.DataFrame, _: Plan) -> str:
    row = rows.iloc[0]
    if pd.isna(row["rank"]):
        return f"Not classed: {row['reason']}."
    return (
        f"Rank {row['rank']} by {row['measure']} ({row['measure_value']:,.2f}); {row['cumulative_share']:.1%} "
        f"lies with it and above it, hence class {row['abc']}{'; XYZ ' + row['xyz'] if row['xyz'] else ''}."
        f"{' ' + row['reason'][0].upper() + row['reason'][1:] + '.' if row['reason'] else ''}"
    )


def _tell_lead_time(rows: pd.DataFrame, _: Plan) -> str:
    row = rows.iloc[0]
    return f"{row['lead_time_mean']:.1f} days on average, from {row['lead_time_source']}; {row['receipts']} receipts."


_TELL: dict[str, Any] = {
    "demand": _tell_demand,
    "demand_profile": _tell_profile,
    "item_profile": _tell_profile,
    "item_value": _tell_value,
    "item_segments": _tell_segment,
    "lead_times": _tell_lead_time,
}


def _html(rows: pd.DataFrame) -> str:
    return rows.head(_SHOWN).to_html(index=False, float_format=_plain, justify="left", border=0)


def _plain(value: float) -> str:
    return f"{value:,.2f}"


def _text(rows: pd.DataFrame) -> str:
    more = f"\n… {len(rows) - _SHOWN} more rows" if len(rows) > _SHOWN else ""
    return rows.head(_SHOWN).to_string(index=False, float_format=_plain) + more if len(rows) else "(no rows)"
