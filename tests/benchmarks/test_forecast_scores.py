"""The measures of the forecasting benchmark on a case counted by hand."""

import numpy as np
import pytest
from forecast_scores import score_origins, score_points, score_quantiles

KNOWN = np.array([[0.0, 0.0, 2.0, 4.0], [5.0, 3.0, 5.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
CAME = np.array([[4.0, 2.0], [4.0, np.nan], [0.0, 1.0]])
SAID = np.array([[3.0, 3.0], [6.0, 9.0], [0.0, 0.0]])
MOST = np.array([0.0, 1.0, 2.0, 3.0, 5.0])


def test_points_are_scored_over_all_known_periods_and_judged_steps_only():
    scores = score_points(KNOWN, CAME, SAID)
    assert scores["wape"] == pytest.approx((1 + 1 + 2 + 0 + 1) / 11)
    assert scores["sum_wape"] == pytest.approx((0 + 2 + 1) / 11)
    assert scores["bias"] == pytest.approx((-1 + 1 + 2 - 1) / 11)
    # scales (0 + 4 + 4) / 3 and 4; the third series has none
    assert scores["rmsse"] == pytest.approx((np.sqrt(1 / (8 / 3)) + np.sqrt(4 / 4)) / 2)


def test_quantiles_are_scored_per_unit_that_came():
    scores = score_quantiles(np.array([[2.0, 6.0, np.nan]]), np.tile(MOST, (1, 3, 1)))
    assert scores["pinball_0.5"] == pytest.approx((0.5 * 2 + 0.5 * 6) / 8)
    assert scores["pinball_0.9"] == pytest.approx((0 + 0.9 * 4) / 8)
    assert scores["pinball_0.99"] == pytest.approx((0.01 * 3 + 0.99 * 1) / 8)
    # 2 ties with the quantile at .9 alone: surely under .95 and not under .8; 6 lies beyond the last
    assert scores["pit_0.95"] == pytest.approx(0.5)
    assert scores["pit_0.8"] == pytest.approx(0.0)
    assert 0 < scores["pit_0.9"] < 0.5


def test_quantiles_of_the_true_distribution_are_calibrated():
    from scipy.stats import poisson

    rate = np.random.default_rng(3).gamma(2.0, 1.5, (4000, 1))
    came = np.random.default_rng(4).poisson(rate).astype(float)
    scores = score_quantiles(came, poisson.ppf([0.5, 0.8, 0.9, 0.95, 0.99], rate[..., None]))
    assert [scores[f"pit_{level}"] for level in (0.8, 0.9, 0.95)] == pytest.approx([0.8, 0.9, 0.95], abs=0.02)


def test_origins_are_averaged_and_steps_beyond_the_horizon_are_not_judged():
    values = np.array([[0.0, 2.0, 4.0, 6.0, 6.0], [0.0, 0.0, 0.0, 8.0, 1.0]])
    nothing = np.full((2, 2, 5), np.nan)
    said = {2: (np.array([[3.0, 0.0], [-1.0, 7.0]]), nothing), 3: (np.array([[6.0, 0.0], [8.0, 0.0]]), nothing)}
    steps = np.array([1, 2])
    scores = score_origins(values, steps, said)
    # a forecast below 0 counts as 0
    assert scores["wape"] == pytest.approx(((1 + 0 + 1) / 12 + (0 + 0 + 1) / 15) / 2)
    assert "pinball_0.5" not in scores
    cut = score_origins(values, steps, said, cut=True)
    # the second series has not sold before either origin; the first has one difference, 2, at the second
    assert cut["wape"] == pytest.approx((1 / 4 + 0) / 2)
