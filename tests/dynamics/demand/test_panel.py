"""The demand panel against a slow twin; stock-outs, successors and the edges of the data."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.periods import list_periods, period_start
from segkit.core.settings import Items, Periods
from segkit.dynamics.demand.panel import (
    days_without_stock,
    find_successors,
    flag_stockouts,
    follow_successors,
    follow_successors_in_stock,
    make_demand,
)

MONTH = Periods()
KEY = ["item_id", "location_id", "demand_class"]
LINE = st.tuples(
    st.dates(pd.Timestamp("2025-01-01").date(), pd.Timestamp("2025-08-31").date()),
    st.sampled_from(["SKU-0001", "SKU-0002", "SKU-0003"]),
    st.sampled_from(["NORTH", "SOUTH"]),
    st.sampled_from(["gold", "basic"]),
    st.sampled_from(["CUST-0001", "CUST-0002", "(unknown)"]),
    st.integers(-5, 20).filter(bool),
    st.booleans(),
)


def lines_of(rows):
    names = ["order_date", "item_id", "location_id", "demand_class", "customer_id", "quantity", "is_reversed"]
    lines = pd.DataFrame(rows, columns=names).astype(
        {"order_date": "datetime64[us]", "quantity": "float64", "is_reversed": bool} | dict.fromkeys(names[1:5], "str")
    )
    return lines.assign(period=period_start(lines["order_date"], MONTH), revenue=lines["quantity"] * 2.5)


def items_of(*rows):
    names = ["item_id", "launch_date", "end_date", "replaced_by"]
    made = pd.DataFrame(rows, columns=names)
    return made.astype({"item_id": "str", "replaced_by": "str"} | dict.fromkeys(names[1:3], "datetime64[us]"))


def demand_twin(lines, periods, items):
    """Walk over every key and period, and count its lines one by one."""
    launches = dict(zip(items["item_id"], items["launch_date"], strict=True))
    cells = defaultdict(list)
    for line in lines[~lines["is_reversed"]].to_dict("records"):
        cells[line["item_id"], line["location_id"], line["demand_class"]].append(line)
    rows = []
    for key in sorted(cells):
        first = min(line["period"] for line in cells[key])
        launch = launches.get(key[0], pd.NaT)
        for period in periods.sort_values("period").to_dict("records"):
            if period["period_end"] < (first if pd.isna(launch) else min(first, launch)):
                continue
            here = [line for line in cells[key] if line["period"] == period["period"]]
            sold = [line for line in here if line["quantity"] > 0]
            rows.append({
                **dict(zip(KEY, key, strict=True)), "period": period["period"],
                "quantity": sum(line["quantity"] for line in sold),
                "returned": -sum(line["quantity"] for line in here if line["quantity"] < 0),
                "lines": len(sold), "customers": len({line["customer_id"] for line in sold} - {"(unknown)"}),
                "revenue": sum(line["revenue"] for line in sold), "complete": period["complete"],
                "out_of_stock_days": 0, "censored": False,
            })  # fmt: skip
    return pd.concat([empty_table("demand"), pd.DataFrame(rows)]) if rows else empty_table("demand")


@given(st.lists(LINE, max_size=30), st.sampled_from([None, "2024-03-05", "2025-02-14", "2025-07-31", "2027-01-01"]))
def test_the_panel_is_its_slow_twin(rows, launch):
    lines, items = lines_of(rows), items_of(("SKU-0002", launch, None, None))
    periods = list_periods(lines["order_date"], MONTH)
    made = make_demand(lines.sample(frac=1, random_state=3), periods.sample(frac=1, random_state=3), items)
    pd.testing.assert_frame_equal(made, demand_twin(lines, periods, items).reset_index(drop=True), check_dtype=False)
    assert made.dtypes.astype(str).to_dict() == empty_table("demand").dtypes.astype(str).to_dict()


@given(st.lists(LINE, min_size=1, max_size=30))
def test_no_unit_is_lost_or_made(rows):
    lines = lines_of(rows)
    made = make_demand(lines, list_periods(lines["order_date"], MONTH), items_of())
    counted = lines[~lines["is_reversed"]]
    assert made["quantity"].sum() - made["returned"].sum() == pytest.approx(counted["quantity"].sum())
    assert not made.duplicated([*KEY, "period"]).any()
    for _, panel in made.groupby(KEY):
        assert panel["period"].iloc[-1] == lines["period"].max()
        assert len(panel) == len(pd.date_range(panel["period"].iloc[0], panel["period"].iloc[-1], freq="MS"))


def test_returns_stand_by_themselves_in_the_period_in_which_goods_came_back():
    made = make_demand(
        lines_of([("2025-01-10", "SKU-0001", "NORTH", "gold", "CUST-0001", 10, False),
                  ("2025-02-10", "SKU-0001", "NORTH", "gold", "CUST-0001", -4, False)]),
        list_periods(pd.Series(pd.to_datetime(["2025-01-01", "2025-02-28"])), MONTH), items_of(),
    )  # fmt: skip
    assert made[["quantity", "returned"]].to_numpy().tolist() == [[10, 0], [0, 4]]


def test_item_ids_may_be_categories():
    rows = [("2025-01-10", item, "NORTH", "gold", "CUST-0001", 3, False) for item in ("SKU-0002", "SKU-0001")]
    lines = lines_of(rows)
    periods = list_periods(lines["order_date"], MONTH)
    coded = lines.assign(item_id=pd.Categorical(lines["item_id"], categories=["SKU-0002", "SKU-0001"]))
    items = items_of(("SKU-0009", None, None, "SKU-0001"))
    plain, category = (
        make_demand(follow_successors(table, items, rules=Items()), periods, items) for table in (lines, coded)
    )
    pd.testing.assert_frame_equal(category, plain)


def test_lines_outside_the_periods_are_an_error():
    lines = lines_of([(f"2025-0{n}-10", "SKU-0001", "NORTH", "gold", "CUST-0001", 3, False) for n in (1, 2, 3)])
    periods = list_periods(lines["order_date"].iloc[:2], MONTH)
    with pytest.raises(DataError, match="1 order lines lie in no period of the table, first: 2025-03-01"):
        make_demand(lines, periods, items_of())


def test_absence_flags_its_own_item_location_and_period_only():
    days = pd.date_range("2025-01-05", periods=3)
    lines = lines_of([
        (day, item, place, "gold", "CUST-0001", 5, False)
        for item in ("SKU-0001", "SKU-0002") for place in ("NORTH", "SOUTH") for day in ("2025-01-03", "2025-02-03")
    ])  # fmt: skip
    stock = pd.DataFrame(
        {"date": [*days, days[0], pd.Timestamp("2025-02-01")], "item_id": "SKU-0001", "location_id": "NORTH",
         "on_hand": [0.0, -2.0, np.nan, 0.0, 7.0], "in_stock": pd.array([True, None, False, None, None], "boolean")}
    )  # fmt: skip
    absences = days_without_stock(stock, empty_table("sales"), periods=MONTH)
    made = flag_stockouts(make_demand(lines, list_periods(lines["order_date"], MONTH), items_of()), absences)
    flagged = made[made["censored"]]
    assert flagged[["item_id", "location_id", "out_of_stock_days"]].to_numpy().tolist() == [["SKU-0001", "NORTH", 3]]
    assert flagged["period"].dt.strftime("%Y-%m").tolist() == ["2025-01"]
    assert made["out_of_stock_days"].dtype == "int64"


def test_weeks_out_of_stock_count_with_their_days_even_without_a_location():
    weeks = pd.Series(pd.date_range("2025-01-06", periods=6, freq="7D"))
    shelf = pd.array([True, False, True, False, True, True], "boolean")
    nowhere = pd.Series([None] * 6, dtype="str")
    sales = pd.DataFrame({"item_id": "SKU-0001", "location_id": nowhere, "period": weeks, "in_stock": shelf})
    found = days_without_stock(empty_table("inventory"), sales, periods=MONTH)
    assert found[["location_id", "out_of_stock_days"]].to_numpy().tolist() == [["(all)", 14]]


def test_successors_inherit_over_a_chain():
    items = items_of(
        ("SKU-0001", None, None, "SKU-0002"), ("SKU-0002", None, None, "SKU-0003"), ("SKU-0003", None, None, None)
    )
    lines = pd.DataFrame({"item_id": ["SKU-0002", "SKU-0001", "SKU-0003", "SKU-0007"]})
    followed = follow_successors(lines, items.sample(frac=1, random_state=1), rules=Items())
    assert followed["item_id"].tolist() == ["SKU-0003", "SKU-0003", "SKU-0003", "SKU-0007"]
    assert follow_successors(lines, items, rules=Items(superseded="separate"))["item_id"].equals(lines["item_id"])


@pytest.mark.parametrize("circle", [[("SKU-0001", "SKU-0001")], [("SKU-0001", "SKU-0002"), ("SKU-0002", "SKU-0001")]])
def test_successors_in_a_circle_are_an_error(circle):
    with pytest.raises(DataError, match="SKU-0001"):
        find_successors(items_of(*((old, None, None, new) for old, new in circle)))


def test_stockouts_of_a_superseded_item_are_its_successors_until_it_ends():
    items = items_of(
        ("SKU-0001", None, "2025-03-15", "SKU-0002"),
        ("SKU-0002", "2025-03-10", None, None),
        ("SKU-0003", None, None, "SKU-0002"),
        ("SKU-0004", None, "2025-02-01", None),
    )
    days = pd.to_datetime(["2025-03-09", "2025-03-10", "2025-12-01"])
    stock = pd.DataFrame(
        [(day, item, "NORTH", 0.0) for item in sorted(items["item_id"]) for day in days],
        columns=["date", "item_id", "location_id", "on_hand"],
    ).astype({"item_id": "str", "date": "datetime64[us]"})
    kept = follow_successors_in_stock(stock, items, rules=Items(), day="date")
    assert kept.groupby("item_id").size().to_dict() == {"SKU-0002": 5, "SKU-0004": 3}
    moved = kept.loc[kept.index.isin(stock.index[stock["item_id"].isin(["SKU-0001", "SKU-0003"])])]
    assert moved["date"].dt.strftime("%Y-%m-%d").tolist() == ["2025-03-09"] * 2


def test_nothing_sold_gives_an_empty_typed_panel():
    made = make_demand(lines_of([]), list_periods(pd.Series(dtype="datetime64[us]"), MONTH), items_of())
    pd.testing.assert_frame_equal(made, empty_table("demand"))
