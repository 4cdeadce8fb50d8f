"""Time-driven activity-based costing: what an hour of capacity costs, what work costs, what nobody used."""

import numpy as np
from numpy.typing import ArrayLike


def capacity_cost_rate(cost: ArrayLike, practical_capacity: ArrayLike) -> np.ndarray:
    """Return cost per minute of practical capacity.

    Parameters
    ----------
    cost : array_like
        Cost of the capacity supplied. [currency]
    practical_capacity : array_like
        Minutes that can really be worked, broadcast against ``cost``. [minutes]

    Returns
    -------
    ndarray
        [currency/minute]; nan where there is no capacity.

    References
    ----------
    Kaplan & Anderson (2004), "Time-driven activity-based costing", Harvard Business Review 82(11).

    Examples
    --------
    >>> float(capacity_cost_rate(560_000, 700_000))
    0.8
    """
    cost, capacity = np.broadcast_arrays(np.asarray(cost, float), np.asarray(practical_capacity, float))
    return np.divide(cost, capacity, out=np.full(cost.shape, np.nan), where=capacity > 0)


def unused_capacity_cost(cost: ArrayLike, practical_capacity: ArrayLike, minutes_used: ArrayLike) -> np.ndarray:
    """Return the cost of the capacity that no work used; below zero where more was used than there is.

    Parameters
    ----------
    cost : array_like
        Cost of the capacity supplied. [currency]
    practical_capacity : array_like
        [minutes]
    minutes_used : array_like
        [minutes]

    Returns
    -------
    ndarray
        (practical_capacity - minutes_used) x capacity cost rate. [currency]

    References
    ----------
    Kaplan & Anderson (2004), as above.

    Examples
    --------
    >>> round(float(unused_capacity_cost(560_000, 700_000, 593_600)), 2)
    85120.0
    """
    unused = np.asarray(practical_capacity, float) - np.asarray(minutes_used, float)
    return unused * capacity_cost_rate(cost, practical_capacity)


def surveyed_activity_rate(cost: ArrayLike, time_share: ArrayLike, driver_units: ArrayLike) -> np.ndarray:
    """Return the rate of conventional activity-based costing, which spreads all of the cost, used or not.

    Parameters
    ----------
    cost : array_like
        Cost of the pool. [currency]
    time_share : array_like
        Share of their time that people say they spend on the activity. [0-1]
    driver_units : array_like
        How often the driver occurred.

    Returns
    -------
    ndarray
        [currency/driver unit]; beside minutes x capacity cost rate it shows how much of a rate is unused capacity.

    Examples
    --------
    >>> surveyed_activity_rate(560_000, [0.7, 0.1, 0.2], [49_000, 1_400, 2_500]).tolist()
    [8.0, 40.0, 44.8]
    """
    units = np.asarray(driver_units, float)
    spent = np.asarray(cost, float) * np.asarray(time_share, float)
    spent, units = np.broadcast_arrays(spent, units)
    return np.divide(spent, units, out=np.full(spent.shape, np.nan), where=units > 0)
