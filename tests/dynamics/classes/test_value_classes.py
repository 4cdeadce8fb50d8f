"""Value classes by share, number, limits and natural breaks, against slow twins and the cases the rules name."""

import math
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.errors import SettingsError
from segkit.core.settings import Segments
from segkit.dynamics.classes.value_classes import (
    AbcLimits,
    AbcRule,
    classify_abc,
    classify_abc_by_breaks,
    classify_abc_by_count,
    classify_abc_by_limits,
    classify_by_settings,
)

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
    twin = [
        "ABC"[sum(sum(other > value for other in values) >= end for end in ends)] if value else "C" for value in values
    ]
    rule = AbcRule((0.2, 0.5))
    assert classify_abc_by_count(frame(values), measure="worth", rule=rule)["abc"].tolist() == twin


def test_what_is_worth_nothing_is_in_the_last_class_however_few_sell():
    dead = frame([0.0] * 90 + list(np.arange(10.0, 0, -1)))
    classed = classify_by_settings(dead, measure="worth", rules=Segments(abc_by="item_share"))
    assert classed["abc"].tolist() == ["C"] * 90 + ["A"] * 10


def test_a_fifth_and_three_tenths_of_the_items_are_a_and_b():
    classed = classify_by_settings(frame(np.arange(100.0, 0, -1)), measure="worth", rules=Segments(abc_by="item_share"))
    assert classed["abc"].value_counts().to_dict() == {"A": 20, "B": 30, "C": 50}


def test_groups_are_counted_each_for_itself():
    values = frame(np.arange(20.0, 0, -1), category=["a", "b"] * 10)
    classed = classify_abc_by_count(values, measure="worth", rule=AbcRule((0.2, 0.5)), within="category")
    assert classed.groupby(["category", "abc"]).size().tolist() == [2, 3, 5] * 2


CLASSIFIERS = {
    "value": classify_abc,
    "count": classify_abc_by_count,
    "limits": lambda values, **options: classify_abc_by_limits(values, rule=AbcLimits((90.0, 20.0)), **options),
    "breaks": classify_abc_by_breaks,
}
EVERY_WAY = pytest.mark.parametrize("classify", list(CLASSIFIERS.values()), ids=list(CLASSIFIERS))


@EVERY_WAY
@given(values=VALUES, random=st.randoms(use_true_random=False))
def test_every_way_keeps_the_common_rules(classify, values, random):
    """Ties share a class, losses are L, the unknown has none, more is never in a lower class, order is free."""
    classed = classify(frame(values), measure="worth")
    assert (classed.groupby("worth")["abc"].nunique() == 1).all()
    assert ((classed["abc"] == "L") == (classed["worth"] < 0)).all()
    assert ((classed["abc"] == "") == classed["worth"].isna()).all()
    assert classed.loc[classed["worth"] > 0].sort_values("worth", ascending=False)["abc"].is_monotonic_increasing
    places = list(range(len(values)))
    random.shuffle(places)
    shuffled = classify(frame(values).iloc[places], measure="worth").sort_values("item_id")
    assert shuffled["abc"].tolist() == classed["abc"].tolist()


@EVERY_WAY
@given(rows=st.lists(st.tuples(st.sampled_from(["pumps", "hoses", "spares"]), CENTS), max_size=25))
def test_every_way_within_groups_equals_separate_runs(classify, rows):
    values = frame([worth for _, worth in rows], category=[group for group, _ in rows])
    together = classify(values, measure="worth", within="category")
    for group, part in values.groupby("category"):
        same(together[together["category"] == group], classify(part, measure="worth"))


def test_a_value_at_a_limit_is_in_the_upper_class():
    classed = classify_abc_by_limits(frame([100.0, 99.99, 10.0, 9.0, 0.0]), measure="worth", rule=AbcLimits((100, 10)))
    assert classed["abc"].tolist() == ["A", "B", "B", "C", "C"]
    four = AbcLimits((100.0, 50.0, 10.0), ("A", "B", "C", "D"))
    assert classify_abc_by_limits(frame([70.0, 5.0]), measure="worth", rule=four)["abc"].tolist() == ["B", "D"]


