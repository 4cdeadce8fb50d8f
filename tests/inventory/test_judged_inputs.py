"""Forecasts that are judged: tables of any make give the same figures, faults are told, nothing later is looked at."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk

WEEKS = pd.date_range("2024-01-01", periods=20, freq="7D", unit="us")
JUDGE = {
    "measure_accuracy": sk.measure_accuracy,
    "check_calibration": lambda said, came, _history, **more: sk.check_calibration(said, came, **more),
    "list_worst_forecasts": lambda said, came, _history, **more: sk.list_worst_forecasts(said, came, **more),
}


def demand():
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "item_id": np.repeat(["1", "2", "3"], 20),
            "location_id": "NORTH",
            "period": np.tile(WEEKS, 3),
            "quantity": rng.poisson(5, 60).astype(float),
            "in_stock": np.arange(60) % 13 != 0,
        }
    )


def forecasts():
    rng = np.random.default_rng(3)
    rows = demand().query("period > @WEEKS[15] and period <= @WEEKS[18]").drop(columns=["quantity", "in_stock"])
    rows = rows.assign(origin=WEEKS[15], mean=rng.gamma(4, 1.2, len(rows)), cost=2.0)
    return rows.assign(q50=rows["mean"].round(), q95=rows["mean"].round() + 4)


@pytest.fixture(params=list(JUDGE))
def judge(request):
    return JUDGE[request.param]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.astype({"item_id": "int64"}),
        lambda t: t.astype({"item_id": "category", "location_id": "category"}),
        lambda t: t.assign(**{name: t[name].dt.strftime("%Y-%m-%d") for name in ("period", "origin") if name in t}),
        lambda t: t.assign(**{name: t[name].dt.to_period("W-SUN") for name in ("period", "origin") if name in t}),
        lambda t: t.assign(**{name: t[name].dt.tz_localize("UTC") for name in ("period", "origin") if name in t}),
        lambda t: t.assign(**{name: t[name].dt.date for name in ("period", "origin") if name in t}),
        lambda t: t.convert_dtypes(dtype_backend="pyarrow"),
        lambda t: t.convert_dtypes(dtype_backend="numpy_nullable"),
        lambda t: t.assign(in_stock=t["in_stock"].astype(float)) if "in_stock" in t else t,
    ],
)
def test_tables_of_any_make_give_the_same_figures(judge, change):
    usual = judge(forecasts(), demand(), demand(), weight="cost")
    pd.testing.assert_frame_equal(judge(change(forecasts()), demand(), demand(), weight="cost"), usual)
    pd.testing.assert_frame_equal(judge(change(forecasts()), change(demand()), change(demand()), weight="cost"), usual)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f, d: (f, pd.concat([d, d.head(2)])),
            "actuals repeats its key (item_id, location_id, period) in 2 rows",
        ),
        (lambda f, d: (pd.concat([f, f.head(1)]), d), "forecasts repeats its key"),
        (lambda f, d: (f.assign(mean="a", q95="b"), d), "forecasts.q95 is no number"),
        (
            lambda f, d: (f.assign(mean=np.inf, q95=np.inf), d),
            "forecasts.q95 is infinite in 9 rows, first: item_id='1'",
        ),
        (lambda f, d: (f.assign(cost="dear"), d), "forecasts.cost is no number"),
        (lambda f, d: (f.assign(item_id=None), d), "forecasts.item_id is missing in 9 rows"),
        (lambda f, d: (f.assign(period="soon"), d), "period is no date in 9 rows, first: soon"),
        (lambda f, d: (f, d.assign(quantity=d["quantity"].astype(str))), "actuals.quantity is no number"),
        (lambda f, d: (f, d.assign(in_stock="yes")), "actuals.in_stock is neither true nor false in 60 rows"),
        (lambda f, d: (f.to_dict(), d), "(forecasts):\n  a pandas DataFrame is needed, not builtins.dict"),
        (lambda f, d: (pd.concat([f, f[["q50"]]], axis=1), d), "(forecasts):\n  column q50 is there twice"),
        (lambda f, _: (f, None), "(actuals):\n  a pandas DataFrame is needed, not builtins.NoneType"),
    ],
)
def test_what_cannot_be_judged_is_told(judge, change, words):
    said, came = change(forecasts(), demand())
    with pytest.raises(sk.DataError, match="forecasts cannot be judged") as error:
        judge(said, came, demand(), weight="cost")
    assert words in str(error.value)


def test_a_history_that_repeats_is_refused():
    twice = pd.concat([demand(), demand().head(3)])
    with pytest.raises(sk.DataError, match=r"history repeats its key \(item_id, location_id, period\) in 3 rows"):
        sk.measure_accuracy(forecasts(), demand(), twice)
    with pytest.raises(sk.DataError, match="history has no column 'quantity'"):
        sk.measure_accuracy(forecasts(), demand(), demand().drop(columns="quantity"))


@pytest.mark.parametrize("name", ["measure_accuracy", "check_calibration"])
def test_one_column_parts_as_a_list_of_it_does(name):
    parted = JUDGE[name](forecasts(), demand(), demand(), by="item_id")
    pd.testing.assert_frame_equal(JUDGE[name](forecasts(), demand(), demand(), by=["item_id", "method"]), parted)
    assert parted["item_id"].nunique() == 3
    for by in (None, [1], [["item_id"]]):
        with pytest.raises(sk.DataError, match="by cannot be used"):
            JUDGE[name](forecasts(), demand(), demand(), by=by)


def test_a_series_that_naive_forecasts_best_is_judged_like_any_other():
    """The method of `forecast_demand` says what won: naive is no benchmark where nothing else forecasts the series."""
    won = forecasts().assign(method=lambda f: f["item_id"].map({"1": "naive", "2": "sba", "3": "smoothing"}))
    worst = sk.list_worst_forecasts(won, demand())
    assert sorted(worst["item_id"]) == ["1", "2", "3"]
    alike = sk.list_worst_forecasts(won.assign(method="forecast"), demand())
    assert worst.set_index("item_id")["error_size"].to_dict() == alike.set_index("item_id")["error_size"].to_dict()
    assert sk.measure_accuracy(won, demand(), demand())["value_added"].isna().all()
    compared = pd.concat([won, won.assign(method="naive", mean=5.0)[won["method"] != "naive"]])
    beside = sk.list_worst_forecasts(compared, demand())
    assert beside.groupby("method")["item_id"].agg(list).to_dict() == {"naive": ["1"], "sba": ["2"], "smoothing": ["3"]}
    assert sk.measure_accuracy(compared, demand(), demand()).set_index("method")["value_added"].loc["sba"] < 1


@pytest.mark.parametrize("most", [None, -1, "3", np.nan])
def test_how_many_are_listed_is_a_number(most):
    with pytest.raises(sk.DataError, match="most cannot be used"):
        sk.list_worst_forecasts(forecasts(), demand(), most=most)


def test_what_comes_after_the_judged_periods_is_not_looked_at(judge):
    """Nor what comes after the origin, where it only scales errors."""
    usual, table = judge(forecasts(), demand(), demand()), demand()
    after = table["period"] > WEEKS[18]
    bent = table.assign(quantity=table["quantity"].where(~after, 1e6))
    pd.testing.assert_frame_equal(judge(forecasts(), bent, bent), usual)
    scales = table.assign(quantity=table["quantity"].where(table["period"] <= WEEKS[15], 1e6))
    pd.testing.assert_frame_equal(judge(forecasts(), table, scales), usual)
    last = table["period"] == WEEKS[18]
    assert not judge(forecasts(), table.assign(quantity=table["quantity"].where(~last, 1e6)), table).equals(usual)


def test_what_an_origin_knew_scales_its_errors():
    table = demand()
    moved = table.assign(quantity=table["quantity"].where(table["period"] != WEEKS[14], 40.0))
    one, two = (sk.measure_accuracy(forecasts(), table, each) for each in (table, moved))
    assert two["rmsse"].item() < one["rmsse"].item()
