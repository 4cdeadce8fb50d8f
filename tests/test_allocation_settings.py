"""Rules of allocation that segkit.toml can name: each against the function it stands for, and what it refuses."""

import pandas as pd
import pytest
from promise_company import company

import segkit as sk
from segkit import open_plan
from segkit.core.errors import SettingsError
from segkit.formulas.nested_protection import emsr_a_protection, emsr_b_protection
from segkit.prepare import check_workspace
from segkit.promising.allocation.class_outlook import expect_class_demand
from segkit.promising.supply import counted_on

DAY = "2025-06-30"
CLASSES = ["gold", "tin"]
TERMS = '[promising]\nclass_by = "tier"\nclasses = ["gold", "tin"]\nrelease_days = 0\n'


def rule(name, *more, terms=""):
    return f'{TERMS}rule = "{name}"\n{terms}\n' + "\n".join(more)


def entry(part, name, **values):
    rows = [f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items()]
    return "\n".join([f"[promising.{part}.{name}]", *rows, ""])


def mixed():
    """Return the company with customers who take turns at both items."""
    tables = company()
    tables["orders"]["customer_id"] = [f"CUST-{1 + n // 2 % 2}" for n in range(len(tables["orders"]))]
    return tables


@pytest.fixture
def planned(write_workspace):
    """Return a function that opens the company's plan under a toml."""
    made = []

    def ask(toml, tables=None):
        made.append(toml)
        return open_plan(write_workspace(tables or mixed(), toml, f"case{len(made)}"), as_of=DAY)

    return ask


def kept(plan, item="SKU-1"):
    rows = plan.allocations[plan.allocations["item_id"] == item]
    first = rows[rows["available_date"] == rows["available_date"].min()]
    return dict(zip(first["demand_class"], first["quantity"], strict=True))


@pytest.mark.parametrize(
    ("name", "column", "amounts", "quotas"),
    [
        ("by_number", "number", (5, 3), {"gold": 5.0, "tin": 3.0}),
        ("by_share", "share", (0.5, 0.25), {"gold": 6.0, "tin": 3.0}),
        ("by_ratio", "ratio", (2, 1), {"gold": 8.0, "tin": 4.0}),
    ],
)
def test_stated_quotas_of_every_kind_of_amount(planned, name, column, amounts, quotas):
    entries = [
        entry("quotas", who, demand_class=who, **{column: amount}) for who, amount in zip(CLASSES, amounts, strict=True)
    ]
    plan = planned(rule(name, *entries))
    assert kept(plan) == quotas
    assert set(plan.allocations["rule"]) == {column}


def test_quotas_of_an_item_win_limits_bind_and_all_others_have_their_own(planned):
    quotas = [
        entry("quotas", "gold", demand_class="gold", number=2),
        entry("quotas", "scarce", demand_class="gold", number=7, item_id="SKU-1", kind="both"),
        entry("quotas", "others", demand_class="(all others)", number=1, kind="limit"),
    ]
    plan = planned(rule("by_number", *quotas))
    assert kept(plan) == {"(all others)": 1.0, "gold": 7.0}
    assert kept(plan, "SKU-2") == {"(all others)": 1.0, "gold": 2.0}
    kinds = plan.allocations.query("item_id == 'SKU-1'").drop_duplicates("demand_class")
    assert dict(zip(kinds["demand_class"], kinds["kind"], strict=True)) == {"(all others)": "limit", "gold": "both"}
    line = plan.promise_lines.iloc[0]
    assert (line["demand_class"], line["promised_quantity"]) == ("gold", 5.0)
    opened = mixed()
    opened["orders"].loc[opened["orders"]["order_id"] == "O-OPEN", "customer_id"] = "CUST-2"
    line = planned(rule("by_number", *quotas, terms="max_lateness_days = 3"), opened).promise_lines.iloc[0]
    assert (line["demand_class"], line["promised_quantity"]) == ("tin", 1.0)
    assert "limit of tin reached" in line["reason"]


