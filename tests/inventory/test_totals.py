"""Totals: means add up over every grouping, quantiles are honest where the sum of quantiles is not."""

import numpy as np
import pandas as pd
import pytest

from segkit import DataError, forecast_demand, forecast_totals

BY = ["item_id", "location_id", "category"]


def history_of(values, places):
    series, periods = values.shape
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n // places:04d}" for n in range(series)], periods),
            "location_id": np.repeat([f"LOC-{n % places}" for n in range(series)], periods),
            "period": np.tile(pd.date_range("2024-01-01", periods=periods, freq="7D"), series),
            "quantity": values.ravel().astype(float),
        }
    ).sample(frac=1, random_state=1)


def categories(history):
    items = sorted(history["item_id"].unique())
    return pd.DataFrame({"item_id": items, "category": [f"C{place % 3}" for place in range(len(items))]})


@pytest.fixture(scope="module")
def lumpy():
    rng = np.random.default_rng(5)
    values = rng.poisson(rng.gamma(1, 3, (120, 1)), (120, 60)) * (rng.random((120, 60)) < 0.6)
    values[:7, :40] = 0
    values[7] = 0
    return history_of(values, 4)


def test_every_total_is_the_sum_of_its_parts(lumpy):
    attributes = categories(lumpy)
    parts = forecast_demand(lumpy, horizon=3, attributes=attributes).merge(attributes, on="item_id").assign(all="all")
    totals = forecast_totals(lumpy, horizon=3, by=BY, attributes=attributes)
    assert list(totals["entity"].unique()) == [*BY, "all"]
    for name in [*BY, "all"]:
        mine = totals[totals["entity"] == name].set_index(["entity_id", "period"])["mean"]
        added = parts.groupby([name, "period"])["mean"].sum()
        assert len(mine) == len(added)
        np.testing.assert_allclose(mine.to_numpy(), added.to_numpy(), rtol=1e-9, atol=1e-9)


def test_quantiles_of_totals_are_honest_and_narrower_than_sums_of_quantiles():
    rng = np.random.default_rng(11)
    values = rng.negative_binomial(1.5, 1.5 / 5.5, (1_600, 69))
    known, came = values[:, :65], values[:, 65:]
    history = history_of(known, 4)
    totals = forecast_totals(history, horizon=4, quantiles=(0.5, 0.9))
    items = totals[totals["entity"] == "item_id"]
    actual = came.reshape(400, 4, 4).sum(axis=1).ravel()
    for quantile, column in ((0.5, "q50"), (0.9, "q90")):
        limit = items[column].to_numpy()
        assert (actual < limit).mean() - 0.03 < quantile < (actual <= limit).mean() + 0.03
    parts = forecast_demand(history, horizon=4, quantiles=(0.5, 0.9))
    assert items["q90"].sum() < 0.8 * parts["q90"].sum()
    every = totals[totals["entity"] == "all"]
    assert (every["q90"] / every["mean"]).max() < (items["q90"].sum() / items["mean"].sum())


def test_parts_out_of_stock_count_as_forecast_then_in_the_history_of_their_total():
    full = history_of(np.random.default_rng(2).poisson(10, (400, 60)), 4).assign(in_stock=True)
    cut = full.copy()
    out = (cut["location_id"] == "LOC-1") & (cut["period"] >= cut["period"].max() - pd.Timedelta(days=70))
    cut.loc[out, "quantity"], cut.loc[out, "in_stock"] = 0.0, False
    for_sure, told = (forecast_totals(table, horizon=1).query("entity == 'item_id'") for table in (full, cut))
    blind = forecast_totals(cut.drop(columns="in_stock"), horizon=1).query("entity == 'item_id'")
    for column in ("mean", "q90"):
        assert told[column].mean() == pytest.approx(for_sure[column].mean(), rel=0.03)
        assert blind[column].mean() < 0.9 * for_sure[column].mean()


def test_a_column_that_is_not_there_is_told(lumpy):
    with pytest.raises(DataError, match=r"brand not there[\s\S]*item_id, location_id"):
        forecast_totals(lumpy, horizon=1, by=["brand"])


def test_nothing_sold_is_forecast_as_nothing():
    totals = forecast_totals(history_of(np.zeros((4, 12)), 2), horizon=2)
    assert len(totals) == 3 * 2
    assert (totals[["mean", "q50", "q99"]] == 0).all(axis=None)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_stockouts_of_parts_do_not_narrow_their_total(share):
    held, width = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        level = rng.gamma(2, 5, (30, 1))
        values = rng.negative_binomial(2, 2 / (2 + level), (30, 60))
        there = rng.random(values.shape) >= share
        history = history_of(np.where(there, values, 0), 1).sort_values(["item_id", "period"])
        history["in_stock"] = there.ravel()
        total = forecast_totals(history, horizon=1, by=[]).iloc[0]
        came = rng.negative_binomial(2, 2 / (2 + level), (30, 4_000)).sum(axis=0)
        held.append((came <= total["q95"]).mean())
        width.append((total["q95"] - total["mean"]) / (np.quantile(came, 0.95) - came.mean()))
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
    assert np.mean(width) == pytest.approx(1.0, abs=0.15)
