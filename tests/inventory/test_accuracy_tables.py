"""Accuracy tables against hand cases and a twin that walks through every series, origin and period."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.formulas import point_accuracy as points
from segkit.inventory.judged import measure_entities
from segkit.inventory.scales import origin_scales

LEVELS = {"q50": 0.5, "q80": 0.8, "q95": 0.95}
COLUMNS = ["series", "origins", "judged_periods", "unjudged_periods", "unscaled_series", "wape", "sum_wape", "bias"]
COLUMNS += ["rmsse", "mase", "value_added", "pinball", "scaled_pinball", "actual", "forecast"]


def company(seed=1, series=9, periods=20, origins=(12, 14), horizon=3):
    """Return demand with stock-outs and gaps, and forecasts of two methods, rows shuffled."""
    random = np.random.default_rng(seed)
    weeks = pd.date_range("2025-01-06", periods=periods, freq="7D", unit="us")
    names = pd.DataFrame(
        {
            "item_id": [f"SKU-{n // 2:04d}" for n in range(series)],
            "location_id": ["NORTH", "SOUTH"] * (series // 2) + ["NORTH"] * (series % 2),
        }
    )
    names = names.assign(
        pattern=random.choice(["smooth", "lumpy"], series), unit_cost=random.integers(1, 9, series) / 2
    )
    demand = names.merge(pd.DataFrame({"period": weeks}), how="cross")
    demand["quantity"] = random.poisson(random.choice([0.3, 2.0, 9.0], series).repeat(periods)).astype(float)
    demand["in_stock"] = random.random(len(demand)) > 0.1
    demand.loc[random.random(len(demand)) < 0.03, "quantity"] = np.nan
    demand = demand[random.random(len(demand)) > 0.03]
    rows = names.merge(pd.DataFrame({"origin": weeks[list(origins)]}), how="cross")
    rows = rows.merge(pd.DataFrame({"step": range(1, horizon + 1)}), how="cross").merge(
        pd.DataFrame({"method": ["naive", "pooled"]}), how="cross"
    )
    rows["period"] = (rows["origin"] + pd.to_timedelta(7 * rows.pop("step"), "D")).astype("datetime64[us]")
    rows["mean"] = random.gamma(1.5, 3.0, len(rows)).round(1)
    quantiles = np.sort(random.poisson(rows["mean"].to_numpy()[:, None], (len(rows), 3)), axis=1).astype(float)
    rows[list(LEVELS)] = quantiles
    demand = demand[["item_id", "location_id", "period", "quantity", "in_stock"]]
    return rows.sample(frac=1, random_state=seed), demand.sample(frac=1, random_state=seed)


def slow_history(demand, item, place, origin):
    """Return the known demand of a series from its first sale to an origin, NaN where it is not known."""
    rows = demand[(demand["item_id"] == item) & (demand["location_id"] == place) & (demand["period"] <= origin)]
    known = [
        q if ok else math.nan for q, ok in rows.sort_values("period")[["quantity", "in_stock"]].itertuples(index=False)
    ]
    sold = [n for n, q in enumerate(known) if q > 0]
    return known[sold[0] :] if sold else []


def slow_scales(known):
    steps = [b - a for a, b in pairwise(known) if not math.isnan(a + b)]
    if not steps:
        return math.nan, math.nan
    return sum(map(abs, steps)) / len(steps), sum(step**2 for step in steps) / len(steps)


def slow_accuracy(forecasts, demand, weight=""):
    """Return the accuracy of a group of forecasts of one method beside the naive ones, one period after the other."""
    came = {
        tuple(row[:3]): row[3] if row[4] else math.nan
        for row in demand[["item_id", "location_id", "period", "quantity", "in_stock"]].itertuples(index=False)
    }
    total, cells, naive = (
        dict.fromkeys(("size", "gap", "came", "said", "loss", "met", "naive", "judged", "not"), 0.0),
        {},
        {},
    )
    for row in forecasts[forecasts["method"] == "naive"].itertuples():
        naive[row.item_id, row.location_id, row.origin, row.period] = row.mean
    for row in forecasts[forecasts["method"] == "pooled"].itertuples():
        y = came.get((row.item_id, row.location_id, row.period), math.nan)
        if math.isnan(y):
            total["not"] += 1
            continue
        worth = getattr(row, weight) if weight else 1.0
        short = {name: y - getattr(row, name) for name in LEVELS}
        loss = sum(max(p * short[name], (p - 1) * short[name]) for name, p in LEVELS.items()) / len(LEVELS)
        error = row.mean - y
        beat = abs(naive[row.item_id, row.location_id, row.origin, row.period] - y)
        added = {
            "size": abs(error),
            "gap": error,
            "came": y,
            "said": row.mean,
            "loss": loss,
            "met": abs(error),
            "naive": beat,
        }
        for name, value in added.items():
            total[name] += value * worth
        total["judged"] += 1
        cells.setdefault((row.item_id, row.location_id, row.origin), []).append((error, y, loss, worth))
    scaled = {"mase": [], "rmsse": [], "scaled_pinball": []}
    sums, unscaled = [0.0, 0.0], set()
    for (item, place, origin), periods in cells.items():
        absolute, squared = slow_scales(slow_history(demand, item, place, origin))
        sums[0] += abs(sum(e * w for e, _, _, w in periods))
        sums[1] += abs(sum(y * w for _, y, _, w in periods))
        if not absolute > 0:
            unscaled.add((item, place))
            continue
        scaled["mase"].append(np.mean([abs(e) for e, *_ in periods]) / absolute)
        scaled["rmsse"].append(math.sqrt(np.mean([e**2 for e, *_ in periods]) / squared))
        scaled["scaled_pinball"].append(np.mean([loss for _, _, loss, _ in periods]) / absolute)
    return {
        "series": len({key[:2] for key in cells}), "origins": len({key[2] for key in cells}),
        "judged_periods": total["judged"], "unjudged_periods": total["not"], "unscaled_series": len(unscaled),
        "wape": total["size"] / total["came"], "sum_wape": sums[0] / sums[1], "bias": total["gap"] / total["came"],
        "value_added": 1 - total["met"] / total["naive"], "pinball": 2 * total["loss"] / total["came"],
        "actual": total["came"], "forecast": total["said"],
        **{name: np.mean(values) for name, values in scaled.items()},
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", ["", "unit_cost"])
def test_measures_are_those_of_walking_through_every_period(seed, weight):
    forecasts, demand = company(seed)
    made = sk.measure_accuracy(forecasts, demand, demand, by=["pattern"], weight=weight).set_index(
        ["pattern", "method"]
    )
    assert made.index.tolist() == sorted(made.index)
    for pattern, rows in forecasts.groupby("pattern"):
        expected = slow_accuracy(rows, demand, weight)
        assert made.loc[(pattern, "pooled"), COLUMNS].to_dict() == pytest.approx(
            {name: expected[name] for name in COLUMNS}
        )
        assert made.loc[(pattern, "naive"), "value_added"] == pytest.approx(0)


def test_scales_know_nothing_after_the_origin_and_nothing_before_the_first_sale():
    forecasts, demand = company(2)
    asked = forecasts[["item_id", "location_id", "origin"]].drop_duplicates()
    scales = origin_scales(asked, demand)
    for row, found in zip(asked.itertuples(index=False), scales.itertuples(index=False), strict=True):
        assert tuple(found) == pytest.approx(slow_scales(slow_history(demand, *row)), nan_ok=True)
    later = demand["period"] > asked["origin"].min()
    moved = demand.assign(quantity=demand["quantity"].where(~later, 1e6))
    first = (asked["origin"] == asked["origin"].min()).to_numpy()
    pd.testing.assert_frame_equal(origin_scales(asked, moved)[first], scales[first])
    zeros = pd.DataFrame(
        {"item_id": "SKU-0009", "location_id": "NORTH", "period": sorted(set(demand["period"])), "quantity": 0.0}
    )
    zeros.loc[10:, "quantity"] = [5.0, 3.0, *[4.0] * 8]
    found = origin_scales(zeros[["item_id", "location_id"]].head(1).assign(origin=zeros["period"].iloc[12]), zeros)
    assert found.iloc[0].tolist() == [1.5, 2.5]


def test_a_percentage_of_a_group_is_no_mean_of_percentages():
    week = pd.Timestamp("2025-01-13").as_unit("us")
    came = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "location_id": "NORTH", "period": week})
    forecasts = came.assign(mean=[110.0, 3.0], origin=week - pd.Timedelta(7, "D"))
    made = sk.measure_accuracy(forecasts, came.assign(quantity=[100.0, 1.0]), came.assign(quantity=1.0)).iloc[0]
    assert made["wape"] == pytest.approx(12 / 101)  # the mean of 10 % and 200 % is 105 %
    assert made["bias"] == pytest.approx(12 / 101)
    assert np.isnan(made["rmsse"])
    assert made["unscaled_series"] == 2


def test_without_an_origin_it_is_the_end_of_the_history():
    forecasts, demand = company(3, origins=(14,))
    cut = demand[demand["period"] <= forecasts["origin"].iloc[0]]
    named = sk.measure_accuracy(forecasts, demand, demand)
    pd.testing.assert_frame_equal(sk.measure_accuracy(forecasts.drop(columns="origin"), demand, cut), named)


@given(st.integers(0, 50), st.sampled_from(["order", "names", "dozens"]))
def test_order_names_and_unit_of_counting_do_not_matter(seed, what):
    forecasts, demand = company(seed, series=5)
    if what == "order":
        changed = [table.sample(frac=1, random_state=seed + 1) for table in (forecasts, demand)]
    elif what == "names":
        names = {f"SKU-{n:04d}": f"SKU-{9 - n:04d}" for n in range(10)}
        changed = [table.assign(item_id=table["item_id"].map(names)) for table in (forecasts, demand)]
    else:  # one item is counted in dozens; weighed by cost nothing else changes
        changed = [_in_dozens(table) for table in (forecasts, demand)]
    for measure in (
        lambda said, came: sk.measure_accuracy(said, came, came, weight="unit_cost"),
        lambda said, came: sk.check_calibration(said, came, weight="unit_cost"),
        lambda said, came: sk.list_worst_forecasts(said, came, weight="unit_cost").drop(columns=["item_id"]),
    ):
        pd.testing.assert_frame_equal(measure(*changed), measure(forecasts, demand), rtol=1e-7)


def _in_dozens(table):
    one = table["item_id"] == "SKU-0001"
    figures = [name for name in ("mean", "quantity", *LEVELS) if name in table]
    changed = table.assign(**{name: table[name].where(~one, table[name] / 12) for name in figures})
    return (
        changed.assign(unit_cost=table["unit_cost"].where(~one, table["unit_cost"] * 12))
        if "unit_cost" in table
        else changed
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f, d: (f.drop(columns=["mean", "item_id"]), d), r"(?s)2 ways.*no column 'item_id'.*no column 'mean'"),
        (lambda f, d: (f.rename(columns={"period": "perid"}), d), "did you mean perid"),
        (
            lambda f, d: (pd.concat([f, f.head(2)]), d),
            r"forecasts repeats its key .*method.* in 2 rows, first: item_id=",
        ),
        (lambda f, d: (f, pd.concat([d, d.head(1)])), "actuals repeats its key .* in 1 row"),
        (lambda f, d: (f.assign(origin=f["period"]), d), "no origin before its period in 108 rows"),
    ],
    ids=["missing", "misspelt", "twice", "actual twice", "looks ahead"],
)
def test_what_cannot_be_judged_is_told(change, said):
    forecasts, demand = change(*company(1))
    with pytest.raises(sk.DataError, match=said):
        sk.measure_accuracy(forecasts, demand, demand)


def test_a_group_in_which_nothing_is_judged_is_still_there():
    forecasts, demand = company(1)
    lumpy = forecasts.loc[forecasts["pattern"] == "lumpy", ["item_id", "location_id"]].drop_duplicates()
    out = demand.merge(lumpy.assign(lumpy=True), how="left")
    out = out.assign(in_stock=out["in_stock"] & out.pop("lumpy").isna())
    made = sk.measure_accuracy(forecasts, out, demand, by=["pattern"]).set_index(["pattern", "method"])
    assert made.loc["lumpy", "judged_periods"].tolist() == [0, 0]
    assert made.loc["lumpy", ["wape", "rmsse", "value_added", "pinball"]].isna().all(axis=None)
    unknown = sk.measure_accuracy(
        forecasts.assign(pattern=forecasts["pattern"].replace("lumpy", None)), demand, demand, by=["pattern"]
    )
    assert unknown["judged_periods"].sum() == sk.measure_accuracy(forecasts, demand, demand)["judged_periods"].sum()


def test_groupings_stand_in_one_table():
    forecasts, demand = company(1)
    made = measure_entities(lambda by: sk.measure_accuracy(forecasts, demand, demand, by=by), ["all", "pattern"])
    assert made[["entity", "entity_id", "method"]].drop_duplicates().shape[0] == len(made) == 6
    assert made["entity_id"].unique().tolist() == ["(all)", "lumpy", "smooth"]
    assert made.groupby(["entity", "method"])["judged_periods"].sum().nunique() == 1


def test_on_real_sales_the_table_says_what_the_arrays_do(real_data):
    wide = pd.read_parquet(real_data / "m5" / "sales_daily_d_1495_d_1913_wide.parquet")
    wide = wide[wide["store_id"].astype("str") == "CA_3"]
    weekly = wide.filter(regex="^d_").to_numpy(float)[:, 6:].reshape(len(wide), 59, 7).sum(axis=2)
    weeks = pd.date_range("2015-03-09", periods=59, freq="7D", unit="us")
    sold = pd.DataFrame({"item_id": wide["item_id"].astype("str").repeat(59), "location_id": "CA_3"})
    sold = sold.assign(period=np.tile(weeks, len(wide)), quantity=weekly.ravel())
    ahead = sold[sold["period"].isin(weeks[51:55])].drop(columns="quantity")
    naive = ahead.assign(mean=weekly[:, 50].repeat(4), origin=weeks[50], method="naive")
    made = sk.measure_accuracy(naive.sample(frac=1, random_state=1), sold.sample(frac=1, random_state=2), sold).iloc[0]
    actual, forecast = weekly[:, 51:55], weekly[:, 50:51].repeat(4, axis=1)
    known = np.where(np.cumsum(weekly[:, :51], axis=1) > 0, weekly[:, :51], np.nan)
    assert made["wape"] == pytest.approx(points.wape(actual, forecast))
    assert made["sum_wape"] == pytest.approx(points.wape_of_sums(actual, forecast))
    assert made["bias"] == pytest.approx(points.relative_bias(actual, forecast))
    assert made["rmsse"] == pytest.approx(np.nanmean(points.rmsse(actual, forecast, points.squared_scale(known))))
    assert made["mase"] == pytest.approx(np.nanmean(points.mase(actual, forecast, points.absolute_scale(known))))
    assert made["value_added"] == 0
