"""Calibration: honest quantiles come out honest, dishonest ones are caught, errors are those of drawing blocks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import segkit as sk

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
NAMES = ["q50", "q80", "q90", "q95", "q99"]


def counts(series=1500, origins=4, seed=1, shock=0.0):
    """Return exact Poisson quantiles of series with demand drawn from them; a shock moves all series of an origin."""
    random = np.random.default_rng(seed)
    weeks = pd.date_range("2025-01-06", periods=origins + 1, freq="7D", unit="us")
    names = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(series)], "location_id": "NORTH"})
    names = names.assign(
        place=random.lognormal(0.5, 1.0, series), pattern=np.where(np.arange(series) % 3, "smooth", "slow")
    )
    rows = names.merge(pd.DataFrame({"origin": weeks[:-1], "period": weeks[1:]}), how="cross")
    moved = rows["place"] * np.exp(shock * random.normal(size=origins))[np.searchsorted(weeks[:-1], rows["origin"])]
    rows[NAMES] = stats.poisson.ppf(LEVELS, rows["place"].to_numpy()[:, None])
    came = rows[["item_id", "location_id", "period"]].assign(quantity=random.poisson(moved).astype(float))
    return rows.drop(columns="place").sample(frac=1, random_state=seed), came.sample(frac=1, random_state=seed)


def test_honest_counts_are_calibrated_though_their_coverage_is_above_the_level():
    made = sk.check_calibration(*counts(), by=["pattern"])
    assert made["quantile"].tolist() == [*LEVELS, *LEVELS]
    assert (made["deviation"].abs() < 0.008 + 3 * made["series_error"]).all()
    assert (made["coverage"] - made["quantile"])[made["quantile"] < 0.95].min() > 0.01
    assert made["deviation"].to_numpy() == pytest.approx((made["frequency"] - made["quantile"]).to_numpy())
    assert made["judged_periods"].tolist() == [2000] * 5 + [4000] * 5
    assert made["series"].tolist() == [500] * 5 + [1000] * 5


@pytest.mark.parametrize(("factor", "sign"), [(0.6, -1), (1.6, 1)], ids=["too low", "too high"])
def test_dishonest_quantiles_are_caught(factor, sign):
    forecasts, came = counts()
    wrong = forecasts.assign(**{name: (forecasts[name] * factor).round() for name in NAMES[1:4]})
    made = sk.check_calibration(wrong, came).set_index("quantile").loc[[0.8, 0.9, 0.95]]
    assert (sign * made["deviation"] > 3 * made["series_error"]).all()
    assert (
        made["pinball"] > sk.check_calibration(forecasts, came).set_index("quantile")["pinball"].loc[made.index]
    ).all()


def test_standard_errors_are_those_of_forecasting_again():
    """Over many companies drawn anew the frequency scatters as its standard error says."""
    made = pd.concat([sk.check_calibration(*counts(60, seed=seed)) for seed in range(150)])
    for _, rows in made[made["quantile"] < 0.99].groupby("quantile"):
        assert rows["series_error"].mean() == pytest.approx(rows["frequency"].std(), rel=0.2)


def test_only_drawing_origins_sees_what_moves_all_series_at_once():
    made = pd.concat([sk.check_calibration(*counts(80, 8, seed=seed, shock=0.5)) for seed in range(80)])
    one = made[made["quantile"] == 0.8]
    assert one["origin_error"].mean() == pytest.approx(one["frequency"].std(), rel=0.25)
    assert one["series_error"].mean() < 0.6 * one["frequency"].std()


def test_one_origin_has_no_error_between_origins():
    made = sk.check_calibration(*counts(30, 1))
    assert made["origin_error"].isna().all()
    assert made["series_error"].notna().all()


def test_out_of_stock_periods_and_missing_quantiles_are_not_judged():
    forecasts, came = counts(30, 1)
    out = came.assign(in_stock=np.arange(30) >= 10)
    assert sk.check_calibration(forecasts, out)["judged_periods"].tolist() == [20] * 5
    holes = forecasts.assign(q80=forecasts["q80"].where(np.arange(30) >= 5))
    assert sk.check_calibration(holes, came)["judged_periods"].tolist() == [25] * 5


def test_without_quantiles_it_says_what_is_missing():
    forecasts, came = counts(5, 1)
    with pytest.raises(sk.DataError, match="forecasts has no column 'q50'"):
        sk.check_calibration(forecasts.drop(columns=NAMES), came)
    with pytest.raises(sk.DataError, match="forecasts has no column 'origin'"):
        sk.check_calibration(forecasts.drop(columns="origin"), came)


# ------------------------------------------------------------------ worst offenders
CASES = {
    "no demand came": ([0, 0, 0, 0], [5, 5, 5, 5]),
    "always too high": ([2, 3, 2, 3], [7, 8, 7, 8]),
    "always too low": ([12, 13, 12, 13], [7, 8, 7, 8]),
    "mostly too high": ([2, 3, 2, 9], [7, 8, 7, 8]),
    "mostly too low": ([12, 13, 12, 7], [7, 8, 7, 8]),
    "too high and too low by turns": ([2, 13, 2, 13], [7, 8, 7, 8]),
    "mostly one period": ([7, 8, 60, 9], [7, 8, 7, 8]),
}


def offenders():
    weeks = pd.date_range("2025-01-06", periods=4, freq="7D", unit="us")
    tables = [
        pd.DataFrame(
            {"item_id": f"SKU-{n:04d}", "location_id": "NORTH", "period": weeks, "quantity": came, "mean": said}
        )
        for n, (came, said) in enumerate(CASES.values())
    ]
    rows = (
        pd.concat(tables, ignore_index=True).astype({"quantity": float, "mean": float}).sample(frac=1, random_state=4)
    )
    rows = rows.assign(origin=pd.Timestamp("2024-12-30").as_unit("us"), q95=rows["mean"] + 5, unit_cost=1.0)
    return rows.drop(columns="quantity"), rows[["item_id", "location_id", "period", "quantity"]]


def test_the_worst_come_first_with_what_they_did():
    made = sk.list_worst_forecasts(*offenders())
    assert made["rank"].tolist() == list(range(1, 8))
    assert made["error_size"].is_monotonic_decreasing
    assert made["error_share"].sum() == pytest.approx(1)
    said = made.set_index("item_id")["reason"].to_dict()
    assert said == {f"SKU-{n:04d}": reason for n, reason in enumerate(CASES)}
    first = made.iloc[0]
    assert (first["item_id"], first["worst_error"], first["misses"]) == ("SKU-0006", -53.0, 1)
    assert first["worst_period"] == pd.Timestamp("2025-01-20")
    assert first["expected_misses"] == pytest.approx(4 * 0.05)


def test_money_can_rank_them_and_naive_is_no_offender_beside_others():
    forecasts, came = offenders()
    dear = forecasts.assign(unit_cost=forecasts["unit_cost"].where(forecasts["item_id"] != "SKU-0001", 100.0))
    both = pd.concat([dear.assign(method="pooled"), dear.assign(method="naive", mean=99.0)])
    made = sk.list_worst_forecasts(both, came, weight="unit_cost", most=2)
    assert made["method"].tolist() == ["pooled", "pooled"]
    assert made["item_id"].tolist() == ["SKU-0001", "SKU-0006"]
    assert made["error_size"].iloc[0] == 2000
    assert made["wape"].iloc[0] == pytest.approx(2.0)
    alone = sk.list_worst_forecasts(both[both["method"] == "naive"], came)
    assert len(alone) == 7


def test_series_that_different_methods_won_are_ranked_together():
    """`forecast_demand` tells the method of each series: they are no rivals, and there is one list."""
    forecasts, came = offenders()
    alike = sk.list_worst_forecasts(forecasts, came, most=3)
    won = forecasts.assign(method=forecasts["item_id"].map(lambda item: f"method {int(item[-1]) % 3}"))
    apart = sk.list_worst_forecasts(won, came, most=3)
    assert apart["rank"].tolist() == [1, 2, 3]
    pd.testing.assert_frame_equal(apart.drop(columns="method"), alike.drop(columns="method"))
    rivals = pd.concat([won, won.assign(method="other")])
    assert sk.list_worst_forecasts(rivals, came, most=2).groupby("method").size().to_dict() == {
        "method 0": 2,
        "method 1": 2,
        "method 2": 2,
        "other": 2,
    }


def test_perfect_forecasts_offend_nobody():
    forecasts, came = offenders()
    right = forecasts.drop(columns="mean").merge(came).rename(columns={"quantity": "mean"})
    assert sk.list_worst_forecasts(right, came).empty
