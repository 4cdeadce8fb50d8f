"""Promise dates on the SCMS delivery history: what is promised, how often it is kept, what it is worth.

Run as ``make bench-promise-dates``. Scheduled day to day of delivery; known until the end of 2012, judged once on lines
scheduled 2013 to 2015, and again with promises made anew every month; also of those lines alone that had not come
before the day of the promise, as nobody promises what is there. The columns of the tree were chosen on promises
of 2011 and 2012 from what was known at the end of 2010 (``--choose``).
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

import segkit as sk
from segkit.formulas.interval_accuracy import block_error, pinball_loss

DATA = Path(os.environ.get("SEGKIT_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
LEVELS = (0.8, 0.9, 0.95)
BY = ["fulfil_via", "country", "project"]
CANDIDATES = (
    ["fulfil_via", "mode"],
    ["fulfil_via", "country"],
    ["fulfil_via", "mode", "country"],
    ["fulfil_via", "mode", "vendor"],
    ["fulfil_via", "country", "vendor"],
    BY,
)
COLUMNS = {
    "Scheduled Delivery Date": "start_date",
    "Delivered to Client Date": "delivered_date",
    "Fulfill Via": "fulfil_via",
    "Shipment Mode": "mode",
    "Country": "country",
    "Vendor": "vendor",
    "Project Code": "project",
}


def read_deliveries(folder: Path = DATA) -> pd.DataFrame:
    """Return the lines with dates; a line without a mode has the mode (none), as none is a kind of its own here."""
    table = pd.read_parquet(folder / "scms" / "scms_delivery_history.parquet")[list(COLUMNS)].rename(columns=COLUMNS)
    for name in ("start_date", "delivered_date"):
        table[name] = pd.to_datetime(table[name], format="%d-%b-%y").astype("datetime64[us]")
    return table.assign(mode=table["mode"].fillna("(none)"))


def known_by(table: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return what was known on a day: lines scheduled by then, later deliveries blank."""
    rows = table[table["start_date"] <= day]
    return rows.assign(delivered_date=rows["delivered_date"].where(rows["delivered_date"] <= day))


def segkit_promises(table: pd.DataFrame, lines: pd.DataFrame, day: pd.Timestamp, by=BY) -> pd.DataFrame:
    """Return segkit's promises."""
    return sk.promise_dates(known_by(table, day), lines, by=by, as_of=day, reliability=LEVELS)


def plain_promises(table: pd.DataFrame, lines: pd.DataFrame, day: pd.Timestamp, by=BY) -> pd.DataFrame:
    """Return the empirical quantiles of each group of what was delivered; a new group takes those of the one above."""
    past = known_by(table, day).dropna(subset="delivered_date")
    past = past.assign(error=(past["delivered_date"] - past["start_date"]).dt.days, everything=0)
    made, found = lines.copy(), lines.assign(everything=0)
    for level in LEVELS:
        said = pd.DataFrame(np.nan, index=lines.index, columns=["days", "earlier", "chance"])
        for depth in range(len(by), -1, -1):
            keys = ["everything", *by[:depth]]
            grouped = past.groupby(keys)["error"].agg(list)
            cells = grouped.map(lambda errors, level=level: empirical(np.array(errors), level))
            own = found[keys].merge(cells.rename("cell"), how="left", left_on=keys, right_index=True)["cell"]
            rows = said["days"].isna() & own.notna()
            said.loc[rows] = np.array(own[rows].tolist()).reshape(-1, 3)
        name = f"p{100 * level:g}"
        made[f"promised_{name}"] = made["start_date"] + pd.to_timedelta(said["days"], "D")
        made[f"chance_{name}"], made[f"earlier_{name}"] = said["chance"], said["earlier"]
    return made


