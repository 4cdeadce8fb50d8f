"""Compiled loops behind order promising: lines in order of arrival against what is left of supply, quota by quota.

A bit per bucket and column tells what is not empty, so that empty ones are passed over 64 at a time, and a released
quota can fill a bucket again. All in one module, as numba's cache looks at the module of the caller only.
"""

from typing import Any

import numpy as np
from numba import njit

from segkit.formulas.promising_arrays import CAPABLE, FAR, LIKE, LIMITED, PROTECTED, SEVERAL, TOO_SMALL, UNPROFITABLE

# Arrays are only read and filled here, never made, so no references need counting. Counting them (atomically, at every
# element of an array in a tuple) took three quarters of the time. Numba refuses to compile what would make an array.
_compiled: Any = njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]
_inlined: Any = njit(cache=True, nogil=True, _nrt=False, inline="always")  # type: ignore[call-overload]

_ALL, _ONE, _ZERO = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1), np.uint64(0)
_MAGIC, _TOP, _LOW = np.uint64(0x03F79D71B4CB0A89), np.uint64(58), np.uint64(63)
_BIT_OF = np.zeros(64, dtype=np.int64)
for _bit in range(64):
    _BIT_OF[((1 << _bit) * int(_MAGIC) & 0xFFFFFFFFFFFFFFFF) >> 58] = _bit
_SHIFTS = np.array([1, 2, 4, 8, 16, 32], dtype=np.uint64)


@_inlined
def _row(values, i):
    return values[min(i, values.shape[0] - 1)]


@_inlined
def _lowest(word):
    """Return the number of the lowest bit that is set."""
    return _BIT_OF[((word & (~word + _ONE)) * _MAGIC) >> _TOP]


@_inlined
def _highest(word):
    for shift in _SHIFTS:
        word |= word >> shift
    return _BIT_OF[((word ^ (word >> _ONE)) * _MAGIC) >> _TOP]


@_inlined
def _next(words, base, columns, at, last):
    """Return the first bucket of a place from ``at`` to ``last`` that holds something in one of the columns, or -1."""
    word, mask = at >> 6, _ALL << (np.uint64(at) & _LOW)
    while word << 6 <= last:
        found = _ZERO
        for column in columns:
            if column < 0:
                break
            found |= words[base + word, column]
        found &= mask
        if found != _ZERO:
            bucket = (word << 6) + _lowest(found)
            return bucket if bucket <= last else -1
        word, mask = word + 1, _ALL
    return -1


@_inlined
def _previous(words, base, column, at):
    """Return the last bucket of a place up to ``at`` that holds something in the column, or -1."""
    if at < 0:
        return -1
    word, mask = at >> 6, _ALL >> (_LOW - (np.uint64(at) & _LOW))
    while word >= 0:
        found = words[base + word, column] & mask
        if found != _ZERO:
            return (word << 6) + _highest(found)
        word, mask = word - 1, _ALL
    return -1


@_inlined
def _by_day(day, begin, end, until):
    """Return the first bucket of a place that comes after a day."""
    while begin < end:
        middle = (begin + end) >> 1
        if day[middle] <= until:
            begin = middle + 1
        else:
            end = middle
    return begin


@_compiled
def _add_reach(reach, begin, place, at, amount):
    base, size, node = begin[place], begin[place + 1] - begin[place], at + 1
    while node <= size:
        reach[base + node - 1] += amount
        node += node & -node


@_compiled
def _reachable(reach, base, at):
    """Return what is left of a place up to a bucket."""
    total, node = 0.0, at + 1
    while node > 0:
        total += reach[base + node - 1]
        node -= node & -node
    return total


@_inlined
def _put(buckets, place, at, column, amount):
    """Add to a bucket (take away where below zero), and keep its bit and the sums right."""
    bucket, bit = buckets.begin[place] + at, _ONE << (np.uint64(at) & _LOW)
    before = buckets.left[bucket, column]
    after = before + amount
    word = buckets.first_word[place] + (at >> 6)
    if after <= LIKE * before:
        after = 0.0
        buckets.words[word, column] &= ~bit
    else:
        buckets.words[word, column] |= bit
    buckets.left[bucket, column] = after
    if buckets.reach.size:
        _add_reach(buckets.reach, buckets.begin, place, at, after - before)


