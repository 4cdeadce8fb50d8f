"""How long it takes to allocate the supply of many item-locations, and what each rule is expected to earn.

``python tests/benchmarks/allocation.py [item-locations]``; processor seconds, compiled code warmed up.
"""

import sys
import time

import numpy as np
import pandas as pd

import segkit as sk
from segkit.formulas.demand_distributions import NegativeBinomial
from segkit.formulas.interleaved_arrivals import Arrivals, best_expected_margin, best_fixed_levels, fixed_level_margin
from segkit.formulas.margin_split import best_split
from segkit.formulas.nested_optimum import nested_expected_margin, optimal_protection, partitioned_expected_margin
from segkit.formulas.nested_protection import draw_demands, emsr_a_protection, emsr_b_protection, simulated_protection

CLASSES = ["gold", "silver", "bronze"]


def tables(places, buckets, periods, seed=1):
    """Return supply of 85 % of demand in several buckets, and demand of three classes in several periods."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-06-02", periods=periods, freq="7D")
    keys = pd.DataFrame({"item_id": [f"SKU-{number:05}" for number in range(places)], "location_id": "A"})
    demand = keys.merge(pd.DataFrame({"demand_class": CLASSES}), how="cross").merge(
        pd.DataFrame({"period": days}), how="cross"
    )
    demand["mean"] = rng.uniform(1, 30, len(demand))
    demand["sd"] = np.sqrt(demand["mean"] * rng.uniform(1, 4, len(demand)))
    base = rng.uniform(2, 20, places)
    demand["unit_margin"] = np.repeat(base, 3 * periods) * demand["demand_class"].map(
        {"gold": 1.8, "silver": 1.2, "bronze": 1.0}
    )
    total = demand.groupby("item_id")["mean"].sum().to_numpy()
    supply = keys.merge(pd.DataFrame({"available_date": days[:buckets]}), how="cross")
    return supply.assign(quantity=np.round(np.repeat(0.85 * total / buckets, buckets))), demand


def seconds(call):
    """Return the result and its processor seconds."""
    start = time.process_time()
    made = call()
    return made, time.process_time() - start


def speed(places):
    """Print how long each rule takes."""
    small = tables(20, 4, 4)
    for rule in (sk.allocate_nested, sk.allocate_by_margin):
        rule(*small, classes=CLASSES)
    for buckets, periods in ((1, 1), (4, 4)):
        supply, demand = tables(places, buckets, periods)
        print(f"{places:,} item-locations, {buckets} buckets, {periods} periods, 3 classes")
        for rule in (sk.allocate_per_committed, sk.allocate_fair_share, sk.allocate_nested, sk.allocate_by_margin):
            made, taken = seconds(lambda rule=rule, supply=supply, demand=demand: rule(supply, demand, classes=CLASSES))
            print(f"  {rule.__name__:24}{taken:7.2f} s {len(made):9,} rows")


def worth(items=2000):
    """Print the expected margin of rules, low classes ordering before high, as a share of the optimum."""
    rng = np.random.default_rng(2)
    means = rng.uniform(1, 30, (items, 3))
    demand = NegativeBinomial(means, means * rng.uniform(1, 4, (items, 3)))
    values = rng.uniform(2, 20, (items, 1)) * np.array([1.8, 1.2, 1.0])
    supply = np.round(0.85 * means.sum(axis=1))
    best = optimal_protection(values, demand)
    drawn = np.array(
        [
            simulated_protection(v, draw_demands(NegativeBinomial(m, s), 2000, seed=row))
            for row, (v, m, s) in enumerate(zip(values[:200], means, demand.variance, strict=False))
        ]
    )
    top = nested_expected_margin(values, demand, supply, best).sum()
    rules = {"EMSR-a": emsr_a_protection, "EMSR-b": emsr_b_protection}
    print(f"expected margin of {items:,} items, stock of 85 % of mean demand, low before high; optimum = 100 %")
    for name, rule in rules.items():
        print(f"  {name:24}{nested_expected_margin(values, demand, supply, rule(values, demand)).sum() / top:8.3%}")
    first = NegativeBinomial(demand.mean[:200], demand.variance[:200])
    part = nested_expected_margin(values[:200], first, supply[:200], np.round(drawn)).sum()
    whole = nested_expected_margin(values[:200], first, supply[:200], best[:200]).sum()
    print(f"  {'2,000 draws (200 items)':24}{part / whole:8.3%}")
    quotas, _ = best_split(values, demand, supply)
    print(f"  {'best partition':24}{partitioned_expected_margin(values, demand, quotas).sum() / top:8.3%}")
    print(f"  {'first come':24}{nested_expected_margin(values, demand, supply, 0 * best).sum() / top:8.3%}")


def nested_book(values, arrivals, quotas, rng):
    """Return the margin of one order book in any order: each class takes its own quota, then those of lower classes."""
    left, margin = quotas.copy(), 0.0
    for cls in rng.permutation(np.repeat(np.arange(3), rng.poisson(arrivals.rates[0]))):
        asked = 1 + rng.choice(3, p=arrivals.sizes[cls])
        for quota in range(cls, 3):
            taken = min(asked, left[quota])
            left[quota], asked, margin = left[quota] - taken, asked - taken, margin + taken * values[cls]
    return margin


def interleaved():
    """Print what fixed levels and protection levels earn where classes order in any order."""
    values, arrivals, supply = [10.0, 6.0, 4.0], Arrivals([[5.0, 10.0, 20.0]], [0.5, 0.3, 0.2]), 50
    bound = best_expected_margin(values, arrivals, supply)[0, supply]
    mean = arrivals.rates[0] * 1.7
    demand = NegativeBinomial(mean, mean * 3.5 / 1.7)
    levels, taken = seconds(lambda: best_fixed_levels(values, arrivals, supply))
    protected = np.minimum(np.append(0, optimal_protection(values, demand)), supply).astype(int)
    print(f"one stock of {supply}, demand of {mean.sum():.0f} in any order; bound = 100 % ({bound:.1f})")
    for name, level in (("best fixed levels", levels), ("protection levels", protected), ("first come", [0, 0, 0])):
        earned = fixed_level_margin(values, arrivals, supply, level)[0, supply]
        print(f"  {name:24}{earned / bound:8.3%}  levels {[int(one) for one in level]}")
    quotas = np.diff(np.concatenate([protected, [supply]]))
    nested = np.mean([nested_book(values, arrivals, quotas, np.random.default_rng(seed)) for seed in range(4000)])
    print(f"  {'nested quotas':24}{nested / bound:8.3%}  quotas {quotas.tolist()} (4,000 simulated books)")
    print(f"  best fixed levels found in {taken:.2f} s")


if __name__ == "__main__":
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
    worth()
    interleaved()
