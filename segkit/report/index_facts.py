"""What the index page tells a director, made from the tables of the run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.data_quality import LATER, known_then, weighed_by
from segkit.report.html_tables import table_html
from segkit.report.numbers import in_unit, percent, plain_number, short_money

MOST_FIGURES = 9  # three rows of three
MOST_OF_LATER_STEPS = 3  # of each step after the first: one row more
DATA_STEP = "0"
COUNTS = ("in", "used", "set_aside")
_VALUES = {"value_read": "in", "value_used": "used", "value_set_aside": "set_aside", "value_later": "later"}


@dataclass(frozen=True)
class Figure:
    """A headline as the index shows it: the large figure, its name, the sentence, the page that tells more."""

    value: str
    name: str
    sentence: str
    page: str = ""


def headline_figures(headlines: pd.DataFrame, stems: Sequence[str], currency: str) -> list[Figure]:
    """Return the headlines in the order of the table, up to nine and three of each later step; the data check last.

    Parameters
    ----------
    headlines : DataFrame
        Table ``headlines``.
    stems : sequence of str
        Names of the pages in the report, to link to.
    currency : str
        ISO 4217 code.

    Returns
    -------
    list of Figure
        Empty where the run wrote none.
    """
    if headlines.empty:
        return []
    steps = headlines["step"].fillna("").astype(str)
    late = steps.str.partition("_")[0] == DATA_STEP
    of_data = headlines[late & (headlines["headline"] != "assumptions")]  # assumptions have a part of their own
    own = headlines[~late]
    step = steps[~late].str.partition("_")[0]
    first = own[step == step.min()].head(MOST_FIGURES - len(of_data))
    more = own[step != step.min()].groupby(step, sort=True).head(MOST_OF_LATER_STEPS)
    ordered = pd.concat([first, more, of_data])
    return [_figure(row, stems, currency) for row in ordered.to_dict("records")]


def quality_summary(data_quality: pd.DataFrame, currency: str) -> tuple[str, str, str]:
    """Return what a director needs to know of the data.

    Parameters
    ----------
    data_quality : DataFrame
        Table ``data_quality``.
    currency : str
        ISO 4217 code of value.

    Returns
    -------
    tuple of str
        One sentence; a small table (HTML) of the sources of which rows were set aside, and of the orders or sales:
        rows and value in = used + set aside; a sentence on the others. All blank where nothing was read.
    """
    counts = _counts(data_quality)
    if counts.empty:
        return "", "", ""
    shown = (counts["rows", "set_aside"] + counts["rows", "later"] > 0) | counts.index.isin(["orders", "sales"])
    rest = counts[~shown]["rows", "in"]
    names = ", ".join(f"{name} ({plain_number(rows)})" for name, rows in rest.items())
    others = f"Used in full, with rows: {names}." if names else ""
    table = table_html(_quality_rows(counts[shown], currency), rows=40) if shown.any() else ""
    return _quality_sentence(data_quality, counts, currency), table, others


def assumption_sentence(assumptions: pd.DataFrame, of_what: str) -> str:
    """Return how many assumptions the figures rest on, and what share (of revenue or of units) the widest touches."""
    if assumptions.empty:
        return "Nothing: every figure rests on recorded data."
    count = len(assumptions)
    text = f"{plain_number(count)} assumption{'s were' if count > 1 else ' was'} made because data were missing."
    share = assumptions["share"].max()
    if pd.isna(share) or share <= 0:
        return text
    return f"{text} {'The widest' if count > 1 else 'It'} touches {percent(share)} of {of_what}."


def assumption_tables(tables: Mapping[str, pd.DataFrame], currency: str) -> tuple[str, str, str]:
    """Return the assumptions, and what the headlines would be with each 20% lower and higher.

    Parameters
    ----------
    tables : mapping of DataFrame
        ``assumptions``, ``assumption_effects`` and ``data_quality``.
    currency : str
        ISO 4217 code.

    Returns
    -------
    tuple of str
        Two tables (HTML) and a sentence on the headlines that no assumption moves; blank where there is nothing to say.
    """
    made, effects = tables["assumptions"], tables["assumption_effects"]
    first = second = still = ""
    if len(made):
        shown = made[["assumption", "value", "unit", "why", "rows", "share"]]
        name = "unit_share" if weighed_by(tables["data_quality"]) == "units" else "revenue_share"
        first = table_html(shown.rename(columns={"share": name}), "assumptions", currency=currency, rows=50)
    if len(effects):
        moved = ~np.isclose(effects["low"], effects["high"], rtol=1e-6, atol=0.0, equal_nan=True)
        second = table_html(effects[moved], "assumption_effects", currency=currency, rows=60) if moved.any() else ""
        names = dict.fromkeys(effects["headline"][~effects["headline"].isin(effects["headline"][moved])])
        still = f"Not moved by it: {', '.join(name.replace('_', ' ') for name in names)}." if names else ""
    return first, second, still


def _figure(row: dict, stems: Sequence[str], currency: str) -> Figure:
    step = str(row["step"])
    page = next((stem for stem in stems if stem == step or stem.startswith(f"{step}_")), "")
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    name = re.sub(r"[_.]+", " ", str(row["headline"]))
    sentence = "" if pd.isna(row["sentence"]) else str(row["sentence"])
    return Figure(in_unit(row["value"], unit, currency), name, sentence, page)


def _counts(data_quality: pd.DataFrame) -> pd.DataFrame:
    """Return rows and value in, used and set aside, by source table in the order of the table."""
    counted = data_quality[data_quality["action"].isin(COUNTS)]
    if counted.empty:
        return pd.DataFrame()
    later = (counted["action"] == "set_aside") & (counted["reason"] == LATER)
    counted = counted.assign(
        action=counted["action"].mask(later, "later"),
        rows=counted["rows"].astype(float),
        value=counted["value"].astype(float),
    )
    sums = counted.pivot_table(
        index="source_table", columns="action", values=["rows", "value"], aggfunc="sum", sort=False
    )
    whole = [(figure, action) for figure in ("rows", "value") for action in (*COUNTS, "later")]
    return sums.reindex(columns=pd.MultiIndex.from_tuples(whole)).fillna(0.0)


def rows_by_table(data_quality: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return rows and value read, used and set aside, one row per input table.

    Parameters
    ----------
    data_quality : DataFrame
        Table ``data_quality``.
    currency : str
        ISO 4217 code, for the heads of the value columns.

    Returns
    -------
    DataFrame
        Empty where nothing was read.
    """
    counts = _counts(data_quality)
    return counts if counts.empty else _quality_rows(counts, currency)


