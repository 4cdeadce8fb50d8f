"""Compiled steps of `level_shifts`, for one series at a time."""

from math import exp, lgamma, log

import numpy as np
from numba import njit, prange

CHANCE = 0.01  # of a change, a period and length
_SHAPE = 0.5  # of the gamma of levels after a change, around that before
_LEAST_BEFORE = 8  # periods known before a change
_WARM = 4  # periods, before levels are held against what came
_NEAR = 4.0  # squares of the usual deviation, below which nothing changed
_HINT = 10.0  # squares of it that one length must show, before all are weighed
_FAR = 16.0  # squares of it, as which an error counts at most
_LENT = 2.0  # sums of so many lengths, as which it counts that they scatter as single periods do
_CLUMPED = 2.0  # zeros as which it counts that zeros come alone
_RARELY = log(4.0)  # one change in so many is to nothing at all
_MISSED = 2.0  # sales expected, before silence is a sign
_SURE = 50.0  # log odds, beyond which it makes no difference
_SMALL = 1e-200  # chances of which the log is taken before they vanish
_TURN = 64  # series that share their room, one after the other
_LOG_SHAPE = _SHAPE * log(_SHAPE) - lgamma(_SHAPE)


@njit(cache=True, nogil=True, error_model="numpy")
def _told(came, expected):  # type: ignore[no-untyped-def]
    """Return the log likelihood of counts under a gamma level around the one expected, but for what all share."""
    return lgamma(_SHAPE + came) + _LOG_SHAPE - (_SHAPE + came) * log(_SHAPE + expected)


@njit(cache=True, nogil=True, error_model="numpy")
def log_odds(before, after, periods, length):  # type: ignore[no-untyped-def]
    """Return the log of how much likelier counts before and after are with a change than without.

    The dispersion by which they are counted is only estimated, by as many periods as came before: Student's tail.
    """
    both, free = before + after, periods - length
    usual = both / periods
    told = _told(before, usual * free) + _told(after, usual * length) - _told(both, both)
    return told if told <= 0.0 else 0.5 * free * log(1.0 + 2.0 * told / free)


@njit(cache=True, nogil=True, error_model="numpy")
def log_silence(zeros, again, periods, length):  # type: ignore[no-untyped-def]
    """Return minus the log of the chance that nothing is sold for so long, as zeros came alone or together before.

    Zeros follow each other with a chance of their own (Markov), which counts as that of any zero to begin with.
    """
    rare = (zeros + 0.5) / (periods + 1.0)
    told, chance = 0.0, rare
    for more in range(length - 1):
        chance *= (again + _CLUMPED * rare + more) / (zeros + _CLUMPED + more)
        if chance < _SMALL:
            told, chance = told + log(chance), 1.0
    return -told - log(chance)


@njit(cache=True, nogil=True, error_model="numpy")
def _back_to(of, length, sums):  # type: ignore[no-untyped-def]
    """Go on back over the observed periods of a series until so many are told; return what to go on from.

    ``sums``: the next period back, how many are told, their sum, the largest of them and the next one.
    """
    period, told, total, first, second = sums
    while told < length:
        if of[1][period]:
            value = of[0][period]
            total, told = total + value, told + 1
            if value > first:
                first, second = value, first
            elif value > second:
                second = value
        period -= 1
    return period, told, total, first, second


