"""Simple smoothing of many series: its constants are the best there are, and what is not known changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.intermittent import smoothed
from segkit.formulas.smoothing import best_smoothing, best_smoothing_and_start, smoothed_levels

FITS = pytest.mark.parametrize("fit", [best_smoothing, best_smoothing_and_start])
SERIES = st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.0, 3.0, 5.0, 40.0]), min_size=2, max_size=25)


def squared_error_from_best_start(values, alpha):
    """Solve for the first level: errors = errors from 0 - first level x (1 - alpha)^t."""
    level, errors = 0.0, []
    for value in values:
        errors.append(value - level)
        level += alpha * (value - level)
    weights = (1 - alpha) ** np.arange(len(values))
    first = np.linalg.lstsq(weights[:, None], np.array(errors), rcond=None)[0][0]
    return ((np.array(errors) - first * weights) ** 2).mean()


def squared_error_from_first_value(values, alpha):
    level, errors = values[0], []
    for value in values[1:]:
        errors.append(value - level)
        level += alpha * (value - level)
    return np.mean(np.square(errors))


def panel(seed=6, series=200, periods=30):
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(1, 8, (series, 1)), (series, periods)).astype(float)
    return values, rng.random((series, periods)) < 0.8, rng.integers(0, periods + 1, series)


@pytest.mark.parametrize(
    ("fit", "error"),
    [(best_smoothing, squared_error_from_first_value), (best_smoothing_and_start, squared_error_from_best_start)],
)
@given(SERIES)
def test_no_constant_of_a_fine_grid_is_better(fit, error, values):
    bounds = (0.01, 0.99)
    found = fit([values], bounds=bounds)
    least = min(error(values, alpha) for alpha in np.linspace(*bounds, 197))
    assert bounds[0] <= found.alpha[0] <= bounds[1]
    assert found.squared_error[0] == pytest.approx(error(values, found.alpha[0]), rel=1e-7, abs=1e-9)
    assert found.squared_error[0] <= least * (1 + 1e-3) + 1e-9


def test_level_and_first_level_belong_to_the_constant():
    values, _, _ = panel()
    found = best_smoothing(values)
    np.testing.assert_array_equal(found.first_level, values[:, 0])
    np.testing.assert_allclose(found.level, smoothed_levels(values, alpha=found.alpha), rtol=1e-12)
    free = best_smoothing_and_start(values)
    before = np.column_stack([free.first_level, values])
    np.testing.assert_allclose(free.level, smoothed_levels(before, alpha=free.alpha), rtol=1e-9, atol=1e-9)
    assert (free.squared_error * 30 <= best_smoothing(values, bounds=(0.0001, 0.9999)).squared_error * 29 + 1e-9).all()


def test_statsmodels_finds_the_same_optimum():
    """The oil data of the first edition of FPP, 1996-2007, which statsmodels has in its documentation."""
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    oil = [446.6565, 454.4733, 455.6630, 423.6322, 456.2713, 440.5881]
    oil += [425.3325, 485.1494, 506.0482, 526.7920, 514.2689, 494.2110]
    theirs = SimpleExpSmoothing(np.array(oil), initialization_method="estimated").fit()
    ours = best_smoothing_and_start([oil])
    assert ours.alpha[0] == pytest.approx(0.8920, abs=5e-5)
    assert ours.alpha[0] == pytest.approx(theirs.params["smoothing_level"], abs=2e-4)
    assert ours.first_level[0] == pytest.approx(theirs.params["initial_level"], abs=0.02)
    assert ours.level[0] == pytest.approx(theirs.forecast(1)[0], abs=0.01)
    assert ours.squared_error[0] <= theirs.sse / 12 * (1 + 1e-9)


def test_levels_after_each_period_are_those_of_the_slow_twin():
    values, observed, start = panel()
    levels = smoothed_levels(values, observed, start, alpha=0.3, origins=range(1, 31))
    for row in range(0, 200, 17):
        for period in range(30):
            seen = observed[row, : period + 1] & (np.arange(period + 1) >= start[row])
            told = values[row, : period + 1][seen]
            assert levels[row, period] == pytest.approx(smoothed(told, 0.3) if told.size else 0.0)


def test_masked_periods_leave_the_level_as_it_is():
    values, observed, start = panel()
    levels = smoothed_levels(values, observed, start, alpha=0.3, origins=range(31))
    known = observed & (np.arange(30) >= start[:, None])
    assert (np.diff(levels, axis=1)[~known] == 0).all()
    noise = np.where(known, values, 1e9)
    np.testing.assert_array_equal(smoothed_levels(noise, observed, start, alpha=0.3, origins=range(31)), levels)
    missing = np.where(observed, values, np.nan)
    np.testing.assert_array_equal(smoothed_levels(missing, None, start, alpha=0.3, origins=range(31)), levels)


@FITS
def test_every_origin_is_fitted_to_its_own_past(fit):
    values, observed, start = panel()
    found = fit(values, observed, start, origins=[30, 4, 0, 21])
    for column, origin in enumerate([30, 4, 0, 21]):
        alone = fit(values[:, :origin], observed[:, :origin], start)
        for name, part in vars(found).items():
            np.testing.assert_array_equal(part[:, column], getattr(alone, name), err_msg=name)


@FITS
def test_the_counting_unit_and_the_order_of_series_do_not_matter(fit):
    values, observed, start = panel()
    mixed = np.random.default_rng(1).permutation(len(values))
    straight = fit(values, observed, start)
    np.testing.assert_array_equal(fit(values[mixed], observed[mixed], start[mixed]).level, straight.level[mixed])
    np.testing.assert_allclose(fit(values * 12, observed, start).level, straight.level * 12, rtol=1e-6, atol=1e-9)


@FITS
def test_one_core_finds_what_many_find(fit):
    import numba

    values, observed, start = panel()
    many, threads = fit(values, observed, start), numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = fit(values, observed, start)
    finally:
        numba.set_num_threads(threads)
    for name, part in vars(many).items():
        np.testing.assert_array_equal(part, getattr(one, name), err_msg=name)


def test_read_only_and_other_layouts_are_taken():
    from segkit.formulas.smoothing_kernels import level_forecasts

    values, observed, start = panel()
    plain = smoothed_levels(values, observed, start, alpha=0.3)
    frozen = np.asfortranarray(values)
    frozen.flags.writeable = False
    np.testing.assert_array_equal(smoothed_levels(frozen, observed, start.astype("int32"), alpha=0.3), plain)
    np.testing.assert_array_equal(smoothed_levels(values.tolist(), observed.tolist(), start, alpha=[0.3] * 200), plain)
    assert values.flags.writeable
    assert len(level_forecasts.signatures) == 1, "compiled once, whatever the kind of array"


@FITS
def test_little_or_nothing_gives_an_answer_and_says_so(fit):
    found = fit([[np.nan, np.nan], [7.0, np.nan], [0.0, 0.0], [5.0, 5.0]])
    np.testing.assert_allclose(found.level, [0, 7, 0, 5])
    assert np.isnan(found.alpha).tolist() == [True, False, False, False]
    assert np.isnan(found.first_level).tolist() == [True, False, False, False]
    assert np.nan_to_num(found.squared_error).tolist() == [0, 0, 0, 0]
    assert fit(np.empty((0, 4))).level.shape == (0,)
    assert fit(np.empty((3, 0))).level.tolist() == [0, 0, 0]


@FITS
def test_inputs_are_not_changed(fit):
    values, observed, start = panel()
    copies = values.copy(), observed.copy(), start.copy()
    fit(values, observed, start, origins=[10, 30])
    for given_array, copy in zip((values, observed, start), copies, strict=True):
        np.testing.assert_array_equal(given_array, copy)
    with pytest.raises(ValueError, match="do not rise"):
        fit(values, bounds=(0.5, 0.1))
