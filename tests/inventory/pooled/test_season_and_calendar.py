"""Season and calendar of groups: found where they are, one where they are not, and right where series are odd."""

import numpy as np
import pandas as pd
import pytest

from segkit import DataError
from segkit.inventory.pooled.factors import find_factors
from segkit.inventory.pooled.fitting import fit_demand, series_groups
from segkit.inventory.pooled.panel import read_panel


def make(usual, freq, *, seed=0, start="2021-01-04", scatter=None):
    """Return a history of the usual demand given by series and period, and its arrays."""
    rng = np.random.default_rng(seed)
    series, periods = usual.shape
    drawn = rng.poisson(usual) if scatter is None else rng.negative_binomial(scatter, scatter / (scatter + usual))
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], periods),
            "location_id": "NORTH",
            "period": np.tile(pd.date_range(start, periods=periods, freq=freq), series),
            "quantity": drawn.ravel().astype(float),
        }
    ).sample(frac=1, random_state=1)


def found(table, *, ahead=1, groups=None, calendar=None):
    panel = read_panel(table)
    ways = {"all": np.zeros(len(panel.keys), dtype=int)} | (groups or {})
    return find_factors(panel, ways, calendar, ahead=ahead)


def yearly(freq, periods, height):
    cycle = {"7D": 52, "MS": 12, "QS": 4, "D": 7}[freq]
    return 1 + height * np.sin(2 * np.pi * np.arange(periods) / cycle)


@pytest.mark.parametrize(("freq", "periods"), [("7D", 156), ("MS", 40), ("QS", 18), ("D", 100)])
def test_a_season_is_found_and_beats_none_on_what_follows(freq, periods):
    known = {"7D": 130, "MS": 34, "QS": 14, "D": 86}[freq]
    usual = np.random.default_rng(2).gamma(1, 3, (150, 1)) * yearly(freq, periods, 0.5)
    table = make(usual, freq, start="2021-01-01" if freq in ("MS", "QS") else "2021-01-04")
    days = np.sort(table["period"].unique())
    factors = found(table[table["period"] < days[known]], ahead=periods - known)
    assert factors.told
    ahead, true = factors.table[0, known:], yearly(freq, periods, 0.5)[known:]
    level = usual.mean(axis=1).sum()
    later = table[table["period"] >= days[known]].groupby("period")["quantity"].sum().to_numpy()
    assert np.abs(later - level * ahead).sum() < 0.5 * np.abs(later - level).sum()
    assert ahead == pytest.approx(true, abs=0.16)


@pytest.mark.parametrize(("freq", "periods"), [("7D", 156), ("MS", 40), ("QS", 18), ("D", 100)])
def test_where_there_is_no_season_factors_are_near_one(freq, periods):
    start, off = "2021-01-01" if freq in ("MS", "QS") else "2021-01-04", []
    for seed in range(6):
        usual = np.random.default_rng(seed).gamma(1, 3, (150, 1)) * np.ones(periods)
        table = make(usual, freq, seed=seed, scatter=2.0, start=start)
        off.append(np.abs(found(table, ahead=5).table - 1).mean())
    assert np.mean(off) < 0.02
    assert max(off) < 0.06


def test_a_short_history_tells_no_season():
    for freq, periods in (("7D", 103), ("MS", 23), ("D", 13), ("7D", 7), ("7D", 1)):
        usual = np.full((20, 1), 9.0) * yearly(freq, periods, 0.5)
        factors = found(make(usual, freq), ahead=3)
        assert (factors.table == 1).all()
        assert factors.table.shape[1] == periods + 3
        assert factors.told == ()


def test_a_weekday_without_demand():
    days = pd.date_range("2021-01-04", periods=120, freq="D")
    closed = np.where(days.day_of_week == 6, 0.0, 7 / 6)
    factors = found(make(np.full((40, 1), 6.0) * closed, "D"), ahead=7)
    sunday = pd.date_range("2021-05-04", periods=7).day_of_week == 6
    assert factors.table[0, -7:] == pytest.approx(np.where(sunday, 0.0, 7 / 6), abs=0.08)


@pytest.mark.parametrize("low", [0.0, 0.05])
def test_levels_hold_through_seasons_that_leave_hardly_any_demand(low):
    """Demand of November and December only: ten months of nothing must not pull the level of the next season down."""
    months = pd.date_range("2021-01-01", periods=56, freq="MS")
    shape = np.where(months.month >= 11, 1.0, low)
    level = np.random.default_rng(1).gamma(4, 5, (60, 1))
    table = make(level * shape, "MS", start="2021-01-01")
    past = read_panel(table[table["period"] < months[44]])
    fit = fit_demand(past, None, None, ahead=12, seed=0)
    ahead = np.stack([fit.levels.ahead(step, step) for step in range(1, 13)], axis=1)
    assert ahead.sum() == pytest.approx((level * shape[44:]).sum(), rel=0.12)
    assert ahead[:, 2:4].sum() == pytest.approx(2 * level.sum(), rel=0.12)


