"""The headlines of promising: sentences that carry the numbers of their tables, and say what they are not sure of."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.promise_headlines import PromiseTables, tell_promises

NAMES = ("open_orders", "promise_lines", "backorder_run", "promise_reliability", "otif", "rule_contest")


def contest(**gains):
    """Return what each rule gained: gain, low, high."""
    rows = [
        {"rule": rule.replace("_", " "), "demand_class": "(all)", "gain": gain, "gain_low": low, "gain_high": high,
         "contribution": 1000.0 + gain, "gain_share": gain / 200}
        for rule, (gain, low, high) in gains.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def told(rules=None, **tables):
    known = {name: tables.get(name, empty_table(name)) for name in NAMES}
    made = tell_promises(PromiseTables(**known), currency="EUR", rules=rules or Promising())
    return made.set_index("headline")


REPLAYED = {"first_come": (0.0, 0.0, 0.0), "perfect_hindsight": (200.0, 150.0, 250.0)}


def test_nothing_to_tell_gives_no_headline():
    assert told().empty


def test_what_a_rule_gains_carries_its_interval_and_says_when_it_may_be_chance():
    made = told(rule_contest=contest(**REPLAYED, nested_protection=(50.0, -10.0, 90.0)))
    assert "nested protection would have earned EUR 50 more" in made.loc["allocation_gain", "sentence"]
    assert "EUR \u221210 to 90), which chance alone may give." in made.loc["allocation_gain", "sentence"]
    sure = told(rule_contest=contest(**REPLAYED, nested_protection=(-50.0, -90.0, -10.0)))
    assert "EUR 50 less" in sure.loc["allocation_gain", "sentence"]
    assert "chance" not in sure.loc["allocation_gain", "sentence"]


def test_the_best_rule_is_told_beside_the_one_in_force():
    made = told(rule_contest=contest(**REPLAYED, nested_protection=(20.0, 1.0, 30.0), bid_prices=(80.0, 1.0, 90.0)))
    said = "bid prices earned most: EUR 80 more than first come, 40% of what perfect hindsight gains."
    assert made.loc["best_rule", "sentence"] == f"Of all rules replayed, {said}"


@pytest.mark.parametrize("gain", [0.0, -5.0])
def test_no_rule_is_called_best_that_earns_no_more_than_first_come(gain):
    """It read: bid prices earned most, EUR 0 more than first come."""
    made = told(rule_contest=contest(**REPLAYED, bid_prices=(gain, -9.0, 9.0)))
    assert made.loc["best_rule", "sentence"] == "No rule replayed earned more than first come, first served."
    assert made.loc["best_rule", "value"] == 0


def test_the_rule_by_margin_is_told_by_its_quotas_and_not_by_bid_prices_solved_for_every_order():
    table = contest(**REPLAYED, bid_prices=(80.0, 1.0, 90.0), margin_quotas=(-30.0, -60.0, -5.0))
    made = told(Promising(rule="by_margin"), rule_contest=table)
    assert "margin quotas would have earned EUR 30 less" in made.loc["allocation_gain", "sentence"]


def test_dates_kept_are_those_that_were_kept_whatever_lots_would_say():
    kept = pd.DataFrame(
        {
            "entity": "all", "entity_id": "(all)", "promised_reliability": [0.8, 0.9], "lines": [40, 38],
            "kept": [0.93, 0.94], "frequency": [0.79, 0.92],
        }
    )  # fmt: skip
    made = told(promise_reliability=kept)
    assert (
        "kept in 93.0% of those at 80% and 94.0% of those at 90% (40 lines"
        in made.loc["promise_reliability", "sentence"]
    )
    assert made.loc["promise_reliability", "value"] == pytest.approx(0.02)


def test_open_orders_are_counted_by_what_they_are_promised():
    lines = pd.DataFrame(
        {"quantity": 4.0, "promised_quantity": [4.0, 4.0, 2.0, 0.0], "late_days": [0.0, 3.0, 0.0, None]}
    )
    made = told(promise_lines=lines)
    assert made.loc["promised_on_time", "sentence"].startswith("25% of 4 open order lines")
    assert "2 in part or later, 1 not at all" in made.loc["promised_on_time", "sentence"]


def test_a_backorder_run_counts_both_those_who_gain_and_those_who_lose():
    run = pd.DataFrame({"outcome": ["better", "better", "worse", "lost", "equal"]})
    assert "2 better, and 2 worse" in told(backorder_run=run).loc["backorder_run", "sentence"]


def unchanged(*rows):
    """Return what is said of a run that changes nothing, of lines: item, held, whether all is there as asked."""
    lines = pd.DataFrame(rows, columns=["item_id", "confirmed_before", "on_requested_before"])
    run = lines.assign(outcome="equal", location_id="DC")
    return told(backorder_run=run).loc["backorder_run", "sentence"].partition(": ")[2]


def test_a_backorder_run_that_changes_nothing_says_why():
    assert unchanged(("A", 5.0, True)) == "every line has all that it asks for, on the day it asks for it."
    alone = unchanged(("A", 2.0, False), ("B", 5.0, True), ("A", 0.0, False))
    assert (
        alone == "of 2 that do not get all on the day asked for, 1 shares item and location with others that hold "
        "some, and may take none of it, or none sooner."
    )
    apart = unchanged(("A", 2.0, False), ("B", 5.0, True))
    assert apart.endswith("none shares its item and location with another open line that holds any.")


def test_otif_stands_between_its_strictest_and_its_loosest_definition():
    grid = pd.DataFrame(
        {
            "entity": ["all", "all", "demand_class"], "entity_id": ["(all)", "(all)", "gold"], "otif": [0.6, 0.9, 0.1],
            "measured_against": ["requested", "promised", "requested"], "window": "exact day",
            "counted_by": ["order", "case", "line"],
        }
    )  # fmt: skip
    made = told(otif=grid).loc["otif"]
    assert "from 60.0% to 90.0%" in made["sentence"]
    assert made["value"] == pytest.approx(0.3)


def test_orders_too_old_to_promise_are_told():
    opened = pd.DataFrame({"left_out": ["", "asked for long ago"]})
    assert told(open_orders=opened).loc["stale_orders", "value"] == 1


def test_what_the_page_cannot_tell_is_said_with_the_columns_it_takes():
    made = told(rule_contest=contest(**REPLAYED, nested_protection=(50.0, -10.0, 90.0)))
    assert "delivered_date beside promised_date" in made.loc["no_deliveries", "sentence"]
    assert "status open" in made.loc["no_open_orders", "sentence"]
