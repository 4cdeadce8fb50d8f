"""Speed and memory of the backorder run on a book of one million open lines: ``make bench-backorders``.

Lines of 20,000 item-locations, 20 days of supply each for 90 % of what they ask, were confirmed in order of arrival;
then 3 % of the supply went missing. Processor time on one core, compilation apart: the best of three.
"""

import os

os.environ["NUMBA_NUM_THREADS"] = "1"

import platform
import resource
import time
from importlib.metadata import version

import numpy as np
import pandas as pd

import segkit as sk
from segkit.formulas import backorders as run

LINES, PLACES, DAYS = 1_000_000, 20_000, 20
DAY = np.datetime64("2025-06-02")
SEGMENTS = {
    "gold": sk.BackorderSegment("win", "demand_class = 'gold'", sort=("margin desc",)),
    "silver": sk.BackorderSegment("gain", "demand_class = 'silver'", sort=("requested_date",)),
    "bronze": sk.BackorderSegment("redistribute", sort=("margin desc", "order_date")),
}


def drawn(places: int) -> tuple[run.OpenLines, run.DatedSupply, run.HeldSupply]:
    """Return lines of all strategies, supply that shrank, and what lines hold of what it was."""
    rng = np.random.default_rng(1)
    place, requested = rng.integers(0, places, LINES), rng.integers(0, 3 * DAYS, LINES)
    quantity = rng.integers(1, 20, LINES).astype(float)
    units = np.repeat(np.round(0.9 * np.bincount(place, quantity, places) / DAYS), DAYS)
    buckets = np.repeat(np.arange(places), DAYS), np.tile(3 * np.arange(DAYS), places)
    none = run.HeldSupply(*np.zeros((3, 0), dtype=int))
    first = run.OpenLines(place, requested, quantity, run.REDISTRIBUTE)
    held = run.backorder_confirmations(first, run.DatedSupply(*buckets, units), none).held
    lines = run.OpenLines(place, requested, quantity, rng.integers(0, 7, LINES))
    return lines, run.DatedSupply(*buckets, np.floor(0.97 * units)), held


def as_tables(lines, supply, held):  # type: ignore[no-untyped-def]
    """Return the same book as tables."""
    rng, number = np.random.default_rng(2), np.arange(LINES)
    items = pd.Series([f"SKU-{n:05d}" for n in range(PLACES)], dtype="str")
    orders = pd.DataFrame({"order_id": [f"SO-{n // 3:06d}" for n in number], "line_id": (number % 3 + 1).astype(str)})
    orders = orders.astype("str").assign(
        order_date=DAY - rng.integers(1, 30, LINES), requested_date=DAY + lines.requested, location_id="DC",
        item_id=items.take(lines.place).array, quantity=lines.quantity, margin=rng.random(LINES),
        demand_class=pd.Series(["gold", "silver", "bronze"], dtype="str").take(rng.integers(0, 3, LINES)).array,
    )  # fmt: skip
    confirmations = orders[["order_id", "line_id"]].take(held.line).reset_index(drop=True)
    confirmations = confirmations.assign(available_date=DAY + supply.available[held.bucket], quantity=held.quantity)
    stock = pd.DataFrame({"item_id": items.take(supply.place).array, "location_id": "DC", "quantity": supply.quantity})
    return orders, confirmations, stock.assign(available_date=DAY + supply.available)


def seconds(work) -> float:  # type: ignore[no-untyped-def]
    """Return the least processor time of three runs, after one that compiles."""
    work()
    taken = []
    for _ in range(3):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def main() -> None:
    """Measure and print."""
    print(f"{platform.platform()}, Python {platform.python_version()}, numba {version('numba')}")
    for places in (PLACES, 500, 1):
        book = drawn(places)
        taken = seconds(lambda book=book: run.backorder_confirmations(*book))
        print(f"arrays, {places:,} places: {taken:.2f} s, {LINES / taken / 1e6:.2f} M lines/s", flush=True)
    tables = as_tables(*drawn(PLACES))
    taken = seconds(lambda: sk.run_backorders(*tables, segments=SEGMENTS))
    print(f"tables with reasons and transfers: {taken:.2f} s, {LINES / taken / 1e6:.2f} M lines/s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
