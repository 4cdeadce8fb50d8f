"""One item under the analyst's eye: the figures of statsmodels called by hand, and reasons where there are none."""

import warnings

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.inventory.one_item.residuals import DIAGNOSTIC_COLUMNS

WORDS = {"N": None, "A": "add", "M": "mul"}
ITEM, PLACE = "SKU-0042", "NORTH"
TABLES = ("forecast", "components", "fit", "candidates", "effects", "diagnostics", "residual_acf", "notes")


def history(quantity, freq="MS", **more):
    """Return a shuffled history of one item, and of another that is there throughout."""
    count = len(quantity)
    periods = pd.date_range("2021-01-01", periods=count, freq=freq)
    one = pd.DataFrame({"item_id": ITEM, "location_id": PLACE, "period": periods})
    one = one.assign(quantity=np.asarray(quantity, dtype=float), **more)
    other = one.assign(item_id="SKU-0007", quantity=np.arange(count) % 7 + 1.0)
    return pd.concat([one, other]).sample(frac=1, random_state=3)


def inspect(table, horizon=6, **options):
    return sk.inspect_forecast(table, ITEM, PLACE, horizon=horizon, **options)


def level_series(count=40, seed=5):
    rng = np.random.default_rng(seed)
    return (100 + np.cumsum(rng.normal(0, 2, count)) + rng.normal(0, 6, count)).round()


def seasonal_series(count=36, seed=2):
    rng = np.random.default_rng(seed)
    months = np.arange(count)
    return ((80 + 0.5 * months) * (1 + 0.4 * np.sin(2 * np.pi * months / 12)) + rng.normal(0, 4, count)).round()


def of_model(table, model):
    return table[table["model"] == model].reset_index(drop=True)


@pytest.fixture(scope="module")
def seasonal():
    return inspect(history(seasonal_series()), horizon=12)


@pytest.fixture(scope="module")
def level():
    return inspect(history(level_series(), freq="W-MON"), horizon=5)


# ------------------------------------------------------------------ the same as statsmodels
def test_ets_is_that_of_statsmodels_with_its_intervals(level):
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    chosen = level.candidates.query("model == 'ets' and chosen").iloc[0]
    error, trend, _ = chosen["form"].removeprefix("ETS(").removesuffix(")").split(",")
    demand = pd.Series(level_series())
    words = {"error": {"A": "add", "M": "mul"}[error], "trend": None if trend == "N" else "add"}
    fit = ETSModel(demand, **words, damped_trend=trend == "Ad").fit(disp=False, pgtol=1e-8, factr=100.0)
    ahead = of_model(level.forecast, "ets")
    assert chosen["aicc"] == pytest.approx(fit.aicc, rel=1e-4)
    np.testing.assert_allclose(ahead["mean"], fit.forecast(5), rtol=1e-3)
    if error == "A":
        frame = fit.get_prediction(start=40, end=44).summary_frame(alpha=0.1)
        np.testing.assert_allclose(ahead[["q05", "q95"]], frame[["pi_lower", "pi_upper"]], rtol=5e-3)


