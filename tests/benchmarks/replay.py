"""Replay of segkit beside stockpyl's simulation, the same base stocks on the same demand: ``make bench-replay``.

stockpyl is installed once into an environment of its own under ``build/bench-replay``. Each has one core and a process
of its own, one after the other; seconds are those of the processor, as others may share the machine; the first call
(compilation, or reading what was compiled) is apart. Both must tell the same stock, backorders and fill rate, to the
last digits.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
import venv
from importlib.metadata import version
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).parents[2]
BUILD = PROJECT / "build" / "bench-replay"
PEER = "stockpyl==1.0.2"
AIM = 20e6
LEAD = 2
LINES = 2_000_000
SMALL, LARGE, MILLION = (20, 500), (20_000, 104), (1_000_000, 52)
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("NUMBA", "OMP", "OPENBLAS")}


def main() -> None:
    """Replay in both, compare, print machine, versions and speeds."""
    peer = install_peer()
    case, told = BUILD / "case.npz", {name: BUILD / f"{name}.npz" for name in ("segkit", "stockpyl")}
    demand, base_stock = draw(*SMALL)
    np.savez(case, demand=demand, base_stock=base_stock, lead_time_periods=LEAD)
    here = Path(__file__).parent
    commands = {
        "segkit": [sys.executable, str(Path(__file__)), str(case), str(told["segkit"])],
        "stockpyl": [str(peer), str(here / "peer_replay.py"), str(case), str(told["stockpyl"])],
    }
    made = {}
    for name, command in commands.items():
        subprocess.run(command, check=True, env=os.environ | ONE_THREAD)
        made[name] = dict(np.load(told[name]))
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "numpy", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}; {PEER}")
    report(made, demand)


def report(made: dict[str, dict[str, np.ndarray]], demand: np.ndarray) -> None:
    """Print what both say and how fast they were; end with an error where they say different things."""
    for name, got in made.items():
        stock, owed, served = got["sums"].sum(axis=0)
        print(
            f"{name:9} {demand.size:,} item-periods: mean stock {stock / demand.size:.6f}, backordered"
            f" {owed / demand.size:.6f}, fill rate {served / demand.sum():.6f};"
            f" {demand.size / got['seconds']:,.0f} item-periods/s"
        )
    own = made["segkit"]
    for cells, seconds, what in zip(own["cells"], own["cpu"], own["what"], strict=True):
        print(f"segkit    {cells:,} item-periods, {what}: {cells / seconds:,.0f} item-periods/s")
    print(
        f"          aim {AIM:,.0f}; first call {own['first']:.2f} s; a million: {own['peak_gb']:.2f} GB beside demand"
    )
    print(f"          {LINES:,} order lines of 10,000 items and three classes: {own['lines_per_second']:,.0f} lines/s")
    if not np.allclose(own["sums"], made["stockpyl"]["sums"], rtol=1e-12):
        raise SystemExit("segkit and stockpyl do not tell the same")


def draw(series: int, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Poisson demand of unlike items, and base stocks that leave some short."""
    rng = np.random.default_rng(11)
    mean = rng.gamma(2, 3, series) + 0.2
    return rng.poisson(mean[:, None], (series, periods)).astype(float), np.ceil(mean * (LEAD + 1) + np.sqrt(mean * 4))


def install_peer() -> Path:
    """Return the Python of the peer's environment, made on first use."""
    folder = BUILD / "venv"
    python, done = folder / "bin" / "python", folder / f"{PEER}.done"
    if not done.exists():
        print(f"Installing {PEER} into {folder.relative_to(PROJECT)}")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", PEER], check=True)
        done.touch()
    return python


def by_line():
    """Return the replay of many order lines, compiled."""
    from segkit.formulas.line_replay import LinePolicy, OrderLines, replay_lines

    rng, items = np.random.default_rng(4), 10_000
    item, rank = rng.integers(0, items, LINES), rng.integers(0, 3, LINES)
    lines = OrderLines(item, rng.uniform(0, 365, LINES), rank, rng.geometric(0.5, LINES))
    leads = rng.gamma(4, 2.5, (items, 30))

    def work() -> None:
        policy = LinePolicy(18, 40, [0, 3, 6])
        replay_lines(lines, 40, policy, lead_time_days=leads, waiting=[1, 1, 0], window=(30, 365))

    work()
    return work


def measure(case: str, out: str) -> None:
    """Replay the case, then more of it, in this process."""
    from segkit.formulas.replay import Prices, Stock, StockPolicy, replay, replay_period_sums

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    given = dict(np.load(case))

    def run(demand: np.ndarray, base_stock: np.ndarray, **options: object):
        policy = StockPolicy(base_stock, base_stock)
        return replay(demand, Stock(base_stock), policy, lead_time_periods=LEAD, waiting=1.0, **options)

    def timed(work, *inputs, **options) -> float:
        taken = []
        for _ in range(5):
            begin = time.process_time()
            work(*inputs, **options)
            taken.append(time.process_time() - begin)
        return statistics.median(taken)

    begin = time.process_time()
    done = run(given["demand"], given["base_stock"])
    first = time.process_time() - begin
    sums = np.stack([done.end_stock_periods, done.backorder_periods, done.served], axis=1)
    found = {"sums": sums, "seconds": timed(run, given["demand"], given["base_stock"]), "first": first}
    demand, stock = draw(*LARGE)
    rng = np.random.default_rng(1)
    leads, known = rng.integers(0, 5, demand.shape), rng.random(demand.shape) < 0.9
    by_period = np.repeat(stock[:, None], demand.shape[1], axis=1)
    policy = StockPolicy(by_period - 3, by_period, 0, 2, 2, 2)

    def rich() -> None:
        replay(demand, Stock(stock), policy, lead_time_periods=leads, waiting=0.5, counted=known, first=10)

    def priced() -> None:
        replay_period_sums(demand, Stock(stock), policy, Prices(0.2, 1.0), lead_time_periods=LEAD)

    rich(), priced()
    cpu, what = [timed(run, demand, stock), timed(rich), timed(priced)], ["base stock"]
    what += ["(R,s,S) by period, packs, sampled lead times, mask", "summed by period over series"]
    large, stock = draw(*MILLION)
    cpu.append(timed(run, large, stock))
    tracemalloc.start()
    run(large, stock)
    peak = tracemalloc.get_traced_memory()[1] / 2**30
    tracemalloc.stop()
    np.savez(
        out, **found, cpu=cpu, what=[*what, "base stock, a million items"], cells=[demand.size] * 3 + [large.size],
        peak_gb=peak, lines_per_second=LINES / timed(by_line()),
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(*sys.argv[1:])
    else:
        main()
