"""Whatever is thrown at forecasts of many items: used as it was meant, or refused in words that name the fault."""

import numpy as np
import pandas as pd
import pytest

from segkit import DataError, forecast_demand, forecast_totals, protection_demand, recover_demand

WEEKS = pd.date_range("2024-01-01", periods=26, freq="7D")
AHEAD = pd.date_range("2024-01-01", periods=28, freq="7D")
ASK = {
    "forecast_demand": lambda history, **more: forecast_demand(history, **{"horizon": 2, **more}),
    "protection_demand": lambda history, **more: protection_demand(history, **{"periods": 1.5, **more}),
    "forecast_totals": lambda history, **more: forecast_totals(history, **{"horizon": 2, **more}),
    "recover_demand": recover_demand,
}
LOOKING_AHEAD = [name for name in ASK if name != "recover_demand"]


def history(series=3):
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], len(WEEKS)),
            "location_id": "NORTH",
            "period": np.tile(WEEKS, series),
            "quantity": rng.poisson(4, series * len(WEEKS)).astype(float),
            "in_stock": np.arange(series * len(WEEKS)) % 9 != 0,
        }
    )


def calendar(**columns):
    return pd.DataFrame({"period": AHEAD, "promotion": (np.arange(28) % 5 == 2).astype(float), **columns})


@pytest.fixture(scope="module", params=list(ASK))
def asked(request):
    """Return a function and what it says of the plain history."""
    ask = ASK[request.param]
    return ask, ask(history(), calendar=calendar())


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.dt.to_period("W-SUN"),
        lambda p: p.dt.tz_localize("Europe/Berlin"),
        lambda p: p.dt.tz_localize("UTC"),
        lambda p: p.dt.date,
        lambda p: p.dt.strftime("%Y-%m-%d"),
        lambda p: p.astype("category"),
        lambda p: p.dt.date.astype("date32[pyarrow]"),
        lambda p: p.astype("timestamp[us][pyarrow]"),
        lambda p: p + pd.Timedelta(hours=7),
    ],
)
def test_dates_of_any_kind_are_the_days_they_name(asked, change):
    ask, usual = asked
    table, events = history(), calendar()
    found = ask(table.assign(period=change(table["period"])), calendar=events.assign(period=change(events["period"])))
    pd.testing.assert_frame_equal(found, usual)


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable"])
def test_columns_of_other_makes_are_read(asked, backend):
    ask, usual = asked
    found = ask(
        history().convert_dtypes(dtype_backend=backend), calendar=calendar().convert_dtypes(dtype_backend=backend)
    )
    numbers = found.select_dtypes("number").astype("float64").to_numpy()
    np.testing.assert_allclose(numbers, usual.select_dtypes("number").to_numpy())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: None, "a pandas DataFrame is needed, not builtins.NoneType"),
        (lambda t: t["quantity"], "a pandas DataFrame is needed, not pandas.Series"),
        (lambda t: t.to_dict("list"), "a pandas DataFrame is needed, not builtins.dict"),
        (lambda t: pd.concat([t, t[["quantity"]]], axis=1), "column quantity is there twice"),
        (lambda t: t.assign(quantity=t["quantity"] * 1j), "quantity is no number"),
        (lambda t: t.assign(quantity=t["quantity"] - 2), "quantity is below zero in"),
        (lambda t: t.drop(columns="location_id"), "location_id is not there"),
    ],
)
def test_a_history_that_cannot_be_used_is_refused(asked, change, words):
    with pytest.raises(DataError, match="history cannot be forecast") as error:
        asked[0](change(history()))
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: c.assign(promotion=c["promotion"].where(c.index != 3, np.inf)),
            "promotion is infinite in 1 period, first: 2024-01-22",
        ),
        (lambda c: c.assign(promotion=c["promotion"] * 1j), "promotion is no real number"),
        (lambda c: pd.concat([c, c[["promotion"]]], axis=1), "column promotion is there twice"),
        (lambda c: c.to_dict("list"), "a pandas DataFrame is needed, not builtins.dict"),
        (
            lambda c: c.assign(price=np.where(c.index == 4, np.nan, 9.0)),
            "price is not known in 1 period, first: 2024-01-29",
        ),
        (lambda c: c.assign(price=9.0).drop(index=4), "price is not known in 1 period, first: 2024-01-29"),
        (lambda c: pd.concat([c, c.tail(1)]), "period repeats in 1 row, first: 2024-07-08"),
        (
            lambda c: c.assign(period=c["period"].where(c.index != 3, pd.Timestamp("2024-01-23"))),
            "period is none of the history's in 1 row",
        ),
        (lambda c: c.drop(columns="period"), "period is not there"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_refused(asked, change, words):
    with pytest.raises(DataError, match="calendar cannot be used") as error:
        asked[0](history(), calendar=change(calendar()))
    assert words in str(error.value)


@pytest.mark.parametrize("name", LOOKING_AHEAD)
@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (26, "2 periods of the horizon are missing, first: 2024-07-01"),
        (27, "1 period of the horizon is missing, first: 2024-07-08"),
    ],
)
def test_a_calendar_reaches_over_the_horizon(name, kept, words):
    with pytest.raises(DataError, match="calendar cannot be used") as error:
        ASK[name](history(), calendar=calendar().head(kept))
    assert words in str(error.value)
    assert "Give one row per period" in str(error.value)


