"""Forecasts of many items: odd input answered or refused, nothing looks ahead, names and units play no part."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from segkit import DataError, forecast_demand
from segkit.core.forecast_settings import Forecasts
from segkit.inventory import outlook

BANDS = ["q50", "q80", "q90", "q95", "q99"]
NUMBERS = ["mean", *BANDS]
KEYS = ["item_id", "location_id", "period"]


def table_of(values, freq="7D", start="2023-01-02", places=1):
    series, periods = values.shape
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n // places:04d}" for n in range(series)], periods),
            "location_id": np.repeat([f"LOC-{n % places}" for n in range(series)], periods),
            "period": np.tile(pd.date_range(start, periods=periods, freq=freq), series),
            "quantity": values.ravel().astype(float),
        }
    ).sample(frac=1, random_state=1)


def counts(series=12, periods=40, seed=0, level=4.0):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(2, level / 2, (series, 1)), (series, periods))


def mixed(seed=0, *, kilos=False, series=90, periods=70):
    """Return series of all patterns, some short, some out of stock now and then, in three locations."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(0.7, 8, (series, 1)) * (1 + 0.4 * np.sin(2 * np.pi * np.arange(periods) / 52))
    values = rng.negative_binomial(1.5, 1.5 / (1.5 + level))
    values = np.where(np.arange(periods)[None, :] < rng.integers(-60, periods + 2, (series, 1)), 0, values)
    table = table_of(values * (rng.gamma(4, 0.25, values.shape) if kilos else 1), places=3)
    out = rng.random(len(table)) < 0.05
    return table.assign(quantity=table["quantity"].where(~out, 0.0), in_stock=~out)


def attributes_of(table, seed=0):
    items = pd.Series(table["item_id"].unique())
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "item_id": items,
            "category": rng.choice(list("abcd"), len(items)),
            "supplier": rng.choice(["x", "y", "z"], len(items)),
        }
    )


def require_sane(found, series, horizon):
    assert len(found) == series * horizon
    numbers = found[NUMBERS].to_numpy()
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    assert (np.diff(found[BANDS].to_numpy(), axis=1) >= 0).all()
    assert (found["method"].str.len() > 0).all()
    assert found[KEYS].equals(found[KEYS].sort_values(KEYS, ignore_index=True))


@pytest.mark.parametrize("periods", [1, 2, 3, 4, 5, 7, 8, 9, 15, 53])
@pytest.mark.parametrize("horizon", [1, 4])
def test_short_histories_are_answered(periods, horizon):
    values = counts(6, periods)
    found = forecast_demand(table_of(values), horizon=horizon)
    require_sane(found, 6, horizon)
    sold = values.sum(axis=1) > 0
    means = found["mean"].to_numpy().reshape(6, horizon)
    assert (means[sold] > 0).all()
    assert (means[~sold] == 0).all()


@pytest.mark.parametrize("horizon", [53, 200])
def test_horizons_longer_than_the_history_are_answered(horizon):
    found = forecast_demand(table_of(counts(5, 20)), horizon=horizon)
    require_sane(found, 5, horizon)
    assert found["period"].max() == pd.Timestamp("2023-01-02") + pd.Timedelta(weeks=19 + horizon)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("all zero", lambda t: t.assign(quantity=0.0)),
        ("all missing", lambda t: t.assign(quantity=np.nan)),
        ("all out of stock, nothing sold", lambda t: t.assign(quantity=0.0, in_stock=False)),
        ("all out of stock, yet sold", lambda t: t.assign(in_stock=False)),
        ("one sale at the end", lambda t: t.assign(quantity=(t["period"] == t["period"].max()) * 3.0)),
        ("one sale at the start", lambda t: t.assign(quantity=(t["period"] == t["period"].min()) * 3.0)),
        ("one series", lambda t: t[t["item_id"] == "SKU-0001"]),
        ("a slip of the pen", lambda t: t.assign(quantity=t["quantity"].where(np.arange(len(t)) != 5, 1e12))),
        ("huge", lambda t: t.assign(quantity=t["quantity"] * 1e15)),
        ("tiny", lambda t: t.assign(quantity=t["quantity"] * 1e-7)),
        ("missing now and then", lambda t: t.assign(quantity=t["quantity"].where(np.arange(len(t)) % 5 > 0))),
        ("prices", lambda t: t.assign(price=2.5)),
        ("demand classes", lambda t: pd.concat([t.assign(demand_class=name) for name in ("A", "B")])),
    ],
)
def test_odd_histories_are_answered(name, change):
    table = change(table_of(counts()))
    keys = [key for key in (*KEYS[:2], "demand_class") if key in table]
    before = table.copy()
    found = forecast_demand(table, horizon=3)
    assert found.columns.tolist() == [*keys, "period", *NUMBERS, "method"], name
    require_sane(found.drop(columns="demand_class", errors="ignore"), len(table[keys].drop_duplicates()), 3) if len(
        keys
    ) < 3 else None
    pd.testing.assert_frame_equal(table, before)
    if "all" in name and "yet sold" not in name:
        assert (found[NUMBERS] == 0).all(axis=None)


