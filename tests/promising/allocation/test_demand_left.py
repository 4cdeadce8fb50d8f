"""What a contract covers of a class's demand is not asked for a second time by the rule beside it."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.promising_settings import Promising
from segkit.formulas.demand_distributions import Gamma, NegativeBinomial
from segkit.promising.allocation.class_demand import beyond_contracts
from segkit.promising.allocation.rule_of_plan import allocate_by_rule

DAY = pd.Timestamp("2026-03-02")
PLACE = {"item_id": "SKU-0042", "location_id": "DC"}
CLASSES = ["gold", "silver", "web"]
SUPPLY = pd.DataFrame([{**PLACE, "available_date": DAY, "quantity": 100.0}])
MEANS = dict(zip(CLASSES, (60.0, 20.0, 60.0), strict=True))
RULES = [
    sk.allocate_by_rank, sk.allocate_per_committed, sk.allocate_fair_share, sk.allocate_nested, sk.allocate_by_margin,
]  # fmt: skip


def day(number):
    return DAY + pd.Timedelta(number, "D")


def asked(sd=0.01, period=0):
    margins = dict(zip(CLASSES, (9.0, 5.0, 2.0), strict=True))
    rows = [
        {**PLACE, "demand_class": name, "mean": mean, "sd": sd, "unit_margin": margins[name], "period": day(period)}
        for name, mean in MEANS.items()
    ]
    return pd.DataFrame(rows)


def owed(units, supply=SUPPLY):
    row = pd.DataFrame([{**PLACE, "demand_class": "silver", "mean": units}])
    return sk.allocate_commitments(supply, row, classes=CLASSES)


def joined(rule, units, **given):
    kept = owed(units)
    rest = rule(sk.supply_left(SUPPLY, kept), sk.demand_left(asked(), SUPPLY, kept), classes=CLASSES, **given)
    return sk.join_allocations(kept, rest).set_index("demand_class")["quantity"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("units", [5.0, 20.0])
def test_supply_is_not_kept_for_what_a_contract_covers(rule, units):
    """20 of 100 units stood for demand that did not exist: silver had 20 by contract and 20 by the rule."""
    made = joined(rule, units, unit=0.0)
    assert made.sum() == pytest.approx(100.0)
    assert units - 1e-6 <= made["silver"] <= MEANS["silver"] + 0.1


def test_by_rank_a_contract_up_to_the_demand_changes_no_quota():
    plain = sk.allocate_by_rank(SUPPLY, asked(), classes=CLASSES).set_index("demand_class")["quantity"]
    assert plain.to_dict() == {"gold": 60.0, "silver": 20.0, "web": 20.0}
    for units in (1.0, 10.0, 20.0):
        assert joined(sk.allocate_by_rank, units).to_dict() == plain.to_dict()
    assert joined(sk.allocate_by_rank, 30.0).to_dict() == {"gold": 60.0, "silver": 30.0, "web": 10.0}


@pytest.mark.parametrize("rule", ["by_rank", "fair_share", "nested", "by_margin", "hierarchy"])
def test_a_plan_keeps_the_contract_or_what_the_rule_would_keep_and_no_more(rule):
    """Nested, what stands beside a contract is gold's safety too: a unit more, as the rest is rounded up."""
    tree = {"all": {"rank": 1}, **{name: {"parent": "all", "rank": rank + 1} for rank, name in enumerate(CLASSES)}}
    given = {"hierarchy": tree, "hierarchy_by": "by_rank"} if rule == "hierarchy" else {}

    def kept(contracts):
        rules = Promising(rule=rule, commitments=contracts, horizon_days=28, **given)
        made = allocate_by_rule(SUPPLY, asked(period=1), classes=CLASSES, rules=rules)
        return made.set_index("demand_class")["quantity"]

    plain, held = kept({}), kept({"frame": {"demand_class": "silver", "quantity": 20.0}})
    assert max(20.0, plain["silver"]) <= held["silver"] <= max(20.0, plain["silver"]) + (rule == "nested")
    assert held.sum() == plain.sum() == 100.0


