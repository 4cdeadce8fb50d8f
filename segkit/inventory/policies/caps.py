"""Caps that the least order exceeds, and what is not stocked because of a cap: rows of ``policy_checks``."""

import numpy as np
import pandas as pd

from segkit.inventory.policies.gathered import NONE, Sizing
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_checks import add_check
from segkit.inventory.policies.sizing import CEILINGS, ceilings

_SHOWN = 3
_NEAR = 1e-9


def has_caps(policy_rules: pd.DataFrame, items: pd.DataFrame) -> bool:
    """Return whether a rule, a person or the item master caps any stock.

    Parameters
    ----------
    policy_rules : DataFrame
        Table of that name: max_cover_days, max_stock.
    items : DataFrame
        Table ``items``: shelf_life_days.
    """
    given = (table[name] for table in (policy_rules, items) for name in CEILINGS if name in table)
    return any(cells.notna().any() for cells in given)


def check_caps(policy_checks: pd.DataFrame, sizing: Sizing, policies: pd.DataFrame) -> pd.DataFrame:
    """Return ``policy_checks`` with last rows for caps that moq or pack exceed, or that leave no room, if any.

    Parameters
    ----------
    policy_checks : DataFrame
        Of the rules.
    sizing : Sizing
        What policies are sized from.
    policies : DataFrame
        Table of that name, of the same item-locations, row by row.

    Notes
    -----
    Stock that a person or a rule asks for at least (min_stock) may lie above a cap as well: that is not told here.
    """
    level, capped = policies["order_up_to"].to_numpy(dtype=float), policies["capped_by"].to_numpy(dtype=object)
    stocked = (policies["policy"] != NONE).to_numpy() & (capped != "min_stock")
    asked = (sizing.rules["policy"] != NONE).to_numpy()
    for name, limit in ceilings(sizing).items():
        over = np.flatnonzero(stocked & (level > limit + _NEAR))
        if len(over):
            figures = [f"{level[row]:g} of {limit[row]:.3g} ({_least(sizing, row)})" for row in over[:_SHOWN]]
            problem = f"exceeded by moq or pack at {_count(over)}, first: {_list(policies, over, figures)}"
            policy_checks = add_check(policy_checks, f"({name})", problem, matched=int(np.isfinite(limit).sum()))
        none = np.flatnonzero(asked & ~stocked & (capped == name))
        if len(none):
            figures = [f"{limit[row]:.3g}" for row in none[:_SHOWN]]
            problem = f"no room for one unit at {_count(none)}, not stocked, first: {_list(policies, none, figures)}"
            policy_checks = add_check(policy_checks, f"({name})", problem, matched=int(np.isfinite(limit).sum()))
    return policy_checks


def _least(sizing: Sizing, row: int) -> str:
    """Return what makes the least order of an item-location large."""
    moq, pack = (float(np.nan_to_num(sizing.costs[name].iloc[row])) for name in ("moq", "order_multiple"))
    quantity, lots = sizing.rules["order_quantity"].iloc[row], sizing.covered.lots[row]
    if quantity > max(moq, pack):
        return f"order_quantity {quantity:g}, set by a person"
    return f"moq {moq:g}" if moq > max(pack, lots) else f"pack {pack if pack > 0 else lots:g}"


def _count(rows: np.ndarray) -> str:
    return f"{len(rows):,} item-location{'' if len(rows) == 1 else 's'}"


def _list(policies: pd.DataFrame, rows: np.ndarray, figures: list[str]) -> str:
    named = policies[PLACE].iloc[rows[:_SHOWN]].itertuples(index=False)
    return "; ".join(f"{item} at {place} {figure}" for (item, place), figure in zip(named, figures, strict=True))
