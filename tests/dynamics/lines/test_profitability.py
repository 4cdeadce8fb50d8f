"""Margin per line, reversals, bulk lines and values of items and customers, against slow twins."""

import math
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.settings import Settings
from segkit.dynamics.lines.line_kinds import find_bulk, find_reversals, mark_lines
from segkit.dynamics.lines.profitability import require_costs, sales_as_orders, value_lines
from segkit.dynamics.lines.values import last_months, value_customers, value_items

MARGIN_35 = Settings.model_validate({"assume": {"gross_margin": 0.35}})
EVENT = st.tuples(
    st.integers(0, 12),
    st.sampled_from(["CUST-0001", "CUST-0002", "(unknown)"]),
    st.sampled_from(["SKU-0001", "SKU-0002"]),
    st.sampled_from([-2, -1, 1, 2]),
)
LINE = st.tuples(
    st.integers(0, 400),
    st.sampled_from(["CUST-0001", "CUST-0002", "CUST-0003", "(unknown)"]),
    st.sampled_from(["SKU-0001", "SKU-0002", "SKU-0003"]),
    st.sampled_from(["online", "retail"]),
    st.integers(-5, 20).filter(bool),
    st.integers(0, 9000).map(lambda cents: cents / 100),
    st.integers(0, 6000).map(lambda cents: cents / 100),
)


def events(rows):
    frame = pd.DataFrame(rows, columns=["day", "customer_id", "item_id", "quantity"])
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("day").astype("int64"), unit="D")
    return frame.assign(order_date=day).astype({"customer_id": "str", "item_id": "str", "quantity": "float64"})


def orders_of(rows):
    names = ["day", "customer_id", "item_id", "channel", "quantity", "unit_price", "unit_cost"]
    frame = pd.DataFrame(rows, columns=names)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day").astype("int64"), unit="D")
    kinds = dict.fromkeys(names[1:4], "str") | dict.fromkeys(names[4:], "float64")
    return frame.assign(order_date=day.astype("datetime64[us]"), order_id=[f"{n:06d}" for n in frame.index]).astype(
        kinds
    )


def lines_of(rows, settings=None):
    settings = settings or Settings()
    valued = value_lines(orders_of(rows), empty_table("items"), empty_table("fx"), settings=settings)
    return mark_lines(valued, empty_table("customers"), settings=settings)


def reversals_twin(lines, days):
    """Take the returns in the order of their days; each undoes the latest open sale that fits it."""
    flagged = dict.fromkeys(lines.index, False)
    returns = lines[(lines["quantity"] < 0) & (lines["customer_id"] != "(unknown)")]
    for back in returns.sort_values("order_date", kind="stable").itertuples():
        best = None
        for sale in lines.itertuples():
            gap = (back.order_date - sale.order_date).days
            fits = sale.quantity == -back.quantity and (sale.customer_id, sale.item_id) == (
                back.customer_id,
                back.item_id,
            )
            if fits and 0 <= gap <= days and not flagged[sale.Index] and (best is None or gap < best[0]):
                best = (gap, sale.Index)
        if best:
            flagged[back.Index] = flagged[best[1]] = True
    return list(flagged.values())


@given(st.lists(EVENT, max_size=16), st.integers(0, 8))
def test_reversals_are_their_slow_twin(rows, days):
    lines = events(rows)
    assert find_reversals(lines, days=days).tolist() == reversals_twin(lines, days)


@given(st.lists(EVENT, max_size=16), st.randoms(use_true_random=False))
def test_reversals_do_not_depend_on_the_order_of_rows(rows, random):
    lines = events(rows)
    places = list(range(len(rows)))
    random.shuffle(places)

    def flagged(table):
        return sorted(table[find_reversals(table, days=5)].itertuples(index=False))

    assert flagged(lines.iloc[places]) == flagged(lines)


@given(st.lists(EVENT, max_size=16))
def test_reversed_lines_cancel_out(rows):
    lines = events(rows)
    reversed_lines = lines[find_reversals(lines, days=5)]
    assert (reversed_lines.groupby(["customer_id", "item_id"])["quantity"].sum() == 0).all()
    assert "(unknown)" not in set(reversed_lines["customer_id"])


