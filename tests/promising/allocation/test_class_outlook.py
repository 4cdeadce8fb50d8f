"""Demand of classes from a forecast of all of them, and the rule that the settings name."""

from datetime import date

import pandas as pd
import pytest

from segkit.core.promising_settings import Promising
from segkit.promising.allocation.class_outlook import expect_class_demand
from segkit.promising.allocation.rule_of_plan import allocate_by_rule

DAY = date(2025, 6, 30)
PLACE = {"item_id": "SKU-1", "location_id": "A"}


def lines(*rows):
    columns = ["order_date", "demand_class", "quantity", "gross_margin"]
    table = pd.DataFrame(rows, columns=columns).assign(**PLACE, freight_out=0.0, is_reversed=False)
    return table.assign(order_date=pd.to_datetime(table["order_date"]))


def forecast(mean=60.0, q50=55.0, q90=100.0):
    months = pd.to_datetime(["2025-07-01", "2025-08-01"])
    return pd.DataFrame({**PLACE, "demand_class": "(all)", "period": months, "mean": mean, "q50": q50, "q90": q90})


SOLD = lines(("2025-03-01", "gold", 300.0, 900.0), ("2025-04-01", "silver", 100.0, 100.0))


def test_classes_share_the_forecast_as_they_shared_the_sales():
    rules = Promising(horizon_days=31, goodwill={"gold": 2.0})
    made = expect_class_demand(SOLD, forecast(), as_of=DAY, rules=rules)
    sums = made.groupby("demand_class")["mean"].sum()
    assert sums.to_dict() == pytest.approx({"gold": 45.0, "silver": 15.0})
    money = made.drop_duplicates("demand_class").set_index("demand_class")
    assert money["unit_margin"].to_dict() == {"gold": 3.0, "silver": 1.0}
    assert money["goodwill_cost"].to_dict() == {"gold": 6.0, "silver": 0.0}
    assert made["period"].min() == pd.Timestamp("2025-07-01")


def test_the_future_and_what_came_back_do_not_count():
    rules = Promising(horizon_days=28)
    later = lines(("2025-07-05", "silver", 9000.0, 1.0))
    back = lines(("2025-05-05", "silver", 9000.0, 1.0)).assign(is_reversed=True)
    known = expect_class_demand(SOLD, forecast(), as_of=DAY, rules=rules)
    told = expect_class_demand(pd.concat([SOLD, later, back]), forecast(), as_of=DAY, rules=rules)
    pd.testing.assert_frame_equal(told, known)


def test_spread_of_classes_adds_up_where_units_come_by_chance():
    made = expect_class_demand(SOLD, forecast(q90=55.0), as_of=DAY, rules=Promising(horizon_days=7))
    assert (made["sd"] ** 2).tolist() == pytest.approx(made["mean"].tolist())


@pytest.mark.parametrize("rule", ["by_forecast", "nested", "by_margin", "first_come"])
def test_the_rule_of_the_settings_is_followed(rule):
    rules = Promising(rule=rule, horizon_days=28, release_days=2, goodwill={"gold": 2.0})
    demand = expect_class_demand(SOLD, forecast(), as_of=DAY, rules=rules)
    days = pd.to_datetime(["2025-06-30", "2025-07-14", "2025-12-01"])
    supply = pd.DataFrame({**PLACE, "available_date": days, "quantity": [10.0, 20.0, 99.0]})
    made = allocate_by_rule(supply, demand, classes=["gold", "silver"], rules=rules)
    assert made.empty == (rule == "first_come")
    assert set(made["available_date"]) <= set(days[:2])
    ends = {days[0]: pd.Timestamp("2025-07-12"), days[1]: pd.Timestamp("2025-07-27")}
    assert made["released_date"].tolist() == made["available_date"].map(ends).tolist()
    assert allocate_by_rule(supply.iloc[:0], demand, classes=["gold", "silver"], rules=rules).empty
