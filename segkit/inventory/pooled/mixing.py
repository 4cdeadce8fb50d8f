"""Demand over intervals of random length: the mixture of the distributions of each length."""

import numpy as np

from segkit.formulas.demand_spread import Spread, mixed_quantiles
from segkit.inventory.pooled.fitting import FittedDemand
from segkit.inventory.pooled.scatter import past_cases, scatter_of


def mix_lengths(
    fit: FittedDemand, series: np.ndarray, length: np.ndarray, quantiles: np.ndarray, *, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, standard deviation and quantiles of demand over evenly likely lengths.

    Parameters
    ----------
    fit : FittedDemand
        What is known of demand.
    series, length : array
        Lengths of the interval [periods], and the series each belongs to; at least one per series.
    quantiles : array
        Probabilities, rising.
    seed : int
        As `past_cases` takes it.

    Returns
    -------
    mean, sd : array
        By series. [units]
    quantiles : array
        Shape (series, quantiles). [units]
    """
    panel = fit.levels.panel
    count = len(panel.keys)
    order = np.argsort(series, kind="stable")
    series, length = series[order], length[order]
    begin = np.searchsorted(series, np.arange(count + 1))
    lots = panel.counted
    whole = np.floor(length).astype(int)
    mean = np.zeros(len(length))
    for periods in np.unique(whole):
        mine = whole == periods
        some = series[mine]
        step = fit.levels.ahead(periods + 1, periods + 1)[some]
        before = fit.levels.ahead(1, periods)[some] if periods else 0.0
        mean[mine] = before + (length[mine] - periods) * step
    mean /= lots[series]
    longest = max(panel.values.shape[1] // 2, 1)
    nearest = np.clip(np.round(length).astype(int), 1, longest)
    excess, row, curves = _spreads(fit, series, mean, nearest, seed)
    found, centre, spread = mixed_quantiles(mean, excess, row, curves, begin, quantiles)
    return centre * lots, spread * lots, found * lots[:, None]


def _spreads(
    fit: FittedDemand, series: np.ndarray, mean: np.ndarray, periods: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the excess of every forecast, the row of its curve, and the curves of all lengths."""
    width = fit.levels.width_now()
    excess, row, curves, held = np.zeros(len(mean)), np.zeros(len(mean), dtype=int), [], 0
    for number in np.unique(periods):
        spread: Spread = scatter_of(past_cases(fit.levels, 1, int(number), seed=seed), fit.classes)
        mine = periods == number
        excess[mine], place = spread.places(mean[mine], fit.classes[series[mine]], width[series[mine]])
        table = spread.curves.reshape(-1, spread.curves.shape[2])
        row[mine] = place + held
        curves.append(table)
        held += len(table)
    return excess, row, np.concatenate(curves)