def test_series_that_were_not_yet_listed_do_not_flatten_the_season():
    shape = yearly("MS", 60, 0.8)
    level = np.random.default_rng(1).gamma(4, 5, (90, 1))
    usual = np.where(np.arange(60)[None, :] < np.repeat([0, 20, 40], 30)[:, None], 0.0, level * shape)
    assert found(make(usual, "MS", start="2021-01-01"), ahead=1).table[0, 12:24] == pytest.approx(shape[12:24], abs=0.1)


def test_out_of_stock_periods_do_not_bend_the_season():
    shape = yearly("MS", 48, 0.6)
    table = make(np.full((80, 1), 12.0) * shape, "MS", start="2021-01-01")
    out = (np.random.default_rng(3).random(len(table)) < 0.5) & (table["period"].dt.month == 4).to_numpy()
    table = table.assign(quantity=np.where(out, 0.0, table["quantity"]), in_stock=~out)
    assert found(table).table[0, 12:24] == pytest.approx(shape[12:24], abs=0.08)
    assert found(table.drop(columns="in_stock")).table[0, 15] < shape[15] - 0.3


def test_groups_with_their_own_seasons_are_told_apart():
    shape = yearly("MS", 48, 0.7)
    usual = np.full((80, 1), 8.0) * np.where(np.arange(80)[:, None] < 40, shape, 2 - shape)
    ways = {"half": (np.arange(80) >= 40).astype(int), "odd": np.arange(80) % 2}
    factors = found(make(usual, "MS", start="2021-01-01"), groups=ways)
    assert factors.told == ("month by half",)
    assert factors.of(12, 24)[0] == pytest.approx(shape[12:24], abs=0.12)
    assert factors.of(12, 24)[-1] == pytest.approx(2 - shape[12:24], abs=0.12)


def test_groupings_that_cross_are_judged_without_regard_to_order():
    shape = yearly("MS", 48, 0.7)
    half, third = (np.arange(81) >= 40).astype(int), np.arange(81) % 3
    usual = np.full((81, 1), 8.0) * np.where(half[:, None] == 0, shape, 1.0)
    table = make(usual, "MS", start="2021-01-01")
    panel = read_panel(table)
    order = np.random.default_rng(5).permutation(81)
    turned = type(panel)(panel.keys, panel.periods, panel.values[order], panel.observed[order], panel.start[order])
    ways = {"all": np.zeros(81, dtype=int), "third": third, "half": half}
    first = find_factors(panel, ways, None, ahead=1)
    second = find_factors(turned, {name: code[order] for name, code in ways.items()}, None, ahead=1)
    assert first.told == second.told == ("month by half",)
    assert second.of(0, 49) == pytest.approx(first.of(0, 49)[order])


def promotions(periods, ahead, every=11):
    days = pd.date_range("2021-01-04", periods=periods + ahead, freq="7D")
    return pd.DataFrame({"period": days, "promotion": (np.arange(periods + ahead) % every == 3).astype(float)})


@pytest.mark.parametrize("lift", [0.4, 1.5, 2.0, 3.0])
def test_a_calendar_effect_is_recovered(lift):
    calendar = promotions(90, 12)
    flags = calendar["promotion"].to_numpy()
    table = make(np.full((120, 1), 6.0) * np.where(flags[:90] > 0, lift, 1.0), "7D")
    factors = found(table, ahead=12, calendar=calendar)
    assert factors.told == ("calendar by all",)
    on, off = flags > 0, flags == 0
    ratio = factors.table[0, on].mean() / factors.table[0, off].mean()
    assert ratio == pytest.approx(lift, rel=0.2)
    assert (factors.table[0, 90:][on[90:]] > factors.table[0, 90:][off[90:]].max()).all() == (lift > 1)


def test_an_effect_of_one_group_only():
    calendar = promotions(90, 12)
    lift = np.where(calendar["promotion"].to_numpy()[:90] > 0, 2.0, 1.0)
    usual = np.full((100, 1), 6.0) * np.where(np.arange(100)[:, None] < 50, lift, 1.0)
    ways = {"half": (np.arange(100) >= 50).astype(int)}
    factors = found(make(usual, "7D"), ahead=12, groups=ways, calendar=calendar)
    assert factors.told == ("calendar by half",)
    on = calendar["promotion"].to_numpy() > 0
    assert factors.of(0, 102)[0, on].mean() > 1.6
    assert factors.of(0, 102)[-1, on].mean() == pytest.approx(1, abs=0.1)