def test_periods_of_the_history_without_a_row_have_no_event():
    events = calendar()
    few = events[(events["promotion"] > 0) | (events.index >= 26)]
    usual, found = (forecast_demand(history(), horizon=2, calendar=each) for each in (events, few))
    pd.testing.assert_frame_equal(found, usual)
    recover_demand(history(), calendar=events.head(20))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.to_dict("list"), "a pandas DataFrame is needed"),
        (lambda a: pd.concat([a, a[["family"]]], axis=1), "column family is there twice"),
        (
            lambda a: a.assign(item_id=["1", "2", "3"]),
            "none of their items is in the history: they have 1, it has SKU-0000",
        ),
        (lambda a: a.drop(columns="item_id"), "item_id is not there"),
    ],
)
def test_attributes_that_cannot_be_used_are_refused(asked, change, words):
    attributes = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(3)], "family": ["x", "y", "x"]})
    with pytest.raises(DataError, match="attributes cannot be used") as error:
        asked[0](history(), attributes=change(attributes))
    assert words in str(error.value)


@pytest.mark.parametrize("name", ["quantity", "period", "mean", "method", "all", "series", "pattern", 3])
def test_attributes_may_be_called_anything_and_be_blank(asked, name):
    ask, _ = asked
    attributes = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(3)], "family": ["x", None, "x"]})
    usual = ask(history(), attributes=attributes)
    pd.testing.assert_frame_equal(ask(history(), attributes=attributes.rename(columns={"family": name})), usual)
    pd.testing.assert_frame_equal(ask(history(), attributes=attributes.fillna("")), usual)


@pytest.mark.parametrize("seed", [None, "a", -1, 1.5, True, np.nan])
def test_a_seed_is_a_whole_number(asked, seed):
    with pytest.raises(DataError, match="seed cannot be used"):
        asked[0](history(), seed=seed)


@pytest.mark.parametrize("name", LOOKING_AHEAD)
@pytest.mark.parametrize(
    "quantiles",
    [("a",), (0,), (1,), (0.5, 1.2), (True,), (np.nan,), (), None, "0.5", ("0.5",), [[0.5, 0.6], [0.7, 0.8]]],
)
def test_quantiles_are_probabilities(name, quantiles):
    with pytest.raises(DataError, match="quantiles cannot be used"):
        ASK[name](history(), quantiles=quantiles)


@pytest.mark.parametrize("name", LOOKING_AHEAD)
@pytest.mark.parametrize(
    "quantiles", [[0.9, 0.5], (0.5, 0.9), np.array([0.5, 0.9]), pd.Series([0.9, 0.5]), {0.5, 0.9}, (0.5, 0.9, 0.9)]
)
def test_quantiles_may_come_in_any_form(name, quantiles):
    found = ASK[name](history(), quantiles=quantiles)
    assert [column for column in found if column.startswith("q")] == ["q50", "q90"]


@pytest.mark.parametrize("ask", [ASK["forecast_demand"], ASK["forecast_totals"]])
@pytest.mark.parametrize("horizon", [True, 0, -1, 1.5, "2", None, np.nan, np.inf])
def test_a_horizon_is_a_whole_number_of_periods(ask, horizon):
    with pytest.raises(DataError, match="horizon cannot be used"):
        ask(history(), horizon=horizon)


@pytest.mark.parametrize("periods", [True, 0, -1, "2", None, np.nan, np.inf])
def test_an_interval_is_a_number_of_periods(periods):
    with pytest.raises(DataError, match="periods cannot be used"):
        protection_demand(history(), periods=periods)


def test_a_table_of_intervals_has_its_columns_once():
    table = history().drop_duplicates("item_id")[["item_id", "location_id"]]
    table = table.assign(review_periods=1.0, lead_time_periods=2.0)
    with pytest.raises(DataError, match="column review_periods is there twice"):
        protection_demand(history(), periods=pd.concat([table, table[["review_periods"]]], axis=1))
    with pytest.raises(DataError, match="Ask for fewer"):
        protection_demand(history(), periods=table.assign(lead_time_periods=1e9))


@pytest.mark.parametrize(
    ("change", "fix"),
    [
        (lambda t: t.assign(quantity=t["quantity"].astype(str)), "Turn quantities into numbers"),
        (lambda t: t.assign(quantity=-1.0), "Leave returns out of demand"),
        (lambda t: t.assign(item_id=None), "Name every item and location"),
        (lambda t: t.assign(in_stock="yes"), "Say true, false or nothing in in_stock"),
    ],
)
def test_a_refusal_says_what_mends_it_and_nothing_else(change, fix):
    with pytest.raises(DataError) as error:
        forecast_demand(change(history()), horizon=1)
    assert str(error.value).splitlines()[-1].startswith(fix)
    assert len(str(error.value).splitlines()) == 3


def test_totals_may_be_by_one_column():
    pd.testing.assert_frame_equal(
        forecast_totals(history(), horizon=1, by="item_id"), forecast_totals(history(), horizon=1, by=["item_id"])
    )
    for by, fix in (
        ("nope", "Totals can be made by item_id, location_id"),
        ("all", "Totals can be made by item_id, location_id"),
        (None, "Give names of columns"),
        ([1], "Give names of columns"),
        ([["item_id"]], "Give names of columns"),
    ):
        with pytest.raises(DataError, match="by cannot be used") as error:
            forecast_totals(history(), horizon=1, by=by)
        assert fix in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.head(1),
        lambda t: t.assign(quantity=0.0),
        lambda t: t.assign(quantity=np.nan),
        lambda t: t.assign(in_stock=False),
        lambda t: t[t["period"].dt.month != 3],
        lambda t: t.assign(quantity=t["quantity"] * 1e12),
        lambda t: t.set_axis(np.zeros(len(t), dtype=int)),
    ],
)
def test_thin_histories_give_whole_answers(asked, change):
    found = asked[0](change(history()))
    numbers = found.drop(columns="quantity", errors="ignore").select_dtypes("number")
    assert len(found)
    assert np.isfinite(numbers.astype(float)).all(axis=None)
    assert (numbers >= 0).all(axis=None)
