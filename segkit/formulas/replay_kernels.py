"""Compiled loops behind the replays: item-locations period by period, items line by line.

All compiled code that calls other compiled code is in this one module: numba's cache looks at the module of the caller
only. Loaded where first needed. An array that holds for all series, or for all periods, has one row, or one column.
"""

import numpy as np
from numba import njit, prange

_LIKE = 1e-9  # less than this share of a quantity is rounding
# columns of the sums of a series
SUMS = (
    *("demand", "served", "short", "periods", "periods_without_shortage", "cycles", "cycles_without_shortage"),
    *("end_stock_periods", "on_hand_periods", "backorder_periods", "orders", "units_ordered", "received", "opening"),
)
# columns of a path
PATH = ("received", "demand", "served", "short", "end_stock", "backordered", "ordered")
RECEIVED, DEMAND, SERVED, SHORT, END_STOCK, BACKORDERED, ORDERED = range(len(PATH))
# columns of the sums of a period
PERIOD_SUMS = ("series", "demand", "served", "short", "backordered", "end_stock", "holding_cost", "shortage_cost")
# columns of the sums of an item's class, and of an item, replayed by line
CLASS_SUMS = (
    *("demand", "served", "lines", "lines_complete", "served_later", "lost", "waiting_unit_days", "backordered"),
)
ITEM_SUMS = ("stock_unit_days", "orders", "units_ordered", "received", "end_stock", "end_pipeline")


@njit(cache=True, nogil=True)
def _ordered(position, reorder, upto, lot, least, pack):
    """Return what is ordered at a review: nothing above the reorder point."""
    if position > reorder + _LIKE * abs(reorder):
        return 0.0
    if lot > 0.0:
        wanted = (np.floor(max(0.0, reorder - position) / lot + _LIKE) + 1.0) * lot
    else:
        wanted = upto - position
        if wanted <= _LIKE * (abs(upto) + abs(position)):
            return 0.0
    wanted = max(wanted, least)
    return np.ceil(wanted / pack - _LIKE) * pack if pack > 0.0 else wanted


# ------------------------------------------------------------------ by period
@njit(cache=True, nogil=True, parallel=True)
def replay_sums(given, first, on_hand, backordered, pipeline, sums):
    """Fill in the sums of every series; stock, backorders and pipeline become those after the last period."""
    nothing = np.empty((0, len(PATH)))
    for i in prange(sums.shape[0]):
        _walk(np.int64(i), given, first, on_hand, backordered, pipeline, sums[i], nothing)


@njit(cache=True, nogil=True, parallel=True)
def replay_paths(given, on_hand, backordered, pipeline, paths):
    """Fill in what happens in every period, shape (series, periods, len(PATH))."""
    for i in prange(paths.shape[0]):
        _walk(np.int64(i), given, 0, on_hand, backordered, pipeline, np.empty(len(SUMS)), paths[i])