def test_reasons_are_told():
    values = counts(8, 30)
    values[0], values[1, :28], values[2, :28] = 0, 0, 0
    values[1, 28:], values[2, 28:] = 2, 2
    table = table_of(values, places=2).assign(in_stock=True)
    gone = (table["item_id"] == "SKU-0003") & (table["location_id"] == "LOC-1")
    table.loc[gone, "quantity"] = np.nan
    found = forecast_demand(table, horizon=1).set_index(["item_id", "location_id"])
    assert found.loc[("SKU-0000", "LOC-0"), "method"] == "no demand"
    assert found.loc[("SKU-0001", "LOC-0"), "method"] == "analogue: item_id"
    assert found.loc[("SKU-0003", "LOC-1"), "method"] == "analogue: item_id"
    elsewhere = found.loc[("SKU-0001", "LOC-1"), "mean"]
    assert min(2, elsewhere) < found.loc[("SKU-0001", "LOC-0"), "mean"] < max(2, elsewhere)


def test_a_new_item_leans_on_its_group():
    values = np.vstack([np.full((10, 30), 50), np.full((10, 30), 2), np.zeros((2, 30), dtype=int)])
    values[20:, 29] = 10
    table = table_of(values)
    attributes = pd.DataFrame(
        {"item_id": sorted(table["item_id"].unique()), "category": list("a" * 10 + "b" * 10 + "ab")}
    )
    found = forecast_demand(table, horizon=1, attributes=attributes)
    assert found["method"].iloc[20:].tolist() == ["analogue: category"] * 2
    # Levels of a category hardly differ (relative variance .1, the least), one period's by 2 / level: sold in twos.
    held = [(2 / 50) / 0.1, (2 / 2) / 0.1]
    leaned = [(10 + held[0] * 50) / (1 + held[0]), (10 + held[1] * 2) / (1 + held[1])]
    assert found["mean"].iloc[20:].tolist() == pytest.approx(leaned, rel=1e-6)
    alone = forecast_demand(table, horizon=1)
    assert "analogue" not in " ".join(alone["method"])


def test_nothing_to_forecast_gives_an_empty_table_of_the_same_columns():
    table = table_of(counts())
    full, none = forecast_demand(table, horizon=2), forecast_demand(table.head(0), horizon=2)
    assert none.empty
    assert none.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize("horizon", [0, -1, 1.5, np.nan, np.inf, "3", None, [3]])
def test_a_horizon_must_be_a_whole_number(horizon):
    with pytest.raises(DataError, match=r"(?s)horizon cannot be used.*whole number of periods"):
        forecast_demand(table_of(counts()), horizon=horizon)


@pytest.mark.parametrize("quantiles", [(0, 0.5), (0.5, 1), (50, 95), (-0.1,), (), (np.nan,), ("much",), None])
def test_quantiles_must_be_probabilities(quantiles):
    with pytest.raises(DataError, match=r"(?s)quantiles cannot be used.*Give probabilities"):
        forecast_demand(table_of(counts()), horizon=1, quantiles=quantiles)


def test_quantiles_may_come_in_any_order():
    table = table_of(counts())
    usual = forecast_demand(table, horizon=2)
    found = forecast_demand(table, horizon=2.0, quantiles=[0.975, 0.5, 0.001, 0.5])
    assert found.columns.tolist() == ["item_id", "location_id", "period", "mean", "q0.1", "q50", "q97.5", "method"]
    assert found["q50"].equals(usual["q50"])
    assert (found["q0.1"] <= found["q50"]).all()


