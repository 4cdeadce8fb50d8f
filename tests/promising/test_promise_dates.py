"""Promised dates: what they must do whatever the deliveries, and what is said of bad ones."""

from itertools import product

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


def test_names_of_groups_do_not_matter_where_only_some_deliveries_are_judged():
    """Every other of 42,000 deliveries is judged, drawn group by group: a fifth of the dates moved with the names."""
    table = invented(42_000)
    names = {"fast": "zoom", "slow": "amble", "north": "N", "south": "A", "far": "M"}
    days = [NEXT + pd.Timedelta(days, "D") for days in range(0, 120, 10)]
    lines = pd.DataFrame(product(days, ["fast", "slow"], ["north", "south", "far"]), columns=["start_date", *BY])
    made = sk.promise_dates(table, lines, by=BY, as_of="2024-12-31")
    renamed = sk.promise_dates(table.replace(names), lines.replace(names), by=BY, as_of="2024-12-31")
    figures = [name for name in made if name.startswith(("promised", "chance", "earlier"))]
    pd.testing.assert_frame_equal(made[figures], renamed[figures])


def test_calibration_moves_levels_only_as_far_as_it_is_sure():
    kept = np.tile(GRID - 0.1 * (GRID > 0.3) * (GRID < 0.9), (8, 1)) * 500
    levels = calibrated_levels(kept, np.full(8, 500.0), 8)
    assert levels[GRID == 0.8].item() > 0.85
    assert (np.diff(levels) >= 0).all()
    np.testing.assert_array_equal(calibrated_levels(kept[:2], np.full(2, 500.0), 2), GRID)


def test_origins_that_overlap_nearly_to_one_move_no_level():
    kept = np.tile(GRID - 0.1 * (GRID > 0.3) * (GRID < 0.9), (8, 1)) * 500
    np.testing.assert_array_equal(calibrated_levels(kept, np.full(8, 500.0), 1.4), GRID)


def test_memory_is_chosen_by_what_is_promised_not_by_the_median():
    """The early half comes ever less early; the late half, which reliabilities of 80 to 95 % rest on, is steady."""
    random = np.random.default_rng(6)
    day = np.sort(random.integers(0, 1500, 6000))
    days = np.where(random.random(6000) < 0.6, -np.round(120 * (1 - day / 1500)), random.poisson(12, 6000))
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(day, "D")
    table = pd.DataFrame({"start_date": start, "delivered_date": start + pd.to_timedelta(days, "D")})
    made = sk.promise_dates(table, pd.DataFrame({"start_date": [start.max() + pd.Timedelta(20, "D")]}), by=[])
    assert made["memory_days"].fillna(np.inf).item() >= 1461


@given(st.integers(0, 200))
def test_what_was_known_on_a_day_is_looked_up_in_the_right_step(seed):
    history = read_history(invented(60, seed), ask(), BY, pd.Timestamp("2024-11-30"))
    for day in (history.as_of, history.as_of - 200):
        tree, age = history.known_on(day)
        begun = history.start <= day
        seen = np.minimum(history.end[begun], day) - history.start[begun]
        np.testing.assert_array_equal(tree.step, np.searchsorted(history.support, seen, side="right") - 1)
        np.testing.assert_array_equal(age, day - history.start[begun])


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


def spelled(cells):
    """Return the same groups as text, as an index, as categories, and as numbers of several kinds."""
    numbers = cells.map({"fast": 1, "slow": 2, "none": 3})
    return {
        "categories": (cells.astype("category"), cells.astype(object)),
        "whole and broken": (numbers, numbers.astype(float)),
        "whole and nullable": (numbers, numbers.astype("Int64")),
        "whole and objects": (numbers, numbers.astype(object)),
        "objects and broken": (numbers.astype(object), numbers.astype(float).astype(object)),
        "categories and numbers": (numbers.astype("category"), numbers),
        "booleans": (cells == "fast", (cells == "fast").astype(object)),
        "days": (pd.Timestamp("2025-01-01") + pd.to_timedelta(numbers, "D"),
                 (pd.Timestamp("2025-01-01") + pd.to_timedelta(numbers, "D")).dt.date.astype(object)),
    }  # fmt: skip