def _quality_rows(counts: pd.DataFrame, currency: str) -> pd.DataFrame:
    rows: pd.DataFrame = counts["rows"]
    shown = pd.DataFrame(
        {
            "table": counts.index,
            "rows_read": rows["in"].astype("int64"),
            "rows_used": rows["used"].astype("int64"),
            "rows_set_aside": rows["set_aside"].astype("int64"),
            "rows_later": rows["later"].astype("int64"),
            "used_share": (rows["used"] / (rows["in"] - rows["later"]).where(rows["in"] > rows["later"])).to_numpy(),
        }
    )
    values: pd.DataFrame = counts["value"]
    has_value = values.abs().max(axis=1).gt(0).to_numpy()
    if has_value.any():
        for name, action in _VALUES.items():
            shown[f"{name}, {currency}"] = values[action].where(has_value).to_numpy()
    if not rows["later"].any():
        shown = shown.drop(columns=[name for name in shown if "later" in name])
    return shown.reset_index(drop=True)


def _quality_sentence(data_quality: pd.DataFrame, counts: pd.DataFrame, currency: str) -> str:
    name = next((table for table in ("orders", "sales") if table in counts.index), str(counts.index[0]))
    whole = counts.loc[name]
    read, used, aside, later = (float(whole["rows"][action]) for action in (*COUNTS, "later"))
    read -= later
    coda = f" {plain_number(later)} further ones are later than the day of this report." if later else ""
    what = {"orders": "order lines", "sales": "sales rows"}.get(name, f"rows of {name}")
    if not aside:
        return f"All {plain_number(read)} {what} are used.{coda}"
    value = float(whole["value"]["in"] - whole["value"]["later"])
    worth = (
        f", and {percent(whole['value']['used'] / value)} of their {short_money(value, currency)}" if value > 0 else ""
    )
    known = known_then(data_quality)
    reasons = known[(known["source_table"] == name) & (known["action"] == "set_aside")]
    main = reasons.sort_values(["rows", "reason"], ascending=[False, True])["reason"].iloc[0]
    most = f", most often: {main}" if len(reasons) > 1 else f": {main}"
    share = percent(used / read) if read else ""
    return f"{share} of {plain_number(read)} {what}{worth} are used; {plain_number(aside)} are set aside{most}.{coda}"
