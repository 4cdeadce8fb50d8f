"""Compiled loops behind the backorder run.

All compiled code that calls other compiled code is in one module, as numba's cache looks at the module of the caller
only. Buckets of a place stand in date order. First is decided how much each line gets by which of them, by what is
there and due up to every bucket, so that nothing is missed which could be confirmed in this order of lines; then from
which bucket. Loaded where first needed.
"""

import numpy as np
from numba import njit

WIN, GAIN, IMPROVE, REDISTRIBUTE, FILL, LOSE, SKIP = range(7)
EQUAL, BETTER, WORSE, LOST, MIXED = range(5)
_LIKE = 1e-9  # less than this share of the quantity ordered is rounding


@njit(cache=True, nogil=True)
def count_until(days, place, day, bucket_begin):
    """Return per line how many buckets of its place are available by a day."""
    made = np.empty(days.size, dtype=np.int64)
    for line in range(days.size):
        first, last = bucket_begin[place[line]], bucket_begin[place[line] + 1]
        made[line] = np.searchsorted(day[first:last], days[line], side="right")
    return made


@njit(cache=True, nogil=True)
def run_places(line_begin, bucket_begin, supply, lines, held):
    """Return what every line gets, and how that differs from before; lines of a place stand in the order of the run.

    ``lines``: on (buckets up to the requested day), end (buckets up to the latest day), quantity, complete, strategy,
    fallback, least delivery. ``held``: begin by line, bucket within the place, quantity; buckets of a line rise.
    """
    count = line_begin[-1]
    treated, broken = lines[4].copy(), np.zeros(count, dtype=np.bool_)
    change = np.zeros(count, dtype=np.int8)
    figures = np.zeros((count, 6))  # on time, in all, last bucket: before, after
    begin = np.zeros(count + 1, dtype=np.int64)
    bucket, amount = np.empty(2 * count + 64, dtype=np.int64), np.empty(2 * count + 64)
    diff_begin, gone, found = np.zeros(line_begin.size, dtype=np.int64), -supply, 0
    diffs, diff = np.empty((2, count + 64), dtype=np.int64), np.empty(count + 64)
    for p in range(line_begin.size - 1):
        first, last = line_begin[p], line_begin[p + 1]
        there = supply[bucket_begin[p] : bucket_begin[p + 1]]
        seats = _decide(first, last, there, lines, held, treated, broken)
        wants, kept = _settle(first, last, there, lines, held, seats)
        row, old = np.zeros(there.size), np.zeros(there.size)
        for line in range(first, last):
            _fill_row(line, first, wants, kept, seats, lines, row)
            old[:] = 0.0
            for h in range(held[0][line], held[0][line + 1]):
                old[held[1][h]] += held[2][h]
                gone[bucket_begin[p] + held[1][h]] += held[2][h]
            change[line] = _compare(row, old, lines[0][line], lines[2][line], figures[line])
            at = begin[line]
            while at + there.size > bucket.size:
                bucket, amount = np.concatenate((bucket, bucket)), np.concatenate((amount, amount))
            while found + there.size > diff.size:
                diffs = np.concatenate((diffs, diffs), axis=1)
                diff = np.concatenate((diff, diff))
            slack = _LIKE * lines[2][line]
            for b in range(there.size):
                if row[b] > 0.0:
                    bucket[at], amount[at] = bucket_begin[p] + b, row[b]
                    at += 1
                if abs(row[b] - old[b]) > slack:
                    diffs[0, found], diffs[1, found], diff[found] = line, b, row[b] - old[b]
                    found += 1
            begin[line + 1] = at
        diff_begin[p + 1] = found
    size = begin[-1]
    changes = (diff_begin, diffs[0, :found], diffs[1, :found], diff[:found], gone)
    return begin, bucket[:size], amount[:size], treated, broken, change, figures, changes


