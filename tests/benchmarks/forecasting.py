"""Forecasts of segkit and of statsforecast on the same data, one process after the other: ``make bench-forecast``.

``python tests/benchmarks/forecasting.py [--data m5 ...] [--only segkit "SES optimized" ...] [--cut]``. statsforecast is
installed once into an environment of its own under ``build/bench-forecast``; the scores go to ``results.csv`` there.
Every competitor has one core and gets the same series, zeros before the first sale included (DESIGN's figures come from
that); ``--cut`` takes them away, with points only.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
import venv
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_data import PROJECT, READERS, REAL, DemandSet, write_arrays
from forecast_scores import PIT_LEVELS, score_origins, score_segments
from segkit_forecasts import VARIANTS

HERE = Path(__file__).parent
BUILD = PROJECT / "build" / "bench-forecast"
PEER = "statsforecast==2.1.1"
PEERS = (
    *("SES optimized", "IMAPA", "ADIDA", "TSB(.1,.1)", "CrostonSBA", "CrostonOptimized", "Naive", "SeasonalNaive"),
    *("AutoETS", "AutoTheta"),
)
# DESIGN section 8: segkit / best statsforecast model, or the figure itself
RATIO_AIMS: dict[str, float | None] = {"wape": 0.985, "sum_wape": 0.97, "rmsse": 0.995, "pinball_0.5": None}
RATIO_AIMS |= {"pinball_0.8": 1, "pinball_0.9": 1, "pinball_0.95": 1, "pinball_0.99": None}
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("NUMBA", "OMP", "OPENBLAS", "ARROW")} | {
    "POLARS_MAX_THREADS": "1"
}
SPEED_AIM, PIT_AIM = 50_000, 0.015
SPEED = {
    "series_per_second": "series/s",
    "series_per_second_with_quantiles": "with q/s",
    "first_call_seconds": "first s",
    "peak_gb": "peak GB",
}


def main() -> None:
    """Run what is asked for, print the tables, write results.csv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--only", nargs="+", choices=[*VARIANTS, *PEERS], default=[*VARIANTS, *PEERS])
    parser.add_argument("--cut", action="store_true", help="without the zeros before the first sale; points only")
    asked = parser.parse_args()
    if not REAL.is_dir():
        raise SystemExit("not measured: the real data are not there; set SEGKIT_REAL_DATA to their folder")
    begin, peer = time.perf_counter(), install_peer()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "numpy", "pandas", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}; {PEER}")
    tables = []
    for name in asked.data:
        scores = run_data_set(name, asked.only, peer, cut=asked.cut)
        for group, table in scores.groupby("series", sort=False):
            print_scores(f"{name}, {group:,} series", table.drop(columns=["data", "series"]))
        tables.append(scores)
    results = pd.concat(tables, ignore_index=True)
    results.to_csv(BUILD / "results.csv", index=False)
    print(f"\n{time.perf_counter() - begin:.0f} s; {(BUILD / 'results.csv').relative_to(PROJECT)}")


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


def run_data_set(name: str, wanted: list[str], peer: Path, *, cut: bool) -> pd.DataFrame:
    """Return the scores of the competitors on all series and on the sample, one process after the other."""
    data, rows = READERS[name](), []
    write_arrays(data, BUILD / f"{name}.npz")
    for competitor in wanted:
        out = BUILD / f"{name}-{slug(competitor)}.npz"
        if competitor in VARIANTS:
            command = [sys.executable, str(HERE / "segkit_forecasts.py"), competitor, name, str(out)]
        else:
            arrays = str(BUILD / f"{name}.npz")
            command = [str(peer), str(HERE / "peer_forecasts.py"), competitor, arrays, str(out), *["--cut"] * cut]
        run = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_THREAD)
        if run.returncode:
            print(f"{name}: {competitor} not measured: {(run.stderr.strip() or 'no reason').splitlines()[-1]}")
            continue
        told = dict(np.load(out))
        rows += score_run(data, name, competitor, told, cut=cut)
        if competitor == "segkit":
            print_segments(data, name, told)
    return pd.DataFrame(rows).sort_values("series", ascending=False, kind="stable", ignore_index=True)


