"""The rules of the house: who may import whom, what is public, what every public function promises, the words."""

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from pydantic import BaseModel

import segkit as sk
from segkit.core import settings as settings_module
from segkit.core.columns import column_dtype, empty_table, input_tables, nomenclature, spoken
from segkit.core.policy_settings import Policies
from segkit.core.segment_settings import MicroSegments
from segkit.core.settings import Segments, Settings
from segkit.core.source_settings import Section
from segkit.dynamics.demand.panel import days_without_stock
from segkit.formulas.multicriteria import ng_score

PACKAGE = Path(sk.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "notebooks" not in path.parts)
LAYERS = {
    "formulas": 0,
    "core": 1,
    "sample": 2,
    "dynamics": 2,
    "inventory": 2,
    "promising": 2,
    "explain": 3,
    "plan": 3,
    "prepare": 3,
    "promise_batch": 4,
    "report": 4,
    "cli": 5,
    "__main__": 6,
}
DYNAMICS = {"lines": 0, "demand": 1, "causes": 2, "classes": 2, "moves": 3, "story": 4}
PUBLIC = """
    AbcLimits AbcRule BackorderRun BackorderSegment ContestTerms CoverageError DataError ForecastInspection
    InfeasibleError LateDelivery Plan PromiseExplanation PromiseTerms Promises RunError SegkitError SettingsError
    __version__ allocate_by_margin allocate_by_number allocate_by_rank allocate_by_ratio allocate_by_share
    allocate_commitments allocate_down_by_rank allocate_down_by_share allocate_down_per_committed allocate_fair_share
    allocate_nested allocate_per_committed apply_overrides assign_micro_segments bridge_profit charge_lines
    check_calibration check_promises classify_abc classify_abc_by_breaks classify_abc_by_count classify_abc_by_limits
    classify_xyz contest_rules count_activity_costs count_migration cut_supply demand_left explain_margins
    explain_promise find_bulk find_change_points find_reversals flag_stockouts follow_segments forecast_demand
    forecast_totals inspect_forecast join_allocations known_at list_losing_pairs list_margin_causes list_periods
    list_worst_forecasts make_demand make_whale_curve map_micro_segments mark_lines mark_segments measure_accuracy
    measure_lead_times measure_otif measure_seasonality next_orders open_plan price_goodwill price_segmentation
    profile_demand promise_dates promise_orders protection_demand recover_demand release_deliveries run_backorders
    score_items segment_customers segment_items share_stock_by_class show_figure show_headline show_provenance
    show_row_counts show_table supply_left trade_stock_for_service value_customers value_groups value_items
    value_lines value_micro_segments vary_class_count vary_forecast_error
""".split()


def name_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path):
    """Return every module a file imports when it runs, those inside functions too, those for type checks not."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# ------------------------------------------------------------------ modules
@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.parent != PACKAGE or path.stem != "__init__"], ids=name_of
)
def test_imports_go_with_the_arrows(path):
    own = name_of(path).split(".")[1]
    for module in imports_of(path):
        parts = module.split(".")
        if parts[0] == "segkit" and len(parts) > 1 and parts[1] in LAYERS:
            assert LAYERS[parts[1]] <= LAYERS[own], module
            if own == "sample":
                assert parts[1] in ("core", "sample"), module
        if own == "formulas":
            assert parts[0] in {"numpy", "scipy", "numba", "segkit", *sys.stdlib_module_names}, module


def test_the_rooms_of_step_1_lean_one_way():
    for path in (PACKAGE / "dynamics").rglob("*/*.py"):
        own = path.parent.name
        for module in imports_of(path):
            parts = module.split(".")
            if parts[:2] == ["segkit", "dynamics"] and parts[2] != own:
                assert DYNAMICS[parts[2]] < DYNAMICS[own], f"{path.name}: {module}"


def test_every_part_has_its_layer():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert parts == set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_tells_one_story(path):
    assert path.stem not in ("utils", "helpers", "common", "base", "misc")
    assert len(path.read_text("utf-8").splitlines()) <= 380


@pytest.mark.parametrize("path", [path for path in MODULES if not {"report", "cli.py"} & {*path.parts}], ids=name_of)
def test_nothing_is_printed(path):
    """Only the command line and the progress of a run speak."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"]
    assert not calls