def demand_of(plan):
    rules = plan.settings.promising
    return expect_class_demand(plan._dated_lines(), plan.forecast, as_of=plan.as_of, rules=rules)


def near(plan):
    return counted_on(plan.supply)[["item_id", "location_id", "available_date", "quantity"]]


@pytest.mark.parametrize(
    ("toml", "call"),
    [
        (rule("by_rank"), sk.allocate_by_rank),
        (rule("nested", terms='protection = "emsr_b"'), emsr_b_protection),
        (rule("nested", terms='protection = "emsr_a"'), emsr_a_protection),
    ],
    ids=["by_rank", "emsr_b", "emsr_a"],
)
def test_rules_of_expected_demand_are_those_of_their_functions(planned, toml, call):
    plan = planned(toml)
    if call is sk.allocate_by_rank:
        told = call(near(plan), demand_of(plan), classes=CLASSES)
    else:
        told = sk.allocate_nested(near(plan), demand_of(plan), classes=CLASSES, protection=call)
    key = ["item_id", "available_date", "demand_class", "quantity", "rule"]
    pd.testing.assert_frame_equal(plan.allocations[key], told[key])
    assert len(told)


def test_entitlements_weigh_a_fair_share(planned):
    even = kept(planned(rule("fair_share")))
    weighed = kept(planned(rule("fair_share", "[promising.entitlements]\ngold = 3\n")))
    assert weighed["gold"] >= even["gold"]
    told = planned(rule("fair_share")).allocations
    assert (
        told.groupby(["item_id", "available_date"])["quantity"].sum()
        <= told.groupby(["item_id", "available_date"])["supply"].max()
    ).all()


NODES = [("all", {"share": 0.5}), ("gold", {"parent": "all", "share": 0.5}), ("tin", {"parent": "all", "share": 0.25})]


def test_supply_is_handed_down_a_hierarchy_of_classes(planned):
    plan = planned(rule("hierarchy", *(entry("hierarchy", name, **node) for name, node in NODES)))
    assert kept(plan, "SKU-1") == {"gold": 3.0, "tin": 2.0}, "12 units, of which the top has half"
    assert set(plan.allocations["kind"]) == {"reservation"}
    assert len(plan.promise_lines) == 1
    ranked = [("all", {"rank": 1}), ("gold", {"parent": "all", "rank": 2}), ("tin", {"parent": "all", "rank": 1})]
    for by, nodes in (("by_rank", ranked), ("by_forecast", ranked)):
        parts = [entry("hierarchy", name, **node) for name, node in nodes]
        made = planned(rule("hierarchy", *parts, terms=f'hierarchy_by = "{by}"')).allocations
        assert set(made["demand_class"]) == {"gold", "tin"}
        assert set(made["rule"]) == {{"by_rank": "hierarchy by rank", "by_forecast": "hierarchy per committed"}[by]}


def test_contracts_come_before_any_rule_and_are_never_released(planned):
    owed = entry("commitments", "frame", demand_class="tin", quantity=7, item_id="SKU-1")
    alone = planned(rule("first_come", owed))
    assert kept(alone) == {"tin": 7.0}
    assert alone.allocations["released_date"].isna().all()
    shared = planned(rule("by_share", entry("quotas", "gold", demand_class="gold", share=1.0), owed))
    assert kept(shared) == {"gold": 5.0, "tin": 7.0}
    assert kept(shared, "SKU-2") == {"gold": 30.0}
    dated = planned(rule("first_come", owed + "period = 2025-07-01\n"))
    assert kept(dated) == {"tin": 7.0}


