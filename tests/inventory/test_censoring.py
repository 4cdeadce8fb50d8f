"""Demand where stock ran out: simulated with known demand, real with limits imposed, and what may not change."""

import numpy as np
import pandas as pd
import pytest

from segkit import forecast_demand, protection_demand, recover_demand
from segkit.inventory.censoring import AS_SOLD, NOT_KNOWN, NOT_LISTED, NOTHING, PARTLY

WIDE = ("q50", "q80", "q90", "q95")
QUANTILES = (0.5, 0.8, 0.9, 0.95)


def as_history(sold, in_stock=None, first="2023-01-02"):
    series, periods = sold.shape
    table = pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{number:04d}" for number in range(series)], periods),
            "location_id": "NORTH",
            "period": np.tile(pd.date_range(first, periods=periods, freq="7D"), series),
            "quantity": sold.ravel().astype(float),
        }
    )
    if in_stock is not None:
        table["in_stock"] = in_stock.ravel()
    return table.sample(frac=1, random_state=4)


def draw(mean, excess, shape, seed=11):
    rng = np.random.default_rng(seed)
    return rng.poisson(mean if excess == 0 else rng.gamma(1 / excess, mean * excess, shape), shape)


def limited(demand, stock):
    """Return sales of demand that meets a base stock in every period, flagged where it reached it."""
    return np.minimum(demand, stock), demand < stock


def blanked(table):
    return table.assign(quantity=table["quantity"].where(table["in_stock"]))


def mean_of(history):
    return forecast_demand(history, horizon=1)["mean"].mean()


def test_o17_sales_of_demand_10_are_8_75_and_demand_is_recovered():
    sold, in_stock = limited(draw(10, 0, (200, 104)), 10)
    history = as_history(sold, in_stock)
    assert sold.mean() == pytest.approx(8.7488996428, rel=0.005)
    assert recover_demand(history)["recovered"].mean() == pytest.approx(10, rel=0.02)
    assert mean_of(history) == pytest.approx(10, rel=0.025)
    assert mean_of(history.drop(columns="in_stock")) < 9
    assert mean_of(blanked(history)) < 8


@pytest.mark.parametrize(
    ("mean", "excess", "stock"), [(10, 0.3, 10), (10, 0.3, 18), (2, 0.5, 3), (2, 0, 2), (150, 0.1, 160)]
)
def test_forecasts_are_unbiased_through_stockouts(mean, excess, stock):
    demand = draw(mean, excess, (200, 104))
    sold, in_stock = limited(demand, stock)
    history = as_history(sold, in_stock)
    told = forecast_demand(history, horizon=1, quantiles=QUANTILES)
    true = forecast_demand(as_history(demand), horizon=1, quantiles=QUANTILES)
    assert told["mean"].mean() == pytest.approx(demand.mean(), rel=0.035)
    assert mean_of(history.drop(columns="in_stock")) < 0.96 * demand.mean()
    assert mean_of(blanked(history)) < 0.9 * demand.mean()
    assert told[[*WIDE]].mean().to_numpy() == pytest.approx(true[[*WIDE]].mean().to_numpy(), rel=0.06, abs=0.4)


@pytest.mark.parametrize("periods", [130, 143, 156])
def test_a_season_is_seen_through_stockouts(periods):
    usual = 10 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(periods) / 52))
    demand = draw(usual[None, :], 0, (120, periods))
    history = as_history(*limited(demand, 12))
    true = mean_of(as_history(demand))
    assert mean_of(history) == pytest.approx(true, rel=0.03)
    if np.sin(2 * np.pi * periods / 52) > -0.5:  # at the trough of the season stock hardly ever runs out
        assert abs(mean_of(blanked(history)) - true) > 0.04 * true


def test_stockouts_that_have_nothing_to_do_with_demand_leave_the_forecast_unbiased():
    demand = draw(10, 0.3, (200, 104))
    away = np.random.default_rng(5).random(demand.shape) < 0.2
    history = as_history(np.where(away, 0, demand), ~away)
    assert mean_of(history) == pytest.approx(10, rel=0.02)
    assert mean_of(history.drop(columns="in_stock")) == pytest.approx(8, rel=0.03)
    told = recover_demand(history)
    assert told.loc[~told["in_stock"], "recovered"].mean() == pytest.approx(10, rel=0.03)