def fresh_modules(code):
    """Return the modules that are there after some code has run in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {module.split(".")[0] for module in done.stdout.split()}


def test_importing_segkit_loads_nothing_heavy():
    assert not fresh_modules("import segkit") & {
        "pandas", "numpy", "scipy", "numba", "pydantic", "pyarrow", "pandera", "statsmodels", "seaborn", "matplotlib",
        "nbconvert", "papermill", "duckdb", "sqlalchemy", "IPython",
    }  # fmt: skip


def test_opening_a_plan_loads_no_charts_and_no_databases():
    code = f"import segkit\nsegkit.open_plan({str(PACKAGE.parent / 'data' / 'sample')!r}).item_segments"
    assert not fresh_modules(code) & {"matplotlib", "seaborn", "statsmodels", "nbconvert", "papermill", "numba"}


# ------------------------------------------------------------------ public names
def test_the_public_names_are_pinned():
    """A name that comes or goes is a change for users: say so in CHANGELOG.md."""
    assert sorted(sk.__all__) == sorted(PUBLIC)
    assert dir(sk) == sorted([*PUBLIC, "formulas"])
    for name in PUBLIC:
        assert getattr(sk, name) is not None
    with pytest.raises(AttributeError, match="clasify_abc"):
        _ = sk.clasify_abc


def _functions():
    for path in MODULES:
        module = import_module(name_of(path))
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield pytest.param(function, id=f"{module.__name__}.{name}")


def documented(function):
    """Return the names in the Parameters section of a docstring; None where there is no such section."""
    text = inspect.getdoc(function) or ""
    found = re.search(r"^Parameters\n-{10}\n(.*?)(?=^\w[\w ]*\n-{3,}|\Z)", text, re.S | re.M)
    if not found:
        return None
    heads = re.findall(r"^(\*{0,2}\w[\w, *]*?)(?: : .*)?$", found.group(1), re.M)
    return [name.strip().lstrip("*") for head in heads for name in head.split(",")]


@pytest.mark.parametrize("function", list(_functions()))
def test_documented_parameters_are_the_real_ones(function):
    assert function.__doc__, "a public function says what it does"
    names = documented(function)
    if names is not None:
        assert names == list(inspect.signature(function).parameters)
    elif getattr(sk, function.__name__, None) is function and function.__name__ in PUBLIC:
        assert not inspect.signature(function).parameters


# ------------------------------------------------------------------ what every public function promises
class Case:
    """How a public function is called: its tables by name, other arguments, and the table that comes back."""

    def __init__(self, tables, made="", **options):
        self.tables, self.made, self.options = tables, made, options

    def call(self, function, tables=None):
        return function(**(tables or self.tables), **self.options)


def class_overrides(plan):
    """Return a class that a person set for one customer."""
    row = {"entity": "customer", "entity_id": plan.customer_segments["customer_id"].iloc[5], "abc": "B"}
    table = pd.DataFrame([{**row, "reason": "strategic", "valid_from": None, "valid_to": pd.Timestamp("2026-03-31")}])
    return table.astype(empty_table("class_overrides").dtypes.to_dict())


def one_history(plan):
    """Return 20 months of an item's demand at one location as a history, and a calendar of one event."""
    first = plan.demand.groupby(["item_id", "location_id"], as_index=False)["quantity"].sum().nlargest(1, "quantity")
    rows = plan.demand.merge(first[["item_id", "location_id"]])
    months = sorted(rows["period"].unique())[-20:]
    ahead = pd.date_range(months[-1], periods=4, freq="MS")[1:]
    calendar = pd.DataFrame({"period": [*months, *ahead]}).assign(event=lambda table: table["period"].dt.month == 9)
    history = rows.loc[rows["period"].isin(months), ["item_id", "location_id", "demand_class", "period", "quantity"]]
    return history, calendar


