"""The benchmarks: what was, comes again."""

import numpy as np
import pandas as pd

from segkit.inventory.one_item.fitted import Fitted, Outlook, normal_quantiles
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.series import Span


def fit_naive(span: Span, outlook: Outlook, remarks: Remarks) -> Fitted | None:  # noqa: ARG001
    """Return the last known demand as the forecast of every period ahead."""
    return _repeat("naive", "last known demand", span, outlook, 1)


def fit_seasonal_naive(span: Span, outlook: Outlook, remarks: Remarks) -> Fitted | None:
    """Return demand of one cycle before; None where no full cycle is there."""
    if span.cycle == 1:
        return None
    if len(span.values) <= span.cycle:
        remarks.add("seasonal_naive", "reason", f"No forecast: more than one cycle of {span.cycle} periods is needed.")
        return None
    return _repeat("seasonal_naive", f"demand {span.cycle} periods before", span, outlook, span.cycle)


def _repeat(model: str, form: str, span: Span, outlook: Outlook, cycle: int) -> Fitted:
    """Return the naive forecast of a cycle; its spread grows with the root of the cycles ahead (FPP3 §5.5)."""
    places = np.arange(len(span.values)) % cycle
    filled = pd.Series(span.values).groupby(places).ffill().bfill().to_numpy()
    ahead = np.arange(outlook.horizon)
    mean = filled[len(filled) - cycle + ahead % cycle]
    one_step = np.full(len(filled), np.nan)
    one_step[cycle:] = filled[:-cycle]
    error = one_step - span.values
    known = error[~np.isnan(error)]
    sigma = float(np.sqrt(np.mean(known**2))) if known.size else np.nan
    spread = sigma * np.sqrt(ahead // cycle + 1.0)
    quantiles = normal_quantiles(mean, spread, outlook.quantiles)
    return Fitted(model, form, 0, np.nan, one_step, -error / (sigma or np.nan), mean, quantiles)
