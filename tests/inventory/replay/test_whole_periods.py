"""What a replay in whole days assumes is told where it is something else than levels are sized for."""

import numpy as np

from segkit.inventory.replay.runs import _lead_times
from segkit.inventory.replay.whole_periods import tell_whole_days


def told(lead, sd=0.0, review=1.0):
    return tell_whole_days(*(np.array(values, dtype=float, ndmin=1) for values in (lead, sd, review)))


def test_times_in_whole_days_are_not_told():
    assert told([3.0, 10.0], [0.0, 0.0], [1.0, 7.0]) == ""
    assert told(100.4) == ""  # hardly half a day in a hundred


def test_fixed_times_between_days_are_told_with_the_worst(terms):
    sentence = told([2.4, 10.0, 11.4], [0.0, 0.0, 0.0], [1.0, 7.0, 1.0])
    assert "at 2 of 3 item-locations" in sentence
    assert "at most 3 days where 3.4 are known" in sentence
    assert _lead_times(terms(1, lead_time_days=2.4), 10, 1.0, 0).tolist() == [2]


def test_lead_times_that_differ_keep_their_mean_and_are_not_told(terms):
    assert told(2.4, 1.0) == ""
    drawn = _lead_times(terms(1, lead_time_days=2.4, lead_time_sd=1.0), 4000, 1.0, 0)
    assert abs(drawn.mean() - 2.4) < 0.02
