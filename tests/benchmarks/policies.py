"""Time, memory and gain of the policies of whole companies, each in a process of its own: ``make bench-policies``.

Real data are looked for in SEGKIT_REAL_DATA, else beside the project. Names of companies as arguments take a part;
--tables=FOLDER writes the tables as Parquet.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[2]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")).resolve()

M5 = """
extends = "m5"
[sources.sales]
file = "{real}/m5/sales_daily_d_1495_d_1913_wide.parquet"
[sources.sales.joins.calendar]
file = "{real}/m5/calendar.csv.gz"
[sources.sales.joins.prices]
file = "{real}/m5/sell_prices_2014_2016.parquet"
[sources.items]
expressions = {{lead_time_days = "CASE dept_id[:3] WHEN 'FOO' THEN 7 WHEN 'HOU' THEN 14 ELSE 21 END"}}
[segments]
measure = "gross_margin"
[assume]
gross_margin = 0.35
holding_rate = 0.25
"""

MAN = """
extends = "man"
[sources.sales]
file = "{real}/spare_parts/man_3451x150_weekly_cost_leadtime_moq.csv.gz"
expressions = {{price = "number(cost_price_eur) / 0.65"}}
[segments]
measure = "gross_margin"
[assume]
order_cost = 5.0
holding_rate = 0.2
[policies]
replay_days = 364
"""

ONLINE_RETAIL = """
extends = "online_retail"
[sources.orders]
file = "{real}/online_retail/online_retail.parquet"
[periods]
unit = "week"
[assume]
holding_rate = 0.25
[forecasts]
lead_time_days = 28
[policies]
replay_days = 91
reset_days = 28
"""

COMPANIES = {"m5": M5, "man": MAN, "online_retail": ONLINE_RETAIL}
TABLES = (
    "demand",
    "item_segments",
    "policy_rules",
    "policies",
    "replay_steps",
    "replay",
    "replay_gain",
    "exchange_curve",
    "segmentation_price",
    "policy_decisions",
    "stock_position",
    "policy_headlines",
)


def plan_company(name: str, folder: str) -> None:
    """Open a company, make every table of its policies, and print what that took and what it says."""
    import pandas as pd

    import segkit

    with tempfile.TemporaryDirectory() as workspace:
        Path(workspace, "segkit.toml").write_text(COMPANIES[name].format(real=REAL.as_posix()), "utf-8")
        begin = time.perf_counter()
        plan, seconds = segkit.open_plan(workspace), {}
        for table in TABLES:
            start, used = time.perf_counter(), time.process_time()
            made = getattr(plan, table)
            seconds[table] = time.perf_counter() - start, time.process_time() - used
            if folder:
                Path(folder).mkdir(parents=True, exist_ok=True)
                made.to_parquet(Path(folder, f"{name}-{table}.parquet"))
        whole, worked = time.perf_counter() - begin, time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"\n{name}: {len(plan.policies):,} item-locations, {whole:.1f} s ({worked:.1f} s of processor), {peak:.2f} GB"
    )
    print(", ".join(f"{table} {took:.1f} ({busy:.1f})" for table, (took, busy) in seconds.items()))
    with pd.option_context("display.width", 250, "display.max_columns", 30, "display.max_rows", 200):
        every = plan.replay[plan.replay["entity"] == "all"].drop(columns=["entity", "entity_id"])
        print(every.to_string(index=False, float_format="{:,.4g}".format))
        print(plan.replay_gain.to_string(index=False, float_format="{:,.4g}".format))
        print("\n".join(plan.policy_headlines["sentence"]) if "sentence" in plan.policy_headlines else "")


def main() -> None:
    """Plan each company in a process of its own."""
    names = [name for name in sys.argv[1:] if name in COMPANIES] or list(COMPANIES)
    folder = next((word.partition("=")[2] for word in sys.argv[1:] if word.startswith("--tables=")), "")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "pandas", "numpy", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}", flush=True)
    for name in names:
        subprocess.run([sys.executable, __file__, "--plan", name, folder], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--plan"]:
        plan_company(sys.argv[2], sys.argv[3])
    else:
        main()
