"""What open orders are promised from the supply of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.explain_promise import PromiseExplanation, explain_promise
from segkit.promising.orders import Promises, promise_orders
from segkit.promising.promise_terms import PromiseTerms
from segkit.promising.repeated_words import as_texts


@dataclass(frozen=True)
class PromisedFrom:
    """What a plan promises from.

    ``supply`` that is counted on; ``allocations`` (None = first come, first served); ``capable``: item_id, location_id,
    lead_time_days and bid_price of what can be bought beyond the supply that is known; ``alternatives`` and
    ``critical_levels`` by place, as `promise_orders` takes them (None = there are none).
    """

    supply: pd.DataFrame
    allocations: pd.DataFrame | None
    capable: pd.DataFrame
    alternatives: pd.DataFrame | None = None
    critical_levels: pd.DataFrame | None = None


def promise_open_orders(
    opened: pd.DataFrame, given: PromisedFrom, *, classes: Sequence[str], rules: Promising
) -> Promises:
    """Return what is promised to open orders, in the order they came.

    Parameters
    ----------
    opened : DataFrame
        Table ``open_orders``.
    given : PromisedFrom
        What it is promised from.
    classes : sequence of str
        Classes of customers, best first.
    rules : Promising
        ``rule`` and terms of delivery.

    Returns
    -------
    Promises
        Tables ``promise_lines`` and ``promises``, their words as texts.
    """
    lines = _counted(opened)
    if lines.empty:
        return Promises(empty_table("promise_lines"), partial(empty_table, "promises"))
    terms = _terms(classes, given, rules)
    made = promise_orders(
        lines, given.supply, allocations=_filled(given.allocations), alternatives=given.alternatives, terms=terms
    )
    return Promises(as_texts(made.lines), partial(_trace_as_texts, made))


def _trace_as_texts(made: Promises) -> pd.DataFrame:
    return as_texts(made.trace)


def explain_open_order(
    opened: pd.DataFrame, given: PromisedFrom, line: tuple[str, str], *, classes: Sequence[str], rules: Promising
) -> PromiseExplanation:
    """Return what one open line used, and the least change of each kind that would have improved it.

    Parameters
    ----------
    opened, given
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
    lines = _counted(opened)
    if lines.empty:
        names = ("promise_lines", "promises", "promise_changes")
        return PromiseExplanation(*(empty_table(name) for name in names))
    quotas, terms = _filled(given.allocations), _terms(classes, given, rules)
    return explain_promise(lines, given.supply, line, allocations=quotas, alternatives=given.alternatives, terms=terms)


def _counted(opened: pd.DataFrame) -> pd.DataFrame:
    return opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True).drop(columns="left_out")


def _filled(table: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if table is None or table.empty else table


def _terms(classes: Sequence[str], given: PromisedFrom, rules: Promising) -> PromiseTerms:
    return PromiseTerms(
        tuple(classes),
        nested=rules.rule == "nested",
        delivery=rules.delivery,
        split_minimum=rules.split_minimum,
        max_lateness_days=float(rules.max_lateness_days),
        latest_first=rules.latest_first,
        late_cost=rules.late_cost or 0.0,
        capable=given.capable,
        critical_levels=given.critical_levels,
    )
