"""What is known of demand, as paths of coming periods need it: means, quantiles, what periods have in common."""

import numpy as np

from segkit.formulas.projected_stock import CHANCES, Outlook
from segkit.inventory.pooled.fitting import FittedDemand
from segkit.inventory.pooled.scatter import Levels, past_cases, quantiles_ahead, scatter_of

_STEPS = 6  # periods ahead whose scatter is told apart
_MOST = 0.9  # correlation between periods; more cannot be told


def look_ahead(fit: FittedDemand, periods: int, *, covered: int, seed: int) -> Outlook:
    """Return the demand of coming periods.

    Parameters
    ----------
    fit : FittedDemand
        What was found in a history, fitted with at least so many periods ahead.
    periods : int
        How many are wanted.
    covered : int
        Periods over which the scatter of the sum tells what periods have in common.
    seed : int
        As `past_cases` takes it.

    Returns
    -------
    Outlook
        Of every series, in units.
    """
    longest = max(fit.levels.panel.values.shape[1] // 2, 1)
    steps = min(_STEPS, periods)
    means = np.stack([fit.levels.ahead(step, step) for step in range(1, periods + 1)], axis=1)
    spreads = {near: _scatter(fit, near, near, seed) for near in range(1, min(steps, longest) + 1)}
    curves, excess = [], []
    for step in range(1, steps + 1):
        spread = spreads[min(step, longest)]
        mean = means[:, step - 1]
        curves.append(quantiles_ahead(fit.levels, spread, mean, fit.classes, CHANCES))
        excess.append(_excess(fit, spread, mean))
    excess += [excess[-1]] * (periods - steps)
    lots = fit.levels.panel.counted[:, None]
    variance = means * lots + np.stack(excess, axis=1) * means**2
    share = _share(fit, variance[:, : max(covered, 1)], min(covered, longest), seed)
    follow = np.full(len(means), following(fit.levels))
    return Outlook(means, np.sqrt(variance), np.stack(curves, axis=1), share, follow)


def _scatter(fit: FittedDemand, first: int, last: int, seed: int):  # type: ignore[no-untyped-def]
    return scatter_of(past_cases(fit.levels, first, last, seed=seed), fit.classes)


def _excess(fit: FittedDemand, spread, mean: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    return spread.places(mean / fit.levels.panel.counted, fit.classes, fit.levels.width_now(), fit.levels.doubts())[0]


def _share(fit: FittedDemand, variance: np.ndarray, covered: int, seed: int) -> np.ndarray:
    """Return the correlation between periods at which their sum scatters as sums did."""
    if covered < 2:
        return np.zeros(len(variance))
    mean = fit.levels.ahead(1, covered)
    lots = fit.levels.panel.counted
    total = mean * lots + _excess(fit, _scatter(fit, 1, covered, seed), mean) * mean**2
    part = variance[:, :covered]
    cross = np.sqrt(part).sum(axis=1) ** 2 - part.sum(axis=1)
    return np.clip((total - part.sum(axis=1)) / np.maximum(cross, 1e-12), 0.0, _MOST)


def following(levels: Levels) -> float:
    """Return by what share of their errors forecasts moved: errors of earlier periods against moves of the level.

    Parameters
    ----------
    levels : Levels
        As known after each period.

    Returns
    -------
    float
        0 = levels stay, 1 = they go where demand went; of all series together, each error in relation to its level.
    """
    panel, level = levels.panel, levels.table
    periods = panel.values.shape[1]
    if periods < 2:
        return 0.0
    before, after = level[:, :-1], level[:, 1:]
    factor = levels.factors.of(0, periods)[:, 1:]
    listed = np.arange(1, periods)[None, :] > panel.start[:, None]
    told = panel.observed[:, 1:] & listed & (before > 0) & (factor > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(told, panel.values[:, 1:] / factor / before - 1.0, 0.0)
        moved = np.where(told, after / before - 1.0, 0.0)
    square = float((error**2).sum())
    return float(np.clip((error * moved).sum() / square, 0.0, 1.0)) if square > 0 else 0.0