def test_row_order_categories_and_foreign_index_do_not_matter():
    table, attributes = mixed(), attributes_of(mixed())
    usual = forecast_demand(table, horizon=3, attributes=attributes)
    other = table.sample(frac=1, random_state=5).astype({"item_id": "category"}).set_index("quantity", drop=False)
    found = forecast_demand(other, horizon=3, attributes=attributes.sample(frac=1, random_state=6))
    pd.testing.assert_frame_equal(found, usual)


def test_few_items_of_very_different_sizes_scatter_each_as_its_own():
    rates = np.array([1.0, 10.0, 50.0, 1_000.0])
    below = np.zeros((8, len(rates)))
    for seed in range(len(below)):
        values = np.random.default_rng(seed).poisson(rates[:, None], (len(rates), 60)).astype(float)
        found = forecast_demand(table_of(values), horizon=1)
        below[seed] = poisson.cdf(found["q95"], rates)
    assert (np.abs(below.mean(axis=0) - 0.95) < 0.035).all(), below.mean(axis=0)


def test_a_closed_day_ahead_widens_no_other_day():
    days = pd.bdate_range("2024-01-01", periods=120)  # ends on a Friday: next come two days without any demand
    values = np.random.default_rng(0).poisson(10.0, (60, len(days))).astype(float)
    table = table_of(values, freq="D").sort_index().assign(period=np.tile(days, len(values)))
    found = forecast_demand(table, horizon=4).groupby("period")["q95"].mean()
    assert (found.iloc[:2] < 1).all()
    assert poisson.ppf(0.95, 10) == pytest.approx(found.iloc[2:], rel=0.1)


@pytest.mark.parametrize("series", [90, 3_000])
def test_names_do_not_matter(series):
    table = mixed(series=series, periods=70 if series < 100 else 60)
    attributes = attributes_of(table)
    usual = forecast_demand(table, horizon=2, attributes=attributes)
    rng = np.random.default_rng(4)
    names = {
        "item_id": dict(zip(items := sorted(table["item_id"].unique()), rng.permutation(items), strict=True)),
        "location_id": {"LOC-0": "Z", "LOC-1": "Y", "LOC-2": "X"},
        "category": dict(zip("abcd", "wzyx", strict=True)),
    }
    back = {name: {new: old for old, new in words.items()} for name, words in names.items()}
    other = table.assign(**{name: table[name].map(names[name]) for name in KEYS[:2]})
    told = attributes.assign(**{name: attributes[name].map(names[name]) for name in ("item_id", "category")})
    found = forecast_demand(other, horizon=2, attributes=told)
    found = found.assign(**{name: found[name].map(back[name]) for name in KEYS[:2]}).sort_values(
        KEYS, ignore_index=True
    )
    assert found["mean"].to_numpy() == pytest.approx(usual["mean"].to_numpy(), rel=1e-9)
    assert (found[BANDS] == usual[BANDS]).mean(axis=None) > 0.9995
    assert (found["method"] == usual["method"]).all()


@pytest.mark.parametrize("kilos", [False, True])
@pytest.mark.parametrize("unit", [1 / 12, 1_000.0, 1e-3, 1e6])
def test_the_counting_unit_scales_results_and_nothing_else(unit, kilos):
    table = mixed(kilos=kilos)
    usual = forecast_demand(table, horizon=3)
    found = forecast_demand(table.assign(quantity=table["quantity"] * unit), horizon=3)
    assert (found["method"] == usual["method"]).all()
    assert (found["mean"] / unit).to_numpy() == pytest.approx(usual["mean"].to_numpy(), rel=1e-9)
    near = np.isclose(found[BANDS] / unit, usual[BANDS], rtol=1e-6)
    assert near.mean() > 0.9995


def test_units_are_forecast_in_whole_units_and_amounts_in_any():
    whole = forecast_demand(mixed(), horizon=2)[BANDS].to_numpy()
    assert (whole == np.round(whole)).all()
    parts = forecast_demand(mixed(kilos=True), horizon=2)[BANDS].to_numpy()
    assert (parts[parts > 0] != np.round(parts[parts > 0])).mean() > 0.9
    dozens = forecast_demand(mixed().assign(quantity=lambda t: t["quantity"] * 12), horizon=2)[BANDS].to_numpy()
    assert (dozens % 12 == 0).all()


@pytest.mark.parametrize("parts", [0.01, 0.25, 0.3217])
def test_one_item_by_weight_takes_whole_units_away_from_none(parts):
    table = mixed()
    heavy = table["item_id"] == table["item_id"].max()
    found = forecast_demand(
        table.assign(quantity=table["quantity"].where(~heavy, table["quantity"] * parts)), horizon=2
    )
    whole = found.loc[found["item_id"] != table["item_id"].max(), BANDS].to_numpy()
    assert (whole == np.round(whole)).all()


