"""How demand scatters around its forecast: count distributions, put right by how earlier forecasts did.

Demand is taken as negative binomial around the forecast (variance = mean + excess x mean², in units of the smallest
lot), above some of them as normal with the same variance. The excess comes from the mean absolute error of earlier
forecasts, by class of series and size of the forecast, times how wide the series itself was. Then the distribution is
bent so that earlier actuals fall evenly over it (their probability integral transform is uniform), again by class and
size. So it is right on average where the shape is not.
"""

from dataclasses import dataclass, replace

import numpy as np

from segkit.formulas import spread_kernels as kernels
from segkit.formulas.scatter_kernels import excess_places
from segkit.formulas.spread_kernels import AT, GRID

_EXCESS = (1e-5, 200.0)  # least and most
_DEVIATION = 1.25  # standard deviation over mean |error|, of a normal variable
_SIZE_EDGES = (0.07, 0.14, 0.21, 0.29, 0.36, 0.43, 0.5, 0.57, 0.64, 0.71, 0.79, 0.86, 0.93, 0.97, 0.99, 0.997)
_CELL_EDGES = (0.1, 0.25, 0.5, 0.75, 0.93, 0.985)
_RARE = 2_000  # forecasts in the cell of the smallest ones, before it is told apart: their tail rests on few of them
_FEW = 5.0  # forecasts as which it counts that demand is taken as Poisson to begin with
_FAR = 3.0
_TELL = 100  # forecasts of about one size, by which their scatter is told
_PRIOR = 300.0
_ROOM = 2.0  # times what the mean leaves room for
_LEAST = 0.01  # lots; a smaller forecast scatters as this one


