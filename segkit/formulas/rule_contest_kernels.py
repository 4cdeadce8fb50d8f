"""Compiled loops behind the contest of rules. Loaded where first needed."""

import numpy as np
from numba import njit

FIRST_COME, QUOTAS, NESTED, LEVELS, BID_PRICES, MARGIN_QUOTAS = range(6)
_LIKE = 1e-9


@njit(cache=True, nogil=True)
def replay_places(begin, lines, receipts, terms, rule, control, worth_of_class, held, claims, money, outcome):
    """Fill in of every line the bucket and units of what it is served (up to ``outcome``'s columns), on time and late.

    ``lines`` = (bucket, arrival, requested, quantity, rank, worth, priority), ``receipts`` = (supply, bucket_day),
    ``terms`` = (most days late, 1 where units are whole), ``control`` (places, buckets, classes): what is kept, or
    expected demand; ``claims`` = (class, width, value) by place, bucket and claim, the dearest first; ``outcome`` =
    (on time, late, late units times days) by line, and (margin, worth less lateness) of what is served by bucket and
    class, for the money ``money`` = (margin, cost of a day late) of a unit of a line.
    """
    classes = control.shape[2]
    for place in range(begin.size - 1):
        part = slice(begin[place], begin[place + 1])
        mine = (lines[0][part], lines[1][part], lines[2][part], lines[3][part], lines[4][part])
        keys = (lines[5][part], lines[6][part])
        values = (lines[5][part], money[0][part], money[1][part])
        done = (outcome[0][part], outcome[1][part], outcome[2][part], outcome[3], outcome[4])
        quota, taken = np.zeros(classes + 1), np.zeros(classes)
        asked = (claims[0][place], claims[1][place], claims[2][place])
        given = (control[place], worth_of_class[place], held[place], quota, taken, asked)
        _follow(mine, keys, receipts[0][place], receipts[1], terms, rule, given, values, done)


@njit(cache=True, nogil=True)
def _follow(lines, keys, supply, bucket_day, terms, rule, given, values, done):
    """Replay one place: at a receipt what waits comes first, then lines as they arrive."""
    bucket, arrival, requested, quantity, rank = lines
    worth, priority = keys
    control, worths, held, quota, taken, claims = given
    by_quota = rule in (QUOTAS, MARGIN_QUOTAS)
    rest = quantity.copy()
    waiting = np.empty(bucket.size, dtype=np.int64)
    count, line, on_hand = 0, 0, 0.0
    for now in range(supply.size):
        on_hand += supply[now]
        count = _still_waiting(waiting, count, rest, requested, bucket_day[now] - terms[0])
        order = np.argsort(priority[waiting[:count]], kind="mergesort")
        if rule == QUOTAS:
            _split(quota, on_hand, control[now], waiting[:count], rank, rest)
        elif rule == MARGIN_QUOTAS:
            _split_by_value(quota, on_hand, claims, now, worths[now], waiting[:count], rank, rest)
        taken[:] = 0.0
        for turn in order:
            one = waiting[turn]
            room = min(
                _room(rule, on_hand, control[now], worths[now], quota, taken, rank[one], worth[one], 1.0, terms[1]),
                _whole(on_hand - held[now, rank[one]], terms[1]),
            )
            units = min(room, rest[one])
            if units <= 0.0:
                continue
            rest[one] -= units
            on_hand -= units
            if by_quota:
                _use_quota(quota, rank[one], units)
            _book(done, values, now, one, rank[one], units, max(bucket_day[now] - requested[one], 0.0))
        length = bucket_day[now + 1] - bucket_day[now]
        while line < bucket.size and bucket[line] <= now:
            left = max(bucket_day[now + 1] - arrival[line], 0.0) / length
            room = _room(
                rule, on_hand, control[now], worths[now], quota, taken, rank[line], worth[line], left, terms[1]
            )
            units = min(room, rest[line])
            if units > 0.0:
                rest[line] -= units
                on_hand -= units
                taken[rank[line]] += units
                _book(done, values, now, line, rank[line], units, 0.0)
                if by_quota:
                    _use_quota(quota, rank[line], units)
            if rest[line] > 0.0:
                waiting[count] = line
                count += 1
            line += 1


@njit(cache=True, nogil=True)
def _book(done, values, now, line, rank, units, days):
    """Book units served in a bucket so many days late."""
    if days > 0.0:
        done[1][line] += units
        done[2][line] += units * days
    else:
        done[0][line] += units
    done[3][now, rank] += units * values[1][line]
    done[4][now, rank] += units * (values[0][line] - days * values[2][line])


@njit(cache=True, nogil=True)
def _still_waiting(waiting, count, rest, requested, earliest):
    """Keep of the waiting lines those that are not too late yet, in order of arrival; return how many."""
    kept = 0
    for turn in range(count):
        one = waiting[turn]
        if rest[one] > _LIKE and requested[one] >= earliest:
            waiting[kept] = one
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _split(quota, on_hand, expected, waiting, rank, rest):
    """Split what is there: each class in turn what waits and what is expected of it; what is over goes to the pool."""
    classes = expected.size
    quota[:classes] = expected
    for one in waiting:
        quota[rank[one]] += rest[one]
    over = on_hand
    for turn in range(classes):
        quota[turn] = min(quota[turn], over)
        over -= quota[turn]
    quota[classes] = over


@njit(cache=True, nogil=True)
def _split_by_value(quota, on_hand, claims, now, worths, waiting, rank, rest):
    """Split what is there where it is expected to earn most: what waits asks for sure, claims by their chance."""
    cls, width, value = claims
    owed = np.zeros(worths.size)
    for one in waiting:
        owed[rank[one]] += rest[one]
    quota[:] = 0.0
    over, step = on_hand, 0
    while over > 0.0:
        best, most = -1, 0.0
        for turn in range(worths.size):
            if owed[turn] > 0.0 and worths[turn] > most:
                best, most = turn, worths[turn]
        if step < value.shape[1] and value[now, step] > most:
            best, wanted = cls[now, step], width[now, step]
            step += 1
        elif best >= 0:
            wanted, owed[best] = owed[best], 0.0
        else:
            break
        units = min(wanted, over)
        quota[best] += units
        over -= units
    quota[worths.size] = over


@njit(cache=True, nogil=True)
def _use_quota(quota, rank, units):
    own = min(units, quota[rank])
    quota[rank] -= own
    quota[-1] -= units - own


@njit(cache=True, nogil=True)
def _room(rule, on_hand, control, worths, quota, taken, rank, worth, left, whole):
    """Return how many units a line may take now."""
    if rule == FIRST_COME:
        room = on_hand
    elif rule in (QUOTAS, MARGIN_QUOTAS):
        room = quota[rank] + quota[-1]
    elif rule == NESTED:
        room, better = on_hand, 0.0  # what is kept from a class is kept from those below it, too
        for turn in range(rank + 1):
            room = min(room, on_hand - max(control[turn] - better, 0.0))
            better += taken[turn]
    elif rule == LEVELS:
        room = on_hand - control[rank]
    elif worth < 0.0:
        room = 0.0  # a bid price is never below 0
    else:
        room = on_hand
        for other in range(control.size):
            if other != rank and worths[other] > worth:
                room -= control[other] * left
    return _whole(room, whole)


@njit(cache=True, nogil=True)
def _whole(room, whole):
    room = max(room, 0.0)
    return np.floor(room + _LIKE) if whole > 0.0 else room
