"""Stock traded for service by table: curves, where the company stands, and the price of its segmentation."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaincinv

import segkit as sk
from segkit.core.errors import DataError

PROBABILITIES = np.unique(np.round(np.concatenate([np.linspace(0.02, 0.9, 30), 1 - np.geomspace(0.09, 1e-4, 24)]), 6))


def stocked(count=300, seed=0):
    """Return items as a company has them, in any order."""
    rng = np.random.default_rng(seed)
    demand, cost = rng.lognormal(5, 1.2, count), rng.lognormal(1, 1, count)
    mean = demand / 10
    table = pd.DataFrame(
        {
            "item_id": [f"SKU-{number:04d}" for number in range(count)],
            "location_id": "DC",
            "unit_cost": cost,
            "holding_cost": cost * 0.25,
            "demand": demand,
            "order_quantity": np.maximum(demand / 12, 1.0),
            "margin": demand * cost * rng.uniform(-0.05, 0.6, count),
            "revenue": demand * cost * 1.5,
            "lines": np.ceil(demand / 7),
            "mean": mean,
            "sd": 0.6 * mean,
            "segment": np.select([demand * cost > 1500, demand * cost > 300], ["A", "B"], "C"),
            "stock_target": np.round(2.2 * mean),
        }
    )
    return table.sample(frac=1, random_state=seed, ignore_index=True)


def with_quantiles(table):
    """Return the table with gamma quantiles in place of mean and standard deviation."""
    shape = ((table["mean"] / table["sd"]) ** 2).to_numpy()
    columns = {
        f"q{round(100 * chance, 6):g}": gammaincinv(shape, chance) * table["mean"].to_numpy() / shape
        for chance in PROBABILITIES
    }
    return pd.concat([table.drop(columns=["mean", "sd"]), pd.DataFrame(columns)], axis=1)


@pytest.fixture(scope="module")
def curve():
    return sk.trade_stock_for_service(stocked())


@pytest.fixture(scope="module")
def priced():
    return sk.price_segmentation(stocked(), segments=["segment"])


def points(curve, rule, segment="(all)"):
    return curve[(curve["rule"] == rule) & (curve["segment"] == segment)]


def test_item_by_item_lies_below_every_rule(curve):
    best = points(curve, "item by item")
    assert best["stock_value"].is_monotonic_increasing
    for rule in ("one target", "by segment"):
        one = points(curve, rule)
        least = np.interp(one["fill_rate"], best["fill_rate"], best["holding_cost"])
        inside = one["fill_rate"].between(best["fill_rate"].min(), best["fill_rate"].max())
        assert (one["holding_cost"] >= least * 0.98)[inside].all()
        assert len(one) == len(best) == 15
    slopes = np.diff(best["holding_cost"]) / np.diff(best["fill_rate"])
    assert (np.diff(slopes) > 0).all()


def test_shadow_price_is_the_slope_of_the_curve(curve):
    best = points(curve, "item by item")
    whole = stocked()["margin"].clip(lower=0).sum()
    slopes = np.diff(best["holding_cost"]) / np.diff(best["fill_rate"]) / whole
    price = best["shadow_price"].to_numpy()
    assert (slopes >= price[:-1] * 0.98).all()
    assert (slopes <= price[1:] * 1.02).all()


def test_segments_add_up_to_all(curve):
    for _, rows in curve[curve["rule"] != "item by item"].groupby(["rule", "shadow_price"], dropna=False):
        every, parts = rows[rows["segment"] == "(all)"], rows[rows["segment"] != "(all)"]
        assert parts["stock_value"].sum() == pytest.approx(every["stock_value"].sum())
        assert parts["holding_cost"].sum() == pytest.approx(every["holding_cost"].sum())


def test_here_is_what_the_present_stock_gives():
    table = stocked(40)
    here = points(sk.trade_stock_for_service(table), "now")
    rng = np.random.default_rng(0)
    shape = (table["mean"] / table["sd"]) ** 2
    demand = rng.gamma(shape, table["mean"] / shape, (40_000, 40))
    short = np.maximum(demand - table["stock_target"].to_numpy(), 0).mean(axis=0)
    left = np.maximum(table["stock_target"].to_numpy() - demand, 0).mean(axis=0)
    margin = table["margin"].clip(lower=0)
    fill = 1 - (margin * np.minimum(short / table["order_quantity"], 1)).sum() / margin.sum()
    assert here["fill_rate"].item() == pytest.approx(fill, abs=2e-3)
    value = (table["unit_cost"] * (left + table["order_quantity"] / 2)).sum()
    assert here["stock_value"].item() == pytest.approx(value, rel=5e-3)


def test_every_rule_meets_the_target_at_a_price_of_1_or_more(priced):
    assert priced["rule"].tolist() == ["one target", "segment", "best 3 classes", "item by item", "now"]
    ruled = priced.set_index("rule").drop("now")
    assert (ruled["fill_rate"] >= 0.97 - 1e-9).all()
    assert (ruled["fill_rate"] == ruled["fill_rate_margin"]).all()
    assert (priced["price_ratio"] >= 1).all()
    assert ruled.loc["item by item", "price_ratio"] == pytest.approx(1, abs=1e-3)
    assert ruled.loc["best 3 classes", "cost"] < ruled.loc["segment", "cost"] < ruled.loc["one target", "cost"] * 1.001
    assert {"fill_rate_revenue", "fill_rate_lines", "fill_rate_demand"} <= set(priced)


def test_advice_names_the_boundary_that_saves_most(priced):
    row = priced.set_index("rule").loc["segment"]
    assert row["advice_saving"] > 0
    assert row["advice"].startswith("Move the ")
    share = row["advice_saving"] / row["cost"]
    assert f"saves {share:.1%} of the cost of stock" in row["advice"]
    assert (priced.set_index("rule")["advice"].drop("segment") == "").all()


def test_following_the_advice_saves_what_it_says():
    table = stocked()
    row = sk.price_segmentation(table, segments=["segment"]).set_index("rule").loc["segment"]
    words = row["advice"].split()
    up = "most" in words
    number = 1 if words[2] == "item" else int(words[2].replace(",", ""))
    left, right = (words[words.index("of") + 1], words[words.index("into") + 1])
    score = table["margin"].clip(lower=0) / (table["holding_cost"] * table["order_quantity"])
    members = score[table["segment"] == left]
    moved = (members.nlargest(number) if up else members.nsmallest(number)).index
    after = table.assign(segment=table["segment"].where(~table.index.isin(moved), right))
    cost = sk.price_segmentation(after, segments=["segment"]).set_index("rule").loc["segment", "cost"]
    assert row["cost"] - cost == pytest.approx(row["advice_saving"], rel=0.02)


def test_quantiles_give_what_mean_and_deviation_give():
    table = stocked()
    by_moments, by_quantiles = (sk.price_segmentation(one) for one in (table, with_quantiles(table)))
    assert by_quantiles["cost"].to_numpy() == pytest.approx(by_moments["cost"].to_numpy(), rel=0.01)


def test_currency_changes_nothing_but_money():
    table = stocked()
    money = ["unit_cost", "holding_cost", "margin", "revenue"]
    dear = table.assign(**{name: table[name] * 160 for name in money})
    one, other = sk.price_segmentation(table), sk.price_segmentation(dear)
    assert other["cost"].to_numpy() == pytest.approx(160 * one["cost"].to_numpy())
    for name in ("price_ratio", "fill_rate"):
        assert other[name].to_numpy() == pytest.approx(one[name].to_numpy(), rel=1e-6)
    assert other["targets"].tolist() == one["targets"].tolist()
    assert other["advice"].tolist() == one["advice"].tolist()


@pytest.mark.parametrize("weight", ["margin", "revenue", "lines", "demand"])
def test_target_is_met_under_the_weight_chosen(weight):
    priced = sk.price_segmentation(stocked(), weight=weight, target=0.95).set_index("rule")
    assert (priced.drop("now")[f"fill_rate_{weight}"] >= 0.95 - 1e-9).all()


def test_identical_labels_are_one_target():
    priced = sk.price_segmentation(stocked().assign(segment="A"), classes=1).set_index("rule")
    for rule in ("segment", "best 1 classes"):
        assert priced.loc[rule, "cost"] == pytest.approx(priced.loc["one target", "cost"])


def test_rows_without_a_segment_form_one_of_their_own():
    table = stocked()
    table.loc[table["segment"] == "C", "segment"] = None
    priced = sk.price_segmentation(table).set_index("rule")
    assert "(none)" in priced.loc["segment", "sizes"]
    assert priced.loc["segment", "cost"] == pytest.approx(
        sk.price_segmentation(stocked()).set_index("rule").loc["segment", "cost"]
    )


def test_no_segments_and_no_present_stock_are_left_out():
    table = stocked().drop(columns=["segment", "stock_target"])
    assert set(sk.trade_stock_for_service(table)["rule"]) == {"item by item", "one target"}
    assert set(sk.trade_stock_for_service(table)["segment"]) == {"(all)"}


def test_all_that_is_wrong_is_told_at_once():
    table = stocked(20)
    table.loc[3, "holding_cost"] = 0
    table.loc[4, "order_quantity"] = np.nan
    table.loc[5, "margin"] = np.nan
    table.loc[6, "sd"] = -1
    table = pd.concat([table, table.head(1)], ignore_index=True)
    with pytest.raises(DataError) as told:
        sk.price_segmentation(table)
    message = str(told.value)
    for words in (
        "holding_cost is missing or not above 0 in 1 row", "order_quantity is missing", "margin is missing",
        "sd is missing or below 0", "item_id and location_id repeat in 1 row",
    ):  # fmt: skip
        assert words in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="unit_cost"), "unit_cost is not there"),
        (lambda t: t.rename(columns={"segment": "segments"}), "did you mean segments"),
        (lambda t: t.drop(columns="sd"), "neither quantiles"),
        (lambda t: t.assign(margin=-1.0), "margin is above 0 in no row"),
        (lambda t: t.assign(q50=9.0, q99=8.0), "quantiles fall"),
        (lambda t: t.assign(q50=8.0, q95=9.0), "quantiles end at q95"),
        (lambda t: t.assign(holding_cost="dear"), "holding_cost is missing"),
    ],
)
def test_tables_that_cannot_be_used(change, words):
    with pytest.raises(DataError, match=words):
        sk.price_segmentation(change(stocked(10)))


@pytest.mark.parametrize("target", [0.0, 1.0, 97.0, -0.1])
def test_targets_that_are_no_share(target):
    with pytest.raises(DataError, match="targets cannot be used"):
        sk.price_segmentation(stocked(10), target=target)
    with pytest.raises(DataError, match="targets cannot be used"):
        sk.trade_stock_for_service(stocked(10), targets=[0.9, target])


@pytest.mark.parametrize("classes", [0, 2.5, "3"])
def test_classes_that_are_no_number(classes):
    with pytest.raises(DataError, match="classes cannot be used"):
        sk.price_segmentation(stocked(10), classes=classes)


def test_one_item_and_items_without_demand():
    table = stocked(30)
    priced = sk.price_segmentation(table.head(1).assign(margin=10.0))
    assert priced["price_ratio"].to_numpy()[:3] == pytest.approx(1.0)
    idle = table.assign(
        **{name: table[name].where(table.index > 4, 0.0) for name in ("demand", "margin", "mean", "sd")}
    )
    assert np.isfinite(sk.price_segmentation(idle)["price_ratio"]).all()
