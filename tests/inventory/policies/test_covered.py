"""Demand over lead time and review, all classes of an item-location together, in the lots in which it comes."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.covered import CHANCES, fit_places

ITEMS = empty_table("items")
NO_EVENTS = pd.DataFrame({"period": pd.to_datetime([])})


def history(quantities, start="2024-01-01", demand_class="(all)", in_stock=True):
    """Return weekly demand of items at NORTH."""
    frames = [
        pd.DataFrame({"period": pd.date_range(start, periods=len(values), freq="7D"), "quantity": values}).assign(
            item_id=item
        )
        for item, values in quantities.items()
    ]
    table = pd.concat(frames, ignore_index=True).assign(
        location_id="NORTH", demand_class=demand_class, in_stock=in_stock
    )
    return table[["item_id", "location_id", "demand_class", "period", "quantity", "in_stock"]].astype(
        {"quantity": float}
    )


def intervals(*rows):
    names = ["item_id", "mean_periods", "sd_periods", "review_periods"]
    return pd.DataFrame(rows, columns=names).assign(location_id="NORTH", lead_time_source="master")


def cover(table, told):
    return fit_places(table, ITEMS, NO_EVENTS, told, seed=0).cover()


@pytest.fixture(scope="module")
def weekly():
    rng = np.random.default_rng(3)
    return history(
        {"SKU-0001": rng.poisson(8, 104), "SKU-0007": rng.poisson(0.2, 104), "SKU-0042": rng.poisson(3, 104)}
    )


TOLD = intervals(("SKU-0001", 3.0, 0.0, 1.0), ("SKU-0042", 2.0, 1.0, 2.0))


def test_places_with_a_lead_time_are_covered(weekly):
    covered = cover(weekly, TOLD)
    assert covered.places["item_id"].tolist() == ["SKU-0001", "SKU-0042"]
    assert covered.lots.tolist() == [1.0, 1.0]
    demand = covered.demand
    assert demand.whole.shape == (2, len(CHANCES))
    assert (np.diff(demand.whole, axis=1) >= 0).all()
    assert demand.mean == pytest.approx([32.0, 12.0], rel=0.15)
    assert demand.moments[0] == pytest.approx(demand.mean, rel=0.1)
    assert demand.review_share == pytest.approx([0.25, 0.5], rel=0.02)
    assert covered.places["demand_mean"].tolist() == pytest.approx([8.0, 3.0], rel=0.15)
    recent = weekly.groupby("item_id")["quantity"].apply(lambda cells: cells.tail(13).mean())
    assert covered.places["recent_mean"].tolist() == pytest.approx(recent[["SKU-0001", "SKU-0042"]].tolist())


@pytest.mark.parametrize("lot", [6.0, 1 / 12])
def test_demand_that_comes_in_lots_is_the_same_in_lots(weekly, lot):
    plain, other = cover(weekly, TOLD), cover(weekly.assign(quantity=weekly["quantity"] * lot), TOLD)
    assert other.lots == pytest.approx([lot, lot])
    assert other.demand.whole == pytest.approx(plain.demand.whole)
    assert other.demand.review_mean == pytest.approx(plain.demand.review_mean)
    means = ["demand_mean", "recent_mean"]
    assert (other.places[means] / lot).to_numpy() == pytest.approx(plain.places[means].to_numpy())


def test_classes_of_a_place_are_one_demand(weekly):
    rng = np.random.default_rng(5)
    part = weekly["quantity"].map(lambda units: rng.binomial(int(units), 0.4)).astype(float)
    split = pd.concat(
        [
            weekly.assign(demand_class="gold", quantity=part),
            weekly.assign(demand_class="silver", quantity=weekly["quantity"] - part),
        ]
    )
    one, two = cover(weekly, TOLD), cover(split.sample(frac=1, random_state=2), TOLD)
    pd.testing.assert_frame_equal(one.places, two.places)
    assert (one.demand.whole == two.demand.whole).all()


def test_weeks_without_stock_tell_nothing_of_recent_demand():
    table = history({"SKU-0001": [5] * 60})
    out = table["period"] >= table["period"].max() - pd.Timedelta(days=28)
    dry = table.assign(quantity=table["quantity"].where(~out, 0.0), in_stock=~out)
    covered = cover(dry, intervals(("SKU-0001", 1.0, 0.0, 1.0)))
    assert covered.places["recent_mean"].tolist() == [5.0]
    assert covered.places["demand_mean"][0] == pytest.approx(5.0, rel=0.1)


def test_stock_that_is_watched_all_the_time_has_a_review_of_a_day(weekly):
    told = [intervals(("SKU-0001", 3.0, 0.0, review)) for review in (0.0, 1 / 7)]
    none, daily = (cover(weekly, one).demand for one in told)
    assert none.review_mean[0] == pytest.approx(none.mean[0] / 21)
    assert daily.review_mean[0] == pytest.approx(none.review_mean[0], rel=0.05)


def test_longer_intervals_need_more(weekly):
    means = [cover(weekly, intervals(("SKU-0001", lead, 0.0, 1.0))).demand.mean[0] for lead in (0.0, 1.5, 4.0)]
    assert means == sorted(means)
    sure, unsure = (cover(weekly, intervals(("SKU-0001", 4.0, sd, 1.0))).demand for sd in (0.0, 2.0))
    assert unsure.moments[1][0] > sure.moments[1][0]


def test_without_lead_times_nothing_is_covered(weekly):
    covered = cover(weekly, TOLD.iloc[:0])
    assert covered.places.empty
    assert list(covered.places) == list(cover(weekly, TOLD).places)
    assert covered.demand.whole.shape == (0, len(CHANCES))
    assert covered.lots.shape == (0,)


def test_without_a_history_nothing_is_covered(weekly):
    assert cover(weekly.iloc[:0], TOLD.iloc[:0]).places.empty
    assert cover(weekly.iloc[:0], TOLD).places.empty


def test_how_often_anything_is_asked_for_is_that_of_the_history():
    """One week in four has twenty units; with a lead time of a year no quantile tells of weeks without demand."""
    rng = np.random.default_rng(4)
    weeks = np.where(rng.random(156) < 0.25, 20, 0)
    weeks[0] = 20
    table = history({"SKU-0001": weeks, "SKU-0007": [3] * 156})
    told = intervals(("SKU-0001", 26.0, 0.0, 1.0), ("SKU-0007", 26.0, 0.0, 1.0))
    covered = cover(table, told)
    before = weeks.mean()
    often = -np.log(1 - ((weeks > 0).sum() + 0.5) / 156.5) * covered.places["demand_mean"][0] / before
    assert covered.demand.asked[0] == pytest.approx(1 - np.exp(-often))
    assert np.isnan(covered.demand.asked[1])
    fewer = cover(table, told.assign(review_periods=1 / 7)).demand.asked[0]
    assert fewer == pytest.approx(1 - np.exp(-often / 7), rel=0.05)
    other = cover(table.assign(quantity=table["quantity"] / 12), told)
    assert other.demand.asked == pytest.approx(covered.demand.asked, nan_ok=True)
