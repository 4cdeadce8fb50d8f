"""The headlines of what moved say what the tables hold."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.dynamics.story.change_headlines import ChangeTables, tell_change
from segkit.dynamics.story.headlines import in_order

NAMES = ["profit_bridge", "margin_causes", "migration", "micro_segments", "order_lines"]


def told(currency="EUR", **tables):
    made = {name: tables.get(name, empty_table(name)) for name in NAMES}
    return tell_change(ChangeTables(**made), currency=currency).set_index("headline")


def bridge(comparison="year", days=365, **amounts):
    begin = pd.Timestamp("2025-01-01")
    day = pd.Timedelta(days=1)
    span = {"to_begin": begin, "to_end": begin + (days - 1) * day, "from_end": begin - day}
    span["from_begin"] = pd.Timestamp("2024-01-01") if comparison == "year" else begin - days * day
    rows = [{"effect": effect, "amount": amount} for effect, amount in amounts.items()]
    fixed = {"comparison": comparison, "entity": "all", "measure": "net_margin", **span}
    return pd.DataFrame(rows).assign(**fixed).sample(frac=1, random_state=1)


def test_without_tables_nothing_is_said():
    assert told().empty


def test_the_bridge_names_what_brought_and_took_most():
    made = told(profit_bridge=bridge(start=100.0, end=90.0, volume=-30.0, price=25.0, cost=-5.0, mix=0.0))
    row = made.loc["change_of_margin"]
    assert row["value"] == -10
    assert row["sentence"] == (
        "Net margin of 2025-01 to 2025-12 fell by EUR 10 (10.0%) against 2024-01 to 2024-12: volume took EUR 30, "
        "the cost of goods took EUR 5; prices brought EUR 25."
    )


def test_half_a_history_stands_in_and_a_loss_before_has_no_share():
    made = told(profit_bridge=bridge("half", 60, start=-5.0, end=5.0, new_customers=10.0))
    assert made.loc["change_of_margin", "sentence"] == (
        "Net margin of 2025-01-01 to 2025-03-01 rose by EUR 10 against 2024-11-02 to 2024-12-31 (seasons included): "
        "new customers brought EUR 10."
    )


def test_causes_are_shares_of_what_is_missing():
    effects = {"price_effect": [-60.0, 10.0], "discount_effect": [-30.0, -20.0], "freight_effect": [0.0, 0.0]}
    causes = empty_table("margin_causes").reindex(range(3)).assign(
        entity=["customer", "customer", "item"],
        net_margin=[-40.0, -5.0, -99.0],
        normal_margin=[50.0, 5.0, 1.0],
    ).fillna({name: 0.0 for name in empty_table("margin_causes").columns if name.endswith("_effect")})  # fmt: skip
    for name, values in effects.items():
        causes[name] = [*values, 0.0]
    row = told(margin_causes=causes).loc["cause_of_losses"]
    assert row["sentence"] == (
        "The 2 customers that lose fall EUR 100 short of what peers would leave on the same sales: "
        "price 50%, discount 50%."
    )
    assert row["value"] == pytest.approx(0.5)


def test_only_moves_that_stand_are_counted_by_who_moved():
    days = pd.to_datetime(["2023-12-31", "2025-01-31", "2025-03-31", "2025-06-30", "2025-06-30"])
    migration = pd.DataFrame(
        {
            "entity": ["item", "item", "item", "customer", "customer"],
            "entity_id": ["SKU-0001", "SKU-0002", "SKU-0002", "CUST-0001", "CUST-0002"],
            "known_on": days,
            "confirmed": [True, True, True, True, False],
            "cause": ["price", "volume", "volume", "mix", "mix"],
        }
    )
    row = told(migration=migration).loc["class_moves"]
    assert row["sentence"] == (
        "1 item and 1 customer changed their value class from 2025-01 to 2025-06, most items because of volume, and "
        "kept the new one long enough to count (near a limit that may be chance); 1 further move did not last, or it "
        "is too early to tell."
    )
    assert row["value"] == 2
    blank = told(migration=migration.assign(cause="")).loc["class_moves"]
    assert "to 2025-06, and kept" in blank["sentence"]


@pytest.mark.parametrize(("first", "counted"), [("2024-02-28", [2]), ("2024-04-20", [1]), ("2025-01-01", [])])
def test_moves_while_the_window_still_fills_are_not_counted(first, counted):
    migration = pd.DataFrame(
        {
            "entity": ["item", "item", "customer"],
            "entity_id": ["SKU-0001", "SKU-0002", "CUST-0001"],
            "known_on": pd.to_datetime(["2025-01-31", "2025-03-31", "2025-06-30"]),
            "confirmed": True,
            "cause": "volume",
        }
    )
    lines = empty_table("order_lines").reindex([0]).assign(order_date=pd.Timestamp(first))
    made = told(migration=migration, order_lines=lines)
    assert made.loc[made.index == "class_moves", "value"].tolist() == counted


def test_the_best_micro_segment_and_those_that_lose():
    micro = pd.DataFrame(
        {"micro_segment": ["A/A/x", "L/(rest)"], "net_margin": [120.0, -20.0], "revenue": [300.0, 100.0]}
    )
    assert told(micro_segments=micro).loc["best_micro_segment", "sentence"] == (
        "Of 2 micro-segments A/A/x earns most, 120.0% of the net margin on 75.0% of the revenue; 1 loses EUR 20."
    )


def test_headlines_come_in_the_order_of_reading(sample_plan):
    parts = [sample_plan.change_headlines, sample_plan.data_headlines, sample_plan.profit_headlines]
    whole = in_order(*parts)
    assert whole["step"].is_monotonic_increasing
    second = whole[whole["step"].str.startswith("1_")]["headline"].tolist()
    assert second[:3] == ["net_margin", "change_of_margin", "best_micro_segment"]
    assert sorted(whole["headline"]) == sorted(pd.concat(parts)["headline"])