@settings(max_examples=6)
@given(st.integers(0, 1_000))
def test_what_comes_later_is_not_looked_at(seed):
    """Forecasts of earlier origins stay as they are when demand, stock and events after them are others."""
    table = mixed(seed, series=30, periods=60).assign(demand_class="(all)").astype(dict.fromkeys(outlook.SERIES, "str"))
    weeks = pd.DatetimeIndex(sorted(table["period"].unique()))
    events = pd.DataFrame({"period": weeks, "fair": (np.arange(60) % 7 == 2).astype(float)})
    later, late = (table["period"] > weeks[50]).to_numpy(), np.arange(60) > 53
    bent = table.assign(quantity=np.where(later, 1e5, table["quantity"]), in_stock=table["in_stock"] | later)
    flood = events.assign(fair=np.where(late, 9.0, events["fair"]), flood=late.astype(float))
    rules, items = Forecasts(horizon_periods=3, origins=3), pd.DataFrame({"item_id": []})
    usual, found = (
        outlook.backtest_forecasts(history, items, calendar, rules=rules).set_index("origin")
        for history, calendar in ((table, events), (bent, flood))
    )
    assert usual.index.unique().tolist() == [weeks[50], weeks[53], weeks[56]]
    pd.testing.assert_frame_equal(found.loc[weeks[50]], usual.loc[weeks[50]])
    assert not found.loc[weeks[53]].equals(usual.loc[weeks[53]])


def test_events_beyond_the_horizon_are_not_looked_at():
    table = mixed(3, series=30, periods=60)
    weeks = pd.date_range(table["period"].min(), periods=70, freq="7D")
    calendar = pd.DataFrame({"period": weeks, "fair": np.where(np.arange(70) % 7 == 2, "Fair", None)})
    usual = forecast_demand(table, horizon=3, calendar=calendar)
    beyond = calendar.assign(fair=np.where(np.arange(70) >= 63, "Flood", calendar["fair"]))
    pd.testing.assert_frame_equal(forecast_demand(table, horizon=3, calendar=beyond), usual)


def test_the_seed_draws_which_earlier_forecasts_tell_the_scatter():
    table = table_of(counts(3_000, 60, level=1.0))
    usual, other = (forecast_demand(table, horizon=1, seed=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(forecast_demand(table, horizon=1, seed=0), usual)
    assert usual["mean"].equals(other["mean"])
    assert (usual[BANDS] == other[BANDS]).mean(axis=None) > 0.9


def group_table(table):
    return pd.DataFrame({"item_id": sorted(table["item_id"].unique())}).assign(
        category=lambda t: np.where(np.arange(len(t)) % 2, "odd", "even")
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a,
        lambda a: a.head(5),
        lambda a: a.head(0),
        lambda a: pd.concat([a, a.head(1).assign(item_id="SKU-9999")]),
        lambda a: a.assign(category=a["category"].where(a["category"] == "odd")),
        lambda a: a.astype("category"),
        lambda a: a.assign(category=pd.Categorical(a["category"]), price=np.arange(len(a)) * 1.5),
        lambda a: a.assign(category=np.nan),
        lambda a: a[["item_id"]],
        lambda a: a.merge(pd.DataFrame({"location_id": ["LOC-0", "LOC-1"]}), how="cross"),
        lambda a: a.set_index("category"),
        lambda a: a.rename(columns={"category": "all"}),
        lambda a: a.rename(columns={"category": 7}),
        lambda a: a.assign(series=1, mean=2.0, period="x", quantity=3),
    ],
)
def test_attributes_may_have_gaps(change):
    table = table_of(counts(20, 30), places=2)
    require_sane(forecast_demand(table, horizon=2, attributes=change(group_table(table))), 20, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.drop(columns="item_id"), "item_id is not there"),
        (lambda a: pd.concat([a, a.head(2)]), "item_id repeat in 2 rows, first: SKU-0000"),
    ],
)
def test_attributes_that_cannot_be_used_are_told(change, words):
    table = table_of(counts(20, 30), places=2)
    with pytest.raises(DataError, match="attributes cannot be used") as error:
        forecast_demand(table, horizon=2, attributes=change(group_table(table)))
    assert words in str(error.value)


