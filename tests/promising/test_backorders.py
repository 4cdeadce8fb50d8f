"""The backorder run on tables: segments, who gives and takes, what is refused, and that nothing is lost on the way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit as sk
from segkit.core.errors import CoverageError, DataError, SettingsError

DAY = pd.Timestamp("2025-06-02")
ALL = {"all": sk.BackorderSegment("redistribute")}


def book(*rows):
    """Return order lines from (order, units, requested in days, what differs)."""
    lines = []
    for order, units, ahead, *other in rows:
        line = {"order_id": order, "line_id": "1", "order_date": DAY - pd.Timedelta(days=9), "item_id": "SKU-0042"}
        line |= {"requested_date": DAY + pd.Timedelta(days=ahead), "location_id": "DC", "quantity": float(units)}
        lines.append(line | (other[0] if other else {}))
    return pd.DataFrame(lines)


def held(*rows):
    """Return confirmations from (order, day ahead, units)."""
    columns = ["order_id", "available_date", "quantity"]
    table = pd.DataFrame(
        [(order, DAY + pd.Timedelta(days=ahead), float(units)) for order, ahead, units in rows], columns=columns
    )
    return table.assign(line_id="1").astype(
        {"order_id": "str", "line_id": "str", "available_date": "M8[us]", "quantity": float}
    )


def there(*rows):
    """Return supply from (day ahead, units)."""
    days = [DAY + pd.Timedelta(days=ahead) for ahead, _ in rows]
    units = [float(units) for _, units in rows]
    return pd.DataFrame({"item_id": "SKU-0042", "location_id": "DC", "available_date": days, "quantity": units})


def test_a_run_in_words():
    orders = book(
        ("A", 8, 0, {"tier": "bronze"}), ("B", 6, 0, {"tier": "gold"}), ("C", 5, 0, {"tier": "silver"}),
        ("D", 4, 0, {"tier": "gold"}), ("E", 2, 0, {"tier": "internal"}),
    )  # fmt: skip
    segments = {
        "key": sk.BackorderSegment("win", "tier = 'gold'", sort=("quantity desc",)),
        "usual": sk.BackorderSegment("gain", "tier = 'silver'"),
        "own": sk.BackorderSegment("lose", "tier = 'internal'"),
        "rest": sk.BackorderSegment("redistribute"),
    }
    run = sk.run_backorders(
        orders, held(("A", 0, 8), ("C", 0, 3), ("E", 0, 2)), there((0, 13), (5, 4)), segments=segments
    )
    lines = run.lines.set_index("order_id")
    assert lines["reason"].to_dict() == {
        "A": "redistribute; gives 8 to B/1 (key) and 1 more; takes 2 held by nobody",
        "B": "win; takes 6 from A/1 (rest)",
        "C": "gain; takes 2 held by nobody",
        "D": "win; takes 4 from A/1 (rest) and 1 more",
        "E": "lose; gives 2 to D/1 (key)",
    }
    assert lines["outcome"].to_dict() == {"A": "worse", "B": "better", "C": "better", "D": "better", "E": "lost"}
    assert lines["confirmed_after"].to_dict() == {"A": 2.0, "B": 6.0, "C": 5.0, "D": 4.0, "E": 0.0}
    assert lines.loc["A", "confirmed_date_after"] == DAY + pd.Timedelta(days=5)
    assert lines["late_after_days"].fillna(-1).to_dict() == {"A": 5.0, "B": 0.0, "C": 5.0, "D": 0.0, "E": -1.0}
    assert not lines["exception"].any()
    sums = run.segments.set_index("segment")
    assert sums["on_time_before"].to_dict() == {"key": 0.0, "usual": 3.0, "own": 2.0, "rest": 8.0}
    assert sums["on_time_after"].to_dict() == {"key": 10.0, "usual": 3.0, "own": 0.0, "rest": 0.0}
    assert sums["lines_on_requested_after"].to_dict() == {"key": 2, "usual": 0, "own": 0, "rest": 0}
    assert sums["lines_better"].to_dict() == {"key": 2, "usual": 1, "own": 0, "rest": 0}


def test_exceptions_say_what_is_missing_and_what_holds_instead():
    orders = book(("A", 8, 0), ("B", 6, 0), ("C", 6, 0))
    segments = {
        "key": sk.BackorderSegment("win", "order_id = 'A'", fallback="fill"),
        "rest": sk.BackorderSegment("gain", fallback="redistribute"),
    }
    run = sk.run_backorders(orders, held(("A", 0, 1), ("B", 0, 6), ("C", 0, 6)), there((0, 10)), segments=segments)
    lines = run.lines.set_index("order_id")
    assert lines["exception"].to_dict() == {"A": True, "B": False, "C": True}
    assert lines["treated_as"].to_dict() == {"A": "fill", "B": "gain", "C": "redistribute"}
    assert lines["confirmed_after"].to_dict() == {"A": 1.0, "B": 6.0, "C": 3.0}
    assert lines["reason"].to_dict() == {
        "A": "win: 7 short on the requested day, so treated as fill",
        "B": "gain",
        "C": "gain: the supply of 3 that it held is gone, so treated as redistribute",
    }


def test_a_receipt_that_is_cancelled_is_told():
    run = sk.run_backorders(
        book(("A", 8, 0), ("B", 2, 0)), held(("A", 3, 8)), there((6, 5)),
        segments={"first": sk.BackorderSegment("skip", "order_id = 'A'"), "rest": sk.BackorderSegment("improve")},
    )  # fmt: skip
    line = run.lines.iloc[0]
    assert (line["outcome"], line["exception"], line["confirmed_after"]) == ("lost", True, 0.0)
    assert line["reason"] == "skip: the supply of 8 that it held is gone"
    assert run.transfers["transfer"].tolist() == ["gone", "free"]


def test_rows_of_several_quotas_are_one_holding():
    segments = {"all": sk.BackorderSegment("skip")}
    run = sk.run_backorders(
        book(("A", 8, 0)), held(("A", 0, 3), ("A", 0, 2), ("A", 4, 1)), there((0, 3), (0, 4), (4, 9)), segments=segments
    )
    assert run.confirmations[["available_date", "quantity"]].to_numpy().tolist() == [
        [DAY, 5.0],
        [DAY + pd.Timedelta(days=4), 1.0],
    ]
    assert run.lines["outcome"].tolist() == ["equal"]
    assert run.transfers.empty


def test_lateness_and_complete_delivery_are_kept_to():
    orders = book(
        ("A", 4, 0, {"max_lateness_days": 3.0}),
        ("B", 6, 0, {"delivery": "complete"}),
        ("C", 3, 0, {"delivery": "partial"}),
    )
    run = sk.run_backorders(orders, held(), there((0, 1), (3, 2), (4, 5)), segments=ALL)
    assert run.lines["confirmed_after"].tolist() == [3.0, 0.0, 3.0]
    more = sk.run_backorders(orders, held(), there((0, 1), (3, 2), (4, 6)), segments=ALL)
    assert more.lines["confirmed_after"].tolist() == [3.0, 6.0, 0.0]


# ------------------------------------------------------------------ segments
def test_a_line_that_is_split_takes_deliveries_of_its_least_size_only():
    """It was run as one that takes any part: 3 units late of which no delivery was allowed."""
    told = {"delivery": "split", "split_minimum": 4.0}
    supply = there((0, 5), (3, 3), (6, 2))
    run = sk.run_backorders(book(("A", 12, 0, told)), held(), supply, segments=ALL)
    assert run.confirmations["quantity"].tolist() == [5, 3, 2]
    run = sk.run_backorders(book(("A", 12, 0, told)), held(), there((0, 5), (3, 3)), segments=ALL)
    assert run.confirmations["quantity"].tolist() == [5]
    assert run.lines["reason"].tolist() == ["redistribute; takes 5 held by nobody"]
    run = sk.run_backorders(book(("A", 8, 0, told)), held(), there((0, 5), (3, 3)), segments=ALL)
    assert run.confirmations["quantity"].tolist() == [5, 3]
    whole = book(("A", 4, 0, told | {"split_minimum": 9.0}))
    assert sk.run_backorders(whole, held(), there((0, 3)), segments=ALL).confirmations.empty
    with pytest.raises(DataError, match="split_minimum is below 0"):
        sk.run_backorders(whole.assign(split_minimum=-1.0), held(), supply, segments=ALL)


def test_segments_take_lines_in_their_order_and_say_what_shadows_them():
    orders = book(*((name, 1, 0) for name in "ABCD"))
    segments = {
        "some": sk.BackorderSegment("improve", "order_id < 'C'"),
        "more": sk.BackorderSegment("win", "order_id < 'D'"),
        "again": sk.BackorderSegment("lose", "order_id  <  'C'"),
        "held": sk.BackorderSegment("fill", "confirmed_before > 0"),
        "all": sk.BackorderSegment("redistribute"),
        "after": sk.BackorderSegment("skip", "quantity > 5"),
    }
    run = sk.run_backorders(orders, held(("B", 0, 1)), there((0, 9)), segments=segments)
    told = run.segments.set_index("segment")
    assert told["matched"].tolist() == [2, 3, 2, 1, 4, 0]
    assert told["won"].tolist() == [2, 1, 0, 0, 1, 0]
    assert told["shadowed_by"].tolist() == ["", "some 2", "some 2", "some 1", "some 2, more 1", ""]
    assert told["problem"].tolist() == [
        "", "", "can never fire: some before it has the same condition",
        "takes nothing now: always met by earlier segments", "", "can never fire: all before it meets all",
    ]  # fmt: skip
    assert run.lines["segment"].tolist() == ["some", "some", "more", "all"]


@pytest.mark.parametrize(
    ("sort", "winners"),
    [
        ((), ["B"]),
        (("margin desc",), ["C"]),
        (("margin",), ["A"]),
        (("tier",), ["A"]),
        (("tier desc", "margin"), ["D"]),
        (("requested_date desc",), ["D"]),
    ],
)
def test_sort_orders(sort, winners):
    """A and C are of tier a, B and D of tier b; B came first."""
    orders = book(
        ("A", 5, 1, {"tier": "a", "margin": 1.0}),
        ("B", 5, 1, {"tier": "b", "margin": np.nan, "order_date": DAY - pd.Timedelta(days=20)}),
        ("C", 5, 1, {"tier": "a", "margin": 9.0}), ("D", 5, 2, {"tier": "b", "margin": 2.0}),
    )  # fmt: skip
    run = sk.run_backorders(
        orders, held(), there((0, 5)), segments={"all": sk.BackorderSegment("redistribute", sort=sort)}
    )
    assert run.lines.loc[run.lines["confirmed_after"] > 0, "order_id"].tolist() == winners


def test_lines_without_a_segment_are_an_error():
    with pytest.raises(CoverageError, match=r"1 of 2 lines meet no segment, first: order_id='B'"):
        sk.run_backorders(
            book(("A", 1, 0), ("B", 1, 0)),
            held(),
            there((0, 1)),
            segments={"a": sk.BackorderSegment(where="order_id = 'A'")},
        )


def test_all_that_is_wrong_with_segments_is_told_at_once():
    segments = {
        "one": sk.BackorderSegment("wins"),
        "two": sk.BackorderSegment(fallback="gain"),
        "three": sk.BackorderSegment(sort=("margin", "quantity down")),
        "four": sk.BackorderSegment(sort="quantity"),
    }
    with pytest.raises(SettingsError) as told:
        sk.run_backorders(book(("A", 1, 0)), held(), there((0, 1)), segments=segments)
    for part in (
        "in 5 ways",
        "did you mean win?",
        "'gain'; known: improve",
        "three: sort 'margin'",
        "four: sort is a text",
    ):
        assert part in str(told.value)
    with pytest.raises(SettingsError, match=r"segments\.one\.where = 'tier = 1'"):
        sk.run_backorders(
            book(("A", 1, 0)), held(), there((0, 1)), segments={"one": sk.BackorderSegment(where="tier = 1")}
        )
    with pytest.raises(SettingsError, match="there are none"):
        sk.run_backorders(book(("A", 1, 0)), held(), there((0, 1)), segments={})


def test_all_that_is_wrong_with_tables_is_told_at_once():
    orders = book(("A", 0, 0), ("A", 3, 0), ("B", 1, 0, {"delivery": "whole", "max_lateness_days": -1.0}))
    given = held(("X", 0, 1), ("B", 0, -1)).assign(location_id="ELSEWHERE")
    with pytest.raises(DataError) as told:
        sk.run_backorders(orders, given, there((0, -4)), segments=ALL)
    for part in (
        "in 8 ways", "orders repeat order_id and line_id in 1 row", "quantity is not above 0 in 1 row",
        "order line is not among the orders in 1 row, first: order_id='X'", "place is another than that",
        "max_lateness_days is below 0", "delivery is none of partial, complete", "supply: quantity is no amount",
        "confirmations: quantity is no amount",
    ):  # fmt: skip
        assert part in str(told.value)
    with pytest.raises(DataError, match=r"supply has no available_date, quantity"):
        sk.run_backorders(book(("A", 1, 0)), held(), there((0, 1))[["item_id", "location_id"]], segments=ALL)


# ------------------------------------------------------------------ whatever the book
KINDS = ("win", "gain", "improve", "redistribute", "fill", "lose", "skip")


@st.composite
def tables(draw):
    """Return a book of up to six item-locations: they have nothing in common, so that one run tries six cases."""
    count = draw(st.integers(1, 24))
    orders, given = [], []
    for line in range(count):
        order = {"order_id": f"SO-{draw(st.integers(0, 2))}", "line_id": f"{line}", "order_date": DAY}
        order |= {"requested_date": DAY + pd.Timedelta(days=draw(st.integers(0, 4))), "location_id": "DC"}
        order |= {"item_id": f"SKU-{draw(st.integers(0, 5))}", "quantity": float(draw(st.integers(1, 9)))}
        orders.append(order | {"kind": draw(st.sampled_from(KINDS)), "score": draw(st.integers(0, 2))})
        if draw(st.booleans()):
            when = DAY + pd.Timedelta(days=draw(st.integers(0, 4)))
            units = float(draw(st.integers(1, int(order["quantity"]))))
            given.append(
                {"order_id": order["order_id"], "line_id": f"{line}", "available_date": when, "quantity": units}
            )
    rows = st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 9))
    supply = [
        (f"SKU-{item}", "DC", DAY + pd.Timedelta(days=ahead), float(units))
        for item, ahead, units in draw(st.lists(rows, max_size=18))
    ]
    confirmations = pd.DataFrame(given, columns=["order_id", "line_id", "available_date", "quantity"])
    confirmations = confirmations.astype(
        {"order_id": "str", "line_id": "str", "available_date": "M8[us]", "quantity": float}
    )
    columns = ["item_id", "location_id", "available_date", "quantity"]
    stock = pd.DataFrame(supply, columns=columns).astype(
        {"item_id": "str", "location_id": "str", "available_date": "M8[us]"}
    )
    return pd.DataFrame(orders), confirmations, stock.astype({"quantity": float})


SEGMENTS = {kind: sk.BackorderSegment(kind, f"kind = '{kind}'", sort=("score desc",)) for kind in KINDS}
BUCKET = ["item_id", "location_id", "available_date"]


@given(tables())
@settings(max_examples=24, deadline=None)
def test_nothing_is_lost_on_the_way(given_tables):
    orders, confirmations, supply = given_tables
    run = sk.run_backorders(orders, confirmations, supply, segments=SEGMENTS)
    lines = run.lines.set_index(["order_id", "line_id"])
    taken = run.confirmations.groupby(BUCKET)["quantity"].sum()
    limits = supply.groupby(BUCKET)["quantity"].sum().reindex(taken.index, fill_value=0.0)
    assert (taken <= limits + 1e-9).all()
    assert (lines["confirmed_after"] <= lines["quantity"] + 1e-9).all()
    after = run.confirmations.groupby(["order_id", "line_id"])["quantity"].sum()
    pd.testing.assert_series_equal(
        after.reindex(lines.index, fill_value=0.0), lines["confirmed_after"], check_names=False
    )
    before = confirmations.groupby(["order_id", "line_id"])["quantity"].sum()
    moves = run.transfers
    got = moves.groupby(["to_order_id", "to_line_id"])["quantity"].sum().rename_axis(lines.index.names)
    gave = moves.groupby(["from_order_id", "from_line_id"])["quantity"].sum().rename_axis(lines.index.names)
    wanted = sum(one.reindex(lines.index, fill_value=0.0) * sign for one, sign in ((before, 1), (got, 1), (gave, -1)))
    np.testing.assert_allclose(wanted, lines["confirmed_after"], atol=1e-9)
    sums = run.segments.set_index("segment")
    for side in ("before", "after"):
        parts = sums[[f"{name}_{side}" for name in ("on_time", "late")]].sum(axis=1)
        per_segment = lines.groupby("segment")[f"confirmed_{side}"].sum().reindex(sums.index, fill_value=0.0)
        np.testing.assert_allclose(parts, per_segment, atol=1e-9)
    assert sums[[f"lines_{word}" for word in ("better", "equal", "worse", "lost", "mixed")]].to_numpy().sum() == len(
        lines
    )
    assert (lines["late_after_days"].isna() == (lines["confirmed_after"] == 0)).all()
    late = lines["late_after_days"] > 0
    assert (late == (lines["confirmed_after"] - lines["on_time_after"] > 1e-9)).all()


@given(tables())
@settings(max_examples=16, deadline=None)
def test_a_run_on_its_own_result_changes_nothing(given_tables):
    orders, confirmations, supply = given_tables
    run = sk.run_backorders(orders, confirmations, supply, segments=SEGMENTS)
    again = sk.run_backorders(orders, run.confirmations, supply, segments=SEGMENTS)
    pd.testing.assert_frame_equal(again.confirmations, run.confirmations)
    assert again.transfers.empty
    assert (again.lines["outcome"] == "equal").all()


# ------------------------------------------------------------------ supply from elsewhere
def test_what_is_made_to_order_is_supply_of_the_promised_day():
    made = held(("A", 0, 4), ("A", 0, 2)).assign(promised_date=DAY + pd.Timedelta(days=6))
    made.loc[1, "available_date"] = pd.NaT
    made = made.assign(supply_item_id=["SKU-0042", None], supply_location_id=["DC", None])
    orders = book(("A", 8, 0), ("B", 3, 9))
    segments = {"first": sk.BackorderSegment("win", "order_id = 'B'"), "rest": sk.BackorderSegment("gain")}
    run = sk.run_backorders(orders, made, there((0, 4)), segments=segments)
    lines = run.lines.set_index("order_id")
    assert lines["confirmed_before"].to_dict() == {"A": 6.0, "B": 0.0}
    assert lines["late_before_days"].to_dict()["A"] == 6.0
    assert lines["confirmed_after"].to_dict() == {"A": 6.0, "B": 0.0}
    assert lines["outcome"].to_dict() == {"A": "equal", "B": "equal"}


def test_what_comes_from_another_location_leaves_it():
    trace = held(("A", 0, 5), ("B", 0, 2)).assign(
        supply_location_id=["NORTH", None], promised_date=DAY + pd.Timedelta(days=3)
    )
    supply = pd.concat([there((0, 2)), there((0, 6)).assign(location_id="NORTH")])
    orders = pd.concat([book(("A", 5, 0), ("B", 2, 0)), book(("C", 9, 0)).assign(location_id="NORTH")])
    run = sk.run_backorders(orders, trace, supply, segments={"all": sk.BackorderSegment("gain")})
    assert run.lines["confirmed_after"].tolist() == [5.0, 2.0, 1.0]
    assert run.lines["late_after_days"].tolist() == [3.0, 0.0, 0.0]
    short = sk.run_backorders(
        orders, trace, supply.assign(quantity=[2.0, 4.0]), segments={"all": sk.BackorderSegment("gain")}
    )
    assert short.lines["confirmed_after"].tolist() == [5.0, 1.0, 0.0], "the last to have a guarantee loses it"
    assert short.lines["exception"].tolist() == [False, True, False]


def test_what_came_from_another_place_and_is_freed_is_there_again():
    """It was nobody's: the line that asked for it at its own place stayed without."""
    trace = held(("A", 0, 5)).assign(supply_location_id="NORTH", promised_date=DAY + pd.Timedelta(days=3))
    orders = pd.concat([book(("A", 5, 0)), book(("C", 9, 0)).assign(location_id="NORTH")])
    supply = there((0, 6)).assign(location_id="NORTH")
    segments = {"gone": sk.BackorderSegment("lose", "order_id = 'A'"), "rest": sk.BackorderSegment("improve")}
    run = sk.run_backorders(orders, trace, supply, segments=segments)
    assert run.lines["confirmed_after"].tolist() == [0.0, 6.0]
    assert run.lines["late_after_days"].tolist()[1] == 0.0
    here = sk.run_backorders(pd.concat([orders, book(("B", 2, 9))]), trace, supply, segments=segments).lines.set_index(
        "order_id"
    )
    assert here["confirmed_after"].to_dict() == {"A": 0.0, "B": 2.0, "C": 4.0}, "of 6 units, 2 stay where they came to"
    kept = sk.run_backorders(orders, trace, supply, segments={"all": sk.BackorderSegment("improve")})
    assert kept.lines["confirmed_after"].tolist() == [5.0, 1.0]