@pytest.mark.parametrize("limits", [(10, 100), (100, 100), (100,), (100, 0), (100, 50, 10)])
def test_limits_that_do_not_fit_are_refused(limits):
    with pytest.raises(SettingsError, match="must fall, be above zero, and be one fewer"):
        classify_abc_by_limits(frame([1.0]), measure="worth", rule=AbcLimits(limits))


def squares(values):
    return sum((value - sum(values) / len(values)) ** 2 for value in values)


@given(st.lists(st.integers(1, 400).map(float), min_size=3, max_size=9))
def test_breaks_are_the_best_of_all_splits(values):
    classed = classify_abc_by_breaks(frame(values), measure="worth")
    found = sum(squares(part["worth"].tolist()) for _, part in classed.groupby("abc"))
    different = sorted(set(values), reverse=True)
    splits = combinations(range(1, len(different)), min(3, len(different)) - 1)
    best = min(
        sum(squares([v for v in values if v in different[a:b]]) for a, b in pairwise((0, *split, len(different))))
        for split in splits
    )
    assert found == pytest.approx(best, rel=1e-9, abs=1e-6)


def test_fewer_sizes_than_classes_leave_the_last_classes_unused():
    assert classify_abc_by_breaks(frame([5.0, 5.0, 2.0, 0.0, -1.0]), measure="worth")["abc"].tolist() == list("AABCL")
    assert classify_abc_by_breaks(frame([5.0]), measure="worth")["abc"].tolist() == ["A"]


@given(VALUES, st.sampled_from([0.01, 12.0, 163.5, 1e9]))
def test_breaks_do_not_depend_on_the_currency(values, rate):
    euro, yen = (
        classify_abc_by_breaks(frame([value * factor for value in values]), measure="worth") for factor in (1, rate)
    )
    assert yen["abc"].tolist() == euro["abc"].tolist()


def test_settings_choose_the_way():
    values = frame([50.0, 30.0, 15.0, 5.0])
    ways = {
        "value_share": classify_abc(values, measure="worth"),
        "item_share": classify_abc_by_count(values, measure="worth", rule=AbcRule((0.2, 0.5))),
        "breaks": classify_abc_by_breaks(values, measure="worth"),
        "limits": classify_abc_by_limits(values, measure="worth", rule=AbcLimits((40, 10))),
    }
    for way, expected in ways.items():
        limits = [40.0, 10.0] if way == "limits" else []
        rules = Segments(abc_by=way, abc_limits=limits)
        found = classify_by_settings(values, measure="worth", rules=rules, limits=limits)
        assert found["abc"].tolist() == expected["abc"].tolist(), way
    without = classify_by_settings(values, measure="worth", rules=Segments(abc_by="limits", abc_limits=[40.0, 10.0]))
    assert without["abc"].tolist() == ways["value_share"]["abc"].tolist()


@pytest.mark.parametrize(
    ("given_settings", "problem"),
    [
        ({"abc_by": "limits"}, "needs abc_limits"),
        ({"abc_by": "limits", "abc_limits": [10.0, 100.0]}, "must fall"),
        ({"abc_by": "limits", "abc_limits": [10.0]}, "one fewer"),
        ({"velocity_shares": [0.9, 0.5]}, "velocity_shares must rise"),
        ({"abc_labels": ["A", "B"]}, "one more than abc_shares"),
        ({"abc_by": "item_share", "abc_item_shares": [0.5]}, "one more than abc_item_shares"),
        ({"abc_item_shares": [0.5, 0.2]}, "abc_item_shares must rise"),
    ],
)
def test_settings_that_do_not_fit_are_refused(given_settings, problem):
    with pytest.raises(ValueError, match=problem):
        Segments(**given_settings)


def test_more_labels_need_no_shares_where_breaks_or_limits_make_the_classes():
    labels = ["A", "B", "C", "D"]
    assert Segments(abc_by="breaks", abc_labels=labels).abc_labels == labels
    limits = {"abc_limits": [9.0, 5.0, 1.0], "abc_customer_limits": [90.0, 50.0, 10.0]}
    assert Segments(abc_by="limits", abc_labels=labels, **limits).abc_labels == labels