def test_stockouts_do_not_pull_the_level_down():
    values = counts(60, 80, level=8)
    table = table_of(values)
    out = np.random.default_rng(3).random(len(table)) < 0.4
    blind = table.assign(quantity=table["quantity"].where(~out, 0.0))
    told = forecast_demand(blind.assign(in_stock=~out), horizon=1)["mean"].sum()
    assert told == pytest.approx(forecast_demand(table, horizon=1)["mean"].sum(), rel=0.03)
    assert forecast_demand(blind, horizon=1)["mean"].sum() < 0.7 * told


@pytest.mark.real
@pytest.mark.parametrize("flags", [True, False])
def test_real_weeks_of_vn2(real_data, flags):
    folder = real_data / "vn2"
    sold = pd.read_parquet(folder / "sales_weekly_2021-04-12_2024-04-08.parquet")
    there = pd.read_parquet(folder / "in_stock_weekly_2021-04-12_2024-04-08.parquet")
    long = [one.melt(["Store", "Product"], var_name="period") for one in (sold, there)]
    table = long[0].rename(columns={"value": "quantity"}).merge(long[1].rename(columns={"value": "in_stock"}))
    table = table.rename(columns={"Product": "item_id", "Store": "location_id"}).assign(
        period=pd.to_datetime(table["period"]), in_stock=table["in_stock"].astype(bool)
    )
    days = np.sort(table["period"].unique())
    past, later = table[table["period"] < days[-8]], table[table["period"] >= days[-8]]
    attributes = pd.read_csv(folder / "master.csv").rename(columns={"Product": "item_id", "Store": "location_id"})
    found = forecast_demand(past if flags else past.drop(columns="in_stock"), horizon=8, attributes=attributes)
    require_sane(found, 599, 8)
    joined = found.merge(later.astype({"item_id": "str", "location_id": "str"}), on=KEYS)
    joined = joined[joined["in_stock"]]
    assert (joined["mean"] - joined["quantity"]).abs().sum() < 0.62 * joined["quantity"].sum()
    for name, share in (("q80", 0.8), ("q95", 0.95)):
        assert (joined["quantity"] <= joined[name]).mean() >= share - 0.02
        assert (joined["quantity"] < joined[name]).mean() <= share + 0.02


@pytest.mark.real
def test_real_days_of_m5(real_data):
    wide = pd.read_parquet(real_data / "m5" / "sales_daily_d_1495_d_1913_wide.parquet")
    wide = wide.sample(500, random_state=1).rename(columns={"store_id": "location_id"})
    days = [name for name in wide.columns if name.startswith("d_")]
    wide[days] = wide[days].astype(float)
    long = wide.melt(["item_id", "location_id"], days, var_name="period", value_name="quantity")
    table = long.assign(
        period=pd.Timestamp("2015-03-03") + pd.to_timedelta(long["period"].str[2:].astype(int) - 1495, "D")
    )
    events = pd.read_csv(real_data / "m5" / "calendar.csv.gz").rename(columns={"date": "period"})
    calendar = events[["period", "event_name_1", "snap_CA", "snap_TX", "snap_WI"]]
    last = table["period"].max() - pd.Timedelta(days=27)
    found = forecast_demand(
        table[table["period"] < last], horizon=28, calendar=calendar,
        attributes=wide[["item_id", "location_id", "dept_id", "state_id"]],
    )  # fmt: skip
    require_sane(found, 500, 28)
    joined = found.merge(table.astype({"item_id": "str", "location_id": "str"}), on=KEYS)
    assert joined["mean"].sum() == pytest.approx(joined["quantity"].sum(), rel=0.12)
    weeks = table[(table["period"] < last) & (table["period"] >= last - pd.Timedelta(days=28))]
    plain = joined.merge(weeks.groupby(["item_id", "location_id"])["quantity"].mean().rename("plain").reset_index())
    assert (joined["mean"] - joined["quantity"]).abs().sum() < (plain["plain"] - plain["quantity"]).abs().sum()
    for name, share in (("q80", 0.8), ("q95", 0.95)):
        assert (joined["quantity"] <= joined[name]).mean() >= share - 0.02
        assert (joined["quantity"] < joined[name]).mean() <= share + 0.02
    weekday = joined.groupby(joined["period"].dt.day_of_week)["mean"].sum()
    assert weekday.loc[[5, 6]].min() > weekday.loc[[1, 2, 3]].max()
