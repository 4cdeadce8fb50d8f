"""What is expected of every class until the next receipt, from what was known at the last one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.promising.contest.book import PLACE, ReadBook
from segkit.promising.given_tables import plain_tables

_SUBJECT = "forecasts for the contest cannot be used"
_LENT = 4.0  # cycles of demand by which the split of an item among classes leans on that of all items
_FORECAST = [*PLACE, "demand_class", "available_date", "mean", "sd"]


@dataclass(frozen=True)
class Expected:
    """Demand from each receipt to the next, and what a unit is worth, each (places, cycles, classes)."""

    mean: np.ndarray
    sd: np.ndarray
    worth: np.ndarray


def trailing_demand(book: ReadBook, trailing: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of demand by class, expected at each receipt from the cycles before it [units].

    Parameters
    ----------
    book : ReadBook
        Lines replayed and lines before.
    trailing : int
        Cycles looked back on, fewer where the place had no demand yet.

    Notes
    -----
    The mean of the place is split by its own shares of classes so far, which lean on those of all places by as much
    as four cycles of demand. The variance of a class stands to its mean as that of the place does, at least Poisson's.
    """
    past, units = _cycles_of(book, "quantity")
    total = units.sum(axis=2)
    mean, square = (_trailing(values, total, past, trailing) for values in (total, total**2))
    dispersion = np.maximum(np.divide(square - mean**2, mean, out=np.ones_like(mean), where=mean > 0), 1.0)
    own = _before(units, past)
    of_all = own.sum(axis=0)
    share = np.divide(of_all, of_all.sum(axis=1, keepdims=True), out=np.zeros_like(of_all), where=of_all > 0)
    weight = _LENT * mean[:, :, None]
    whole = own.sum(axis=2, keepdims=True) + weight
    split = np.divide(own + weight * share, whole, out=np.zeros_like(own), where=whole > 0)
    by_class = mean[:, :, None] * split
    return by_class, np.sqrt(by_class * dispersion[:, :, None])


def expected_worth(book: ReadBook) -> np.ndarray:
    """Return what a unit of a class is expected to be worth at a place, from the lines before the cycle [currency].

    Notes
    -----
    A class without much history at the place is taken to stand to the place as the class does everywhere. At a place
    without history the first line tells the level, as a price list would.
    """
    past, units = _cycles_of(book, "quantity")
    value = _cycles_of(book, "value")[1]
    level = _level(book, _before(value.sum(axis=2), past), _before(units.sum(axis=2), past))
    usual = units.sum(axis=2)
    all_levels = np.concatenate([np.repeat(level[:, :1], past, axis=1), level], axis=1)
    earned, at_level = value.sum(axis=0), (units * all_levels[:, :, None]).sum(axis=0)
    earned, at_level = (_before(values[None], past)[0] for values in (earned, at_level))
    ratio = np.divide(earned, at_level, out=np.ones_like(earned), where=at_level > 0)
    lent = _LENT * _trailing(usual, usual, past, past + book.contest.supply.shape[1])[:, :, None]
    own_value, own_units = _before(value, past), _before(units, past)
    prior = level[:, :, None] * ratio
    whole = own_units + lent
    return np.divide(own_value + lent * prior, whole, out=prior.copy(), where=whole > 0)


def actual_demand(book: ReadBook) -> np.ndarray:
    """Return what every class ordered from each receipt to the next, (places, cycles, classes) [units]."""
    past, units = _cycles_of(book, "quantity")
    return units[:, past:]


