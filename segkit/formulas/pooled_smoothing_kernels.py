"""Compiled loops behind `pooled_smoothing`: members of a group one after the other, constants and periods side by side.

Tables of one series or group have a row per constant (or pair of them) and a column per period, so that inner loops run
over neighbours. ``gains`` are by what part a level moves towards what was sold, by number of periods seen before and
constant, the ``own`` ones of a series before the fast ones of its group: levels are then means of what was seen,
weighted by age, from the first period on.
"""

from math import sqrt

import numpy as np
from numba import njit, prange

_HALF, _CUBE = 0.5, 3.0
_TINY = 1e-12
_HELD = 200_000  # levels of a group that are kept and not found twice
_LEAST_MOVE, _MOST_MOVE = 0.02, 4.0  # a group that sells nothing now will sell again
_SEEN = 4  # periods, before a forecast is judged
_ANY_ORDER = {"reassoc", "nsz"}  # sums of squares may be added up several at a time


@njit(cache=True, nogil=True, parallel=True)
def next_means(values, observed, start, ahead, first):  # type: ignore[no-untyped-def]
    """Return the mean of the next periods after each one, and where it may be judged."""
    series, periods = values.shape
    target, judged = np.zeros((series, periods)), np.zeros((series, periods), dtype=np.bool_)
    for one in prange(series):
        _targets(values[one], observed[one], start[one], ahead, first, target[one], judged[one])
    return target, judged


@njit(cache=True, nogil=True)
def _targets(values, observed, start, ahead, first, target, judged):  # type: ignore[no-untyped-def]
    """Fill the mean of the next periods of a series after each one, and where it may be judged; return at how many."""
    seen = number = 0
    for period in range(values.size):
        if period >= start and observed[period]:
            seen += 1
        target[period], judged[period] = 0.0, False
        if period + 1 < first or seen < _SEEN or period + ahead >= values.size:
            continue
        total, count = 0.0, 0
        for step in range(period + 1, period + ahead + 1):
            if observed[step]:
                total += values[step]
                count += 1
        if 2 * count > ahead:
            target[period], judged[period] = total / count, True
            number += 1
    return number


@njit(cache=True, nogil=True)
def _smooth(values, observed, start, gains, levels):  # type: ignore[no-untyped-def]
    """Fill the levels (constant, period) after each period; constants run inside, their steps do not wait."""
    now = np.zeros(len(levels))
    seen = 0
    for period in range(values.size):
        if period >= start and observed[period]:
            value = values[period]
            for one in range(now.size):
                level = now[one] + gains[seen, one] * (value - now[one])
                now[one] = level
                levels[one, period] = level
            seen += 1
        else:
            for one in range(now.size):
                levels[one, period] = now[one]


@njit(cache=True, nogil=True)
def _room(members, periods, gains, own, passed):  # type: ignore[no-untyped-def]
    """Return room for the levels of all members of a group, or of one of them where they are many or stand alone."""
    if passed == 0.0:
        return np.zeros((1, own, periods))
    alone = members.size * periods * gains.shape[1] > _HELD
    return np.zeros((1 if alone else members.size, gains.shape[1], periods))


@njit(cache=True, nogil=True, error_model="numpy")
def _moves(values, observed, start, members, gains, own, passed, held):  # type: ignore[no-untyped-def]
    """Return by pair of constants and period how a group's fast level stands to its slow one; keep what is held."""
    others, periods = gains.shape[1] - own, values.shape[1]
    moves = np.ones((own * others, periods))
    if passed == 0.0:
        return moves
    whole = np.zeros((gains.shape[1], periods))
    for place in range(members.size):
        one, level = members[place], held[place % len(held)]
        _smooth(values[one], observed[one], start[one], gains, level)
        for row in range(len(whole)):
            for period in range(periods):
                whole[row, period] += level[row, period]
    for i in range(own):
        for j in range(others):
            _ratios(whole[own + j], whole[i], passed, moves[i * others + j])
    return moves


@njit(cache=True, nogil=True, error_model="numpy")
def _ratios(quick, slow, passed, moves):  # type: ignore[no-untyped-def]
    """Fill how fast levels stand to slow ones, as far as it is passed on; a root is much faster than other powers."""
    if passed == _HALF:
        for period in range(moves.size):
            moved = min(max(quick[period] / slow[period], _LEAST_MOVE), _MOST_MOVE)
            moves[period] = sqrt(moved) if slow[period] > 0.0 else 1.0
    else:
        for period in range(moves.size):
            moved = min(max(quick[period] / slow[period], _LEAST_MOVE), _MOST_MOVE)
            moves[period] = moved**passed if slow[period] > 0.0 else 1.0


