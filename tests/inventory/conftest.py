"""Item-locations of which rules, costs and covered demand are made by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from segkit.core.columns import empty_table
from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.policies.covered import CHANCES, CoveredPlaces
from segkit.inventory.policies.gathered import gather_sizing

RULES = empty_table("policy_rules").dtypes
COSTS = {
    "unit_cost": 10.0, "unit_price": 16.0, "units_sold": 100.0, "unit_margin": 5.0, "holding_cost": 2.5,
    "shortage_cost": 5.0,
    "moq": np.nan, "order_multiple": np.nan, "shelf_life_days": np.nan,
}  # fmt: skip
GIVEN = {
    "policy": "order_up_to", "service_measure": "economic", "review_days": 7.0, "rule": "all_others", "source": "rule",
    "reason": "rule all_others: true",
}  # fmt: skip


@pytest.fixture(scope="session")
def make_sizing():
    """Return a function that takes a dict per item-location, of what differs from a plain one, in any order."""

    def make(*rows, order_cost=None, period_days=7.0):
        table = pd.DataFrame([{"item_id": f"SKU-{n:04d}", "location_id": "NORTH", **row} for n, row in enumerate(rows)])
        keys = table[["item_id", "location_id"]]
        rules = pd.DataFrame({name: _cells(table, name, GIVEN.get(name)) for name in RULES.index})
        costs = pd.DataFrame({name: _cells(table, name, value) for name, value in COSTS.items()})
        mean, spread = (_cells(table, name, value).to_numpy(float) for name, value in (("mean", 20.0), ("spread", 3.0)))
        lots, periods = (
            _cells(table, name, value).to_numpy(float) for name, value in (("lots", 1.0), ("periods", 5.0))
        )
        chance = 1 / np.maximum(spread, 1.001)
        curves = nbinom.ppf(CHANCES[None, :], (mean * chance / (1 - chance))[:, None], chance[:, None])
        review = mean * rules["review_days"].to_numpy(float) / period_days / periods
        demand = CoveredDemand(np.nan_to_num(curves), CHANCES, mean, review)
        places = keys.assign(
            review_periods=rules["review_days"].astype(float) / period_days,
            mean_periods=periods - rules["review_days"].astype(float) / period_days,
            sd_periods=0.0,
            lead_time_source="master",
            demand_mean=mean * lots / periods,
            recent_mean=mean * lots / periods,
        )
        rules = rules.astype(RULES.to_dict())
        covered = CoveredPlaces(places, demand, lots)
        return gather_sizing(rules, keys.join(costs), covered, period_days=period_days, order_cost=order_cost)

    return make


def _cells(table, name, value):
    cells = table[name] if name in table else pd.Series(value, index=table.index)
    return cells if value is None else cells.where(cells.notna(), value)
