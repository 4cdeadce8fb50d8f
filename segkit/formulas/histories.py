"""Histories of many series as arrays: which periods say something, and when forecasts are made."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Histories(NamedTuple):
    """Histories as the compiled loops take them.

    Attributes
    ----------
    values : ndarray of float
        Shape (series, periods), oldest period first. [units]
    known : ndarray of bool
        Same shape: the periods that say something about demand.
    origins : ndarray of int
        Numbers of periods that are past when a forecast is made.
    """

    values: np.ndarray
    known: np.ndarray
    origins: np.ndarray


def known_periods(values: ArrayLike, observed: ArrayLike | None = None, start: ArrayLike | None = None) -> np.ndarray:
    """Return which periods say something about demand: listed, observed, and with a figure.

    Parameters
    ----------
    values : array_like of float
        Demand, shape (series, periods), oldest period first. [units]
    observed : array_like of bool, optional
        Same shape; False = out of stock or not known, such a period says nothing. All of them where not given.
    start : array_like of int, optional
        First listed period of each series; what lies before is no demand. 0 where not given.

    Returns
    -------
    ndarray of bool
        Shape (series, periods). A series without any True is forecast as 0: tell those by ``.any(axis=1)``.

    Examples
    --------
    >>> known_periods([[0, 5, np.nan, 2]], [[True, True, True, False]], [1]).tolist()
    [[False, True, False, False]]
    """
    figures = np.asarray(values, dtype=float)
    if figures.ndim != 2:
        raise ValueError(f"values have shape {figures.shape}, not (series, periods)")
    known = ~np.isnan(figures)
    if observed is not None:
        seen = np.asarray(observed, dtype=bool)
        if seen.shape != figures.shape:
            raise ValueError(f"observed has shape {seen.shape}, values have {figures.shape}")
        known &= seen
    if start is not None:
        first = np.asarray(start)
        if first.shape != figures.shape[:1]:
            raise ValueError(f"start has shape {first.shape}, but there are {len(figures)} series")
        known &= np.arange(figures.shape[1]) >= first[:, None]
    return known


def make_histories(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> Histories:
    """Return histories as the compiled loops take them.

    Parameters
    ----------
    values, observed, start : array_like
        See `known_periods`.
    origins : array_like of int, optional
        Numbers of periods that are past when a forecast is made, 0 to all. All periods, once, where not given.

    Raises
    ------
    ValueError
        Where shapes do not go together or an origin lies outside the history.
    """
    figures = np.ascontiguousarray(values, dtype=float).view()
    figures.flags.writeable = False  # always: the loops would be compiled a second time for the other kind
    known = known_periods(figures, observed, start)
    periods = figures.shape[1]
    places = np.array(periods if origins is None else origins, dtype=np.int64, ndmin=1)
    if places.size and (places.min() < 0 or places.max() > periods):
        raise ValueError(f"origins go from {places.min()} to {places.max()}, but there are {periods} periods")
    return Histories(figures, known, places)


def shares_of_series(name: str, share: ArrayLike, series: int) -> np.ndarray:
    """Return a smoothing constant of each series from one for all or one each.

    Parameters
    ----------
    name : str
        What it is called in the message.
    share : array_like
        One figure, or one per series. [0-1]
    series : int
        Number of series.

    Raises
    ------
    ValueError
        Where a figure is not between 0 and 1.
    """
    shares = np.broadcast_to(np.asarray(share, dtype=float), (series,)).copy()
    wrong = ~((shares >= 0) & (shares <= 1))
    if wrong.any():
        raise ValueError(f"{name} lies outside 0 to 1 in {wrong.sum()} series, first: {shares[wrong][0]}")
    return shares
