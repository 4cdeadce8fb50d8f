"""The contest of rules on Online Retail under a stated shortage: ``make bench-contest``.

Order lines in their true order of arrival (time of day from the source), customers in the value class that the last
complete month before the order knew, supply = 85 % of each item's demand of a week, there when the week begins.
Goodwill is stated below, no data tell it. What a kept unit carries on is chosen on April to July 2011, every rule is
judged on August to 4 December. Real data are looked for in SEGKIT_REAL_DATA, else beside the project.
"""

import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

import segkit as sk
from segkit.formulas.time_bootstrap import block_bootstrap_interval
from segkit.promising.contest.book import read_book
from segkit.promising.contest.contest import expect
from segkit.promising.contest.measures import block_of
from segkit.promising.contest.rules import NESTED, NEW_FIRST, run_rules

PROJECT = Path(__file__).parents[2]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")).resolve()
FILE = REAL / "online_retail" / "online_retail.parquet"
CHOSEN_FROM, JUDGED_FROM, END = "2011-04-04", "2011-08-01", "2011-12-05"
UNKNOWN = "(unknown)"
GOODWILL = pd.DataFrame(
    {"demand_class": ["A", UNKNOWN, "B", "C", "new"], "lost_share": [0.5, 0.0, 0.25, 0.1, 0.1]}
).assign(late_share_day=lambda table: table["lost_share"] / 28)
CARRIED = (0.0, 0.5, 0.8, 0.9, 0.95)
KEY = ["item_id", "location_id", "demand_class"]


def read_orders() -> pd.DataFrame:
    """Return demand lines in order of arrival with the class known before each, price and margin of a unit."""
    with tempfile.TemporaryDirectory() as folder:
        toml = f'extends = "online_retail"\n[sources.orders]\nfile = "{FILE.as_posix()}"\n'
        Path(folder, "segkit.toml").write_text(toml, "utf-8")
        plan = sk.open_plan(folder)
        lines, history = plan.order_lines, plan.segment_history
    sold = lines[(lines["quantity"] > 0) & ~lines["is_return"] & ~lines["is_reversed"]]
    clock = pd.read_parquet(FILE, columns=["InvoiceNo", "InvoiceDate"]).groupby("InvoiceNo")["InvoiceDate"].min()
    sold = sold.assign(order_date=sold["order_id"].map(clock).to_numpy()).sort_values("order_date")
    classes = history[history["entity"] == "customer"].rename(columns={"entity_id": "customer_id"})
    known = classes.assign(order_date=classes["known_on"] + pd.Timedelta(days=1)).sort_values("order_date")
    told = pd.merge_asof(sold, known[["customer_id", "order_date", "abc"]], on="order_date", by="customer_id")
    named = told["abc"].astype("str").fillna("").replace({"": "new", "L": "C"})
    units = told["quantity"]
    told = told.assign(
        demand_class=named.mask(told["customer_id"] == UNKNOWN, UNKNOWN),
        unit_price=told["revenue"] / units,
        unit_margin=told["gross_margin"] / units,
    )
    names = ["order_id", "order_date", *KEY, "quantity", "unit_price", "unit_margin"]
    return told.loc[told["order_date"] < END, names].reset_index(drop=True)


def classes_by_worth(orders: pd.DataFrame) -> list[str]:
    """Return the classes by what a unit is worth beside the usual price of its item, before the contest, best first."""
    early = orders[orders["order_date"] < CHOSEN_FROM]
    usual = early.groupby("item_id")["unit_price"].transform("mean")
    worth = (early["unit_margin"] + early["lost_goodwill"]) / usual * early["quantity"]
    by = early["demand_class"]
    return list((worth.groupby(by).sum() / early["quantity"].groupby(by).sum()).sort_values(ascending=False).index)


