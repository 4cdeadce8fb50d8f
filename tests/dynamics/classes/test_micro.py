"""Micro-segments: every line in exactly one, thin cells merged upward by the stated rule, sums to the cent."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.segment_settings import MicroSegments
from segkit.dynamics.classes.micro import (
    assign_micro_segments,
    map_micro_segments,
    mark_segments,
    value_micro_segments,
)

MONEY = [
    "quantity", "revenue", "discount", "cost", "gross_margin", "freight_out", "activity_cost", "payment_cost",
    "cost_to_serve", "net_margin",
]  # fmt: skip
RULES = MicroSegments(customers_by="segment", items_by="segment", min_lines=4, min_customers=2)


def sold(rows):
    """Return order lines from (customer, item, channel, revenue) tuples."""
    table = empty_table("order_lines")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(["customer_id", "item_id", "channel"])}
    lines = pd.DataFrame(columns, dtype="str").reindex(columns=table.columns)
    revenue = np.array([row[3] for row in rows], dtype=float)
    lines["revenue"], lines["quantity"], lines["cost"] = revenue, revenue / 10, revenue * 0.6
    lines["gross_margin"], lines["cost_to_serve"] = revenue * 0.4, revenue * 0.1
    lines["net_margin"] = lines["gross_margin"] - lines["cost_to_serve"]
    lines = lines.fillna({name: 0.0 for name in MONEY})
    lines["order_id"] = [f"{n // 2:05d}" for n in range(len(rows))]
    lines["order_date"] = pd.Timestamp("2025-03-01")
    lines["is_return"], lines["is_reversed"] = revenue < 0, False
    flags = {"is_free": False, "is_bulk": False}
    return lines.assign(**flags).astype(table.dtypes.to_dict())


CUSTOMERS = {f"CUST-{n:04d}": ("ABC"[n % 3], ["high", "low"][n % 2]) for n in range(6)}
ITEMS = {f"SKU-{n:04d}": ("AB"[n % 2], "XYZ"[n % 3]) for n in range(6)}
CUSTOMER_SEGMENTS = pd.DataFrame(
    [(name, abc, f"{abc}-{band}") for name, (abc, band) in CUSTOMERS.items()] + [("(unknown)", "", "")],
    columns=["customer_id", "abc", "segment"],
)
ITEM_SEGMENTS = pd.DataFrame(
    [(name, abc, abc + xyz) for name, (abc, xyz) in ITEMS.items()], columns=["item_id", "abc", "segment"]
)
lines_drawn = st.lists(
    st.tuples(
        st.sampled_from([*CUSTOMERS, "(unknown)"]),
        st.sampled_from([*ITEMS]),
        st.sampled_from(["online", "retail", "project"]),
        st.sampled_from([100.0, 30.0, 7.0, -20.0]),
    ),
    min_size=1,
    max_size=60,
).map(sold)


def marked(lines, rules=RULES):
    return mark_segments(lines, CUSTOMER_SEGMENTS, ITEM_SEGMENTS, rules=rules)


def in_steps(lines, rules=RULES):
    """Return the micro-segment of every cell, cell by cell and level by level: the slow twin."""
    cells = {}
    for line in lines.itertuples():
        abc, band = CUSTOMERS.get(line.customer_id, ("(unknown)", ""))
        customer = f"{abc}-{band}" if band else abc
        item = "".join(ITEMS[line.item_id])
        cell = cells.setdefault((customer, item, line.channel), {"lines": 0, "who": set(), "up": (abc, item[0])})
        if not line.is_return:
            cell["lines"] += 1
            cell["who"] |= {line.customer_id} - {"(unknown)"}

    def pool_of(key, level):
        (customer, item, channel), (abc, value) = key, cells[key]["up"]
        names = [(customer, item, channel), (customer, item, "(other)"), (abc, value, "(rest)"), (abc, "(rest)")]
        return "/".join([*names, ("(rest)",)][level])

    found, open_cells = {}, set(cells)
    for level in range(5):
        for pool in sorted({pool_of(key, level) for key in open_cells}):
            inside = [key for key in open_cells if pool_of(key, level) == pool]
            count = sum(cells[key]["lines"] for key in inside)
            who = set().union(*(cells[key]["who"] for key in inside))
            nameless = cells[inside[0]]["up"][0] == "(unknown)"
            if level == 4 or (count >= rules.min_lines and (nameless or len(who) >= rules.min_customers)):
                found |= dict.fromkeys(inside, pool)
                open_cells = open_cells - set(inside)
    return found


@given(lines_drawn)
def test_thin_cells_go_where_the_rule_sends_them(lines):
    made = map_micro_segments(marked(lines), rules=RULES)
    keys = zip(made["customer_segment"], made["item_segment"], made["channel"], strict=True)
    assert dict(zip(keys, made["micro_segment"], strict=True)) == in_steps(lines)


@given(lines_drawn)
def test_every_line_is_in_exactly_one_and_sums_are_those_of_the_lines(lines):
    own = marked(lines)
    made = map_micro_segments(own, rules=RULES)
    micro = value_micro_segments(own, made)
    assigned = assign_micro_segments(own, made)
    assert assigned["micro_segment"].notna().all()
    assert set(assigned["micro_segment"]) == set(micro["micro_segment"]) == set(made["micro_segment"])
    assert micro["lines"].sum() == (~lines["is_return"]).sum() == made["lines"].sum()
    assert micro["merged_cells"].sum() == len(made)
    assert micro["returned_value"].sum() == -lines["revenue"].clip(upper=0).sum()
    for name in MONEY:
        assert micro[name].sum() == pytest.approx(lines[name].sum())


@given(lines_drawn)
def test_a_thick_cell_stays_alone_and_a_pool_is_thick_or_the_rest(lines):
    own = marked(lines)
    made = map_micro_segments(own, rules=RULES)
    unknown = made["customer_segment"] == "(unknown)"
    thick = (made["lines"] >= RULES.min_lines) & (unknown | (made["customers"] >= RULES.min_customers))
    assert ((made["level"] == "cell") == thick).all()
    micro = value_micro_segments(own, made).query("level != 'all'")
    assert (micro["lines"] >= RULES.min_lines).all()
    assert ((micro["customers"] >= RULES.min_customers) | (micro["customer_segment"] == "(unknown)")).all()


@given(lines_drawn, st.integers(0, 99))
def test_the_order_of_lines_does_not_matter(lines, seed):
    made = [
        (made := map_micro_segments(marked(rows), rules=RULES), value_micro_segments(marked(rows), made))
        for rows in (lines, lines.sample(frac=1, random_state=seed))
    ]
    for straight, mixed in zip(*made, strict=True):
        pd.testing.assert_frame_equal(straight, mixed, rtol=1e-9)


@given(lines_drawn)
def test_merging_two_segments_adds_them_up_and_leaves_the_others_alone(lines):
    """Two item segments become one: where no cell is thin, its figures are the sums and all else is as before."""
    rules = MicroSegments(customers_by="segment", items_by="segment", min_lines=1, min_customers=1)
    lines = lines[~lines["is_return"]]
    if lines.empty:
        return
    joined = ITEM_SEGMENTS.replace({"segment": {"AX": "AZ"}})
    values = []
    for items in (ITEM_SEGMENTS, joined):
        own = mark_segments(lines, CUSTOMER_SEGMENTS, items, rules=rules)
        values.append(value_micro_segments(own, map_micro_segments(own, rules=rules)))
    keys = ["customer_segment", "item_segment", "channel"]
    apart = values[0].replace({"item_segment": {"AX": "AZ"}}).groupby(keys)[[*MONEY, "lines"]].sum()
    pd.testing.assert_frame_equal(apart, values[1].set_index(keys)[[*MONEY, "lines"]].sort_index(), rtol=1e-9)


def test_identical_segments_merged_keep_every_share():
    rows = [(customer, item, "online", 50.0) for customer in CUSTOMERS for item in ITEMS]
    twin = CUSTOMER_SEGMENTS.replace({"segment": {"A-low": "A-high"}})
    rules = MicroSegments(customers_by="segment", items_by="abc", min_lines=1, min_customers=1)
    shares = []
    for customers in (CUSTOMER_SEGMENTS, twin):
        own = mark_segments(sold(rows), customers, ITEM_SEGMENTS, rules=rules)
        micro = value_micro_segments(own, map_micro_segments(own, rules=rules))
        shares.append(micro[micro["customer_segment"].str.startswith("A")]["margin_share"].unique().round(12))
    assert shares[0].tolist() == shares[1].tolist() == [0.3]


def test_reasons_are_words_with_the_figures():
    rows = [("CUST-0000", "SKU-0000", "online", 10.0)] * 4 + [("CUST-0003", "SKU-0000", "retail", 10.0)]
    rules = MicroSegments(customers_by="abc", items_by="abc", min_lines=4, min_customers=2)
    made = map_micro_segments(marked(sold(rows), rules), rules=rules)
    assert made["reason"].tolist() == [
        "1 customer, fewer than 2: merged over channels",
        "1 line, fewer than 4 and 1 customer, fewer than 2: merged over channels",
    ]
    assert set(made["micro_segment"]) == {"A/A/(other)"}
    assert set(made["level"]) == {"channels"}


def test_a_line_of_a_cell_not_seen_before_joins_the_narrowest_pool():
    rows = [("CUST-0000", "SKU-0000", "online", 10.0)] * 2 + [("CUST-0002", "SKU-0000", "online", 10.0)] * 9
    rows += [("CUST-0000", "SKU-0002", "retail", 10.0)] * 2
    rules = MicroSegments(customers_by="segment", items_by="segment", min_lines=4, min_customers=1)
    made = map_micro_segments(marked(sold(rows), rules), rules=rules)
    new = sold([("CUST-0000", "SKU-0004", "project", 1.0), ("CUST-0001", "SKU-0000", "online", 1.0)])
    later = assign_micro_segments(marked(new, rules), made)
    assert later["micro_segment"].tolist() == ["A/A/(rest)", "(rest)"]


def test_blank_classes_are_segments_of_their_own():
    lines = sold([("(unknown)", "SKU-0000", "online", 10.0), ("CUST-9999", "SKU-0001", "online", 5.0)])
    made = map_micro_segments(marked(lines), rules=RULES)
    assert sorted(made["customer_segment"]) == ["(no class)", "(unknown)"]


def test_unknown_costs_stay_unknown():
    lines = sold([("CUST-0000", "SKU-0000", "online", 10.0)]).assign(net_margin=np.nan, cost=np.nan)
    own = marked(lines)
    micro = value_micro_segments(own, map_micro_segments(own, rules=RULES))
    assert micro[["net_margin", "margin_share"]].isna().all(axis=None)
    assert micro["revenue"].tolist() == [10.0]


def test_no_lines_give_empty_typed_tables():
    own = marked(sold([("CUST-0000", "SKU-0000", "online", 10.0)]).iloc[:0])
    made = map_micro_segments(own, rules=RULES)
    pd.testing.assert_frame_equal(made, empty_table("micro_map"))
    pd.testing.assert_frame_equal(value_micro_segments(own, made), empty_table("micro_segments"))


def test_micro_segments_of_the_sample_add_up_to_the_window(sample_plan):
    check_sums(sample_plan)
    assert set(sample_plan.micro_map["level"]) >= {"cell", "channels", "customer", "all"}


@pytest.mark.real
def test_micro_segments_of_a_retailer_add_up_to_the_window(real_data, tmp_path):
    file = real_data / "ta_feng" / "ta_feng.parquet"
    (tmp_path / "segkit.toml").write_text(f'extends = "ta_feng"\n[sources.orders]\nfile = "{file}"\n', "utf-8")
    check_sums(sk.open_plan(tmp_path))


def check_sums(plan):
    micro, begin = plan.micro_segments, pd.Timestamp(plan.as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=12)
    lines = plan.order_lines[plan.order_lines["order_date"] >= begin]
    assert len(micro) > 4
    for name in MONEY:
        assert round(micro[name].sum() - lines[name].sum(), 2) == 0
    assert micro["lines"].sum() == (~lines["is_return"] & ~lines["is_reversed"]).sum()
    assert plan.micro_map.groupby("micro_segment")["lines"].sum().tolist() == micro["lines"].tolist()
