"""The data sets of the forecasting benchmark: every competitor reads the same arrays.

- ``m5``: weekly totals of 30,490 item-stores in the 59 full weeks from d_1499, horizon 4, origins 47, 51, 55.
- ``raf``: 5,000 aircraft parts, 84 months; the horizon of a part is its lead time (1 to 24 months), origins 52, 56, 60.
- ``online_retail``: weekly demand of 3,917 items in 52 full weeks, from the demand table of a plan; horizon 4.

An origin is the number of known periods.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

PROJECT = Path(__file__).parents[2]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA", PROJECT.parent / "shared" / "data")).resolve()
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
SAMPLE, SEED = 2000, 7
LONGEST_LEAD_TIME = 24


@dataclass(frozen=True)
class DemandSet:
    """Series of demand with what is known about them.

    Parameters
    ----------
    values : ndarray
        Series by periods, zeros before the first sale included. [units]
    keys : DataFrame
        item_id and location_id, one row per series.
    periods : DatetimeIndex
        Start of each period, and of those of the last horizon.
    steps : ndarray
        How many periods ahead each series is forecast.
    origins : tuple of int
        How many periods are known.
    season : int
        Periods of a year.
    attributes, calendar, prices : optional
        Grouping columns per series, events per period, and prices like ``values``.
    """

    values: np.ndarray
    keys: pd.DataFrame
    periods: pd.DatetimeIndex
    steps: np.ndarray
    origins: tuple[int, ...]
    season: int
    attributes: pd.DataFrame | None = None
    calendar: pd.DataFrame | None = None
    prices: np.ndarray | None = None

    def sample(self) -> np.ndarray:
        """Return the fixed sample of series on which slow models are measured, in order."""
        count = min(SAMPLE, len(self.values))
        return np.sort(np.random.default_rng(SEED).choice(len(self.values), count, replace=False))

    def segments(self) -> dict[str, np.ndarray]:
        """Return the segments by which quantiles are judged: demand pattern at the first origin, key, attributes."""
        known = self.known(self.origins[0])
        start = np.argmax(known > 0, axis=1)
        listed = np.where(np.arange(known.shape[1])[None, :] >= start[:, None], known, np.nan)
        sizes = np.where(known > 0, known, np.nan)
        sold, periods = (known > 0).sum(axis=1), (~np.isnan(listed)).sum(axis=1)
        mean = np.nansum(sizes, axis=1) / np.maximum(sold, 1)
        spread = np.nansum((sizes - mean[:, None]) ** 2, axis=1) / np.maximum(sold, 1) / np.maximum(mean, 1e-9) ** 2
        pattern = np.array(["smooth", "intermittent", "erratic", "lumpy"])[
            (periods > 1.32 * sold) + 2 * (spread > 0.49)
        ]
        made = {"all": np.full(len(known), "all"), "pattern": np.where(sold > 0, pattern, "never sold")}
        columns = self.attributes if self.attributes is not None else self.keys
        made |= {name: columns[name].astype("str").to_numpy() for name in columns if name != "item_id"}
        return made

    def history(self, origin: int) -> pd.DataFrame:
        """Return what is known at an origin as a long table: item_id, location_id, period, quantity, price."""
        rows, names = np.repeat(np.arange(len(self.values)), origin), ("item_id", "location_id")
        table = {name: self.keys[name].astype("category").iloc[rows].astype("str").to_numpy() for name in names}
        table |= {"period": np.tile(self.periods[:origin], len(self.values)), "quantity": self.known(origin).ravel()}
        if self.prices is not None:
            table["price"] = self.prices[:, :origin].ravel()
        return pd.DataFrame(table)

    def known(self, origin: int) -> np.ndarray:
        """Return the periods before an origin."""
        return self.values[:, :origin]


def read_m5() -> DemandSet:
    """Return the weekly totals of the M5 item-stores, with departments, SNAP days, events and prices."""
    folder, weeks, horizon = REAL / "m5", 59, 4
    wide = pd.read_parquet(folder / "sales_daily_d_1495_d_1913_wide.parquet")
    first = 1499
    days = wide[[f"d_{day}" for day in range(first, first + 7 * weeks)]].to_numpy(float)
    calendar = pd.read_csv(folder / "calendar.csv.gz", parse_dates=["date"])
    number = calendar["d"].str[2:].astype(int)
    calendar = calendar[(number >= first) & (number < first + 7 * (weeks + horizon))].reset_index(drop=True)
    calendar["week"] = np.arange(len(calendar)) // 7
    keys = wide.rename(columns={"store_id": "location_id"})[["item_id", "location_id", "dept_id", "cat_id", "state_id"]]
    return DemandSet(
        values=days.reshape(len(wide), weeks, 7).sum(axis=2),
        keys=keys[["item_id", "location_id"]],
        periods=pd.DatetimeIndex(calendar["date"][::7]),
        steps=np.full(len(wide), horizon),
        origins=(47, 51, 55),
        season=52,
        attributes=keys,
        calendar=_weekly_events(calendar),
        prices=_weekly_prices(folder, keys, calendar)[:, :weeks],
    )


def read_raf() -> DemandSet:
    """Return monthly demand of aircraft parts; the first word of the description is the family."""
    table = pd.read_csv(REAL / "spare_parts" / "raf_5000x84_monthly.csv.gz")
    values = table.iloc[:, 4:].to_numpy(float)
    keys = pd.DataFrame({"item_id": table.iloc[:, 0].astype(int).astype("str"), "location_id": "(all)"})
    lead_times = table["Lead Time (months)"].to_numpy(float)
    return DemandSet(
        values=values,
        keys=keys,
        periods=pd.date_range("1996-01-01", periods=values.shape[1], freq="MS"),
        steps=np.clip(lead_times, 1, LONGEST_LEAD_TIME).astype(int),
        origins=(52, 56, 60),
        season=12,
        attributes=keys.assign(family=table["DESCRIPTION"].str.split().str[0].fillna("")),
    )


def read_online_retail() -> DemandSet:
    """Return weekly demand of the items from the demand table of a plan: cleaned, full weeks only."""
    import segkit

    orders = REAL / "online_retail" / "online_retail.parquet"
    with tempfile.TemporaryDirectory() as folder:
        text = f'extends = "online_retail"\n[sources.orders]\nfile = "{orders.as_posix()}"\n'
        Path(folder, "segkit.toml").write_text(text, "utf-8")
        demand = segkit.open_plan(folder, overrides={"periods": {"unit": "week"}}).demand
    demand = demand[demand["complete"]]
    wide = demand.pivot_table(index="item_id", columns="period", values="quantity", aggfunc="sum", fill_value=0)
    keys = pd.DataFrame({"item_id": wide.index.astype("str"), "location_id": "(all)"})
    steps = np.full(len(wide), 4)
    weeks = pd.date_range(wide.columns[0], periods=wide.shape[1], freq="7D")
    assert (weeks == wide.columns).all(), "a week without any demand"
    return DemandSet(wide.to_numpy(float), keys, weeks, steps, origins=(40, 44, 48), season=52)


READERS = {"m5": read_m5, "raf": read_raf, "online_retail": read_online_retail}


def write_arrays(data: DemandSet, path: Path) -> None:
    """Write what the peers read: they run in an environment without segkit."""
    np.savez(path, values=data.values, steps=data.steps, origins=data.origins, season=data.season, sample=data.sample())


def _weekly_events(calendar: pd.DataFrame) -> pd.DataFrame:
    """Return SNAP days per state and days of each event per week."""
    named = pd.concat([calendar[["week", f"event_name_{n}"]].set_axis(["week", "event"], axis=1) for n in (1, 2)])
    events = pd.crosstab(named["week"], named["event"]).reindex(range(calendar["week"].max() + 1), fill_value=0)
    weekly = calendar.groupby("week").agg(
        period=("date", "first"), **{name: (name, "sum") for name in ("snap_CA", "snap_TX", "snap_WI")}
    )
    return weekly.join(events.rename_axis(columns=None)).reset_index(drop=True)


def _weekly_prices(folder: Path, keys: pd.DataFrame, calendar: pd.DataFrame) -> np.ndarray:
    """Return the price of each series in each week; NaN where the item was not listed."""
    prices = pd.read_parquet(folder / "sell_prices_2014_2016.parquet")
    weeks = calendar.groupby("wm_yr_wk")["week"].first()
    prices = prices[prices["wm_yr_wk"].isin(weeks.index)]
    place = pd.MultiIndex.from_frame(keys[["item_id", "location_id"]])
    row = place.get_indexer(pd.MultiIndex.from_frame(prices[["item_id", "store_id"]]))
    made = np.full((len(keys), int(weeks.max()) + 1), np.nan)
    known = row >= 0
    made[row[known], prices["wm_yr_wk"].map(weeks).to_numpy()[known]] = prices["sell_price"].to_numpy()[known]
    return made
