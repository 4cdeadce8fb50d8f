"""What the number of classes and the error of the forecasts do to every rule."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.errors import SettingsError
from segkit.formulas.rule_contest import Served
from segkit.promising.contest.book import ReadBook, plain_book, read_book
from segkit.promising.contest.contest import expect
from segkit.promising.contest.expectations import Expected, actual_demand, expected_worth, noisy_demand
from segkit.promising.contest.measures import tell_in_all
from segkit.promising.contest.rules import run_rules
from segkit.promising.contest.terms import USUAL, ContestTerms
from segkit.promising.contest.worth_bands import band_orders

CLASSES, FORECAST = "classes", "forecast"
TRAILING, GIVEN = "trailing means", "forecasts given"


def vary_class_count(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    *,
    counts: Sequence[int] = (1, 2, 3, 4, 6, 8, 12),
    terms: ContestTerms = USUAL,
) -> pd.DataFrame:
    """Return what every rule earns when it tells more or fewer classes apart.

    Parameters
    ----------
    orders, supply
        As `contest_rules` takes them, with order lines before the first receipt. Classes are made here: bands of what
        a unit is worth (margin and goodwill) beside the usual worth of its item, of equal units before the start.
    counts : sequence of int
        Numbers of classes.
    terms : ContestTerms
        As `contest_rules` takes them.

    Returns
    -------
    DataFrame
        Table ``contest_curve``, study "classes": a row per rule and number of classes.

    Raises
    ------
    DataError
        As `contest_rules`; where no line comes before the first receipt.
    SettingsError
        A number of classes is below 1, or not whole.

    Notes
    -----
    More classes tell worth apart more finely, but each is forecast worse. First come and hindsight do not depend on it.

    References
    ----------
    Meyr (2009), Customer segmentation, allocation planning and order promising in make-to-stock production, OR Spectrum
    31, 229-256.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-01", "2025-01-07", "2025-01-08"])
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> orders = pd.DataFrame({"order_id": ["1", "2", "3"], "order_date": days, **place, "quantity": 4.0,
    ...                        "demand_class": "(all)", "unit_margin": [2.0, 1.0, 3.0]})
    >>> supply = pd.DataFrame({**place, "available_date": pd.to_datetime(["2025-01-06"]), "quantity": [4.0]})
    >>> curve = vary_class_count(orders, supply, counts=[1, 2])
    >>> curve[curve["rule"] == "fixed quotas"]["classes"].tolist()
    [1, 2]
    """
    if any(count < 1 or count != int(count) for count in counts):
        raise SettingsError("a number of classes is below 1, or not whole")
    orders, supply = plain_book(orders, supply)
    names = sorted(set(orders["demand_class"])) if "demand_class" in orders else []
    book, best = read_book(orders, supply, classes=names, terms=terms), None
    if book is None:
        return empty_table("contest_curve")
    start, step = book.cycles[0], float(np.median(np.diff(book.contest.bucket_day)))
    rows: list[dict] = []
    for count in sorted({int(count) for count in counts}):
        banded = band_orders(orders, count, start=start, cycle_days=step)
        book = read_book(banded, supply, classes=[str(band) for band in range(1, count + 1)], terms=terms)
        assert book is not None
        best = _best(book) if best is None else best
        rows += _rows(book, expect(book, None, terms), best, terms, (CLASSES, TRAILING))
    return _as_table(rows)


def vary_forecast_error(
    orders: pd.DataFrame,
    supply: pd.DataFrame,
    forecasts: pd.DataFrame | None = None,
    *,
    classes: Sequence[str],
    noises: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    terms: ContestTerms = USUAL,
) -> pd.DataFrame:
    """Return what every rule earns when demand by class is known exactly, with stated errors, and as it is forecast.

    Parameters
    ----------
    orders, supply, forecasts, classes
        As `contest_rules` takes them.
    noises : sequence of float
        Standard deviations of a lognormal error on what came, as shares of it; 0 = known exactly.
    terms : ContestTerms
        As `contest_rules` takes them.

    Returns
    -------
    DataFrame
        Table ``contest_curve``, study "forecast": a row per rule and source of what is expected: "noise 25 %" and so
        on, "trailing means", and "forecasts given" where there are any.

    Raises
    ------
    DataError
        As `contest_rules`.
    SettingsError
        A noise is below 0.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-06", "2025-01-07"])
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "order_date": days, **place, "quantity": 4.0,
    ...                        "demand_class": ["C", "A"], "unit_margin": [1.0, 3.0]})
    >>> supply = pd.DataFrame({**place, "available_date": days[:1], "quantity": [4.0]})
    >>> curve = vary_forecast_error(orders, supply, classes=["A", "C"], noises=[0.0])
    >>> curve.loc[curve["rule"] == "fixed quotas", ["forecast_source", "gain"]].to_numpy().tolist()
    [['noise 0 %', 8.0], ['trailing means', 0.0]]
    """
    if not all(0 <= noise < np.inf for noise in noises):
        raise SettingsError("a noise is below 0, or no number")
    book = read_book(orders, supply, classes=classes, terms=terms)
    if book is None:
        return empty_table("contest_curve")
    worth, best = expected_worth(book), _best(book)
    sources = {f"noise {100 * noise:g} %": Expected(*noisy_demand(book, noise, terms.seed), worth) for noise in noises}
    sources[TRAILING] = expect(book, None, terms)
    if forecasts is not None:
        sources[GIVEN] = expect(book, forecasts, terms)
    rows = [row for name, expected in sources.items() for row in _rows(book, expected, best, terms, (FORECAST, name))]
    return _as_table(rows)


def _best(book: ReadBook) -> Served:
    from segkit.formulas.rule_contest_bound import serve_in_hindsight

    return serve_in_hindsight(book.contest)


def _rows(book: ReadBook, expected: Expected, best: Served, terms: ContestTerms, of: tuple[str, str]) -> Iterator[dict]:
    """Yield a row per rule, in all classes, for a study and a source of what is expected."""
    came = actual_demand(book)
    wape = float(np.abs(expected.mean - came).sum() / came.sum())
    served = run_rules(book.contest, expected, carried_share=terms.carried_share)
    for row in tell_in_all(book.contest, served, best, terms):
        yield {"study": of[0], "classes": len(book.classes), "forecast_source": of[1], "forecast_wape": wape, **row}


def _as_table(rows: list[dict]) -> pd.DataFrame:
    kinds = empty_table("contest_curve").dtypes
    table = pd.DataFrame(rows).reindex(columns=list(kinds.index)).astype(kinds.to_dict())
    return table.sort_values(list(nomenclature()["contest_curve"].key), ignore_index=True)
