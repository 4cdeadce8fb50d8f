"""Every number of textbook.toml, computed by the function it belongs to."""

import tomllib
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.dynamics.classes.value_classes import AbcRule, classify_abc, classify_abc_by_count
from segkit.dynamics.demand.patterns import profile_demand
from segkit.formulas import intermittent
from segkit.formulas.aggregate_optimum import optimum_for_service
from segkit.formulas.greedy_stock import greedy_poisson_stock, poisson_shortage
from segkit.formulas.limited_lots import cycle_stock_exchange
from segkit.formulas.multicriteria import edas_score
from segkit.formulas.price_of_segmentation import class_rule
from segkit.formulas.smoothing import best_smoothing_and_start
from segkit.formulas.stock_choices import NormalItems

BOOK = tomllib.loads(Path(__file__).with_name("textbook.toml").read_text("utf-8"))


def ranked(case):
    values = pd.DataFrame({"usage": BOOK["data"][case["data"]]}).sample(frac=1, random_state=1)
    return classify_abc(values, measure="usage").sort_values("rank")


def pattern(case):
    series = BOOK["data"][case["data"]]
    panel = empty_table("demand").reindex(range(len(series))).assign(
        item_id="SKU-0001", location_id="(all)", demand_class="(all)", quantity=[float(size) for size in series],
        period=pd.date_range("2023-01-01", periods=len(series), freq="MS"), complete=True, lines=1,
    )  # fmt: skip
    return profile_demand(panel, empty_table("items"))["pattern"].item()


def by_count(case):
    values = pd.DataFrame({"usage": BOOK["data"][case["data"]]}).sample(frac=1, random_state=1)
    classed = classify_abc_by_count(values, measure="usage", rule=AbcRule(tuple(case["shares"])))
    return classed["abc"].value_counts().sort_index().tolist()


def part(case, sizes):
    series = np.array(BOOK["data"][case["data"]], dtype=float)
    at = np.flatnonzero(series)
    return intermittent.smoothed(series[at] if sizes else np.diff(at, prepend=-1).astype(float), 0.1)


def best_and_worst(case):
    scores = edas_score(BOOK["data"][case["data"]], [1, 1, 1])
    return [scores.argmax() + 1, scores.argmin() + 1]


def variation(case):
    series = np.array(BOOK["data"][case["data"]], dtype=float)
    return series.std(ddof=1) / series.mean()


def by_module(case):
    """Call a formula; an input that is a name stands for data of that name, one that is a table for another call."""
    given = {name: given_as(value) for name, value in case["inputs"].items()}
    value = getattr(import_module(f"segkit.formulas.{case['module']}"), case["compute"])(**given)
    value = np.squeeze(getattr(value, case["part"])) if "part" in case else value
    return value[np.array(case["items"]) - 1] if "items" in case else value


def given_as(value):
    if isinstance(value, dict):
        return by_module(value)
    return BOOK["data"][value] if isinstance(value, str) else value


def experiment(weighted_by):
    """Return the 2,000 drawn items of the price-of-segmentation experiment with their scores, and who weighs what."""
    rng = np.random.default_rng(7)
    demand, price = rng.lognormal(5, 1.4, 2000), rng.lognormal(2.5, 1.2, 2000)
    holding = 0.25 * price
    lot = np.maximum(1, np.sqrt(2 * 30 * demand / holding))
    weight = {"units": demand, "revenue": demand * price}[weighted_by]
    items = NormalItems(weight, holding, 0.9 * (0.1 * demand) ** 0.75, lot)
    scores = {
        "one": np.ones(2000), "value": price * demand, "volume": demand, "zhang": demand / (0.1 * price**2),
        "teunter": weight / (holding * lot),
    }  # fmt: skip
    return items, scores, demand * price


def segmentation_price(case):
    """Return the cost of a class rule over that of the item optimum."""
    items, scores, _ = experiment(case["weight"])
    rank = np.argsort(np.argsort(-scores[case["score"]], kind="stable"))
    classes = np.searchsorted([400, 1000], rank, side="right") if case["score"] != "one" else np.zeros(2000, dtype=int)
    rule = class_rule(replace(items, least=-0.25, most=5.0), classes, 0.97)
    return rule.cost / optimum_for_service(items, 0.97).cost


def revenue_filled(case):
    items, _, revenue = experiment(case["weight"])
    return 1 - revenue @ optimum_for_service(items, 0.97).choice.short / revenue.sum()


def backorders(case):
    stock = greedy_poisson_stock(case["mean"], case["unit_cost"], case["budget"])
    return poisson_shortage(case["mean"], stock).sum()


def stock_times_orders(case):
    stock, orders = cycle_stock_exchange(BOOK["data"][case["data"]], case["ratio"])
    return stock * orders


COMPUTE = {
    "segmentation_price": segmentation_price,
    "revenue_filled": revenue_filled,
    "backorders": backorders,
    "stock_times_orders": stock_times_orders,
    "total": lambda case: ranked(case)["measure_value"].sum(),
    "cumulative_share": lambda case: ranked(case)["cumulative_share"].iloc[case["place"] - 1],
    "items_up_to": lambda case: (ranked(case)["cumulative_share"] <= case["share"]).sum(),
    "class_size": lambda case: ranked(case)["abc"].isin(list(case["label"])).sum(),
    "classes": lambda case: ranked(case)["abc"].tolist(),
    "classes_by_count": by_count,
    "column_means": lambda case: np.mean(BOOK["data"][case["data"]], axis=0),
    "best_and_worst_by_edas": best_and_worst,
    "variation": variation,
    "pattern": pattern,
    "fitted_smoothing": lambda case: vars(best_smoothing_and_start([BOOK["data"][case["data"]]]))[case["part"]][0],
    "smoothed_size": lambda case: part(case, sizes=True),
    "smoothed_interval": lambda case: part(case, sizes=False),
}


@pytest.mark.parametrize("case", BOOK["case"], ids=lambda case: case["id"])
def test_textbook(case):
    assert case["source"]
    if "module" in case:
        value = by_module(case)
    elif compute := COMPUTE.get(case["compute"]):
        value = compute(case)
    else:
        value = getattr(intermittent, case["compute"])(BOOK["data"][case["data"]], **case.get("options", {}))
    if "tolerance" in case:
        assert value == pytest.approx(case["expected"], rel=0, abs=case["tolerance"])
    else:
        assert value == case["expected"]
