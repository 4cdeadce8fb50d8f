"""Orders of many items: odd input answered or refused; names, rows and units play no part; costs by column, too."""

from itertools import pairwise

import numba
import numpy as np
import pandas as pd
import pytest

from segkit import DataError, next_orders

KEYS = ["item_id", "location_id"]
TERMS = {"lead_time_periods": 2, "holding_cost": 0.2, "shortage_cost": 1.0}
FIGURES = ["on_hand", "on_order", "mean_demand", "projected_stock", "stock_target", "cycle_service", "expected_cost"]


def shops(series=16, periods=60, seed=0, places=2):
    """Return history, state and pipeline of Poisson demand, rows shuffled."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(1, 4, series) + 0.1
    table = pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n // places:04d}" for n in range(series)], periods),
            "location_id": np.repeat([f"LOC-{n % places}" for n in range(series)], periods),
            "period": np.tile(pd.date_range("2023-01-02", periods=periods, freq="7D"), series),
            "quantity": rng.poisson(level[:, None], (series, periods)).ravel().astype(float),
        }
    )
    table["in_stock"] = rng.random(len(table)) > 0.03
    keys = table[KEYS].drop_duplicates(ignore_index=True)
    state = keys.assign(on_hand=rng.poisson(level).astype(float))
    coming = [keys.assign(arrives_in_periods=n, quantity=rng.poisson(level / 2).astype(float)) for n in (1, 2)]
    return tuple(part.sample(frac=1, random_state=1) for part in (table, state, pd.concat(coming)))


def one(values, on_hand=0.0, **terms):
    """Return the order of one series."""
    key = {"item_id": "SKU-0001", "location_id": "LOC-0"}
    periods = pd.date_range("2025-01-06", periods=len(values), freq="7D")
    history = pd.DataFrame({**key, "period": periods, "quantity": np.asarray(values, dtype=float)})
    if "in_stock" in terms:
        history["in_stock"] = terms.pop("in_stock")
    nothing = pd.DataFrame({"item_id": [], "location_id": [], "arrives_in_periods": [], "quantity": []})
    return next_orders(history, pd.DataFrame([{**key, "on_hand": on_hand}]), nothing, **TERMS | terms).iloc[0]


def ordered(*tables, **terms):
    return next_orders(*tables, **TERMS | terms)


def test_the_numbers_that_decided_explain_the_order():
    history, state, pipeline = shops()
    found = ordered(history, state, pipeline)
    assert found[KEYS].equals(state[KEYS].sort_values(KEYS, ignore_index=True))
    assert not found.isna().any().any()
    given = found.merge(state, on=KEYS).merge(pipeline.groupby(KEYS)["quantity"].sum().reset_index(), on=KEYS)
    assert (given["on_hand_x"] == given["on_hand_y"]).all()
    assert (given["on_order"] == given["quantity"]).all()
    want = np.maximum(np.floor(found["stock_target"] - found["projected_stock"] + 0.5), 0)
    np.testing.assert_array_equal(found["order_quantity"], want)
    assert found["cycle_service"].between(0, 1).all()
    assert (found["projected_stock"] <= found["on_hand"] + found["on_order"]).all()
    assert (found["projected_stock"] >= found["on_hand"] + found["on_order"] - 3 * found["mean_demand"] - 1).all()
    assert found["order_quantity"].gt(0).mean() > 0.5


def test_order_of_rows_and_names_play_no_part():
    history, state, pipeline = shops()
    base = ordered(history, state, pipeline)
    mixed = [part.sample(frac=1, random_state=7) for part in (history, state, pipeline)]
    pd.testing.assert_frame_equal(ordered(*mixed), base)
    again = {name: f"Z{name[::-1]}" for name in history["item_id"].unique()}
    renamed = ordered(*(part.assign(item_id=part["item_id"].map(again)) for part in (history, state, pipeline)))
    back = renamed.assign(item_id=renamed["item_id"].map({new: old for old, new in again.items()}))
    pd.testing.assert_frame_equal(back.sort_values(KEYS, ignore_index=True), base, rtol=1e-9)


def test_inputs_stay_as_they_are():
    tables = shops()
    before = [part.copy() for part in tables]
    ordered(*tables)
    for part, old in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(part, old)


def test_currency_plays_no_part():
    tables = shops()
    base, dear = ordered(*tables), ordered(*tables, holding_cost=2.0, shortage_cost=10.0)
    pd.testing.assert_frame_equal(dear.drop(columns="expected_cost"), base.drop(columns="expected_cost"))
    np.testing.assert_allclose(dear["expected_cost"], 10 * base["expected_cost"])


def test_dozens_are_ordered_as_each():
    history, state, pipeline = shops()
    base = ordered(history, state, pipeline)
    dozens = ordered(
        history.assign(quantity=12 * history["quantity"]),
        state.assign(on_hand=12 * state["on_hand"]),
        pipeline.assign(quantity=12 * pipeline["quantity"]),
    )
    np.testing.assert_allclose(dozens["order_quantity"], 12 * base["order_quantity"], rtol=1e-9)
    np.testing.assert_allclose(dozens["cycle_service"], base["cycle_service"], rtol=1e-9)


def test_costs_and_lead_times_by_column_are_those_of_separate_calls():
    tables = shops()
    keys = tables[1][KEYS].sort_values(KEYS, ignore_index=True)
    slow = np.arange(len(keys)) % 3 != 0
    attributes = keys.assign(
        wait=np.where(slow, 3, 1), hold=np.where(slow, 0.2, 0.3), lost=np.where(slow, 1.0, 0.6), long=3
    )
    by_column = {"lead_time_periods": "wait", "holding_cost": "hold", "shortage_cost": "lost"}
    both = ordered(*tables, attributes=attributes, **by_column)
    for mine, hold, lost in ((slow, 0.2, 1.0), (~slow, 0.3, 0.6)):
        waits = attributes[[*KEYS, "wait"]]
        apart = ordered(*tables, attributes=waits, lead_time_periods="wait", holding_cost=hold, shortage_cost=lost)
        pd.testing.assert_frame_equal(both[mine], apart[mine])
        assert not both[~mine].equals(apart[~mine])
    number = ordered(*tables, lead_time_periods=3, holding_cost=0.2, shortage_cost=1.0)
    pd.testing.assert_frame_equal(both[slow], number[slow])
    pd.testing.assert_frame_equal(
        number, ordered(*tables, attributes=attributes[[*KEYS, "long"]], lead_time_periods="long")
    )
    assert (number["order_quantity"] != both["order_quantity"])[~slow].any()


def test_dearer_shortage_never_orders_less_and_more_stock_hardly_ever_more():
    history, state, pipeline = shops(series=30)
    made = [ordered(history, state, pipeline, shortage_cost=cost)["order_quantity"] for cost in (0.3, 1.0, 2.0, 4.0)]
    for less, more in pairwise(made):
        assert (more >= less).all()
    assert (made[-1] > made[0]).any()
    fuller = ordered(history, state.assign(on_hand=state["on_hand"] + 2), pipeline)["order_quantity"]
    assert (fuller <= made[1]).mean() > 0.99
    assert (fuller <= made[1] + 1).all()
    assert fuller.sum() < made[1].sum() - 10


def test_threads_do_not_matter():
    tables = shops()
    before, made = numba.get_num_threads(), []
    try:
        for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
            numba.set_num_threads(threads)
            made.append(ordered(*tables))
    finally:
        numba.set_num_threads(before)
    for found in made:
        pd.testing.assert_frame_equal(found, made[0], check_exact=True)


def test_what_never_sold_is_not_ordered_and_short_histories_are_answered():
    assert one(np.zeros(30))["order_quantity"] == 0
    assert one(np.zeros(30), 4.0)["expected_cost"] == pytest.approx(0.8)
    for values in ([3.0], [3.0, 5.0]):
        found = one(values)
        assert 0 < found["order_quantity"] < 60
        assert np.isfinite(found["expected_cost"])
    unknown = one(np.full(10, 4.0), in_stock=False)
    assert unknown["order_quantity"] >= 0
    assert np.isfinite(unknown["expected_cost"])


def test_even_demand_is_ordered_as_it_comes():
    found = one(np.full(40, 6.0), on_hand=12.0)
    assert 6 <= found["order_quantity"] <= 9
    assert found["mean_demand"] == pytest.approx(6.0, rel=0.01)


def test_classes_of_demand_share_the_stock():
    history, state, pipeline = shops()
    some = np.minimum(history["quantity"], 2)
    apart = [history.assign(quantity=some, demand_class="a"), history.assign(demand_class="b")]
    apart[1]["quantity"] -= some
    pd.testing.assert_frame_equal(ordered(pd.concat(apart), state, pipeline), ordered(history, state, pipeline))


def test_what_comes_after_all_that_is_followed_is_told_but_decides_nothing():
    history, state, pipeline = shops()
    late = pipeline.head(1).assign(arrives_in_periods=10**9, quantity=7.0)
    found, base = ordered(history, state, pd.concat([pipeline, late])), ordered(history, state, pipeline)
    mine = (found[KEYS] == late[KEYS].iloc[0]).all(axis=1)
    assert (found["on_order"] - base["on_order"]).tolist() == np.where(mine, 7.0, 0.0).tolist()
    pd.testing.assert_frame_equal(found.drop(columns="on_order"), base.drop(columns="on_order"))


def test_empty_tables_give_an_empty_table():
    history, state, pipeline = shops()
    found = ordered(history.head(0), state.head(0), pipeline.head(0))
    assert found.empty
    assert list(found.columns) == list(ordered(history, state, pipeline).columns)


def first_row(table, **values):
    """Return the table with values put into its first row."""
    changed = table.reset_index(drop=True)
    for name, value in values.items():
        changed[name] = changed[name].astype(object) if isinstance(value, str) and name not in KEYS else changed[name]
        changed.loc[0, name] = value
    return changed


WRONG = {
    "state without stock": (1, lambda t: t.drop(columns="on_hand"), r"state has no on_hand"),
    "state repeats": (1, lambda t: pd.concat([t, t.head(2)]), r"state repeats.*in 2 rows"),
    "state lacks series": (1, lambda t: t.iloc[1:], r"state lacks 1 of 16 series of the history"),
    "strangers in state": (1, lambda t: pd.concat([t, first_row(t.head(1), item_id="SKU-X")]), "state names.*SKU-X"),
    "stock below 0": (1, lambda t: first_row(t, on_hand=-1.0), "on_hand is no amount in 1 row"),
    "stock missing": (1, lambda t: first_row(t, on_hand=np.nan), "on_hand is no amount"),
    "stock in words": (1, lambda t: first_row(t, on_hand="many"), "on_hand is no amount"),
    "stock without end": (1, lambda t: first_row(t, on_hand=np.inf), "on_hand is no amount"),
    "pipeline without when": (2, lambda t: t.drop(columns="arrives_in_periods"), "pipeline has no arrives_in_periods"),
    "strangers in pipeline": (2, lambda t: first_row(t, location_id="LOC-X"), "pipeline names.*LOC-X"),
    "arrives now": (2, lambda t: first_row(t, arrives_in_periods=0), "arrives_in_periods is no whole number from 1 on"),
    "arrives in between": (
        2,
        lambda t: first_row(t.astype({"arrives_in_periods": float}), arrives_in_periods=1.5),
        "arrives_in",
    ),
    "arrives sometime": (
        2,
        lambda t: first_row(t.astype({"arrives_in_periods": float}), arrives_in_periods=np.inf),
        "arrives_in",
    ),
    "less than nothing comes": (2, lambda t: first_row(t, quantity=-2.0), "quantity of the pipeline is no amount"),
    "history without quantity": (0, lambda t: t.drop(columns="quantity"), "quantity"),
    "history without place": (0, lambda t: t.drop(columns="item_id"), "item_id"),
    "demand below 0": (0, lambda t: first_row(t, quantity=-2.0), "quantity"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used_is_named(case):
    place, change, told = WRONG[case]
    tables = list(shops())
    tables[place] = change(tables[place])
    with pytest.raises(DataError, match=told):
        ordered(*tables)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"lead_time_periods": 1.5}, "lead_time_periods must be whole periods; it is 1.5"),
        ({"lead_time_periods": -1}, "lead_time_periods must be at least 0; it is not.*-1 at SKU-0000, LOC-0"),
        ({"holding_cost": 0.0}, "holding_cost must be above 0"),
        ({"shortage_cost": 0}, "shortage_cost must be above 0"),
        ({"shortage_cost": np.nan}, "shortage_cost must be above 0"),
        ({"shortage_cost": True}, "shortage_cost is True"),
        ({"holding_cost": None}, "holding_cost is None"),
        ({"holding_cost": "price"}, "holding_cost = 'price' is no column of attributes: they have.*hold"),
        ({"holding_cost": "hold"}, "holding_cost must be above 0; it is not in 1 row"),
        ({"lead_time_periods": "words"}, "lead_time_periods must be at least 0"),
    ],
)
def test_terms_that_cannot_be_used_are_named(terms, told):
    tables = shops()
    attributes = tables[1][KEYS].assign(hold=np.where(np.arange(16) == 3, 0.0, 0.2), words="soon")
    with pytest.raises(DataError, match=told):
        ordered(*tables, attributes=attributes, **terms)


def test_columns_need_attributes_with_one_row_a_series():
    tables = shops()
    with pytest.raises(DataError, match="there are none"):
        ordered(*tables, holding_cost="hold")
    twice = pd.concat([tables[1][KEYS]] * 2).assign(hold=0.2)
    with pytest.raises(DataError, match="one row per item_id and location_id"):
        ordered(*tables, holding_cost="hold", attributes=twice)
    by_item = tables[1][["item_id"]].drop_duplicates().assign(hold=0.2)
    pd.testing.assert_frame_equal(ordered(*tables, holding_cost="hold", attributes=by_item), ordered(*tables))


def test_calendar_and_attributes_are_checked_as_for_forecasts():
    history, state, pipeline = shops(periods=30)
    weeks = pd.DatetimeIndex(np.sort(history["period"].unique()))
    short = pd.DataFrame({"period": weeks, "promotion": 0.0})
    with pytest.raises(DataError, match="of the horizon are missing"):
        ordered(history, state, pipeline, calendar=short)
    strange = pd.DataFrame({"item_id": ["nobody knows"], "group": ["A"]})
    with pytest.raises(DataError, match="none of their items is in the history"):
        ordered(history, state, pipeline, attributes=strange)


def as_numbers(table, kind, item="int64"):
    """Return a table whose ids are numbers, counted from 0."""
    numbers = {name: table[name].str.extract(r"(\d+)$")[0].astype(item).astype(kind) for name in KEYS}
    return table.assign(**numbers)


@pytest.mark.parametrize(
    "kinds", [("int64", "float64", "object"), ("float64", "int64", "str"), ("str", "float64", "Int64")]
)
def test_ids_of_any_kind_meet(kinds):
    """One blank row of a file makes floats of whole numbers."""
    tables = shops(series=6, periods=30)
    base = ordered(*(as_numbers(table, "str") for table in tables))
    pd.testing.assert_frame_equal(ordered(*map(as_numbers, tables, kinds)), base)
    costs = as_numbers(tables[1], "float64").drop(columns="on_hand").assign(cost=1.0)
    terms = {"attributes": costs, "shortage_cost": "cost"}
    assert ordered(*map(as_numbers, tables, kinds), **terms)["order_quantity"].sum() > 0


def test_no_pipeline_is_nothing_under_way():
    history, state, pipeline = shops(series=6, periods=30)
    pd.testing.assert_frame_equal(ordered(history, state, None), ordered(history, state, pipeline.head(0)))


@pytest.mark.parametrize(
    ("place", "given", "words"),
    [
        (0, [1, 2], "history.*pandas DataFrame"),
        (1, [1, 2], "state.*pandas DataFrame"),
        (1, None, "state.*pandas DataFrame"),
        (2, {"quantity": [1]}, "pipeline.*pandas DataFrame"),
    ],
)
def test_what_is_no_table_is_told(place, given, words):
    tables = list(shops(series=2, periods=10))
    tables[place] = given
    with pytest.raises(DataError, match=f"(?s){words}"):
        ordered(*tables)


@pytest.mark.parametrize("seed", ["a", None, -1, 0.5])
def test_a_seed_that_is_none_is_told(seed):
    with pytest.raises(DataError, match="seed cannot be used"):
        ordered(*shops(series=2, periods=10), seed=seed)
