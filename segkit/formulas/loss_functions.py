"""Expected shortage: by how much demand exceeds a stock on average, E[(D - x)⁺], and its second-order sibling.

Every loss comes from three parts of a distribution above x: P(D > x), E[D; D > x] and E[D² or D(D - 1); D > x]. They
are told by complementary functions of scipy.special, which keep their digits far out in the tail. What is left over is
E[(x - D)⁺] = x - mean + loss.

The second-order loss integrates the first: ∫ₓ^∞ loss for real demand, the sum of loss over whole numbers above x for
counts. With it the average backorders of any lot size are a difference of two terms.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, erfcx, gammaincc, ndtr, pdtrc

_POISSON = 1e-9  # variance / mean - 1 below which a negative binomial cannot be told from Poisson
_KNOWN = 1e-8  # sd / mean below which gamma demand counts as known
_FAR = 60.0  # safety factor beyond which nothing is short, in floats
_NONE = 1e-100  # demand that is none


def standard_loss(factor: ArrayLike) -> np.ndarray:
    """Return G(k) = φ(k) - k·(1 - Φ(k)), the loss of the standard normal at a safety factor.

    Parameters
    ----------
    factor : array_like
        Safety factor k.

    References
    ----------
    Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4e, app. II.

    Examples
    --------
    >>> [f"{loss:.6g}" for loss in standard_loss([0.0, 1.0, 10.0])]
    ['0.398942', '0.0833155', '7.47456e-25']
    """
    k = np.asarray(factor, dtype=float)
    size = np.minimum(np.abs(k), _FAR)
    upper = _density(size) * np.maximum(1.0 - size * _mills(size), 0.0)
    return upper + np.maximum(-k, 0.0)


def standard_second_loss(factor: ArrayLike) -> np.ndarray:
    """Return ½·E[((Z - k)⁺)²] = ½·((1 + k²)(1 - Φ(k)) - k·φ(k)).

    Parameters
    ----------
    factor : array_like
        Safety factor k.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. C.33.

    Examples
    --------
    >>> standard_second_loss([0.0, -1.0]).round(6).tolist()
    [0.25, 0.96233]
    """
    k = np.asarray(factor, dtype=float)
    size = np.minimum(np.abs(k), _FAR)
    upper = 0.5 * _density(size) * np.maximum((1.0 + size**2) * _mills(size) - size, 0.0)
    return np.where(k < 0, 0.5 * (1.0 + k**2) - upper, upper)


def _density(k: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * k**2) / np.sqrt(2 * np.pi)


def _mills(k: np.ndarray) -> np.ndarray:
    return np.sqrt(np.pi / 2) * erfcx(k / np.sqrt(2))


def normal_losses(stock: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(D > x), loss and second-order loss of normal demand.

    Parameters
    ----------
    stock : array_like
        x [units].
    mean, sd : array_like
        Of demand; sd 0 = known demand [units].

    Returns
    -------
    tail, loss, second : ndarray
        [share], [units], [units²].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. C.31 to C.34.

    Examples
    --------
    >>> [round(float(part), 4) for part in normal_losses(6000, 5000, 707.1068)]
    [0.0786, 25.1273, 7098.7665]
    """
    x, mean, sd = (np.asarray(one, dtype=float) for one in (stock, mean, sd))
    known = sd <= _NONE
    k = np.clip((x - mean) / np.where(known, 1.0, sd), -1e100, 1e100)
    return _with_known(known, x, mean, ndtr(-k), sd * standard_loss(k), sd**2 * standard_second_loss(k))