@dataclass(frozen=True)
class Spread:
    """Scatter by class (first axis) and size of the forecast.

    ``sizes`` are the middles of the bins of log forecast, ``excess`` the log excess at them; ``cuts`` part sizes into
    cells, ``curves`` (class, cell, grid) is the share of earlier actuals below each probability; ``count`` the earlier
    forecasts of each class.
    """

    sizes: np.ndarray
    excess: np.ndarray
    cuts: np.ndarray
    curves: np.ndarray
    count: np.ndarray

    def places(
        self, mean: np.ndarray, classes: np.ndarray, width: np.ndarray, doubt: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the excess of each forecast, and the row of its curve.

        ``width`` is times the usual deviation, ``doubt`` the relative variance of the forecast itself.
        """
        doubts = np.atleast_1d(np.asarray(doubt, dtype=float))
        told = np.asarray(mean, dtype=float), classes, width, doubts
        return excess_places(*told, self.sizes, self.excess, self.cuts, _LEAST, _EXCESS[0])


def log_size(mean: np.ndarray) -> np.ndarray:
    """Return the log of forecasts, equal where they differ by less than one in a hundred: what parts them must not."""
    return np.round(np.log(mean), 2)


def size_edges(size: np.ndarray) -> np.ndarray:
    """Return what parts forecasts by size, closer among the largest; never fewer than `_TELL` of them together."""
    shares, last = [], 0.0
    for share in _SIZE_EDGES:
        if min(share - last, 1.0 - share) * len(size) >= _TELL:
            shares.append(share)
            last = share
    return np.unique(np.quantile(size, shares))


def widened(excess: np.ndarray, mean: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Return the excess that makes the standard deviation so many times as wide; no narrower than Poisson's.

    Examples
    --------
    >>> widened(np.array([0.5]), np.array([2.0]), np.array([2.0])).tolist()
    [3.5]
    """
    floor = np.maximum(mean, _LEAST)
    return np.maximum((width**2 * (1.0 + excess * floor) - 1.0) / floor, _EXCESS[0])


def poisson_deviation(mean: np.ndarray) -> np.ndarray:
    """Return the mean absolute deviation of Poisson counts: 2 m^(k+1) e^-m / k!, where k is the whole part of m.

    References
    ----------
    Johnson, N. L., Kemp, A. W. & Kotz, S. (2005). Univariate discrete distributions, 3rd ed., section 4.3.

    Examples
    --------
    >>> poisson_deviation(np.array([0.1, 50.0])).round(4).tolist()
    [0.181, 5.6325]
    """
    from scipy.special import gammaln

    whole = np.floor(mean)
    return 2.0 * np.exp((whole + 1.0) * np.log(mean) - mean - gammaln(whole + 1.0))


def fit_spread(actual: np.ndarray, mean: np.ndarray, classes: np.ndarray, width: np.ndarray, *, count: int) -> Spread:
    """Return how actuals scattered around earlier forecasts.

    Parameters
    ----------
    actual, mean : array
        Demand that came and its forecast, above zero. [smallest lots]
    classes : array of int
        Class of each, from 0.
    width : array
        By how much wider than usual each series scattered before, 1 = as usual.
    count : int
        Number of classes.

    Returns
    -------
    Spread
        A class with little of its own leans on all of them. Without any forecast the demand counts as Poisson.

    References
    ----------
    Gneiting, T., Balabdaoui, F. & Raftery, A. E. (2007). Probabilistic forecasts, calibration and sharpness. JRSS B
    69, 243-268; Czado, C., Gneiting, T. & Held, L. (2009). Predictive model assessment for count data. Biometrics 65,
    1254-1261 (the transform of counts).
    """
    return fit_sized(by_size(actual, mean, width), classes, count=count)


@dataclass(frozen=True)
class SizedForecasts:
    """Earlier forecasts put in order of size, whatever their classes.

    ``actual``, ``mean``, ``width`` as `fit_spread` takes them, ``error`` |errors| with those far beyond others cut;
    ``bins`` the place of each among ``sizes``; ``cuts`` part sizes into cells.
    """

    actual: np.ndarray
    mean: np.ndarray
    width: np.ndarray
    error: np.ndarray
    bins: np.ndarray
    sizes: np.ndarray
    cuts: np.ndarray


def by_size(actual: np.ndarray, mean: np.ndarray, width: np.ndarray) -> SizedForecasts:
    """Return forecasts by size; parameters as `fit_spread` takes them."""
    if not len(mean):
        none = np.zeros(0)
        return SizedForecasts(none, none, none, none, none.astype(int), np.zeros(1), none)
    mean = np.maximum(mean, _LEAST)
    size = log_size(mean)
    edges = size_edges(size)
    bins = np.searchsorted(edges, size)
    held = np.bincount(bins, minlength=len(edges) + 1)
    used = np.flatnonzero(held)
    sizes = np.bincount(bins, size, len(held))[used] / held[used]
    cuts = np.unique(np.quantile(size, _CELL_EDGES[_CELL_EDGES[0] * len(size) < _RARE :]))
    place = (np.cumsum(held > 0) - 1)[bins]
    return SizedForecasts(np.round(actual), mean, width, _tamed(actual, mean), place, sizes, cuts)


def fit_sized(cases: SizedForecasts, classes: np.ndarray, *, count: int) -> Spread:
    """Return the spread of forecasts by size in these classes, as `fit_spread` has it."""
    if not len(cases.mean):
        flat = np.tile(AT, (count, 1, 1))
        poisson = np.full((count, 1), np.log(_EXCESS[0]))
        return Spread(np.zeros(1), poisson, np.zeros(0), flat, np.zeros(count, dtype=int))
    excess = _usual_excess(cases, classes, count)
    straight = np.tile(AT, (count, len(cases.cuts) + 1, 1))
    plain = Spread(cases.sizes, excess, cases.cuts, straight, np.bincount(classes, minlength=count))
    usual, cell = plain.places(cases.mean, classes, cases.width)
    below, upto = kernels.count_range(cases.actual, cases.mean, usual)
    cells = straight.shape[0] * straight.shape[1]
    shares = kernels.shares_below(below, upto, cell, cells).reshape(straight.shape)
    number = np.bincount(cell, minlength=cells).reshape(straight.shape[:2])[:, :, None]
    everyone = (shares.sum(axis=0) + _PRIOR / 3 * straight[0]) / (number.sum(axis=0) + _PRIOR / 3)
    curves = (shares + _PRIOR * everyone) / (number + _PRIOR)
    return replace(plain, curves=curves)


def spread_range(
    spread: Spread, actual: np.ndarray, mean: np.ndarray, classes: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities of less than each actual, and of as much at most.

    Parameters
    ----------
    spread : Spread
        From `fit_spread`.
    actual, mean : array
        Demand and its forecast. [smallest lots]
    classes : array of int
        Class of each.
    width : array
        As `fit_spread` takes it.

    Returns
    -------
    below, upto : array
        A number drawn evenly between the two is uniform where the distribution is right.
    """
    excess, row = spread.places(mean, classes, width)
    below, upto = kernels.count_range(np.round(actual), np.maximum(mean, _LEAST), excess)
    curves = spread.curves.reshape(-1, GRID)
    return kernels.along(curves, row, below), kernels.along(curves, row, upto)


def spread_quantiles(
    spread: Spread,
    mean: np.ndarray,
    classes: np.ndarray,
    width: np.ndarray,
    quantiles: np.ndarray,
    *,
    doubt: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Return quantiles of demand: the least whole number that is enough with each probability.

    Parameters
    ----------
    spread : Spread
        From `fit_spread`.
    mean : array
        Forecasts. [smallest lots]
    classes : array of int
        Class of each.
    width : array
        As `fit_spread` takes it.
    quantiles : array
        Probabilities, between 0 and 1, in rising order.
    doubt : array or float
        Relative variance of the forecasts themselves that earlier errors do not show.

    Returns
    -------
    array
        Shape (forecasts, quantiles); zero where the forecast is zero, at most 2 mean / (1 - p). [smallest lots]
    """
    excess, row = spread.places(mean, classes, width, doubt)
    curves, floored, wanted = spread.curves.reshape(-1, GRID), _floored(np.asarray(mean, float)), np.asarray(quantiles)
    return within_mean(kernels.bent_quantiles(floored, excess, row, curves, wanted.astype(float)), floored, wanted)


def mixed_quantiles(
    mean: np.ndarray, excess: np.ndarray, row: np.ndarray, curves: np.ndarray, begin: np.ndarray, quantiles: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return quantiles, mean and standard deviation of mixtures of evenly likely distributions.

    Parameters
    ----------
    mean, excess, row : array
        Forecast [smallest lots], excess and row of the curve of each part (from `Spread.places`).
    curves : array
        Shares of earlier actuals below each probability, a curve a row.
    begin : array of int
        First part of each mixture, and the number of parts at the end.
    quantiles : array
        Probabilities, rising.

    Returns
    -------
    quantiles : array
        Shape (mixtures, quantiles): the least whole number that is enough with each probability. [smallest lots]
    mean, sd : array
        Of the mixtures; the standard deviation of a part is that of the bent distribution. [smallest lots]
    """
    parts = np.maximum(np.diff(begin), 1)
    code = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    centre = np.bincount(code, mean, len(parts)) / parts
    floored = _floored(mean)
    variance = kernels.bent_variances(floored, excess, row, curves) + (mean - centre[code]) ** 2
    spread = np.sqrt(np.bincount(code, variance, len(parts)) / parts)
    found = kernels.mixed_quantiles(floored, excess, row, curves, begin, np.asarray(quantiles, dtype=float))
    return found, centre, spread


def within_mean(found: np.ndarray, mean: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return quantiles that leave room for the mean.

    Parameters
    ----------
    found : array
        Quantiles of demand, shape (forecasts, quantiles). [units]
    mean : array
        Forecasts. [units]
    quantiles : array
        Probabilities p, below 1.

    Returns
    -------
    array
        The quantiles, at most twice mean / (1 - p), whole. [units]

    Notes
    -----
    What is exceeded with 1 - p is at most mean / (1 - p) (Markov's inequality). Curves that many forecasts share are
    too wide for the smallest of them; as these may be too low themselves, twice as much is let pass.

    Examples
    --------
    >>> within_mean(np.array([[2.0, 700.0]]), np.array([1.5]), np.array([0.5, 0.99])).tolist()
    [[2.0, 300.0]]
    """
    return np.minimum(found, np.floor(_ROOM * mean[:, None] / (1.0 - quantiles) * (1.0 + 1e-12)))


def _floored(mean: np.ndarray) -> np.ndarray:
    return np.where(mean > 0, np.maximum(mean, _LEAST), 0.0)


def _tamed(actual: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return |errors|, those far beyond all but one in a thousand cut: one slip of the pen is no scatter."""
    error, usual = np.abs(actual - mean), np.sqrt(mean + mean**2)
    last = len(error) - 2 - len(error) // 1_000
    if last < _FEW:
        return error
    return np.minimum(error, _FAR * np.partition(error / usual, last)[last] * usual)


def _usual_excess(cases: SizedForecasts, classes: np.ndarray, count: int) -> np.ndarray:
    """Return the log excess by cell that gives the mean |error| of its cases, leaning on all classes and on Poisson."""
    shape = (count, len(cases.sizes))
    cell = classes * shape[1] + cases.bins
    error, widths, level, number = (
        np.bincount(cell, values, shape[0] * shape[1]).reshape(shape)
        for values in (cases.error, cases.width, cases.mean, None)
    )
    lent = _PRIOR / 3 / np.maximum(number.sum(axis=0), _PRIOR / 3)
    level = (level + lent * level.sum(axis=0)) / (number + lent * number.sum(axis=0))
    poisson = _FEW * np.sqrt(level) / _DEVIATION
    usual = (error + lent * error.sum(axis=0) + poisson) / (widths + lent * widths.sum(axis=0) + _FEW)
    excess = ((_DEVIATION * usual) ** 2 - level) / level**2
    return np.log(np.clip(excess, *_EXCESS))