def test_a_long_stockout_neither_pulls_the_level_down_nor_inflates_it():
    demand = draw(10, 0.3, (100, 104))
    away = np.zeros(demand.shape, dtype=bool)
    away[:, 60:100] = True
    history = as_history(np.where(away, 0, demand), ~away)
    assert mean_of(history) == pytest.approx(10, rel=0.03)
    told = recover_demand(history)
    long = told[~told["in_stock"]]
    assert long["recovered"].mean() == pytest.approx(10, rel=0.03)
    assert set(long["method"]) == {NOTHING}
    assert long.groupby("item_id")["recovered"].std().max() == pytest.approx(0, abs=1e-9)


def test_sums_over_the_lead_time_scatter_as_demand_does():
    demand = draw(10, 0.3, (200, 104))
    history = as_history(*limited(demand, 16))
    told, true = (protection_demand(table, periods=3, quantiles=QUANTILES) for table in (history, as_history(demand)))
    assert told["sd"].mean() == pytest.approx(true["sd"].mean(), rel=0.06)
    assert told["q95"].mean() == pytest.approx(true["q95"].mean(), rel=0.04)


def test_reasons_and_bounds():
    sold = np.array([[0, 0, 5, 4, 6, 9, 0, 5.0], [7, 5, 6, 6, 5, 4, 5, 6], [8, 8, 0, 0, 0, 0, 0, 0]])
    there = np.array([[0, 0, 1, 1, 1, 0, 0, 1], [0, 1, 1, 1, 1, 1, 0, 1], [1, 0, 1, 1, 1, 1, 1, 0]], dtype=bool)
    told = recover_demand(as_history(sold, there))
    recovered = told["recovered"].to_numpy().reshape(sold.shape)
    method = told["method"].to_numpy().reshape(sold.shape)
    assert method[0].tolist() == [NOT_LISTED] * 2 + [AS_SOLD] * 3 + [PARTLY, NOTHING, AS_SOLD]
    assert method[1].tolist() == [NOT_KNOWN, *[AS_SOLD] * 5, PARTLY, AS_SOLD]
    assert (recovered[there] == sold[there]).all()
    assert (recovered[:2] >= sold[:2]).all()
    assert recovered[0, :2].tolist() == [0, 0]
    assert recovered[0, 5] > 9
    assert recovered[1, 0] == 7
    assert told["item_id"].is_monotonic_increasing


def test_a_quantity_that_is_not_known_is_forecast():
    sold = np.full((3, 30), 6.0)
    table = as_history(sold)
    last = table["period"] == table["period"].max()
    told = recover_demand(table.assign(quantity=table["quantity"].mask(last)))
    ends = told[told["period"] == told["period"].max()]
    assert ends["recovered"].tolist() == pytest.approx([6.0] * 3)
    assert set(ends["method"]) == {NOTHING}


def test_without_stockouts_nothing_changes_to_the_bit():
    table = as_history(draw(4, 0.5, (60, 60)))
    plain = forecast_demand(table, horizon=3)
    pd.testing.assert_frame_equal(plain, forecast_demand(table.assign(in_stock=True), horizon=3), check_exact=True)
    told = recover_demand(table)
    assert (told["recovered"] == told["quantity"]).all()


def test_later_periods_change_no_level_that_was_known_before():
    from segkit.inventory.pooled.factors import Factors
    from segkit.inventory.pooled.panel import read_panel
    from segkit.inventory.pooled.uncensoring import uncensor

    demand = draw(10, 0.3, (1, 60))
    sold, in_stock = limited(demand, 12)
    flat = Factors(np.ones((1, 60)), np.zeros(1, dtype=int), (), np.ones((1, 60)))
    both = []
    for change in (0, 1):
        changed = sold.copy()
        changed[0, 59] += change * in_stock[0, 59]
        both.append(uncensor(read_panel(as_history(changed, in_stock)), flat, seed=0)[0].values)
    assert (in_stock[0, :59] | (both[0][0, :59] > sold[0, :59])).all()
    assert both[0][0, :59] == pytest.approx(both[1][0, :59], rel=0.05)


