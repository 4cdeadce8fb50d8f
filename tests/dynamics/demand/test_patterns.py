"""Level, variability, pattern and life cycle, against a slow twin and hand-worked cases."""

import math
import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.settings import LifeCycle, Patterns
from segkit.dynamics.demand.patterns import ProfileRules, profile_demand, total_by_item
from segkit.formulas.intermittent import average_demand_interval, squared_variation

FIGURES = ["periods", "demand_periods", "mean_demand", "sd_demand", "cv", "adi", "cv2"]
SERIES = st.lists(st.integers(0, 40), min_size=1, max_size=24)


def panel(series, *, last="2025-12-01", complete=None, item="SKU-0001", freq="MS", **columns):
    """Return a demand panel of one item whose last period is ``last``."""
    length = len(series)
    steps = {"MS": pd.DateOffset(months=length - 1), "7D": pd.Timedelta(days=7 * (length - 1))}
    start = pd.Timestamp(last) - steps[freq]
    made = empty_table("demand").reindex(range(length))
    return made.assign(
        item_id=pd.Series(item, index=made.index, dtype="str"),
        location_id=pd.Series("NORTH", index=made.index, dtype="str"),
        demand_class=pd.Series("(all)", index=made.index, dtype="str"),
        period=pd.Series(pd.date_range(start, periods=length, freq=freq)).astype("datetime64[us]"),
        quantity=np.array(series, dtype="float64"),
        lines=np.array(series).astype(int),
        customers=1,
        returned=0.0,
        revenue=0.0,
        out_of_stock_days=0,
        censored=False,
        complete=True if complete is None else complete,
    ).assign(**columns)


def items_of(**columns):
    names = {"launch_date": "datetime64[us]", "end_date": "datetime64[us]", "replaced_by": "str"}
    made = {name: pd.Series([columns.get(name)]).astype(kind) for name, kind in names.items()}
    return pd.DataFrame({"item_id": pd.Series(["SKU-0001"], dtype="str"), **made})


def profile(series, *, items=None, rules=None, **options):
    return profile_demand(panel(series, **options), items_of() if items is None else items, rules=rules).iloc[0]


def profile_twin(series):
    """Work out the figures of one series with the standard library."""
    sizes = [size for size in series if size > 0]
    mean = statistics.fmean(series)
    sd = statistics.stdev(series) if len(series) > 1 else math.nan
    return [
        len(series),
        len(sizes),
        mean,
        sd,
        sd / mean if mean else math.nan,
        len(series) / len(sizes) if sizes else math.nan,
        statistics.pvariance(sizes) / statistics.fmean(sizes) ** 2 if sizes else math.nan,
    ]


def pattern_twin(adi, cv2, hits):
    if hits < 3:
        return ""
    return {(False, False): "smooth", (False, True): "erratic", (True, False): "intermittent", (True, True): "lumpy"}[
        adi > 1.32, cv2 > 0.49
    ]


@given(SERIES)
def test_a_profile_is_its_slow_twin(series):
    row = profile(series)
    twin = profile_twin(series)
    assert row[FIGURES].astype(float).tolist() == pytest.approx(twin, nan_ok=True, rel=1e-9, abs=1e-12)
    assert row["pattern"] == pattern_twin(twin[5], twin[6], twin[1])


@given(SERIES)
def test_table_and_formulas_agree(series):
    row = profile(series)
    assert row["adi"] == pytest.approx(average_demand_interval(series), nan_ok=True)
    assert row["cv2"] == pytest.approx(squared_variation(series), nan_ok=True)


