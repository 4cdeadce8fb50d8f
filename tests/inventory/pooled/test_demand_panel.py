"""A history as arrays: what is known and what is not, periods of any regular kind, lots, keys and errors."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from segkit import DataError
from segkit.inventory.pooled.panel import read_panel, regular_step

DAYS = pd.date_range("2024-01-01", periods=12, freq="7D")
DAY_BEFORE_LAST = ["2024-01-31", "2024-02-28", "2024-03-31"]
KEYS = ["item_id", "period"]


def history(series=3, periods=12, freq="7D", start="2024-01-01", seed=0):
    rng = np.random.default_rng(seed)
    days = pd.date_range(start, periods=periods, freq=freq)
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], periods),
            "location_id": "NORTH",
            "period": np.tile(days, series),
            "quantity": rng.poisson(4, series * periods).astype(float) + 1,
        }
    ).sample(frac=1, random_state=1)


def at(panel, item, day):
    row = panel.keys.index[panel.keys["item_id"] == item][0]
    return row, panel.periods.get_loc(pd.Timestamp(day))


def test_cells_hold_the_rows_whatever_their_order():
    table = history()
    panel = read_panel(table)
    for row in table.itertuples():
        place = at(panel, row.item_id, row.period)
        assert panel.values[place] == row.quantity
        assert panel.observed[place]
    assert panel.keys["item_id"].tolist() == sorted(table["item_id"].unique())
    assert panel.periods.is_monotonic_increasing


def test_what_is_zero_and_what_is_not_known():
    table = history(periods=8)
    days = sorted(table["period"].unique())
    first, second = table["item_id"] == "SKU-0000", table["item_id"] == "SKU-0001"
    table.loc[first & (table["period"] == days[3]), "quantity"] = np.nan
    table["in_stock"] = ~(second & (table["period"] == days[4]))
    table.loc[first & (table["period"] <= days[1]), "quantity"] = 0
    table = table[~(first & (table["period"] == days[5])) & (table["period"] != days[6])]
    panel = read_panel(table)
    assert panel.start.tolist() == [2, 0, 0]
    assert not panel.observed[at(panel, "SKU-0000", days[3])]
    assert panel.values[at(panel, "SKU-0000", days[3])] == 0
    assert not panel.observed[at(panel, "SKU-0001", days[4])]
    assert panel.observed[at(panel, "SKU-0000", days[5])]
    assert panel.values[at(panel, "SKU-0000", days[5])] == 0
    assert not panel.observed[:, 6].any()
    assert (~panel.observed).sum() == 3 + 2


@pytest.mark.parametrize(
    ("freq", "ahead"),
    [
        ("D", ["2024-01-13", "2024-01-14"]),
        ("7D", ["2024-03-25", "2024-04-01"]),
        ("28D", ["2024-12-02", "2024-12-30"]),
        ("MS", ["2025-01-01", "2025-02-01"]),
        ("2MS", ["2026-01-01", "2026-03-01"]),
        ("QS", ["2027-01-01", "2027-04-01"]),
        ("6MS", ["2030-01-01", "2030-07-01"]),
        ("YS", ["2036-01-01", "2037-01-01"]),
        ("ME", ["2025-01-31", "2025-02-28"]),
        ("2ME", ["2026-01-31", "2026-03-31"]),
        ("QE", ["2027-03-31", "2027-06-30"]),
        ("YE", ["2036-12-31", "2037-12-31"]),
        ("YE-FEB", ["2036-02-29", "2037-02-28"]),
    ],
)
def test_periods_of_every_regular_kind_go_on(freq, ahead):
    panel = read_panel(history(freq=freq))
    assert len(panel.periods) == 12
    assert panel.next_periods(2).strftime("%Y-%m-%d").tolist() == ahead


def test_months_may_begin_on_any_day_that_all_have():
    panel = read_panel(history(freq=pd.DateOffset(months=1), start="2024-01-15"))
    assert panel.next_periods(1)[0] == pd.Timestamp("2025-01-15")


@pytest.mark.parametrize("day", [29, 30, 31])
def test_short_months_do_not_shift_those_after_them(day):
    full = pd.DatetimeIndex([f"2025-{month:02d}-{min(day, 28 if month == 2 else 30):02d}" for month in (1, 2, 3, 4)])
    full = full if day < 31 else pd.date_range("2025-01-31", periods=4, freq="ME")
    table = history(periods=3)
    panel = read_panel(table.assign(period=full[[0, 2, 3]][np.searchsorted(DAYS[:3], table["period"])]))
    assert panel.periods.equals(full.as_unit("us"))
    assert panel.observed[:, [0, 2, 3]].all()
    assert not panel.observed[:, 1].any()
    assert panel.next_periods(1)[0] == pd.Timestamp(2025, 5, day)


def test_month_ends_are_what_month_starts_are():
    starts = history(periods=30, freq="MS")
    ends = starts.assign(period=starts["period"] + pd.offsets.MonthEnd(0))
    began, ended = read_panel(starts), read_panel(ends)
    assert (began.values == ended.values).all()
    assert ended.step == began.step == pd.DateOffset(months=1)
    assert (ended.next_periods(30) == began.next_periods(30) + pd.offsets.MonthEnd(0)).all()


def test_more_periods_than_a_calendar_holds_are_refused():
    with pytest.raises(DataError, match="more than a calendar holds"):
        read_panel(history()).next_periods(10**9)


def test_one_period_alone_counts_as_a_month():
    assert read_panel(history(periods=1)).next_periods(1)[0] == pd.Timestamp("2024-02-01")
    assert regular_step(pd.DatetimeIndex([])) == pd.DateOffset(months=1)


def test_periods_that_nobody_names_are_not_known():
    days = pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-29", "2024-02-05"])
    table = history(periods=4)
    panel = read_panel(table.assign(period=days[np.searchsorted(np.sort(table["period"].unique()), table["period"])]))
    assert len(panel.periods) == 6
    assert (~panel.observed).sum(axis=0).tolist() == [0, 0, 3, 3, 0, 0]


@pytest.mark.parametrize("short", [False, True])
def test_weekdays_that_daily_data_never_name_are_closed(short):
    table = history(freq="B", periods=8 if short else 40)
    panel = read_panel(table)
    weekend = panel.periods.day_of_week >= 5
    assert weekend.any()
    assert (panel.values[:, weekend] == 0).all()
    assert panel.observed[:, weekend].all() == (not short)
    holiday = table[table["period"] != pd.Timestamp("2024-01-16")]
    if not short:
        assert not read_panel(holiday).observed[:, panel.periods == pd.Timestamp("2024-01-16")].any()


@pytest.mark.parametrize(
    "periods",
    [
        lambda p: p.astype(str),
        lambda p: p.dt.date,
        lambda p: p.dt.strftime("%Y/%m/%d"),
        lambda p: p.dt.tz_localize("Europe/Berlin"),
        lambda p: p.dt.tz_localize("Asia/Tokyo"),
        lambda p: p + pd.Timedelta("9h"),
        lambda p: p.astype("datetime64[s]"),
        lambda p: p.astype(object),
        lambda p: p.dt.to_period("W-SUN"),
    ],
)
def test_periods_may_be_dates_of_any_kind(periods):
    table = history()
    panel = read_panel(table.assign(period=periods(table["period"])))
    assert panel.periods.equals(read_panel(table).periods)
    assert (panel.values == read_panel(table).values).all()


@pytest.mark.parametrize(
    "keys",
    [
        lambda k: k.astype("category"),
        lambda k: pd.Categorical(k, categories=[*sorted(k.unique())[::-1], "SKU-9999"], ordered=True),
        lambda k: k.astype(object),
        lambda k: k.astype("string"),
    ],
)
def test_keys_may_be_of_any_kind_and_come_sorted(keys):
    table = history()
    panel = read_panel(table.assign(item_id=keys(table["item_id"])))
    assert panel.keys["item_id"].tolist() == ["SKU-0000", "SKU-0001", "SKU-0002"]
    assert (panel.values == read_panel(table).values).all()


def test_numbers_as_keys_are_words():
    table = history(series=12).assign(item_id=lambda t: t["item_id"].str[-4:].astype(int))
    panel = read_panel(table)
    assert panel.keys["item_id"].tolist() == sorted(str(number) for number in range(12))
    mixed = table.assign(item_id=[str(item) if item < 5 else item for item in table["item_id"]])
    assert read_panel(mixed).keys.equals(panel.keys)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int32", "float32", "UInt8", "Float64", "object"])
def test_quantities_may_be_numbers_of_any_kind(dtype):
    table = history()
    assert (read_panel(table.astype({"quantity": dtype})).values == read_panel(table).values).all()


def test_missing_quantities_of_any_kind_are_not_known():
    table = history()
    blank = table["quantity"].where(table["quantity"] != 5)
    for column in (
        blank,
        blank.astype("Int64"),
        blank.astype("Float64"),
        blank.astype(object).where(blank.notna(), None),
    ):
        panel = read_panel(table.assign(quantity=column))
        assert (~panel.observed).sum() == (table["quantity"] == 5).sum() > 0


@pytest.mark.parametrize(
    "flags",
    [[True, False, None], [1, 0, np.nan], pd.array([True, False, None], dtype="boolean"), [1.0, 0.0, 1.0]],
)
def test_stock_flags_of_any_kind(flags):
    table = history().reset_index(drop=True)
    column = pd.Series(flags).iloc[np.arange(len(table)) % 3].reset_index(drop=True)
    assert (~read_panel(table.assign(in_stock=column)).observed).sum() == len(table) // 3


@pytest.mark.parametrize(
    ("unit", "lot"), [(1.0, 1.0), (12.0, 12.0), (1 / 12, 1 / 12), (1_000.0, 1_000.0), (0.25, 0.25), (0.333333, 0.0)]
)
def test_lots_are_those_that_all_demand_shares(unit, lot):
    table = history(series=6)
    panel = read_panel(table.assign(quantity=table["quantity"] * unit))
    assert panel.lots == pytest.approx(np.full(6, lot))


@pytest.mark.parametrize("unit", [1e-7, 1e-3, 1.0, 1e6, 1e12, 1e20])
def test_amounts_have_no_lots_whatever_the_unit(unit):
    table = history(series=6)
    rng = np.random.default_rng(3)
    panel = read_panel(table.assign(quantity=table["quantity"] * rng.gamma(4, 0.25, len(table)) * unit))
    assert (panel.lots == 0).all()
    assert panel.counted == pytest.approx([row.mean() / 10_000 for row in panel.values], rel=1e-9)


def test_items_in_units_keep_them_among_those_by_weight():
    table = history()
    heavy = table["item_id"] == "SKU-0001"
    panel = read_panel(table.assign(quantity=table["quantity"].where(~heavy, table["quantity"] * 0.3217)))
    assert panel.lots.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("parts", "lot"), [(0.25, 0.25), (0.5, 0.5), (1 / 12, 1 / 12), (0.1, 0.1), (0.01, 0.01), (0.001, 0.001)]
)
def test_what_one_item_is_counted_in_says_nothing_of_others(parts, lot):
    table = history(series=6)
    heavy = table["item_id"] == "SKU-0001"
    panel = read_panel(table.assign(quantity=table["quantity"].where(~heavy, table["quantity"] * parts)))
    assert panel.lots == pytest.approx([1, lot, 1, 1, 1, 1])


def test_an_item_has_one_lot_in_all_its_places():
    table = history(series=6)
    here = table["item_id"] == "SKU-0001"
    there = table[here].assign(location_id="SOUTH", quantity=table.loc[here, "quantity"] * 0.01)
    panel = read_panel(pd.concat([table, there]))
    assert panel.lots[panel.keys["item_id"] == "SKU-0001"] == pytest.approx([0.01, 0.01])
    assert panel.lots[panel.keys["item_id"] != "SKU-0001"] == pytest.approx(np.ones(5))


def test_few_whole_quantities_among_parts_of_a_dozen_are_chance():
    table = history(series=6)
    bare = table["item_id"] == "SKU-0001"
    few = bare & (table["period"].rank(method="dense") <= 3)
    eaches = table["quantity"].where(~bare, np.where(few, 12.0, 0.0))
    assert read_panel(table.assign(quantity=eaches / 12)).lots == pytest.approx(np.full(6, 1 / 12))
    many = table["quantity"].where(~bare, 12.0)
    assert read_panel(table.assign(quantity=many / 12)).lots == pytest.approx([1 / 12, 1, *[1 / 12] * 4])


def test_parts_of_amounts_are_known_at_the_time():
    table = history(periods=20)
    table["quantity"] *= 0.3217
    panel = read_panel(table)
    later = read_panel(table.assign(quantity=table["quantity"].where(table["period"] < table["period"].max(), 999.9)))
    assert (panel.parts[:, :19] == later.parts[:, :19]).all()
    assert panel.parts[:, 7] == pytest.approx(panel.values[:, :8].mean(axis=1) / 10_000)


def test_empty_histories_keep_their_keys():
    panel = read_panel(history().head(0).assign(demand_class="A"))
    assert panel.keys.columns.tolist() == ["item_id", "location_id", "demand_class"]
    assert panel.values.shape == (0, 0)
    assert len(panel.next_periods(3)) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="quantity"), "quantity is not there"),
        (lambda t: t.drop(columns=["period", "item_id"]), "item_id, period are not there"),
        (lambda t: t.assign(quantity=t["quantity"].astype(str)), "quantity is no number"),
        (lambda t: t.assign(quantity=t["quantity"] - 3), "quantity is below zero in"),
        (lambda t: t.assign(quantity=t["quantity"].astype("Int64").where(t["quantity"] != 4) - 3), "below zero in"),
        (lambda t: t.assign(quantity=t["quantity"].replace(4, np.inf)), "quantity is infinite in"),
        (lambda t: t.assign(item_id=t["item_id"].where(t["item_id"] != "SKU-0001")), "item_id is missing in 12 rows"),
        (lambda t: t.assign(period=t["period"].where(t["item_id"] != "SKU-0001")), "period is missing in 12 rows"),
        (lambda t: t.assign(period="soon"), "period is no date in 36 rows, first: soon"),
        (lambda t: t.assign(period=20240101), "period is no date in 36 rows, first: 20240101"),
        (lambda t: t.assign(in_stock="no"), "in_stock is neither true nor false in 36 rows"),
        (lambda t: pd.concat([t, t.head(2)]), "item_id and location_id and period repeat in 2 rows, first: SKU-"),
        (
            lambda t: t.assign(period=t["period"].where(t["period"] < t["period"].max(), dt.datetime(2024, 3, 20))),
            "not regular: after 2024-03-11 comes 2024-03-20",
        ),
        (
            lambda t: t.assign(period=pd.DatetimeIndex(DAY_BEFORE_LAST)[t["period"].dt.month - 1]).drop_duplicates(
                KEYS
            ),
            "Give the first day of every period",
        ),
    ],
)
def test_what_cannot_be_used_is_told(change, words):
    with pytest.raises(DataError, match=r"history cannot be forecast") as error:
        read_panel(change(history()))
    assert words in str(error.value)
    assert " in in " not in str(error.value)


def test_all_problems_are_told_at_once():
    table = history().assign(in_stock="maybe")
    table.iloc[0, table.columns.get_loc("quantity")] = -1
    table.iloc[1, table.columns.get_loc("location_id")] = None
    with pytest.raises(DataError, match="in 3 ways") as error:
        read_panel(table)
    assert all(word in str(error.value) for word in ("location_id", "quantity", "in_stock"))
