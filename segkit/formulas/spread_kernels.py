"""Compiled loops of `segkit.formulas.demand_spread`: probabilities and quantiles of counts, bent by a curve."""

from math import erf, erfc, exp, log, log1p, sqrt

import numpy as np
from numba import njit, prange

from segkit.formulas.many_counts import GRID, SCORES, STEP, many_moments, many_score, many_value, score_moments

_MANY = 8.0  # lots above which counts are no longer added up one by one, before they are bent
_SURE = 1.0 - 1e-11
_NONE = 1e-18  # probability of a count, past the likeliest one, after which no other counts
_ENDLESS = 1e15  # lots, beyond which no quantile is looked for
_NEAR = 8  # grid values that are filled in one by one
_REST = 1e-7  # share of demand whose size no longer moves a variance
AT = np.array(
    [0.5 * erfc(-score / sqrt(2.0)) for score in SCORES]
)  # probabilities at which curves are held: close in the tails
AT[0], AT[-1] = 0.0, 1.0
_PARTS = 2_048
_BEGIN = np.searchsorted(AT, np.arange(_PARTS) / _PARTS)


@njit(cache=True, nogil=True)
def _normal_below(z):  # type: ignore[no-untyped-def]
    return 0.5 * (1.0 + erf(z / sqrt(2.0)))


@njit(cache=True, nogil=True, parallel=True)
def count_range(actual, mean, excess):  # type: ignore[no-untyped-def]
    """Return the probabilities of less than each count, and of as much at most."""
    below, upto = np.zeros(actual.size), np.zeros(actual.size)
    for row in prange(actual.size):
        y, m, size = actual[row], mean[row], 1.0 / excess[row]
        if m > _MANY:
            upto[row] = _normal_below(many_score(y + 0.5, m, excess[row]))
            below[row] = _normal_below(many_score(y - 0.5, m, excess[row])) if y > 0.0 else 0.0
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
    return _on_line(curve, chance, low)


@njit(cache=True, nogil=True)
def _on_line(curve, chance, low):  # type: ignore[no-untyped-def]
    """Return the curve at a probability between a grid value and the next one."""
    part = min(max((chance - AT[low]) / (AT[low + 1] - AT[low]), 0.0), 1.0)
    return curve[low] + (curve[low + 1] - curve[low]) * part


@njit(cache=True, nogil=True)
def _go_on(chance, low):  # type: ignore[no-untyped-def]
    """Return the last grid value but one that is no larger, from one that is none."""
    while low < GRID - 2 and AT[low + 1] <= chance:
        low += 1
    return low


@njit(cache=True, nogil=True)
def _bent_normal(curve, score):  # type: ignore[no-untyped-def]
    """Return the curve at the probability of a normal score, on whose even grid it is held."""
    chance = _normal_below(score)
    low = min(max(int((score - SCORES[0]) / STEP), 0), GRID - 2)
    while low > 0 and AT[low] > chance:  # where rounding put it one too far
        low -= 1
    return 1.0 if chance > _SURE else _on_line(curve, chance, _go_on(chance, low))


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
            for place in range(quantiles.size):
                found[one, place] = np.ceil(max(many_value(scores[asked, place], m, excess[one]) - 0.5, 0.0))
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
    found, moments = np.zeros(mean.size), score_moments(curves)
    for one in prange(mean.size):
        m, size = mean[one], 1.0 / excess[one]
        curve = curves[row[one]]
        first, second = 0.0, 0.0
        if m > _MANY:
            first, second = many_moments(m, excess[one], moments[row[one]])
        elif m > 0.0:
            chance = exp(-size * log1p(m / size))
            ratio, total, number, told, low = m / (size + m), chance, 0, 0.0, 0
            while told < 1.0 - _REST:
                low = _go_on(total, low)
                upto = _on_line(curve, total, low) if total < _SURE and chance > _NONE else 1.0
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
        return _bent_normal(curve, many_score(value + 0.5, m, excess))
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
        centre, deviation = _moments_of(mean[first:end], excess[first:end])
        parts, low, below = range(first, end), -1.0, 0.0
        for place in range(quantiles.size):
            wanted, step = quantiles[place], np.floor(deviation / 8.0) + 1.0
            high = max(np.floor(centre + _normal_at(wanted) * deviation), low + 1.0)
            above = _share(high, parts, mean, excess, row, curves)
            while above < wanted and high < _ENDLESS:
                low, below = high, above
                high += step
                step *= 2.0
                above = _share(high, parts, mean, excess, row, curves)
            while high - low > step:  # too far, from the first guess
                middle = high - step
                told = _share(middle, parts, mean, excess, row, curves)
                if told < wanted:
                    low, below = middle, told
                else:
                    high, above = middle, told
                    step *= 2.0
            halved = False
            while high - low > 1.0:
                part = 0.5 if halved or above <= below else (wanted - below) / (above - below)
                middle = min(max(np.floor(low + part * (high - low)), low + 1.0), high - 1.0)
                told = _share(middle, parts, mean, excess, row, curves)
                if told < wanted:
                    low, below = middle, told
                else:
                    high, above = middle, told
                halved = not halved
            found[one, place] = high
    return found


@njit(cache=True, nogil=True)
def _moments_of(mean, excess):  # type: ignore[no-untyped-def]
    """Return mean and standard deviation of a mixture of counts, to begin a search with; zero of none."""
    if not mean.size:
        return 0.0, 0.0
    centre = mean.sum() / mean.size
    squares = 0.0
    for part in range(mean.size):
        squares += mean[part] + (1.0 + excess[part]) * mean[part] ** 2
    return centre, sqrt(max(squares / mean.size - centre**2, 0.0))


@njit(cache=True, nogil=True)
def _counted_quantiles(found, mean, excess, row, curves, quantiles):  # type: ignore[no-untyped-def]
    """Fill in quantiles of counts that are few, number by number."""
    total, chance, low = np.ones(mean.size), np.zeros(mean.size), np.zeros(mean.size, dtype=np.int64)
    for part in range(mean.size):
        if mean[part] > 0.0:
            size = 1.0 / excess[part]
            total[part] = chance[part] = exp(-size * log1p(mean[part] / size))
    number, place = 0, 0
    while place < quantiles.size:
        share = 0.0
        for part in range(mean.size):
            sure = mean[part] <= 0.0 or total[part] > _SURE
            if sure:
                share += 1.0
            else:
                low[part] = _go_on(total[part], low[part])
                share += _on_line(curves[row[part]], max(total[part], 0.0), low[part])
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
