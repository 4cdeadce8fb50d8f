"""Where an explanation begins: the source rows, what was set aside of them, and the order lines that are used."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pandas as pd

from segkit.core.errors import DataError
from segkit.explain.explanation import Step, figure

if TYPE_CHECKING:
    from segkit.plan.story import Story

Chosen = dict[str, str | None]


def trace_lines(plan: Story, chosen: Chosen) -> list[Step]:
    """Return the steps from source rows to order lines.

    Parameters
    ----------
    plan : Story
        Whose tables are asked.
    chosen : dict
        item_id, location_id and customer_id that rows must have; None = any.

    Returns
    -------
    list of Step
        The source table (orders or sales), set_aside, order_lines.

    Raises
    ------
    DataError
        No row, used or set aside, has what was chosen (no used one at a location); near ids are offered.
    """
    read = "orders" if "orders" in plan.inputs.names() else "sales"
    raw, lines, aside = (select_rows(getattr(plan, name), chosen) for name in (read, "order_lines", "set_aside"))
    aside = aside[(aside["source_table"] == read).to_numpy(dtype=bool)].reset_index(drop=True)
    if lines.empty and (aside.empty or chosen["location_id"]):  # rows set aside name no location
        raise DataError(_no_rows(plan, chosen))
    return [
        Step(read, f"{len(raw) + len(aside):,} rows were read, {len(raw):,} of them are used.", raw),
        Step("set_aside", _tell_aside(aside), aside),
        Step("order_lines", _tell_lines(lines, plan.currency), lines),
    ]


def select_rows(table: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    """Return the rows that have what was chosen, where the table tells it apart.

    Parameters
    ----------
    table : DataFrame
        Any table of the plan.
    chosen : dict
        Ids by column; None = any.

    Returns
    -------
    DataFrame
        Rows renumbered; those that stand for (all) are kept.
    """
    for name, value in chosen.items():
        if value is not None and name in table:
            table = table[((table[name] == value) | (table[name] == "(all)")).to_numpy(dtype=bool)]
    return table.reset_index(drop=True)


def _no_rows(plan: Story, chosen: Chosen) -> str:
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
        f"revenue {currency} {lines['revenue'].sum():,.2f}, "
        f"net margin {figure(lines['net_margin'].sum(skipna=False))} "
        f"(cost: {cost}){'; of them ' + seen if seen else ''}."
    )
