"""What a workspace agrees on beside its orders: terms of delivery, alternatives, bid prices, critical levels."""

import pandas as pd
import pytest
from promise_company import NEW, RULES, company

from segkit import open_plan
from segkit.core.errors import CoverageError, DataError, SettingsError
from segkit.prepare import check_workspace
from segkit.promise_batch import promise_batch, promise_new_orders, read_new_orders
from segkit.promising.plan_terms import levels_of_classes

DAY = "2025-06-30"


def stocked(**more):
    """Return the company with 12 of SKU-1 in DC and 30 of it in HUB, and further tables."""
    tables = company()
    hub = tables["inventory"].head(1).assign(location_id="HUB", on_hand=30.0)
    tables["inventory"] = pd.concat([tables["inventory"], hub], ignore_index=True)
    return {**tables, **{name: pd.DataFrame(table) for name, table in more.items()}}


@pytest.fixture
def promise(write_workspace, tmp_path):
    """Return a function that promises new lines to a workspace: the answer by order and line."""

    def ask(new, tables, toml=RULES):
        plan = open_plan(write_workspace(tables, toml), as_of=DAY)
        new.to_csv(tmp_path / "new.csv", index=False)
        made = promise_new_orders(plan, read_new_orders(tmp_path / "new.csv", plan.settings, plan.workspace))
        return made.set_index(["order_id", "line_id"])

    return ask


HUB = {
    "item_id": ["SKU-1"],
    "alternative_item_id": ["SKU-1"],
    "alternative_location_id": ["HUB"],
    "unit_cost": [0.5],
    "transit_days": [0],
}


def test_what_is_there_early_stays_for_who_asks_early_unless_told_otherwise(promise):
    """A receipt of four days later is taken first by a line that can wait for it, and last if the setting says so."""
    come = {"po_id": ["P1"], "line_id": "1", "supplier_id": "S1", "item_id": "SKU-1", "location_id": "DC"}
    due = {"ordered_date": ["2025-06-01"], "expected_date": ["2025-07-04"], "quantity": [9.0], "unit_price": [6.0]}
    new = NEW.iloc[[0, 2]].assign(quantity=[7.0, 7.0], requested_date=["2025-07-20", "2025-07-02"])
    tables = stocked(purchases=come | due)
    assert promise(new, tables)["late_days"].tolist() == [0, 0]
    early = promise(new, tables, RULES + "latest_first = false\n")
    assert early["late_days"].tolist()[0] == 0
    assert early["late_days"].tolist()[1] > 0


def test_another_place_stands_in_where_it_costs_less_than_waiting(promise):
    made = promise(NEW, stocked(alternatives=HUB), RULES + "late_cost = 1.0\n")
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 9.0]
    assert made["stands_in"].tolist() == ["", "", "9 of SKU-1 from HUB"]
    assert (made["late_days"] <= 0).all()


def test_another_item_stands_in_at_every_place_where_none_is_named(promise):
    other = {"item_id": ["SKU-1"], "alternative_item_id": ["SKU-2"]}
    made = promise(NEW, stocked(alternatives=other))
    assert made["stands_in"].tolist()[2] == "9 of SKU-2 from DC"


def test_open_orders_are_served_by_alternatives_too_and_traced_there(write_workspace):
    tables = stocked(alternatives=HUB)
    tables["inventory"]["on_hand"] = [2.0, 30.0, 30.0]
    plan = open_plan(write_workspace(tables, RULES + "late_cost = 1.0\n"), as_of=DAY)
    assert plan.promises[["supply_location_id", "quantity"]].to_numpy().tolist() == [["HUB", 5.0]]
    assert plan.explain_promise("O-OPEN", "1").used["quantity"].tolist() == [5.0]


WRONG = {
    r"alternatives: alternative_item_id 'SKU-9' is not known in 1 row, first: .*; did you mean SKU": {
        "item_id": ["SKU-1"],
        "alternative_item_id": ["SKU-9"],
    },
    r"alternatives: location_id 'DCC' is not known in 1 row.*did you mean DC": {**HUB, "location_id": ["DCC"]},
    r"alternatives: rows stand in for themselves in 1 row": {
        "item_id": ["SKU-1"],
        "alternative_item_id": ["SKU-1"],
    },
}


@pytest.mark.parametrize("told", WRONG)
def test_alternatives_that_would_count_for_nothing_are_refused(write_workspace, told):
    folder = write_workspace(stocked(alternatives=WRONG[told]), RULES + "late_cost = 1.0\n")
    with pytest.raises(DataError, match=told):
        check_workspace(folder, as_of=DAY)