def scarce_book():
    """Return open order lines, what they hold, and less supply than they ask for."""
    names, day = [f"{one:02d}" for one in range(40)], pd.Timestamp("2025-06-02")
    orders = pd.DataFrame({"order_id": [f"SO-{one[0]}" for one in names], "line_id": names, "order_date": day})
    orders["requested_date"] = [day + pd.Timedelta(days=one * 5 % 9) for one in range(40)]
    orders = orders.assign(
        item_id=["SKU-1", "SKU-2"] * 20, location_id="DC", margin=[one * 7 % 11 for one in range(40)]
    )
    orders["quantity"] = [1.0 + one % 5 for one in range(40)]
    held = orders.iloc[::3][["order_id", "line_id", "quantity"]].assign(available_date=day)
    days = {"available_date": [day, day, day + pd.Timedelta(days=4)], "quantity": [22.0, 25.0, 20.0]}
    supply = pd.DataFrame({"item_id": ["SKU-1", "SKU-2", "SKU-1"], "location_id": "DC", **days})
    return {"orders": orders, "confirmations": held, "supply": supply}


def stock_of_two():
    return pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "location_id": "DC", "on_hand": [9.0, 5.0]})


def shared_stock(plan):
    """Return the order lines of some items by channel, as classes, and how their item-locations are replenished."""
    lines = plan.order_lines[plan.order_lines["item_id"].isin(plan.items["item_id"].iloc[::40])]
    places = lines[["item_id", "location_id"]].drop_duplicates()
    supply = {"review_days": 7.0, "lead_time_days": 10.0, "lead_time_sd": 2.0, "minimum_order": 0.0}
    return {"lines": lines.assign(demand_class=lines["channel"]), "places": places.assign(**supply, order_multiple=0.0)}


def stocked_items(plan):
    """Return items with costs, lots and demand to cover, as stock is traded for service."""
    sold = plan.item_value[(plan.item_value["quantity"] > 0) & (plan.item_value["cost"] > 0)]
    table = sold.rename(columns={"net_margin": "margin"})[["item_id", "margin", "revenue", "lines"]].assign(
        location_id="(all)", demand=sold["quantity"] / 2, order_quantity=sold["quantity"] / 24,
        unit_cost=sold["cost"] / sold["quantity"], mean=sold["quantity"] / 20, sd=sold["quantity"] / 30,
        stock_target=(sold["quantity"] / 12).round(),
    )  # fmt: skip
    table["holding_cost"] = table["unit_cost"] / 4
    return table.merge(plan.item_segments[["item_id", "abc"]].rename(columns={"abc": "segment"}), on="item_id")


def shipped_and_coming(orders):
    """Return order lines as deliveries of one part of them, and as lines to be promised of the rest."""
    columns = ["order_id", "line_id", "start_date", "delivered_date", "channel", "customer_id"]
    dated = orders.assign(start_date=orders["order_date"])[columns].reset_index(drop=True)
    return {"deliveries": dated.iloc[::2], "lines": dated.iloc[1::2].drop(columns="delivered_date")}


def scarce_supply():
    """Return supply on two days of some items, demand of three classes, quotas and a hierarchy for them."""
    items, days = [f"SKU-{number:04}" for number in range(7)], pd.to_datetime(["2025-06-02", "2025-06-16"])
    keys = pd.MultiIndex.from_product([items, ["A", "B"]], names=["item_id", "location_id"]).to_frame(index=False)
    supply = keys.merge(pd.DataFrame({"available_date": days}), how="cross")
    supply["quantity"] = (supply.index * 7 % 40).astype(float)
    classes = pd.DataFrame({"demand_class": CLASSES, "unit_margin": [9.0, 6.0, 4.0], "goodwill_cost": [4.0, 1.0, 0.0]})
    demand = keys.merge(classes, how="cross").merge(pd.DataFrame({"period": days}), how="cross")
    demand["mean"] = (demand.index * 5 % 17).astype(float)
    demand["sd"] = demand["mean"] / 2
    quotas = pd.DataFrame({"demand_class": CLASSES, "number": [9.0, 9.0, 5.0], "share": [0.3, 0.3, 0.2]})
    tree = pd.DataFrame({"node": [*CLASSES, "top"], "parent": ["top", "top", "top", ""], "rank": [3, 1, 2, 1]})
    tree["share"] = [0.5, 0.2, 0.2, 1.0]
    return supply, demand, quotas.assign(ratio=[3, 2, 1]), tree


