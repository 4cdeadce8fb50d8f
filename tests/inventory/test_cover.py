"""Over what interval stock must cover demand: what receipts, the master and the settings tell, in this order."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import column_dtype, empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.inventory.cover import add_up_lead_times, cover_demand, cover_intervals, longest_interval
from segkit.inventory.events import events_by_period
from segkit.inventory.forecasting import forecast_demand

RULES = Forecasts(review_days=5)
ITEMS = pd.DataFrame({"item_id": ["SKU-0003", "SKU-0001"], "lead_time_days": [40.0, 99.0]})


def lead_times_of(*rows):
    columns = [
        "item_id",
        "supplier_id",
        "location_id",
        "receipts",
        "recent_receipts",
        "open_receipts",
        "lead_time_mean",
        "lead_time_sd",
        "lead_time_source",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({name: column_dtype(name) for name in columns}).sample(frac=1, random_state=4)


TOLD = lead_times_of(
    ("SKU-0001", "SUP-1", "NORTH", 9, 9, 0, 20.0, 5.0, "receipts"),
    ("SKU-0001", "SUP-2", "NORTH", 3, 3, 1, 60.0, 9.0, "supplier receipts"),
    ("SKU-0002", "SUP-1", "SOUTH", 2, 0, 0, 30.0, None, "master"),
    ("SKU-0004", "SUP-1", "NORTH", 0, 0, 1, None, None, "missing"),
)


def places_of(*pairs):
    return pd.DataFrame(pairs * 2, columns=["item_id", "location_id"]).astype("str")


EVERY = places_of(*((f"SKU-000{n}", place) for n in (4, 3, 2, 1) for place in ("SOUTH", "NORTH")))


def intervals(places=EVERY, lead_times=TOLD, items=ITEMS, rules=RULES):
    return cover_intervals(places, lead_times, items, rules=rules, period_days=10.0)


def test_the_place_s_own_supplier_comes_first_then_the_item_s_then_the_master():
    made = intervals().set_index(["item_id", "location_id"])
    assert made["lead_time_source"].to_dict() == {
        ("SKU-0001", "NORTH"): "receipts",
        ("SKU-0001", "SOUTH"): "receipts",
        ("SKU-0002", "NORTH"): "master",
        ("SKU-0002", "SOUTH"): "master",
        ("SKU-0003", "NORTH"): "master",
        ("SKU-0003", "SOUTH"): "master",
    }
    assert made["mean_periods"].tolist() == [2.0, 2.0, 3.0, 3.0, 4.0, 4.0]
    assert made["sd_periods"].tolist() == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    assert (made["review_periods"] == 0.5).all()


def test_an_assumed_lead_time_is_for_those_that_have_no_other():
    made = intervals(rules=Forecasts(review_days=5, lead_time_days=70))
    assumed = made[made["lead_time_source"] == "assumed"]
    assert assumed["item_id"].unique().tolist() == ["SKU-0004"]
    assert (assumed["mean_periods"] == 7.0).all()
    assert len(made) == 8


def test_nothing_known_leaves_all_out():
    made = intervals(lead_times=empty_table("lead_times"), items=empty_table("items"))
    assert made.empty
    assert longest_interval(made) == 0
    assert intervals(places=places_of()).empty


@pytest.fixture
def history():
    rng = np.random.default_rng(2)
    months = pd.date_range("2024-01-01", periods=18, freq="MS").as_unit("us")
    keys = pd.MultiIndex.from_product(
        [[f"SKU-000{n}" for n in (1, 2, 3, 4)], ["NORTH", "SOUTH"], ["gold", "rest"], months],
        names=["item_id", "location_id", "demand_class", "period"],
    )
    table = keys.to_frame(index=False).assign(in_stock=True)
    table["quantity"] = rng.poisson(20, len(table)).astype(float)
    return table.astype(dict.fromkeys(["item_id", "location_id", "demand_class"], "str")).sample(frac=1, random_state=6)


def covered(history, made):
    events = events_by_period(empty_table("calendar"), history, ahead=longest_interval(made))
    return cover_demand(history, empty_table("items"), events, made, rules=RULES)


def test_every_class_of_a_place_with_a_lead_time_is_covered_and_no_other(history):
    table = covered(history, intervals())
    assert list(table.columns) == list(nomenclature()["protection_demand"].columns)
    assert {name: str(table[name].dtype) for name in table} == {name: column_dtype(name) for name in table}
    assert len(table) == 12
    assert set(table["item_id"]) == {"SKU-0001", "SKU-0002", "SKU-0003"}
    assert table["interval_periods"].to_numpy() == pytest.approx(table["review_periods"] + table["mean_periods"])


def test_demand_over_the_interval_grows_with_it_and_quantiles_rise(history):
    table = covered(history, intervals())
    assert table["mean"].to_numpy() == pytest.approx(20 * table["interval_periods"].to_numpy(), rel=0.25)
    quantiles = table[["q50", "q80", "q90", "q95", "q99"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_those_without_a_lead_time_have_their_say_on_what_all_share(history):
    only = intervals(places=places_of(("SKU-0001", "NORTH")))
    alone, among = covered(history, only), covered(history, intervals())
    pd.testing.assert_frame_equal(alone, among.head(len(alone)), rtol=0.2)


def test_no_interval_at_all_is_no_demand(history):
    now = Forecasts(review_days=0)
    told = TOLD.assign(lead_time_mean=TOLD["lead_time_mean"] * 0, lead_time_sd=0.0)
    made = cover_intervals(EVERY, told, ITEMS.assign(lead_time_days=0.0), rules=now, period_days=10.0)
    table = covered(history, made)
    assert len(table)
    assert (table[["mean", "sd", "q99"]] == 0).all().all()


def test_no_history_and_no_interval_give_the_empty_table(history):
    for known, made in ((history, intervals().head(0)), (history.head(0), intervals())):
        pd.testing.assert_frame_equal(covered(known, made), empty_table("protection_demand"))


def test_a_lead_time_and_review_of_one_period_is_the_forecast_of_it(history):
    rules = Forecasts(review_days=10)
    told = TOLD.assign(lead_time_mean=0.0, lead_time_sd=0.0)
    made = cover_intervals(EVERY, told, empty_table("items"), rules=rules, period_days=10.0)
    table = covered(history, made).set_index(["item_id", "location_id", "demand_class"])
    ahead = forecast_demand(history, horizon=1).set_index(["item_id", "location_id", "demand_class"])
    assert table["mean"].to_numpy() == pytest.approx(ahead["mean"].reindex(table.index).to_numpy())


NETWORK = pd.DataFrame(
    {"location_id": ["SHOP", "NORTH", "SOUTH", "PLANT"], "supplied_by": ["SOUTH", "PLANT", "PLANT", None],
     "lead_time_days": [2.0, 4.0, 7.0, 50.0]}
)  # fmt: skip
ALL = places_of(*((f"SKU-000{n}", place) for n in (1, 2, 3, 4) for place in ("SHOP", "NORTH", "SOUTH", "PLANT")))


def test_a_location_that_another_supplies_waits_for_that_unless_it_is_bought_for():
    made = cover_intervals(ALL, TOLD, ITEMS, NETWORK, rules=RULES, period_days=1.0).set_index(
        ["item_id", "location_id"]
    )
    days, source = made["mean_periods"], made["lead_time_source"]
    assert days["SKU-0001"].to_dict() == {"NORTH": 20.0, "PLANT": 20.0, "SHOP": 2.0, "SOUTH": 7.0}
    assert source["SKU-0001"].to_dict() == {
        "NORTH": "receipts", "PLANT": "receipts", "SHOP": "location", "SOUTH": "location",
    }  # fmt: skip
    assert days["SKU-0002"].to_dict() == {"NORTH": 4.0, "PLANT": 30.0, "SHOP": 2.0, "SOUTH": 7.0}  # bought long ago
    assert days["SKU-0003"].to_dict() == {"NORTH": 4.0, "PLANT": 40.0, "SHOP": 2.0, "SOUTH": 7.0}
    assert made.loc[source == "location", "sd_periods"].eq(0).all()
    assert "PLANT" not in days["SKU-0004"]


def test_few_receipts_of_late_are_still_those_of_the_place():
    lately = TOLD.assign(recent_receipts=TOLD["recent_receipts"].where(TOLD["item_id"] != "SKU-0002", 1))
    made = cover_intervals(ALL, lately, ITEMS, NETWORK, rules=RULES, period_days=1.0).set_index(
        ["item_id", "location_id"]
    )
    assert made.loc[("SKU-0002", "SOUTH"), ["mean_periods", "lead_time_source"]].tolist() == [30.0, "master"]


def test_what_comes_from_a_plant_without_stock_takes_as_long_as_the_master_says():
    own = ALL[ALL["location_id"] != "PLANT"]
    known = {"rules": RULES, "period_days": 1.0}
    made = cover_intervals(own, TOLD, ITEMS, NETWORK, stocking=own, **known).set_index(["item_id", "location_id"])
    assert made.loc["SKU-0003", "mean_periods"].to_dict() == {"NORTH": 40.0, "SHOP": 2.0, "SOUTH": 40.0}
    assert made.loc["SKU-0003", "lead_time_source"].to_dict() == {
        "NORTH": "master", "SHOP": "location", "SOUTH": "master",
    }  # fmt: skip
    assert made.loc[("SKU-0001", "SOUTH"), ["mean_periods", "lead_time_source"]].tolist() == [20.0, "receipts"]
    assert made.loc["SKU-0004", "mean_periods"].to_dict() == {"NORTH": 4.0, "SHOP": 2.0, "SOUTH": 7.0}  # no other known
    assert made.loc["SKU-0004", "lead_time_source"].eq("location").all()
    held = pd.concat([own, places_of(("SKU-0003", "PLANT"))])
    there = cover_intervals(own, TOLD, ITEMS, NETWORK, stocking=held, **known).set_index(["item_id", "location_id"])
    assert there.loc["SKU-0003", "mean_periods"].to_dict() == {"NORTH": 4.0, "SHOP": 2.0, "SOUTH": 7.0}
    bought = pd.concat([TOLD, lead_times_of(("SKU-0003", "SUP-1", "PLANT", 0, 0, 1, None, None, "missing"))])
    there = cover_intervals(own, bought, ITEMS, NETWORK, stocking=own, **known).set_index(["item_id", "location_id"])
    assert there.loc[("SKU-0003", "NORTH"), "mean_periods"] == 4.0
    shop = places_of(("SKU-0003", "SHOP")).drop_duplicates()
    assert add_up_lead_times(shop, TOLD, ITEMS, NETWORK, rules=RULES, stocking=own).tolist() == [42.0]


def test_a_network_without_lead_times_changes_nothing():
    bare = NETWORK.assign(lead_time_days=np.nan)
    for locations in (bare, NETWORK.drop(columns="supplied_by"), empty_table("locations")):
        made = cover_intervals(EVERY, TOLD, ITEMS, locations, rules=RULES, period_days=10.0)
        pd.testing.assert_frame_equal(made, intervals())


def test_what_no_location_has_takes_all_lead_times_on_its_way():
    places = ALL.drop_duplicates()
    days = add_up_lead_times(places, TOLD, ITEMS, NETWORK, rules=RULES)
    made = places.assign(days=days).set_index(["item_id", "location_id"])["days"]
    assert made["SKU-0001"].to_dict() == {"SHOP": 29.0, "NORTH": 20.0, "SOUTH": 27.0, "PLANT": 20.0}
    assert made["SKU-0003"].to_dict() == {"SHOP": 49.0, "NORTH": 44.0, "SOUTH": 47.0, "PLANT": 40.0}
    assert made["SKU-0004"].isna().all()
    turned = NETWORK.assign(supplied_by=["SOUTH", "PLANT", "SHOP", None])
    assert np.isnan(add_up_lead_times(places, TOLD, ITEMS, turned, rules=RULES)[0])  # a circle has no beginning
