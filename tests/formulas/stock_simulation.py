"""Plain simulations of stock rules, the slow twins of the closed forms."""

import heapq

import numpy as np
from numba import njit


def batch_means(short, demanded, batches=50):
    """Return the mean of a ratio over batches of the run, and its standard error."""
    size = len(short) // batches
    parts = [
        whole[: size * batches].reshape(batches, size).sum(axis=1)
        for whole in (np.asarray(short), np.asarray(demanded))
    ]
    ratios = parts[0] / parts[1]
    return ratios.mean(), ratios.std(ddof=1) / np.sqrt(batches)


def assert_like_simulation(closed, short, demanded=None):
    """Assert that a closed form lies within three standard errors of the simulated mean."""
    demanded = np.ones(len(short)) if demanded is None else demanded
    mean, error = batch_means(short, demanded)
    assert error > 0
    assert abs(float(np.squeeze(closed)) - mean) < 3 * error, (float(np.squeeze(closed)), mean, error)


@njit
def review_by_period(demand, lead_time, review, low, lot, top):
    """Replay a review rule: at most `low` orders lots until above it (lot > 0), or up to `top`; unmet demand waits.

    Returns by period the units newly short, stock and backlog at the end, and whether it was ordered at its start.
    """
    periods = demand.size
    short, stock, backlog, ordered = np.zeros(periods), np.zeros(periods), np.zeros(periods), np.zeros(periods)
    arriving = np.zeros(periods + lead_time + 1)
    net, position = low + max(lot, top - low), low + max(lot, top - low)
    for now in range(periods):
        if now % review == 0 and position <= low:
            quantity = np.ceil((low - position + 1e-12) / lot) * lot if lot > 0 else top - position
            arriving[now + lead_time] += quantity
            position += quantity
            ordered[now] = 1.0
        net += arriving[now]
        short[now] = min(demand[now], max(demand[now] - max(net, 0.0), 0.0))
        net -= demand[now]
        position -= demand[now]
        stock[now], backlog[now] = max(net, 0.0), max(-net, 0.0)
    return short, stock, backlog, ordered


def one_by_one(rng, rate, lead_time, low, lot, customers, lost=False):
    """Replay (s, Q) customer by customer (Poisson arrivals of one unit, fixed lead time).

    Returns by customer whether the unit was short, the time since the one before, and stock and backlog during it.
    """
    gaps = rng.exponential(1 / rate, customers)
    short, stock, backlog = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    arriving, net, position, now = [], low + lot, low + lot, 0.0
    for customer, gap in enumerate(gaps):
        until, held, waited = now + gap, 0.0, 0.0
        while arriving and arriving[0] <= until:
            arrival = heapq.heappop(arriving)
            held, waited = held + max(net, 0) * (arrival - now), waited + max(-net, 0) * (arrival - now)
            net, now = net + lot, arrival
        stock[customer] = held + max(net, 0) * (until - now)
        backlog[customer] = waited + max(-net, 0) * (until - now)
        now = until
        short[customer] = net <= 0
        if not (lost and net <= 0):
            net, position = net - 1, position - 1
        if position <= low:
            position += lot
            heapq.heappush(arriving, now + lead_time)
    return short, gaps, stock, backlog
