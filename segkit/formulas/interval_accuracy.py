"""How good quantiles were: sharp (pinball loss) and honest (randomised PIT, coverage).

Counts have no exact coverage: where many demands equal the quantile, more of them lie at or below it than its level
says, and rightly so. The randomised PIT spreads each count evenly over the probabilities it stands for, P(Y < y) to
P(Y <= y); of an honest forecast it is uniform, for counts as for measures.
"""

import numpy as np
from numpy.typing import ArrayLike

_LIKE = 1e-9
_LAST = 0.2


def pinball_loss(actual: ArrayLike, quantile: ArrayLike, level: ArrayLike) -> np.ndarray:
    """Return the pinball loss of quantile forecasts: what a miss costs where a unit short costs level / (1 - level).

    Parameters
    ----------
    actual : array_like
        What came, y. [units]
    quantile : array_like
        Forecast q of the quantile. [units]
    level : array_like
        Level p of the quantile [0-1].

    Returns
    -------
    ndarray
        p (y - q) where y >= q, else (1 - p) (q - y) [units]; 0 or more, smaller is better; half the absolute error at
        the median.

    References
    ----------
    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica 46, 33-50.

    Examples
    --------
    >>> pinball_loss([12, 7], 10, 0.75).tolist()
    [1.5, 0.75]
    """
    short = np.asarray(actual, dtype=float) - np.asarray(quantile, dtype=float)
    return np.maximum(np.asarray(level) * short, (np.asarray(level) - 1) * short)


def scaled_pinball(actual: ArrayLike, quantile: ArrayLike, level: float, scale: ArrayLike) -> np.ndarray:
    """Return the mean pinball loss of each series over its periods in multiples of a scale (SPL of the M5).

    Parameters
    ----------
    actual, quantile : array_like
        Series by periods; a period that is NaN in either is not judged. [units]
    level : float
        Level of the quantile [0-1].
    scale : array_like
        `point_accuracy.absolute_scale` of the history of each series. [units]

    Returns
    -------
    ndarray
        Per series, 0 or more, smaller is better; NaN where the scale is 0 or nothing is judged.

    References
    ----------
    Makridakis et al. (2022). The M5 uncertainty competition. International Journal of Forecasting 38, 1365-1385.

    Examples
    --------
    >>> scaled_pinball([12, 7], [10, 10], 0.75, 4.5).item()
    0.25
    """
    from segkit.formulas.point_accuracy import scaled

    loss = pinball_loss(actual, quantile, level)
    known = ~np.isnan(loss)
    return scaled(scaled(np.where(known, loss, 0.0).sum(axis=-1), known.sum(axis=-1)), scale)


def coverage(actual: ArrayLike, quantile: ArrayLike) -> float:
    """Return the share of periods in which no more came than the quantile.

    Parameters
    ----------
    actual, quantile : array_like
        Any shape, the same for both; a period that is NaN in either is not judged. [units]

    Returns
    -------
    float
        share of y <= q [0-1]; of an honest forecast of measures the level, of counts the level or more. NaN where
        nothing is judged.

    Examples
    --------
    >>> coverage([1, 2, 3, np.nan], [2, 2, 2, 2])
    0.6666666666666666
    """
    came, limit = np.asarray(actual, dtype=float), np.asarray(quantile, dtype=float)
    known = ~np.isnan(came - limit)
    return float((came <= limit)[known].mean()) if known.any() else float("nan")