@pytest.mark.parametrize(("free", "back"), [(0, 1), (3, 4), (5, 6), (9, 6)])
def test_what_is_freed_goes_back_where_others_take_free_stock_of_the_same_day(free, back):
    """D takes what is free at its place, and what A held from elsewhere was counted as still used."""
    trace = held(("A", 0, 5)).assign(supply_location_id="NORTH", promised_date=DAY + pd.Timedelta(days=3))
    orders = pd.concat([book(("A", 5, 0), ("D", 5, 3)), book(("C", 9, 0)).assign(location_id="NORTH")])
    supply = pd.concat([there((0, 6)).assign(location_id="NORTH"), there((3, free))])
    segments = {"gone": sk.BackorderSegment("lose", "order_id = 'A'"), "rest": sk.BackorderSegment("improve")}
    made = sk.run_backorders(orders, trace, supply, segments=segments).lines.set_index("order_id")
    assert made["confirmed_after"].to_dict() == {"A": 0.0, "D": 5.0, "C": float(back)}
    assert made["confirmed_after"].sum() <= 6 + free


def chain(*places, lost="A", units=5):
    """Return lines, the first at DC and each next at the place that the one before holds its units from."""
    names = "ABCDE"[: len(places)]
    days = {"promised_date": DAY + pd.Timedelta(days=3)}
    rows = [
        held((name, 0, units)).assign(supply_location_id=at, **days)
        for name, at in zip(names, places[1:], strict=False)
    ]
    lines = [book((name, units, 0)).assign(location_id=at) for name, at in zip(names, places, strict=True)]
    supply = [there((0, units)).assign(location_id=at) for at in places[1:]]
    segments = {"gone": sk.BackorderSegment("lose", f"order_id = '{lost}'"), "rest": sk.BackorderSegment("improve")}
    run = sk.run_backorders(pd.concat(lines), pd.concat(rows), pd.concat(supply), segments=segments)
    return run.lines.set_index("order_id")


