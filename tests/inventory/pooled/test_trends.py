"""Trends are followed where they are clear and came before; what only wanders has none."""

import numpy as np
import pandas as pd
import pytest

from segkit import forecast_demand, protection_demand

PLACE = np.arange(72.0)
AHEAD = 8


def table_of(values):
    series, periods = values.shape
    days = pd.date_range("2023-01-02", periods=periods, freq="7D")
    items = [f"SKU-{one:04d}" for one in range(series)]
    return pd.DataFrame(
        {
            "item_id": np.repeat(items, periods),
            "location_id": "DC",
            "period": np.tile(days, series),
            "quantity": values.ravel().astype(float),
        }
    )


def demand(rate, series=20, seed=0):
    return np.random.default_rng(seed).poisson(np.ones((series, 1)) * rate)


def means_of(values, horizon=AHEAD):
    found = forecast_demand(table_of(values), horizon=horizon)
    return found["mean"].to_numpy().reshape(len(values), horizon), found["method"].iloc[0]


@pytest.mark.parametrize(("slope", "start"), [(-0.4, 50.0), (0.5, 10.0)])
def test_a_lasting_trend_is_followed(slope, start):
    rate = start + slope * PLACE
    mean, method = means_of(demand(rate)[:, :-AHEAD])
    came = rate[-AHEAD:]
    level = rate[-AHEAD - 20 : -AHEAD].mean()
    assert "on its trend" in method
    assert np.abs(mean.mean(axis=0) - came).mean() < 0.4 * np.abs(level - came).mean()
    assert (np.sign(np.diff(mean.mean(axis=0))) == np.sign(slope)).all()


def test_what_stays_the_same_or_wanders_has_no_trend():
    steps = np.random.default_rng(1).normal(0, 0.1, (60, 72))
    for values in (demand(30.0 + 0 * PLACE), demand(30 * np.exp(np.cumsum(steps, axis=1)), series=60)):
        mean, method = means_of(values)
        assert "trend" not in method
        assert (np.ptp(mean, axis=1) == 0).all()


def test_some_that_fall_among_many_that_stay_are_told_apart():
    values = np.vstack([demand(30.0 + 0 * PLACE, 40), demand(60 - 0.6 * PLACE, 10)])
    mean, _ = means_of(values[:, :-AHEAD])
    assert mean[:40, -1].mean() == pytest.approx(30, rel=0.04)
    assert mean[40:, -1].mean() == pytest.approx(60 - 0.6 * 71, rel=0.15)


def test_sums_and_quantiles_go_with_the_trend():
    values = demand(50 - 0.4 * PLACE, 60)
    told = protection_demand(table_of(values[:, :-4]), periods=4)
    steps, _ = means_of(values[:, :-4], 4)
    assert told["mean"].to_numpy() == pytest.approx(steps.sum(axis=1))
    assert (values[:, -4:].sum(axis=1) <= told["q95"]).mean() > 0.9
    assert (values[:, -4:].sum(axis=1) <= told["q50"]).mean() == pytest.approx(0.5, abs=0.2)


def test_a_trend_never_takes_more_than_there_is():
    values = demand(70 - 0.8 * PLACE)
    mean, method = means_of(values, 60)
    assert "on its trend" in method
    assert (np.diff(mean.mean(axis=0)) < 0).all()
    assert (mean > 0).all()


def test_the_unit_plays_no_part():
    values = demand(50 - 0.4 * PLACE)
    one, many = (means_of(values * unit)[0] for unit in (1.0, 12.0))
    assert many == pytest.approx(12 * one, rel=1e-6)


@pytest.mark.parametrize(("mean", "chance"), [(1.5, 1.0), (2.0, 0.25)])
def test_what_many_noisy_series_have_in_common_is_lent_to_each(mean, chance):
    """All fall by four fifths; none of them sells enough to show it."""
    rng = np.random.default_rng(2)
    size = mean * rng.gamma(4, 0.25, (200, 1)) / chance
    rate = size * 0.2 ** (np.arange(72.0) / 64)
    values = rng.poisson(rate) * (rng.random(rate.shape) < chance)
    means, _ = means_of(values[:, :-AHEAD])
    assert means.sum() / (chance * rate[:, -AHEAD:].sum()) == pytest.approx(1.0, abs=0.2)


def test_a_few_that_fall_do_not_pull_the_others():
    values = np.vstack([demand(30.0 + 0 * PLACE, 190), demand(60 - 0.6 * PLACE, 10)])
    mean, _ = means_of(values[:, :-AHEAD])
    assert mean[:190].mean() == pytest.approx(30, rel=0.02)


def test_a_step_of_all_is_no_trend():
    values = demand(np.where(PLACE >= 58, 20.0, 10.0), 60)
    mean, method = means_of(values[:, :-AHEAD])
    assert "all moved" in method
    assert mean.mean(axis=0) == pytest.approx(20.0, rel=0.1)