@given(st.lists(SERIES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(many, random):
    demand = pd.concat([panel(series, item=f"SKU-{n:04d}") for n, series in enumerate(many)], ignore_index=True)
    places = list(range(len(demand)))
    random.shuffle(places)
    straight, mixed = (profile_demand(table, items_of()) for table in (demand, demand.iloc[places]))
    pd.testing.assert_frame_equal(mixed, straight)
    assert straight["item_id"].is_monotonic_increasing


@given(SERIES, st.sampled_from([12.0, 1 / 12]))
def test_pattern_and_variation_do_not_depend_on_the_counting_unit(series, factor):
    pieces, dozens = profile(series), profile([quantity * factor for quantity in series])
    for name in ("cv", "adi", "cv2"):
        assert dozens[name] == pytest.approx(pieces[name], nan_ok=True)
    assert dozens["life_cycle"] == pieces["life_cycle"]


def test_a_partial_month_does_not_count():
    """FEATURES 1.27: the same year has CV .1016, and .1670 where the last month is 30 % full."""
    rng = np.random.default_rng(40)
    months = rng.normal(0, 1, 26)
    months = 1000 * (1 + 0.1016 * (months - months.mean()) / months.std(ddof=1))
    partial = [*months, 0.3 * 1000]
    whole = np.array([True] * 26 + [False])
    assert profile(partial)["cv"] > 0.16
    excluded = profile(partial, complete=whole, last="2026-01-01")
    assert excluded["cv"] == pytest.approx(0.1016)
    assert (excluded["periods"], excluded["life_cycle"]) == (26, "active")


@pytest.mark.parametrize(
    ("series", "pattern"),
    [
        ([5, 5, 5, 5, 5, 5], "smooth"),
        ([1, 9, 1, 9, 1, 30], "erratic"),
        ([5, 0, 5, 0, 5, 0], "intermittent"),
        ([1, 0, 0, 30, 0, 1], "lumpy"),
        ([5, 0, 0, 0, 0, 5], ""),
    ],
)
def test_patterns_of_clear_cases(series, pattern):
    assert profile(series)["pattern"] == pattern


def test_an_item_exactly_at_a_limit_is_below_it():
    rules = ProfileRules(Patterns(adi_limit=2.0, cv2_limit=0.25))
    assert profile([1, 3, 0, 0, 1, 3, 0, 0], rules=rules)["pattern"] == "smooth"
    assert profile([1, 3, 0, 0, 1, 3, 0, 0, 0], rules=rules)["pattern"] == "intermittent"


STEADY = [20.0] * 30


@pytest.mark.parametrize(
    ("series", "columns", "state"),
    [
        (STEADY, {}, "active"),
        ([*STEADY[:24], *[0] * 6], {}, "dormant"),
        ([*STEADY[:25], *[0] * 5], {}, "declining"),
        ([*[20] * 18, *[20] * 6, *[9] * 6], {}, "declining"),
        ([*[20] * 18, *[20] * 6, *[11] * 6], {}, "active"),
        (STEADY, {"end_date": "2025-12-15"}, "phased_out"),
        (STEADY, {"end_date": "2026-01-15"}, "active"),
        (STEADY, {"replaced_by": "SKU-0002", "end_date": "2025-06-30"}, "superseded"),
        ([20] * 4, {"launch_date": "2025-09-10"}, "new"),
        ([20] * 2, {"launch_date": "2026-01-10"}, "planned"),
        (STEADY, {"launch_date": "2025-11-10"}, "active"),
        (STEADY, {"launch_date": "2020-01-10"}, "active"),
        ([0] * 30, {"launch_date": "2020-01-10"}, "dormant"),
    ],
)
def test_life_cycle(series, columns, state):
    demand = panel(series)
    if len(series) < 30:
        demand = pd.concat([demand, panel(STEADY, item="SKU-0002")], ignore_index=True)
    made = profile_demand(demand, items_of(**columns))
    assert made.loc[made["item_id"] == "SKU-0001", "life_cycle"].tolist() == [state]


def test_a_season_is_no_decline():
    garden = [35, 50, 110, 172, 198, 182, 138, 96, 66, 46, 36, 30]
    for shift in range(12):
        years = (garden * 4)[shift : shift + 30]
        assert profile(years)["life_cycle"] == "active", shift


def test_the_luck_of_a_slow_mover_is_no_decline():
    assert profile([*[0, 0, 1] * 4, *[1] * 6, *[0, 0, 1] * 4])["life_cycle"] == "active"


def test_a_slow_mover_within_its_gaps_is_not_dormant():
    slow = [*[1, 0, 0, 0, 0] * 4, *[1], *[0] * 9]
    assert profile(slow)["life_cycle"] == "active"
    assert profile([*[1, 0, 0, 0, 0] * 4, *[0] * 40])["life_cycle"] == "dormant"


def test_an_item_sold_in_one_month_only_is_dormant_after_twice_as_long():
    other = panel(STEADY, item="SKU-0002")
    for silent, state in ((8, "active"), (11, "active"), (12, "dormant")):
        both = pd.concat([other, panel([5, *[0] * silent])], ignore_index=True)
        made = profile_demand(both, items_of()).set_index("item_id")
        assert made.loc["SKU-0001", "life_cycle"] == state, silent


def test_goods_that_only_came_back_are_not_dormant_before_their_time():
    assert profile([0.0] * 4)["life_cycle"] == "active"
    assert profile([0.0] * 13)["life_cycle"] == "dormant"


def test_the_silence_of_every_winter_is_not_dormant():
    summer = [0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0]
    assert profile(summer * 3)["life_cycle"] == "active"
    assert profile([*summer * 3, *[0] * 6])["life_cycle"] == "dormant"


def test_items_whose_level_stays_are_not_called_declining():
    """Uneven sizes and lines in bunches: of a thousand unchanged items hardly one (before: one in twenty)."""
    rng = np.random.default_rng(11)
    lines = rng.poisson(rng.gamma(2, 2, (1000, 30)))
    sold = [panel(row * rng.lognormal(2, 0.8, 30), item=f"SKU-{n:04d}", lines=row) for n, row in enumerate(lines)]
    states = profile_demand(pd.concat(sold, ignore_index=True), items_of())["life_cycle"]
    assert states.isin(["declining", "dormant"]).sum() <= 2


def test_monthly_sales_without_lines_can_decline():
    rng = np.random.default_rng(5)
    level = np.where(np.arange(30) < 24, 100, 30)
    many = [panel(rng.normal(100, 15, 30).clip(0), item=f"SKU-{n:04d}", lines=1) for n in range(2, 40)]
    falling = panel(rng.normal(level, 15).clip(0), lines=1)
    made = profile_demand(pd.concat([falling, *many], ignore_index=True), items_of()).set_index("item_id")
    assert made.index[made["life_cycle"] == "declining"].tolist() == ["SKU-0001"]


def test_without_launch_date_the_begin_of_the_data_is_no_birth():
    assert profile([20] * 4)["life_cycle"] == "active"


def test_states_of_life_count_in_months_whatever_the_period():
    weeks = [20.0] * 120
    assert profile(weeks, freq="7D", last="2025-12-22")["life_cycle"] == "active"
    asleep = profile([*weeks[:90], *[0] * 30], freq="7D", last="2025-12-22", rules=ProfileRules(life_cycle=LifeCycle()))
    assert asleep["life_cycle"] == "dormant"


def test_totals_by_item_are_sums_over_places_and_classes():
    north, south = panel([1, 2, 3]), panel([0, 5], complete=[True, False], censored=[True, False])
    south = south.assign(location_id="SOUTH", out_of_stock_days=[3, 0])
    both = pd.concat([south, north], ignore_index=True).assign(complete=[True, False, True, True, False])
    total = total_by_item(both)
    assert total["quantity"].tolist() == [1, 2, 8]
    assert total["censored"].tolist() == [False, True, False]
    assert total["complete"].tolist() == [True, True, False]
    assert total["out_of_stock_days"].tolist() == [0, 3, 0]


def test_nothing_known_gives_an_empty_typed_profile():
    for demand in (empty_table("demand"), panel([1, 2], complete=False), total_by_item(empty_table("demand"))):
        made = profile_demand(demand, items_of())
        pd.testing.assert_frame_equal(made, empty_table("demand_profile"))
