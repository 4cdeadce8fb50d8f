"""Counts that are too many to add up one by one: the negative binomial by normal scores (Wilson and Hilferty 1931)."""

from math import expm1, log1p, sqrt

import numpy as np
from numba import njit

GRID = 257
SCORES = np.linspace(-7.5, 7.5, GRID)  # normal scores at which curves are held
STEP = 15.0 / (GRID - 1)


@njit(cache=True, nogil=True)
def _many_terms(mean, excess):  # type: ignore[no-untyped-def]
    """Return standard deviation and skewness of a negative binomial before its values are made whole (Sheppard)."""
    variance = mean + excess * mean * mean
    deviation = sqrt(variance - 1.0 / 12.0)
    return deviation, (1.0 + 2.0 * excess * mean) * variance / deviation**3


@njit(cache=True, nogil=True)
def many_score(value, mean, excess):  # type: ignore[no-untyped-def]
    """Return the normal score of a value where counts are many, by the cube root of Wilson and Hilferty (1931).

    Mean, variance and skewness are those of the negative binomial, so that nothing jumps where counts become many.
    """
    deviation, skew = _many_terms(mean, excess)
    off = skew * (value - mean) / (2.0 * deviation)
    rise = expm1(log1p(off) / 3.0) if off > -1.0 else -((-1.0 - off) ** (1.0 / 3.0)) - 1.0
    return 6.0 / skew * rise + skew / 6.0


@njit(cache=True, nogil=True)
def many_value(score, mean, excess):  # type: ignore[no-untyped-def]
    """Return the value at a normal score where counts are many: the other way round."""
    deviation, skew = _many_terms(mean, excess)
    part = score / 6.0 - skew / 36.0
    return mean + 6.0 * deviation * part * (1.0 + skew * part * (1.0 + skew * part / 3.0))


@njit(cache=True, nogil=True)
def score_moments(curves):  # type: ignore[no-untyped-def]
    """Return sums of powers (0 to 6) of normal scores up to each grid value, by how much of a curve lies there."""
    moments = np.zeros((len(curves), GRID, 7))
    for one in range(len(curves)):
        for place in range(GRID - 1):
            score, part = (SCORES[place] + SCORES[place + 1]) / 2.0, curves[one, place + 1] - curves[one, place]
            for power in range(7):
                moments[one, place + 1, power] = moments[one, place, power] + part
                part *= score
    return moments


@njit(cache=True, nogil=True)
def many_moments(m, excess, moments):  # type: ignore[no-untyped-def]
    """Return sums of distances from the mean and of their squares where counts are many: what is below zero is zero."""
    cut = min(max(int(np.ceil((many_score(0.0, m, excess) - SCORES[0]) / STEP - 0.5)), 0), GRID - 1)
    none, told = moments[cut, 0], moments[GRID - 1] - moments[cut]
    deviation, skew = _many_terms(m, excess)
    parts = np.zeros(7)  # sums of powers of what `many_value` calls part
    for power in range(7):
        binomial = 1.0
        for of in range(power, -1, -1):
            parts[power] += binomial * told[of] / 6.0**of * (-skew / 36.0) ** (power - of)
            binomial = binomial * of / (power - of + 1)
    first = 6.0 * deviation * (parts[1] + skew * parts[2] + skew**2 * parts[3] / 3.0) - m * none
    second = parts[2] + 2.0 * skew * parts[3] + 5.0 / 3.0 * skew**2 * parts[4]
    second += 2.0 / 3.0 * skew**3 * parts[5] + skew**4 * parts[6] / 9.0
    # what is made whole scatters by a twelfth more
    return first, 36.0 * deviation**2 * second + m * m * none + told[0] / 12.0