def test_alternatives_that_cost_need_the_cost_of_a_late_day(write_workspace):
    folder = write_workspace(stocked(alternatives=HUB), RULES)
    with pytest.raises(SettingsError, match=r"Set promising\.late_cost in segkit\.toml"):
        check_workspace(folder, as_of=DAY)


def test_a_line_is_delivered_on_its_own_terms_else_its_customers_else_those_of_the_settings(promise):
    tables = stocked()
    tables["customers"]["delivery"] = ["complete", None]
    made = promise(NEW.assign(quantity=[8.0, 3.0, 9.0]), tables)
    assert made["promised_quantity"].tolist() == [0.0, 3.0, 7.0]  # CUST-1 takes 8 or none: 12 less 5 are there
    made = promise(NEW.assign(quantity=[8.0, 3.0, 9.0], delivery=["partial", None, "complete"]), tables)
    assert made["promised_quantity"].tolist() == [7.0, 3.0, 0.0]
    made = promise(NEW, stocked(), RULES + 'delivery = "complete"\n')
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 0.0]


def test_a_split_line_takes_no_delivery_below_its_minimum(promise):
    for least, given in ((3.0, 3.0), (4.0, 0.0)):
        made = promise(NEW, stocked(), RULES + f'delivery = "split"\nsplit_minimum = {least}\n')
        assert made["promised_quantity"].tolist() == [4.0, 3.0, given]


def test_nobody_waits_longer_than_the_line_says(promise):
    tables = stocked()
    bought = {"po_id": "P1", "line_id": "1", "item_id": "SKU-1", "location_id": "DC", "ordered_date": "2025-06-01"}
    tables["purchases"] = pd.DataFrame([{**bought, "expected_date": "2025-07-09", "quantity": 50.0}])
    made = promise(NEW.assign(max_lateness_days=[None, None, 2]), tables)
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 3.0]
    made = promise(NEW, tables)
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 9.0]


@pytest.mark.parametrize(
    ("column", "cells"), [("delivery", "whole"), ("split_minimum", "-3"), ("max_lateness_days", "soon")]
)
def test_terms_that_cannot_be_read_are_named(promise, column, cells):
    with pytest.raises(DataError, match=rf"{column} .* in 3 rows, first"):
        promise(NEW.assign(**{column: cells}), stocked())


def test_a_line_below_the_bid_price_is_refused_by_price_or_margin(promise):
    tables, toml = stocked(), RULES + "bid_price = 3.0\n"
    made = promise(NEW.assign(unit_price=[10.0, 8.0, 10.0]), tables, toml)  # they cost 6
    assert made["promised_quantity"].tolist() == [4.0, 0.0, 3.0]
    assert "margin below the bid price" in made["reason"].tolist()[1]
    made = promise(NEW.assign(unit_margin=[2.0, 3.0, None]), tables, toml)
    assert made["promised_quantity"].tolist() == [0.0, 3.0, 7.0]  # of a margin that is not known nothing is refused
    assert made["reason"].str.endswith("bid price not applied: margin not known").tolist() == [False, False, True]
    made = promise(NEW, tables, toml)
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 3.0]


def test_a_margin_counts_by_the_unit_of_the_line(promise):
    toml = RULES + "bid_price = 3.0\n"
    made = promise(NEW.assign(unit_margin=[5.0, 7.0, 7.0], unit="case"), stocked(), toml)  # a case has 2 each
    assert (made["promised_quantity"] > 0).tolist() == [False, True, True]


def test_a_margin_that_cannot_be_read_is_named(promise):
    with pytest.raises(DataError, match=r"unit_margin unreadable in 1 row, first: row 2 'much'"):
        promise(NEW.assign(unit_margin=["3", "much", ""]), stocked())


def test_what_is_made_to_order_is_refused_below_the_bid_price_too(write_workspace):
    tables = stocked()
    tables["items"]["lead_time_days"] = 5.0
    tables["inventory"]["on_hand"] = 0.0
    folder = write_workspace(tables, RULES)
    for price, given in ((4.0, 5.0), (4.5, 0.0)):  # the open line brings 4
        plan = open_plan(folder, as_of=DAY, overrides={"promising": {"bid_price": price}})
        assert plan.promise_lines["promised_quantity"].tolist() == [given]
        assert len(plan.backorder_run) == (given > 0)


