"""Compiled loops of `segkit.formulas.demand_spread`: probabilities and quantiles of counts, bent by a curve."""

from math import erf, erfc, exp, log, log1p, sqrt

import numpy as np
from numba import njit, prange

_MANY = 8.0  # lots above which counts are taken as normal, before they are bent
_SURE = 1.0 - 1e-11
_NONE = 1e-18  # probability of a count, past the likeliest one, after which no other counts
_NEAR = 8  # grid values that are filled in one by one
_REST = 1e-7  # share of demand whose size no longer moves a variance
GRID = 257
_SCORES = np.linspace(-7.5, 7.5, GRID)
AT = np.array(
    [0.5 * erfc(-score / sqrt(2.0)) for score in _SCORES]
)  # probabilities at which curves are held: close in the tails
AT[0], AT[-1] = 0.0, 1.0
_PARTS = 2_048
_BEGIN = np.searchsorted(AT, np.arange(_PARTS) / _PARTS)


@njit(cache=True, nogil=True)
def _normal_below(z):  # type: ignore[no-untyped-def]
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


@njit(cache=True, nogil=True)
def _many_below(value, mean, excess):  # type: ignore[no-untyped-def]
    """Return the probability of less than a value where counts are many: a normal with the same variance."""
    return _normal_below((value - mean) / (sqrt(1.0 / mean + excess) * mean))


@njit(cache=True, nogil=True, parallel=True)
def count_range(actual, mean, excess):  # type: ignore[no-untyped-def]
    """Return the probabilities of less than each count, and of as much at most."""
    below, upto = np.zeros(actual.size), np.zeros(actual.size)
    for row in prange(actual.size):
        y, m, size = actual[row], mean[row], 1.0 / excess[row]
        if m > _MANY:
            upto[row] = _many_below(y + 0.5, m, excess[row])
            below[row] = _many_below(y - 0.5, m, excess[row]) if y > 0.0 else 0.0
            continue
        chance = exp(-size * log1p(m / size))
        ratio = m / (size + m)
        total, number = chance, 0
        before = 0.0
        while number < y and total < 1.0 - 1e-13 and chance > _NONE:
            before = total
            number += 1
            chance *= ratio * (number - 1 + size) / number
            total += chance
        below[row] = before if number == y else min(total, 1.0)
        upto[row] = min(total, 1.0)
    return below, upto


@njit(cache=True, nogil=True)
def _first_at(chance):  # type: ignore[no-untyped-def]
    """Return the first grid value that is no smaller; most lie a step or two from where their part of all begins."""
    part = int(max(chance, 0.0) * _PARTS)
    if 0 < part < _PARTS - 1:
        place = _BEGIN[part]
        while AT[place] < chance:
            place += 1
        return place
    return np.searchsorted(AT, chance)


@njit(cache=True, nogil=True)
def shares_below(below, upto, cell, cells):  # type: ignore[no-untyped-def]
    """Return by cell and grid value how many numbers, each spread evenly over its range, lie below it."""
    shares, whole = np.zeros((cells, GRID)), np.zeros((cells, GRID))
    rises, bases = np.zeros((cells, GRID)), np.zeros((cells, GRID))
    for row in range(below.size):
        width = max(upto[row] - below[row], 1e-12)
        first, last = _first_at(below[row]), _first_at(below[row] + width)
        last = min(last, GRID - 1)
        if last - first <= _NEAR:
            each = 1.0 / width
            for place in range(first, last):
                shares[cell[row], place] += (AT[place] - below[row]) * each
        else:  # on a line between the two: what it rises by begins at the one and ends at the other
            rises[cell[row], first] += 1.0 / width
            rises[cell[row], last] -= 1.0 / width
            bases[cell[row], first] -= below[row] / width
            bases[cell[row], last] += below[row] / width
        whole[cell[row], last] += 1.0
    for one in range(cells):
        total, rise, base = 0.0, 0.0, 0.0
        for place in range(GRID):
            total += whole[one, place]
            rise += rises[one, place]
            base += bases[one, place]
            shares[one, place] += total + rise * AT[place] + base
    return shares


