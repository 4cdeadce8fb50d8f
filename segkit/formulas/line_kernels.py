"""Compiled loops behind the replay by line, and the search for sizes by it.

All compiled code that calls other compiled code is in one module, as numba's cache looks at the module of the caller
only; so what is ordered at a review stands here as in `replay_kernels`. Loaded where first needed.
"""

import numpy as np
from numba import njit, prange

_LIKE = 1e-9  # less than this share of the largest quantity so far is rounding
# columns of the sums of an item's class, and of an item, replayed by line
CLASS_SUMS = (
    *("demand", "served", "lines", "lines_complete", "served_later", "lost", "waiting_unit_days", "backordered"),
)
ITEM_SUMS = ("stock_unit_days", "orders", "units_ordered", "received", "end_stock", "end_pipeline")


@njit(cache=True, nogil=True)
def _ordered(position, slack, reorder, upto, lot, least, pack):
    """Return what is ordered at a review: nothing above the reorder point; less than ``slack`` is rounding."""
    if position > reorder + slack:
        return 0.0
    if lot > 0.0:
        wanted = (np.floor(max(0.0, reorder - position + slack) / lot) + 1.0) * lot
    else:
        wanted = upto - position
        if wanted <= slack:
            return 0.0
    wanted = max(wanted, least)
    return np.ceil(wanted / pack - _LIKE) * pack if pack > 0.0 else wanted


@njit(cache=True, nogil=True, inline="always")
def _row(values, i):
    return values[min(i, values.shape[0] - 1)]


@njit(cache=True, nogil=True, parallel=True)
def replay_line_sums(begin, time, rank, quantity, on_hand, levels, given, window, by_class, by_item):
    """Fill in sums of every item by class (items, classes, len(CLASS_SUMS)), and over all (items, len(ITEM_SUMS))."""
    for i in prange(begin.size - 1):
        part = slice(begin[i], begin[i + 1])
        lines = (time[part], rank[part], quantity[part])
        rules, leads, waiting = _rules_of(np.int64(i), given)
        _follow(lines, on_hand[i], levels[i], rules, leads, waiting, window, by_class[i], by_item[i])


@njit(cache=True, nogil=True)
def _rules_of(i, given):
    reorders, uptos, lots, leasts, packs, reviews, phases, leads, waiting = given
    rules = np.empty(7)
    rules[0], rules[1], rules[2] = _row(reorders, i)[0], _row(uptos, i)[0], _row(lots, i)[0]
    rules[3] = _row(leasts, i)[0]
    rules[4], rules[5], rules[6] = _row(packs, i)[0], _row(reviews, i)[0], _row(phases, i)[0]
    return rules, _row(leads, i), waiting


@njit(cache=True, nogil=True)
def _follow(lines, on_hand, levels, rules, leads, waiting, window, by_class, totals):
    """Replay one item: at equal times deliveries come first, then reviews, then lines."""
    time, rank, quantity = lines
    review, (first, last) = rules[5], window
    due, coming, backlog = np.empty(time.size + 2), np.empty(time.size + 2), np.zeros(levels.size)
    head, tail, line = 0, 0, 0
    stock, on_order, now, size = on_hand, 0.0, 0.0, on_hand
    next_review = rules[6] if review > 0.0 else 0.0
    while True:
        ended = line == time.size or time[line] > last
        until = last if ended else time[line]
        arrival = due[head] if head < tail else np.inf
        before, now = now, min(arrival, next_review, until)
        judged = now >= first
        if judged:
            totals[0] += (now - max(before, first)) * stock
            for k in range(backlog.size):  # in loops: a temporary array at every event takes longer than all else
                by_class[k, 6] += (now - max(before, first)) * backlog[k]
        reviewed = False
        if min(arrival, next_review) > until:
            if ended:
                break
            size = max(size, quantity[line])
            stock -= _serve(rank[line], quantity[line], stock, _LIKE * size, levels, waiting, backlog, by_class, judged)
            reviewed = review == 0.0
            line += 1
        elif arrival <= next_review:
            stock += coming[head]
            on_order -= coming[head]
            totals[3] += coming[head] * judged
            stock -= _serve_waiting(stock, levels, backlog, by_class, judged)
            head += 1
        else:
            reviewed = True
            next_review = next_review + review if review > 0.0 else np.inf
        if reviewed:
            short = 0.0
            for k in range(backlog.size):
                short += backlog[k]
            position = stock + on_order - short
            ordered = _ordered(position, _LIKE * size, rules[0], rules[1], rules[2], rules[3], rules[4])
            if ordered > 0.0:
                if tail == due.size:
                    due, coming = np.concatenate((due, due)), np.concatenate((coming, coming))
                _queue(due, coming, head, tail, now + leads[tail % leads.size], ordered)
                tail += 1
                on_order += ordered
                size = max(size, ordered)
                totals[1] += judged
                totals[2] += ordered * judged
    totals[4], totals[5] = stock, on_order
    by_class[:, 7] = backlog


