"""Value and variability classes, against slow obvious twins and the cases the rules name."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.settings import Segments
from segkit.dynamics.segments import segment_items
from segkit.dynamics.value_classes import AbcRule, classify_abc, classify_abc_by_count
from segkit.dynamics.variability_classes import classify_xyz
from segkit.dynamics.whale import make_whale_curve

RESULT = ["measure_value", "rank", "share", "cumulative_share", "abc"]
KINDS = dict.fromkeys(RESULT, "float64") | {"abc": "str"}
CENTS = st.integers(-3_000, 20_000).map(lambda cents: cents / 100)
VALUES = st.lists(st.one_of(CENTS, st.just(0.0), st.just(math.nan)), max_size=25)


def frame(values, **columns):
    return pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(len(values))], "worth": values, **columns})


def abc(values, **options):
    return classify_abc(frame(values), measure="worth", **options)["abc"].tolist()


def abc_twin(values, shares=(0.8, 0.95), labels=("A", "B", "C")):
    """Class by the stated rule, one row after the other."""
    total = math.fsum(value for value in values if value > 0)
    rows = []
    for value in values:
        if math.isnan(value):
            rows.append((math.nan, math.nan, math.nan, math.nan, ""))
            continue
        higher = [other for other in values if other > value]
        reached = math.fsum([*higher, *(other for other in values if other == value)])
        before = math.fsum(higher) / total if total else 1.0
        label = labels[sum(before >= limit - 1e-12 for limit in shares)] if value > 0 else labels[-1]
        rows.append(
            (value, len(higher) + 1, value / total if total else 0.0, reached / total if total else 0.0,
             "L" if value < 0 else label)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=RESULT)


def same(left, right):
    pd.testing.assert_frame_equal(
        left[RESULT].reset_index(drop=True).astype(KINDS),
        right[RESULT].reset_index(drop=True).astype(KINDS),
        rtol=1e-9,
        atol=1e-9,
    )


@given(VALUES)
def test_abc_is_its_slow_twin(values):
    same(classify_abc(frame(values), measure="worth"), abc_twin(values))


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(values, random):
    whole = classify_abc(frame(values), measure="worth")
    places = list(range(len(values)))
    random.shuffle(places)
    shuffled = classify_abc(frame(values).iloc[places], measure="worth").sort_values("item_id")
    pd.testing.assert_frame_equal(shuffled, whole, rtol=1e-12)


@given(st.lists(CENTS, min_size=1, max_size=12), st.integers(1, 4))
def test_ties_share_rank_share_and_class(values, copies):
    classed = classify_abc(frame(values * copies), measure="worth")
    for name in ("rank", "cumulative_share", "abc"):
        assert (classed.groupby("worth")[name].nunique() == 1).all()


@given(VALUES, st.sampled_from([0.01, 12.0, 163.5, 1e9]))
def test_classes_do_not_depend_on_the_currency(values, rate):
    euro, yen = (classify_abc(frame([value * factor for value in values]), measure="worth") for factor in (1, rate))
    assert yen["abc"].tolist() == euro["abc"].tolist()
    assert yen["rank"].astype("float").tolist() == pytest.approx(euro["rank"].astype("float").tolist(), nan_ok=True)


@given(st.lists(st.tuples(st.sampled_from(["pumps", "hoses", "spares"]), CENTS), max_size=25))
def test_within_groups_equals_separate_runs(rows):
    values = frame([worth for _, worth in rows], category=[group for group, _ in rows])
    together = classify_abc(values, measure="worth", within="category")
    for group, part in values.groupby("category"):
        same(together[together["category"] == group], classify_abc(part, measure="worth"))


def test_groups_of_very_unlike_size_do_not_disturb_each_other():
    values = frame([1e-6, 1e-6 / 3, -1e12, 5.0, 3.0, 2.0], category=["a", "a", "b", "c", "c", "c"])
    classed = classify_abc(values, measure="worth", within="category")
    assert classed["abc"].tolist() == ["A", "A", "L", "A", "A", "B"]
    assert classed["cumulative_share"].tolist() == pytest.approx([0.75, 1.0, 0.0, 0.5, 0.8, 1.0])


def test_the_item_that_crosses_a_limit_belongs_to_the_upper_class():
    assert abc([85.0, 10.0, 5.0]) == ["A", "B", "C"]
    assert abc([100.0]) == ["A"]
    assert abc([79.0, 2.0, 14.0, 5.0]) == ["A", "C", "A", "B"]


def test_an_item_that_begins_exactly_at_a_limit_belongs_to_the_lower_class():
    assert abc([80.0, 15.0, 5.0]) == ["A", "B", "C"]
    assert abc([0.1] * 8 + [0.2]) == ["A"] * 9
    assert abc([8.0, *[0.1] * 20]) == ["A"] + ["B"] * 20


def test_losses_zeros_and_unknown_values_are_told_apart():
    classed = classify_abc(frame([90.0, 0.0, -30.0, math.nan, 10.0]), measure="worth")
    assert classed["abc"].tolist() == ["A", "C", "L", "", "B"]
    assert classed["cumulative_share"].tolist() == pytest.approx([0.9, 1.0, 0.7, math.nan, 1.0], nan_ok=True)
    assert classed["rank"].tolist() == [1, 3, 4, pd.NA, 2]


def test_nothing_of_value_gives_no_first_class():
    assert abc([0.0, 0.0]) == ["C", "C"]
    assert abc([-1.0, 0.0]) == ["L", "C"]


def test_what_is_left_where_sums_cancel_out_is_no_loss():
    assert abc([100.0, 0.1 + 0.2 - 0.3, 0.3 - 0.1 - 0.2]) == ["A", "C", "C"]


@given(VALUES)
def test_the_cumulative_share_passes_one_nowhere(values):
    assert not (classify_abc(frame(values), measure="worth")["cumulative_share"] > 1 + 1e-9).any()


def test_many_small_values_are_not_taken_for_ties():
    values = np.random.default_rng(2).lognormal(3, 1.5, 200_000)
    assert classify_abc(pd.DataFrame({"worth": values}), measure="worth")["rank"].nunique() == 200_000


def test_more_classes_by_other_limits():
    rule = AbcRule((0.5, 0.75, 0.9), ("A", "B", "C", "D"))
    assert abc([50.0, 25.0, 15.0, 10.0], rule=rule) == ["A", "B", "C", "D"]


@given(st.lists(st.integers(0, 30).map(float), min_size=1, max_size=40))
def test_classes_by_count_are_their_slow_twin(values):
    ends = np.cumsum([round(0.2 * len(values)), round(0.3 * len(values))])
    twin = ["ABC"[sum(sum(other > value for other in values) >= end for end in ends)] for value in values]
    rule = AbcRule((0.2, 0.5))
    assert classify_abc_by_count(frame(values), measure="worth", rule=rule)["abc"].tolist() == twin


def test_groups_are_counted_each_for_itself():
    values = frame(np.arange(20.0, 0, -1), category=["a", "b"] * 10)
    classed = classify_abc_by_count(values, measure="worth", rule=AbcRule((0.2, 0.5)), within="category")
    assert classed.groupby(["category", "abc"]).size().tolist() == [2, 3, 5] * 2


def test_xyz_by_the_limits_and_by_the_length_of_history():
    profile = pd.DataFrame({"cv": [0.5, 0.500001, 1.0, 1.2, np.nan, 0.1], "periods": [12, 12, 12, 12, 12, 5]})
    classed = classify_xyz(profile.assign(life_cycle="active"), rules=Segments())
    assert classed["xyz"].tolist() == ["X", "Y", "Y", "Z", "", ""]
    assert classed["variability"].tolist() == pytest.approx([0.5, 0.500001, 1.0, 1.2, np.nan, np.nan], nan_ok=True)


def profiles(rows):
    made = empty_table("item_profile").reindex(range(len(rows)))
    return made.assign(**pd.DataFrame(rows).to_dict("list")).astype({"item_id": "str"})


def values_of(rows):
    made = empty_table("item_value").reindex(range(len(rows)))
    return made.assign(**pd.DataFrame(rows).to_dict("list")).astype({"item_id": "str"})


def test_new_items_are_never_z_by_short_history():
    profile = profiles([{"item_id": "SKU-0001", "periods": 3, "cv": 1.7, "pattern": "lumpy", "life_cycle": "new"}])
    value = values_of([{"item_id": "SKU-0001", "net_margin": 10.0}])
    row = segment_items(value, profile, rules=Segments()).iloc[0]
    assert (row["abc"], row["xyz"], row["segment"]) == ("A", "", "A")
    assert "fewer than 6 complete periods" in row["reason"]


def test_items_of_either_table_are_classed():
    value = values_of([{"item_id": "SKU-0002", "net_margin": 90.0}, {"item_id": "SKU-0003", "net_margin": math.nan}])
    profile = profiles([{"item_id": "SKU-0001", "periods": 12, "cv": 0.2, "life_cycle": "dormant"}])
    table = segment_items(value, profile, rules=Segments()).set_index("item_id")
    assert table["segment"].to_dict() == {"SKU-0001": "CX", "SKU-0002": "A", "SKU-0003": ""}
    assert table.loc["SKU-0003", "reason"] == "net_margin unknown"


def test_unknown_customers_are_no_customer_of_the_whale_curve():
    made = empty_table("customer_value").reindex(range(3))
    values = made.assign(
        customer_id=pd.Series(["(unknown)", "CUST-0001", "CUST-0002"], dtype="str"), net_margin=[900.0, 80.0, -5.0]
    )
    curve = make_whale_curve(empty_table("item_value"), values)
    assert curve["entity_id"].tolist() == ["CUST-0001", "CUST-0002"]


@given(st.lists(CENTS, min_size=1, max_size=20))
@settings(max_examples=50)
def test_the_whale_curve_ends_at_the_total_and_passes_one_only_before_losses(margins):
    values = values_of([{"item_id": f"SKU-{n:04d}", "net_margin": m} for n, m in enumerate(margins)])
    curve = make_whale_curve(values, empty_table("customer_value"))
    assert curve["cumulative_margin"].iloc[-1] == pytest.approx(math.fsum(margins), abs=1e-6)
    assert curve["rank"].tolist() == list(range(1, len(margins) + 1))
    if math.fsum(margins) > 1:
        above = (curve["cumulative_margin_share"] > 1 + 1e-9).any()
        assert above == (min(margins) < 0)