@njit(cache=True, nogil=True, parallel=True)
def replay_period_sums(given, on_hand, backordered, pipeline, group, prices, parts):
    """Add up periods over the series of a group, shape (parts, groups, periods, len(PERIOD_SUMS)).

    Series are dealt out to parts, the same whatever the threads, so that sums are the same to the last bit.
    """
    count, periods = parts.shape[0], parts.shape[2]
    series = on_hand.size
    demand, counted = given[0], given[1]
    for place in prange(count):
        part = np.int64(place)
        path, sums = np.empty((periods, len(PATH))), np.empty(len(SUMS))
        for i in range(part * series // count, (part + 1) * series // count):
            _walk(i, given, 0, on_hand, backordered, pipeline, sums, path)
            into = parts[part, group[i]]
            weight, holding, shortage = prices[i, 0], prices[i, 1], prices[i, 2]
            for t in range(periods):
                if _known(demand, counted, i, t):
                    into[t, 0] += 1.0
                    into[t, 1] += weight * path[t, DEMAND]
                    into[t, 2] += weight * path[t, SERVED]
                    into[t, 3] += weight * path[t, SHORT]
                    into[t, 4] += weight * path[t, BACKORDERED]
                    into[t, 5] += weight * path[t, END_STOCK]
                    into[t, 6] += holding * path[t, END_STOCK]
                    into[t, 7] += shortage * path[t, SHORT]


@njit(cache=True, nogil=True, inline="always")
def _known(demand, counted, i, t):
    value = demand[i, t]
    return counted[min(i, counted.shape[0] - 1), min(t, counted.shape[1] - 1)] and value == value


@njit(cache=True, nogil=True, inline="always")
def _row(values, i):
    return values[min(i, values.shape[0] - 1)]


@njit(cache=True, nogil=True)
def _walk(i, given, first, on_hand, backordered, pipeline, sums, path):
    """Replay one series: arrivals, demand, stock measured, review and order."""
    demand, counted, reorders, uptos, lots, leasts, packs, reviews, phases, leads, waits = given
    reorder, upto, lead = _row(reorders, i), _row(uptos, i), _row(leads, i)
    lot, least, pack, waiting = _row(lots, i)[0], _row(leasts, i)[0], _row(packs, i)[0], _row(waits, i)[0]
    review, ring, width = _row(reviews, i)[0], pipeline[i], pipeline.shape[1]
    stock, owed, on_order = on_hand[i], backordered[i], ring.sum()
    until_review, slot = _row(phases, i)[0], 0
    asked = served_sum = short_sum = end_sum = mean_sum = owed_sum = units = arrived = opening = 0.0
    known_count = good_count = cycles = good_cycles = orders = 0
    in_cycle, cycle_known, cycle_short = False, False, False
    for t in range(demand.shape[1]):
        judged = t >= first
        if t == first:
            opening = stock - owed
        received = ring[slot]
        if received > 0.0:
            ring[slot] = 0.0
            on_order -= received
            if in_cycle and cycle_known:
                cycles += 1
                good_cycles += not cycle_short
            in_cycle, cycle_known, cycle_short = judged, False, False
            filled = min(owed, received)
            owed -= filled
            stock += received - filled
        begun = stock
        known = _known(demand, counted, i, t)
        want = float(demand[i, t]) if known else 0.0
        served = min(stock, want)
        short = want - served
        stock -= served
        owed += waiting * short
        ordered = 0.0
        if until_review == 0:
            position = stock + on_order - owed
            ordered = _ordered(position, reorder[min(t, reorder.size - 1)], upto[min(t, upto.size - 1)], lot, least, pack)
            until_review = review
        until_review -= 1
        if ordered > 0.0:
            place = slot + 1 + lead[min(t, lead.size - 1)]
            ring[place - width if place >= width else place] += ordered
            on_order += ordered
        slot = slot + 1 if slot + 1 < width else 0
        if judged:
            arrived += received
            units += ordered
            orders += ordered > 0.0
            if known:
                lacking = short > 0.0 or owed > 0.0
                asked += want
                served_sum += served
                short_sum += short
                end_sum += stock
                mean_sum += 0.5 * (begun + stock)
                owed_sum += owed
                known_count += 1
                good_count += not lacking
                cycle_known = True
                cycle_short = cycle_short or lacking
        if path.shape[0]:
            path[t, RECEIVED], path[t, DEMAND], path[t, SERVED], path[t, SHORT] = received, want, served, short
            path[t, END_STOCK], path[t, BACKORDERED], path[t, ORDERED] = stock, owed, ordered
    if first >= demand.shape[1]:
        opening = stock - owed
    on_hand[i], backordered[i] = stock, owed
    ring[:] = np.concatenate((ring[slot:], ring[:slot]))
    sums[0], sums[1], sums[2], sums[3], sums[4] = asked, served_sum, short_sum, known_count, good_count
    sums[5], sums[6], sums[7], sums[8], sums[9] = cycles, good_cycles, end_sum, mean_sum, owed_sum
    sums[10], sums[11], sums[12], sums[13] = orders, units, arrived, opening


# ------------------------------------------------------------------ by line
@njit(cache=True, nogil=True, parallel=True)
def replay_line_sums(begin, time, rank, quantity, on_hand, levels, given, window, by_class, by_item):
    """Fill in the sums of every item by class (items, classes, len(CLASS_SUMS)) and over all (items, len(ITEM_SUMS))."""
    for i in prange(begin.size - 1):
        part = slice(begin[i], begin[i + 1])
        lines = (time[part], rank[part], quantity[part])
        rules, leads, waiting = _rules_of(np.int64(i), given)
        _follow(lines, on_hand[i], levels[i], rules, leads, waiting, window, by_class[i], by_item[i])


@njit(cache=True, nogil=True)
def _rules_of(i, given):
    reorders, uptos, lots, leasts, packs, reviews, phases, leads, waiting = given
    rules = np.empty(7)
    rules[0], rules[1], rules[2], rules[3] = _row(reorders, i)[0], _row(uptos, i)[0], _row(lots, i)[0], _row(leasts, i)[0]
    rules[4], rules[5], rules[6] = _row(packs, i)[0], _row(reviews, i)[0], _row(phases, i)[0]
    return rules, _row(leads, i), waiting


@njit(cache=True, nogil=True)
def _follow(lines, on_hand, levels, rules, leads, waiting, window, by_class, totals):
    """Replay one item: at equal times deliveries come first, then reviews, then lines."""
    time, rank, quantity = lines
    reorder, upto, lot, least, pack, review = rules[0], rules[1], rules[2], rules[3], rules[4], rules[5]
    first, last = window
    due, coming = np.empty(time.size + 2), np.empty(time.size + 2)
    head, tail, placed = 0, 0, 0
    backlog = np.zeros(levels.size)
    stock, on_order, now = on_hand, 0.0, 0.0
    next_review = rules[6] if review > 0.0 else 0.0
    line = 0
    while True:
        ended = line == time.size or time[line] > last
        until = last if ended else time[line]
        arrival = due[head] if head < tail else np.inf
        event = min(arrival, next_review)
        moment = min(event, until)
        weight = max(0.0, moment - max(now, first))
        totals[0] += weight * stock
        for k in range(levels.size):
            by_class[k, 6] += weight * backlog[k]
        now = moment
        judged = now >= first
        reviewed = False
        if event > until:
            if ended:
                break
            k, wanted = rank[line], quantity[line]
            served = min(wanted, max(0.0, stock - levels[k]))
            stock -= served
            held = waiting[k] * (wanted - served)
            backlog[k] += held
            if judged:
                by_class[k, 0] += wanted
                by_class[k, 1] += served
                by_class[k, 2] += 1.0
                by_class[k, 3] += served == wanted
                by_class[k, 5] += wanted - served - held
            line += 1
            reviewed = review == 0.0
        elif arrival <= next_review:
            stock += coming[head]
            on_order -= coming[head]
            totals[3] += coming[head] * judged
            head += 1
            for k in range(levels.size):
                filled = min(backlog[k], max(0.0, stock - levels[k]))
                backlog[k] -= filled
                stock -= filled
                by_class[k, 4] += filled * judged
        else:
            reviewed = True
            next_review = next_review + review if review > 0.0 else np.inf
        if reviewed:
            ordered = _ordered(stock + on_order - backlog.sum(), reorder, upto, lot, least, pack)
            if ordered > 0.0:
                if tail == due.size:
                    due, coming = np.concatenate((due, due)), np.concatenate((coming, coming))
                _queue(due, coming, head, tail, now + leads[placed % leads.size], ordered)
                tail += 1
                placed += 1
                on_order += ordered
                totals[1] += judged
                totals[2] += ordered * judged
    totals[4], totals[5] = stock, on_order
    by_class[:, 7] = backlog


@njit(cache=True, nogil=True)
def _queue(due, coming, head, tail, arrives, ordered):
    """Put a delivery in its place among those that are due; orders may cross."""
    place = tail
    while place > head and due[place - 1] > arrives:
        due[place], coming[place] = due[place - 1], coming[place - 1]
        place -= 1
    due[place], coming[place] = arrives, ordered


# ------------------------------------------------------------------ sizes by line
@njit(cache=True, nogil=True, parallel=True)
def size_items(runs, begin, time, rank, quantity, given, window, targets, units, most, sized, levels, fills, stock):
    """Fill in the smallest order-up-to of every item and levels with which every class gets its target.

    ``runs`` tells where the runs of each item begin, ``begin`` where the lines of each run do; ``most`` caps levels.
    """
    for i in prange(runs.size - 1):
        rules, leads, waiting = _rules_of(np.int64(i), given)
        item = (runs[i], runs[i + 1], begin, time, rank, quantity, rules, given[7], waiting, window)
        goal, unit, cap, own = targets[i], units[i], most[i], levels[i]
        total = quantity[begin[runs[i]] : begin[runs[i + 1]]].sum()
        low, high = 0, 1
        met = _greatest_levels(item, high * unit, unit, goal, cap, own)
        while not met and high * unit < total + unit:
            low, high = high, 2 * high
            met = _greatest_levels(item, high * unit, unit, goal, cap, own)
        if _greatest_levels(item, 0.0, unit, goal, cap, own):
            low, high = -1, 0
        while met and high - low > 1:
            middle = (low + high) // 2
            if _greatest_levels(item, middle * unit, unit, goal, cap, own):
                high = middle
            else:
                low = middle
        met = _greatest_levels(item, high * unit, unit, goal, cap, own)
        sized[i] = high * unit if met else np.nan
        if met:
            _lower(item, high * unit, unit, goal, own)
        stock[i] = _fill(item, high * unit, own, fills[i])


@njit(cache=True, nogil=True)
def _fill(item, upto, levels, fills):
    """Fill in the fill rate by class over the runs of an item; return its mean stock."""
    first_run, last_run, begin, time, rank, quantity, rules, leads, waiting, window = item
    by_class, totals = np.zeros((levels.size, len(CLASS_SUMS))), np.zeros(len(ITEM_SUMS))
    own = rules.copy()
    own[0], own[1] = upto - max(rules[1] - rules[0], rules[2]), upto
    for run in range(first_run, last_run):
        part = slice(begin[run], begin[run + 1])
        lines = (time[part], rank[part], quantity[part])
        _follow(lines, upto, levels, own, _row(leads, run), waiting, window, by_class, totals)
    for k in range(levels.size):
        fills[k] = by_class[k, 1] / by_class[k, 0] if by_class[k, 0] > 0.0 else 1.0
    return totals[0] / ((window[1] - window[0]) * (last_run - first_run))


@njit(cache=True, nogil=True)
def _greatest_levels(item, upto, unit, goal, cap, levels):
    """Fill in the greatest levels that leave every class but the best its target; tell whether that gets it too.

    A level raised takes from its own class only, so that the greatest levels are those best for all other classes.
    """
    fills = np.empty(levels.size)
    levels[0] = 0.0
    levels[1:] = min(np.floor(upto / unit) * unit, cap)
    changed = True
    while changed:
        changed = False
        for k in range(levels.size - 1, 0, -1):
            before = levels[k]
            if k + 1 < levels.size:
                levels[k] = min(before, levels[k + 1])
            _fill(item, upto, levels, fills)
            if fills[k] < goal[k]:
                low, high = -1, int(np.rint(levels[k] / unit))
                while high - low > 1:
                    middle = (low + high) // 2
                    levels[k] = middle * unit
                    _fill(item, upto, levels, fills)
                    if fills[k] >= goal[k]:
                        low = middle
                    else:
                        high = middle
                if low < 0:
                    return False
                levels[k] = low * unit
            changed = changed or levels[k] != before
    _fill(item, upto, levels, fills)
    return bool((fills >= goal).all())


@njit(cache=True, nogil=True)
def _lower(item, upto, unit, goal, levels):
    """Lower levels as far as every class keeps its target."""
    fills = np.empty(levels.size)
    for k in range(1, levels.size):
        low, high = int(np.rint(levels[k - 1] / unit)) - 1, int(np.rint(levels[k] / unit))
        while high - low > 1:
            middle = (low + high) // 2
            levels[k] = middle * unit
            _fill(item, upto, levels, fills)
            if (fills >= goal).all():
                high = middle
            else:
                low = middle
        levels[k] = high * unit
