"""The cost criterion: what classes by it cost against the item-level optimum, and where it is not known."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError
from segkit.core.settings import Settings
from segkit.dynamics.classes.stock_ranks import add_cost_criterion
from segkit.dynamics.classes.value_classes import AbcRule, classify_abc_by_count
from segkit.formulas.inventory_criteria import cost_criterion, economic_order_quantity

TARGET, RATE, LEAD_TIME, ORDER_COST = 0.97, 0.25, 0.1, 30


class Company:
    """Two thousand items whose fill is counted in units or in revenue: the experiment on the price of segmentation."""

    def __init__(self, weight):
        random = np.random.default_rng(7)
        self.demand, self.cost = random.lognormal(5, 1.4, 2000), random.lognormal(2.5, 1.2, 2000)
        self.holding = RATE * self.cost
        self.lot = np.maximum(1, economic_order_quantity(self.demand, ORDER_COST, self.holding))
        self.sigma = 0.9 * (self.demand * LEAD_TIME) ** 0.75
        self.weight = self.cost if weight == "revenue" else np.ones(2000)

    def fill(self, factor):
        short = np.minimum(self.sigma * (norm.pdf(factor) - factor * norm.sf(factor)) / self.lot, 1)
        return 1 - (self.weight * self.demand * short).sum() / (self.weight * self.demand).sum()

    def stock_cost(self, factor):
        return (self.holding * self.sigma * factor).sum()

    def item_optimum(self):
        def factors(price):
            risk = self.holding * self.lot / (self.weight * self.demand * np.exp(price))
            return norm.isf(np.clip(risk, 1e-9, 0.6))

        return self.stock_cost(factors(brentq(lambda price: self.fill(factors(price)) - TARGET, -15, 15)))

    def one_for_all(self):
        return self.stock_cost(brentq(lambda factor: self.fill(np.full(2000, factor)) - TARGET, -1, 5))

    def by_classes(self, score):
        rule = AbcRule((0.2, 0.5))
        classed = classify_abc_by_count(pd.DataFrame({"score": score}), measure="score", rule=rule)["abc"]
        own, optimum = classed.map({"A": 0, "B": 1, "C": 2}).to_numpy(), self.item_optimum()
        enough = {"type": "ineq", "fun": lambda factor: self.fill(factor[own]) - TARGET}
        found = [
            minimize(lambda factor: self.stock_cost(factor[own]) / optimum, start, method="SLSQP",
                     bounds=[(-0.25, 5)] * 3, constraints=enough)
            for start in ([1, 1, 1], [2, 1, 0], [0, 1, 2])
        ]  # fmt: skip
        return min(result.fun for result in found if result.success)


@pytest.mark.parametrize(
    ("weight", "one", "value", "volume", "zhang", "criterion"),
    [("units", 1.518, 1.510, 1.294, 1.211, 1.084), ("revenue", 1.248, 1.100, 1.135, 1.240, 1.100)],
)
def test_the_price_of_segmentation_is_that_of_the_experiment(weight, one, value, volume, zhang, criterion):
    company = Company(weight)
    demand, cost = company.demand, company.cost
    assert company.one_for_all() / company.item_optimum() == pytest.approx(one, abs=0.001)
    scores = {
        value: cost * demand,
        volume: demand,
        zhang: demand / (LEAD_TIME * cost**2),
        criterion: cost_criterion(company.weight, demand, company.holding, company.lot),
    }
    for expected, score in scores.items():
        assert company.by_classes(score) == pytest.approx(expected, abs=0.001)


def tables(rows):
    values = empty_table("item_value").reindex(range(len(rows)))
    columns = ["item_id", "quantity", "cost", "net_margin"]
    values = values.assign(**{name: [row[place] for row in rows] for place, name in enumerate(columns)})
    profile = empty_table("item_profile").reindex(range(len(rows)))
    profile = profile.assign(item_id=[row[0] for row in rows], mean_demand=[row[4] for row in rows])
    kinds = {"item_id": "str"}
    return values.astype(kinds), profile.astype(kinds).sample(frac=1, random_state=2)


def costs(unit="month", **assume):
    return Settings.model_validate({"assume": assume, "periods": {"unit": unit}})


def test_margin_and_cost_a_unit_are_those_of_the_window():
    values, profile = tables([("SKU-0001", 50.0, 500.0, 250.0, 100.0)])
    found = add_cost_criterion(values, profile, settings=costs(order_cost=30.0, holding_rate=0.25))
    lot = np.sqrt(2 * 1200 * 30 / 2.5)
    assert found["cost_criterion"].tolist() == pytest.approx([5.0 * 1200 / (2.5 * lot)])


def test_the_calendar_and_the_counting_unit_change_nothing():
    months, weeks = (
        add_cost_criterion(*tables([("SKU-0001", 50.0, 500.0, 250.0, mean)]), settings=costs(unit, **given))
        for unit, mean, given in (
            ("month", 100.0, {"order_cost": 30.0, "holding_rate": 0.25}),
            ("week", 1200 * 7 / 365.25, {"order_cost": 30.0, "holding_rate": 0.25}),
        )
    )
    dozens = add_cost_criterion(
        *tables([("SKU-0001", 50 / 12, 500.0, 250.0, 100 / 12)]), settings=costs(order_cost=30.0, holding_rate=0.25)
    )
    yen = add_cost_criterion(
        *tables([("SKU-0001", 50.0, 500.0 * 163, 250.0 * 163, 100.0)]),
        settings=costs(order_cost=30.0 * 163, holding_rate=0.25),
    )
    for other in (weeks, dozens, yen):
        assert other["cost_criterion"].tolist() == pytest.approx(months["cost_criterion"].tolist())


def test_what_is_not_known_has_no_criterion():
    rows = [
        ("SKU-0001", 50.0, np.nan, np.nan, 100.0),
        ("SKU-0002", -1.0, -10.0, -5.0, 100.0),
        ("SKU-0003", 50.0, 500.0, 250.0, np.nan),
        ("SKU-0004", 50.0, 0.0, 250.0, 100.0),
    ]
    given = costs(order_cost=30.0, holding_rate=0.25)
    assert add_cost_criterion(*tables(rows), settings=given)["cost_criterion"].isna().all()
    known = [("SKU-0001", 50.0, 500.0, 250.0, 100.0)]
    for some in ({}, {"order_cost": 30.0}, {"holding_rate": 0.25}):
        assert add_cost_criterion(*tables(known), settings=costs(**some))["cost_criterion"].isna().all()


def test_classes_by_it_need_its_costs(sample_plan):
    bare = sample_plan.what_if(assume={"order_cost": None, "holding_rate": None})
    with pytest.raises(SettingsError, match=r"needs assume\.order_cost"):
        bare.what_if(segments={"measure": "cost_criterion"})
    by_item = {"measure": "cost_criterion", "abc_by": "item_share"}
    plan = sample_plan.what_if(segments=by_item, assume={"order_cost": 40, "holding_rate": 0.25})
    made = plan.item_segments
    classed = made[made["abc"] != ""]
    assert classed["measure_value"].tolist() == classed["cost_criterion"].tolist()
    assert (classed["abc"] == "A").mean() == pytest.approx(0.2, abs=0.01)
    assert set(plan.customer_segments["measure"]) == {"net_margin"}
    listed = plan.assumptions.set_index("assumption")["value"]
    assert listed[["assume.order_cost", "assume.holding_rate"]].astype(float).tolist() == [40, 0.25]
    assert bare.item_segments["cost_criterion"].isna().all()
