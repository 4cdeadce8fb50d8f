"""The plan: tables made once, shared by scenarios, read from a run only if nothing they rest on has changed."""

import json
import shutil

import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import nomenclature
from segkit.dynamics.classes import item_segments
from segkit.dynamics.demand import panel
from segkit.prepare import check_workspace, prepare_run

PLAN_TABLES = [name for name, spec in nomenclature().items() if spec.role not in ("input", "call")]


@pytest.fixture
def calls(monkeypatch):
    """Count how often the demand panel and the item classes are made."""
    counts = {"make_demand": 0, "segment_items": 0}

    def count(module, name):
        make = getattr(module, name)

        def counted(*args, **kwargs):
            counts[name] += 1
            return make(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    count(panel, "make_demand")
    count(item_segments, "segment_items")
    return counts


@pytest.fixture
def workspace(write_workspace, small_company):
    return write_workspace(small_company)


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_table_of_the_nomenclature_is_a_property_with_its_columns(sample_plan):
    for name in PLAN_TABLES:
        assert list(getattr(sample_plan, name).columns) == list(nomenclature()[name].columns), name


def test_every_table_of_an_input_is_a_property(sample_plan):
    for name, spec in nomenclature().items():
        if spec.role == "input":
            assert set(getattr(sample_plan, name).columns) <= set(spec.columns), name


def test_keys_of_plan_tables_are_unique(sample_plan):
    for name in PLAN_TABLES:
        if key := list(nomenclature()[name].key):
            assert not getattr(sample_plan, name).duplicated(key).any(), name


def test_a_table_is_made_once_and_cannot_be_spoilt(workspace, calls):
    plan = sk.open_plan(workspace)
    spoilt = plan.demand
    spoilt["quantity"] = -1.0
    assert (plan.demand["quantity"] >= 0).all()
    _ = plan.item_segments, plan.demand_profile, plan.headlines
    assert calls == {"make_demand": 1, "segment_items": 1}


def test_an_input_cannot_be_spoilt(workspace):
    plan = sk.open_plan(workspace)
    for name in ("orders", "data_quality", "set_aside"):
        frame = getattr(plan, name)
        frame["item_id"] = "spoilt"
        assert "spoilt" not in set(getattr(plan, name).get("item_id", [])), name


def test_what_if_changes_what_it_touches_and_shares_the_rest(workspace, calls):
    plan = sk.open_plan(workspace)
    before = plan.item_segments
    other = plan.what_if(segments={"abc_shares": [0.3, 0.6]})
    assert other.settings.segments.abc_shares == [0.3, 0.6]
    assert (other.item_segments["abc"] != before["abc"]).any()
    pd.testing.assert_frame_equal(other.demand, plan.demand)
    assert calls == {"make_demand": 1, "segment_items": 2}
    pd.testing.assert_frame_equal(plan.item_segments, before)


def test_what_if_gives_what_a_plan_opened_with_these_settings_gives(workspace):
    changes = {"segments": {"measure": "revenue", "within": "category"}, "orders": {"cancelled": "keep"}}
    scenario, opened = sk.open_plan(workspace).what_if(**changes), sk.open_plan(workspace, overrides=changes)
    for name in ("order_lines", "demand", "item_segments", "data_quality", "headlines"):
        pd.testing.assert_frame_equal(getattr(scenario, name), getattr(opened, name), obj=name)


def test_scenarios_of_scenarios_keep_what_was_changed_before(workspace):
    twice = sk.open_plan(workspace).what_if(assume={"gross_margin": 0.4}).what_if(segments={"window_months": 3})
    assert twice.settings.assume.gross_margin == 0.4
    assert twice.settings.segments.window_months == 3


def test_a_scenario_stays_on_the_day_of_its_plan(workspace):
    plan = sk.open_plan(workspace, as_of="2025-10-17")
    assert plan.what_if(periods={"unit": "week"}).as_of == plan.as_of
    assert plan.what_if(orders={"cancelled": "keep"}).as_of == plan.as_of
    default = sk.open_plan(workspace)
    assert default.what_if(periods={"unit": "week"}).as_of == default.as_of


def test_a_scenario_counts_money_in_its_own_currency(sample_plan):
    scenario = sample_plan.what_if(fx={"max_age_days": 0})
    without = scenario.set_aside["value"].isna().sum()
    assert without > sample_plan.set_aside["value"].isna().sum()
    with pytest.raises(sk.DataError, match="exchange rates are missing"):
        _ = scenario.data_quality


def test_an_unknown_setting_of_a_scenario_is_an_error(workspace):
    with pytest.raises(sk.SettingsError, match="did you mean segments"):
        sk.open_plan(workspace).what_if(segment={"measure": "revenue"})


def test_assumption_effects_differ_from_the_base(write_workspace, small_company):
    items = small_company["items"].drop(columns="unit_cost")
    folder = write_workspace({**small_company, "items": items}, "[assume]\ngross_margin = 0.35")
    effects = sk.open_plan(folder).assumption_effects.set_index("headline")
    margin = effects.loc["net_margin"]
    assert margin["low"] == pytest.approx(0.8 * margin["base"])
    assert margin["high"] == pytest.approx(1.2 * margin["base"])


def test_a_run_reads_its_own_inputs_only(workspace, tmp_path):
    live = sk.open_plan(workspace)
    expected = {name: getattr(live, name) for name in PLAN_TABLES}
    run = tmp_path / "run"
    prepared = prepare_run(workspace, run_dir=run)
    assert prepared.as_of == live.as_of
    (workspace / "orders.csv").unlink()
    plan = sk.open_plan(workspace, run_dir=run)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(getattr(plan, name), frame, obj=name)


def test_prepared_facts_count_every_source_row(workspace, small_company, tmp_path):
    prepared = prepare_run(workspace, run_dir=tmp_path / "run")
    newest = small_company["orders"].loc[small_company["orders"]["status"] != "cancelled", "order_date"].max()
    assert prepared.inputs["orders"]["rows"] == len(small_company["orders"])
    assert prepared.inputs["orders"]["newest"] == newest
    assert json.dumps(prepared.settings)


def test_the_fingerprint_of_a_run_follows_data_and_settings(workspace, small_company, tmp_path):
    first = prepare_run(workspace, run_dir=tmp_path / "1").fingerprint
    assert prepare_run(workspace, run_dir=tmp_path / "2").fingerprint == first
    changed = prepare_run(workspace, run_dir=tmp_path / "3", overrides={"segments": {"window_months": 6}})
    assert changed.fingerprint != first
    small_company["orders"].iloc[:-1].to_csv(workspace / "orders.csv", index=False)
    assert prepare_run(workspace, run_dir=tmp_path / "4").fingerprint != first


def test_a_later_notebook_reads_what_an_earlier_one_wrote(workspace, tmp_path, calls):
    run = tmp_path / "run"
    prepare_run(workspace, run_dir=run)
    first = sk.open_plan(workspace, run_dir=run)
    first.write_tables("demand", "item_segments", "periods")
    second = sk.open_plan(workspace, run_dir=run)
    for name in ("demand", "item_segments", "periods"):
        pd.testing.assert_frame_equal(getattr(second, name), getattr(first, name), obj=name)
    assert calls == {"make_demand": 1, "segment_items": 1}


@pytest.mark.parametrize("section", [{"segments": {"abc_shares": [0.5, 0.9]}}, {"orders": {"cancelled": "keep"}}])
def test_tables_of_another_state_are_made_anew(workspace, tmp_path, calls, section):
    run = tmp_path / "run"
    prepare_run(workspace, run_dir=run)
    sk.open_plan(workspace, run_dir=run).write_tables("demand", "item_segments")
    prepare_run(workspace, run_dir=run, overrides=section)
    again = sk.open_plan(workspace, run_dir=run)
    pd.testing.assert_frame_equal(again.item_segments, sk.open_plan(workspace, overrides=section).item_segments)
    assert calls["segment_items"] == 3
    assert calls["make_demand"] == (1 if "segments" in section else 3) + ("segments" in section)


def test_tables_of_changed_data_are_made_anew(workspace, small_company, tmp_path):
    run = tmp_path / "run"
    day = "2025-11-30"
    prepare_run(workspace, as_of=day, run_dir=run)
    sk.open_plan(workspace, run_dir=run).write_tables("demand", "periods", "assumptions", "order_lines")
    orders = small_company["orders"]
    orders[orders["order_date"] > "2024-09-10"].to_csv(workspace / "orders.csv", index=False)
    prepare_run(workspace, as_of=day, run_dir=run)
    plan, fresh = sk.open_plan(workspace, run_dir=run), sk.open_plan(workspace, as_of=day)
    for name in ("periods", "order_lines", "demand", "assumptions"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(fresh, name), obj=name)


def test_a_table_of_unknown_origin_is_not_used(workspace, tmp_path):
    run = tmp_path / "run"
    prepare_run(workspace, run_dir=run)
    (run / "tables").mkdir()
    pd.DataFrame({"item_id": ["SKU-9999"]}).to_parquet(run / "tables" / "item_value.parquet")
    assert "SKU-9999" not in set(sk.open_plan(workspace, run_dir=run).item_value["item_id"])


def test_what_if_never_writes_into_a_run(workspace, tmp_path):
    run = tmp_path / "run"
    prepare_run(workspace, run_dir=run)
    plan = sk.open_plan(workspace, run_dir=run)
    plan.write_tables("item_segments")
    before = files_of(run)
    scenario = plan.what_if(segments={"measure": "revenue"})
    scenario.write_tables("item_segments", "demand")
    assert scenario.run_dir is None
    assert files_of(run) == before
    assert (scenario.item_segments["measure"] == "revenue").all()


def test_a_scenario_of_a_run_cannot_read_the_sources_again(workspace, tmp_path):
    prepare_run(workspace, run_dir=tmp_path)
    with pytest.raises(sk.SettingsError, match="without run_dir"):
        sk.open_plan(workspace, run_dir=tmp_path).what_if(orders={"cancelled": "keep"})


def test_written_tables_are_the_same_bytes_every_time(workspace, tmp_path):
    for name in ("1", "2"):
        prepare_run(workspace, run_dir=tmp_path / name)
        sk.open_plan(workspace, run_dir=tmp_path / name).write_tables(*PLAN_TABLES)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")


def test_without_a_run_nothing_is_written(workspace):
    before = files_of(workspace.parent)
    sk.open_plan(workspace).write_tables("demand")
    assert files_of(workspace.parent) == before


def test_the_default_day_is_the_end_of_the_last_complete_period(write_workspace, small_company):
    orders = small_company["orders"]
    folder = write_workspace({**small_company, "orders": orders[orders["order_date"] <= "2025-12-09"]})
    plan = sk.open_plan(folder)
    assert str(plan.as_of) == "2025-11-30"
    assert plan.periods["complete"].all()


def test_a_blank_day_and_a_blank_run_count_as_none(workspace):
    plan = sk.open_plan(workspace, as_of="", run_dir="")
    assert plan.run_dir is None
    assert plan.as_of == sk.open_plan(workspace).as_of


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"workspace": 5}, "workspace: a folder is needed, got 5"),
        ({"as_of": 20251231}, "as_of: a day as YYYY-MM-DD is needed, got 20251231"),
        ({"as_of": "31.12.2025"}, "as_of: a day as YYYY-MM-DD"),
        ({"as_of": 1.5}, "as_of: a day as YYYY-MM-DD"),
        ({"run_dir": 7}, "run_dir: a folder is needed, got 7"),
        ({"workspace": "no/such/company"}, "no workspace"),
        ({"overrides": {"segmentz": {}}}, "did you mean segments"),
        ({"overrides": {"periods": {"unit": "year"}}}, "periods.unit"),
    ],
)
def test_wrong_arguments_say_what_is_needed(workspace, arguments, words):
    with pytest.raises(sk.SettingsError, match=words):
        sk.open_plan(**{"workspace": workspace, **arguments})