def test_by_forecast_the_rest_is_shared_in_proportion_to_what_is_not_covered():
    made = joined(sk.allocate_per_committed, 10.0)
    assert made.to_dict() == {"gold": 42.0, "silver": 17.0, "web": 41.0}


def walk(periods, kept):
    """Return what is covered, period by period: the slow way."""
    left, covered, buckets = 0.0, [], sorted(kept)
    taken = 0
    for when, mean in periods:
        while taken < len(buckets) and (taken == 0 or buckets[taken] <= when):
            left += kept[buckets[taken]]
            taken += 1
        covered.append(min(left, mean))
        left -= covered[-1]
    covered[-1] += left
    return covered


@pytest.mark.parametrize("seed", range(20))
def test_contracts_cover_periods_from_their_bucket_on_the_earliest_first(seed):
    random = np.random.default_rng(seed)
    days = np.sort(random.choice(40, 4, replace=False))
    supply = pd.concat([SUPPLY.assign(available_date=day(int(when))) for when in days])
    kept = {int(when): float(units) for when, units in zip(days, random.choice([0, 5, 20, 40], 4), strict=True)}
    rows = [{**PLACE, "demand_class": "silver", "quantity": units, "kind": "reservation", "committed": units,
             "available_date": day(when)} for when, units in kept.items()]  # fmt: skip
    periods = [(when, float(random.integers(1, 25))) for when in range(0, 42, 7)]
    silver = [{**PLACE, "demand_class": "silver", "mean": mean, "period": day(when)} for when, mean in periods]
    demand = pd.concat([pd.DataFrame(silver), asked()[asked()["demand_class"] != "silver"]]).sample(
        frac=1, random_state=seed
    )
    made = sk.demand_left(demand, supply, pd.DataFrame(rows))
    own = made[made["demand_class"] == "silver"].sort_values("period")
    last = max((when for when in days if when <= 35), default=days[0])
    by_then = {when: units if when <= last else 0.0 for when, units in kept.items()}
    assert own["committed"].tolist() == pytest.approx(walk(periods, by_then))
    assert not made.loc[made["demand_class"] != "silver", "committed"].any()


def test_demand_without_periods_is_covered_in_each_bucket():
    supply = pd.concat([SUPPLY, SUPPLY.assign(available_date=day(7), quantity=8.0)])
    made = sk.demand_left(asked().drop(columns="period"), supply, owed(15.0, supply))
    silver = made[made["demand_class"] == "silver"].sort_values("period")
    assert silver["committed"].tolist() == [15.0, 8.0]
    assert silver["period"].tolist() == [DAY, day(7)]
    assert sk.demand_left(asked().drop(columns="period"), SUPPLY, owed(15.0)).columns.tolist()[-1] == "committed"


@pytest.mark.parametrize(("unit", "size"), [(1.0, 1.0), (5.0, 5.0), (0.0, 1.0)])
def test_what_is_asked_beyond_a_contract_has_the_moments_of_drawn_demand(unit, size):
    random, mean, sd, covered = np.random.default_rng(7), 40.0, 30.0, 35.0
    if unit:
        counted = NegativeBinomial(mean / size, (sd / size) ** 2)
        share = counted.mean / counted.variance
        drawn = size * random.negative_binomial(counted.mean * share / (1 - share), share, 400_000)
    else:
        drawn = random.gamma((mean / sd) ** 2, sd**2 / mean, 400_000)
    assert Gamma(mean, sd).mean == pytest.approx(drawn.mean(), rel=0.01)
    beyond = np.maximum(drawn - covered, 0.0)
    left, variance = beyond_contracts(np.array([mean]), np.array([sd**2]), np.array([covered]), unit)
    assert left[0] == pytest.approx(beyond.mean(), rel=0.01)
    assert variance[0] == pytest.approx(beyond.var(), rel=0.02)
