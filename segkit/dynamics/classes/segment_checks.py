"""Whether segments cover everything once: what is in none or in two, what has no class and why, rules that overlap."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.masters import are_among
from segkit.dynamics.classes.rules import ENTITIES

_SHOWN = 3
_EXACT = 1e-9


@dataclass(frozen=True)
class Segmented:
    """The segment tables that are checked against the order lines they were made from."""

    items: pd.DataFrame
    customers: pd.DataFrame
    suppliers: pd.DataFrame


def check_segments(
    lines: pd.DataFrame, segmented: Segmented, rule_segments: pd.DataFrame, rule_counts: pd.DataFrame
) -> pd.DataFrame:
    """Return ``segment_checks``: one row per check, those that passed (0 rows) included.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` in the window of the segments.
    segmented : Segmented
        Tables item_segments, customer_segments and supplier_segments.
    rule_segments, rule_counts : DataFrame
        Tables of those names.

    Returns
    -------
    DataFrame
        ``rows`` that fail, the ``share`` of the revenue of the window that they hold, the first of them (most revenue
        first) and the reason.
    """
    rows = []
    for entity, segments in (("item", segmented.items), ("customer", segmented.customers)):
        revenue = _revenue_by(lines, f"{entity}_id")
        rows += [_covered(entity, segments, revenue), _classed(entity, segments, revenue)]
        rows.append(_adds_up(entity, segments, revenue))
    if len(segmented.suppliers):
        rows.append(_in_a_quadrant(segmented.suppliers))
    rows += [_overlap(entity, rule_segments, rule_counts, segmented, lines) for entity in ENTITIES.values()]
    if len(rule_counts):
        rows.append(_met(rule_counts))
    kinds = empty_table("segment_checks").dtypes
    table = pd.DataFrame([row for row in rows if row], columns=list(kinds.index)).astype(kinds.to_dict())
    return table.sort_values(["check", "entity"], ignore_index=True)


def _revenue_by(lines: pd.DataFrame, key: str) -> pd.Series:
    return lines["revenue"].groupby(lines[key].astype("str")).sum()


def _covered(entity: str, segments: pd.DataFrame, revenue: pd.Series) -> dict:
    """Check that everything with lines in the window is in the table of segments once."""
    times = segments[f"{entity}_id"].value_counts().reindex(revenue.index).fillna(0)
    failing = revenue[(times != 1).to_numpy()]
    text = f"{entity}s with lines in the window that are in no segment or in two" if len(failing) else ""
    return _row("in exactly one segment", entity, failing, revenue.sum(), text)


def _classed(entity: str, segments: pd.DataFrame, revenue: pd.Series) -> dict:
    """Check that everything with lines in the window has a value class; if not, say why."""
    known = segments.drop_duplicates(f"{entity}_id").set_index(f"{entity}_id")
    blank = known[(known["abc"] == "").to_numpy() & are_among(known.index, revenue.index)]
    counts = blank["reason"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    why = "; ".join(f"{reason or 'no reason given'} ({count:,})" for reason, count in counts.items())
    return _row("has a value class", entity, revenue.reindex(blank.index), revenue.sum(), why)


def _adds_up(entity: str, segments: pd.DataFrame, revenue: pd.Series) -> dict:
    """Check that the revenue of all segments together is that of the lines."""
    members = segments.loc[are_among(segments[f"{entity}_id"], revenue.index), f"{entity}_id"]
    gap = float(revenue.reindex(members).sum() - revenue.sum())
    wrong = abs(gap) > _EXACT * float(revenue.abs().sum())
    row = _row("revenue adds up", entity, revenue.iloc[:0], 1.0, "")
    share = gap / revenue.sum() if wrong and revenue.sum() else 0.0
    text = f"revenue of the segments less revenue of the lines: {gap:,.2f}" if wrong else ""
    return {**row, "rows": int(wrong), "share": share, "reason": text}


def _in_a_quadrant(suppliers: pd.DataFrame) -> dict:
    """Check that every supplier has a quadrant."""
    blank = suppliers[(suppliers["kraljic"] == "").to_numpy()].set_index("supplier_id")["revenue"]
    total = suppliers["revenue"].sum()
    return _row(
        "in a quadrant", "supplier", blank, total, "no impact or no risk could be measured" if len(blank) else ""
    )


def _overlap(
    entity: str, members: pd.DataFrame, counts: pd.DataFrame, segmented: Segmented, lines: pd.DataFrame
) -> dict:
    """Check that the rules of one kind share no members; name the pairs of rules that do."""
    if (counts["entity"] == entity).sum() < 2:
        return {}
    own = members[(members["entity"] == entity).to_numpy()]
    twice = own[own.duplicated("entity_id", keep=False).to_numpy()]
    pairs = twice.merge(twice, on="entity_id")
    pairs = pairs[(pairs["rule_x"] < pairs["rule_y"]).to_numpy()].groupby(["rule_x", "rule_y"]).size()
    worst = pairs.sort_values(ascending=False, kind="stable").head(_SHOWN)
    text = "; ".join(f"{one} and {other}: {count:,}" for (one, other), count in worst.items())
    revenue = _revenue_of(entity, segmented, lines)
    found = revenue.reindex(pd.Index(twice["entity_id"].unique(), dtype="str"))
    return _row("in one rule at most", entity, found, revenue.sum(), text)


def _revenue_of(entity: str, segmented: Segmented, lines: pd.DataFrame) -> pd.Series:
    if entity == "supplier":
        return segmented.suppliers.set_index("supplier_id")["revenue"]
    return _revenue_by(lines, f"{entity}_id")


def _met(counts: pd.DataFrame) -> dict:
    """Check that every rule is met by somebody."""
    idle = counts[(counts["members"] == 0).to_numpy()].set_index("rule")["revenue"]
    text = "nothing meets the condition now" if len(idle) else ""
    return _row("rule has members", "rule", idle, 1.0, text)


def _row(check: str, entity: str, failing: pd.Series, total: float, reason: str) -> dict:
    """Return one row: how many fail, their share of the revenue, and those that weigh most."""
    worth = failing.astype("float64").fillna(0.0)
    order = np.lexsort((worth.index.to_numpy(dtype=object), -worth.to_numpy()))
    first = ", ".join(str(name) for name in worth.index[order[:_SHOWN]])
    share = float(worth.sum() / total) if total else 0.0
    return {
        "check": check,
        "entity": entity,
        "rows": len(failing),
        "share": share,
        "first": first,
        "reason": reason,
    }
