"""Compiled loops over tables of series and periods: from long rows to them, and sums of them."""

from math import gcd

import numpy as np
from numba import njit, prange


@njit(cache=True, nogil=True)
def place_rows(series, place, columns, quantity, in_stock, values, observed):  # type: ignore[no-untyped-def]
    """Fill demand and where it is known, (series, periods); return how many rows name a period that is filled.

    ``columns`` are the periods of the places of days. A row without a quantity, or out of stock, is not known;
    ``in_stock`` is of length zero where all are.
    """
    filled = np.zeros(values.shape, dtype=np.bool_)
    again = 0
    for row in range(series.size):
        one, period = series[row], columns[place[row]]
        known = np.isfinite(quantity[row])
        again += filled[one, period]
        filled[one, period] = True
        values[one, period] = quantity[row] if known else 0.0
        observed[one, period] = known and (in_stock.size == 0 or in_stock[row])
    return again


@njit(cache=True, nogil=True, parallel=True)
def first_sales(values, least):  # type: ignore[no-untyped-def]
    """Return the first period of every series in which more than the least is sold; the number of periods if none."""
    first = np.full(len(values), values.shape[1])
    for one in prange(len(values)):
        for period in range(values.shape[1]):
            if values[one, period] > least:
                first[one] = period
                break
    return first


@njit(cache=True, nogil=True)
def whole_lot(values, observed, least, near, most):  # type: ignore[no-untyped-def]
    """Return how many quantities were sold and their greatest common divisor, zero where one of them is not whole."""
    count, lot = 0, 0
    for one in range(len(values)):
        for period in range(values.shape[1]):
            sold = values[one, period]
            if observed[one, period] and sold > least:
                nearest = np.round(sold)
                if abs(sold - nearest) > near + 1e-14 * sold or sold >= most or nearest == 0.0:
                    return count + 1, 0
                count += 1
                if lot != 1:
                    lot = gcd(lot, np.int64(nearest))
    return count, lot


@njit(cache=True, nogil=True, parallel=True)
def window_sums(table, rows, seen, series, begin, length):  # type: ignore[no-untyped-def]
    """Return sums over some periods from each beginning on, of those that are seen, (rows, beginnings).

    ``rows`` are those of the table, ``series`` those of what is seen.
    """
    sums = np.zeros((rows.size, begin.size))
    for one in prange(rows.size):
        for place in range(begin.size):
            total = 0.0
            for period in range(begin[place], begin[place] + length):
                if seen[series[one], period]:
                    total += table[rows[one], period]
            sums[one, place] = total
    return sums


@njit(cache=True, nogil=True, parallel=True)
def window_counts(seen, series, begin, length):  # type: ignore[no-untyped-def]
    """Return how many of some periods from each beginning on are seen, (series, beginnings)."""
    counts = np.zeros((series.size, begin.size), dtype=np.int64)
    for one in prange(series.size):
        for place in range(begin.size):
            for period in range(begin[place], begin[place] + length):
                counts[one, place] += seen[series[one], period]
    return counts


@njit(cache=True, nogil=True, parallel=True)
def sales_of_each(values, observed):  # type: ignore[no-untyped-def]
    """Return how many observed periods of every series have sales, and their sum."""
    count, total = np.zeros(len(values), dtype=np.int64), np.zeros(len(values))
    for one in prange(len(values)):
        sales, amount = 0, 0.0
        for period in range(values.shape[1]):
            sold = values[one, period] if observed[one, period] else 0.0
            sales += sold > 0.0
            amount += max(sold, 0.0)
        count[one], total[one] = sales, amount
    return count, total


@njit(cache=True, nogil=True, parallel=True)
def size_keys(values):  # type: ignore[no-untyped-def]
    """Return the demand of every series, weighted by the squares of its periods, by its periods, and not at all."""
    keys = np.zeros((3, len(values)))
    for one in prange(len(values)):
        squares, firsts, total = 0.0, 0.0, 0.0
        for period in range(values.shape[1]):
            place, sold = period + 1.0, values[one, period]
            squares, firsts, total = squares + place * place * sold, firsts + place * sold, total + sold
        keys[0, one], keys[1, one], keys[2, one] = squares, firsts, total
    return keys


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def without_factors(values, observed, start, factor, group, thin, few):  # type: ignore[no-untyped-def]
    """Return demand over the factors of its group, and which periods tell it: not those with a thin one.

    Unless fewer periods than ``few`` were left.
    """
    made, seen = np.zeros(values.shape), np.zeros(values.shape, dtype=np.bool_)
    for one in prange(len(values)):
        times, full = factor[group[one]], 0
        for period in range(values.shape[1]):
            made[one, period] = values[one, period] / times[period]
            seen[one, period] = observed[one, period] and times[period] >= thin
            full += seen[one, period] and period >= start[one]
        if full < few:
            seen[one] = observed[one]
    return made, seen


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def mean_demand(values, observed, start, factor, group):  # type: ignore[no-untyped-def]
    """Return the mean demand over factors of every series, of its observed periods since the first sale."""
    mean = np.zeros(len(values))
    for one in prange(len(values)):
        total, count = 0.0, 0
        for period in range(start[one], values.shape[1]):
            if observed[one, period]:
                total += values[one, period] / factor[group[one], period]
                count += 1
        mean[one] = total / max(count, 1)
    return mean


@njit(cache=True, nogil=True, error_model="numpy")
def sums_by_code(values, observed, start, factor, group, mean, code, count):  # type: ignore[no-untyped-def]
    """Return by code and period the demand over factors that is known, and the means of the series of which it is."""
    known, there = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    for one in range(len(values)):
        for period in range(start[one], values.shape[1]):
            if observed[one, period]:
                known[code[one], period] += values[one, period] / factor[group[one], period]
                there[code[one], period] += mean[one]
    return known, there


@njit(cache=True, nogil=True, parallel=True)
def one_step_errors(values, observed, table, factor, group, rows, first):  # type: ignore[no-untyped-def]
    """Return of some series the sums of |errors| and of forecasts of the next period above zero, and their number."""
    error, said, number = np.zeros(rows.size), np.zeros(rows.size), np.zeros(rows.size)
    for place in prange(rows.size):
        one, off, total, count = rows[place], 0.0, 0.0, 0.0
        for period in range(first, values.shape[1]):
            expected = table[one, period - 1] * factor[group[one], period]
            if observed[one, period] and expected > 0.0:
                off, total, count = off + abs(values[one, period] - expected), total + expected, count + 1.0
        error[place], said[place], number[place] = off, total, count
    return error, said, number
