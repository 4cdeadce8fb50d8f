"""Suppliers by what rests on them, how hard they would be to replace, and whether they deliver when they said.

The quadrants are Kraljic's: profit impact against supply risk. Both are measured here, never judged by feel.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.lead_times import is_receipt
from segkit.core.money import known_rates
from segkit.core.settings import Settings, SupplierBands
from segkit.dynamics.classes.value_classes import AbcRule, classify_abc

QUADRANTS = {
    (True, True): "strategic",
    (True, False): "leverage",
    (False, True): "bottleneck",
    (False, False): "routine",
}
SCORES = {
    "single_sourced": "single-sourced",
    "long": "long lead times",
    "unsteady": "unsteady",
    "late": "late",
    "far": "far origin",
}


@dataclass(frozen=True)
class SupplyBase:
    """What is known of supply: ``item_value`` (the window), ``purchases`` (all, `value_purchases`) and two masters."""

    item_value: pd.DataFrame
    purchases: pd.DataFrame
    suppliers: pd.DataFrame
    locations: pd.DataFrame


def value_purchases(purchases: pd.DataFrame, fx: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return purchases with ``spend``: quantity x unit_price in the plan's currency; blank without price or rate.

    Parameters
    ----------
    purchases, fx : DataFrame
        Tables of those names.
    settings : Settings
        The company's currency, and how old a rate may be.

    Returns
    -------
    DataFrame
        All rows, with the column spend [currency]; goods sent back count below zero.
    """
    kinds = empty_table("purchases").dtypes
    lines = purchases.reindex(columns=list(kinds.index))
    lines = lines.astype({name: kind for name, kind in kinds.items() if name not in purchases})
    codes = lines["currency"].astype("str")
    rate = known_rates(codes, lines["ordered_date"], fx, to=settings.company.currency, rules=settings.fx)
    return lines.assign(spend=(lines["quantity"] * lines["unit_price"].astype("float64") * rate).astype("float64"))


def segment_suppliers(base: SupplyBase, *, settings: Settings, as_of: date) -> pd.DataFrame:
    """Return ``supplier_segments``: every supplier by profit impact, supply risk and reliability.

    Parameters
    ----------
    base : SupplyBase
        Values of items, purchases and masters.
    settings : Settings
        ``supplier_bands``: limits; ``lead_times.min_receipts`` that a figure needs; ``segments.window_months``.
    as_of : date
        Last day known; the window ends on it.

    Returns
    -------
    DataFrame
        One row per supplier of any table. ``segment`` is quadrant and reliability; ``reason`` gives the risk scores.

    Notes
    -----
    - profit_impact: share of the company's net margin that rests on the supplier's items. An item that several sell
      counts by their share of its spend in the window; one not bought in it, for the supplier of its master. Of weight
      are the suppliers that hold ``impact_share`` of the impact (of the spend, where no margin is known).
    - supply_risk: mean of the scores, each 0 to 1, that could be measured: *single-sourced* = share of its items bought
      from nobody else; *long lead times*, *unsteady* = share of the other suppliers whose mean lead time, or its CV, is
      lower (half of those equal); *late* = late_share; *far origin* = share of its deliveries (else its own country)
      from outside the countries where the company has locations.
    - Lead times and lateness are those of orders expected in the window, of all orders where these are too few. An open
      order past its expected day is late already.

    References
    ----------
    Kraljic (1983), "Purchasing must become supply management", Harvard Business Review 61(5), 109-117. The scores are
    segkit's own measures of what he lists as supply risk.
    """
    table = _names(base)
    if table.empty:
        return empty_table("supplier_segments")
    bands, enough = settings.supplier_bands, settings.lead_times.min_receipts
    begin = pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=settings.segments.window_months)
    bought = base.purchases[base.purchases["supplier_id"].notna().to_numpy(dtype=bool)]
    recent = bought[(bought["ordered_date"] >= begin).to_numpy(dtype=bool)]
    table = table.join(_worth(base, recent)).join(_punctuality(bought, begin, as_of, enough))
    known = [name for name in ("spend", "revenue", "net_margin") if table[name].notna().any()]
    table = table.fillna(dict.fromkeys([*known, "items", "receipts"], 0.0))
    scores = _scores(table, recent if len(recent) else bought, base)
    table["supply_risk"] = scores.mean(axis=1)
    table["kraljic"] = _quadrants(table, bands)
    table["reliability"] = _reliability(table, bands, enough)
    both = (table["kraljic"] != "") & (table["reliability"] != "")
    table["segment"] = (table["kraljic"] + np.where(both, "-", "") + table["reliability"]).astype("str")
    table["reason"] = _reasons(scores, table, enough)
    return _typed(table)


