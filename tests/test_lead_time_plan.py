"""Lead times in whole plans: drifts are seen by the replay and not before they are known, networks by all of it."""

import pandas as pd
import pytest

from segkit import open_plan
from segkit.inventory.policies.decisions import IDLE, SUPPLIES
from segkit.inventory.policies.supplying import OWN_ONLY
from segkit.inventory.replay.rules import OWN

TOML = (
    "[forecasts]\nreview_days = 7\n[assume]\nholding_rate = 0.25\norder_cost = 5\n[policies]\nreplay_days = 91\n"
    'reset_days = 28\n[policies.rules.all]\nwhere = "true"\npolicy = "order_up_to"\nfill_rate = 0.95\n'
)
MOVED = pd.Timestamp(2025, 9, 29)


def bought(orders, later, *, every=7):
    """Return receipts of all item-locations: 7 days, and another number from a day on."""
    days = pd.date_range("2024-07-01", "2025-12-31", freq=f"{every}D")
    places = orders[["item_id", "location_id"]].drop_duplicates()
    rows = places.merge(pd.DataFrame({"ordered_date": days}), how="cross")
    took = pd.to_timedelta(rows["ordered_date"].ge(MOVED).map({True: later, False: 7}), unit="D")
    received = rows["ordered_date"] + took
    received = received.where(received <= pd.Timestamp(2025, 12, 31))
    names = {"po_id": [f"P{n}" for n in range(len(rows))], "line_id": "1", "supplier_id": "S1", "quantity": 5.0}
    return rows.assign(received_date=received, **names)


@pytest.fixture
def company(write_workspace, small_company):
    def make(folder, **tables):
        return open_plan(write_workspace({**small_company, **tables}, TOML, folder))

    return make


def test_a_drift_is_seen_by_the_replay_and_by_no_level_before_it_is_known(company, small_company):
    orders = small_company["orders"]
    steady, later = (company(f"took{days}", purchases=bought(orders, days)) for days in (7, 35))
    day = MOVED.date()
    pd.testing.assert_frame_equal(steady.known_on(day).policies, later.known_on(day).policies)
    assert later.policies["lead_time_days"].min() > 8
    fill = {}
    for name, plan in (("steady", steady), ("later", later)):
        row = plan.replay_gap.set_index(["entity", "measure"]).loc[("all", "fill_rate")]
        fill[name] = row["achieved"], row["lead_time_effect"]
        told = plan.replay.set_index(["rule", "entity"]).loc[(OWN, "all"), "fill_rate"]
        assert told == pytest.approx(row["achieved"])
    assert fill["steady"][1] == pytest.approx(0.0, abs=1e-9)
    assert fill["later"][0] < fill["steady"][0] - 0.1
    assert fill["later"][1] == pytest.approx(fill["later"][0] - fill["steady"][0], abs=0.1)
    moved = later.policy_headlines.set_index("headline").loc["lead_times_moved"]
    assert "S1 at " in moved["sentence"]
    assert "lead_times_moved" not in set(steady.policy_headlines["headline"])


def test_places_that_another_supplies_wait_for_it_and_its_stock_is_not_judged(company, small_company):
    orders = small_company["orders"]
    purchases = bought(orders[orders["location_id"] == "NORTH"], 7)
    network = pd.DataFrame(
        {"location_id": ["NORTH", "SOUTH", "PLANT"], "supplied_by": ["PLANT", "NORTH", ""],
         "lead_time_days": [3.0, 2.0, 0.0]}
    )  # fmt: skip
    place = orders[["item_id", "location_id"]].drop_duplicates()
    held = pd.concat([place, place.drop_duplicates("item_id").assign(location_id="PLANT")], ignore_index=True)
    inventory = held.assign(date="2025-12-31", on_hand=90_000.0)
    plan = company("network", purchases=purchases, locations=network, inventory=inventory)
    days = plan.policies.groupby("location_id")["lead_time_days"].agg(["min", "max"])
    assert days.loc["NORTH"].tolist() == [7.0, 7.0]
    assert days.loc["SOUTH"].tolist() == [2.0, 2.0]
    sources = plan.protection_demand.groupby("location_id")["lead_time_source"].unique()
    assert {name: list(found) for name, found in sources.items()} == {"NORTH": ["receipts"], "SOUTH": ["location"]}
    states = plan.stock_position.groupby("location_id")["state"].unique()
    assert list(states["PLANT"]) == [SUPPLIES]
    assert SUPPLIES in states["NORTH"]
    assert SUPPLIES not in states["SOUTH"]
    assert IDLE not in states["NORTH"]
    through = plan._through_network(plan.policies).set_index("location_id")["lead_time_days"]
    assert (through.loc["SOUTH"].min(), through.loc["SOUTH"].max()) == (9.0, 9.0)
    assert through.loc["NORTH"].max() == 7.0
    for table in (plan.policies, plan.policy_phases):
        supplies = table["location_id"] == "NORTH"
        assert table["supplies_others"].eq(supplies).all()
        assert table["reason"].str.count(OWN_ONLY).eq(supplies.astype(int)).all()
    told = plan.policy_headlines.set_index("headline").loc["levels_of_own_customers"]
    assert told["value"] == (plan.policies["location_id"] == "NORTH").sum()
    assert "replayed each alone" in told["sentence"]
    bare = company("bare", purchases=purchases, inventory=inventory)
    assert bare.policies["lead_time_days"].eq(7).all()
    assert bare.stock_position["supplying_value"].isna().all()
    assert not bare.policies["supplies_others"].any()
    assert "levels_of_own_customers" not in set(bare.policy_headlines["headline"])