@njit(cache=True, nogil=True, error_model="numpy")
def _lasts(upto, seen, length, sold, old, scale):  # type: ignore[no-untyped-def]
    """Return whether the latest of some periods did not turn back to what was sold before."""
    wider = scale * max(sold / old, 1.0) if old > 0.0 else scale
    for latest in (3, length // 2):
        expected = sold / length * latest
        off = upto[seen] - upto[seen - latest] - expected
        if off * (sold - old) < 0.0 and off * off > _NEAR * wider * max(expected, wider) * (1.0 - latest / length):
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _watch(upto, said, seen, lengths, unit, errors, known):  # type: ignore[no-untyped-def]
    """Add how far forecasts of the sums that end now were off, and what they said; far ones count only so far."""
    for place in range(lengths.size):
        length = lengths[place]
        total, base = errors[seen - 1, place], known[seen - 1, place]
        if seen - length >= _WARM:
            expected = length * said[seen - length]
            off = upto[seen] - upto[seen - length] - expected
            off *= off
            most = _FAR * max(total, unit * base) * expected
            if base > 0.0 and off * base > most:
                off = most / base
            total, base = total + off, base + expected
        errors[seen, place], known[seen, place] = total, base


@njit(cache=True, nogil=True, error_model="numpy")
def _hints(upto, mean, zeros, seen, lengths, usual, unit, errors, known):  # type: ignore[no-untyped-def]
    """Return whether any length looks as if the level had changed, by the scatter of single periods."""
    for place in range(1, lengths.size):
        length = lengths[place]
        before = seen - length
        if before < _LEAST_BEFORE:
            return False
        sold, old = upto[seen] - upto[before], mean[before] * length
        off, apart = sold - length * usual, sold - old
        base, scatter = known[before, 0], max(errors[before, 0], unit * known[before, 0])
        # all of it is found out in any case: that costs less than a branch that is guessed wrongly
        silent = (sold == 0.0) & ((before - zeros[before]) * length > _MISSED * before)
        apart_too = (off * apart > 0.0) & (apart * apart * base > _HINT * scatter * old)
        if silent | (apart_too & (off * off * base > _NEAR * scatter * length * usual)):
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def _scale(errors, known, before, place, length, unit):  # type: ignore[no-untyped-def]
    """Return the dispersion of sums of so many periods: squared errors over what was said, of single ones at least."""
    scale = unit
    if known[before, 0] > 0.0:
        scale = max(scale, errors[before, 0] / known[before, 0])
    if known[before, place] > 0.0:
        share = before / (before + _LENT * length)
        scale += share * max(errors[before, place] / known[before, place] - scale, 0.0)
    return scale


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(one, period, upto, zeros, again, seen, lengths, usual, unit, errors, known):  # type: ignore[no-untyped-def]
    """Return the odds of all changes, of those by which the level is off, by how much it is, and its doubt.

    ``one`` is the demand of a series and which of it is known.
    """
    weights = likely = move = rest = 0.0
    back = (period, 0, 0.0, 0.0, 0.0)
    for place in range(1, lengths.size):
        length = lengths[place]
        before = seen - length
        if before < _LEAST_BEFORE:
            break
        sold, old = upto[seen] - upto[before], upto[before] / before * length
        scale = _scale(errors, known, before, place, length, unit)
        silence = 0.0
        if sold > old:
            back = _back_to(one, length, back)
            sold = back[2] - back[3] + back[4]  # the largest counts as the next one: a peak is no level
        elif sold == 0.0:
            silence = max(log_silence(zeros[before], again[before], before, length) - _RARELY, 0.0)
        if silence == 0.0 and (sold - old) ** 2 <= _NEAR * scale * old:
            continue
        told = max(log_odds(upto[before] / scale, sold / scale, seen, length), silence)
        odds = CHANCE * exp(min(told, _SURE))
        weights += odds
        off = sold - length * usual
        if off * (sold - old) <= 0.0 or not _lasts(upto, seen, length, sold, old, scale):
            continue
        odds *= max(1.0 - min(_NEAR * scale * length * usual / (off * off), exp(-silence)), 0.0)
        likely += odds
        move += odds * ((_SHAPE + sold / scale) / (_SHAPE / usual + length / scale) - usual)
        rest += odds / (_SHAPE + sold / scale)
    return weights, likely, move, rest


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def find_shifts(values, observed, start, rows, lengths, unit, made, chance, doubt):  # type: ignore[no-untyped-def]
    """Fill levels, chances and doubts of `level_shifts` of some series; ``lengths`` begin with 1, only for scatter."""
    periods = values.shape[1]
    for part in prange(-(-rows.size // _TURN)):
        upto, mean, said = np.zeros(periods + 1), np.zeros(periods + 1), np.zeros(periods + 1)
        zeros, again = np.zeros(periods + 1), np.zeros(periods + 1)
        errors, known = np.zeros((periods + 1, lengths.size)), np.zeros((periods + 1, lengths.size))
        for one in rows[part * _TURN : (part + 1) * _TURN]:
            seen, unit_of = 0, unit[one]
            for period in range(start[one], periods):
                if not observed[one, period] or period == start[one]:  # a series begins because something was sold
                    if period > start[one] and chance[one, period - 1] > 0.0:
                        made[one, period], chance[one, period] = made[one, period - 1], chance[one, period - 1]
                        doubt[one, period] = doubt[one, period - 1]
                    said[seen] = made[one, period]
                    continue
                seen += 1
                upto[seen] = upto[seen - 1] + values[one, period]
                mean[seen] = upto[seen] / seen
                none = values[one, period] <= 0.0
                zeros[seen] = zeros[seen - 1] + none
                again[seen] = again[seen - 1] + (none and seen > 1 and upto[seen - 1] == upto[seen - 2])
                usual = said[seen] = made[one, period]
                _watch(upto, said, seen, lengths, unit_of, errors, known)
                if usual <= 0.0 or not _hints(upto, mean, zeros, seen, lengths, usual, unit_of, errors, known):
                    continue
                of = (values[one], observed[one])
                weights, likely, move, rest = _weigh(
                    of, period, upto, zeros, again, seen, lengths, usual, unit_of, errors, known
                )
                if likely > 0.0:
                    chance[one, period], doubt[one, period] = likely / (1.0 + weights), rest / (1.0 + weights)
                    said[seen] = made[one, period] = usual + move / (1.0 + weights)