def _names(base: SupplyBase) -> pd.DataFrame:
    """Return name and country of every supplier that any table names, by supplier_id."""
    named = [base.suppliers["supplier_id"], base.purchases["supplier_id"], base.item_value["supplier_id"]]
    ids = pd.Index(np.unique(pd.concat(named).dropna().astype("str").to_numpy(dtype=object)), name="supplier_id")
    master = base.suppliers.reindex(columns=["supplier_id", "name", "country"]).drop_duplicates("supplier_id")
    return master.set_index("supplier_id").reindex(ids).astype("str")


def _worth(base: SupplyBase, recent: pd.DataFrame) -> pd.DataFrame:
    """Return spend, revenue, net margin, items and profit impact by supplier_id."""
    shares = _shares_of_items(base, recent)
    value = base.item_value.set_index("item_id")[["revenue", "net_margin"]]
    earned = value.reindex(shares["item_id"]).to_numpy() * shares[["part"]].to_numpy()
    sums = shares.assign(revenue=earned[:, 0], net_margin=earned[:, 1]).groupby("supplier_id")
    worth = sums[["revenue", "net_margin"]].sum(min_count=1)
    worth["items"] = sums["item_id"].nunique()
    worth["spend"] = recent.groupby("supplier_id")["spend"].sum(min_count=1)
    total = value["net_margin"].sum()
    worth["profit_impact"] = worth["net_margin"] / total if total > 0 else np.nan
    return worth


def _shares_of_items(base: SupplyBase, recent: pd.DataFrame) -> pd.DataFrame:
    """Return item_id, supplier_id and the part of the item that rests on the supplier; parts of an item add up to 1."""
    counted = recent[(recent["quantity"] > 0).to_numpy(dtype=bool)]
    pairs = counted.groupby(["item_id", "supplier_id"], observed=True)[["spend", "quantity"]].sum(min_count=1)
    pairs = pairs.reset_index()
    priced = pairs["spend"].notna().groupby(pairs["item_id"]).transform("all")
    weight = pairs["spend"].where(priced, pairs["quantity"])
    whole = weight.groupby(pairs["item_id"]).transform("sum")
    count = weight.groupby(pairs["item_id"]).transform("size")
    pairs["part"] = (weight / whole).where(whole > 0, 1 / count)
    master = base.item_value[["item_id", "supplier_id"]].dropna()
    master = master[~master["item_id"].isin(pairs["item_id"])].assign(part=1.0)
    return pd.concat([pairs[["item_id", "supplier_id", "part"]], master], ignore_index=True)


def _punctuality(bought: pd.DataFrame, begin: pd.Timestamp, as_of: date, enough: int) -> pd.DataFrame:
    """Return receipts, late share and lead time by supplier_id: of the window, of all where that is too little."""
    told = bought[is_receipt(bought).to_numpy(dtype=bool)]
    received, expected = told["received_date"], told["expected_date"]
    done = received.notna()
    late = (received > expected) | (~done & (expected < pd.Timestamp(as_of)))
    known = expected.notna() & (done | late)
    told = told.assign(
        days=(received - told["ordered_date"]).dt.days,
        late=late.astype("float64").where(known),
        due=expected.fillna(received).fillna(told["ordered_date"]),
    )
    whole, window = _timing(told), _timing(told[(told["due"] >= begin).to_numpy(dtype=bool)])
    few = ~(window["receipts"].reindex(whole.index) >= enough)
    return whole.where(few, window.reindex(whole.index))


def _timing(told: pd.DataFrame) -> pd.DataFrame:
    groups = told.groupby("supplier_id", observed=True)
    return groups.agg(
        receipts=("days", "count"),
        late_share=("late", "mean"),
        lead_time_mean=("days", "mean"),
        lead_time_sd=("days", "std"),
    ).astype("float64")