def test_bid_prices_of_an_item_and_place_win_over_those_of_all(promise):
    prices = {"item_id": ["SKU-1", "SKU-1"], "location_id": [None, "DC"], "bid_price": [9.0, 1.0]}
    made = promise(NEW.assign(unit_price=10.0), stocked(bid_prices=prices), RULES + "bid_price = 5.0\n")
    assert made["promised_quantity"].tolist() == [4.0, 0.0, 3.0]


def test_stock_kept_from_a_class_is_not_promised_to_it(promise):
    levels = {"item_id": ["SKU-1"], "demand_class": ["tin"], "critical_level": [2.0]}
    made = promise(NEW, stocked(critical_levels=levels))
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 1.0]
    assert "kept for classes above tin" in made["reason"].tolist()[2]


def test_stock_kept_from_a_class_is_kept_from_customers_nobody_knows(promise):
    """A class without a level of its own was served to the last unit, though it ranks below."""
    levels = {"item_id": ["SKU-1"], "demand_class": ["tin"], "critical_level": [2.0]}
    made = promise(NEW.assign(customer_id=["CUST-1", "CUST-1", "CUST-9"]), stocked(critical_levels=levels))
    assert made["demand_class"].tolist()[2] == "(unknown)"
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 1.0]


def test_levels_of_classes_that_are_not_promised_to_are_left_out():
    levels = pd.DataFrame({"item_id": "SKU-1", "location_id": ["DC", "DC", "HUB"], "demand_class": ["b", "x", "c"]})
    levels["critical_level"] = [3.0, 9.0, 1.0]
    places = levels[["item_id", "location_id"]]
    stock = levels.head(0).assign(left_out="")
    made = levels_of_classes(levels, stock, places, classes=["a", "b", "c"])
    found = made.set_index(["location_id", "demand_class"])["critical_level"].to_dict()
    assert found == {("DC", "a"): 0, ("DC", "b"): 3, ("DC", "c"): 3, ("HUB", "a"): 0, ("HUB", "b"): 0, ("HUB", "c"): 1}
    assert levels_of_classes(levels, stock, places, classes=["z"]) is None


def test_an_unknown_class_of_a_level_is_named(write_workspace):
    levels = {"item_id": ["SKU-1"], "demand_class": ["golden"], "critical_level": [2.0]}
    with pytest.raises(
        DataError, match=r"critical_levels: demand_class 'golden' is not known in 1 row.*did you mean gold"
    ):
        check_workspace(write_workspace(stocked(critical_levels=levels), RULES), as_of=DAY)


def test_the_rule_of_critical_levels_takes_them_from_shared_stock_and_asks_for_them(write_workspace):
    rules = RULES.replace("first_come", "critical_levels")
    plan = open_plan(write_workspace(stocked(), rules), as_of=DAY)
    with pytest.raises(SettingsError, match=r'Set policies.class_by = "tier" with policies.class_targets'):
        _ = plan.promise_lines
    shared = '[policies]\nclass_by = "tier"\nclass_targets = { gold = 0.99, tin = 0.5 }\n'
    tables = stocked()
    tables["items"]["lead_time_days"] = 21.0
    tables["orders"]["customer_id"] = [f"CUST-{1 + n // 2 % 2}" for n in range(len(tables["orders"]))]
    plan = open_plan(write_workspace(tables, rules + shared, "shared"), as_of=DAY)
    sized = plan.class_stock[plan.class_stock["left_out"] == ""]
    levels = plan._levels(plan.open_orders[["item_id", "location_id"]])
    here = sized[(sized["item_id"] == "SKU-1") & (sized["location_id"] == "DC")]
    assert levels["critical_level"].tolist() == here["critical_level"].tolist()
    assert here["demand_class"].tolist() == ["gold", "tin"]
    assert len(plan.promise_lines) == 1


def test_a_tier_that_nobody_has_is_an_error_that_says_where_it_is_missing(write_workspace):
    tables = stocked()
    del tables["customers"]
    folder = write_workspace(tables, RULES)
    with pytest.raises(SettingsError, match=r'promising\.class_by = "tier": table customers is not there'):
        check_workspace(folder, as_of=DAY)
    plan = open_plan(folder, as_of=DAY)
    with pytest.raises(SettingsError, match=r"under \[sources\.customers\]"):
        _ = plan.allocations
    tables["customers"] = company()["customers"].drop(columns="tier")
    with pytest.raises(SettingsError, match="table customers has no tier"):
        check_workspace(write_workspace(tables, RULES, "other"), as_of=DAY)


