"""What open orders are promised from the supply of a plan."""

from collections.abc import Sequence

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.explain_promise import PromiseExplanation, explain_promise
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
    lines, counted, quotas = _counted(tables)
    if lines.empty:
        return Promises(empty_table("promise_lines"), empty_table("promises"))
    return promise_orders(lines, counted, allocations=quotas, terms=_terms(classes, capable, rules))


def explain_open_order(
    tables: Tables, capable: pd.DataFrame, line: tuple[str, str], *, classes: Sequence[str], rules: Promising
) -> PromiseExplanation:
    """Return what one open line used, and the least change of each kind that would have improved it.

    Parameters
    ----------
    tables, capable
        As `promise_open_orders` takes them.
    line : (str, str)
        order_id and line_id.
    classes, rules
        As `promise_open_orders` takes them.

    Returns
    -------
    PromiseExplanation
        See `explain_promise`.
    """
    lines, counted, quotas = _counted(tables)
    if lines.empty:
        names = ("promise_lines", "promises", "promise_changes")
        return PromiseExplanation(*(empty_table(name) for name in names))
    return explain_promise(lines, counted, line, allocations=quotas, terms=_terms(classes, capable, rules))


def _counted(tables: Tables) -> Tables:
    opened, counted, allocations = tables
    lines = opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True).drop(columns="left_out")
    return lines, counted, None if allocations is None or allocations.empty else allocations


def _terms(classes: Sequence[str], capable: pd.DataFrame, rules: Promising) -> PromiseTerms:
    late = float(rules.max_lateness_days)
    return PromiseTerms(tuple(classes), nested=rules.rule == "nested", max_lateness_days=late, capable=capable)
