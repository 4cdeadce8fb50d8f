"""Time and cost of item-level optima for an aggregate fill rate, beside scipy's SLSQP: ``make bench-exchange``.

Items are drawn as in the experiment of the price of segmentation (normal demand, fill rate in units, 97 %). SLSQP
gets the gradients of cost and service and starts at one target for all. One process, compilation apart; the median of
three runs where they are short.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from scipy.optimize import Bounds, NonlinearConstraint, minimize
from scipy.special import ndtr, ndtri

from segkit.formulas.aggregate_optimum import optimum_for_service
from segkit.formulas.price_of_segmentation import class_rule, price_of
from segkit.formulas.stock_choices import CurveItems, NormalItems

TARGET = 0.97
GRID = np.concatenate([np.linspace(0.005, 0.9, 30), 1 - np.geomspace(0.09, 1e-4, 20)])


def drawn(count: int) -> tuple[NormalItems, np.ndarray]:
    """Return items, and their mean demand over the lead time."""
    rng = np.random.default_rng(7)
    demand, price = rng.lognormal(5, 1.4, count), rng.lognormal(2.5, 1.2, count)
    lot = np.maximum(1, np.sqrt(2 * 30 * demand / (0.25 * price)))
    return NormalItems(demand, 0.25 * price, 0.9 * (0.1 * demand) ** 0.75, lot), 0.1 * demand


def with_curves(count: int) -> CurveItems:
    """Return the same items with 50 quantiles of whole demand each."""
    items, mean = drawn(count)
    curves = np.empty((count, GRID.size))
    for begin in range(0, count, 50_000):
        part = slice(begin, begin + 50_000)
        curves[part] = np.maximum(np.round(mean[part, None] + items.deviation[part, None] * ndtri(GRID)), 0)
    return CurveItems(items.weight, items.holding, items.lot, curves, GRID)


def solve(items: NormalItems) -> tuple[float, float]:
    """Return cost and service that scipy's general solver finds."""
    share = items.weight / items.weight.sum()
    price = items.holding * items.deviation
    scale = price.sum()

    def served(k: np.ndarray) -> float:
        return 1 - float(share @ items.at(k).short)

    def slope(k: np.ndarray) -> np.ndarray:
        below = items.at(k).short < 1
        return np.where(below, share * items.deviation / items.lot * ndtr(-k), 0.0)

    constraint = NonlinearConstraint(served, TARGET, np.inf, jac=lambda k: slope(k)[None, :])
    start = class_rule(items, np.zeros(len(price), dtype=int), TARGET).factors[0]
    found = minimize(
        lambda k: float(price @ k) / scale, np.full(len(price), start), jac=lambda _: price / scale, method="SLSQP",
        bounds=Bounds(items.least, items.most), constraints=[constraint], options={"maxiter": 1000, "ftol": 1e-12},
    )  # fmt: skip
    return float(price @ found.x), served(found.x)


def seconds_of(work: Callable[[], tuple[float, float]]) -> tuple[float, float, float]:
    """Return median seconds, cost and service."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 2:
        begin = time.perf_counter()
        cost, service = work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times), cost, service


def optimum(items: NormalItems | CurveItems) -> tuple[float, float]:
    """Return cost and service of the item-level optimum."""
    found = optimum_for_service(items, TARGET)
    return found.cost, found.service


def three_classes(items: CurveItems) -> tuple[float, float]:
    """Return cost and service of a rule of three classes by the cost criterion, its price told."""
    rank = np.argsort(np.argsort(-items.weight / (items.holding * items.lot)))
    classes = np.searchsorted([0.2 * len(rank), 0.5 * len(rank)], rank, side="right")
    rule = class_rule(items, classes, TARGET)
    price_of(items, rule.choice)
    return rule.cost, rule.service


def main() -> None:
    """Print the table."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "numpy", "scipy", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}")
    print(f"{'work':44} {'items':>9} {'seconds':>9} {'cost':>16} {'fill rate':>12}")
    optimum(with_curves(100))
    work: list[tuple[str, int, Callable[[], tuple[float, float]]]] = []
    for count in (100, 300):
        items = drawn(count)[0]
        work.append(("item optimum, normal", count, lambda items=items: optimum(items)))
        work.append(("scipy SLSQP", count, lambda items=items: solve(items)))
    million, counted, stores = drawn(1_000_000)[0], with_curves(1_000_000), with_curves(30_000)
    work.append(("item optimum, normal", 1_000_000, lambda: optimum(million)))
    work.append(("item optimum, curves of 50 quantiles", 1_000_000, lambda: optimum(counted)))
    work.append(("item optimum, curves of 50 quantiles", 30_000, lambda: optimum(stores)))
    work.append(("three classes and their price, curves", 30_000, lambda: three_classes(stores)))
    for name, count, run in work:
        seconds, cost, service = seconds_of(run)
        print(f"{name:44} {count:9,} {seconds:9.4f} {cost:16,.2f} {service:12.9f}", flush=True)


if __name__ == "__main__":
    main()
