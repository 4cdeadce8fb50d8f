"""Demand over intervals of random length: the mixture of the distributions of each length."""

import numpy as np

from segkit.formulas.demand_spread import Spread, mixed_quantiles, within_mean
from segkit.inventory.pooled.fitting import FittedDemand
from segkit.inventory.pooled.scatter import past_cases, scatter_of, whole_limits

_LEAST = 1e-9


def mix_lengths(
    fit: FittedDemand,
    series: np.ndarray,
    length: np.ndarray,
    quantiles: np.ndarray,
    *,
    seed: int,
    after: int = 0,
    known: dict[int, Spread] | None = None,
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
    after : int
        Periods after the history at which the intervals begin; scatter is that of intervals that begin now.
    known : dict of int to Spread, optional
        Scatter by length of the interval, so that several calls for one fit find it once: what is new is added.

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
        last = after + periods
        step = fit.levels.ahead(last + 1, last + 1)[some]
        before = fit.levels.ahead(after + 1, last)[some] if periods else 0.0
        mean[mine] = before + (length[mine] - periods) * step
    mean /= lots[series]
    longest = max(panel.values.shape[1] // 2, 1)
    nearest = np.clip(np.round(length).astype(int), 1, longest)
    spreads = _spreads(fit, nearest, seed, {} if known is None else known)
    # Beyond the longest known sum the scatter stays the same relative to the mean, since levels err for good.
    share = np.where(length < longest + 1, nearest / np.maximum(length, _LEAST), 1.0)
    excess, row, curves = _places(fit, series, mean, nearest, share, spreads)
    found, centre, spread = mixed_quantiles(mean, excess, row, curves, begin, quantiles)
    longest, most = (np.maximum.reduceat(of, begin[:-1]) if count else of for of in (length, mean))
    seen, most = fit.levels.seen(np.maximum(np.ceil(longest), 1)), most * lots
    widest = np.maximum(seen.deviation_limits(centre * lots, most), lots * np.sqrt(centre))  # no narrower than Poisson
    found = np.minimum(within_mean(found, centre, quantiles), whole_limits(seen, most, quantiles, lots))
    return centre * lots, np.minimum(spread * lots, widest), found * lots[:, None]


def _spreads(fit: FittedDemand, periods: np.ndarray, seed: int, known: dict[int, Spread]) -> dict[int, Spread]:
    """Return the scatter of sums over each of the lengths; those not known yet are added."""
    for number in np.unique(periods):
        if number not in known:
            known[number] = scatter_of(past_cases(fit.levels, 1, int(number), seed=seed), fit.classes)
    return known


def _places(
    fit: FittedDemand,
    series: np.ndarray,
    mean: np.ndarray,
    periods: np.ndarray,
    share: np.ndarray,
    spreads: dict[int, Spread],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the excess of every forecast, the row of its curve, and the curves of all lengths.

    ``share`` is the whole number of periods that stands for a length over this: variance goes with the length.
    """
    width, doubt = fit.levels.width_now(), fit.levels.doubts()
    excess, row, curves, held = np.zeros(len(mean)), np.zeros(len(mean), dtype=int), [], 0
    for number in np.unique(periods):
        spread, mine = spreads[number], periods == number
        usual, place = spread.places(mean[mine] * share[mine], fit.classes[series[mine]], width[series[mine]])
        excess[mine] = usual * share[mine] + doubt[series[mine]]
        table = spread.curves.reshape(-1, spread.curves.shape[2])
        row[mine] = place + held
        curves.append(table)
        held += len(table)
    return excess, row, np.concatenate(curves)
