"""Why a line got its promise, and the least change that would have improved it, each proved by promising again."""

from dataclasses import dataclass, replace

import pandas as pd

from segkit.core.columns import column_dtype, empty_table, nomenclature
from segkit.core.errors import DataError, list_problems
from segkit.promising.promise_book import GivenBook, read_promise_book
from segkit.promising.promise_changes import Change, Question, find_changes
from segkit.promising.promise_checks import require_tables
from segkit.promising.promise_terms import PromiseTerms
from segkit.promising.repeated_words import as_texts

_KEY = ["order_id", "line_id"]


@dataclass(frozen=True)
class PromiseExplanation:
    """``line``: its promise; ``used``: of which supply and quota; ``changes``: what would have improved it."""

    line: pd.DataFrame
    used: pd.DataFrame
    changes: pd.DataFrame


def explain_promise(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    line: tuple[str, str],
    *,
    allocations: pd.DataFrame | None = None,
    alternatives: pd.DataFrame | None = None,
    terms: PromiseTerms | None = None,
) -> PromiseExplanation:
    """Return what one order line got and used, and the least change of each kind that would have improved it.

    Parameters
    ----------
    orders, supply : DataFrame
        As `promise_orders` takes them: the whole order book, as lines that came before took supply.
    line : tuple of str
        order_id and line_id.
    allocations, alternatives : DataFrame, optional
        As `promise_orders` takes them.
    terms : PromiseTerms, optional
        As `promise_orders` takes them.

    Returns
    -------
    PromiseExplanation
        ``line`` and ``used`` as `Promises.lines` and `Promises.trace`, all words as texts. ``changes``: a row per
        change that helps: kind (release of a quota, supply, class, delivery, location, lateness, limit, margin),
        improvement in words, amount, and what the line would then get: promised_quantity, timely_quantity [units],
        promised_date, late_days. Empty where all of the line is promised in time.

    Raises
    ------
    DataError
        As `promise_orders`; where no such line is there.

    Notes
    -----
    Every row of ``changes`` comes from promising the book again with that change and no other; lines that came before
    may take of it first. "supply" is the least whole number of units, added to the last supply in time, with which all
    of the line is promised in time (by halving: with complete deliveries before it a smaller number may do, too).

    Examples
    --------
    >>> place, day = {"item_id": ["SKU-1"], "location_id": "DC"}, pd.Timestamp("2026-03-02")
    >>> supply = pd.DataFrame({**place, "available_date": day})
    >>> orders = pd.DataFrame({**place, "order_date": day, "order_id": "7", "line_id": "1", "quantity": 5.0})
    >>> explain_promise(orders, supply.assign(quantity=3.0), ("7", "1")).changes["improvement"].tolist()
    ['2 more units in the supply of 2026-03-02']
    """
    if orders.empty:
        return PromiseExplanation(*(empty_table(name) for name in ("promise_lines", "promises", "promise_changes")))
    book, plain = read_promise_book(orders, supply, allocations, alternatives, terms or PromiseTerms())
    require_tables(book.named(plain), plain, None)
    question = _narrow(book, (str(line[0]), str(line[1])), plain)
    now = question.ask()
    changes = [_row(question.line, change) for change in find_changes(question, now)]
    kinds = {column: column_dtype(column) for column in nomenclature()["promise_changes"].columns}
    table = pd.DataFrame(changes, columns=list(kinds)).astype(kinds)
    told = now.made.lines[(now.made.lines[_KEY] == list(question.line)).all(axis=1)].reset_index(drop=True)
    return PromiseExplanation(as_texts(told), as_texts(now.used), table)


def _row(line: tuple[str, str], change: Change) -> dict:
    then = change.answer
    return {
        "order_id": line[0],
        "line_id": line[1],
        "improvement_kind": change.kind,
        "improvement": change.words,
        "improvement_amount": change.amount,
        "promised_quantity": then.line["promised_quantity"],
        "timely_quantity": then.timely,
        "promised_date": then.line["promised_date"],
        "late_days": then.line["late_days"],
    }


def _narrow(book: GivenBook, line: tuple[str, str], terms: PromiseTerms) -> Question:
    """Return the line with what can have had an influence on it: earlier lines, of items linked with its own."""
    orders = book.orders
    here = (orders["order_id"] == line[0]) & (orders["line_id"] == line[1])
    if not here.any():
        problem = f"orders have no line order_id={line[0]!r}, line_id={line[1]!r}"
        raise DataError(list_problems("the promise cannot be explained", [problem], ["Name a line of the orders."]))
    one = orders[here].iloc[0]
    sooner = (orders["order_date"] < one["order_date"]) | orders["order_date"].isna()
    same = orders["order_date"] == one["order_date"]
    smaller = (orders["order_id"] < line[0]) | ((orders["order_id"] == line[0]) & (orders["line_id"] <= line[1]))
    orders = orders[sooner | (same & smaller)]
    items = _linked(one["item_id"], book.alternatives)

    def cut(table):  # type: ignore[no-untyped-def]
        return None if table is None else table[table["item_id"].isin(items)].reset_index(drop=True)

    narrowed = {"capable": cut(terms.capable), "critical_levels": cut(terms.critical_levels)}
    terms = replace(terms, **narrowed)
    return Question(cut(orders), cut(book.supply), cut(book.allocations), cut(book.alternatives), terms, line)


def _linked(item: str, alternatives: pd.DataFrame | None) -> set[str]:
    """Return the items that can stand in for one another, from one on."""
    found, size = {item}, 0
    while alternatives is not None and len(found) > size:
        size = len(found)
        pairs = alternatives[["item_id", "alternative_item_id"]]
        found |= set(pairs[pairs.isin(found).any(axis=1)].to_numpy().ravel())
    return found