def test_events_that_do_nothing_are_left_out():
    table = make(np.full((120, 1), 6.0) * np.ones(90), "7D")
    assert found(table, ahead=12, calendar=promotions(90, 12)).told == ()


@pytest.mark.parametrize(
    "event",
    [
        lambda f: f,
        lambda f: f.astype(bool),
        lambda f: pd.array(f > 0, dtype="boolean"),
        lambda f: np.where(f > 0, "Sale", None),
        lambda f: pd.Categorical(np.where(f > 0, "Sale", "none")),
        lambda f: 100 - 30 * f,
    ],
)
def test_events_may_be_numbers_flags_or_names(event):
    calendar = promotions(90, 12)
    flags = calendar["promotion"].to_numpy()
    table = make(np.full((120, 1), 6.0) * np.where(flags[:90] > 0, 2.0, 1.0), "7D")
    other = calendar.assign(promotion=event(flags)).sample(frac=1, random_state=2)
    assert found(table, ahead=12, calendar=other).table == pytest.approx(
        found(table, ahead=12, calendar=calendar).table, abs=0.03
    )


def test_days_without_a_row_have_no_event():
    calendar = promotions(90, 12)
    flags = calendar["promotion"].to_numpy()
    table = make(np.full((120, 1), 6.0) * np.where(flags[:90] > 0, 2.0, 1.0), "7D")
    days = calendar[flags > 0]
    assert (found(table, ahead=12, calendar=days).table == found(table, ahead=12, calendar=calendar).table).all()


def test_nothing_beyond_the_horizon_and_no_event_never_seen_is_looked_at():
    calendar = promotions(90, 40)
    table = make(np.full((60, 1), 6.0) * np.where(calendar["promotion"].to_numpy()[:90] > 0, 2.0, 1.0), "7D")
    late = calendar["promotion"].where(np.arange(130) < 102, 7.0)
    new = calendar.assign(promotion=late, fair=np.where(np.arange(130) >= 95, "Fair", None))
    usual, told = found(table, ahead=12, calendar=calendar), found(table, ahead=12, calendar=new)
    assert (usual.table == told.table).all()


@pytest.mark.parametrize("calendar", [pd.DataFrame(), pd.DataFrame({"period": pd.to_datetime([]), "promotion": []})])
def test_an_empty_calendar_tells_nothing(calendar):
    assert found(make(np.full((5, 1), 6.0) * np.ones(30), "7D"), calendar=calendar).told == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.drop(columns="period"), "period is not there"),
        (lambda c: c.assign(period="soon"), "period is no date in 102 rows"),
        (lambda c: pd.concat([c, c.tail(3)]), "period repeats in 3 rows, first: 2022-11-28"),
        (lambda c: c.assign(period=c["period"] + pd.Timedelta(days=2)), "period is none of the history's in 101 rows"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_told(change, words):
    table = make(np.full((5, 1), 6.0) * np.ones(90), "7D")
    with pytest.raises(DataError, match="calendar cannot be used") as error:
        found(table, ahead=12, calendar=change(promotions(90, 12)))
    assert words in str(error.value)


def test_series_that_never_sold_or_are_never_known_change_no_factor():
    table = make(np.full((60, 1), 8.0) * yearly("MS", 48, 0.6), "MS", start="2021-01-01")
    first = table[table["item_id"] == "SKU-0000"]
    more = pd.concat([table, first.assign(item_id="ZERO", quantity=0.0), first.assign(item_id="GONE", quantity=np.nan)])
    assert found(more).table == pytest.approx(found(table).table)


def test_groupings_of_attributes_with_gaps():
    panel = read_panel(make(np.full((12, 1), 5.0) * np.ones(20), "MS"))
    items = panel.keys["item_id"]
    attributes = pd.DataFrame({"item_id": items[:9], "category": list("aab") * 3, "name": items[:9]})
    groups = series_groups(panel, attributes.sample(frac=1, random_state=1))
    assert groups["category"].max() == 2
    assert len(set(groups["category"][9:])) == 1
    assert "name" not in groups or groups["name"].max() < 12


def test_a_peak_stays_in_its_week_after_a_year_of_53():
    """2020 has 53 weeks: the fiftieth of 2021 comes 53 weeks after that of 2020."""
    weeks = pd.date_range("2019-01-07", "2021-12-20", freq="7D")
    peak = weeks.isocalendar().week.to_numpy() == 50
    usual = np.tile(20.0 * (1 + 3 * peak), (60, 1))
    known = len(weeks) - 6
    table = make(usual[:, :known], "7D", start="2019-01-07")
    factor = found(table, ahead=6).of(known, len(weeks))[0]
    assert (factor.argmax() == peak[known:].argmax()) & (factor.max() > 2)
    assert np.sort(factor)[-2] < 1.3
