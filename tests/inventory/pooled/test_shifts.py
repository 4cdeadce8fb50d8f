"""A few that changed lately are told from the others, as far as such changes lasted before; so is what all did."""

import numpy as np
import pandas as pd
import pytest

from segkit import forecast_demand, protection_demand
from segkit.formulas.scatter_kernels import count_by_size
from segkit.inventory.pooled import fitting
from segkit.inventory.pooled.fitting import fit_demand
from segkit.inventory.pooled.panel import read_panel
from segkit.inventory.pooled.shifts import Shifted, follow_shifts

KNOWN, AHEAD, SERIES, FEW = 56, 6, 300, 20
LATE = np.arange(KNOWN + AHEAD) >= KNOWN - 6


def table_of(values):
    series, periods = values.shape
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{one:04d}" for one in range(series)], periods),
            "location_id": "DC",
            "period": np.tile(pd.date_range("2023-01-02", periods=periods, freq="7D"), series),
            "quantity": values.ravel().astype(float),
        }
    )


def rates(times, changed=FEW, mean=10.0, seed=0):
    size = np.random.default_rng(seed).gamma(4, mean / 4, (SERIES, 1))
    first = (np.arange(SERIES) < changed)[:, None]
    return size * np.where(first & LATE, times, 1.0)


def told(rate, seed=1):
    values = np.random.default_rng(seed).poisson(rate)
    found = forecast_demand(table_of(values[:, :KNOWN]), horizon=AHEAD)
    mean, high = (found[name].to_numpy().reshape(SERIES, AHEAD) for name in ("mean", "q95"))
    return mean, (values[:, KNOWN:] <= high), found["method"].to_numpy()[::AHEAD], values


@pytest.mark.parametrize(("times", "low", "high"), [(0.0, 0.0, 0.05), (2.0, 1.6, 2.1), (3.0, 2.6, 3.1)])
def test_a_minority_that_changed_is_followed_and_the_others_are_not(times, low, high):
    rate = rates(times)
    mean, _, method, _ = told(rate)
    usual = rates(1.0)[:, KNOWN:]
    assert low <= mean[:FEW].sum() / usual[:FEW].sum() <= high
    assert mean[FEW:].sum() / rate[FEW:, KNOWN:].sum() == pytest.approx(1.0, abs=0.01)
    assert np.char.find(method[:FEW].astype(str), "since its change").__ge__(0).mean() > 0.6
    assert np.char.find(method[FEW:].astype(str), "since its change").__ge__(0).mean() < 0.02


def test_a_changed_level_has_its_doubt(monkeypatch):
    rate = rates(3.0)
    _, held, _, values = told(rate)
    assert held[:FEW].mean() > 0.85
    assert held[FEW:].mean() > 0.93
    history = table_of(values[:, :KNOWN])
    wide = protection_demand(history, periods=4)
    same = lambda *args, **named: Shifted(**{**vars(follow_shifts(*args, **named)), "doubt": np.zeros(SERIES)})  # noqa: E731
    monkeypatch.setattr(fitting, "follow_shifts", same)
    narrow = protection_demand(history, periods=4)
    assert (wide["q95"] > narrow["q95"])[:FEW].mean() > 0.8
    assert wide["mean"].to_numpy() == pytest.approx(narrow["mean"].to_numpy())


@pytest.mark.parametrize(("times", "mean"), [(2.0, 1.5), (0.5, 1.5), (2.0, 10.0)])
def test_what_all_did_is_told_of_each_however_little_it_sells(times, mean):
    rate = rates(times, changed=SERIES, mean=mean)
    made, _, method, _ = told(rate)
    assert made.sum() / rate[:, KNOWN:].sum() == pytest.approx(1.0, abs=0.15)
    assert (np.char.find(method.astype(str), "all moved") >= 0).all()


def test_what_stays_the_same_is_not_moved(monkeypatch):
    rate = rates(1.0)
    mean, _, method, values = told(rate)
    assert not (np.char.find(method.astype(str), "all moved") >= 0).any()
    plain = lambda _panel, _bare, _factors, table, **_: Shifted(  # noqa: E731
        table, np.zeros(len(table)), None, np.ones(3), np.ones(table.shape[1])
    )
    monkeypatch.setattr(fitting, "follow_shifts", plain)
    other = forecast_demand(table_of(values[:, :KNOWN]), horizon=AHEAD)["mean"].to_numpy().reshape(SERIES, AHEAD)
    error, usual = (np.abs(one - rate[:, KNOWN:]).sum() for one in (mean, other))
    assert error <= 1.01 * usual