def noisy_demand(book: ReadBook, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what came, each cell times a lognormal error of mean 1 and the deviation given, and its deviation.

    Parameters
    ----------
    book : ReadBook
        Lines replayed.
    noise : float
        Standard deviation of the error as a share of what came.
    seed : int
        Of the errors; the same draws serve every noise.

    Notes
    -----
    A class that orders nothing is forecast at nothing: kinder than a real forecast, which cannot know that.
    """
    came = actual_demand(book)
    log_sd = np.sqrt(np.log1p(noise**2))
    drawn = np.random.default_rng(seed).standard_normal(came.shape)
    mean = came * np.exp(log_sd * drawn - log_sd**2 / 2)
    return mean, noise * mean


def given_demand(book: ReadBook, forecasts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation from a table of forecasts; 0 where it says nothing.

    Parameters
    ----------
    book : ReadBook
        Places, cycles and classes.
    forecasts : DataFrame
        As `contest_rules` takes them.
    """
    forecasts = plain_tables(_SUBJECT, {"forecasts": forecasts}, numbers=("mean", "sd"))["forecasts"]
    _require(forecasts, book.classes)
    place = pd.MultiIndex.from_frame(book.places).get_indexer(pd.MultiIndex.from_frame(forecasts[PLACE]))
    cycle = book.cycles.get_indexer(pd.DatetimeIndex(forecasts["available_date"]))
    rank = pd.Index(book.classes).get_indexer(pd.Index(forecasts["demand_class"]))
    known = (place >= 0) & (cycle >= 0) & (rank >= 0)
    if len(forecasts) and not known.any():
        problem = "no row is of an item and location of the orders and the day of a receipt"
        raise DataError(list_problems(_SUBJECT, [problem], [f"The first receipt is of {book.cycles[0]:%Y-%m-%d}."]))
    at = place[known], cycle[known], rank[known]
    shape = (*book.contest.supply.shape, len(book.classes))
    mean, sd = np.zeros(shape), np.zeros(shape)
    mean[at], sd[at] = (forecasts[name].to_numpy(dtype=float)[known] for name in ("mean", "sd"))
    return mean, sd


def _require(forecasts: pd.DataFrame, classes: Sequence[str]) -> None:
    problems = [f"forecasts lack {name}" for name in _FORECAST if name not in forecasts]
    if not problems:
        key = [*PLACE, "demand_class", "available_date"]
        if twice := int(forecasts.duplicated(key).sum()):
            problems.append(f"an item-location, class and day repeats {in_rows(twice)}")
        for name in ("mean", "sd"):
            if wrong := int((~((forecasts[name] >= 0) & np.isfinite(forecasts[name].astype("float64")))).sum()):
                problems.append(f"{name} is missing or below 0, or endless {in_rows(wrong)}")
        unknown = forecasts.loc[~forecasts["demand_class"].isin(classes), "demand_class"].astype("str")
        named = unknown.fillna("(blank)").value_counts().sort_index()
        problems += [f"class {name!r} {in_rows(int(rows))} is not in the list" for name, rows in named.items()]
    if problems:
        raise DataError(list_problems(_SUBJECT, problems))


def _cycles_of(book: ReadBook, what: str) -> tuple[int, np.ndarray]:
    """Return the number of cycles before the first receipt, and units (or worth) by place, cycle and class."""
    contest, earlier = book.contest, book.past
    past = int(-earlier["cycle"].min()) if len(earlier) else 0
    sums = np.zeros((len(book.places), past + contest.supply.shape[1], len(book.classes)))
    old = earlier["quantity"] if what == "quantity" else earlier["quantity"] * earlier["worth"]
    new = contest.quantity if what == "quantity" else contest.quantity * contest.worth
    np.add.at(sums, (earlier["place"], earlier["cycle"] + past, earlier["rank"]), old)
    np.add.at(sums, (contest.place, contest.bucket + past, contest.rank), new)
    return past, sums


def _before(values: np.ndarray, past: int) -> np.ndarray:
    """Return the sum of all earlier cycles, for the replayed ones."""
    sums = np.zeros_like(values)
    sums[:, 1:] = np.cumsum(values, axis=1)[:, :-1]
    return sums[:, past:]


def _trailing(values: np.ndarray, total: np.ndarray, past: int, cycles: int) -> np.ndarray:
    """Return the mean over the cycles before each replayed one, not counting those before the first demand."""
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    at = np.arange(past, values.shape[1])
    begun = np.where(total.any(axis=1), (total > 0).argmax(axis=1), values.shape[1])
    start = np.minimum(np.maximum(at - cycles, begun[:, None]), at)
    count = at - start
    gathered = np.take_along_axis(sums, np.broadcast_to(at, start.shape), axis=1)
    whole = gathered - np.take_along_axis(sums, start, axis=1)
    return np.maximum(np.divide(whole, count, out=np.zeros_like(whole), where=count > 0), 0.0)


def _level(book: ReadBook, value: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the mean worth of a unit of the place before each cycle; of its first line where there was none."""
    contest, old = book.contest, book.past.drop_duplicates("place")
    first = np.zeros(len(book.places))
    filled = contest.begin[:-1] < contest.begin[1:]
    first[filled] = contest.worth[contest.begin[:-1][filled]]
    first[old["place"]] = old["worth"]
    return np.divide(value, units, out=np.repeat(first[:, None], units.shape[1], axis=1), where=units > 0)
