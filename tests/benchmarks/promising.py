"""Lines promised per second by the compiled kernel, beside a plain-Python loop that gives the same promises.

One core, processor time; the book arrives shuffled, so that its sorting counts. ``--lines`` sets its size.
"""

import argparse
import platform
import resource
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pandas as pd

import segkit as sk
from segkit.formulas.promising import OrderBook, PromiseRules, SupplyBuckets, nested_sources, promise_book

sys.path.insert(0, str(Path(__file__).parents[1] / "formulas"))
from promising_twin import Twin

CLASSES = 3


def story(lines, places, seed=7):
    """Return a year of an order book with supply of 85 % of demand, weekly, by quota; a part of it released."""
    random = np.random.default_rng(seed)
    begin, day = np.arange(places + 1) * 52, np.tile(np.arange(52) * 7, places)
    quantity = random.poisson(lines * 5 / len(day) * 0.85 / 4, (len(day), CLASSES + 1)).astype(float)
    release = np.full(quantity.shape, np.inf)
    release[:, :2] = (day - 5)[:, None]
    arrival = random.uniform(0, 360, lines)
    book = OrderBook(
        place=random.integers(0, places, lines, dtype=np.int32),
        arrival=arrival,
        requested=(np.floor(arrival) + random.integers(0, 21, lines)).astype(np.int32),
        rank=random.integers(0, CLASSES, lines, dtype=np.int8),
        quantity=random.integers(1, 10, lines).astype(float),
        minimum=np.where(random.random(lines) < 0.2, np.inf, 0.0),
        lateness=random.choice([-1, 7, 28], lines),
    )
    rules = PromiseRules(nested_sources(range(CLASSES), CLASSES + 1), release_day=release)
    return book, SupplyBuckets(begin, day, quantity), rules


def timed(call, *given):
    start = time.process_time()
    found = call(*given)
    return found, time.process_time() - start


def tables(book, supply):
    """Return the same as tables for promise_orders."""
    start, count = pd.Timestamp("2026-01-05"), len(book.place)
    place = np.repeat(np.arange(len(supply.begin) - 1), np.diff(supply.begin))
    names = np.array([f"SKU-{number:06}" for number in range(len(supply.begin) - 1)], dtype=object)
    days = start + pd.to_timedelta(supply.day, unit="D")
    bought = pd.DataFrame({"item_id": names[place], "location_id": "DC", "available_date": days})
    bought["quantity"] = supply.quantity.sum(axis=1)
    classes = [f"C{rank}" for rank in range(CLASSES)]
    held = pd.concat(
        [
            bought.assign(quantity=supply.quantity[:, rank], demand_class=name, kind="reservation")
            for rank, name in enumerate(classes)
        ]
    )
    orders = pd.DataFrame({"order_id": [f"O{number:08}" for number in range(count)], "line_id": "1"})
    orders = orders.assign(item_id=names[book.place], location_id="DC", quantity=book.quantity)
    orders["demand_class"] = np.array(classes, dtype=object)[book.rank]
    orders["order_date"] = start + pd.to_timedelta(np.round(book.arrival * 86_400), unit="s")
    orders["requested_date"] = start + pd.to_timedelta(book.requested, unit="D")
    return orders, bought, held, sk.PromiseTerms(classes=tuple(classes))


def main():
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--lines", type=int, default=10_000_000)
    parse.add_argument("--table-lines", type=int, default=1_000_000)
    lines = parse.parse_args()
    print(
        f"{platform.platform()}; Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}"
    )
    small = story(2_000, 20)
    promise_book(*small)
    fast, seconds = timed(promise_book, *small)
    slow, slower = timed(Twin(*small).run)
    same = slow == list(zip(*(column.tolist() for column in fast[:5]), strict=True))
    print(f"2,000 lines: kernel {2e3 / seconds:,.0f} lines/s, plain Python {2e3 / slower:,.0f}, identical: {same}")
    count = lines.lines
    large = story(count, max(1, count // 1000))
    made, seconds = timed(promise_book, *large)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    share = made.promised.sum() / large[0].quantity.sum()
    print(
        f"{count:,} lines sorted and promised: {count / seconds:,.0f} lines/s, {share:.1%} of units, peak {peak:.2f} GB"
    )
    count = lines.table_lines
    orders, bought, held, terms = tables(*story(count, max(1, count // 1000))[:2])
    _, seconds = timed(lambda: sk.promise_orders(orders, bought, allocations=held, terms=terms).trace)
    print(f"{count:,} lines through promise_orders, with reasons and trace: {count / seconds:,.0f} lines/s")


if __name__ == "__main__":
    main()