def test_every_candidate_has_the_aicc_of_statsmodels(seasonal):
    """Of its fit from where ours ended, which is as good as that from where it begins, or better, but for one form.

    Likelihoods of multiplicative errors have hollows: in which one a search ends depends on last digits of the machine.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    from segkit.inventory.one_item import ets

    demand = pd.Series(seasonal_series())
    told = seasonal.candidates.query("model == 'ets'").set_index("form")["aicc"]
    worse = []
    for form in ets._list_forms((demand / demand.mean()).to_numpy(), 12):
        words = {"error": WORDS[form.error], "trend": None if form.trend == "N" else "add"}
        if form.season != "N":
            words |= {"seasonal": WORDS[form.season], "seasonal_periods": 12}
        model = ETSModel(demand / demand.mean(), damped_trend=form.trend == "Ad", **words)
        ours = ets._fit((demand / demand.mean()).to_numpy(), form, 1).parameters
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            own, fit = (model.fit(start_params=at, disp=False, pgtol=1e-8, factr=100.0) for at in (None, ours))
        units = 2 * len(demand) * np.log(demand.mean())
        assert told[form.name] == pytest.approx(fit.aicc + units, rel=1e-6), form
        worse += [form] if told[form.name] > own.aicc + units + 1e-3 else []
    assert len(worse) <= 1, worse
    assert all(form.error == "M" for form in worse)
    assert seasonal.candidates.query("model == 'ets' and chosen")["aicc"].item() == told.min()


def test_sarimax_is_that_of_statsmodels():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    promotion = np.isin(np.arange(46), [4, 11, 19, 26, 33, 41]).astype(float)
    demand = level_series() + 40 * promotion[:40]
    table = history(demand, freq="W-MON")
    weeks = pd.date_range(table["period"].min(), periods=46, freq="W-MON")
    found = inspect(table, calendar=pd.DataFrame({"period": weeks, "promotion": promotion}))
    chosen = found.candidates.query("model == 'sarimax' and chosen").iloc[0]
    order = tuple(int(each) for each in chosen["form"].split("(")[1].split(")")[0].split(","))
    columns = promotion[:, None] if order[1] else np.column_stack([promotion, np.ones(46)])
    fit = SARIMAX(demand, exog=columns[:40], order=order).fit(disp=0, maxiter=500, cov_type="approx")
    ahead = fit.get_forecast(6, exog=columns[40:])
    made = of_model(found.forecast, "sarimax")
    assert chosen["aicc"] == pytest.approx(fit.aicc + fit_correction(fit, order[1]), rel=1e-3)
    np.testing.assert_allclose(made["mean"], ahead.predicted_mean, rtol=5e-3)
    np.testing.assert_allclose(made[["q05", "q95"]], ahead.conf_int(alpha=0.1), rtol=2e-2)
    assert found.effects["effect"].item() == pytest.approx(fit.params[0], rel=1e-2)
    assert found.effects["standard_error"].item() == pytest.approx(fit.bse[0], rel=3e-2)


def fit_correction(fit, differences):
    """Return AICc - aicc of statsmodels, which counts all periods where one is lost to differencing."""
    count, parameters = fit.nobs - differences, len(fit.params)
    return -2 * fit.llf + 2 * parameters * count / (count - parameters - 1) - fit.aicc


def test_components_are_those_of_stl(seasonal):
    from statsmodels.tsa.seasonal import STL

    demand = seasonal_series()
    parts = STL(demand, period=12, seasonal=10 * len(demand) + 1, seasonal_deg=0).fit()
    found = of_model(seasonal.components, "stl_ets").pivot(index="period", columns="component", values="value")
    np.testing.assert_allclose(found["season"], parts.seasonal, atol=1e-8)
    np.testing.assert_allclose(found["trend"], parts.trend, atol=1e-8)
    np.testing.assert_allclose(found.sum(axis=1), demand)


def test_diagnostics_are_those_of_statsmodels(level):
    from scipy.stats import ttest_1samp
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.stats.stattools import jarque_bera
    from statsmodels.tsa.stattools import breakvar_heteroskedasticity_test

    error = np.diff(level_series())
    error = error / np.sqrt(np.mean(error**2))
    found = of_model(level.diagnostics, "naive").set_index("test")
    lags = len(of_model(level.residual_acf, "naive"))
    expected = {
        "Ljung-Box": acorr_ljungbox(error, lags=[lags]).iloc[0].tolist(),
        "Jarque-Bera": list(jarque_bera(error)[:2]),
        "heteroscedasticity": list(breakvar_heteroskedasticity_test(error, subset_length=1 / 3)),
        "mean": list(ttest_1samp(error, 0.0)),
    }
    for test, figures in expected.items():
        np.testing.assert_allclose(
            found.loc[test, ["statistic", "p_value"]].astype(float), np.ravel(figures), rtol=1e-9
        )


def test_readings_go_with_p_values(seasonal):
    table = seasonal.diagnostics.dropna()
    said = table.groupby("test")["reading"].nunique()
    assert (said <= 2).all()
    naive = table[(table["model"] == "naive") & (table["test"] == "Ljung-Box")].iloc[0]
    assert naive["p_value"] < 0.001
    assert "misses a pattern" in naive["reading"]


# ------------------------------------------------------------------ it finds what was put in
def test_effects_of_a_calendar_are_recovered():
    rng = np.random.default_rng(12)
    weeks = pd.date_range("2021-01-04", periods=116, freq="W-MON")
    calendar = pd.DataFrame({"period": weeks, "event": np.where(rng.random(116) < 0.12, "fair", "")})
    calendar["quiet"] = rng.random(116) < 0.15
    demand = 60 + 25 * (calendar["event"] == "fair") - 15 * calendar["quiet"] + rng.normal(0, 5, 116)
    table = history(demand[:110], freq="W-MON")
    found = inspect(table, calendar=calendar.sample(frac=1, random_state=1))
    effects = found.effects.set_index("regressor")
    assert effects.loc["event: fair", ["lower_95", "upper_95"]].between(25 - 9, 25 + 9).all()
    assert effects.loc["event: fair", "lower_95"] < 25 < effects.loc["event: fair", "upper_95"]
    assert effects.loc["quiet", "lower_95"] < -15 < effects.loc["quiet", "upper_95"]
    assert effects["reading"].to_dict() == {"event: fair": "raises demand", "quiet": "lowers demand"}
    value = found.fit.set_index("model")["value_added"]
    assert value["sarimax"] > value["ets"]


def test_effect_of_price_is_recovered_and_the_last_price_holds():
    rng = np.random.default_rng(4)
    price = np.where(rng.random(60) < 0.3, 8.0, 10.0)
    demand = 150 - 10 * price + rng.normal(0, 3, 60)
    found = inspect(history(demand, freq="W-MON", price=price))
    effect = found.effects.set_index("regressor").loc["price"]
    assert effect["lower_95"] < -10 < effect["upper_95"] < -8
    ahead = of_model(found.forecast, "sarimax")["mean"]
    assert ahead.to_numpy() == pytest.approx(150 - 10 * price[-1], abs=4)
    assert found.notes["note"].str.contains("last price").any()


def test_price_ahead_comes_from_the_calendar():
    rng = np.random.default_rng(4)
    price = np.where(rng.random(66) < 0.3, 8.0, 10.0)
    demand = 150 - 10 * price[:60] + rng.normal(0, 3, 60)
    table = history(demand, freq="W-MON")
    calendar = pd.DataFrame({"period": pd.date_range(table["period"].min(), periods=66, freq="W-MON"), "price": price})
    ahead = of_model(inspect(table, calendar=calendar).forecast, "sarimax")["mean"]
    np.testing.assert_allclose(ahead, 150 - 10 * price[60:], atol=4)


def test_what_happened_once_is_no_regressor():
    table = history(level_series(), freq="W-MON")
    weeks = pd.date_range(table["period"].min(), periods=46, freq="W-MON")
    found = inspect(table, calendar=pd.DataFrame({"period": weeks, "strike": weeks == weeks[9], "same": 1.0}))
    assert found.effects.empty
    notes = found.notes.query("subject == 'regressors'")["note"].str.cat()
    assert "strike (seen in one known period only" in notes
    assert "same (the same in every known period" in notes


def test_a_season_is_found_by_every_model_that_has_one(seasonal):
    truth = seasonal_series(48)[36:]
    for model in ("ets", "stl_ets", "sarimax"):
        error = of_model(seasonal.forecast, model)["mean"] - truth
        assert error.abs().mean() < 8, model
    value = seasonal.fit.set_index("model")["value_added"]
    assert value["stl_ets"] > 0.7  # from origins with two cycles; the others start earlier
    assert (value[["ets", "sarimax"]] > 0.1).all()


# ------------------------------------------------------------------ rolling origins
def test_rolling_errors_of_naive_are_those_of_a_plain_loop(level):
    from segkit.inventory.one_item.rolling import list_origins

    demand = level_series()
    origins, ahead = list_origins(len(demand), 5)
    errors = np.concatenate([demand[origin - 1] - demand[origin : origin + ahead] for origin in origins])
    row = level.fit.set_index("model").loc["naive"]
    assert row["rolling_mae"] == pytest.approx(np.abs(errors).mean())
    assert row["rolling_bias"] == pytest.approx(errors.mean())
    assert row["rolling_rmse"] == pytest.approx(np.sqrt((errors**2).mean())) == row["naive_rmse"]
    assert row["value_added"] == 0
    assert row["rolling_origins"] == len(origins)


def test_rolling_origins_know_nothing_later():
    """The errors from early origins do not change when what came after what they are judged on does."""
    import statsmodels.tsa.statespace.sarimax  # noqa: F401
    from threadpoolctl import threadpool_limits

    from segkit.inventory.one_item.arima import fit_sarimax
    from segkit.inventory.one_item.ets import fit_ets
    from segkit.inventory.one_item.fitted import Outlook
    from segkit.inventory.one_item.regressors import calendar_numbers
    from segkit.inventory.one_item.remarks import Remarks
    from segkit.inventory.one_item.series import describe_series, make_span
    from segkit.inventory.pooled.panel import read_panel

    def span_of(demand, price):
        table = history(demand, freq="W-MON", price=price)
        panel, remarks = read_panel(table), Remarks()
        series = describe_series(panel, table, ITEM, PLACE, remarks)
        return make_span(series, panel, calendar_numbers(None, panel, 4, remarks), 4)

    demand, price = level_series(), np.tile([9.0, 10.0, 11.0, 10.0], 10)
    changed, dearer = demand.copy(), price.copy()
    changed[30:] *= 3
    dearer[30:] += 5
    one, two = span_of(demand, price).until(30, 4), span_of(changed, dearer).until(30, 4)
    for fit in (fit_ets, fit_sarimax):
        with threadpool_limits(limits=1):
            first, second = (fit(span, Outlook(4, (0.9,)), Remarks()) for span in (one, two))
        np.testing.assert_array_equal(first.mean, second.mean)
        np.testing.assert_array_equal(first.quantiles, second.quantiles)


def test_errors_from_early_origins_do_not_depend_on_what_came_later():
    from segkit.inventory.one_item.ets import fit_ets
    from segkit.inventory.one_item.regressors import calendar_numbers
    from segkit.inventory.one_item.remarks import Remarks
    from segkit.inventory.one_item.rolling import _roll
    from segkit.inventory.one_item.series import describe_series, make_span
    from segkit.inventory.pooled.panel import read_panel

    def errors(demand):
        table, remarks = history(demand, freq="W-MON"), Remarks()
        panel = read_panel(table)
        series = describe_series(panel, table, ITEM, PLACE, remarks)
        span = make_span(series, panel, calendar_numbers(None, panel, 4, remarks), 4)
        return _roll("ets", fit_ets, span, [24, 28, 34], 4, remarks)

    demand = level_series()
    changed = demand.copy()
    changed[32:] *= 3
    usual, found = errors(demand), errors(changed)
    np.testing.assert_array_equal(usual[:2], found[:2])
    assert (usual[2] != found[2]).all()


# ------------------------------------------------------------------ what is missing
def test_out_of_stock_and_blank_periods_are_missing_not_zero():
    demand = level_series()
    out = np.isin(np.arange(40), [12, 13, 29])
    sold = np.where(out, 0.0, demand)
    flagged = inspect(history(sold, freq="W-MON", in_stock=~out))
    blank = inspect(history(np.where(out, np.nan, demand), freq="W-MON"))
    pd.testing.assert_frame_equal(flagged.forecast, blank.forecast)
    assert flagged.history["status"].value_counts().to_dict() == {"used": 37, "out of stock": 3}
    assert blank.history["status"].value_counts().to_dict() == {"used": 37, "not known": 3}
    full = inspect(history(demand, freq="W-MON"))
    for model in ("ets", "sarimax"):
        near, whole = of_model(flagged.forecast, model)["mean"], of_model(full.forecast, model)["mean"]
        np.testing.assert_allclose(near, whole, rtol=0.08)
    assert (flagged.fit.set_index("model").loc[["ets", "sarimax"], "periods"] == 37).all()


def test_leading_zeros_are_not_yet_listed():
    demand = level_series()
    late = inspect(history(np.r_[np.zeros(9), demand], freq="W-MON"))
    alone = inspect(history(demand, freq="W-MON"))
    np.testing.assert_array_equal(late.forecast["mean"], alone.forecast["mean"])
    assert (late.history["status"] == "not yet listed").sum() == 9


def test_zeros_that_are_left_out_are_zeros_all_the_same():
    demand = np.where(np.arange(40) % 3 == 0, 12.0, 0.0)
    demand[[0, 39]] = 5.0
    table = history(demand, freq="W-MON")
    sparse = table[(table["quantity"] > 0)]
    pd.testing.assert_frame_equal(inspect(sparse).forecast, inspect(table).forecast)
    assert inspect(sparse).notes["note"].str.contains("without a row since listed: counted as no demand").any()


SHORT = {
    "length 0": [],
    "length 1": [4],
    "length 2": [4, 6],
    "all zero": [0] * 30,
    "all missing": [np.nan] * 30,
    "zero and missing": [0, np.nan] * 15,
    "one sale": [0] * 29 + [3],
    "five": [3, 1, 4, 1, 5],
    "always the same": [7] * 30,
}


@pytest.mark.parametrize("quantity", SHORT.values(), ids=SHORT)
def test_what_cannot_be_forecast_says_why(quantity, seasonal):
    table = history(quantity).query("item_id == @ITEM")
    found = inspect(table)
    models = set(found.forecast["model"])
    assert models <= {"naive", "seasonal_naive"}
    assert bool(models) == (np.nansum(quantity) > 0)
    assert (found.notes["kind"] == "reason").any()
    for name in TABLES:
        assert getattr(found, name).dtypes.to_dict() == getattr(seasonal, name).dtypes.to_dict(), name


@pytest.mark.parametrize("count", [6, 7, 8, 9, 10, 11, 13, 24, 25])
def test_short_series_never_crash(count):
    found = inspect(history(np.random.default_rng(count).poisson(3, count) + (np.arange(count) == 0)))
    figures = found.forecast.drop(columns=["model", "form", "period"])
    assert np.isfinite(figures.to_numpy()).all()
    assert (figures.to_numpy() >= 0).all()
    assert {"ets", "sarimax"} <= set(found.forecast["model"])


def test_quantiles_rise_and_hold_the_mean(seasonal):
    names = ["q05", "q10", "q50", "q80", "q90", "q95", "q99"]
    figures = seasonal.forecast[names].to_numpy()
    assert (np.diff(figures, axis=1) >= 0).all()
    assert seasonal.forecast["mean"].between(seasonal.forecast["q10"], seasonal.forecast["q90"]).all()


def test_an_item_that_is_not_there_is_named_with_the_nearest():
    found = sk.inspect_forecast(history(level_series()), "SKU-0043", PLACE)
    assert found.history.empty
    assert found.forecast.empty
    assert "did you mean SKU-0042?" in found.notes["note"].iloc[0]


# ------------------------------------------------------------------ what must not matter
def test_counting_unit_changes_nothing_but_units(level):
    dozens = inspect(history(level_series() * 12, freq="W-MON"), horizon=5)
    assert dozens.candidates["form"].tolist() == level.candidates["form"].tolist()
    np.testing.assert_allclose(dozens.forecast["mean"], 12 * level.forecast["mean"], rtol=1e-6)
    np.testing.assert_allclose(dozens.fit["value_added"], level.fit["value_added"], atol=1e-4)


def test_order_of_rows_and_of_columns_and_names_of_items_do_not_matter(level):
    table = history(level_series(), freq="W-MON").sample(frac=1, random_state=9)
    again = inspect(table[table.columns[::-1]], horizon=5)
    renamed = sk.inspect_forecast(table.replace({ITEM: "Ä 1"}), "Ä 1", PLACE, horizon=5)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(level, name))
        pd.testing.assert_frame_equal(getattr(renamed, name), getattr(level, name))


def test_two_runs_are_the_same_to_the_bit_and_seeds_matter_only_for_paths(seasonal):
    again = inspect(history(seasonal_series()), horizon=12)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(seasonal, name), check_exact=True)
    other = inspect(history(seasonal_series()), horizon=12, seed=8)
    pd.testing.assert_series_equal(other.forecast["mean"], seasonal.forecast["mean"])


def test_demand_classes_are_added_up():
    table = history(level_series(), freq="W-MON")
    split = pd.concat([table.assign(demand_class=name, quantity=table["quantity"] * 0.5) for name in "AB"])
    pd.testing.assert_frame_equal(inspect(split).forecast, inspect(table).forecast)


def test_warnings_of_statsmodels_become_notes_and_none_escapes():
    demand = np.r_[np.arange(1, 20), 400.0, np.arange(20, 30)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = inspect(history(demand))
    told = found.notes.query("kind == 'warning'")
    assert len(told)
    assert not told.duplicated(["subject", "note"]).any()
    assert (told["times"] >= 1).all()


def test_intermittent_demand_is_pointed_out():
    rng = np.random.default_rng(1)
    demand = np.where(rng.random(60) < 0.25, rng.integers(1, 9, 60), 0)
    demand[0] = 3
    found = inspect(history(demand))
    assert found.notes["note"].str.contains("without demand").any()
    assert (found.forecast.drop(columns=["model", "form", "period"]) >= 0).all(axis=None)


# ------------------------------------------------------------------ what is refused
def test_a_calendar_reaches_over_the_horizon():
    table = history(level_series(), freq="W-MON")
    weeks = pd.date_range(table["period"].min(), periods=43, freq="W-MON")
    with pytest.raises(sk.DataError, match=r"3 periods of the horizon are missing, first: 2021-11-01"):
        inspect(table, calendar=pd.DataFrame({"period": weeks, "fair": 0.0}))


def test_a_calendar_that_begins_late_is_said_to():
    table = history(level_series(), freq="W-MON")
    weeks = pd.date_range(table["period"].min(), periods=46, freq="W-MON")[15:]
    calendar = pd.DataFrame({"period": weeks, "fair": np.arange(31) % 5 == 0})
    whole = pd.concat(
        [pd.DataFrame({"period": weeks[:1] - pd.DateOffset(weeks=n), "fair": False}) for n in range(1, 16)]
    )
    late, padded = inspect(table, calendar=calendar), inspect(table, calendar=pd.concat([whole, calendar]))
    pd.testing.assert_frame_equal(late.forecast, padded.forecast)
    assert "(15) count as 0" in late.notes.query("subject == 'calendar'")["note"].item()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        *(({"horizon": each}, "horizon") for each in (0, 2.5, True, None, "2")),
        *(({"quantiles": each}, "quantiles") for each in ((0.5, 1.0), (0,), ("a",), (), None, "0.5", [[0.5]])),
        *(({"seed": each}, "seed") for each in (None, -1, 1.5, "a", True)),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(sk.SettingsError, match=said):
        inspect(history([1, 2, 3]), **options)


@pytest.mark.parametrize(
    ("price", "words"),
    [(np.inf, "price is no finite number in 6 rows"), ("dear", "price is no finite number in 6 rows")],
)
def test_a_price_that_is_no_number_is_refused(price, words):
    with pytest.raises(sk.DataError, match=words):
        inspect(history([1, 2, 3, 4, 5, 6], price=price))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.assign(fair=np.inf), "fair is infinite in 46 periods, first: 2021-01-04"),
        (lambda c: c.assign(price=np.where(c.index == 3, np.nan, 9.0)), "price is not known in 1 period"),
        (lambda c: pd.concat([c, c.head(1)]), "period repeats in 1 row"),
        (lambda c: c.drop(columns="period"), "period is not there"),
        (lambda c: c.to_dict(), "a pandas DataFrame is needed"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_refused(change, words):
    table = history(level_series(), freq="W-MON")
    calendar = pd.DataFrame({"period": pd.date_range(table["period"].min(), periods=46, freq="W-MON"), "fair": 0.0})
    with pytest.raises(sk.DataError, match=words):
        inspect(table, calendar=change(calendar))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.dt.to_period("W-SUN"),
        lambda p: p.dt.tz_localize("Europe/Berlin"),
        lambda p: p.dt.strftime("%Y-%m-%d"),
        lambda p: p.dt.date.astype("date32[pyarrow]"),
    ],
)
def test_dates_of_any_kind_are_the_days_they_name(change):
    table = history([3, 5, 4, 6, 5], freq="W-MON", price=[9, 8, 9, 9, 8.0], in_stock=[True, True, False, True, True])
    calendar = pd.DataFrame({"period": pd.date_range(table["period"].min(), periods=11, freq="W-MON"), "fair": 0.0})
    usual = inspect(table, calendar=calendar)
    found = inspect(
        table.assign(period=change(table["period"])), calendar=calendar.assign(period=change(calendar["period"]))
    )
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(found, name), getattr(usual, name))


def test_quantiles_may_come_in_any_form():
    table = history([3, 5, 4, 6, 5])
    usual = inspect(table, quantiles=(0.5, 0.9)).forecast
    for quantiles in ([0.9, 0.5], np.array([0.5, 0.9, 0.9]), pd.Series([0.9, 0.5])):
        pd.testing.assert_frame_equal(inspect(table, quantiles=quantiles).forecast, usual)


def test_months_by_their_last_day_are_inspected_as_by_their_first():
    first = history(seasonal_series(30))
    last = first.assign(period=first["period"] + pd.offsets.MonthEnd(0))
    one, two = inspect(first).forecast, inspect(last).forecast
    assert (two["period"] == one["period"] + pd.offsets.MonthEnd(0)).all()
    pd.testing.assert_frame_equal(two.drop(columns="period"), one.drop(columns="period"))


def test_a_history_without_its_columns_is_refused():
    with pytest.raises(sk.DataError, match="quantity"):
        inspect(history([1, 2, 3]).drop(columns="quantity"))


# ------------------------------------------------------------------ real data
def test_real_items_and_parts(real_data):
    table = pd.read_csv(real_data / "spare_parts" / "raf_5000x84_monthly.csv.gz")
    demand = table.iloc[[0, 2900], 4:88].to_numpy(dtype=float)
    for row in demand:
        found = inspect(history(row).query("item_id == @ITEM"), horizon=12)
        assert list(found.diagnostics.columns) == DIAGNOSTIC_COLUMNS
        assert np.isfinite(found.forecast["mean"]).all()
        assert (found.forecast["mean"] >= 0).all()