@pytest.mark.parametrize("kind", spelled(pd.Series(["fast", "slow"])))
def test_the_kind_of_a_column_does_not_matter(deliveries, kind):
    lines = pd.concat([ask(), ask("slow", "far"), ask("slow")], ignore_index=True)
    figures = ["promised_p80", "promised_p95", "chance_p90", "decided_weight", "group_deliveries"]
    expected = sk.promise_dates(deliveries, lines, by=BY, as_of="2024-12-31")[figures]
    there, here = spelled(deliveries["carrier"])[kind][0], spelled(lines["carrier"])[kind][1]
    for one, other in ((there, here), (spelled(deliveries["carrier"])[kind][1], spelled(lines["carrier"])[kind][0])):
        made = sk.promise_dates(deliveries.assign(carrier=one), lines.assign(carrier=other), by=BY, as_of="2024-12-31")
        pd.testing.assert_frame_equal(made[figures], expected)


def test_numbers_and_text_in_one_column_part_the_groups(deliveries):
    mixed = {"fast": 7, "slow": "slow"}
    lines = pd.concat([ask(), ask("slow"), ask(None)], ignore_index=True)
    expected = sk.promise_dates(deliveries, lines, by=["carrier"], as_of="2024-12-31")
    made = sk.promise_dates(
        deliveries.assign(carrier=deliveries["carrier"].map(mixed).astype(object)),
        lines.assign(carrier=pd.Series([7.0, "slow", None], dtype=object)), by=["carrier"], as_of="2024-12-31",
    )  # fmt: skip
    assert made["decided_by"].tolist() == ["7", "slow", "(all)"]
    assert made["promised_p90"].tolist() == expected["promised_p90"].tolist()


def test_groups_are_called_the_same_whatever_else_is_asked(deliveries):
    numbered = deliveries.assign(carrier=deliveries["carrier"].map({"fast": 1, "slow": 2}))
    alone = sk.promise_dates(numbered, ask(1), by=BY)
    among = sk.promise_dates(numbered, pd.concat([ask(1), ask(np.nan)], ignore_index=True), by=BY)
    pd.testing.assert_series_equal(among.iloc[0][list(alone.columns[3:])], alone.iloc[0, 3:])
    assert alone["decided_by"].item() == "1 / north"


@pytest.mark.parametrize("kind", ["date", "Timestamp", "datetime64", "zone", "category", "date32[day][pyarrow]"])
def test_dates_of_any_kind_are_dates(deliveries, kind):
    def told(cells):
        if kind == "date":
            return cells.dt.date.astype(object)
        if kind == "Timestamp":
            return cells.astype(object)
        if kind == "datetime64":
            return pd.Series(list(cells.to_numpy()), index=cells.index, dtype=object)
        return cells.dt.tz_localize("Europe/Berlin").astype(object) if kind == "zone" else cells.astype(kind)

    expected = sk.promise_dates(deliveries, ask(), by=BY, as_of="2024-12-31")
    table = deliveries.assign(**{name: told(deliveries[name]) for name in ("start_date", "delivered_date")})
    line = ask()
    made = sk.promise_dates(table, line.assign(start_date=told(line["start_date"])), by=BY, as_of="2024-12-31")
    pd.testing.assert_frame_equal(made.drop(columns="start_date"), expected.drop(columns="start_date"))


def test_rows_keep_their_order_and_a_repeated_index(deliveries):
    lines = pd.concat([ask(), ask("slow", "far"), ask("slow"), ask("fast", "moon")], ignore_index=True)
    made = sk.promise_dates(deliveries, lines, by=BY)
    repeated = sk.promise_dates(deliveries.set_axis([5] * len(deliveries)), lines.set_axis([1, 1, 0, 0]), by=BY)
    assert repeated.index.tolist() == [1, 1, 0, 0]
    pd.testing.assert_frame_equal(repeated.reset_index(drop=True), made)
    turned = sk.promise_dates(deliveries.iloc[::-1], lines.iloc[::-1], by=BY)
    pd.testing.assert_frame_equal(turned.iloc[::-1], made)


