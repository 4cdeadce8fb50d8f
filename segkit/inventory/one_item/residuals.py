"""What the errors of a model still hold: links over time, shape, changing size, a lasting bias."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from segkit.inventory.one_item.fitted import Fitted
from segkit.inventory.one_item.remarks import FIT_ERRORS, Remarks
from segkit.inventory.one_item.series import Span

DIAGNOSTIC_COLUMNS = ["model", "test", "statistic", "p_value", "reading"]
ACF_COLUMNS = ["model", "lag", "autocorrelation", "limit", "beyond_chance"]
_SIGNIFICANT = 0.05
_FEWEST = 8
_SHORT_LAGS = 10
_NOTHING = 1e-3  # of the mean size of demand: smaller errors are those of the optimiser
_READINGS = {
    "Ljung-Box": ("the errors are linked over time: the model misses a pattern", "no link between errors is left"),
    "Jarque-Bera": (
        "the errors are not normal: the intervals may be wrong in the tails",
        "the errors may well be normal",
    ),
    "heteroscedasticity": (
        "the errors changed in size: the intervals may be too narrow or too wide now",
        "the errors keep their size",
    ),
    "mean": ("the errors have a lasting bias", "no lasting bias"),
}


def diagnose(fitted: Fitted, span: Span, remarks: Remarks) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tests of one model's errors with a reading in words, and their autocorrelations.

    Ljung-Box over 2 cycles (10 lags where a cycle is longer than 24 periods), at most a fifth of the errors, less
    ARMA parameters; Jarque-Bera; the squares of the last third of the errors against those of the first;
    a t-test of the mean. Errors are standardised; periods that are not known have none.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, section 5.4.
    """
    error = fitted.residual
    known = error[np.isfinite(error)]
    left = float(np.nanmax(np.abs(fitted.one_step - span.values))) if known.size else 0.0
    if known.size < _FEWEST or left < _NOTHING * span.scale:
        why = f"cannot be told from {known.size} errors" if known.size < _FEWEST else "no error is left to look at"
        rows = [[fitted.model, test, np.nan, np.nan, why] for test in _READINGS]
        return _diagnostics(rows), autocorrelations(fitted, 0)
    wanted = 2 * span.cycle if 1 < span.cycle <= 24 else _SHORT_LAGS
    lags = max(min(wanted, known.size // 5), fitted.lags_used + 1, 1)
    acf = autocorrelations(fitted, lags)
    with remarks.listen(fitted.model):
        rows = [[fitted.model, test, *_result(test, run)] for test, run in _tests(known, acf, fitted.lags_used).items()]
    return _diagnostics(rows), acf


def autocorrelations(fitted: Fitted, lags: int) -> pd.DataFrame:
    """Return the autocorrelation of the errors at each lag, and the limit that chance stays within 19 times of 20."""
    from statsmodels.tsa.stattools import acf

    error = np.where(np.isfinite(fitted.residual), fitted.residual, np.nan)
    first = np.flatnonzero(np.isfinite(error))
    values = acf(error[first[0] :], nlags=lags, missing="conservative", fft=False)[1:] if lags else np.empty(0)
    limit = 1.96 / np.sqrt(max(np.isfinite(error).sum(), 1))
    table = pd.DataFrame({"model": fitted.model, "lag": np.arange(1, len(values) + 1), "autocorrelation": values})
    table = table.assign(limit=limit, beyond_chance=np.abs(values) > limit)
    return table.astype({"model": "str", "lag": "int64"})[ACF_COLUMNS]


def _tests(known: np.ndarray, acf: pd.DataFrame, used: int) -> dict[str, Callable[[], tuple[float, float]]]:
    from scipy.stats import chi2, ttest_1samp
    from statsmodels.stats.stattools import jarque_bera
    from statsmodels.tsa.stattools import breakvar_heteroskedasticity_test, q_stat

    def portmanteau() -> tuple[float, float]:
        statistic = q_stat(acf["autocorrelation"].to_numpy(), known.size)[0][-1]
        return statistic, chi2.sf(statistic, len(acf) - used)

    return {
        "Ljung-Box": portmanteau,
        "Jarque-Bera": lambda: jarque_bera(known)[:2],
        "heteroscedasticity": lambda: breakvar_heteroskedasticity_test(known, subset_length=1 / 3),
        "mean": lambda: tuple(ttest_1samp(known, 0.0))[:2],
    }


def _result(test: str, run: Callable[[], tuple[float, float]]) -> tuple[float, float, str]:
    try:
        statistic, p_value = (float(np.squeeze(each)) for each in run())
    except FIT_ERRORS:
        statistic = p_value = np.nan
    if not np.isfinite(p_value):
        return statistic, p_value, "cannot be told"
    return statistic, p_value, _READINGS[test][p_value >= _SIGNIFICANT]


def _diagnostics(rows: list[list]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=DIAGNOSTIC_COLUMNS)
    return table.astype({"model": "str", "test": "str", "statistic": float, "p_value": float, "reading": "str"})