def test_each_or_dozen_and_names_do_not_matter():
    sold, in_stock = limited(draw(8, 0.4, (40, 60)), 11)
    history = as_history(sold, in_stock)
    told = recover_demand(history)
    dozen = recover_demand(history.assign(quantity=history["quantity"] * 12))
    assert dozen["recovered"].to_numpy() == pytest.approx(12 * told["recovered"].to_numpy())
    names = {f"SKU-{number:04d}": f"SKU-{(number * 7) % 40:04d}" for number in range(40)}
    renamed = recover_demand(history.assign(item_id=history["item_id"].map(names)))
    back = {new: old for old, new in names.items()}
    again = renamed.assign(item_id=renamed["item_id"].map(back)).sort_values(["item_id", "period"])
    assert again["recovered"].to_numpy() == pytest.approx(told["recovered"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("periods", [1, 2, 3])
def test_short_histories_and_those_never_in_stock(periods):
    sold = np.array([[3.0] * periods, [0.0] * periods, [np.nan] * periods])
    for there in (True, False):
        told = recover_demand(as_history(sold, np.full(sold.shape, there)))
        assert len(told) == sold.size
        known = told[told["item_id"] != "SKU-0002"]
        assert (known["recovered"] >= known["quantity"]).all()
        assert np.isfinite(told["recovered"]).all()


@pytest.fixture(scope="module")
def vn2(real_data):
    """Return real weekly sales by store and product, in-stock flags, and the first week sold."""
    folder = real_data / "vn2"
    names = ("sales", "in_stock")
    sales, there = (pd.read_parquet(next(folder.glob(f"{name}_weekly*.parquet"))).iloc[:, 2:] for name in names)
    values, in_stock = sales.to_numpy(dtype=float), there.to_numpy(dtype=bool)
    return values, in_stock, (values > 0).argmax(axis=1)


def base_stocks(values, known, factor):
    """Return base stocks of as many times the mean sales of the 13 weeks before."""
    sums, number = (
        np.cumsum(np.pad(table * known, ((0, 0), (1, 0))), axis=1) for table in (values, np.ones_like(values))
    )
    low = np.maximum(np.arange(values.shape[1]) - 13, 0)
    mean = (sums[:, :-1] - sums[:, low]) / np.maximum(number[:, :-1] - number[:, low], 1)
    return np.maximum(np.ceil(factor * mean), 1)


def test_real_demand_under_imposed_stock_limits_is_forecast_as_if_it_had_been_seen(vn2):
    """VN2 demand meets base stocks; the real demand of the next weeks judges: bias and pinball."""
    values, in_stock, start = vn2
    known = in_stock & (np.arange(values.shape[1]) >= start[:, None])
    stock = base_stocks(values, known, 1.5)
    short = known & (values >= stock) & (values > 0)
    sold = np.where(short, stock, values)
    assert 0.2 < short.sum() / known.sum() < 0.35
    scores = {name: np.zeros(3) for name in ("true", "raw", "masked", "recovered")}
    for origin in (120, 138, 152):
        judged = known[:, origin : origin + 3] & (start < origin)[:, None]
        tables = {
            "true": as_history(values[:, :origin], in_stock[:, :origin]),
            "raw": as_history(sold[:, :origin]),
            "masked": blanked(as_history(sold[:, :origin], in_stock[:, :origin] & ~short[:, :origin])),
            "recovered": as_history(sold[:, :origin], in_stock[:, :origin] & ~short[:, :origin]),
        }
        actual = values[:, origin : origin + 3][judged]
        for name, table in tables.items():
            told = forecast_demand(table, horizon=3, quantiles=QUANTILES)
            mean = told["mean"].to_numpy().reshape(-1, 3)[judged]
            off = actual[:, None] - told[[*WIDE]].to_numpy().reshape(-1, 3, 4)[judged]
            loss = np.maximum(np.array(QUANTILES) * off, (np.array(QUANTILES) - 1) * off).mean()
            scores[name] += [(mean - actual).sum(), loss * len(actual), actual.sum()]
    bias = {name: score[0] / score[2] for name, score in scores.items()}
    loss = {name: score[1] / score[2] for name, score in scores.items()}
    assert abs(bias["recovered"] - bias["true"]) < 0.07
    assert bias["raw"] < bias["true"] - 0.1
    assert bias["masked"] < bias["true"] - 0.25
    assert loss["true"] < loss["recovered"] < loss["raw"] < loss["masked"]


def test_real_weeks_without_stock_are_no_weeks_without_demand(vn2):
    """In VN2 a flagged week never has sales: it is left out, and what is recovered is the forecast made before."""
    values, in_stock, start = vn2
    rows = np.flatnonzero((~in_stock & (np.arange(values.shape[1]) >= start[:, None])).sum(axis=1) > 20)
    told = recover_demand(as_history(values[rows], in_stock[rows]))
    assert not (told["method"] == PARTLY).any()
    away = told["method"] == NOTHING
    assert away.sum() > 800
    inside = told[told["method"] == AS_SOLD]
    usual = inside.groupby("item_id")["recovered"].mean()
    share = told[away].groupby("item_id")["recovered"].mean() / usual
    assert 0.5 < share.median() < 1.5