def choose_carried(orders: pd.DataFrame, classes: list[str], days: float) -> float:
    """Return the share of its worth that a kept unit carries on, by what nested protection earned before August."""
    early = orders[orders["order_date"] < JUDGED_FROM]
    terms = sk.ContestTerms(max_lateness_days=days)
    book = read_book(early, sk.cut_supply(early, start=CHOSEN_FROM), classes=classes, terms=terms)
    expected = expect(book, None, terms)
    earned = {}
    for share in CARRIED:
        served = run_rules(book.contest, expected, carried_share=share)[NESTED]
        earned[share] = float(served.contribution(book.contest).sum())
    print(f"late up to {days:g} days: nested protection earned in April to July, by carried share: ", end="")
    print(", ".join(f"{share:g}: {money:,.0f}" for share, money in earned.items()))
    return max(earned, key=lambda share: earned[share])


def real_forecasts(orders: pd.DataFrame) -> pd.DataFrame:
    """Return what sk.forecast_demand says of every item and class at each judged Monday, from the weeks before."""
    week = orders["order_date"].dt.to_period("W-SUN").dt.start_time
    counted = orders.assign(period=week).groupby([*KEY, "period"], as_index=False)["quantity"].sum()
    first = counted.groupby(KEY, as_index=False)["period"].min().rename(columns={"period": "first"})
    parts = []
    for monday in pd.date_range(JUDGED_FROM, END, freq="7D")[:-1]:
        weeks = pd.DataFrame(
            {"period": pd.date_range(counted["period"].min(), monday - pd.Timedelta(days=7), freq="7D")}
        )
        history = first[first["first"] < monday].merge(weeks, how="cross")
        history = history[history["period"] >= history["first"]].drop(columns="first")
        history = history.merge(counted, "left", [*KEY, "period"]).fillna({"quantity": 0.0})
        made = sk.forecast_demand(history, horizon=1)
        spread = (made["q90"] - made["q50"]).clip(lower=0.0) / 1.2816
        sd = np.maximum(spread, np.sqrt(made["mean"]))
        parts.append(made[KEY].assign(available_date=monday, mean=made["mean"], sd=sd))
    return pd.concat(parts, ignore_index=True)


def show(title: str, table: pd.DataFrame) -> None:
    """Print a table under a title."""
    print(f"\n{title}")
    with pd.option_context("display.width", 250, "display.max_columns", 30):
        print(table.to_string(float_format="{:,.3f}".format), flush=True)


def show_contest(title: str, made: pd.DataFrame) -> None:
    """Print what every rule gave in all, and the fill rates by class."""
    whole = made[made["demand_class"] == "(all)"].set_index("rule").sort_values("gain")
    names = ["margin", "goodwill_cost", "contribution", "gain", "gain_low", "gain_high", "margin_gain"]
    names += ["margin_gain_low", "margin_gain_high"]
    money = (whole[names] / 1000).round(1)
    rest = whole[["gain_share", "fill_rate", "delivered_share", "mean_late_days", "fairness", "least_fill_rate"]]
    show(f"{title} [thousand GBP]", money.join(rest))
    for name in ("fill_rate", "delivered_share"):
        show(f"{name} by class", made.pivot(index="rule", columns="demand_class", values=name).loc[whole.index])


def compare_with_new_first(orders: pd.DataFrame, classes: list[str], terms: sk.ContestTerms) -> pd.DataFrame:
    """Return what the rules by class gain on new orders first, which tells nobody apart [thousand GBP]."""
    book = read_book(orders, sk.cut_supply(orders, start=JUDGED_FROM), classes=classes, terms=terms)
    served = run_rules(book.contest, expect(book, None, terms), carried_share=terms.carried_share)
    usual = served.pop(NEW_FIRST).worth_delivered.sum(axis=1)
    rows = {}
    for name, units in served.items():
        more = units.worth_delivered.sum(axis=1) - usual
        ends = np.array(block_bootstrap_interval(more, block=block_of(book.contest), draws=1000)) * len(more)
        rows[name] = {"gain": more.sum() / 1000, "low": ends[0] / 1000, "high": ends[1] / 1000}
    return pd.DataFrame(rows).T.round(1)


def gains(made: pd.DataFrame) -> pd.Series:
    """Return the gain of every rule in all [thousand GBP]."""
    whole = made[made["demand_class"] == "(all)"].set_index("rule")
    return (whole["gain"] / 1000).round(1)