def test_a_return_of_another_quantity_or_too_late_is_a_return():
    lines = events(
        [(0, "CUST-0001", "SKU-0001", 2), (3, "CUST-0001", "SKU-0001", -1), (8, "CUST-0001", "SKU-0001", -2)]
    )
    assert find_reversals(lines, days=7).tolist() == [False] * 3
    assert find_reversals(lines, days=8).tolist() == [True, False, True]


def bulk_twin(lines, factor):
    flags = []
    for line in lines.itertuples():
        sold = sorted(
            other.quantity for other in lines.itertuples()
            if other.item_id == line.item_id and other.quantity > 0 and not other.is_reversed
        )  # fmt: skip
        limit = factor * sold[math.ceil(len(sold) * 19 / 20) - 1] if len(sold) >= 20 else math.inf
        flags.append(line.quantity > limit and not line.is_reversed)
    return flags


SIZES = [-3, 1, 2, 5, 60, 700]


@pytest.mark.parametrize("sizes", [SIZES, [*SIZES, 90_000], [*SIZES, 0.5, 1.75]])
@given(data=st.data())
def test_bulk_lines_are_their_slow_twin(sizes, data):
    row = st.tuples(st.integers(1, 3), st.sampled_from(sizes), st.booleans())
    rows = data.draw(st.lists(row, max_size=70))
    lines = pd.DataFrame(rows, columns=["item_id", "quantity", "is_reversed"]).astype({"is_reversed": bool})
    lines = lines.assign(item_id=lines["item_id"].map("SKU-{:04d}".format), quantity=lines["quantity"].astype(float))
    assert find_bulk(lines, factor=10).tolist() == bulk_twin(lines, 10)


def test_one_line_far_above_the_usual_is_bulk_however_many_there_are():
    for count in (20, 100, 180, 360, 1000):
        quantity = [*np.tile([1.0, 2.0, 3.0], count)[: count - 1], 900.0]
        lines = pd.DataFrame({"item_id": "SKU-0001", "quantity": quantity, "is_reversed": False})
        assert find_bulk(lines, factor=10).sum() == 1, count


def test_cost_comes_from_the_line_then_the_item_then_the_assumption():
    orders = orders_of([(n, "CUST-0001", f"SKU-000{n}", "online", 2, 10.0, None) for n in range(1, 6)])
    orders = orders.assign(cost=[None, 9.0, None, None, None], unit_cost=[6.0, 7.0, None, None, None])
    items = pd.DataFrame({"item_id": ["SKU-0003", "SKU-0001"], "unit_cost": [4.0, 1.0]})
    lines = value_lines(orders, items, empty_table("fx"), settings=MARGIN_35)
    assert lines["cost"].tolist() == pytest.approx([12.0, 9.0, 8.0, 13.0, 13.0])
    assert lines["cost_source"].tolist() == ["recorded", "recorded", "item", "assumed", "assumed"]
    blank = value_lines(orders, items, empty_table("fx"), settings=Settings())
    assert blank["cost"].tolist()[3:] == pytest.approx([math.nan] * 2, nan_ok=True)
    assert blank["cost_source"].tolist()[3:] == ["missing"] * 2


def test_money_of_a_line_is_its_amount_else_price_times_quantity_less_discount():
    orders = orders_of(
        [(0, "CUST-0001", "SKU-0001", "online", q, p, 1.0) for q, p in ((3, 10), (3, 10), (-3, 10), (4, None))]
    )
    orders = orders.assign(
        amount=[25.0, None, None, None], discount=[1.0, 2.0, 2.0, None], freight_out=[5.0, None, 1.0, 0]
    )
    orders = orders.assign(status=pd.Series(["delivered", "delivered", "returned", "free"], dtype="str"))
    lines = value_lines(orders, empty_table("items"), empty_table("fx"), settings=Settings())
    assert lines["revenue"].tolist() == [25.0, 28.0, -28.0, 0.0]
    assert lines["net_margin"].tolist() == [25 - 3 - 5, 28 - 3, -28 + 3 - 1, -4]


