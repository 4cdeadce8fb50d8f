"""What open orders are promised from the supply of a plan."""

from collections.abc import Sequence

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.orders import Promises, promise_orders
from segkit.promising.promise_terms import PromiseTerms

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]


def promise_open_orders(tables: Tables, capable: pd.DataFrame, *, classes: Sequence[str], rules: Promising) -> Promises:
    """Return what is promised to open orders, in the order they came.

    Parameters
    ----------
    tables : (DataFrame, DataFrame, DataFrame or None)
        Tables ``open_orders``, ``supply`` that is counted on, and ``allocations``; None = first come, first served.
    capable : DataFrame
        item_id, location_id, lead_time_days: what can be bought beyond the supply that is known.
    classes : sequence of str
        Classes of customers, best first.
    rules : Promising
        ``rule`` and ``max_lateness_days``.

    Returns
    -------
    Promises
        Tables ``promise_lines`` and ``promises``.
    """
    opened, counted, allocations = tables
    lines = opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True)
    if lines.empty:
        return Promises(empty_table("promise_lines"), empty_table("promises"))
    late = float(rules.max_lateness_days)
    terms = PromiseTerms(tuple(classes), nested=rules.rule == "nested", max_lateness_days=late, capable=capable)
    quotas = None if allocations is None or allocations.empty else allocations
    return promise_orders(lines.drop(columns="left_out"), counted, allocations=quotas, terms=terms)
