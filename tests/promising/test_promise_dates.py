"""Promised dates: what they must do whatever the deliveries, and what is said of bad ones."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.promising.reliability.history import read_history
from segkit.promising.reliability.levels import calibrate_levels, calibrated_levels
from segkit.promising.reliability.memory import GRID, choose_memory, past_promises

BY = ["carrier", "region"]
NEXT = pd.Timestamp("2025-01-06")


def invented(count=1500, seed=1, drift=0.0):
    """Return deliveries of two carriers in three regions over two years, rows shuffled, some still open."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(random.integers(0, 730, count)), "D")
    carrier = random.choice(["fast", "slow"], count)
    region = random.choice(["north", "south", "far"], count, p=[0.6, 0.37, 0.03])
    late = (start - start.min()).days / 730 * drift
    mean = np.where(carrier == "fast", 2.0, 6.0) + np.where(region == "far", 8.0, 0.0) + late
    days = random.poisson(mean)
    end = pd.Series(start + pd.to_timedelta(days, "D"))
    table = pd.DataFrame({"start_date": start, "delivered_date": end, "carrier": carrier, "region": region})
    return table.astype({"start_date": "datetime64[us]", "delivered_date": "datetime64[us]"}).sample(
        frac=1, random_state=seed
    )


@pytest.fixture(scope="module")
def deliveries():
    return invented()


def ask(carrier="fast", region="north", start=NEXT):
    return pd.DataFrame({"start_date": [start], "carrier": [carrier], "region": [region]})


def test_dates_rise_with_reliability_and_are_whole_days(deliveries):
    shares = [0.5, 0.8, 0.9, 0.95, 0.99]
    made = sk.promise_dates(deliveries, invented(200, 5), by=BY, as_of="2024-12-31", reliability=shares)
    days = made[[f"promised_p{100 * one:g}" for one in shares]].to_numpy().astype("datetime64[us]")
    known = ~np.isnat(days).any(axis=1)
    assert known.any()
    assert (np.diff(days[known].astype("int64"), axis=1) >= 0).all()
    assert (days[known] == days[known].astype("datetime64[D]")).all()
    assert (made["chance_p90"].dropna() >= 0.9 - 1e-6).all()
    assert (made["earlier_p90"].dropna() <= 0.9 + 1e-6).all()


def test_nothing_later_than_as_of_changes_a_promise(deliveries):
    day, lines = pd.Timestamp("2024-06-30"), ask(start=pd.Timestamp("2024-07-03"))
    known = deliveries[deliveries["start_date"] <= day]
    blanked = known.assign(delivered_date=known["delivered_date"].where(known["delivered_date"] <= day))
    wild = deliveries.assign(
        delivered_date=deliveries["delivered_date"].where(
            deliveries["delivered_date"] <= day, deliveries["delivered_date"] + pd.Timedelta(77, "D")
        )
    )
    expected = sk.promise_dates(blanked, lines, by=BY, as_of=day)
    for table in (deliveries, wild):
        pd.testing.assert_frame_equal(sk.promise_dates(table, lines, by=BY, as_of=day), expected)


def test_other_lines_and_other_reliabilities_do_not_change_a_promise(deliveries):
    alone = sk.promise_dates(deliveries, ask(), by=BY, reliability=[0.9])
    crowd = pd.concat([ask(), ask("slow", "far"), ask("slow", start=pd.Timestamp("2027-01-01"))], ignore_index=True)
    among = sk.promise_dates(deliveries, crowd, by=BY, reliability=[0.5, 0.9])
    pd.testing.assert_frame_equal(among[list(alone)].iloc[:1], alone)


def test_promises_are_kept_as_often_as_they_say():
    table = invented(6000, 8)
    past, coming = table[table["start_date"] <= "2024-06-30"], table[table["start_date"] > "2024-06-30"]
    made = sk.promise_dates(past, coming, by=BY, as_of="2024-06-30")
    checked = sk.check_promises(made, by=["carrier"], as_of="2025-12-31")
    assert (checked["frequency_low"] - 0.02 <= checked["promised_reliability"]).all()
    assert (checked["promised_reliability"] <= checked["frequency_high"] + 0.02).all()