def test_a_free_line_that_names_an_amount_keeps_it():
    orders = orders_of([(0, "CUST-0001", "SKU-0001", "online", 2, None, 1.0)]).assign(amount=7.5, status="free")
    lines = value_lines(orders, empty_table("items"), empty_table("fx"), settings=Settings())
    assert lines["revenue"].tolist() == [7.5]


def test_foreign_money_is_counted_at_the_rate_of_the_day():
    fx = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-01-01", "2024-01-03"]),
            "base_currency": "USD",
            "quote_currency": "EUR",
            "rate": [0.5, 0.8],
        }
    )
    orders = orders_of([(day, "CUST-0001", "SKU-0001", "online", 1, 10.0, None) for day in (1, 2)])
    orders = orders.assign(currency=pd.Series(["USD", "USD"], dtype="str"), freight_out=1.0)
    items = pd.DataFrame({"item_id": ["SKU-0001"], "unit_cost": [4.0], "currency": ["USD"]})
    lines = value_lines(orders, items, fx, settings=Settings())
    assert lines["revenue"].tolist() == [5.0, 8.0]
    assert lines["freight_out"].tolist() == [0.5, 0.8]
    assert lines["cost"].tolist() == pytest.approx([2.0, 3.2])  # what the rate does later is not known on the day


def test_lines_name_their_currency_and_blank_is_the_plans():
    orders = orders_of([(0, "CUST-0001", "SKU-0001", "online", 1, 10.0, 4.0)] * 2)
    nothing = empty_table("items"), empty_table("fx")
    settings = Settings(company={"currency": "JPY"})
    fx = pd.DataFrame(
        {"date": orders["order_date"].head(1), "base_currency": "USD", "quote_currency": "JPY", "rate": 150.0}
    )
    named = orders.assign(currency=pd.Series([None, "USD"], dtype="str"))
    assert value_lines(named, nothing[0], fx, settings=settings)["currency"].tolist() == ["JPY", "USD"]
    assert value_lines(orders, *nothing, settings=settings)["currency"].tolist() == ["JPY", "JPY"]


def test_no_lines_need_no_rate():
    items = pd.DataFrame({"item_id": ["SKU-0001"], "unit_cost": [4.0], "currency": ["USD"]})
    lines = value_lines(orders_of([]), items, empty_table("fx"), settings=Settings())
    assert mark_lines(lines, empty_table("customers"), settings=Settings()).empty


@settings(max_examples=15)
@given(st.lists(LINE, min_size=1, max_size=30))
def test_values_are_their_slow_twins_and_add_up(rows):
    lines = lines_of(rows)
    for key, made, other in (
        ("item_id", value_items(lines, empty_table("items")), "customer_id"),
        ("customer_id", value_customers(lines, empty_table("customers")), "item_id"),
    ):
        groups = defaultdict(list)
        for line in lines.to_dict("records"):
            groups[line[key]].append(line)
        assert made[key].tolist() == sorted(groups)
        for row in made.to_dict("records"):
            own = groups[row[key]]
            demand = [line for line in own if line["quantity"] > 0 and not line["is_reversed"]]
            back = [line for line in own if line["quantity"] < 0]
            for name in ("revenue", "cost", "freight_out", "gross_margin", "net_margin"):
                assert row[name] == pytest.approx(math.fsum(line[name] for line in own), abs=1e-9)
            assert row["returned_value"] == pytest.approx(-math.fsum(line["revenue"] for line in back), abs=1e-9)
            assert row["lines"] == len(demand)
            assert row["customers" if key == "item_id" else "items"] == len(
                {line[other] for line in demand} - {"(unknown)"}
            )
            if key == "customer_id":
                assert row["orders"] == len({line["order_id"] for line in demand})
        for name in ("revenue", "cost", "net_margin"):
            assert made[name].sum() == pytest.approx(lines[name].sum(), abs=1e-9)


