"""Reservations over time on drawn demands, compiled: what a class sells of its own, and which unit goes to whom."""

import numpy as np
from numba import njit

_NOTHING = 1e-6  # of the best value of a place: a piece expected to earn less is for all


@njit(cache=True, nogil=True)
def drawn_counts(mean, variance, points, found):  # type: ignore[no-untyped-def]
    """Fill quantiles of negative binomial counts (Poisson without more variance than mean) at rising points."""
    for row in range(len(mean)):
        wide = variance[row] > mean[row] * (1.0 + 1e-9)
        odds = (variance[row] - mean[row]) / variance[row] if wide else 0.0
        size = mean[row] * (1.0 - odds) / odds if wide else 0.0
        chance = (1.0 - odds) ** size if wide else np.exp(-mean[row])
        below, count = chance, 0
        for n in range(len(points)):
            while below < points[n] and chance > 1e-300:
                chance *= odds * (size + count) / (count + 1.0) if wide else mean[row] / (count + 1.0)
                below += chance
                count += 1
            found[row, n] = count


@njit(cache=True, nogil=True)
def _earned_of_one_stock(quota, first, claims):  # type: ignore[no-untyped-def]
    """Return the same where nothing expires or waits: what has arrived is one stock."""
    period, value, drawn, ranks = claims
    arrived = np.zeros(len(period))
    for b in range(len(quota)):
        for t in range(len(period)):
            if first[b] <= period[t]:
                arrived[t] += quota[b]
                break
    total, draws = 0.0, ranks.shape[1]
    for n in range(draws):
        left = 0.0
        for t in range(len(period)):
            left += arrived[t]
            taken = min(drawn[t, ranks[t, n]], left)
            left -= taken
            total += taken * value[t]
    return total / draws


@njit(cache=True, nogil=True)
def _earned(quota, first, last, soonest, claims, late):  # type: ignore[no-untyped-def]
    """Return the expected margin of what one class sells of its own quotas, as they are taken period by period."""
    period, value, drawn, ranks = claims
    cost, most = late
    if most == 0 and last.min() >= period[-1]:
        return _earned_of_one_stock(quota, first, claims)
    left, total, draws = np.empty(len(quota)), 0.0, ranks.shape[1]
    for n in range(draws):
        left[:] = quota
        for t in range(len(period)):
            asked = drawn[t, ranks[t, n]]
            for b in soonest:
                if asked > 0 and first[b] <= period[t] <= last[b]:
                    taken = min(asked, left[b])
                    left[b] -= taken
                    asked -= taken
                    total += taken * value[t]
            for b in range(len(quota)):
                waits = first[b] - period[t]
                if asked > 0 and 0 < waits <= most and value[t] > cost * waits:
                    taken = min(asked, left[b])
                    left[b] -= taken
                    asked -= taken
                    total += taken * (value[t] - cost * waits)
    return total / draws


@njit(cache=True, nogil=True)
def _price_moves(k, quota, step, known, base, gain, loss):  # type: ignore[no-untyped-def]
    """Set what class k earns with a step more of each bucket, and loses with one less."""
    first, last, soonest, claims, late = known
    begin, period, value, drawn, ranks = claims
    own = slice(begin[k], begin[k + 1])
    mine = (period[own], value[own], drawn[own], ranks)
    base[k] = _earned(quota[k], first, last, soonest, mine, late)
    for b in range(len(first)):
        held = quota[k, b]
        quota[k, b] = held + step[b]
        gain[k, b] = _earned(quota[k], first, last, soonest, mine, late) - base[k]
        loss[k, b] = np.inf
        if held >= step[b] * (1.0 - 1e-9) and step[b] > 0:
            quota[k, b] = max(held - step[b], 0.0)
            loss[k, b] = base[k] - _earned(quota[k], first, last, soonest, mine, late)
        quota[k, b] = held


@njit(cache=True, nogil=True)
def _climb(quota, free, step, known, least, told):  # type: ignore[no-untyped-def]
    """Move steps to where they earn most until none earns more; ``told`` = base, gain and loss, kept up to date."""
    base, gain, loss = told
    classes, buckets = quota.shape
    while True:
        best, to, out, at = least, -1, -1, -1
        for b in range(buckets):
            enough = free[b] >= step[b] * (1.0 - 1e-9)
            for k in range(classes):
                if enough and gain[k, b] > best:
                    best, to, out, at = gain[k, b], k, -1, b
                for j in range(classes):
                    if j != k and gain[k, b] - loss[j, b] > best:
                        best, to, out, at = gain[k, b] - loss[j, b], k, j, b
        if to < 0:
            break
        quota[to, at] += step[at]
        if out >= 0:
            quota[out, at] = max(quota[out, at] - step[at], 0.0)
            _price_moves(out, quota, step, known, base, gain, loss)
        else:
            free[at] = max(free[at] - step[at], 0.0)
        _price_moves(to, quota, step, known, base, gain, loss)


