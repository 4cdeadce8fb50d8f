"""Classes that stay until a move is sure: dwell time and clearance of the limit."""

import numpy as np

UNKNOWN = -1


def class_edges(classes: np.ndarray, values: np.ndarray, groups: np.ndarray, *, limits: int) -> np.ndarray:
    """Return the value at which each class ends.

    Parameters
    ----------
    classes : ndarray of int
        Class of each member, 0 = highest; -1 = none.
    values : ndarray of float
        What the classes were made by.
    groups : ndarray of int
        Members are compared within these, from 0.
    limits : int
        Limits between classes; the classes from ``limits`` on are those of loss makers.

    Returns
    -------
    ndarray of float
        Shape (limits, groups). Limit k lies midway between the least value of classes 0 to k and the highest of the
        classes below; the last one is zero.

    Examples
    --------
    >>> class_edges(np.array([0, 1, 2]), np.array([9.0, 5.0, -3.0]), np.zeros(3, int), limits=2).tolist()
    [[7.0], [0.0]]
    """
    count = groups.max(initial=-1) + 1
    edges = np.zeros((limits, count))
    for limit in range(limits - 1):
        least, most = np.full(count, np.inf), np.full(count, -np.inf)
        upper, lower = (classes >= 0) & (classes <= limit), (classes > limit) & (classes < limits)
        np.minimum.at(least, groups[upper], values[upper])
        np.maximum.at(most, groups[lower], values[lower])
        most = np.where(np.isfinite(most), most, np.where(np.isfinite(least), least, 0.0))
        edges[limit] = (np.where(np.isfinite(least), least, most) + most) / 2
    return edges


def limit_distances(values: np.ndarray, noise: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return how far each value lies above each class limit, in multiples of its own noise.

    Parameters
    ----------
    values : ndarray of float
        What the classes were made by.
    noise : ndarray of float
        Standard deviation of each value by chance, in its unit; missing where it is not known.
    edges : ndarray of float
        Shape (limits, members): the limits that hold for each member, from `class_edges`.

    Returns
    -------
    ndarray of float
        Shape (members, limits); below zero under the limit, infinite without noise, missing where noise is.

    Examples
    --------
    >>> limit_distances(np.array([9.0, 5.0]), np.array([2.0, 1.0]), np.array([[7.0, 7.0], [0.0, 0.0]])).tolist()
    [[1.0, 4.5], [-2.0, 5.0]]
    """
    above = values[:, None] - edges.T
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = above / noise[:, None]
    return np.where((noise[:, None] == 0) & (above == 0), 0.0, distance)


def steady_classes(classes: np.ndarray, distances: np.ndarray, *, dwell: int, clear: float, longest: int) -> np.ndarray:
    """Return the classes after hysteresis: a class changes only when the move is sure.

    A move is sure when it has held for ``dwell`` columns in a row and lies beyond the limit by more than ``clear``
    times the noise; at the latest when it has held for ``longest`` columns in a row.

    Parameters
    ----------
    classes : ndarray of int
        Shape (members, times): the class at each time, 0 = highest; -1 = none, after which a member starts anew.
    distances : ndarray of float
        Shape (members, times, limits), from `limit_distances`; where it is missing only time counts.
    dwell : int
        Times in a row on the same side of the class so far.
    clear : float
        Multiples of the noise.
    longest : int
        Times in a row after which the move stands anyway.

    Returns
    -------
    ndarray of int
        Shape (members, times). Columns up to t rest on the columns up to t only.

    Examples
    --------
    >>> far = np.full((1, 5, 2), -9.0)
    >>> steady_classes(np.array([[0, 1, 0, 1, 1]]), far, dwell=2, clear=0.5, longest=12).tolist()
    [[0, 0, 0, 0, 1]]
    """
    members, times = classes.shape
    steady = np.full_like(classes, UNKNOWN)
    now, side, held = np.full(members, UNKNOWN), np.zeros(members, int), np.zeros(members, int)
    row, last = np.arange(members), distances.shape[2] - 1
    for time in range(times):
        new = classes[:, time]
        apart = (new != now) & (new >= 0) & (now >= 0)
        toward = np.where(apart, np.sign(new - now), 0)
        held = np.where(apart, np.where(toward == side, held, 0) + 1, 0)
        crossed = np.clip(np.where(toward > 0, now, now - 1), 0, last)
        above = distances[row, time, crossed]
        beyond = np.where(toward > 0, -above, above)
        sure = apart & (((held >= dwell) & ~(beyond <= clear)) | (held >= longest))
        now = np.where(sure | (now < 0) | (new < 0), new, now)
        side, held = np.where(sure, 0, toward), np.where(sure, 0, held)
        steady[:, time] = now
    return steady


def followed_moves(classes: np.ndarray, steady: np.ndarray) -> np.ndarray:
    """Return whether the steady class followed each move of the class, before the class moved back.

    Parameters
    ----------
    classes : ndarray of int
        Shape (members, times); -1 = none.
    steady : ndarray of int
        Shape (members, times): from `steady_classes`.

    Returns
    -------
    ndarray of bool
        Shape (members, times): true where the class moved from the time before, the steady class was not yet beyond
        the limit that it crossed, and went beyond it while the class stayed there.

    Examples
    --------
    >>> followed_moves(np.array([[0, 1, 0, 1, 1]]), np.array([[0, 0, 0, 0, 1]])).tolist()
    [[False, False, False, True, False]]
    """
    members, times = classes.shape
    followed = np.zeros((members, times), dtype=bool)
    for start in range(classes.max(initial=UNKNOWN) + 1):
        for toward in (1, -1):
            crossed, sure = ((table >= 0) & (toward * (table - start) > 0) for table in (classes, steady))
            stands = np.zeros(members, dtype=bool)
            for time in range(times - 1, 0, -1):
                stands = crossed[:, time] & (sure[:, time] | stands)
                followed[:, time] |= (classes[:, time - 1] == start) & stands & ~sure[:, time - 1]
    return followed
