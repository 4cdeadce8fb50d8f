"""The rules that meet in the contest, each made ready from what is expected and run over the book."""

from collections.abc import Callable

from segkit.formulas.rule_contest import (
    ContestBook,
    Served,
    order_claims,
    serve_above_levels,
    serve_by_bid_price,
    serve_by_margin_quotas,
    serve_by_quotas,
    serve_first_come,
    serve_nested,
    serve_new_first,
)
from segkit.formulas.stored_protection import stored_protection
from segkit.promising.contest.expectations import Expected

FIRST_COME, NEW_FIRST, QUOTAS = "first come", "new orders first", "fixed quotas"
NESTED, LEVELS, BID_PRICES = "nested protection", "critical levels", "bid prices"
MARGIN_QUOTAS = "margin quotas"
HINDSIGHT = "perfect hindsight"
_HALF = 0.5  # a static level stands for the demand still to come, on average half a cycle of it


def run_rules(book: ContestBook, expected: Expected, *, carried_share: float) -> dict[str, Served]:
    """Return what every rule serves, first come first.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    expected : Expected
        Demand and worth by class, as known at each receipt.
    carried_share : float
        As `ContestTerms` has it.
    """

    def nested() -> Served:
        return serve_nested(book, stored_protection(expected.mean, expected.sd, expected.worth, carried_share))

    def levels() -> Served:
        mean, sd = _HALF * expected.mean, _HALF**0.5 * expected.sd
        return serve_above_levels(book, stored_protection(mean, sd, expected.worth, carried_share))

    def by_margin() -> Served:
        unit = 1.0 if book.is_whole else 0.0
        return serve_by_margin_quotas(
            book, order_claims(expected.mean, expected.sd, expected.worth, unit=unit), expected.worth
        )

    ready: dict[str, Callable[[], Served]] = {
        FIRST_COME: lambda: serve_first_come(book),
        NEW_FIRST: lambda: serve_new_first(book, expected.mean),
        QUOTAS: lambda: serve_by_quotas(book, expected.mean),
        MARGIN_QUOTAS: by_margin,
        NESTED: nested,
        LEVELS: levels,
        BID_PRICES: lambda: serve_by_bid_price(book, expected.mean, expected.worth),
    }
    return {name: run() for name, run in ready.items()}