def vary(orders: pd.DataFrame, classes: list[str], terms: sk.ContestTerms) -> pd.DataFrame:
    """Return the gain of every rule when what is stated is stated otherwise."""
    supply = sk.cut_supply(orders, start=JUDGED_FROM)
    free = orders.assign(lost_goodwill=0.0, late_goodwill=0.0)
    twice = orders.assign(lost_goodwill=2 * orders["lost_goodwill"], late_goodwill=2 * orders["late_goodwill"])
    usual = orders.groupby("item_id")["unit_price"].transform("median")
    by_item = orders.assign(unit_margin=orders["unit_price"] - 0.65 * usual)
    smooth = sk.cut_supply(orders, start=JUDGED_FROM, trailing=8)
    by_name = ["A", "B", "C", "new", UNKNOWN]
    cases = {
        "no goodwill": (free, supply, classes),
        "goodwill doubled": (twice, supply, classes),
        "margin from the item's median price": (by_item, supply, classes),
        "supply = 85 % of the mean of 8 weeks before": (orders, smooth, classes),
        "supply = 95 %": (orders, sk.cut_supply(orders, start=JUDGED_FROM, share=0.95), classes),
        "classes in the order of their names": (orders, supply, by_name),
    }
    made = {name: gains(sk.contest_rules(*given[:2], classes=given[2], terms=terms)) for name, given in cases.items()}
    return pd.DataFrame(made).T


def main() -> None:
    """Print every table; ``--short`` leaves out the variants and the forecasts of sk.forecast_demand."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("segkit", "pandas", "numpy", "scipy", "numba"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}; {libraries}")
    orders = sk.price_goodwill(read_orders(), GOODWILL)
    classes = classes_by_worth(orders)
    judged = orders[orders["order_date"] >= JUDGED_FROM]
    print(f"{len(orders):,} demand lines, {len(judged):,} judged, of {judged['item_id'].nunique():,} items")
    print(f"classes by worth before April: {', '.join(classes)}")
    supply = sk.cut_supply(orders, start=JUDGED_FROM)
    terms = {}
    for days in (14.0, 7.0, 0.0):
        terms[days] = sk.ContestTerms(days, carried_share=choose_carried(orders, classes, days))
        begin = time.process_time()
        made = sk.contest_rules(orders, supply, classes=classes, terms=terms[days])
        took = time.process_time() - begin
        carried = terms[days].carried_share
        show("gain on new orders first", compare_with_new_first(orders, classes, terms[days]))
        show_contest(f"late up to {days:g} days, carried share {carried:g}, {took:.1f} s of processor", made)
    curve = sk.vary_class_count(orders, supply, terms=terms[14.0])
    show(
        "gain by number of classes (bands of worth)",
        (curve.pivot(index="classes", columns="rule", values="gain") / 1000).round(1),
    )
    curve = sk.vary_class_count(orders, supply, terms=terms[0.0])
    show("the same, nobody waits", (curve.pivot(index="classes", columns="rule", values="gain") / 1000).round(1))
    forecasts = None if "--short" in sys.argv else real_forecasts(orders)
    for days in (14.0, 0.0):
        curve = sk.vary_forecast_error(orders, supply, forecasts, classes=classes, terms=terms[days])
        by = ["forecast_wape", "forecast_source"]
        table = curve.pivot(index=by, columns="rule", values="gain") / 1000
        show(f"gain by forecast error, late up to {days:g} days", table.round(1))
    if "--short" not in sys.argv:
        show("gain when stated otherwise, late up to 14 days", vary(orders, classes, terms[14.0]))
        show("gain when stated otherwise, nobody waits", vary(orders, classes, terms[0.0]))
        whole = sk.contest_rules(orders, sk.cut_supply(orders, start=CHOSEN_FROM), classes=classes, terms=terms[14.0])
        show_contest("the whole book from April (with the months on which was chosen)", whole)


if __name__ == "__main__":
    main()