def test_another_day_than_the_run_is_an_error(workspace, tmp_path):
    prepare_run(workspace, as_of="2025-10-31", run_dir=tmp_path)
    assert str(sk.open_plan(workspace, as_of="2025-10-31", run_dir=tmp_path).as_of) == "2025-10-31"
    with pytest.raises(sk.SettingsError, match="2025-09-30 differs from the run's 2025-10-31"):
        sk.open_plan(workspace, as_of="2025-09-30", run_dir=tmp_path)


def test_a_day_before_the_data_is_an_error(workspace):
    with pytest.raises(sk.SettingsError, match="the data begin on 2024-07-01"):
        _ = sk.open_plan(workspace, as_of="2020-01-31").demand


def test_a_workspace_is_found_from_a_folder_below(workspace, monkeypatch):
    below = workspace.parent / "notebooks" / "drafts"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert sk.open_plan("small").workspace == workspace.resolve()


def test_unknown_costs_stop_a_run_before_it_starts(write_workspace, small_company, tmp_path):
    small_company["items"].loc[small_company["items"]["item_id"] == "SKU-0003", "unit_cost"] = None
    folder = write_workspace(small_company)
    with pytest.raises(sk.DataError, match="1 items, first: SKU-0003"):
        prepare_run(folder, run_dir=tmp_path / "run")
    with pytest.raises(sk.DataError, match="set assume"):
        check_workspace(folder)
    assert "ready" in check_workspace(folder, overrides={"segments": {"measure": "revenue"}})


