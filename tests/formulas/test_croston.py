"""Intermittent demand of many series at once: equal to one series at a time, whatever is masked or not yet listed."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas import intermittent
from segkit.formulas.croston import (
    aggregate_disaggregate_levels,
    croston_levels,
    croston_optimized_levels,
    multiple_aggregation_levels,
    syntetos_boylan_levels,
    teunter_syntetos_babai_levels,
)

BOOK = tomllib.loads((Path(__file__).parent.parent / "textbook.toml").read_text("utf-8"))
TWINS = {
    "croston": croston_levels,
    "syntetos_boylan": syntetos_boylan_levels,
    "teunter_syntetos_babai": teunter_syntetos_babai_levels,
    "croston_optimized": croston_optimized_levels,
    "aggregate_disaggregate": aggregate_disaggregate_levels,
    "multiple_aggregation": multiple_aggregation_levels,
}
PUBLISHED = [case for case in BOOK["case"] if case.get("compute") in TWINS]
EACH = pytest.mark.parametrize(("one", "many"), [(getattr(intermittent, name), TWINS[name]) for name in TWINS])
PERIODS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, 7.0, 30.0]), st.booleans()), min_size=1, max_size=24
)


def panel(seed=4, series=300, periods=40):
    rng = np.random.default_rng(seed)
    values = rng.poisson(3, (series, periods)) * (rng.random((series, periods)) < rng.random((series, 1)))
    return values.astype(float), rng.random((series, periods)) < 0.85, rng.integers(0, periods + 1, series)


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["id"])
def test_published_numbers(case):
    value = TWINS[case["compute"]]([BOOK["data"][case["data"]]], **case.get("options", {}))
    assert value.tolist() == [pytest.approx(case["expected"], rel=0, abs=case["tolerance"])]


def test_there_are_published_numbers_for_every_method():
    assert {case["compute"] for case in PUBLISHED} == set(TWINS)


@EACH
@given(history=PERIODS, listed=st.integers(0, 10))
def test_many_are_as_one_without_what_is_masked_or_before_the_launch(one, many, history, listed):
    values, observed = np.array([quantity for quantity, _ in history]), np.array([seen for _, seen in history])
    told = values[observed & (np.arange(len(values)) >= listed)]
    found = many(values[None, :], observed[None, :], [listed])[0]
    assert found == pytest.approx(one(told), rel=1e-5)
    assert found == 0 or told.any()


@EACH
def test_every_origin_is_the_forecast_of_its_own_past(one, many):
    values, observed, start = panel()
    origins = [40, 0, 1, 7, 33]
    found = many(values, observed, start, origins=origins)
    assert found.shape == (300, 5)
    for column, origin in enumerate(origins):
        alone = many(values[:, :origin], observed[:, :origin], start)
        np.testing.assert_array_equal(found[:, column], alone)
    changed = np.where(np.arange(40) >= 33, 1e6, values)
    np.testing.assert_array_equal(many(changed, observed, start, origins=[33])[:, 0], found[:, 4])
    row = 5
    told = values[row, :33][observed[row, :33] & (np.arange(33) >= start[row])]
    assert found[row, 4] == pytest.approx(one(told), rel=1e-5)


@EACH
def test_neither_the_order_of_series_nor_the_counting_unit_matters(one, many):  # noqa: ARG001
    values, observed, start = panel()
    mixed = np.random.default_rng(2).permutation(300)
    found = many(values, observed, start)
    np.testing.assert_array_equal(many(values[mixed], observed[mixed], start[mixed]), found[mixed])
    np.testing.assert_allclose(many(values * 12, observed, start), found * 12, rtol=1e-5)


@EACH
def test_little_or_nothing_gives_an_answer(one, many):  # noqa: ARG001
    assert many(np.empty((0, 5))).shape == (0,)
    assert many(np.empty((2, 0))).tolist() == [0.0, 0.0]
    assert many([[0.0, 0.0], [np.nan, np.nan]]).tolist() == [0.0, 0.0]
    assert many([[4.0]], [[False]]).tolist() == [0.0]
    assert many([[4.0, 4.0]], start=[9]).tolist() == [0.0]
    steady = 3.8 if many is syntetos_boylan_levels else 4.0
    assert many([[np.nan, 4.0], [4.0, np.nan]]).tolist() == [steady, steady]


def test_constants_may_differ_by_series():
    values, observed, start = panel()
    alpha, beta = np.linspace(0.02, 0.5, 300), np.linspace(0.4, 0.05, 300)
    found = croston_levels(values, observed, start, alpha=alpha)
    lighter = syntetos_boylan_levels(values, observed, start, alpha=alpha)
    np.testing.assert_allclose(lighter, found * (1 - alpha / 2))
    chance = teunter_syntetos_babai_levels(values, observed, start, alpha=alpha, beta=beta)
    for row in (0, 111, 299):
        told = values[row][observed[row] & (np.arange(40) >= start[row])]
        assert found[row] == pytest.approx(intermittent.croston(told, alpha=alpha[row]))
        one = intermittent.teunter_syntetos_babai(told, alpha=alpha[row], beta=beta[row])
        assert chance[row] == pytest.approx(one)


def test_a_masked_period_lets_tsb_rest_where_a_zero_lets_it_fall():
    values = np.array([[3.0, 0, 2, 4, 0, 0, 0]])
    masked = np.array([[True, True, True, True, False, False, False]])
    before = teunter_syntetos_babai_levels(values[:, :4])
    assert teunter_syntetos_babai_levels(values, masked) == before
    assert teunter_syntetos_babai_levels(values) < before


@pytest.mark.parametrize(("wrong", "said"), [
    ({"alpha": 1.5}, "alpha lies outside 0 to 1"), ({"alpha": [0.1, np.nan]}, "in 1 series"),
    ({"origins": [5]}, "there are 3 periods"), ({"observed": [[True]]}, "observed has shape"),
    ({"start": 1}, "start has"),
])  # fmt: skip
def test_wrong_inputs_are_told(wrong, said):
    with pytest.raises(ValueError, match=said):
        croston_levels([[1, 2, 3], [4, 5, 6]], **wrong)
    with pytest.raises(ValueError, match="not \\(series, periods\\)"):
        croston_levels([1, 2, 3])
