"""Time and memory of step 1 in full, each work in a process of its own: part of ``make bench``.

Every table of step 1 is made, from reading the orders to the watch list; the synthetic company has one million pairs of
customer and item that buy. Making synthetic data is not counted.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

PROJECT = Path(__file__).parents[2]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")).resolve()
PAIRS = 1_000_000


def make_all(toml: str) -> float:
    """Return the seconds to make every table of step 1 from a workspace."""
    from segkit import open_plan
    from segkit.core.columns import nomenclature

    names = [name for name, spec in nomenclature().items() if spec.role in ("check", "dynamics")]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "segkit.toml").write_text(toml, "utf-8")
        begin, plan = time.perf_counter(), open_plan(folder)
        for name in names:
            start = time.perf_counter()
            table = getattr(plan, name)
            if len(sys.argv) > 2:
                print(f"  {name:22} {time.perf_counter() - start:6.2f} s {len(table):9,} rows")
        return time.perf_counter() - begin


def ta_feng() -> float:
    """Ta-Feng: 817,741 lines, 32,266 customers, 23,812 items, four months."""
    return make_all(f'extends = "ta_feng"\n[sources.orders]\nfile = "{REAL.as_posix()}/ta_feng/ta_feng.parquet"\n')


def online_retail() -> float:
    """Online Retail: 541,909 lines over a year."""
    file = f"{REAL.as_posix()}/online_retail/online_retail.parquet"
    return make_all(f'extends = "online_retail"\n[sources.orders]\nfile = "{file}"\n')


def million_pairs() -> float:
    """Two years of a synthetic company in which one million pairs of customer and item buy."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "orders.parquet")
        synthetic_orders().to_parquet(file)
        return make_all(f'[company]\ncurrency = "EUR"\n[sources.orders]\nfile = "{file.as_posix()}"\n')


def synthetic_orders(seed: int = 5) -> pd.DataFrame:
    """Return orders of 50,000 customers and 20,000 items: one million distinct pairs, a line and a half each."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(0, 50_000 * 20_000, int(PAIRS * 1.0006)))[:PAIRS]
    lines = np.concatenate([pairs, rng.choice(pairs, PAIRS // 2)])
    customer, item = lines // 20_000, lines % 20_000
    price = np.round(rng.lognormal(3, 1, 20_000), 2)[item]
    quantity = np.where(rng.random(len(lines)) < 0.02, -1, rng.poisson(4, len(lines)) + 1)
    day = rng.integers(0, 730, len(lines))
    return pd.DataFrame(
        {
            "order_id": [f"{c:05d}-{d // 9:02d}" for c, d in zip(customer, day, strict=True)],
            "order_date": pd.Timestamp("2024-01-01") + pd.to_timedelta(day // 9 * 9, unit="D"),
            "customer_id": pd.Series(customer).map("C{:05d}".format),
            "item_id": pd.Series(item).map("SKU-{:05d}".format),
            "channel": np.array(["shop", "online", "trade"])[customer % 3],
            "quantity": quantity.astype(float),
            "amount": np.round(price * quantity * rng.uniform(0.9, 1.1, len(lines)), 2),
            "cost": np.round(price * np.abs(quantity) * rng.uniform(0.4, 0.95, 20_000)[item], 2),
            "freight_out": np.round(rng.exponential(2.0, len(lines)), 2),
        }
    )


def bootstrap() -> float:
    """Confidence of value and variability classes of 30,000 items, from 200 draws over two years of months."""
    from segkit.formulas.class_bootstrap import block_counts, value_class_votes, variability_agreement

    rng, members = np.random.default_rng(3), 30_000
    values = rng.lognormal(4, 2, (members, 1)) * rng.lognormal(0, 0.5, (members, 24))
    first, classes = np.zeros(members, dtype=int), rng.integers(0, 3, members)
    start = time.perf_counter()
    counts = block_counts(24, draws=200, block=3, seed=20)
    value_class_votes(values, counts, first, np.array([0.8, 0.95]))
    variability_agreement(values, first, counts, np.array([0.5, 1.0]), classes)
    return time.perf_counter() - start


WORK: dict[str, tuple[str, Callable[[], float], float, float]] = {
    "ta_feng_step1": ("Ta-Feng: step 1 in full", ta_feng, 20, 0),
    "online_retail_step1": ("Online Retail: step 1 in full", online_retail, 0, 0),
    "million_pairs": ("one million customers x items: step 1 in full", million_pairs, 30, 0),
    "bootstrap": ("bootstrap: 200 draws on 30,000 items", bootstrap, 10, 0),
}
