"""Which quotas order promising keeps apart, and from which of them each class takes, in which order."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.formulas.promising import nested_sources, quota_sources
from segkit.promising.promise_terms import CONTRACT, OTHERS, POOL, committed_units

_CONTRACT = "contract"  # rule of rows that a contract alone made
_LIMITED = (
    "A contract of a class beside a limit of all others is two quotas of one class: give the class a limit of its own "
    "with kind both, or let all others have a reservation."
)


def read_quota_columns(
    allocations: pd.DataFrame | None, at: np.ndarray | None, places: int, classes: tuple[str, ...]
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return the quotas by name, the pool last, and the column of each place and class: its own, and what it shares.

    Parameters
    ----------
    allocations : DataFrame or None
        Checked rows; ``at`` = the place of each.
    at : ndarray or None
        None where there are no allocations.
    places : int
        How many places there are.
    classes : tuple of str
        Best first.

    Returns
    -------
    tuple
        Columns, own (places, classes) and also (places, classes; -1 = none): a class that has no row but of a contract
        is still among all others. What a contract keeps has a column of its own: no better class takes it, it is not
        released, and it goes first, so that what the class gets counts for it.

    Raises
    ------
    DataError
        A class with a contract is among others that are limited.
    """
    if allocations is None or at is None or allocations.empty:
        none = np.zeros((1, len(classes)), dtype=np.int8)
        return (POOL,), none, none - np.int8(1)
    of = allocations["demand_class"].to_numpy()
    kept = committed_units(allocations) > 0
    contracts = (f"{name}{CONTRACT}" for name in classes if name in set(of[kept]))
    columns = (*(name for name in (*classes, OTHERS) if name in set(of)), *contracts, POOL)
    number = {name: np.int8(place) for place, name in enumerate(columns)}
    own = np.full((places, len(classes)), number[POOL], dtype=np.int8)
    also = np.full_like(own, -1)
    own[at[of == OTHERS]] = number.get(OTHERS, number[POOL])
    stated = ~_by_contract(allocations)
    for rank, name in enumerate(classes):
        rows = of == name
        if not rows.any():
            continue
        owed = np.setdiff1d(at[rows], at[rows & stated])
        owed = owed[own[owed, rank] != number[POOL]]
        also[owed, rank] = own[owed, rank]
        own[at[rows], rank] = number[name]
        if (by_contract := at[rows & kept]).size:
            none = also[by_contract, rank] < 0
            also[by_contract[none], rank] = own[by_contract[none], rank]
            own[by_contract, rank] = number[f"{name}{CONTRACT}"]
    _require_kept(allocations[of == OTHERS], at[of == OTHERS], also == number.get(OTHERS, -2))
    return columns, own, also


def quota_order(own: np.ndarray, also: np.ndarray, columns: tuple[str, ...], *, nested: bool) -> np.ndarray:
    """Return the columns that each place and class takes from, as `PromiseRules.sources`."""
    both = np.hstack([own, also]) if (also >= 0).any() else own
    kinds, which = np.unique(both, axis=0, return_inverse=True)
    own, second = kinds[:, : own.shape[1]], kinds[:, own.shape[1] :]
    shared, count = second if second.size else None, len(columns)
    kept = [place for place, name in enumerate(columns) if name.endswith(CONTRACT)]
    made = nested_sources(own, count, shared, kept) if nested else quota_sources(own, count, shared)
    return made[which.reshape(-1)]


def _by_contract(allocations: pd.DataFrame) -> np.ndarray:
    if "rule" not in allocations:
        return np.zeros(len(allocations), dtype=bool)
    return allocations["rule"].eq(_CONTRACT).fillna(False).to_numpy(dtype=bool)


def _require_kept(others: pd.DataFrame, at: np.ndarray, among: np.ndarray) -> None:
    """Raise where all others are limited and a class among them has a contract: the limit could not hold for it."""
    limited = others["kind"].isin(("limit", "both")).to_numpy() & among[at].any(axis=1)
    if limited.any():
        row = others[limited].iloc[0]
        where = f"item_id={row['item_id']}" + (f", location_id={row['location_id']}" if "location_id" in others else "")
        problem = f"{OTHERS} is a limit, and a class among them has a contract, first: {where}"
        raise DataError(list_problems("orders cannot be promised", [problem], [_LIMITED]))
