"""Trend and season by STL, and the forecast that smooths what is left without the season."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.inventory.one_item.ets import fit_ets
from segkit.inventory.one_item.fitted import Fitted, Outlook
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.series import Span


def split_span(span: Span, remarks: Remarks) -> dict[str, np.ndarray]:
    """Return trend, season and rest by STL; empty, with the reason, where two full cycles are not there.

    The season stays the same from cycle to cycle (a window longer than the series, degree 0): two or three cycles
    cannot show how it changes. Periods that are not known are drawn straight between their neighbours.
    """
    if len(span.values) < 2 * span.cycle:
        text = f"{len(span.values)} periods since listed are fewer than two cycles of {span.cycle}"
        remarks.add("stl_ets", "reason", f"No season can be told: {text}.")
        return {}
    from statsmodels.tsa.seasonal import STL

    demand = pd.Series(span.values / span.scale).interpolate(limit_direction="both").to_numpy()
    with remarks.listen("stl_ets"):
        parts = STL(demand, period=span.cycle, seasonal=10 * len(demand) + 1, seasonal_deg=0).fit()
    trend, season = np.asarray(parts.trend) * span.scale, np.asarray(parts.seasonal) * span.scale
    return {"trend": trend, "season": season, "rest": span.values - trend - season}


def fit_stl_ets(span: Span, outlook: Outlook, remarks: Remarks) -> Fitted | None:
    """Return STL with exponential smoothing of demand without its season, and the last cycle's season put back.

    The AICc is that of the smoothing model alone; the intervals do not know how uncertain the season is.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, section 5.7.
    """
    parts = split_span(span, remarks)
    if not parts:
        return None
    season = parts["season"]
    without = replace(span, values=span.values - season)
    fitted = fit_ets(without, outlook, remarks, model="stl_ets", seasons=False)
    if fitted is None:
        return None
    remarks.add("stl_ets", "assumption", "Its intervals do not know how uncertain the season is.")
    again = season[len(season) - span.cycle + np.arange(outlook.horizon) % span.cycle]
    return replace(
        fitted,
        form=f"STL + {fitted.form}",
        one_step=fitted.one_step + season,
        mean=fitted.mean + again,
        quantiles=fitted.quantiles + again[:, None],
        parts=parts,
    )
