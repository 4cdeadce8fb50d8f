"""Demand of periods out of stock and yet sold: what it is expected to have been, and what it may have been."""

import numpy as np

from segkit.formulas.censored_demand import demand_drawn
from segkit.formulas.censored_levels import excess_likelihoods, recover_levels
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel

_CONSTANT = 0.1
_GRID = np.exp(np.linspace(np.log(0.002), np.log(50.0), 18))
_PRIOR = 30.0  # periods of all series together that count with those of each
_ROUNDS = 2
_RECENT = 104  # periods by which scatter is told
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def uncensor(panel: DemandPanel, factors: Factors, *, seed: int) -> tuple[DemandPanel, DemandPanel]:
    """Return demand in which partly sold periods are known: as expected, for levels, and as drawn, for scatter.

    Parameters
    ----------
    panel : DemandPanel
        Demand; what is partly sold is not observed.
    factors : Factors
        Season and calendar.
    seed : int
        Where the draws begin.

    Returns
    -------
    expected, drawn : DemandPanel
        The panel itself, twice, where nothing was partly sold.

    Notes
    -----
    Where stock ran out, demand was at least what was sold. The level known before and the scatter of the series tell
    how much more; scatter counts partly sold periods by the probability of as much or more. The mean of all that demand
    may have been puts the level right but would make it look steadier than it is, so that scatter is told from values
    that are drawn: spread evenly over the distribution, within a series and from one to the next.
    """
    rows = np.flatnonzero(panel.partly.any(axis=1))
    if not len(rows):
        return panel, panel
    lots = panel.with_values(panel.values, panel.observed | panel.partly).counted[rows, None]
    values, observed, partly = panel.values[rows] / lots, panel.observed[rows], panel.partly[rows]
    known = np.zeros_like(values)
    factor = np.ascontiguousarray(factors.of(0, values.shape[1])[rows])
    excess = np.zeros(len(rows))
    for turn in range(_ROUNDS + 1):
        if turn:
            excess = _likeliest(values, known, observed, partly)
        recovered, known = recover_levels(values, observed, partly, panel.start[rows], factor, excess, _CONSTANT)
    one, period = np.nonzero(partly & (known > 0))
    drawn = recovered.copy()
    chance = _chances(values, partly, seed)[one, period]
    drawn[one, period] = demand_drawn(known[one, period], excess[one], values[one, period], chance)
    return _with(panel, rows, recovered * lots), _with(panel, rows, drawn * lots)


def _likeliest(values: np.ndarray, known: np.ndarray, observed: np.ndarray, partly: np.ndarray) -> np.ndarray:
    """Return the likeliest excess of every series, leaning on all of them; what the level adds to errors taken out."""
    sold, usual, seen, part = (np.ascontiguousarray(table[:, -_RECENT:]) for table in (values, known, observed, partly))
    fits, count = excess_likelihoods(sold, usual, seen, part, _GRID)
    everyone = fits.sum(axis=0) / max(count.sum(), 1)
    excess = _GRID[(fits + _PRIOR * everyone).argmax(axis=1)]
    mean = np.maximum(known.sum(axis=1) / np.maximum((known > 0).sum(axis=1), 1), 0.01)
    noise = 1.0 + _CONSTANT / (2.0 - _CONSTANT)
    return np.maximum(((1.0 + excess * mean) / noise - 1.0) / mean, 0.0)


def _chances(values: np.ndarray, partly: np.ndarray, seed: int) -> np.ndarray:
    """Return probabilities, even over the partly sold periods of each series; names and order play no part."""
    first = np.round(values).sum(axis=1, keepdims=True) + seed
    return ((first * np.sqrt(2.0) + np.cumsum(partly, axis=1)) * _GOLDEN) % 1.0


def _with(panel: DemandPanel, rows: np.ndarray, values: np.ndarray) -> DemandPanel:
    every = panel.values.copy()
    every[rows] = np.where(panel.partly[rows], values, panel.values[rows])
    return panel.with_values(every, panel.observed | panel.partly)
