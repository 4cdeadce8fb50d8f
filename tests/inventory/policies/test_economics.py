"""Costs of an item-location come from what was sold, else from the master; lots keep to moq, pack and order cost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.inventory.policies.economics import CostRules, cost_places, order_lots

RULES = CostRules(holding_rate=0.25, order_cost=15.0, shortage_cost_factor=2.0)
PLACES = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0007", "SKU-0042", "SKU-0001"], "location_id": list("NNSS")})
ITEMS = pd.DataFrame({"item_id": ["SKU-0007", "SKU-0042"], "unit_cost": [9.0, 4.0], "moq": [5.0, np.nan]})


def sold(**changes):
    row = {
        "quantity": 10.0, "revenue": 100.0, "cost": 60.0, "gross_margin": 40.0, "freight_out": 5.0,
        "payment_cost": np.nan, "net_margin": 12.0,
    }  # fmt: skip
    row |= changes
    return pd.DataFrame([{"item_id": "SKU-0042", **row}])


def costs(value=None, items=ITEMS, rules=RULES):
    value = sold() if value is None else value
    return cost_places(PLACES, items, value, rules=rules, currency="EUR")


def test_what_was_sold_tells_cost_price_and_contribution():
    table = costs()
    assert table["item_id"].tolist() == PLACES["item_id"].tolist()
    row = table.iloc[0]
    named = ["unit_cost", "unit_price", "unit_margin", "holding_cost", "shortage_cost"]
    assert row[named].tolist() == [6.0, 10.0, 3.5, 1.5, 7.0]
    assert table.loc[2, named].tolist() == row[named].tolist()


def test_what_was_not_sold_has_the_masters_cost_and_no_margin():
    row = costs().iloc[1]
    assert row[["unit_cost", "holding_cost", "moq"]].tolist() == [9.0, 2.25, 5.0]
    assert np.isnan(row[["unit_margin", "unit_price", "shortage_cost"]].astype(float)).all()
    stranger = costs().iloc[3]
    assert stranger[["unit_cost", "holding_cost", "moq", "shelf_life_days"]].isna().all()


def test_a_cost_of_another_currency_is_not_taken():
    foreign = ITEMS.assign(currency=["USD", "EUR"])
    assert np.isnan(costs(items=foreign).loc[1, "unit_cost"])
    assert costs(items=foreign.assign(currency=[None, "EUR"])).loc[1, "unit_cost"] == 9.0


@pytest.mark.parametrize("quantity", [0.0, -3.0, np.nan])
def test_returns_alone_tell_no_cost(quantity):
    row = costs(sold(quantity=quantity)).iloc[0]
    assert row["unit_cost"] == 4.0
    assert np.isnan(row["unit_margin"])


def test_net_margin_counts_where_it_is_chosen_and_no_loss_is_a_shortage_cost():
    net = CostRules(0.25, None, 2.0, "net_margin")
    assert costs(rules=net).loc[0, ["unit_margin", "shortage_cost"]].tolist() == [1.2, 2.4]
    lossy = costs(sold(net_margin=-12.0), rules=net).iloc[0]
    assert lossy[["unit_margin", "shortage_cost"]].tolist() == [-1.2, 0.0]


def test_without_a_holding_rate_holding_is_not_known():
    table = costs(rules=CostRules(None, None, 1.0))
    assert table["holding_cost"].isna().all()
    assert table["unit_cost"].tolist()[:3] == [6.0, 9.0, 6.0]


def test_nothing_known_gives_blank_costs():
    table = cost_places(PLACES, empty_table("items"), empty_table("item_value"), rules=RULES, currency="EUR")
    assert table.drop(columns=["item_id", "location_id"]).isna().all(axis=None)
    assert len(cost_places(PLACES.iloc[:0], ITEMS, sold(), rules=RULES, currency="EUR")) == 0


def lots(policy, order_cost=None, **row):
    row = {"moq": np.nan, "order_multiple": np.nan, "holding_cost": 2.0, **row}
    return order_lots(
        pd.DataFrame([row]),
        np.array([row.get("year", 365.25)]),
        np.array([7.0]),
        pd.Series([policy]),
        order_cost=order_cost,
    )[0]


def test_lots_by_hand():
    assert lots("order_up_to") == 1
    assert lots("order_up_to", moq=10.0) == 10
    assert lots("order_up_to", moq=10.0, order_multiple=6.0) == 12
    assert lots("order_up_to", 50.0) == 1
    assert lots("min_max") == 7
    assert lots("min_max", order_multiple=4.0) == 8
    assert lots("reorder_quantity", 50.0) == np.ceil(np.sqrt(2 * 50 * 365.25 / 2))
    assert lots("min_max", 0.001) == 7
    assert lots("min_max", 50.0, holding_cost=np.nan) == 7
    assert lots("min_max", 50.0, holding_cost=0.0) == 7
    assert lots("min_max", 50.0, year=0.0) == 1


@given(
    st.sampled_from(["order_up_to", "min_max", "reorder_quantity"]),
    st.one_of(st.just(np.nan), st.floats(0, 500)),
    st.one_of(st.just(np.nan), st.floats(0.1, 60)),
    st.one_of(st.none(), st.floats(0, 1e4)),
    st.floats(0, 1e5),
)
def test_lots_are_whole_packs_and_no_fewer_than_moq(policy, moq, pack, order_cost, year):
    made = lots(policy, order_cost, moq=moq, order_multiple=pack, year=year)
    size = pack if pack > 0 else 1.0
    assert made >= max(0 if np.isnan(moq) else moq, size) - 1e-6
    assert made / size == pytest.approx(round(made / size))
    dearer = lots(policy, (order_cost or 0) * 4 + 1, moq=moq, order_multiple=pack, year=year)
    assert dearer >= made