def test_columns_are_of_one_kind_with_and_without_rows(deliveries):
    full = sk.promise_dates(deliveries, ask(), by=BY)
    for table, lines in ((deliveries, ask().iloc[:0]), (deliveries.iloc[:0], ask()), (deliveries.iloc[:0], ask()[:0])):
        made = sk.promise_dates(table, lines, by=BY)
        assert made.dtypes.to_dict() == full.dtypes.to_dict()
        assert len(made) == len(lines)


def test_a_line_is_open_on_the_last_known_day_also_where_deliveries_come_early(deliveries):
    early = deliveries.assign(
        delivered_date=deliveries["start_date"] - pd.to_timedelta(np.arange(len(deliveries)) % 10, "D")
    )
    made = sk.promise_dates(early, ask(start=pd.Timestamp("2025-01-03")), by=[], as_of="2024-12-31")
    assert (made[["promised_p80", "promised_p95"]] >= pd.Timestamp("2024-12-31")).all(axis=None)


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
    "by is None": lambda d: sk.promise_dates(d, ask(), by=None),
    "most general column first": lambda d: sk.promise_dates(d, ask(), by=set(BY)),
    "lines is no table but dict": lambda d: sk.promise_dates(d, ask().to_dict("list"), by=BY),
    "start_date is no date in 1,500 rows, first: Period(": lambda d: sk.promise_dates(
        d.assign(start_date=d["start_date"].dt.to_period("D")), ask(), by=BY
    ),
    "delivered_date is no date in 1,500 rows, first: Timedelta(": lambda d: sk.promise_dates(
        d.assign(delivered_date=d["delivered_date"] - d["start_date"]), ask(), by=BY
    ),
    "first: 20250106 (row 0)": lambda d: sk.promise_dates(d, ask(start=20250106), by=BY),
    'lines["start_date"] = pd.to_datetime(lines["start_date"], format=...)': lambda d: sk.promise_dates(
        d, ask(start="2025-01-06"), by=BY
    ),
    "start_date is no date in 1 row, first: [3]": lambda d: sk.promise_dates(
        d, ask().assign(start_date=pd.Series([[3]])), by=BY
    ),
    "carrier is text in deliveries, dates in lines": lambda d: sk.promise_dates(d, ask(carrier=NEXT), by=BY),
    "(YYYY-MM-DD), got 20241231": lambda d: sk.promise_dates(d, ask(), by=BY, as_of=20241231),
    "(YYYY-MM-DD), got '2024'": lambda d: sk.promise_dates(d, ask(), by=BY, as_of="2024"),
    "(YYYY-MM-DD), got '01/02/2024'": lambda d: sk.promise_dates(d, ask(), by=BY, as_of="01/02/2024"),
    "(YYYY-MM-DD), got '2024-02-30'": lambda d: sk.promise_dates(d, ask(), by=BY, as_of="2024-02-30"),
    "as_of is blank": lambda d: sk.promise_dates(d, ask(), by=BY, as_of=np.nan),
    "one list of numbers": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[[0.8, 0.9]]),
    "reliability 0.95 is there twice": lambda d: sk.promise_dates(d, ask(), by=BY, reliability=[0.95, 0.95000000001]),
    "in 1,500 rows, first: row ": lambda d: sk.promise_dates(
        d.assign(delivered_date=pd.Timestamp("9999-12-31")), ask(), by=BY
    ),
    "dates of several time zones: Asia/Tokyo, None, UTC": lambda d: sk.promise_dates(
        d.assign(start_date=[day.tz_localize(("UTC", "Asia/Tokyo")[n % 2]) for n, day in enumerate(d["start_date"])]),
        ask(),
        by=BY,
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