@njit(cache=True, nogil=True, parallel=True)
def along(curves, row, chance):  # type: ignore[no-untyped-def]
    """Return the curve of each row at a probability."""
    found = np.zeros(chance.size)
    for one in prange(chance.size):
        found[one] = _bent(curves[row[one]], chance[one])
    return found


@njit(cache=True, nogil=True)
def _bent(curve, chance):  # type: ignore[no-untyped-def]
    """Return the curve at a probability."""
    low, high = 0, GRID - 1
    while high - low > 1:
        middle = (low + high) // 2
        if AT[middle] <= chance:
            low = middle
        else:
            high = middle
    part = min(max((chance - AT[low]) / (AT[high] - AT[low]), 0.0), 1.0)
    return curve[low] + (curve[high] - curve[low]) * part


@njit(cache=True, nogil=True)
def _back(curve, share):  # type: ignore[no-untyped-def]
    """Return at what probability a curve reaches a share."""
    low, high = 0, GRID - 1
    while high - low > 1:
        middle = (low + high) // 2
        if curve[middle] < share:
            low = middle
        else:
            high = middle
    rise = curve[high] - curve[low]
    part = (share - curve[low]) / rise if rise > 0.0 else 1.0
    return AT[low] + (AT[high] - AT[low]) * min(max(part, 0.0), 1.0)


@njit(cache=True, nogil=True)
def _normal_at(chance):  # type: ignore[no-untyped-def]
    """Return the standard normal quantile, by Newton steps from the tail expansion."""
    chance = min(max(chance, 1e-12), 1.0 - 1e-12)
    tail = min(chance, 1.0 - chance)
    t = sqrt(-2.0 * log(tail))
    z = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3)
    for _ in range(2):
        z += (_normal_below(z) - (1.0 - tail)) * -sqrt(2.0 * np.pi) * exp(z * z / 2.0)
    return z if chance >= 0.5 else -z


@njit(cache=True, nogil=True)
def _asked_of(curves, quantiles):  # type: ignore[no-untyped-def]
    """Return at what probability, before it is bent, each curve reaches the quantiles; and normal scores of those."""
    wanted, scores = np.zeros((len(curves), quantiles.size)), np.zeros((len(curves), quantiles.size))
    for one in range(len(curves)):
        for place in range(quantiles.size):
            wanted[one, place] = _back(curves[one], quantiles[place])
            scores[one, place] = _normal_at(min(wanted[one, place], _SURE))
    return wanted, scores


@njit(cache=True, nogil=True, parallel=True)
def bent_quantiles(mean, excess, row, curves, quantiles):  # type: ignore[no-untyped-def]
    """Return the least counts that are enough with the probabilities wanted."""
    found = np.zeros((mean.size, quantiles.size))
    wanted, scores = _asked_of(curves, quantiles)
    for one in prange(mean.size):
        m, size, asked = mean[one], 1.0 / excess[one], row[one]
        if m <= 0.0:
            continue
        if m > _MANY:
            deviation = m * sqrt(1.0 / m + excess[one])
            for place in range(quantiles.size):
                found[one, place] = np.ceil(max(m + scores[asked, place] * deviation - 0.5, 0.0))
            continue
        chance = exp(-size * log1p(m / size))
        ratio, total, number = m / (size + m), chance, 0
        for place in range(quantiles.size):
            while total < wanted[asked, place] and total < _SURE and chance > _NONE:
                number += 1
                chance *= ratio * (number - 1 + size) / number
                total += chance
            found[one, place] = number
    return found


