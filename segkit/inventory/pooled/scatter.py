"""How demand over coming periods scatters around its forecast, from how it did after earlier periods."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.demand_spread import Spread, fit_spread, spread_quantiles
from segkit.inventory.pooled.contest import by_size
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel

_CASES = 40_000
_LEAST = 1e-6
_ORIGINS = 52
_FINE = 200.0  # parts of the mean size in which demand without smallest lots is counted
_SEEN = 4
_JUDGED = np.array([0.5, 0.8, 0.9, 0.95])


@dataclass(frozen=True)
class Levels:
    """Levels as known after each period (series, periods), and the factors by which periods differ."""

    panel: DemandPanel
    table: np.ndarray
    factors: Factors

    def ahead(self, first: int, last: int) -> np.ndarray:
        """Return the forecast of the sum over periods ``first`` to ``last`` after the history, by series."""
        now = self.panel.values.shape[1]
        return self.table[:, -1] * self.factors.of(now + first - 1, now + last).sum(axis=1)


@dataclass(frozen=True)
class Cases:
    """Earlier forecasts and what came of them: series, origin, forecast and actual [smallest lots]."""

    series: np.ndarray
    origin: np.ndarray
    mean: np.ndarray
    actual: np.ndarray

    def where(self, rows: np.ndarray) -> "Cases":
        """Return some of the cases."""
        return Cases(self.series[rows], self.origin[rows], self.mean[rows], self.actual[rows])


def counting_lots(panel: DemandPanel) -> np.ndarray:
    """Return in what parts [units] the demand of every series is counted."""
    sold = panel.observed & (panel.values > 0)
    mean = np.where(sold, panel.values, 0.0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    return np.where(panel.lots > 0, panel.lots, np.where(mean > 0, mean / _FINE, 1.0))


def past_cases(levels: Levels, first: int, last: int, *, seed: int) -> Cases:
    """Return earlier forecasts of the sum over the periods ``first`` to ``last`` after an origin.

    Parameters
    ----------
    levels : Levels
        What was known when.
    first, last : int
        Periods after the origin, from 1.
    seed : int
        Where the draw begins.

    Returns
    -------
    Cases
        Of the last origins at which all these periods were observed afterwards; of many, a regular draw by size.
    """
    panel = levels.panel
    periods = panel.values.shape[1]
    low = max(min(8, periods // 3), periods - last - _ORIGINS + 1, 1)
    origins = np.arange(low, periods - last + 1)
    if not len(origins) or not len(panel.values):
        none = np.zeros(0, dtype=int)
        return Cases(none, none, np.zeros(0), np.zeros(0))
    lots = counting_lots(panel)
    rows = _rows_drawn(panel, len(origins), seed)
    part = slice(None) if len(rows) == len(panel.values) else rows

    def over(table: np.ndarray) -> np.ndarray:
        sums = np.cumsum(np.pad(table, ((0, 0), (1, 0))), axis=1)
        return sums[:, origins + last] - sums[:, origins + first - 1]

    actual = over(panel.values[part])
    usual = over(levels.factors.table)[levels.factors.group[part]] * levels.table[part][:, origins - 1]
    listed = np.arange(periods)[None, :] >= panel.start[part][:, None]
    seen = np.cumsum(panel.observed[part] & listed, axis=1)[:, origins - 1] >= min(_SEEN, periods // 3)
    whole = over((~panel.observed[part]).astype("int64")) == 0
    mean = usual / lots[part][:, None]
    there = seen & whole & (mean > _LEAST)
    one, place = np.nonzero(there)
    step = -(-len(one) // _CASES)
    begin = seed % step if step else 0
    one, place = one[begin :: max(step, 1)], place[begin :: max(step, 1)]
    counted = actual[one, place] / lots[rows][one]
    return Cases(rows[one], origins[place], mean[one, place], counted)


def _rows_drawn(panel: DemandPanel, origins: int, seed: int) -> np.ndarray:
    """Return series by size, not many more than are needed."""
    order = by_size(panel)  # type: ignore[arg-type]
    step = max(len(order) * origins // (2 * _CASES), 1)
    return order[seed % step :: step]


def scatter_of(cases: Cases, classes: np.ndarray) -> Spread:
    """Return the spread of the classes of all series, fitted to cases."""
    return fit_spread(cases.actual, cases.mean, classes[cases.series], count=int(classes.max(initial=0)) + 1)


def best_classes(cases: Cases, choices: dict[str, np.ndarray]) -> str:
    """Return by which classes earlier scatter told best what came later: the least pinball loss on the last third.

    Parameters
    ----------
    cases : Cases
        Earlier forecasts.
    choices : dict of str to array
        Ways to class series.
    """
    if len(choices) == 1 or len(cases.mean) < 300:
        return next(iter(choices))
    cut = np.quantile(cases.origin, 2 / 3)
    early, late = cases.where(cases.origin <= cut), cases.where(cases.origin > cut)
    losses = {}
    for name, classes in choices.items():
        told = spread_quantiles(scatter_of(early, classes), late.mean, classes[late.series], _JUDGED)
        off = late.actual[:, None] - told
        weight = 1.0 / np.sqrt(late.mean + 1.0)[:, None]
        losses[name] = float((weight * np.maximum(_JUDGED * off, (_JUDGED - 1) * off)).sum())
    return min(losses, key=lambda name: losses[name])


def quantiles_ahead(
    levels: Levels, spread: Spread, mean: np.ndarray, classes: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Return quantiles [units] of demand with given forecasts [units]."""
    lots = counting_lots(levels.panel)
    return spread_quantiles(spread, mean / lots, classes, wanted) * lots[:, None]
