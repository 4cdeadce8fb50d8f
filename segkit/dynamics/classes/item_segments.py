"""Items by segment: value class, variability class and the numbers that decided."""

import pandas as pd

from segkit.core.columns import nomenclature
from segkit.core.masters import column_or_missing
from segkit.core.settings import Segments
from segkit.dynamics.classes.value_classes import LOSS, AbcRule, classify_abc, classify_by_settings
from segkit.dynamics.classes.variability_classes import classify_xyz

_SPEEDS = ("fast", "medium", "slow")
_NO_CUSTOMER_MEASURE = {"quantity": "revenue", "cost_criterion": "net_margin"}


def segment_items(
    item_value: pd.DataFrame, item_profile: pd.DataFrame, errors: pd.DataFrame | None = None, *, rules: Segments
) -> pd.DataFrame:
    """Return ``item_segments``: value class, variability class and the numbers that decided.

    Parameters
    ----------
    item_value : DataFrame
        Table ``item_value``, with cost_criterion where that is known (see `add_cost_criterion`).
    item_profile : DataFrame
        Table ``item_profile``. An item without one (a superseded item whose history went to its successor, or one
        that was only returned) has no XYZ class.
    errors : DataFrame, optional
        What ``rules.xyz_by`` asks for: table ``seasonality`` or ``forecast_errors``; none for the CV.
    rules : Segments
        Measure, shares, labels, groups and XYZ limits.

    Returns
    -------
    DataFrame
        One row per item of either table.
    """
    classed = classify_by_settings(
        _facts(item_value, item_profile, errors, rules),
        measure=rules.measure,
        rules=rules,
        within=rules.within,
        limits=rules.abc_limits,
    )
    classed = classify_xyz(classed, rules=rules)
    classed["velocity"] = classify_velocity(classed, rules=rules)
    classed["segment"] = classed["abc"] + classed["xyz"]
    classed["abc_by_data"] = classed["abc"]
    classed["class_source"] = pd.Series("data", index=classed.index, dtype="str")
    classed["reason"] = _reasons(classed, rules)
    text = {"pattern": "", "life_cycle": ""}
    return classed.fillna(text)[list(nomenclature()["item_segments"].columns)]


def classify_velocity(item_value: pd.DataFrame, *, rules: Segments) -> pd.Series:
    """Return fast, medium or slow by how often items are asked for; blank where nobody asked.

    Parameters
    ----------
    item_value : DataFrame
        lines and customers, as in ``item_value``.
    rules : Segments
        ``velocity_by`` (lines or customers) and ``velocity_shares``: where fast and medium end, as cumulative shares.

    Returns
    -------
    Series of str
        Same index.

    Examples
    --------
    >>> frame = pd.DataFrame({"lines": [80, 15, 5, 0]})
    >>> classify_velocity(frame, rules=Segments()).tolist()
    ['fast', 'medium', 'slow', '']
    """
    count = item_value[rules.velocity_by].astype(float)
    rule = AbcRule(tuple(rules.velocity_shares), _SPEEDS)
    return classify_abc(count.to_frame(), measure=rules.velocity_by, rule=rule)["abc"].where((count > 0), "")


def customer_measure(rules: Segments) -> str:
    """Return the measure by which customers are classed.

    That of items, but revenue for quantity (customers buy unlike units) and net margin for the cost criterion (it
    ranks stock decisions, which are made per item).
    """
    return _NO_CUSTOMER_MEASURE.get(rules.measure, rules.measure)


def _facts(
    item_value: pd.DataFrame, item_profile: pd.DataFrame, errors: pd.DataFrame | None, rules: Segments
) -> pd.DataFrame:
    """Return what is known of every item of either table."""
    value = item_value.assign(cost_criterion=column_or_missing(item_value, "cost_criterion"))
    needed = list(dict.fromkeys(["item_id", rules.measure, rules.within, "cost_criterion", "lines", "customers"]))
    profile = item_profile.drop(columns=["location_id", "demand_class"])
    both = value[[name for name in needed if name]].merge(profile, on="item_id", how="outer")
    unknown = both["item_id"].isin(value.loc[value[rules.measure].isna(), "item_id"])
    both[rules.measure] = both[rules.measure].fillna(0.0).where(~unknown)
    both = both.fillna({"periods": 0, "lines": 0, "customers": 0})
    if errors is None:
        return both
    if "entity" in errors:
        errors = errors[(errors["entity"] == "item").to_numpy()].rename(columns={"entity_id": "item_id"})
    figures = errors[[name for name in ("item_id", "is_seasonal", rules.xyz_by) if name in errors]]
    return both.merge(figures, on="item_id", how="left")


def _reasons(classed: pd.DataFrame, rules: Segments) -> pd.Series:
    """Return why there is no value class, or a loss, and what is to be known of the variability class."""
    none, loss = classed["measure_value"].isna().to_numpy(), (classed["abc"] == LOSS).to_numpy()
    spread = classed["xyz_reason"]
    tail = spread.where(spread == "", "; " + spread)
    return spread.mask(loss, "loss maker" + tail).mask(none, f"{rules.measure} unknown")