def score_run(
    data: DemandSet, name: str, competitor: str, told: dict[str, np.ndarray], *, cut: bool
) -> list[dict[str, object]]:
    """Return the scores of one competitor: on all series if it forecast them all, and on the sample."""
    made = []
    groups = [np.arange(len(data.values)), data.sample()] if len(told["rows"]) == len(data.values) else [data.sample()]
    for group in groups:
        place = np.searchsorted(told["rows"], group)
        said = {origin: (told[f"mean_{origin}"][place], told[f"quantiles_{origin}"][place]) for origin in data.origins}
        scores = score_origins(data.values[group], data.steps[group], said, cut=cut)
        speed = {key: float(told[key]) for key in SPEED}
        named = {"data": name, "series": len(group), "competitor": competitor, "version": str(told["version"])}
        made.append(named | scores | speed)
    return made


def print_segments(data: DemandSet, name: str, told: dict[str, np.ndarray]) -> None:
    """Print how honest segkit's quantiles are by segment, and in how many they are not; write all to a file."""
    said = {origin: (told[f"mean_{origin}"], told[f"quantiles_{origin}"]) for origin in data.origins}
    table = score_segments(data.values, data.steps, said, data.segments())
    table.to_csv(BUILD / f"{name}-segments.csv", index=False)
    print(f"\n{name}: PIT below {PIT_LEVELS} by segment")
    print(table[["by", "segment", "series_origins", *(f"pit_{level}" for level in PIT_LEVELS)]].round(3))
    for error in ("origin", "series"):
        off = [(table[f"pit_{level}"] - level).abs() > 3 * table[f"{error}_error_{level}"] for level in PIT_LEVELS]
        print(f"segments beyond 3 {error} errors: {[int(one.sum()) for one in off]} of {len(table)}")


def print_scores(title: str, table: pd.DataFrame) -> None:
    """Print the scores, and those of segkit beside the best peer and the aims."""
    shown = table.drop(columns="version").set_index("competitor").rename(columns=SPEED)
    rounded = {name: 0 if name.endswith("/s") else 2 if name in SPEED.values() else 4 for name in shown}
    print(f"\n{title}; mean of the origins")
    print(shown.round(rounded).rename(columns=lambda name: name.replace("pinball_0", "pb").replace("pit_0", "pit")))
    own = table[table["competitor"].isin(VARIANTS)].set_index("competitor")
    others = table[~table["competitor"].isin(VARIANTS)].set_index("competitor")
    if len(own) and len(others):
        print("\nsegkit / best statsforecast model of each measure")
        print(compare(own, others))


def compare(own: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return, per measure, the best peer, and segkit beside the aim."""
    rows = {}
    for measure, aim in RATIO_AIMS.items():
        if measure in others and others[measure].notna().any():
            best = others[measure].idxmin()
            ratios = (own[measure] / others.loc[best, measure]).round(4)
            rows[measure] = {"best peer": best, "aim": f"<= {aim:g}" if aim else "", **ratios}
    for level in PIT_LEVELS:
        if f"pit_{level}" in own:
            told = own[f"pit_{level}"].round(4)
            rows[f"pit_{level}"] = {"best peer": "", "aim": f"{level:g} +- {PIT_AIM:g}", **told}
    fastest = others["series_per_second"].idxmax()
    speeds = own["series_per_second"].round()
    rows["series_per_second"] = {"best peer": f"{fastest} (fastest)", "aim": f">= {SPEED_AIM}", **speeds}
    return pd.DataFrame(rows).T


def slug(name: str) -> str:
    """Return a file name of a competitor."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


if __name__ == "__main__":
    with pd.option_context("display.width", 250, "display.max_columns", None):
        main()
