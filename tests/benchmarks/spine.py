"""Time and memory of the spine and of step 1, each work in a process of its own: ``make bench``.

Real data are looked for in SEGKIT_REAL_DATA, else beside the project.
Prints the machine, the versions and, per work, the aim and the median of three runs.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[2]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")).resolve()
FILES = {"online_retail": "online_retail/online_retail.parquet", "ta_feng": "ta_feng/ta_feng.parquet"}


def import_segkit() -> None:
    """``import segkit``."""
    import segkit  # noqa: F401


def classify_lines(name: str) -> None:
    """Read, clean, make the demand panel and class the items and customers of a real data set."""
    import segkit

    with tempfile.TemporaryDirectory() as folder:
        text = f'extends = "{name}"\n[sources.orders]\nfile = "{(REAL / FILES[name]).as_posix()}"\n'
        Path(folder, "segkit.toml").write_text(text, "utf-8")
        plan = segkit.open_plan(folder)
        assert len(plan.item_segments) > 3000
        assert len(plan.customer_segments) > 4000


def classify_million() -> float:
    """Class one million item-values (making them is not counted)."""
    import numpy as np
    import pandas as pd

    from segkit.dynamics.classes.value_classes import classify_abc

    values = np.random.default_rng(7).lognormal(3, 2, 1_000_000).round(2)
    frame = pd.DataFrame({"item_id": np.arange(len(values)), "net_margin": values})
    start = time.perf_counter()
    classify_abc(frame, measure="net_margin")
    return time.perf_counter() - start


def report_sample() -> None:
    """``segkit run data/sample``, all kernels and pages included."""
    report(PROJECT / "data" / "sample")


def report_real(name: str) -> None:
    """``segkit run`` on a real data set."""
    with tempfile.TemporaryDirectory() as folder:
        text = f'extends = "{name}"\n[sources.orders]\nfile = "{(REAL / FILES[name]).as_posix()}"\n'
        workspace = Path(folder, name)
        workspace.mkdir()
        (workspace / "segkit.toml").write_text(text, "utf-8")
        report(workspace)


def report(workspace: Path) -> None:
    """Run the whole pack into a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "segkit", "run", str(workspace), "--reports", folder, "--force"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


sys.path.append(str(Path(__file__).parent))
import step1  # noqa: E402

WORK: dict[str, tuple[str, Callable[[], float | None], float, float]] = {
    "import": ("import segkit", import_segkit, 0.5, 0),
    "online_retail": ("Online Retail: read, clean, panel, classes", lambda: classify_lines("online_retail"), 5, 0),
    "million": ("one million item-values classed", classify_million, 1, 0),
    "ta_feng": ("Ta-Feng: read, clean, panel, classes", lambda: classify_lines("ta_feng"), 0, 1.5),
    "sample_report": ("sample report, two notebooks to pages", report_sample, 45, 0),
    "online_retail_report": ("Online Retail report", lambda: report_real("online_retail"), 0, 0),
    "ta_feng_report": ("Ta-Feng report (largest process)", lambda: report_real("ta_feng"), 0, 1.5),
    **step1.WORK,
}


def measure(name: str, runs: int = 3) -> tuple[float, float]:
    """Return median seconds and peak GB (of the largest process) of one work."""
    times, peaks = [], []
    for _ in range(runs):
        run = subprocess.run([sys.executable, __file__, name], check=True, capture_output=True, text=True)
        told = dict(line.split("=") for line in run.stdout.splitlines() if "=" in line)
        times.append(float(told["seconds"]))
        peaks.append(float(told["peak_gb"]))
    return statistics.median(times), max(peaks)


def main() -> None:
    """Print the table."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "pandas", "numpy", "pyarrow", "papermill"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}")
    print(f"{'work':45} {'seconds':>8} {'aim':>6} {'peak GB':>8} {'aim':>6}")
    for name, (title, _, seconds_aim, peak_aim) in WORK.items():
        if any(real in name for real in FILES) and not REAL.is_dir():
            print(f"{title:45} not measured: the real data are not there")
            continue
        seconds, peak = measure(name)
        aims = [f"{aim:g}" if aim else "" for aim in (seconds_aim, peak_aim)]
        print(f"{title:45} {seconds:8.2f} {aims[0]:>6} {peak:8.2f} {aims[1]:>6}")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        begin = time.perf_counter()
        told = WORK[sys.argv[1]][1]()  # what a work counts itself, else all of its time
        used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(f"seconds={time.perf_counter() - begin if told is None else told}\npeak_gb={used / 1e6}")