def test_segments_that_leave_lines_out_are_told_in_the_words_of_the_settings(write_workspace):
    some = RULES + '[promising.backorders.key]\nwhere = "demand_class = \'none\'"\nstrategy = "win"\n'
    plan = open_plan(write_workspace(stocked(), some), as_of=DAY)
    with pytest.raises(CoverageError) as told:
        _ = plan.backorder_run
    assert "[promising.backorders.others]" in str(told.value)
    assert 'strategy = "skip"' in str(told.value)
    assert "BackorderSegment" not in str(told.value)
    odd = some.replace("demand_class = 'none'", "true") + 'sort = ["margn desc"]\n'
    with pytest.raises(SettingsError, match=r"promising\.backorders\.key: sort 'margn desc'; did you mean unit_margin"):
        _ = open_plan(write_workspace(stocked(), odd), as_of=DAY).backorder_run
    odd = some.replace("demand_class = 'none'", "no_such = 1")
    with pytest.raises(SettingsError, match=r"promising\.backorders\.key\.where"):
        _ = open_plan(write_workspace(stocked(), odd), as_of=DAY).backorder_run


def test_the_answer_of_a_batch_holds_what_stands_in(write_workspace, tmp_path):
    folder = write_workspace(stocked(alternatives=HUB), RULES + "late_cost = 1.0\n")
    NEW.to_csv(tmp_path / "new.csv", index=False)
    told = promise_batch(tmp_path / "new.csv", folder, as_of=DAY)
    assert told.startswith("3 order lines: 3 in full on the day asked for")
    assert "1 with another item or place than asked for" in told
    answer = pd.read_csv(tmp_path / "new.promised.csv")
    assert answer["stands_in"].fillna("").tolist() == ["", "", "9 of SKU-1 from HUB"]


def test_what_is_due_leaves_in_time_for_its_transit_by_class_and_never_to_who_is_blocked(write_workspace):
    tables = stocked()
    old = tables["orders"]
    tables["orders"] = old.assign(shipped_date=old["delivered_date"] - pd.Timedelta(days=2))  # under way for two days
    opened = old.tail(1).assign(shipped_date=pd.NaT)
    more = [
        opened.assign(order_id="P1", customer_id="CUST-2", requested_date="2025-07-01", order_date="2025-06-26"),
        opened.assign(order_id="P2", customer_id="CUST-1", requested_date="2025-07-02", quantity=4.0),
        opened.assign(order_id="P3", customer_id="CUST-2", requested_date="2025-07-03"),
    ]
    tables["orders"] = pd.concat([tables["orders"], *more], ignore_index=True)
    tables["inventory"]["on_hand"] = [12.0, 30.0, 30.0]
    plan = open_plan(write_workspace(tables, RULES), as_of=DAY)
    made = plan.delivery_release.set_index("order_id")
    assert made.loc["P3", "reason"] == "nothing is due by 2025-06-30"
    assert made.loc["P1", "rank"] == 3
    assert made.loc["P2", ["rank", "due", "released"]].tolist() == [2, 2.0, 2.0]  # 12 less 5 and 5
    assert made["released"].sum() == 12.0
    assert made.loc["P1", "requested_date"] == pd.Timestamp("2025-07-01")
    tables["customers"]["credit_block"] = [True, None]
    blocked = open_plan(write_workspace(tables, RULES, "blocked"), as_of=DAY).delivery_release.set_index("order_id")
    assert blocked.loc["P2", ["released", "reason"]].tolist() == [0.0, "credit block"]
    assert blocked.loc["P1", "released"] > 0
    odd = RULES + 'release_by = ["class_rnk"]\n'
    with pytest.raises(SettingsError, match=r"promising\.release_by cannot be used:\n.*did you mean class_rank"):
        _ = open_plan(write_workspace(tables, odd, "odd"), as_of=DAY).delivery_release


def test_the_answer_of_a_batch_tells_where_no_bid_price_was_applied(write_workspace, tmp_path):
    folder = write_workspace(stocked(), RULES + "bid_price = 3.0\n")
    for margins, told in (([2.0, 3.0, None], True), ([2.0, 3.0, 4.0], False)):
        NEW.assign(unit_margin=margins).to_csv(tmp_path / "new.csv", index=False)
        answer = promise_batch(tmp_path / "new.csv", folder, as_of=DAY)
        assert ("1 without a known margin, to which no bid price was applied" in answer) is told
