"""The bridge by cell: what must be true of it, whatever was sold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.dynamics.moves.bridge import EFFECTS, bridge_cells, sum_cells

COLUMNS = [f"{name}_effect" for name in EFFECTS]


def make_lines(rows):
    """Return order lines of (item, customer, quantity, local price, FX rate, unit cost, unit service)."""
    names = ["item_id", "customer_id", "quantity", "price", "fx_rate", "unit_cost", "unit_service"]
    table = pd.DataFrame(rows, columns=names).astype({"item_id": "str", "customer_id": "str"})
    table["revenue"] = table["quantity"] * table["price"] * table["fx_rate"]
    table["gross_margin"] = table["revenue"] - table["quantity"] * table["unit_cost"]
    table["net_margin"] = table["gross_margin"] - table["quantity"].abs() * table["unit_service"]
    return table.assign(is_return=table["quantity"] < 0, is_reversed=False)


def one_line():
    number = st.floats(0.01, 100.0)
    quantity = st.one_of(st.integers(1, 500), st.integers(-20, -1))
    customers = st.sampled_from(["C-001", "C-002", "C-003", UNKNOWN_CUSTOMER])
    prices = st.one_of(number, st.just(0.0))
    return st.tuples(
        st.sampled_from(["SKU-0042", "SKU-0043", "SKU-0007"]),
        customers,
        quantity,
        prices,
        st.floats(0.5, 2.0),
        number,
        number,
        st.sampled_from(["EUR", "USD"]),
    )


def make_priced(rows):
    return make_lines([row[:-1] for row in rows]).assign(currency=pd.Series([row[-1] for row in rows], dtype="str"))


LINES = st.lists(one_line(), max_size=12).map(make_priced)


def bridge(before, after, **options):
    return bridge_cells(sum_cells(before), sum_cells(after), **options)


def totals(table):
    return table[["start", *COLUMNS, "end"]].sum()


def only(table, **expected):
    """Assert that the effects are those given and no others."""
    sums = totals(table)[COLUMNS]
    wanted = pd.Series({name: expected.get(name.removesuffix("_effect"), 0.0) for name in COLUMNS})
    np.testing.assert_allclose(sums, wanted, atol=1e-9 * (1 + wanted.abs().max()))


WITHIN = pytest.mark.parametrize("within", ["", "item_id", "customer_id"])


@WITHIN
@given(LINES, LINES)
@settings(max_examples=60)
def test_start_and_effects_make_the_end_in_every_cell(within, before, after):
    table = bridge(before, after, within=within)
    size = before[["revenue", "gross_margin", "net_margin"]].abs().sum().sum() + 1
    size += after[["revenue", "gross_margin", "net_margin"]].abs().sum().sum()
    gap = table["start"] + table[COLUMNS].sum(axis=1) - table["end"]
    assert (gap.abs() <= 1e-9 * size).all()
    assert totals(table)["start"] == pytest.approx(before["net_margin"].sum(), abs=1e-9 * size)
    assert totals(table)["end"] == pytest.approx(after["net_margin"].sum(), abs=1e-9 * size)


@WITHIN
@given(LINES, LINES)
@settings(max_examples=40)
def test_swapped_spans_change_the_signs_and_new_is_lost(within, before, after):
    there, back = bridge(before, after, within=within), bridge(after, before, within=within)
    swapped = back.rename(columns={"new_effect": "lost_effect", "lost_effect": "new_effect"})
    size = 1e-9 * (1 + totals(there).abs().max() + there[["start", "end"]].abs().sum().sum())
    np.testing.assert_allclose(there[COLUMNS], -swapped[COLUMNS], atol=size)


@WITHIN
@given(LINES, LINES, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_counting_unit_currency_and_order_of_rows_do_not_matter(within, before, after, random):
    table = bridge(before, after, within=within)

    def in_dozens(lines):
        dozen = (lines["item_id"] == "SKU-0042").to_numpy()
        return lines.assign(quantity=np.where(dozen, lines["quantity"] / 12, lines["quantity"]))

    def in_yen(lines):
        money = ["revenue", "gross_margin", "net_margin"]
        return lines.assign(**{name: 160 * lines[name] for name in money}, fx_rate=160 * lines["fx_rate"])

    def mixed(lines):
        return lines.sample(frac=1, random_state=random.randint(0, 999))

    size = 1e-9 * (1 + table[["start", "end"]].abs().sum().sum())
    for change, factor in ((in_dozens, 1), (in_yen, 160), (mixed, 1)):
        other = bridge(change(before), change(after), within=within)
        pd.testing.assert_frame_equal(
            other[["item_id", "customer_id", "status"]], table[["item_id", "customer_id", "status"]]
        )
        np.testing.assert_allclose(other[COLUMNS] / factor, table[COLUMNS], atol=size, err_msg=change.__name__)


BASE = [("SKU-0042", "C-001", 10, 5.0, 1.0, 3.0, 0.5), ("SKU-0043", "C-002", 4, 20.0, 1.0, 12.0, 1.0)]


def changed(row, **values):
    names = ["item_id", "customer_id", "quantity", "price", "fx_rate", "unit_cost", "unit_service"]
    return [tuple(values.get(name, cell) for name, cell in zip(names, BASE[row], strict=True))]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (changed(0, price=5.5) + BASE[1:], {"price": 10 * 0.5}),
        (changed(0, fx_rate=1.1) + BASE[1:], {"fx": 10 * 5.0 * 0.1}),
        (changed(0, unit_cost=3.2) + BASE[1:], {"cost": -10 * 0.2}),
        (changed(0, unit_service=0.75) + BASE[1:], {"service": -10 * 0.25}),
        (changed(0, quantity=20) + changed(1, quantity=8), {"volume": 10 * 1.5 + 4 * 7.0}),
        ([*BASE, ("SKU-0042", "C-003", 2, 6.0, 1.0, 3.0, 0.0)], {"new": 6.0}),
        ([*BASE, ("SKU-0007", "C-001", 2, 6.0, 1.0, 3.0, 0.0)], {"new": 6.0}),
        (BASE[:1], {"lost": -28.0}),
        ([*BASE, ("SKU-0042", "C-001", -2, 5.0, 1.0, 3.0, 1.0)], {"returns": -6.0}),
    ],
    ids=["price", "fx", "cost", "service", "volume", "new customer", "new item", "lost", "returns"],
)
def test_a_single_cause_is_the_only_effect(after, expected):
    only(bridge(make_lines(BASE), make_lines(after)), **expected)


def in_currency(rows, code):
    return make_lines(rows).assign(currency=code)


YEN = [("SKU-0042", "C-001", 10, 800.0, 1 / 160, 3.0, 0.5)]
DOLLARS = [("SKU-0042", "C-001", 10, 6.25, 0.8, 3.0, 0.5)]


@pytest.mark.parametrize("other", [(YEN, "JPY"), (DOLLARS, "GBP")], ids=["yen", "pounds"])
def test_billing_in_another_currency_at_the_same_price_has_no_effect(other):
    euros, foreign = in_currency(BASE[:1], "EUR"), in_currency(*other)
    for before, after in ((foreign, euros), (euros, foreign), (foreign, foreign)):
        only(bridge(before, after))


def test_a_price_raised_along_with_the_currency_is_price():
    raised = in_currency(changed(0, price=5.5), "EUR")
    only(bridge(in_currency(YEN, "JPY"), raised), price=10 * 0.5)


def test_rates_count_within_each_currency_of_a_cell():
    """8 units for 6.25 dollars at 0.8, then at 0.88; 2 units in euros, then 10: prices in either stay."""
    part = [("SKU-0042", "C-001", 8, 6.25, 0.8, 3.0, 0.5)]
    fallen = [("SKU-0042", "C-001", 8, 6.25, 0.88, 3.0, 0.5)]
    same = in_currency(changed(0, quantity=2), "EUR")
    only(
        bridge(pd.concat([in_currency(part, "USD"), same]), pd.concat([in_currency(fallen, "USD"), same])),
        fx=8 * 6.25 * 0.08,
    )


def test_worth_that_moves_from_one_item_to_another_is_mix():
    """Volume at the prices of both spans is 130 before and after; 8 units of margin 1.5 give way to 2 of 7."""
    after = changed(0, quantity=2) + changed(1, quantity=6)
    only(bridge(make_lines(BASE), make_lines(after)), mix=2 * 7.0 - 8 * 1.5)


def test_new_items_and_customers_are_no_mix_and_customers_come_first():
    newcomer = [("SKU-0007", "C-009", 3, 8.0, 1.0, 2.0, 0.0)]
    table = bridge(make_lines(BASE), make_lines(BASE + newcomer))
    row = table[table["customer_id"] == "C-009"].iloc[0]
    assert row["status"] == "new_customer"
    only(table, new=18.0)


def test_a_pair_that_starts_between_known_partners_is_volume_and_mix():
    met = [("SKU-0043", "C-001", 1, 20.0, 1.0, 12.0, 1.0)]
    table = bridge(make_lines(BASE), make_lines(BASE + met))
    sums = totals(table)
    assert (table["status"] == "").all()
    assert sums[["price_effect", "fx_effect", "cost_effect", "service_effect", "new_effect"]].abs().max() < 1e-12
    assert sums["volume_effect"] + sums["mix_effect"] == pytest.approx(7.0)


def test_the_unknown_customer_is_never_new_nor_lost_but_items_are():
    before = make_lines([("SKU-0042", UNKNOWN_CUSTOMER, 10, 5.0, 1.0, 3.0, 0.5)])
    after = make_lines([("SKU-0043", UNKNOWN_CUSTOMER, 10, 5.0, 1.0, 3.0, 0.5)])
    assert set(bridge(before, after)["status"]) == {"lost_item", "new_item"}
    nobody = make_lines([("SKU-0042", "C-001", 1, 5.0, 1.0, 3.0, 0.5)])
    met = bridge(nobody, pd.concat([nobody, before])).set_index("customer_id")
    assert met.loc[UNKNOWN_CUSTOMER, "status"] == ""


def test_who_is_new_is_judged_by_the_longer_window():
    rare = make_lines([("SKU-0042", "C-003", 2, 6.0, 1.0, 3.0, 0.0)])
    before, after = make_lines(BASE), make_lines([*BASE, ("SKU-0042", "C-003", 2, 6.0, 1.0, 3.0, 0.0)])
    windows = sum_cells(pd.concat([rare, before])), sum_cells(pd.concat([before, after]))
    table = bridge(before, after, known=windows)
    assert (table["status"] == "").all()
    assert totals(table)["volume_effect"] + totals(table)["mix_effect"] == pytest.approx(6.0)


def test_cells_add_up_over_periods():
    lines = make_lines(BASE + changed(0, price=4.0)).assign(
        period=pd.to_datetime(["2025-01-01", "2025-01-01", "2025-02-01"])
    )
    by_period = sum_cells(lines, by=("period", "item_id", "customer_id"))
    pd.testing.assert_frame_equal(
        bridge_cells(by_period, sum_cells(lines)), bridge_cells(sum_cells(lines), sum_cells(lines))
    )


def test_revenue_can_be_bridged_where_no_cost_is_known():
    blank = {"gross_margin": np.nan, "net_margin": np.nan}
    before, after = make_lines(BASE).assign(**blank), make_lines(changed(0, price=5.5) + BASE[1:]).assign(**blank)
    table = bridge_cells(sum_cells(before, measure="revenue"), sum_cells(after, measure="revenue"))
    only(table, price=5.0)
    assert totals(table)["start"] == 130.0


def test_nothing_in_nothing_out():
    empty = sum_cells(make_lines(BASE).iloc[:0])
    table = bridge_cells(empty, empty)
    assert table.empty
    assert str(table["item_id"].dtype) == "str"
    assert (table[COLUMNS].dtypes == "float64").all()
    only(bridge_cells(empty, sum_cells(make_lines(BASE))), new=43.0)


def test_the_sample_is_explained_to_the_cent(sample_plan):
    lines = sample_plan.order_lines
    year = lines["order_date"].dt.year
    before, after = lines[(year == 2024).to_numpy()], lines[(year == 2025).to_numpy()]
    for within in ("", "item_id", "customer_id"):
        table = bridge(before, after, within=within)
        gap = table["start"] + table[COLUMNS].sum(axis=1) - table["end"]
        assert gap.abs().max() <= 1e-9 * table["start"].abs().sum()
        assert totals(table)["end"] == pytest.approx(after["net_margin"].sum(), rel=1e-9)