@_inlined
def _allowed(buckets, rules, place, at, column, asked, wanted):
    """Return how much a line may take from a bucket and column, and what held it back."""
    rank, own, margin, ready = asked
    bucket = buckets.begin[place] + at
    got, why = min(wanted, buckets.left[bucket, column]), 0
    if rules.caps.size and rules.caps[bucket, own] < got:
        got, why = rules.caps[bucket, own], LIMITED
    if rules.levels.size:
        spare = _reachable(buckets.reach, buckets.begin[place], at) - _row(rules.levels, place)[rank]
        if spare < got:
            got, why = max(0.0, spare), why | PROTECTED
    if rules.bids.size and margin < rules.bids[bucket, min(rank, rules.bids.shape[1] - 1)]:
        got, why = 0.0, why | UNPROFITABLE
    if rules.made.size and bucket >= rules.made[place]:
        if buckets.day[bucket] < ready:
            got = 0.0
        elif rules.made_bids.size and margin < rules.made_bids[place]:
            got, why = 0.0, why | UNPROFITABLE
    return got, why


@_inlined
def _take(trace, count, line, buckets, rules, place, at, column, own, amount, day):
    """Write one row of the trace, and take what it says."""
    bucket = buckets.begin[place] + at
    trace.line[count], trace.bucket[count], trace.column[count] = line, bucket, column
    trace.quantity[count], trace.day[count] = amount, day
    _put(buckets, place, at, column, -amount)
    if rules.caps.size:
        left = rules.caps[bucket, own] - amount
        rules.caps[bucket, own] = left if left > LIKE * amount else 0.0


@_compiled
def _give_back(trace, start, count, buckets, rules, place, own):
    """Undo the rows of the trace from ``start`` on."""
    for row in range(count - 1, start - 1, -1):
        bucket = trace.bucket[row]
        if bucket >= 0:
            _put(buckets, place, bucket - buckets.begin[place], trace.column[row], trace.quantity[row])
            if rules.caps.size:
                rules.caps[bucket, own] += trace.quantity[row]


@_compiled
def _seal(trace, start, count, day):
    for row in range(start, count):
        trace.day[row] = day


@_inlined
def _in_time(there, line, wanted, columns, asked, buckets, rules, trace, count):
    """Take what is there in time, column after column; return the rows of the trace, what is left to find, and why."""
    place, due, until = there
    base, left, why = buckets.first_word[place], wanted, 0
    for s in range(columns.size):
        if columns[s] < 0 or left <= 0.0:
            break
        at = until if rules.latest_first else 0
        while left > 0.0:
            if rules.latest_first:
                at = _previous(buckets.words, base, columns[s], at)
            else:
                at = _next(buckets.words, base, columns[s : s + 1], at, until)
            if at < 0:
                break
            got, held = _allowed(buckets, rules, place, at, columns[s], asked, left)
            why |= held
            if got > 0.0:
                _take(trace, count, line, buckets, rules, place, at, columns[s], asked[1], got, due)
                count += 1
                left = left - got if left - got > LIKE * wanted else 0.0
            at += -1 if rules.latest_first else 1
    return count, left, why


