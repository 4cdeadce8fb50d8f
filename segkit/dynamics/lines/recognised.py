"""What is recognised in used rows and worth knowing: corrections, bulk, successors, stock-outs, partial periods."""

from dataclasses import dataclass

import pandas as pd

from segkit.core.cleaning import first_offenders
from segkit.core.columns import empty_table, nomenclature
from segkit.core.lead_times import is_receipt
from segkit.core.settings import Settings
from segkit.dynamics.lines.successors import find_unit_changes


@dataclass(frozen=True)
class Recognised:
    """The tables in which it is found; ``sold`` holds the rows that the order lines were made from."""

    sold: pd.DataFrame
    order_lines: pd.DataFrame
    periods: pd.DataFrame
    items: pd.DataFrame
    purchases: pd.DataFrame
    absences: pd.DataFrame
    customers: pd.DataFrame
    activity_costs: pd.DataFrame


def note_recognised(tables: Recognised, sold: str, *, settings: Settings) -> pd.DataFrame:
    """Return what is recognised as further rows of ``data_quality``.

    Parameters
    ----------
    tables : Recognised
        Order lines, periods, items, and days without stock.
    sold : str
        Input table that the order lines come from: orders or sales.
    settings : Settings
        The rules by which it was recognised, for the words.

    Returns
    -------
    DataFrame
        Rows with action ``noted``; only what was found.
    """
    lines, rules = tables.order_lines, settings.orders
    partial = tables.periods.loc[~tables.periods["complete"], "period"]
    inherited = "Its demand is planned under the successor." if settings.items.superseded == "inherit" else ""
    found = [
        (
            sold,
            f"corrections: a return undoes an equal line of at most {rules.reversal_days} days before",
            lines[lines["is_reversed"].to_numpy(dtype=bool)],
            "Neither line is demand; orders.reversal_days changes it.",
        ),
        (
            sold,
            f"one-off bulk: above {rules.bulk_factor:g} times the item's usual large line",
            lines[lines["is_bulk"].to_numpy(dtype=bool)],
            "Kept as demand; a person should know of it.",
        ),
        (
            sold,
            f"in periods that are not complete: {', '.join(f'{day:%Y-%m-%d}' for day in partial)}",
            lines[lines["period"].isin(partial).to_numpy(dtype=bool)],
            "Counted in value, left out of rates and patterns.",
        ),
        (sold, "returns whose cost is recorded without its sign", _unsigned(tables.sold), "Taken as below zero."),
        (sold, "sold at a cost of zero", _costless(lines), "The whole revenue counts as margin; give the cost."),
        ("items", "superseded by another item", _superseded(tables.items), inherited),
        (
            "items",
            "successor sold at a very different unit price: counting unit changed?",
            _in_other_units(tables, settings),
            "The bridge takes them as lost and new, demand is added up: mend conversions, or items.superseded.",
        ),
        (sold if sold == "sales" else "inventory", *_stock_outs(tables)),
        (
            "purchases",
            "sent back to the supplier, or received before they were ordered",
            tables.purchases[~is_receipt(tables.purchases).to_numpy(dtype=bool)],
            "They tell no lead time.",
        ),
        (
            "customers",
            "payment terms are known, but not what waiting costs",
            _unpriced_terms(tables.customers, settings),
            "Set assume.capital_rate; until then waiting for the money costs nothing.",
        ),
        (
            "activities",
            "pools that lines use beyond their practical capacity",
            tables.activity_costs[(tables.activity_costs["utilisation"] > 1).to_numpy(dtype=bool)],
            "Check minutes_per_unit and practical_capacity; lines are charged for all minutes.",
        ),
        (
            sold,
            "before the first or after the last period of an activity",
            _outside_of_spans(lines, tables.activity_costs),
            "Charged at the rate of the nearest period; bring activities for all of the time.",
        ),
    ]
    rows = [_row(*what) for what in found if len(what[2])]
    table = pd.DataFrame(rows, columns=list(nomenclature()["data_quality"].columns))
    return table if rows else empty_table("data_quality")


def _unsigned(sold: pd.DataFrame) -> pd.DataFrame:
    return sold[((sold["quantity"] < 0) & (sold["cost"] > 0)).to_numpy(dtype=bool)] if "cost" in sold else sold.head(0)


def _costless(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[((lines["cost"] == 0) & (lines["revenue"] > 0)).to_numpy(dtype=bool)]


def _unpriced_terms(customers: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    if settings.assume.capital_rate is not None or "payment_days" not in customers:
        return customers.head(0)
    return customers[(customers["payment_days"] > 0).to_numpy(dtype=bool)]


def _outside_of_spans(lines: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that lie outside of the months of some activity."""
    dated = costs[costs["utilisation"].notna()]
    if dated.empty:
        return lines.head(0)
    begin = dated.groupby("activity")["period"].min().max()
    end = dated.groupby("activity")["period_end"].max().min()
    return lines[~lines["order_date"].between(begin, end + pd.Timedelta(days=1), inclusive="left").to_numpy(dtype=bool)]


def _stock_outs(tables: Recognised) -> tuple[str, pd.DataFrame, str]:
    places = set(tables.absences["location_id"]) if len(tables.absences) else set()
    if places and not places & set(tables.order_lines["location_id"]):
        why = "days out of stock, at places that no order line names"
        return why, tables.absences, "They flag no demand: map orders.location_id, or stock without location_id."
    return "days out of stock", tables.absences, "Sales there may be less than demand: flagged censored."


def _superseded(items: pd.DataFrame) -> pd.DataFrame:
    return items[items["replaced_by"].notna()] if "replaced_by" in items else items.head(0)


def _in_other_units(tables: Recognised, settings: Settings) -> pd.DataFrame:
    if settings.items.superseded == "separate":
        return tables.items.head(0)
    return tables.items[find_unit_changes(tables.items, tables.order_lines).to_numpy(dtype=bool)]


def _row(source: str, reason: str, rows: pd.DataFrame, fix: str) -> dict:
    days = int(rows["out_of_stock_days"].sum()) if "out_of_stock_days" in rows else len(rows)
    revenue = rows["revenue"] if "revenue" in rows else pd.Series(0.0, index=rows.index)
    value = 0.0 if abs(revenue.sum()) <= 1e-9 * revenue.abs().sum() else float(revenue.sum())
    figures = {"rows": days, "value": value, "rows_without_value": 0}
    return {
        "source_table": source,
        "action": "noted",
        "reason": reason,
        **figures,
        "first": first_offenders(rows),
        "fix": fix,
    }
