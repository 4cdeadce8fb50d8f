"""Breaks that were put in are dated right; noise, seasons and constants raise few alarms or none."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from segkit.formulas.change_points import below_budget, find_level_changes


def noise(count, series, seed, memory=0.0):
    random = np.random.default_rng(seed)
    rows = random.standard_normal((series, count + 30))
    for place in range(1, count + 30):
        rows[:, place] = memory * rows[:, place - 1] + np.sqrt(1 - memory**2) * rows[:, place]
    return rows[:, 30:]


def season(count, size=4.0):
    month = np.arange(count)
    return size * np.sin(2 * np.pi * month / 12) + size / 2 * np.cos(4 * np.pi * month / 12)


def found(rows, **options):
    return find_level_changes(list(rows), **options)


def step(count, place, size):
    return size * (np.arange(count) >= place)


@pytest.mark.parametrize("count", [12, 18, 24, 36, 60])
def test_a_clear_break_is_dated_right(count):
    place = count // 2
    rows = 10 + noise(count, 30, seed=count) + step(count, place, 5.0)
    changes = found(rows)
    hits = [many for many in changes if any(abs(one.place - place) <= 1 for one in many)]
    assert len(hits) >= 27
    sizes = [one.after - one.before for many in hits for one in many if abs(one.place - place) <= 1]
    assert np.median(sizes) == pytest.approx(5.0, abs=0.5)


@pytest.mark.parametrize("count", [24, 36, 60])
def test_a_break_beside_a_season_is_dated_right(count):
    place = count // 2 + 2
    rows = 10 + season(count) + noise(count, 30, seed=count + 1) + step(count, place, -5.0)
    hits = [any(abs(one.place - place) <= 1 for one in many) for many in found(rows, cycle=12)]
    assert sum(hits) >= 24


@pytest.mark.parametrize("count", [12, 24, 48])
@pytest.mark.parametrize("memory", [0.0, 0.3])
def test_noise_and_seasons_raise_alarms_as_often_as_promised(count, memory):
    """One series at a time, each with a budget of 10 %."""
    rows = noise(count, 120, seed=7 + count, memory=memory) + (season(count) if count >= 24 else 0.0)
    options = {"cycle": 12, "false_share": 0.1, "most": 1, "draws": 299}
    alarms = sum(bool(found(row[None, :], **options)[0]) for row in rows)
    assert alarms / 120 <= 0.1 + 2.5 * np.sqrt(0.09 / 120)


def test_the_budget_holds_over_many_series():
    rows = noise(30, 400, seed=5)
    assert sum(len(many) for many in found(rows)) <= 2


def test_among_quiet_series_the_one_that_broke_is_found():
    rows = noise(30, 100, seed=6)
    rows[17] += step(30, 14, 6.0)
    changes = found(rows)
    assert [place for place, many in enumerate(changes) if many] == [17]
    assert abs(changes[17][0].place - 14) <= 1
    assert changes[17][0].chance <= 0.001


def test_breaks_in_weeks_are_dated_beside_the_season_of_the_year():
    week = np.arange(130)
    rows = noise(130, 12, seed=12) + 3 * np.sin(2 * np.pi * week / 52) + step(130, 75, 3.0)
    places = [[one.place for one in many] for many in found(rows, cycle=52, shortest=6)]
    assert sum(any(abs(place - 75) <= 2 for place in many) for many in places) >= 10


def test_two_breaks_are_two_levels():
    rows = noise(48, 20, seed=8) + step(48, 14, 6.0) + step(48, 31, -8.0)
    changes = found(rows)
    both = [many for many in changes if len(many) == 2]
    assert len(both) >= 17
    for many in both:
        assert abs(many[0].place - 14) <= 1
        assert abs(many[1].place - 31) <= 1
        assert many[0].after == many[1].before


def test_levels_that_come_and_go_do_not_hide_each_other():
    rows = noise(48, 20, seed=11) + step(48, 14, 3.5) + step(48, 31, -3.5)
    places = [[one.place for one in many] for many in found(rows)]
    assert sum(len(many) == 2 and abs(many[0] - 14) <= 1 and abs(many[1] - 31) <= 1 for many in places) >= 15


def test_a_steady_trend_is_no_break():
    rows = np.linspace(0, 12, 36) + noise(36, 40, seed=9)
    assert sum(bool(many) for many in found(rows)) <= 4


def test_the_scale_and_level_of_a_series_do_not_matter():
    rows = noise(36, 12, seed=10) + step(36, 15, 3.0)
    plain, scaled = found(rows), found(1e6 * rows - 4e6)
    assert [[one.place for one in many] for many in plain] == [[one.place for one in many] for many in scaled]


def test_odd_series_are_quiet():
    assert (
        found([np.zeros(30), np.full(12, 7.0), np.array([]), np.array([1.0, 9.0]), np.array([1, 2, 9, 9, 9.0])])
        == [[]] * 5
    )
    assert find_level_changes([]) == []
    sales = np.where(np.arange(36) % 12 == 11, 100.0, 5.0)
    assert found([sales], cycle=12) == [[]]


def test_a_break_without_noise_is_certain():
    changes = found([np.repeat([5.0, 9.0], 8)])[0]
    assert [(one.place, one.before, one.after) for one in changes] == [(8, pytest.approx(5.0), pytest.approx(9.0))]


def test_the_budget_is_that_of_benjamini_and_hochberg():
    random = np.random.default_rng(3)
    for _ in range(50):
        chances = random.random(20) ** 3
        expected = false_discovery_control(chances, method="bh") <= 0.05
        assert below_budget(chances, 0.05).tolist() == expected.tolist()
