"""The contest of rules as tables: what each earned on the same orders and the same supply."""

from collections.abc import Sequence

import pandas as pd

from segkit.core.columns import empty_table
from segkit.promising.contest.book import ReadBook, read_book
from segkit.promising.contest.expectations import Expected, expected_worth, given_demand, trailing_demand
from segkit.promising.contest.terms import USUAL, ContestTerms


def contest_rules(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    forecasts: pd.DataFrame | None = None,
    *,
    classes: Sequence[str],
    terms: ContestTerms = USUAL,
) -> pd.DataFrame:
    """Return what every rule of sharing a short supply earns on one order book, beside perfect hindsight.

    Parameters
    ----------
    orders : DataFrame
        order_id, order_date (arrival, with the time of day where known), item_id, location_id, demand_class, quantity
        above 0 [units], unit_margin [currency/unit]; optional line_id, requested_date, lost_goodwill [currency/unit]
        and late_goodwill [currency/unit and day] (`price_goodwill` makes them). Lines before the first receipt are not
        replayed: what is expected is learnt from them.
    supply : DataFrame
        item_id, location_id, available_date, quantity [units]. The days are those of all receipts; the time from one
        to the next is a cycle. A receipt is known when it is there.
    forecasts : DataFrame, optional
        item_id, location_id, demand_class, available_date (first day of the cycle), mean and sd of demand in the cycle
        [units], as known on that day; 0 where a row is missing. Without it: trailing means of the book itself.
    classes : sequence of str
        Classes, the best first.
    terms : ContestTerms
        Maximum lateness and how the contest is held.

    Returns
    -------
    DataFrame
        Table ``rule_contest``: a row per rule and class, and "(all)". served [units] on time, served_late, lost,
        fill_rate (P2, on time), delivered_share (on time or late), mean_late_days; margin of what was served,
        goodwill_cost of what was late or lost, contribution = margin - goodwill_cost [currency]; gain on first come,
        with a 90 % interval by blocks of cycles, and margin_gain of the margin alone; gain_share of the gain that
        hindsight has, regret = what hindsight has more; fairness (Jain's index of the classes' fill rates) and
        least_fill_rate.

    Raises
    ------
    DataError
        Where columns or figures lack, quantities are not above 0, supply is below 0, or a class is not in the list.

    Notes
    -----
    Lines may be served in part. The rules:

    - first come: what waits the longest, then who orders first;
    - new orders first: no classes either, but what waits takes only what is not expected to be ordered before the next
      receipt; what it gains is gained without telling anybody apart;
    - fixed quotas: each receipt is split by what is expected of each class, the best first, and nobody else may take it
      before the next receipt;
    - margin quotas: each receipt is split where it is expected to earn most (the linear program by steps of demand);
    - nested protection: EMSR-b with gamma demand; better classes may take all that is there;
    - critical levels: a class is served above a level that does not fall within the cycle;
    - bid prices: a unit goes to a line worth more than the dual of the linear program, solved anew for every unit, so
      never to one that costs more than it brings;
    - perfect hindsight: knows all orders and receipts; the bound.

    A place starts without stock; what still waits at the end is lost.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-06", "2025-01-07", "2025-01-08"])
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "order_date": days, **place, "quantity": 4.0,
    ...                        "demand_class": ["C", "C", "A"], "unit_margin": [1.0, 1.0, 3.0]})
    >>> supply = pd.DataFrame({**place, "available_date": days[:1], "quantity": [8.0]})
    >>> made = contest_rules(orders, supply, classes=["A", "C"]).set_index(["rule", "demand_class"])
    >>> made.loc["first come", "contribution"].tolist(), made.loc["perfect hindsight", "contribution"].tolist()
    ([8.0, 0.0, 8.0], [16.0, 12.0, 4.0])
    """
    from segkit.formulas.rule_contest_bound import serve_in_hindsight
    from segkit.promising.contest.measures import tell_rules
    from segkit.promising.contest.rules import HINDSIGHT, run_rules

    kinds = empty_table("rule_contest").dtypes
    book = read_book(orders, supply, classes=classes, terms=terms)
    if book is None:
        return empty_table("rule_contest")
    served = run_rules(book.contest, expect(book, forecasts, terms), carried_share=terms.carried_share)
    served[HINDSIGHT] = serve_in_hindsight(book.contest)
    table = pd.DataFrame(tell_rules(book.contest, book.classes, served, terms))[list(kinds.index)]
    return table.astype(kinds.to_dict()).sort_values(["rule", "demand_class"], ignore_index=True)


def expect(book: ReadBook, forecasts: pd.DataFrame | None, terms: ContestTerms) -> Expected:
    """Return what is expected of every class at each receipt: from forecasts, or from the book itself.

    Parameters
    ----------
    book : ReadBook
        From `read_book`.
    forecasts, terms
        As `contest_rules` takes them.
    """
    mean, sd = trailing_demand(book, terms.trailing) if forecasts is None else given_demand(book, forecasts)
    return Expected(mean, sd, expected_worth(book))