@pytest.mark.parametrize(
    "places", [("DC", "NORTH"), ("DC", "NORTH", "SOUTH"), ("DC", "NORTH", "SOUTH", "EAST", "WEST")]
)
def test_what_is_freed_is_followed_from_place_to_place(places):
    """One round was made: A freed for B, but what B had from a third place stayed unused."""
    made = chain(*places)
    assert made["confirmed_after"].tolist() == [0.0] + [5.0] * (len(places) - 1)
    assert made["late_after_days"].tolist()[1:] == [0.0] * (len(places) - 1)


def test_two_places_that_lent_to_each_other_both_get_back():
    """Each waited for the other, and what both had freed was lost to all."""
    lines = [book((name, 5, 0)).assign(location_id=at) for name, at in zip("ABCD", ["DC", "NORTH"] * 2, strict=True)]
    trace = held(("A", 0, 5), ("B", 0, 5)).assign(
        supply_location_id=["NORTH", "DC"], promised_date=DAY + pd.Timedelta(days=3)
    )
    supply = pd.concat([there((0, 5)).assign(location_id=at) for at in ("DC", "NORTH")])
    segments = {"gone": sk.BackorderSegment("lose", "order_id IN ('A', 'B')"), "rest": sk.BackorderSegment("improve")}
    punctual = pd.concat(lines).assign(max_lateness_days=0)
    run = sk.run_backorders(punctual, trace, supply, segments=segments)
    made = run.lines.set_index("order_id")
    assert made["confirmed_after"].to_dict() == {"A": 0.0, "B": 0.0, "C": 5.0, "D": 5.0}
    assert made["late_after_days"][["C", "D"]].tolist() == [0.0, 0.0]
    assert run.confirmations["quantity"].sum() == supply["quantity"].sum()


