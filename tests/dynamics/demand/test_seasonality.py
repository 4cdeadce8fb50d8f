"""Season and trend: STL one item at a time gives the same, chance is no season, and short histories stay blank."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import STL

from segkit.core.columns import empty_table
from segkit.core.settings import Periods
from segkit.dynamics.demand.seasonality import measure_seasonality, split_series

FREQUENCY = {"month": "MS", "week": "W-MON", "day": "D"}
NO_ITEMS = empty_table("items")


def panel(series, unit="month", **columns):
    """Return demand of items, a row of figures each, which all end with the last period; rows shuffled."""
    longest = max(len(one) for one in series)
    calendar = pd.date_range("2023-01-02" if unit == "week" else "2023-01-01", periods=longest, freq=FREQUENCY[unit])
    parts = [
        pd.DataFrame({"item_id": f"SKU-{n:04d}", "period": calendar[longest - len(one) :], "quantity": one})
        for n, one in enumerate(series)
    ]
    rows = pd.concat(parts, ignore_index=True).astype({"item_id": "str", "quantity": float})
    shape = empty_table("demand").reindex(range(len(rows)))
    told = {"location_id": "(all)", "demand_class": "(all)", "complete": True} | columns
    return shape.assign(**{name: rows[name] for name in rows}, **told).sample(frac=1, random_state=1)


def measured(series, unit="month", items=NO_ITEMS, **columns):
    table = measure_seasonality(panel(series, unit, **columns), items, periods=Periods(unit=unit))
    return table[table["entity"] == "item"].set_index("entity_id")


def strength(component, remainder):
    return max(0.0, 1 - remainder.var() / (component + remainder).var())


@pytest.mark.parametrize(("length", "cycle"), [(24, 12), (30, 12), (41, 12), (28, 7)])
def test_figures_are_those_of_stl_one_item_at_a_time(length, cycle):
    series = np.random.default_rng(length).poisson(20, (3, length)).astype(float)
    found = measured(series, "month" if cycle == 12 else "day")
    for (_, row), one in zip(found.iterrows(), series, strict=True):
        fit = STL(one, period=cycle, seasonal=10 * length + 1, seasonal_deg=0).fit()
        assert row["seasonal_strength"] == pytest.approx(strength(fit.seasonal, fit.resid))
        assert row["trend_strength"] == pytest.approx(strength(fit.trend, fit.resid))
        error = np.sqrt(np.mean((one[cycle:] - one[:-cycle]) ** 2)) / one.mean()
        assert row["seasonal_error"] == pytest.approx(error)


@pytest.mark.parametrize("length", [24, 30, 60])
@pytest.mark.parametrize("noise", ["poisson", "lumpy"])
def test_chance_is_a_season_once_in_twenty(length, noise):
    random = np.random.default_rng(length)
    series = random.poisson(6, (1500, length)).astype(float)
    if noise == "lumpy":
        series = np.where(random.random(series.shape) < 0.4, random.gamma(2, 10, series.shape), 0)
    found = measured(series)
    assert 0.025 < found["is_seasonal"].mean() < 0.085
    assert (found["seasonal_strength"].median() > 0.3) == (length < 60)


def test_a_season_and_a_trend_are_told_apart():
    random = np.random.default_rng(9)
    month = np.arange(36)
    season = 100 + 40 * np.sin(month * 2 * np.pi / 12) + random.normal(0, 10, 36)
    trend = 100 + 4 * month + random.normal(0, 10, 36)
    found = measured([season, trend])
    assert found["is_seasonal"].tolist() == [True, False]
    assert found.loc["SKU-0000", "seasonal_strength"] > 0.8 > found.loc["SKU-0000", "trend_strength"]
    assert found.loc["SKU-0001", "trend_strength"] > 0.9
    assert found.loc["SKU-0000", "seasonal_error"] < 0.2 < season.std() / season.mean()


def test_two_full_cycles_are_needed():
    found = measured([np.arange(24.0) + 1, np.arange(23.0) + 1, np.zeros(24)])
    assert found["periods"].tolist() == [24, 23, 24]
    assert found["reason"].tolist() == ["", "fewer than two full cycles of 12 periods", "no demand"]
    blank = found.iloc[1:]
    assert blank[["seasonal_strength", "trend_strength", "seasonal_error"]].isna().all(axis=None)
    assert not blank["is_seasonal"].any()


def test_incomplete_periods_do_not_count():
    whole = panel([np.tile([5.0, 9.0, 2.0], 8)])
    partial = whole.assign(complete=whole["period"] < whole["period"].max())
    assert measure_seasonality(partial, NO_ITEMS, periods=Periods())["periods"].tolist() == [23]


def test_steady_demand_has_neither_season_nor_trend():
    row = measured([np.full(30, 7.0)]).iloc[0]
    assert row[["seasonal_strength", "trend_strength", "seasonal_error"]].tolist() == [0, 0, 0]
    assert not row["is_seasonal"]


def test_the_counting_unit_and_the_places_change_nothing():
    series = np.random.default_rng(5).poisson(30, (20, 30)).astype(float)
    each, dozens = measured(series), measured(series / 12)
    pd.testing.assert_frame_equal(dozens, each)
    north, south = panel(series, location_id="NORTH"), panel(series * 2, location_id="SOUTH")
    both = measure_seasonality(pd.concat([north, south]), NO_ITEMS, periods=Periods()).set_index("entity_id")
    pd.testing.assert_frame_equal(both, each)


def test_a_category_shows_what_its_items_hide():
    random = np.random.default_rng(8)
    season = 1 + 0.25 * np.sin(np.arange(30) * 2 * np.pi / 12)
    series = [*random.poisson(4 * season, (40, 30)), *random.poisson(4, (40, 30)), random.poisson(9000, 30)]
    items = pd.DataFrame(
        {"item_id": [f"SKU-{n:04d}" for n in range(81)], "category": ["garden"] * 40 + ["spares"] * 41}
    )
    table = measure_seasonality(panel(series), items.sample(frac=1, random_state=3), periods=Periods())
    groups = table[table["entity"] == "category"].set_index("entity_id")
    single = table[table["entity"] == "item"].set_index("entity_id")["is_seasonal"]
    assert groups["is_seasonal"].to_dict() == {"garden": True, "spares": False}
    assert single.iloc[:40].mean() < 0.6
    assert groups.loc["garden", "seasonal_strength"] > 0.9


def test_weeks_are_shortened_to_quarters_and_days_to_weeks():
    random = np.random.default_rng(2)
    weeks = measured([random.poisson(20, 120), random.poisson(20, 110)], "week")
    assert weeks["periods"].tolist() == [117, 104]
    days = measured([random.poisson(20, 300)], "day")
    assert days["periods"].tolist() == [259]
    assert days["cycle_periods"].tolist() == [7]


def test_parts_add_up_to_the_series():
    series = np.random.default_rng(1).poisson(20, (4, 30)).astype(float)
    season, trend = split_series(series, 12)
    assert season.shape == trend.shape == series.shape
    shifted = split_series(series + 100, 12)
    assert shifted[0] == pytest.approx(season)
    assert shifted[1] == pytest.approx(trend + 100)


@pytest.mark.parametrize(
    ("unit", "cycle", "named"), [("month", 12, "April"), ("week", 52, "week 4"), ("day", 7, "Wednesday")]
)
def test_the_peak_is_named_only_where_there_is_a_season(unit, cycle, named):
    """2023-01-01 was a Sunday; the peak lies three periods after the first."""
    place = np.arange(3 * cycle) % cycle
    noise = np.random.default_rng(6).normal(0, 2, 3 * cycle)
    found = measured([100 + 100 * (place == 3) + noise, np.full(3 * cycle, 100.0)], unit)
    assert found["peak"].tolist() == [named, ""]
    assert found["peak_index"].iloc[0] == pytest.approx(200 / (100 + 100 / cycle), rel=0.05)
    assert np.isnan(found["peak_index"].iloc[1])
