"""When demand or profit of a segment changed its level to stay."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.settings import Periods
from segkit.formulas.change_points import LevelChange, find_level_changes

CYCLE = {"month": 12, "week": 52}
SHORTEST = {"month": 3, "week": 6}
SEASON = "may be season: less than two years of history"
ENTITIES = ("all", "channel", "category", "region", "country")
MEASURES = (("volume", "quantity"), ("net_margin", "revenue"))


def find_change_points(segment_dynamics: pd.DataFrame, *, periods: Periods, false_share: float = 0.05) -> pd.DataFrame:
    """Return ``change_points``: lasting changes of level in the demand and the net margin of segments.

    Parameters
    ----------
    segment_dynamics : DataFrame
        Table of that name.
    periods : Periods
        Length of a planning period.
    false_share : float
        Share of the changes in the table that may be false alarms, over all segments and measures together.

    Returns
    -------
    DataFrame
        A row per segment, measure and first period of a new level, with the level before and from then on (seasons
        taken out) and the confidence. ``reason`` says where a season may be behind it.

    Notes
    -----
    Demand is volume (sales at constant prices; quantity where prices are not known), profit is net margin (revenue
    where costs are not known), of complete periods; days are added up to months. The season of the year is taken out
    where two years are known. A level counts when it has lasted three months (six weeks), so the last change is seen
    that late. Of changes three times the usual deviation nine in ten dates are right to the period before or after,
    given three years.

    Channels, categories, regions and countries are tested. Classes of value are not: who is in class A today is there
    because he grew, so that today's class A shows a rise that it never had. See `formulas.change_points` for the test.
    """
    unit = "week" if periods.unit == "week" else "month"
    segment_dynamics = _by_month(segment_dynamics) if periods.unit == "day" else segment_dynamics
    tested = segment_dynamics["complete"].to_numpy(dtype=bool) & segment_dynamics["entity"].isin(ENTITIES).to_numpy()
    whole = segment_dynamics[tested]
    whole = whole.sort_values(["entity", "entity_id", "period"], kind="stable")
    names, series, days = [], [], []
    for key, rows in whole.groupby(["entity", "entity_id"], sort=True):
        for choices in MEASURES:
            measure = next((name for name in choices if rows[name].notna().all()), None)
            if measure:
                names.append((*key, measure))
                series.append(rows[measure].to_numpy())
                days.append(rows["period"].to_numpy())
    found = find_level_changes(series, cycle=CYCLE[unit], shortest=SHORTEST[unit], false_share=false_share)
    made = [
        _row(name, change, begins, unit)
        for name, changes, begins in zip(names, found, days, strict=True)
        for change in changes
    ]
    return _table(made)


def _by_month(days: pd.DataFrame) -> pd.DataFrame:
    """Return daily rows added up to calendar months; a month is complete when all its days are."""
    month = days["period"].dt.to_period("M").dt.start_time.astype("datetime64[us]")
    groups = days.assign(period=month, length=month.dt.days_in_month, there=1).groupby(
        ["entity", "entity_id", "period"], as_index=False
    )
    sums = groups[["quantity", "volume", "revenue", "net_margin"]].sum(min_count=1)
    facts = groups.agg(complete=("complete", "all"), length=("length", "first"), there=("there", "sum"))
    return sums.assign(complete=(facts["complete"] & (facts["there"] == facts["length"])).to_numpy(dtype=bool))


def _row(name: tuple[str, ...], change: LevelChange, begins: np.ndarray, unit: str) -> dict[str, object]:
    return {
        **dict(zip(("entity", "entity_id", "measure"), name, strict=True)),
        "period": begins[change.place],
        "before": change.before,
        "after": change.after,
        "change": change.after - change.before,
        "confidence": 1 - change.chance,
        "reason": SEASON if len(begins) < 2 * CYCLE[unit] else "",
    }


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    empty = empty_table("change_points")
    if not rows:
        return empty
    spec = nomenclature()["change_points"]
    table = pd.DataFrame(rows).astype({name: empty[name].dtype for name in spec.columns})
    return table[list(spec.columns)].sort_values(list(spec.key), ignore_index=True)