@njit(cache=True, nogil=True)
def _decide(first, last, supply, lines, held, treated, broken):
    """Return how much every line gets by when: begin, end, bucket, quantity; what is on time stands at its last bucket.

    Skip keeps its own supply; what Gain and Improve hold is set aside for them; then each line takes in its turn.
    ``slack`` is supply up to a bucket less what is due by it: a line may take what no bucket from its own on misses.
    """
    on, quantity, complete, strategy, fallback = lines[0], lines[2], lines[3], lines[4], lines[5]
    own, slack, free = supply.copy(), np.cumsum(supply), np.empty(supply.size)
    begin, stop = np.zeros(last - first, dtype=np.int64), np.zeros(last - first, dtype=np.int64)
    bucket, amount = np.empty(4 * (last - first) + 64, dtype=np.int64), np.empty(4 * (last - first) + 64)
    count = 0
    for turn in range(3):
        for line in range(first, last):
            i, what = line - first, strategy[line]
            room = count + supply.size + held[0][line + 1] - held[0][line] + 1
            while room > bucket.size:
                bucket, amount = np.concatenate((bucket, bucket)), np.concatenate((amount, amount))
            due = (bucket, amount)
            wanted, dust = quantity[line], _LIKE * quantity[line]
            if turn == 0 and what == SKIP:
                begin[i] = count
                missing, count = _keep_own(line, held, own, slack, due, count)
                stop[i] = count
                broken[line] = missing > dust
            elif turn == 1 and _is_kept(what, fallback[line]):
                begin[i] = count
                missing, count = _set_aside(line, on[line], wanted, held, slack, due, count)
                stop[i] = count
                if missing > dust and what == GAIN:
                    broken[line], treated[line] = True, fallback[line]
                if missing > dust and (complete[line] or treated[line] not in (WIN, IMPROVE)):
                    _release(begin[i], count, slack, due)
                    stop[i] = begin[i]
                elif missing > dust:
                    stop[i] = _delivered(line, lines, begin[i], count, due)
                    _release(stop[i], count, slack, due)
            elif turn == 2 and what != SKIP:
                aside, until = _release(begin[i], stop[i], slack, due)
                _look_ahead(slack, free)
                if what == WIN and (on[line] == 0 or free[on[line] - 1] < wanted - dust):
                    broken[line], treated[line] = True, fallback[line]
                begin[i] = count
                if treated[line] == FILL:
                    count = _take_less(line, lines, held, own, free, slack, due, count)
                elif treated[line] != LOSE:
                    end = max(lines[1][line], until)
                    if complete[line] and (end == 0 or free[end - 1] < wanted - dust):
                        wanted = aside
                    count = _take(on[line], end, wanted, dust, own, free, slack, due, count)
                    last = _delivered(line, lines, begin[i], count, due)
                    if last < count:
                        less = due[1][begin[i] : last].sum() < aside - dust
                        count = _drop(begin[i] if less else last, count, on[line], own, slack, due)
                        if less:  # it holds more than such deliveries would give, and is never worse off
                            count = _take(on[line], end, aside, dust, own, free, slack, due, count)
                stop[i] = count
    return begin, stop, bucket, amount


@njit(cache=True, nogil=True)
def _is_kept(strategy, fallback):
    return strategy == GAIN or strategy == IMPROVE or (strategy == WIN and fallback == IMPROVE)


@njit(cache=True, nogil=True)
def _look_ahead(slack, free):
    """Fill in what can be taken by each bucket."""
    least = np.inf
    for b in range(slack.size - 1, -1, -1):
        least = min(least, slack[b])
        free[b] = max(least, 0.0)


@njit(cache=True, nogil=True)
def _release(low, high, slack, due):
    """Give back what a line is due; returns how much that is, and the number of buckets up to the last of it."""
    total, until = 0.0, 0
    for s in range(low, high):
        b, part = due[0][s], due[1][s]
        slack[b:] += part
        total += part
        until = max(until, b + 1)
    return total, until


@njit(cache=True, nogil=True)
def _write(b, part, slack, due, count):
    slack[b:] -= part
    due[0][count], due[1][count] = b, part
    return count + 1


@njit(cache=True, nogil=True)
def _keep_own(line, held, own, slack, due, count):
    """Give a line the very buckets that it holds, as far as they are there; returns what is missing too."""
    missing = 0.0
    for h in range(held[0][line], held[0][line + 1]):
        b = held[1][h]
        part = min(held[2][h], own[b])
        missing += held[2][h] - part
        if part > 0.0:
            own[b] -= part
            count = _write(b, part, slack, due, count)
    return missing, count


@njit(cache=True, nogil=True)
def _set_aside(line, on, wanted, held, slack, due, count):
    """Set supply aside so that a line gets no less by any day than it holds, up to what it ordered."""
    missing, on_time = 0.0, 0.0
    h, high = held[0][line], held[0][line + 1]
    while h < high and held[1][h] < on:
        on_time += held[2][h]
        h += 1
    b, part = on - 1, min(on_time, wanted)
    while True:
        if part > 0.0:
            got = max(0.0, min(part, slack[b:].min()))
            missing += part - got
            wanted -= part
            if got > 0.0:
                count = _write(b, got, slack, due, count)
        if h == high:
            break
        b, part = held[1][h], min(held[2][h], wanted)
        h += 1
    return missing, count


@njit(cache=True, nogil=True)
def _take(on, end, wanted, dust, own, free, slack, due, count):
    """Give a line as much as can be on time, then bucket by bucket as early as can be."""
    taken = 0.0
    for b in range(max(on - 1, 0), end):
        if wanted - taken <= dust:
            break
        part = min(wanted - taken, free[b] - taken)
        if part > dust:
            count = _write(b, part, slack, due, count)
            taken += part
            if b >= on:
                own[b] -= part
    return count


