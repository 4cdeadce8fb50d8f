"""Levels of each of the coming periods, where season and calendar move the forecast: time-phased parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.policies.gathered import Sizing
from segkit.inventory.policies.limits import size_within_limits
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.sizing import packs_of

_LEVELS = ["reorder_point", "order_up_to"]
_NEAR = 1e-9
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Phase:
    """A coming period: its first day, the first day after it, and what its levels are sized from."""

    begin: pd.Timestamp
    end: pd.Timestamp
    sizing: Sizing


def phase_policies(phases: Iterable[Phase], policies: pd.DataFrame) -> pd.DataFrame:
    """Return ``policy_phases``: the levels that the rules give every item-location in each of the coming periods.

    Parameters
    ----------
    phases : iterable of Phase
        In their order; the first one is what ``policies`` were sized from. What has the demand and the rules of the
        first keeps its levels, unless limits hold for all together.
    policies : DataFrame
        Table of that name.

    Returns
    -------
    DataFrame
        A row per item-location and period, sorted by both. ``is_phased`` tells item-locations of which a level moves by
        more than a lot (order_multiple, else the lot in which demand comes) over the periods, either way; the others do
        as well with the levels of the first period, which are those of ``policies``.

    Notes
    -----
    Nothing later than the plan's day is known: levels of a period cover lead time and review from its first day on, by
    the forecast that is made now. How far demand may scatter around it is taken as of an interval that begins now,
    since the levels will be set anew before: where the forecast does not move, all periods have the levels of today.
    What a person set holds in the periods that begin before its end.
    """
    tables, packs, first = [], np.zeros(0), None
    for one in phases if len(policies) else ():
        first, packs = (one.sizing, packs_of(one.sizing)) if first is None else (first, packs)
        table = _sized(one.sizing, first, policies)
        tables.append(table.assign(valid_from=one.begin, valid_to=one.end - _DAY))
    if not tables:
        return empty_table("policy_phases")
    move = np.stack([_level(table) - _level(policies) for table in tables], axis=1)
    wide = np.stack([_span(tables, name) for name in _LEVELS]).max(axis=0)
    phased = wide > packs + _NEAR
    table = pd.concat(tables, ignore_index=True).assign(
        level_move=move.T.ravel(), is_phased=np.tile(phased, len(tables))
    )
    kinds = empty_table("policy_phases").dtypes
    table = table.sort_values([*PLACE, "valid_from"], ignore_index=True)
    return table[list(kinds.index)].astype(kinds.to_dict())


def _sized(sizing: Sizing, first: Sizing, policies: pd.DataFrame) -> pd.DataFrame:
    """Return the policies of a period: sized where demand or rules are not those of the first one."""
    same = np.isclose(sizing.covered.demand.mean, first.covered.demand.mean, rtol=_NEAR, atol=0.0)
    same &= ((sizing.rules == first.rules) | (sizing.rules.isna() & first.rules.isna())).all(axis=1).to_numpy()
    if same.all():
        return policies
    if sizing.limits:
        return size_within_limits(sizing)
    rows = np.flatnonzero(~same)
    moved = size_within_limits(sizing.of(rows)).set_axis(policies.index[rows])
    return pd.concat([policies[same], moved]).sort_index()


def _level(table: pd.DataFrame) -> np.ndarray:
    single = (table["policy"] == "reorder_quantity").to_numpy()
    return np.where(single, table["reorder_point"], table["order_up_to"])


def _span(tables: Sequence[pd.DataFrame], name: str) -> np.ndarray:
    """Return by how much a level differs between periods; 0 where it is not known. [units]."""
    levels = np.stack([table[name].to_numpy(dtype=float) for table in tables])
    return np.nan_to_num(levels.max(axis=0) - levels.min(axis=0))