def test_a_drift_is_followed_by_a_shorter_memory():
    steady, drifting = (
        sk.promise_dates(invented(4000, 2, drift), ask(), by=BY)["memory_days"].fillna(np.inf).item()
        for drift in (0.0, 40.0)
    )
    assert drifting < steady


def test_few_deliveries_lean_on_the_group_above(deliveries):
    made = sk.promise_dates(
        deliveries, pd.concat([ask(), ask("slow", "far")], ignore_index=True), by=BY, as_of="2024-12-31"
    )
    assert made["decided_by"].tolist()[0] == "fast / north"
    assert made["decided_weight"].between(0, 1).all()
    sizes = deliveries.groupby(BY).size()
    assert made["group_deliveries"].iloc[0] + made["group_open"].iloc[0] == sizes["fast", "north"]
    few = deliveries[(deliveries["region"] != "far") | (np.arange(len(deliveries)) % 15 == 0)]
    assert sk.promise_dates(few, ask("slow", "far"), by=BY)["decided_by"].item() in ("slow", "(all)")


@pytest.mark.parametrize("blank", [None, np.nan, " "])
def test_a_blank_or_new_value_leaves_it_to_the_group_above(deliveries, blank):
    known = sk.promise_dates(deliveries, ask().drop(columns="region"), by=["carrier"], as_of="2024-12-31")
    for region in (blank, "moon"):
        made = sk.promise_dates(deliveries, ask(region=region), by=BY, as_of="2024-12-31")
        assert made["decided_by"].item() in ("fast", "(all)")
        assert abs((made["promised_p90"] - known["promised_p90"]).dt.days.item()) <= 1


def test_an_open_line_is_not_promised_for_the_past(deliveries):
    made = sk.promise_dates(deliveries, ask("slow", start=pd.Timestamp("2024-12-22")), by=BY, as_of="2024-12-31")
    assert made["promised_p80"].item() >= pd.Timestamp("2024-12-31")
    ancient = sk.promise_dates(deliveries, ask(start=pd.Timestamp("2020-01-01")), by=BY, as_of="2024-12-31")
    assert ancient["promised_p80"].isna().all()


def test_without_deliveries_or_with_open_ones_only_nothing_is_promised(deliveries):
    opened = deliveries.assign(delivered_date=pd.NaT)
    for table in (deliveries.iloc[:0], opened):
        made = sk.promise_dates(table, ask(), by=BY, as_of="2024-12-31")
        assert made[["promised_p80", "promised_p90", "promised_p95"]].isna().all(axis=None)
        assert made[["group_deliveries", "all_deliveries"]].to_numpy().tolist() == [[0, 0]]


def test_early_deliveries_and_one_group(deliveries):
    early = deliveries.assign(delivered_date=deliveries["start_date"] - pd.Timedelta(3, "D"))
    made = sk.promise_dates(early, ask(), by=[], as_of="2024-12-31")
    assert made["promised_p95"].item() == NEXT - pd.Timedelta(3, "D")
    assert made["decided_by"].item() == "(all)"


def test_time_of_day_and_time_zone_do_not_matter(deliveries):
    def at(table, hours, zone):
        return table.assign(
            **{
                name: (table[name].dt.normalize() + pd.Timedelta(hours, "h")).dt.tz_localize(zone)
                for name in ("start_date", "delivered_date")
                if name in table
            }
        )

    expected = sk.promise_dates(deliveries, ask(), by=BY)
    made = sk.promise_dates(at(deliveries, 23, "Asia/Tokyo"), at(ask(), 22, "Asia/Tokyo"), by=BY)
    assert made["promised_p90"].item() == expected["promised_p90"].item()


def test_a_huge_outlier_moves_nothing_but_the_tail(deliveries):
    late = deliveries.copy()
    late.iloc[0, 1] = late.iloc[0, 0] + pd.Timedelta(9000, "D")
    line = ask(start=pd.Timestamp("2049-02-01"))
    made = sk.promise_dates(late, line, by=BY, as_of="2049-01-01")
    expected = sk.promise_dates(deliveries, line, by=BY, as_of="2049-01-01")
    assert abs((made["promised_p90"] - expected["promised_p90"]).dt.days.item()) <= 1