@njit(cache=True, nogil=True)
def _take_less(line, lines, held, own, free, slack, due, count):
    """Give a line of what it holds as much as can be, by no day more; a complete line all of it or nothing."""
    on, wanted, dust = lines[0][line], lines[2][line], _LIKE * lines[2][line]
    h, high, start = held[0][line], held[0][line + 1], count
    if h == high:
        return count
    allowed, total, taken = 0.0, 0.0, 0.0
    for b in range(max(on - 1, 0), max(lines[1][line], held[1][high - 1] + 1)):
        while h < high and held[1][h] <= b:
            more = min(held[2][h], wanted - total)
            allowed += more
            total += more
            h += 1
        part = min(allowed, free[b] - taken)
        if b >= on:
            part = min(part, own[b])
        if part > dust:
            count = _write(b, part, slack, due, count)
            taken += part
            allowed -= part
            if b >= on:
                own[b] -= part
    if taken < total - dust:
        last = start if lines[3][line] else _delivered(line, lines, start, count, due)
        return _drop(last, count, on, own, slack, due)
    return count


@njit(cache=True, nogil=True)
def _delivered(line, lines, start, count, due):
    """Return up to where what a line is due makes up deliveries of the least size, or completes the line."""
    wanted, least = lines[2][line], lines[6][line]
    total, in_hand, last = 0.0, 0.0, start
    for s in range(start, count):
        total += due[1][s]
        in_hand += due[1][s]
        if in_hand >= least - _LIKE * wanted or total >= wanted - _LIKE * wanted:
            in_hand, last = 0.0, s + 1
    return last


@njit(cache=True, nogil=True)
def _drop(start, count, on, own, slack, due):
    """Give back what a line is due from ``start`` on; return the new end."""
    for s in range(start, count):
        if due[0][s] >= on:
            own[due[0][s]] += due[1][s]
    _release(start, count, slack, due)
    return start


@njit(cache=True, nogil=True)
def _settle(first, last, supply, lines, held, seats):
    """Return what each line still wants on time, and what it keeps of its own (begin, bucket, quantity).

    By when a line gets how much is decided; from which bucket does not matter to it where several are in time. So it
    stays where it is, as far as the others can still be served: up to the slack of every day.
    """
    on, quantity, strategy = lines[0], lines[2], lines[4]
    left = supply.copy()
    wants = np.zeros(last - first)
    due = np.zeros(supply.size)
    for line in range(first, last):
        i = line - first
        for s in range(seats[0][i], seats[1][i]):
            if strategy[line] == SKIP or seats[2][s] >= on[line]:
                left[seats[2][s]] -= seats[3][s]
            else:
                wants[i] += seats[3][s]
        if wants[i] > 0.0:
            due[on[line] - 1] += wants[i]
    slack = np.cumsum(left) - np.cumsum(due)
    begin = np.zeros(last - first + 1, dtype=np.int64)
    size = held[0][last] - held[0][first]
    bucket, amount, count = np.empty(size, dtype=np.int64), np.empty(size), 0
    for line in range(first, last):
        i = line - first
        begin[i] = count
        if wants[i] > 0.0:
            for h in range(held[0][line], held[0][line + 1]):
                b = held[1][h]
                if b >= on[line]:
                    break
                stays = min(held[2][h], wants[i], left[b])
                for t in range(b, on[line] - 1):
                    stays = min(stays, slack[t])
                if stays > _LIKE * quantity[line]:
                    left[b] -= stays
                    slack[b : on[line] - 1] -= stays
                    wants[i] -= stays
                    bucket[count], amount[count] = b, stays
                    count += 1
    begin[last - first] = count
    return wants, (begin, bucket, amount, left)


@njit(cache=True, nogil=True)
def _fill_row(line, first, wants, kept, seats, lines, row):
    """Write what a line gets from every bucket of its place."""
    i, on, slack = line - first, lines[0][line], _LIKE * lines[2][line]
    row[:] = 0.0
    for s in range(seats[0][i], seats[1][i]):
        if lines[4][line] == SKIP or seats[2][s] >= on:
            row[seats[2][s]] += seats[3][s]
    for k in range(kept[0][i], kept[0][i + 1]):
        row[kept[1][k]] += kept[2][k]
    left, missing = kept[3], wants[i]
    for b in range(on - 1, -1, -1):
        if missing <= slack:
            break
        taken = min(missing, left[b])
        if taken > slack:
            left[b] -= taken
            row[b] += taken
            missing -= taken


@njit(cache=True, nogil=True)
def _compare(row, old, on, wanted, figures):
    """Return how a line fares by the days it gets its goods, and fill in its figures."""
    slack = _LIKE * wanted
    got, had, low, high = 0.0, 0.0, 0.0, 0.0
    figures[2], figures[5] = -1.0, -1.0
    for b in range(row.size):
        got += row[b]
        had += old[b]
        if old[b] > 0.0:
            figures[2] = b
        if row[b] > 0.0:
            figures[5] = b
        if b + 1 <= on:
            figures[0], figures[3] = had, got
        if b + 1 >= on:
            step = got - min(had, wanted)
            low, high = min(low, step), max(high, step)
    figures[1], figures[4] = had, got
    if had > slack and got <= slack:
        return LOST
    if low < -slack:
        return MIXED if high > slack else WORSE
    return BETTER if high > slack else EQUAL