@pytest.mark.parametrize("closed", [(55,), (54,), (54, 55), (52, 53, 54)])
def test_weeks_in_which_a_company_was_closed_change_no_level(closed):
    rate = rates(1.0)
    rate[:, list(closed)] = 0.0
    mean, _, method, _ = told(rate)
    assert mean.sum() == pytest.approx(rates(1.0)[:, KNOWN:].sum(), rel=0.08)
    assert not any("moved" in one or "change" in one for one in method)


def test_a_third_that_fell_does_not_move_the_others():
    rate = rates(0.2, changed=SERIES // 3)
    mean, *_ = told(rate)
    rest = slice(SERIES // 3, None)
    assert mean[rest].sum() == pytest.approx(rate[rest, KNOWN:].sum(), rel=0.05)


def test_silence_that_never_lasted_is_not_believed(monkeypatch):
    """Every series pauses for six weeks at some time and comes back; a few pause now."""
    rng = np.random.default_rng(3)
    values = rng.poisson(10.0, (SERIES, KNOWN))
    begin = rng.integers(16, KNOWN - 12, SERIES)
    begin[:FEW] = KNOWN - 6
    place = np.arange(KNOWN)[None, :]
    values[(place >= begin[:, None]) & (place < begin[:, None] + 6)] = 0
    kept = {}
    monkeypatch.setattr(
        fitting, "follow_shifts", lambda *args, **named: kept.setdefault("is", follow_shifts(*args, **named))
    )
    found = fit_demand(read_panel(table_of(values)), None, None, ahead=4, seed=0)
    assert kept["is"].rarer[0] < 0.01
    assert found.levels.table[:FEW, -1].mean() > 5.0


def test_short_histories_have_no_changes():
    values = np.random.default_rng(4).poisson(10.0, (30, 10))
    values[:3, -4:] = 0
    found = forecast_demand(table_of(values), horizon=2)
    assert not found["method"].str.contains("change|moved").any()


def test_a_lower_level_of_lumps_means_fewer_of_them_not_larger_ones():
    rng, later = np.random.default_rng(7), 40
    late, first = np.arange(KNOWN + later) >= KNOWN - 6, np.arange(SERIES) < FEW
    often = 0.9 * np.where(first[:, None] & late, 0.05, 1.0)
    sizes = np.ceil(20.0 * rng.lognormal(0.0, 0.8, (SERIES, KNOWN + later)))
    values = (rng.random((SERIES, KNOWN + later)) < often) * sizes
    found = protection_demand(table_of(values[:, :KNOWN]), periods=1)
    fell = found["method"].str.contains("since its change").to_numpy() & first
    assert fell.sum() > FEW / 2
    assert (found["q99"][fell] <= values[fell, :KNOWN].max(axis=1)).all()
    assert (values[fell, KNOWN:] > found["q99"].to_numpy()[fell, None]).mean() <= 0.01
    assert found["sd"][fell].mean() < found["sd"][~first].mean()  # they still sell twenty times as often


def test_errors_from_before_a_level_fell_count_as_those_of_more_demand():
    levels = np.repeat([[20.0], [20.0], [2.0]], 24, axis=1)
    levels[0, 12:] = 2.0
    changed = np.zeros(levels.shape, dtype=bool)
    changed[0, 12:] = True
    number = np.tile(np.arange(24, dtype=np.float32), (3, 1))
    sizes, usual = np.log(np.array([1.0, 100.0])), np.zeros((1, 2))
    known = np.ones(levels.shape, dtype=bool), np.zeros(3, dtype=int), np.ones((3, 1))
    count_by_size(number, changed, *known, levels, np.zeros(3, dtype=int), sizes, usual, 0.12, 1e-6)
    more = np.sqrt((20 + 0.12 * 20**2) / (2 + 0.12 * 2**2))  # by how much larger errors are usual at the level before
    assert number[0, 12:] == pytest.approx(12 * more + np.arange(12))
    assert (number[1:] == np.arange(24)).all()
    assert (number[0, :12] == np.arange(12)).all()
