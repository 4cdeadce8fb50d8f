"""A season is found where two cycles of it are known, and where there is none, none is."""

import numpy as np
import pandas as pd
import pytest

from segkit import forecast_demand, forecast_totals


def history(freq, cycle, periods, amplitude, *, growth=0.15, items=60):
    """Return Poisson demand with a season of one sine a cycle, and the rates of the six periods after it."""
    rng = np.random.default_rng(0)
    place = np.arange(periods + 6)
    rate = 20 * (1 + amplitude * np.sin(2 * np.pi * place / cycle)) * (1 + growth * place / cycle)
    rate = rate * rng.gamma(4, 0.25, (items, 1))
    start = {"MS": "2022-01-01", "D": "2024-01-01"}.get(freq, "2022-01-03")
    days = pd.date_range(start, periods=periods, freq=freq)
    table = pd.DataFrame({"item_id": [f"SKU-{one:04d}" for one in range(items)]}).merge(
        pd.DataFrame({"location_id": "DC", "period": days}), how="cross"
    )
    return table.assign(quantity=rng.poisson(rate[:, :periods]).ravel().astype(float)), rate[:, periods:]


@pytest.mark.parametrize(
    ("freq", "cycle", "periods"),
    [("7D", 52, 104), ("7D", 52, 105), ("7D", 52, 130), ("MS", 12, 24), ("D", 7, 14), ("28D", 13, 26)],
)
def test_two_cycles_tell_the_season(freq, cycle, periods):
    table, rate = history(freq, cycle, periods, 0.4)
    found = forecast_demand(table, horizon=6)["mean"].to_numpy().reshape(rate.shape)
    usual = rate.mean(axis=0) / rate.mean()
    assert found.mean(axis=0) / found.mean() == pytest.approx(usual, rel=0.1)
    assert np.corrcoef(found.mean(axis=0), usual)[0, 1] > 0.9


@pytest.mark.parametrize(("freq", "cycle", "periods"), [("7D", 52, 104), ("MS", 12, 24)])
def test_a_trend_of_two_cycles_is_no_season(freq, cycle, periods):
    table, rate = history(freq, cycle, periods, 0.0, growth=0.5)
    found = forecast_demand(table, horizon=6)["mean"].to_numpy().reshape(rate.shape).mean(axis=0)
    assert found == pytest.approx(rate.mean(axis=0), rel=0.07)
    assert (np.diff(found) >= 0).all()


def test_less_than_two_cycles_tell_none():
    table, rate = history("MS", 12, 23, 0.4)
    found = forecast_demand(table, horizon=6)["mean"].to_numpy().reshape(rate.shape)
    assert (np.ptp(found, axis=1) == 0).all()


@pytest.mark.parametrize(("freq", "cycle", "periods"), [("MS", 12, 24), ("MS", 12, 36), ("7D", 52, 104)])
def test_a_season_fitted_to_the_past_does_not_narrow_what_is_ahead(freq, cycle, periods):
    """With errors against the season that was fitted to them, totals of 24 months held .72, of 104 weeks .93."""
    held, usual = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        rate = 20 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(periods + 1) / cycle)) * rng.gamma(4, 0.25, (40, 1))
        known = rng.negative_binomial(1, 1 / (1 + rate[:, :-1]))
        table, _ = history(freq, cycle, periods, 0.5, items=40)
        found = forecast_totals(table.assign(quantity=known.ravel().astype(float)), horizon=1, by=[]).iloc[0]
        came = rng.negative_binomial(1, 1 / (1 + rate[:, -1:]), (40, 2_000)).sum(axis=0)
        held.append((found["q95"] - found["mean"]) / (np.quantile(came, 0.95) - came.mean()))
        usual.append((came <= found["q95"]).mean())
    assert 0.9 < np.mean(held) < 1.6
    assert np.mean(usual) > 0.85
