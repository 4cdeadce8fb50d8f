"""Forecasts of a plan: earlier origins see nothing later, segments part all that was judged, words are kept."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import column_dtype, empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.inventory import outlook
from segkit.inventory.events import events_by_period

RULES = Forecasts(horizon_periods=2, origins=3)
ITEMS = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(12)], "category": ["pumps", "spares"] * 6})
NONE = empty_table("calendar")
MONTHS = pd.date_range("2024-01-01", periods=20, freq="MS").as_unit("us")
PERIODS = pd.DataFrame({"period": MONTHS, "days": MONTHS.days_in_month})


@pytest.fixture
def demand():
    """Return table demand of 12 items at 2 locations over 20 months, shuffled, some months without stock."""
    rng = np.random.default_rng(5)
    rows = pd.MultiIndex.from_product(
        [ITEMS["item_id"], ["NORTH", "SOUTH"], ["(all)"], MONTHS], names=[*outlook.SERIES, "period"]
    ).to_frame(index=False)
    mean = 2 + 10 * rng.random(24).repeat(20)
    rows["quantity"] = rng.poisson(mean * (rng.random(480) < 0.7)).astype(float)
    rows["complete"] = rows["period"] < MONTHS[-1]
    rows["out_of_stock_days"] = np.where(rng.random(480) < 0.1, rng.integers(1, 29, 480), 0)
    rows["censored"] = rows["out_of_stock_days"] > 0
    return rows.astype(dict.fromkeys(outlook.SERIES, "str")).sample(frac=1, random_state=3)


@pytest.fixture
def history(demand):
    return outlook.take_history(demand, PERIODS, rules=RULES)


def no_events(history):
    return events_by_period(NONE, history, ahead=2)


def backtest(history, rules=RULES):
    return outlook.backtest_forecasts(history, ITEMS, no_events(history), rules=rules)


def check_words(frame, name):
    assert list(frame.columns) == list(nomenclature()[name].columns)
    assert {column: str(frame[column].dtype) for column in frame} == {column: column_dtype(column) for column in frame}


def test_incomplete_periods_are_not_history_and_stock_outs_are_flagged(demand, history):
    assert len(history) == demand["complete"].sum()
    known = demand[demand["complete"]]
    assert (~history["in_stock"]).sum() == (known["out_of_stock_days"] >= known["period"].dt.days_in_month / 4).sum()
    every = outlook.take_history(demand, PERIODS, rules=Forecasts(stockout_share=0.001))
    assert (~every["in_stock"]).sum() == known["censored"].sum() > (~history["in_stock"]).sum() > 0


def test_origins_are_a_horizon_apart_and_the_last_has_just_come_true(history):
    made = backtest(history)
    assert [f"{day:%Y-%m}" for day in made["origin"].unique()] == ["2025-01", "2025-03", "2025-05"]
    ahead = made.groupby("origin")["period"].agg(["min", "max", "nunique"])
    assert (ahead["nunique"] == 2).all()
    assert (ahead["min"] > ahead.index).all()
    assert ahead["max"].max() == history["period"].max()


def test_a_history_too_short_for_an_origin_has_none_and_no_origins_can_be_asked_for(history):
    months = np.sort(history["period"].unique())
    short = backtest(history[history["period"] <= months[8]])
    assert [f"{day:%Y-%m}" for day in short["origin"].unique()] == ["2024-07"]
    for none in (backtest(history[history["period"] <= months[6]]), backtest(history, Forecasts(origins=0))):
        pd.testing.assert_frame_equal(none, empty_table("backtest"))


def test_what_comes_after_an_origin_does_not_reach_its_forecasts(history):
    first = pd.Timestamp("2025-01-01")
    later = (history["period"] > first).to_numpy()
    rng = np.random.default_rng(8)
    other = history.assign(
        quantity=history["quantity"].where(~later, rng.integers(0, 999, len(history))),
        in_stock=history["in_stock"] | later,
    )
    made, changed = (
        frame[frame["origin"] == first].reset_index(drop=True) for frame in map(backtest, (history, other))
    )
    assert len(made)
    pd.testing.assert_frame_equal(made, changed)


def test_an_origin_forecasts_what_the_plan_would_have_forecast_then(history):
    origin = pd.Timestamp("2025-03-01")
    past = history[history["period"] <= origin]
    then = outlook.make_forecast(past, ITEMS, no_events(past), rules=RULES).drop(columns="method")
    made = backtest(history).query("origin == @origin and method == 'pooled'")
    pd.testing.assert_frame_equal(made[then.columns].reset_index(drop=True), then)


def test_naive_is_the_last_known_demand(history):
    origin = pd.Timestamp("2025-01-01")
    made = backtest(history).query("origin == @origin and method == 'naive'")
    known = history[history["in_stock"] & (history["period"] <= origin)].sort_values("period")
    last = known.groupby(outlook.SERIES)["quantity"].last()
    expected = last.reindex(pd.MultiIndex.from_frame(made[outlook.SERIES])).to_numpy()
    np.testing.assert_array_equal(made["mean"], expected)
    assert made["q95"].isna().all()


def test_no_order_of_rows_matters(history):
    shuffled = history.sample(frac=1, random_state=7)
    pd.testing.assert_frame_equal(backtest(shuffled), backtest(history))
    made = [outlook.make_contest(one, ITEMS, no_events(one), rules=RULES) for one in (history, shuffled)]
    pd.testing.assert_frame_equal(*made)


def test_one_method_of_every_pattern_is_chosen_and_no_dearer_one_than_needed(history):
    made = outlook.make_contest(history, ITEMS, no_events(history), rules=RULES)
    check_words(made, "forecast_contest")
    assert (made.groupby("pattern")["is_chosen"].sum() == 1).all()
    judged = made.dropna(subset=["relative_error"])
    best = judged.groupby("pattern")["relative_error"].transform("min")
    good = judged[judged["relative_error"] <= best * 1.01].drop_duplicates("pattern")
    assert good["is_chosen"].all()


@pytest.fixture
def marked(history):
    keys = history[outlook.SERIES].drop_duplicates()
    profile = keys.assign(pattern=["smooth", "lumpy", ""] * 8)
    segments = ITEMS[["item_id"]].assign(abc=list("AABBCCAABBCC"), xyz="X")
    value = ITEMS[["item_id"]].assign(revenue=[100.0] * 11 + [np.nan], quantity=[10.0] * 10 + [0.0, 10.0])
    return outlook.mark_entities(backtest(history), profile, segments, value, ITEMS.iloc[:-1])


def test_rows_stay_as_they_were_and_carry_segments_and_prices(history, marked):
    pd.testing.assert_frame_equal(marked[list(backtest(history).columns)], backtest(history))
    assert set(marked["pattern"]) == {"smooth", "lumpy", "(unknown)"}
    assert set(marked["category"]) == {"pumps", "spares", "(unknown)"}
    price = marked.drop_duplicates("item_id").set_index("item_id")["unit_price"]
    assert price.iloc[:10].eq(10.0).all()
    assert price.iloc[10:].isna().all()


def test_segments_part_what_was_judged_and_one_alone_is_left_out(history, marked):
    made = outlook.judge_backtest(marked, history)
    check_words(made, "forecast_accuracy")
    assert set(made["entity"]) == {"all", "pattern", "abc", "category", "location_id"}
    sums = made.groupby(["entity", "method"])[["judged_periods", "actual"]].sum()
    assert sums.groupby("method").nunique().eq(1).all().all()
    came = history[history["in_stock"]]
    beyond = came["period"].isin(marked["period"])
    assert sums["actual"].iloc[0] == came.loc[beyond, "quantity"].sum()


def test_error_of_everything_is_as_counted_by_hand(history, marked):
    whole = outlook.judge_backtest(marked, history).query("entity == 'all'").set_index("method")
    both = marked.merge(history[history["in_stock"]], on=[*outlook.SERIES, "period"])
    for method, rows in both.groupby("method"):
        error = (rows["mean"] - rows["quantity"]).abs().sum() / rows["quantity"].sum()
        assert whole.loc[method, "wape"] == pytest.approx(error)
    assert whole.loc["pooled", "value_added"] == pytest.approx(
        1 - whole.loc["pooled", "wape"] / whole.loc["naive", "wape"]
    )


def test_calibration_and_offenders_speak_of_pooled_forecasts_only(history, marked):
    calibration, worst = outlook.calibrate_backtest(marked, history), outlook.list_offenders(marked, history)
    check_words(calibration, "forecast_calibration")
    check_words(worst, "worst_forecasts")
    assert set(calibration["method"]) | set(worst["method"]) == {"pooled"}
    assert set(calibration["quantile"]) == {0.5, 0.8, 0.9, 0.95, 0.99}
    assert set(worst["item_id"]) <= set(ITEMS["item_id"][:10])  # of the others no price is known


def test_without_prices_offenders_are_counted_in_units(history, marked):
    worst = outlook.list_offenders(marked.assign(unit_price=np.nan), history)
    assert set(worst["item_id"]) & set(ITEMS["item_id"][10:])


def test_no_history_gives_empty_tables():
    history = outlook.take_history(empty_table("demand"), empty_table("periods"), rules=RULES)
    for make, name in (
        (outlook.make_forecast, "forecast"),
        (outlook.make_contest, "forecast_contest"),
        (outlook.backtest_forecasts, "backtest"),
    ):
        pd.testing.assert_frame_equal(make(history, ITEMS, no_events(history), rules=RULES), empty_table(name))
    none = [empty_table(name) for name in ("backtest", "demand_profile", "item_segments", "item_value")]
    marked = outlook.mark_entities(*none, empty_table("items"))
    for judge, name in (
        (outlook.judge_backtest, "forecast_accuracy"),
        (outlook.calibrate_backtest, "forecast_calibration"),
        (outlook.list_offenders, "worst_forecasts"),
    ):
        pd.testing.assert_frame_equal(judge(marked, history), empty_table(name))


def test_forecasts_keep_the_words_of_the_nomenclature(history):
    check_words(
        outlook.make_forecast(history, ITEMS.drop(columns="category"), no_events(history), rules=RULES), "forecast"
    )
    check_words(backtest(history), "backtest")