CLASSES = ["gold", "silver", "bronze"]


def allocation_cases():
    """Return how the functions that allocate supply are called."""
    supply, demand, quotas, tree = scarce_supply()
    asked, given = {"supply": supply, "demand": demand}, {"classes": CLASSES, "release_days": 2}
    made = {
        name: Case(asked, "allocations", **given)
        for name in (
            *("allocate_by_rank", "allocate_per_committed", "allocate_fair_share"),
            *("allocate_nested", "allocate_by_margin"),
        )
    }  # fmt: skip
    for name in ("allocate_by_number", "allocate_by_share", "allocate_by_ratio"):
        made[name] = Case({"supply": supply, "quotas": quotas}, "allocations", **given)
    for name in ("allocate_down_by_rank", "allocate_down_per_committed"):
        made[name] = Case({**asked, "hierarchy": tree}, "allocations")
    made["allocate_down_by_share"] = Case({"supply": supply, "hierarchy": tree}, "allocations")
    owed = demand[demand["demand_class"] == "silver"].assign(mean=5.0)
    made["allocate_commitments"] = Case({"supply": supply, "commitments": owed}, "allocations", classes=CLASSES)
    kept = sk.allocate_commitments(supply, owed, classes=CLASSES)
    rest = sk.allocate_nested(sk.supply_left(supply, kept), demand.assign(demand_class="gold").drop_duplicates(
        ["item_id", "location_id", "period"]), classes=["gold", "bronze"])  # fmt: skip
    made["demand_left"] = Case({"demand": demand, "supply": supply, "allocations": kept})
    made["supply_left"] = Case({"supply": supply, "allocations": kept})
    made["join_allocations"] = Case({"first": kept, "second": rest}, "allocations")
    return made


