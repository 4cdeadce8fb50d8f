"""Plan tables of an invented company, by the nomenclature, rows shuffled."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import nomenclature
from segkit.dynamics.moves.migration_matrix import count_migration

NASTY = "<script>alert(1)</script> $^$ & =SUM(A1) \"quoted\" 'name' of a very long article that never ends"


def table(name: str, columns: dict) -> pd.DataFrame:
    """Return a frame with all columns of a plan table, typed; columns not given are blank."""
    spec = nomenclature()[name]
    length = len(next(iter(columns.values())))
    kinds = {"id": "str", "text": "str", "date": "datetime64[us]", "whole": "Int64", "flag": "boolean"}
    made = {
        column: pd.Series(columns.get(column, [None] * length)).astype(kinds.get(about.kind, "float64"))
        for column, about in spec.columns.items()
    }
    return pd.DataFrame(made).sample(frac=1, random_state=7).reset_index(drop=True)


def plan_tables(items: int = 80, customers: int = 30, months: int = 27, seed: int = 3) -> dict[str, pd.DataFrame]:
    """Return the plan tables that the pages show."""
    rng = np.random.default_rng(seed)
    made = {"periods": _periods(months), "data_quality": _data_quality(), "headlines": _headlines()}
    made["assumptions"] = table(
        "assumptions",
        {
            "assumption": ["assume.gross_margin"],
            "value": ["0.35"],
            "unit": ["share of revenue"],
            "why": ["orders carry no cost"],
            "rows": [40000],
            "share": [0.41],
        },
    )
    made["assumption_effects"] = table(
        "assumption_effects",
        {
            "assumption": ["assume.gross_margin"] * 2,
            "headline": ["net margin", "loss makers"],
            "unit": ["EUR", "customers"],
            "low": [1.9e6, 14],
            "base": [2.4e6, 9],
            "high": [2.9e6, 5],
        },
    )
    margin = np.sort(rng.normal(800, 900, items))[::-1]
    made["item_segments"] = _segments("item_segments", "item_id", [f"SKU-{n:04d}" for n in range(items)], margin, rng)
    worth = np.sort(rng.lognormal(9, 1, customers) * rng.normal(0.25, 0.2, customers))[::-1]
    names = [f"CUST-{n:04d}" for n in range(customers)]
    made["customer_segments"] = _segments("customer_segments", "customer_id", names, worth, rng)
    made["whale_curve"] = pd.concat(
        [
            _whale("item", made["item_segments"]["item_id"].sort_values().tolist(), margin),
            _whale("customer", names, worth),
        ],
        ignore_index=True,
    )
    revenue = np.abs(worth) / rng.uniform(0.1, 0.6, customers)
    made["customer_value"] = table(
        "customer_value",
        {
            "customer_id": names,
            "name": [NASTY, *[f"Customer {n}" for n in range(1, customers)]],
            "net_margin": worth,
            "channel": rng.choice(["online", "retail", NASTY], customers),
            "revenue": revenue,
            "margin_share": worth / revenue,
        },
    )
    made["item_value"] = table(
        "item_value",
        {
            "item_id": [f"SKU-{n:04d}" for n in range(items)],
            "description": [NASTY, "=1+1", "-x", *["Bolt"] * (items - 3)],
            "category": rng.choice(["tools", "spares", NASTY], items),
            "revenue": np.abs(margin) * 3,
            "net_margin": margin,
            "quantity": rng.integers(1, 9000, items).astype(float),
            "last_order_date": [pd.Timestamp("2025-12-30")] * items,
        },
    )
    made["micro_map"] = _micro_map(rng)
    made["margin_causes"] = _margin_causes(names, worth, rng)
    made["activity_costs"] = table(
        "activity_costs",
        {"activity": ["picking", NASTY], "used_cost": [800.0, 50.0], "unused_cost": [200.0, -5.0]},
    )
    made["supplier_segments"] = _supplier_segments(customers, rng)
    made["seasonality"] = table(
        "seasonality",
        {
            "entity": ["category"] * 3 + ["item"],
            "entity_id": [NASTY, "tools", "spares", "SKU-0001"],
            "cycle_periods": [12] * 4,
            "seasonal_strength": [0.9, 0.8, 0.4, 0.3],
            "is_seasonal": [True, True, False, False],
            "peak": ["May", "October", "", ""],
            "peak_index": [2.1, 1.3, np.nan, np.nan],
        },
    )
    made["segment_history"] = _history(items, rng)
    made["migration_matrix"] = count_migration(made["segment_history"])
    made["profit_bridge"] = _bridge(rng)
    made["segment_dynamics"], made["change_points"] = _trends(made["periods"], rng)
    made["demand_profile"] = _profile(items, rng)
    made["demand"] = _demand(made["periods"], items, rng)
    return made


def _bridge(rng: np.random.Generator) -> pd.DataFrame:
    effects = ["volume", "mix", "price", "fx", "cost", "service", "returns", "new_customers", "lost_items"]
    amounts = rng.normal(0, 900, len(effects))
    days = {"from_begin": "2024-01-01", "from_end": "2024-12-31", "to_begin": "2025-01-01", "to_end": "2025-12-31"}
    columns = {"effect": ["start", *effects, "end"], "amount": [5000.0, *amounts, 5000.0 + amounts.sum()]}
    fixed = {"comparison": "year", "entity": "all", "entity_id": "(all)", "measure": "net_margin", **days}
    return table("profit_bridge", columns | {name: [cell] * (len(effects) + 2) for name, cell in fixed.items()})


def _trends(periods: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    begins, names = periods["period"].sort_values().tolist(), [NASTY, "online", "retail"]
    revenue = rng.uniform(800, 1000, 3 * len(begins))
    columns = {"entity": ["channel"] * len(revenue), "entity_id": np.repeat(names, len(begins)).tolist()}
    columns |= {"period": begins * 3, "complete": [True] * len(revenue), "revenue": revenue, "net_margin": revenue / 4}
    change = {
        "entity": ["channel"],
        "entity_id": [NASTY],
        "measure": ["net_margin"],
        "period": [begins[len(begins) // 2]],
    }
    change |= {
        "before": [200.0],
        "after": [250.0],
        "change": [50.0],
        "confidence": [0.998],
        "reason": ["may be season"],
    }
    return table("segment_dynamics", columns), table("change_points", change)


def _micro_map(rng: np.random.Generator) -> pd.DataFrame:
    cells = [
        (who, what, where) for who in ("A-low", "A-high", "L", "(unknown)") for what in "AB" for where in ("x", NASTY)
    ]
    who, what, where = (list(names) for names in zip(*cells, strict=True))
    margin = rng.normal(2000, 4000, len(cells)).round(2)
    level = rng.choice(["cell", "channels", "all"], len(cells))
    names = ["/".join(cell) if how == "cell" else "(rest)" for cell, how in zip(cells, level, strict=True)]
    columns = {"customer_segment": who, "item_segment": what, "channel": where, "micro_segment": names, "level": level}
    figures = {"lines": [9] * len(cells), "revenue": np.abs(margin) * 3, "net_margin": margin}
    return table("micro_map", columns | figures)


def _margin_causes(names: list[str], worth: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    effects = [name for name in nomenclature()["margin_causes"].columns if name.endswith("_effect")]
    parts = {name: rng.normal(-200, 900, len(names)) for name in effects}
    words = [effects[n].removesuffix("_effect").replace("_", " ") for n in np.argmin(list(parts.values()), axis=0)]
    head = {"entity": ["customer"] * len(names), "entity_id": [NASTY, *names[1:]], "net_margin": worth - 4000}
    parts["normal_margin"] = head["net_margin"] - sum(parts.values())
    return table("margin_causes", head | parts | {"main_cause": words})


def _history(items: int, rng: np.random.Generator) -> pd.DataFrame:
    days = pd.date_range("2024-01-31", periods=15, freq="ME")
    ids = np.repeat([f"SKU-{n:04d}" for n in range(items)], len(days))
    columns = {"entity": np.where(ids < f"SKU-{items // 2:04d}", "item", "customer"), "entity_id": ids}
    columns |= {"known_on": np.tile(days, items), "measure_value": rng.normal(500, 400, len(ids))}
    classes = {name: rng.choice(["A", "B", "C", "L", ""], len(ids)) for name in ("abc", "stable_abc")}
    return table("segment_history", columns | classes)


def _supplier_segments(count: int, rng: np.random.Generator) -> pd.DataFrame:
    impact = np.sort(rng.lognormal(0, 1, count))[::-1]
    risk = rng.uniform(0, 1, count)
    weighty = impact.cumsum() - impact < 0.8 * impact.sum()
    words = {
        (True, True): "strategic",
        (True, False): "leverage",
        (False, True): "bottleneck",
        (False, False): "routine",
    }
    columns = {
        "supplier_id": [f"S{n:04d}" for n in range(count)],
        "name": [NASTY, *[f"Supplier {n}" for n in range(1, count)]],
        "profit_impact": 0.8 * impact / impact.sum(),
        "supply_risk": risk,
        "kraljic": [words[pair] for pair in zip(weighty.tolist(), (risk > 0.5).tolist(), strict=True)],
        "reliability": rng.choice(["reliable", "unsteady", "late", ""], count),
    }
    return table("supplier_segments", columns)


def _periods(months: int) -> pd.DataFrame:
    first = pd.date_range("2023-10-01", periods=months, freq="MS")
    complete = [True] * months
    complete[-1] = False
    return table(
        "periods",
        {"period": first, "period_end": first + pd.offsets.MonthEnd(), "days": [30] * months, "complete": complete},
    )


def _data_quality() -> pd.DataFrame:
    rows = [
        ("orders", "in", "", 60000, 7.0e6), ("orders", "used", "", 58800, 6.9e6),
        ("orders", "set_aside", "cancelled", 900, 1.5e5),
        ("orders", "set_aside", "price below zero", 40, -5e4), ("orders", "set_aside", NASTY, 260, 0.0),
        ("orders", "noted", "no customer", 1200, 2e5),
        ("items", "in", "", 80, np.nan), ("items", "used", "", 80, np.nan),
    ]  # fmt: skip
    return table(
        "data_quality",
        dict(zip(["source_table", "action", "reason", "rows", "value"], zip(*rows, strict=True), strict=True)),
    )


def _headlines() -> pd.DataFrame:
    rows = [
        (
            "1_demand_and_profitability",
            "net margin",
            f"Customers earned EUR 2.4 M net; {NASTY} lost most.",
            2.4e6,
            "currency",
        ),
        ("0_data_check", "lines used", "98 % of order lines could be used.", 0.98, "share"),
        ("1_demand_and_profitability", "loss makers", "9 customers lose money.", 9, "customers"),
    ]
    return table(
        "headlines", dict(zip(["step", "headline", "sentence", "value", "unit"], zip(*rows, strict=True), strict=True))
    )


def _segments(name: str, key: str, ids: list[str], worth: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    gains = worth.clip(min=0).sum()
    shares = worth / gains
    summed = shares.cumsum()
    abc = np.where(worth < 0, "L", np.where(summed - shares < 0.8, "A", np.where(summed - shares < 0.95, "B", "C")))
    columns = {key: ids, "measure": ["net_margin"] * len(ids), "measure_value": worth, "rank": np.arange(len(ids)) + 1,
               "share": shares, "cumulative_share": summed, "abc": abc}  # fmt: skip
    if name == "item_segments":
        columns["xyz"] = rng.choice(["X", "Y", "Z", ""], len(ids))
    else:
        columns["service_band"] = rng.choice(["low", "normal", "high", ""], len(ids))
    return table(name, columns)


def _whale(entity: str, ids: list[str], worth: np.ndarray) -> pd.DataFrame:
    summed = worth.cumsum()
    return table(
        "whale_curve",
        {"entity": [entity] * len(ids), "rank": np.arange(len(ids)) + 1, "entity_id": ids, "net_margin": worth,
         "entity_share": (np.arange(len(ids)) + 1) / len(ids), "cumulative_margin": summed,
         "cumulative_margin_share": summed / summed[-1]},
    )  # fmt: skip


def _profile(items: int, rng: np.random.Generator) -> pd.DataFrame:
    adi, cv2 = 1 + rng.lognormal(-1.5, 1.4, items), rng.lognormal(-1, 1, items)
    pattern = np.where(
        adi < 1.32, np.where(cv2 < 0.49, "smooth", "erratic"), np.where(cv2 < 0.49, "intermittent", "lumpy")
    )
    pattern[-3:] = ""
    state = rng.choice(["new", "active", "active", "active", "declining", "dormant"], items)
    return table(
        "demand_profile",
        {
            "item_id": [f"SKU-{n:04d}" for n in range(items)],
            "adi": adi,
            "cv2": cv2,
            "pattern": pattern,
            "life_cycle": state,
        },
    )


def _demand(periods: pd.DataFrame, items: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = periods.sort_values("period").merge(
        pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(items)]}), how="cross"
    )
    season = 1 + 0.3 * np.sin(rows["period"].dt.month / 12 * 2 * np.pi) + 0.01 * rows.index / items
    rows["quantity"] = rng.poisson(40, len(rows)) * season
    rows["revenue"] = rows["quantity"] * 12.5
    rows["censored"] = rng.random(len(rows)) < 0.04
    return table(
        "demand", {name: rows[name] for name in ("item_id", "period", "quantity", "revenue", "complete", "censored")}
    )


@pytest.fixture(scope="session")
def tables() -> dict[str, pd.DataFrame]:
    """Return the plan tables of the invented company."""
    return plan_tables()


@pytest.fixture(scope="session")
def many_tables() -> dict[str, pd.DataFrame]:
    """Return the plan tables of a company with 30,000 items and 20,000 customers."""
    return plan_tables(items=30_000, customers=20_000, months=6)


@pytest.fixture(scope="session")
def nasty() -> str:
    """Return a name that would do harm if it were not escaped."""
    return NASTY


@pytest.fixture
def shown(monkeypatch) -> list[tuple[dict, dict]]:
    """Return the list to which everything that is displayed is added: data by type, and metadata."""
    caught: list[tuple[dict, dict]] = []

    def display(data, *, raw, metadata):
        assert raw
        caught.append((data, metadata))

    monkeypatch.setattr("IPython.display.display", display)
    return caught


@pytest.fixture(scope="session")
def empty_tables(tables) -> dict[str, pd.DataFrame]:
    """Return the same tables without rows."""
    return {name: frame.iloc[:0] for name, frame in tables.items()}
