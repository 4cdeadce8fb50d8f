"""Demand over the protection interval: errors of sums as they are, lead times fixed and random, lengths of any kind."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma

from segkit import DataError, forecast_demand, protection_demand
from segkit.formulas.protection import smoothed_sum_deviation
from segkit.inventory.pooled.fitting import fit_demand
from segkit.inventory.pooled.mixing import mix_lengths
from segkit.inventory.pooled.panel import read_panel

BANDS = ["q50", "q80", "q90", "q95", "q99"]
NUMBERS = ["mean", "sd", *BANDS]
KEYS = ["item_id", "location_id"]
SHARES = np.array([0.5, 0.8, 0.9, 0.95, 0.99])


def table_of(values, freq="7D", start="2022-01-03", places=1):
    series, periods = values.shape
    return pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n // places:04d}" for n in range(series)], periods),
            "location_id": np.repeat([f"LOC-{n % places}" for n in range(series)], periods),
            "period": np.tile(pd.date_range(start, periods=periods, freq=freq), series),
            "quantity": values.ravel().astype(float),
        }
    ).sample(frac=1, random_state=1)


def counts(series=40, periods=80, seed=0, level=5.0):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(2, level / 2, (series, 1)), (series, periods))


def series_of(table):
    return table[KEYS].drop_duplicates().sort_values(KEYS, ignore_index=True)


def judged(draw, length, *, known=100, series=800, seed=0):
    """Return what is told of a sum, the error of its mean, and the sd of one period by the root of the length."""
    values = draw(np.random.default_rng(seed), (series, known + length))
    table = table_of(values[:, :known])
    found = protection_demand(table, periods=length)
    actual = values[:, known:].sum(axis=1)
    rooted = protection_demand(table, periods=1)["sd"].mean() * np.sqrt(length)
    return found, found["mean"].to_numpy() - actual, actual, rooted


def wandering(rng, shape, move=8.0, noise=20.0):
    return np.maximum(200 + np.cumsum(rng.normal(0, move, shape), axis=1) + rng.normal(0, noise, shape), 0)


DRAWS = {
    "even": lambda rng, shape: rng.normal(200, 20, shape),
    "steady": lambda rng, shape: rng.normal(200, 4, shape),
    "counts": lambda rng, shape: rng.poisson(rng.gamma(2, 2, (shape[0], 1)), shape),
    "scattered": lambda rng, shape: rng.negative_binomial(2, 2 / 5, shape),
    "rare": lambda rng, shape: rng.negative_binomial(0.5, 0.5 / 0.7, shape),
    "many": lambda rng, shape: rng.negative_binomial(100, 100 / 1_100, shape),
    "lumpy": lambda rng, shape: np.round((rng.random(shape) < 0.15) * rng.gamma(0.7, 100, shape)),
    "wandering": wandering,
}


@pytest.mark.parametrize("length", [1, 4, 8])
@pytest.mark.parametrize("name", list(DRAWS))
def test_sums_scatter_as_is_told(name, length):
    found, error, actual, _ = judged(DRAWS[name], length)
    far = 0.35 if name == "lumpy" else 0.15
    assert np.sqrt((found["sd"] ** 2).mean()) == pytest.approx(np.sqrt((error**2).mean()), rel=far)
    enough = (actual[:, None] <= found[BANDS].to_numpy()).mean(axis=0)
    more = (actual[:, None] < found[BANDS].to_numpy()).mean(axis=0)
    margin = 3.5 * np.sqrt(SHARES * (1 - SHARES) / len(actual)) + 0.01
    assert (enough >= SHARES - margin).all()
    assert (more <= SHARES + margin).all()


def test_errors_of_sums_grow_faster_than_the_root_of_their_length():
    """A level that is estimated anew is wrong by the same amount in every period (Prak et al. 2017)."""
    found, error, _, rooted = judged(wandering, 8)
    told = np.sqrt((found["sd"] ** 2).mean())
    assert told > 1.3 * rooted
    assert abs(told - error.std()) < 0.4 * abs(rooted - error.std())


def test_the_formula_of_simple_smoothing_is_what_simulation_gives():
    rng = np.random.default_rng(1)
    demand = rng.normal(200, 20, (40_000, 64))
    level = demand[:, 0]
    for period in range(1, 60):
        level = level + 0.2 * (demand[:, period] - level)
    error = 4 * level - demand[:, 60:].sum(axis=1)
    assert smoothed_sum_deviation(20, 0.2, 4) == pytest.approx(error.std(), rel=0.02)
    assert 20 * np.sqrt(1 + 0.2 / 1.8) * 2 == pytest.approx(42.16, abs=0.01)
    assert smoothed_sum_deviation(20, 0.2, 1) == pytest.approx(20 * np.sqrt(1 + 0.2 / 1.8))


def test_even_demand_needs_no_smoothing_and_hardly_more_than_its_own_scatter():
    found, _, _, rooted = judged(DRAWS["even"], 4)
    told = np.sqrt((found["sd"] ** 2).mean())
    assert told == pytest.approx(20 * np.sqrt(4 + 16 / 100), rel=0.04)
    assert told < smoothed_sum_deviation(20, 0.2, 4)
    assert rooted == pytest.approx(told, rel=0.06)


@pytest.mark.parametrize("length", [1, 3, 7])
def test_one_length_is_the_sum_of_the_forecasts(length):
    table = table_of(counts(periods=130))
    steps = forecast_demand(table, horizon=length).groupby(KEYS)["mean"].sum()
    assert protection_demand(table, periods=length)["mean"].to_numpy() == pytest.approx(steps.to_numpy())


def test_part_periods_count_pro_rata():
    table = table_of(counts(periods=130))
    lengths = [0.001, 0.4, 1, 1.5, 2, 2.49, 2.51, 3, 5.75]
    found = [protection_demand(table, periods=length) for length in lengths]
    steps = forecast_demand(table, horizon=6)["mean"].to_numpy().reshape(-1, 6)
    for length, told in zip(lengths, found, strict=True):
        whole = int(length)
        usual = steps[:, :whole].sum(axis=1) + (length - whole) * steps[:, whole]
        assert (told["periods"] == length).all()
        assert told["mean"].to_numpy() == pytest.approx(usual, rel=0.12)
    deviations = [told["sd"].mean() for told in found]
    assert (np.diff(deviations) > 0).all()
    assert found[4]["sd"].mean() < found[5]["sd"].mean() < 1.1 * found[7]["sd"].mean()


@pytest.mark.parametrize("length", [0.25, 0.5, 0.65, 1.4, 1.5, 2.5])
def test_the_variance_of_part_periods_goes_with_their_length(length):
    table = table_of(np.random.default_rng(0).poisson(10, (40, 80)))
    whole = protection_demand(table, periods=1)["sd"].mean()
    found = protection_demand(table, periods=length)
    assert found["sd"].mean() == pytest.approx(whole * np.sqrt(length), rel=0.05)
    came = np.random.default_rng(1).poisson(10 * length, (10_000, 1))
    most = (np.random.default_rng(1).poisson(10 * length, 100_000) <= found["q95"].median()).mean()
    assert 0.945 < (came <= found["q95"].to_numpy()).mean() < most + 0.02


def intervals(table, **columns):
    return series_of(table).assign(**columns).sample(frac=1, random_state=3)


def test_a_lead_time_without_scatter_is_a_fixed_length():
    table = table_of(counts(), places=2)
    fixed = protection_demand(table, periods=4)
    for told in (
        intervals(table, review_periods=1.0, mean_periods=3.0, sd_periods=0.0),
        intervals(table, review_periods=1, lead_time_periods=3),
        pd.concat([intervals(table, review_periods=1.0, lead_time_periods=3.0)] * 3),
        pd.concat([intervals(table, review_periods=0.0, mean_periods=4.0, sd_periods=0.0), pd.DataFrame(
            {"item_id": ["SKU-9999"], "location_id": ["LOC-0"], "review_periods": [9.0], "mean_periods": [90.0],
             "sd_periods": [0.0]})]),
    ):  # fmt: skip
        found = protection_demand(table, periods=told)
        assert found[[*KEYS, "method"]].equals(fixed[[*KEYS, "method"]])
        assert found[["periods", *NUMBERS]].to_numpy() == pytest.approx(fixed[["periods", *NUMBERS]].to_numpy())


def test_random_lead_times_mix_by_the_law_of_total_variance():
    table = table_of(counts(level=20.0))
    lead = np.array([1.0, 2.0, 2.0, 6.0])
    told = pd.concat([intervals(table, review_periods=1.0, lead_time_periods=length) for length in lead])
    found = protection_demand(table, periods=told)
    fit = fit_demand(read_panel(table), None, None, ahead=7, seed=0)  # one fit, for a contest is held by its periods
    series = np.arange(len(fit.method))
    apart = []
    for length in lead:
        mean, sd, bands = mix_lengths(fit, series, np.full(len(series), 1 + length), SHARES, seed=0)
        apart.append(pd.DataFrame({"mean": mean, "sd": sd} | dict(zip(BANDS, bands.T, strict=True))))
    means = np.stack([each["mean"] for each in apart])
    inner = np.stack([each["sd"] ** 2 for each in apart]).mean(axis=0)
    assert (found["periods"] == 1 + lead.mean()).all()
    assert found["mean"].to_numpy() == pytest.approx(means.mean(axis=0), rel=1e-6)
    assert found["sd"].to_numpy() == pytest.approx(np.sqrt(inner + means.var(axis=0)), rel=0.02)
    spread = np.stack([each[BANDS].to_numpy() for each in apart])
    assert (found[BANDS].to_numpy() <= spread.max(axis=0) + 1).all()
    assert (found[BANDS].to_numpy() >= spread.min(axis=0) - 1).all()


def test_demand_over_simulated_random_lead_times():
    rng = np.random.default_rng(2)
    level = rng.gamma(6, 3, (600, 1))
    values = rng.poisson(level, (600, 112))
    lead = np.minimum(rng.gamma(4, 0.9, 2_000), 10)
    table = table_of(values[:, :100])
    told = intervals(table, review_periods=1.0, mean_periods=lead.mean(), sd_periods=lead.std())
    found = protection_demand(table, periods=told)
    length = 1 + rng.choice(lead, (600, 40))
    whole = np.floor(length).astype(int)
    sums = np.cumsum(np.pad(values[:, 100:], ((0, 0), (1, 0))), axis=1)
    rows = np.arange(600)[:, None]
    actual = sums[rows, whole] + (length - whole) * values[:, 100:][rows, whole]
    for name, share in (("q50", 0.5), ("q90", 0.9), ("q95", 0.95), ("q99", 0.99)):
        assert (actual <= found[name].to_numpy()[:, None]).mean() == pytest.approx(share, abs=0.02), name
    error = actual - found["mean"].to_numpy()[:, None]
    assert np.sqrt((found["sd"] ** 2).mean()) == pytest.approx(np.sqrt((error**2).mean()), rel=0.06)
    assert found["sd"].mean() > 1.5 * protection_demand(table, periods=float(1 + lead.mean()))["sd"].mean()


@pytest.mark.parametrize(("mean", "sd"), [(4.0, 1.0), (4.0, 2.0), (4.0, 4.0), (2.0, 4.0)])
def test_the_tail_of_a_gamma_lead_time_is_kept(mean, sd):
    rng = np.random.default_rng(0)
    table = table_of(rng.poisson(10, (40, 80)))
    found = protection_demand(table, periods=intervals(table, review_periods=1.0, mean_periods=mean, sd_periods=sd))
    came = rng.poisson(10 * (1 + rng.gamma((mean / sd) ** 2, sd**2 / mean, 400_000)))
    assert found["mean"].mean() == pytest.approx(came.mean(), rel=0.01)
    assert found["sd"].mean() == pytest.approx(came.std(), rel=0.03)
    for name, share, off in (("q95", 0.95, 0.02), ("q99", 0.99, 0.07)):
        assert found[name].mean() == pytest.approx(np.quantile(came, share), rel=off), name


@pytest.mark.parametrize(("mean", "sd"), [(3.0, 0.2), (3.0, 1.5), (0.5, 0.5), (8.0, 4.0), (2.0, 3.0)])
def test_samples_and_their_mean_and_deviation_tell_about_the_same(mean, sd):
    table = table_of(counts(level=12.0))
    lead = gamma.ppf((np.arange(400) + 0.5) / 400, (mean / sd) ** 2, scale=sd**2 / mean)
    samples = series_of(table).merge(pd.DataFrame({"lead_time_periods": lead}), how="cross").assign(review_periods=1.0)
    moments = intervals(table, review_periods=1.0, mean_periods=lead.mean(), sd_periods=lead.std())
    by_sample, by_moment = (protection_demand(table, periods=told) for told in (samples, moments))
    assert by_moment["periods"].to_numpy() == pytest.approx(by_sample["periods"].to_numpy(), rel=0.01)
    for name, near in (("mean", 0.01), ("sd", 0.03), ("q50", 0.03), ("q90", 0.03), ("q95", 0.03)):
        assert by_moment[name].sum() == pytest.approx(by_sample[name].sum(), rel=near), name


def test_every_series_has_its_own_lengths():
    table = table_of(counts(series=3), places=1)
    told = pd.DataFrame(
        {
            "item_id": ["SKU-0002", "SKU-0000", "SKU-0001", "SKU-0000"],
            "location_id": "LOC-0",
            "review_periods": [0.0, 1.0, 0.0, 1.0],
            "lead_time_periods": [0.0, 1.0, 2.5, 3.0],
        }
    )
    found = protection_demand(table, periods=told)
    assert found["periods"].tolist() == [3.0, 2.5, 0.0]
    assert found.loc[2, NUMBERS].tolist() == [0.0] * len(NUMBERS)
    assert (found.loc[:1, "q95"] > found.loc[:1, "mean"]).all()


@pytest.mark.parametrize("periods", [0, -1, np.nan, np.inf, "3", None, [3]])
def test_a_length_must_be_a_number_above_zero(periods):
    with pytest.raises(DataError, match=r"(?s)periods cannot be used.*Give a number above zero"):
        protection_demand(table_of(counts()), periods=periods)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf, None, "long"])
@pytest.mark.parametrize("name", ["review_periods", "mean_periods", "sd_periods", "lead_time_periods"])
def test_lengths_that_are_none_are_told(name, wrong):
    table = table_of(counts())
    forms = {"lead_time_periods": 2.0} if name == "lead_time_periods" else {"mean_periods": 2.0, "sd_periods": 1.0}
    told = intervals(table, review_periods=1.0, **forms)
    rows = told["item_id"].isin(["SKU-0003", "SKU-0004"])
    told[name] = told[name].astype(object).where(~rows, wrong)
    with pytest.raises(DataError, match="periods cannot be used") as error:
        protection_demand(table, periods=told)
    assert f"{name} is no length of zero or more in 2 rows, first: SKU-000" in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.iloc[4:], "4 of 40 series of the history have no row, first: SKU-"),
        (lambda t: t.drop(columns="review_periods"), "review_periods not there"),
        (lambda t: t.drop(columns="sd_periods"), "sd_periods not there"),
        (lambda t: t.drop(columns=["item_id", "location_id"]), "item_id, location_id not there"),
        (lambda t: pd.concat([t, t.head(3)]), "item_id and location_id repeat in 3 rows"),
        (lambda t: t.head(0), "40 of 40 series"),
    ],
)
def test_tables_that_cannot_be_used_are_told(change, words):
    table = table_of(counts())
    told = change(intervals(table, review_periods=1.0, mean_periods=2.0, sd_periods=1.0))
    with pytest.raises(DataError, match="periods cannot be used") as error:
        protection_demand(table, periods=told)
    assert words in str(error.value)


@pytest.mark.parametrize("periods", [1, 2, 3, 8])
@pytest.mark.parametrize("length", [0.5, 1, 5, 60])
def test_short_histories_and_long_intervals_are_answered(periods, length):
    values = counts(6, periods)
    values[0] = 0
    found = protection_demand(table_of(values), periods=length)
    assert np.isfinite(found[NUMBERS]).all(axis=None)
    assert (found.loc[0, NUMBERS] == 0).all()
    sold = values.sum(axis=1) > 0
    assert (found.loc[sold, "sd"] > 0).all()
    assert (np.diff(found[BANDS], axis=1) >= 0).all()


@pytest.mark.parametrize("unit", [1 / 12, 1_000.0, 0.37])
def test_the_counting_unit_scales_results_and_nothing_else(unit):
    rng = np.random.default_rng(4)
    table = table_of(rng.negative_binomial(2, 0.2, (60, 70)) * (rng.gamma(4, 0.25, (60, 70)) if unit == 0.37 else 1))
    usual = protection_demand(table, periods=3.5)
    found = protection_demand(table.assign(quantity=table["quantity"] * unit), periods=3.5)
    assert (found[NUMBERS] / unit).to_numpy() == pytest.approx(usual[NUMBERS].to_numpy(), rel=1e-6)


def test_names_and_order_do_not_matter_and_inputs_stay():
    table = table_of(counts(), places=2)
    told = intervals(table, review_periods=1.0, mean_periods=2.0, sd_periods=1.0)
    before = (table.copy(), told.copy())
    usual = protection_demand(table, periods=told)
    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(told, before[1])
    names = {name: f"X{999 - int(name[-4:]):03d}" for name in table["item_id"].unique()}
    other = [one.assign(item_id=one["item_id"].map(names)).sample(frac=1, random_state=8) for one in (table, told)]
    found = protection_demand(other[0], periods=other[1]).assign(
        item_id=lambda t: t["item_id"].map({new: old for old, new in names.items()})
    )
    found = found.sort_values(KEYS, ignore_index=True)
    assert found[NUMBERS].to_numpy() == pytest.approx(usual[NUMBERS].to_numpy())


def test_demand_classes_have_the_lead_time_of_their_item():
    table = pd.concat([table_of(counts(seed=seed)).assign(demand_class=name) for seed, name in enumerate("AB")])
    told = intervals(table, review_periods=1.0, mean_periods=2.0, sd_periods=0.5)
    found = protection_demand(table, periods=told)
    assert found.columns.tolist() == [*KEYS, "demand_class", "periods", *NUMBERS, "method"]
    assert len(found) == 80
    assert found["periods"].to_numpy() == pytest.approx(3.0, abs=0.02)


def test_nothing_to_cover_gives_an_empty_table_of_the_same_columns():
    table = table_of(counts())
    told = intervals(table, review_periods=1.0, mean_periods=2.0, sd_periods=0.5)
    full = protection_demand(table, periods=told)
    for periods in (2, told, told.head(0)):
        none = protection_demand(table.head(0), periods=periods)
        assert none.empty
        assert none.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.real
def test_real_spare_parts_over_their_lead_times(real_data):
    parts = pd.read_csv(real_data / "spare_parts" / "raf_5000x84_monthly.csv.gz").sample(1_200, random_state=1)
    values = parts.iloc[:, 4:].to_numpy(float)
    table = table_of(values[:, :72], freq="MS", start="1996-01-01")
    names = [f"SKU-{n:04d}" for n in range(len(parts))]
    lead = parts.iloc[:, 2].to_numpy(float)
    told = pd.DataFrame(
        {"item_id": names, "location_id": "LOC-0", "review_periods": 1.0, "mean_periods": lead, "sd_periods": 0.0}
    )
    found = protection_demand(table, periods=told)
    assert np.isfinite(found[NUMBERS]).all(axis=None)
    assert (np.diff(found[BANDS], axis=1) >= 0).all()
    near = lead + 1 <= 12
    actual = np.array([values[row, 72 : 73 + int(lead[row])].sum() for row in range(len(parts))])[near]
    for name, share in (("q90", 0.9), ("q95", 0.95), ("q99", 0.99)):
        assert (actual <= found.loc[near, name]).mean() >= share - 0.03
        assert (actual < found.loc[near, name]).mean() <= share + 0.03