@_inlined
def _promise_at(place, away, line, wanted, lines, buckets, rules, trace, start):
    """Promise a line at one place; return the rows of the trace then, what is promised, what was in time, and why.

    In time, what only this class may take goes first, the pool last; late, what comes first goes first. Units are held
    until there are enough of them for a delivery; what never becomes one is given back.
    """
    rank, begin, end = lines.rank[line], buckets.begin[place], buckets.begin[place + 1]
    columns = _row(rules.sources, place)[rank]
    arrival, late, minimum = lines.arrival[line], _row(lines.lateness, line), _row(lines.minimum, line)
    due, deadline = max(lines.requested[line], arrival), lines.requested[line] + late if late >= 0 else FAR
    if due > deadline:
        return start, 0.0, 0.0, 0, -1
    ready = FAR
    if rules.lead.size and rules.lead[place] >= 0:
        ready = max(arrival, rules.fence[place]) + rules.lead[place]
    asked = (rank, columns[0], _row(lines.margin, line), ready)
    at = _by_day(buckets.day, begin, end, due - away) - begin
    last = (_by_day(buckets.day, begin, end, deadline - away) if deadline < FAR else end) - begin - 1
    until = at - 1
    count, left, why = _in_time((place, due, until), line, wanted, columns, asked, buckets, rules, trace, start)
    timely = in_hand = wanted - left
    sealed = start
    if left <= 0.0 or in_hand >= minimum:
        sealed, in_hand = count, 0.0
    else:
        why |= TOO_SMALL if in_hand > 0.0 else 0
    open_ended = ready < FAR and (rules.made.size == 0 or rules.made[place] == end)
    if open_ended and rules.made_bids.size and asked[2] < rules.made_bids[place]:
        open_ended, why = False, why | UNPROFITABLE
    while left > 0.0:
        at = _next(buckets.words, buckets.first_word[place], columns, at, last)
        day = buckets.day[begin + at] + away if at >= 0 else FAR
        if open_ended and max(due, ready + away) <= min(day, deadline):
            day = max(due, ready + away)
            trace.line[count], trace.bucket[count], trace.column[count] = line, CAPABLE, CAPABLE
            trace.quantity[count], count = left, count + 1
            timely += left if day <= due else 0.0
            left, at = 0.0, -1
        elif at < 0:
            break
        for column in columns:
            if column < 0 or left <= 0.0:
                break
            if buckets.left[begin + at, column] > 0.0:
                got, held = _allowed(buckets, rules, place, at, column, asked, left)
                why |= held & UNPROFITABLE
                if got > 0.0:
                    _take(trace, count, line, buckets, rules, place, at, column, asked[1], got, day)
                    count += 1
                    in_hand += got
                    left = left - got if left - got > LIKE * wanted else 0.0
        if left <= 0.0 or in_hand >= max(minimum, LIKE * wanted):
            _seal(trace, sealed, count, day)
            sealed, in_hand = count, 0.0
        at += 1
    _give_back(trace, sealed, count, buckets, rules, place, asked[1])
    got = 0.0
    for row in range(start, sealed):
        got += trace.quantity[row]
    return sealed, got, timely, why, until


@_inlined
def _reserved(place, last, line, lines, buckets, rules):
    """Return what was there in time for others only, the quota that held most of it, and until when."""
    columns = _row(rules.sources, place)[lines.rank[line]]
    begin, base = buckets.begin[place], buckets.first_word[place]
    total, most, column_of_most, until, several = 0.0, 0.0, -1, -1, 0
    for column in range(buckets.left.shape[1]):
        own = False
        for mine in columns:
            own = own or mine == column
        if own:
            continue
        held, soonest, at = 0.0, np.inf, _previous(buckets.words, base, column, last)
        while at >= 0:
            held += buckets.left[begin + at, column]
            if rules.release.size:
                soonest = min(soonest, rules.release[begin + at, column])
            at = _previous(buckets.words, base, column, at - 1)
        several = SEVERAL if held > 0.0 and total > 0.0 else several
        total += held
        if held > most:
            most, column_of_most, until = held, column, int(soonest) if soonest < np.inf else -1
    return total, column_of_most, until, several


@_inlined
def _release(releases, done, day, buckets):
    """Let quotas of the days up to ``day`` flow into the pool; return how many are done."""
    pool = buckets.left.shape[1] - 1
    while done < releases.day.size and releases.day[done] <= day:
        place, bucket, column = releases.place[done], releases.bucket[done], releases.column[done]
        amount, at = buckets.left[bucket, column], bucket - buckets.begin[place]
        if amount > 0.0 and column != pool:
            _put(buckets, place, at, column, -amount)
            _put(buckets, place, at, pool, amount)
        done += 1
    return done