@njit(cache=True, nogil=True)
def _price_shifts(quota, step, known, base, shift):  # type: ignore[no-untyped-def]
    """Set what each class earns more with a step of bucket b in place of one of bucket c."""
    first, last, soonest, claims, late = known
    begin, period, value, drawn, ranks = claims
    classes, buckets = quota.shape
    shift[:] = -np.inf
    for k in range(classes):
        own = slice(begin[k], begin[k + 1])
        mine = (period[own], value[own], drawn[own], ranks)
        changed = quota[k].copy()
        for b in range(buckets):
            for c in range(buckets):
                if b != c and quota[k, c] >= step[c] * (1.0 - 1e-9):
                    changed[b], changed[c] = quota[k, b] + step[b], max(quota[k, c] - step[c], 0.0)
                    shift[k, b, c] = _earned(changed, first, last, soonest, mine, late) - base[k]
                    changed[b], changed[c] = quota[k, b], quota[k, c]


@njit(cache=True, nogil=True)
def _best_shift(free, step, told, shift, least):  # type: ignore[no-untyped-def]
    """Return the class that shifts, its two buckets, who gives the step and who takes the other (-1 = the pool)."""
    _, gain, loss = told
    classes, buckets = gain.shape
    best, found = least, (-1, -1, -1, -1, -1)
    for k in range(classes):
        for b in range(buckets):
            for c in range(buckets):
                if not shift[k, b, c] > -np.inf:
                    continue
                for j in range(-1, classes):
                    if j == k or (j < 0 and free[b] < step[b] * (1.0 - 1e-9)):
                        continue
                    for m in range(-1, classes):
                        if m == k:
                            continue
                        if j == m:
                            more = shift[j, c, b] if j >= 0 else 0.0
                        else:
                            more = (gain[m, c] if m >= 0 else 0.0) - (loss[j, b] if j >= 0 else 0.0)
                        if shift[k, b, c] + more > best:
                            best, found = shift[k, b, c] + more, (k, b, c, j, m)
    return found


@njit(cache=True, nogil=True)
def _exchange(quota, free, step, known, least, told):  # type: ignore[no-untyped-def]
    """Let classes change buckets with each other where that earns more, and climb again, until nothing does."""
    base, gain, loss = told
    classes, buckets = quota.shape
    shift = np.empty((classes, buckets, buckets))
    while buckets > 1:
        _price_shifts(quota, step, known, base, shift)
        k, b, c, j, m = _best_shift(free, step, told, shift, least)
        if k < 0:
            break
        for who, bucket, sign in ((k, b, 1.0), (k, c, -1.0), (j, b, -1.0), (m, c, 1.0)):
            if who >= 0:
                quota[who, bucket] = max(quota[who, bucket] + sign * step[bucket], 0.0)
            else:
                free[bucket] = max(free[bucket] + sign * step[bucket], 0.0)
        for who in range(classes):
            if who == k or who == j or who == m:
                _price_moves(who, quota, step, known, base, gain, loss)
        _climb(quota, free, step, known, least, told)


@njit(cache=True, nogil=True)
def _set_free(quota, free, step, known, least, told):  # type: ignore[no-untyped-def]
    """Give back steps that earn next to nothing: they are for all."""
    base, gain, loss = told
    for k in range(quota.shape[0]):
        for b in range(quota.shape[1]):
            while loss[k, b] <= least:
                quota[k, b] = max(quota[k, b] - step[b], 0.0)
                free[b] += step[b]
                _price_moves(k, quota, step, known, base, gain, loss)


@njit(cache=True, nogil=True)
def reserve_place(stock, steps, known, quota):  # type: ignore[no-untyped-def]
    """Fill the quotas (classes, buckets) of a place, 0 before; return what one piece more of each bucket earns.

    ``steps`` (levels, buckets): by how much quotas are moved, widest first; the last is one piece.
    """
    least = _NOTHING * known[3][2].max()
    free, price = stock.copy(), np.zeros(len(stock))
    base, gain, loss = np.zeros(len(quota)), np.zeros(quota.shape), np.zeros(quota.shape)
    told = (base, gain, loss)
    for level in range(len(steps)):
        step, little = steps[level], least * steps[level].max()
        for k in range(len(quota)):
            _price_moves(k, quota, step, known, base, gain, loss)
        _climb(quota, free, step, known, little, told)
        if level == len(steps) - 1:
            _exchange(quota, free, step, known, little, told)
        _set_free(quota, free, step, known, little, told)
    piece, little, now = steps[-1], least * steps[-1].max(), base.sum()
    for b in range(len(stock)):
        more = free.copy()
        more[b] += piece[b]
        copied = (base.copy(), gain.copy(), loss.copy())
        _climb(quota.copy(), more, piece, known, little, copied)
        price[b] = max(copied[0].sum() - now, 0.0) / piece[b]
    return price
