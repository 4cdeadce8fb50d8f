"""One statsforecast model on one data set, in the peer's own environment and a process of its own.

``python peer_forecasts.py MODEL DATA.npz OUT.npz [--cut]``: on one core, first call apart, points and intervals timed
apart. Intervals are the model's own where it has them (AutoETS, AutoTheta, Naive, SeasonalNaive), else conformal over
ten windows of the horizon: with more windows they were better in every trial, and slower. The median is the point.
"""

import argparse
import os
import resource
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import statsforecast
from statsforecast import StatsForecast, models
from statsforecast.utils import ConformalIntervals

WINDOWS = 10
LEVELS = {0.8: 60, 0.9: 80, 0.95: 90, 0.99: 98}
OWN_INTERVALS = {"AutoETS", "AutoTheta", "Naive", "SeasonalNaive"}
SAMPLED = {"AutoETS", "AutoTheta"}
MODELS: dict[str, Callable] = {
    "SES optimized": lambda _, **told: models.SimpleExponentialSmoothingOptimized(**told),
    "IMAPA": lambda _, **told: models.IMAPA(**told),
    "ADIDA": lambda _, **told: models.ADIDA(**told),
    "TSB(.1,.1)": lambda _, **told: models.TSB(0.1, 0.1, **told),
    "CrostonSBA": lambda _, **told: models.CrostonSBA(**told),
    "CrostonOptimized": lambda _, **told: models.CrostonOptimized(**told),
    "Naive": lambda _, **told: models.Naive(**told),
    "SeasonalNaive": lambda season, **told: models.SeasonalNaive(season, **told),
    "AutoETS": lambda season, **told: models.AutoETS(season_length=season, **told),
    "AutoTheta": lambda season, **told: models.AutoTheta(season_length=season, **told),
}


def main() -> None:
    """Forecast at every origin; write forecasts, seconds and peak memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--cut", action="store_true", help="without the zeros before the first sale; points only")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")
    data = dict(np.load(asked.data))
    rows = data["sample"] if asked.model in SAMPLED else np.arange(len(data["values"]))
    values, steps, made = data["values"][rows], data["steps"][rows], {}
    # a cycle needs two years of known periods to be seen at all
    season = int(data["season"]) if 2 * data["season"] <= data["origins"].min() else 1
    if asked.model == "SeasonalNaive" and season == 1:
        raise SystemExit("the history is shorter than two cycles")
    first = timed_forecast(asked, season, values[:3], np.full(3, steps[0]), int(data["origins"][0]))[2]
    seconds = np.zeros(2)
    for origin in data["origins"]:
        mean, quantiles, used = timed_forecast(asked, season, values, steps, int(origin))
        made |= {f"mean_{origin}": mean, f"quantiles_{origin}": quantiles}
        seconds += used
    count = len(rows) * len(data["origins"])
    np.savez(
        asked.out,
        rows=rows,
        series_per_second=count / seconds[0],
        series_per_second_with_quantiles=count / seconds[1] if seconds[1] else np.nan,
        first_call_seconds=first.sum(),
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        version=f"statsforecast {statsforecast.__version__}",
        **made,
    )


def timed_forecast(
    asked: argparse.Namespace, season: int, values: np.ndarray, steps: np.ndarray, origin: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means (series by steps), quantiles (by level), and the seconds for points and for intervals."""
    mean = np.full((len(values), steps.max()), np.nan)
    quantiles, seconds = np.full((*mean.shape, 1 + len(LEVELS)), np.nan), np.zeros(2)
    begin = (values[:, :origin] > 0).argmax(axis=1) if asked.cut else np.zeros(len(values), int)
    listed = (values[:, :origin] > 0).any(axis=1) if asked.cut else np.ones(len(values), bool)
    for horizon in np.unique(steps):
        members = np.flatnonzero((steps == horizon) & listed)
        if not len(members):
            continue
        frame = long_frame(values, members, begin, origin)
        start = time.perf_counter()
        table = forecast(asked.model, season, frame, int(horizon), intervals=False)
        seconds[0] += time.perf_counter() - start
        mean[members, :horizon] = table.iloc[:, 2].to_numpy().reshape(len(members), -1)
        if asked.cut:
            continue
        start = time.perf_counter()
        table = forecast(asked.model, season, frame, int(horizon), intervals=True)
        seconds[1] += time.perf_counter() - start
        quantiles[members, :horizon, 0] = mean[members, :horizon]
        for place, level in enumerate(LEVELS.values()):
            upper = next(name for name in table if name.endswith(f"-hi-{level}"))
            quantiles[members, :horizon, place + 1] = table[upper].to_numpy().reshape(len(members), -1)
    return mean, quantiles, seconds


def long_frame(values: np.ndarray, members: np.ndarray, begin: np.ndarray, origin: int) -> pd.DataFrame:
    """Return the known periods of series as the peer wants them, each from its beginning on."""
    row, period = np.nonzero(np.arange(origin) >= begin[members, None])
    return pd.DataFrame({"unique_id": members[row], "ds": period, "y": values[members[row], period]})


def forecast(model: str, season: int, frame: pd.DataFrame, horizon: int, *, intervals: bool) -> pd.DataFrame:
    """Return the peer's own table."""
    own = model in OWN_INTERVALS or not intervals
    told = {} if own else {"prediction_intervals": ConformalIntervals(h=horizon, n_windows=WINDOWS)}
    engine = StatsForecast(models=[MODELS[model](season, **told)], freq=1, n_jobs=1)
    return engine.forecast(df=frame, h=horizon, level=list(LEVELS.values()) if intervals else None)


if __name__ == "__main__":
    main()