@njit(cache=True, nogil=True)
def _serve(k, wanted, stock, slack, levels, waiting, backlog, by_class, judged):
    """Return what a line of class k gets at once; a share of the rest waits, less than ``slack`` is rounding."""
    served = min(wanted, max(0.0, stock - levels[k]))
    held = waiting[k] * (wanted - served)
    backlog[k] += held
    if judged:
        by_class[k, 0] += wanted
        by_class[k, 1] += served
        by_class[k, 2] += 1.0
        by_class[k, 3] += wanted - served <= slack
        by_class[k, 5] += wanted - served - held
    return served


@njit(cache=True, nogil=True)
def _serve_waiting(stock, levels, backlog, by_class, judged):
    """Return what goes to those who wait, the best class first, each down to its level."""
    given = 0.0
    for k in range(levels.size):
        filled = min(backlog[k], max(0.0, stock - given - levels[k]))
        backlog[k] -= filled
        by_class[k, 4] += filled * judged
        given += filled
    return given


@njit(cache=True, nogil=True)
def _queue(due, coming, head, tail, arrives, ordered):
    """Put a delivery in its place among those that are due; orders may cross."""
    place = tail
    while place > head and due[place - 1] > arrives:
        due[place], coming[place] = due[place - 1], coming[place - 1]
        place -= 1
    due[place], coming[place] = arrives, ordered


@njit(cache=True, nogil=True, parallel=True)
def size_items(runs, begin, time, rank, quantity, given, window, targets, units, most, sized, levels, fills, stock):
    """Fill in the smallest order-up-to of every item and levels with which every class gets its target.

    ``runs`` tells where the runs of each item begin, ``begin`` where the lines of each run do; ``most`` caps levels.
    """
    for i in prange(runs.size - 1):
        rules, _, waiting = _rules_of(np.int64(i), given)
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
    fills, tried = np.empty(levels.size), np.empty(levels.size)
    levels[0] = 0.0
    levels[1:] = min(np.floor(upto / unit) * unit, cap)
    _fill(item, upto, levels, fills)
    changed = True
    while changed:
        changed = False
        for k in range(levels.size - 1, 0, -1):
            before = levels[k]
            if k + 1 < levels.size and levels[k + 1] < before:
                levels[k] = levels[k + 1]
                _fill(item, upto, levels, fills)
            if fills[k] < goal[k]:
                low, high = -1, int(np.rint(levels[k] / unit))
                while high - low > 1:
                    middle = (low + high) // 2
                    levels[k] = middle * unit
                    _fill(item, upto, levels, tried)
                    if tried[k] >= goal[k]:
                        low = middle
                        fills[:] = tried
                    else:
                        high = middle
                if low < 0:
                    return False
                levels[k] = low * unit
            changed = changed or levels[k] != before
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
