"""Season and events that series share: taken out before a level is smoothed, put back into its forecast."""

import numpy as np
from numpy.typing import ArrayLike


def deseasonalised(
    values: ArrayLike, factors: ArrayLike, groups: ArrayLike, observed: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return demand without the season of the group, and which periods then say something.

    Parameters
    ----------
    values : array_like of float
        Demand, shape (series, periods). [units]
    factors : array_like of float
        Shape (groups, periods or more): demand of each period as a multiple of the level, 1 = as always. What lies
        after the history is not used here.
    groups : array_like of int
        Row of the factors of each series.
    observed : array_like of bool, optional
        Same shape as values; False = says nothing.

    Returns
    -------
    tuple of ndarray
        Values / factors and observed, as the forecasts of this package take them. A period whose factor is missing, or
        not above 0, says nothing: where no demand is expected (shop closed) none teaches nothing.

    Examples
    --------
    >>> levels, observed = deseasonalised([[4, 12, 0]], [[0.5, 1.5, 0.0]], [0])
    >>> levels.tolist(), observed.tolist()
    ([[8.0, 8.0, 0.0]], [[True, True, False]])
    """
    figures = np.asarray(values, dtype=float)
    season = _rows(factors, groups)[:, : figures.shape[1]]
    if season.shape != figures.shape:
        raise ValueError(f"factors for {season.shape[1]} periods, values for {figures.shape[1]}")
    usable = season > 0
    seen = usable if observed is None else usable & np.asarray(observed, dtype=bool)
    return np.divide(figures, season, out=np.zeros(figures.shape), where=usable), seen


def seasonal_forecasts(
    levels: ArrayLike, factors: ArrayLike, groups: ArrayLike, *, origins: ArrayLike, horizon: int
) -> np.ndarray:
    """Return levels x the factors of the periods to come.

    Parameters
    ----------
    levels : array_like of float
        Flat forecasts, shape (series, origins), or forecasts of each step, shape (series, origins, horizon). [units]
    factors : array_like of float
        Shape (groups, periods and horizon): see `deseasonalised`. A factor that is missing counts as 1,
        one below 0 as 0.
    groups : array_like of int
        Row of the factors of each series.
    origins : array_like of int
        Numbers of periods past when each forecast is made.
    horizon : int
        Periods to forecast.

    Returns
    -------
    ndarray
        Shape (series, origins, horizon). [units/period]

    Raises
    ------
    ValueError
        Where the factors do not reach over the horizon.

    Examples
    --------
    >>> seasonal_forecasts([[8.0]], [[0.5, 1.5, 0.5, 1.5]], [0], origins=[2], horizon=2).tolist()
    [[[4.0, 12.0]]]
    """
    season = _rows(factors, groups)
    steps = np.asarray(origins, dtype=int)[:, None] + np.arange(horizon)
    if steps.size and steps.max() >= season.shape[1]:
        raise ValueError(f"factors for {season.shape[1]} periods, forecasts need {steps.max() + 1}")
    flat = np.asarray(levels, dtype=float)
    ahead = np.maximum(np.nan_to_num(season[:, steps], nan=1.0), 0.0)
    return (flat[:, :, None] if flat.ndim == 2 else flat) * ahead


def _rows(factors: ArrayLike, groups: ArrayLike) -> np.ndarray:
    return np.asarray(factors, dtype=float)[np.asarray(groups, dtype=int)]
