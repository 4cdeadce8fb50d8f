"""What the data check tells beyond the rows it set aside."""

import pandas as pd

import segkit as sk


def noted(plan):
    quality = plan.data_quality
    return quality[quality["action"] == "noted"].set_index("reason")


def reasons(plan, start):
    return [reason for reason in noted(plan).index if reason.startswith(start)]


def test_corrections_bulk_successors_and_stockouts_of_the_sample_are_told(sample_plan):
    table = noted(sample_plan)
    lines = sample_plan.order_lines
    for start, count in {
        "corrections": lines["is_reversed"].sum(),
        "one-off bulk": lines["is_bulk"].sum(),
        "superseded": sample_plan.items["replaced_by"].notna().sum(),
    }.items():
        assert count > 0
        assert table.loc[reasons(sample_plan, start)[0], "rows"] == count
    assert reasons(sample_plan, "days out of stock")


def test_lines_in_incomplete_periods_are_told(write_workspace, small_company):
    orders = small_company["orders"]
    day = str(orders["order_date"].max())[:8] + "10"
    plan = sk.open_plan(write_workspace(small_company), as_of=day)
    last = plan.periods[~plan.periods["complete"]]
    inside = plan.order_lines["period"].isin(last["period"]).sum()
    assert inside > 0
    assert noted(plan).loc[reasons(plan, "in periods that are not complete")[0], "rows"] == inside


def test_stock_of_places_that_orders_do_not_name_is_no_silent_miss(write_workspace, small_company):
    orders = small_company["orders"].drop(columns="location_id", errors="ignore")
    day = str(orders["order_date"].iloc[0])[:10]
    absent = pd.DataFrame({"date": [day], "item_id": ["SKU-0001"], "location_id": ["NORTH"], "in_stock": ["false"]})
    plan = sk.open_plan(write_workspace({**small_company, "orders": orders, "inventory": absent}))
    assert not plan.demand["censored"].any()
    assert reasons(plan, "days out of stock, at places that no order line names")


def test_a_successor_in_another_unit_is_told(write_workspace, small_company):
    orders, items = small_company["orders"], small_company["items"]
    old, new = orders["item_id"].drop_duplicates().head(2)
    linked = items.assign(replaced_by=items["item_id"].map({old: new}))
    dear = orders.assign(unit_price=orders["unit_price"].where(orders["item_id"] != new, 100.0))
    dear["unit_price"] = dear["unit_price"].mask(orders["item_id"] == old, 100.0)
    told = "successor sold at a very different unit price"
    for price, count in ((100.0, 0), (299.0, 0), (301.0, 1), (33.0, 1)):
        dear["unit_price"] = dear["unit_price"].mask(orders["item_id"] == new, price)
        plan = sk.open_plan(write_workspace({**small_company, "orders": dear, "items": linked}))
        assert len(reasons(plan, told)) == count, price
    separate = plan.what_if(items={"superseded": "separate"})
    assert not reasons(separate, told)
    assert noted(plan).loc[reasons(plan, told)[0], ["rows", "first"]].tolist()[0] == 1