@given(st.integers(0, 1000))
def test_names_of_groups_do_not_matter(seed):
    table = invented(120, seed)
    made = sk.promise_dates(table, ask(), by=BY, as_of="2024-12-31")
    renamed = sk.promise_dates(
        table.replace({"north": "zz", "fast": "42 $"}), ask("42 $", "zz"), by=BY, as_of="2024-12-31"
    )
    figures = ["promised_p80", "promised_p95", "chance_p90", "decided_weight", "group_deliveries"]
    pd.testing.assert_frame_equal(made[figures], renamed[figures])


def test_calibration_moves_levels_only_as_far_as_it_is_sure():
    kept = np.tile(GRID - 0.1 * (GRID > 0.3) * (GRID < 0.9), (8, 1)) * 500
    levels = calibrated_levels(kept, np.full(8, 500.0), 8)
    assert levels[GRID == 0.8].item() > 0.85
    assert (np.diff(levels) >= 0).all()
    np.testing.assert_array_equal(calibrated_levels(kept[:2], np.full(2, 500.0), 2), GRID)


@pytest.mark.parametrize(("late", "moved"), [("growing", True), ("over", False), ("never", False)])
def test_levels_move_only_where_that_had_paid(late, moved):
    random = np.random.default_rng(2)
    day = np.sort(random.integers(0, 1500, 6000))
    shift = {"growing": day / 60, "over": np.maximum(day - 700, 0) / 20 * (day < 1100), "never": 0 * day}[late]
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(day, "D")
    came = start + pd.to_timedelta(random.poisson(10 + shift), "D")
    table = pd.DataFrame({"start_date": start, "delivered_date": came})
    history = read_history(table, table.iloc[:1], [], start.max())
    judged = past_promises(history)
    levels = calibrate_levels(history, judged, choose_memory(history, judged)).levels[0, :3, GRID == 0.9]
    assert (levels > 0.93).all() if moved else (np.abs(levels - 0.9) < 0.005).all(), levels


BAD = {
    "deliveries has no column 'regoin'; did you mean region": lambda d: sk.promise_dates(d, ask(), by=["regoin"]),
    "by names 'carrier' twice": lambda d: sk.promise_dates(d, ask(), by=["carrier", "carrier"]),
    "by is the text 'carrier'": lambda d: sk.promise_dates(d, ask(), by="carrier"),
    "reliability 95 is not between 0 and 1": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[95]),
    "reliability 1 is not": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[0.9, 1.0]),
    "no reliability is named": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[]),
    "reliability 0.9 is there twice": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[0.9, 0.9]),
    "lines.start_date is blank in 1 row": lambda d: sk.promise_dates(d, ask(start=pd.NaT), by=BY),
    "deliveries.start_date is blank in 2 rows": lambda d: sk.promise_dates(
        d.assign(start_date=d["start_date"].where(np.arange(len(d)) > 1)), ask(), by=BY
    ),
    "lines.start_date is no date in 1 row, first: 'soon'": lambda d: sk.promise_dates(d, ask(start="soon"), by=BY),
    "deliveries has 2 columns 'carrier'": lambda d: sk.promise_dates(
        pd.concat([d, d[["carrier"]]], axis=1), ask(), by=BY
    ),
    "carrier is text in deliveries, numbers in lines": lambda d: sk.promise_dates(d, ask(carrier=3), by=BY),
    "columns that promises are written to: promised_p80": lambda d: sk.promise_dates(
        d, ask().assign(promised_p80=NEXT), by=BY
    ),
    "as_of: a date is needed": lambda d: sk.promise_dates(d, ask(), by=BY, as_of="yesterday or so"),
    "several time zones": lambda d: sk.promise_dates(
        d.assign(start_date=d["start_date"].dt.tz_localize("UTC")), ask(), by=BY
    ),
    "more than 36,500 days": lambda d: sk.promise_dates(
        d.assign(delivered_date=pd.Timestamp("2999-01-01")), ask(), by=BY
    ),
}


@pytest.mark.parametrize(("message", "call"), BAD.items(), ids=BAD)
def test_bad_input_is_told(deliveries, message, call):
    with pytest.raises(sk.DataError) as raised:
        call(deliveries)
    assert message in str(raised.value)
