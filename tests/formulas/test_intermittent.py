"""Forecasts of intermittent demand: what must hold for any series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.intermittent import (
    aggregate_disaggregate,
    average_demand_interval,
    best_alpha,
    croston,
    croston_optimized,
    multiple_aggregation,
    prefers_syntetos_boylan,
    smoothed,
    squared_variation,
    syntetos_boylan,
    teunter_syntetos_babai,
)

FORECASTS = [
    croston,
    croston_optimized,
    syntetos_boylan,
    teunter_syntetos_babai,
    aggregate_disaggregate,
    multiple_aggregation,
]
SERIES = st.lists(st.sampled_from([0, 0, 0, 1, 2, 7, 30]), min_size=1, max_size=30)


def croston_twin(demand, alpha):
    """Walk through the periods as Croston describes it."""
    size = interval = None
    since = 1
    for quantity in demand:
        if quantity:
            size = quantity if size is None else size + alpha * (quantity - size)
            interval = since if interval is None else interval + alpha * (since - interval)
            since = 1
        else:
            since += 1
    return size / interval if size else 0.0


def tsb_twin(demand, alpha, beta):
    size = chance = None
    for quantity in demand:
        came = 1.0 if quantity else 0.0
        chance = came if chance is None else chance + beta * (came - chance)
        if quantity:
            size = quantity if size is None else size + alpha * (quantity - size)
    return size * chance if size else 0.0


@given(SERIES, st.sampled_from([0.05, 0.1, 0.3]))
def test_croston_and_tsb_are_their_slow_twins(demand, alpha):
    assert croston(demand, alpha=alpha) == pytest.approx(croston_twin(demand, alpha))
    assert syntetos_boylan(demand, alpha=alpha) == pytest.approx(croston_twin(demand, alpha) * (1 - alpha / 2))
    assert teunter_syntetos_babai(demand, alpha=alpha, beta=0.2) == pytest.approx(tsb_twin(demand, alpha, 0.2))


@pytest.mark.parametrize("forecast", FORECASTS)
@given(SERIES)
def test_forecasts_lie_between_nothing_and_the_largest_demand_and_scale_with_the_unit(forecast, demand):
    value = forecast(demand)
    assert 0 <= value <= max(demand) + 1e-9
    assert forecast([quantity * 12 for quantity in demand]) == pytest.approx(12 * value, rel=1e-5)


@pytest.mark.parametrize("forecast", FORECASTS)
def test_steady_demand_is_forecast_as_it_is_and_no_demand_as_none(forecast):
    assert forecast([4.0] * 12) == pytest.approx(3.8 if forecast is syntetos_boylan else 4.0)
    assert forecast([0.0] * 12) == 0.0
    assert forecast([]) == 0.0


def test_a_series_without_demand_has_no_interval_and_no_variation():
    for demand in ([], [0, 0, 0]):
        assert np.isnan(average_demand_interval(demand))
        assert np.isnan(squared_variation(demand))
    assert squared_variation([0, 5, 0]) == 0.0
    assert np.isnan(squared_variation([0, 5, 0], ddof=1))


def test_tsb_falls_while_there_is_no_demand_and_croston_does_not():
    active = [3, 0, 2, 0, 4]
    assert teunter_syntetos_babai([*active, 0, 0, 0]) < teunter_syntetos_babai(active)
    assert croston([*active, 0, 0, 0]) == croston(active)


@given(st.lists(st.integers(1, 50).map(float), min_size=2, max_size=20))
def test_the_best_constant_beats_every_other_of_its_range(values):
    values = np.array(values)

    def squared_error(alpha):
        return sum((values[at] - smoothed(values[:at], alpha)) ** 2 for at in range(1, len(values)))

    best = best_alpha(values)
    assert 0.1 <= best <= 0.3
    assert squared_error(best) <= min(squared_error(alpha) for alpha in np.linspace(0.1, 0.3, 41)) * (1 + 1e-6) + 1e-9


def squared_errors(constant, interval, variation):
    """Return the expected squared errors of Croston and of Syntetos-Boylan: bias² + variance, of a mean size of 1."""
    share = constant / (2 - constant)
    variance = share * ((interval - 1) / interval**3 * (1 + share * variation) + variation / interval**2)
    bias = share * (interval - 1) / interval**2
    corrected = constant / 2 / interval**2
    return variance + bias**2, variance * (1 - constant / 2) ** 2 + corrected**2


@pytest.mark.parametrize(
    ("interval", "variation"), [(1.02, 0.52), (1.1, 0.4), (1.2, 0.25), (1.3, 0.1), (1.4, 0), (3, 0.2)]
)
def test_the_line_parts_the_two_methods_by_their_squared_errors(interval, variation):
    assert prefers_syntetos_boylan(interval, variation)
    croston_error, corrected_error = squared_errors(0.01, interval, variation)
    assert corrected_error < croston_error


@pytest.mark.parametrize(("interval", "variation"), [(1.0, 0.45), (1.1, 0.25), (1.2, 0.1), (1.25, 0.05)])
def test_croston_is_kept_below_the_line(interval, variation):
    assert not prefers_syntetos_boylan(interval, variation)
    croston_error, corrected_error = squared_errors(0.01, interval, variation)
    assert croston_error < corrected_error


def test_the_line_takes_arrays_and_what_is_not_known():
    assert prefers_syntetos_boylan([1.0, 1.0, 4 / 3, np.nan], [0.5, 0.51, 1e-9, 1.0]).tolist() == [
        False,
        True,
        True,
        False,
    ]
