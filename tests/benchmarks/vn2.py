"""Orders for VN2, replayed over the last year of its history beside usual rules: ``make bench-vn2``.

One continuous replay of the 52 weeks up to and with that of 2024-04-08 under `RULES.md` (ordered at the end of week X,
sold from week X + 3; what is short is lost), from the stock that 13 weeks x 4 weeks' cover leaves after a year. The
first four weeks are not counted; weeks flagged out of stock have unknown demand, sell nothing and carry no cost. What
is on hand and under way at the end counts at what holding it costs until it is sold (`vn2_replay.worth`), for every
rule alike.
What was chosen, was chosen on the first half; the second judges.
"""

import os
import platform
import statistics
import time
from importlib.metadata import version

import numpy as np
from scipy.special import ndtri
from vn2_replay import LEAD, WINDOW, Outcome, Rule, Shops, moving_average, opening, read_shops, replay
from vn2_rules import (
    ALONE,
    FACTORS_OFF,
    MOVES_OFF,
    RATIO,
    Forecasts,
    abc_factors,
    assumed_sold,
    levels_stay,
    myopic,
    nothing_in_common,
    poisson,
    projected,
    public,
    with_z,
)

from segkit.formulas.time_bootstrap import block_bootstrap_interval

WEEKS, UNCOUNTED, HALF = 52, 4, 26
BLOCK = LEAD + 2  # weeks in which an order is felt
GRID = np.round(np.arange(-1.0, 1.51, 0.05), 2)
ORDERS, CONTEST, APART = 6, 8, 4
OWN = "segkit"


def main() -> None:
    """Replay every rule, print costs, differences, windows like the contest, and seconds a call."""
    shops = read_shops()
    first = len(shops.weeks) - WEEKS
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "numpy", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}")
    print_seconds(shops)
    begin, forecasts = opening(shops, first), Forecasts(shops)
    made = {
        name: replay(shops, rule, first, len(shops.weeks), begin) for name, rule in list_rules(shops, forecasts).items()
    }
    parts = {"whole": slice(UNCOUNTED, WEEKS), "first half": slice(UNCOUNTED, HALF), "second half": slice(HALF, WEEKS)}
    for name, part in parts.items():
        print_costs(
            f"{name}: weeks of {shops.weeks[first:][part][0]:%Y-%m-%d} to {shops.weeks[first:][part][-1]:%Y-%m-%d}",
            made,
            part,
        )
    print_windows(shops, forecasts)


def print_seconds(shops: Shops) -> None:
    """Print how long the public function takes, the first call apart."""
    stock, seconds = opening(shops, len(shops.weeks)), []
    for _ in range(6):
        begin = time.perf_counter()
        public(shops)(len(shops.weeks), stock)
        seconds.append(time.perf_counter() - begin)
    print(
        f"next_orders, {len(shops.keys)} series: {statistics.median(seconds[1:]):.2f} s, first call {seconds[0]:.2f} s"
    )


def list_rules(shops: Shops, forecasts: Forecasts) -> dict[str, Rule]:
    """Return the rules by name; what has a constant to choose gets that of least cost in the first half."""
    first = len(shops.weeks) - WEEKS
    best = chosen(shops, first, lambda z: with_z(shops, z))
    shift = chosen(shops, first, lambda z: with_z(shops, abc_factors(shops, z)))
    z = float(ndtri(RATIO))
    return {
        OWN: public(shops),
        "13 weeks x 4 weeks": moving_average(shops),
        f"z = {z:.2f} (critical ratio)": with_z(shops, z),
        f"z = {best:.2f} (best of the first half)": with_z(shops, best),
        "ABC .98/.95/.90": with_z(shops, abc_factors(shops)),
        f"ABC, z less {-shift:.2f} (best of the first half)": with_z(shops, abc_factors(shops, shift)),
        "no season or calendar": projected(forecasts, FACTORS_OFF),
        "no item movement": projected(forecasts, MOVES_OFF),
        "no pooling at all": projected(forecasts, ALONE),
        "pipeline assumed sold": assumed_sold(forecasts),
        "no look beyond arrival": myopic(forecasts),
        "forecasts stay on the paths": projected(forecasts, changed=levels_stay),
        "weeks have nothing in common": projected(forecasts, changed=nothing_in_common),
        "Poisson demand": projected(forecasts, changed=poisson),
    }


def chosen(shops: Shops, first: int, rule) -> float:
    """Return the constant of least cost in the first half."""
    begin, grid = opening(shops, first), np.concatenate([GRID - 1.0, GRID + 1.55])
    costs = [replay(shops, rule(z), first, first + HALF, begin).cost(slice(UNCOUNTED, HALF)) for z in grid]
    return float(grid[int(np.argmin(costs))])


def print_costs(title: str, made: dict[str, Outcome], part: slice) -> None:
    """Print a table of a part: costs of every rule, and how much more than segkit, with its interval."""
    print(f"\n{title}\n")
    print("| rule | total | holding | shortage | end stock | fill rate (P2) | more than segkit | 90 % interval |")
    print("|---|---|---|---|---|---|---|---|")
    own = made[OWN]
    for name, found in made.items():
        sums = [found.cost(part), found.holding[part].sum(), found.shortage[part].sum(), found.end(part)]
        cells = [
            name,
            *(f"{value:,.0f}" for value in sums),
            f"{found.served[part].sum() / found.wanted[part].sum():.4f}",
        ]
        if name != OWN:
            gap = (found.holding + found.shortage - own.holding - own.shortage)[part]
            fixed = found.end(part) - own.end(part)
            low, high = (round(end * len(gap) + fixed) for end in block_bootstrap_interval(gap, block=BLOCK))
            cells += [f"{gap.sum() + fixed:+,.0f}", f"{low:+,.0f} to {high:+,.0f}"]
        print("| " + " | ".join(cells + [""] * (8 - len(cells))) + " |")


def print_windows(shops: Shops, forecasts: Forecasts) -> None:
    """Print windows like the contest: six orders, costs of eight weeks, from the stock of the rule of 13 weeks."""
    print(f"\n{CONTEST} weeks with {ORDERS} orders, from the stock that {WINDOW} weeks x 4 weeks leaves\n")
    print("| first week | 13 weeks x 4 weeks | segkit | ratio |")
    print("|---|---|---|---|")
    rules = moving_average(shops), projected(forecasts)
    totals = []
    for start in range(len(shops.weeks) - WEEKS, len(shops.weeks) - CONTEST + 1, APART):
        begin = opening(shops, start)
        found = [replay(shops, rule, start, start + CONTEST, begin, orders=ORDERS) for rule in rules]
        usual, own = (float((one.holding + one.shortage).sum()) for one in found)
        totals.append((start, usual, own))
        print(f"| {shops.weeks[start]:%Y-%m-%d} | {usual:,.0f} | {own:,.0f} | {own / usual:.3f} |")
    split = len(shops.weeks) - HALF
    for name, kept in (
        ("ended in the first half", [row for row in totals if row[0] + CONTEST <= split]),
        ("began in the second half", [row for row in totals if row[0] >= split]),
        ("all", totals),
    ):
        usual, own = (sum(row[place] for row in kept) for place in (1, 2))
        print(f"| {name} | {usual:,.0f} | {own:,.0f} | {own / usual:.3f} |")


if __name__ == "__main__":
    main()