@_compiled
def _cost(trace, start, count, requested, unit_cost, late_cost):
    """Return what the rows of the trace from ``start`` on cost."""
    total = 0.0
    for row in range(start, count):
        total += trace.quantity[row] * (unit_cost + late_cost * max(0, trace.day[row] - requested))
    return total


@_inlined
def _promise_line(line, lines, buckets, rules, elsewhere, late_cost, trace, start):
    """Promise a line where all of it can be had at least cost; else a part at every place, cheapest first.

    Where others can serve it, every place is first tried and given back. There is one call of `_promise_at`, as its
    code is laid in here: called as a function, handing over the arrays took a third of the time.
    """
    wanted, asked_at, own = lines.quantity[line], lines.place[line], lines.rank[line]
    first = elsewhere.begin[asked_at] if elsewhere.begin.size else 0
    options = elsewhere.begin[asked_at + 1] - first if elsewhere.begin.size else 0
    best, least, timely, why, last = -2, np.inf, 0.0, 0, -1
    count, promised = start, 0.0
    for turn in range(2 * options + 2 if options else 1):
        trial = options > 0 and turn <= options
        option = turn - 1 if turn <= options else turn - options - 2
        if options > 0 and not trial and ((best >= -1 and option != best) or promised >= wanted * (1.0 - LIKE)):
            continue
        place = asked_at if option < 0 else elsewhere.place[first + option]
        away, unit_cost = (0, 0.0) if option < 0 else (elsewhere.days[first + option], elsewhere.cost[first + option])
        left, begin = (wanted, start) if trial else (wanted - promised, count)
        end, got, found, held, until = _promise_at(place, away, line, left, lines, buckets, rules, trace, begin)
        if turn == 0:
            timely, why, last = found, held, until
        if trial:
            spent = _cost(trace, start, end, lines.requested[line], unit_cost, late_cost)
            if got >= wanted * (1.0 - LIKE) and (best < -1 or spent < least - LIKE * abs(least)):
                best, least = option, spent
            _give_back(trace, start, end, buckets, rules, place, _row(rules.sources, place)[own][0])
        else:
            count, promised = end, promised + got
    return count, promised, timely, why, last


@_compiled
def most_rows(place, buckets, elsewhere):
    """Return how many rows of the trace one line can need at most."""
    rows = buckets.begin[place + 1] - buckets.begin[place]
    if elsewhere.begin.size:
        for option in range(elsewhere.begin[place], elsewhere.begin[place + 1]):
            other = elsewhere.place[option]
            rows += buckets.begin[other + 1] - buckets.begin[other]
    return (rows + 1) * (buckets.left.shape[1] + 1)


@_compiled
def promise_lines(at, lines, buckets, rules, releases, elsewhere, late_cost, trace, told):
    """Promise the lines from ``at`` (line, rows of the trace, releases done) on; return where it is then.

    It stops before a line that could need more rows than the trace has.
    """
    line, count, done = at
    while line < lines.place.size:
        place, wanted, start = lines.place[line], lines.quantity[line], count
        if count + most_rows(place, buckets, elsewhere) > trace.line.size:
            break
        done = _release(releases, done, lines.arrival[line], buckets)
        found = _promise_line(line, lines, buckets, rules, elsewhere, late_cost, trace, start)
        count, got, timely, why, last = found
        told.promised[line], told.on_time[line] = got, timely
        for row in range(start, count):
            told.last_day[line] = max(told.last_day[line], trace.day[row])
        if timely < wanted * (1.0 - LIKE):
            held, column, until, several = _reserved(place, last, line, lines, buckets, rules)
            told.reserved[line], told.reserved_column[line], told.reserved_until[line] = held, column, until
            told.why[line] = why | several
        line += 1
    return line, count, done
