"""Forecasts of those that sleep, of launches and of all others, against what then came of series made for it."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.credibility import sales_so_far
from segkit.inventory.pooled import fitting
from segkit.inventory.pooled.contest import NONE
from segkit.inventory.pooled.fitting import fit_demand
from segkit.inventory.pooled.panel import read_panel

KNOWN, AHEAD = 50, 4


def panel_of(values):
    series, periods = values.shape
    return read_panel(
        pd.DataFrame(
            {
                "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], periods),
                "location_id": "NORTH",
                "period": np.tile(pd.date_range("2022-01-03", periods=periods, freq="7D"), series),
                "quantity": values.ravel(),
            }
        )
    )


def sleepers(series=1_500, seed=1):
    """Poisson demand around 3 a week; now and then a series has no stock for ten weeks on average, and nobody says."""
    rng = np.random.default_rng(seed)
    gone = np.zeros(series, dtype=bool)
    values = rng.poisson(rng.gamma(4, 0.75, (series, 1)), (series, KNOWN + AHEAD)).astype(float)
    for period in range(5, KNOWN + AHEAD):
        gone = np.where(gone, rng.random(series) > 0.1, rng.random(series) < 0.03)
        values[gone, period] = 0.0
    return values


def launches(series=800, seed=2):
    """Series that begin at some time, four in a hundred a week, and sell 2 a week from then on."""
    rng = np.random.default_rng(seed)
    begin = rng.geometric(0.04, (series, 1))
    values = rng.poisson(2.0, (series, KNOWN + AHEAD)).astype(float)
    return np.where(np.arange(KNOWN + AHEAD)[None, :] >= begin, values, 0.0)


def fit(values):
    return fit_demand(panel_of(values[:, :KNOWN]), None, None, ahead=AHEAD, seed=0)


@pytest.mark.parametrize("weeks", [8, 12, 20])
def test_long_sleepers_are_told_better_than_by_their_levels(monkeypatch, weeks):
    values = sleepers()
    silent = (values[:, KNOWN - weeks : KNOWN] == 0).all(axis=1) & (values[:, :KNOWN] > 0).any(axis=1)
    came = values[:, KNOWN:].sum(axis=1)
    told = fit(values).levels.ahead(1, AHEAD)
    monkeypatch.setattr(fitting, "put_right", lambda _panel, _bare, _factors, table, **_: (table, 0.0))
    plain = fit(values).levels.ahead(1, AHEAD)
    assert silent.sum() > 50
    assert abs(told[silent].mean() - came[silent].mean()) < 0.75 * abs(plain[silent].mean() - came[silent].mean())
    assert 0.9 < told.mean() / came.mean() < 1.1


def test_demand_that_never_sleeps_is_left_alone():
    rng = np.random.default_rng(3)
    values = rng.poisson(rng.gamma(9, 1, (600, 1)), (600, KNOWN)).astype(float)
    found = fit(values)
    assert abs(found.levels.table[:, -1].mean() / values.mean() - 1) < 0.03


def test_launches_sell_what_earlier_ones_did():
    values = launches()
    found, unsold = fit(values), ~(values[:, :KNOWN] > 0).any(axis=1)
    told, came = found.levels.ahead(1, AHEAD)[unsold], values[unsold, KNOWN:].sum(axis=1)
    assert unsold.sum() > 50
    assert (told == told[0]).all()
    assert 0.5 < told[0] / came.mean() < 2.0
    assert set(found.method[unsold]) == {"analogue: launches"}


def test_a_few_launches_say_nothing():
    values = launches(series=9)
    values[0] = 0.0
    found = fit(values)
    assert found.levels.ahead(1, AHEAD)[0] == 0.0
    assert found.method[0] == NONE


def test_the_unit_does_not_matter():
    values = np.concatenate([sleepers(series=400), launches(series=400)])
    own, dozens = fit(values).levels, fit(12 * values).levels
    np.testing.assert_allclose(12 * own.table, dozens.table, rtol=1e-9)


def test_the_future_is_not_looked_at():
    values = np.concatenate([sleepers(series=300), launches(series=300)])
    later = np.where(np.arange(values.shape[1]) >= KNOWN, 99.0, values)
    (mean, stage), (other, staged) = (
        sales_so_far(panel.values, panel.observed, panel.start) for panel in map(panel_of, (values, later))
    )
    np.testing.assert_array_equal(mean[:, :KNOWN], other[:, :KNOWN])
    np.testing.assert_array_equal(stage[:, :KNOWN], staged[:, :KNOWN])
    assert (mean[:, KNOWN:] != other[:, KNOWN:]).all()