def offset_promises(table: pd.DataFrame, lines: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return a fixed number of days per mode: what its past deliveries would have needed."""
    return plain_promises(table, lines, day, by=["mode"])


def empirical(errors: np.ndarray, level: float) -> tuple[float, float, float]:
    """Return the least day that the share of deliveries reaches, and the shares before it and until its end."""
    days = np.quantile(errors, level, method="inverted_cdf")
    return float(days), float((errors < days).mean()), float((errors <= days).mean())


RULES = {
    "segkit": segkit_promises,
    "fixed offset per mode": offset_promises,
    "empirical quantile per group": plain_promises,
}


def promise_once(table, promise, day, last, **options):
    """Return promises made on one day for all lines scheduled until the last."""
    lines = table[(table["start_date"] > day) & (table["start_date"] <= last)]
    return promise(table, lines, day, **options).assign(made_on=day)


def promise_monthly(table, promise, day, last, **options):
    """Return promises made at the end of every month for the lines of the next."""
    months = pd.date_range(day + pd.Timedelta(1, "D"), last, freq="MS")
    return pd.concat(
        [
            promise_once(table, promise, one - pd.Timedelta(1, "D"), one + pd.offsets.MonthEnd(1), **options)
            for one in months
        ]
    )


def losses(promises: pd.DataFrame) -> pd.Series:
    """Return the pinball loss of each line, mean over the reliabilities [days]."""
    came = (promises["delivered_date"] - promises["start_date"]).dt.days
    said = [(promises[f"promised_p{100 * level:g}"] - promises["start_date"]).dt.days for level in LEVELS]
    parts = [pinball_loss(came, one, level) for one, level in zip(said, LEVELS, strict=True)]
    return pd.Series(np.mean(parts, axis=0), index=promises.index)


def saved(own: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float, float]:
    """Return the mean loss that segkit saves a line, with its 90 % interval; months are drawn whole."""
    gain = losses(other) - losses(own).reindex(other.index)
    grouped = gain.groupby(other["start_date"].dt.to_period("M")).agg(["sum", "size"])
    reach = block_error(grouped["sum"], grouped["size"]) * stdtrit(len(grouped) - 1, 0.95)
    return float(gain.mean()), float(gain.mean() - reach), float(gain.mean() + reach)


def print_judged(title: str, made: dict[str, pd.DataFrame]) -> None:
    """Print how every rule did, all lines together and by the way of fulfilment."""
    print(f"\n{title}\n")
    heads = ("lines", "rule", "randomised coverage P80 / P90 / P95", "kept P80 / P90 / P95", "promised days")
    print(f"| {' | '.join(heads)} | pinball, days | saved by segkit (90 %) |")
    print("|---|---|---|---|---|---|---|")
    for via in ("all", *sorted(made["segkit"]["fulfil_via"].unique())):
        parts = {name: rows if via == "all" else rows[rows["fulfil_via"] == via] for name, rows in made.items()}
        for name, rows in parts.items():
            checked = sk.check_promises(rows, as_of=rows["delivered_date"].max() + pd.Timedelta(3650, "D"))
            gain = "" if name == "segkit" else "{:+.2f} ({:+.2f} to {:+.2f})".format(*saved(parts["segkit"], rows))
            cells = [
                f"{via} {len(rows):,}" if name == "segkit" else "",
                name,
                " / ".join(f"{one:.3f}" for one in checked["frequency"]),
                " / ".join(f"{one:.3f}" for one in checked["kept"]),
                " / ".join(f"{one:.1f}" for one in checked["promised_days"]),
                f"{losses(rows).mean():.3f}",
                gain,
            ]
            print(f"| {' | '.join(cells)} |")


def choose(table: pd.DataFrame) -> None:
    """Print the loss of each choice of columns on 2011 and 2012, known until 2010."""
    day, last = pd.Timestamp("2010-12-31"), pd.Timestamp("2012-12-31")
    past = table[table["start_date"] <= last]
    print("| columns | pinball at once | pinball by month |\n|---|---|---|")
    for by in CANDIDATES:
        made = [how(past, segkit_promises, day, last, by=by) for how in (promise_once, promise_monthly)]
        once, monthly = (losses(rows).mean() for rows in made)
        print(f"| {', '.join(by)} | {once:.3f} | {monthly:.3f} |")


def time_a_million(rows: int = 1_000_000) -> None:
    """Print the processor time for many deliveries and lines of an invented company."""
    random = np.random.default_rng(0)

    def lines(count: int) -> pd.DataFrame:
        days = pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 1500, count), "D")
        names = {"region": 10, "mode": 4, "customer": 1000}
        return pd.DataFrame({"start_date": days, **{name: random.integers(0, n, count) for name, n in names.items()}})

    deliveries, asked = lines(rows), lines(rows)
    deliveries["delivered_date"] = deliveries["start_date"] + pd.to_timedelta(
        random.negative_binomial(2, 0.2, rows), "D"
    )
    asked["start_date"] += pd.Timedelta(1500, "D")
    by = ["region", "mode", "customer"]
    sk.promise_dates(deliveries[:1000], asked[:1000], by=by)
    begin = time.process_time()
    sk.promise_dates(deliveries, asked, by=by)
    print(
        f"\n{rows:,} deliveries, {rows:,} lines, 40,000 groups: {time.process_time() - begin:.1f} s of processor time"
    )


def main() -> None:
    """Judge on the held-out years, or choose the columns on the years before."""
    table = read_deliveries()
    if "--choose" in sys.argv:
        choose(table)
        return
    day, last = pd.Timestamp("2012-12-31"), pd.Timestamp("2015-12-31")
    for title, how in (("Promised once, end of 2012", promise_once), ("Promised anew every month", promise_monthly)):
        made = {name: how(table, promise, day, last) for name, promise in RULES.items()}
        print_judged(title, made)
        left = {name: rows[rows["delivered_date"] > rows["made_on"]] for name, rows in made.items()}
        print_judged(f"{title}: lines that were open then", left)
    time_a_million()


if __name__ == "__main__":
    main()