def probability_range(actual: ArrayLike, quantiles: ArrayLike, levels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return P(Y < y) and P(Y <= y) of what came, read from a few quantiles of a forecast of demand.

    Parameters
    ----------
    actual : array_like, shape (n,)
        What came, y. [units]
    quantiles : array_like, shape (n, k)
        Forecast quantiles by level; put in order where they cross. [units]
    levels : array_like, shape (k,)
        Their levels, rising [0-1].

    Returns
    -------
    below, upto : ndarray
        Equal where y lies between quantiles: there the probability runs straight from one to the next. Where y equals
        quantiles, ``below`` lies between the lowest level that has it and the level under that, ``upto`` between the
        highest and the level over that, both at the geometric mean of the probabilities to be exceeded. Demand is
        never below 0, so that ``below`` of 0 is 0.

    Notes
    -----
    A quantile of a count is the least y with P(Y <= y) >= level. So y under the quantile is surely under the level,
    y over it surely over, whatever lies between; only how a tie is shared has to be read between the levels. Of exact
    Poisson and negative binomial quantiles at .5, .8, .9, .95 and .99 the frequency below a level comes out within .8
    of a point of it, with fifteen levels within half a point. No unit of counting is needed.

    Examples
    --------
    >>> below, upto = probability_range([0, 3], [[0, 2, 4], [0, 2, 4]], [0.5, 0.8, 0.9])
    >>> below.round(3).tolist(), upto.round(3).tolist()
    ([0.0, 0.85], [0.684, 0.85])
    """
    came = np.asarray(actual, dtype=float)[:, None]
    values = np.sort(np.asarray(quantiles, dtype=float), axis=1)
    same = np.abs(values - came) <= _LIKE * np.maximum(np.abs(values), np.abs(came))
    under = ((values < came) & ~same).sum(axis=1)
    upto = under + same.sum(axis=1)
    steps = np.concatenate([[0.0], np.asarray(levels, dtype=float), [1.0]])
    low = np.where(came[:, 0] == 0, 0.0, _between(steps[under], steps[under + 1]))
    high = _between(steps[upto], steps[upto + 1])
    line = _interpolated(came[:, 0], values, steps, under)
    tied = upto > under
    return np.where(tied, low, line), np.where(tied, high, line)


def probability_range_of_samples(actual: ArrayLike, samples: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return P(Y < y) and P(Y <= y) of what came, read from samples of the forecast.

    Parameters
    ----------
    actual : array_like, shape (n,)
        What came, y. [units]
    samples : array_like, shape (n, k)
        Draws from the forecast of each. [units]

    Returns
    -------
    below, upto : ndarray
        (samples < y) / (k + 1) and (samples <= y, and y itself) / (k + 1): exactly uniform between them where y is a
        draw like the others.

    Examples
    --------
    >>> [ends.tolist() for ends in probability_range_of_samples([2], [[0, 1, 2, 2]])]
    [[0.4], [1.0]]
    """
    came, draws = np.asarray(actual, dtype=float)[:, None], np.asarray(samples, dtype=float)
    count = draws.shape[1] + 1
    return (draws < came).sum(axis=1) / count, ((draws <= came).sum(axis=1) + 1) / count


def randomised_pit(below: ArrayLike, upto: ArrayLike, uniform: ArrayLike) -> np.ndarray:
    """Return the randomised probability integral transform: a draw between P(Y < y) and P(Y <= y).

    Parameters
    ----------
    below, upto : array_like
        P(Y < y) and P(Y <= y) under the forecast [0-1].
    uniform : array_like
        Draws from 0 to 1, one for each.

    Returns
    -------
    ndarray
        below + uniform (upto - below) [0-1]: uniform where forecasts are honest.

    References
    ----------
    Czado, C., Gneiting, T. & Held, L. (2009). Predictive model assessment for count data. Biometrics 65, 1254-1261.

    Examples
    --------
    >>> randomised_pit(0.2, 0.6, 0.5).item()
    0.4
    """
    low = np.asarray(below, dtype=float)
    return low + np.asarray(uniform, dtype=float) * (np.asarray(upto, dtype=float) - low)


def pit_below(below: ArrayLike, upto: ArrayLike, level: ArrayLike) -> np.ndarray:
    """Return how probable it is that the randomised PIT falls at or below a level: its mean over all draws.

    Parameters
    ----------
    below, upto : array_like
        P(Y < y) and P(Y <= y) under the forecast [0-1].
    level : array_like
        Level [0-1].

    Returns
    -------
    ndarray
        (level - below) / (upto - below) within 0 to 1; 1 or 0 where both ends are the same. Its mean over periods is
        the frequency to be compared with the level, free of the noise of drawing.

    References
    ----------
    Czado, Gneiting & Held (2009), Biometrics 65, 1254-1261, eq. 2: the non-randomised PIT.

    Examples
    --------
    >>> pit_below([0.2, 0.9, 0.1], [0.6, 0.9, 0.3], 0.5).round(3).tolist()
    [0.75, 0.0, 1.0]
    """
    low, high, limit = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (below, upto, level)))
    inside = np.divide(limit - low, high - low, out=(low <= limit).astype(float), where=high > low)
    return np.where(np.isnan(low + high), np.nan, np.clip(inside, 0.0, 1.0))


def block_error(sums: ArrayLike, counts: ArrayLike) -> float:
    """Return the standard error of a mean whose values come in blocks that are drawn whole.

    Parameters
    ----------
    sums, counts : array_like
        Sum of the values of each block, and how many they are.

    Returns
    -------
    float
        sqrt(b / (b - 1) sum_b (S_b - m N_b)²) / N with m = sum S / N, b blocks: what the block bootstrap gives with
        ever more draws, without drawing, corrected for few blocks; NaN for fewer than two blocks.

    References
    ----------
    Davison, A. C. & Hinkley, D. V. (1997). Bootstrap Methods and their Application, §3.8; Cameron, A. C. & Miller,
    D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of Human Resources 50, 317-372.

    Examples
    --------
    >>> round(block_error([1, 3, 2], [2, 4, 4]), 4)
    0.0917
    """
    total, size = np.asarray(sums, dtype=float), np.asarray(counts, dtype=float)
    blocks = int((size > 0).sum())
    if blocks < 2:
        return float("nan")
    off = total - total.sum() / size.sum() * size
    return float(np.sqrt(blocks / (blocks - 1) * (off**2).sum()) / size.sum())


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the level whose probability to be exceeded is the geometric mean of the two; 1 counts as a fifth left."""
    left = 1 - low
    return 1 - np.sqrt(left * np.maximum(1 - high, _LAST * left))


def _interpolated(came: np.ndarray, values: np.ndarray, steps: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Return P(Y <= y) on straight lines from 0 at 0 through the quantiles; beyond the last it closes in on 1."""
    knots = np.column_stack([np.minimum(values[:, 0], 0.0), values])
    row, last = np.arange(len(came)), knots.shape[1] - 1
    right = np.minimum(under + 1, last)
    left, reach = knots[row, under], knots[row, right] - knots[row, under]
    part = np.divide(came - left, reach, out=np.zeros(len(came)), where=reach > 0)
    line = steps[under] + np.clip(part, 0.0, 1.0) * (steps[under + 1] - steps[under])
    beyond = np.divide(came - left, left, out=np.ones(len(came)), where=left > 0)
    tail = steps[last] + (1 - steps[last]) * beyond / (1 + beyond)
    return np.where(np.isnan(came + values.sum(axis=1)), np.nan, np.where(under == last, tail, line))