def promised_tables():
    """Return an order book, its supply, quotas and alternatives."""
    days = pd.date_range("2026-03-02", periods=4, freq="7D")
    supply = pd.DataFrame({"item_id": "SKU-1", "location_id": ["DC", "DC", "DC", "HUB"], "available_date": days})
    supply["quantity"] = [30.0, 20.0, 20.0, 15.0]
    kept = supply.head(3).assign(demand_class=["gold", "silver", "gold"], quantity=10.0, kind="reservation")
    lines = pd.DataFrame({"order_id": [f"O-{number:02}" for number in range(24)], "line_id": "1", "quantity": 5.0})
    lines = lines.assign(item_id="SKU-1", location_id="DC", demand_class=["web", "silver", "gold"] * 8)
    lines["order_date"] = days[0] + pd.to_timedelta(lines.index // 3, unit="D")
    lines["requested_date"] = lines["order_date"] + pd.Timedelta(days=3)
    other = pd.DataFrame({"item_id": ["SKU-1"], "location_id": "DC", "alternative_item_id": "SKU-1"})
    other = other.assign(alternative_location_id="HUB", unit_cost=2.0, transit_days=1)
    return {"orders": lines, "supply": supply, "allocations": kept, "alternatives": other}


def contest_cases(plan):
    """Return the functions of the contest of rules, on the last half-year of some items."""
    held, _ = plan._contest()
    orders = held.orders[held.orders["item_id"].isin(plan.items["item_id"].iloc[::9])]
    classes = sorted(set(orders["demand_class"]))
    lines = orders.drop(columns=["lost_goodwill", "late_goodwill"]).assign(unit_price=orders["unit_margin"].abs() + 1)
    shares = pd.DataFrame({"demand_class": classes, "lost_share": 0.3, "late_share_day": 0.01})
    orders = sk.price_goodwill(lines, shares)
    tables = {"orders": orders, "supply": sk.cut_supply(orders, start=held.supply["available_date"].min())}
    return {
        "price_goodwill": Case({"orders": lines, "goodwill": shares}),
        "cut_supply": Case({"orders": orders}, start="2025-07-03"),
        "contest_rules": Case(tables, "rule_contest", classes=classes),
        "vary_class_count": Case(tables, "contest_curve", counts=[1, 3]),
        "vary_forecast_error": Case(tables, "contest_curve", classes=classes, noises=[0.5]),
    }


@pytest.fixture(scope="module")
def cases(sample_plan):
    plan = sample_plan
    lines = plan.order_lines.sample(2500, random_state=3)
    orders = plan.orders.sample(2500, random_state=3)
    rules = Segments()
    valued = sk.value_lines(orders, plan.items, plan.fx, settings=plan.settings)
    demand = plan.demand[plan.demand["item_id"].isin(plan.items["item_id"].iloc[::9])]
    absences = days_without_stock(plan.inventory, plan.sales, periods=plan.settings.periods)
    values = {"values": plan.item_value}
    late = (
        (plan.segment_dynamics["period"] >= "2024-09-01") & (plan.segment_dynamics["entity_id"] == "retail")
    ).to_numpy()
    broken = plan.segment_dynamics.assign(volume=plan.segment_dynamics["volume"].where(~late, 0.0))
    counted = demand.groupby(["item_id", "location_id", "period"], as_index=False)["quantity"].sum()
    last = counted["period"].max()
    said = counted[counted["period"] == last].assign(mean=5.0, q50=4.0, q95=9.0, origin=last - pd.Timedelta(days=9))
    judged = {"forecasts": said.drop(columns="quantity"), "actuals": counted}
    by_value = MicroSegments(customers_by="abc", min_lines=20)
    segmented = sk.mark_segments(lines, plan.customer_segments, plan.item_segments, rules=by_value)
    micro_map = sk.map_micro_segments(segmented, rules=by_value)
    history, calendar = one_history(plan)
    return {
        **allocation_cases(),
        "inspect_forecast": Case(
            {"history": history, "calendar": calendar},
            item_id=history["item_id"].iloc[0],
            location_id=history["location_id"].iloc[0],
            horizon=3,
        ),
        "measure_lead_times": Case(
            {"purchases": plan.purchases, "items": plan.items}, "lead_times", rules=plan.settings.lead_times
        ),
        "forecast_demand": Case({"history": counted}, horizon=3),
        "forecast_totals": Case({"history": counted}, horizon=3, by=["location_id"]),
        "protection_demand": Case({"history": counted}, periods=2.5),
        "next_orders": Case(
            {
                "history": counted,
                "state": counted[["item_id", "location_id"]].drop_duplicates().assign(on_hand=3.0),
                "pipeline": counted[["item_id", "location_id"]]
                .drop_duplicates()
                .assign(arrives_in_periods=1, quantity=2.0),
            },
            lead_time_periods=1,
            holding_cost=0.2,
            shortage_cost=1.0,
        ),
        "promise_dates": Case(shipped_and_coming(orders), by=["channel", "customer_id"], as_of="2025-09-30"),
        "check_promises": Case(
            {
                "promises": sk.promise_dates(
                    **shipped_and_coming(orders), by=["channel"], as_of="2025-01-31", reliability=[0.5, 0.9]
                ).merge(
                    orders[["order_id", "line_id", "delivered_date"]].rename(columns={"order_id": "order"}),
                    left_on=["order_id", "line_id"],
                    right_on=["order", "line_id"],
                )
            },
            by=["channel"],
        ),
        "measure_otif": Case({"orders": orders}, by=["channel"]),
        "trade_stock_for_service": Case({"items": stocked_items(plan)}, targets=[0.9, 0.97]),
        "run_backorders": Case(
            scarce_book(),
            segments={
                "key": sk.BackorderSegment("win", "margin > 6", sort=("margin desc",)),
                "usual": sk.BackorderSegment("gain", "margin > 4"),
                "rest": sk.BackorderSegment("redistribute", sort=("requested_date",)),
            },
        ),
        "release_deliveries": Case(
            {**{name: scarce_book()[name] for name in ("orders", "confirmations")}, "stock": stock_of_two()},
            "delivery_release",
            day=pd.Timestamp("2025-06-06"),
            sort=["margin desc"],
        ),
        "price_segmentation": Case({"items": stocked_items(plan)}),
        "share_stock_by_class": Case(
            shared_stock(plan),
            "class_stock",
            rules=Policies(class_targets=dict.fromkeys(plan.order_lines["channel"].unique(), 0.9), class_items=3),
            as_of=plan.as_of,
        ),
        "recover_demand": Case({"history": counted.assign(in_stock=counted["quantity"] % 7 > 0)}),
        "measure_accuracy": Case({**judged, "history": counted}),
        "check_calibration": Case(judged),
        "list_worst_forecasts": Case(judged),
        "make_demand": Case({"lines": lines, "periods": plan.periods, "items": plan.items}, "demand"),
        "flag_stockouts": Case({"demand": demand, "absences": absences}, "demand"),
        "profile_demand": Case({"demand": demand, "items": plan.items}, "demand_profile"),
        "value_lines": Case({"orders": orders, "items": plan.items, "fx": plan.fx}, settings=plan.settings),
        "mark_lines": Case({"valued": valued, "customers": plan.customers}, "order_lines", settings=plan.settings),
        "find_reversals": Case({"lines": lines}, days=30),
        "find_bulk": Case({"lines": lines}, factor=3),
        "value_items": Case({"lines": lines, "items": plan.items}, "item_value"),
        "value_groups": Case({"lines": lines, "items": plan.items, "customers": plan.customers}, "group_value"),
        "bridge_profit": Case(
            {"lines": lines}, "profit_bridge", before=("2024-01-01", "2024-12-31"), after=("2025-01-01", "2025-12-31")
        ),
        "follow_segments": Case({"lines": lines, "periods": plan.periods}, "segment_dynamics"),
        "find_change_points": Case({"segment_dynamics": broken}, "change_points", periods=plan.settings.periods),
        "charge_lines": Case(
            {"lines": lines, "activities": plan.activities, "customers": plan.customers},
            "order_lines",
            settings=plan.settings,
        ),
        "count_activity_costs": Case(
            {"lines": lines, "activities": plan.activities}, "activity_costs", as_of=plan.as_of
        ),
        "value_customers": Case({"lines": lines, "customers": plan.customers}, "customer_value"),
        "classify_abc": Case(values, measure="net_margin", within="category"),
        "classify_abc_by_count": Case(values, measure="net_margin", within="category"),
        "classify_abc_by_limits": Case(values, measure="net_margin", within="category", rule=sk.AbcLimits((900, 90))),
        "classify_abc_by_breaks": Case(values, measure="net_margin", within="category"),
        "score_items": Case(values, criteria=["net_margin", "lines"], score=ng_score),
        "classify_xyz": Case({"profile": plan.item_profile}, rules=rules),
        "measure_seasonality": Case(
            {"demand": demand, "items": plan.items}, "seasonality", periods=plan.settings.periods
        ),
        "segment_items": Case(
            {"item_value": plan.item_value, "item_profile": plan.item_profile}, "item_segments", rules=rules
        ),
        "segment_customers": Case(
            {"customer_value": plan.customer_value, "lines": lines},
            "customer_segments",
            settings=plan.settings,
            as_of=plan.as_of,
        ),
        "apply_overrides": Case(
            {"segments": plan.customer_segments, "class_overrides": class_overrides(plan)},
            "customer_segments",
            labels=("A", "B", "C"),
            as_of=plan.as_of,
        ),
        "mark_segments": Case(
            {
                "lines": lines,
                "customer_segments": plan.customer_segments[["customer_id", "abc"]],
                "item_segments": plan.item_segments[["item_id", "abc"]],
            },
            rules=by_value,
        ),
        "map_micro_segments": Case({"marked": segmented}, "micro_map", rules=by_value),
        "assign_micro_segments": Case({"marked": segmented, "micro_map": micro_map}),
        "value_micro_segments": Case({"marked": segmented, "micro_map": micro_map}, "micro_segments"),
        "explain_margins": Case({"lines": lines, "activities": plan.activities}),
        "list_margin_causes": Case({"lines": lines, "activities": plan.activities}, "margin_causes", currency="EUR"),
        "list_losing_pairs": Case({"lines": lines, "activities": plan.activities}, "losing_pairs"),
        "known_at": Case(
            {"lines": lines, "activities": plan.activities}, "order_lines", day=pd.Timestamp("2025-10-09")
        ),
        "count_migration": Case({"segment_history": plan.segment_history}, "migration_matrix"),
        **contest_cases(plan),
        "explain_promise": Case(
            promised_tables(), line=("O-21", "1"), terms=sk.PromiseTerms(classes=("gold", "silver", "web"))
        ),
        "promise_orders": Case(promised_tables(), terms=sk.PromiseTerms(classes=("gold", "silver", "web"))),
        "make_whale_curve": Case({"item_value": plan.item_value, "customer_value": plan.customer_value}, "whale_curve"),
    }


def takes_tables(name):
    """Return whether a public name is a function of tables (other than those that show them)."""
    thing = getattr(sk, name)
    if not inspect.isfunction(thing) or name.startswith("show_"):
        return False
    return any("DataFrame" in str(one.annotation) for one in inspect.signature(thing).parameters.values())


TABLE_FUNCTIONS = [name for name in PUBLIC if takes_tables(name)]


@pytest.fixture(params=TABLE_FUNCTIONS)
def called(request, cases):
    assert request.param in cases, "give the new public function a case"
    return getattr(sk, request.param), cases[request.param]


def as_table(result):
    """Return a table as it is; the tables of a dataclass one below the other, without its notes (they give reasons)."""
    if not is_dataclass(result):
        return result
    tables = {
        name: table for name, table in vars(result).items() if isinstance(table, pd.DataFrame) and name != "notes"
    }
    return pd.concat(tables, names=["table", "row"]).reset_index("table").reset_index(drop=True)


def in_order(result, index):
    """Return a result in an order of its own: one figure a row by the index of the rows, a table by its columns."""
    result = as_table(result)
    if not isinstance(result, pd.DataFrame):
        return pd.Series(result, index=index, name="value").sort_index().to_frame()
    return result.sort_values(list(result.columns)).reset_index(drop=True)


def test_inputs_are_not_changed_and_nothing_is_printed(called, capsys):
    function, case = called
    before = {name: table.copy() for name, table in case.tables.items()}
    result = case.call(function)
    if isinstance(result, pd.DataFrame):
        result.loc[:, result.columns[0]] = None
    for name, table in case.tables.items():
        pd.testing.assert_frame_equal(table, before[name], obj=name)
    assert capsys.readouterr() == ("", "")


def test_the_order_of_rows_does_not_matter(called):
    function, case = called
    shuffled = {name: table.sample(frac=1, random_state=len(name)) for name, table in case.tables.items()}
    first, second = next(iter(case.tables.values())), next(iter(shuffled.values()))
    straight, mixed = in_order(case.call(function), first.index), in_order(case.call(function, shuffled), second.index)
    pd.testing.assert_frame_equal(mixed, straight, rtol=1e-9)
    assert len(straight) > 0


def test_tables_come_sorted_by_their_key_whatever_the_order_of_rows(called):
    function, case = called
    if not case.made or case.made in ("order_lines", "whale_curve"):
        return
    if function is sk.flag_stockouts or function is sk.apply_overrides:
        return  # rows as they came
    shuffled = {name: table.sample(frac=1, random_state=len(name)) for name, table in case.tables.items()}
    made = case.call(function, shuffled)
    key = list(nomenclature()[case.made].key)
    pd.testing.assert_frame_equal(made, made.sort_values(key, ignore_index=True))


def test_empty_tables_give_an_empty_typed_table(called):
    function, case = called
    made = as_table(case.call(function, {name: table.iloc[:0] for name, table in case.tables.items()}))
    assert len(made) == 0
    if case.made:
        expected = empty_table(case.made).dtypes.astype(str).to_dict()
        found = made.dtypes.astype(str).replace("Int64", "int64").to_dict()
        assert found == expected


# ------------------------------------------------------------------ the words
SAID = spoken()
KINDS = {"id", "text", "date", "number", "whole", "money", "share", "flag"}


def test_every_column_says_what_it_is():
    for name, column in SAID["columns"].items():
        assert column["kind"] in KINDS, name
        assert column["meaning"].strip().endswith((".", ")")), name
        assert set(column) <= {"kind", "meaning", "unit", "min", "max", "above", "one_of"}, name
        if column["kind"] == "money":
            assert column.get("unit"), f"{name}: money has a unit"


def test_every_column_is_in_a_table_and_every_table_knows_its_columns():
    used = {column for table in SAID["tables"].values() for column in table["columns"]}
    assert used == set(SAID["columns"])
    for name, table in SAID["tables"].items():
        names = set(table["columns"])
        grouped = {column for group in table.get("one_of", []) for column in group}
        assert {*table["key"], *table.get("required", []), *table.get("override", {}), *grouped} <= names, name
        assert len(table["columns"]) == len(names), name


def test_a_column_has_one_type_in_all_tables():
    for column in SAID["columns"]:
        kinds = {spec.columns[column].kind for spec in nomenclature().values() if column in spec.columns}
        dtypes = {"float64" if kind in ("number", "money", "share") else kind for kind in kinds}
        assert len(dtypes) == 1 or column in ("value",), (column, kinds)


@pytest.mark.parametrize("name", [name for name, spec in nomenclature().items() if spec.role not in ("input", "call")])
def test_tables_of_the_plan_keep_the_nomenclature(sample_plan, name):
    table, spec = getattr(sample_plan, name), nomenclature()[name]
    assert isinstance(table.index, pd.RangeIndex)
    for column, about in spec.columns.items():
        cells = table[column]
        wanted = "str" if about.kind in ("id", "text") else column_dtype(column)
        assert str(cells.dtype).replace("Int64", "int64") == wanted, column
        known = cells.dropna()
        if about.min is not None and len(known):
            assert known.min() >= about.min - 1e-9, column
        if about.max is not None and len(known):
            assert known.max() <= about.max + 1e-9, column
        if column in spec.key and column not in spec.blank_key:
            assert cells.notna().all(), column


def test_words_for_durations_and_service_are_unambiguous():
    for name, column in SAID["columns"].items():
        if column.get("unit") == "days":
            assert name.endswith("days") or name.startswith("lead_time_"), name
        assert "service_level" not in name


def sections():
    return [thing for _, thing in inspect.getmembers(settings_module, inspect.isclass) if issubclass(thing, Section)]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_setting_is_described_and_strict(section):
    assert section.__doc__
    assert section.model_config["extra"] == "forbid"
    for name, about in section.model_fields.items():
        nested = inspect.isclass(about.annotation) and issubclass(about.annotation, BaseModel)
        assert about.description or nested, name


def test_defaults_are_valid_and_no_assumption_is_made_by_itself():
    assert Settings().assume.gross_margin is None
    neutral = {"item_cost_factor": 1.0}
    assert {name: value for name, value in Settings().assume.model_dump().items() if value is not None} == neutral
    assert set(input_tables()) == {name for name, spec in nomenclature().items() if spec.role == "input"}
