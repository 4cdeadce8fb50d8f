"""Scores from several criteria against one linear programme per item, and what any score must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from segkit.formulas.multicriteria import edas_score, ng_score, ramanathan_score, weighted_score

FIGURE = st.integers(0, 400).map(lambda cents: cents / 4)


@st.composite
def matrices(draw):
    count = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(FIGURE, min_size=count, max_size=count), min_size=1, max_size=8))
    return np.array(rows)


@given(matrices())
def test_the_r_model_is_its_linear_programmes(values):
    used = values[:, values.max(axis=0) > 0]
    twin = [-linprog(-row, A_ub=used, b_ub=np.ones(len(used))).fun if used.size else 0.0 for row in used]
    assert ramanathan_score(values) == pytest.approx(np.array(twin) if used.size else np.zeros(len(values)), abs=1e-7)


@given(matrices())
def test_ng_is_its_linear_programmes(values):
    span = np.ptp(values, axis=0)
    scaled = np.divide(values - values.min(axis=0), span, out=np.zeros(values.shape), where=span > 0)
    count = values.shape[1]
    falling = np.eye(count, k=1)[:-1] - np.eye(count)[:-1]
    limits = {"A_ub": falling, "b_ub": np.zeros(count - 1)} if count > 1 else {}
    twin = [-linprog(-row, A_eq=np.ones((1, count)), b_eq=[1], **limits).fun for row in scaled]
    assert ng_score(values) == pytest.approx(twin, abs=1e-9)


@pytest.mark.parametrize(
    "score",
    [
        ng_score,
        ramanathan_score,
        lambda values: edas_score(values, np.arange(1, values.shape[1] + 1)),
        lambda values: weighted_score(values, np.arange(1, values.shape[1] + 1)),
    ],
    ids=["ng", "r-model", "edas", "weighted"],
)
@given(values=matrices(), factor=st.sampled_from([0.01, 12.0, 163.5]))
def test_a_score_lies_between_0_and_1_and_knows_no_units(score, values, factor):
    scores = score(values)
    assert ((scores >= -1e-12) & (scores <= 1 + 1e-12)).all()
    assert score(values * factor) == pytest.approx(scores, abs=1e-9)


def test_the_r_model_refuses_figures_below_zero():
    with pytest.raises(ValueError, match="zero or more"):
        ramanathan_score([[1.0, -2.0]])