@njit(cache=True, nogil=True, fastmath=_ANY_ORDER)
def _squares(level, moves, target, judged):  # type: ignore[no-untyped-def]
    """Return the sum of squared errors of levels that are moved."""
    total = 0.0
    for period in range(level.size):
        off = level[period] * moves[period] - target[period]
        total += off * off * judged[period]
    return total


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def squared_errors(  # type: ignore[no-untyped-def]
    values, observed, start, order, begin, gains, own, passed, ahead, first, errors, origins, squares
):
    """Fill squared errors (series, pair), the number of origins that were judged, and the sum of squares of targets."""
    others, periods = gains.shape[1] - own, values.shape[1]
    for group in prange(begin.size - 1):
        members = order[begin[group] : begin[group + 1]]
        held = _room(members, periods, gains, own, passed)
        moves = _moves(values, observed, start, members, gains, own, passed, held)
        target, judged = np.zeros(periods), np.zeros(periods, dtype=np.bool_)
        weight, still = np.zeros(periods), np.zeros(periods)
        for place in range(members.size):
            one, level = members[place], held[place % len(held)]
            origins[one] = _targets(values[one], observed[one], start[one], ahead, first, target, judged)
            if origins[one] == 0:
                continue
            if len(held) == 1:
                _smooth(values[one], observed[one], start[one], gains, level)
            for period in range(periods):
                weight[period] = 1.0 if judged[period] else 0.0
            squares[one] = _squares(target, weight, still, weight)
            for i in range(own):
                for j in range(others):
                    pair = i * others + j
                    errors[one, pair] = _squares(level[i], moves[pair], target, weight)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def weighted_levels(  # type: ignore[no-untyped-def]
    values, observed, start, order, begin, gains, own, passed, weights, levels
):
    """Fill the levels (series, period), the mean over all pairs of constants."""
    others, periods = gains.shape[1] - own, values.shape[1]
    for group in prange(begin.size - 1):
        members = order[begin[group] : begin[group + 1]]
        held = _room(members, periods, gains, own, passed)
        moves = _moves(values, observed, start, members, gains, own, passed, held)
        part, total = np.zeros(periods), np.zeros(periods)
        for place in range(members.size):
            one, level = members[place], held[place % len(held)]
            if len(held) == 1:
                _smooth(values[one], observed[one], start[one], gains, level)
            total[:] = 0.0
            for i in range(own):
                part[:] = 0.0
                for j in range(others):
                    _add_times(moves[i * others + j], weights[one, i * others + j], part)
                for period in range(periods):
                    total[period] += part[period] * level[i, period]
            levels[one] = total


@njit(cache=True, nogil=True)
def _add_times(values, weight, whole):  # type: ignore[no-untyped-def]
    for period in range(values.size):
        whole[period] += weight * values[period]


@njit(cache=True, nogil=True)
def relative_sums(errors, origins, classes, count):  # type: ignore[no-untyped-def]
    """Return by class the sums of errors relative to their mean over the pairs, and of how many series they tell."""
    sums, number = np.zeros((count, errors.shape[1])), np.zeros(count)
    for one in range(len(errors)):
        mean = errors[one].sum() / errors.shape[1]
        if origins[one] > 0 and mean > 0.0:
            number[classes[one]] += 1.0
            for pair in range(errors.shape[1]):
                sums[classes[one], pair] += errors[one, pair] / mean
    return sums, number


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def inverse_powers(errors, origins, classes, usual, power, lent):  # type: ignore[no-untyped-def]
    """Return weights by the inverse power of relative errors that lean on the usual ones; rows sum to 1."""
    weights = np.zeros(errors.shape)
    for one in prange(len(errors)):
        mean, row = errors[one].sum() / errors.shape[1], weights[one]
        known = float(origins[one]) if mean > 0.0 else 0.0
        least = np.inf
        for pair in range(row.size):
            relative = errors[one, pair] / mean if mean > 0.0 else 1.0
            row[pair] = (known * relative + lent * usual[classes[one], pair]) / (known + lent)
            least = min(least, row[pair])
        total = 0.0
        for pair in range(row.size):
            share = least / max(row[pair], _TINY)
            row[pair] = share * share * share if power == _CUBE else share**power  # a product is much faster
            total += row[pair]
        for pair in range(row.size):
            row[pair] /= total
    return weights
