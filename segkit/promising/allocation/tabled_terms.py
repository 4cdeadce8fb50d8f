"""Quotas and contracts that come as tables, put beside those that segkit.toml states."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.allocation_settings import Commitment, StatedQuota, quota_amount
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.promising_settings import Promising

_AMOUNTS = ("number", "share", "ratio")
_WORDS = (("of", "item_id"), ("at", "location_id"), ("on", "period"))
_FIX = "Give each class once for an item and place, with the one amount that promising.rule asks for."


def add_tables(rules: Promising, quotas: pd.DataFrame, commitments: pd.DataFrame) -> Promising:
    """Return settings with the quotas and contracts of the tables behind their own.

    Parameters
    ----------
    rules : Promising
        rule, quotas and commitments.
    quotas, commitments : DataFrame
        Tables of these names.

    Raises
    ------
    DataError
        Quotas lack the amount that the rule asks for, tell another, or are told in segkit.toml too: all at once.

    Examples
    --------
    >>> quotas = pd.DataFrame({"demand_class": ["gold"], "item_id": ["SKU-1"], "share": [0.2]})
    >>> stated = Promising(rule="by_share", quotas={"rest": {"demand_class": "(all others)", "share": 0.5}})
    >>> {name: quota.share for name, quota in add_tables(stated, quotas, pd.DataFrame()).quotas.items()}
    {'rest': 0.5, 'gold of SKU-1': 0.2}
    """
    if quotas.empty and commitments.empty:
        return rules
    if problems := list(_problems(rules, quotas)):
        raise DataError(list_problems("table 'quotas' cannot be used", problems, [_FIX]))
    more: dict[str, Any] = {
        "quotas": rules.quotas | {_name(row, rules.quotas): StatedQuota(**row) for row in _filled(quotas)},
        "commitments": dict(rules.commitments),
    }
    for row in _filled(commitments):
        name = _name(row, more["commitments"])
        more["commitments"][name] = Commitment(**{key: value for key, value in row.items() if key != "contract_id"})
    return rules.model_copy(update=more)


def _problems(rules: Promising, quotas: pd.DataFrame) -> Iterator[str]:
    wanted = quota_amount(rules.rule)
    if quotas.empty or wanted is None:
        return
    told = {name: quotas[name].notna().to_numpy() for name in _AMOUNTS if name in quotas}
    none = np.zeros(len(quotas), dtype=bool)
    yield from _wrong(quotas, ~told.get(wanted, none), f"{wanted} is missing, and promising.rule is {rules.rule}")
    for name, filled in told.items():
        if name != wanted:
            yield from _wrong(quotas, filled, f"{name} is told, but promising.rule is {rules.rule}")
    own = {(one.item_id, one.location_id, one.demand_class) for one in rules.quotas.values()}
    keys = [quotas.get(name, pd.Series("", quotas.index)).fillna("") for name in ("item_id", "location_id")]
    again = [key in own for key in zip(*keys, quotas["demand_class"], strict=True)]
    yield from _wrong(quotas, np.array(again), "segkit.toml tells the same items, place and class")


def _wrong(table: pd.DataFrame, rows: np.ndarray, problem: str) -> Iterator[str]:
    if rows.any():
        yield f"{problem} {in_rows(int(rows.sum()))}, first: {first_offenders(table[rows]) or _said(table[rows])}"


def _said(rows: pd.DataFrame) -> str:
    return f"demand_class={rows['demand_class'].iloc[0]!r}"


def _filled(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the cells of each row that are filled."""
    for row in table.to_dict("records"):
        cells = {str(name): value for name, value in row.items() if not pd.isna(value) and value != ""}
        yield {name: cell.date() if isinstance(cell, pd.Timestamp) else cell for name, cell in cells.items()}


def _name(row: dict[str, Any], taken: dict[str, Any]) -> str:
    """Return how messages call a row: by its contract, else its class, item, place and day."""
    words = [row["demand_class"], *(f"{word} {row[name]}" for word, name in _WORDS if name in row)]
    name = str(row.get("contract_id") or " ".join(words))
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found
