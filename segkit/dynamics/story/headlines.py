"""What a director reads first: sentences, each with the one figure it stands on, all computed from the data."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.data_quality import known_then, weighed_by
from segkit.core.masters import are_among
from segkit.core.settings import Segments

_OF_MEASURE = {
    "net_margin": "the net margin of the items that earn",
    "gross_margin": "the gross margin of the items that earn",
    "revenue": "the revenue",
    "quantity": "the units",
    "cost_criterion": "the cost criterion",
}
_OF_VARIABILITY = {"cv": "CV", "seasonal_error": "CV after the season", "forecast_error": "forecast error"}
DATA_STEP, PROFIT_STEP = "0_data_check", "1_demand_and_profitability"


_ORDER = [
    *("net_margin", "revenue", "units_sold", "change_of_margin", "best_micro_segment", "best_fifth_of_customers"),
    *("lost_on_customers", "cause_of_losses", "class_moves", "items_of_the_top_class", "steady_share"),
]


@dataclass(frozen=True)
class ProfitTables:
    """The tables behind the headlines of step 1, and the order lines and the last day they speak of."""

    item_value: pd.DataFrame
    customer_value: pd.DataFrame
    item_segments: pd.DataFrame
    lines: pd.DataFrame
    as_of: date


def tell_data(
    data_quality: pd.DataFrame, assumptions: pd.DataFrame, *, currency: str, newest: pd.Timestamp
) -> pd.DataFrame:
    """Return the headlines of the data check: what was used, what was set aside, what was assumed.

    Parameters
    ----------
    data_quality, assumptions : DataFrame
        Tables of those names.
    currency : str
        Currency of the plan, for the words.
    newest : Timestamp
        Last day up to as_of for which there are orders (or sales).

    Returns
    -------
    DataFrame
        ``headlines``. What came after as_of is not counted: nobody knew of it.
    """
    name = "orders" if (data_quality["source_table"] == "orders").any() else "sales"
    known = known_then(data_quality)
    counts = known[known["source_table"] == name]
    used = counts[counts["action"] == "used"].iloc[0]
    aside = counts[counts["action"] == "set_aside"].sort_values(["rows", "reason"], ascending=[False, True])
    total = counts.loc[counts["action"] == "in", "rows"].iloc[0]
    share = used["rows"] / total if total else 0.0
    what = "order lines" if name == "orders" else "sales rows"
    of_what = weighed_by(known)
    priced = of_what == "revenue"
    rest = "none was set aside"
    if len(aside):
        worth = f" ({currency} {aside['value'].sum():,.0f})" if priced else ""
        rest = f"{aside['rows'].sum():,}{worth} are set aside, most because: {aside.iloc[0]['reason']}"
    value = f"worth {currency} {used['value']:,.0f}" if priced else "prices unknown"
    sentence = (
        f"{used['rows']:,} of {total:,} {what} ({share:.1%}) are used, {value}, the last of {newest:%Y-%m-%d}; {rest}."
    )
    rows = [(DATA_STEP, "rows_used", sentence, share, "share")]
    if len(assumptions):
        rows.append((DATA_STEP, "assumptions", _assumed(assumptions, of_what), float(len(assumptions)), "assumptions"))
    return _table(rows)


def tell_books(reconciliation: pd.DataFrame, *, currency: str) -> pd.DataFrame:
    """Return whether the order lines agree with the client's own profit and loss; nothing where none is given.

    Parameters
    ----------
    reconciliation : DataFrame
        Table of that name.
    currency : str
        Currency of the plan, for the words.

    Returns
    -------
    DataFrame
        ``headlines``: the largest share by which a line of the books differs.
    """
    books = reconciliation[reconciliation["scope"].str.startswith("profit and loss")]
    if books.empty:
        return empty_table("headlines")
    off = books[(books["reason"] != "").to_numpy()]
    if off.empty:
        text = f"All {len(books):,} lines of the books agree with the order lines."
        return _table([(DATA_STEP, "books", text, 0.0, "share")])
    worst = off.loc[off["difference"].abs().fillna(off["theirs"].abs()).idxmax()]
    gap = worst["difference"] if pd.notna(worst["difference"]) else -worst["theirs"]
    side = "above" if gap > 0 else "below"
    share = abs(gap / worst["theirs"]) if worst["theirs"] else float("nan")
    said = "" if pd.isna(share) else f" ({share:.1%})"
    text = (
        f"{len(off):,} of {len(books):,} lines of the books differ from the order lines, most {worst['measure']} of "
        f"{worst['period']:%Y-%m}: the lines are {currency} {abs(gap):,.0f}{said} {side} the books."
    )
    return _table([(DATA_STEP, "books", text, float(share), "share")])


def _assumed(assumptions: pd.DataFrame, of_what: str) -> str:
    """Return how many assumptions were made, and on which of them most rests; the first of several alike."""
    most = assumptions.loc[assumptions["share"].fillna(0.0).idxmax()]
    many = len(assumptions) > 1
    count = f"{len(assumptions)} assumptions were made" if many else "1 assumption was made"
    return f"{count}. {'The widest' if many else 'It'} touches {most['share']:.1%} of {of_what}: {most['why']}."


def in_order(*told: pd.DataFrame) -> pd.DataFrame:
    """Return headlines of several parts in the order in which a director reads them.

    Parameters
    ----------
    *told : DataFrame
        ``headlines`` of each part.

    Returns
    -------
    DataFrame
        Step by step: who makes the money, what moved, who loses it and why, how steady it is.
    """
    table = pd.concat(told, ignore_index=True)
    place = table["headline"].map({name: at for at, name in enumerate(_ORDER)}).fillna(-1)
    return table.iloc[np.lexsort((place, table["step"].to_numpy(dtype=str)))].reset_index(drop=True)


def tell_profit(tables: ProfitTables, *, rules: Segments, currency: str) -> pd.DataFrame:
    """Return the headlines of step 1: what is earned, by how few, who loses money, how steady it is.

    Parameters
    ----------
    tables : ProfitTables
        Values, segments and periods.
    rules : Segments
        Measure and window.
    currency : str
        Currency of the plan.

    Returns
    -------
    DataFrame
        ``headlines``. Where no cost is known the figures speak of revenue and say so.
    """
    items, customers = tables.item_value, tables.customer_value
    named = customers[customers["customer_id"] != UNKNOWN_CUSTOMER]
    if items.empty:
        return empty_table("headlines")
    rows = [_earned(tables, currency), _concentration(tables, rules)]
    if items["net_margin"].notna().any():
        rows += [_best_customers(named), _losses(tables, named, currency)] if len(named) else []
    rows.append(_steadiness(tables.item_segments, rules))
    return _table([row for row in rows if row])


def _earned(tables: ProfitTables, currency: str) -> tuple:
    items = tables.item_value
    revenue, known = items["revenue"].sum(min_count=1), items[items["net_margin"].notna()]
    span = f"from {tables.lines['order_date'].min():%Y-%m-%d} to {tables.as_of:%Y-%m-%d}"
    if pd.isna(revenue):
        units = items["quantity"].sum()
        return PROFIT_STEP, "units_sold", f"{units:,.0f} units were sold {span}; prices unknown.", units, "units"
    if known.empty:
        return PROFIT_STEP, "revenue", f"Revenue of {currency} {revenue:,.0f} {span}; cost unknown.", revenue, currency
    margin, earned = known["net_margin"].sum(), known["revenue"].sum()
    share = f" ({margin / earned:.1%})" if earned > 0 else ""
    of_what = "" if len(known) == len(items) else f" of the {len(known):,} of {len(items):,} items whose cost is known"
    sentence = (
        f"Revenue of {currency} {earned:,.0f}{of_what} left a net margin of {currency} {margin:,.0f}{share} {span}"
        f"{_on_assumption(tables.lines)}{_not_deducted(tables.lines)}."
    )
    return PROFIT_STEP, "net_margin", sentence, margin, currency


def _on_assumption(lines: pd.DataFrame) -> str:
    """Return how much of the revenue has an assumed cost, as the end of a sentence."""
    revenue = lines["revenue"].abs()
    share = revenue[lines["cost_source"] == "assumed"].sum() / revenue.sum() if revenue.sum() > 0 else 0.0
    return f"; the cost behind {share:.0%} of it is assumed" if share > 0.005 else ""


def _not_deducted(lines: pd.DataFrame) -> str:
    """Return that nothing is known of what serving customers costs, as the end of a sentence."""
    return "" if lines["cost_to_serve"].any() else "; what it costs to serve customers is not known, and not deducted"


def _concentration(tables: ProfitTables, rules: Segments) -> tuple | None:
    segments = tables.item_segments
    top = segments["abc"] == rules.abc_labels[0]
    classed = (segments["abc"] != "").sum()
    if not classed:
        return None
    share, worth = top.sum() / classed, segments["measure_value"].clip(lower=0)
    brought = worth[top].sum() / worth.sum() if worth.sum() > 0 else 0.0
    verb = "brings" if top.sum() == 1 else "bring"
    sentence = f"{top.sum():,} of {classed:,} items ({share:.1%}) {verb} {brought:.1%} of {_OF_MEASURE[rules.measure]}."
    return PROFIT_STEP, "items_of_the_top_class", sentence, share, "share"


def _best_customers(customers: pd.DataFrame) -> tuple | None:
    customers = customers.dropna(subset=["net_margin"])
    total = customers["net_margin"].sum()
    if total <= 0:
        return None
    count = max(1, round(0.2 * len(customers)))
    share = customers["net_margin"].nlargest(count).sum() / total
    who = f"The best fifth of customers ({count:,} of {len(customers):,})"
    sentence = f"{who} brings {share:.1%} of the net margin of all named customers."
    return PROFIT_STEP, "best_fifth_of_customers", sentence, share, "share"


def _losses(tables: ProfitTables, customers: pd.DataFrame, currency: str) -> tuple:
    customers, items = customers.dropna(subset=["net_margin"]), tables.item_value
    losing, bad = customers[customers["net_margin"] < 0], items[items["net_margin"] < 0]
    known = ~are_among(tables.item_segments["item_id"], items.loc[items["net_margin"].isna(), "item_id"])
    lost = abs(losing["net_margin"].sum())
    sentence = (
        f"{len(losing):,} of {len(customers):,} customers cost more than they pay and take {currency} {lost:,.0f}; "
        f"{len(bad):,} of {known.sum():,} items lose {currency} {abs(bad['net_margin'].sum()):,.0f}."
    )
    return PROFIT_STEP, "lost_on_customers", sentence, lost, currency


def _steadiness(segments: pd.DataFrame, rules: Segments) -> tuple | None:
    known = segments[(segments["xyz"] != "") & (segments["measure_value"] > 0)]
    total = segments.loc[segments["measure_value"] > 0, "measure_value"].sum()
    if known.empty:
        return None
    steady = known.loc[known["xyz"] == "X", "measure_value"].sum() / total
    limit = f"{_OF_VARIABILITY[rules.xyz_by]} up to {rules.xyz_limits[0]:g}"
    sentence = f"{steady:.1%} of {_OF_MEASURE[rules.measure]} comes from items with steady demand ({limit})."
    return PROFIT_STEP, "steady_share", sentence, steady, "share"


def _table(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["step", "headline", "sentence", "value", "unit"])
    return frame.astype({"value": "float64"}).reset_index(drop=True) if rows else empty_table("headlines")