@settings(max_examples=15)
@given(st.lists(LINE, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_values_do_not_depend_on_the_order_of_rows(rows, random):
    lines = lines_of(rows)
    places = list(range(len(rows)))
    random.shuffle(places)
    for value, master in ((value_items, "items"), (value_customers, "customers")):
        straight, mixed = (value(table, empty_table(master)) for table in (lines, lines.iloc[places]))
        pd.testing.assert_frame_equal(mixed, straight, rtol=1e-12)


def test_a_customer_without_a_channel_has_the_one_of_most_lines():
    rows = [
        (n, "CUST-0001", "SKU-0001", channel, 1, 5.0, 1.0) for n, channel in enumerate(["retail", "online", "online"])
    ]
    assert value_customers(lines_of(rows), empty_table("customers"))["channel"].tolist() == ["online"]
    assert value_customers(lines_of(rows[:2]), empty_table("customers"))["channel"].tolist() == ["online"]


def test_lines_come_in_order_of_date_with_their_kind():
    rows = [
        (9, "CUST-0002", "SKU-0001", "online", -3, 10.0, 5.0),
        (8, "CUST-0001", "SKU-0001", "online", -2, 10.0, 5.0),
        (5, "CUST-0001", "SKU-0001", "online", 2, 10.0, 5.0),
        (6, "CUST-0001", "SKU-0002", "online", 2, 0.0, 5.0),
    ]
    lines = lines_of(rows)
    assert lines["order_date"].is_monotonic_increasing
    assert lines["is_return"].tolist() == [False, False, True, True]
    assert lines["is_reversed"].tolist() == [True, False, True, False]
    assert lines["is_free"].tolist() == [False, True, False, False]
    assert set(lines["location_id"]) == {"(all)"}


def test_demand_class_is_the_line_s_own_attribute_else_the_customer_s():
    settings = Settings.model_validate({"demand": {"demand_class": "tier"}})
    customers = pd.DataFrame({"customer_id": ["CUST-0001"], "tier": ["gold"]})
    rows = [(n, f"CUST-000{n}", "SKU-0001", "online", 1, 5.0, 1.0) for n in (1, 2)]
    valued = value_lines(orders_of(rows), empty_table("items"), empty_table("fx"), settings=settings)
    assert mark_lines(valued, customers, settings=settings)["demand_class"].tolist() == ["gold", "(all)"]


def test_the_window_is_the_last_months_up_to_the_day():
    lines = pd.DataFrame({"order_date": pd.to_datetime(["2024-12-31", "2025-01-01", "2025-12-31"])})
    kept = last_months(lines, pd.Timestamp("2025-12-31").date(), 12)
    assert kept["order_date"].dt.strftime("%Y-%m-%d").tolist() == ["2025-01-01", "2025-12-31"]


def test_unknown_costs_are_named_unless_revenue_decides():
    orders = orders_of([(n, "CUST-0001", f"SKU-000{n}", "online", 1, 5.0, None) for n in (1, 2, 3)])
    items = pd.DataFrame({"item_id": ["SKU-0002"], "unit_cost": [1.0]})
    with pytest.raises(DataError, match="2 of 3 order lines is not known, 2 items, first: SKU-0001, SKU-0003"):
        require_costs(orders, items, settings=Settings())
    require_costs(orders, items, settings=MARGIN_35)
    require_costs(orders, items, settings=Settings.model_validate({"segments": {"measure": "revenue"}}))


def test_period_totals_become_lines_of_an_unknown_customer():
    sales = empty_table("sales").reindex(range(3)).assign(
        item_id=["SKU-0001", "SKU-0002", "SKU-0003"], quantity=[4.0, 0.0, 2.0], price=[3.0, 3.0, None],
        period=pd.Timestamp("2025-01-06"),
    )  # fmt: skip
    made = sales_as_orders(sales)
    assert made["item_id"].tolist() == ["SKU-0001", "SKU-0003"]
    assert made["unit_price"].tolist() == pytest.approx([3.0, math.nan], nan_ok=True)
    assert set(made["customer_id"]) == {"(unknown)"}
