"""What every rule gave, by class and in all: margin, goodwill, fill, lateness, fairness, gain and regret."""

from collections.abc import Iterator

import numpy as np

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.formulas.rule_contest import ContestBook, Served
from segkit.formulas.time_bootstrap import block_bootstrap_interval
from segkit.promising.contest.rules import FIRST_COME, HINDSIGHT
from segkit.promising.contest.terms import ContestTerms

ALL = "(all)"
_DRAWS = 1000
_LEAST_GAIN = 1e-9


def jain_index(shares: np.ndarray) -> float:
    """Return how evenly classes are served: 1 = all alike, 1 / n = one of n has everything.

    Parameters
    ----------
    shares : ndarray
        Fill rates of the classes that ordered.

    References
    ----------
    Jain, Chiu & Hawe (1984), A quantitative measure of fairness and discrimination for resource allocation, DEC
    TR-301.

    Examples
    --------
    >>> jain_index(np.array([0.8, 0.8])), jain_index(np.array([1.0, 0.0]))
    (1.0, 0.5)
    """
    squares = float((shares**2).sum())
    return float(shares.sum() ** 2 / (len(shares) * squares)) if squares > 0 else np.nan


def tell_rules(
    book: ContestBook, classes: tuple[str, ...], served: dict[str, Served], terms: ContestTerms
) -> Iterator[dict]:
    """Yield the rows of ``rule_contest``: a rule and a class each, and the rule in all.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.
    classes : tuple of str
        Classes, the best first.
    served : dict of str to Served
        By rule; first come and perfect hindsight among them.
    terms : ContestTerms
        How intervals are drawn.
    """
    best = served[HINDSIGHT]
    known = np.array([name != UNKNOWN_CUSTOMER for name in classes])
    for told in tell_in_all(book, served, best, terms, known if known[book.rank].any() else None):
        yield {"demand_class": ALL, **told}
    for rank, name in enumerate(classes):
        mine = book.rank == rank
        if mine.any():
            for rule, units in served.items():
                told = {"rule": rule, "demand_class": name, **_units(book, units, mine), **_money(book, units, mine)}
                told |= {"fairness": np.nan, "least_fill_rate": np.nan}
                yield told | _gains(units, served[FIRST_COME], best, rank, book, terms)


def tell_in_all(
    book: ContestBook,
    served: dict[str, Served],
    best: Served,
    terms: ContestTerms,
    compared: np.ndarray | None = None,
) -> Iterator[dict]:
    """Yield what every rule gave in all, all classes together.

    Parameters
    ----------
    book, served
        As `tell_rules` takes them.
    best : Served
        Perfect hindsight, of lines in any order.
    terms : ContestTerms
        How intervals are drawn.
    compared : ndarray of bool, optional
        Classes whose fill rates are compared; default all.
    """
    every = np.ones(book.rank.size, dtype=bool)
    for rule, units in served.items():
        told = {
            "rule": rule,
            **_units(book, units, every),
            **_money(book, units, every),
            **_even(book, units, compared),
        }
        yield told | _gains(units, served[FIRST_COME], best, None, book, terms)


def _units(book: ContestBook, units: Served, mine: np.ndarray) -> dict:
    asked, on_time, late = (float(values[mine].sum()) for values in (book.quantity, units.on_time, units.late))
    return {
        "lines": int(mine.sum()),
        "demand": asked,
        "served": on_time,
        "served_late": late,
        "lost": max(asked - on_time - late, 0.0),
        "fill_rate": on_time / asked,
        "delivered_share": min((on_time + late) / asked, 1.0),
        "mean_late_days": float(units.late_unit_days[mine].sum() / late) if late > 0 else np.nan,
    }


def _even(book: ContestBook, units: Served, compared: np.ndarray | None) -> dict:
    asked = np.bincount(book.rank, weights=book.quantity)
    there = asked > 0
    if compared is not None:
        there &= compared[: len(there)]
    fill = np.bincount(book.rank, weights=units.on_time)[there] / asked[there]
    return {"fairness": jain_index(fill), "least_fill_rate": float(fill.min())}


def _money(book: ContestBook, units: Served, mine: np.ndarray) -> dict:
    margin, goodwill = (float(values[mine].sum()) for values in (units.margin(book), units.goodwill(book)))
    return {"margin": margin, "goodwill_cost": goodwill, "contribution": margin - goodwill}


def _delivered(units: Served, rank: int | None) -> np.ndarray:
    """Return margin and worth (2, cycles) of what was delivered in every cycle, to one class or to all."""
    whose = slice(None) if rank is None else slice(rank, rank + 1)
    return np.stack([units.margin_delivered[:, whose].sum(axis=1), units.worth_delivered[:, whose].sum(axis=1)])


def _gains(
    units: Served, first: Served, best: Served, rank: int | None, book: ContestBook, terms: ContestTerms
) -> dict:
    usual = _delivered(first, rank)
    more_margin, more = _delivered(units, rank) - usual
    gain, most = float(more.sum()), float((_delivered(best, rank) - usual)[1].sum())
    block = block_of(book)
    told = {"gain": gain, **_interval("gain", more, block, terms), "margin_gain": float(more_margin.sum())}
    told |= _interval("margin_gain", more_margin, block, terms)
    return told | {"gain_share": gain / most if most > _LEAST_GAIN else np.nan, "regret": most - gain}


def block_of(book: ContestBook) -> int:
    """Return the cycles drawn together: as long as an order may wait, and one more.

    Parameters
    ----------
    book : ContestBook
        Buckets and maximum lateness.
    """
    step = float(np.median(np.diff(book.bucket_day)))
    return 1 + int(np.ceil(book.max_lateness_days / step))


def _interval(name: str, per_cycle: np.ndarray, block: int, terms: ContestTerms) -> dict:
    low, high = block_bootstrap_interval(per_cycle, block=block, draws=_DRAWS, seed=terms.seed)
    return {f"{name}_low": float(low) * len(per_cycle), f"{name}_high": float(high) * len(per_cycle)}