@pytest.mark.parametrize("rows", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_what_comes_from_elsewhere_does_not_hang_on_the_order_of_the_rows(rows):
    """The first row took what its place had, and gave it back first."""
    trace = held(("A", 0, 5), ("B", 0, 5), ("B", 0, 4)).assign(
        supply_location_id=["NORTH", "NORTH", "SOUTH"], promised_date=DAY + pd.Timedelta(days=3)
    )
    orders = pd.concat([book(("A", 5, 0), ("B", 9, 0))] + [
        book((name, 9, 0)).assign(location_id=place) for name, place in (("N", "NORTH"), ("S", "SOUTH"))
    ])  # fmt: skip
    supply = pd.concat([there((0, units)).assign(location_id=name) for name, units in (("NORTH", 7), ("SOUTH", 4))])
    segments = {"gone": sk.BackorderSegment("lose", "order_id = 'A'"), "rest": sk.BackorderSegment("improve")}
    made = sk.run_backorders(orders, trace.iloc[rows], supply, segments=segments).lines.set_index("order_id")
    assert made["confirmed_after"].to_dict() == {"A": 0.0, "B": 9.0, "N": 2.0, "S": 0.0}


def test_a_row_without_any_day_is_refused():
    blank = held(("A", 0, 4)).assign(available_date=pd.NaT)
    for rows in (blank, blank.assign(promised_date=pd.NaT)):
        with pytest.raises(DataError, match=r"available_date and promised_date are blank in 1 row"):
            sk.run_backorders(book(("A", 8, 0)), rows, there((0, 4)), segments=ALL)
