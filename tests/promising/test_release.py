"""Release for delivery: a slow twin, blocks, complete delivery, and that equal lines keep their order."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit as sk
from segkit.core.errors import DataError, SettingsError

DAY = pd.Timestamp("2025-06-02")
PLACE = {"item_id": "SKU-0042", "location_id": "DC"}


def lines(*rows):
    """Return order lines from (order, line, units, what differs)."""
    usual = {"order_date": DAY - pd.Timedelta(days=5), "requested_date": DAY, **PLACE}
    made = [
        usual | {"order_id": order, "line_id": line, "quantity": float(units)} | other
        for order, line, units, other in rows
    ]
    return pd.DataFrame(made)


def confirmed(orders, **changes):
    return orders[["order_id", "line_id", "quantity"]].assign(available_date=DAY, **changes)


def stock(units, **place):
    return pd.DataFrame([{**PLACE, **place, "on_hand": float(units)}])


def test_a_release_in_words():
    orders = lines(
        ("A", "1", 4, {"requested_date": DAY - pd.Timedelta(days=3)}),
        ("B", "1", 3, {"credit_block": True}),
        ("C", "1", 9, {"delivery": "complete"}),
        ("D", "1", 5, {}),
        ("E", "1", 2, {"requested_date": DAY + pd.Timedelta(days=1)}),
        ("F", "1", 2, {}),
    )
    made = sk.release_deliveries(orders, confirmed(orders), stock(8), day=DAY).set_index("order_id")
    assert made["reason"].to_dict() == {
        "A": "released in full",
        "B": "credit block",
        "C": "goes complete only: 4 of 9 in stock",
        "D": "4 of 5 due released: no more in stock",
        "E": "nothing is due by 2025-06-02",
        "F": "0 of 2 due released: no more in stock",
    }
    assert made["released"].to_dict() == {"A": 4.0, "B": 0.0, "C": 0.0, "D": 4.0, "E": 0.0, "F": 0.0}
    assert made["rank"].to_dict() == {"A": 1, "B": 2, "C": 3, "D": 4, "F": 5, "E": 6}


def test_an_order_goes_together_or_not_at_all():
    whole = {"delivery": "complete_order"}
    orders = lines(("A", "1", 4, whole), ("A", "2", 6, whole | {"item_id": "SKU-0007"}), ("B", "1", 5, {}))
    held = confirmed(orders)
    both = pd.concat([stock(6), stock(6, item_id="SKU-0007")])
    assert sk.release_deliveries(orders, held, both, day=DAY)["released"].tolist() == [4.0, 6.0, 2.0]
    short = pd.concat([stock(6), stock(5, item_id="SKU-0007")])
    made = sk.release_deliveries(orders, held, short, day=DAY)
    assert made["released"].tolist() == [0.0, 0.0, 5.0]
    assert made["reason"].tolist()[:2] == [
        "its order goes complete only, and another line cannot",
        "goes complete only: 5 of 6 in stock",
    ]
    later = held.assign(available_date=[DAY, DAY + pd.Timedelta(days=2), DAY])
    assert sk.release_deliveries(orders, later, both, day=DAY)["released"].tolist() == [0.0, 0.0, 5.0]


def test_only_what_is_confirmed_by_the_day_is_due():
    orders = lines(("A", "1", 9, {}), ("B", "1", 9, {"delivery": "complete"}))
    parts = pd.concat(
        [
            confirmed(orders, quantity=4.0),
            confirmed(orders, quantity=5.0).assign(available_date=DAY + pd.Timedelta(days=1)),
        ]
    )
    made = sk.release_deliveries(orders, parts, stock(30), day=DAY)
    assert made["due"].tolist() == [4.0, 4.0]
    assert made["released"].tolist() == [4.0, 0.0]
    assert made["reason"].tolist()[1] == "goes complete only: 4 of 9 due by 2025-06-02"
    after = sk.release_deliveries(orders, parts, stock(30), day=DAY + pd.Timedelta(days=1))
    assert after["released"].tolist() == [9.0, 9.0]


@given(st.permutations(range(12)), st.lists(st.integers(0, 2), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None)
def test_equal_lines_keep_the_order_of_arrival(order, score):
    """Whatever the order of rows, what ties by the sort columns goes by order_date, then order_id and line_id."""
    rows = [
        (f"SO-{n // 3}", f"{n % 3}", 1, {"score": score[n], "order_date": DAY - pd.Timedelta(days=n % 2)})
        for n in range(12)
    ]
    orders = lines(*rows)
    made = sk.release_deliveries(orders.iloc[list(order)], confirmed(orders), stock(5), day=DAY, sort=["score desc"])
    wanted = orders.sort_values(["score", "order_date", "order_id", "line_id"], ascending=[False, True, True, True])
    got = made.sort_values("rank")
    assert got[["order_id", "line_id"]].to_numpy().tolist() == wanted[["order_id", "line_id"]].to_numpy().tolist()
    assert got["released"].tolist() == [1.0] * 5 + [0.0] * 7


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_slow_twin_releases_the_same(data):
    kinds = st.sampled_from(["partial", "complete", "complete_order"])
    rows = [
        (f"SO-{data.draw(st.integers(0, 2))}", f"{n}", data.draw(st.integers(1, 6)),
         {"item_id": f"SKU-{data.draw(st.integers(0, 1))}", "delivery": data.draw(kinds),
          "credit_block": data.draw(st.integers(0, 5)) == 0})
        for n in range(data.draw(st.integers(1, 7)))
    ]  # fmt: skip
    orders = lines(*rows)
    held = confirmed(orders, quantity=[float(data.draw(st.integers(0, int(units)))) for units in orders["quantity"]])
    on_hand = {f"SKU-{n}": float(data.draw(st.integers(0, 12))) for n in range(2)}
    have = pd.concat([stock(units, item_id=item) for item, units in on_hand.items()])
    made = sk.release_deliveries(orders, held, have, day=DAY).set_index("line_id")
    due = dict(zip(held["line_id"], held["quantity"], strict=True))
    together = set(orders.loc[orders["delivery"] == "complete_order", "order_id"])
    wanted, left = {}, dict(on_hand)
    for row in orders.sort_values(["order_date", "order_id", "line_id"]).itertuples():
        if row.line_id in wanted:
            continue
        if row.order_id in together:
            group = orders[orders["order_id"] == row.order_id]
            needs = group.groupby("item_id")["quantity"].sum()
            ready = all(due[line] == units for line, units in zip(group["line_id"], group["quantity"], strict=True))
            goes = (
                ready and not group["credit_block"].any() and all(left[item] >= units for item, units in needs.items())
            )
            for line in group.itertuples():
                wanted[line.line_id] = line.quantity if goes else 0.0
                left[line.item_id] -= wanted[line.line_id]
            continue
        units = min(due[row.line_id], left[row.item_id])
        if row.credit_block or (row.delivery == "complete" and units < row.quantity):
            units = 0.0
        wanted[row.line_id] = units
        left[row.item_id] -= units
    assert made["released"].to_dict() == wanted
    assert (made["released"] <= made["due"]).all()


def test_what_is_wrong_is_told_at_once():
    orders = lines(("A", "1", 4, {"delivery": "halves"}), ("B", "1", 0, {"delivery": None}))
    with pytest.raises(DataError) as told:
        sk.release_deliveries(orders, confirmed(orders, order_id="X"), pd.concat([stock(-1), stock(1)]), day=DAY)
    for part in ("in 5 ways", "stock repeats", "on_hand is no amount", "not among the orders", "delivery is none of"):
        assert part in str(told.value)
    with pytest.raises(SettingsError, match="sort 'margin'"):
        sk.release_deliveries(orders, confirmed(orders), stock(1), day=DAY, sort=["margin"])
    with pytest.raises(DataError, match="stock has no on_hand"):
        sk.release_deliveries(orders, confirmed(orders), stock(1).drop(columns="on_hand"), day=DAY)