def test_check_says_what_a_run_would_use(workspace, small_company):
    text = check_workspace(workspace)
    cancelled = (small_company["orders"]["status"] == "cancelled").sum()
    used = len(small_company["orders"]) - cancelled
    assert f"orders: {len(small_company['orders'])} rows, {used} used, {cancelled} set aside" in text


def test_a_company_without_order_lines(write_workspace, small_company, tmp_path):
    orders = small_company["orders"]
    sold = orders[orders["quantity"] > 0].assign(period=orders["order_date"].str[:7] + "-01", price=10.0)
    sales = sold.groupby(["item_id", "location_id", "period"], as_index=False).agg(
        {"quantity": "sum", "price": "first"}
    )
    folder = write_workspace({"sales": sales.sample(frac=1, random_state=1), "items": small_company["items"]})
    plan = sk.open_plan(folder)
    assert str(plan.as_of) == "2025-12-31"
    assert plan.demand["quantity"].sum() == sales["quantity"].sum()
    assert plan.item_value["revenue"].sum() == pytest.approx(
        10 * sales.loc[sales["period"] >= "2025-01-01", "quantity"].sum()
    )
    assert "sales" in set(plan.assumptions["value"])
    prepare_run(folder, run_dir=tmp_path / "run")
    shutil.move(folder / "sales.csv", folder / "gone.csv")
    pd.testing.assert_frame_equal(sk.open_plan(folder, run_dir=tmp_path / "run").demand, plan.demand)