def test_what_is_made_to_order_waits_for_the_fence_and_is_limited_by_capacity(planned):
    tables = mixed()
    tables["items"]["lead_time_days"] = 7.0
    tables["orders"].loc[tables["orders"]["order_id"] == "O-OPEN", "quantity"] = 400.0
    tables["inventory"]["on_hand"] = 0.0
    free = planned(rule("first_come"), tables).promise_lines.iloc[0]
    fenced = planned(rule("first_come", terms="fence_days = 50\nmax_lateness_days = 300"), tables).promise_lines.iloc[0]
    assert free["promised_date"] < fenced["promised_date"]
    assert fenced["promised_date"] >= pd.Timestamp(DAY) + pd.Timedelta(days=50)
    limit = entry("capacities", "line", units=20, period_days=7, item_id="SKU-1")
    limited = planned(rule("first_come", limit, terms="max_lateness_days = 60"), tables).promise_lines.iloc[0]
    assert 0 < limited["promised_quantity"] < free["promised_quantity"] == 400


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (rule("by_share"), r"rule by_share needs quotas: \[promising\.quotas\.NAME\]"),
        (rule("nested", entry("quotas", "a", demand_class="gold", share=0.5)), "quotas are stated, but rule is nested"),
        (rule("by_share", entry("quotas", "a", demand_class="gold", number=5)), "quotas.a tells number; rule by_share"),
        (rule("by_share", entry("quotas", "a", demand_class="gold", shar=5)), "quotas.a.shar"),
        (rule("by_share", entry("quotas", "a", demand_class="gold", share=50)), "share"),
        (rule("hierarchy"), r"hierarchy and rule hierarchy do not go together"),
        (rule("hierarchy", entry("hierarchy", "gold", rank=1)), "hierarchy.gold has no share"),
        (rule("nested", "[promising.entitlements]\ngold = 2\n"), "entitlements are stated, but rule is nested"),
        (rule("by_rank", terms='protection = "emsr_b"'), "protection is emsr_b, but rule is by_rank"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_would_count_for_nothing_is_refused(write_workspace, toml, words):
    with pytest.raises(SettingsError, match=words):
        open_plan(write_workspace(company(), toml), as_of=DAY)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (rule("by_share", entry("quotas", "a", demand_class="golden", share=0.5)), "promising.quotas: 'golden'.*gold"),
        (rule("by_share", entry("quotas", "a", demand_class="gold", share=0.5, item_id="SKU-9")),
         r"promising\.quotas\.a: item_id 'SKU-9' is not known"),
        (rule("first_come", entry("commitments", "a", demand_class="silver", quantity=5)), "commitments: 'silver'"),
        (rule("first_come", entry("capacities", "a", units=5, location_id="CD")),
         r"promising\.capacities\.a: location_id 'CD' is not known; did you mean DC"),
    ],
    ids=range(4),
)  # fmt: skip
def test_classes_and_places_that_nobody_has_are_named(write_workspace, toml, words):
    with pytest.raises(SettingsError, match=words):
        _ = open_plan(write_workspace(company(), toml), as_of=DAY).allocations


def test_places_that_nobody_has_are_found_by_the_check_of_a_workspace(write_workspace):
    odd = entry("capacities", "a", units=5, location_id="CD")
    with pytest.raises(SettingsError, match="location_id 'CD' is not known"):
        check_workspace(write_workspace(company(), rule("first_come", odd)), as_of=DAY)


def test_quotas_and_contracts_without_supply_are_told_in_the_headlines(planned):
    tables = mixed()
    tables["items"] = pd.concat([tables["items"], tables["items"].head(1).assign(item_id="SKU-3")])
    quotas = [
        entry("quotas", "gold", demand_class="gold", share=0.5),
        entry("quotas", "idle", demand_class="gold", share=0.5, item_id="SKU-3"),
    ]
    owed = entry("commitments", "frame", demand_class="tin", quantity=2, item_id="SKU-3")
    told = planned(rule("by_share", *quotas, owed), tables).promise_headlines.set_index("headline")
    assert told.loc["idle_terms", "value"] == 2
    assert "(promising.quotas.idle, promising.commitments.frame)" in told.loc["idle_terms", "sentence"]
    assert "idle_terms" not in planned(rule("by_share", quotas[0]), tables).promise_headlines["headline"].tolist()