def _scores(table: pd.DataFrame, bought: pd.DataFrame, base: SupplyBase) -> pd.DataFrame:
    """Return the risk scores of every supplier, each 0 to 1, missing where it cannot be measured."""
    sources = bought.groupby("item_id", observed=True)["supplier_id"].nunique()
    pairs = bought[["item_id", "supplier_id"]].drop_duplicates()
    alone = (pairs["item_id"].map(sources) == 1).astype("float64")
    scores = {
        "single_sourced": alone.groupby(pairs["supplier_id"]).mean().reindex(table.index),
        "long": _standing(table["lead_time_mean"]),
        "unsteady": _standing(_lead_time_cv(table)),
        "late": table["late_share"],
        "far": _far(table, bought, base.locations),
    }
    return pd.DataFrame(scores, index=table.index).astype("float64")


def _standing(figure: pd.Series) -> pd.Series:
    """Return the share of the others with a lower figure, those that are equal counting half."""
    rank, count = figure.round(9).rank(), int(figure.notna().sum())
    return (rank - 1) / (count - 1) if count > 1 else figure * np.nan


def _lead_time_cv(table: pd.DataFrame) -> pd.Series:
    return (table["lead_time_sd"] / table["lead_time_mean"]).where(table["lead_time_mean"] > 0)


def _far(table: pd.DataFrame, bought: pd.DataFrame, locations: pd.DataFrame) -> pd.Series:
    near = locations["country"].dropna().unique() if "country" in locations else []
    if not len(near):
        return pd.Series(np.nan, index=table.index)
    origin = bought["origin_country"].astype("str").fillna(bought["supplier_id"].map(table["country"]))
    away = (~origin.isin(near)).astype("float64").where(origin.notna())
    own = (~table["country"].isin(near)).astype("float64").where(table["country"].notna())
    return away.groupby(bought["supplier_id"]).mean().reindex(table.index).fillna(own)


def _quadrants(table: pd.DataFrame, bands: SupplierBands) -> pd.Series:
    """Return Kraljic's quadrants; blank where impact or risk is unknown."""
    by = "profit_impact" if table["profit_impact"].notna().any() else "spend"
    rule = AbcRule((bands.impact_share,), ("high", "low"))
    weight = classify_abc(table.fillna({by: 0.0}), measure=by, rule=rule)["abc"] == "high"
    risky = table["supply_risk"] > bands.risk_limit
    known = table["supply_risk"].notna() & table[by].notna()
    words = [QUADRANTS[pair] for pair in zip(weight, risky, strict=True)]
    return pd.Series(words, index=table.index, dtype="str").where(known, "")


def _reliability(table: pd.DataFrame, bands: SupplierBands, enough: int) -> pd.Series:
    few = (table["receipts"] < enough).to_numpy(dtype=bool)
    late = (table["late_share"] > bands.late_limit).to_numpy(dtype=bool)
    unsteady = (_lead_time_cv(table) > bands.unsteady_cv).to_numpy(dtype=bool)
    words = np.select([few, late, unsteady], ["", "late", "unsteady"], "reliable")
    return pd.Series(words, index=table.index, dtype="str")


def _reasons(scores: pd.DataFrame, table: pd.DataFrame, enough: int) -> pd.Series:
    texts = []
    for name, word in SCORES.items():
        written = word + " " + (scores[name] * 100).round().astype("Int64").astype("str") + "%"
        texts.append(written.where(scores[name].notna(), ""))
    risk = pd.concat(texts, axis=1).agg(lambda row: ", ".join(text for text in row if text), axis=1)
    few = np.where(table["receipts"] >= enough, "", f"fewer than {enough} receipts")
    head = np.where(risk != "", "risk: ", "")
    return (head + risk + np.where((risk != "") & (few != ""), "; ", "") + few).astype("str")


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reset_index()
    whole = {name: table[name].fillna(0).astype("int64") for name in ("items", "receipts")}
    columns = nomenclature()["supplier_segments"].columns
    floats = [name for name, about in columns.items() if about.kind in ("number", "money", "share")]
    return table.assign(**whole).astype(dict.fromkeys(floats, "float64"))[list(columns)]
