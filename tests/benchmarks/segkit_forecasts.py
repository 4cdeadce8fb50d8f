"""segkit, or one of its ablations, on one data set in a process of its own.

``python segkit_forecasts.py VARIANT DATA OUT.npz``: on one core, first call apart. The call timed is the public one,
from the long table of a company to the long table of forecasts with all quantiles.
"""

import os
import resource
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from forecast_data import LEVELS, READERS, DemandSet

# segkit, and segkit without one of its parts: what is told to Pooling
VARIANTS: dict[str, dict[str, Any]] = {
    "segkit": {},
    "no item movement": {"moves": False},
    "no season, no calendar": {"factors": False},
    "best constants, not averaged": {"power": 1000.0},
    "no lending of errors": {"lent": 0.0},
    "no pooling at all": {"moves": False, "factors": False, "lent": 0.0},
}


def main(variant: str, name: str, out: str) -> None:
    """Forecast at every origin; write forecasts, seconds and peak memory."""
    import segkit

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data, options, made, seconds = READERS[name](), VARIANTS[variant], {}, 0.0
    small = data.history(data.origins[0])
    few = small["item_id"].isin(data.keys["item_id"].unique()[:20])
    _, first = timed_forecast(data, small[few], options)
    for origin in data.origins:
        table, used = timed_forecast(data, data.history(origin), options)
        seconds += used
        made |= as_arrays(data, origin, table)
    count = len(data.values) * len(data.origins)
    np.savez(
        out,
        rows=np.arange(len(data.values)),
        series_per_second=count / seconds,
        series_per_second_with_quantiles=count / seconds,
        first_call_seconds=first,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        version=f"segkit {segkit.__version__}",
        **made,
    )


def timed_forecast(data: DemandSet, history: pd.DataFrame, options: dict[str, Any]) -> tuple[pd.DataFrame, float]:
    """Return the forecast for the longest horizon, and the seconds it took."""
    from segkit.inventory.forecasting import forecast_demand, forecast_steps
    from segkit.inventory.pooled.contest import Pooling
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.panel import read_panel

    start, horizon = time.perf_counter(), int(data.steps.max())
    if not options:
        groups = {"attributes": data.attributes, "calendar": data.calendar}
        table = forecast_demand(history, horizon=horizon, quantiles=LEVELS, **groups)
        return table, time.perf_counter() - start
    rules = Pooling(**options)
    fit = fit_demand(read_panel(history), data.attributes, data.calendar, ahead=horizon, seed=0, rules=rules)
    return forecast_steps(fit, horizon, np.array(LEVELS), seed=0), time.perf_counter() - start


def as_arrays(data: DemandSet, origin: int, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return means (series by steps) and quantiles (by level) in the order of the series."""
    series = pd.MultiIndex.from_frame(data.keys[["item_id", "location_id"]].astype("str"))
    row = series.get_indexer(pd.MultiIndex.from_frame(table[["item_id", "location_id"]].astype("str")))
    step = data.periods.as_unit("ns").get_indexer(pd.DatetimeIndex(table["period"]).as_unit("ns")) - origin
    assert min(row.min(), step.min()) >= 0, "a forecast for a series or a period that was not asked for"
    columns = ["mean", *(f"q{100 * level:g}" for level in LEVELS)]
    cube = np.full((len(series), int(data.steps.max()), len(columns)), np.nan)
    cube[row, step] = table[columns].to_numpy(float)
    assert not np.isnan(cube).any(), "a series without a forecast"
    return {f"mean_{origin}": cube[:, :, 0], f"quantiles_{origin}": cube[:, :, 1:]}


if __name__ == "__main__":
    main(*sys.argv[1:])
