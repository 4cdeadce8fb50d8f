"""What a stock earns until the next supply, back from the end in small steps of time; compiled."""

import numpy as np
from numba import njit

_STEP = 0.1  # orders expected in a step of time: by the fourth power of it the result is off


@njit(cache=True, nogil=True)
def _rise(worth, values, rates, sizes, levels, fixed, rise):  # type: ignore[no-untyped-def]
    """Set what a moment more of time adds to the worth of every stock."""
    for x in range(len(worth)):
        total = 0.0
        for k in range(len(values)):
            most = max(x - levels[k], 0)
            gain, best, taken = 0.0, 0.0, 0
            for size in range(sizes.shape[1]):
                while taken < min(size + 1, most):
                    more = values[k] * (taken + 1) + worth[x - taken - 1] - worth[x]
                    if not fixed and more < best:
                        most = taken
                        break
                    best, taken = more, taken + 1
                gain += sizes[k, size] * best
            total += rates[k] * gain
        rise[x] = total


@njit(cache=True, nogil=True)
def margins_to_go(values, rates, sizes, supply, levels, fixed):  # type: ignore[no-untyped-def]
    """Return the expected margin of every stock at the start of every period (Runge & Kutta, fourth order)."""
    periods = rates.shape[0]
    worth = np.zeros((periods + 1, supply + 1))
    a, b, c, d = np.zeros(supply + 1), np.zeros(supply + 1), np.zeros(supply + 1), np.zeros(supply + 1)
    now = np.zeros(supply + 1)
    for period in range(periods - 1, -1, -1):
        steps = max(int(np.ceil(rates[period].sum() / _STEP)), 1)
        h = 1.0 / steps
        for _ in range(steps):
            _rise(now, values, rates[period], sizes, levels, fixed, a)
            _rise(now + 0.5 * h * a, values, rates[period], sizes, levels, fixed, b)
            _rise(now + 0.5 * h * b, values, rates[period], sizes, levels, fixed, c)
            _rise(now + h * c, values, rates[period], sizes, levels, fixed, d)
            now = now + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        worth[period] = now
    return worth
