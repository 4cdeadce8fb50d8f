"""Short series lean on others at the size of their place, and say how little they know."""

import numpy as np
import pandas as pd
import pytest

from segkit import forecast_demand, protection_demand

PLACES = {"LOC-BIG": 10.0, "LOC-MID": 3.0, "LOC-SMALL": 1.0}
WEEKS = pd.date_range("2024-01-01", periods=60, freq="7D")


def company(seed, items=40):
    """Return items sold in places of known sizes, the last of each place launched a few weeks ago, and their rates."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        popular = rng.gamma(4, 0.5)
        for place, size in PLACES.items():
            rate = popular * size * rng.gamma(20, 1 / 20)
            new = place == list(PLACES)[item % 3] and item % 2 == 0
            weeks = int(rng.integers(1, 4)) if new else 60
            sold = rng.poisson(rate, 60) * (np.arange(60) >= 60 - weeks)
            sold[60 - weeks] = max(sold[60 - weeks], 1)
            rows.append((f"SKU-{item:04d}", place, rate, new, sold))
    keys = pd.DataFrame([row[:4] for row in rows], columns=["item_id", "location_id", "rate", "new"])
    table = keys[["item_id", "location_id"]].loc[np.repeat(keys.index, 60)].reset_index(drop=True)
    return table.assign(period=np.tile(WEEKS, len(keys)), quantity=np.concatenate([row[4] for row in rows])), keys


def test_an_item_new_in_a_small_place_is_not_forecast_as_in_a_large_one():
    history, keys = company(0)
    found = forecast_demand(history, horizon=1).merge(keys, on=["item_id", "location_id"])
    new = found[found["new"]]
    assert (new["method"] == "analogue: item_id").all()
    for _, mine in new.groupby("location_id"):
        assert mine["mean"].mean() == pytest.approx(mine["rate"].mean(), rel=0.25)


def test_an_item_sold_nowhere_yet_takes_the_size_of_its_place():
    history, _ = company(1)
    known = pd.to_numeric(history["item_id"].str[4:]) % 2 == 1
    mute = (history["item_id"] == "SKU-0001") & (history["location_id"] == "LOC-SMALL")
    history = history[known].assign(in_stock=~mute[known], quantity=history["quantity"].where(~mute)[known])
    found = forecast_demand(history, horizon=1).set_index(["item_id", "location_id"])["mean"]
    assert found["SKU-0001", "LOC-SMALL"] == pytest.approx(found["SKU-0001", "LOC-BIG"] / 10, rel=0.35)
    assert found["SKU-0001", "LOC-SMALL"] == pytest.approx(found["SKU-0001", "LOC-MID"] / 3, rel=0.35)


@pytest.mark.parametrize("periods", [1, 4])
def test_quantiles_of_short_series_hold_what_they_say(periods):
    held, count = 0.0, 0
    rng = np.random.default_rng(9)
    for seed in range(12):
        history, keys = company(seed)
        found = protection_demand(history, periods=periods).merge(keys, on=["item_id", "location_id"])
        new = found[found["new"]]
        came = rng.poisson(new["rate"] * periods, (200, len(new)))
        held += (came <= new["q95"].to_numpy()).mean(axis=0).sum()
        count += len(new)
    assert 0.93 < held / count < 0.99


def test_few_periods_alone_are_doubted():
    rng = np.random.default_rng(3)
    rate = rng.gamma(3, 2, 300)
    values = rng.poisson(rate[:, None], (300, 3))
    values[:, 0] = np.maximum(values[:, 0], 1)
    items = [f"SKU-{n:04d}" for n in range(300)]
    history = pd.DataFrame({"item_id": np.repeat(items, 3), "location_id": "DC", "period": np.tile(WEEKS[:3], 300)})
    found = protection_demand(history.assign(quantity=values.ravel()), periods=4)
    came = rng.poisson(4 * rate, (400, 300))
    assert (came <= found["q95"].to_numpy()).mean() > 0.92


def test_places_that_never_sold_an_item_say_nothing_of_it():
    rng = np.random.default_rng(4)
    usual = [(f"SKU-{one:04d}", "LOC-1", rng.poisson(10, 60)) for one in range(60)]
    new = np.where(np.arange(60) >= 58, 21, 0)
    rows = [*usual, ("SKU-NEW", "LOC-1", new), ("SKU-NEW", "LOC-0", np.zeros(60))]
    table = pd.concat(
        pd.DataFrame({"item_id": item, "location_id": place, "period": WEEKS, "quantity": sold.astype(float)})
        for item, place, sold in rows
    )
    found = forecast_demand(table, horizon=1).set_index(["item_id", "location_id"]).loc[("SKU-NEW", "LOC-1")]
    assert found["mean"] == pytest.approx(21, rel=0.1)
    assert found["q95"] > 25


def test_one_period_of_a_new_company_tells_little():
    """Demand scatters as widely as its mean, which no earlier error can show yet."""
    rng = np.random.default_rng(4)
    size = rng.gamma(1, 10, (400, 1))
    values = rng.poisson(size * rng.gamma(1, 1, (400, 7)))
    values[:, 0] = np.maximum(values[:, 0], 1)
    history = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(400)], "location_id": "DC", "period": WEEKS[0]})
    found = protection_demand(history.assign(quantity=values[:, 0]), periods=6)
    assert (values[:, 1:].sum(axis=1) <= found["q95"]).mean() > 0.8
