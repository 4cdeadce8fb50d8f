"""Lasting changes by segment: which are tested, how they read, and what is said where a season may be behind them."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.settings import Periods
from segkit.dynamics.moves.level_changes import find_change_points
from segkit.dynamics.moves.segment_trends import follow_segments


def trend(entity, entity_id, volume, margin=None, first="2023-01-01"):
    """Return rows of segment_dynamics."""
    months = pd.date_range(first, periods=len(volume), freq="MS").astype("datetime64[us]")
    rows = pd.DataFrame({"entity": entity, "entity_id": entity_id, "period": months, "complete": True})
    margin = volume if margin is None else margin
    return rows.assign(quantity=volume, volume=volume, revenue=volume, net_margin=margin)


def noise(count, seed):
    return 100 + np.random.default_rng(seed).standard_normal(count)


def test_a_break_is_dated_and_sized():
    margin = noise(36, 1) + 8.0 * (np.arange(36) >= 20)
    table = find_change_points(trend("channel", "web", noise(36, 2), margin), periods=Periods())
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["entity_id"], row["measure"], row["reason"]) == ("web", "net_margin", "")
    assert row["period"] == pd.Timestamp("2024-09-01")
    assert row["after"] - row["before"] == pytest.approx(row["change"])
    assert row["change"] == pytest.approx(8.0, abs=1.0)
    assert row["confidence"] > 0.99


def test_with_less_than_two_years_a_season_may_be_behind_it():
    demand = noise(14, 3) + 9.0 * (np.arange(14) >= 8)
    table = find_change_points(trend("all", "(all)", demand), periods=Periods())
    assert set(table["reason"]) == {"may be season: less than two years of history"}
    assert set(table["measure"]) == {"volume", "net_margin"}


def test_incomplete_periods_and_value_classes_have_no_say():
    demand = noise(30, 4)
    cut = trend("all", "(all)", demand)
    cut.loc[27:, "complete"] = False
    cut.loc[27:, ["volume", "net_margin", "quantity", "revenue"]] = 0.0
    classes = trend("customer_class", "A", noise(30, 5) + 9.0 * (np.arange(30) >= 15))
    assert find_change_points(pd.concat([cut, classes]), periods=Periods()).empty


def test_where_prices_and_costs_are_unknown_units_are_tested():
    units = noise(30, 6) + 9.0 * (np.arange(30) >= 15)
    blank = trend("all", "(all)", units).assign(volume=np.nan, revenue=np.nan, net_margin=np.nan)
    assert find_change_points(blank, periods=Periods())["measure"].tolist() == ["quantity"]


def test_days_are_added_up_to_months():
    days = pd.date_range("2022-01-01", "2024-12-31", freq="D").astype("datetime64[us]")
    margin = 3 + np.random.default_rng(7).standard_normal(len(days)) / 4 + (days >= "2023-09-01")
    daily = pd.DataFrame(
        {"entity": "all", "entity_id": "(all)", "period": days, "complete": True, "net_margin": margin}
    )
    daily = daily.assign(quantity=5.0, volume=np.nan, revenue=9.0)
    table = find_change_points(daily.iloc[20:-10], periods=Periods(unit="day"))
    assert table[["measure", "period"]].to_numpy().tolist() == [["net_margin", pd.Timestamp("2023-09-01")]]
    assert table["change"].item() == pytest.approx(30.4, abs=1.5)


def test_no_segments_no_changes():
    empty = empty_table("segment_dynamics")
    pd.testing.assert_frame_equal(find_change_points(empty, periods=Periods()), empty_table("change_points"))


def test_the_order_of_rows_does_not_matter(sample_plan):
    dynamics = sample_plan.segment_dynamics
    mixed = dynamics.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(find_change_points(mixed, periods=Periods()), sample_plan.change_points)


def test_a_channel_that_loses_half_its_lines_is_found_in_the_sample(sample_plan):
    """Every second order line of one channel goes from September 2024 on; the demand of others stays quiet."""
    lines = sample_plan._labelled()
    late = (lines["order_date"] >= "2024-09-01").to_numpy() & (lines["channel"] == "retail").to_numpy()
    cut = lines[~(late & (np.arange(len(lines)) % 2 == 0))]
    dynamics = follow_segments(cut, sample_plan.periods, groups=["channel"])
    table = find_change_points(dynamics, periods=Periods())
    retail = table[table["entity_id"] == "retail"]
    assert set(retail["measure"]) == {"volume", "net_margin"}
    assert retail["period"].between("2024-08-01", "2024-10-01").all()
    assert (retail["change"] < 0).all()
    assert set(table.loc[table["measure"] == "volume", "entity_id"]) <= {"retail", "(all)"}


def test_the_steady_company_raises_no_alarm(sample_plan):
    assert len(sample_plan.change_points) <= 2
