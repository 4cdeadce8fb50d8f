"""Variability classes: X, Y, Z by the variation of demand, or by what a forecast leaves of it."""

import numpy as np
import pandas as pd

from segkit.core.settings import Segments

_UNSETTLED = ("new", "planned")


def classify_xyz(profile: pd.DataFrame, *, rules: Segments) -> pd.DataFrame:
    """Class items X, Y or Z by the variability of their demand.

    Parameters
    ----------
    profile : DataFrame
        One row per item: periods, cv and life_cycle as in ``item_profile``, and what ``rules.xyz_by`` asks for:
        is_seasonal and seasonal_error as in ``seasonality``, or forecast_error as in ``forecast_errors``.
    rules : Segments
        ``xyz_by``, ``xyz_limits`` (a figure at the limit is still in the lower class) and ``xyz_min_periods``.

    Returns
    -------
    DataFrame
        ``profile`` in the same order with variability (the figure that decided), xyz (blank with too little history,
        and while an item is new) and xyz_reason (why there is none, or why the CV decided although another figure was
        asked for).

    Notes
    -----
    By seasonal_error, items with a season are classed by what the seasonal naive forecast leaves, all others by their
    CV: where there is no season, the errors of that forecast have √2 times the spread of the demand.

    Examples
    --------
    >>> frame = pd.DataFrame({"periods": [12, 12, 3], "cv": [0.2, 1.4, 0.2], "life_cycle": "active"})
    >>> classify_xyz(frame, rules=Segments())["xyz"].tolist()
    ['X', 'Z', '']
    """
    figure, fallback = _figure(profile, rules.xyz_by)
    short = (profile["periods"] < rules.xyz_min_periods).to_numpy() | np.isnan(figure)
    young = profile["life_cycle"].isin(_UNSETTLED).to_numpy()
    why = [
        f"no XYZ: fewer than {rules.xyz_min_periods} complete periods or no demand",
        "no XYZ: its demand is still settling",
    ]
    known = np.where(short | young, np.nan, figure)
    return profile.assign(
        variability=known,
        xyz=pd.Series(label_xyz(known, limits=rules.xyz_limits), index=profile.index, dtype="str"),
        xyz_reason=pd.Series(np.select([short, young], why, fallback), index=profile.index, dtype="str"),
    )


def label_xyz(variability: np.ndarray, *, limits: list[float]) -> np.ndarray:
    """Return the variability class of figures, blank for missing ones; a figure at a limit is in the lower class.

    Examples
    --------
    >>> label_xyz(np.array([0.5, 0.6, 2.0, np.nan]), limits=[0.5, 1.0]).tolist()
    ['X', 'Y', 'Z', '']
    """
    labels = np.array([chr(ord("X") + n) if n < 3 else f"Z{n - 1}" for n in range(len(limits) + 1)], dtype=object)
    passed = np.searchsorted(limits, np.nan_to_num(variability), side="left")
    return np.where(np.isnan(variability), "", labels[passed])


def _figure(profile: pd.DataFrame, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the figure that decides per row, and why it is the CV where another one was asked for."""
    cv = profile["cv"].to_numpy(dtype=float)
    if by == "cv":
        return cv, np.full(len(profile), "")
    asked = profile[by].to_numpy(dtype=float)
    if by == "forecast_error":
        missing = np.isnan(asked)
        return np.where(missing, cv, asked), np.where(missing, "XYZ by CV: no forecast error is given", "")
    has_season = (profile["is_seasonal"] == True).to_numpy(dtype=bool)  # noqa: E712 (missing is no season)
    unknown = np.where(np.isnan(asked), "XYZ by CV: the season cannot be measured", "")
    return np.where(has_season & ~np.isnan(asked), asked, cv), unknown
