"""The contest of a plan: its rules replayed on the last days of its history, set anew from what was known then."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.policy_settings import Policies
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.sizing import Sizing
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.gap import Held, expected_of
from segkit.inventory.replay.rules import RuleLevels, set_levels
from segkit.inventory.replay.runs import ReplayTerms, RuleReplay, replay_rules
from segkit.inventory.replay.steps import Worth

_KNOWN_PERIODS = 8


def reset_days(first_known: date, as_of: date, *, policies: Policies, period_days: float) -> list[date]:
    """Return the days on which levels are set, rising: one reset before the judged days, then every reset.

    Parameters
    ----------
    first_known : date
        First day of the history.
    as_of : date
        Its last day.
    policies : Policies
        replay_days and reset_days.
    period_days : float
        Days of a planning period: fewer than eight of them are too little to set levels from.

    Returns
    -------
    list of date
        None where the history is too short.

    Examples
    --------
    >>> rules = Policies(replay_days=60, reset_days=30)
    >>> [str(day) for day in reset_days(date(2023, 1, 1), date(2024, 1, 31), policies=rules, period_days=30)]
    ['2023-11-02', '2023-12-02', '2024-01-01']
    """
    begin = pd.Timestamp(as_of) - pd.Timedelta(days=policies.replay_days)
    warm = begin - pd.Timedelta(days=policies.reset_days)
    if (warm - pd.Timestamp(first_known)).days < _KNOWN_PERIODS * period_days:
        return []
    days = pd.date_range(warm, pd.Timestamp(as_of) - pd.Timedelta(days=1), freq=f"{policies.reset_days}D")
    return [day.date() for day in days]


def hold_replay(
    demand: CameDemand,
    days: list[date],
    sized_on: Callable[[date], Sizing],
    terms: ReplayTerms,
    *,
    policies: Policies,
    seed: int,
) -> tuple[RuleReplay, Held, pd.DataFrame]:
    """Return what every rule gave on the judged days, what was replayed, and ``replay_left_out``.

    Parameters
    ----------
    demand : CameDemand
        From the first reset on.
    days : list of date
        From `reset_days`.
    sized_on : callable
        What policies are sized from, as known on a day.
    terms : ReplayTerms
        How orders and shortages go.
    policies : Policies
        replay_days and thumb_cover_days.
    seed : int
        Of the lead times.

    Notes
    -----
    An item-location that could not be sized at one of the resets is stocked by no rule then: what is short there says
    nothing of any of them. It is left out whole, and listed with the demand that came.
    """
    levels = [set_levels(sized_on(day), pd.Timestamp(day), cover_days=policies.thumb_cover_days) for day in days]
    judged = pd.Timestamp(days[0]) + pd.Timedelta(days=policies.reset_days + 1)
    out = _left_out(demand, levels, judged)
    rows = np.setdiff1d(np.arange(len(demand.places)), demand.place_of(out))
    demand, terms = demand.of(rows), terms.of(rows)
    held = Held(demand, levels, terms, judged, seed)
    return replay_rules(demand, levels, terms, judged=judged, seed=seed), held, out


def _left_out(demand: CameDemand, levels: list[RuleLevels], judged: pd.Timestamp) -> pd.DataFrame:
    """Return places that could not be sized at some reset, the last reason of each, and what was asked for there."""
    every = pd.concat([one.unsized for one in levels], ignore_index=True)
    bare = every.drop_duplicates(PLACE, keep="last")
    place = demand.place_of(bare)
    bare, place = bare[place >= 0], place[place >= 0]
    known = (demand.quantity * demand.known)[:, demand.starts >= judged]
    kinds = empty_table("replay_left_out").dtypes
    told = bare.assign(demand=known.sum(axis=1)[place])[list(kinds.index)].astype(kinds.to_dict())
    return told.sort_values(PLACE, ignore_index=True)


def value_replay(
    run: RuleReplay,
    levels: list[RuleLevels],
    costs: pd.DataFrame,
    segments: pd.DataFrame,
    value: pd.DataFrame,
    *,
    policies: Policies,
    order_cost: float | None,
) -> Worth:
    """Return what units are worth at the places of a replay, and the segments by which it is told.

    Parameters
    ----------
    run : RuleReplay
        From `hold_replay`.
    levels : list of RuleLevels
        Of which the last but not yet judged tell what was expected.
    costs : DataFrame
        From `cost_places`, row by row as the places.
    segments : DataFrame
        Table ``item_segments``.
    value : DataFrame
        Table ``item_value``: units per order line.
    policies : Policies
        service_weight.
    order_cost : float, optional
        Cost of an order line. [currency]
    """
    places = run.demand.places
    known = segments.drop_duplicates("item_id").set_index("item_id")
    named: dict[str, Any] = {"all": np.full(len(places), "(all)", dtype=object)}
    for name in ("abc", "xyz", "segment"):
        named[name] = (
            places["item_id"].map(known[name]).astype("str").fillna("").replace("", "(none)").to_numpy(dtype=object)
        )
    named["location_id"] = places["location_id"].to_numpy(dtype=object)
    margin = costs["unit_margin"].fillna(0.0).clip(lower=0.0).to_numpy()
    price = costs["unit_price"].fillna(0.0).clip(lower=0.0).to_numpy()
    units = value.set_index("item_id")
    line = (
        places["item_id"]
        .map(units["quantity"] / units["lines"])
        .astype("float64")
        .fillna(1.0)
        .clip(lower=1e-9)
        .to_numpy()
    )
    weights = {"margin": margin, "revenue": price, "lines": 1.0 / line, "units": np.ones(len(places))}
    return Worth(
        costs["unit_cost"].fillna(0.0).to_numpy(),
        margin,
        costs["shortage_cost"].fillna(0.0).to_numpy(),
        costs["holding_cost"].fillna(0.0).to_numpy(),
        weights[policies.service_weight],
        order_cost or 0.0,
        pd.DataFrame(named),
        expected_of(run.demand, levels, "fill_rate"),
        expected_of(run.demand, levels, "cycle_service"),
    )
