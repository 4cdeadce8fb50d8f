"""Forecasts of many items at once, as distributions: pooled, chosen on what was known, judged on what came."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems

if TYPE_CHECKING:
    from segkit.inventory.pooled.fitting import FittedDemand

_STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 46, 60)  # of which scatter is measured; others take the nearest
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99)


def forecast_demand(
    history: pd.DataFrame,
    *,
    horizon: int,
    attributes: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    quantiles: Sequence[float] = QUANTILES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the distribution of demand in each of the next periods.

    Parameters
    ----------
    history : DataFrame
        item_id, location_id, period (date), quantity [units]; optionally demand_class and in_stock (bool). Regular
        periods, by their first days or, of months, their last. Leading rows of zeros, or out of stock before the first
        sale, mean not yet listed. A price may be there; it is not read, as that of the periods ahead is not known: a
        price that many items share goes into ``calendar``, that of one item to `inspect_forecast`.
    horizon : int
        Periods ahead, h. [periods]
    attributes : DataFrame, optional
        item_id, location_id (or item_id alone) and columns by which series may be grouped.
    calendar : DataFrame, optional
        period and event columns (numbers, flags or names), with a row for every period of the horizon; blank, or a
        period of the history without a row, is no event. A column ``price`` is known throughout.
    quantiles : sequence of float
        Probabilities between 0 and 1.
    seed : int
        Which of many earlier forecasts are drawn to tell the scatter.

    Returns
    -------
    DataFrame
        item_id, location_id, (demand_class), period, mean [units], a column per quantile (``q50``, ``q97.5``) [units]
        and method. Sorted by key. A series that never sold gets the mean of what came on earlier ones of which that
        held too, if there were 200 of them, else zero; one with hardly any history leans on the same item elsewhere, or
        on its group. Its method says so.

    Raises
    ------
    DataError
        Where history, attributes, calendar, horizon, quantiles or seed cannot be used.

    Notes
    -----
    A period without a row, after the first sale of its series, counts as no demand. Season (of groups, where two cycles
    are known) and calendar effects (of groups) are taken out; methods compete per demand pattern on earlier periods,
    the cheapest adequate one wins; its levels are put right by what came on earlier ones, by how many sales a series
    missed since its last, where that would have helped; where a series, or most of them at once, clearly sells more or
    less than before for some periods, its level moves to that, the less the more often such changes did not last
    ("since its change", "all moved"); levels follow their trend (damped) where it is clear and such trends came before;
    scatter is taken from earlier errors of those that behave alike, per step. No quantile goes beyond what the largest
    demand seen and the mean leave room for: a lower mean means that demand comes less often, in the sizes it had.

    References
    ----------
    Syntetos, A. A., Boylan, J. E. & Croston, J. D. (2005). On the categorization of demand patterns. JORS 56, 495-503.
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer.

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=6, freq="7D")
    >>> history = pd.DataFrame({"item_id": "SKU-1", "location_id": "A", "period": weeks, "quantity": [4.0] * 6})
    >>> forecast_demand(history, horizon=1)["mean"].round(6).tolist()
    [4.0]
    """
    from segkit.inventory.pooled.calendars import read_calendar
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.frames import read_attributes
    from segkit.inventory.pooled.panel import read_panel

    wanted = require_quantiles(quantiles)
    horizon, seed = require_whole("horizon", horizon), require_seed(seed)
    panel = read_panel(history)
    calendar = read_calendar(calendar, panel, ahead=horizon)
    attributes = read_attributes(attributes, panel.keys)
    if not len(panel.keys):
        return _empty(panel.keys, wanted)
    fit = fit_demand(panel, attributes, calendar, ahead=horizon, seed=seed)
    return forecast_steps(fit, horizon, wanted, seed=seed)


def forecast_steps(
    fit: "FittedDemand", horizon: int, quantiles: np.ndarray, *, seed: int, means: np.ndarray | None = None
) -> pd.DataFrame:
    """Return the table of `forecast_demand` from what was found in a history; ``means``: series by steps."""
    from segkit.inventory.pooled.scatter import past_cases, quantiles_ahead, scatter_of

    panel = fit.levels.panel
    made, bands, spreads = [], [], {}
    longest = max(panel.values.shape[1] // 2, 1)
    for step in range(1, horizon + 1):
        mean = fit.levels.ahead(step, step) if means is None else means[:, step - 1]
        near = min(min(_STEPS, key=lambda known: abs(known - step)), longest)
        if near not in spreads:
            cases = fit.cases if near == 1 else past_cases(fit.levels, near, near, seed=seed)
            spreads[near] = scatter_of(cases, fit.classes)
        made.append(mean)
        bands.append(quantiles_ahead(fit.levels, spreads[near], mean, fit.classes, quantiles))
    count = len(panel.keys)
    table = panel.keys.loc[np.repeat(np.arange(count), horizon)].reset_index(drop=True)
    table["period"] = np.tile(panel.next_periods(horizon).to_numpy(), count)
    table["mean"] = np.stack(made, axis=1).ravel()
    for place, quantile in enumerate(quantiles):
        table[quantile_name(quantile)] = np.stack([band[:, place] for band in bands], axis=1).ravel()
    codes, names = pd.factorize(pd.Series(fit.method, dtype="object"))
    table["method"] = pd.Series(pd.array(names, dtype="str").take(np.repeat(codes, horizon)))
    return table


def quantile_name(quantile: float) -> str:
    """Return the column of a quantile.

    Examples
    --------
    >>> quantile_name(0.5), quantile_name(0.975)
    ('q50', 'q97.5')
    """
    return f"q{round(100 * quantile, 6):g}"


def require_quantiles(quantiles: Sequence[float]) -> np.ndarray:
    """Return quantiles in rising order; raises DataError where one is no probability between 0 and 1."""
    given = [quantiles] if isinstance(quantiles, str) or not isinstance(quantiles, Iterable) else list(quantiles)
    wrong = [one for one in given if not is_number(one) or not 0 < one < 1]
    if wrong or not given:
        told = ", ".join(map(str, wrong))
        problem = f"{told} {'is' if len(wrong) == 1 else 'are'} not between 0 and 1" if wrong else "there is none"
        fix = "Give probabilities above 0 and below 1, such as (0.5, 0.95)."
        raise DataError(list_problems("quantiles cannot be used", [problem], [fix]))
    return np.unique(np.array(given, dtype=float))


def require_whole(name: str, value: float) -> int:
    """Return a whole number above zero; raises DataError where it is none."""
    if not is_number(value) or not 1 <= value < np.inf or value != int(value):
        fix = f"Give {name} as a whole number of periods, at least 1."
        raise DataError(list_problems(f"{name} cannot be used", [f"it is {value!r}"], [fix]))
    return int(value)


def require_seed(seed: int) -> int:
    """Return a seed as a whole number; raises DataError where it is none: no draw is left to chance."""
    if not is_number(seed) or not 0 <= seed < 2**32 or seed != int(seed):
        fix = "Give a whole number from 0, such as 0: the same seed gives the same figures."
        raise DataError(list_problems("seed cannot be used", [f"it is {seed!r}"], [fix]))
    return int(seed)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether this is a real number; true and false are none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.complexfloating)


def _empty(keys: pd.DataFrame, quantiles: np.ndarray) -> pd.DataFrame:
    table = keys.assign(period=pd.Series(dtype="datetime64[us]"), mean=pd.Series(dtype="float64"))
    table = table.assign(**{quantile_name(one): pd.Series(dtype="float64") for one in quantiles})
    return table.assign(method=pd.Series(dtype="str"))
