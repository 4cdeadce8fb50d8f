"""Far tails of quantile curves, which rest on few errors: cut back to a mean that is better known."""

import numpy as np


def within_mean(curves: np.ndarray, chances: np.ndarray, mean: np.ndarray, *, surely: float) -> np.ndarray:
    """Return curves whose farthest quantiles are cut back towards where their mean is the one that is known.

    Parameters
    ----------
    curves : array
        Quantiles (items, probabilities).
    chances : array
        Their probabilities.
    mean : array
        Mean demand, better known than rare quantiles are. (items,)
    surely : float
        Probability up to which quantiles are believed: none below it is touched. [0-1]

    Returns
    -------
    array
        Same shape.

    Notes
    -----
    A tail that falls as it did before stays: what is exceeded ten times less often lies farther out by as much again as
    the believed quantile from that exceeded ten times as often, and by the one unit to which whole quantiles are known
    (counts of Poisson and negative binomial do about that). It adds next to nothing to the mean, and without it a rare
    shortage is told as none.

    Examples
    --------
    >>> chances = np.array([0.4, 0.9, 0.99, 0.999])
    >>> within_mean(np.array([[0.0, 1.0, 2.0, 900.0]]), chances, np.array([0.3]), surely=0.99).tolist()
    [[0.0, 1.0, 2.0, 4.0]]
    """
    limit = curves[:, -1].copy()
    for place in range(len(chances) - 2, np.searchsorted(chances, surely - 1e-9) - 1, -1):
        width, middle = curve_cells(np.minimum(curves, curves[:, place : place + 1]), chances)
        limit = np.where(middle @ width >= mean, curves[:, place], limit)
    least = curves[:, np.searchsorted(chances, surely - 1e-9)]
    width, middle = curve_cells(np.minimum(curves, least[:, None]), chances)
    limit = np.where(middle @ width >= mean, least, limit)
    return np.minimum(curves, np.maximum(limit[:, None], _going_on(curves, chances, surely)))


def _going_on(curves: np.ndarray, chances: np.ndarray, surely: float) -> np.ndarray:
    """Return whole quantiles as far out as an exponential tail through the last two believed ones puts them."""
    last, before = np.searchsorted(chances, [surely - 1e-9, 1.0 - 10.0 * (1.0 - surely) - 1e-9])
    fold = np.log10((1.0 - chances[before]) / (1.0 - chances[last]))
    beyond = np.maximum(np.log10((1.0 - chances[last]) / (1.0 - chances)), 0.0)
    rise = (curves[:, last] - curves[:, before] + 1.0) / fold
    return np.ceil(curves[:, last, None] + rise[:, None] * beyond - 1e-9)


def curve_cells(curves: np.ndarray, chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the widths of the cells between probabilities, and the middles of the quantiles in them."""
    inner = (curves[:, 1:] + curves[:, :-1]) / 2
    return np.diff(chances, prepend=0.0, append=1.0), np.concatenate([curves[:, :1], inner, curves[:, -1:]], axis=1)