def gamma_losses(stock: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(D > x), loss and second-order loss of gamma demand.

    Parameters
    ----------
    stock : array_like
        x [units].
    mean, sd : array_like
        Of demand; sd 0 = known demand [units].

    Returns
    -------
    tail, loss, second : ndarray
        [share], [units], [units²].

    References
    ----------
    Burgin (1975), The gamma distribution and inventory control, Operational Research Quarterly 26(3).

    Examples
    --------
    >>> [round(float(part), 6) for part in gamma_losses(2.0, 1.0, 1.0)]  # exponential: e⁻² each
    [0.135335, 0.135335, 0.135335]
    """
    x, mean, sd = (np.asarray(one, dtype=float) for one in (stock, mean, sd))
    known = (sd <= _KNOWN * mean) | (mean <= _NONE) | (mean <= _NONE * sd)
    shape = (np.where(known, 1.0, mean) / np.where(known, 1.0, sd)) ** 2
    at = np.maximum(x, 0.0) / np.where(known, 1.0, mean) * shape
    tail = np.where(x < 0, 1.0, gammaincc(shape, at))
    first = mean * gammaincc(shape + 1, at)
    square = mean**2 * (1 + 1 / shape) * gammaincc(shape + 2, at)
    return _with_known(known, x, mean, tail, first - x * tail, 0.5 * (square - 2 * x * first + x**2 * tail))


def poisson_losses(stock: ArrayLike, mean: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(D > x), loss and second-order loss of Poisson demand.

    Parameters
    ----------
    stock : array_like
        x [units].
    mean : array_like
        Of demand [units].

    Returns
    -------
    tail, loss, second : ndarray
        [share], [units], [units²]; the second at the whole number below x.

    References
    ----------
    Zipkin, Foundations of Inventory Management, app. C.2.3; Snyder & Shen 2e, eq. C.41.

    Examples
    --------
    >>> [round(float(part), 4) for part in poisson_losses(10, 10)]
    [0.417, 1.2511, 2.0848]
    """
    x, mean = np.asarray(stock, dtype=float), np.asarray(mean, dtype=float)
    whole = np.floor(x)
    low = np.maximum(whole, 0.0)
    tail = np.where(x < 0, 1.0, pdtrc(low, mean))
    first = mean * np.where(whole < 1, 1.0, pdtrc(np.maximum(whole - 1, 0), mean))
    pairs = mean**2 * np.where(whole < 2, 1.0, pdtrc(np.maximum(whole - 2, 0), mean))
    return _of_counts(x, whole, mean, tail, first, pairs)


def negative_binomial_losses(
    stock: ArrayLike, mean: ArrayLike, variance: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(D > x), loss and second-order loss of negative binomial demand.

    Parameters
    ----------
    stock : array_like
        x [units].
    mean, variance : array_like
        Of demand; no more variance than mean = Poisson [units, units²].

    Returns
    -------
    tail, loss, second : ndarray
        [share], [units], [units²]; the second at the whole number below x.

    References
    ----------
    Zipkin, Foundations of Inventory Management, app. C.2.3; Snyder & Shen 2e, app. C.3.

    Examples
    --------
    >>> [round(float(part), 4) for part in negative_binomial_losses(8, 2, 8)]
    [0.0386, 0.1445, 0.4012]
    """
    x, mean, variance = (np.asarray(one, dtype=float) for one in (stock, mean, variance))
    whole = np.floor(x)
    plain = (variance <= mean * (1 + _POISSON)) | (mean <= _NONE)
    extra = np.where(plain, 1.0, variance - mean)
    size, part = np.where(plain, 1.0, mean**2) / extra, extra / np.where(plain, 2.0, variance)
    tail = np.where(x < 0, 1.0, betainc(np.maximum(whole, 0) + 1, size, part))
    first = mean * np.where(whole < 1, 1.0, betainc(np.maximum(whole, 1), size + 1, part))
    pairs = mean**2 * (1 + 1 / size) * np.where(whole < 2, 1.0, betainc(np.maximum(whole - 1, 1), size + 2, part))
    spread = _of_counts(x, whole, mean, tail, first, pairs)
    if not plain.any():
        return spread
    poisson = poisson_losses(x, np.maximum(mean, 0.0))
    return tuple(np.where(plain, p, s) for p, s in zip(poisson, spread, strict=True))  # type: ignore[return-value]


def discrete_losses(
    stock: ArrayLike, values: ArrayLike, probabilities: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(D > x), loss and second-order loss (∫ₓ^∞ loss) of demand given as a table.

    Parameters
    ----------
    stock : array_like
        x, shape (...) [units].
    values, probabilities : array_like
        Shape (..., values): what demand may be [units] and how likely each is, adding up to 1.

    Returns
    -------
    tail, loss, second : ndarray
        [share], [units], [units²].

    Examples
    --------
    >>> [float(part) for part in discrete_losses(1.0, [0.0, 2.0, 5.0], [0.5, 0.25, 0.25])]
    [0.5, 1.25, 2.125]
    """
    above = np.asarray(values, dtype=float) - np.asarray(stock, dtype=float)[..., None]
    chance, short = np.asarray(probabilities, dtype=float), np.maximum(above, 0.0)
    return (chance * (above > 0)).sum(-1), (chance * short).sum(-1), 0.5 * (chance * short**2).sum(-1)


def _of_counts(x, whole, mean, tail, first, pairs):  # type: ignore[no-untyped-def]
    """Return the losses of counts; between whole numbers the loss is a straight line."""
    at_whole = np.maximum(first - whole * tail, np.maximum(mean - whole, 0.0))
    loss = np.maximum(at_whole - (x - whole) * tail, 0.0)
    return tail, loss, np.maximum(0.5 * (pairs - 2 * whole * first + whole * (whole + 1) * tail), 0.0)


def _with_known(known, x, mean, tail, loss, second):  # type: ignore[no-untyped-def]
    """Return the losses, known demand where there is no deviation; rounding never makes them too small."""
    short = np.maximum(mean - x, 0.0)
    return (
        np.where(known, (x < mean).astype(float), tail),
        np.where(known, short, np.maximum(loss, short)),
        np.where(known, 0.5 * short**2, np.maximum(second, 0.5 * short**2)),
    )
