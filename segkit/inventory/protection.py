"""Demand over the protection interval: lead time and review, as one distribution."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.inventory.forecasting import QUANTILES, is_number, quantile_name, require_quantiles, require_seed
from segkit.inventory.pooled.frames import require_frame

_KEYS = ("item_id", "location_id")
_FORMS = "lead_time_periods (a sample a row), or mean_periods and sd_periods"
_SAMPLES, _MANY = 25, 100  # parts by which a lead time with mean and standard deviation is stood for
_STEADY = 0.25  # standard deviation over mean, up to which the fewer are enough: the tail hardly matters


def protection_demand(
    history: pd.DataFrame,
    *,
    periods: float | pd.DataFrame,
    attributes: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    quantiles: Sequence[float] = QUANTILES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the distribution of the sum of demand over the next periods: those that stock must cover.

    Parameters
    ----------
    history : DataFrame
        As `forecast_demand` takes it.
    periods : number or DataFrame
        Length of the interval [periods], part of one pro rata; or a table with item_id, location_id, review_periods and
        the lead time, either lead_time_periods (one row per sample, such as a receipt) or mean_periods and sd_periods.
    attributes, calendar, quantiles, seed
        As `forecast_demand` takes them.

    Returns
    -------
    DataFrame
        item_id, location_id, (demand_class), periods (mean length of the interval), mean [units], sd [units], a column
        per quantile [units] and method. Sorted by key; series of the history only.

    Raises
    ------
    DataError
        As `forecast_demand`; where the table lacks a series of the history, or a length is below zero or not known.

    Notes
    -----
    The scatter of a sum is taken from errors of earlier sums of as many periods, so what errors of successive periods
    have in common is in it. Sums longer than half the history scatter, relative to their mean, as the longest known.
    A random lead time mixes the distributions of its lengths. A lead time by mean and standard deviation is taken as
    gamma. Quantiles and sd keep to what the largest sum seen and the mean leave room for (`formulas.seen_limits`).

    References
    ----------
    Prak, D., Teunter, R. & Syntetos, A. (2017). On the calculation of safety stocks when demand is forecasted. EJOR
    256, 454-461 (why one-step errors must not be scaled by the root of the lead time).

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=6, freq="7D")
    >>> history = pd.DataFrame({"item_id": "SKU-1", "location_id": "A", "period": weeks, "quantity": [4.0] * 6})
    >>> protection_demand(history, periods=2.5)["mean"].round(6).tolist()
    [10.0]
    """
    from segkit.inventory.pooled.calendars import read_calendar
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.frames import read_attributes
    from segkit.inventory.pooled.mixing import mix_lengths
    from segkit.inventory.pooled.panel import read_panel

    wanted, seed = require_quantiles(quantiles), require_seed(seed)
    panel = read_panel(history)
    series, length = interval_lengths(panel.keys, periods)
    ahead = max(int(np.ceil(length.max(initial=1.0))), 1)
    calendar = read_calendar(calendar, panel, ahead=ahead)
    attributes = read_attributes(attributes, panel.keys)
    if not len(panel.keys):
        none = pd.Series(dtype="float64")
        columns = {name: none for name in ("periods", "mean", "sd", *map(quantile_name, wanted))}
        return panel.keys.assign(**columns, method=pd.Series(dtype="str"))
    fit = fit_demand(panel, attributes, calendar, ahead=ahead, seed=seed)
    mean, sd, bands = mix_lengths(fit, series, length, wanted, seed=seed)
    table = panel.keys.copy()
    count = np.bincount(series, minlength=len(table))
    table["periods"] = np.bincount(series, length, len(table)) / count
    table["mean"], table["sd"] = mean, sd
    for place, quantile in enumerate(wanted):
        table[quantile_name(quantile)] = bands[:, place]
    table["method"] = pd.Series(fit.method, dtype="str")
    return table


def interval_lengths(keys: pd.DataFrame, periods: float | pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return lengths of the interval, and the series each is of: one or more per series."""
    if not isinstance(periods, pd.DataFrame):
        if not is_number(periods) or not 0 < float(periods) < np.inf:
            fix = "Give a number above zero, or a table."
            raise DataError(list_problems("periods cannot be used", [f"it is {periods!r}"], [fix]))
        return np.arange(len(keys)), np.full(len(keys), float(periods))
    table = _check_table(periods)
    own = keys.reset_index(drop=True).assign(series=np.arange(len(keys)))
    joined = own.merge(table.astype(dict.fromkeys(_KEYS, "str")), on=list(_KEYS), how="left")
    missing = joined["review_periods"].isna()
    if missing.any():
        first = ", ".join(joined.loc[missing, list(_KEYS)].astype(str).iloc[0])
        problem = f"{missing.sum():,} of {len(keys):,} series of the history have no row, first: {first}"
        raise DataError(
            list_problems("periods cannot be used", [problem], ["Give every item and location a lead time."])
        )
    series, review = joined["series"].to_numpy(), joined["review_periods"].to_numpy(dtype=float)
    if "lead_time_periods" in joined:
        return series, review + joined["lead_time_periods"].to_numpy(dtype=float)
    mean, sd = (joined[name].to_numpy(dtype=float) for name in ("mean_periods", "sd_periods"))
    count = np.where(sd > 0, np.where(sd > _STEADY * mean, _MANY, _SAMPLES), 1)  # a fixed one needs but itself
    length = np.repeat(review + mean, count)
    for number in (_SAMPLES, _MANY):
        mine = count == number
        length[np.repeat(mine, count)] = (review[mine, None] + _gamma_parts(mean[mine], sd[mine], number)).ravel()
    return np.repeat(series, count), length


def _check_table(table: pd.DataFrame) -> pd.DataFrame:
    require_frame(table, "periods cannot be used")
    samples = "lead_time_periods" in table
    needed = [*_KEYS, "review_periods", *(("lead_time_periods",) if samples else ("mean_periods", "sd_periods"))]
    lacking = [name for name in needed if name not in table]
    fixes = [f"A table of periods needs item_id, location_id, review_periods and {_FORMS}."]
    if lacking:
        raise DataError(list_problems("periods cannot be used", [f"{', '.join(lacking)} not there"], fixes))
    problems = []
    for name in needed[2:]:
        told = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = ~((told >= 0) & (told < np.inf))
        if wrong.any():
            first = ", ".join(table.loc[wrong, list(_KEYS)].astype(str).iloc[0])
            problems.append(f"{name} is no length of zero or more {in_rows(int(wrong.sum()))}, first: {first}")
    if not samples and table.duplicated(list(_KEYS)).any():
        problems.append(f"item_id and location_id repeat {in_rows(int(table.duplicated(list(_KEYS)).sum()))}")
    if problems:
        raise DataError(list_problems("periods cannot be used", problems, fixes))
    return table[needed]


def _gamma_parts(mean: np.ndarray, sd: np.ndarray, parts: int) -> np.ndarray:
    """Return the means of equally likely parts of a gamma with these moments, (rows, parts); their mean is its own."""
    from scipy.special import gammainc, gammaincinv

    chance = np.arange(1, parts) / parts
    known = np.where(mean > 0, mean, 1.0)
    shape, place = np.unique(np.clip((known / sd) ** 2, 1e-3, 1e6), return_inverse=True)  # many share a supplier
    upto = gammainc(shape[:, None] + 1.0, gammaincinv(shape[:, None], chance[None, :]))
    edges = np.pad(upto, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1)))
    return mean[:, None] * parts * np.diff(edges, axis=1)[place]