@njit(cache=True, nogil=True, parallel=True)
def bent_variances(mean, excess, row, curves):  # type: ignore[no-untyped-def]
    """Return the variances of the bent distributions."""
    found = np.zeros(mean.size)
    for one in prange(mean.size):
        m, size = mean[one], 1.0 / excess[one]
        curve = curves[row[one]]
        first, second = 0.0, 0.0
        if m > _MANY:
            deviation = m * sqrt(1.0 / m + excess[one])
            for place in range(GRID - 1):
                off = max(deviation * (_SCORES[place] + _SCORES[place + 1]) / 2.0, -m)
                first += (curve[place + 1] - curve[place]) * off
                second += (curve[place + 1] - curve[place]) * off**2
        elif m > 0.0:
            chance = exp(-size * log1p(m / size))
            ratio, total, number, told = m / (size + m), chance, 0, 0.0
            while told < 1.0 - _REST:
                upto = _bent(curve, total) if total < _SURE and chance > _NONE else 1.0
                first += (upto - told) * (number - m)
                second += (upto - told) * (number - m) ** 2
                told = upto
                number += 1
                chance *= ratio * (number - 1 + size) / number
                total += chance
        found[one] = max(second - first**2, 0.0)
    return found


@njit(cache=True, nogil=True)
def _upto(value, m, excess, curve):  # type: ignore[no-untyped-def]
    """Return the probability of a whole number at most, bent by a curve."""
    if m <= 0.0:
        return 1.0
    if m > _MANY:
        total = _many_below(value + 0.5, m, excess)
    else:
        size = 1.0 / excess
        chance = exp(-size * log1p(m / size))
        ratio, total, number = m / (size + m), chance, 0
        while number < value and total < 1.0 - 1e-13 and chance > _NONE:
            number += 1
            chance *= ratio * (number - 1 + size) / number
            total += chance
        if number < value:  # nothing is left beyond, though rounding may keep the sum below 1
            return 1.0
    return 1.0 if total > _SURE else _bent(curve, max(total, 0.0))


@njit(cache=True, nogil=True, parallel=True)
def mixed_quantiles(mean, excess, row, curves, begin, quantiles):  # type: ignore[no-untyped-def]
    """Return the same of mixtures of evenly likely parts; ``begin`` tells where each begins."""
    found = np.zeros((begin.size - 1, quantiles.size))
    for one in prange(begin.size - 1):
        first, end = begin[one], begin[one + 1]
        if end > first and mean[first:end].max() <= _MANY:
            _counted_quantiles(found[one], mean[first:end], excess[first:end], row[first:end], curves, quantiles)
            continue
        parts = range(first, end)
        low = -1.0
        for place in range(quantiles.size):
            high = max(low, 0.0)
            step = 1.0
            while _share(high, parts, mean, excess, row, curves) < quantiles[place] and high < 1e15:
                low = high
                high += step
                step *= 2.0
            while high - low > 1.0:
                middle = np.floor((low + high) / 2.0)
                if _share(middle, parts, mean, excess, row, curves) < quantiles[place]:
                    low = middle
                else:
                    high = middle
            found[one, place] = high
            low = high - 1.0
    return found


@njit(cache=True, nogil=True)
def _counted_quantiles(found, mean, excess, row, curves, quantiles):  # type: ignore[no-untyped-def]
    """Fill in quantiles of counts that are few, number by number."""
    total, chance = np.ones(mean.size), np.zeros(mean.size)
    for part in range(mean.size):
        if mean[part] > 0.0:
            size = 1.0 / excess[part]
            total[part] = chance[part] = exp(-size * log1p(mean[part] / size))
    number, place = 0, 0
    while place < quantiles.size:
        share = 0.0
        for part in range(mean.size):
            sure = mean[part] <= 0.0 or total[part] > _SURE
            share += 1.0 if sure else _bent(curves[row[part]], max(total[part], 0.0))
        share = share / mean.size + 1e-12
        while place < quantiles.size and share >= quantiles[place]:
            found[place] = number
            place += 1
        number += 1
        for part in range(mean.size):
            if mean[part] > 0.0 and total[part] < 1.0 - 1e-13 and chance[part] > _NONE:
                size = 1.0 / excess[part]
                chance[part] *= mean[part] / (size + mean[part]) * (number - 1 + size) / number
                total[part] += chance[part]
            else:
                total[part] = 1.0


@njit(cache=True, nogil=True)
def _share(value, parts, mean, excess, row, curves):  # type: ignore[no-untyped-def]
    total = 0.0
    for part in parts:
        total += _upto(value, mean[part], excess[part], curves[row[part]])
    return total / max(len(parts), 1) + 1e-12
