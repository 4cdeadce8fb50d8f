"""Sales are not demand where stock ran out: what demand was expected to be there."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from segkit.inventory.pooled.panel import DemandPanel

AS_SOLD, PARTLY = "as sold", "sold in part: demand expected above sales"
NOTHING = "no sales to go by: forecast made before"
NOT_LISTED, NOT_KNOWN = "not yet listed", "nothing known before: as sold"
_WORDS = np.array([AS_SOLD, PARTLY, NOTHING, NOT_LISTED, NOT_KNOWN], dtype=object)


def recover_demand(
    history: pd.DataFrame,
    *,
    attributes: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what demand was where stock ran out, beside what was sold: the demand that forecasts rest on.

    Parameters
    ----------
    history : DataFrame
        As `forecast_demand` takes it. in_stock false with sales means that stock ran out in the period: demand was at
        least what was sold.
    attributes, calendar, seed
        As `forecast_demand` takes them.

    Returns
    -------
    DataFrame
        The rows of the history, sorted by key, with recovered [units] and method (the reason in words): sales where in
        stock; the demand expected above sales, given the forecast before, where sold in part; that forecast where
        nothing was sold or no quantity is known.

    Raises
    ------
    DataError
        As `forecast_demand`.

    Notes
    -----
    Demand is taken as negative binomial around the level known before the period, E[D | D >= sales]; see
    `segkit.formulas.censored_demand`. Stock that was out for a part of the period only, and not because demand was
    high, is corrected too far: tell days, not months. A series whose every sale ended in a stock-out tells little about
    its demand; it is corrected by what a level of its sales would give, and no further.

    References
    ----------
    Nahmias, S. (1994). Demand estimation in lost sales inventory systems. Naval Research Logistics 41, 739-757.

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=6, freq="7D")
    >>> history = pd.DataFrame({"item_id": "SKU-1", "location_id": "A", "period": weeks, "quantity": [4.0] * 6})
    >>> recover_demand(history.assign(in_stock=[True] * 5 + [False]))["recovered"].round(1).tolist()
    [4.0, 4.0, 4.0, 4.0, 4.0, 5.4]
    """
    from segkit.inventory.forecasting import require_seed
    from segkit.inventory.pooled.calendars import read_calendar
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.frames import read_attributes
    from segkit.inventory.pooled.panel import KEYS, read_panel
    from segkit.inventory.pooled.periods import read_dates

    seed, panel = require_seed(seed), read_panel(history)
    calendar = read_calendar(calendar, panel, ahead=0)
    attributes = read_attributes(attributes, panel.keys)
    names = [*(name for name in KEYS if name in history), "period"]
    table = history.assign(period=read_dates(history["period"], "demand cannot be recovered"))
    table = table.astype(dict.fromkeys(names[:-1], "str")).sort_values(names, ignore_index=True)
    if not len(panel.keys):
        return table.assign(recovered=pd.Series(dtype="float64"), method=pd.Series(dtype="str"))
    recovered, reason = panel.values, np.zeros(panel.values.shape, dtype=int)
    if not panel.observed.all():
        fit = fit_demand(panel, attributes, calendar, ahead=1, seed=seed)
        recovered, reason = _told(panel, fit.demand, fit.levels.one_ahead())
    row = pd.MultiIndex.from_frame(panel.keys).get_indexer(pd.MultiIndex.from_frame(table[names[:-1]]))
    column = panel.periods.get_indexer(pd.DatetimeIndex(table["period"]))
    method = pd.Series(_WORDS[reason[row, column]], dtype="str")
    return table.assign(recovered=recovered[row, column], method=method)


def _told(panel: "DemandPanel", demand: "DemandPanel", before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return demand and the place of its reason in `_WORDS`, by series and period."""
    listed = np.arange(panel.values.shape[1])[None, :] >= panel.start[:, None]
    nothing = ~panel.observed & ~panel.partly
    raised = panel.partly & (demand.values > panel.values)
    reason = np.select(
        [~listed, panel.observed, raised, nothing & (before > 0)],
        [3, 0, 1, 2],
        default=4,
    )
    return np.where(reason == 2, before, np.where(reason == 1, demand.values, panel.values)), reason
